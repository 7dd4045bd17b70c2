//! The estate written down: configuration, policy, certificates, and a kubeconfig for each person.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::sim::CLUSTERS;
use crate::sim::SimError;
use crate::sim::estate::Estate;
use crate::sim::folder::private_folder;
use crate::sim::folder::write;
use crate::sim::issuer::Entrance;
use crate::sim::issuer::aws_keys;
use crate::sim::issuer::served::ServedIssuer;
use crate::sim::people::Person;
use crate::sim::seed;

/// The estate's id: fixed, so that demo state is found again.
const ID: &str = "0197c1f2-5e1a-7d3e-8c0d-51a0e57a7e00";

/// The policy of the simulated estate; good for simulated estates only.
const POLICY: &str = "simulated_only = true\n\n[[zone]]\nname = \"clinical\"\npeople = 2\n\n[[zone]]\nname = \"administrative\"\npeople = 1\n\n[[zone]]\nname = \"research\"\npeople = 1\n\n[[approver]]\ngroup = \"sre-approvers\"\nzones = [\"clinical\"]\n";

impl Estate {
    /// Writes configuration, policy, certificates and one kubeconfig a person into `dir`, which
    /// becomes readable for its owner alone; private keys are never written.
    ///
    /// # Errors
    /// The folder or a file cannot be written.
    pub fn write_to(&self, dir: &Path) -> Result<(), SimError> {
        private_folder(dir)?;
        write(&dir.join("crashcart.toml"), &self.configuration()?)?;
        write(&dir.join("policy.toml"), POLICY)?;
        for served in self.issuers() {
            write(&dir.join(served.file()), &served.ca)?;
        }
        for served in self.clusters() {
            let name = &served.cluster.name;
            write(&dir.join(format!("{name}.crt")), &served.ca)?;
            if let Entrance::OpenShift { ca, .. } = &served.entrance {
                write(&dir.join(format!("{name}-oauth.crt")), ca)?;
            }
        }
        let entrances = self.clusters().iter().map(|served| &served.entrance);
        let aws = entrances
            .filter(|one| matches!(one, Entrance::Eks(_)))
            .count()
            > 0;
        for person in self.people().all() {
            if aws {
                let (access, secret) = aws_keys(person);
                let text = format!(
                    "[default]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n"
                );
                write(&dir.join(format!("{}.aws", person.name)), &text)?;
            }
            let file = format!("{}.kubeconfig", person.name);
            write(&dir.join(file), &self.kubeconfig(person))?;
        }
        Ok(())
    }

    /// The text of `crashcart.toml`.
    ///
    /// # Errors
    /// The zones of the seed are not valid TOML.
    pub fn configuration(&self) -> Result<String, SimError> {
        let namespaces = toml::Value::from(seed::OUTSIDE.to_vec());
        let outside: Vec<String> = self
            .clusters()
            .iter()
            .map(|served| {
                let name = &served.cluster.name;
                format!("  {{ cluster = \"{name}\", namespaces = {namespaces} }},\n")
            })
            .collect();
        let mut text = format!(
            "# The simulated estate: every server below is on this machine and ends with its process.\n\n[estate]\nname = \"meridian-health\"\nid = \"{ID}\"\noutside = [\n{}]\n",
            outside.concat()
        );
        text.extend(self.issuers().iter().map(ServedIssuer::configuration));
        for served in self.clusters() {
            let name = &served.cluster.name;
            let site = if name.starts_with("aws") {
                "cloud"
            } else {
                "on-prem"
            };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "\n[[cluster]]\nname = \"{name}\"\nsite = \"{site}\"\nserver = \"{}\"\nca = \"{name}.crt\"\nfingerprint = \"{}\"\n{}",
                served.url,
                served.fingerprint,
                served
                    .entrance
                    .configuration(name, self.issuer_of(name).name)
            );
        }
        text.push('\n');
        text.push_str(&self.zones()?);
        Ok(text)
    }

    /// The zones of the seed, without members on clusters that are not served.
    fn zones(&self) -> Result<String, SimError> {
        let text = seed::zones_toml();
        if self.clusters().len() == CLUSTERS.len() {
            return Ok(text);
        }
        let mut zones: toml::Table = text.parse().map_err(SimError::Zones)?;
        let list = zones.get_mut("zone").and_then(toml::Value::as_array_mut);
        if let Some(list) = list {
            list.retain_mut(|zone| self.keep_members(zone));
        }
        Ok(zones.to_string())
    }

    /// Drops members on clusters that are not served; false when none is left.
    fn keep_members(&self, zone: &mut toml::Value) -> bool {
        let members = zone.get_mut("members").and_then(toml::Value::as_array_mut);
        let Some(members) = members else { return true };
        members.retain(|member| {
            let name = member.get("cluster").and_then(toml::Value::as_str);
            name.is_some_and(|name| self.cluster(name).is_some())
        });
        !members.is_empty()
    }

    /// A kubeconfig with one context for each cluster, the first one current.
    pub fn kubeconfig(&self, person: &Person) -> String {
        let mut text = "apiVersion: v1\nkind: Config\npreferences: {}\n".to_owned();
        let current = self
            .clusters()
            .first()
            .map_or("", |s| s.cluster.name.as_str());
        // Writing to a string cannot fail.
        let _ = write!(text, "current-context: {current}\nclusters:\n");
        for served in self.clusters() {
            let ca = STANDARD.encode(&served.ca);
            let _ = write!(
                text,
                "- name: {}\n  cluster:\n    server: {}\n    certificate-authority-data: {ca}\n",
                served.cluster.name, served.url
            );
        }
        text.push_str("contexts:\n");
        for served in self.clusters() {
            let name = &served.cluster.name;
            let _ = write!(
                text,
                "- name: {name}\n  context:\n    cluster: {name}\n    user: {}\n",
                person.name
            );
        }
        let _ = write!(
            text,
            "users:\n- name: {}\n  user:\n    token: {}\n",
            person.name, person.token
        );
        text
    }
}

//! The `[[identity]]` and `[[cluster]]` sections.

use super::Names;
use super::access;
use super::unknown;
use crate::config::ConfigError;
use crate::config::clusters::Cluster;
use crate::config::clusters::ClusterAuth;
use crate::config::clusters::ClusterName;
use crate::config::clusters::Fingerprint;
use crate::config::clusters::Site;
use crate::config::file;
use crate::config::identity::Flow;
use crate::config::identity::Identity;
use crate::config::keys;
use crate::config::kubeconfig;
use crate::config::pem::Pem;
use crate::config::table::Found;
use crate::config::table::Table;
use std::path::Path;

/// All identities; the files they name are taken from a folder.
pub(super) fn identities(top: &Table<'_>, folder: &Path) -> Result<Vec<Identity>, ConfigError> {
    let mut names = Names::default();
    let mut identities = Vec::new();
    for table in top.tables("identity", &keys::IDENTITY)? {
        let name = table.name()?;
        names.take("identity", &table, name)?;
        let ca = match table.text("ca")? {
            Some(found) => Some(authority(&table, folder, found)?),
            None => None,
        };
        identities.push(Identity {
            name: name.value.to_owned(),
            place: table.place(table.need("issuer", "\"https://...\"")?.at),
            issuer: address(&table, "issuer", "\"https://id.example.org/realms/one\"")?,
            ca,
            client_id: table.need("client_id", "\"crashcart\"")?.value.to_owned(),
            flow: table
                .word("flow", Flow::from_word, "device, paste, loopback")?
                .unwrap_or(Flow::Device),
            loopback_on_shared_host: table.flag("loopback_on_shared_host")?,
            groups_claim: table
                .text("groups_claim")?
                .map_or("groups", |found| found.value)
                .to_owned(),
        });
    }
    Ok(identities)
}

/// All clusters; at least one.
pub(super) fn clusters(
    top: &Table<'_>,
    folder: &Path,
    identities: &[Identity],
) -> Result<Vec<Cluster>, ConfigError> {
    let mut names = Names::default();
    let mut clusters = Vec::new();
    for table in top.tables("cluster", &keys::CLUSTER)? {
        let name = table.name()?;
        names.take("cluster", &table, name)?;
        let ca = table.need("ca", "\"FILE.crt\", the authority of its server")?;
        clusters.push(Cluster {
            name: ClusterName::from(name.value),
            site: table
                .word("site", Site::from_word, "on-prem, cloud")?
                .ok_or_else(|| table.missing("site", "\"on-prem\" or \"cloud\""))?,
            server: address(&table, "server", "\"https://HOST:6443\"")?,
            ca: authority(&table, folder, ca)?,
            fingerprint: fingerprint(&table)?,
            auth: auth(&table, folder, identities)?,
            fallback: access::fallback(&table, folder)?,
            audience: table.text("audience")?.map(|found| found.value.to_owned()),
        });
    }
    if clusters.is_empty() {
        let sentence = "there is no [[cluster]]; add one, or run crashcart init";
        return Err(top.error(top.at(), sentence));
    }
    Ok(clusters)
}

/// An `https://` address with a host and nothing that would hide where it leads.
fn address(table: &Table<'_>, key: &str, example: &str) -> Result<String, ConfigError> {
    let found = table.need(key, example)?;
    let text = found.value;
    let refuse = |sentence: String| Err(table.error(found.at, sentence));
    let Some(rest) = text.strip_prefix("https://") else {
        return refuse(if text.starts_with("http://") {
            format!("{key} = {text:?} is not encrypted; a token must not go there: use https://")
        } else {
            format!("{key} = {text:?} must begin with https://")
        });
    };
    let host = rest.split('/').next().unwrap_or_default();
    let odd = |c: char| c.is_whitespace() || matches!(c, '?' | '#' | '@' | '\\');
    if host.is_empty() || host.starts_with(':') || text.contains(odd) {
        return refuse(format!(
            "{key} = {text:?} is not an address; write it like {example}"
        ));
    }
    Ok(text.to_owned())
}

/// A file of certificates.
fn authority(table: &Table<'_>, folder: &Path, found: Found<&str>) -> Result<Pem, ConfigError> {
    let path = folder.join(found.value);
    let advice = "give the PEM file of the authority that signed the server";
    file::read(&path, advice)
        .and_then(|(bytes, _)| Pem::new(&path, &bytes))
        .map_err(|error| {
            let sentence = format!("ca {}: {}", path.display(), error.sentence());
            table.error(found.at, sentence)
        })
}

fn fingerprint(table: &Table<'_>) -> Result<Option<Fingerprint>, ConfigError> {
    let Some(found) = table.text("fingerprint")? else {
        return Ok(None);
    };
    let sentence = "this fingerprint is neither \"sha256:\" with 64 hex digits nor that with \
                    \"/\" and the uid of kube-system; crashcart doctor prints the right one";
    Fingerprint::parse(found.value)
        .map(Some)
        .ok_or_else(|| table.error(found.at, sentence))
}

/// How a person is known to the cluster: `auth` or `kubeconfig`, one of them.
fn auth(
    table: &Table<'_>,
    folder: &Path,
    identities: &[Identity],
) -> Result<ClusterAuth, ConfigError> {
    let kubeconfig = table.table("kubeconfig", &keys::KUBECONFIG)?;
    let (found, kubeconfig) = match (table.text("auth")?, kubeconfig) {
        (Some(found), Some(_)) => {
            let sentence = "this cluster has both auth and kubeconfig; keep one";
            return Err(table.error(found.at, sentence));
        }
        (None, None) => {
            let example =
                "\"oidc:IDENTITY\", or kubeconfig = { path = \"...\", context = \"...\" }";
            return Err(table.missing("auth", example));
        }
        (found, kubeconfig) => (found, kubeconfig),
    };
    if let Some(place) = kubeconfig {
        access::belongs(table, "kubeconfig")?;
        let path = folder.join(place.need("path", "\"...\"")?.value);
        let context = place.text("context")?.map(|found| found.value);
        let user = kubeconfig::read(&path).and_then(|file| file.user(context));
        return user
            .map(ClusterAuth::Kubeconfig)
            .map_err(|error| table.error(place.at(), error.to_string()));
    }
    let (at, text) = found.map_or((0, ""), |found| (found.at, found.value));
    access::belongs(table, text)?;
    let Some(identity) = text.strip_prefix("oidc:") else {
        return match text {
            "eks" => access::eks(table).map(ClusterAuth::Eks),
            "openshift-oauth" => {
                let found = table.text("oauth_ca")?;
                let oauth_ca = found.map(|found| authority(table, folder, found));
                Ok(ClusterAuth::OpenShift {
                    oauth_ca: oauth_ca.transpose()?,
                })
            }
            _ => {
                let known = "\"oidc:IDENTITY\", \"openshift-oauth\" or \"eks\"";
                Err(table.error(at, format!("auth = {text:?} must be {known}")))
            }
        };
    };
    let names: Vec<&str> = identities.iter().map(|one| one.name.as_str()).collect();
    if !names.contains(&identity) {
        return Err(table.error(at, unknown("identity", identity, &names)));
    }
    Ok(ClusterAuth::Oidc {
        identity: identity.to_owned(),
    })
}

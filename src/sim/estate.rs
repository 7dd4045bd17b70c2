//! The whole simulated estate: starts its servers, and writes down how to reach them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::sim::CLUSTERS;
use crate::sim::Cluster;
use crate::sim::SimError;
use crate::sim::api;
use crate::sim::api::AuditLog;
use crate::sim::clock::Clock;
use crate::sim::controllers;
use crate::sim::faults::Fault;
use crate::sim::faults::Faults;
use crate::sim::faults::door::Certificates;
use crate::sim::folder::private_folder;
use crate::sim::folder::write;
use crate::sim::issuer::Issuer;
use crate::sim::issuer::Settings;
use crate::sim::issuer::served::APART;
use crate::sim::issuer::served::IDENTITY;
use crate::sim::issuer::served::ISSUER;
use crate::sim::issuer::served::ServedIssuer;
use crate::sim::people::People;
use crate::sim::people::Person;
use crate::sim::seed;
use crate::sim::store::lifecycle;
use crate::sim::store::meta;
use crate::sim::store::resources;
use crate::sim::tls;
use crate::sim::tls::Authority;

/// The estate's id: fixed, so that demo state is found again.
const ID: &str = "0197c1f2-5e1a-7d3e-8c0d-51a0e57a7e00";

/// How the estate is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What names, uids and luck follow from.
    pub seed: u64,
    /// How many times faster than real time it runs; 0 counts as 1.
    pub speed: u32,
    /// The clusters to start; all when empty.
    pub only: Vec<String>,
    /// A folder for the clusters' audit logs (`<cluster>.audit.jsonl`); in memory only when none.
    pub audit: Option<PathBuf>,
    /// False leaves the clusters as an API server makes them: no objects, no controllers.
    pub bare: bool,
    /// The clusters that take the tokens of a second issuer, which knows the people by other logins; usually none.
    pub apart: Vec<String>,
    /// What goes wrong from the start.
    pub faults: Vec<Fault>,
    /// How the issuers behave from the start.
    pub issuer: Settings,
}

/// One served cluster.
pub struct Served {
    /// The cluster itself.
    pub cluster: Cluster,
    /// `https://127.0.0.1:PORT`.
    pub url: String,
    /// The certificate of its authority, PEM.
    pub ca: String,
    /// `sha256:<hash of the CA's key>/<uid of kube-system>`.
    pub fingerprint: String,
    /// What was asked of it.
    pub audit: AuditLog,
}

/// The running estate; dropping it stops its servers.
pub struct Estate {
    clusters: Vec<Served>,
    issuers: Vec<ServedIssuer>,
    apart: Vec<String>,
    people: Arc<People>,
    faults: Faults,
    settings: Settings,
    tasks: JoinSet<()>,
}

impl Estate {
    /// Starts the servers and controllers; must be called within a Tokio runtime.
    ///
    /// # Errors
    /// No port, no certificate, an unknown cluster in `only`, or objects that cannot be made.
    pub async fn start(options: Options) -> Result<Estate, SimError> {
        let faulty = options.faults.iter().filter_map(|f| f.cluster.as_ref());
        let faulty = faulty.filter(|n| ![ISSUER, APART].contains(&n.as_str()));
        let mut named = options.only.iter().chain(&options.apart).chain(faulty);
        if let Some(unknown) = named.find(|n| !CLUSTERS.contains(&n.as_str())) {
            return Err(SimError::NoSuchCluster(unknown.clone()));
        }
        if let Some(dir) = &options.audit {
            private_folder(dir)?;
        }
        let clock = Clock::real(options.speed);
        let people = Arc::new(People::new(options.seed));
        let faults = Faults::new(clock.clone(), options.seed);
        for fault in &options.faults {
            faults.add(fault.clone());
        }
        let mut estate = Estate {
            clusters: Vec::new(),
            issuers: Vec::new(),
            apart: options.apart.clone(),
            people: Arc::clone(&people),
            faults,
            settings: options.issuer,
            tasks: JoinSet::new(),
        };
        estate
            .add_issuer(IDENTITY, people, &clock, options.seed)
            .await?;
        if !options.apart.is_empty() {
            let people = Arc::new(People::at("apart.test", options.seed.wrapping_add(1)));
            estate
                .add_issuer(APART, people, &clock, options.seed)
                .await?;
        }
        for name in CLUSTERS {
            if options.only.is_empty() || options.only.iter().any(|only| only == name) {
                let issuer = estate.issuer_of(name).issuer.clone();
                estate.add(name, &options, &clock, &issuer).await?;
            }
        }
        Ok(estate)
    }

    async fn add_issuer(
        &mut self,
        name: &'static str,
        people: Arc<People>,
        clock: &Clock,
        seed: u64,
    ) -> Result<(), SimError> {
        let place = if name == IDENTITY { ISSUER } else { name };
        let (listener, url) = listen(place).await?;
        let issuer = Issuer::new(url, people, clock.clone(), seed, self.settings);
        let issuer = issuer.map_err(SimError::Issuer)?;
        let line = self.faults.line(place);
        let (served, serving) = ServedIssuer::new(name, issuer, listener, line)?;
        self.tasks.spawn(serving);
        self.issuers.push(served);
        Ok(())
    }

    /// The issuer whose tokens a cluster takes: the second one for those that are apart.
    fn issuer_of(&self, cluster: &str) -> &ServedIssuer {
        let apart = self.apart.iter().any(|one| one == cluster);
        &self.issuers[usize::from(apart && self.issuers.len() > 1)]
    }

    async fn add(
        &mut self,
        name: &str,
        options: &Options,
        clock: &Clock,
        issuer: &Issuer,
    ) -> Result<(), SimError> {
        let failed = |source| SimError::Seed {
            name: name.to_owned(),
            source,
        };
        let cluster = Cluster::new(name, clock.clone(), options.seed).map_err(failed)?;
        if !options.bare {
            seed::fill(&cluster).map_err(failed)?;
        }
        let file = options
            .audit
            .as_ref()
            .map(|dir| dir.join(format!("{name}.audit.jsonl")));
        let audit = AuditLog::open(file.as_deref()).map_err(|source| SimError::Write {
            path: file.unwrap_or_default(),
            source,
        })?;
        let title = format!("simulated {name}");
        let authority = Authority::new(&title, clock.now())?;
        let (ca, key) = (authority.pem(), authority.fingerprint());
        let (listener, url) = listen(name).await?;
        let people = Arc::clone(&self.people);
        let line = self.faults.line(name);
        let server = api::Server::new(cluster.clone(), people, issuer.clone(), audit.clone())
            .with_faults(line.clone());
        self.tasks.spawn(tls::serve_with(
            listener,
            Certificates::of(authority, &title)?,
            line,
            api::router(server),
        ));
        self.tasks.spawn(lifecycle::run(cluster.store.clone()));
        if !options.bare {
            self.tasks.spawn(controllers::run(cluster.clone()));
        }
        let system = cluster
            .store
            .get(&resources::NAMESPACES, None, "kube-system");
        let uid = system.as_deref().map_or("", meta::uid);
        self.clusters.push(Served {
            url,
            ca,
            fingerprint: format!("{key}/{uid}"),
            audit,
            cluster,
        });
        Ok(())
    }

    /// The served clusters, in the order of [`CLUSTERS`].
    pub fn clusters(&self) -> &[Served] {
        &self.clusters
    }

    /// The served cluster of that name.
    pub fn cluster(&self, name: &str) -> Option<&Served> {
        self.clusters
            .iter()
            .find(|served| served.cluster.name == name)
    }

    /// The issuer's address and the certificate of its authority (PEM).
    pub fn issuer(&self) -> (&str, &str) {
        let first = &self.issuers[0];
        (first.url(), &first.ca)
    }

    /// The issuer of an identity of the configuration (`sim`, or `apart`); its behaviour may be changed while the
    /// estate runs.
    pub fn issuer_of_identity(&self, name: &str) -> Option<&Issuer> {
        let mut all = self.issuers.iter();
        all.find(|one| one.name == name).map(|one| &one.issuer)
    }

    /// The fault plan; it may be changed while the estate runs.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The people who may sign in.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Writes configuration, policy, certificates and one kubeconfig a person into `dir`, which
    /// becomes readable for its owner alone; private keys are never written.
    ///
    /// # Errors
    /// The folder or a file cannot be written.
    pub fn write_to(&self, dir: &Path) -> Result<(), SimError> {
        private_folder(dir)?;
        write(&dir.join("crashcart.toml"), &self.configuration()?)?;
        write(&dir.join("policy.toml"), POLICY)?;
        for served in &self.issuers {
            write(&dir.join(served.file()), &served.ca)?;
        }
        for served in &self.clusters {
            let file = format!("{}.crt", served.cluster.name);
            write(&dir.join(file), &served.ca)?;
        }
        for person in self.people.all() {
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
            .clusters
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
        text.extend(self.issuers.iter().map(ServedIssuer::configuration));
        for served in &self.clusters {
            let name = &served.cluster.name;
            let site = if name.starts_with("aws") {
                "cloud"
            } else {
                "on-prem"
            };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "\n[[cluster]]\nname = \"{name}\"\nsite = \"{site}\"\nserver = \"{}\"\nca = \"{name}.crt\"\nfingerprint = \"{}\"\nauth = \"oidc:{}\"\naudience = \"crashcart\"\n",
                served.url,
                served.fingerprint,
                self.issuer_of(name).name
            );
        }
        text.push('\n');
        text.push_str(&self.zones()?);
        Ok(text)
    }

    /// The zones of the seed, without members on clusters that are not served.
    fn zones(&self) -> Result<String, SimError> {
        let text = seed::zones_toml();
        if self.clusters.len() == CLUSTERS.len() {
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
            .clusters
            .first()
            .map_or("", |s| s.cluster.name.as_str());
        // Writing to a string cannot fail.
        let _ = write!(text, "current-context: {current}\nclusters:\n");
        for served in &self.clusters {
            let ca = STANDARD.encode(&served.ca);
            let _ = write!(
                text,
                "- name: {}\n  cluster:\n    server: {}\n    certificate-authority-data: {ca}\n",
                served.cluster.name, served.url
            );
        }
        text.push_str("contexts:\n");
        for served in &self.clusters {
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

/// The policy of the simulated estate; good for simulated estates only.
const POLICY: &str = "simulated_only = true\n\n[[zone]]\nname = \"clinical\"\npeople = 2\n\n[[approver]]\ngroup = \"sre-approvers\"\nzones = [\"clinical\"]\n";

/// A free port on loopback, and its address as an `https://` URL; the name is for the error.
pub(in crate::sim) async fn listen(name: &str) -> Result<(TcpListener, String), SimError> {
    let failed = |source| SimError::Listen {
        name: name.to_owned(),
        source,
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, format!("https://{address}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn the_written_estate_is_for_its_owner_alone_and_holds_no_key() {
        let estate = Estate::start(Options {
            only: vec!["lab-1".to_owned()],
            bare: true,
            ..Options::default()
        })
        .await
        .unwrap();
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("estate");
        estate.write_to(&dir).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            assert!(
                !std::fs::read_to_string(&path)
                    .unwrap()
                    .contains("PRIVATE KEY")
            );
        }
        let text = std::fs::read_to_string(dir.join("crashcart.toml")).unwrap();
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["cluster"].as_array().unwrap().len(), 1);
        assert!(estate.clusters()[0].fingerprint.len() > 100);
    }

    #[tokio::test]
    async fn an_unknown_cluster_is_refused_by_name() {
        let options = Options {
            only: vec!["mars".to_owned()],
            ..Options::default()
        };
        let error = Estate::start(options).await.err().unwrap();
        assert!(error.to_string().contains("named mars"));
    }
}

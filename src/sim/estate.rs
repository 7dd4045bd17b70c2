//! The whole simulated estate: starts its servers, and writes down how to reach them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::sim::CLUSTERS;
use crate::sim::Cluster;
use crate::sim::SimError;
use crate::sim::api;
use crate::sim::api::AuditLog;
use crate::sim::clock::Clock;
use crate::sim::controllers::turn;
use crate::sim::faults::Fault;
use crate::sim::faults::Faults;
use crate::sim::faults::door::Certificates;
use crate::sim::folder::private_folder;
use crate::sim::issuer::Entrance;
use crate::sim::issuer::Issuer;
use crate::sim::issuer::Settings;
use crate::sim::issuer::served::APART;
use crate::sim::issuer::served::IDENTITY;
use crate::sim::issuer::served::ISSUER;
use crate::sim::issuer::served::ServedIssuer;
use crate::sim::people::People;
use crate::sim::scenario::Scenario;
use crate::sim::scenario::goals::Goals;
use crate::sim::scenario::goals::Records;
use crate::sim::scenario::goals::Verdict;
use crate::sim::scenario::stage::Player;
use crate::sim::scenario::stage::Stage;
use crate::sim::seed;
use crate::sim::store::lifecycle;
use crate::sim::store::meta;
use crate::sim::store::resources;
use crate::sim::tls;
use crate::sim::tls::Authority;

/// Simulated time between two looks at the goals of a story.
const LOOK: Duration = Duration::from_secs(5);

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
    /// The story that is played; without one the estate stands as the demo's night begins.
    pub scenario: Option<Scenario>,
    /// How long the story has run when the servers open; what the scenario says when none.
    pub told: Option<Duration>,
    /// False leaves the clusters as an API server makes them: no objects, no controllers.
    pub bare: bool,
    /// Running pods that each cluster has besides its story, for measurements.
    pub crowd: u32,
    /// The clusters that take the tokens of a second issuer, which knows the people by other logins; usually none.
    pub apart: Vec<String>,
    /// The clusters that are entered by an OAuth server of their own, as OpenShift has it; usually none.
    pub openshift: Vec<String>,
    /// The clusters that are entered by AWS keys, as EKS has it; usually none.
    pub eks: Vec<String>,
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
    /// How people enter it.
    pub entrance: Entrance,
}

/// The running estate; dropping it stops its servers.
pub struct Estate {
    clusters: Vec<Served>,
    issuers: Vec<ServedIssuer>,
    apart: Vec<String>,
    people: Arc<People>,
    story: Option<(Scenario, Arc<Mutex<Goals>>)>,
    clock: Clock,
    began: Timestamp,
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
        let is_oauth = |n: &String| options.openshift.iter().any(|c| *n == format!("{c}-oauth"));
        let faulty = faulty.filter(|n| ![ISSUER, APART].contains(&n.as_str()) && !is_oauth(n));
        let named = options.only.iter().chain(&options.apart).chain(faulty);
        let mut named = named.chain(&options.openshift).chain(&options.eks);
        if let Some(unknown) = named.find(|n| !CLUSTERS.contains(&n.as_str())) {
            return Err(SimError::NoSuchCluster(unknown.clone()));
        }
        if let Some(dir) = &options.audit {
            private_folder(dir)?;
        }
        let opens = options.scenario.as_ref().map(|scenario| scenario.opens);
        let told = options.told.or(opens).unwrap_or_default();
        let clock = Clock::behind(told);
        let began = clock.now();
        let faults = Faults::new(clock.clone(), options.seed);
        let (players, goals) = played(&options, &faults, told)?;
        clock.run(options.speed);
        let people = Arc::new(People::new(options.seed));
        for fault in &options.faults {
            faults.add(fault.clone());
        }
        let mut estate = Estate {
            clusters: Vec::new(),
            issuers: Vec::new(),
            apart: options.apart.clone(),
            people: Arc::clone(&people),
            story: goals.map(|(scenario, goals)| (scenario, Arc::new(Mutex::new(goals)))),
            clock: clock.clone(),
            began,
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
        for player in players {
            let turn = player.cluster.turn.clone();
            estate.add(player.cluster, &options).await?;
            estate.tasks.spawn(turn::run(player.controllers, turn));
        }
        if options.bare {
            estate.open_bare(&options).await?;
        }
        estate.watch_goals();
        Ok(estate)
    }

    /// Opens clusters as an API server makes them.
    async fn open_bare(&mut self, options: &Options) -> Result<(), SimError> {
        for name in CLUSTERS {
            if options.only.is_empty() || options.only.iter().any(|only| only == name) {
                let cluster = Cluster::new(name, &self.clock, options.seed);
                let cluster = cluster.map_err(|source| SimError::Seed {
                    name: (*name).to_owned(),
                    source: Box::new(source),
                })?;
                self.tasks.spawn(lifecycle::run(cluster.store.clone()));
                self.add(cluster, options).await?;
            }
        }
        Ok(())
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
    pub(super) fn issuer_of(&self, cluster: &str) -> &ServedIssuer {
        let apart = self.apart.iter().any(|one| one == cluster);
        &self.issuers[usize::from(apart && self.issuers.len() > 1)]
    }

    async fn add(&mut self, cluster: Cluster, options: &Options) -> Result<(), SimError> {
        let name = cluster.name.clone();
        let issuer = self.issuer_of(&name).issuer.clone();
        let known = (&self.people, &self.clock, &self.faults);
        let (entrance, serving) = Entrance::chosen(&name, options, &issuer, known).await?;
        self.tasks.spawn(serving);
        let file = options
            .audit
            .as_ref()
            .map(|dir| dir.join(format!("{name}.audit.jsonl")));
        let audit = AuditLog::open(file.as_deref()).map_err(|source| SimError::Write {
            path: file.unwrap_or_default(),
            source,
        })?;
        let title = format!("simulated {name}");
        let authority = Authority::new(&title, self.clock.now())?;
        let (ca, key) = (authority.pem(), authority.fingerprint());
        let (listener, url) = listen(&name).await?;
        let people = Arc::clone(&self.people);
        let line = self.faults.line(&name);
        let server = api::Server::new(cluster.clone(), people, issuer, audit.clone())
            .with_faults(line.clone())
            .with_entrance(entrance.clone());
        self.tasks.spawn(tls::serve_with(
            listener,
            Certificates::of(authority, &title)?,
            line,
            api::router(server),
        ));
        let system = cluster
            .store
            .get(&resources::NAMESPACES, None, "kube-system");
        let uid = system.as_deref().map_or("", meta::uid);
        self.clusters.push(Served {
            url,
            ca,
            fingerprint: format!("{key}/{uid}"),
            audit,
            entrance,
            cluster,
        });
        Ok(())
    }

    /// Looks at the goals of the story now and then, for as long as the estate lives.
    fn watch_goals(&mut self) {
        let Some((_, goals)) = &self.story else {
            return;
        };
        let goals = Arc::clone(goals);
        let clusters: Vec<Cluster> = self
            .clusters
            .iter()
            .map(|one| one.cluster.clone())
            .collect();
        let clock = self.clock.clone();
        self.tasks.spawn(async move {
            loop {
                clock.wait(LOOK).await;
                look(&goals, &clusters, clock.now());
            }
        });
    }

    /// The story that is played, if there is one.
    pub fn scenario(&self) -> Option<&Scenario> {
        self.story.as_ref().map(|(scenario, _)| scenario)
    }

    /// How long the story has run.
    pub fn elapsed(&self) -> Duration {
        let length = self.clock.now().duration_since(self.began);
        Duration::try_from(length).unwrap_or_default()
    }

    /// The simulated clock of the estate.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The verdict on each goal of the story now; `log` is the folder of crashcart's own log, which
    /// says what was recorded. Empty when no story is played.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn score(&self, log: Option<&Path>) -> std::io::Result<Vec<Verdict>> {
        let Some((_, goals)) = &self.story else {
            return Ok(Vec::new());
        };
        let mut records = Records::default();
        for served in &self.clusters {
            records.add_audit(&served.cluster.name, served.audit.entries());
        }
        if let Some(folder) = log {
            records.add_folder(folder)?;
        }
        let clusters: Vec<Cluster> = self
            .clusters
            .iter()
            .map(|one| one.cluster.clone())
            .collect();
        look(goals, &clusters, self.clock.now());
        Ok(goals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .score(&records))
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

    /// The issuers, the second one only when a cluster is apart.
    pub(super) fn issuers(&self) -> &[ServedIssuer] {
        &self.issuers
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
}

/// Clusters with their controllers, and the story that they play.
type Played = (Vec<Player>, Option<(Scenario, Goals)>);

/// The clusters as their story has made them by then; none when they are to be bare.
fn played(options: &Options, faults: &Faults, told: Duration) -> Result<Played, SimError> {
    if options.bare {
        return Ok((Vec::new(), None));
    }
    let scenario = options.scenario.as_ref();
    let mut stage = Stage::set(scenario, &options.only, faults, options.seed)?;
    for cluster in stage.clusters() {
        let crowd = seed::crowd::fill(cluster, options.crowd);
        crowd.map_err(|source| SimError::Seed {
            name: cluster.name.clone(),
            source: Box::new(source),
        })?;
    }
    if scenario.is_some() {
        stage.play_to(told);
    }
    Ok(stage.leave())
}

fn look(goals: &Mutex<Goals>, clusters: &[Cluster], now: Timestamp) {
    let clusters: Vec<&Cluster> = clusters.iter().collect();
    let mut goals = goals.lock().unwrap_or_else(PoisonError::into_inner);
    goals.look(&clusters, now);
}

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

//! A simulated estate, a console without a terminal that follows it over HTTPS, and time that moves only when told.
//!
//! Server and console share one thread whose timers are held: minutes pass in milliseconds, and always alike.

use std::path::Path;
use std::time::Duration;

use crashcart::app::clock::Clock;
use crashcart::app::engine::Engine;
use crashcart::app::perform::Folders;
use crashcart::app::start::Start;
use crashcart::app::start::start_by;
use crashcart::auth::Person;
use crashcart::config;
use crashcart::config::ClusterName;
use crashcart::config::Secret;
use crashcart::runbook::library::Library;
use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::sim::Served;
use crashcart::sources::fact::Watch;
use crashcart::sources::seen::Freshness;
use crashcart::sources::world::ClusterWorld;
use crashcart::state::event::What;

/// How far time moves at once.
const STEP: Duration = Duration::from_millis(500);
/// How often everything that is ready gets its turn between two steps.
const TURNS: usize = 40;

/// The cluster that is in trouble, and the one beside it.
pub(crate) const SICK: &str = "aws-prod";
pub(crate) const WELL: &str = "lab-1";

/// The estate and the console.
pub(crate) struct Night {
    pub(crate) estate: Estate,
    pub(crate) engine: Engine,
    home: tempfile::TempDir,
}

/// Plays a night on one thread whose timers are held.
pub(crate) fn play(night: impl AsyncFnOnce(Night)) {
    played("log", night);
}

/// The same where the log cannot be written: a file stands where its folder would be.
pub(crate) fn play_without_a_log(night: impl AsyncFnOnce(Night)) {
    played("taken/log", night);
}

fn played(log: &str, night: impl AsyncFnOnce(Night)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut begun = Night::begin(log).await;
        begun.settle().await;
        night(begun).await;
    });
}

impl Night {
    async fn begin(log: &str) -> Night {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("taken"), "").unwrap();
        let options = Options {
            seed: 7,
            only: vec![SICK.to_owned(), WELL.to_owned()],
            ..Options::default()
        };
        let estate = Estate::start(options).await.unwrap();
        let folder = home.path().join("estate");
        estate.write_to(&folder).unwrap();
        let config = config::load(&folder.join("crashcart.toml"), None).unwrap();
        let alice = estate.people().find("alice").unwrap();
        let person = Person {
            issuer: config.identities[0].issuer.clone(),
            subject: alice.subject.clone(),
            login: alice.user.as_str().into(),
            groups: vec!["sre-operators".into()],
        };
        let start = Start {
            library: Library::built_in(),
            config,
            folders: Folders {
                log: home.path().join(log),
                last_known: home.path().join("last-known.json"),
            },
            simulated: true,
            as_person: Some((person, Secret::new(&alice.token))),
            ask: false,
        };
        let engine = start_by(&start, Clock::as_timers_go()).unwrap();
        Night {
            estate,
            engine,
            home,
        }
    }

    /// Waits until every watch of every cluster has its first list.
    async fn settle(&mut self) {
        self.until(30, "seen", Night::is_seen).await;
    }

    fn is_seen(&self) -> bool {
        let world = |name| {
            let worlds = &self.engine.state.world;
            worlds.cluster(&ClusterName::from(name))
        };
        [SICK, WELL].into_iter().all(|name| {
            let all = |world: &ClusterWorld| Watch::ALL.iter().all(|one| world.watch(*one).synced);
            world(name).is_some_and(all)
        })
    }

    /// Time moves by one step, and everybody does what is due.
    pub(crate) async fn step(&mut self) {
        tokio::time::advance(STEP).await;
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        let now = self.engine.deadline(Duration::ZERO);
        self.engine.turn(now).await;
        self.engine.happen(What::Tick);
        self.engine.settle();
    }

    /// So many seconds pass; `look` looks on after each step, with the seconds since the beginning.
    pub(crate) async fn pass(&mut self, seconds: u64, mut look: impl FnMut(&Night, f64)) {
        let began = self.engine.deadline(Duration::ZERO);
        let end = began + Duration::from_secs(seconds);
        while self.engine.deadline(Duration::ZERO) < end {
            self.step().await;
            let past = self.engine.deadline(Duration::ZERO) - began;
            look(self, past.as_secs_f64());
        }
    }

    /// Time passes until `done`; panics after so many seconds. The seconds it took.
    pub(crate) async fn until(
        &mut self,
        limit: u32,
        what: &str,
        done: impl Fn(&Night) -> bool,
    ) -> f64 {
        let began = self.engine.deadline(Duration::ZERO);
        loop {
            let past = (self.engine.deadline(Duration::ZERO) - began).as_secs_f64();
            if done(self) {
                return past;
            }
            assert!(
                past < f64::from(limit),
                "{what}: not within {limit} s: {}",
                self.words()
            );
            self.step().await;
        }
    }

    /// Everybody does what is due, and no time passes, until `done`: for what the thread of the log has a part in, which
    /// knows nothing of held timers. Panics when that takes longer than anybody would wait.
    pub(crate) async fn meanwhile(&mut self, what: &str, done: impl Fn(&Night) -> bool) {
        const LIMIT: Duration = Duration::from_secs(30);
        let began = std::time::Instant::now();
        while !done(self) {
            let said = &self.engine.state.message;
            assert!(began.elapsed() < LIMIT, "{what}: never; said: {said:?}");
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            let now = self.engine.deadline(Duration::ZERO);
            self.engine.turn(now).await;
            self.engine.settle();
        }
    }

    /// What is known of a cluster.
    pub(crate) fn world(&self, name: &str) -> &ClusterWorld {
        self.engine
            .state
            .world
            .cluster(&ClusterName::from(name))
            .unwrap()
    }

    /// The folder that holds everything of this night.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// A cluster of the estate.
    pub(crate) fn served(&self, name: &str) -> &Served {
        self.estate.cluster(name).unwrap()
    }

    /// How fresh a cluster is now.
    pub(crate) fn freshness(&self, name: &str) -> Freshness {
        self.world(name).freshness(self.engine.state.now)
    }

    /// How fresh one watch of a cluster is now.
    pub(crate) fn watch(&self, name: &str, watch: Watch) -> Freshness {
        self.world(name)
            .watch_freshness(watch, self.engine.state.now)
    }

    /// How the clusters fare, for the words of a failure.
    pub(crate) fn words(&self) -> String {
        let of = |name: &str| {
            let world = self.world(name);
            let watches: Vec<String> = Watch::ALL
                .iter()
                .map(|watch| {
                    let health = world.watch(*watch);
                    let words = self.watch(name, *watch).words();
                    format!("  {}: {words} {:?}", watch.resource(), health.news)
                })
                .collect();
            format!(
                "{name} {:?} {:?}\n{}",
                world.reach(),
                self.freshness(name),
                watches.join("\n")
            )
        };
        format!("\n{}\n{}", of(SICK), of(WELL))
    }
}

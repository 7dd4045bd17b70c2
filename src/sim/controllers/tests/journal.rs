//! The journal of object versions: the same on a busy host as on a steady one.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::sim::controllers::turn::Turn;
use crate::sim::faults::Faults;
use crate::sim::scenario::Scenario;
use crate::sim::scenario::stage::Stage;
use crate::sim::store::resources::{ALL, BACKUPS, RESTORES};
use crate::sim::store::{Change, Dice, Resource, Subscription};

/// A simulated hour at most; a story is told faster here than it is lived.
const LENGTH: i64 = 1500;

/// A cluster that plays a story, whose controllers wake when the host lets them.
struct Host {
    clock: Clock,
    cluster: Cluster,
    turn: Turn,
    readers: Vec<(&'static Resource, Subscription)>,
    journal: Vec<(u64, &'static str, Change, String)>,
}

impl Host {
    fn new(story: &str, name: &str) -> Self {
        let clock = Clock::manual("2026-08-15T04:53:17Z".parse().unwrap());
        let faults = Faults::new(clock.clone(), 7);
        let scenario = Scenario::load(story, None).unwrap();
        let stage = Stage::set(Some(&scenario), &[name.to_owned()], &faults, 7).unwrap();
        let (mut players, _) = stage.leave();
        let player = players.remove(0);
        let cluster = player.cluster;
        let version = cluster.store.rv();
        let readers = ALL
            .iter()
            .map(|res| (*res, cluster.store.subscribe(res, version).unwrap()))
            .collect();
        cluster.turn.give(player.controllers);
        Self {
            clock,
            turn: cluster.turn.clone(),
            cluster,
            readers,
            journal: Vec::new(),
        }
    }

    fn read(&mut self) {
        for (res, reader) in &mut self.readers {
            let mut now = Context::from_waker(Waker::noop());
            while let Poll::Ready(batch) = pin!(reader.next()).poll(&mut now) {
                let batch = batch.unwrap();
                for event in batch.events {
                    let object = event.object.open().to_string();
                    self.journal
                        .push((event.rv, res.plural, event.change, object));
                }
            }
        }
    }

    /// What a client does at that second of the story, if it does something then.
    fn act(&self, second: i64) {
        let store = &self.cluster.store;
        let put = |res: &'static Resource, name: &str, spec: Value| {
            let object = json!({"metadata": {"name": name, "namespace": "velero"}, "spec": spec});
            drop(store.create(res, VELERO, object));
        };
        let act = || match second {
            40 => put(&BACKUPS, "b1", json!({"includedNamespaces": ["cohort"]})),
            97 => {
                let now = Preconditions::now();
                drop(store.delete(&DEPLOYMENTS, Some("cohort"), "cohort-api", now));
            }
            181 => put(&RESTORES, "r1", json!({"backupName": "b1"})),
            401 => {
                let scale = |value: &mut Value| value["spec"]["replicas"] = json!(5);
                drop(store.update(&DEPLOYMENTS, Some("cohort"), "cohort-api", scale));
            }
            500 => drop(store.delete(&NAMESPACES, None, "cohort", Preconditions::now())),
            _ => {}
        };
        if [40, 97, 181, 401, 500].contains(&second) {
            self.turn.write(&self.cluster.clock, act);
        }
    }

    /// Plays the story; `late` says how many seconds the host sleeps before it lets the controllers look.
    fn play(mut self, mut late: impl FnMut() -> i64) -> Vec<(u64, &'static str, Change, String)> {
        let mut wakes = 0;
        for second in 0..LENGTH {
            self.act(second);
            if second >= wakes {
                self.turn.step(&self.cluster.clock);
                self.read();
                wakes = second + late();
            }
            self.clock.advance(Duration::from_secs(1));
        }
        self.turn.step(&self.cluster.clock);
        self.read();
        self.journal.sort_by_key(|entry| entry.0);
        self.journal
    }
}

#[test]
fn a_busy_host_writes_the_same_journal_as_a_steady_one() {
    for (story, name) in [
        ("quiet-night", "lab-1"),
        ("ransomware-in-clinical", "sth-prod"),
    ] {
        let steady = Host::new(story, name).play(|| 1);
        assert!(steady.len() > 200, "{story}: {}", steady.len());
        for seed in [1, 2] {
            let mut dice = Dice::new(seed);
            let busy = Host::new(story, name).play(|| i64::try_from(dice.below(50)).unwrap());
            let differs = steady.iter().zip(&busy).find(|(one, two)| one != two);
            assert_eq!(differs, None, "{story}");
            assert_eq!(steady.len(), busy.len(), "{story}");
        }
    }
}

//! What goes wrong on purpose, between a simulated server and whoever asks it.
//!
//! `fault` is the data and `read` its words; [`Faults`] is the plan, which may be changed while servers run. `door`
//! works on connections that are made, `wire` on the bytes below HTTP, `answer` on what the API answers. Windows
//! (`after`, `for`) count simulated time; latencies count the client's, which is real. Luck comes from the seed.
//!
//! To add a fault: a variant and its word in `fault`, and an arm where it works.

mod answer;
pub(in crate::sim) mod door;
mod fault;
mod hostile;
mod read;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub(in crate::sim) use crate::sim::faults::answer::Trouble;
pub(in crate::sim) use crate::sim::faults::fault::Asked;
pub use crate::sim::faults::fault::Fault;
pub use crate::sim::faults::fault::What;
pub use crate::sim::faults::read::FaultError;
pub use crate::sim::faults::read::faults as read;
pub(in crate::sim) use crate::sim::faults::wire::Talk;
pub(in crate::sim) use crate::sim::faults::wire::Wire;

use crate::sim::clock::Clock;
use crate::sim::faults::fault::Layer;
use crate::sim::store::Dice;

/// The fault plan of an estate; clones share it.
#[derive(Clone, Debug)]
pub struct Faults {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    plan: Mutex<Plan>,
    /// Counts the changes of the plan, for those who wait for a fault to be over.
    changed: watch::Sender<u64>,
    open: Mutex<BTreeMap<String, usize>>,
}

#[derive(Debug)]
struct Plan {
    set: Vec<Set>,
    next: u64,
    dice: Dice,
}

/// A fault that was set.
#[derive(Debug)]
struct Set {
    id: u64,
    fault: Fault,
    since: Timestamp,
    hits: u32,
}

impl Set {
    fn is_on(&self, now: Timestamp) -> bool {
        let past = now.duration_since(self.since);
        let after = signed(self.fault.after);
        let length = self.fault.length.map(signed);
        past >= after && length.is_none_or(|length| past < after.saturating_add(length))
    }
}

fn signed(length: Duration) -> SignedDuration {
    SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX)
}

/// A fault that hits a request or a connection.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Hit {
    id: u64,
    fault: Fault,
}

impl Faults {
    /// A plan without faults.
    pub fn new(clock: Clock, seed: u64) -> Faults {
        let plan = Plan {
            set: Vec::new(),
            next: 1,
            dice: Dice::new(seed),
        };
        Faults {
            inner: Arc::new(Inner {
                clock,
                plan: Mutex::new(plan),
                changed: watch::Sender::new(0),
                open: Mutex::new(BTreeMap::new()),
            }),
        }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        let plan = self.inner.plan.lock();
        plan.unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock that its windows count by.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Sets a fault from now on.
    pub fn add(&self, fault: Fault) {
        self.add_since(fault, self.inner.clock.now());
    }

    /// Sets a fault whose window counts from that simulated instant.
    pub fn add_since(&self, fault: Fault, since: Timestamp) {
        let mut plan = self.plan();
        let id = plan.next;
        plan.next += 1;
        plan.set.push(Set {
            id,
            fault,
            since,
            hits: 0,
        });
        drop(plan);
        self.inner.changed.send_modify(|count| *count += 1);
    }

    /// Ends every fault; connections that died stay dead.
    pub fn clear(&self) {
        self.plan().set.clear();
        self.inner.changed.send_modify(|count| *count += 1);
    }

    /// How many connections of clients a server holds open; the server is a cluster or `issuer`.
    pub fn connections(&self, server: &str) -> usize {
        let open = self.inner.open.lock();
        let open = open.unwrap_or_else(PoisonError::into_inner);
        open.get(server).copied().unwrap_or(0)
    }

    /// The side of one server.
    pub(in crate::sim) fn line(&self, server: &str) -> Line {
        Line {
            faults: self.clone(),
            server: server.into(),
        }
    }

    fn count(&self, server: &str, change: impl FnOnce(&mut usize)) {
        let open = self.inner.open.lock();
        let mut open = open.unwrap_or_else(PoisonError::into_inner);
        change(open.entry(server.to_owned()).or_default());
    }
}

/// The fault plan as one server looks at it.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Line {
    faults: Faults,
    server: Arc<str>,
}

/// One open connection; it is counted until this is dropped.
#[derive(Debug)]
pub(in crate::sim) struct Open(Line);

impl Drop for Open {
    fn drop(&mut self) {
        let count = |open: &mut usize| *open = open.saturating_sub(1);
        self.0.faults.count(&self.0.server, count);
    }
}

impl Line {
    /// Counts a connection.
    pub(in crate::sim) fn open(&self) -> Open {
        self.faults.count(&self.server, |open| *open += 1);
        Open(self.clone())
    }

    fn now(&self) -> Timestamp {
        self.faults.inner.clock.now()
    }

    /// The faults that hit at a layer now. Each is drawn once for each request: `drawn` remembers.
    fn hits(&self, layer: Layer, asked: &Asked, drawn: &mut BTreeMap<u64, bool>) -> Vec<Hit> {
        let mut plan = self.faults.plan();
        if plan.set.is_empty() {
            return Vec::new();
        }
        let now = self.now();
        let Plan { set, dice, .. } = &mut *plan;
        let on = set.iter_mut().filter(|set| {
            set.fault.what.works_at(layer) && set.is_on(now) && set.fault.takes(&self.server, asked)
        });
        let mut hits = Vec::new();
        for set in on {
            let hit = *drawn.entry(set.id).or_insert_with(|| {
                let left = set.fault.times.is_none_or(|times| set.hits < times);
                let hit = left && dice.below(100) < u64::from(set.fault.chance);
                set.hits += u32::from(hit);
                hit
            });
            if hit {
                let (id, fault) = (set.id, set.fault.clone());
                hits.push(Hit { id, fault });
            }
        }
        hits
    }

    fn below(&self, end: u64) -> u64 {
        self.faults.plan().dice.below(end)
    }

    /// Waits until nobody is to listen, and gives the fault that says so.
    pub(in crate::sim) async fn outage(&self) -> u64 {
        let mut changed = self.faults.inner.changed.subscribe();
        loop {
            changed.mark_unchanged();
            let now = self.now();
            let next = {
                let plan = self.faults.plan();
                let nothing = Asked::default();
                let outages = plan.set.iter().filter(|set| {
                    set.fault.what.works_at(Layer::Port) && set.fault.takes(&self.server, &nothing)
                });
                let mut next: Option<Duration> = None;
                for set in outages {
                    if set.is_on(now) {
                        return set.id;
                    }
                    let past = now.duration_since(set.since);
                    let left = signed(set.fault.after).saturating_sub(past);
                    if let Ok(left) = Duration::try_from(left) {
                        next = Some(next.map_or(left, |next| next.min(left)));
                    }
                }
                next.filter(|left| !left.is_zero())
            };
            let clock = &self.faults.inner.clock;
            let begins = async {
                match next {
                    Some(left) => clock.wait(left).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = begins => {}
                gone = changed.changed() => if gone.is_err() { std::future::pending().await },
            }
        }
    }

    /// Waits until a fault is over: its time has passed, or it was cleared.
    pub(in crate::sim) async fn over(self, id: u64) {
        let mut changed = self.faults.inner.changed.subscribe();
        loop {
            changed.mark_unchanged();
            let now = self.now();
            let left = {
                let plan = self.faults.plan();
                let on = plan.set.iter().find(|set| set.id == id && set.is_on(now));
                on.map(|set| {
                    let past = now.duration_since(set.since);
                    let length = set.fault.length?;
                    let end = signed(set.fault.after).saturating_add(signed(length));
                    Duration::try_from(end.saturating_sub(past)).ok()
                })
            };
            // None: over. Some(None): lasts until it is cleared.
            let Some(left) = left else { return };
            let clock = &self.faults.inner.clock;
            let passed = async {
                match left {
                    Some(left) => clock.wait(left).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = passed => {}
                gone = changed.changed() => if gone.is_err() { return },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> (Faults, Clock) {
        let clock = Clock::manual("2026-08-15T04:31:00Z".parse().unwrap());
        (Faults::new(clock.clone(), 7), clock)
    }

    fn asked(resource: &str, verb: &str) -> Asked {
        Asked {
            resource: resource.to_owned(),
            qualified: resource.to_owned(),
            verb: verb.to_owned(),
        }
    }

    fn hit(line: &Line, asked: &Asked) -> bool {
        !line
            .hits(Layer::Answer, asked, &mut BTreeMap::new())
            .is_empty()
    }

    #[test]
    fn a_fault_hits_what_all_its_words_name_within_its_window() {
        let (faults, clock) = plan();
        let words = "cluster=lab-1 kind=pods verb=watch fault=500 after=3s for=30s";
        faults.add(words.parse().unwrap());
        let (lab, aws) = (faults.line("lab-1"), faults.line("aws-prod"));
        let watch = asked("pods", "watch");
        assert!(!hit(&lab, &watch), "not yet");
        clock.advance(Duration::from_secs(3));
        assert!(hit(&lab, &watch));
        assert!(!hit(&aws, &watch), "another cluster");
        assert!(!hit(&lab, &asked("pods", "list")), "another verb");
        assert!(!hit(&lab, &asked("nodes", "watch")), "another kind");
        clock.advance(Duration::from_secs(30));
        assert!(!hit(&lab, &watch), "over");
    }

    #[test]
    fn times_are_counted_and_chance_follows_the_seed() {
        let (faults, _) = plan();
        let line = faults.line("lab-1");
        faults.add("fault=401 times=2".parse().unwrap());
        let hits = |line: &Line| -> Vec<bool> {
            (0..40).map(|_| hit(line, &asked("pods", "get"))).collect()
        };
        assert_eq!(hits(&line).iter().filter(|hit| **hit).count(), 2);
        faults.clear();
        faults.add("fault=500 chance=30".parse().unwrap());
        let luck = hits(&line);
        let (other, _) = plan();
        other.add("fault=401 times=2".parse().unwrap());
        hits(&other.line("lab-1"));
        other.clear();
        other.add("fault=500 chance=30".parse().unwrap());
        assert_eq!(
            luck,
            hits(&other.line("lab-1")),
            "the same seed, the same luck"
        );
        assert!((2..30).contains(&luck.iter().filter(|hit| **hit).count()));
    }

    #[tokio::test]
    async fn a_fault_is_over_when_its_time_has_passed_or_it_is_cleared() {
        let (faults, clock) = plan();
        let line = faults.line("lab-1");
        faults.add("fault=stall for=30s".parse().unwrap());
        let pass = async {
            tokio::task::yield_now().await;
            clock.advance(Duration::from_secs(30));
        };
        tokio::join!(line.clone().over(1), pass);
        faults.add("fault=stall".parse().unwrap());
        let clear = async {
            tokio::task::yield_now().await;
            faults.clear();
        };
        tokio::join!(line.over(2), clear);
    }
}

//! What a drill is scored by: goals that a machine can check.
//!
//! A state goal asks that something holds again by a time; a standing goal asks that something
//! never happened. The estate's state, the API servers' audit logs and crashcart's own log are
//! all that is asked. To add one: a line in `read::GOALS`, an arm there, and one in `judge`.

mod judge;
mod read;
pub mod records;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::Cluster;

use super::Scenario;
use super::model::Zone;
pub use judge::Baseline;
pub use records::Records;

pub(super) use read::read;

/// One goal.
#[derive(Clone, Debug)]
pub struct Goal {
    /// What it asks, in words.
    pub name: String,
    within: Option<Duration>,
    what: What,
}

/// What a goal asks.
#[derive(Clone, Debug)]
enum What {
    /// Every namespace of a zone has a restorable point within its target.
    Restorable { zone: Zone, cluster: Option<String> },
    /// All replicas of all workloads of a namespace are available.
    Ready { cluster: String, namespace: String },
    /// Config maps, secrets and workloads of a namespace are what they were at the beginning.
    Intact { cluster: String, namespace: String },
    /// A backup store is available.
    Store { cluster: String, store: String },
    /// A Kustomization is not held and is ready.
    InStep {
        cluster: String,
        kustomization: String,
    },
    /// Every change by a person has its record in crashcart's log.
    Recorded,
    /// Nobody changed anything, on one cluster or on all.
    Untouched { cluster: Option<String> },
}

impl Goal {
    /// How long after the beginning it must hold; none for a standing goal.
    pub fn within(&self) -> Option<Duration> {
        self.within
    }
}

/// How a goal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds, and came to hold in time.
    Met,
    /// It holds, but came to hold too late.
    Late,
    /// It does not hold, and there is time left.
    Open,
    /// It does not hold and its time is over, or something happened that may not.
    Missed,
}

impl Standing {
    /// The word of a report.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Met => "met",
            Standing::Late => "late",
            Standing::Open => "open",
            Standing::Missed => "MISSED",
        }
    }
}

/// The verdict on one goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The goal's words.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// Since when it holds, counted from the beginning; none when it does not, or always had to.
    pub after: Option<Duration>,
    /// Why it does not hold; empty when it does.
    pub why: String,
}

/// The goals of a story that plays, with since when each holds.
#[derive(Debug)]
pub struct Goals {
    asked: Vec<Goal>,
    began: Timestamp,
    baseline: Baseline,
    held: Vec<Option<Timestamp>>,
    why: Vec<String>,
    now: Timestamp,
}

impl Goals {
    /// The goals of a scenario that begins now, on clusters as they stand.
    pub fn new(scenario: &Scenario, clusters: &[&Cluster], now: Timestamp) -> Goals {
        let asked = scenario.goals.clone();
        let baseline = Baseline::new(clusters);
        let held = vec![None; asked.len()];
        let why = vec![String::new(); asked.len()];
        let mut all = Goals {
            asked,
            began: now,
            baseline,
            held,
            why,
            now,
        };
        all.look(clusters, now);
        all
    }

    /// Looks whether each goal holds now.
    pub fn look(&mut self, clusters: &[&Cluster], now: Timestamp) {
        self.now = now;
        let slots = self.held.iter_mut().zip(&mut self.why);
        for (goal, (held, why)) in self.asked.iter().zip(slots) {
            match judge::holds(&goal.what, clusters, &self.baseline, now) {
                Ok(()) => {
                    held.get_or_insert(now);
                    why.clear();
                }
                Err(words) => {
                    *held = None;
                    *why = words;
                }
            }
        }
    }

    /// The verdict on each goal, in order; `records` tell who changed what and what was recorded.
    pub fn score(&self, records: &Records) -> Vec<Verdict> {
        let slots = self.held.iter().zip(&self.why);
        let all = self.asked.iter().zip(slots);
        all.map(|(goal, (held, why))| match goal.within {
            Some(within) => self.of_state(goal, within, *held, why),
            None => standing(goal, records),
        })
        .collect()
    }

    fn of_state(
        &self,
        goal: &Goal,
        within: Duration,
        held: Option<Timestamp>,
        why: &str,
    ) -> Verdict {
        let since_start =
            |at: Timestamp| Duration::try_from(at.duration_since(self.began)).unwrap_or_default();
        let after = held.map(since_start);
        let standing = match after {
            Some(after) if after <= within => Standing::Met,
            Some(_) => Standing::Late,
            None if since_start(self.now) <= within => Standing::Open,
            None => Standing::Missed,
        };
        Verdict {
            name: goal.name.clone(),
            standing,
            after,
            why: why.to_owned(),
        }
    }
}

/// The verdict on a goal about what nobody may do.
fn standing(goal: &Goal, records: &Records) -> Verdict {
    let (wrong, words) = match &goal.what {
        What::Recorded => (records.unrecorded(), "without a record"),
        What::Untouched { cluster } => (records.changes(cluster.as_deref()), "where none may be"),
        _ => (Vec::new(), ""),
    };
    let first = |entry: &&Value| {
        let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).unwrap_or("");
        format!(
            "{} {} by {}",
            text("/verb"),
            text("/requestURI"),
            text("/user/username")
        )
    };
    let why = match wrong.first() {
        None => String::new(),
        Some(entry) => format!(
            "{} {words}, the first: {}",
            count(wrong.len()),
            first(entry)
        ),
    };
    Verdict {
        name: goal.name.clone(),
        standing: if wrong.is_empty() {
            Standing::Met
        } else {
            Standing::Missed
        },
        after: None,
        why,
    }
}

fn count(changes: usize) -> String {
    match changes {
        1 => "1 change".to_owned(),
        more => format!("{more} changes"),
    }
}

//! What is still to happen in one cluster, and when.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::sim::Cluster;
use crate::sim::controllers::{Agenda, Vault, after};

use super::Scenario;
use super::act::Act;
use super::carry::carry;

/// The part of a story that one cluster has before it; empty when there is no story.
#[derive(Debug, Default)]
pub(in crate::sim) struct Script {
    rest: VecDeque<(Timestamp, Act)>,
}

impl Script {
    /// The part of a scenario that concerns a cluster, counted from the beginning of the story.
    pub(in crate::sim) fn new(scenario: &Scenario, cluster: &str, began: Timestamp) -> Self {
        let here = scenario.events.iter();
        let here = here.filter(|event| event.act.cluster == cluster);
        let timed = here.map(|event| (after(began, event.at.as_secs_f64()), event.act.clone()));
        Self {
            rest: timed.collect(),
        }
    }

    /// Does what is due, and notes when the next thing is.
    pub(in crate::sim) fn pass(&mut self, cluster: &Cluster, vault: &Vault, agenda: &mut Agenda) {
        while let Some((at, act)) = self.rest.front() {
            if !agenda.is_due(*at) {
                return;
            }
            carry(cluster, vault, agenda.now(), act);
            self.rest.pop_front();
        }
    }
}

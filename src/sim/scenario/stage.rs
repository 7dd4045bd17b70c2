//! The stage: clusters, their controllers, a story and its goals, on one clock.
//!
//! While the clock stands, `play` moves it from one thing to the next, so that an hour is over in
//! a moment and comes out the same each time. The servers of an estate take over from there.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::sim::clock::Clock;
use crate::sim::controllers::{Controllers, STEP};
use crate::sim::faults::Faults;
use crate::sim::seed;
use crate::sim::{CLUSTERS, Cluster, SimError};

use super::goals::{Goals, Records, Verdict};
use super::script::Script;
use super::{Inject, Scenario};

/// Simulated time between two looks at the goals.
const LOOK: SignedDuration = SignedDuration::from_secs(15);

/// One cluster on the stage.
pub(in crate::sim) struct Player {
    pub(in crate::sim) cluster: Cluster,
    pub(in crate::sim) controllers: Controllers,
}

/// Clusters that play a story together.
pub struct Stage {
    clock: Clock,
    began: Timestamp,
    looked: Timestamp,
    players: Vec<Player>,
    story: Option<(Scenario, Goals)>,
}

impl Stage {
    /// Sets the stage: the clusters of that name (all when none is named) as the story begins.
    ///
    /// # Errors
    /// Objects that cannot be made.
    pub fn set(
        scenario: Option<&Scenario>,
        only: &[String],
        faults: &Faults,
        seed: u64,
    ) -> Result<Stage, SimError> {
        let clock = faults.clock();
        let began = clock.now();
        let mut players = Vec::new();
        for name in CLUSTERS {
            if !only.is_empty() && !only.iter().any(|only| only == name) {
                continue;
            }
            let failed = |source| SimError::Seed {
                name: (*name).to_owned(),
                source: Box::new(source),
            };
            let mut cluster = Cluster::new(name, clock, seed).map_err(failed)?;
            cluster.base = scenario.map_or_else(Default::default, |scenario| scenario.base);
            cluster.faults = faults.clone();
            seed::fill(&cluster).map_err(failed)?;
            let mut controllers = Controllers::new(cluster.clone());
            if let Some(scenario) = scenario {
                controllers.follow(Script::new(scenario, name, began));
            }
            players.push(Player {
                cluster,
                controllers,
            });
        }
        let mut stage = Stage {
            clock: clock.clone(),
            began,
            looked: began,
            players,
            story: None,
        };
        if let Some(scenario) = scenario {
            let goals = Goals::new(scenario, &stage.clusters(), began);
            stage.story = Some((scenario.clone(), goals));
        }
        Ok(stage)
    }

    /// The clusters, in the order of [`CLUSTERS`].
    pub fn clusters(&self) -> Vec<&Cluster> {
        self.players.iter().map(|player| &player.cluster).collect()
    }

    /// The cluster of that name.
    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters().into_iter().find(|one| one.name == name)
    }

    /// How long the story has run.
    pub fn elapsed(&self) -> Duration {
        let length = self.clock.now().duration_since(self.began);
        Duration::try_from(length).unwrap_or_default()
    }

    /// Plays until that long after the beginning; the clock must stand.
    pub fn play_to(&mut self, until: Duration) {
        let end = SignedDuration::try_from(until).unwrap_or_default();
        let end = self.began.saturating_add(end).unwrap_or(self.began);
        loop {
            let next = self.pass().min(end);
            let now = self.clock.now();
            if now >= end {
                self.look(now);
                return;
            }
            let step = Duration::try_from(next.duration_since(now)).unwrap_or_default();
            let left = Duration::try_from(end.duration_since(now)).unwrap_or_default();
            self.clock.advance(step.max(STEP).min(left));
        }
    }

    /// Lets everything that is due happen, and says when the next thing is.
    fn pass(&mut self) -> Timestamp {
        let now = self.clock.now();
        let mut next = Timestamp::MAX;
        for player in &mut self.players {
            next = next.min(player.controllers.pass());
        }
        if now.duration_since(self.looked) >= LOOK {
            self.look(now);
        }
        next
    }

    /// Looks whether the goals hold.
    fn look(&mut self, now: Timestamp) {
        self.looked = now;
        if let Some((_, goals)) = &mut self.story {
            let clusters: Vec<&Cluster> = self.players.iter().map(|one| &one.cluster).collect();
            goals.look(&clusters, now);
        }
    }

    /// What people have been told so far.
    pub fn told(&self) -> Vec<&Inject> {
        let elapsed = self.elapsed();
        let all = self
            .story
            .iter()
            .flat_map(|(scenario, _)| &scenario.injects);
        all.filter(|inject| inject.at <= elapsed).collect()
    }

    /// The verdict on each goal; empty when there is no story.
    pub fn score(&self, records: &Records) -> Vec<Verdict> {
        let goals = self.story.as_ref().map(|(_, goals)| goals.score(records));
        goals.unwrap_or_default()
    }

    /// Hands over the clusters with their controllers, and the goals of the story.
    pub(in crate::sim) fn leave(self) -> (Vec<Player>, Option<(Scenario, Goals)>) {
        (self.players, self.story)
    }
}

//! What moves: the controllers of a simulated cluster, on its clock.
//!
//! Each file is one controller: a function that reads the store, writes what should change, and
//! tells the agenda when it wants to look again. They keep no state of their own but the
//! content of the backup stores and of the repository, so a store that was filled by hand is as good as one that grew.
//! To add one: a file here and a line in `Controllers::pass`.

pub(in crate::sim) mod budgets;
mod conditions;
pub(in crate::sim) mod deployments;
pub(in crate::sim) mod events;
mod flux;
pub(in crate::sim) mod kubelet;
mod nodes;
mod owners;
pub(in crate::sim) mod pods;
mod quantity;
mod replicasets;
mod scheduler;
pub(in crate::sim) mod selector;
mod statefulsets;
mod tree;
pub(in crate::sim) mod turn;
pub(in crate::sim) mod velero;
mod volumes;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::sim::Cluster;
use crate::sim::scenario::script::Script;
use crate::sim::store::Index;
use crate::sim::store::lifecycle;

use tree::Tree;

pub(in crate::sim) use velero::vault::Vault;

pub(in crate::sim) use owners::{controller, digest, owned, template_hash};

/// The prefix of annotations that tell the simulator what should go wrong.
pub(in crate::sim) const TROUBLE: &str = "sim.crashcart.test";

/// The least simulated time between two passes that nobody asks for.
pub(in crate::sim) const STEP: Duration = Duration::from_millis(50);
/// Seconds that a deletion is visible before what belonged to it follows.
const SWEEP: f64 = 0.5;

/// Rounds after which a pass ends even if controllers still write.
const MOST_ROUNDS: usize = 32;
/// Pods that sets make in one pass at most, as the real controller makes at once; more follow a second later.
const BURST: usize = 500;

/// What the controllers find by an index, because a cluster may have very many of it.
pub(in crate::sim) static INDEXES: [&Index; 2] = [&scheduler::UNBOUND, &kubelet::RESTLESS];

/// When the controllers of a cluster want to look at it again.
#[derive(Debug)]
pub(in crate::sim) struct Agenda {
    now: Timestamp,
    next: Timestamp,
    /// Pods that sets may still make in this pass.
    room: usize,
}

impl Agenda {
    fn new(now: Timestamp) -> Self {
        let next = after(now, 60.0);
        Self {
            now,
            next,
            room: BURST,
        }
    }

    /// The simulated time of this pass.
    pub(in crate::sim) fn now(&self) -> Timestamp {
        self.now
    }

    /// True when a set may make one more pod now; otherwise it is looked at again.
    pub(in crate::sim) fn has_room(&mut self) -> bool {
        if self.room == 0 {
            return self.is_due(after(self.now, 1.0));
        }
        self.room -= 1;
        true
    }

    /// True when `at` has come; otherwise it is noted as a time to look again.
    pub(in crate::sim) fn is_due(&mut self, at: Timestamp) -> bool {
        if at <= self.now {
            return true;
        }
        self.next = self.next.min(at);
        false
    }
}

/// The instant `seconds` after `at`.
pub(in crate::sim) fn after(at: Timestamp, seconds: f64) -> Timestamp {
    let length = SignedDuration::try_from_secs_f64(seconds).unwrap_or_default();
    at.saturating_add(length).unwrap_or(at)
}

/// The controllers of one cluster.
pub(in crate::sim) struct Controllers {
    cluster: Cluster,
    vault: Vault,
    tree: Tree,
    script: Script,
    /// The newest version when all controllers were content, and until when they are.
    content: Option<(u64, Timestamp)>,
    /// When they look next if nobody writes.
    due: Timestamp,
    /// The deletions that were followed up.
    swept: u64,
    /// When the deletions since then are followed up.
    sweep: Option<Timestamp>,
}

impl Controllers {
    /// Controllers that have not looked yet; backups that exist get their content now.
    pub(in crate::sim) fn new(mut cluster: Cluster) -> Self {
        // They must not hold themselves: the turn of the cluster is where they end up.
        cluster.turn = turn::Turn::default();
        let vault = Vault::new(cluster.clock.clone());
        velero::backups::fill_vault(&cluster, &vault);
        let tree = Tree::read(&cluster.store);
        Self {
            due: cluster.clock.now(),
            cluster,
            vault,
            tree,
            script: Script::default(),
            content: None,
            swept: 0,
            sweep: None,
        }
    }

    /// Gives the cluster a story to follow.
    pub(in crate::sim) fn follow(&mut self, script: Script) {
        self.script = script;
        self.content = None;
    }

    /// Lets the controllers do everything that is due until an instant, each thing at its time.
    fn catch_up(&mut self, until: Timestamp) {
        let clock = self.cluster.clock.clone();
        while self.due <= until {
            let due = self.due;
            clock.at(due, || self.pass());
        }
    }

    /// Lets the controllers look at an instant, because something was written then.
    fn look(&mut self, at: Timestamp) {
        self.due = self.due.min(at);
    }

    /// Whether someone wrote who did not wait for a turn.
    fn is_surprised(&self) -> bool {
        let seen = self.content.map(|(version, _)| version);
        seen != Some(self.cluster.store.rv())
    }

    /// Follows up what was deleted, half a second later.
    fn follow_up(&mut self, agenda: &mut Agenda) {
        let deletions = self.cluster.store.deletions();
        if deletions == self.swept {
            return;
        }
        let at = self.sweep.unwrap_or(after(agenda.now(), SWEEP));
        self.sweep = Some(at);
        if agenda.is_due(at) {
            self.swept = deletions;
            self.sweep = None;
            lifecycle::sweep(&self.cluster.store);
        }
    }

    /// Lets every controller look until none writes any more, and says when to look again.
    ///
    /// While nothing was written and nothing is due, only the nodes' leases are renewed: that is
    /// nearly all the time.
    pub(in crate::sim) fn pass(&mut self) -> Timestamp {
        let now = self.cluster.clock.now();
        let next = self.pass_at(now);
        self.due = next.max(now.saturating_add(STEP).unwrap_or(now));
        next
    }

    fn pass_at(&mut self, now: Timestamp) -> Timestamp {
        let store = self.cluster.store.clone();
        let store = &store;
        let mut leases = Agenda::new(now);
        if let Some((version, until)) = self.content
            && store.rv() == version
            && now < until
        {
            nodes::renew(store, &mut leases);
            self.content = Some((store.rv(), until));
            return leases.next.min(until);
        }
        let mut agenda = Agenda::new(now);
        self.follow_up(&mut agenda);
        self.script.pass(&self.cluster, &self.vault, &mut agenda);
        for _ in 0..MOST_ROUNDS {
            let before = *store.changed().borrow();
            velero::pass(&self.cluster, &self.vault, &mut agenda);
            flux::pass(store, &self.tree, &mut agenda);
            deployments::pass(store, &mut agenda);
            statefulsets::pass(store, &mut agenda);
            budgets::pass(store, &agenda);
            replicasets::pass(store, &mut agenda);
            volumes::pass(store, &mut agenda);
            scheduler::pass(store, &mut agenda);
            kubelet::pass(store, &mut agenda);
            nodes::pass(store, &mut agenda);
            events::forget(store, &mut agenda);
            if *store.changed().borrow() == before {
                break;
            }
        }
        // What they deleted themselves is followed up as well.
        self.follow_up(&mut agenda);
        nodes::renew(store, &mut leases);
        self.content = Some((store.rv(), agenda.next));
        agenda.next.min(leases.next)
    }
}

#[cfg(test)]
mod tests;

//! What moves: the controllers of a simulated cluster, on its clock.
//!
//! Each file is one controller: a function that reads the store, writes what should change, and
//! tells the agenda when it wants to look again. They keep no state of their own but the
//! content of the backup stores and of the repository, so a store that was filled by hand is as good as one that grew.
//! To add one: a file here and a line in `Controllers::pass`.

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
pub(in crate::sim) mod velero;
mod volumes;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::sim::Cluster;
use crate::sim::scenario::script::Script;

use tree::Tree;

pub(in crate::sim) use velero::vault::Vault;

pub(in crate::sim) use owners::{controller, digest, owned, template_hash};

/// The prefix of annotations that tell the simulator what should go wrong.
pub(in crate::sim) const TROUBLE: &str = "sim.crashcart.test";

/// Rounds after which a pass ends even if controllers still write.
const MOST_ROUNDS: usize = 32;

/// When the controllers of a cluster want to look at it again.
#[derive(Debug)]
pub(in crate::sim) struct Agenda {
    now: Timestamp,
    next: Timestamp,
}

impl Agenda {
    fn new(now: Timestamp) -> Self {
        let next = after(now, 60.0);
        Self { now, next }
    }

    /// The simulated time of this pass.
    pub(in crate::sim) fn now(&self) -> Timestamp {
        self.now
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
}

impl Controllers {
    /// Controllers that have not looked yet; backups that exist get their content now.
    pub(in crate::sim) fn new(cluster: Cluster) -> Self {
        let vault = Vault::new(cluster.clock.clone());
        velero::backups::fill_vault(&cluster, &vault);
        let tree = Tree::read(&cluster.store);
        Self {
            cluster,
            vault,
            tree,
            script: Script::default(),
            content: None,
        }
    }

    /// Gives the cluster a story to follow.
    pub(in crate::sim) fn follow(&mut self, script: Script) {
        self.script = script;
        self.content = None;
    }

    /// Lets every controller look until none writes any more, and says when to look again.
    ///
    /// While nothing was written and nothing is due, only the nodes' leases are renewed: that is
    /// nearly all the time.
    pub(in crate::sim) fn pass(&mut self) -> Timestamp {
        let store = &self.cluster.store;
        let now = self.cluster.clock.now();
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
        self.script.pass(&self.cluster, &self.vault, &mut agenda);
        for _ in 0..MOST_ROUNDS {
            let before = *store.changed().borrow();
            velero::pass(&self.cluster, &self.vault, &mut agenda);
            flux::pass(store, &self.tree, &mut agenda);
            deployments::pass(store, &mut agenda);
            statefulsets::pass(store);
            replicasets::pass(store);
            volumes::pass(store, &mut agenda);
            scheduler::pass(store, &mut agenda);
            kubelet::pass(store, &mut agenda);
            nodes::pass(store, &mut agenda);
            events::forget(store, &mut agenda);
            if *store.changed().borrow() == before {
                break;
            }
        }
        nodes::renew(store, &mut leases);
        self.content = Some((store.rv(), agenda.next));
        agenda.next.min(leases.next)
    }
}

/// Runs the controllers of a cluster and serves its backup store; never returns.
pub(in crate::sim) async fn run(mut controllers: Controllers) {
    let cluster = controllers.cluster.clone();
    let vault = controllers.vault.clone();
    let serve = velero::download::serve(vault);
    let turn = async {
        let mut changed = cluster.store.changed();
        loop {
            changed.borrow_and_update();
            let next = controllers.pass();
            let wait = next.duration_since(cluster.clock.now());
            // A floor keeps a late pass from spinning.
            let wait = Duration::try_from(wait).unwrap_or_default();
            let wait = wait.max(Duration::from_millis(50));
            tokio::select! {
                _ = changed.changed() => {}
                () = cluster.clock.wait(wait) => {}
            }
        }
    };
    tokio::join!(serve, turn);
}

#[cfg(test)]
mod tests;

//! Turns: the controllers of a cluster and its clients write one after the other, in the order of
//! simulated time.
//!
//! What is due before a client writes is done first, and at the time at which it was due; so what a
//! cluster goes through follows from its seed and from when its clients wrote, not from when the
//! host got round to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::sim::clock::Clock;

use super::{Controllers, velero};

/// Whose turn it is; a cluster without controllers has nobody to wait for.
#[derive(Clone, Default)]
pub(in crate::sim) struct Turn {
    controllers: Arc<Mutex<Option<Controllers>>>,
}

impl Turn {
    fn lock(&self) -> MutexGuard<'_, Option<Controllers>> {
        self.controllers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the cluster its controllers.
    pub(in crate::sim) fn give(&self, controllers: Controllers) {
        *self.lock() = Some(controllers);
    }

    /// Lets a client write now, after all that is due before.
    pub(in crate::sim) fn write<T>(&self, clock: &Clock, change: impl FnOnce() -> T) -> T {
        let mut turn = self.lock();
        let Some(controllers) = turn.as_mut() else {
            return change();
        };
        let now = clock.now();
        controllers.catch_up(now);
        let done = clock.at(now, change);
        controllers.look(now);
        done
    }

    /// Lets the controllers do what is due by now; the instant of the next thing.
    pub(in crate::sim) fn step(&self, clock: &Clock) -> Timestamp {
        let mut turn = self.lock();
        let now = clock.now();
        let Some(controllers) = turn.as_mut() else {
            return Timestamp::MAX;
        };
        controllers.catch_up(now);
        if controllers.is_surprised() {
            controllers.look(now);
            controllers.catch_up(now);
        }
        controllers.due
    }
}

/// Runs the controllers of a cluster and serves its backup store; never returns.
pub(in crate::sim) async fn run(controllers: Controllers, turn: Turn) {
    let clock = controllers.cluster.clock.clone();
    let store = controllers.cluster.store.clone();
    let serve = velero::download::serve(controllers.vault.clone());
    turn.give(controllers);
    let turns = async {
        let mut changed = store.changed();
        loop {
            changed.borrow_and_update();
            let wait = turn.step(&clock).duration_since(clock.now());
            tokio::select! {
                _ = changed.changed() => {}
                () = clock.wait(Duration::try_from(wait).unwrap_or_default()) => {}
            }
        }
    };
    tokio::join!(serve, turns);
}

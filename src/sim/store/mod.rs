//! The objects of one simulated cluster, with the manners of a real API server's storage.
//!
//! Here live uids, resource versions, generations, finalizers, deletion and the history that
//! watches read. Who may ask and how it is asked over HTTP is `api`'s business.
//!
//! Of a large kind most objects rest packed (`kept`, `table`): whoever concerns itself with a few of
//! them begins an [`Index`].

mod deletion;
mod dice;
mod history;
mod kept;
pub mod lifecycle;
pub mod meta;
mod object;
mod read;
mod refusal;
mod resource;
pub mod resources;
mod state;
mod table;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

pub use crate::sim::store::deletion::Preconditions;
pub use crate::sim::store::deletion::Propagation;
pub use crate::sim::store::dice::Dice;
pub use crate::sim::store::history::Batch;
pub use crate::sim::store::history::Change;
pub use crate::sim::store::history::Event;
pub use crate::sim::store::history::Subscription;
pub use crate::sim::store::kept::Kept;
pub use crate::sim::store::refusal::Refusal;
pub use crate::sim::store::resources::Resource;
pub use crate::sim::store::table::Index;

use crate::sim::clock::Clock;
use crate::sim::clock::seconds;
use crate::sim::store::state::State;
use crate::sim::store::state::key;
use crate::sim::store::state::slot;
use crate::sim::store::table::Slot;

/// The first resourceVersion; a real cluster is never at 1 either.
const FIRST_VERSION: u64 = 1000;

/// Namespaces that a real server refuses to delete.
const IMMORTAL: &[&str] = &["default", "kube-system", "kube-public"];

/// The objects of one cluster; clones share them.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

impl Store {
    /// An empty store; uids and generated names follow from the seed.
    pub fn new(clock: Clock, seed: u64) -> Store {
        let state = State::new(FIRST_VERSION, seed);
        Store {
            inner: Arc::new(Inner {
                clock,
                state: Mutex::new(state),
                changed: watch::Sender::new(FIRST_VERSION),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest resourceVersion.
    pub fn rv(&self) -> u64 {
        self.state().rv
    }

    /// The clock this store stamps its objects by.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Draws from the store's seeded random numbers; `draw` must not call the store.
    pub fn dice<T>(&self, draw: impl FnOnce(&mut Dice) -> T) -> T {
        draw(&mut self.state().dice)
    }

    /// Creates an object.
    ///
    /// # Errors
    /// 409 when the name is taken, 404 and 403 when the namespace is missing or going, 422 when
    /// the object has neither name nor generateName.
    pub fn create(
        &self,
        res: &'static Resource,
        ns: Option<&str>,
        object: Value,
    ) -> Result<Arc<Value>, Refusal> {
        self.try_create(res, ns, object, false)
    }

    /// Creates an object, or with `dry` only says what would be created.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn try_create(
        &self,
        res: &'static Resource,
        ns: Option<&str>,
        mut object: Value,
        dry: bool,
    ) -> Result<Arc<Value>, Refusal> {
        let mut state = self.state();
        state.namespace_takes(res, ns, meta::name(&object))?;
        // What is not written in the end must not change what comes later.
        let mut dice = if dry {
            state.dice.aside(meta::name(&object))
        } else {
            state.dice.clone()
        };
        object::complete(&mut object, res, ns, &self.inner.clock, &mut dice)?;
        let at = slot(ns, meta::name(&object));
        let table = state.tables.entry(key(res)).or_default();
        if table.get(&at).is_some() {
            return Err(Refusal::already_exists(res, &at.1));
        }
        if dry {
            return Ok(Arc::new(object));
        }
        state.dice = dice;
        Ok(self.write(&mut state, res, at, object, Change::Added))
    }

    /// Reads an object, changes it and writes it; no one can write in between.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub fn update(
        &self,
        res: &'static Resource,
        ns: Option<&str>,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<Arc<Value>, Refusal> {
        self.try_update(res, ns, name, false, |object| {
            change(object);
            Ok(())
        })
    }

    /// As [`Store::update`], but the change may refuse, and with `dry` nothing is written.
    /// `change` must not call the store.
    ///
    /// # Errors
    /// 404 when it does not exist, 409 when `metadata.resourceVersion` was set to another version,
    /// and whatever `change` refuses with.
    pub fn try_update(
        &self,
        res: &'static Resource,
        ns: Option<&str>,
        name: &str,
        dry: bool,
        change: impl FnOnce(&mut Value) -> Result<(), Refusal>,
    ) -> Result<Arc<Value>, Refusal> {
        let mut state = self.state();
        let at = slot(ns, name);
        let before = state.object(res, &at)?;
        let mut after = Value::clone(&before);
        change(&mut after)?;
        object::check_version(res, &before, &after)?;
        object::check_finalizers(res, &before, &after)?;
        object::keep(&before, &mut after, res);
        if after == *before {
            return Ok(before);
        }
        if dry {
            return Ok(Arc::new(after));
        }
        if meta::is_going(&after) && !meta::is_held(&after) && meta::is_held(&before) {
            // What was never stored is told by nobody: the last state is what watches see go.
            self.remove(&mut state, res, &at, Value::clone(&before));
            return Ok(Arc::new(after));
        }
        Ok(self.write(&mut state, res, at, after, Change::Modified))
    }

    /// Writes a whole object in place of another.
    ///
    /// # Errors
    /// 404 when it does not exist, 409 when its `metadata.resourceVersion` is not the newest.
    pub fn replace(
        &self,
        res: &'static Resource,
        ns: Option<&str>,
        name: &str,
        object: Value,
    ) -> Result<Arc<Value>, Refusal> {
        self.try_update(res, ns, name, false, |old| {
            *old = object;
            Ok(())
        })
    }

    /// Deletes an object, or marks it as going when a finalizer or a pod's grace holds it.
    ///
    /// # Errors
    /// 404 when it does not exist, 409 when a precondition does not hold, 403 for a namespace
    /// that a real server keeps.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "conditions are made for one deletion"
    )]
    pub fn delete(
        &self,
        res: &'static Resource,
        ns: Option<&str>,
        name: &str,
        conditions: Preconditions,
    ) -> Result<Arc<Value>, Refusal> {
        let mut state = self.state();
        let at = slot(ns, name);
        let object = state.object(res, &at)?;
        object::check_conditions(res, &object, &conditions)?;
        if key(res) == key(&resources::NAMESPACES) && IMMORTAL.contains(&name) {
            return Err(Refusal::forbidden(
                res,
                name,
                "this namespace may not be deleted",
            ));
        }
        let mut going = Value::clone(&object);
        let waits = object::mark_going(
            &mut going,
            res,
            &conditions,
            &seconds(self.inner.clock.now()),
        );
        if !waits {
            return Ok(self.remove(&mut state, res, &at, going));
        }
        if going == *object {
            return Ok(object);
        }
        state.deletions += 1;
        Ok(self.write(&mut state, res, at, going, Change::Modified))
    }

    /// Reads changes of a resource after a version; 0 means from now on.
    ///
    /// # Errors
    /// 410 `Expired` when changes since then are forgotten.
    pub fn subscribe(&self, res: &'static Resource, since: u64) -> Result<Subscription, Refusal> {
        let start = if since == 0 { self.rv() } else { since };
        self.changes(res, start)?;
        Ok(Subscription::new(self.clone(), res, start))
    }

    /// Tells of every write: the value is the newest resourceVersion.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Forgets the history of all resources, as a compaction does: older watches get 410.
    pub fn compact(&self) {
        let mut state = self.state();
        let rv = state.rv;
        for res in resources::ALL {
            state.histories.entry(key(res)).or_default().forget(rv);
        }
    }

    fn changes(&self, res: &'static Resource, since: u64) -> Result<(Vec<Event>, u64), Refusal> {
        let state = self.state();
        let rv = state.rv;
        let Some(history) = state.histories.get(&key(res)) else {
            return Ok((Vec::new(), rv.max(since)));
        };
        match history.after(since) {
            Some(events) => Ok((events, rv.max(since))),
            None => Err(Refusal::expired(format!(
                "too old resource version: {since} ({rv})"
            ))),
        }
    }

    /// True when every change of a resource since that version is still known.
    pub fn remembers(&self, res: &'static Resource, since: u64) -> bool {
        self.changes(res, since).is_ok()
    }

    pub(in crate::sim) fn deletions(&self) -> u64 {
        self.state().deletions
    }

    /// Stores the object under the next version and tells the readers.
    fn write(
        &self,
        state: &mut State,
        res: &'static Resource,
        at: Slot,
        mut object: Value,
        change: Change,
    ) -> Arc<Value> {
        let rv = state.advance(&mut object);
        let object = Arc::new(object);
        let kept = Arc::new(Kept::new(res, Arc::clone(&object)));
        let table = state.tables.entry(key(res)).or_default();
        let before = table.insert(at, &kept);
        self.tell(state, res, rv, change, kept, before);
        object
    }

    fn remove(
        &self,
        state: &mut State,
        res: &'static Resource,
        at: &Slot,
        mut object: Value,
    ) -> Arc<Value> {
        let rv = state.advance(&mut object);
        let object = Arc::new(object);
        let kept = Arc::new(Kept::new(res, Arc::clone(&object)));
        let before = state
            .tables
            .get_mut(&key(res))
            .and_then(|table| table.remove(at));
        state.deletions += 1;
        self.tell(state, res, rv, Change::Deleted, kept, before);
        object
    }

    fn tell(
        &self,
        state: &mut State,
        res: &'static Resource,
        rv: u64,
        change: Change,
        object: Arc<Kept>,
        before: Option<Arc<Kept>>,
    ) {
        state.histories.entry(key(res)).or_default().push(Event {
            rv,
            change,
            object,
            before,
        });
        self.inner.changed.send_replace(rv);
    }
}

#[cfg(test)]
mod tests;

//! What changed since: a bounded history per resource, and subscriptions that read it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;

use crate::sim::store::Kept;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::Store;
use crate::sim::store::meta;
use crate::sim::store::state::key;
use crate::sim::store::state::slot;

/// How many changes of one resource are kept; who asks for older ones must list again.
const KEPT: usize = 4096;

/// How many of the newest changes keep what they replaced open: watches with a selector look at it.
const FRESH: usize = 256;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It was written again.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change, at one resourceVersion.
#[derive(Clone, Debug)]
pub struct Event {
    /// The resourceVersion of the change.
    pub rv: u64,
    /// What happened.
    pub change: Change,
    /// The object after the change; for a deletion its last state with the deletion's version.
    pub object: Arc<Kept>,
    /// The object before the change, if there was one.
    pub before: Option<Arc<Kept>>,
}

impl Event {
    /// Packs the versions of which this event knows that nobody but history keeps them.
    fn rest(&self) {
        if let Some(before) = &self.before {
            before.pack();
        }
        if self.change == Change::Deleted {
            self.object.pack();
        }
    }
}

/// Changes seen by a subscription in one go.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The changes, oldest first; never empty.
    pub events: Vec<Event>,
    /// Everything up to this resourceVersion has been seen.
    pub rv: u64,
}

/// The last changes of one resource.
#[derive(Debug, Default)]
pub(super) struct History {
    events: VecDeque<Event>,
    /// Changes at or below this version are forgotten.
    floor: u64,
}

impl History {
    pub(super) fn push(&mut self, event: Event) {
        self.events.push_back(event);
        let stale = self.events.len().checked_sub(FRESH + 1);
        if let Some(stale) = stale.and_then(|at| self.events.get(at)) {
            stale.rest();
        }
        while self.events.len() > KEPT {
            if let Some(old) = self.events.pop_front() {
                self.floor = old.rv;
            }
        }
    }

    /// The changes after `since`; `None` when some of them are forgotten.
    pub(super) fn after(&self, since: u64) -> Option<Vec<Event>> {
        if since < self.floor {
            return None;
        }
        let start = self.events.partition_point(|event| event.rv <= since);
        Some(self.events.iter().skip(start).cloned().collect())
    }

    pub(super) fn forget(&mut self, upto: u64) {
        self.events.clear();
        self.floor = upto;
    }
}

impl Store {
    /// The objects as they stood at an earlier version.
    ///
    /// # Errors
    /// 410 `Expired` when what changed since then is forgotten.
    pub fn list_at(
        &self,
        res: &'static Resource,
        ns: Option<&str>,
        rv: u64,
    ) -> Result<Vec<Arc<Kept>>, Refusal> {
        let state = self.state();
        let history = state.histories.get(&key(res));
        let since = history.map_or_else(|| Some(Vec::new()), |history| history.after(rv));
        let since = since.ok_or_else(|| {
            Refusal::expired("The resourceVersion for the provided list is too old.")
        })?;
        let table = state.tables.get(&key(res));
        let mut objects = table.map_or_else(BTreeMap::new, |table| table.objects().clone());
        for event in since.into_iter().rev() {
            let object = event.object.open();
            let at = slot(Some(meta::namespace(&object)), meta::name(&object));
            match event.before {
                Some(before) => objects.insert(at, before),
                None => objects.remove(&at),
            };
        }
        objects.retain(|(space, _), _| ns.is_none_or(|ns| ns == space));
        Ok(objects.into_values().collect())
    }
}

/// A reader of the changes of one resource, from a given version on.
#[derive(Debug)]
pub struct Subscription {
    store: Store,
    res: &'static Resource,
    cursor: u64,
    changed: watch::Receiver<u64>,
}

impl Subscription {
    pub(super) fn new(store: Store, res: &'static Resource, cursor: u64) -> Subscription {
        let changed = store.changed();
        Subscription {
            store,
            res,
            cursor,
            changed,
        }
    }

    /// Everything up to this resourceVersion has been handed out.
    pub fn rv(&self) -> u64 {
        self.cursor
    }

    /// Waits for the next changes; dropping the future loses nothing.
    ///
    /// # Errors
    /// 410 `Expired` when the reader was so slow that changes were forgotten.
    pub async fn next(&mut self) -> Result<Batch, Refusal> {
        loop {
            self.changed.mark_unchanged();
            let (events, rv) = self.store.changes(self.res, self.cursor)?;
            self.cursor = rv;
            if !events.is_empty() {
                return Ok(Batch { events, rv });
            }
            if self.changed.changed().await.is_err() {
                return Err(Refusal::new(500, "InternalError", "the store is closed"));
            }
        }
    }
}

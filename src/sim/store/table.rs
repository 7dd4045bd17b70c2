//! The objects of one kind, by namespace and name, and the indexes over them.
//!
//! A kind of few objects is kept open as a whole. Of a larger one only what was written last is open;
//! the rest is packed, and controllers find what concerns them by an index instead of reading all of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use crate::sim::store::Kept;
use crate::sim::store::Resource;

/// How many objects of one kind are kept open.
pub(super) const OPEN: usize = 2048;

/// Where an object stands: its namespace, empty for a cluster-wide one, and its name.
pub(super) type Slot = (String, String);

/// Those objects of a kind for which something holds; answered when an object is written, not when it is asked.
#[derive(Debug)]
pub struct Index {
    /// The kind.
    pub res: &'static Resource,
    /// Whether the index has the object. It must follow from the object alone.
    pub takes: fn(&Value) -> bool,
}

/// The objects of one kind.
#[derive(Debug, Default)]
pub(super) struct Table {
    objects: BTreeMap<Slot, Arc<Kept>>,
    /// What was written last, the newest at the end.
    written: VecDeque<Arc<Kept>>,
    indexes: Vec<(&'static Index, BTreeSet<Slot>)>,
}

impl Table {
    pub(super) fn get(&self, at: &Slot) -> Option<&Arc<Kept>> {
        self.objects.get(at)
    }

    /// All objects as they stand, for a look at another time.
    pub(super) fn objects(&self) -> &BTreeMap<Slot, Arc<Kept>> {
        &self.objects
    }

    /// The objects of a namespace, or of all.
    pub(super) fn list(&self, ns: Option<&str>) -> Vec<Arc<Kept>> {
        match ns {
            None => self.objects.values().cloned().collect(),
            Some(ns) => self
                .objects
                .range((ns.to_owned(), String::new())..)
                .take_while(|((namespace, _), _)| namespace == ns)
                .map(|(_, kept)| Arc::clone(kept))
                .collect(),
        }
    }

    /// Puts a version in its place; what stood there is returned.
    pub(super) fn insert(&mut self, at: Slot, kept: &Arc<Kept>) -> Option<Arc<Kept>> {
        if !self.indexes.is_empty() {
            let object = kept.open();
            for (index, members) in &mut self.indexes {
                if (index.takes)(&object) {
                    members.insert(at.clone());
                } else {
                    members.remove(&at);
                }
            }
        }
        let before = self.objects.insert(at, Arc::clone(kept));
        self.warm(kept);
        before
    }

    /// Takes an object out.
    pub(super) fn remove(&mut self, at: &Slot) -> Option<Arc<Kept>> {
        for (_, members) in &mut self.indexes {
            members.remove(at);
        }
        self.objects.remove(at)
    }

    /// Begins an index, unless it is kept already.
    pub(super) fn begin(&mut self, index: &'static Index) {
        if self.members(index).is_some() {
            return;
        }
        let taken = self.objects.iter();
        let taken = taken.filter(|(_, kept)| (index.takes)(&kept.open()));
        let members = taken.map(|(at, _)| at.clone()).collect();
        self.indexes.push((index, members));
    }

    /// The objects of an index that was begun, by namespace and name.
    pub(super) fn those(&self, index: &'static Index) -> Vec<Arc<Kept>> {
        let members = self.members(index).into_iter().flatten();
        members
            .filter_map(|at| self.objects.get(at))
            .cloned()
            .collect()
    }

    fn members(&self, index: &'static Index) -> Option<&BTreeSet<Slot>> {
        let mut all = self.indexes.iter();
        let found = all.find(|(known, _)| std::ptr::eq(*known, index));
        found.map(|(_, members)| members)
    }

    /// Counts a version among the last written; in a large table the oldest of them is packed.
    fn warm(&mut self, kept: &Arc<Kept>) {
        self.written.push_back(Arc::clone(kept));
        if self.written.len() > OPEN
            && let Some(old) = self.written.pop_front()
            && self.objects.len() > OPEN
        {
            old.pack();
        }
    }
}

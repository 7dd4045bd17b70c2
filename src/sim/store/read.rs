//! What is read of a store: one object, all of them, or those for which something holds.

use std::sync::Arc;

use serde_json::Value;

use crate::sim::store::Index;
use crate::sim::store::Kept;
use crate::sim::store::Resource;
use crate::sim::store::Store;
use crate::sim::store::state::key;
use crate::sim::store::state::slot;

impl Store {
    /// The object of that name.
    pub fn get(&self, res: &'static Resource, ns: Option<&str>, name: &str) -> Option<Arc<Value>> {
        self.state().object(res, &slot(ns, name)).ok()
    }

    /// All objects of a namespace, or of all namespaces, by namespace and name, with the
    /// resourceVersion of the list. Of a kind that may have many objects rather ask
    /// [`Store::those`], [`Store::select`] or [`Store::kept`]: this opens every one.
    pub fn list(&self, res: &'static Resource, ns: Option<&str>) -> (Vec<Arc<Value>>, u64) {
        let (items, rv) = self.kept(res, ns);
        (items.iter().map(|kept| kept.open()).collect(), rv)
    }

    /// As [`Store::list`], but the objects stay in the form in which they are kept.
    pub fn kept(&self, res: &'static Resource, ns: Option<&str>) -> (Vec<Arc<Kept>>, u64) {
        let state = self.state();
        let table = state.tables.get(&key(res));
        (table.map(|t| t.list(ns)).unwrap_or_default(), state.rv)
    }

    /// The objects of a namespace, or of all, that are wanted; every one is looked at, one at a time.
    pub fn select(
        &self,
        res: &'static Resource,
        ns: Option<&str>,
        wanted: impl Fn(&Value) -> bool,
    ) -> Vec<Arc<Value>> {
        let (items, _) = self.kept(res, ns);
        let opened = items.iter().map(|kept| kept.open());
        opened.filter(|object| wanted(object)).collect()
    }

    /// The objects of an index, by namespace and name. It is kept from the first time it is asked for.
    pub fn those(&self, index: &'static Index) -> Vec<Arc<Kept>> {
        let mut state = self.state();
        let table = state.tables.entry(key(index.res)).or_default();
        table.begin(index);
        table.those(index)
    }

    /// Keeps indexes from now on; while there are few objects that costs nothing.
    pub fn begin(&self, indexes: &[&'static Index]) {
        let mut state = self.state();
        for index in indexes {
            let table = state.tables.entry(key(index.res)).or_default();
            table.begin(index);
        }
    }
}

//! What a store holds behind its lock.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::sim::store::Dice;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::history::History;
use crate::sim::store::meta;
use crate::sim::store::object;
use crate::sim::store::resources;
use crate::sim::store::table::Slot;
use crate::sim::store::table::Table;

type Key = (&'static str, &'static str);

#[derive(Debug)]
pub(super) struct State {
    pub(super) rv: u64,
    /// Counts deletions begun and ended, so that the sweep knows when it has work.
    pub(super) deletions: u64,
    pub(super) dice: Dice,
    pub(super) tables: HashMap<Key, Table>,
    pub(super) histories: HashMap<Key, History>,
}

pub(super) fn key(res: &Resource) -> Key {
    (res.group, res.plural)
}

pub(super) fn slot(ns: Option<&str>, name: &str) -> Slot {
    (ns.unwrap_or("").to_owned(), name.to_owned())
}

impl State {
    /// No objects; uids and generated names follow from the seed.
    pub(super) fn new(rv: u64, seed: u64) -> State {
        State {
            rv,
            deletions: 0,
            dice: Dice::new(seed),
            tables: HashMap::new(),
            histories: HashMap::new(),
        }
    }

    /// Counts a version up and writes it into the object.
    pub(super) fn advance(&mut self, object: &mut Value) -> u64 {
        self.rv += 1;
        meta::set(object, "resourceVersion", self.rv.to_string().into());
        self.rv
    }

    /// The object in a place; 404 when there is none.
    pub(super) fn object(&self, res: &Resource, at: &Slot) -> Result<Arc<Value>, Refusal> {
        let table = self.tables.get(&key(res));
        let kept = table.and_then(|table| table.get(at));
        kept.map(|kept| kept.open())
            .ok_or_else(|| Refusal::not_found(res, &at.1))
    }

    /// Whether the namespace exists and still takes new objects.
    pub(super) fn namespace_takes(
        &self,
        res: &Resource,
        ns: Option<&str>,
        name: &str,
    ) -> Result<(), Refusal> {
        let Some(ns) = ns else { return Ok(()) };
        let namespace = self
            .tables
            .get(&key(&resources::NAMESPACES))
            .and_then(|table| table.get(&slot(None, ns)))
            .ok_or_else(|| Refusal::not_found(&resources::NAMESPACES, ns))?;
        if namespace.is_going() {
            return Err(object::refuse_terminating(res, ns, name));
        }
        Ok(())
    }
}

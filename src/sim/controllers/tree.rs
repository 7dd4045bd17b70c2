//! What the repository holds, and how Flux puts it back: the objects of a revision.
//!
//! The first revision is what the Kustomizations keep when the controllers start, as far as nobody
//! set it by hand. A later one lacks the objects that the repository's annotation
//! `sim.crashcart.test/left` names, ids with commas between them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::sim::api::apply;
use crate::sim::api::managed::Writer;
use crate::sim::clock::seconds;
use crate::sim::store::resources::{self, KUSTOMIZATIONS};
use crate::sim::store::{Preconditions, Refusal, Resource, Store, meta};

use super::TROUBLE;

/// The field manager of Flux.
const MANAGER: &str = "kustomize-controller";
/// Annotations that others than the repository write: how they begin.
const OTHERS: [&str; 3] = [
    TROUBLE,
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/",
];

/// The objects of the repository, by path and by the id that Flux gives them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    paths: BTreeMap<String, BTreeMap<String, Value>>,
}

/// What one reconcile did.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Applied {
    /// What was made, set back or deleted, one line each.
    pub(super) changes: Vec<String>,
    /// The ids that the Kustomization keeps now.
    pub(super) kept: Vec<String>,
}

impl Tree {
    /// Reads the repository off the objects that are kept now.
    pub(super) fn read(store: &Store) -> Tree {
        let mut tree = Tree::default();
        for one in store.list(&KUSTOMIZATIONS, None).0 {
            let path = tree.paths.entry(meta::text(&one, "/spec/path").to_owned());
            let objects = path.or_default();
            for id in ids(&one) {
                let found = Place::of(&id).and_then(|place| place.find(store));
                if let Some(object) = found {
                    objects.insert(id, manifest(&object));
                }
            }
        }
        tree
    }

    /// Puts back what differs from the repository, makes what is missing, and deletes what has left it.
    ///
    /// # Errors
    /// The sentence about the first object that the server refuses.
    pub(super) fn apply(
        &self,
        store: &Store,
        now: Timestamp,
        one: &Value,
        left: &[String],
    ) -> Result<Applied, String> {
        let mut done = Applied::default();
        let path = meta::text(one, "/spec/path");
        let Some(objects) = self.paths.get(path) else {
            return Err(format!(
                "kustomization path not found: stat {path}: no such file or directory"
            ));
        };
        for (id, wanted) in objects.iter().filter(|(id, _)| !left.contains(id)) {
            let Some(place) = Place::of(id) else {
                continue;
            };
            if let Some(word) = place.put(store, now, wanted)? {
                done.changes.push(format!("{place} {word}"));
            }
            done.kept.push(id.clone());
        }
        let mut rest = ids(one);
        rest.retain(|id| !done.kept.contains(id));
        for id in rest {
            let known = self.paths.values().any(|objects| objects.contains_key(&id));
            let place = Place::of(&id).filter(|_| known || left.contains(&id));
            match place {
                Some(place) if one["spec"]["prune"] == true => {
                    let gone = place.remove(store);
                    done.changes
                        .extend(gone.then(|| format!("{place} deleted")));
                }
                Some(_) => {}
                // What nobody knows anything of is kept as it is.
                None => done.kept.push(id),
            }
        }
        done.kept.sort_unstable();
        Ok(done)
    }
}

/// The ids of what a Kustomization keeps.
pub(super) fn ids(one: &Value) -> Vec<String> {
    let entries = meta::list(one, "/status/inventory/entries").iter();
    let ids = entries.filter_map(|entry| entry["id"].as_str());
    ids.map(str::to_owned).collect()
}

/// Where an object of the repository lives.
struct Place {
    res: &'static Resource,
    space: Option<String>,
    name: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/", self.res.kind)?;
        if let Some(space) = &self.space {
            write!(out, "{space}/")?;
        }
        write!(out, "{}", self.name)
    }
}

impl Place {
    /// The place of an id such as `ehr_ehr-api_apps_Deployment`; none when it is not served.
    fn of(id: &str) -> Option<Place> {
        let parts: Vec<&str> = id.split('_').collect();
        let [space, name, group, kind] = parts.as_slice() else {
            return None;
        };
        Some(Place {
            res: resources::by_kind(group, kind)?,
            space: (!space.is_empty()).then(|| (*space).to_owned()),
            name: (*name).to_owned(),
        })
    }

    fn find(&self, store: &Store) -> Option<Value> {
        let found = store.get(self.res, self.space.as_deref(), &self.name)?;
        Some(Value::clone(&found))
    }

    fn remove(&self, store: &Store) -> bool {
        let (space, now) = (self.space.as_deref(), Preconditions::now());
        store.delete(self.res, space, &self.name, now).is_ok()
    }

    /// Makes an object as it is wanted; the word for what that took, none when it was so already.
    fn put(
        &self,
        store: &Store,
        now: Timestamp,
        wanted: &Value,
    ) -> Result<Option<&'static str>, String> {
        let writer = Writer {
            manager: MANAGER.to_owned(),
            operation: "Apply",
            sub: String::new(),
            time: seconds(now),
        };
        let refused = |refusal: Refusal| match refusal.code {
            404 => format!("{self} not found: {refusal}"),
            _ => format!("{self} dry-run failed ({}): {refusal}", refusal.reason),
        };
        let space = self.space.as_deref();
        let Some(there) = self.find(store) else {
            let mut fresh = wanted.clone();
            apply::begin(wanted, &mut fresh, self.res, &writer);
            store.create(self.res, space, fresh).map_err(refused)?;
            return Ok(Some("created"));
        };
        if meta::is_going(&there) {
            return Ok(None);
        }
        let mut set = there.clone();
        apply::apply(&mut set, wanted, self.res, &writer, true).map_err(refused)?;
        if plain(&set) == plain(&there) {
            return Ok(None);
        }
        let written = store.update(self.res, space, &self.name, |value| *value = set);
        written.map_err(refused).map(|_| Some("configured"))
    }
}

/// An object without who set what in it.
fn plain(object: &Value) -> Value {
    let mut plain = object.clone();
    if let Some(metadata) = plain["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    plain
}

/// What the repository says of an object: all that neither the cluster nor a hand has set.
fn manifest(object: &Value) -> Value {
    let mut said = object.clone();
    for entry in meta::list(object, "/metadata/managedFields") {
        if entry["manager"] != MANAGER {
            without(&mut said, &entry["fieldsV1"]);
        }
    }
    let old = &object["metadata"];
    let mut metadata = json!({"name": old["name"]});
    for field in ["namespace", "labels"] {
        if !old[field].is_null() {
            metadata[field] = old[field].clone();
        }
    }
    let annotations: Map<String, Value> = old["annotations"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !OTHERS.iter().any(|start| key.starts_with(start)))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !annotations.is_empty() {
        metadata["annotations"] = annotations.into();
    }
    said["metadata"] = metadata;
    if let Some(map) = said.as_object_mut() {
        map.remove("status");
    }
    said
}

/// Takes out of an object the fields that someone owns.
fn without(object: &mut Value, owned: &Value) {
    for (key, inner) in owned.as_object().into_iter().flatten() {
        let Some(field) = key.strip_prefix("f:") else {
            continue;
        };
        let leaf = inner.as_object().is_none_or(Map::is_empty);
        match object.get_mut(field) {
            Some(_) if leaf => {
                object.as_object_mut().map(|map| map.remove(field));
            }
            Some(value) => without(value, inner),
            None => {}
        }
    }
}

//! What happens after a deletion: namespaces are emptied, dependents follow their owners.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::sim::store::Kept;
use crate::sim::store::Preconditions;
use crate::sim::store::Resource;
use crate::sim::store::Store;
use crate::sim::store::meta;
use crate::sim::store::resources;

/// How long a deletion is visible before the sweep comes.
const PAUSE: Duration = Duration::from_millis(500);

/// Sweeps after every deletion, for as long as the store lives; for a cluster that has no controllers.
pub async fn run(store: Store) {
    let mut changed = store.changed();
    let mut seen = 0;
    loop {
        changed.mark_unchanged();
        let deletions = store.deletions();
        if deletions == seen {
            if changed.changed().await.is_err() {
                return;
            }
            continue;
        }
        seen = deletions;
        store.clock().wait(PAUSE).await;
        sweep(&store);
    }
}

/// Empties namespaces that are going and collects what has lost its owner.
pub fn sweep(store: &Store) {
    collect(store);
    for namespace in store.list(&resources::NAMESPACES, None).0 {
        if meta::is_going(&namespace) {
            empty(store, meta::name(&namespace));
        }
    }
}

fn empty(store: &Store, ns: &str) {
    let mut left = false;
    for res in resources::ALL.iter().copied().filter(|res| res.namespaced) {
        for kept in store.kept(res, Some(ns)).0 {
            let object = kept.open();
            let name = meta::name(&object);
            // A refusal means that it is gone already.
            let _ = store.delete(res, Some(ns), name, Preconditions::now());
            left |= store.get(res, Some(ns), name).is_some();
        }
    }
    if !left {
        let _ = store.update(&resources::NAMESPACES, None, ns, |namespace| {
            namespace["spec"]["finalizers"] = json!([]);
        });
    }
}

fn everything(store: &Store) -> Vec<(&'static Resource, Arc<Kept>)> {
    resources::ALL
        .iter()
        .copied()
        .flat_map(|res| store.kept(res, None).0.into_iter().map(move |o| (res, o)))
        .collect()
}

fn collect(store: &Store) {
    let all = everything(store);
    let alive: HashSet<&str> = all.iter().map(|(_, kept)| kept.uid()).collect();
    for (res, kept) in &all {
        let owners = kept.owners();
        if !owners.is_empty() && !owners.iter().any(|owner| alive.contains(&**owner)) {
            remove(store, res, &kept.open(), Preconditions::now());
        }
    }
    for (res, kept) in all.iter().filter(|(_, kept)| kept.is_going()) {
        let owner = kept.open();
        let finalizers = meta::list(&owner, "/metadata/finalizers");
        let dependents = all
            .iter()
            .filter(|(_, object)| object.owners().iter().any(|uid| **uid == *kept.uid()));
        if finalizers.contains(&json!("orphan")) {
            dependents.for_each(|(res, object)| disown(store, res, &object.open(), kept.uid()));
            release(store, res, &owner, "orphan");
        } else if finalizers.contains(&json!("foregroundDeletion")) {
            dependents.for_each(|(res, object)| {
                remove(store, res, &object.open(), Preconditions::now());
            });
            release(store, res, &owner, "foregroundDeletion");
        }
    }
}

fn place(object: &Value) -> Option<&str> {
    Some(meta::namespace(object)).filter(|ns| !ns.is_empty())
}

fn remove(store: &Store, res: &'static Resource, object: &Value, mut conditions: Preconditions) {
    conditions.uid = Some(meta::uid(object).to_owned());
    // A refusal means that it is gone already.
    let _ = store.delete(res, place(object), meta::name(object), conditions);
}

fn disown(store: &Store, res: &'static Resource, object: &Value, owner: &str) {
    let _ = store.update(res, place(object), meta::name(object), |object| {
        let kept: Vec<Value> = meta::list(object, "/metadata/ownerReferences")
            .iter()
            .filter(|reference| meta::text(reference, "/uid") != owner)
            .cloned()
            .collect();
        meta::set(object, "ownerReferences", kept.into());
    });
}

fn release(store: &Store, res: &'static Resource, owner: &Value, finalizer: &str) {
    let _ = store.update(res, place(owner), meta::name(owner), |object| {
        let kept: Vec<Value> = meta::list(object, "/metadata/finalizers")
            .iter()
            .filter(|held| *held != finalizer)
            .cloned()
            .collect();
        meta::set(object, "finalizers", kept.into());
    });
}

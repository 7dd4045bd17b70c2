//! Replica sets: as many pods as asked for, no more.

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::store::resources::{PODS, REPLICASETS};
use crate::sim::store::{Store, meta};

use super::{Agenda, conditions, owners, pods};

/// Makes missing pods, deletes those too many, and counts the rest.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    let (sets, _) = store.list(&REPLICASETS, None);
    for set in sets {
        if !meta::is_going(&set) {
            sync(store, agenda, &set);
        }
    }
}

fn sync(store: &Store, agenda: &mut Agenda, set: &Value) {
    let space = Some(meta::namespace(set));
    let wanted = usize::try_from(set["spec"]["replicas"].as_i64().unwrap_or(1)).unwrap_or(0);
    let mut mine: Vec<Arc<Value>> = owners::claimed(store, &PODS, set)
        .into_iter()
        .filter(|pod| !meta::is_going(pod) && !pods::is_over(pod))
        .collect();
    // Those that are ready longest stay; the order decides who goes.
    mine.sort_by_key(|pod| {
        let ready = conditions::status(pod, "Ready") == "True";
        let age = meta::text(pod, "/metadata/creationTimestamp").to_owned();
        (Reverse(ready), age, meta::name(pod).to_owned())
    });
    while mine.len() < wanted && agenda.has_room() {
        let pod = pods::from_template(set, None);
        match store.create(&PODS, space, pod) {
            Ok(pod) => mine.push(pod),
            Err(_) => break,
        }
    }
    for pod in mine.drain(wanted.min(mine.len())..) {
        pods::stop(store, &pod);
    }
    let ready = mine
        .iter()
        .filter(|p| conditions::status(p, "Ready") == "True");
    let ready = i64::try_from(ready.count()).unwrap_or(0);
    let total = i64::try_from(mine.len()).unwrap_or(0);
    let write = |value: &mut Value| {
        value["status"]["observedGeneration"] = value["metadata"]["generation"].clone();
        value["status"]["replicas"] = json!(total);
        let counts = [
            ("fullyLabeledReplicas", total),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
        ];
        pods::counts(value, &counts);
    };
    let _ = store.update(&REPLICASETS, space, meta::name(set), write);
}

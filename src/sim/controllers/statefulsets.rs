//! Stateful sets: pods with numbers instead of random names.

use serde_json::{Value, json};

use crate::sim::store::resources::{PODS, STATEFULSETS};
use crate::sim::store::{Store, meta};

use super::{conditions, owners, pods};

/// Makes missing pods in order, stops those too many, and counts the rest.
pub(super) fn pass(store: &Store) {
    let (sets, _) = store.list(&STATEFULSETS, None);
    for set in sets {
        if !meta::is_going(&set) {
            sync(store, &set);
        }
    }
}

fn sync(store: &Store, set: &Value) {
    let space = Some(meta::namespace(set));
    let wanted = set["spec"]["replicas"].as_i64().unwrap_or(1);
    let mine = owners::claimed(store, &PODS, set);
    for number in 0..wanted {
        let name = format!("{}-{number}", meta::name(set));
        if store.get(&PODS, space, &name).is_none() {
            let mut pod = pods::from_template(set, Some(&name));
            pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = json!(name);
            pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = json!(number.to_string());
            let _ = store.create(&PODS, space, pod);
        }
    }
    let number = |pod: &Value| {
        let last = meta::name(pod).rsplit('-').next();
        last.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0)
    };
    let mut ready = 0;
    for pod in &mine {
        if number(pod) >= wanted {
            pods::stop(store, pod);
        } else if conditions::status(pod, "Ready") == "True" {
            ready += 1;
        }
    }
    let revision = format!(
        "{}-{}",
        meta::name(set),
        owners::template_hash(&set["spec"]["template"])
    );
    let total = i64::try_from(mine.len()).unwrap_or(0).min(wanted);
    let write = |value: &mut Value| {
        value["status"]["observedGeneration"] = value["metadata"]["generation"].clone();
        value["status"]["replicas"] = json!(total);
        value["status"]["currentRevision"] = json!(revision);
        value["status"]["updateRevision"] = json!(revision);
        value["status"]["availableReplicas"] = json!(ready);
        let counts = [
            ("readyReplicas", ready),
            ("currentReplicas", total),
            ("updatedReplicas", total),
        ];
        pods::counts(value, &counts);
    };
    let _ = store.update(&STATEFULSETS, space, meta::name(set), write);
}

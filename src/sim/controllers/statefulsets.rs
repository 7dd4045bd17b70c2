//! Stateful sets: pods with numbers instead of random names.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::store::resources::{PODS, STATEFULSETS};
use crate::sim::store::{Preconditions, Store, meta};

use super::{Agenda, conditions, owners, pods};

/// The label that tells from which template a pod was made.
const REVISION: &str = "controller-revision-hash";

/// Makes missing pods in order, stops those too many, and counts the rest.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    let (sets, _) = store.list(&STATEFULSETS, None);
    for set in sets {
        if !meta::is_going(&set) {
            sync(store, agenda, &set);
        }
    }
}

fn sync(store: &Store, agenda: &mut Agenda, set: &Value) {
    let space = Some(meta::namespace(set));
    let wanted = set["spec"]["replicas"].as_i64().unwrap_or(1);
    let mine = owners::claimed(store, &PODS, set);
    let hash = owners::template_hash(&set["spec"]["template"]);
    let revision = format!("{}-{hash}", meta::name(set));
    for number in 0..wanted {
        let name = format!("{}-{number}", meta::name(set));
        if store.get(&PODS, space, &name).is_none() {
            if !agenda.has_room() {
                break;
            }
            let mut pod = pods::from_template(set, Some(&name));
            pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = json!(name);
            pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = json!(number.to_string());
            pod["metadata"]["labels"][REVISION] = json!(revision);
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
        } else if pods::is_over(pod) {
            // It is made again under its name.
            let _ = store.delete(&PODS, space, meta::name(pod), Preconditions::now());
        } else if conditions::status(pod, "Ready") == "True" {
            ready += 1;
        }
    }
    // One that was made just now is not among them, and not ready.
    let whole = i64::try_from(mine.len()).unwrap_or(0) >= wanted;
    roll(store, set, &mine, (&revision, whole));
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

/// Replaces pods of another template, the last first: those that do not serve at once, the others
/// one by one.
fn roll(store: &Store, set: &Value, mine: &[Arc<Value>], (revision, all): (&str, bool)) {
    let is_old = |pod: &&Arc<Value>| match pod["metadata"]["labels"][REVISION].as_str() {
        Some(label) => label != revision,
        // A pod without the label was there before the set: it is old when its template says so.
        None => !same(pod, set),
    };
    let serves = |pod: &Value| conditions::status(pod, "Ready") == "True";
    let mut whole = all && mine.iter().all(|pod| serves(pod) && !meta::is_going(pod));
    for pod in mine.iter().rev().filter(is_old) {
        if meta::is_going(pod) {
            continue;
        }
        if !serves(pod) || whole {
            whole = false;
            pods::stop(store, pod);
        }
    }
}

/// Whether a pod runs what the template says.
fn same(pod: &Value, set: &Value) -> bool {
    let template = &set["spec"]["template"];
    let images = |spec: &Value| -> Vec<Value> {
        let containers = meta::list(spec, "/containers").iter();
        containers
            .map(|container| container["image"].clone())
            .collect()
    };
    let restarted = |object: &Value| {
        let annotations = &object["metadata"]["annotations"];
        annotations["kubectl.kubernetes.io/restartedAt"].clone()
    };
    images(&pod["spec"]) == images(&template["spec"])
        && restarted(pod) == restarted(template)
        && pods::trouble(pod, "crash") == pods::trouble(template, "crash")
        && pods::trouble(pod, "probe") == pods::trouble(template, "probe")
}

//! Pods as controllers make and stop them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::PODS;
use crate::sim::store::{Preconditions, Store, meta};

use super::owners;

/// A pod made from the template of its controller, with a given or a generated name.
pub(in crate::sim) fn from_template(owner: &Value, name: Option<&str>) -> Value {
    let template = &owner["spec"]["template"];
    let mut metadata = json!({
        "namespace": meta::namespace(owner),
        "labels": template["metadata"]["labels"],
    });
    if !template["metadata"]["annotations"].is_null() {
        metadata["annotations"] = template["metadata"]["annotations"].clone();
    }
    match name {
        Some(name) => metadata["name"] = json!(name),
        None => metadata["generateName"] = json!(format!("{}-", meta::name(owner))),
    }
    let mut spec = template["spec"].clone();
    for (field, usual) in [
        ("restartPolicy", json!("Always")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("serviceAccountName", json!("default")),
        ("terminationGracePeriodSeconds", json!(30)),
    ] {
        if spec[field].is_null() {
            spec[field] = usual;
        }
    }
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": spec,
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    });
    owners::owned(pod, owner)
}

/// The pods that are bound to a node, opened one by one.
pub(super) fn on_node(store: &Store, node: &Value) -> impl Iterator<Item = Arc<Value>> {
    let (all, _) = store.kept(&PODS, None);
    let opened = all.into_iter().map(|kept| kept.open());
    opened.filter(|pod| meta::text(pod, "/spec/nodeName") == meta::name(node))
}

/// True when the pod ran to its end and will not run again.
pub(super) fn is_over(pod: &Value) -> bool {
    matches!(meta::text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// Asks a pod to stop: a bound one gets its grace, one without a node is gone at once.
pub(super) fn stop(store: &Store, pod: &Value) {
    if meta::is_going(pod) {
        return;
    }
    let space = Some(meta::namespace(pod));
    let name = meta::name(pod);
    let grace = pod["spec"]["terminationGracePeriodSeconds"].as_u64();
    let bound = !meta::text(pod, "/spec/nodeName").is_empty();
    let conditions = Preconditions {
        grace: if bound { grace.unwrap_or(30) } else { 0 },
        ..Preconditions::default()
    };
    let _ = store.delete(&PODS, space, name, conditions);
}

/// Writes counts into a status; a count of nothing is left out, as real controllers do.
pub(super) fn counts(object: &mut Value, counts: &[(&str, i64)]) {
    for (field, count) in counts {
        if *count != 0 {
            object["status"][*field] = json!(count);
        } else if let Some(status) = object["status"].as_object_mut() {
            status.remove(*field);
        }
    }
}

/// The annotation of the simulator with this name; empty when it is not there.
pub(super) fn trouble<'v>(object: &'v Value, name: &str) -> &'v str {
    let key = format!("{}/{name}", super::TROUBLE);
    object["metadata"]["annotations"][key]
        .as_str()
        .unwrap_or("")
}

/// The status of a container that waits.
pub(in crate::sim) fn waiting(container: &Value, reason: &str, message: &str) -> Value {
    let mut state = json!({"reason": reason});
    if !message.is_empty() {
        state["message"] = json!(message);
    }
    json!({
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": false,
        "started": false,
        "restartCount": 0,
        "lastState": {},
        "state": {"waiting": state},
    })
}

/// The status of a container that runs since `since`.
pub(in crate::sim) fn running(container: &Value, uid: &str, since: jiff::Timestamp) -> Value {
    let image = container["image"].as_str().unwrap_or("");
    let name = container["name"].as_str().unwrap_or("");
    let id = owners::digest(&format!("{uid}/{name}/{since}"));
    json!({
        "name": name,
        "image": image,
        "imageID": format!("{image}@sha256:{:016x}{:016x}{:016x}{:016x}", owners::digest(image),
            owners::digest("a"), owners::digest("b"), owners::digest("c")),
        "containerID": format!("containerd://{id:016x}{:016x}", id.rotate_left(17)),
        "ready": false,
        "started": true,
        "restartCount": 0,
        "lastState": {},
        "state": {"running": {"startedAt": seconds(since)}},
    })
}

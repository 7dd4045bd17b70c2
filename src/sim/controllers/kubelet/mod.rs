//! The kubelets: start containers, keep their states, and stop pods that are deleted.
//!
//! What goes wrong is decided by what is there: a missing config map, a node that cannot reach
//! the registry of an image it does not have. Crashes come from annotations of the pod:
//! `sim.crashcart.test/crash` (an exit code), `oom` (seconds to live) or `probe` (the status its
//! readiness probe gets); they strike the first container.

mod containers;
mod eviction;
pub(in crate::sim) mod image;
mod needs;
mod waits;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::{NODES, PODS};
use crate::sim::store::{Index, Preconditions, Store, meta};

use super::conditions::{self, Condition};
use super::events::{self, Said};
use super::{Agenda, after, owners, pods};

/// Seconds from binding until the first container runs.
const START: f64 = 1.0;
/// Seconds a deleted pod takes to stop.
const STOP: f64 = 1.0;

/// One pod, as its kubelet looks at it.
struct Desk<'a> {
    store: &'a Store,
    agenda: &'a mut Agenda,
    pod: Arc<Value>,
    node: Arc<Value>,
}

impl Desk<'_> {
    fn say(&self, warning: bool, reason: &str, message: &str) {
        let said = Said {
            by: "kubelet",
            host: meta::name(&self.node),
            warning,
            reason,
            message,
        };
        events::note(self.store, self.agenda.now(), &self.pod, said);
    }

    /// When a sentence was last said about the pod.
    fn last_said(&self, warning: bool, reason: &str, message: &str) -> Option<Timestamp> {
        let said = Said {
            by: "kubelet",
            host: "",
            warning,
            reason,
            message,
        };
        events::last(self.store, &self.pod, &said)
    }
}

/// Pods on a node for which there is something to do.
pub(super) static RESTLESS: Index = Index {
    res: &PODS,
    takes: |pod| {
        let bound = !meta::text(pod, "/spec/nodeName").is_empty();
        bound && (meta::is_going(pod) || (!pods::is_over(pod) && !is_settled(pod)))
    },
};

/// Looks at every pod that has a node and is not yet as it should be.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    for kept in store.those(&RESTLESS) {
        let pod = kept.open();
        let Some(node) = store.get(&NODES, None, meta::text(&pod, "/spec/nodeName")) else {
            continue;
        };
        // Nobody there starts or stops anything while the node is not ready.
        if conditions::status(&node, "Ready") != "True" {
            continue;
        }
        if meta::is_going(&pod) {
            stop(store, agenda, &pod);
        } else {
            let mut desk = Desk {
                store,
                agenda,
                pod,
                node,
            };
            sync(&mut desk);
        }
    }
    eviction::pass(store, agenda);
}

/// Whether everything in a pod runs, is ready, and has nothing before it: most pods, most of the time.
fn is_settled(pod: &Value) -> bool {
    let trouble = pod["metadata"]["annotations"]
        .as_object()
        .is_some_and(|all| all.keys().any(|key| key.starts_with(super::TROUBLE)));
    let statuses = pod["status"]["containerStatuses"].as_array();
    let up = |status: &Value| status["ready"] == true && !status["state"]["running"].is_null();
    !trouble
        && conditions::status(pod, "Ready") == "True"
        && statuses.is_some_and(|all| !all.is_empty() && all.iter().all(up))
}

/// Removes a pod that was deleted, a second after it was asked to go.
fn stop(store: &Store, agenda: &mut Agenda, pod: &Value) {
    let grace = meta::number(pod, "/metadata/deletionGracePeriodSeconds");
    let end = events::time(pod, "/metadata/deletionTimestamp").unwrap_or(agenda.now());
    #[expect(
        clippy::cast_precision_loss,
        reason = "a grace is far below 2^52 seconds"
    )]
    let asked = after(end, -(grace as f64));
    if agenda.is_due(after(asked, STOP)) {
        let space = Some(meta::namespace(pod));
        let _ = store.delete(&PODS, space, meta::name(pod), Preconditions::now());
    }
}

fn sync(desk: &mut Desk<'_>) {
    let Some(begun) = events::time(&desk.pod, "/status/startTime") else {
        admit(desk);
        return;
    };
    let ready_to_start = after(begun, START);
    if !desk.agenda.is_due(ready_to_start) {
        return;
    }
    let pod = Arc::clone(&desk.pod);
    if let Some(words) = needs::missing_volume(desk.store, &pod) {
        if !needs::said(desk, &words) {
            desk.say(true, "FailedMount", &words);
        }
        return;
    }
    if waits::is_held(desk) {
        return;
    }
    let old = pod["status"]["containerStatuses"].clone();
    let mut statuses = Vec::new();
    for (place, container) in meta::list(&pod, "/spec/containers").iter().enumerate() {
        let last = old.get(place).cloned().unwrap_or(Value::Null);
        statuses.push(containers::next(desk, container, place == 0, &last));
    }
    write(desk, &statuses);
}

/// The first status of a pod on its node.
fn admit(desk: &mut Desk<'_>) {
    let now = desk.agenda.now();
    let containers = meta::list(&desk.pod, "/spec/containers");
    let statuses: Vec<_> = containers
        .iter()
        .map(|container| pods::waiting(container, "ContainerCreating", ""))
        .collect();
    let (pod_ip, host_ip) = addresses(&desk.pod, &desk.node);
    let change = |value: &mut Value| {
        value["status"]["phase"] = json!("Pending");
        value["status"]["startTime"] = json!(seconds(now));
        value["status"]["hostIP"] = json!(host_ip);
        value["status"]["hostIPs"] = json!([{"ip": host_ip}]);
        value["status"]["podIP"] = json!(pod_ip);
        value["status"]["podIPs"] = json!([{"ip": pod_ip}]);
        value["status"]["containerStatuses"] = json!(statuses);
        let initialized = Condition {
            kind: "Initialized",
            status: "True",
            reason: "",
            message: "",
        };
        conditions::set(value, now, initialized);
        readiness(value, now, &unready(&statuses));
    };
    let space = Some(meta::namespace(&desk.pod));
    let _ = desk
        .store
        .update(&PODS, space, meta::name(&desk.pod), change);
    desk.agenda.is_due(after(now, START));
}

/// Addresses that follow from the uid of the pod and the node's own.
pub(in crate::sim) fn addresses(pod: &Value, node: &Value) -> (String, String) {
    let [.., third, last] = owners::digest(meta::uid(pod)).to_be_bytes();
    let own = meta::list(node, "/status/addresses");
    let internal = own.iter().find(|address| address["type"] == "InternalIP");
    let host = internal.and_then(|address| address["address"].as_str());
    let host = host.unwrap_or("10.0.0.1").to_owned();
    (format!("10.244.{third}.{last}"), host)
}

/// Writes container states, conditions and the phase that follows from them.
fn write(desk: &mut Desk<'_>, statuses: &[Value]) {
    let now = desk.agenda.now();
    let change = |value: &mut Value| {
        value["status"]["containerStatuses"] = json!(statuses);
        let started = |status: &Value| {
            !status["state"]["running"].is_null() || !status["lastState"]["terminated"].is_null()
        };
        let phase = if statuses.iter().all(started) {
            "Running"
        } else {
            "Pending"
        };
        value["status"]["phase"] = json!(phase);
        readiness(value, now, &unready(statuses));
    };
    let space = Some(meta::namespace(&desk.pod));
    let _ = desk
        .store
        .update(&PODS, space, meta::name(&desk.pod), change);
}

/// The names of containers that are not ready, as a condition lists them.
fn unready(statuses: &[Value]) -> String {
    let waiting = statuses.iter().filter(|status| status["ready"] != true);
    let names: Vec<_> = waiting
        .filter_map(|status| status["name"].as_str())
        .collect();
    names.join(" ")
}

/// Sets the two readiness conditions; `unready` names the containers that are not.
pub(in crate::sim) fn readiness(pod: &mut Value, now: Timestamp, unready: &str) {
    let words = format!("containers with unready status: [{unready}]");
    let (status, reason, message) = if unready.is_empty() {
        ("True", "", "")
    } else {
        ("False", "ContainersNotReady", words.as_str())
    };
    for kind in ["Ready", "ContainersReady"] {
        let condition = Condition {
            kind,
            status,
            reason,
            message,
        };
        conditions::set(pod, now, condition);
    }
}

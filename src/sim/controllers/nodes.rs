//! Nodes: their leases, what their kubelets report, and what becomes of pods on a node that is lost.
//!
//! A node is in trouble while it wears an annotation of the simulator: `down` with the word
//! `unreachable` (its kubelet is silent) or any other sentence (its kubelet says so itself), and
//! `pressure` with `memory`, `disk` or `pid`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::clock::{micros, seconds};
use crate::sim::store::resources::{LEASES, NODES, PODS};
use crate::sim::store::{Preconditions, Store, meta};

use super::conditions::{self, Condition};
use super::events::{self, Said};
use super::{Agenda, after, pods};

/// The namespace of node leases.
const SPACE: &str = "kube-node-lease";
/// Seconds between two renewals, as a kubelet does it.
const EVERY: f64 = 10.0;
/// Seconds without a renewal after which the node controller gives a node up.
const GRACE: f64 = 50.0;
/// Seconds a pod tolerates a lost node before it is deleted.
const TOLERATED: f64 = 300.0;
/// The word for a node whose kubelet is silent.
pub(super) const SILENT: &str = "unreachable";
/// The conditions that a kubelet reports besides Ready: its name in the annotation, the condition,
/// and the two reasons.
const PRESSURES: [(&str, &str, &str, &str); 3] = [
    (
        "memory",
        "MemoryPressure",
        "KubeletHasInsufficientMemory",
        "KubeletHasSufficientMemory",
    ),
    (
        "disk",
        "DiskPressure",
        "KubeletHasDiskPressure",
        "KubeletHasNoDiskPressure",
    ),
    (
        "pid",
        "PIDPressure",
        "KubeletHasInsufficientPID",
        "KubeletHasSufficientPID",
    ),
];

/// Renews the lease of each node whose kubelet lives.
pub(super) fn renew(store: &Store, agenda: &mut Agenda) {
    let (nodes, _) = store.list(&NODES, None);
    for node in nodes {
        if pods::trouble(&node, "down") == SILENT {
            continue;
        }
        let name = meta::name(&node);
        let Some(lease) = store.get(&LEASES, Some(SPACE), name) else {
            begin(store, agenda, &node);
            continue;
        };
        let renewed = events::time(&lease, "/spec/renewTime").unwrap_or(agenda.now());
        if agenda.is_due(after(renewed, EVERY)) {
            let time = json!(micros(agenda.now()));
            let renew = |value: &mut Value| value["spec"]["renewTime"] = time;
            let _ = store.update(&LEASES, Some(SPACE), name, renew);
            agenda.is_due(after(agenda.now(), EVERY));
        }
    }
}

fn begin(store: &Store, agenda: &mut Agenda, node: &Value) {
    let lease = json!({
        "metadata": {
            "name": meta::name(node),
            "namespace": SPACE,
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Node",
                "name": meta::name(node), "uid": meta::uid(node),
            }],
        },
        "spec": {
            "holderIdentity": meta::name(node),
            "leaseDurationSeconds": 40,
            "renewTime": micros(agenda.now()),
        },
    });
    let _ = store.create(&LEASES, Some(SPACE), lease);
    agenda.is_due(after(agenda.now(), EVERY));
}

/// Writes what the kubelets and the node controller say of each node.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    let (nodes, _) = store.list(&NODES, None);
    for node in nodes {
        let down = pods::trouble(&node, "down");
        let was = conditions::status(&node, "Ready").to_owned();
        let marked = !pods::trouble(&node, "pressure").is_empty() || !down.is_empty();
        let tainted = !meta::list(&node, "/spec/taints").is_empty();
        let cordoned = node["spec"]["unschedulable"] == true;
        if was == "True" && !marked && tainted == cordoned && !pressed(&node) {
            continue;
        }
        if down == SILENT && was != "Unknown" {
            let lease = store.get(&LEASES, Some(SPACE), meta::name(&node));
            let heard = lease.and_then(|lease| events::time(&lease, "/spec/renewTime"));
            if !agenda.is_due(after(heard.unwrap_or(agenda.now()), GRACE)) {
                continue;
            }
        }
        let now = agenda.now();
        let _ = store.update(&NODES, None, meta::name(&node), |node| judge(node, now));
        let node = store.get(&NODES, None, meta::name(&node)).unwrap_or(node);
        let is = conditions::status(&node, "Ready");
        if is != was {
            tell(store, now, &node, is);
        }
        if is != "True" {
            lost(store, agenda, &node);
        }
    }
}

/// Whether a node reports any pressure.
fn pressed(node: &Value) -> bool {
    PRESSURES
        .iter()
        .any(|(_, kind, ..)| conditions::status(node, kind) != "False")
}

/// Sets the conditions and taints that follow from the annotations.
fn judge(node: &mut Value, now: Timestamp) {
    let down = pods::trouble(node, "down").to_owned();
    let pressure = pods::trouble(node, "pressure").to_owned();
    let silent = down == SILENT;
    let mut taints: Vec<Value> = Vec::new();
    let mut taint = |key: &str, effect: &str| {
        let key = format!("node.kubernetes.io/{key}");
        taints.push(json!({"key": key, "effect": effect, "timeAdded": seconds(now)}));
    };
    let unknown = Condition {
        kind: "",
        status: "Unknown",
        reason: "NodeStatusUnknown",
        message: "Kubelet stopped posting node status.",
    };
    for (word, kind, yes, no) in PRESSURES {
        let pressed = pressure == word;
        let condition = match (silent, pressed) {
            (true, _) => Condition { kind, ..unknown },
            (false, true) => plain(kind, "True", yes),
            (false, false) => plain(kind, "False", no),
        };
        conditions::set(node, now, condition);
        if pressed && !silent {
            taint(&format!("{word}-pressure"), "NoSchedule");
        }
    }
    let ready = match down.as_str() {
        "" => plain("Ready", "True", "KubeletReady"),
        SILENT => Condition {
            kind: "Ready",
            ..unknown
        },
        words => Condition {
            kind: "Ready",
            status: "False",
            reason: "KubeletNotReady",
            message: words,
        },
    };
    conditions::set(node, now, ready);
    if !down.is_empty() {
        let key = if silent { SILENT } else { "not-ready" };
        taint(key, "NoSchedule");
        taint(key, "NoExecute");
    }
    if node["spec"]["unschedulable"] == true {
        taint("unschedulable", "NoSchedule");
    }
    keep_taints(node, taints);
}

fn plain<'a>(kind: &'a str, status: &'a str, reason: &'a str) -> Condition<'a> {
    Condition {
        kind,
        status,
        reason,
        message: "",
    }
}

/// Replaces the taints that follow from conditions; one that was there keeps its time.
fn keep_taints(node: &mut Value, wanted: Vec<Value>) {
    let old = meta::list(node, "/spec/taints").to_vec();
    let same = |a: &Value, b: &Value| a["key"] == b["key"] && a["effect"] == b["effect"];
    let ours = |taint: &Value| {
        let key = taint["key"].as_str();
        key.is_some_and(|key| key.starts_with("node.kubernetes.io/"))
    };
    let mut taints: Vec<Value> = old.iter().filter(|taint| !ours(taint)).cloned().collect();
    for taint in wanted {
        let known = old.iter().find(|known| same(known, &taint));
        taints.push(known.cloned().unwrap_or(taint));
    }
    if !taints.is_empty() {
        node["spec"]["taints"] = taints.into();
    } else if let Some(spec) = node["spec"].as_object_mut() {
        spec.remove("taints");
    }
}

fn tell(store: &Store, now: Timestamp, node: &Value, is: &str) {
    let name = meta::name(node);
    let ready = is == "True";
    let message = if ready {
        format!("Node {name} status is now: NodeReady")
    } else {
        format!("Node {name} status is now: NodeNotReady")
    };
    let said = Said {
        by: if ready { "kubelet" } else { "node-controller" },
        host: if ready { name } else { "" },
        warning: false,
        reason: if ready { "NodeReady" } else { "NodeNotReady" },
        message: &message,
    };
    events::note(store, now, node, said);
}

/// Pods of a lost node are not ready; after five minutes they are deleted, which nobody there hears.
fn lost(store: &Store, agenda: &mut Agenda, node: &Value) {
    let list = meta::list(node, "/status/conditions");
    let ready = list.iter().find(|condition| condition["type"] == "Ready");
    let since = ready.and_then(|ready| events::time(ready, "/lastTransitionTime"));
    let over = agenda.is_due(after(since.unwrap_or(agenda.now()), TOLERATED));
    let now = agenda.now();
    let here = pods::on_node(store, node);
    for pod in here.filter(|pod| !pods::is_over(pod)) {
        let (space, name) = (Some(meta::namespace(&pod)), meta::name(&pod));
        let unready = |pod: &mut Value| {
            conditions::set(pod, now, plain("Ready", "False", ""));
        };
        let _ = store.update(&PODS, space, name, unready);
        if over && !meta::is_going(&pod) {
            let grace = Preconditions {
                grace: 30,
                ..Preconditions::default()
            };
            let _ = store.delete(&PODS, space, name, grace);
        }
    }
}

//! Node leases: renewed every ten seconds while the node is ready.

use serde_json::{Value, json};

use crate::sim::clock::micros;
use crate::sim::store::resources::{LEASES, NODES};
use crate::sim::store::{Store, meta};

use super::{Agenda, after, conditions, events};

/// The namespace of node leases.
const SPACE: &str = "kube-node-lease";
/// Seconds between two renewals, as a kubelet does it.
const EVERY: f64 = 10.0;

/// Renews the lease of each node that is ready.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    let (nodes, _) = store.list(&NODES, None);
    for node in nodes {
        if conditions::status(&node, "Ready") != "True" {
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

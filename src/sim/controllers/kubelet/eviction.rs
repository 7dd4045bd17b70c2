//! Eviction: a node under pressure ends pods, one after the other, while it lasts.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::{NODES, PODS};
use crate::sim::store::{Store, meta};

use super::super::events::{self, Said};
use super::super::{Agenda, after, pods};

/// Seconds from the beginning of the pressure until the first pod goes.
const FIRST: f64 = 10.0;
/// Seconds between two evictions.
const EVERY: f64 = 120.0;
/// Pods that a node ends at most.
const MOST: usize = 5;

/// Evicts what is due on nodes under memory or disk pressure.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    let (nodes, _) = store.list(&NODES, None);
    for node in nodes {
        let lack = match pods::trouble(&node, "pressure") {
            "memory" => ("memory", "MemoryPressure"),
            "disk" => ("ephemeral-storage", "DiskPressure"),
            _ => continue,
        };
        let conditions = meta::list(&node, "/status/conditions");
        let pressed = conditions
            .iter()
            .find(|c| c["type"] == lack.1 && c["status"] == "True");
        let Some(since) = pressed.and_then(|c| events::time(c, "/lastTransitionTime")) else {
            continue;
        };
        let gone = |pod: &Arc<Value>| {
            let end = events::time(pod, "/status/conditions/0/lastTransitionTime");
            let end = end.is_some_and(|at| at >= since);
            pod["status"]["reason"] == "Evicted" && end
        };
        let count = pods::on_node(store, &node).filter(gone).count();
        let pause = EVERY * f64::from(u32::try_from(count).unwrap_or(0));
        if count >= MOST || !agenda.is_due(after(since, FIRST + pause)) {
            continue;
        }
        // The youngest goes first: it has the least to lose.
        let alive =
            pods::on_node(store, &node).filter(|pod| !pods::is_over(pod) && !meta::is_going(pod));
        let youngest = alive.max_by_key(|pod| {
            let made = meta::text(pod, "/metadata/creationTimestamp");
            (made.to_owned(), meta::name(pod).to_owned())
        });
        if let Some(pod) = youngest {
            evict(store, agenda, &pod, &node, lack.0);
            agenda.is_due(after(agenda.now(), EVERY));
        }
    }
}

fn evict(store: &Store, agenda: &Agenda, pod: &Value, node: &Value, lack: &str) {
    let container = meta::text(pod, "/spec/containers/0/name");
    let words = format!(
        "The node was low on resource: {lack}. Threshold quantity: 100Mi, available: 61Mi. \
         Container {container} was using 412Mi, request is 256Mi, has larger consumption of {lack}."
    );
    let said = Said {
        by: "kubelet",
        host: meta::name(node),
        warning: true,
        reason: "Evicted",
        message: &words,
    };
    events::note(store, agenda.now(), pod, said);
    let end = |pod: &mut Value| {
        pod["status"] = json!({
            "phase": "Failed", "reason": "Evicted", "message": words,
            "startTime": pod["status"]["startTime"], "qosClass": "Burstable",
            "conditions": [{
                "type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet",
                "message": words, "lastTransitionTime": seconds(agenda.now()),
            }],
        });
    };
    let _ = store.update(&PODS, Some(meta::namespace(pod)), meta::name(pod), end);
}

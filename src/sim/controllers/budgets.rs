//! Disruption budgets: how many pods may go, kept current as pods come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::api::evict;
use crate::sim::store::resources::{
    DEPLOYMENTS, PODDISRUPTIONBUDGETS, PODS, REPLICASETS, STATEFULSETS,
};
use crate::sim::store::{Store, meta};

use super::Agenda;
use super::conditions::{self, Condition};

/// Writes the status of every budget.
pub(super) fn pass(store: &Store, agenda: &Agenda) {
    let (budgets, _) = store.list(&PODDISRUPTIONBUDGETS, None);
    for budget in budgets {
        let space = Some(meta::namespace(&budget));
        let (mut pods, _) = store.list(&PODS, space);
        pods.retain(|pod| evict::covers(&budget, pod));
        let healthy = pods.iter().filter(|pod| evict::is_healthy(pod)).count();
        let expected = expected(store, &budget, &pods);
        let wanted = evict::wanted(&budget, expected);
        let allowed = if expected == 0 {
            0
        } else {
            healthy.saturating_sub(wanted)
        };
        let now = agenda.now();
        let change = |value: &mut Value| {
            let generation = value["metadata"]["generation"].clone();
            for (field, count) in [
                ("currentHealthy", healthy),
                ("desiredHealthy", wanted),
                ("disruptionsAllowed", allowed),
                ("expectedPods", expected),
            ] {
                value["status"][field] = json!(count);
            }
            value["status"]["observedGeneration"] = generation;
            mark(value, now, allowed > 0);
            // What was let go is no longer counted apart once it is going.
            let gone = |name: &str| {
                !pods
                    .iter()
                    .any(|pod| meta::name(pod) == name && !meta::is_going(pod))
            };
            if let Some(status) = value["status"].as_object_mut()
                && let Some(Value::Object(disrupted)) = status.get_mut("disruptedPods")
            {
                disrupted.retain(|name, _| !gone(name));
                if disrupted.is_empty() {
                    status.remove("disruptedPods");
                }
            }
        };
        let _ = store.update(&PODDISRUPTIONBUDGETS, space, meta::name(&budget), change);
    }
}

/// Notes in a budget whether a pod may go.
pub(in crate::sim) fn mark(budget: &mut Value, now: Timestamp, allowed: bool) {
    let (status, reason) = if allowed {
        ("True", "SufficientPods")
    } else {
        ("False", "InsufficientPods")
    };
    let enough = Condition {
        kind: "DisruptionAllowed",
        status,
        reason,
        message: "",
    };
    conditions::set(budget, now, enough);
    let generation = budget["metadata"]["generation"].clone();
    let list = budget["status"]["conditions"].as_array_mut();
    for one in list.into_iter().flatten() {
        one["observedGeneration"] = generation.clone();
        one["message"] = json!("");
    }
}

/// How many pods there should be: for a number that must stay, those that are there; for a share,
/// what their controllers are asked for.
fn expected(store: &Store, budget: &Value, pods: &[Arc<Value>]) -> usize {
    if budget["spec"]["minAvailable"].is_u64() {
        return pods.len();
    }
    let mut asked = BTreeMap::new();
    for pod in pods {
        let space = Some(meta::namespace(pod));
        let Some(owner) = held_by(pod) else {
            continue;
        };
        let name = meta::text(owner, "/name");
        let found = match meta::text(owner, "/kind") {
            "StatefulSet" => store.get(&STATEFULSETS, space, name),
            "ReplicaSet" => {
                let set = store.get(&REPLICASETS, space, name);
                let above = set.as_deref().and_then(held_by);
                let above = above.map(|above| meta::text(above, "/name").to_owned());
                match above {
                    Some(above) => store.get(&DEPLOYMENTS, space, &above),
                    None => set,
                }
            }
            _ => None,
        };
        if let Some(found) = found {
            let replicas = found["spec"]["replicas"].as_u64().unwrap_or(1);
            asked.insert(meta::uid(&found).to_owned(), replicas);
        }
    }
    usize::try_from(asked.values().sum::<u64>()).unwrap_or(usize::MAX)
}

/// The reference to what controls an object; none when nothing does.
fn held_by(object: &Value) -> Option<&Value> {
    let owners = meta::list(object, "/metadata/ownerReferences");
    owners.iter().find(|owner| owner["controller"] == true)
}

//! Disruption budgets: how many pods may go, kept current as pods come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

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
        let enough = Condition {
            kind: "DisruptionAllowed",
            status: if allowed > 0 { "True" } else { "False" },
            reason: if allowed > 0 {
                "SufficientPods"
            } else {
                "InsufficientPods"
            },
            message: "",
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
            value["status"]["observedGeneration"] = generation.clone();
            conditions::set(value, now, enough);
            let list = value["status"]["conditions"].as_array_mut();
            for one in list.into_iter().flatten() {
                one["observedGeneration"] = generation.clone();
                one["message"] = json!("");
            }
        };
        let _ = store.update(&PODDISRUPTIONBUDGETS, space, meta::name(&budget), change);
    }
}

/// How many pods there should be: for a number that must stay, those that are there; for a share,
/// what their controllers are asked for.
pub(in crate::sim) fn expected(store: &Store, budget: &Value, pods: &[Arc<Value>]) -> usize {
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

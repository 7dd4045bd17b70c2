//! Eviction: a pod goes, unless a disruption budget says that it must stay.

use axum::response::Response;
use serde_json::{Value, json};

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::body;
use crate::sim::api::delete;
use crate::sim::api::managed;
use crate::sim::api::path::Target;
use crate::sim::api::shape;
use crate::sim::api::write;
use crate::sim::clock::seconds;
use crate::sim::controllers::budgets;
use crate::sim::controllers::selector;
use crate::sim::store::Preconditions;
use crate::sim::store::Refusal;
use crate::sim::store::Store;
use crate::sim::store::meta;
use crate::sim::store::resources;

/// POST on `/eviction`.
pub(super) fn evict(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Result<Response, Refusal> {
    let eviction = body::read(ask)?;
    if !matches!(meta::name(&eviction), given if given == name) {
        let words = "name in URL does not match name in Eviction object";
        return Err(Refusal::bad_request(words));
    }
    let (store, ns) = (server.store(), target.ns.as_deref());
    let pod = store.get(target.res, ns, name);
    let pod = pod.ok_or_else(|| Refusal::not_found(target.res, name))?;
    let phase = meta::text(&pod, "/status/phase");
    // What does not run, or is going already, disturbs nobody.
    let free = matches!(phase, "Succeeded" | "Failed" | "Pending") || meta::is_going(&pod);
    let options = &eviction["deleteOptions"];
    let dry = write::dry(ask)? || !meta::list(options, "/dryRun").is_empty();
    if !free {
        disrupt(store, &pod, dry)?;
    }
    if !dry {
        let grace = options["gracePeriodSeconds"].as_u64();
        let given = |pointer: &str| {
            let text = meta::text(options, pointer);
            (!text.is_empty()).then(|| text.to_owned())
        };
        let conditions = Preconditions {
            uid: given("/preconditions/uid"),
            resource_version: given("/preconditions/resourceVersion"),
            grace: grace.unwrap_or(delete::GRACE),
            ..Preconditions::default()
        };
        store.delete(target.res, ns, name, conditions)?;
    }
    let done = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(shape::json(201, &done))
}

/// Takes one disruption from the budget of a pod. As on a real server only the status of the budget counts, which its
/// controller keeps: 429 when it allows none; 500 when there are two budgets, which a real server cannot judge either.
fn disrupt(store: &Store, pod: &Value, dry: bool) -> Result<(), Refusal> {
    let ns = Some(meta::namespace(pod));
    let res = &resources::PODDISRUPTIONBUDGETS;
    let mut own = store.list(res, ns).0;
    own.retain(|budget| covers(budget, pod));
    let budget = match own.as_slice() {
        [] => return Ok(()),
        [budget] => budget,
        _ => {
            let words = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Refusal::new(500, "InternalError", words));
        }
    };
    if !is_healthy(pod) && spares_unhealthy(budget) {
        return Ok(());
    }
    allows(budget)?;
    if dry {
        return Ok(());
    }
    let taken = store.try_update(res, ns, meta::name(budget), false, |value| {
        allows(value)?;
        let before = value.clone();
        let now = store.clock().now();
        let left = meta::number(value, "/status/disruptionsAllowed") - 1;
        let status = &mut value["status"];
        status["disruptionsAllowed"] = json!(left);
        status["disruptedPods"][meta::name(pod)] = json!(seconds(now));
        if left == 0 {
            budgets::mark(value, now, false);
        }
        let writer = managed::Writer {
            manager: "kube-apiserver".to_owned(),
            operation: "Update",
            sub: "status".to_owned(),
            time: seconds(now),
        };
        managed::note(&before, value, res, &writer);
        Ok(())
    });
    taken.map(drop)
}

/// Whether a budget lets go of a pod that does not serve without counting it.
fn spares_unhealthy(budget: &Value) -> bool {
    let wanted = meta::number(budget, "/status/desiredHealthy");
    budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        || wanted > 0 && meta::number(budget, "/status/currentHealthy") >= wanted
}

fn allows(budget: &Value) -> Result<(), Refusal> {
    let number = |pointer: &str| meta::number(budget, pointer);
    let name = meta::name(budget);
    let why = if number("/status/observedGeneration") < number("/metadata/generation") {
        format!("The disruption budget {name} is still being processed by the server.")
    } else if number("/status/disruptionsAllowed") > 0 {
        return Ok(());
    } else {
        let (healthy, wanted) = (
            number("/status/currentHealthy"),
            number("/status/desiredHealthy"),
        );
        if healthy > wanted {
            format!("The disruption budget {name} does not allow evicting pods currently")
        } else {
            format!(
                "The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently"
            )
        }
    };
    let words = "Cannot evict pod as it would violate the pod's disruption budget.";
    let mut refusal = Refusal::new(429, "TooManyRequests", words);
    refusal.details = json!({"causes": [{"reason": "DisruptionBudget", "message": why}]});
    Err(refusal)
}

/// A budget with an empty selector covers every pod of its namespace, one without a selector none.
pub(in crate::sim) fn covers(budget: &Value, pod: &Value) -> bool {
    let wanted = &budget["spec"]["selector"];
    !wanted.is_null() && selector::matches(wanted, &pod["metadata"]["labels"])
}

pub(in crate::sim) fn is_healthy(pod: &Value) -> bool {
    let ready = meta::list(pod, "/status/conditions")
        .iter()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    ready && !meta::is_going(pod)
}

/// How many pods of so many a budget wants to stay.
pub(in crate::sim) fn wanted(budget: &Value, expected: usize) -> usize {
    let spec = &budget["spec"];
    match (&spec["minAvailable"], &spec["maxUnavailable"]) {
        (Value::Null, Value::Null) => 0,
        (Value::Null, most) => expected.saturating_sub(share(most, expected)),
        (least, _) => share(least, expected),
    }
}

/// A number, or a share of all in percent, rounded up as a real server does.
fn share(value: &Value, of: usize) -> usize {
    let percent = value.as_str().and_then(|text| text.strip_suffix('%'));
    let percent = percent.and_then(|text| text.parse::<usize>().ok());
    match percent {
        Some(percent) => (of * percent).div_ceil(100),
        None => value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::clock::Clock;

    /// A budget of which its controller last wrote that so many may go, are healthy and are wanted.
    fn store([allowed, healthy, wanted]: [u32; 3], ready: &str) -> (Store, Value) {
        let clock = Clock::manual("2026-08-15T04:31:00Z".parse().unwrap());
        let store = Store::new(clock, 1);
        let shop = json!({"metadata": {"name": "shop"}});
        store.create(&resources::NAMESPACES, None, shop).unwrap();
        let budget = json!({"metadata": {"name": "web"},
            "spec": {"minAvailable": 9, "selector": {"matchLabels": {"app": "web"}}},
            "status": {"observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": healthy,
                "desiredHealthy": wanted}});
        store
            .create(&resources::PODDISRUPTIONBUDGETS, Some("shop"), budget)
            .unwrap();
        let pod = json!({"metadata": {"name": "web-0", "namespace": "shop", "labels": {"app": "web"}},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}});
        (store, pod)
    }

    #[test]
    fn a_budget_lets_go_of_as_many_as_its_status_allows() {
        for (status, ready, goes) in [
            ([1, 3, 2], "True", true),
            ([0, 2, 2], "True", false),
            ([0, 3, 2], "True", false),
            ([0, 2, 2], "False", true),
            ([0, 1, 2], "False", false),
            ([0, 0, 0], "False", false),
        ] {
            let (store, pod) = store(status, ready);
            let asked = disrupt(&store, &pod, false);
            assert_eq!(asked.is_ok(), goes, "{status:?} {ready}");
        }
        let (store, pod) = store([1, 3, 2], "True");
        disrupt(&store, &pod, true).unwrap();
        disrupt(&store, &pod, false).unwrap();
        let refusal = disrupt(&store, &pod, false).unwrap_err();
        let why = "The disruption budget web does not allow evicting pods currently";
        assert_eq!(refusal.details["causes"][0]["message"], why);
        assert_eq!(refusal.code, 429);
    }

    #[test]
    fn what_a_budget_wants_is_a_number_or_a_share_rounded_up() {
        for (spec, of, wants) in [
            (json!({"minAvailable": 2}), 5, 2),
            (json!({"minAvailable": "50%"}), 3, 2),
            (json!({"maxUnavailable": "30%"}), 3, 2),
            (json!({"maxUnavailable": 0}), 3, 3),
            (json!({}), 3, 0),
        ] {
            assert_eq!(wanted(&json!({"spec": spec}), of), wants, "{spec}");
        }
    }
}

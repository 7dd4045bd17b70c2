//! Eviction: a pod goes, unless a disruption budget says that it must stay.

use axum::response::Response;
use serde_json::{Value, json};

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::body;
use crate::sim::api::delete;
use crate::sim::api::path::Target;
use crate::sim::api::shape;
use crate::sim::api::write;
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
    if !free {
        refuse_disruption(store, &pod)?;
    }
    let options = &eviction["deleteOptions"];
    let dry = write::dry(ask)? || !meta::list(options, "/dryRun").is_empty();
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

/// 429 when a budget would be broken; 500 when there are two, which a real server cannot judge either.
fn refuse_disruption(store: &Store, pod: &Value) -> Result<(), Refusal> {
    let ns = Some(meta::namespace(pod));
    let budgets = store.list(&resources::PODDISRUPTIONBUDGETS, ns).0;
    let mut own = budgets.iter().filter(|budget| covers(budget, pod));
    let (Some(budget), None) = (own.next(), own.next()) else {
        let words = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
        return match budgets.iter().filter(|budget| covers(budget, pod)).count() {
            0 => Ok(()),
            _ => Err(Refusal::new(500, "InternalError", words)),
        };
    };
    let expected = store.select(&resources::PODS, ns, |pod| covers(budget, pod));
    let healthy = expected.iter().filter(|pod| is_healthy(pod)).count();
    let expected = budgets::expected(store, budget, &expected);
    let wanted = wanted(budget, expected);
    let spare = expected > 0 && healthy > wanted;
    if spare || !is_healthy(pod) && wanted > 0 && healthy >= wanted {
        return Ok(());
    }
    let words = "Cannot evict pod as it would violate the pod's disruption budget.";
    let mut refusal = Refusal::new(429, "TooManyRequests", words);
    let why = format!(
        "The disruption budget {} needs {wanted} healthy pods and has {healthy} currently",
        meta::name(budget)
    );
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

    fn store(budget: &Value, pods: usize) -> Store {
        let clock = Clock::manual("2026-08-15T04:31:00Z".parse().unwrap());
        let store = Store::new(clock, 1);
        let shop = json!({"metadata": {"name": "shop"}});
        store.create(&resources::NAMESPACES, None, shop).unwrap();
        let budget = json!({"metadata": {"name": "web"}, "spec": budget});
        store
            .create(&resources::PODDISRUPTIONBUDGETS, Some("shop"), budget)
            .unwrap();
        for pod in 0..pods {
            let pod = json!({"metadata": {"name": format!("web-{pod}"), "labels": {"app": "web"}},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
            store.create(&resources::PODS, Some("shop"), pod).unwrap();
        }
        store
    }

    fn may_go(spec: &Value, pods: usize) -> Result<(), Refusal> {
        let store = store(spec, pods);
        let pod = store.get(&resources::PODS, Some("shop"), "web-0").unwrap();
        refuse_disruption(&store, &pod)
    }

    #[test]
    fn a_budget_keeps_as_many_as_it_wants() {
        let selector = json!({"matchLabels": {"app": "web"}});
        let table = [
            (json!({"minAvailable": 2, "selector": selector}), 2, false),
            (json!({"minAvailable": 2, "selector": selector}), 3, true),
            (
                json!({"minAvailable": "100%", "selector": selector}),
                3,
                false,
            ),
            (
                json!({"minAvailable": "50%", "selector": selector}),
                3,
                false, // a share of what no controller is asked for
            ),
            (json!({"maxUnavailable": 0, "selector": selector}), 3, false),
            (
                json!({"maxUnavailable": "30%", "selector": selector}),
                3,
                false,
            ),
            (
                json!({"minAvailable": 9, "selector": {"matchLabels": {"app": "db"}}}),
                2,
                true,
            ),
            (json!({"minAvailable": 9}), 2, true),
        ];
        for (spec, pods, goes) in table {
            assert_eq!(may_go(&spec, pods).is_ok(), goes, "{spec} {pods}");
        }
        let refusal = may_go(&json!({"minAvailable": 2, "selector": selector}), 2).unwrap_err();
        let why = "The disruption budget web needs 2 healthy pods and has 2 currently";
        assert_eq!(refusal.details["causes"][0]["message"], why);
        assert_eq!(refusal.code, 429);
    }
}

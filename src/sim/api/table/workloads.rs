//! Rows of workloads, nodes, services and events.

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::api::selector;
use crate::sim::api::table::Column;
use crate::sim::api::table::since;
use crate::sim::store::meta;

pub(super) const DEPLOYMENTS: &[Column] = &[
    ("Name", "string", 0),
    ("Ready", "string", 0),
    ("Up-to-date", "string", 0),
    ("Available", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

pub(super) const REPLICASETS: &[Column] = &[
    ("Name", "string", 0),
    ("Desired", "integer", 0),
    ("Current", "integer", 0),
    ("Ready", "integer", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

pub(super) const STATEFULSETS: &[Column] = &[
    ("Name", "string", 0),
    ("Ready", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
];

pub(super) const DAEMONSETS: &[Column] = &[
    ("Name", "string", 0),
    ("Desired", "integer", 0),
    ("Current", "integer", 0),
    ("Ready", "integer", 0),
    ("Up-to-date", "integer", 0),
    ("Available", "integer", 0),
    ("Node Selector", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

pub(super) const NODES: &[Column] = &[
    ("Name", "string", 0),
    ("Status", "string", 0),
    ("Roles", "string", 0),
    ("Age", "string", 0),
    ("Version", "string", 0),
    ("Internal-IP", "string", 1),
    ("External-IP", "string", 1),
    ("OS-Image", "string", 1),
    ("Kernel-Version", "string", 1),
    ("Container-Runtime", "string", 1),
];

pub(super) const SERVICES: &[Column] = &[
    ("Name", "string", 0),
    ("Type", "string", 0),
    ("Cluster-IP", "string", 0),
    ("External-IP", "string", 0),
    ("Port(s)", "string", 0),
    ("Age", "string", 0),
    ("Selector", "string", 1),
];

pub(super) const EVENTS: &[Column] = &[
    ("Last Seen", "string", 0),
    ("Type", "string", 0),
    ("Reason", "string", 0),
    ("Object", "string", 0),
    ("Subobject", "string", 1),
    ("Source", "string", 1),
    ("Message", "string", 0),
    ("First Seen", "string", 1),
    ("Count", "string", 1),
    ("Name", "string", 1),
];

pub(super) fn joined(object: &Value, pointer: &str, field: &str) -> Value {
    let parts: Vec<&str> = meta::list(object, pointer)
        .iter()
        .filter_map(|part| part[field].as_str())
        .collect();
    parts.join(",").into()
}

pub(super) fn or(text: &str, none: &str) -> Value {
    if text.is_empty() {
        none.into()
    } else {
        text.into()
    }
}

fn template(object: &Value) -> [Value; 2] {
    let at = "/spec/template/spec/containers";
    [joined(object, at, "name"), joined(object, at, "image")]
}

pub(super) fn chosen(object: &Value, pointer: &str) -> Value {
    or(&selector::of_labels(object, pointer), "<none>")
}

/// The wanted replicas; a workload that does not say wants one.
fn wanted(object: &Value) -> i64 {
    object
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(1)
}

pub(super) fn deployment(object: &Value, age: Value) -> Vec<Value> {
    let [names, images] = template(object);
    let number = |field: &str| meta::number(object, &format!("/status/{field}"));
    vec![
        meta::name(object).into(),
        format!("{}/{}", number("readyReplicas"), wanted(object)).into(),
        number("updatedReplicas").into(),
        number("availableReplicas").into(),
        age,
        names,
        images,
        chosen(object, "/spec/selector/matchLabels"),
    ]
}

pub(super) fn replicaset(object: &Value, age: Value) -> Vec<Value> {
    let [names, images] = template(object);
    vec![
        meta::name(object).into(),
        wanted(object).into(),
        meta::number(object, "/status/replicas").into(),
        meta::number(object, "/status/readyReplicas").into(),
        age,
        names,
        images,
        chosen(object, "/spec/selector/matchLabels"),
    ]
}

pub(super) fn statefulset(object: &Value, age: Value) -> Vec<Value> {
    let [names, images] = template(object);
    let ready = meta::number(object, "/status/readyReplicas");
    let ready = format!("{ready}/{}", wanted(object)).into();
    vec![meta::name(object).into(), ready, age, names, images]
}

pub(super) fn daemonset(object: &Value, age: Value) -> Vec<Value> {
    let [names, images] = template(object);
    let number = |field: &str| Value::from(meta::number(object, &format!("/status/{field}")));
    vec![
        meta::name(object).into(),
        number("desiredNumberScheduled"),
        number("currentNumberScheduled"),
        number("numberReady"),
        number("updatedNumberScheduled"),
        number("numberAvailable"),
        chosen(object, "/spec/template/spec/nodeSelector"),
        age,
        names,
        images,
        chosen(object, "/spec/selector/matchLabels"),
    ]
}

pub(super) fn node(object: &Value, age: Value) -> Vec<Value> {
    let ready = meta::list(object, "/status/conditions")
        .iter()
        .find(|condition| condition["type"] == "Ready");
    let mut status = match ready.and_then(|condition| condition["status"].as_str()) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if object.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        status.push_str(",SchedulingDisabled");
    }
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let roles: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    let address = |kind: &str| {
        let found = meta::list(object, "/status/addresses")
            .iter()
            .find(|address| address["type"] == kind);
        or(
            found.map_or("", |address| meta::text(address, "/address")),
            "<none>",
        )
    };
    let info = |field: &str| meta::text(object, &format!("/status/nodeInfo/{field}"));
    vec![
        meta::name(object).into(),
        status.into(),
        or(&roles.join(","), "<none>"),
        age,
        info("kubeletVersion").into(),
        address("InternalIP"),
        address("ExternalIP"),
        or(info("osImage"), "<unknown>"),
        or(info("kernelVersion"), "<unknown>"),
        or(info("containerRuntimeVersion"), "<unknown>"),
    ]
}

pub(super) fn service(object: &Value, age: Value) -> Vec<Value> {
    let ports: Vec<String> = meta::list(object, "/spec/ports")
        .iter()
        .map(|port| {
            let protocol = or(meta::text(port, "/protocol"), "TCP");
            let number = meta::number(port, "/port");
            let protocol = protocol.as_str().unwrap_or("TCP");
            match meta::number(port, "/nodePort") {
                0 => format!("{number}/{protocol}"),
                node => format!("{number}:{node}/{protocol}"),
            }
        })
        .collect();
    let kind = meta::text(object, "/spec/type");
    let outside = meta::list(object, "/status/loadBalancer/ingress")
        .iter()
        .find_map(|at| at["ip"].as_str().or(at["hostname"].as_str()));
    let outside = match (kind, outside) {
        ("LoadBalancer", None) => "<pending>",
        (_, Some(address)) => address,
        _ => "<none>",
    };
    vec![
        meta::name(object).into(),
        or(kind, "ClusterIP"),
        or(meta::text(object, "/spec/clusterIP"), "<none>"),
        outside.into(),
        or(&ports.join(","), "<none>"),
        age,
        chosen(object, "/spec/selector"),
    ]
}

pub(super) fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let first = ["/firstTimestamp", "/eventTime"]
        .iter()
        .map(|at| meta::text(object, at))
        .find(|at| !at.is_empty())
        .unwrap_or("");
    let last = match meta::text(object, "/lastTimestamp") {
        "" => first,
        last => last,
    };
    let kind = meta::text(object, "/involvedObject/kind").to_lowercase();
    let about = meta::text(object, "/involvedObject/name");
    let source = match meta::text(object, "/source/component") {
        "" => meta::text(object, "/reportingComponent"),
        source => source,
    };
    let source = match meta::text(object, "/source/host") {
        "" => source.to_owned(),
        host => format!("{source}, {host}"),
    };
    vec![
        since(last, now).into(),
        meta::text(object, "/type").into(),
        meta::text(object, "/reason").into(),
        format!("{kind}/{about}").into(),
        meta::text(object, "/involvedObject/fieldPath").into(),
        source.into(),
        meta::text(object, "/message").trim().into(),
        since(first, now).into(),
        meta::number(object, "/count").max(1).into(),
        meta::name(object).into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_deployment_counts_ready_of_wanted() {
        let object = json!({
            "metadata": {"name": "web"},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}},
            "status": {"readyReplicas": 1, "updatedReplicas": 3, "availableReplicas": 1},
        });
        let cells = deployment(&object, "5m".into());
        assert_eq!(cells[1..5], [json!("1/3"), json!(3), json!(1), json!("5m")]);
        assert_eq!(cells[7], "app=web");
    }

    #[test]
    fn a_cordoned_node_says_so() {
        let object = json!({
            "metadata": {"name": "n", "labels": {"node-role.kubernetes.io/control-plane": ""}},
            "spec": {"unschedulable": true},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        });
        let cells = node(&object, "1d".into());
        assert_eq!(
            cells[1..3],
            [json!("Ready,SchedulingDisabled"), json!("control-plane")]
        );
    }
}

//! Rows of claims, volumes, quotas and disruption budgets.

use serde_json::Value;

use crate::sim::api::table::Column;
use crate::sim::api::table::workloads::or;
use crate::sim::store::meta;

pub(super) const CLAIMS: &[Column] = &[
    ("Name", "string", 0),
    ("Status", "string", 0),
    ("Volume", "string", 0),
    ("Capacity", "string", 0),
    ("Access Modes", "string", 0),
    ("StorageClass", "string", 0),
    ("VolumeAttributesClass", "string", 0),
    ("Age", "string", 0),
    ("VolumeMode", "string", 1),
];

pub(super) const VOLUMES: &[Column] = &[
    ("Name", "string", 0),
    ("Capacity", "string", 0),
    ("Access Modes", "string", 0),
    ("Reclaim Policy", "string", 0),
    ("Status", "string", 0),
    ("Claim", "string", 0),
    ("StorageClass", "string", 0),
    ("VolumeAttributesClass", "string", 0),
    ("Reason", "string", 0),
    ("Age", "string", 0),
    ("VolumeMode", "string", 1),
];

pub(super) const QUOTAS: &[Column] = &[
    ("Name", "string", 0),
    ("Request", "string", 0),
    ("Limit", "string", 0),
    ("Age", "string", 0),
];

pub(super) const BUDGETS: &[Column] = &[
    ("Name", "string", 0),
    ("Min Available", "string", 0),
    ("Max Unavailable", "string", 0),
    ("Allowed Disruptions", "integer", 0),
    ("Age", "string", 0),
];

pub(super) fn budget(object: &Value, age: Value) -> Vec<Value> {
    let share = |field: &str| -> Value {
        match &object["spec"][field] {
            Value::Null => "N/A".into(),
            Value::String(share) => share.as_str().into(),
            number => number.to_string().into(),
        }
    };
    vec![
        meta::name(object).into(),
        share("minAvailable"),
        share("maxUnavailable"),
        meta::number(object, "/status/disruptionsAllowed").into(),
        age,
    ]
}

fn modes(object: &Value, pointer: &str) -> String {
    let modes: Vec<&str> = meta::list(object, pointer)
        .iter()
        .filter_map(Value::as_str)
        .map(|mode| match mode {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            "ReadWriteOncePod" => "RWOP",
            other => other,
        })
        .collect();
    modes.join(",")
}

pub(super) fn claim(object: &Value, age: Value) -> Vec<Value> {
    // What is asked for is shown once it is there.
    let bound = !meta::text(object, "/spec/volumeName").is_empty();
    let modes = if bound {
        modes(object, "/status/accessModes")
    } else {
        String::new()
    };
    let phase = if meta::is_going(object) {
        "Terminating"
    } else {
        meta::text(object, "/status/phase")
    };
    vec![
        meta::name(object).into(),
        phase.into(),
        meta::text(object, "/spec/volumeName").into(),
        meta::text(object, "/status/capacity/storage").into(),
        modes.into(),
        meta::text(object, "/spec/storageClassName").into(),
        "<unset>".into(),
        age,
        or(meta::text(object, "/spec/volumeMode"), "<unset>"),
    ]
}

pub(super) fn volume(object: &Value, age: Value) -> Vec<Value> {
    let text = |pointer: &str| meta::text(object, pointer);
    let claim = match text("/spec/claimRef/name") {
        "" => String::new(),
        name => format!("{}/{name}", text("/spec/claimRef/namespace")),
    };
    let phase = if meta::is_going(object) {
        "Terminating"
    } else {
        text("/status/phase")
    };
    vec![
        meta::name(object).into(),
        text("/spec/capacity/storage").into(),
        modes(object, "/spec/accessModes").into(),
        text("/spec/persistentVolumeReclaimPolicy").into(),
        phase.into(),
        claim.into(),
        text("/spec/storageClassName").into(),
        "<unset>".into(),
        text("/status/reason").into(),
        age,
        or(text("/spec/volumeMode"), "<unset>"),
    ]
}

pub(super) fn quota(object: &Value, age: Value) -> Vec<Value> {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    let hard = object.pointer("/status/hard").and_then(Value::as_object);
    for (name, most) in hard.into_iter().flatten() {
        let used = meta::text(&object["status"]["used"], &format!("/{name}"));
        let word = format!("{name}: {used}/{}", most.as_str().unwrap_or(""));
        if name.starts_with("limits.") {
            limits.push(word);
        } else {
            requests.push(word);
        }
    }
    let (requests, limits) = (requests.join(", "), limits.join(", "));
    vec![
        meta::name(object).into(),
        requests.into(),
        limits.into(),
        age,
    ]
}

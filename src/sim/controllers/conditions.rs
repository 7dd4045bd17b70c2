//! Conditions of objects: set by type, with a transition time that moves only when status does.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::clock::seconds;

/// One condition as it should be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a> {
    pub(super) kind: &'a str,
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

/// Sets a condition below `status.conditions`; true when its status is another than before.
pub(super) fn set(object: &mut Value, now: Timestamp, wanted: Condition<'_>) -> bool {
    let list = &mut object["status"]["conditions"];
    if !list.is_array() {
        *list = json!([]);
    }
    let Value::Array(list) = list else {
        return false;
    };
    let place = list.iter().position(|c| c["type"] == wanted.kind);
    let fresh = place.is_none();
    if fresh {
        list.push(json!({"type": wanted.kind}));
    }
    let place = place.unwrap_or(list.len() - 1);
    let Some(slot) = list.get_mut(place) else {
        return false;
    };
    let flipped = fresh || slot["status"] != wanted.status;
    if flipped {
        slot["status"] = json!(wanted.status);
        slot["lastTransitionTime"] = json!(seconds(now));
    }
    for (field, text) in [("reason", wanted.reason), ("message", wanted.message)] {
        let none = text.is_empty();
        match slot.as_object_mut() {
            Some(map) if none => drop(map.remove(field)),
            _ => slot[field] = json!(text),
        }
    }
    flipped
}

/// Removes a condition.
pub(super) fn remove(object: &mut Value, kind: &str) {
    if let Some(list) = object["status"]["conditions"].as_array_mut() {
        list.retain(|c| c["type"] != kind);
    }
}

/// The status of a condition: `True`, `False`, `Unknown`, or empty when it is not there.
pub(super) fn status<'v>(object: &'v Value, kind: &str) -> &'v str {
    let list = object["status"]["conditions"].as_array();
    let found = list.and_then(|list| list.iter().find(|c| c["type"] == kind));
    found.and_then(|c| c["status"].as_str()).unwrap_or("")
}

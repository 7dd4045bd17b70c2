//! Reading and writing the few fields every object has.

use serde_json::{Map, Value};

/// What stands at a JSON pointer. Controllers ask this all the time: without an escape in the
/// pointer nothing has to be copied.
fn at<'v>(object: &'v Value, pointer: &str) -> Option<&'v Value> {
    if pointer.contains('~') {
        return object.pointer(pointer);
    }
    let mut parts = pointer.split('/').skip(1);
    parts.try_fold(object, |value, part| match value {
        Value::Object(map) => map.get(part),
        Value::Array(list) => list.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The text at a JSON pointer; empty when there is none.
pub fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    at(object, pointer).and_then(Value::as_str).unwrap_or("")
}

/// The whole number at a JSON pointer; 0 when there is none.
pub fn number(object: &Value, pointer: &str) -> i64 {
    at(object, pointer).and_then(Value::as_i64).unwrap_or(0)
}

/// The list at a JSON pointer; empty when there is none.
pub fn list<'v>(object: &'v Value, pointer: &str) -> &'v [Value] {
    at(object, pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The object's name.
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// The object's namespace; empty for a cluster-wide one.
pub fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// The object's uid.
pub fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// The object's resourceVersion as a number; 0 when it has none.
pub fn version(object: &Value) -> u64 {
    text(object, "/metadata/resourceVersion")
        .parse()
        .unwrap_or(0)
}

/// True when the object is on its way out.
pub fn is_going(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

/// True when something still has to happen before the object may go.
pub fn is_held(object: &Value) -> bool {
    let namespace = text(object, "/kind") == "Namespace" && text(object, "/apiVersion") == "v1";
    !list(object, "/metadata/finalizers").is_empty()
        || (namespace && !list(object, "/spec/finalizers").is_empty())
}

/// The map under `key`, made when it is missing or of another type.
pub fn map<'v>(object: &'v mut Value, key: &str) -> &'v mut Map<String, Value> {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let slot = &mut object[key];
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    match slot {
        Value::Object(map) => map,
        _ => unreachable!("the slot was just made a map"),
    }
}

/// Sets a field of `metadata`; null removes it.
pub fn set(object: &mut Value, field: &str, value: Value) {
    let metadata = map(object, "metadata");
    if value.is_null() {
        metadata.remove(field);
    } else {
        metadata.insert(field.to_owned(), value);
    }
}

/// Takes empty maps and lists out of `metadata`, which is made when it is missing.
pub fn tidy(object: &mut Value) {
    map(object, "metadata").retain(|_, value| {
        let empty = value.as_object().is_some_and(Map::is_empty);
        !empty && !value.as_array().is_some_and(Vec::is_empty)
    });
}

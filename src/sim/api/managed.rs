//! Who set which field: `managedFields`, kept by manager, operation and subresource.
//!
//! Thinner than a real server's: a list counts as one field.

use serde_json::{Map, Value, json};

use crate::sim::store::Resource;
use crate::sim::store::meta;

/// Metadata that nobody owns.
const NOBODYS: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generateName",
    "managedFields",
    "selfLink",
];

/// Who writes, and how.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    /// The field manager.
    pub(super) manager: String,
    /// `Update` or `Apply`.
    pub(super) operation: &'static str,
    /// `status`, `scale` or empty.
    pub(super) sub: String,
    /// When, in RFC 3339 seconds.
    pub(super) time: String,
}

/// Notes in `after` who changed what of `before`; null stands for a new object.
pub(super) fn note(before: &Value, after: &mut Value, res: &Resource, writer: &Writer) {
    let mut entries = meta::list(before, "/metadata/managedFields").to_vec();
    let changed = changed(&strip(before), &strip(after));
    let gone = changed_keys(&strip(after), &strip(before));
    if changed.is_empty() && gone.is_empty() {
        set(after, entries);
        return;
    }
    let mut own = None;
    for (at, entry) in entries.iter_mut().enumerate() {
        if is_writers(entry, writer) {
            own = Some(at);
        } else {
            subtract(&mut entry["fieldsV1"], &changed);
        }
        subtract(&mut entry["fieldsV1"], &gone);
    }
    if !changed.is_empty() {
        let at = own.unwrap_or_else(|| {
            entries.push(entry(res, writer));
            entries.len() - 1
        });
        entries[at]["time"] = writer.time.as_str().into();
        add(&mut entries[at]["fieldsV1"], &changed);
    }
    entries.retain(|entry| entry["fieldsV1"].as_object().is_some_and(|f| !f.is_empty()));
    set(after, entries);
}

fn set(after: &mut Value, entries: Vec<Value>) {
    let entries = if entries.is_empty() {
        Value::Null
    } else {
        entries.into()
    };
    meta::set(after, "managedFields", entries);
}

/// An entry without fields.
pub(super) fn entry(res: &Resource, writer: &Writer) -> Value {
    let mut entry = json!({
        "manager": writer.manager,
        "operation": writer.operation,
        "apiVersion": res.api_version(),
        "time": writer.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": {},
    });
    if !writer.sub.is_empty() {
        entry["subresource"] = writer.sub.as_str().into();
    }
    entry
}

/// True when the entry is of this writer.
pub(super) fn is_writers(entry: &Value, writer: &Writer) -> bool {
    entry["manager"] == writer.manager.as_str()
        && entry["operation"] == writer.operation
        && meta::text(entry, "/subresource") == writer.sub
}

/// The object without what nobody owns.
pub(super) fn strip(object: &Value) -> Map<String, Value> {
    let mut map = object.as_object().cloned().unwrap_or_default();
    map.remove("kind");
    map.remove("apiVersion");
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| !NOBODYS.contains(&key.as_str()));
        if metadata.is_empty() {
            map.remove("metadata");
        }
    }
    map
}

/// The tree of fields that are new or other in `after`.
fn changed(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    tree(before, after, false)
}

/// The tree of fields of `after` that are missing in `before`.
fn changed_keys(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    tree(before, after, true)
}

/// The tree of fields of `after` that are other in `before`, or with `keys` only missing there.
pub(super) fn tree(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    keys: bool,
) -> Map<String, Value> {
    let none = Map::new();
    let mut fields = Map::new();
    for (key, value) in after {
        let old = before.get(key);
        if old == Some(value) {
            continue;
        }
        match value.as_object().filter(|map| !map.is_empty()) {
            Some(map) => {
                let old = old.and_then(Value::as_object).unwrap_or(&none);
                let inner = tree(old, map, keys);
                if !inner.is_empty() {
                    fields.insert(format!("f:{key}"), inner.into());
                }
            }
            None if keys && old.is_some() => {}
            None => {
                fields.insert(format!("f:{key}"), json!({}));
            }
        }
    }
    fields
}

fn add(fields: &mut Value, more: &Map<String, Value>) {
    let Some(fields) = fields.as_object_mut() else {
        return;
    };
    for (key, inner) in more {
        let slot = fields.entry(key.clone()).or_insert_with(|| json!({}));
        add(slot, inner.as_object().unwrap_or(&Map::new()));
    }
}

/// Takes the leaves of one field tree out of another.
pub(super) fn subtract(fields: &mut Value, less: &Map<String, Value>) {
    let Some(fields) = fields.as_object_mut() else {
        return;
    };
    for (key, inner) in less {
        let inner = inner.as_object().filter(|inner| !inner.is_empty());
        match (fields.get_mut(key), inner) {
            (Some(slot), Some(inner)) => {
                subtract(slot, inner);
                if slot.as_object().is_some_and(Map::is_empty) {
                    fields.remove(key);
                }
            }
            (Some(_), None) => {
                fields.remove(key);
            }
            (None, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::DEPLOYMENTS;

    fn writer(manager: &str) -> Writer {
        Writer {
            manager: manager.to_owned(),
            operation: "Update",
            sub: String::new(),
            time: "2026-08-15T04:31:00Z".to_owned(),
        }
    }

    #[test]
    fn a_field_belongs_to_its_last_writer() {
        let mut first =
            json!({"metadata": {"name": "w"}, "spec": {"replicas": 1, "paused": false}});
        note(&Value::Null, &mut first, &DEPLOYMENTS, &writer("flux"));
        let mut second = first.clone();
        second["spec"]["replicas"] = 3.into();
        note(&first, &mut second, &DEPLOYMENTS, &writer("kubectl"));
        let entries = meta::list(&second, "/metadata/managedFields");
        assert_eq!(entries[0]["manager"], "flux");
        assert_eq!(entries[0]["fieldsV1"], json!({"f:spec": {"f:paused": {}}}));
        assert_eq!(
            entries[1]["fieldsV1"],
            json!({"f:spec": {"f:replicas": {}}})
        );
    }

    #[test]
    fn a_removed_field_belongs_to_nobody() {
        let mut first = json!({"data": {"a": "1"}});
        note(&Value::Null, &mut first, &DEPLOYMENTS, &writer("a"));
        let mut second = json!({"data": {}});
        note(&first, &mut second, &DEPLOYMENTS, &writer("b"));
        let owners: Vec<&Value> = meta::list(&second, "/metadata/managedFields")
            .iter()
            .map(|entry| &entry["manager"])
            .collect();
        assert_eq!(owners, ["b"]);
    }
}

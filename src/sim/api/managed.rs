//! Who set which field: `managedFields`, kept by manager, operation and subresource.

use serde_json::{Map, Value, json};

use crate::sim::api::fields;
use crate::sim::api::fields::Place;
use crate::sim::api::fields::Which;
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
    "managedFields",
    "selfLink",
];

/// Who writes, and how.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Writer {
    /// The field manager.
    pub(in crate::sim) manager: String,
    /// `Update` or `Apply`.
    pub(in crate::sim) operation: &'static str,
    /// `status`, `scale` or empty.
    pub(in crate::sim) sub: String,
    /// When, in RFC 3339 seconds.
    pub(in crate::sim) time: String,
}

/// Notes in `after` who changed what of `before`; null stands for a new object.
pub(super) fn note(before: &Value, after: &mut Value, res: &Resource, writer: &Writer) {
    let mut entries = meta::list(before, "/metadata/managedFields").to_vec();
    let (old, new) = (strip(before, res, writer), strip(after, res, writer));
    let changed = changed(&old, &new, res);
    let gone = missing(&new, &old, res);
    if changed.is_empty() && gone.is_empty() {
        set(after, entries);
        return;
    }
    let mut own = None;
    for (at, entry) in entries.iter_mut().enumerate() {
        if is_writers(entry, writer) {
            own = Some(at);
        } else {
            fields::subtract(&mut entry["fieldsV1"], &changed);
        }
        fields::subtract(&mut entry["fieldsV1"], &gone);
    }
    if !changed.is_empty() {
        let at = own.unwrap_or_else(|| {
            entries.push(entry(res, writer));
            entries.len() - 1
        });
        if writer.sub != "scale" {
            entries[at]["time"] = writer.time.as_str().into();
        }
        fields::add(&mut entries[at]["fieldsV1"], &changed);
    }
    entries.retain(|entry| entry["fieldsV1"].as_object().is_some_and(|f| !f.is_empty()));
    set(after, entries);
}

/// Notes in a review who asked it.
pub(super) fn note_review(review: &mut Value, writer: &Writer) {
    let mut own = Map::new();
    own.insert("spec".to_owned(), review["spec"].clone());
    let place = Place::top(false);
    let fields = fields::tree(&Map::new(), &own, place, Which::Changed);
    let entry = json!({
        "manager": writer.manager,
        "operation": writer.operation,
        "apiVersion": review["apiVersion"],
        "time": writer.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    });
    set(review, vec![entry]);
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
    // A real server keeps no time of a write through the scale.
    if let (Some(map), "scale") = (entry.as_object_mut(), writer.sub.as_str()) {
        map.remove("time");
    }
    entry
}

/// True when the entry is of this writer.
pub(super) fn is_writers(entry: &Value, writer: &Writer) -> bool {
    entry["manager"] == writer.manager.as_str()
        && entry["operation"] == writer.operation
        && meta::text(entry, "/subresource") == writer.sub
}

/// The object without what nobody owns, and without what this writer cannot write.
pub(super) fn strip(object: &Value, res: &Resource, writer: &Writer) -> Map<String, Value> {
    let mut map = object.as_object().cloned().unwrap_or_default();
    map.remove("kind");
    map.remove("apiVersion");
    if writer.sub == "status" {
        map.retain(|key, _| key == "status");
    } else if res.status_subresource {
        map.remove("status");
    }
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| !NOBODYS.contains(&key.as_str()));
        if metadata.is_empty() {
            map.remove("metadata");
        }
    }
    map
}

/// The tree of fields that are new or other in `after`.
fn changed(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    res: &Resource,
) -> Map<String, Value> {
    fields::tree(before, after, Place::top(res.custom), Which::Changed)
}

/// The tree of fields of `after` that are missing in `before`.
fn missing(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    res: &Resource,
) -> Map<String, Value> {
    fields::tree(before, after, Place::top(res.custom), Which::Missing)
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

//! Values of another type than a built-in kind can hold, in the words of Go's readers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::sim::store::Resource;

/// The form of an instant with microseconds, as Go writes it down.
const MICRO: &str = "2006-01-02T15:04:05.000000Z07:00";

/// What the first value of another type is, if there is one.
pub(super) fn wrong(res: &Resource, object: &Value) -> Option<String> {
    let kind = res.kind;
    let metadata = if res.custom { "" } else { "metadata." };
    for field in ["labels", "annotations"] {
        let name = format!("ObjectMeta.{metadata}{field}");
        let wrong = words(&object["metadata"][field], &name);
        if wrong.is_some() {
            return wrong;
        }
    }
    if res.custom {
        return None;
    }
    let name = &object["metadata"]["name"];
    if !name.is_null() && !name.is_string() {
        return Some(cannot(name, "ObjectMeta.metadata.name", "string"));
    }
    match (res.group, res.plural) {
        ("", "configmaps") => words(&object["data"], &format!("{kind}.data")),
        ("", "secrets") => secret(&object["data"])
            .or_else(|| words(&object["stringData"], &format!("{kind}.stringData"))),
        ("apps", _) => {
            let replicas = &object["spec"]["replicas"];
            let whole = replicas.is_null() || replicas.is_i64();
            (!whole).then(|| cannot(replicas, &format!("{kind}Spec.spec.replicas"), "int32"))
        }
        ("coordination.k8s.io", _) => ["acquireTime", "renewTime"]
            .iter()
            .find_map(|field| instant(&object["spec"][*field])),
        _ => None,
    }
}

fn cannot(value: &Value, field: &str, wanted: &str) -> String {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {got} into Go struct field {field} of type {wanted}")
}

/// What is wrong with a map of words.
fn words(map: &Value, field: &str) -> Option<String> {
    match map {
        Value::Null => None,
        Value::Object(map) => map
            .values()
            .find(|value| !value.is_string() && !value.is_null())
            .map(|value| cannot(value, field, "string")),
        other => Some(cannot(other, field, "map[string]string")),
    }
}

fn secret(data: &Value) -> Option<String> {
    let values = data.as_object().into_iter().flatten();
    values
        .filter_map(|(_, value)| value.as_str())
        .find_map(|text| {
            let at = match STANDARD.decode(text).err()? {
                base64::DecodeError::InvalidByte(at, _) => at,
                _ => text.len(),
            };
            Some(format!("illegal base64 data at input byte {at}"))
        })
}

/// What is wrong with an instant that has microseconds.
fn instant(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let cannot = |rest: &str, wanted: &str| {
        Some(format!(
            "parsing time \"{text}\" as \"{MICRO}\": cannot parse \"{rest}\" as \"{wanted}\""
        ))
    };
    if !text.starts_with(|letter: char| letter.is_ascii_digit()) {
        return cannot(text, "2006");
    }
    match text.get(19..) {
        Some(rest) if !rest.starts_with('.') => cannot(rest, ".000000"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::{BACKUPS, CONFIGMAPS, LEASES, SECRETS};
    use serde_json::json;

    #[test]
    fn the_sentence_names_the_field_and_both_types() {
        let map = json!({"data": {"a": 1}});
        assert_eq!(
            wrong(&CONFIGMAPS, &map).unwrap(),
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"
        );
        let labels = json!({"metadata": {"labels": {"a": 1}}});
        assert!(
            wrong(&CONFIGMAPS, &labels)
                .unwrap()
                .contains("ObjectMeta.metadata.labels")
        );
        assert!(
            wrong(&BACKUPS, &labels)
                .unwrap()
                .contains("ObjectMeta.labels")
        );
        let secret = json!({"data": {"a": "!"}});
        assert_eq!(
            wrong(&SECRETS, &secret).unwrap(),
            "illegal base64 data at input byte 0"
        );
        let lease = json!({"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}});
        assert_eq!(wrong(&LEASES, &lease), None);
    }
}

//! Values of another type than a built-in kind can hold, in the words of Go's readers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::sim::store::Resource;

/// The form of an instant with microseconds, as Go writes it down.
const MICRO: &str = "2006-01-02T15:04:05.000000Z07:00";

/// Where a built-in kind has an object, if it has anything there, and Go's name of its type.
const OBJECTS: [(&str, &str); 14] = [
    ("/metadata", "v1.ObjectMeta"),
    ("/spec", "v1.{}Spec"),
    ("/spec/selector", "v1.LabelSelector"),
    ("/spec/strategy", "v1.DeploymentStrategy"),
    ("/spec/updateStrategy", "v1.{}UpdateStrategy"),
    ("/spec/hostPath", "v1.HostPathVolumeSource"),
    ("/spec/template", "v1.PodTemplateSpec"),
    ("/spec/template/metadata", "v1.ObjectMeta"),
    ("/spec/template/metadata/labels", "map[string]string"),
    ("/spec/template/spec", "v1.PodSpec"),
    ("/spec/jobTemplate", "v1.JobTemplateSpec"),
    ("/spec/jobTemplate/spec", "v1.JobSpec"),
    ("/spec/jobTemplate/spec/template", "v1.PodTemplateSpec"),
    ("/spec/jobTemplate/spec/template/spec", "v1.PodSpec"),
];
/// Where it has a list of objects, and Go's name of their type.
const LISTS: [(&str, &str); 12] = [
    ("/spec/containers", "v1.Container"),
    ("/spec/initContainers", "v1.Container"),
    ("/spec/volumes", "v1.Volume"),
    ("/spec/ports", "v1.ServicePort"),
    ("/spec/volumeClaimTemplates", "v1.PersistentVolumeClaim"),
    ("/spec/template/spec/containers", "v1.Container"),
    ("/spec/template/spec/initContainers", "v1.Container"),
    ("/spec/template/spec/volumes", "v1.Volume"),
    (
        "/spec/jobTemplate/spec/template/spec/containers",
        "v1.Container",
    ),
    (
        "/spec/jobTemplate/spec/template/spec/initContainers",
        "v1.Container",
    ),
    ("/spec/jobTemplate/spec/template/spec/volumes", "v1.Volume"),
    ("/subjects", "v1.Subject"),
];

/// What the first value of another type is, if there is one.
pub(super) fn wrong(res: &Resource, object: &Value) -> Option<String> {
    let kind = res.kind;
    if let Some(wrong) = misshapen(res, object) {
        return Some(wrong);
    }
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
            let fits = |number: i64| i32::try_from(number).is_ok();
            let whole = replicas.is_null() || replicas.as_i64().is_some_and(fits);
            (!whole).then(|| cannot(replicas, &format!("{kind}Spec.spec.replicas"), "int32"))
        }
        ("coordination.k8s.io", _) => ["acquireTime", "renewTime"]
            .iter()
            .find_map(|field| instant(&object["spec"][*field])),
        _ => None,
    }
}

/// What is no object, or no list of objects, where the kind has one.
fn misshapen(res: &Resource, object: &Value) -> Option<String> {
    let kind = res.kind;
    if res.custom {
        let metadata = object.get("metadata")?;
        let wrong = !metadata.is_null() && !metadata.is_object();
        return wrong.then(|| {
            let got = shape(metadata);
            format!("json: cannot unmarshal {got} into Go value of type v1.ObjectMeta")
        });
    }
    let objects = OBJECTS.iter().find_map(|(pointer, of)| {
        let value = object.pointer(pointer)?;
        let wrong = !value.is_null() && !value.is_object();
        wrong.then(|| cannot(value, &field(kind, pointer), &of.replace("{}", kind)))
    });
    objects.or_else(|| {
        LISTS.iter().find_map(|(pointer, of)| {
            let value = object.pointer(pointer).filter(|value| !value.is_null())?;
            let Some(list) = value.as_array() else {
                return Some(cannot(value, &field(kind, pointer), &format!("[]{of}")));
            };
            let odd = list.iter().find(|one| !one.is_object())?;
            Some(cannot(odd, &field(kind, pointer), of))
        })
    })
}

/// A field as Go names it: the struct that holds it, and its whole path.
fn field(kind: &str, pointer: &str) -> String {
    let mut parts: Vec<&str> = pointer.split('/').collect();
    parts.pop();
    let holder = match parts.as_slice() {
        [.., "template", "spec"] => "PodSpec".to_owned(),
        [.., "template"] => "PodTemplateSpec".to_owned(),
        [.., "jobTemplate", "spec"] => "JobSpec".to_owned(),
        [.., "jobTemplate"] => "JobTemplateSpec".to_owned(),
        [.., "metadata"] => "ObjectMeta".to_owned(),
        [.., "spec"] => format!("{kind}Spec"),
        _ => kind.to_owned(),
    };
    format!("{holder}{}", pointer.replace('/', "."))
}

fn cannot(value: &Value, field: &str, wanted: &str) -> String {
    let got = match value {
        // Where a number of another kind was wanted, the one that was given is told.
        Value::Number(given) if wanted == "int32" => format!("number {given}"),
        value => shape(value).to_owned(),
    };
    format!("json: cannot unmarshal {got} into Go struct field {field} of type {wanted}")
}

/// The shape of a value in Go's words.
pub(super) fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
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
    use crate::sim::store::resources::{BACKUPS, CONFIGMAPS, DEPLOYMENTS, LEASES, SECRETS};
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
        for spec in [
            json!("x"),
            json!({"template": 5}),
            json!({"template": {"spec": {"containers": ["x"]}}}),
        ] {
            assert!(
                wrong(&DEPLOYMENTS, &json!({ "spec": spec })).is_some(),
                "{spec}"
            );
        }
        assert!(
            wrong(
                &DEPLOYMENTS,
                &json!({"spec": {"replicas": 5_000_000_000_i64}})
            )
            .is_some()
        );
        assert!(wrong(&BACKUPS, &json!({"metadata": "x"})).is_some());
        let lease = json!({"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}});
        assert_eq!(wrong(&LEASES, &lease), None);
    }
}

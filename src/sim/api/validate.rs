//! Rules of the built-in kinds that crashcart and kubectl can run into; no whole schema.

use serde_json::{Map, Value, json};

use crate::sim::api::rules;
use crate::sim::api::schema;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::meta;

/// The fields at the top of kinds without a spec; the others have `spec` and `status`.
const FIELDS: &[(&str, &[&str])] = &[
    ("configmaps", &["data", "binaryData", "immutable"]),
    ("secrets", &["data", "stringData", "type", "immutable"]),
    (
        "serviceaccounts",
        &[
            "secrets",
            "imagePullSecrets",
            "automountServiceAccountToken",
        ],
    ),
];

/// The fields of metadata, in every kind.
const METADATA: &[&str] = &[
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Refuses an object that breaks a rule of its kind; `before` is the object it replaces, or null.
pub(super) fn check(res: &Resource, before: &Value, object: &Value) -> Result<(), Refusal> {
    let role = meta::text(object, "/roleRef/kind");
    if !role.is_empty() && !matches!(role, "Role" | "ClusterRole") {
        let why = format!("unsupported role reference kind: \"{role}\"");
        return Err(Refusal::new(500, "", why));
    }
    schema::refuse(res, object, &rules::metadata(res, before, object).found)?;
    match (res.group, res.plural) {
        ("", "pods") => pod(res, before, object),
        ("apps", _) => workload(res, before, object),
        _ => Ok(()),
    }?;
    schema::refuse(res, object, &rules::kind(res, before, object).found)
}

fn invalid(res: &Resource, object: &Value, field: &str, why: &str) -> Refusal {
    Refusal::invalid(res, meta::name(object), field, "FieldValueInvalid", why)
}

fn workload(res: &Resource, before: &Value, object: &Value) -> Result<(), Refusal> {
    let replicas = meta::number(object, "/spec/replicas");
    if replicas < 0 {
        let why = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        return Err(invalid(res, object, "spec.replicas", &why));
    }
    let selector = &object["spec"]["selector"];
    let old = &before["spec"]["selector"];
    if !old.is_null() && old != selector {
        let why = format!("Invalid value: {selector}: field is immutable");
        return Err(invalid(res, object, "spec.selector", &why));
    }
    let none = Map::new();
    let labels = &object["spec"]["template"]["metadata"]["labels"];
    let has = labels.as_object().unwrap_or(&none);
    let wants = selector["matchLabels"].as_object().unwrap_or(&none);
    if selector.is_null() {
        let refusal = Refusal::invalid(
            res,
            meta::name(object),
            "spec.selector",
            "FieldValueRequired",
            "Required value",
        );
        let why = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        let field = "spec.template.metadata.labels";
        return Err(refusal.also(field, "FieldValueInvalid", &why));
    }
    if wants.iter().any(|(key, value)| has.get(key) != Some(value)) {
        let why = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        let field = "spec.template.metadata.labels";
        return Err(invalid(res, object, field, &why));
    }
    Ok(())
}

fn pod(res: &Resource, before: &Value, object: &Value) -> Result<(), Refusal> {
    if meta::list(object, "/spec/containers").is_empty() {
        let (field, reason) = ("spec.containers", "FieldValueRequired");
        let name = meta::name(object);
        return Err(Refusal::invalid(res, name, field, reason, "Required value"));
    }
    if !before.is_null() && fixed(&before["spec"]) != fixed(&object["spec"]) {
        let why = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        let (field, reason) = ("spec", "FieldValueForbidden");
        let name = meta::name(object);
        return Err(Refusal::invalid(res, name, field, reason, why));
    }
    Ok(())
}

/// The part of a pod's spec that stays as it was created.
fn fixed(spec: &Value) -> Value {
    let mut spec = spec.clone();
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["image"] = Value::Null;
        }
    }
    for free in ["activeDeadlineSeconds", "tolerations"] {
        spec[free] = Value::Null;
    }
    spec
}

/// Takes fields out of an object that its kind does not have, and names them.
pub(super) fn prune(res: &Resource, object: &mut Value) -> Vec<String> {
    let known = FIELDS.iter().find(|(plural, _)| *plural == res.plural);
    let (Some((_, known)), Some(map)) = (known, object.as_object_mut()) else {
        return Vec::new();
    };
    let every = ["apiVersion", "kind", "metadata"];
    let unknown: Vec<String> = map
        .keys()
        .filter(|key| !known.contains(&key.as_str()) && !every.contains(&key.as_str()))
        .cloned()
        .collect();
    for key in &unknown {
        map.remove(key);
    }
    unknown
}

/// Takes out of an object's metadata what metadata does not have, and names it.
pub(super) fn prune_metadata(object: &mut Value) -> Vec<String> {
    let mut unknown = Vec::new();
    if let Some(map) = object["metadata"].as_object_mut() {
        map.retain(|key, _| {
            let known = METADATA.contains(&key.as_str());
            if !known {
                unknown.push(format!("metadata.{key}"));
            }
            known
        });
    }
    unknown
}

/// What a server says of finalizers that may be somebody else's.
pub(super) fn finalizers(object: &Value) -> Vec<String> {
    meta::list(object, "/metadata/finalizers")
        .iter()
        .filter_map(Value::as_str)
        .filter(|held| !held.contains('/') && !matches!(*held, "orphan" | "foregroundDeletion"))
        .map(|held| {
            format!(
                "metadata.finalizers: \"{held}\": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers"
            )
        })
        .collect()
}

/// 400: the object has fields that its kind has not, and the client asked to be told.
pub(super) fn unknown(res: &Resource, fields: &[String]) -> Refusal {
    unreadable(res, &strictly(fields))
}

fn strictly(fields: &[String]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|field| format!("unknown field \"{field}\""))
        .collect();
    format!("strict decoding error: {}", fields.join(", "))
}

/// 422: a patch gives an object fields that its kind has not; `whole` is the object as patched.
pub(super) fn unknown_patched(whole: &Value, fields: &[String]) -> Refusal {
    unreadable_patched(whole, &strictly(fields))
}

/// 400: a field holds what its type cannot.
pub(super) fn unreadable(res: &Resource, why: &str) -> Refusal {
    Refusal::bad_request(format!(
        "{kind} in version \"{}\" cannot be handled as a {kind}: {why}",
        res.version,
        kind = res.kind
    ))
}

/// 422: a patch makes an object that cannot be read; `whole` is the object as patched.
pub(super) fn unreadable_patched(whole: &Value, why: &str) -> Refusal {
    let whole = Value::from(whole.to_string());
    let why = format!("Invalid value: {whole}: {why}");
    let mut refusal = Refusal::new(422, "Invalid", format!(" \"\" is invalid: patch: {why}"));
    let cause = json!({ "reason": "FieldValueInvalid", "message": why, "field": "patch" });
    refusal.details = json!({ "causes": [cause] });
    refusal
}

/// What an apply says of fields that a built-in kind has not.
pub(super) fn undeclared(res: &Resource, applied: &Value) -> Vec<String> {
    let mut rest = applied.clone();
    let mut unknown = prune_metadata(&mut rest);
    unknown.extend(prune(res, &mut rest));
    unknown
        .iter()
        .map(|field| format!(".{field}: field not declared in schema"))
        .collect()
}

/// Refuses a review that asks nothing, or two things at once.
pub(super) fn review(spec: &Value, ns: Option<&str>) -> Result<(), Refusal> {
    let (things, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let refuse = |field: &str, why: &str| Err(review_field(field, why));
    match (things.is_object(), path.is_object()) {
        (false, false) => refuse(
            "spec.resourceAttributes",
            "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
        ),
        (true, true) => {
            let asked = json!({ "Path": path["path"], "Verb": path["verb"] });
            let why = format!(
                "Invalid value: {asked}: cannot be specified in combination with resourceAttributes"
            );
            refuse("spec.nonResourceAttributes", &why)
        }
        _ => match (ns, meta::text(things, "/namespace")) {
            (Some(ns), asked) if ns != asked => {
                let why = format!("Invalid value: \"{asked}\": must match metadata.namespace");
                refuse("spec.resourceAttributes.namespace", &why)
            }
            _ => Ok(()),
        },
    }
}

/// 422: a field of a review is not what it may be; the kind stays unnamed, as on a real server.
pub(super) fn review_field(field: &str, why: &str) -> Refusal {
    let message = format!(".authorization.k8s.io \"\" is invalid: {field}: {why}");
    let mut refusal = Refusal::new(422, "Invalid", message);
    let cause = json!({ "reason": "FieldValueInvalid", "message": why, "field": field });
    refusal.details = json!({ "group": "authorization.k8s.io", "causes": [cause] });
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::{CONFIGMAPS, DEPLOYMENTS, PODS};

    #[test]
    fn a_workload_selects_its_own_pods_for_ever() {
        let with = |label: &str| {
            json!({"metadata": {"name": "w"}, "spec": {
                "selector": {"matchLabels": {"app": "w"}},
                "template": {"metadata": {"labels": {"app": label}}, "spec": {
                    "restartPolicy": "Always",
                    "containers": [{"name": "c", "image": "i"}],
                }},
            }})
        };
        assert!(check(&DEPLOYMENTS, &Value::Null, &with("w")).is_ok());
        assert_eq!(
            check(&DEPLOYMENTS, &Value::Null, &with("x"))
                .unwrap_err()
                .code,
            422
        );
        let other = json!({"spec": {"selector": {"matchLabels": {}}}});
        assert!(check(&DEPLOYMENTS, &with("w"), &other).is_err());
    }

    #[test]
    fn a_pod_changes_its_images_alone() {
        let pod = |image: &str, node: &str| json!({"spec": {"nodeName": node, "containers": [{"name": "c", "image": image}]}});
        assert!(check(&PODS, &pod("a", "n"), &pod("b", "n")).is_ok());
        assert!(check(&PODS, &pod("a", "n"), &pod("a", "m")).is_err());
    }

    #[test]
    fn what_a_kind_has_not_is_named() {
        let mut map = json!({"data": {}, "dta": {}});
        assert_eq!(prune(&CONFIGMAPS, &mut map), ["dta"]);
        assert_eq!(map, json!({"data": {}}));
    }
}

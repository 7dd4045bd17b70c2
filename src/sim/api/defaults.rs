//! What the server checks in and adds to an object that a client sends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::sim::api::path::Target;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::Store;
use crate::sim::store::meta;

/// Refuses an object of another kind, namespace or name than the path says.
pub(super) fn check_fit(target: &Target, object: &Value) -> Result<(), Refusal> {
    let res = target.res;
    let (version, kind) = (
        meta::text(object, "/apiVersion"),
        meta::text(object, "/kind"),
    );
    if !object.is_object() {
        return Err(Refusal::bad_request(format!(
            "the object provided is unrecognized (must be of type {})",
            res.kind
        )));
    }
    check_kind(res, object, version, kind)?;
    let ns = meta::namespace(object);
    if !ns.is_empty() && Some(ns) != target.ns.as_deref() {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if let Some(name) = target.name.as_deref()
        && !meta::name(object).is_empty()
        && meta::name(object) != name
    {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({name})",
            meta::name(object)
        )));
    }
    Ok(())
}

/// Refuses another kind than the resource's; a custom resource must name its own.
fn check_kind(res: &Resource, object: &Value, version: &str, kind: &str) -> Result<(), Refusal> {
    if res.custom && kind.is_empty() {
        return Err(Refusal::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): Object 'Kind' is missing in '{object}'",
            res.kind
        )));
    }
    if res.custom && kind != res.kind {
        let why = format!("Invalid value: \"{kind}\": must be {}", res.kind);
        let name = meta::name(object);
        let mut refusal = Refusal::invalid(res, name, "kind", "FieldValueInvalid", &why);
        refusal.message = format!("{kind}.{} \"{name}\" is invalid: kind: {why}", res.group);
        refusal.details["kind"] = kind.into();
        return Err(refusal);
    }
    if (!version.is_empty() && version != res.api_version())
        || (!kind.is_empty() && kind != res.kind)
    {
        return Err(Refusal::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {}",
            res.kind
        )));
    }
    Ok(())
}

/// Refuses a name that the resource does not take.
pub(super) fn check_name(res: &Resource, object: &Value) -> Result<(), Refusal> {
    let name = meta::name(object);
    if name.is_empty() {
        return Ok(());
    }
    let refuse = |rule: &str| {
        let why = format!("Invalid value: \"{name}\": {rule}");
        Err(Refusal::invalid(
            res,
            name,
            "metadata.name",
            "FieldValueInvalid",
            &why,
        ))
    };
    if res.group == "rbac.authorization.k8s.io" {
        return if name.contains(['/', '%']) || name == "." || name == ".." {
            refuse("may not contain '/' or '%'")
        } else {
            Ok(())
        };
    }
    let label = matches!(res.plural, "namespaces" | "services") && res.group.is_empty();
    if label && (name.len() > 63 || name.contains('.') || !is_part(name)) {
        return refuse(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        );
    }
    if name.len() > 253 || !name.split('.').all(is_part) {
        return refuse(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        );
    }
    Ok(())
}

fn is_part(part: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    edge(part.chars().next())
        && edge(part.chars().last())
        && part
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Drops what only the server sets in a new object, and adds what it starts with.
pub(super) fn begin(res: &Resource, object: &mut Value, store: &Store) {
    for field in [
        "uid",
        "creationTimestamp",
        "resourceVersion",
        "managedFields",
        "generation",
    ] {
        meta::set(object, field, Value::Null);
    }
    if res.status_subresource
        && let Some(map) = object.as_object_mut()
    {
        map.remove("status");
    }
    match (res.group, res.plural) {
        ("", "pods") => {
            object["status"] = json!({ "phase": "Pending", "qosClass": "BestEffort" });
            default(&mut object["spec"], "enableServiceLinks", true.into());
            default(
                &mut object["spec"],
                "preemptionPolicy",
                "PreemptLowerPriority".into(),
            );
            default(&mut object["spec"], "priority", json!(0));
            let stay = |key: &str| json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 });
            let tolerations = json!([
                stay("node.kubernetes.io/not-ready"),
                stay("node.kubernetes.io/unreachable")
            ]);
            default(&mut object["spec"], "tolerations", tolerations);
        }
        ("apps" | "batch", _) => object["status"] = json!({}),
        ("", "persistentvolumeclaims") => object["status"] = json!({ "phase": "Pending" }),
        ("", "services") => {
            let [a, b] = store.dice(|dice| [dice.below(255), dice.below(253) + 1]);
            let address = format!("10.96.{a}.{b}");
            default(&mut object["spec"], "clusterIP", address.into());
            object["status"] = json!({ "loadBalancer": {} });
        }
        _ => {}
    }
    complete(res, &Value::Null, object);
}

/// Adds what the server sets in a written object when the client does not; `before` is the
/// object it replaces, or null.
pub(super) fn complete(res: &Resource, before: &Value, object: &mut Value) {
    match (res.group, res.plural) {
        ("", "pods") => pod_spec(&mut object["spec"]),
        ("", "secrets") => secret(object),
        ("", "services") => service(before, object),
        ("apps", "deployments") => {
            default(&mut object["spec"], "replicas", json!(1));
            default(&mut object["spec"], "revisionHistoryLimit", json!(10));
            default(&mut object["spec"], "progressDeadlineSeconds", json!(600));
            strategy(&mut object["spec"]);
            pod_spec(&mut object["spec"]["template"]["spec"]);
        }
        ("apps", "replicasets" | "statefulsets") => {
            default(&mut object["spec"], "replicas", json!(1));
            pod_spec(&mut object["spec"]["template"]["spec"]);
        }
        _ => {}
    }
}

fn strategy(spec: &mut Value) {
    default(spec, "strategy", json!({}));
    default(&mut spec["strategy"], "type", "RollingUpdate".into());
    if spec["strategy"]["type"] == "RollingUpdate" {
        let quarter = json!({ "maxUnavailable": "25%", "maxSurge": "25%" });
        default(&mut spec["strategy"], "rollingUpdate", quarter);
    }
}

fn default(object: &mut Value, key: &str, value: Value) {
    if object.is_null() {
        *object = json!({});
    }
    if let Some(map) = object.as_object_mut() {
        map.entry(key.to_owned()).or_insert(value);
    }
}

fn pod_spec(spec: &mut Value) {
    default(spec, "restartPolicy", "Always".into());
    default(spec, "terminationGracePeriodSeconds", json!(30));
    default(spec, "dnsPolicy", "ClusterFirst".into());
    default(spec, "schedulerName", "default-scheduler".into());
    default(spec, "securityContext", json!({}));
    for container in spec["containers"].as_array_mut().into_iter().flatten() {
        default(container, "imagePullPolicy", "IfNotPresent".into());
        default(container, "resources", json!({}));
        default(
            container,
            "terminationMessagePath",
            "/dev/termination-log".into(),
        );
        default(container, "terminationMessagePolicy", "File".into());
    }
}

fn secret(object: &mut Value) {
    default(object, "type", "Opaque".into());
    let plain = object
        .as_object_mut()
        .and_then(|map| map.remove("stringData"));
    for (key, value) in plain
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let encoded = STANDARD.encode(value.as_str().unwrap_or(""));
        meta::map(object, "data").insert(key.clone(), encoded.into());
    }
}

fn service(before: &Value, object: &mut Value) {
    default(&mut object["spec"], "type", "ClusterIP".into());
    default(&mut object["spec"], "sessionAffinity", "None".into());
    // An address once given stays when a client leaves it out.
    if let Some(address) = before.pointer("/spec/clusterIP") {
        default(&mut object["spec"], "clusterIP", address.clone());
    }
    for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
        default(port, "protocol", "TCP".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::clock::Clock;
    use crate::sim::store::resources::{CLUSTERROLES, NAMESPACES, PODS, SECRETS};

    #[test]
    fn names_are_checked_by_the_rule_of_their_resource() {
        let named = |name: &str| json!({"metadata": {"name": name}});
        let code = |res, name| {
            check_name(res, &named(name))
                .err()
                .map(|refusal| refusal.code)
        };
        assert_eq!(code(&PODS, "web-1.a"), None);
        assert_eq!(code(&PODS, "Web"), Some(422));
        assert_eq!(code(&PODS, "-web"), Some(422));
        assert_eq!(code(&NAMESPACES, "a.b"), Some(422));
        assert_eq!(code(&CLUSTERROLES, "system:View"), None);
    }

    #[test]
    fn a_client_sets_neither_status_nor_uid() {
        let store = Store::new(Clock::manual(jiff::Timestamp::UNIX_EPOCH), 1);
        let mut pod = json!({"metadata": {"uid": "x"}, "status": {"phase": "Running"}});
        begin(&PODS, &mut pod, &store);
        assert_eq!(pod["status"]["phase"], "Pending");
        assert!(pod["metadata"].get("uid").is_none());
        let mut secret = json!({"stringData": {"a": "b"}});
        begin(&SECRETS, &mut secret, &store);
        assert_eq!(secret["data"]["a"], "Yg==");
        assert!(secret.get("stringData").is_none());
    }
}

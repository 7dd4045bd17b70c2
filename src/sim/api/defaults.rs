//! What the server checks in and adds to an object that a client sends.

use serde_json::Value;

use crate::sim::api::fill;
use crate::sim::api::path::Target;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
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
        let packages = |version: &str| match version.split_once('/') {
            Some((group, version)) => (
                group.split('.').next().unwrap_or("").to_owned(),
                version.to_owned(),
            ),
            None => ("core".to_owned(), version.to_owned()),
        };
        let ((_, from), (to, _)) = (packages(version), packages(&res.api_version()));
        return Err(Refusal::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {own}: converting ({from}.{kind}) to ({to}.{own}): unknown conversion",
            own = res.kind
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
    if res.plural == "namespaces" && name.contains('.') {
        return refuse("must not contain dots");
    }
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
pub(super) fn begin(res: &Resource, object: &mut Value) {
    for field in [
        "uid",
        "creationTimestamp",
        "resourceVersion",
        "managedFields",
    ] {
        meta::set(object, field, Value::Null);
    }
    if res.generation {
        meta::set(object, "generation", Value::Null);
    }
    if res.status_subresource
        && let Some(map) = object.as_object_mut()
    {
        map.remove("status");
    }
    fill::complete(res, &Value::Null, object);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::{CLUSTERROLES, NAMESPACES, PODS, SECRETS};
    use serde_json::json;

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
        let mut pod = json!({"metadata": {"uid": "x"}, "status": {"phase": "Running"}});
        begin(&PODS, &mut pod);
        assert!(pod.get("status").is_none());
        assert!(pod["metadata"].get("uid").is_none());
        let mut secret = json!({"stringData": {"a": "b"}});
        begin(&SECRETS, &mut secret);
        assert_eq!(secret["data"]["a"], "Yg==");
        assert!(secret.get("stringData").is_none());
    }
}

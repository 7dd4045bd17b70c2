//! Who may do what: rules from the Roles and bindings in the store.

use std::sync::Arc;

use serde_json::Value;

use crate::sim::api::User;
use crate::sim::api::path::Attributes;
use crate::sim::store::Refusal;
use crate::sim::store::Store;
use crate::sim::store::meta;
use crate::sim::store::resources;

/// Why a request is allowed, in the words of a real server; `None` when it is not.
pub(super) fn allowed(store: &Store, user: &User, asked: &Attributes) -> Option<String> {
    if user.groups.iter().any(|group| group == "system:masters") {
        return Some(String::new());
    }
    let mut why = None;
    for_each_grant(store, user, &asked.ns, |rule, reason| {
        if why.is_none() && covers(rule, asked) {
            why = Some(reason());
        }
    });
    why
}

/// Every rule that holds for a user in a namespace.
pub(super) fn rules(store: &Store, user: &User, ns: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for_each_grant(store, user, ns, |rule, _| all.push(rule.clone()));
    all
}

/// What is wrong with the bindings that would hold for a user; empty when nothing is.
pub(super) fn missing(store: &Store, user: &User, ns: &str) -> String {
    let mut bindings = store.list(&resources::CLUSTERROLEBINDINGS, None).0;
    if !ns.is_empty() {
        bindings.extend(store.list(&resources::ROLEBINDINGS, Some(ns)).0);
    }
    let mut missing = Vec::new();
    for binding in bindings {
        let subjects = meta::list(&binding, "/subjects");
        if subjects.iter().any(|subject| is(user, subject))
            && role_of(store, &binding, ns).is_none()
        {
            let kind = meta::text(&binding, "/roleRef/kind").to_lowercase();
            let name = meta::text(&binding, "/roleRef/name");
            missing.push(format!(
                "{kind}.rbac.authorization.k8s.io \"{name}\" not found"
            ));
        }
    }
    match missing.as_slice() {
        [] => String::new(),
        [one] => format!("RBAC: {one}"),
        many => format!("RBAC: [{}]", many.join(", ")),
    }
}

fn role_of(store: &Store, binding: &Value, ns: &str) -> Option<Arc<Value>> {
    let name = meta::text(binding, "/roleRef/name");
    if meta::text(binding, "/roleRef/kind") == "Role" {
        store.get(&resources::ROLES, Some(ns), name)
    } else {
        store.get(&resources::CLUSTERROLES, None, name)
    }
}

fn for_each_grant(
    store: &Store,
    user: &User,
    ns: &str,
    mut visit: impl FnMut(&Value, &dyn Fn() -> String),
) {
    let mut bindings = store.list(&resources::CLUSTERROLEBINDINGS, None).0;
    if !ns.is_empty() {
        bindings.extend(store.list(&resources::ROLEBINDINGS, Some(ns)).0);
    }
    for binding in bindings {
        let subjects = meta::list(&binding, "/subjects");
        let Some(subject) = subjects.iter().find(|subject| is(user, subject)) else {
            continue;
        };
        let kind = meta::text(&binding, "/roleRef/kind");
        let name = meta::text(&binding, "/roleRef/name");
        let Some(role) = role_of(store, &binding, ns) else {
            continue;
        };
        let reason = || {
            format!(
                "RBAC: allowed by {} \"{}\" of {kind} \"{name}\" to {} \"{}\"",
                meta::text(&binding, "/kind"),
                full_name(&binding),
                meta::text(subject, "/kind"),
                meta::text(subject, "/name"),
            )
        };
        for rule in meta::list(&role, "/rules") {
            visit(rule, &reason);
        }
    }
}

fn full_name(object: &Value) -> String {
    match meta::namespace(object) {
        "" => meta::name(object).to_owned(),
        ns => format!("{}/{ns}", meta::name(object)),
    }
}

fn is(user: &User, subject: &Value) -> bool {
    let name = meta::text(subject, "/name");
    match meta::text(subject, "/kind") {
        "User" => user.name == name,
        "Group" => user.groups.iter().any(|group| group == name),
        "ServiceAccount" => {
            let ns = meta::text(subject, "/namespace");
            user.name == format!("system:serviceaccount:{ns}:{name}")
        }
        _ => false,
    }
}

fn covers(rule: &Value, asked: &Attributes) -> bool {
    if !has(rule, "verbs", &[&asked.verb, "*"]) {
        return false;
    }
    if asked.resource.is_empty() {
        return meta::list(rule, "/nonResourceURLs")
            .iter()
            .filter_map(Value::as_str)
            .any(|url| match url.strip_suffix('*') {
                Some(start) => asked.path.starts_with(start),
                None => asked.path == url,
            });
    }
    let whole = if asked.sub.is_empty() {
        asked.resource.clone()
    } else {
        format!("{}/{}", asked.resource, asked.sub)
    };
    let any_with_sub = format!("*/{}", asked.sub);
    let names = meta::list(rule, "/resourceNames");
    has(rule, "apiGroups", &[&asked.group, "*"])
        && has(rule, "resources", &[&whole, "*", &any_with_sub])
        && (names.is_empty() || names.iter().any(|name| name == asked.name.as_str()))
}

fn has(rule: &Value, field: &str, wanted: &[&str]) -> bool {
    rule.get(field)
        .and_then(Value::as_array)
        .is_some_and(|list| {
            list.iter()
                .filter_map(Value::as_str)
                .any(|v| wanted.contains(&v))
        })
}

/// 403 in the sentence of a real server.
pub(super) fn refuse(user: &User, asked: &Attributes) -> Refusal {
    if asked.resource.is_empty() {
        let message = format!(
            "forbidden: User \"{}\" cannot {} path \"{}\"",
            user.name, asked.verb, asked.path
        );
        let mut refusal = Refusal::new(403, "Forbidden", message);
        refusal.details = serde_json::json!({});
        return refusal;
    }
    let resource = if asked.sub.is_empty() {
        asked.resource.clone()
    } else {
        format!("{}/{}", asked.resource, asked.sub)
    };
    let place = if asked.ns.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{}\"", asked.ns)
    };
    let mut subject = asked.resource.clone();
    if !asked.group.is_empty() {
        subject = format!("{subject}.{}", asked.group);
    }
    if !asked.name.is_empty() {
        subject = format!("{subject} \"{}\"", asked.name);
    }
    let message = format!(
        "{subject} is forbidden: User \"{}\" cannot {} resource \"{resource}\" in API group \"{}\" {place}",
        user.name, asked.verb, asked.group
    );
    let mut refusal = Refusal::new(403, "Forbidden", message);
    let mut details = serde_json::json!({ "kind": asked.resource });
    if !asked.name.is_empty() {
        details["name"] = asked.name.as_str().into();
    }
    if !asked.group.is_empty() {
        details["group"] = asked.group.as_str().into();
    }
    refusal.details = details;
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::clock::Clock;
    use serde_json::json;

    fn store() -> Store {
        let store = Store::new(Clock::manual(jiff::Timestamp::UNIX_EPOCH), 1);
        let make = |res, ns, object| store.create(res, ns, object).unwrap();
        make(
            &resources::NAMESPACES,
            None,
            json!({"metadata": {"name": "shop"}}),
        );
        let rules = json!([
            {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "*/log"]},
            {"verbs": ["create"], "apiGroups": [""], "resources": ["services/proxy"], "resourceNames": ["am"]},
            {"verbs": ["get"], "nonResourceURLs": ["/healthz*"]},
        ]);
        let role = json!({"metadata": {"name": "viewer"}, "rules": rules});
        make(&resources::CLUSTERROLES, None, role.clone());
        make(&resources::ROLES, Some("shop"), role);
        let bind = |kind: &str, subject: Value| json!({"metadata": {"name": "b"}, "roleRef": {"kind": kind, "name": "viewer"}, "subjects": [subject]});
        let group = bind("ClusterRole", json!({"kind": "Group", "name": "sre"}));
        make(&resources::CLUSTERROLEBINDINGS, None, group);
        let person = bind("Role", json!({"kind": "User", "name": "erik"}));
        make(&resources::ROLEBINDINGS, Some("shop"), person);
        store
    }

    fn ask(verb: &str, resource: &str, sub: &str, ns: &str, name: &str) -> Attributes {
        Attributes {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            sub: sub.to_owned(),
            ns: ns.to_owned(),
            name: name.to_owned(),
            ..Attributes::default()
        }
    }

    #[test]
    fn rules_reach_as_far_as_their_binding() {
        let store = store();
        let sre = User {
            name: "alice".to_owned(),
            groups: vec!["sre".to_owned()],
        };
        let erik = User {
            name: "erik".to_owned(),
            groups: Vec::new(),
        };
        let may = |user: &User, asked: Attributes| allowed(&store, user, &asked).is_some();
        assert!(may(&sre, ask("list", "pods", "", "", "")));
        assert!(!may(&erik, ask("list", "pods", "", "", "")));
        assert!(may(&erik, ask("list", "pods", "", "shop", "")));
        assert!(may(&erik, ask("get", "pods", "log", "shop", "p")));
        assert!(!may(&erik, ask("get", "pods", "exec", "shop", "p")));
        assert!(may(&sre, ask("create", "services", "proxy", "shop", "am")));
        assert!(!may(
            &sre,
            ask("create", "services", "proxy", "shop", "other")
        ));
        let health = Attributes {
            verb: "get".to_owned(),
            path: "/healthz/ping".to_owned(),
            ..Attributes::default()
        };
        assert!(may(&sre, health));
    }

    #[test]
    fn the_refusal_is_the_sentence_of_a_real_server() {
        let erik = User {
            name: "erik".to_owned(),
            groups: Vec::new(),
        };
        assert_eq!(
            refuse(&erik, &ask("list", "pods", "", "", "")).message,
            "pods is forbidden: User \"erik\" cannot list resource \"pods\" in API group \"\" at the cluster scope"
        );
        assert_eq!(
            refuse(&erik, &ask("get", "services", "proxy", "m", "am:1")).message,
            "services \"am:1\" is forbidden: User \"erik\" cannot get resource \"services/proxy\" in API group \"\" in the namespace \"m\""
        );
    }
}

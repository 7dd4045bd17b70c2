//! Reviews: who am I, may I, may they.

use axum::response::Response;
use serde_json::{Value, json};

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::User;
use crate::sim::api::body;
use crate::sim::api::managed;
use crate::sim::api::path::Attributes;
use crate::sim::api::path::REVIEWS;
use crate::sim::api::path::Review;
use crate::sim::api::rbac;
use crate::sim::api::shape;
use crate::sim::api::validate;
use crate::sim::api::write;
use crate::sim::clock::seconds;
use crate::sim::store::Refusal;
use crate::sim::store::meta;

/// Answers a review; nothing is stored.
pub(super) fn review(server: &Server, ask: &Ask, kind: Review) -> Result<Response, Refusal> {
    let asked = body::read(ask)?;
    let spec = &asked["spec"];
    let mut path = ask
        .uri
        .path()
        .split('/')
        .skip_while(|part| *part != "namespaces");
    let ns = path.nth(1);
    if matches!(
        kind,
        Review::SelfAccess | Review::Access | Review::LocalAccess
    ) {
        validate::review(spec, ns)?;
    }
    let status = match kind {
        Review::SelfSubject => json!({
            "userInfo": { "username": ask.user.name, "groups": ask.user.groups },
        }),
        Review::SelfAccess => access(server, &ask.user, spec),
        Review::Access | Review::LocalAccess => {
            let groups = meta::list(spec, "/groups").iter().filter_map(Value::as_str);
            let user = User {
                name: meta::text(spec, "/user").to_owned(),
                groups: groups.map(str::to_owned).collect(),
            };
            if user.name.is_empty() && user.groups.is_empty() {
                let why = "Invalid value: \"\": at least one of user or group must be specified";
                return Err(validate::review_field("spec.user", why));
            }
            access(server, &user, spec)
        }
        Review::SelfRules => rules(server, &ask.user, meta::text(spec, "/namespace"))?,
    };
    let mut answer = asked.clone();
    if let Some(entry) = REVIEWS.iter().find(|entry| entry.4 == kind) {
        answer["kind"] = entry.2.into();
        answer["apiVersion"] = format!("{}/v1", entry.0).into();
    }
    meta::map(&mut answer, "metadata");
    if kind == Review::SelfSubject {
        let now = seconds(server.clock().now());
        meta::set(&mut answer, "creationTimestamp", now.into());
    }
    if kind == Review::SelfRules {
        answer["spec"] = json!({});
    } else if kind != Review::SelfSubject {
        let writer = write::writer(server, ask, "Update", "");
        managed::note_review(&mut answer, &writer);
    }
    if let Some(ns) = ns {
        meta::set(&mut answer, "namespace", ns.into());
    }
    answer["status"] = status;
    Ok(shape::json(201, &answer))
}

fn access(server: &Server, user: &User, spec: &Value) -> Value {
    let text = |pointer: &str| meta::text(spec, pointer).to_owned();
    let asked = if spec["resourceAttributes"].is_object() {
        Attributes {
            verb: text("/resourceAttributes/verb"),
            group: text("/resourceAttributes/group"),
            version: text("/resourceAttributes/version"),
            resource: text("/resourceAttributes/resource"),
            sub: text("/resourceAttributes/subresource"),
            ns: text("/resourceAttributes/namespace"),
            name: text("/resourceAttributes/name"),
            path: String::new(),
        }
    } else {
        Attributes {
            verb: text("/nonResourceAttributes/verb"),
            path: text("/nonResourceAttributes/path"),
            ..Attributes::default()
        }
    };
    match rbac::allowed(server.store(), user, &asked) {
        Some(reason) if reason.is_empty() => json!({ "allowed": true }),
        Some(reason) => json!({ "allowed": true, "reason": reason }),
        None => match rbac::missing(server.store(), user, &asked.ns) {
            why if why.is_empty() => json!({ "allowed": false }),
            why => json!({ "allowed": false, "reason": why }),
        },
    }
}

fn rules(server: &Server, user: &User, ns: &str) -> Result<Value, Refusal> {
    if ns.is_empty() {
        return Err(Refusal::bad_request("no namespace on request"));
    }
    let (mut resources, mut paths) = (Vec::new(), Vec::new());
    for rule in rbac::rules(server.store(), user, ns) {
        if rule.get("nonResourceURLs").is_some() {
            paths.push(rule);
        } else {
            resources.push(rule);
        }
    }
    Ok(json!({ "resourceRules": resources, "nonResourceRules": paths, "incomplete": false }))
}

//! Deleting objects and collections over HTTP.

use axum::response::Response;
use serde_json::{Value, json};

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::body;
use crate::sim::api::path::Target;
use crate::sim::api::selector::Selector;
use crate::sim::api::shape;
use crate::sim::api::write::answer;
use crate::sim::api::write::dry;
use crate::sim::clock::seconds;
use crate::sim::store::Preconditions;
use crate::sim::store::Propagation;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::meta;
use crate::sim::store::resources;

/// Kinds of the core group whose deletion is answered with the object itself.
const SHOWN: &[&str] = &[
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "resourcequotas",
    "serviceaccounts",
    "services",
];

/// Seconds a pod gets to stop when neither the client nor the pod says.
pub(super) const GRACE: u64 = 30;

/// The options in a body.
fn options(ask: &Ask) -> Result<Value, Refusal> {
    let options = body::read(ask).map_err(|refusal| match refusal.code {
        400 => {
            let why = refusal.message;
            Refusal::bad_request(format!(
                "couldn't get version/kind; json parse error: {why}"
            ))
        }
        _ => refusal,
    })?;
    let kind = meta::text(&options, "/kind");
    if !matches!(kind, "" | "DeleteOptions") {
        let version = meta::text(&options, "/apiVersion");
        return Err(Refusal::bad_request(format!(
            "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/runtime/scheme.go:111\""
        )));
    }
    Ok(options)
}

/// What a server says of a job that is deleted without a word about its pods.
fn preserved(ask: &Ask, target: &Target) -> Vec<String> {
    let silent = target.res.kind == "Job" && ask.body.is_empty();
    if silent && ask.query("propagationPolicy").is_empty() {
        return vec!["child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning".to_owned()];
    }
    Vec::new()
}

/// What the client asks of a deletion, from its body and its query; the grace a pod asks for itself counts last.
fn conditions(ask: &Ask, object: &Value) -> Result<Preconditions, Refusal> {
    let options = if ask.body.is_empty() {
        Value::Null
    } else {
        options(ask)?
    };
    let text = |pointer: &str| {
        Some(meta::text(&options, pointer).to_owned()).filter(|text| !text.is_empty())
    };
    let asked = options["gracePeriodSeconds"].as_u64();
    let grace = asked
        .or_else(|| ask.query("gracePeriodSeconds").parse().ok())
        .or_else(|| object["spec"]["terminationGracePeriodSeconds"].as_u64());
    let policy = match ask.query("propagationPolicy") {
        "" => meta::text(&options, "/propagationPolicy"),
        policy => policy,
    };
    if !policy.is_empty() && !options["orphanDependents"].is_null() {
        let why = format!(
            "Invalid value: \"{policy}\": orphanDependents and deletionPropagation cannot be both set"
        );
        let (field, reason) = ("propagationPolicy", "FieldValueInvalid");
        return Err(Refusal::option("DeleteOptions", field, reason, &why));
    }
    let policy = match options["orphanDependents"].as_bool() {
        Some(true) => "Orphan",
        None if policy.is_empty() && object["kind"] == "Job" => "Orphan",
        _ => policy,
    };
    let propagation = match policy {
        "" | "Background" => Propagation::Background,
        "Foreground" => Propagation::Foreground,
        "Orphan" => Propagation::Orphan,
        other => {
            let why = format!(
                "Unsupported value: \"{other}\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
            );
            let (field, reason) = ("propagationPolicy", "FieldValueNotSupported");
            return Err(Refusal::option("DeleteOptions", field, reason, &why));
        }
    };
    Ok(Preconditions {
        uid: text("/preconditions/uid"),
        resource_version: text("/preconditions/resourceVersion"),
        grace: grace.unwrap_or(GRACE),
        propagation,
    })
}

fn dry_body(ask: &Ask) -> Result<bool, Refusal> {
    let options: Value = serde_json::from_slice(&ask.body).unwrap_or(Value::Null);
    Ok(dry(ask)? || !meta::list(&options, "/dryRun").is_empty())
}

/// DELETE on an object.
pub(super) fn delete(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Result<Response, Refusal> {
    let (res, ns) = (target.res, target.ns.as_deref());
    let object = server.store().get(res, ns, name);
    let object = object.ok_or_else(|| Refusal::not_found(res, name))?;
    let conditions = conditions(ask, &object)?;
    if dry_body(ask)? {
        return gone(server, ask, target, name, &object);
    }
    let deleted = server.store().delete(res, ns, name, conditions)?;
    if let Some(going) = server.store().get(res, ns, name)
        && meta::uid(&going) == meta::uid(&deleted)
    {
        let going = answer(server, ask, target, 200, &going)?;
        return Ok(shape::warned(going, &preserved(ask, target)));
    }
    gone(server, ask, target, name, &deleted)
}

/// The answer to a deletion that leaves nothing behind.
fn gone(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
    deleted: &Value,
) -> Result<Response, Refusal> {
    let res = target.res;
    if std::ptr::eq(res, &raw const resources::PODS) {
        // A pod that is gone at once is still answered as one that was going.
        let mut gone = deleted.clone();
        if !meta::is_going(&gone) {
            let now = seconds(server.clock().now());
            meta::set(&mut gone, "deletionTimestamp", now.into());
            let generation = meta::number(&gone, "/metadata/generation") + 1;
            meta::set(&mut gone, "generation", generation.into());
        }
        meta::set(&mut gone, "deletionGracePeriodSeconds", 0.into());
        return answer(server, ask, target, 200, &gone);
    }
    if res.group.is_empty() && SHOWN.contains(&res.plural) {
        return answer(server, ask, target, 200, deleted);
    }
    let mut details = json!({ "name": name, "kind": res.plural, "uid": meta::uid(deleted) });
    if !res.group.is_empty() {
        details["group"] = res.group.into();
    }
    Ok(shape::json(
        200,
        &json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        }),
    ))
}

/// DELETE on a collection: what the selectors take.
pub(super) fn delete_all(server: &Server, ask: &Ask, target: &Target) -> Result<Response, Refusal> {
    if target.res.plural == "namespaces" || (target.res.namespaced && target.ns.is_none()) {
        return Err(Refusal::method_not_allowed());
    }
    let selector = Selector::parse(
        target.res,
        ask.query("labelSelector"),
        ask.query("fieldSelector"),
    )?;
    conditions(ask, &Value::Null)?;
    let ns = target.ns.as_deref();
    let (all, rv) = server.store().kept(target.res, ns);
    let chosen = all.iter().filter(|kept| selector.takes_kept(kept));
    let chosen: Vec<_> = chosen.map(|kept| kept.open()).collect();
    let mut metadata = json!({ "resourceVersion": rv.to_string() });
    if target.res.custom {
        metadata["continue"] = "".into();
    }
    if !dry_body(ask)? {
        for object in &chosen {
            // A refusal means that it is gone already.
            let conditions = conditions(ask, object)?;
            let _ = server
                .store()
                .delete(target.res, ns, meta::name(object), conditions);
        }
    }
    Ok(shape::json(
        200,
        &json!({
            "kind": format!("{}List", target.res.kind),
            "apiVersion": target.res.api_version(),
            "metadata": metadata,
            "items": chosen.iter().map(|object| item(target.res, object)).collect::<Vec<_>>(),
        }),
    ))
}

/// An object in a list: only custom resources carry their kind there.
fn item(res: &Resource, object: &Value) -> Value {
    let mut item = object.clone();
    if let Some(map) = item.as_object_mut().filter(|_| !res.custom) {
        map.remove("kind");
        map.remove("apiVersion");
    }
    item
}

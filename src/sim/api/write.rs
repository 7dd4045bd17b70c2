//! Creating, replacing, patching and deleting objects over HTTP.

use axum::response::Response;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::apply;
use crate::sim::api::defaults;
use crate::sim::api::fill;
use crate::sim::api::managed;
use crate::sim::api::managed::Writer;
use crate::sim::api::patch;
use crate::sim::api::path::Target;
use crate::sim::api::protobuf;
use crate::sim::api::selector::Selector;
use crate::sim::api::shape;
use crate::sim::api::shape::Shape;
use crate::sim::clock::seconds;
use crate::sim::store::Preconditions;
use crate::sim::store::Propagation;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::meta;
use crate::sim::store::resources;

/// Seconds a pod gets to stop when the client does not say.
pub(super) const GRACE: u64 = 30;

/// The media types of objects in bodies.
const READ: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// The body's bare media type; empty when the client sends none.
fn media(ask: &Ask) -> &str {
    let kind = ask.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    kind.and_then(|kind| kind.split(';').next())
        .unwrap_or("")
        .trim()
}

/// The body as an object, from JSON or YAML.
pub(super) fn body(ask: &Ask) -> Result<Value, Refusal> {
    match media(ask) {
        "" | "application/json" => json_body(ask),
        "application/yaml" => yaml_body(ask),
        protobuf::MEDIA => {
            protobuf::read(&ask.body).ok_or_else(|| Refusal::unsupported_media(READ))
        }
        _ => Err(Refusal::unsupported_media(READ)),
    }
}

fn json_body(ask: &Ask) -> Result<Value, Refusal> {
    serde_json::from_slice(&ask.body).map_err(|error| {
        Refusal::bad_request(format!(
            "couldn't get version/kind; json parse error: {error}"
        ))
    })
}

fn yaml_body(ask: &Ask) -> Result<Value, Refusal> {
    let text = std::str::from_utf8(&ask.body).unwrap_or_default();
    serde_saphyr::from_str(text)
        .map_err(|error| Refusal::bad_request(format!("error converting YAML to JSON: {error}")))
}

pub(super) fn dry(ask: &Ask) -> Result<bool, Refusal> {
    let options = match ask.method.as_str() {
        "POST" => "CreateOptions",
        "PUT" => "UpdateOptions",
        "PATCH" => "PatchOptions",
        _ => "DeleteOptions",
    };
    match ask.query("dryRun") {
        "" => Ok(false),
        "All" => Ok(true),
        other => {
            let why = format!("Unsupported value: [\"{other}\"]: supported values: \"All\"");
            Err(Refusal::option(
                options,
                "dryRun",
                "FieldValueNotSupported",
                &why,
            ))
        }
    }
}

pub(super) fn writer(server: &Server, ask: &Ask, operation: &'static str, sub: &str) -> Writer {
    let manager = match ask.query("fieldManager") {
        "" => ask.agent().split('/').next().unwrap_or("unknown"),
        manager => manager,
    };
    Writer {
        manager: manager.to_owned(),
        operation,
        sub: sub.to_owned(),
        time: seconds(server.clock().now()),
    }
}

fn answer(
    server: &Server,
    ask: &Ask,
    target: &Target,
    code: u16,
    object: &Value,
) -> Result<Response, Refusal> {
    let shape = Shape::wanted(&ask.headers, ask.query("includeObject"))?;
    let object = shape.one(target.res, object, server.clock(), true);
    Ok(shape::json(code, &object))
}

/// POST on a collection.
pub(super) fn create(server: &Server, ask: &Ask, target: &Target) -> Result<Response, Refusal> {
    if target.res.namespaced && target.ns.is_none() {
        return Err(Refusal::method_not_allowed());
    }
    let object = body(ask)?;
    let writer = writer(server, ask, "Update", "");
    let made = create_as(server, ask, target, object, &writer)?;
    answer(server, ask, target, 201, &made)
}

fn create_as(
    server: &Server,
    ask: &Ask,
    target: &Target,
    mut object: Value,
    writer: &Writer,
) -> Result<std::sync::Arc<Value>, Refusal> {
    defaults::check_fit(target, &object)?;
    defaults::check_name(target.res, &object)?;
    meta::map(&mut object, "metadata");
    let given = object.clone();
    defaults::begin(target.res, &mut object);
    if writer.operation == "Apply" {
        apply::begin(&given, &mut object, target.res, writer);
    } else {
        managed::note(&Value::Null, &mut object, target.res, writer);
    }
    fill::admit(target.res, &mut object, server.store());
    server
        .store()
        .try_create(target.res, target.ns.as_deref(), object, dry(ask)?)
}

/// PUT on an object or its status.
pub(super) fn replace(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Result<Response, Refusal> {
    let object = body(ask)?;
    defaults::check_fit(target, &object)?;
    let writer = writer(server, ask, "Update", &target.sub);
    change(server, ask, target, name, &writer, |old| {
        if target.res.custom && meta::text(&object, "/metadata/resourceVersion").is_empty() {
            return Err(unconditional(target.res, name));
        }
        *old = object;
        Ok(())
    })
}

/// 415: the resource does not take this kind of patch.
fn unsupported_patch() -> Refusal {
    let mut refusal = Refusal::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
    refusal.details = json!({});
    refusal
}

/// 422: a custom resource is replaced only at a version the client names.
fn unconditional(res: &Resource, name: &str) -> Refusal {
    let why = "Invalid value: 0: must be specified for an update";
    let field = "metadata.resourceVersion";
    let mut refusal = Refusal::invalid(res, name, field, "FieldValueInvalid", why);
    refusal.message = format!("{} \"{name}\" is invalid: {field}: {why}", res.qualified());
    refusal.details["kind"] = res.plural.into();
    refusal
}

/// PATCH on an object or its status.
pub(super) fn patch(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Result<Response, Refusal> {
    let kind = media(ask);
    if kind == "application/apply-patch+yaml" {
        return apply(server, ask, target, name);
    }
    let writer = writer(server, ask, "Update", &target.sub);
    let patch = match kind {
        "application/json-patch+json"
        | "application/merge-patch+json"
        | "application/strategic-merge-patch+json" => json_body(ask)?,
        _ => return Err(unsupported_patch()),
    };
    if kind.starts_with("application/strategic") && target.res.custom {
        return Err(Refusal::unsupported_media(
            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        ));
    }
    change(server, ask, target, name, &writer, |object| {
        match kind {
            "application/json-patch+json" => patch::json(object, &patch)?,
            "application/merge-patch+json" => patch::merge(object, &patch),
            _ => patch::strategic(object, &patch),
        }
        defaults::check_fit(target, object)
    })
}

/// Server-side apply: creates what is missing, else takes over the given fields.
fn apply(server: &Server, ask: &Ask, target: &Target, name: &str) -> Result<Response, Refusal> {
    if ask.query("fieldManager").is_empty() {
        let why = "Required value: is required for apply patch";
        let (field, reason) = ("fieldManager", "FieldValueRequired");
        return Err(Refusal::option("PatchOptions", field, reason, why));
    }
    let mut object = yaml_body(ask)?;
    defaults::check_fit(target, &object)?;
    let writer = writer(server, ask, "Apply", &target.sub);
    let known = server.store().get(target.res, target.ns.as_deref(), name);
    if known.is_none() && target.sub.is_empty() {
        meta::set(&mut object, "name", name.into());
        let made = create_as(server, ask, target, object, &writer)?;
        return answer(server, ask, target, 201, &made);
    }
    let force = ask.flag("force");
    change(server, ask, target, name, &writer, |old| {
        apply::apply(old, &object, target.res, &writer, force)
    })
}

/// Changes an object, or its status alone, and answers with what it became.
fn change(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
    writer: &Writer,
    change: impl FnOnce(&mut Value) -> Result<(), Refusal>,
) -> Result<Response, Refusal> {
    let res = target.res;
    let ns = target.ns.as_deref();
    let changed = server
        .store()
        .try_update(res, ns, name, dry(ask)?, |object| {
            let before = object.clone();
            change(object)?;
            let owners = object["metadata"]["managedFields"].take();
            if target.sub == "status" {
                let status = object["status"].take();
                let version = object["metadata"]["resourceVersion"].take();
                *object = before.clone();
                object["status"] = status;
                meta::set(object, "resourceVersion", version);
            } else if res.status_subresource {
                keep_status(&before, object);
            }
            fill::complete(res, &before, object);
            if writer.operation == "Apply" {
                meta::set(object, "managedFields", owners);
            } else {
                managed::note(&before, object, res, writer);
            }
            Ok(())
        })?;
    answer(server, ask, target, 200, &changed)
}

fn keep_status(before: &Value, object: &mut Value) {
    let status = before.get("status").cloned();
    if let Some(map) = object.as_object_mut() {
        match status {
            Some(status) => map.insert("status".to_owned(), status),
            None => map.remove("status"),
        };
    }
}

/// What the client asks of a deletion, from its body and its query.
fn conditions(ask: &Ask) -> Result<Preconditions, Refusal> {
    let options = if ask.body.is_empty() {
        Value::Null
    } else {
        body(ask)?
    };
    let text = |pointer: &str| {
        Some(meta::text(&options, pointer).to_owned()).filter(|text| !text.is_empty())
    };
    let grace = options["gracePeriodSeconds"]
        .as_u64()
        .or_else(|| ask.query("gracePeriodSeconds").parse().ok());
    let policy = match ask.query("propagationPolicy") {
        "" => meta::text(&options, "/propagationPolicy"),
        policy => policy,
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
    let conditions = conditions(ask)?;
    if dry_body(ask)? {
        let object = server.store().get(res, ns, name);
        let object = object.ok_or_else(|| Refusal::not_found(res, name))?;
        return answer(server, ask, target, 200, &object);
    }
    let deleted = server.store().delete(res, ns, name, conditions)?;
    if let Some(going) = server.store().get(res, ns, name)
        && meta::uid(&going) == meta::uid(&deleted)
    {
        return answer(server, ask, target, 200, &going);
    }
    if std::ptr::eq(res, &raw const resources::PODS) {
        // A pod that is gone at once is still answered as one that was going.
        let mut gone = Value::clone(&deleted);
        let now = seconds(server.clock().now());
        meta::set(&mut gone, "deletionTimestamp", now.into());
        meta::set(&mut gone, "deletionGracePeriodSeconds", 0.into());
        let generation = meta::number(&gone, "/metadata/generation") + 1;
        meta::set(&mut gone, "generation", generation.into());
        return answer(server, ask, target, 200, &gone);
    }
    let mut details = json!({ "name": name, "kind": res.plural, "uid": meta::uid(&deleted) });
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
    let conditions = conditions(ask)?;
    let ns = target.ns.as_deref();
    let (all, rv) = server.store().list(target.res, ns);
    let chosen: Vec<&Value> = all
        .iter()
        .map(AsRef::as_ref)
        .filter(|object| selector.takes(object))
        .collect();
    if !dry_body(ask)? {
        for object in &chosen {
            // A refusal means that it is gone already.
            let _ = server
                .store()
                .delete(target.res, ns, meta::name(object), conditions.clone());
        }
    }
    Ok(shape::json(
        200,
        &json!({
            "kind": format!("{}List", target.res.kind),
            "apiVersion": target.res.api_version(),
            "metadata": { "resourceVersion": rv.to_string() },
            "items": chosen,
        }),
    ))
}

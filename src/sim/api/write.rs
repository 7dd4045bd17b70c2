//! Creating, replacing and patching objects over HTTP.

use axum::response::Response;
use http::Method;
use serde_json::{Value, json};

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::admit;
use crate::sim::api::apply;
use crate::sim::api::body;
use crate::sim::api::defaults;
use crate::sim::api::fill;
use crate::sim::api::managed;
use crate::sim::api::managed::Writer;
use crate::sim::api::options;
use crate::sim::api::patch;
use crate::sim::api::path::Target;
use crate::sim::api::schema;
use crate::sim::api::shape;
use crate::sim::api::shape::Shape;
use crate::sim::api::types;
use crate::sim::api::validate;
use crate::sim::clock::seconds;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::meta;

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

pub(super) fn answer(
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
    let mut object = body::object(ask, target.res)?;
    let mut warnings = pruned(server, ask, target.res, &mut object)?;
    if !meta::text(&object, "/metadata/resourceVersion").is_empty() {
        let why = "resourceVersion should not be set on objects to be created";
        return Err(Refusal::new(500, "", why));
    }
    warnings.extend(validate::finalizers(&object));
    let writer = writer(server, ask, "Update", "");
    let made = create_as(server, ask, target, object, &writer);
    warned(
        made.and_then(|made| answer(server, ask, target, 201, &made)),
        warnings,
    )
}

/// Takes out fields that the kind has not, and says what is to be warned of.
fn pruned(
    server: &Server,
    ask: &Ask,
    res: &Resource,
    object: &mut Value,
) -> Result<Vec<String>, Refusal> {
    let strict = options::strict(ask)?;
    let whole = object.clone();
    let patched = ask.method == Method::PATCH;
    if let Some(why) = types::wrong(res, object) {
        return Err(if patched {
            validate::unreadable_patched(&whole, &why)
        } else {
            validate::unreadable(res, &why)
        });
    }
    let mut unknown = validate::prune_metadata(object);
    unknown.extend(server.schemas().prune(res, object));
    unknown.extend(validate::prune(res, object));
    if strict == Some(true) && !unknown.is_empty() {
        return Err(if patched {
            validate::unknown_patched(&whole, &unknown)
        } else {
            validate::unknown(res, &unknown)
        });
    }
    let told = unknown.iter().filter(|_| strict.is_some());
    Ok(told
        .map(|field| format!("unknown field \"{field}\""))
        .collect())
}

/// An answer, or a refusal, with what is to be warned of.
fn warned(answer: Result<Response, Refusal>, warnings: Vec<String>) -> Result<Response, Refusal> {
    match answer {
        Ok(answer) => Ok(shape::warned(answer, &warnings)),
        Err(refusal) => Err(Refusal {
            warnings,
            ..refusal
        }),
    }
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
    if let Some(ns) = &target.ns {
        meta::set(&mut object, "namespace", ns.as_str().into());
    }
    server.schemas().complete(target.res, &mut object);
    if writer.operation == "Apply" {
        apply::begin(&given, &mut object, target.res, writer);
    } else {
        managed::note(&Value::Null, &mut object, target.res, writer);
    }
    let (store, dry) = (server.store(), dry(ask)?);
    // It may still be refused, and what is not written must not change what comes later.
    let mut aside = store.dice(|dice| dice.aside(meta::name(&object)));
    admit::admit(target.res, &mut object, store, &mut aside);
    let none = Value::Null;
    server.schemas().check(target.res, "", &none, &object)?;
    validate::check(target.res, &none, &object)?;
    store.try_create(target.res, target.ns.as_deref(), object, dry)
}

/// PUT on an object or its status.
pub(super) fn replace(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Result<Response, Refusal> {
    let object = body::object(ask, target.res)?;
    if meta::name(&object).is_empty() {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )));
    }
    defaults::check_fit(target, &object)?;
    if target.res.group == "coordination.k8s.io"
        && server
            .store()
            .get(target.res, target.ns.as_deref(), name)
            .is_none()
    {
        // A lease is made by who replaces it.
        return create(server, ask, target);
    }
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
    let kind = body::media(ask);
    if kind == "application/apply-patch+yaml" {
        return apply(server, ask, target, name);
    }
    if !ask.query("force").is_empty() {
        let why = "Forbidden: may not be specified for non-apply patch";
        let (field, reason) = ("force", "FieldValueForbidden");
        return Err(Refusal::option("PatchOptions", field, reason, why));
    }
    let writer = writer(server, ask, "Update", &target.sub);
    let patch = match kind {
        "application/json-patch+json"
        | "application/merge-patch+json"
        | "application/strategic-merge-patch+json" => body::patch(ask)?,
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

/// `v1` and `apps/v1`, as Go prints them: `/v1`, `apps/v1`.
fn group_version(version: &str) -> String {
    if version.contains('/') {
        version.to_owned()
    } else {
        format!("/{version}")
    }
}

/// Server-side apply: creates what is missing, else takes over the given fields.
fn apply(server: &Server, ask: &Ask, target: &Target, name: &str) -> Result<Response, Refusal> {
    options::strict(ask)?;
    if ask.query("fieldManager").is_empty() {
        let why = "Required value: is required for apply patch";
        let (field, reason) = ("fieldManager", "FieldValueRequired");
        return Err(Refusal::option("PatchOptions", field, reason, why));
    }
    let mut object = body::yaml(ask)?;
    if meta::text(&object, "/kind") != target.res.kind {
        return Err(Refusal::bad_request(format!(
            "invalid object type: {}, Kind={}",
            group_version(meta::text(&object, "/apiVersion")),
            meta::text(&object, "/kind")
        )));
    }
    if !meta::list(&object, "/metadata/managedFields").is_empty() {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    server.schemas().check_applied(target.res, &object)?;
    schema::untyped(
        target.res,
        &object,
        &validate::undeclared(target.res, &object),
    )?;
    // The path names the object, whatever its own name says.
    meta::set(&mut object, "name", name.into());
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
        let version = meta::text(&object, "/metadata/resourceVersion");
        if !version.is_empty() && version != meta::text(old, "/metadata/resourceVersion") {
            return Err(Refusal::stale(target.res, name));
        }
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
    let applies = writer.operation == "Apply";
    options::strict(ask)?;
    let mut warnings = Vec::new();
    let changed = server
        .store()
        .try_update(res, ns, name, dry(ask)?, |object| {
            let before = object.clone();
            change(object)?;
            meta::tidy(object);
            if !applies {
                warnings = pruned(server, ask, res, object)?;
            }
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
            server.schemas().complete(res, object);
            fill::complete(res, &before, object);
            server.schemas().check(res, &target.sub, &before, object)?;
            validate::check(res, &before, object)?;
            if applies {
                meta::set(object, "managedFields", owners);
            } else {
                managed::note(&before, object, res, writer);
            }
            Ok(())
        });
    warned(
        changed.and_then(|changed| answer(server, ask, target, 200, &changed)),
        warnings,
    )
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

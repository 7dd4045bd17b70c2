//! The scale of a workload: its replicas as a small object of their own.

use axum::response::Response;
use http::Method;
use serde_json::{Value, json};

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::managed;
use crate::sim::api::patch;
use crate::sim::api::path::Target;
use crate::sim::api::selector;
use crate::sim::api::shape;
use crate::sim::api::write;
use crate::sim::store::Refusal;
use crate::sim::store::meta;

fn scale_of(object: &Value) -> Value {
    let metadata = &object["metadata"];
    let mut kept = json!({});
    for field in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ] {
        kept[field] = metadata[field].clone();
    }
    let mut spec = json!({});
    match meta::number(object, "/spec/replicas") {
        0 => {}
        replicas => spec["replicas"] = replicas.into(),
    }
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": kept,
        "spec": spec,
        "status": {
            "replicas": meta::number(object, "/status/replicas"),
            "selector": selector::of_labels(object, "/spec/selector/matchLabels"),
        },
    })
}

/// GET, PUT and PATCH on `/scale`.
pub(super) fn scale(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Result<Response, Refusal> {
    let (res, ns) = (target.res, target.ns.as_deref());
    let object = server.store().get(res, ns, name);
    let object = object.ok_or_else(|| Refusal::not_found(res, name))?;
    if ask.method == Method::GET {
        return Ok(shape::json(200, &scale_of(&object)));
    }
    let given: Value = serde_json::from_slice(&ask.body)
        .map_err(|error| Refusal::bad_request(format!("json parse error: {error}")))?;
    let mut scale = scale_of(&object);
    if ask.method == Method::PUT {
        scale = given;
    } else if given.is_array() {
        patch::json(&mut scale, &given)?;
    } else {
        patch::merge(&mut scale, &given);
    }
    let replicas = meta::number(&scale, "/spec/replicas");
    if replicas < 0 {
        let why = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        let mut of = *res;
        (of.group, of.kind) = ("autoscaling", "Scale");
        let field = "spec.replicas";
        return Err(Refusal::invalid(
            &of,
            name,
            field,
            "FieldValueInvalid",
            &why,
        ));
    }
    let version = scale["metadata"]["resourceVersion"].take();
    let writer = write::writer(server, ask, "Update", "scale");
    let changed = server
        .store()
        .try_update(res, ns, name, write::dry(ask)?, |object| {
            let before = object.clone();
            meta::set(object, "resourceVersion", version);
            object["spec"]["replicas"] = replicas.into();
            managed::note(&before, object, res, &writer);
            Ok(())
        })?;
    Ok(shape::json(200, &scale_of(&changed)))
}

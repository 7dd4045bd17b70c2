//! What lies behind a service, through the proxy, and the answer to a GET of one object.

use axum::body::Body;
use axum::response::Response;
use serde_json::Value;

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::options;
use crate::sim::api::path::Target;
use crate::sim::api::shape;
use crate::sim::monitoring;
use crate::sim::monitoring::Call;
use crate::sim::store::Refusal;
use crate::sim::store::resources;

/// The bare service name in `scheme:name:port`.
fn bare(service: &str) -> &str {
    let parts: Vec<&str> = service.split(':').collect();
    match parts.as_slice() {
        [_, name, _] | [name, _] | [name] => name,
        _ => service,
    }
}

/// Hands a request to what answers behind the service.
pub(super) async fn service(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Result<Response, Refusal> {
    let ns = target.ns.clone().unwrap_or_default();
    let known = server
        .store()
        .get(&resources::SERVICES, Some(&ns), bare(name));
    if known.is_none() {
        return Err(Refusal::not_found(&resources::SERVICES, bare(name)));
    }
    let call = Call {
        namespace: ns,
        service: name.to_owned(),
        method: ask.method.clone(),
        path: if target.rest.is_empty() {
            "/".to_owned()
        } else {
            target.rest.clone()
        },
        query: ask.uri.query().unwrap_or("").to_owned(),
        body: ask.body.clone(),
    };
    match monitoring::answer(server.cluster(), call).await {
        Some(answer) => Ok(answer.map(Body::from)),
        None => Err(Refusal::new(
            503,
            "ServiceUnavailable",
            format!("no endpoints available for service \"{}\"", bare(name)),
        )),
    }
}

/// The answer to a GET of one object.
pub(super) fn object(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Result<Response, Refusal> {
    options::reached(ask, server.store())?;
    let found = server.store().get(target.res, target.ns.as_deref(), name);
    let found = found.ok_or_else(|| Refusal::not_found(target.res, name))?;
    let shape = shape::Shape::wanted(&ask.headers, ask.query("includeObject"))?;
    let object: Value = shape.one(target.res, &found, server.clock(), true);
    Ok(shape::compressed(
        &ask.headers,
        object.to_string().into_bytes(),
    ))
}

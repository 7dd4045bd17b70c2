//! The issuer's endpoints, the documents that name them, and the faults between them and a client.
//!
//! The discovery document gives every address but `/device/answer`, which is the simulation's own.

mod authorize;
mod device;
mod form;
pub(super) mod openshift;
mod page;
mod session;
mod token;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::sim::faults::Asked;
use crate::sim::faults::Line;
use crate::sim::faults::Talk;
use crate::sim::faults::Trouble;

use super::Issuer;
use super::refusal::Refusal;
use super::settings::Manners;

/// All endpoints of the issuer, under the path that its address has.
pub fn router(issuer: Issuer) -> Router {
    let path = issuer.inner.url.parse::<Uri>();
    let path = path.map(|uri| uri.path().trim_end_matches('/').to_owned());
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/certs", get(certs))
        .route("/auth", get(authorize::ask).post(authorize::pressed))
        .route("/auth/device", post(device::begin))
        .route("/token", post(token::token))
        .route("/userinfo", get(session::userinfo))
        .route("/revoke", post(session::revoke))
        .route("/logout", post(session::logout))
        .route("/device", get(device::show).post(device::pressed))
        .route("/device/answer", post(device::answered))
        .with_state(issuer);
    match path {
        Ok(path) if !path.is_empty() => Router::new().nest(&path, routes),
        _ => routes,
    }
}

/// The same, with the faults of a plan. A fault names an endpoint as a kind (`token`, `certs`) and `get` or `post` as
/// a verb.
pub(super) fn faulty(issuer: Issuer, line: Line) -> Router {
    router(issuer.clone()).layer(from_fn(move |request: Request, next: Next| {
        issuer.state().heard.requests += 1;
        let line = line.clone();
        async move { spoiled(&line, request, next).await }
    }))
}

/// Other endpoints with the faults of a plan, named in the same way.
pub(super) fn under(router: Router, line: Line) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| {
        let line = line.clone();
        async move { spoiled(&line, request, next).await }
    }))
}

async fn spoiled(line: &Line, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().trim_matches('/');
    let asked = Asked {
        resource: path.to_owned(),
        qualified: path.rsplit('/').next().unwrap_or(path).to_owned(),
        verb: request.method().as_str().to_ascii_lowercase(),
    };
    if let Some(talk) = request.extensions().get::<Talk>() {
        talk.asks(asked.clone());
    }
    let trouble = Trouble::draw(line, &asked);
    if trouble.unknown_token() {
        return form::refused(&Refusal::of(401, "invalid_client", ""));
    }
    match trouble.instead() {
        Some(Ok(answer)) => answer,
        Some(Err(refusal)) => {
            let words = "For more on this error consult the server log.";
            form::refused(&Refusal::of(refusal.code, "unknown_error", words))
        }
        None => {
            trouble.prepare(request.headers_mut());
            let answer = next.run(request).await;
            trouble.spoil(answer).await
        }
    }
}

async fn discovery(State(issuer): State<Issuer>) -> Response {
    let keep = "no-cache, must-revalidate, no-transform, no-store";
    form::cached(StatusCode::OK, &document(&issuer), keep)
}

async fn certs(State(issuer): State<Issuer>) -> Response {
    let keys = issuer.state().keys.jwks();
    form::cached(StatusCode::OK, &keys, "no-cache")
}

/// The discovery document, with a member that says the issuer is simulated.
fn document(issuer: &Issuer) -> Value {
    let url = &issuer.inner.url;
    let people: Vec<_> = issuer.inner.people.all().iter().map(|p| &p.name).collect();
    let mut document = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/auth"),
        "token_endpoint": format!("{url}/token"),
        "device_authorization_endpoint": format!("{url}/auth/device"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "jwks_uri": format!("{url}/certs"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "grant_types_supported": ["authorization_code", "refresh_token", token::DEVICE_GRANT],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["none"],
        // Listed, and refused all the same.
        "code_challenge_methods_supported": ["plain", "S256"],
        "scopes_supported": super::client::SCOPES,
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "azp",
            "email", "preferred_username", "groups"],
        "crashcart_simulated": {
            "people": people,
            "answer_endpoint": format!("{url}/device/answer"),
        },
    });
    if issuer.settings().manners == Manners::Keycloak {
        document["revocation_endpoint"] = json!(format!("{url}/revoke"));
        document["end_session_endpoint"] = json!(format!("{url}/logout"));
        document["acr_values_supported"] = json!(["0", "1", "2"]);
        document["authorization_response_iss_parameter_supported"] = json!(true);
    }
    document
}

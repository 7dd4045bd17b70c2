//! What an issuer says about a session that is signed in, and how it is ended.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::super::Issuer;
use super::super::client::Client;
use super::super::refusal::Refusal;
use super::super::session::Revoked;
use super::super::settings::Manners;
use super::form::answer;
use super::form::client_form;
use super::form::refused;
use super::page;

/// Who the bearer of an access token is. There is no acr in it.
pub(super) async fn userinfo(State(issuer): State<Issuer>, headers: HeaderMap) -> Response {
    let bearer = headers.get(header::AUTHORIZATION);
    let bearer = bearer.and_then(|it| it.to_str().ok()?.strip_prefix("Bearer "));
    match bearer.map(|token| believed(&issuer, token)) {
        Some(Ok(claims)) => {
            let shown = [
                "sub",
                "email_verified",
                "preferred_username",
                "email",
                "groups",
            ];
            let known = shown.iter().filter(|name| !claims[**name].is_null());
            let body: serde_json::Map<String, Value> = known
                .map(|name| ((*name).to_owned(), claims[*name].clone()))
                .collect();
            answer(StatusCode::OK, &Value::Object(body))
        }
        Some(Err(words)) => refused(&Refusal::of(401, "invalid_token", words)),
        None => refused(&Refusal::of(401, "invalid_request", "Missing token")),
    }
}

/// The claims of an access token that the issuer itself still believes.
fn believed(issuer: &Issuer, token: &str) -> Result<Value, &'static str> {
    let now = issuer.now().as_second();
    let state = issuer.state();
    let failed = "Token verification failed";
    let claims = state.keys.listed(token).ok_or(failed)?;
    let number = |name: &str| claims[name].as_i64().unwrap_or(0);
    let word = |name: &str| claims[name].as_str().unwrap_or_default();
    let stale = state.not_before.is_some_and(|until| number("iat") <= until);
    if number("exp") <= now || stale || state.revoked.contains(word("jti")) {
        return Err(failed);
    }
    let dex = state.settings.manners == Manners::Dex;
    if !dex && !state.sessions.serves(word("sid"), word("azp")) {
        return Err("user_session_not_found");
    }
    Ok(claims)
}

/// The revocation endpoint: an unknown token is answered with 200 and an error all the same.
pub(super) async fn revoke(State(issuer): State<Issuer>, body: String) -> Response {
    let manners = issuer.settings().manners;
    if manners == Manners::Dex {
        return StatusCode::NOT_FOUND.into_response();
    }
    let (form, client) = match client_form(&body, manners) {
        Ok(found) => found,
        Err(refusal) => return refused(&refusal),
    };
    let Some(token) = form.get("token") else {
        return refused(&Refusal::bad("invalid_request", "Token not provided"));
    };
    match revoked(&issuer, token, client) {
        Revoked::Done => StatusCode::OK.into_response(),
        Revoked::Unknown => refused(&Refusal::of(200, "invalid_token", "Invalid token")),
        Revoked::Foreign => refused(&Refusal::bad("invalid_token", "Unmatching clients")),
    }
}

fn revoked(issuer: &Issuer, token: &str, client: &Client) -> Revoked {
    if let Ok(claims) = believed(issuer, token) {
        if claims["azp"] != client.id {
            return Revoked::Foreign;
        }
        // An access token goes alone: its session can still be renewed.
        let id = claims["jti"].as_str().unwrap_or_default().to_owned();
        issuer.state().revoked.insert(id);
        return Revoked::Done;
    }
    issuer.state().sessions.revoke(token, client)
}

/// The end of a session, by a client that has its refresh token or an ID token of it.
pub(super) async fn logout(State(issuer): State<Issuer>, body: String) -> Response {
    let manners = issuer.settings().manners;
    if manners == Manners::Dex {
        return StatusCode::NOT_FOUND.into_response();
    }
    let form = match super::form::fields(&body) {
        Ok(form) => form,
        Err(refusal) => return refused(&refusal),
    };
    if let Some(hint) = form.get("id_token_hint") {
        let claims = issuer.state().keys.listed(hint);
        let Some(claims) = claims else {
            let words = "Invalid parameter: id_token_hint";
            return page::say(StatusCode::BAD_REQUEST, words);
        };
        let session = claims["sid"].as_str().unwrap_or_default();
        issuer.state().sessions.end(session);
        return page::say(StatusCode::OK, "You are logged out.");
    }
    let (form, client) = match client_form(&body, manners) {
        Ok(found) => found,
        Err(refusal) => return refused(&refusal),
    };
    let Some(token) = form.get("refresh_token") else {
        return refused(&Refusal::bad("invalid_request", "No refresh token"));
    };
    match issuer.state().sessions.revoke(token, client) {
        Revoked::Done => StatusCode::NO_CONTENT.into_response(),
        _ => refused(&Refusal::bad("invalid_grant", "Invalid refresh token")),
    }
}

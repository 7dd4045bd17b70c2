//! The OAuth server of an OpenShift cluster over HTTP: its authorize and token endpoints, and the form between them.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::openshift::CLIENT;
use super::super::openshift::OAuth;
use super::super::openshift::Trouble;
use super::super::refusal::Refusal;
use super::authorize::found;
use super::form::Form;
use super::form::answer;
use super::form::cookie;
use super::form::fields;
use super::form::refused;
use super::form::text;
use super::page;
use crate::sim::people::secret;

/// The cookie of a browser in which somebody is logged in.
const LOGGED_IN: &str = "ssn";
/// The cookie that a form must repeat.
const CSRF: &str = "csrf";
/// Where the one identity provider asks for name and password.
const LOGIN: &str = "/login/sim";

/// All endpoints of the OAuth server.
pub(in crate::sim) fn router(oauth: OAuth) -> Router {
    Router::new()
        .route("/oauth/authorize", get(authorize))
        .route("/oauth/token", post(token))
        .route(LOGIN, get(form).post(log_in))
        .with_state(oauth)
}

/// A browser that wants a code: it is sent to the form first. `error` in the query is how a person says no.
async fn authorize(
    State(oauth): State<OAuth>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Response {
    let raw = raw.unwrap_or_default();
    let form = match fields(&raw) {
        Ok(form) => form,
        Err(refusal) => return refused(&refusal),
    };
    let wish = match OAuth::wish(|name| form.get(name).cloned()) {
        Ok(wish) => wish,
        Err(Trouble::Here(refusal)) => return refused(&refusal),
        Err(Trouble::Back(to, state, error)) => return back(&to, state.as_deref(), error),
    };
    if let Some(error) = form.get("error") {
        return back(&wish.redirect, wish.state.as_deref(), error);
    }
    let browser = cookie(&headers, LOGGED_IN);
    let Some(code) = browser.and_then(|browser| oauth.give(&browser, &wish)) else {
        return to_form(&format!("/oauth/authorize?{raw}"), None);
    };
    let mut pairs = vec![("code", code.as_str())];
    pairs.extend(wish.state.as_deref().map(|state| ("state", state)));
    found(&wish.redirect, &pairs)
}

fn back(to: &str, state: Option<&str>, error: &str) -> Response {
    let mut pairs = vec![("error", error)];
    pairs.extend(state.map(|state| ("state", state)));
    found(to, &pairs)
}

fn to_form(then: &str, reason: Option<&str>) -> Response {
    let mut pairs = vec![("then", then)];
    pairs.extend(reason.map(|reason| ("reason", reason)));
    found(LOGIN, &pairs)
}

/// The form. There is no password in a simulated estate: whatever is sent is right, only nothing is wrong.
async fn form(State(oauth): State<OAuth>, RawQuery(raw): RawQuery) -> Response {
    let form = fields(&raw.unwrap_or_default()).unwrap_or_default();
    let then = text(&form, "then");
    if !is_own(then) {
        return page::say(
            StatusCode::BAD_REQUEST,
            "Begin at the address that was shown.",
        );
    }
    let csrf = secret();
    let people = oauth.people().all().iter().map(|person| {
        let (name, groups) = (&person.name, person.groups.join(", "));
        format!(
            "<p><label><input type=radio name=username value={name} required> {name} ({groups})</label></p>\n"
        )
    });
    let then = then
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;");
    let html = format!(
        "<!doctype html>\n<html lang=en><meta charset=utf-8><title>Log in, simulated</title>\n\
         <h1>Log in to a simulated OpenShift cluster</h1>\n\
         <p>Address {url}, client {CLIENT}. There is no password here: say who you are.</p>\n\
         <form method=post action={LOGIN}>\n\
         <input type=hidden name=then value=\"{then}\">\n\
         <input type=hidden name=csrf value={csrf}>\n\
         <input type=hidden name=password value=simulated>\n\
         {people}<button>Log in</button> <a href=\"{then}&amp;error=access_denied\">Cancel</a>\n\
         </form></html>\n",
        url = oauth.url(),
        people = people.collect::<String>(),
    );
    ([kept(CSRF, &csrf)], Html(html)).into_response()
}

async fn log_in(State(oauth): State<OAuth>, headers: HeaderMap, body: String) -> Response {
    let form = fields(&body).unwrap_or_default();
    let then = text(&form, "then");
    if !is_own(then) {
        return page::say(
            StatusCode::BAD_REQUEST,
            "Begin at the address that was shown.",
        );
    }
    if cookie(&headers, CSRF).is_none_or(|csrf| csrf != text(&form, "csrf")) {
        return to_form(then, Some("token_expired"));
    }
    match oauth.log_in(text(&form, "username"), text(&form, "password")) {
        Some(browser) => {
            let headers = [
                kept(LOGGED_IN, &browser),
                (header::LOCATION, then.to_owned()),
            ];
            (StatusCode::FOUND, headers).into_response()
        }
        None => to_form(then, Some("access_denied")),
    }
}

/// The token endpoint. A client has to say who it is: by `client_secret`, be it empty, or by a header.
async fn token(State(oauth): State<OAuth>, headers: HeaderMap, body: String) -> Response {
    match redeemed(&oauth, &headers, &body) {
        Ok(body) => answer(StatusCode::OK, &body),
        Err(refusal) => refused(&refusal),
    }
}

fn redeemed(oauth: &OAuth, headers: &HeaderMap, body: &str) -> Result<serde_json::Value, Refusal> {
    let form = fields(body)?;
    if text(&form, "grant_type") != "authorization_code" {
        return Err(Refusal::bad("unsupported_grant_type", ""));
    }
    let client = by_form(&form).or_else(|| by_header(headers));
    match client {
        None => Err(Refusal::bad("invalid_request", "")),
        Some((id, secret)) if id == CLIENT && secret.is_empty() => {
            oauth.redeem(|name| form.get(name).cloned())
        }
        Some(_) => Err(Refusal::bad("unauthorized_client", "")),
    }
}

fn by_form(form: &Form) -> Option<(String, String)> {
    let secret = form.get("client_secret")?.clone();
    let id = form.get("client_id").filter(|id| !id.is_empty())?;
    Some((id.clone(), secret))
}

fn by_header(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let bytes = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn kept(name: &str, value: &str) -> (header::HeaderName, String) {
    let cookie = format!("{name}={value}; Path=/; HttpOnly; Secure; SameSite=Lax");
    (header::SET_COOKIE, cookie)
}

/// Whether an address is a path of this server.
fn is_own(then: &str) -> bool {
    then.starts_with('/') && !then.starts_with("//") && !then.contains('\\')
}

//! Forms in, JSON out; cookies and addresses between.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::client::client;
use super::super::refusal::Refusal;
use super::super::settings::Manners;

/// The cookie that names a browser's session.
const COOKIE: &str = "sso";

/// The fields of a form, each at most once.
pub(super) type Form = BTreeMap<String, String>;

/// Reads a urlencoded body or query; a field that stands twice is refused.
pub(super) fn fields(body: &str) -> Result<Form, Refusal> {
    let unreadable = || Refusal::bad("invalid_request", "The form cannot be read");
    let uri = format!("/?{}", body.trim()).parse::<Uri>();
    let uri = uri.map_err(|_| unreadable())?;
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(&uri);
    let Query(pairs) = pairs.map_err(|_| unreadable())?;
    let mut form = Form::new();
    for (name, value) in pairs {
        if form.insert(name, value).is_some() {
            return Err(Refusal::bad("invalid_grant", "duplicated parameter"));
        }
    }
    Ok(form)
}

/// The form of a known client.
pub(super) fn client_form(
    body: &str,
    manners: Manners,
) -> Result<(Form, &'static Client), Refusal> {
    let form = fields(body)?;
    match form.get("client_id").and_then(|id| client(id)) {
        Some(client) => Ok((form, client)),
        None => Err(stranger(manners)),
    }
}

/// The refusal of a client that is not known.
pub(super) fn stranger(manners: Manners) -> Refusal {
    let words = match manners {
        Manners::Keycloak => "Invalid client or Invalid client credentials",
        Manners::Dex => "Invalid client credentials.",
    };
    Refusal::of(401, "invalid_client", words)
}

/// A field's text; empty when it is not there.
pub(super) fn text<'f>(form: &'f Form, name: &str) -> &'f str {
    form.get(name).map_or("", String::as_str)
}

/// The session that a browser brings.
pub(super) fn browser(headers: &HeaderMap) -> Option<String> {
    cookie(headers, COOKIE)
}

/// A cookie that a browser brings.
pub(super) fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let mut pairs = cookies
        .split(';')
        .filter_map(|one| one.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == wanted).then(|| value.to_owned()))
}

/// The header by which a browser keeps its session.
pub(super) fn kept(session: &str) -> (header::HeaderName, String) {
    let cookie = format!("{COOKIE}={session}; Path=/; HttpOnly; Secure; SameSite=Lax");
    (header::SET_COOKIE, cookie)
}

/// A refusal as JSON.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let mut body = json!({"error": refusal.error});
    if !refusal.words.is_empty() {
        body["error_description"] = json!(refusal.words);
    }
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    answer(status, &body)
}

/// JSON that nobody keeps.
pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    cached(status, body, "no-store")
}

/// JSON with a word on keeping it.
pub(super) fn cached(status: StatusCode, body: &Value, keep: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, keep),
    ];
    (status, headers, body.to_string()).into_response()
}

/// A query, percent-encoded.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    let mut whole = String::new();
    for (name, value) in pairs {
        let sign = if whole.is_empty() { "" } else { "&" };
        // Writing into a String cannot fail.
        let _ = write!(whole, "{sign}{name}=");
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                whole.push(char::from(byte));
            } else {
                let _ = write!(whole, "%{byte:02X}");
            }
        }
    }
    whole
}

//! The issuer's endpoints: forms in, JSON and one HTML page out.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::grant::{Asked, INTERVAL, LIFESPAN};
use super::{CLIENT, Issuer};

/// The grant type of RFC 8628.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The fields of a form, each at most once.
type Form = BTreeMap<String, String>;

/// All endpoints of the issuer, under the path that its address has.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a router is built once from a clone"
)]
pub fn router(issuer: Issuer) -> Router {
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/certs", get(certs))
        .route("/auth", get(no_code_flow))
        .route("/auth/device", post(begin))
        .route("/token", post(token))
        .route("/revoke", post(revoke))
        .route("/device", get(page).post(pressed))
        .route("/device/answer", post(answer))
        .with_state(issuer.clone());
    let path = issuer.inner.url.parse::<Uri>();
    let path = path.map(|uri| uri.path().trim_end_matches('/').to_owned());
    match path {
        Ok(path) if !path.is_empty() => Router::new().nest(&path, routes),
        _ => routes,
    }
}

async fn discovery(State(issuer): State<Issuer>) -> Response {
    json_answer(StatusCode::OK, &issuer.discovery())
}

async fn certs(State(issuer): State<Issuer>) -> Response {
    json_answer(StatusCode::OK, &issuer.inner.signer.jwks())
}

async fn no_code_flow() -> Response {
    let words = "The simulated issuer has the device sign-in only.";
    (StatusCode::BAD_REQUEST, words).into_response()
}

/// The device authorization endpoint.
async fn begin(State(issuer): State<Issuer>, body: String) -> Response {
    let form = match client_form(&body) {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let missing = |name: &str| {
        let words = format!("Missing parameter: {name}");
        refused(StatusCode::BAD_REQUEST, "invalid_request", &words)
    };
    let Some(method) = form.get("code_challenge_method") else {
        return missing("code_challenge_method");
    };
    if method != "S256" {
        let words = "Invalid parameter: code challenge method is not matching the configured one";
        return refused(StatusCode::BAD_REQUEST, "invalid_request", words);
    }
    let Some(challenge) = form.get("code_challenge") else {
        return missing("code_challenge");
    };
    let asked = Asked {
        scope: granted(form.get("scope").map_or("", String::as_str)),
        nonce: form.get("nonce").cloned(),
        challenge: challenge.clone(),
    };
    let at = issuer.now();
    let (device_code, user_code) = issuer.state().grants.open(asked, at);
    let page = format!("{}/device", issuer.inner.url);
    json_answer(
        StatusCode::OK,
        &json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "expires_in": LIFESPAN,
            "interval": INTERVAL,
        }),
    )
}

/// The scopes that are granted: the known ones of those asked for.
fn granted(asked: &str) -> String {
    let known = ["openid", "profile", "email", "groups", "offline_access"];
    let scopes = asked.split(' ').filter(|scope| known.contains(scope));
    scopes.collect::<Vec<_>>().join(" ")
}

/// The token endpoint: a poll of the device grant, or a refresh.
async fn token(State(issuer): State<Issuer>, body: String) -> Response {
    let form = match client_form(&body) {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let bad = StatusCode::BAD_REQUEST;
    match form.get("grant_type").map(String::as_str) {
        Some(DEVICE_GRANT) => poll(&issuer, &form),
        Some("refresh_token") => refresh(&issuer, &form),
        Some(_) => refused(bad, "unsupported_grant_type", "Unsupported grant_type"),
        None => refused(bad, "invalid_request", "Missing form parameter: grant_type"),
    }
}

fn poll(issuer: &Issuer, form: &Form) -> Response {
    let bad = StatusCode::BAD_REQUEST;
    let Some(code) = form.get("device_code") else {
        return refused(bad, "invalid_request", "Missing parameter: device_code");
    };
    let verifier = form.get("code_verifier").map(String::as_str);
    let at = issuer.now();
    let opened = {
        let mut state = issuer.state();
        state
            .grants
            .poll(code, verifier, at)
            .map(|(person, asked)| {
                let (session, refresh) = state.sessions.open(person, asked.scope, at);
                (session, refresh, asked.nonce)
            })
    };
    match opened {
        Ok((session, refresh, nonce)) => {
            signed(issuer.tokens(&session, &refresh, nonce.as_deref()))
        }
        Err(refusal) => {
            let (error, words) = refusal.words();
            refused(bad, error, words)
        }
    }
}

fn refresh(issuer: &Issuer, form: &Form) -> Response {
    let bad = StatusCode::BAD_REQUEST;
    let Some(token) = form.get("refresh_token") else {
        return refused(bad, "invalid_request", "No refresh token");
    };
    let at = issuer.now();
    let next = issuer.state().sessions.refresh(token, at);
    match next {
        // A refreshed ID token has no nonce: it belongs to the first one only.
        Ok((session, refresh)) => signed(issuer.tokens(&session, &refresh, None)),
        Err(refusal) => refused(bad, "invalid_grant", refusal.words()),
    }
}

fn signed(answer: Result<Value, super::IssuerError>) -> Response {
    match answer {
        Ok(tokens) => json_answer(StatusCode::OK, &tokens),
        Err(error) => refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            &error.to_string(),
        ),
    }
}

/// The revocation endpoint: an unknown token is answered with 200 and an error all the same.
async fn revoke(State(issuer): State<Issuer>, body: String) -> Response {
    let form = match client_form(&body) {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let token = form.get("token").map_or("", String::as_str);
    if issuer.state().sessions.revoke(token) {
        return StatusCode::OK.into_response();
    }
    refused(StatusCode::OK, "invalid_token", "Invalid token")
}

/// The answer given by a program on the same screen: `user_code`, `person`, `allow`.
async fn answer(State(issuer): State<Issuer>, body: String) -> Response {
    let form = match fields(&body) {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    match decide(&issuer, &form) {
        Ok(allowed) => json_answer(StatusCode::OK, &json!({"allowed": allowed})),
        Err(words) => refused(StatusCode::BAD_REQUEST, "invalid_request", words),
    }
}

/// Notes an answer; whether it allowed, or why it could not be noted.
fn decide(issuer: &Issuer, form: &Form) -> Result<bool, &'static str> {
    let text = |name: &str| form.get(name).map_or("", String::as_str);
    let person = match text("allow") {
        "true" => {
            let known = issuer.inner.people.find(text("person"));
            Some(
                known
                    .ok_or("No such person in the simulated estate.")?
                    .clone(),
            )
        }
        "false" => None,
        _ => return Err("The field allow is true or false."),
    };
    let allowed = person.is_some();
    let at = issuer.now();
    let noted = issuer.state().grants.answer(text("user_code"), person, at);
    if noted {
        Ok(allowed)
    } else {
        Err("The code is not known, was answered, or has ended.")
    }
}

/// The verification page.
async fn page(State(issuer): State<Issuer>, query: Query<Form>) -> Response {
    let code = query.get("user_code").map_or("", String::as_str);
    Html(form_page(&issuer, code)).into_response()
}

/// The verification page, after a button was pressed.
async fn pressed(State(issuer): State<Issuer>, body: String) -> Response {
    let form = match fields(&body) {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let (status, words) = match decide(&issuer, &form) {
        Ok(true) => (StatusCode::OK, "Allowed. You can close this page."),
        Ok(false) => (StatusCode::OK, "Denied. Nothing was given."),
        Err(words) => (StatusCode::BAD_REQUEST, words),
    };
    let page = format!("<!doctype html><title>Sign-in</title><p>{words}</p>\n");
    (status, Html(page)).into_response()
}

fn form_page(issuer: &Issuer, code: &str) -> String {
    let mut people = String::new();
    for person in issuer.inner.people.all() {
        let name = &person.name;
        let groups = person.groups.join(", ");
        // Writing into a String cannot fail.
        let _ = writeln!(
            people,
            "<p><label><input type=radio name=person value={name} required> {name} ({groups})\
             </label></p>"
        );
    }
    let code = escaped(code);
    format!(
        "<!doctype html>\n<html lang=en><meta charset=utf-8><title>Sign-in, simulated</title>\n\
         <h1>Sign-in to a simulated estate</h1>\n\
         <p>Address {url}, client {CLIENT}. There is no password here: say who you are.</p>\n\
         <form method=post action=\"{url}/device\">\n\
         <p><label>Code <input name=user_code value=\"{code}\" required></label></p>\n\
         {people}\
         <button name=allow value=true>Allow</button>\n\
         <button name=allow value=false formnovalidate>Deny</button>\n\
         </form></html>\n",
        url = issuer.inner.url,
    )
}

/// Text that is safe inside an HTML attribute.
fn escaped(text: &str) -> String {
    let plain = text
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-');
    plain.take(16).collect()
}

/// The form of a known client.
fn client_form(body: &str) -> Result<Form, Box<Response>> {
    let form = fields(body)?;
    if form.get("client_id").is_some_and(|client| client == CLIENT) {
        return Ok(form);
    }
    let words = "Invalid client or Invalid client credentials";
    let refusal = refused(StatusCode::UNAUTHORIZED, "invalid_client", words);
    Err(Box::new(refusal))
}

/// Reads a urlencoded body; a field that stands twice is refused.
fn fields(body: &str) -> Result<Form, Box<Response>> {
    let bad = |error, words| Box::new(refused(StatusCode::BAD_REQUEST, error, words));
    let uri = format!("/?{}", body.trim()).parse::<Uri>();
    let unreadable = |_| bad("invalid_request", "The form cannot be read");
    let uri = uri.map_err(unreadable)?;
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(&uri);
    let Query(pairs) = pairs.map_err(|_| bad("invalid_request", "The form cannot be read"))?;
    let mut form = Form::new();
    for (name, value) in pairs {
        if form.insert(name, value).is_some() {
            return Err(bad("invalid_grant", "duplicated parameter"));
        }
    }
    Ok(form)
}

fn refused(status: StatusCode, error: &str, words: &str) -> Response {
    json_answer(status, &json!({"error": error, "error_description": words}))
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}

//! The device grant: where a code is asked for, and the page on which it is answered.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::Issuer;
use super::super::client::CLIENT;
use super::super::client::bound;
use super::super::client::known;
use super::super::grant::Asked;
use super::super::refusal::Refusal;
use super::super::settings::Manners;
use super::form::Form;
use super::form::answer;
use super::form::browser;
use super::form::client_form;
use super::form::fields;
use super::form::kept;
use super::form::refused;
use super::form::stranger;
use super::form::text;
use super::page;
use super::page::Question;

/// The device authorization endpoint. Whatever asks for a level of proof is dropped without a word, as Keycloak does.
pub(super) async fn begin(State(issuer): State<Issuer>, body: String) -> Response {
    match begun(&issuer, &body) {
        Ok(answer) => answer,
        Err(refusal) => refused(&refusal),
    }
}

fn begun(issuer: &Issuer, body: &str) -> Result<Response, Refusal> {
    let settings = issuer.settings();
    let dex = settings.manners == Manners::Dex;
    let (form, client) = client_form(body, settings.manners)?;
    let field = |name: &str| form.get(name).map(String::as_str);
    let challenge = bound(field("code_challenge_method"), field("code_challenge"))?;
    let asked = Asked {
        client,
        scope: known(text(&form, "scope")),
        // Dex takes none on the device grant, so no ID token of it has one.
        nonce: form.get("nonce").filter(|_| !dex).cloned(),
        challenge,
    };
    let at = issuer.now();
    let (device_code, user_code) = {
        let mut state = issuer.state();
        let state = &mut *state;
        state.heard.codes += 1;
        state.grants.open(asked, &settings, &mut state.dice, at)
    };
    let page = format!("{}/device", issuer.inner.url);
    let body = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": settings.code_seconds,
        "interval": settings.interval_seconds,
    });
    Ok(answer(StatusCode::OK, &body))
}

/// The answer given by a program on the same screen: `user_code`, `person`, `allow`.
pub(super) async fn answered(State(issuer): State<Issuer>, body: String) -> Response {
    let form = match fields(&body) {
        Ok(form) => form,
        Err(refusal) => return refused(&refusal),
    };
    match decide(&issuer, &form, None) {
        Ok(session) => answer(StatusCode::OK, &json!({"allowed": session.is_some()})),
        Err(words) => refused(&Refusal::bad("invalid_request", words)),
    }
}

/// Notes an answer: the session it was allowed by, none when it was denied, or why it could not be noted.
fn decide(
    issuer: &Issuer,
    form: &Form,
    browser: Option<&str>,
) -> Result<Option<String>, &'static str> {
    let gone = "The code is not known, was answered, or has ended.";
    let at = issuer.now();
    let mut state = issuer.state();
    let code = text(form, "user_code");
    let client = state.grants.waiting(code, at).ok_or(gone)?;
    let session = match text(form, "allow") {
        "true" => {
            let live = browser.filter(|id| state.sessions.get(id).is_some());
            match (form.get("person"), live) {
                (None, Some(live)) if !client.step_up => Some(live.to_owned()),
                (name, _) => {
                    let name = name.map_or("", String::as_str);
                    let person = issuer.inner.people.find(name);
                    let person = person.ok_or("No such person in the simulated estate.")?;
                    let acr = if client.step_up { 2 } else { 1 };
                    let state = &mut *state;
                    let (sessions, dice) = (&mut state.sessions, &mut state.dice);
                    Some(sessions.prove(browser, &person.name, acr, dice, at))
                }
            }
        }
        "false" => None,
        _ => return Err("The field allow is true or false."),
    };
    // At Dex a denial reaches the page alone: the client waits until its code ends.
    if session.is_none() && state.settings.manners == Manners::Dex {
        return Ok(None);
    }
    state.grants.answer(code, session.clone(), at);
    Ok(session)
}

/// The verification page.
pub(super) async fn show(
    State(issuer): State<Issuer>,
    headers: HeaderMap,
    query: Query<Form>,
) -> Response {
    let known = browser(&headers).and_then(|id| {
        let state = issuer.state();
        state
            .sessions
            .get(&id)
            .map(|session| session.person.clone())
    });
    let question = Question {
        action: format!("{}/device", issuer.inner.url),
        client: CLIENT,
        code: Some(text(&query, "user_code")),
        known: known.as_deref(),
        second: false,
    };
    page::ask(&issuer, &question)
}

/// The verification page, after a button was pressed. Whoever does not want HTML back is taken for a client.
pub(super) async fn pressed(
    State(issuer): State<Issuer>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    if !accept.is_some_and(|it| it.contains("text/html")) {
        return refused(&stranger(issuer.settings().manners));
    }
    let form = match fields(&body) {
        Ok(form) => form,
        Err(refusal) => return refused(&refusal),
    };
    match decide(&issuer, &form, browser(&headers).as_deref()) {
        Ok(Some(session)) => {
            let page = page::say(StatusCode::OK, "Allowed. You can close this page.");
            ([kept(&session)], page).into_response()
        }
        Ok(None) => page::say(StatusCode::OK, "Denied. Nothing was given."),
        Err(words) => page::say(StatusCode::BAD_REQUEST, words),
    }
}

//! The token endpoint: a question about a device code, a code, or a refresh token.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::super::Issuer;
use super::super::IssuerError;
use super::super::client::Client;
use super::super::code::Redeemed;
use super::super::grant::Asked;
use super::super::refusal::Refusal;
use super::super::session::Opened;
use super::super::session::Refused;
use super::super::settings::Manners;
use super::form::Form;
use super::form::answer;
use super::form::client_form;
use super::form::fields;
use super::form::refused;
use super::form::text;

/// The grant type of RFC 8628.
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) async fn token(State(issuer): State<Issuer>, body: String) -> Response {
    let opened = opened(&issuer, &body);
    note(&issuer, &body, &opened);
    let told = opened.and_then(|opened| issuer.tokens(&opened).map_err(|error| broken(&error)));
    match told {
        Ok(tokens) => answer(StatusCode::OK, &tokens),
        Err(refusal) => refused(&refusal),
    }
}

/// So many questions are kept, and so much of the name of a grant.
const MOST: usize = 4096;
const LONGEST: usize = 64;

/// Keeps what was asked and what came of it, without any token.
fn note(issuer: &Issuer, body: &str, opened: &Result<Opened, Refusal>) {
    let form = fields(body).unwrap_or_default();
    let words = match opened {
        Ok(_) => "ok".to_owned(),
        Err(refusal) if refusal.words.is_empty() => refusal.error.to_owned(),
        Err(refusal) => refusal.words.clone(),
    };
    let grant = text(&form, "grant_type").chars().take(LONGEST).collect();
    let mut state = issuer.state();
    if state.asked.len() == MOST {
        state.asked.remove(0);
    }
    state.asked.push((grant, words));
}

fn broken(error: &IssuerError) -> Refusal {
    Refusal::of(500, "server_error", error.to_string())
}

fn opened(issuer: &Issuer, body: &str) -> Result<Opened, Refusal> {
    let manners = issuer.settings().manners;
    let form = fields(body)?;
    if manners == Manners::Keycloak && !form.contains_key("grant_type") {
        return Err(no_grant());
    }
    let (form, client) = client_form(body, manners)?;
    match form.get("grant_type").map(String::as_str) {
        Some(DEVICE_GRANT) => poll(issuer, client, &form),
        Some("authorization_code") => redeem(issuer, client, &form),
        Some("refresh_token") => refresh(issuer, client, &form),
        Some(_) => Err(Refusal::bad(
            "unsupported_grant_type",
            "Unsupported grant_type",
        )),
        None => Err(no_grant()),
    }
}

fn no_grant() -> Refusal {
    Refusal::bad("invalid_request", "Missing form parameter: grant_type")
}

fn poll(issuer: &Issuer, client: &Client, form: &Form) -> Result<Opened, Refusal> {
    let manners = issuer.settings().manners;
    let code = form.get("device_code").ok_or_else(|| match manners {
        Manners::Keycloak => Refusal::missing("device_code"),
        Manners::Dex => Refusal::bad("invalid_request", "No device code received"),
    })?;
    let verifier = form.get("code_verifier").map(String::as_str);
    let at = issuer.now();
    let polled = issuer
        .state()
        .grants
        .poll(code, client, verifier, manners, at);
    let (session, asked) = polled?;
    attach(issuer, &session, asked)
}

fn redeem(issuer: &Issuer, client: &Client, form: &Form) -> Result<Opened, Refusal> {
    let code = form.get("code").ok_or_else(|| Refusal::missing("code"))?;
    let redirect = text(form, "redirect_uri");
    let verifier = form.get("code_verifier").map(String::as_str);
    let (manners, at) = (issuer.settings().manners, issuer.now());
    let mut state = issuer.state();
    let redeemed = state
        .codes
        .redeem(code, client, redirect, verifier, manners, at);
    match redeemed {
        Redeemed::Good(session, asked) => {
            drop(state);
            attach(issuer, &session, *asked)
        }
        Redeemed::Again(session, refusal) => {
            state.sessions.detach(&session, client);
            Err(refusal)
        }
        Redeemed::No(refusal) => Err(refusal),
    }
}

/// Signs a terminal in by the session of the browser in which it was allowed.
fn attach(issuer: &Issuer, session: &str, asked: Asked) -> Result<Opened, Refusal> {
    let (manners, at) = (issuer.settings().manners, issuer.now());
    let mut state = issuer.state();
    let person = state.sessions.get(session).map(|one| one.person.clone());
    let disabled = person.and_then(|name| Some(state.accounts.get(&name)?.disabled));
    if disabled == Some(true) {
        return Err(Refused::Disabled.said(manners));
    }
    let opened = state.sessions.attach(session, asked, at);
    opened.ok_or_else(|| Refused::Ended.said(manners))
}

fn refresh(issuer: &Issuer, client: &Client, form: &Form) -> Result<Opened, Refusal> {
    let settings = issuer.settings();
    let Some(token) = form.get("refresh_token") else {
        return Err(Refusal::bad(
            "invalid_request",
            match settings.manners {
                Manners::Keycloak => "No refresh token",
                Manners::Dex => "No refresh token is found in request.",
            },
        ));
    };
    let at = issuer.now();
    let mut state = issuer.state();
    let state = &mut *state;
    let accounts = &state.accounts;
    let barred = |name: &str| accounts.get(name).is_some_and(|account| account.disabled);
    let next = state.sessions.refresh(token, client, &settings, barred, at);
    state.heard.renewals += 1;
    state.heard.reused += u64::from(matches!(next, Err(Refused::Reused | Refused::Stale)));
    next.map_err(|refused| refused.said(settings.manners))
}

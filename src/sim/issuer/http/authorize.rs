//! The authorization endpoint of the code flow, and the page on which a person proves who they are.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::Value;

use super::super::Issuer;
use super::super::client::Client;
use super::super::client::SCOPES;
use super::super::client::bound;
use super::super::client::client;
use super::super::client::known;
use super::super::grant::Asked;
use super::super::session::Session;
use super::form::Form;
use super::form::browser;
use super::form::fields;
use super::form::kept;
use super::form::query;
use super::form::text;
use super::page;
use super::page::Question;

/// The highest level of proof there is: a password and a second factor.
const HIGHEST: u8 = 2;

/// What a client wants of an authorization.
struct Wish {
    asked: Asked,
    redirect: String,
    state: Option<String>,
    level: Level,
    max_age: Option<i64>,
    prompt: String,
}

/// The level of proof that is wanted.
#[derive(Clone, Copy, Default)]
struct Level {
    acr: u8,
    essential: bool,
}

/// Why there is no authorization.
enum Trouble {
    /// It is said to the person, because the client's address is not to be trusted.
    Page(&'static str),
    /// It is said to the client.
    Back {
        to: Box<(String, Option<String>)>,
        error: &'static str,
        words: String,
    },
}

/// A request by a browser: a code at once when its session is good enough, else the page.
pub(super) async fn ask(
    State(issuer): State<Issuer>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Response {
    let raw = raw.unwrap_or_default();
    let wish = match wish(&raw) {
        Ok(wish) => wish,
        Err(trouble) => return told(&issuer, trouble),
    };
    let at = issuer.now();
    let (known, enough, acr) = {
        let state = issuer.state();
        let session = browser(&headers).filter(|id| state.sessions.get(id).is_some());
        let live = session.as_ref().and_then(|id| state.sessions.get(id));
        let enough = live.is_some_and(|session| wish.is_met_by(session, at));
        let name = live.map(|session| session.person.clone());
        (session.zip(name), enough, live.map_or(0, |one| one.acr))
    };
    match &known {
        Some((session, _)) if enough => return give(&issuer, wish, session),
        _ if wish.prompt == "none" => {
            return told(&issuer, wish.back("login_required", ""));
        }
        _ => {}
    }
    let known = known.as_ref().map(|(_, name)| name.as_str());
    let forced = wish.asked.client.step_up || wish.prompt == "login";
    let question = Question {
        action: format!("{}/auth?{raw}", issuer.inner.url),
        client: wish.asked.client.id,
        code: None,
        known: known.filter(|_| !forced),
        second: wish.wants() > acr || wish.asked.client.step_up,
    };
    page::ask(&issuer, &question)
}

/// The page, after a button was pressed: `person` (none to go on as who is known), `otp`, `allow`.
pub(super) async fn pressed(
    State(issuer): State<Issuer>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
    body: String,
) -> Response {
    let wish = match wish(&raw.unwrap_or_default()) {
        Ok(wish) => wish,
        Err(trouble) => return told(&issuer, trouble),
    };
    let Ok(form) = fields(&body) else {
        return page::say(StatusCode::BAD_REQUEST, "The form cannot be read.");
    };
    if text(&form, "allow") != "true" {
        return told(
            &issuer,
            wish.back("access_denied", "The end user denied the request"),
        );
    }
    match proved(&issuer, &wish, &form, browser(&headers).as_deref()) {
        Ok(session) => {
            let answer = give(&issuer, wish, &session);
            ([kept(&session)], answer).into_response()
        }
        Err(words) => page::say(StatusCode::BAD_REQUEST, words),
    }
}

/// The session of a person who has proved enough.
fn proved(
    issuer: &Issuer,
    wish: &Wish,
    form: &Form,
    browser: Option<&str>,
) -> Result<String, &'static str> {
    let at = issuer.now();
    let second = text(form, "otp") == "true";
    let mut state = issuer.state();
    let state = &mut *state;
    let known = browser.and_then(|id| state.sessions.get(id));
    let (name, has) = match (form.get("person"), known) {
        (Some(name), _) => (name.clone(), 1),
        (None, Some(session)) if !wish.asked.client.step_up && wish.prompt != "login" => {
            (session.person.clone(), session.acr)
        }
        (None, _) => return Err("Say who you are."),
    };
    let person = issuer.inner.people.find(&name);
    let person = person.ok_or("No such person in the simulated estate.")?;
    let acr = if second { HIGHEST } else { has };
    if acr < wish.wants() {
        return Err("Invalid authenticator code.");
    }
    if wish.level.essential && wish.level.acr > HIGHEST {
        return Err("Authentication requirements not fulfilled");
    }
    let (sessions, dice) = (&mut state.sessions, &mut state.dice);
    Ok(sessions.prove(browser, &person.name, acr, dice, at))
}

/// Sends the browser back with a code.
fn give(issuer: &Issuer, wish: Wish, session: &str) -> Response {
    if wish.level.essential && wish.level.acr > HIGHEST {
        let words = "Authentication requirements not fulfilled";
        return page::say(StatusCode::BAD_REQUEST, words);
    }
    let at = issuer.now();
    let mut state = issuer.state();
    let (redirect, back) = (wish.redirect.clone(), wish.state);
    let code = state
        .codes
        .give(wish.asked, session.to_owned(), wish.redirect, at);
    drop(state);
    let mut pairs = vec![("session_state", session), ("iss", &issuer.inner.url)];
    if let Some(state) = &back {
        pairs.push(("state", state));
    }
    pairs.push(("code", &code));
    found(&redirect, &pairs)
}

pub(super) fn found(to: &str, pairs: &[(&str, &str)]) -> Response {
    let sign = if to.contains('?') { '&' } else { '?' };
    let address = format!("{to}{sign}{}", query(pairs));
    (StatusCode::FOUND, [(header::LOCATION, address)]).into_response()
}

fn told(issuer: &Issuer, trouble: Trouble) -> Response {
    match trouble {
        Trouble::Page(words) => page::say(StatusCode::BAD_REQUEST, words),
        Trouble::Back { to, error, words } => {
            let (redirect, state) = *to;
            let mut pairs = vec![("error", error), ("iss", &issuer.inner.url)];
            if !words.is_empty() {
                pairs.push(("error_description", &words));
            }
            if let Some(state) = &state {
                pairs.push(("state", state));
            }
            found(&redirect, &pairs)
        }
    }
}

/// Reads what a client wants.
fn wish(raw: &str) -> Result<Wish, Trouble> {
    let form = fields(raw).map_err(|_| Trouble::Page("Invalid request"))?;
    let client = client(text(&form, "client_id")).ok_or(Trouble::Page("Client not found."))?;
    let redirect = text(&form, "redirect_uri").to_owned();
    if !is_loopback(&redirect) {
        return Err(Trouble::Page("Invalid parameter: redirect_uri"));
    }
    let level = level(&form)?;
    let back = |error: &'static str, words: &str| Trouble::Back {
        to: Box::new((redirect.clone(), form.get("state").cloned())),
        error,
        words: words.to_owned(),
    };
    if text(&form, "response_type") != "code" {
        return Err(back("unsupported_response_type", ""));
    }
    let scope = text(&form, "scope");
    if let Some(other) = scope.split(' ').find(|one| !SCOPES.contains(one)) {
        let words = format!("Invalid scopes: {other}");
        return Err(back("invalid_scope", &words));
    }
    let field = |name: &str| form.get(name).map(String::as_str);
    let challenge = bound(field("code_challenge_method"), field("code_challenge"));
    let challenge = challenge.map_err(|refusal| back(refusal.error, &refusal.words))?;
    Ok(Wish {
        asked: asked(client, &form, challenge),
        state: form.get("state").cloned(),
        level,
        max_age: form.get("max_age").and_then(|age| age.parse().ok()),
        prompt: text(&form, "prompt").to_owned(),
        redirect,
    })
}

fn asked(client: &'static Client, form: &Form, challenge: String) -> Asked {
    Asked {
        client,
        scope: known(text(form, "scope")),
        nonce: form.get("nonce").cloned(),
        challenge,
    }
}

/// The level that `claims` or `acr_values` name.
fn level(form: &Form) -> Result<Level, Trouble> {
    let claims: Value = serde_json::from_str(text(form, "claims")).unwrap_or_default();
    let acr = &claims["id_token"]["acr"];
    let essential = acr["essential"] == true;
    let values = acr["values"].as_array().and_then(|all| all.first());
    let named = values.or_else(|| acr.get("value")).and_then(Value::as_str);
    let number = named.and_then(|text| text.parse().ok());
    if essential && number.is_none() {
        return Err(Trouble::Page("Invalid parameter: claims"));
    }
    let values = text(form, "acr_values").split(' ').next();
    let asked = values.and_then(|text| text.parse().ok());
    Ok(Level {
        acr: number.or(asked).unwrap_or(0),
        essential,
    })
}

/// Whether an address is this machine's by number; `localhost` and `[::1]` are not registered.
fn is_loopback(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else {
        return false;
    };
    uri.scheme_str() == Some("http") && uri.host() == Some("127.0.0.1")
}

impl Wish {
    /// The level that can be reached of the one wanted: a voluntary one beyond the highest is the highest.
    fn wants(&self) -> u8 {
        let own = if self.asked.client.step_up {
            HIGHEST
        } else {
            0
        };
        self.level.acr.min(HIGHEST).max(own)
    }

    fn is_met_by(&self, session: &Session, at: Timestamp) -> bool {
        let age = at.duration_since(session.since).as_secs();
        let young = self.max_age.is_none_or(|most| age <= most);
        let asked = self.asked.client.step_up || self.prompt == "login";
        young && !asked && session.acr >= self.wants()
    }

    fn back(self, error: &'static str, words: &str) -> Trouble {
        Trouble::Back {
            to: Box::new((self.redirect, self.state)),
            error,
            words: words.to_owned(),
        }
    }
}

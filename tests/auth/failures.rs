//! Every way a sign-in can fail, at a scripted issuer: each has a sentence of its own that ends in what to do next.

use crate::discover;
use crate::issuer::Issuer;
use crate::issuer::NOW;
use crate::issuer::Reply;
use crate::now;
use crashcart::auth::AuthError;
use crashcart::auth::SignIn;
use crashcart::auth::oidc;
use crashcart::auth::oidc::PASTE_REDIRECT;
use crashcart::auth::oidc::Poll;
use crashcart::auth::oidc::Return;
use crashcart::auth::sign_in::Event;
use crashcart::text::SafeText;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

/// What the screen says after a device sign-in in which the issuer answers so.
async fn device(path: &'static str, reply: Option<Reply>, document: Value) -> String {
    let issuer = Issuer::start().await;
    issuer.desk.lock().unwrap().discovery = document;
    let asked = Event::Asked {
        issuer: SafeText::new("id.test"),
    };
    let mut state = SignIn::Idle.step(asked, now());
    if let Some(reply) = reply {
        issuer.say(path, reply);
    }
    let went = async {
        let mut client = discover(&issuer).await?;
        let grant = client.start_device(now()).await?;
        state = state
            .clone()
            .step(Event::Prompt(grant.prompt.clone()), now());
        let event = match client.poll_once(&grant, now()).await? {
            Poll::Pending => Event::Pending,
            Poll::SlowDown => Event::SlowDown,
            Poll::Denied => Event::Denied,
            Poll::Expired => Event::Expired,
            Poll::Done(done) => Event::SignedIn(done.0),
        };
        Ok::<Event, AuthError>(event)
    };
    let event = went.await.unwrap_or_else(|error| error.event());
    said(&state.step(event, now()), &issuer)
}

/// What it says after a pasted address in whose place the issuer answers so.
async fn pasted(query: &str, reply: Option<Reply>, document: Value) -> String {
    let issuer = Issuer::start().await;
    let mut known = json!({"authorization_endpoint": format!("{}/auth", issuer.url)});
    for (name, value) in document.as_object().into_iter().flatten() {
        known[name] = value.clone();
    }
    issuer.desk.lock().unwrap().discovery = known;
    if let Some(reply) = reply {
        issuer.say("/token", reply);
    }
    let asked = Event::Asked {
        issuer: SafeText::new("id.test"),
    };
    let mut state = SignIn::Idle.step(asked, now());
    let went = async {
        let mut client = discover(&issuer).await?;
        let grant = client.start_code(PASTE_REDIRECT, false, now())?;
        state = state.clone().step(Event::Page(grant.prompt.clone()), now());
        let sent = grant.prompt.address.as_str();
        let own = sent
            .split("state=")
            .nth(1)
            .and_then(|rest| rest.split('&').next());
        let address = format!("{PASTE_REDIRECT}?{query}").replace("OWN", own.unwrap());
        let event = match client.redeem(&grant, &address, now()).await? {
            Return::Odd(sentence) => Event::Odd { sentence },
            Return::Denied => Event::Denied,
            Return::Done(done) => Event::SignedIn(done.0),
        };
        Ok::<Event, AuthError>(event)
    };
    let event = went.await.unwrap_or_else(|error| error.event());
    said(&state.step(event, now()), &issuer)
}

/// The sentence, with the issuer's port taken out.
fn said(state: &SignIn, issuer: &Issuer) -> String {
    let host = issuer.url.trim_start_matches("https://");
    let sentence = state.answer(3, now()).as_str().to_owned();
    sentence.replace(host, "id.test")
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "rows without an answer of their own stand beside it"
)]
fn refuses(status: u16, error: &str) -> Option<Reply> {
    let words = format!("Words of {error}.");
    let body = json!({"error": error, "error_description": words});
    Some(Reply::Json(status, body))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "rows without an answer of their own stand beside it"
)]
fn tokens(changes: Value) -> Option<Reply> {
    Some(Reply::Tokens(changes))
}

/// What the sentences of a sign-in by device code must hold: what failed, and what to do next.
#[expect(clippy::too_many_lines, reason = "a table, five lines a row")]
async fn by_device() -> Vec<(&'static str, String, &'static str, &'static str)> {
    let none = || json!({});
    let code = "/token";
    let skew = json!({"iat": NOW + 94, "exp": NOW + 394});
    let evil = json!({"issuer": "https://evil.test"});
    let no_device = json!({"device_authorization_endpoint": null});
    vec![
        (
            "denied",
            device(code, refuses(400, "access_denied"), none()).await,
            "pressed No",
            "n tries again",
        ),
        (
            "expired",
            device(code, refuses(400, "expired_token"), none()).await,
            "code ended",
            "Press n",
        ),
        (
            "slow_down",
            device(code, refuses(400, "slow_down"), none()).await,
            "go slower",
            "asking each 7s",
        ),
        (
            "skew",
            device(code, tokens(skew), none()).await,
            "94s behind",
            "Set the clock, then n",
        ),
        (
            "issuer",
            device(code, None, evil).await,
            "another issuer",
            "Check issuer, crashcart.toml line 6",
        ),
        (
            "no nonce",
            device(code, tokens(json!({"nonce": null})), none()).await,
            "no nonce",
            "press p",
        ),
        (
            "nonce",
            device(code, tokens(json!({"nonce": "other"})), none()).await,
            "(nonce)",
            "n tries again",
        ),
        (
            "outage",
            device("/device", refuses(503, "x"), none()).await,
            "status 503",
            "Esc goes on without",
        ),
        (
            "no groups",
            device(code, tokens(json!({"groups": null})), none()).await,
            "names no group",
            "have the groups claim put",
        ),
        (
            "client",
            device("/device", refuses(401, "invalid_client"), none()).await,
            "knows no public client crashcart",
            "check client_id, crashcart.toml line 6",
        ),
        (
            "flow",
            device("/device", refuses(400, "unauthorized_client"), none()).await,
            "does not let client crashcart",
            "press p",
        ),
        (
            "scope",
            device("/device", refuses(400, "invalid_scope"), none()).await,
            "one of the scopes",
            "then n",
        ),
        (
            "forbidden",
            device("/device", refuses(403, "access_denied"), none()).await,
            "Words of access_denied",
            "ask whoever keeps it for a group",
        ),
        (
            "audience",
            device(code, tokens(json!({"aud": "other"})), none()).await,
            "for another client than crashcart",
            "check client_id and the clusters' audience",
        ),
        (
            "code used",
            device(code, refuses(400, "invalid_grant"), none()).await,
            "does not take the code",
            "n begins anew",
        ),
        (
            "no device",
            device(code, None, no_device).await,
            "has no device sign-in",
            "Press p",
        ),
        (
            "foreign key",
            device(code, Some(Reply::ForeignKey), none()).await,
            "no such signing key",
            "n tries again",
        ),
        (
            "not JSON",
            device("/device", Some(Reply::Json(200, json!("x"))), none()).await,
            "something else than a device code",
            "then n",
        ),
        (
            "other",
            device("/device", refuses(400, "invalid_target"), none()).await,
            "Words of invalid_target",
            "Ask whoever keeps it what",
        ),
    ]
}

/// The same of a sign-in by a pasted address.
async fn by_paste() -> Vec<(&'static str, String, &'static str, &'static str)> {
    let none = || json!({});
    let good = "state=OWN&code=c";
    let busy = "state=OWN&error=temporarily_unavailable";
    let plain = json!({"code_challenge_methods_supported": ["plain"]});
    let no_page = json!({"authorization_endpoint": null});
    let iss = json!({"authorization_response_iss_parameter_supported": true});
    vec![
        (
            "state",
            pasted("state=other&code=c", None, none()).await,
            "another sign-in",
            "open the address",
        ),
        (
            "iss",
            pasted(good, None, iss).await,
            "another issuer (iss)",
            "check issuer",
        ),
        (
            "no code",
            pasted("state=OWN", None, none()).await,
            "no code in it",
            "copy the whole line",
        ),
        (
            "trouble",
            pasted(busy, None, none()).await,
            "it is in trouble",
            "Esc goes on without",
        ),
        ("no S256", pasted(good, None, plain).await, "PKCE", "then n"),
        (
            "no page",
            pasted(good, None, no_page).await,
            "no sign-in page",
            "press n",
        ),
    ]
}

#[tokio::test]
async fn each_failure_has_a_sentence_of_its_own_and_says_what_to_do_next() {
    let mut all = by_device().await;
    all.extend(by_paste().await);
    all.push((
        "TLS",
        untrusted().await,
        "could not prove who it is",
        "check ca",
    ));
    let mut seen = BTreeMap::new();
    for (name, sentence, what, next) in all {
        assert!(sentence.contains(what), "{name}: {sentence}");
        assert!(sentence.contains(next), "{name}: {sentence}");
        assert!(
            sentence.ends_with('.') && !sentence.contains(".."),
            "{name}: {sentence}"
        );
        assert!(sentence.chars().count() < 260, "{name}: {sentence}");
        if let Some(other) = seen.insert(sentence, name) {
            panic!("{name} and {other} say the same");
        }
    }
    assert_eq!(seen.len(), 26);
}

/// What is said when another authority signed the issuer's certificate.
async fn untrusted() -> String {
    let (issuer, other) = (Issuer::start().await, Issuer::start().await);
    let mut identity = issuer.identity();
    identity.ca = other.identity().ca;
    let error = oidc::discover(&identity, oidc::DEADLINE)
        .await
        .err()
        .unwrap();
    let asked = Event::Asked {
        issuer: SafeText::new("id.test"),
    };
    said(
        &SignIn::Idle.step(asked, now()).step(error.event(), now()),
        &issuer,
    )
}

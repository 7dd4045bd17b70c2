//! What an issuer can say: its document, its codes, its refusals and its claims, to the screen and in words.

use crashcart::auth::AuthError;
use crashcart::auth::SignIn;
use crashcart::auth::oidc;
use crashcart::auth::oidc::Poll;
use crashcart::auth::sign_in::Event;
use crashcart::state::State;
use crashcart::state::nav::Screen;
use crashcart::text::SafeText;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::corpus::Corpus;
use crate::corpus::harmless;
use crate::estate;
use crate::glass::Glass;
use crate::issuer::Issuer;
use crate::issuer::NOW;
use crate::issuer::Reply;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// What the sign-in and session screens show when a sign-in stands so.
fn seen(glass: &mut Glass, stands: SignIn, what: &str) -> String {
    let mut state: State = estate::night();
    if let SignIn::SignedIn(session) = &stands {
        state.person = Some(session.person.clone());
        harmless(session.person.short(), what);
        for group in &session.person.groups {
            harmless(group.as_str(), what);
        }
    } else {
        state.person = None;
    }
    estate::signs_in(&mut state, stands);
    let mut seen = String::new();
    for screen in [Screen::SignIn, Screen::Session, Screen::Board] {
        state.nav.screen = screen;
        seen += &glass.look(&state, what);
    }
    seen
}

/// A failure, in the words of the verbs and on the screen.
fn failed(glass: &mut Glass, error: &AuthError, what: &str) {
    harmless(&error.to_string(), what);
    let asked = Event::Asked {
        issuer: SafeText::new("id.test"),
    };
    let stands = SignIn::Idle.step(asked, now()).step(error.event(), now());
    harmless(stands.answer(3, now()).as_str(), what);
    seen(glass, stands, what);
}

#[tokio::test]
async fn at_id_01_what_an_issuer_says_is_letters_and_nothing_else() {
    let issuer = Issuer::start().await;
    let mut client = oidc::discover(&issuer.identity(), oidc::DEADLINE)
        .await
        .unwrap();
    let mut glass = Glass::new((80, 24));
    for one in &Corpus::read().text {
        let (text, name) = (one.fit(), &one.name);
        issuer.say(
            "/device",
            Reply::Json(
                200,
                json!({
            "device_code": text, "user_code": text, "verification_uri": text,
            "verification_uri_complete": text, "expires_in": 600, "interval": 2}),
            ),
        );
        match client.start_device(now()).await {
            Ok(grant) => {
                let asked = Event::Asked {
                    issuer: SafeText::new("id.test"),
                };
                let prompt = grant.prompt;
                harmless(prompt.user_code.as_str(), name);
                harmless(prompt.verification_uri.as_str(), name);
                let stands = SignIn::Idle
                    .step(asked, now())
                    .step(Event::Prompt(prompt), now());
                seen(&mut glass, stands, &format!("a code: {name}"));
            }
            Err(error) => failed(&mut glass, &error, &format!("a code: {name}")),
        }

        for (status, code) in [
            (400, "server_error"),
            (400, "access_denied"),
            (401, text.as_str()),
        ] {
            let words = json!({"error": code, "error_description": text});
            issuer.say("/device", Reply::Json(status, words));
            let refused = client.start_device(now()).await.unwrap_err();
            failed(&mut glass, &refused, &format!("refused {status}: {name}"));
        }

        let grant = client.start_device(now()).await.unwrap();
        issuer.say("/token", Reply::Tokens(json!({
            "preferred_username": format!("gotcha {text}"), "name": text, "email": text, "groups": [text, "sre-operators"], "acr": text})));
        match client.poll_once(&grant, now()).await {
            Ok(Poll::Done(done)) => {
                let shown = seen(
                    &mut glass,
                    SignIn::SignedIn(done.0),
                    &format!("claims: {name}"),
                );
                assert!(shown.contains("gotcha"), "{name}: the name is on no screen");
            }
            Ok(other) => panic!("{name}: {other:?}"),
            Err(error) => failed(&mut glass, &error, &format!("claims: {name}")),
        }
    }
}

#[tokio::test]
async fn a_document_and_a_token_that_are_odd_are_refused_in_letters() {
    let issuer = Issuer::start().await;
    let mut glass = Glass::new((80, 24));
    let mut client = oidc::discover(&issuer.identity(), oidc::DEADLINE)
        .await
        .unwrap();
    for one in &Corpus::read().text {
        let (text, name) = (one.fit(), &one.name);
        for field in [
            "issuer",
            "token_endpoint",
            "jwks_uri",
            "device_authorization_endpoint",
        ] {
            let mut document = json!({});
            document[field] = Value::from(text.as_str());
            issuer.desk.lock().unwrap().discovery = document;
            let what = format!("{field}: {name}");
            let found = oidc::discover(&issuer.identity(), oidc::DEADLINE).await;
            let error = match found {
                Ok(client) => client.start_device(now()).await.err(),
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                failed(&mut glass, &error, &what);
            }
        }
        let grant = client.start_device(now()).await.unwrap();
        issuer.say("/token", Reply::Raw(text.clone()));
        let refused = client.poll_once(&grant, now()).await.unwrap_err();
        failed(&mut glass, &refused, &format!("a token: {name}"));
        for claim in ["iss", "aud", "sub", "azp"] {
            let mut claims = json!({});
            claims[claim] = Value::from(text.as_str());
            let grant = client.start_device(now()).await.unwrap();
            issuer.say("/token", Reply::Tokens(claims));
            if let Err(error) = client.poll_once(&grant, now()).await {
                failed(&mut glass, &error, &format!("{claim}: {name}"));
            }
        }
    }
}

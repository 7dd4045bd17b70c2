//! The rows of the acceptance list that are about signing in, by their numbers.

use crate::answered;
use crate::begun;
use crate::issuer::NOW;
use crate::issuer::Reply;
use crate::issuer::unsigned;
use crate::night::Night;
use crate::now;
use crate::signed_in;
use crashcart::auth::AuthError;
use crashcart::auth::SignIn;
use crashcart::auth::oidc::Poll;
use crashcart::auth::sign_in::Event;
use crashcart::sim::issuer::Settings;
use crashcart::text::SafeText;
use jiff::SignedDuration;
use serde_json::json;

#[tokio::test]
async fn at_id_09_a_code_names_its_client_ends_clean_and_a_token_without_nonce_is_not_kept() {
    let night = Night::start(Settings::default()).await;
    let (mut client, grant) = night.begun().await;
    assert_eq!(
        grant.prompt.client_id, "crashcart",
        "shown before anybody allows it"
    );
    assert!(!grant.prompt.issuer_host.as_str().is_empty());
    let issuer = SafeText::new(client.host());
    let state = SignIn::Idle.step(Event::Asked { issuer }, night.now());
    let state = state.step(Event::Prompt(grant.prompt.clone()), night.now());
    night.pass(601);
    let poll = client.poll_once(&grant, night.now()).await;
    assert!(matches!(poll, Ok(Poll::Expired)), "{poll:?}");
    let state = state.step(Event::Expired, night.now());
    assert!(matches!(state, SignIn::Ended { .. }), "{state:?}");
    let late = state.clone().step(Event::Pending, night.now());
    assert_eq!(late, state, "nothing moves it but a new question");
    let error = answered(Reply::Tokens(json!({"nonce": null}))).await;
    assert!(matches!(error, Err(AuthError::NoNonce { .. })));
}

#[tokio::test]
async fn at_id_12_an_issuer_that_stops_ends_no_session_before_its_time_and_asks_nobody() {
    let night = Night::start(Settings::default()).await;
    let (mut client, session, tokens) = night.signed_in("alice").await;
    night.fault("cluster=issuer fault=outage for=1h");
    let mut state = SignIn::SignedIn(session.clone());
    let mut asked = tokens.state;
    for _ in 0..6 {
        night.pass(40);
        let renewed = client.refresh(&tokens, &session.person, night.now()).await;
        let error = renewed.unwrap_err();
        assert!(error.is_passing(), "an outage is no refusal: {error}");
        asked = asked.unanswered(night.now());
        assert!(!asked.reauth, "nobody is asked to sign in anew");
        state = state.step(error.event(), night.now());
        assert!(matches!(state, SignIn::SignedIn(_)), "{state:?}");
    }
    let end = session.expires_at;
    let state = state.step(Event::Tick, end);
    assert!(
        matches!(state, SignIn::Ended { .. }),
        "and then it ends once"
    );
}

#[tokio::test]
async fn at_id_13_a_new_key_is_fetched_once_and_a_flood_of_bad_tokens_once_a_minute() {
    let (issuer, mut client, grant) = begun().await;
    let fetched = || issuer.heard("/certs").len();
    assert_eq!(fetched(), 1);
    issuer.say("/token", Reply::NewKey);
    let done = client.poll_once(&grant, now()).await;
    assert!(matches!(done, Ok(Poll::Done(_))), "{done:?}");
    assert_eq!(
        fetched(),
        2,
        "the next sign-in after a rotation costs one fetch"
    );

    let (issuer, mut client, session, tokens) = signed_in().await;
    let fetched = || issuer.heard("/certs").len();
    let before = fetched();
    for second in 0..100 {
        issuer.say("/token", Reply::ForeignKey);
        let at = now() + SignedDuration::from_millis(second * 590);
        let bad = client.refresh(&tokens, &session.person, at).await;
        assert!(bad.is_err());
    }
    assert_eq!(fetched() - before, 1, "100 bad tokens within a minute");
}

#[tokio::test]
async fn at_id_14_clocks_that_are_apart_are_measured_and_said() {
    for (offset, good) in [
        (-600, false),
        (-120, false),
        (-61, false),
        (-60, true),
        (-30, true),
        (0, true),
        (30, true),
        (60, true),
        (61, false),
        (120, false),
        (600, false),
    ] {
        let changes = json!({"iat": NOW + offset, "exp": NOW + offset + 300});
        match answered(Reply::Tokens(changes)).await {
            Ok(Poll::Done(_)) => assert!(good, "{offset}"),
            Err(AuthError::Skew { behind_s, .. }) => assert_eq!((behind_s, good), (offset, false)),
            other => panic!("{offset}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn at_id_20_no_other_algorithm_key_or_issuer_signs_anybody_in() {
    for algorithm in ["none", "HS256", "HS512", "ES384", "RS1"] {
        let (issuer, mut client, grant) = begun().await;
        let claims = json!({
            "iss": issuer.url, "aud": "crashcart", "sub": "s", "iat": NOW, "exp": NOW + 9,
            "nonce": issuer.heard("/device")[0]["nonce"],
        });
        for header in [
            json!({"alg": algorithm}),
            json!({"alg": algorithm, "kid": "unknown"}),
        ] {
            let text = unsigned(&header, &claims);
            issuer.say("/token", Reply::Raw(format!("{text}.AAAA")));
            let poll = client.poll_once(&grant, now()).await;
            assert!(poll.is_err(), "{header}: {poll:?}");
        }
    }
    let other = json!({"iss": "https://evil.test"});
    let poll = answered(Reply::Tokens(other)).await;
    assert!(matches!(poll, Err(AuthError::WrongIssuer { .. })));
    assert!(answered(Reply::ForeignKey).await.is_err());
}

#[test]
fn every_test_that_the_threats_name_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let page = read("docs/threats.md");
    let quoted: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let named: Vec<(&str, &str)> = quoted
        .windows(2)
        .filter(|pair| pair[0].contains('/') && !pair[1].contains('/'))
        .map(|pair| (pair[0], pair[1]))
        .collect();
    for (path, name) in &named {
        let found = read(path).contains(&format!("fn {name}("));
        assert!(found, "docs/threats.md names {name}, which {path} has not");
    }
    for row in (1..=5).chain(8..=20).chain([23]) {
        let head = format!("| AT-ID-{row} |");
        let line = page.lines().find(|line| line.starts_with(&head));
        let held = line.is_some_and(|line| named.iter().any(|(_, name)| line.contains(name)));
        assert!(held, "no test is named for AT-ID-{row}");
    }
}

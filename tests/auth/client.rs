//! Each behaviour of the simulated issuer against crashcart's own client: what it does, and what it says.

use crate::night::Night;
use crashcart::auth::AuthError;
use crashcart::auth::Session;
use crashcart::auth::SignIn;
use crashcart::auth::oidc;
use crashcart::auth::oidc::Poll;
use crashcart::auth::sign_in::Event;
use crashcart::config::Secret;
use crashcart::sim::issuer::Manners;
use crashcart::sim::issuer::Settings;
use crashcart::text::SafeText;
use jiff::Timestamp;
use std::time::Duration;

fn dex() -> Settings {
    Settings {
        manners: Manners::Dex,
        interval_seconds: 5,
        ..Settings::default()
    }
}

/// What the sign-in screen says of an error while a person is signed in.
fn said(session: &Session, error: &AuthError, now: Timestamp) -> String {
    let state = SignIn::SignedIn(session.clone()).step(error.event(), now);
    state.answer(3, now).as_str().to_owned()
}

/// What it says of one that comes while a code is asked for.
fn said_asking(error: &AuthError, now: Timestamp) -> String {
    let issuer = SafeText::new("id.test");
    let state = SignIn::Idle.step(Event::Asked { issuer }, now);
    let state = state.step(error.event(), now);
    state.answer(3, now).as_str().to_owned()
}

#[tokio::test]
async fn a_grant_waits_is_allowed_and_says_who_and_how() {
    let night = Night::start(Settings::default()).await;
    let (mut client, grant) = night.begun().await;
    let poll = client.poll_once(&grant, night.now()).await;
    assert!(matches!(poll, Ok(Poll::Pending)));
    let poll = client.poll_once(&grant, night.now()).await;
    assert!(matches!(poll, Ok(Poll::SlowDown)), "asked at once again");
    let code = grant.prompt.user_code.as_str();
    client.answer_simulated(code, Some("alice")).await.unwrap();
    night.pass(1);
    let Poll::Done(done) = client.poll_once(&grant, night.now()).await.unwrap() else {
        panic!("not signed in");
    };
    let session = done.0;
    assert_eq!(session.person.login, "alice@meridian.test");
    assert_eq!(session.person.groups, ["sre-oncall", "sre-operators"]);
    assert_eq!(session.acr.as_deref(), Some("1"));
    let answered = night.now().as_second() - 1;
    assert_eq!(session.auth_time.map(Timestamp::as_second), Some(answered));
    let again = client.poll_once(&grant, night.now()).await;
    assert!(again.is_err(), "a code is redeemed once");
}

#[tokio::test]
async fn a_denied_and_an_ended_code_are_told_apart_also_when_it_is_forgotten() {
    for (settings, denied) in [(Settings::default(), true), (dex(), false)] {
        let night = Night::start(settings).await;
        let (mut client, grant) = night.begun().await;
        let code = grant.prompt.user_code.as_str();
        client.answer_simulated(code, None).await.unwrap();
        let poll = client.poll_once(&grant, night.now()).await.unwrap();
        // Dex does not tell the client of a denial.
        assert_eq!(matches!(poll, Poll::Denied), denied, "{poll:?}");
        let (mut client, grant) = night.begun().await;
        for seconds in [600, 60] {
            night.pass(seconds);
            let poll = client.poll_once(&grant, night.now()).await;
            assert!(matches!(poll, Ok(Poll::Expired)), "{settings:?}: {poll:?}");
        }
    }
}

#[tokio::test]
async fn whoever_goes_slower_each_time_is_let_in_by_an_issuer_that_wants_more_each_time() {
    let night = Night::start(dex()).await;
    let (mut client, grant) = night.begun().await;
    let issuer = SafeText::new(client.host());
    let mut state = SignIn::Idle.step(Event::Asked { issuer }, night.now());
    state = state.step(Event::Prompt(grant.prompt.clone()), night.now());
    let mut pauses = Vec::new();
    let early = [0, 1, 0];
    for early in early.into_iter().chain([0; 3]) {
        let SignIn::Waiting { device, .. } = &state else {
            panic!("it waits no more: {state:?}");
        };
        pauses.push(device.interval_s);
        night.pass(u64::from(device.interval_s - early));
        let poll = client.poll_once(&grant, night.now()).await.unwrap();
        let event = match poll {
            Poll::Pending => Event::Pending,
            Poll::SlowDown => Event::SlowDown,
            other => panic!("{other:?}"),
        };
        state = state.step(event, night.now());
    }
    assert_eq!(
        pauses,
        [5, 5, 10, 10, 10, 10],
        "one early question, one step"
    );
}

#[tokio::test]
async fn a_spent_refresh_token_ends_the_sign_in_and_each_refusal_is_said() {
    let night = Night::start(Settings::default()).await;
    let (mut client, session, first) = night.signed_in("dana").await;
    let person = &session.person;
    let (_, second) = client.refresh(&first, person, night.now()).await.unwrap();
    for (tokens, words) in [
        (&first, "Maximum allowed refresh token reuse exceeded"),
        (&second, "Session doesn't have required client"),
    ] {
        let error = client.refresh(tokens, person, night.now()).await;
        let error = error.unwrap_err();
        assert!(!error.is_passing());
        let host = client.host();
        assert_eq!(
            said(&session, &error, night.now()),
            format!("{host} did not renew the sign-in: {words}. n signs in again.")
        );
    }
}

#[tokio::test]
async fn every_end_of_a_session_on_the_issuers_side_is_said_with_its_next_step() {
    type Turn = fn(&Night);
    let turns: [(Turn, &str); 4] = [
        (
            |night| assert!(night.alone.issuer().set_disabled("dana", true)),
            "User disabled",
        ),
        (
            |night| night.alone.issuer().end_sessions("dana"),
            "Session not active",
        ),
        (
            |night| night.alone.issuer().revoke_all_until_now(),
            "Stale token",
        ),
        (|night| night.pass(1800), "Session not active"),
    ];
    for (turn, words) in turns {
        let night = Night::start(Settings::default()).await;
        let (mut client, session, tokens) = night.signed_in("dana").await;
        turn(&night);
        let error = client.refresh(&tokens, &session.person, night.now()).await;
        let error = error.unwrap_err();
        let AuthError::Refused { reason, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(reason.as_str(), words);
    }
}

#[tokio::test]
async fn a_change_of_groups_comes_with_the_next_renewal() {
    let night = Night::start(Settings::default()).await;
    let (mut client, session, tokens) = night.signed_in("alice").await;
    assert!(night.alone.issuer().set_groups("alice", &["sre-viewers"]));
    let renewed = client.refresh(&tokens, &session.person, night.now()).await;
    let (renewed, tokens) = renewed.unwrap();
    assert_eq!(renewed.person.groups, ["sre-viewers"]);
    night.alone.issuer().set_groups("alice", &[]);
    let renewed = client.refresh(&tokens, &session.person, night.now()).await;
    assert!(
        renewed.unwrap().0.person.groups.is_empty(),
        "no claim at all"
    );
}

#[tokio::test]
async fn a_new_key_is_accepted_by_a_client_that_has_the_old_set() {
    let night = Night::start(Settings::default()).await;
    let (mut client, session, tokens) = night.signed_in("alice").await;
    let issuer = night.alone.issuer();
    issuer.rotate_keys().unwrap();
    let renewed = client.refresh(&tokens, &session.person, night.now()).await;
    let (_, second) = renewed.unwrap();
    assert!(issuer.verify(second.id.expose()).is_ok());
    issuer.rotate_keys().unwrap();
    let flood = client.refresh(&second, &session.person, night.now()).await;
    let words = flood.unwrap_err().to_string();
    assert!(
        words.contains("no such signing key"),
        "asked once a minute: {words}"
    );
    // An API server that has read a key goes on believing it.
    issuer.drop_old_keys();
    assert!(issuer.verify(tokens.id.expose()).is_ok());
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_said_with_its_side() {
    for (skew_seconds, words) in [(90, "90s behind"), (-3600, "3600s ahead of")] {
        let night = Night::start(Settings {
            skew_seconds,
            ..Settings::default()
        })
        .await;
        let (mut client, grant) = night.allowed("alice").await;
        let error = client.poll_once(&grant, night.now()).await.unwrap_err();
        let sentence = said_asking(&error, night.now());
        assert!(sentence.contains(words), "{sentence}");
        assert!(sentence.ends_with("Set the clock, then n."), "{sentence}");
        night
            .alone
            .issuer()
            .set(|settings| settings.skew_seconds = 0);
        night.signed_in("alice").await;
    }
}

/// Whether a connection ended because the port was closed while it was made.
fn is_on_the_way(error: &AuthError) -> bool {
    let words = error.to_string();
    words.ends_with("broke off") || words.ends_with("connection reset")
}

#[tokio::test]
async fn an_outage_is_passing_while_a_code_waits_and_while_tokens_are_renewed() {
    let night = Night::start(Settings::default()).await;
    let (mut client, session, tokens) = night.signed_in("alice").await;
    let (mut other, grant) = night.begun().await;
    let waiting = SignIn::Waiting {
        device: grant.prompt.clone(),
        notice: None,
    };
    for (fault, words) in [
        ("identity=sim fault=outage for=5m", "connection refused"),
        ("identity=sim fault=503 for=5m", "it gave status 503"),
        ("identity=sim fault=500 for=5m", "it gave status 500"),
        ("identity=sim fault=429 for=5m", "it gave status 429"),
    ] {
        night.fault(fault);
        // The issuer closes its port when it has looked at its plan; a client waits for that by asking.
        let error = loop {
            match night.discover().await {
                Ok(_) => tokio::task::yield_now().await,
                Err(error) if is_on_the_way(&error) => {}
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains(words), "{fault}: {error}");
        let sentence = said_asking(&error, night.now());
        assert!(sentence.ends_with("Esc goes on without."), "{sentence}");

        let error = client.refresh(&tokens, &session.person, night.now()).await;
        let error = error.unwrap_err();
        assert!(error.is_passing(), "{fault}: {error}");
        let kept = SignIn::SignedIn(session.clone()).step(error.event(), night.now());
        assert!(kept.session().is_some(), "{fault} is no end of a sign-in");
        let error = other.poll_once(&grant, night.now()).await.unwrap_err();
        let state = waiting.clone().step(error.event(), night.now());
        assert!(matches!(state, SignIn::Waiting { .. }), "{fault}");

        night.alone.faults().clear();
        while night.discover().await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    let renewed = client.refresh(&tokens, &session.person, night.now()).await;
    assert!(renewed.is_ok(), "nothing was spent: {:?}", renewed.err());
}

#[tokio::test]
async fn an_outage_is_over_when_its_time_has_passed() {
    let night = Night::start(Settings::default()).await;
    night.fault("identity=sim fault=outage after=1m for=5m");
    assert!(night.discover().await.is_ok(), "not yet");
    night.pass(60);
    while night.discover().await.is_ok() {
        tokio::task::yield_now().await;
    }
    night.pass(300);
    while night.discover().await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_issuer_that_hangs_or_is_another_has_its_own_sentence() {
    let night = Night::start(Settings::default()).await;
    let table = [
        ("fault=dead", "no answer within 0.3s"),
        ("fault=stall kind=certs", "no answer within 0.3s"),
        ("fault=html", "something else than a discovery document"),
        ("fault=wrong-certificate", "could not prove who it is"),
        ("fault=expired-certificate", "its certificate has ended"),
        ("fault=cut kind=certs", "broke off"),
    ];
    for (words, sentence) in table {
        night.fault(words);
        let hangs = sentence.starts_with("no answer");
        let deadline = if hangs {
            Duration::from_millis(300)
        } else {
            oidc::DEADLINE
        };
        let error = oidc::discover(&night.identity("crashcart"), deadline).await;
        let error = error.err().unwrap().to_string();
        assert!(error.contains(sentence), "{words}: {error}");
        night.alone.faults().clear();
    }
}

#[tokio::test]
async fn a_sign_in_at_dex_is_refused_for_the_nonce_it_does_not_have() {
    let night = Night::start(dex()).await;
    let (mut client, grant) = night.allowed("alice").await;
    let error = client.poll_once(&grant, night.now()).await.unwrap_err();
    let sentence = said_asking(&error, night.now());
    assert!(
        sentence.contains("it has no nonce, as Dex gives none"),
        "{sentence}"
    );
    assert!(sentence.contains("nothing was kept"), "{sentence}");
}

#[tokio::test]
async fn tokens_are_given_back_once_and_for_all() {
    let night = Night::start(Settings::default()).await;
    let (mut client, session, tokens) = night.signed_in("bob").await;
    for _ in 0..2 {
        assert_eq!(
            client.revoke(&tokens).await,
            Ok(true),
            "the second is done too"
        );
    }
    let error = client.refresh(&tokens, &session.person, night.now()).await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("Session not active")
    );
    // The ID token stays good until its end: no API server asks the issuer.
    assert!(night.alone.issuer().verify(tokens.id.expose()).is_ok());
}

#[tokio::test]
async fn the_step_up_client_proves_more_and_its_token_opens_no_cluster() {
    let night = Night::start(Settings::default()).await;
    let identity = night.identity("crashcart-approve");
    let mut client = oidc::discover(&identity, oidc::DEADLINE).await.unwrap();
    let grant = client.start_device(night.now()).await.unwrap();
    let code = grant.prompt.user_code.as_str();
    client.answer_simulated(code, Some("bob")).await.unwrap();
    let Poll::Done(done) = client.poll_once(&grant, night.now()).await.unwrap() else {
        panic!("not signed in");
    };
    assert_eq!(done.0.acr.as_deref(), Some("2"));
    let refused = night.alone.issuer().verify(Secret::expose(&done.1.id));
    assert!(refused.unwrap_err().contains("expected audience"));
}

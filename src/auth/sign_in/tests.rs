//! Every event in every state, with the sentence it leaves on the screen.

use super::DevicePrompt;
use super::Event;
use super::SignIn;
use crate::auth::person::Person;
use crate::auth::session::Session;
use crate::text::SafeText;
use jiff::Timestamp;

const HOST: &str = "id.meridian.test";

fn at(text: &str) -> Timestamp {
    format!("2026-08-15T{text}Z").parse().unwrap()
}

fn start() -> Timestamp {
    at("04:11:40")
}

fn safe(text: &str) -> SafeText {
    SafeText::new(text)
}

fn prompt() -> DevicePrompt {
    DevicePrompt {
        issuer_host: safe(HOST),
        client_id: safe("crashcart"),
        verification_uri: safe("https://id.meridian.test/realms/meridian/device"),
        verification_uri_complete: None,
        user_code: safe("WDJB-MJHT"),
        expires_at: at("04:21:40"),
        interval_s: 5,
        since: start(),
        simulated: None,
    }
}

fn session() -> Session {
    Session {
        person: Person {
            issuer: "https://id.meridian.test/realms/meridian".to_owned(),
            subject: "s-1".to_owned(),
            login: safe("alice@meridian.test"),
            groups: vec![safe("sre-operators")],
        },
        expires_at: at("04:51:40"),
        acr: None,
        auth_time: None,
    }
}

fn asking() -> SignIn {
    SignIn::default().step(Event::Asked { issuer: safe(HOST) }, start())
}

fn waiting() -> SignIn {
    asking().step(Event::Prompt(prompt()), start())
}

fn says(state: &SignIn) -> String {
    state.answer(5, start()).as_str().to_owned()
}

fn unreachable() -> Event {
    Event::Unreachable {
        host: safe(HOST),
        reason: safe("connection refused"),
    }
}

#[test]
fn the_way_to_a_session() {
    assert_eq!(says(&SignIn::Idle), "");
    assert_eq!(says(&asking()), "Asking id.meridian.test for a code.");
    let line = "Waiting for id.meridian.test. Asking each 5s since 04:11:40Z.";
    assert_eq!(says(&waiting()), line);
    let pending = waiting().step(Event::Pending, at("04:11:45"));
    assert_eq!(says(&pending), line);
    let done = pending.step(Event::SignedIn(session()), at("04:12:00"));
    assert_eq!(says(&done), "Signed in as alice. Reading 5 clusters.");
    assert_eq!(done.session(), Some(&session()));
    assert_eq!(done.step(Event::SignedOut, at("04:13:00")), SignIn::Idle);
}

#[test]
fn going_slower_lengthens_the_interval_and_says_so() {
    let state = waiting().step(Event::SlowDown, at("04:11:45"));
    assert_eq!(
        says(&state),
        "id.meridian.test asks to go slower: asking each 10s."
    );
    let state = state.step(Event::Pending, at("04:11:55"));
    let line = "Waiting for id.meridian.test. Asking each 10s since 04:11:40Z.";
    assert_eq!(says(&state), line);
    let mut state = state;
    for _ in 0..20 {
        state = state.step(Event::SlowDown, at("04:12:00"));
    }
    assert!(says(&state).ends_with("each 60s."));
}

#[test]
fn no_answer_keeps_the_code_while_one_is_shown() {
    let sentence = "id.meridian.test does not answer: connection refused. Esc goes on without.";
    let state = waiting().step(unreachable(), at("04:11:45"));
    assert_eq!(says(&state), sentence);
    let SignIn::Waiting { device, .. } = &state else {
        panic!("{state:?}")
    };
    assert_eq!(device.interval_s, 10);
    assert!(matches!(
        state.step(Event::Pending, at("04:11:55")),
        SignIn::Waiting { .. }
    ));
    let state = asking().step(unreachable(), start());
    assert!(matches!(state, SignIn::Ended { .. }));
    assert_eq!(says(&state), sentence);
}

#[test]
fn each_end_has_its_sentence() {
    let skew = |behind_s| Event::Skew {
        host: safe(HOST),
        behind_s,
    };
    let table = [
        (Event::Denied, "You pressed No there. n tries again."),
        (
            Event::Expired,
            "The code ended at 04:21Z. Press n for a new one.",
        ),
        (
            Event::WrongIssuer {
                place: safe("crashcart.toml line 6"),
            },
            "The answer came from another issuer, so nothing was kept. Check issuer, \
             crashcart.toml line 6.",
        ),
        (
            skew(94),
            "This clock is 94s behind id.meridian.test; sign-in needs under 60s. Set the clock, \
             then n.",
        ),
        (
            skew(-600),
            "This clock is 600s ahead of id.meridian.test; sign-in needs under 60s. Set the \
             clock, then n.",
        ),
        (
            Event::Refused {
                host: safe(HOST),
                reason: safe("invalid_target"),
            },
            "id.meridian.test refused: invalid_target. Ask whoever keeps it what that asks for, \
             then n.",
        ),
        (
            Event::Failed {
                sentence: safe("So it is."),
            },
            "So it is.",
        ),
    ];
    for (event, sentence) in table {
        let state = waiting().step(event.clone(), at("04:12:00"));
        assert!(matches!(state, SignIn::Ended { .. }), "{event:?}");
        assert_eq!(says(&state), sentence);
        let again = state.step(Event::Asked { issuer: safe(HOST) }, at("04:13:00"));
        assert!(matches!(again, SignIn::Asking { .. }));
    }
}

#[test]
fn a_code_ends_by_the_clock_whatever_the_issuer_says() {
    for event in [Event::Pending, Event::SlowDown, Event::Tick, unreachable()] {
        let state = waiting().step(event, at("04:21:40"));
        assert_eq!(
            says(&state),
            "The code ended at 04:21Z. Press n for a new one."
        );
    }
    let state = waiting().step(Event::SignedIn(session()), at("04:21:41"));
    assert!(
        state.session().is_some(),
        "an answer that was good stays good"
    );
}

#[test]
fn a_session_outlives_a_silent_issuer_until_its_end() {
    let signed_in = || waiting().step(Event::SignedIn(session()), at("04:12:00"));
    assert!(
        signed_in()
            .step(unreachable(), at("04:51:39"))
            .session()
            .is_some()
    );
    let over = signed_in().step(unreachable(), at("04:51:40"));
    assert_eq!(
        says(&over),
        "The sign-in ended at 04:51Z. n signs in again."
    );
    let refused = Event::Refused {
        host: safe(HOST),
        reason: safe("Session not active"),
    };
    assert_eq!(
        says(&signed_in().step(refused, at("04:30:00"))),
        "id.meridian.test did not renew the sign-in: Session not active. n signs in again."
    );
}

#[test]
fn late_answers_change_nothing() {
    for event in [
        Event::Pending,
        Event::Denied,
        Event::SignedIn(session()),
        unreachable(),
    ] {
        assert_eq!(SignIn::Idle.step(event, start()), SignIn::Idle);
    }
    let stranger = asking().step(Event::SignedIn(session()), start());
    assert!(
        stranger.session().is_none(),
        "no session without a code shown"
    );
}

#[test]
fn a_sign_in_that_nothing_renews_any_more_has_ended_whatever_the_clock_says() {
    let state = SignIn::SignedIn(session()).step(Event::Expired, at("04:20:00"));
    assert_eq!(
        says(&state),
        "The sign-in ended at 04:20Z. n signs in again."
    );
}

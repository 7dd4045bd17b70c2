//! Signing in: a code, an answer, every cluster asked.

use crashcart::auth::session::Session;
use crashcart::auth::sign_in::DevicePrompt;
use crashcart::auth::sign_in::Event;
use crashcart::runbook::run::RunStatus;
use crashcart::state::event::What;

use crate::night;
use crate::play::Console;

/// The sign-in on screen moved on.
fn steps(console: &mut Console, step: Event) {
    let audience = console.state.sign_ins.shown().expect("one").clone();
    console.happen(What::SignIn { audience, step });
}

/// Nobody is signed in; the issuer shows a code.
fn waiting() -> (Console, Session) {
    let mut state = night::board();
    let person = state.person.take().expect("alice");
    state.people.clear();
    let now = state.now.wall;
    let session = Session {
        person,
        expires_at: now + jiff::SignedDuration::from_mins(40),
        acr: None,
        auth_time: None,
    };
    let mut console = Console::new(state);
    console.play("press 0 Enter\nasks SignIn");
    let host = "id.meridian.test";
    steps(
        &mut console,
        Event::Asked {
            issuer: host.into(),
        },
    );
    let prompt = DevicePrompt {
        issuer_host: host.into(),
        client_id: "crashcart".into(),
        verification_uri: "https://id.meridian.test/device".into(),
        verification_uri_complete: None,
        user_code: "WDJB-MJHT".into(),
        expires_at: now + jiff::SignedDuration::from_mins(10),
        interval_s: 5,
        since: now,
        simulated: None,
    };
    steps(&mut console, Event::Prompt(prompt));
    (console, session)
}

#[test]
fn a_code_is_shown_and_its_answer_asks_every_cluster_in_that_name() {
    let (mut console, session) = waiting();
    console.play(
        "see W D J B - M J H T
         see https://id.meridian.test/device
         see not signed in
         asks nothing",
    );
    steps(&mut console, Event::SignedIn(session));
    console.play(
        "asks Connect
         see Signed in as alice. Reading 3 clusters.
         unseen W D J B
         press 1
         see ZONE / CLUSTER
         asks nothing",
    );
}

#[test]
fn a_run_is_taken_up_anew_by_whoever_signs_in_after_its_person_left() {
    let mut state = night::restore();
    let person = state.person.clone().expect("alice");
    let expires_at = state.now.wall + jiff::SignedDuration::from_mins(40);
    let session = Session {
        person,
        expires_at,
        acr: None,
        auth_time: None,
    };
    state.sign_ins.show(&state.sign_ins.audiences()[0].clone());
    let mut console = Console::new(state);
    steps(&mut console, Event::SignedIn(session));
    let status = |console: &Console| console.state.run().expect("a run").status.clone();
    assert_eq!(status(&console), RunStatus::Running);
    steps(&mut console, Event::SignedOut);
    assert_eq!(status(&console), RunStatus::Interrupted);
}

#[test]
fn a_denied_code_says_so_and_n_asks_for_a_new_one() {
    let (mut console, _) = waiting();
    steps(&mut console, Event::Denied);
    console.play("see n tries again\nasks nothing\npress n\nasks SignIn");
}

#[test]
fn without_a_person_nothing_can_be_filled_in() {
    let (mut console, _) = waiting();
    console.play("press Esc 7 Enter Enter\nsee nobody is signed in\nasks nothing");
}

#[test]
fn a_board_that_nobody_is_signed_in_to_counts_nothing() {
    let mut state = night::board();
    state.person = None;
    state.people.clear();
    let mut console = Console::new(state);
    console.happen(What::Begun);
    console.play(
        "press 1
         see ? not signed in
         see sth-prod is not read: not signed in
         unseen 0 CRIT
         press R
         see Nobody is signed in, so nothing is asked
         asks nothing",
    );
}

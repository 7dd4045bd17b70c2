//! Signing in: a code, an answer, every cluster asked.

use std::sync::Arc;

use crashcart::auth::AuthError;
use crashcart::auth::session::Session;
use crashcart::auth::sign_in::DevicePrompt;
use crashcart::auth::sign_in::Event;
use crashcart::auth::sign_in::PagePrompt;
use crashcart::auth::sign_in::SignIn;
use crashcart::config::KubeconfigUser;
use crashcart::config::Secret;
use crashcart::runbook::run::RunStatus;
use crashcart::state::event::What;

use crate::night;
use crate::play::Console;

/// The sign-in on screen moved on.
fn steps(console: &mut Console, step: Event) {
    let audience = console.state.sign_ins.shown().expect("one").clone();
    console.happen(What::SignIn { audience, step });
}

/// Nobody is signed in; the issuer is asked for a code.
fn asking() -> (Console, Session) {
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
    (console, session)
}

/// The issuer shows a code.
fn waiting() -> (Console, Session) {
    let (mut console, session) = asking();
    let (host, now) = ("id.meridian.test", console.state.now.wall);
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

/// The issuer has a page for a browser, whose last address is pasted.
fn page(console: &mut Console) {
    let now = console.state.now.wall;
    let page = PagePrompt {
        issuer_host: "id.meridian.test".into(),
        client_id: "crashcart".into(),
        address: "https://id.meridian.test/auth?state=s-1".into(),
        redirect: "http://127.0.0.1:18250/callback".into(),
        listens: false,
        expires_at: now + jiff::SignedDuration::from_mins(15),
        since: now,
    };
    steps(console, Event::Page(page));
}

#[test]
fn an_address_is_pasted_until_it_fits_and_its_code_is_never_on_screen() {
    let (mut console, session) = asking();
    page(&mut console);
    console.play(
        "see https://id.meridian.test/auth?state=s-1
         press Enter
         see Paste the whole address line
         asks nothing
         paste http://127.0.0.1:18250/callback?code=canary
         see http://127.0.0.1:18250/callback and 12 characters more
         unseen canary
         paste http://127.0.0.1:18250/callback?code=second
         unseen 24 characters
         press Enter
         asks Redirect",
    );
    let sentence = "That address belongs to another sign-in.".into();
    steps(&mut console, Event::Odd { sentence });
    console.play("see belongs to another sign-in\nsee Address: _\npress Enter\nasks nothing");
    steps(&mut console, Event::SignedIn(session));
    console.play("asks Connect\nsee Signed in as alice. Reading 3 clusters.\nunseen Address:");
}

#[test]
fn p_pastes_instead_of_a_code_and_esc_gives_up_whatever_is_awaited() {
    let (mut console, _) = waiting();
    console.play("press p\nasks SignInByPaste");
    steps(
        &mut console,
        Event::Asked {
            issuer: "id.meridian.test".into(),
        },
    );
    page(&mut console);
    console.play(
        "press Ctrl-C
         unseen Address:
         press p
         see Address:
         asks nothing
         press Esc
         asks CancelSignIn
         see Nobody is signed in
         press 0 Enter
         asks SignIn",
    );
    steps(
        &mut console,
        Event::Asked {
            issuer: "id.meridian.test".into(),
        },
    );
    console.play("press Esc\nasks CancelSignIn");
}

#[test]
fn the_time_for_a_page_ends_and_what_is_pasted_then_goes_nowhere() {
    let (mut console, _) = asking();
    page(&mut console);
    console.pass(15 * 60 * 1000);
    drop(console.asked());
    console.play("see n begins anew\nunseen Address:\npress n\nasks SignIn");
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
    let audience = state.sign_ins.audiences()[0].clone();
    state.sign_ins.show(&audience);
    state.sign_ins.put(&audience, SignIn::SignedIn(session));
    let mut console = Console::new(state);
    let status = |console: &Console| console.state.run().expect("a run").status.clone();
    assert_eq!(status(&console), RunStatus::Running);
    steps(&mut console, Event::SignedOut);
    assert_eq!(status(&console), RunStatus::Interrupted);
}

/// Nobody is signed in, and one cluster names a fallback.
fn with_fallback() -> Console {
    let mut state = night::board();
    state.person = None;
    state.people.clear();
    let config = Arc::make_mut(&mut state.config);
    config.clusters[0].fallback = Some(KubeconfigUser::Token(Secret::new("canary")));
    let mut console = Console::new(state);
    console.play("press 0 Enter\nasks SignIn");
    let issuer = "id.meridian.test".into();
    steps(&mut console, Event::Asked { issuer });
    console
}

#[test]
fn an_issuer_that_is_down_leaves_a_cluster_to_its_fallback_which_proves_nobody_and_changes_nothing()
{
    let mut console = with_fallback();
    let silent = Event::Unreachable {
        host: "id.meridian.test".into(),
        reason: "connection refused".into(),
    };
    steps(&mut console, silent);
    console.play(
        "asks CancelSignIn Connect
         see by its fallback
         see not proved
         press Esc
         see Nobody is signed in
         press 7 Enter Enter
         see nobody is signed in
         asks nothing",
    );
    let cluster = console.state.config.clusters[0].name.clone();
    assert!(console.state.person_on(&cluster).is_none());
    assert!(!format!("{:?}", console.state.config).contains("canary"));
}

#[test]
fn a_denial_is_no_reason_to_fall_back() {
    let mut console = with_fallback();
    steps(&mut console, Event::Denied);
    console.play("asks CancelSignIn\nunseen fallback");
    assert!(console.state.fallbacks.is_empty());
}

#[test]
fn another_console_that_renews_is_no_reason_to_fall_back() {
    let mut console = with_fallback();
    let host = "id.meridian.test".to_owned();
    let held = AuthError::Held { host };
    assert!(held.is_passing(), "a console that is signed in tries again");
    steps(&mut console, held.event());
    console.play("asks CancelSignIn\nsee n tries again\nunseen fallback");
    assert!(console.state.fallbacks.is_empty());
}

#[test]
fn a_denied_code_says_so_and_n_asks_for_a_new_one() {
    let (mut console, _) = waiting();
    steps(&mut console, Event::Denied);
    console.play("see n tries again\nasks CancelSignIn\npress n\nasks SignIn");
}

#[test]
fn without_a_person_nothing_can_be_filled_in() {
    let (mut console, _) = waiting();
    console.play(
        "press Esc\nasks CancelSignIn\npress 7 Enter Enter\nsee nobody is signed in\nasks nothing",
    );
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

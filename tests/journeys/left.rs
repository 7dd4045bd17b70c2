//! A console that is left alone: blank, signed out, its run put down; and who gets it back.

use std::sync::Arc;

use crashcart::auth::audience::Audience;
use crashcart::auth::person::Person;
use crashcart::auth::session::Session;
use crashcart::auth::sign_in::DevicePrompt;
use crashcart::auth::sign_in::Event;
use crashcart::auth::sign_in::SignIn;
use crashcart::config::KubeconfigUser;
use crashcart::config::Secret;
use crashcart::runbook::event::RunEvent;
use crashcart::runbook::run::RunStatus;
use crashcart::sources::fact::Fact;
use crashcart::state::State;
use crashcart::state::Stopped;
use crashcart::state::event::What;

use crate::night;
use crate::play::Console;

fn session(person: Person, state: &State) -> Session {
    Session {
        person,
        expires_at: state.now.wall + jiff::SignedDuration::from_mins(40),
        acr: None,
        auth_time: None,
    }
}

/// A console that alice signed in to; it watches for her.
fn attended(mut state: State) -> (Console, Audience, Person) {
    let alice = state.person.clone().expect("alice");
    let audience = state.sign_ins.audiences()[0].clone();
    state.sign_ins.show(&audience);
    let signed_in = SignIn::SignedIn(session(alice.clone(), &state));
    state.sign_ins.put(&audience, signed_in);
    let mut console = Console::new(state);
    console.happen(What::Attended);
    console.asked();
    (console, audience, alice)
}

/// What comes back when the tokens were given back.
fn signed_out(console: &mut Console, audience: &Audience) {
    steps(console, audience, Event::SignedOut);
    console.asked();
}

fn steps(console: &mut Console, audience: &Audience, step: Event) {
    let audience = audience.clone();
    console.happen(What::SignIn { audience, step });
}

/// Somebody signs in by a code, on the screen that `n` brings.
fn comes(console: &mut Console, audience: &Audience, person: Person) {
    console.play("press n\nasks ProveAnew");
    code(console, audience);
    let session = session(person, &console.state);
    steps(console, audience, Event::SignedIn(session));
}

/// The issuer shows a code.
fn code(console: &mut Console, audience: &Audience) {
    let issuer = "id.meridian.test".into();
    steps(console, audience, Event::Asked { issuer });
    let now = console.state.now.wall;
    let prompt = DevicePrompt {
        issuer_host: "id.meridian.test".into(),
        client_id: "crashcart".into(),
        verification_uri: "https://id.meridian.test/device".into(),
        verification_uri_complete: None,
        user_code: "WDJB-MJHT".into(),
        expires_at: now + jiff::SignedDuration::from_mins(10),
        interval_s: 5,
        since: now,
        simulated: None,
    };
    steps(console, audience, Event::Prompt(prompt));
}

/// Minutes in which nobody presses a key, a second at a time.
fn minutes(console: &mut Console, minutes: u64) {
    for _ in 0..minutes * 60 {
        console.pass(1_000);
    }
}

#[test]
fn a_console_left_for_a_quarter_of_an_hour_is_blank_and_signed_out() {
    let (mut console, audience, _) = attended(night::board());
    minutes(&mut console, 14);
    console.play("see ZONE / CLUSTER");
    console.asked();
    minutes(&mut console, 1);
    assert!(console.asked().contains(&"Leave".to_owned()));
    let screen = console.screen();
    let lines: Vec<&str> = screen.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 1, "one line and nothing else:\n{screen}");
    assert!(lines[0].contains("alice: n signs in again"), "{screen}");
    assert!(console.state.person.is_none() && console.state.people.is_empty());
    signed_out(&mut console, &audience);
    // No key but that of coming back, and leaving, does anything.
    console.play("press 1 2 8 Enter R : x\nasks nothing\nunseen ZONE\nsee Left alone");
}

#[test]
fn a_key_counts_and_an_event_does_not() {
    let (mut console, _, _) = attended(night::board());
    minutes(&mut console, 14);
    console.play("press j");
    minutes(&mut console, 14);
    console.play("see ZONE / CLUSTER");
    let name = console.state.config.clusters[0].name.clone();
    let generation = console
        .state
        .world
        .cluster(&name)
        .expect("known")
        .generation();
    let fact = Fact::Quorum(None);
    console.happen(What::Fact {
        cluster: name,
        generation,
        fact,
    });
    console.happen(What::Resize(120, 40));
    minutes(&mut console, 1);
    console.play("unseen ZONE\nsee Left alone");
}

#[test]
fn a_host_that_slept_is_left_as_long_as_it_slept() {
    let (mut console, _, _) = attended(night::board());
    console.pass(3_600_000);
    console.play("see Left alone");
}

/// Time goes by and no tick is heard of it: the host slept, or the loop hung.
fn asleep(console: &mut Console, hours: i64) {
    let now = &mut console.state.now;
    now.mono_ms += u64::try_from(hours).expect("ahead") * 3_600_000;
    now.wall += jiff::SignedDuration::from_hours(hours);
}

#[test]
fn the_first_key_after_a_sleep_finds_a_blank_and_does_nothing_else() {
    for key in ["j", "q", "Enter", "0", ":"] {
        let (mut console, _, _) = attended(night::board());
        asleep(&mut console, 1);
        console.play(&format!(
            "press {key}\nasks Leave\nunseen ZONE\nsee Left alone"
        ));
        assert!(!console.state.quitting && console.state.people.is_empty());
        // It counts for nobody who was there.
        console.pass(1_000);
        console.play("asks nothing\nsee Left alone");
    }
}

#[test]
fn a_paste_after_a_sleep_finds_a_blank_as_well() {
    let (mut console, _, _) = attended(night::board());
    asleep(&mut console, 1);
    console.play("paste q\nasks Leave\nunseen ZONE\nsee Left alone");
}

#[test]
fn a_key_that_comes_too_late_while_something_is_out_counts_for_nothing() {
    let (mut console, _, _) = attended(night::restore());
    console.state.busy = console.state.open_run.clone();
    minutes(&mut console, 15);
    console.play("press j\nsee Left alone too long");
    minutes(&mut console, 1);
    console.play("see Left alone, blank since");
}

/// The entry that puts a run down is on disk: now the tokens go.
fn held(console: &mut Console, id: &str) {
    let at = console.state.now.wall;
    console.happen(What::RunLogged {
        run: id.to_owned(),
        event: Box::new(RunEvent::Held),
        entry: 9_000,
        at,
    });
    carried(console, id);
}

/// What a run asked for came back.
fn carried(console: &mut Console, id: &str) {
    console.happen(What::Carried {
        run: id.to_owned(),
        read: false,
        failed: None,
    });
}

#[test]
fn a_run_that_was_busy_when_its_person_had_left_is_put_down_before_the_tokens_go() {
    let (mut console, audience, alice) = attended(night::restore());
    let id = console.state.open_run.clone().expect("a run");
    console.state.busy = Some(id.clone());
    minutes(&mut console, 16);
    console.play("see Left alone");
    let asked = console.asked();
    assert!(!asked.contains(&"Leave".to_owned()), "{asked:?}");
    for _ in 0..50 {
        console.pass(1_000);
    }
    carried(&mut console, &id);
    console.pass(1_000);
    console.play("asks Record");
    // Its own entry is waited for as long as any other.
    for _ in 0..30 {
        console.pass(1_000);
    }
    let asked = console.asked();
    assert!(!asked.contains(&"Leave".to_owned()), "{asked:?}");
    held(&mut console, &id);
    console.pass(1_000);
    console.play("asks Leave");
    signed_out(&mut console, &audience);
    comes(&mut console, &audience, alice);
    let run = console.state.run().expect("the run is there");
    assert_eq!(run.status, RunStatus::Held);
}

#[test]
fn what_never_comes_back_keeps_no_tokens() {
    let (mut console, _, _) = attended(night::restore());
    console.state.busy = console.state.open_run.clone();
    minutes(&mut console, 17);
    console.play("see Left alone");
    assert!(console.asked().contains(&"Leave".to_owned()));
}

#[test]
fn the_same_person_comes_back_to_the_run_which_is_held() {
    let (mut console, audience, alice) = attended(night::restore());
    let id = console.state.open_run.clone().expect("a run");
    minutes(&mut console, 15);
    let asked = console.asked();
    assert_eq!(
        asked.iter().filter(|name| *name == "Record").count(),
        1,
        "the run is put down before anything else: {asked:?}"
    );
    assert!(!asked.contains(&"Leave".to_owned()), "{asked:?}");
    held(&mut console, &id);
    console.pass(1_000);
    assert!(console.asked().contains(&"Leave".to_owned()));
    signed_out(&mut console, &audience);

    comes(&mut console, &audience, alice);
    console.play("asks Connect\nunseen Left alone");
    let run = console.state.run().expect("the run is there");
    assert_eq!((run.id.clone(), run.status.clone()), (id, RunStatus::Held));
}

#[test]
fn somebody_else_gets_nothing_and_is_signed_out() {
    let (mut console, audience, alice) = attended(night::board());
    minutes(&mut console, 15);
    signed_out(&mut console, &audience);
    let mut bob = alice.clone();
    bob.subject = "another".to_owned();
    bob.login = "bob@meridian.test".into();
    comes(&mut console, &audience, bob);
    console.play(
        "asks SignOut
         see bob is not alice
         unseen ZONE",
    );
    assert!(console.state.person.is_none());
    signed_out(&mut console, &audience);
    comes(&mut console, &audience, alice);
    console.play("asks Connect\nsee ZONE / CLUSTER\nunseen Left alone");
}

#[test]
fn a_sign_in_that_was_kept_lifts_no_blank() {
    let (mut console, audience, alice) = attended(night::board());
    minutes(&mut console, 15);
    signed_out(&mut console, &audience);
    // What another console or an earlier start left in a store proves nothing about who sits here.
    let issuer = "id.meridian.test".into();
    steps(&mut console, &audience, Event::Asked { issuer });
    let kept = session(alice.clone(), &console.state);
    steps(&mut console, &audience, Event::TakenUp(kept.clone()));
    console.play("asks SignOut\nunseen ZONE\nsee Left alone");
    steps(&mut console, &audience, Event::SignedIn(kept));
    console.play("asks nothing\nunseen ZONE\nsee Left alone\npress n\nasks nothing");
    assert!(console.state.person.is_none() && console.state.people.is_empty());
    steps(&mut console, &audience, Event::SignedOut);
    comes(&mut console, &audience, alice);
    console.play("asks Connect\nsee ZONE / CLUSTER");
}

#[test]
fn n_on_the_sign_in_of_a_blank_console_never_takes_up_what_is_kept() {
    let (mut console, audience, _) = attended(night::board());
    minutes(&mut console, 15);
    signed_out(&mut console, &audience);
    console.play("press n\nasks ProveAnew");
    code(&mut console, &audience);
    console.play("press n\nasks ProveAnew");
    steps(&mut console, &audience, Event::Denied);
    console.play("asks CancelSignIn\npress n\nasks ProveAnew");
}

#[test]
fn n_waits_until_the_tokens_are_given_back() {
    let (mut console, audience, alice) = attended(night::board());
    minutes(&mut console, 15);
    assert!(console.asked().contains(&"Leave".to_owned()));
    console.play("press n\nasks nothing\nsee Left alone");
    signed_out(&mut console, &audience);
    comes(&mut console, &audience, alice);
    console.play("asks Connect\nsee ZONE / CLUSTER");
}

#[test]
fn an_issuer_that_is_down_opens_no_fallback_on_a_console_that_somebody_left() {
    let mut state = night::board();
    let config = Arc::make_mut(&mut state.config);
    config.clusters[0].fallback = Some(KubeconfigUser::Token(Secret::new("canary")));
    let (mut console, audience, _) = attended(state);
    minutes(&mut console, 15);
    signed_out(&mut console, &audience);
    console.play("press n\nasks ProveAnew");
    let issuer = "id.meridian.test".into();
    steps(&mut console, &audience, Event::Asked { issuer });
    let silent = Event::Unreachable {
        host: "id.meridian.test".into(),
        reason: "connection refused".into(),
    };
    steps(&mut console, &audience, silent);
    console.play("asks CancelSignIn\nunseen ZONE\nsee does not answer");
    assert!(console.state.fallbacks.is_empty());
}

#[test]
fn what_comes_late_is_not_drawn_over_the_blank_and_makes_nobody_act() {
    let (mut console, audience, alice) = attended(night::board());
    minutes(&mut console, 15);
    signed_out(&mut console, &audience);
    let stopped = Stopped {
        what: "Entry 9 could not be written.".into(),
        place: "/var/log".into(),
        next: Vec::new(),
        since: console.state.now,
        damaged: false,
    };
    console.happen(What::LogStopped(stopped));
    let cluster = console.state.config.clusters[0].name.clone();
    console.happen(What::Person {
        person: alice,
        cluster: Some(cluster.clone()),
    });
    console.happen(What::Connecting {
        cluster: cluster.clone(),
        generation: 99,
    });
    console.play("see Left alone\nunseen ZONE\nunseen could not be written");
    assert!(console.state.person.is_none() && console.state.people.is_empty());
    let world = console.state.world.cluster(&cluster).expect("known");
    assert_eq!(world.generation(), 0, "no connection counts");
}

#[test]
fn a_code_that_is_on_screen_is_given_up_when_the_console_is_left() {
    let (mut console, audience, alice) = attended(night::board());
    signed_out(&mut console, &audience);
    console.state.person = Some(alice.clone());
    console.play("press 0 Tab Enter\nasks SignIn");
    code(&mut console, &audience);
    // The code itself would end by then.
    for _ in 0..9 * 60 {
        console.pass(1_000);
    }
    console.state.presence.touched = Some(crashcart::sources::moment::Moment {
        mono_ms: 0,
        ..console.state.now
    });
    console.asked();
    console.pass(1_000);
    let asked = console.asked();
    assert!(asked.contains(&"CancelSignIn".to_owned()), "{asked:?}");
    let late = session(alice, &console.state);
    steps(&mut console, &audience, Event::SignedIn(late));
    console.play("asks nothing\nunseen ZONE\nsee Left alone");
}

#[test]
fn esc_on_the_way_back_is_blank_again_and_q_ends_the_console() {
    let (mut console, audience, _) = attended(night::board());
    minutes(&mut console, 15);
    signed_out(&mut console, &audience);
    console.play(
        "press n
         asks ProveAnew
         unseen Left alone
         press Esc
         see Left alone
         press q
         asks SaveLastKnown Quit",
    );
}

#[test]
fn where_a_file_says_who_acts_n_goes_on_and_asks_every_cluster() {
    let mut console = Console::new(night::board());
    console.happen(What::Attended);
    minutes(&mut console, 15);
    console.play("see n goes on");
    console.asked();
    console.play("press n\nasks Connect\nsee ZONE / CLUSTER");
    assert!(console.state.person.is_some());
}

/// A console on which nobody is signed in, because the issuer is down: one cluster is read by its fallback.
fn by_fallback() -> (Console, Audience, Person) {
    let mut state = night::board();
    let alice = state.person.take().expect("alice");
    state.people.clear();
    let config = Arc::make_mut(&mut state.config);
    config.clusters[0].fallback = Some(KubeconfigUser::Token(Secret::new("canary")));
    let audience = state.sign_ins.audiences()[0].clone();
    state.sign_ins.show(&audience);
    let mut console = Console::new(state);
    console.happen(What::Attended);
    silent(&mut console, &audience);
    console.play("asks CancelSignIn Connect\nsee by its fallback");
    (console, audience, alice)
}

/// The issuer is asked, and does not answer.
fn silent(console: &mut Console, audience: &Audience) {
    let issuer = "id.meridian.test".into();
    steps(console, audience, Event::Asked { issuer });
    let silent = Event::Unreachable {
        host: "id.meridian.test".into(),
        reason: "connection refused".into(),
    };
    steps(console, audience, silent);
}

#[test]
fn a_console_that_reads_by_a_fallback_goes_blank_and_asks_the_issuer_before_it_reads_again() {
    let (mut console, audience, _) = by_fallback();
    minutes(&mut console, 15);
    assert!(console.asked().contains(&"Leave".to_owned()));
    console.play("unseen ZONE\nsee Nobody signed in: n asks the issuer");
    console.play("press 1 Enter R\nasks nothing\npress n\nasks ProveAnew\nunseen ZONE");
    let denied = console.state.clone();
    silent(&mut console, &audience);
    console.play("asks CancelSignIn Connect\nsee ZONE / CLUSTER\nsee reading by the fallback");
    assert!(console.state.person.is_none(), "nobody has proved anything");

    // Anything but silence opens nothing.
    let mut console = Console::new(denied);
    code(&mut console, &audience);
    steps(&mut console, &audience, Event::Denied);
    console.play("asks CancelSignIn\nunseen ZONE\nsee n tries again");
}

#[test]
fn whoever_signs_in_where_nobody_was_lifts_the_blank_and_it_is_said() {
    let (mut console, audience, alice) = by_fallback();
    minutes(&mut console, 15);
    console.asked();
    comes(&mut console, &audience, alice);
    console.play("asks Connect\nsee Nobody was signed in here before\nsee ZONE / CLUSTER");
    assert!(
        console.state.fallbacks.is_empty(),
        "they read it themselves"
    );
}

#[test]
fn a_console_that_reads_nothing_goes_blank_as_well() {
    let mut state = night::board();
    state.person = None;
    state.people.clear();
    let mut console = Console::new(state);
    console.happen(What::Attended);
    minutes(&mut console, 15);
    console.play("unseen ZONE\nsee Nobody signed in: n goes on");
    console.asked();
    console.play("press n\nasks nothing\nsee ZONE / CLUSTER");
}

#[test]
fn a_verb_without_a_screen_is_not_left_alone() {
    let mut console = Console::new(night::board());
    minutes(&mut console, 20);
    console.play("see ZONE / CLUSTER");
}

/// A console that alice signed in to by a code, and whose sign-in has ended since.
fn ended_since() -> (Console, Audience, Person) {
    let mut state = night::board();
    let alice = state.person.take().expect("alice");
    state.people.clear();
    let audience = state.sign_ins.audiences()[0].clone();
    state.sign_ins.show(&audience);
    let mut console = Console::new(state);
    console.happen(What::Attended);
    code(&mut console, &audience);
    let session = session(alice.clone(), &console.state);
    steps(&mut console, &audience, Event::SignedIn(session));
    steps(&mut console, &audience, Event::Expired);
    console.play("see The sign-in ended");
    assert!(console.state.person.is_none());
    (console, audience, alice)
}

#[test]
fn whose_sign_in_ended_before_the_console_went_blank_is_awaited_all_the_same() {
    let (mut console, audience, alice) = ended_since();
    minutes(&mut console, 15);
    console.asked();
    console.play("unseen ZONE\nsee alice: n signs in again\nunseen Nobody signed in");
    let mut bob = alice.clone();
    bob.subject = "another".to_owned();
    bob.login = "bob@meridian.test".into();
    comes(&mut console, &audience, bob);
    console.play("asks SignOut\nsee bob is not alice\nunseen ZONE");
    signed_out(&mut console, &audience);
    comes(&mut console, &audience, alice);
    console.play("asks Connect\nsee ZONE / CLUSTER\nunseen before");
}

#[test]
fn who_signed_in_after_an_ended_sign_in_is_awaited_and_not_the_one_before() {
    let (mut console, audience, alice) = ended_since();
    let mut bob = alice.clone();
    bob.subject = "another".to_owned();
    bob.login = "bob@meridian.test".into();
    code(&mut console, &audience);
    let bobs = session(bob, &console.state);
    steps(&mut console, &audience, Event::SignedIn(bobs));
    steps(&mut console, &audience, Event::SignedOut);
    minutes(&mut console, 15);
    console.asked();
    console.play("unseen ZONE\nsee bob: n signs in again");
    comes(&mut console, &audience, alice);
    console.play("asks SignOut\nsee alice is not bob\nunseen ZONE");
}

#[test]
fn an_ended_sign_in_is_no_way_round_to_the_fallback_of_a_blank_console() {
    let (mut console, audience, _) = ended_since();
    let config = Arc::make_mut(&mut console.state.config);
    config.clusters[0].fallback = Some(KubeconfigUser::Token(Secret::new("canary")));
    silent(&mut console, &audience);
    console.play("see by its fallback");
    minutes(&mut console, 15);
    console.play("see alice: n signs in again\npress n");
    console.asked();
    silent(&mut console, &audience);
    console.play("asks CancelSignIn\nunseen ZONE\nsee does not answer");
}

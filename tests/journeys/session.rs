//! The session: a cluster opens, a sign-in begins anew or ends when Enter says so, and figures that hardly move stand.

use crashcart::auth::given_back::GivenBack;
use crashcart::auth::session::Session;
use crashcart::auth::sign_in::Event;
use crashcart::auth::sign_in::SignIn;
use crashcart::sources::traffic::Traffic;
use crashcart::state::State;
use crashcart::state::event::What;

use crate::night;
use crate::play::Console;

/// Alice is signed in, for forty minutes.
fn signed_in() -> Console {
    let mut state: State = night::board();
    let session = Session {
        person: state.person.clone().expect("alice"),
        expires_at: state.now.wall + jiff::SignedDuration::from_mins(40),
        acr: None,
        auth_time: None,
    };
    let audience = state.sign_ins.audiences()[0].clone();
    state.sign_ins.put(&audience, SignIn::SignedIn(session));
    Console::new(state)
}

#[test]
fn x_signs_out_only_when_enter_says_so() {
    signed_in().play(
        "press 0 x
         asks nothing
         see tokens are revoked there
         press Esc
         asks nothing
         unseen tokens are revoked there
         press x Enter
         asks Disconnect SignOut
         see sth-prod
         press R
         asks nothing",
    );
}

/// The sign-in moved on.
fn steps(console: &mut Console, step: Event) {
    let audience = console.state.sign_ins.audiences()[0].clone();
    console.happen(What::SignIn { audience, step });
}

#[test]
fn enter_on_who_ends_the_old_sign_in_and_asks_anew_only_when_its_tokens_are_given_back() {
    let mut console = signed_in();
    console.play(
        "press 0 Tab Enter
         see Enter ends this sign-in
         press Enter
         asks Disconnect SignOut
         see Giving the tokens back to
         press n
         asks nothing",
    );
    steps(&mut console, Event::SignedOut);
    console.play("asks ProveAnew");
    steps(&mut console, Event::SignedOut);
    console.play("asks nothing");
}

#[test]
fn an_issuer_that_does_not_take_the_tokens_back_is_said_and_holds_nobody_up() {
    let mut console = signed_in();
    console.play("press 0 Tab Enter Enter\nasks Disconnect SignOut");
    let reason = "id.test does not answer".into();
    console.happen(What::GivenBack {
        audience: console.state.sign_ins.audiences()[0].clone(),
        how: GivenBack::Refused { reason },
    });
    console.play("asks nothing\nsee not given back: id.test does not answer");
    steps(&mut console, Event::SignedOut);
    console.play("asks ProveAnew\nsee not given back: id.test does not answer");
}

#[test]
fn n_while_the_tokens_go_back_asks_for_a_code_once_they_have() {
    let mut console = signed_in();
    console.play("press 0 x Enter\nasks Disconnect SignOut\npress Enter\nasks nothing");
    // A renewal that was under way brings nobody back.
    let late = console.state.now.wall;
    let session = Session {
        person: night::board().person.expect("alice"),
        expires_at: late + jiff::SignedDuration::from_mins(40),
        acr: None,
        auth_time: None,
    };
    steps(&mut console, Event::SignedIn(session));
    console.play("asks nothing\nsee Giving the tokens back to");
    steps(&mut console, Event::SignedOut);
    console.play("asks ProveAnew");
}

#[test]
fn what_is_kept_goes_back_before_anybody_signs_in_anew_also_where_the_sign_in_had_ended() {
    for (keys, anew) in [("press 0 x", false), ("press 0 Tab Enter", true)] {
        let mut console = signed_in();
        console.play(keys);
        let (host, reason) = ("id.meridian.test".into(), "Session not active".into());
        steps(&mut console, Event::Refused { host, reason });
        console.play("asks Disconnect CancelSignIn\npress Enter\nasks SignOut");
        if !anew {
            console.play("press Enter\nasks nothing\nsee Giving the tokens back to");
        }
        steps(&mut console, Event::SignedOut);
        console.play("asks ProveAnew");
    }
}

#[test]
fn the_groups_on_screen_are_those_of_the_last_renewal() {
    let mut console = signed_in();
    let audience = console.state.sign_ins.audiences()[0].clone();
    let session = console.state.sign_ins.session(&audience).expect("alice");
    let mut session = session.clone();
    session.person.groups = vec!["sre-viewers".into()];
    steps(&mut console, Event::SignedIn(session.clone()));
    console.play("asks nothing");
    let state = &console.state;
    assert_eq!(state.person.as_ref(), Some(&session.person));
    let clusters = audience.clusters(&state.config);
    assert!(!clusters.is_empty());
    for cluster in clusters {
        assert_eq!(state.person_on(&cluster.name), Some(&session.person));
    }
}

#[test]
fn p_while_the_tokens_go_back_asks_for_the_pasted_way_once_they_have() {
    let mut console = signed_in();
    console.play("press 0 x Enter\nasks Disconnect SignOut\npress Enter p\nasks nothing");
    steps(&mut console, Event::SignedOut);
    console.play("asks SignInByPaste");
}

#[test]
fn a_sign_in_that_ended_by_the_clock_is_broken_off_and_its_clusters_are_closed() {
    let mut console = signed_in();
    console.pass(40 * 60 * 1_000);
    let asked = console.asked();
    let ends: Vec<&str> = asked.iter().map(String::as_str).collect();
    assert!(
        ends.ends_with(&["Disconnect", "CancelSignIn"]),
        "closed first, then broken off: {ends:?}"
    );
    console.pass(1_000);
    console.play("asks nothing");
}

#[test]
fn at_id_14_a_wall_clock_that_is_set_neither_lengthens_nor_ends_a_sign_in() {
    for set_by_min in [-60, 60] {
        let mut state: State = night::board();
        let session = Session {
            person: state.person.clone().expect("alice"),
            expires_at: state.now.wall + jiff::SignedDuration::from_mins(40),
            acr: None,
            auth_time: None,
        };
        let audience = state.sign_ins.audiences()[0].clone();
        let issuer = "id.meridian.test".into();
        for event in [Event::Asked { issuer }, Event::TakenUp(session)] {
            state.sign_ins.step(&audience, event, state.now);
        }
        let mut console = Console::new(state);
        let left = |console: &Console| {
            let now = console.state.now;
            console.state.sign_ins.left_s(&audience, now)
        };
        console.pass(60_000);
        console.state.now.wall += jiff::SignedDuration::from_mins(set_by_min);
        console.pass(1_000);
        assert_eq!(left(&console), Some(39 * 60 - 1), "{set_by_min}");
        console.pass(39 * 60_000 - 2_000);
        assert_eq!(left(&console), Some(1), "{set_by_min}");
        console.pass(1_000);
        assert_eq!(left(&console), None, "{set_by_min}");
    }
}

#[test]
fn enter_on_a_cluster_opens_its_connection_and_its_errors() {
    signed_in().play(
        "press 0 Enter
         see Cluster 
         see ERRORS
         see RIGHTS TO ASK FOR
         see WHAT YOU MAY DO
         press q
         see CLUSTERS",
    );
}

#[test]
fn a_rate_is_drawn_when_its_word_changes_and_only_there() {
    let mut console = signed_in();
    let cluster = console.state.config.clusters[0].name.clone();
    let world = console.state.world.cluster(&cluster).expect("a connection");
    let generation = world.generation();
    let carries = |console: &mut Console, generation, bytes_s| {
        let before = console.state.revision;
        let traffic = Traffic {
            bytes_s,
            bytes: 7_000_000,
            connections: 12,
            latency_ms: Some(9),
        };
        console.happen(What::Traffic {
            cluster: cluster.clone(),
            generation,
            traffic,
        });
        console.state.revision - before
    };
    assert_eq!(
        carries(&mut console, generation, 700),
        0,
        "not on the board"
    );
    console.play("press 0\nsee 0.7 KB/s");
    assert_eq!(carries(&mut console, generation, 760), 0, "hardly moved");
    assert_eq!(carries(&mut console, generation, 1_800), 1);
    console.play("see 1.8 KB/s");
    let other = carries(&mut console, generation + 1, 9_000);
    assert_eq!(other, 0, "of another connection");
    console.play("see 1.8 KB/s");
}

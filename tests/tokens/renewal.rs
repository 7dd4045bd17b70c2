//! One renewal at a time, of everybody that shares a token; none where there is a live one.

use crate::console::LIMIT;
use crate::console::Night;
use crashcart::app::engine::Engine;
use crashcart::audit::Kind;
use crashcart::auth::SignIn;
use crashcart::config::ClusterName;
use crashcart::config::TokenStore;
use crashcart::sim::issuer::Settings;
use crashcart::state::State;
use crashcart::state::action::Action;
use std::time::Duration;

/// Tokens that are good for so many seconds.
fn short(token_seconds: i64) -> Settings {
    Settings {
        token_seconds,
        ..Settings::default()
    }
}

/// Renewals that the log of a night knows of.
fn renewed(night: &Night) -> usize {
    let entries = night.entries();
    let renewed = entries
        .iter()
        .filter(|one| one.kind == Kind::SessionRenewed);
    renewed.count()
}

/// How many renewals the issuer was asked for when it was asked for so many at least.
async fn renewals(night: &Night, engine: &mut Engine, at_least: u64) -> u64 {
    let done = |_: &State| night.heard().renewals >= at_least;
    assert!(engine.until(LIMIT, done).await, "{:?}", night.heard());
    night.heard().renewals
}

#[tokio::test]
async fn a_hundred_clusters_of_one_audience_are_renewed_by_one_request() {
    let mut night = Night::start(short(3)).await;
    let one = night.config.clusters[0].clone();
    night.config.clusters = (0..100)
        .map(|number| {
            let mut cluster = one.clone();
            cluster.name = ClusterName::from(format!("ward-{number}").as_str());
            // Nobody listens there: this is about the issuer.
            cluster.server = "https://127.0.0.1:1".to_owned();
            cluster
        })
        .collect();
    night.config.zones.clear();
    let mut engine = night.signed_in("alice").await;
    assert_eq!(
        engine.state.people.len(),
        100,
        "one sign-in serves them all"
    );
    assert_eq!((night.heard().codes, night.heard().renewals), (1, 0));
    let asked = renewals(&night, &mut engine, 1).await;
    assert_eq!(asked, 1, "one request for all of them");
    let mut told = 0;
    let done = |_: &State| {
        told = renewed(&night);
        told == 1
    };
    assert!(engine.until(LIMIT, done).await, "{told} renewals are told");
    engine.end(Duration::ZERO).await;
}

#[tokio::test]
async fn a_start_with_a_kept_sign_in_asks_nobody_and_renews_once() {
    // Too short a life for its token to be taken up.
    let mut night = Night::start(short(60)).await;
    night.keep(TokenStore::EncryptedFile);
    let engine = night.signed_in("alice").await;
    engine.end(Duration::ZERO).await;
    assert_eq!((night.heard().codes, night.heard().renewals), (1, 0));

    // A script: it never asks, and is signed in all the same.
    let mut script = night.console(false);
    night.session(&mut script).await;
    assert_eq!(script.state.person.as_ref().unwrap().short(), "alice");
    assert_eq!((night.heard().codes, night.heard().renewals), (1, 1));
    script.end(Duration::ZERO).await;

    // A console with somebody at it: no code is shown.
    let mut console = night.console(true);
    night.session(&mut console).await;
    assert_eq!(console.state.prompt, None);
    let heard = night.heard();
    assert_eq!((heard.codes, heard.renewals, heard.reused), (1, 2, 0));
    console.end(Duration::ZERO).await;
}

#[tokio::test]
async fn signing_out_here_signs_out_what_shares_the_token_and_the_next_start() {
    let mut night = Night::start(short(3)).await;
    night.keep(TokenStore::EncryptedFile);
    let mut one = night.signed_in("alice").await;
    let mut two = night.console(true);
    night.session(&mut two).await;
    one.act(Action::SignOut, true);
    one.act(Action::Accept, true);
    let gone = |state: &State| state.person.is_none();
    assert!(one.until(LIMIT, gone).await);
    // The other finds out when it would renew, and does not use a token that was given back.
    assert!(two.until(LIMIT, gone).await);
    let SignIn::Ended { sentence } = two.state.sign_ins.of(&night.audience()) else {
        panic!("it has not ended");
    };
    assert!(
        sentence.as_str().contains("another console has signed out"),
        "{sentence}"
    );
    assert_eq!(night.heard().reused, 0);
    one.end(Duration::ZERO).await;
    two.end(Duration::ZERO).await;
    let before = night.heard();
    let mut script = night.console(false);
    assert!(
        script
            .until(LIMIT, |state| !state.sign_ins.is_looking())
            .await
    );
    assert_eq!(night.heard(), before, "nothing is kept any more");
    script.end(Duration::ZERO).await;
}

#[tokio::test]
async fn what_another_console_has_renewed_meanwhile_is_not_asked_for_again() {
    let mut night = Night::start(Settings::default()).await;
    night.keep(TokenStore::EncryptedFile);
    night.signed_in("alice").await.end(Duration::ZERO).await;
    let newer = night.kept().unwrap();
    night.put(None);
    night.issuer().set(|all| all.token_seconds = 3);
    let mut console = night.signed_in("alice").await;
    // As if another console of alice's had just renewed: its token is good for minutes.
    night.put(Some(&newer));
    let before = night.heard();
    let taken = |_: &State| renewed(&night) == 1;
    assert!(console.until(LIMIT, taken).await);
    assert_eq!(night.heard(), before, "the issuer was asked nothing");
    let left = night.kept().unwrap();
    let (left, newer) = (left.refresh.unwrap(), newer.refresh.unwrap());
    assert_eq!(left.expose(), newer.expose(), "and nothing was spent");
    let audience = night.audience();
    assert!(console.state.sign_ins.session(&audience).is_some());
    console.end(Duration::ZERO).await;
}

#[tokio::test]
async fn at_id_11_two_consoles_that_share_a_token_never_use_it_twice() {
    let mut night = Night::start(short(1)).await;
    night.keep(TokenStore::EncryptedFile);
    let mut one = night.signed_in("alice").await;
    let mut two = night.console(false);
    night.session(&mut two).await;
    // At five minutes a token, an hour is twelve renewals of each.
    let hour = 24;
    while night.heard().renewals < hour {
        let (first, second) = (one.deadline(STEP), two.deadline(STEP));
        tokio::join!(one.turn(first), two.turn(second));
    }
    assert_eq!(night.heard().reused, 0, "{:?}", night.heard());
    for (name, engine) in [("one", &one), ("two", &two)] {
        let session = engine.state.sign_ins.session(&night.audience());
        assert!(session.is_some(), "{name} is signed in still");
    }
    one.end(Duration::ZERO).await;
    two.end(Duration::ZERO).await;
}

/// How long a console waits for something to happen before the other is looked at.
const STEP: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_renewal_without_an_answer_is_no_new_sign_in() {
    let mut night = Night::start(short(4)).await;
    night.keep(TokenStore::EncryptedFile);
    let mut engine = night.signed_in("alice").await;
    night
        .estate
        .faults()
        .add("identity=sim fault=503".parse().unwrap());
    let audience = night.audience();
    let asked = night.heard().requests;
    let tried = |_: &State| night.heard().requests > asked;
    assert!(engine.until(LIMIT, tried).await, "while the token is good");
    night.estate.faults().clear();
    // The next try comes after its end; nobody is asked to sign in meanwhile.
    let renewed_at_last = |state: &State| {
        assert!(state.sign_ins.session(&audience).is_some());
        night.heard().renewals >= 1
    };
    assert!(engine.until(LIMIT, renewed_at_last).await);
    let told = |_: &State| renewed(&night) == 1;
    assert!(engine.until(LIMIT, told).await);
    assert_eq!((night.heard().codes, night.heard().reused), (1, 0));
    engine.end(Duration::ZERO).await;
}

#[tokio::test]
async fn a_page_in_place_of_a_renewal_ends_nothing_and_leaves_what_is_kept() {
    let mut night = Night::start(short(4)).await;
    night.keep(TokenStore::EncryptedFile);
    let mut engine = night.signed_in("alice").await;
    let page = "identity=sim fault=html kind=token";
    night.estate.faults().add(page.parse().unwrap());
    let audience = night.audience();
    let said = |state: &State| {
        assert!(state.sign_ins.session(&audience).is_some());
        let message = state.message.as_ref().map(ToString::to_string);
        message.is_some_and(|text| text.contains("something else than tokens"))
    };
    assert!(engine.until(LIMIT, said).await, "it is said what came");
    assert!(night.kept().is_some(), "a next start finds it still");
    night.estate.faults().clear();
    let told = |state: &State| {
        assert!(state.sign_ins.session(&audience).is_some());
        renewed(&night) == 1
    };
    assert!(engine.until(LIMIT, told).await);
    assert_eq!((night.heard().codes, night.heard().reused), (1, 0));
    engine.end(Duration::ZERO).await;
}

#[tokio::test]
async fn at_id_11_a_renewal_by_a_wrong_clock_spends_no_token_twice() {
    for store in [TokenStore::Memory, TokenStore::EncryptedFile] {
        let mut night = Night::start(short(4)).await;
        night.keep(store);
        let mut engine = night.signed_in("alice").await;
        night.issuer().set(|all| all.skew_seconds = 90);
        let audience = night.audience();
        let said = |state: &State| {
            assert!(state.sign_ins.session(&audience).is_some());
            let message = state.message.as_ref().map(ToString::to_string);
            message.is_some_and(|text| text.contains("90s apart"))
        };
        assert!(engine.until(LIMIT, said).await, "the clock is said");
        night.issuer().set(|all| all.skew_seconds = 0);
        let told = |state: &State| {
            assert!(state.sign_ins.session(&audience).is_some(), "{store:?}");
            renewed(&night) == 1
        };
        assert!(engine.until(LIMIT, told).await);
        assert_eq!((night.heard().codes, night.heard().reused), (1, 0));
        engine.end(Duration::ZERO).await;
    }
}

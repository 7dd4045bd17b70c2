//! Two people on one account and state folder: neither uses nor spends what is kept of the other.

use crate::console::LIMIT;
use crate::console::Night;
use crate::console::answer;
use crashcart::app::engine::Engine;
use crashcart::auth::SignIn;
use crashcart::auth::store::Kept;
use crashcart::config::TokenStore;
use crashcart::sim::issuer::Settings;
use crashcart::state::State;
use crashcart::state::action::Action;
use std::time::Duration;

/// A night of short tokens, kept; what bob left there, and a console of alice's that took its place.
async fn both() -> (Night, Kept, Engine) {
    let mut night = Night::start(Settings {
        token_seconds: 3,
        ..Settings::default()
    })
    .await;
    night.keep(TokenStore::EncryptedFile);
    night.signed_in("bob").await.end(Duration::ZERO).await;
    let bobs = night.kept().unwrap();
    night.put(None);
    let console = night.signed_in("alice").await;
    let alices = night.kept().unwrap();
    assert_ne!(bobs.subject, alices.subject);
    (night, bobs, console)
}

/// Waits until alice's console has given up, and gives its sentence.
async fn ended(night: &Night, console: &mut Engine) -> String {
    let audience = night.audience();
    let ended = |state: &State| matches!(state.sign_ins.of(&audience), SignIn::Ended { .. });
    assert!(console.until(LIMIT, ended).await, "it goes on");
    let stands = console.state.sign_ins.of(&audience);
    stands.answer(1, console.state.now.wall).to_string()
}

fn refresh(kept: &Kept) -> &str {
    kept.refresh.as_ref().unwrap().expose()
}

#[tokio::test]
async fn what_another_person_keeps_is_neither_used_nor_spent() {
    let (night, bobs, mut alices) = both().await;
    night.put(Some(&bobs));
    let sentence = ended(&night, &mut alices).await;
    assert!(
        sentence.contains("another person's sign-in is kept"),
        "{sentence}"
    );
    alices.end(Duration::ZERO).await;
    assert_eq!((night.heard().renewals, night.heard().reused), (0, 0));
    let left = night.kept().unwrap();
    assert_eq!(refresh(&left), refresh(&bobs));

    let mut script = night.console(false);
    night.session(&mut script).await;
    assert_eq!(script.state.person.as_ref().unwrap().short(), "bob");
    script.end(Duration::ZERO).await;
}

#[tokio::test]
async fn an_older_entry_that_turns_out_to_be_anothers_is_kept_for_them() {
    let (night, mut bobs, mut alices) = both().await;
    let subject = bobs.subject.take();
    bobs.live = None;
    night.put(Some(&bobs));
    let sentence = ended(&night, &mut alices).await;
    assert!(
        sentence.contains("another person's sign-in is kept"),
        "{sentence}"
    );
    alices.end(Duration::ZERO).await;
    assert_eq!((night.heard().renewals, night.heard().reused), (1, 0));
    let left = night.kept().unwrap();
    assert_ne!(refresh(&left), refresh(&bobs), "the newest");
    assert_eq!(left.subject, subject);
}

#[tokio::test]
async fn signing_out_gives_back_ones_own_and_leaves_what_another_keeps() {
    let (night, bobs, mut alices) = both().await;
    night.put(Some(&bobs));
    alices.act(Action::SignOut, true);
    alices.act(Action::Accept, true);
    let audience = night.audience();
    let told = |state: &State| state.sign_ins.given_back(&audience).is_some();
    assert!(alices.until(LIMIT, told).await);
    alices.end(Duration::ZERO).await;
    assert_eq!(refresh(&night.kept().unwrap()), refresh(&bobs));
    let mut script = night.console(false);
    night.session(&mut script).await;
    assert_eq!(script.state.person.as_ref().unwrap().short(), "bob");
    script.end(Duration::ZERO).await;
}

#[tokio::test]
async fn a_new_sign_in_leaves_what_another_keeps_and_lives_in_memory() {
    let mut night = Night::start(Settings {
        token_seconds: 3,
        ..Settings::default()
    })
    .await;
    night.keep(TokenStore::EncryptedFile);
    // Both are asked before anything is kept.
    let mut bobs = night.console(true);
    let mut alices = night.console(true);
    answer(&mut alices, "alice").await;
    night.session(&mut alices).await;
    let kept = night.kept().unwrap();
    alices.end(Duration::ZERO).await;
    answer(&mut bobs, "bob").await;
    let said = |state: &State| {
        let why = state.unkept.as_ref();
        why.is_some_and(|why| {
            why.as_str()
                .contains("another person's is kept in this place")
        })
    };
    assert!(bobs.until(LIMIT, said).await, "{:?}", bobs.state.unkept);
    night.session(&mut bobs).await;
    // It is renewed all the same, by what this console alone has.
    let renewed = |_: &State| night.heard().renewals >= 2;
    assert!(bobs.until(LIMIT, renewed).await, "{:?}", night.heard());
    assert!(bobs.state.sign_ins.session(&night.audience()).is_some());
    assert_eq!(night.heard().reused, 0);
    assert_eq!(refresh(&night.kept().unwrap()), refresh(&kept));
    bobs.end(Duration::ZERO).await;
}

//! Giving tokens back: what became of them is known, and nothing is kept afterwards.

use crate::console::LIMIT;
use crate::console::Night;
use crashcart::app::engine::Engine;
use crashcart::auth::GivenBack;
use crashcart::config::TokenStore;
use crashcart::sim::issuer::Settings;
use crashcart::state::State;
use crashcart::state::action::Action;
use std::time::Duration;

/// A night on which somebody signed in, and whose tokens are kept; each is good for so many seconds.
async fn kept(token_seconds: i64) -> Night {
    let mut night = Night::start(Settings {
        token_seconds,
        ..Settings::default()
    })
    .await;
    night.keep(TokenStore::EncryptedFile);
    night.signed_in("alice").await.end(Duration::ZERO).await;
    assert!(night.kept().is_some());
    night
}

/// Signs out, whoever is or is not signed in, and says what became of it.
async fn sign_out(night: &Night, console: &mut Engine) -> GivenBack {
    let audience = night.audience();
    assert!(
        console
            .until(LIMIT, |state| !state.sign_ins.is_looking())
            .await
    );
    console.act(Action::SignOutOf(audience.clone()), true);
    let told = |state: &State| state.sign_ins.given_back(&audience).is_some();
    assert!(console.until(LIMIT, told).await, "nothing is told");
    console
        .state
        .sign_ins
        .given_back(&audience)
        .unwrap()
        .clone()
}

#[tokio::test]
async fn what_the_issuer_took_back_is_told_from_what_it_did_not() {
    // A live token is taken up without the issuer, one that needs a renewal is not: either is given back.
    for token_seconds in [300, 30] {
        let night = kept(token_seconds).await;
        let mut console = night.console(false);
        assert_eq!(sign_out(&night, &mut console).await, GivenBack::Taken);
        console.end(Duration::ZERO).await;
        let mut console = night.console(false);
        assert_eq!(sign_out(&night, &mut console).await, GivenBack::Nothing);
        console.end(Duration::ZERO).await;
        assert!(night.kept().is_none());

        let night = kept(token_seconds).await;
        let faults = night.estate.faults();
        faults.add("identity=sim fault=503".parse().unwrap());
        let mut console = night.console(false);
        let GivenBack::Refused { reason } = sign_out(&night, &mut console).await else {
            panic!("nobody can have taken them");
        };
        assert!(reason.as_str().contains("does not answer"), "{reason}");
        assert!(console.state.person.is_none());
        let said = console.state.message.clone().unwrap_or_default();
        assert!(said.as_str().contains("not given back"), "{said}");
        console.end(Duration::ZERO).await;
        assert!(night.kept().is_none(), "it is forgotten all the same");
    }
}

#[tokio::test]
async fn where_nothing_is_kept_a_start_knows_it_and_asks_nobody() {
    let mut night = Night::start(Settings::default()).await;
    night.keep(TokenStore::EncryptedFile);
    let before = night.heard();
    let mut script = night.console(false);
    assert!(script.state.sign_ins.is_looking());
    assert!(
        script
            .until(LIMIT, |state| !state.sign_ins.is_looking())
            .await
    );
    assert!(script.state.person.is_none());
    assert_eq!(night.heard(), before);
    script.end(Duration::ZERO).await;
}

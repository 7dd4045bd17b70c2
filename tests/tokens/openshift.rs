//! A console on a cluster with an OAuth server of its own: an address is pasted, and a sign-out deletes the token there.

use crate::console::LIMIT;
use crate::console::Night;
use crate::night::Browser;
use crashcart::app::engine::Engine;
use crashcart::audit::Kind;
use crashcart::auth::GivenBack;
use crashcart::auth::SignIn;
use crashcart::sim::Options;
use crashcart::sim::issuer::Entrance;
use crashcart::state::State;
use crashcart::state::action::Action;
use std::time::Duration;

async fn opened() -> Night {
    Night::of(Options {
        openshift: vec!["lab-1".to_owned()],
        ..Options::default()
    })
    .await
}

/// Asks for the page, logs in there as a person, and pastes the address that the browser ends on.
async fn pasted(night: &Night, console: &mut Engine, person: &str) {
    let audience = night.audience();
    console.act(Action::SignInTo(audience.clone()), true);
    let shown = |state: &State| matches!(state.sign_ins.of(&audience), SignIn::Browser { .. });
    assert!(console.until(LIMIT, shown).await, "no page is shown");
    let SignIn::Browser { page, .. } = console.state.sign_ins.of(&audience) else {
        panic!("no page");
    };
    let address = page.address.as_str().to_owned();
    let Entrance::OpenShift { oauth, ca } = &night.estate.clusters()[0].entrance else {
        panic!("no OAuth server");
    };
    let mut browser = Browser::at(oauth.url(), ca);
    let path = address.strip_prefix(oauth.url()).unwrap();
    let sent = browser.get(path).await;
    let form = browser.get(&sent.location).await;
    let csrf = form.text.split("name=csrf value=").nth(1).unwrap();
    let csrf = csrf.split('>').next().unwrap();
    let then = sent.sent("then");
    let filled = format!("then={then}&csrf={csrf}&username={person}&password=x");
    let back = browser.post("/login/sim", &filled).await;
    let back = browser.get(&back.location).await;
    console.act(Action::Paste(back.location), false);
    console.act(Action::Accept, true);
}

/// How often an API server was asked to delete a token, and did.
fn deleted(night: &Night) -> usize {
    let entries = night.estate.clusters()[0].audit.entries();
    let of_tokens = entries.iter().filter(|entry| {
        let uri = entry["requestURI"].as_str().unwrap_or_default();
        entry["verb"] == "delete" && uri.contains("/oauthaccesstokens/sha256~")
    });
    of_tokens
        .filter(|entry| entry["responseStatus"]["code"] == 200)
        .count()
}

#[tokio::test]
async fn a_sign_out_deletes_the_token_on_the_cluster() {
    let night = opened().await;
    let audience = night.audience();
    let mut console = night.console(false);
    let fault = "cluster=lab-1-oauth kind=token fault=503";
    night.estate.faults().add(fault.parse().unwrap());
    pasted(&night, &mut console, "alice").await;
    let ended = |state: &State| matches!(state.sign_ins.of(&audience), SignIn::Ended { .. });
    assert!(console.until(LIMIT, ended).await, "an outage ends it");
    let SignIn::Ended { sentence } = console.state.sign_ins.of(&audience) else {
        panic!("not ended");
    };
    assert!(sentence.as_str().contains("does not answer"), "{sentence}");
    night.estate.faults().clear();

    pasted(&night, &mut console, "alice").await;
    night.session(&mut console).await;
    assert_eq!(console.state.person.as_ref().unwrap().short(), "alice");
    assert_eq!(deleted(&night), 0);
    console.act(Action::SignOutOf(audience.clone()), true);
    let told = |state: &State| state.sign_ins.given_back(&audience).is_some();
    assert!(console.until(LIMIT, told).await, "nothing is told");
    let how = console.state.sign_ins.given_back(&audience);
    assert_eq!(how, Some(&GivenBack::Taken));
    assert_eq!(deleted(&night), 1);
    assert!(console.state.person.is_none());
    console.end(Duration::ZERO).await;
}

#[tokio::test]
async fn a_console_that_ends_leaves_no_token_for_the_rest_of_the_day() {
    let night = opened().await;
    let mut console = night.console(false);
    pasted(&night, &mut console, "alice").await;
    night.session(&mut console).await;
    console.end(Duration::ZERO).await;
    assert_eq!(deleted(&night), 1);
    let kinds: Vec<Kind> = night.entries().into_iter().map(|one| one.kind).collect();
    let last = [Kind::SessionSignedOut, Kind::SessionClosed];
    assert!(kinds.ends_with(&last), "{kinds:?}");
}

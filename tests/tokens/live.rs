//! A kept token is taken up without a request, and every one that must not be is not.

use crate::console::LIMIT;
use crate::console::Night;
use crate::console::answer;
use crate::step_up::APPROVE;
use crate::step_up::CONSOLE;
use crate::step_up::Office;
use crashcart::auth::oidc;
use crashcart::auth::oidc::Issuer;
use crashcart::auth::store::Kept;
use crashcart::config::Identity;
use crashcart::config::Secret;
use crashcart::config::TokenStore;
use crashcart::sim::issuer::Manners;
use crashcart::sim::issuer::Settings;
use crashcart::state::action::Action;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::time::Duration;

/// What a console would keep of a sign-in of bob's.
async fn kept(office: &Office, client: &mut Issuer) -> Kept {
    let (session, tokens) = office.signed_in(client).await;
    Kept {
        refresh: tokens.refresh.clone(),
        subject: Some(session.person.subject.clone()),
        until: session.expires_at,
        shift_ends: session.expires_at,
        live: client.live(&tokens),
    }
}

/// Whether it is taken up, so many seconds from now.
fn taken_up(identity: &Identity, kept: &Kept, now: Timestamp, later_s: i64) -> bool {
    let now = now.checked_add(SignedDuration::from_secs(later_s)).unwrap();
    Issuer::taken_up(identity, kept, oidc::DEADLINE, now).is_some()
}

#[tokio::test]
async fn a_start_with_a_live_token_asks_the_issuer_nothing() {
    let mut night = Night::start(Settings::default()).await;
    night.keep(TokenStore::EncryptedFile);
    let engine = night.signed_in("alice").await;
    engine.end(Duration::ZERO).await;
    let before = night.heard();
    assert!(before.requests >= 4, "documents, code, tokens: {before:?}");
    for ask in [false, true, false] {
        let mut console = night.console(ask);
        night.session(&mut console).await;
        assert_eq!(console.state.person.as_ref().unwrap().short(), "alice");
        assert_eq!(console.state.prompt, None, "no code is shown");
        console.end(Duration::ZERO).await;
        assert_eq!(night.heard(), before);
    }

    // What was taken up is given back by one request, and is no use to the next start.
    let mut console = night.console(true);
    night.session(&mut console).await;
    console.act(Action::SignOut, true);
    console.act(Action::Accept, true);
    let gone = |_: &_| night.heard().requests > before.requests;
    assert!(console.until(LIMIT, gone).await);
    console.end(Duration::ZERO).await;
    assert_eq!(night.heard().requests, before.requests + 1);

    let given_back = night.heard();
    let mut script = night.console(false);
    assert!(
        script
            .until(LIMIT, |state| !state.sign_ins.is_looking())
            .await
    );
    assert!(script.state.person.is_none());
    assert_eq!(night.heard(), given_back);
    script.end(Duration::ZERO).await;
}

#[tokio::test]
async fn a_look_that_is_broken_off_leaves_the_store_open_for_the_next() {
    let mut night = Night::start(Settings::default()).await;
    night.keep(TokenStore::EncryptedFile);
    let mut console = night.console(false);
    // The look for what is kept begins to open the store, and is broken off by a sign-in.
    tokio::task::yield_now().await;
    console.act(Action::SignInTo(night.audience()), true);
    answer(&mut console, "alice").await;
    night.session(&mut console).await;
    assert_eq!(console.state.unkept, None);
    console.end(Duration::ZERO).await;
    assert!(night.kept().is_some());
}

#[tokio::test]
async fn a_live_token_goes_through_every_check_again_without_its_issuer() {
    let office = Office::open(Settings::default()).await;
    let mut client = office.client(CONSOLE).await;
    let (identity, now) = (office.identity(CONSOLE), office.now());
    let kept = kept(&office, &mut client).await;
    let good = |kept: &Kept| taken_up(&identity, kept, now, 10);
    assert!(good(&kept));

    let token = kept.live.as_ref().unwrap().id.expose().to_owned();
    for at in (0..token.len()).step_by(11) {
        let mut letters = token.clone().into_bytes();
        letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
        let mut changed = kept.clone();
        let live = changed.live.as_mut().unwrap();
        live.id = Secret::new(std::str::from_utf8(&letters).unwrap());
        assert!(!good(&changed), "letter {at}");
    }
    let mut of_another = kept.clone();
    of_another.subject = Some("s-nobody".to_owned());
    assert!(!good(&of_another));
    let mut of_nobody = kept.clone();
    of_nobody.subject = None;
    assert!(!good(&of_nobody));

    let elsewhere = Office::open(Settings::default()).await;
    let mut theirs = kept.clone();
    let other = super::live::kept(&elsewhere, &mut elsewhere.client(CONSOLE).await).await;
    theirs.live.as_mut().unwrap().key = other.live.unwrap().key;
    assert!(!good(&theirs), "the key is another issuer's");

    let mut wrong = identity.clone();
    wrong.client_id = APPROVE.to_owned();
    assert!(!taken_up(&wrong, &kept, now, 10), "another audience");
    wrong = identity.clone();
    wrong.issuer.push('x');
    assert!(!taken_up(&wrong, &kept, now, 10), "another issuer");
    wrong = identity.clone();
    wrong.ca = None;
    assert!(!taken_up(&wrong, &kept, now, 10), "nobody to trust later");
}

#[tokio::test]
async fn a_token_is_taken_up_until_it_is_time_to_renew_it() {
    // Seconds of its life, and how many of them it is taken up for: three quarters, and not the last 60.
    for (life, until) in [(300, 225), (100, 40), (60, 0)] {
        let office = Office::open(Settings {
            token_seconds: life,
            ..Settings::default()
        })
        .await;
        let mut client = office.client(CONSOLE).await;
        let (identity, now) = (office.identity(CONSOLE), office.now());
        let kept = kept(&office, &mut client).await;
        for later in [-600, -90, -30, 0, until - 1, until, life, life + 600] {
            // A clock that was set back by more than clocks differ makes no token younger than it is.
            let wanted = (-60..until).contains(&later);
            assert_eq!(
                taken_up(&identity, &kept, now, later),
                wanted,
                "{life} {later}"
            );
        }
    }
}

#[tokio::test]
async fn what_nothing_renews_is_kept_only_where_nothing_can_be_given_back() {
    for (manners, kept) in [(Manners::Keycloak, false), (Manners::Dex, true)] {
        let office = Office::open(Settings::default()).await;
        let set = |manners| office.alone.issuer().set(|all| all.manners = manners);
        set(manners);
        let mut client = office.client(CONSOLE).await;
        // Dex itself ties no token of a device code to a sign-in: only its document counts here.
        set(Manners::Keycloak);
        let (_, mut tokens) = office.signed_in(&mut client).await;
        assert!(client.live(&tokens).is_some());
        tokens.refresh = None;
        assert_eq!(client.live(&tokens).is_some(), kept, "{manners:?}");
    }
}

//! Threats to a sign-in that do not depend on the issuer: each runs against the simulated one and against Keycloak.
//!
//! The numbers are those of the table of threats that the room of sign-in was built against.

use crashcart::auth::AuthError;
use crashcart::auth::SignIn;
use crashcart::auth::oidc;
use crashcart::auth::oidc::Answer;
use crashcart::auth::oidc::Return;
use crashcart::auth::sign_in::Event;
use crashcart::auth::step_up::StepUpError;
use crashcart::auth::step_up::Wanted;
use crashcart::config::Secret;
use jiff::SignedDuration;

use crate::issuer::CLIENT;
use crate::issuer::Issuer;
use crate::issuer::allowed_at;
use crate::issuer::begun;
use crate::issuer::signed_in;

/// Two renewals, each with the token of the one before; whoever uses a spent one ends the sign-in, so it must never be
/// sent twice.
pub(crate) async fn at_id_11_a_refresh_token_is_spent_by_its_use(issuer: &impl Issuer) {
    let (mut client, session, first) = signed_in(issuer, CLIENT, "alice").await;
    let person = &session.person;
    let refresh = |tokens: &crashcart::auth::Tokens| {
        let token = tokens.refresh.as_ref().expect("something to renew with");
        token.expose().to_owned()
    };
    let second = client.refresh(&first, person, issuer.now()).await;
    let (renewed, second) = second.expect("the first renewal");
    let third = client.refresh(&second, person, issuer.now()).await;
    let (_, third) = third.expect("the second renewal");
    assert_eq!(renewed.person, session.person);
    let all = [&first, &second, &third].map(refresh);
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);

    for (tokens, words) in [
        // One older still is refused as stale by Keycloak, but only from the next second on.
        (&second, "Maximum allowed refresh token reuse exceeded"),
        (&first, "Session doesn't have required client"),
        (&third, "Session doesn't have required client"),
    ] {
        let error = client.refresh(tokens, person, issuer.now()).await;
        let error = error.expect_err("it was spent");
        assert!(!error.is_passing(), "only a new sign-in helps: {error}");
        assert_eq!(reason(&error), words);
    }
}

/// The issuer goes away in the middle: the tokens stay until their end, nobody is asked to sign in, and when it is back
/// the same sign-in goes on.
pub(crate) async fn at_id_12_an_outage_ends_nothing_before_its_time(issuer: &impl Issuer) {
    let (mut client, session, tokens) = signed_in(issuer, CLIENT, "carol").await;
    issuer.stop().await;
    let mut state = SignIn::SignedIn(session.clone());
    for _ in 0..3 {
        let error = client.refresh(&tokens, &session.person, issuer.now()).await;
        let error = error.expect_err("nobody answers");
        assert!(error.is_passing(), "{error}");
        state = state.step(error.event(), issuer.now());
        assert_eq!(state, SignIn::SignedIn(session.clone()), "no new question");
    }
    // A start meanwhile is one sentence, with a way on.
    let error = oidc::discover(&issuer.identity(CLIENT), oidc::DEADLINE).await;
    let error = error.err().expect("nobody answers");
    let host = crashcart::text::SafeText::new("the issuer");
    let asking = SignIn::Idle.step(Event::Asked { issuer: host }, issuer.now());
    let said = asking.step(error.event(), issuer.now());
    let said = said.answer(1, issuer.now());
    assert!(
        said.as_str().ends_with("Esc goes on without."),
        "{said}: {error}"
    );

    issuer.start().await;
    let renewed = client.refresh(&tokens, &session.person, issuer.now()).await;
    let (renewed, _) = renewed.expect("nothing was spent by asking in vain");
    assert_eq!(renewed.person, session.person);
}

/// A key that the client has not seen is looked for once, and then not again within the minute, however many tokens come
/// with yet another.
pub(crate) async fn at_id_13_a_new_key_is_looked_for_once_a_minute(
    issuer: &impl Issuer,
    flood: usize,
) {
    let (mut client, _, _) = signed_in(issuer, CLIENT, "alice").await;
    issuer.rotate_keys().await;
    let before = issuer.key_reads();
    let now = issuer.now();
    let (session, _) = allowed_at(issuer, &mut client, "alice", now)
        .await
        .expect("the new key is found");
    assert_eq!(session.person.short(), "alice");
    let once = before.map(|reads| reads + 1);
    assert_eq!(issuer.key_reads(), once, "one more look");

    issuer.rotate_keys().await;
    for _ in 0..flood {
        let error = allowed_at(issuer, &mut client, "alice", now).await;
        let error = error.expect_err("a key that may not be looked for yet");
        assert_eq!(reason(&error), "the issuer has no such signing key");
    }
    assert_eq!(issuer.key_reads(), once, "none within the minute");
    let later = now + SignedDuration::from_secs(60);
    let found = allowed_at(issuer, &mut client, "alice", later).await;
    assert!(found.is_ok(), "{:?}", found.err());
    assert_eq!(issuer.key_reads(), once.map(|reads| reads + 1));
}

/// Clocks may be a minute apart; farther, and it is said by how much and to which side.
pub(crate) async fn at_id_14_clocks_a_minute_apart_and_no_more(issuer: &impl Issuer) {
    let (mut client, _) = begun(issuer, CLIENT).await;
    for offset in [-600, -120, -45, 45, 120, 600] {
        let now = issuer.now() + SignedDuration::from_secs(offset);
        let answer = allowed_at(issuer, &mut client, "dana", now).await;
        match (offset.abs() <= 60, answer) {
            (true, Ok(_)) => {}
            (false, Err(AuthError::Skew { behind_s, .. })) => {
                let off = (behind_s + offset).abs();
                assert!(off <= 30, "{offset} s was said to be {behind_s} s behind");
            }
            (_, other) => panic!("{offset} s: {other:?}"),
        }
    }
}

/// An issuer that calls itself otherwise, a shared secret or an algorithm that nobody asked for: nothing is kept.
pub(crate) async fn at_id_20_another_name_or_algorithm_is_refused(issuer: &impl Issuer) {
    let mut other = issuer.identity(CLIENT);
    other.issuer.push('/');
    let error = oidc::discover(&other, oidc::DEADLINE).await.err();
    assert!(
        matches!(error, Some(AuthError::WrongIssuer { .. })),
        "a slash more is another issuer: {error:?}"
    );
    for algorithm in ["HS256", "RS512", "PS256"] {
        if !issuer.sign_by(algorithm).await {
            return;
        }
        let (mut client, _) = begun(issuer, CLIENT).await;
        let error = allowed_at(issuer, &mut client, "alice", issuer.now()).await;
        let error = error.expect_err(algorithm);
        assert_eq!(
            reason(&error),
            "it is not signed with RS256 or ES256",
            "{algorithm}"
        );
    }
    for algorithm in ["ES256", "RS256"] {
        issuer.sign_by(algorithm).await;
        signed_in(issuer, CLIENT, "alice").await;
    }
}

/// A proof for one deed is the first token of a sign-in of its own at the second client; the console's own client gives
/// none, whatever it was asked for.
pub(crate) async fn at_id_08_only_the_second_client_proves_for_a_deed(issuer: &impl Issuer) {
    for (client, proves) in [("crashcart-approve", true), (CLIENT, false)] {
        let identity = issuer.identity(client);
        let asker = oidc::discover(&identity, oidc::DEADLINE).await;
        let mut asker = asker.expect("the issuer's documents");
        let wanted = Wanted {
            nonce: Secret::new("of-the-deed-0123456789"),
            asked_at: issuer.now(),
            acr: Some("2".to_owned()),
        };
        let grant = asker.start_step_up(&wanted, issuer.now()).await;
        let grant = grant.expect("a code");
        let code = grant.prompt.user_code.as_str();
        issuer.answer(code, "bob", true).await;
        match (
            proves,
            asker.poll_step_up(&grant, &wanted, issuer.now()).await,
        ) {
            (true, Ok(Answer::Proved(proof))) => {
                assert_eq!(proof.person().login, "bob@meridian.test");
                let other = Wanted {
                    nonce: Secret::new("of-another-deed-012345"),
                    ..wanted
                };
                let swapped = asker.prove(proof.token(), &other, issuer.now()).await;
                let swapped = swapped.expect_err("it is for one deed").to_string();
                assert!(swapped.contains("(nonce)"), "{swapped}");
            }
            (false, Err(StepUpError::OtherAcr { found, .. })) => assert_eq!(found, "1"),
            (_, other) => panic!("{client}: {other:?}"),
        }
    }
}

/// A browser's last address is as good as a code typed on its page, and good once.
pub(crate) async fn a_browser_brings_a_code_back(issuer: &impl Issuer) {
    let client = oidc::discover(&issuer.identity(CLIENT), oidc::DEADLINE).await;
    let mut client = client.expect("the issuer's documents");
    let grant = client.start_code(oidc::PASTE_REDIRECT, false, issuer.now());
    let grant = grant.expect("a page");
    let address = issuer.browse(grant.prompt.address.as_str(), "alice").await;
    let came = client.redeem(&grant, &address, issuer.now()).await;
    let Ok(Return::Done(done)) = came else {
        panic!("not signed in: {came:?}");
    };
    assert_eq!(done.0.person.login, "alice@meridian.test");
    assert_eq!(done.0.person.groups, ["sre-oncall", "sre-operators"]);
    let again = client.redeem(&grant, &address, issuer.now()).await;
    assert!(
        matches!(again, Err(AuthError::CodeSpent { .. })),
        "{again:?}"
    );
}

/// Why it was refused, in the issuer's words or ours.
fn reason(error: &AuthError) -> &str {
    match error {
        AuthError::Refused { reason, .. } => reason.as_str(),
        AuthError::Token { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

/// The simulated issuer.
mod simulated {
    use crashcart::sim::issuer::Settings;

    use crate::night::Night;

    async fn night() -> Night {
        Night::start(Settings::default()).await
    }

    #[tokio::test]
    async fn at_id_08_only_the_second_client_proves_for_a_deed() {
        super::at_id_08_only_the_second_client_proves_for_a_deed(&night().await).await;
    }

    #[tokio::test]
    async fn a_browser_brings_a_code_back() {
        super::a_browser_brings_a_code_back(&night().await).await;
    }

    #[tokio::test]
    async fn at_id_11_a_refresh_token_is_spent_by_its_use() {
        super::at_id_11_a_refresh_token_is_spent_by_its_use(&night().await).await;
    }

    #[tokio::test]
    async fn at_id_12_an_outage_ends_nothing_before_its_time() {
        super::at_id_12_an_outage_ends_nothing_before_its_time(&night().await).await;
    }

    #[tokio::test]
    async fn at_id_13_a_new_key_is_looked_for_once_a_minute() {
        super::at_id_13_a_new_key_is_looked_for_once_a_minute(&night().await, 100).await;
    }

    #[tokio::test]
    async fn at_id_14_clocks_a_minute_apart_and_no_more() {
        super::at_id_14_clocks_a_minute_apart_and_no_more(&night().await).await;
    }

    #[tokio::test]
    async fn at_id_20_another_name_or_algorithm_is_refused() {
        super::at_id_20_another_name_or_algorithm_is_refused(&night().await).await;
    }
}

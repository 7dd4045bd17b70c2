//! Signing in at an issuer that behaves, and at issuers that do not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what stands beside the tests is part of them"
)]

mod browser;
mod client;
mod eks;
mod failures;
mod issuer;
mod life;
mod night;
mod openshift;
mod plain;
mod rows;
mod two;

use crashcart::auth::AuthError;
use crashcart::auth::Session;
use crashcart::auth::SignIn;
use crashcart::auth::Tokens;
use crashcart::auth::oidc;
use crashcart::auth::oidc::DeviceGrant;
use crashcart::auth::oidc::Poll;
use crashcart::config::Secret;
use issuer::Issuer;
use issuer::NOW;
use issuer::Reply;
use issuer::unsigned;
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

async fn discover(issuer: &Issuer) -> Result<oidc::Issuer, AuthError> {
    oidc::discover(&issuer.identity(), oidc::DEADLINE).await
}

/// An issuer, asked for a code.
async fn begun() -> (Issuer, oidc::Issuer, DeviceGrant) {
    let issuer = Issuer::start().await;
    let client = discover(&issuer).await.unwrap();
    let grant = client.start_device(now()).await.unwrap();
    (issuer, client, grant)
}

/// What becomes of a sign-in whose token endpoint gives this answer.
async fn answered(reply: Reply) -> Result<Poll, AuthError> {
    let (issuer, mut client, grant) = begun().await;
    issuer.say("/token", reply);
    client.poll_once(&grant, now()).await
}

async fn signed_in() -> (Issuer, oidc::Issuer, Session, Tokens) {
    let (issuer, mut client, grant) = begun().await;
    let Poll::Done(done) = client.poll_once(&grant, now()).await.unwrap() else {
        panic!("not signed in");
    };
    let (session, tokens) = *done;
    (issuer, client, session, tokens)
}

fn refusal(error: &str) -> Reply {
    Reply::Json(
        400,
        json!({"error": error, "error_description": "Some words."}),
    )
}

/// The reason an ID token was not accepted.
async fn token_refused(reply: Reply) -> String {
    match answered(reply).await {
        Err(AuthError::Token { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_sign_in_gives_a_person_and_tokens_that_do_not_show() {
    let (issuer, mut client, grant) = begun().await;
    assert_eq!(grant.prompt.user_code, "WDJB-MJHT");
    assert_eq!(grant.prompt.interval_s, 2);
    assert_eq!(grant.prompt.expires_at.as_second(), NOW + 600);
    assert_eq!(grant.prompt.simulated, None);
    let asked = &issuer.heard("/device")[0];
    assert_eq!(asked["scope"], "openid profile email groups");
    assert!(asked["nonce"].len() >= 16);

    let Poll::Done(done) = client.poll_once(&grant, now()).await.unwrap() else {
        panic!("not signed in");
    };
    let (session, tokens) = *done;
    assert_eq!(session.person.subject, "s-1");
    assert_eq!(
        session.person.login, "alice@meridian.test^[[31m",
        "safe from the start"
    );
    assert_eq!(session.person.short(), "alice");
    assert_eq!(session.person.groups.len(), 2);
    assert_eq!(session.expires_at.as_second(), NOW + 1800);
    assert_eq!(session.acr.as_deref(), Some("1"));
    assert_eq!(tokens.state.good_until.as_second(), NOW + 300);
    assert_eq!(
        tokens.state.refresh_at.map(Timestamp::as_second),
        Some(NOW + 225)
    );
    assert!(!format!("{tokens:?} {grant:?} {session:?}").contains("canary"));
}

#[tokio::test]
async fn a_scope_that_the_issuer_does_not_list_is_not_asked_for() {
    let issuer = Issuer::start().await;
    let listed = json!({"scopes_supported": ["openid", "email", "profile", "web-origins"]});
    issuer.desk.lock().unwrap().discovery = listed;
    let client = discover(&issuer).await.unwrap();
    client.start_device(now()).await.unwrap();
    assert_eq!(issuer.heard("/device")[0]["scope"], "openid profile email");
}

#[tokio::test]
async fn the_answers_of_a_grant_are_told_apart() {
    assert!(matches!(
        answered(refusal("authorization_pending")).await,
        Ok(Poll::Pending)
    ));
    assert!(matches!(
        answered(refusal("slow_down")).await,
        Ok(Poll::SlowDown)
    ));
    assert!(matches!(
        answered(refusal("access_denied")).await,
        Ok(Poll::Denied)
    ));
    assert!(matches!(
        answered(refusal("expired_token")).await,
        Ok(Poll::Expired)
    ));
    let error = answered(refusal("invalid_grant")).await.unwrap_err();
    assert!(matches!(&error, AuthError::CodeSpent { reason, .. } if *reason == "Some words"));

    let (issuer, mut client, grant) = begun().await;
    issuer.say("/token", refusal("invalid_grant"));
    let later = grant.prompt.expires_at;
    let poll = client.poll_once(&grant, later).await;
    assert!(
        matches!(poll, Ok(Poll::Expired)),
        "a forgotten code is an ended one"
    );
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_not_kept() {
    let table = [
        (
            json!({"nonce": "another"}),
            "it does not belong to this sign-in (nonce)",
        ),
        (json!({"exp": NOW - 60}), "it has ended"),
        (json!({"nbf": NOW + 61}), "it is not good yet"),
    ];
    for (changes, reason) in table {
        assert_eq!(
            token_refused(Reply::Tokens(changes.clone())).await,
            reason,
            "{changes}"
        );
    }
    for changes in [
        json!({"aud": "crashcart-approve"}),
        json!({"aud": ["crashcart", "other"]}),
        json!({"azp": "other"}),
    ] {
        let error = answered(Reply::Tokens(changes.clone())).await.unwrap_err();
        assert!(
            matches!(error, AuthError::WrongAudience { .. }),
            "{changes}"
        );
    }
    let error = answered(Reply::Tokens(json!({"nonce": null}))).await;
    assert!(matches!(error, Err(AuthError::NoNonce { .. })));
    assert_eq!(
        token_refused(Reply::ForeignKey).await,
        "the issuer has no such signing key"
    );
    let claims = json!({"iss": "x", "aud": "crashcart", "sub": "s", "iat": NOW, "exp": NOW + 9});
    for algorithm in ["none", "HS256"] {
        let text = unsigned(&json!({"alg": algorithm}), &claims);
        let answer = answered(Reply::Raw(format!("{text}.AAAA"))).await;
        assert!(answer.is_err(), "{algorithm}");
    }
    assert_eq!(
        token_refused(Reply::Raw("a.b".to_owned())).await,
        "it is no ID token"
    );
    let none = answered(Reply::Json(200, json!({"access_token": "a"}))).await;
    assert!(matches!(none, Err(AuthError::Malformed { what, .. }) if what == "an ID token"));
}

#[tokio::test]
async fn an_unsigned_or_shared_secret_token_is_refused_by_its_algorithm() {
    for algorithm in ["none", "HS256", "ES384"] {
        let (issuer, mut client, grant) = begun().await;
        let claims = json!({
            "iss": issuer.url, "aud": "crashcart", "sub": "s", "iat": NOW, "exp": NOW + 9,
            "nonce": issuer.heard("/device")[0]["nonce"],
        });
        let text = unsigned(&json!({"alg": algorithm}), &claims);
        issuer.say("/token", Reply::Raw(format!("{text}.AAAA")));
        let error = client
            .poll_once(&grant, now())
            .await
            .unwrap_err()
            .to_string();
        let expected = ["not signed with RS256 or ES256", "no ID token"];
        assert!(
            expected.iter().any(|words| error.contains(words)),
            "{algorithm}: {error}"
        );
    }
}

#[tokio::test]
async fn small_skew_passes_and_large_skew_is_said() {
    for seconds in [-60, 60] {
        let changes = json!({"iat": NOW + seconds});
        let poll = answered(Reply::Tokens(changes)).await;
        assert!(matches!(poll, Ok(Poll::Done(_))), "{seconds}");
    }
    for seconds in [-61, 94] {
        let changes = json!({"iat": NOW + seconds, "exp": NOW + seconds + 300});
        let error = answered(Reply::Tokens(changes)).await.unwrap_err();
        assert!(matches!(error, AuthError::Skew { behind_s, .. } if behind_s == seconds));
    }
}

#[tokio::test]
async fn a_document_of_another_issuer_ends_it_at_once() {
    let issuer = Issuer::start().await;
    issuer.desk.lock().unwrap().discovery = json!({"issuer": "https://evil.test"});
    let error = discover(&issuer).await.err().unwrap();
    assert!(
        matches!(&error, AuthError::WrongIssuer { place, .. } if place == "crashcart.toml line 6")
    );
    assert_eq!(
        issuer.desk.lock().unwrap().heard.len(),
        1,
        "nothing more was asked"
    );

    let error = answered(Reply::Tokens(json!({"iss": "https://evil.test"})))
        .await
        .unwrap_err();
    assert!(matches!(error, AuthError::WrongIssuer { found, .. } if found == "https://evil.test"));
}

#[tokio::test]
async fn a_new_signing_key_is_looked_for_once_a_minute() {
    let (issuer, mut client, grant) = begun().await;
    issuer.say("/token", Reply::NewKey);
    assert!(matches!(
        client.poll_once(&grant, now()).await,
        Ok(Poll::Done(_))
    ));
    assert_eq!(issuer.heard("/certs").len(), 2);
    for _ in 0..5 {
        issuer.say("/token", Reply::ForeignKey);
        assert!(client.poll_once(&grant, now()).await.is_err());
    }
    assert_eq!(
        issuer.heard("/certs").len(),
        2,
        "forged tokens do not flood the issuer"
    );
    issuer.say("/token", Reply::Tokens(json!({"iat": NOW + 60})));
    issuer.say("/token", Reply::ForeignKey);
    let later = Timestamp::from_second(NOW + 60).unwrap();
    assert!(client.poll_once(&grant, later).await.is_ok());
    assert!(client.poll_once(&grant, later).await.is_err());
    assert_eq!(issuer.heard("/certs").len(), 3);
}

#[tokio::test]
async fn another_authority_gets_no_byte() {
    let (issuer, other) = (Issuer::start().await, Issuer::start().await);
    let mut identity = issuer.identity();
    identity.ca = other.identity().ca;
    let error = oidc::discover(&identity, oidc::DEADLINE)
        .await
        .err()
        .unwrap();
    assert!(matches!(&error, AuthError::Untrusted { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("not from the authority that is named for it")
    );
    identity.ca = None;
    let error = oidc::discover(&identity, oidc::DEADLINE)
        .await
        .err()
        .unwrap();
    assert!(matches!(error, AuthError::NoAuthority { .. }));
    // The issuer has noticed the first handshake once it answers a good one.
    discover(&issuer).await.map(drop).unwrap();
    let desk = issuer.desk.lock().unwrap();
    assert_eq!(desk.heard.len(), 2, "only the good client was heard");
    assert_eq!(desk.handshakes, 1);
}

#[tokio::test]
async fn an_issuer_that_is_not_there_or_never_answers_is_named() {
    let issuer = Issuer::start().await;
    issuer.say("/.well-known/openid-configuration", Reply::Stall);
    let short = Duration::from_millis(200);
    let error = oidc::discover(&issuer.identity(), short)
        .await
        .err()
        .unwrap();
    assert!(error.is_passing(), "{error}");
    assert!(
        error.to_string().contains("no answer within 0.2s"),
        "{error}"
    );

    let mut identity = issuer.identity();
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    identity.issuer = format!("https://{}", closed.local_addr().unwrap());
    drop(closed);
    let error = oidc::discover(&identity, oidc::DEADLINE)
        .await
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .ends_with("does not answer: connection refused"),
        "{error}"
    );
}

#[tokio::test]
async fn a_huge_a_moved_or_a_broken_answer_is_refused() {
    let path = "/.well-known/openid-configuration";
    for reply in [Reply::Huge, Reply::Redirect, Reply::Json(404, json!({}))] {
        let issuer = Issuer::start().await;
        issuer.say(path, reply);
        let error = discover(&issuer).await.err().unwrap();
        assert!(matches!(error, AuthError::Malformed { .. }), "{error}");
        assert_eq!(
            issuer.desk.lock().unwrap().heard.len(),
            1,
            "nothing was followed"
        );
    }
    let answer = answered(Reply::Huge).await.unwrap_err();
    assert!(answer.to_string().contains("1 MiB"), "{answer}");
}

#[tokio::test]
async fn an_issuer_without_the_device_grant_is_named() {
    let issuer = Issuer::start().await;
    let without = json!({"device_authorization_endpoint": null});
    issuer.desk.lock().unwrap().discovery = without;
    let client = discover(&issuer).await.unwrap();
    let error = client.start_device(now()).await.unwrap_err();
    assert!(matches!(error, AuthError::NoDevice { .. }));

    let (issuer, client, _) = begun().await;
    issuer.say(
        "/device",
        Reply::Json(401, json!({"error": "invalid_client"})),
    );
    let error = client.start_device(now()).await.unwrap_err();
    assert!(matches!(error, AuthError::UnknownClient { .. }), "{error}");
    let plain = json!({"device_code": "d", "user_code": "u", "expires_in": 9,
        "verification_uri": "http://id.test/device"});
    issuer.say("/device", Reply::Json(200, plain));
    assert!(matches!(
        client.start_device(now()).await,
        Err(AuthError::Malformed { .. })
    ));
}

#[tokio::test]
async fn a_renewal_rotates_and_stays_with_the_person() {
    let (issuer, mut client, session, tokens) = signed_in().await;
    let (renewed, next) = client
        .refresh(&tokens, &session.person, now())
        .await
        .unwrap();
    assert!(renewed.person.is(&session.person));
    assert_eq!(
        next.refresh.as_ref().map(Secret::expose),
        Some("canary-refresh-2")
    );
    let sent = issuer.heard("/token").pop().unwrap();
    assert_eq!(
        sent["refresh_token"],
        tokens.refresh.as_ref().unwrap().expose()
    );

    issuer.say("/token", Reply::Tokens(json!({"sub": "s-2"})));
    let error = client
        .refresh(&next, &session.person, now())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("about another person"),
        "{error}"
    );
    issuer.say("/token", refusal("invalid_grant"));
    let error = client
        .refresh(&next, &session.person, now())
        .await
        .unwrap_err();
    assert!(matches!(error, AuthError::Refused { .. }) && !error.is_passing());
}

#[tokio::test]
async fn only_the_issuers_no_and_another_persons_token_are_verdicts_at_a_renewal() {
    let (issuer, mut client, session, tokens) = signed_in().await;
    let page = || json!({"error": "Forbidden", "status": 403});
    let table = [
        (Reply::Json(404, json!({})), false),
        (Reply::Json(403, page()), false),
        (Reply::Json(200, json!({"title": "guest network"})), false),
        (refusal("temporarily_unavailable"), false),
        (Reply::Redirect, false),
        (Reply::Huge, false),
        (Reply::ForeignKey, false),
        (Reply::Tokens(json!({"iat": NOW + 90})), false),
        (refusal("invalid_grant"), true),
        (Reply::Json(401, json!({"error": "invalid_client"})), true),
        (refusal("unauthorized_client"), true),
        (refusal("invalid_request"), true),
        (Reply::Tokens(json!({"sub": "s-2"})), true),
        (Reply::Tokens(json!({"iss": "https://evil.test"})), true),
    ];
    for (reply, verdict) in table {
        let gave = matches!(reply, Reply::ForeignKey | Reply::Tokens(_)) && !verdict;
        issuer.say("/token", reply);
        let renewed = client.refresh(&tokens, &session.person, now()).await;
        let error = renewed.unwrap_err();
        assert_eq!(error.is_verdict(), verdict, "{error}");
        assert_eq!(client.rotated().is_some(), gave, "{error}");
        let state = SignIn::SignedIn(session.clone()).step(error.at_renewal(), now());
        assert_eq!(state.session().is_none(), verdict, "{error}");
        let over = state.step(error.at_renewal(), session.expires_at);
        assert!(over.session().is_none(), "its own end ends it: {error}");
    }
}

#[tokio::test]
async fn giving_back_is_done_when_the_issuer_knows_the_token_no_more() {
    let (issuer, client, _, tokens) = signed_in().await;
    let unknown = json!({"error": "invalid_token", "error_description": "Invalid token"});
    issuer.say("/revoke", Reply::Json(200, unknown));
    assert_eq!(client.revoke(&tokens).await, Ok(true));
    assert_eq!(
        issuer.heard("/revoke")[0]["token_type_hint"],
        "refresh_token"
    );
    issuer.say("/revoke", refusal("invalid_request"));
    assert!(client.revoke(&tokens).await.is_err());

    issuer.desk.lock().unwrap().discovery = json!({"revocation_endpoint": null});
    let client = discover(&issuer).await.unwrap();
    assert_eq!(client.revoke(&tokens).await, Ok(false));
}

#[tokio::test]
async fn a_simulated_issuer_is_answered_at_its_own_address_only() {
    let issuer = Issuer::start().await;
    let member = |endpoint: String| json!({"crashcart_simulated": {"people": ["alice", "bob"], "answer_endpoint": endpoint}});
    issuer.desk.lock().unwrap().discovery = member(format!("{}/answer", issuer.url));
    let client = discover(&issuer).await.unwrap();
    let grant = client.start_device(now()).await.unwrap();
    let simulated = grant.prompt.simulated.unwrap();
    assert_eq!(simulated.people, ["alice", "bob"]);
    client
        .answer_simulated("WDJB-MJHT", Some("bob"))
        .await
        .unwrap();
    let sent = &issuer.heard("/answer")[0];
    assert_eq!((&*sent["person"], &*sent["allow"]), ("bob", "true"));

    issuer.desk.lock().unwrap().discovery = member("https://evil.test/answer".to_owned());
    let client = discover(&issuer).await.unwrap();
    let grant = client.start_device(now()).await.unwrap();
    assert_eq!(grant.prompt.simulated, None);
    assert!(client.answer_simulated("WDJB-MJHT", None).await.is_err());
}

#[tokio::test]
async fn every_call_can_be_moved_to_a_task() {
    fn movable<T: Send>(_: &T) {}
    let (issuer, mut client, session, tokens) = signed_in().await;
    movable(&oidc::discover(&issuer.identity(), oidc::DEADLINE));
    let grant = client.start_device(now()).await.unwrap();
    movable(&client.start_device(now()));
    movable(&client.poll_once(&grant, now()));
    movable(&client.refresh(&tokens, &session.person, now()));
    movable(&client.revoke(&tokens));
    movable(&client.answer_simulated("x", None));
}

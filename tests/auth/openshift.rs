//! Signing in at a cluster's own OAuth server, as OpenShift has one, against a scripted one.

use crate::issuer::Issuer;
use crate::issuer::Reply;
use crate::now;
use crashcart::auth::AuthError;
use crashcart::auth::oidc;
use crashcart::auth::oidc::PASTE_REDIRECT;
use crashcart::auth::oidc::Return;
use crashcart::auth::oidc::openshift::OpenShift;
use serde_json::json;

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
const REVIEW: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
/// The name of the object of the token `sha256~abc`: SHA-256 of `abc`, which FIPS 180-2 gives in hex.
const OBJECT: &str = "/apis/oauth.openshift.io/v1/oauthaccesstokens/sha256~ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";

async fn discovered() -> (Issuer, OpenShift) {
    let server = Issuer::start().await;
    let document = json!({
        "issuer": "https://oauth-openshift.apps.test",
        "authorization_endpoint": format!("{}/oauth/authorize", server.url),
        "token_endpoint": format!("{}/oauth/token", server.url),
        "code_challenge_methods_supported": ["plain", "S256"],
    });
    server.say(WELL_KNOWN, Reply::Json(200, document));
    let cluster = OpenShift::discover(&server.identity(), None, oidc::DEADLINE).await;
    (server, cluster.unwrap())
}

fn state_of(address: &str) -> String {
    let rest = address.split("state=").nth(1).unwrap();
    rest.split('&').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_pasted_code_gives_an_opaque_token_and_signing_out_deletes_its_object() {
    let (server, cluster) = discovered().await;
    let grant = cluster.start_code(PASTE_REDIRECT, false, now());
    let address = grant.prompt.address.as_str().to_owned();
    for part in [
        "client_id=openshift-cli-client",
        "code_challenge_method=S256",
        "/oauth/authorize?",
    ] {
        assert!(address.contains(part), "{address}");
    }
    assert!(
        !address.contains("nonce="),
        "there is no ID token to carry it"
    );

    let foreign = format!("{PASTE_REDIRECT}?code=c&state=other");
    let odd = cluster.redeem(&grant, &foreign, now()).await;
    assert!(matches!(odd, Ok(Return::Odd(_))), "{odd:?}");
    assert_eq!(server.heard("/oauth/token").len(), 0, "nothing was sent");

    let token = json!({"access_token": "sha256~abc", "expires_in": 86_400, "token_type": "Bearer"});
    server.say("/oauth/token", Reply::Json(200, token));
    let review = json!({"status": {"userInfo": {
        "username": "alice", "uid": "u-1",
        "groups": ["sre-operators", "system:authenticated", "system:authenticated:oauth"],
    }}});
    server.say(REVIEW, Reply::Json(201, review));
    let own = format!("{PASTE_REDIRECT}?code=c&state={}", state_of(&address));
    let came = cluster.redeem(&grant, &own, now()).await.unwrap();
    let Return::Done(done) = came else {
        panic!("not signed in");
    };
    let (session, tokens) = *done;
    assert_eq!(session.person.login, "alice");
    assert_eq!(session.person.subject, "u-1");
    assert_eq!(session.person.groups, ["sre-operators"]);
    assert_eq!(session.expires_at.as_second(), now().as_second() + 86_400);
    assert!(tokens.refresh.is_none());
    assert!(!format!("{tokens:?}").contains("abc"));
    let sent = &server.heard("/oauth/token")[0];
    assert_eq!(sent["client_id"], "openshift-cli-client");
    assert!(sent["code_verifier"].len() >= 43);

    cluster.log_out(&tokens).await.unwrap();
    assert_eq!(server.heard(OBJECT).len(), 1, "its own object, by its hash");
    server.say(OBJECT, Reply::Json(401, json!({"kind": "Status"})));
    assert!(cluster.log_out(&tokens).await.is_ok(), "gone already");
}

#[tokio::test]
async fn a_cluster_that_takes_an_issuers_tokens_instead_and_a_denial_are_said() {
    let server = Issuer::start().await;
    server.say(WELL_KNOWN, Reply::Json(404, json!({"kind": "Status"})));
    let none = OpenShift::discover(&server.identity(), None, oidc::DEADLINE).await;
    let error = none.err().unwrap();
    assert!(matches!(error, AuthError::NoOAuth { .. }), "{error}");
    assert!(error.to_string().contains("set auth = \"oidc:IDENTITY\""));

    let (server, cluster) = discovered().await;
    let grant = cluster.start_code(PASTE_REDIRECT, false, now());
    let state = state_of(grant.prompt.address.as_str());
    let denied = format!("{PASTE_REDIRECT}?error=access_denied&state={state}");
    let came = cluster.redeem(&grant, &denied, now()).await;
    assert!(matches!(came, Ok(Return::Denied)), "{came:?}");
    let refused = json!({"error": "unauthorized_client", "error_description": "x"});
    server.say("/oauth/token", Reply::Json(400, refused));
    let own = format!("{PASTE_REDIRECT}?code=c&state={state}");
    let came = cluster.redeem(&grant, &own, now()).await;
    assert!(matches!(came, Err(AuthError::WrongFlow { .. })), "{came:?}");
}

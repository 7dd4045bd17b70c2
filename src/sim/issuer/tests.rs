//! The whole sign-in over requests, and the tokens as a client's library checks them.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use openidconnect::core::{CoreClient, CoreIdToken, CoreJsonWebKeySet, CoreProviderMetadata};
use openidconnect::{ClientId, Nonce};
use serde_json::Value;
use tower::ServiceExt;

use super::token::challenge;
use super::*;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const URL: &str = "https://127.0.0.1:8443";

struct Door {
    issuer: Issuer,
    clock: Clock,
    router: Router,
}

impl Door {
    /// The clock starts at the wall clock's time, since a client's library checks against it.
    fn new() -> Self {
        let clock = Clock::manual(Clock::real(1).now());
        let people = Arc::new(People::new(7));
        let issuer = Issuer::new(
            URL.to_owned(),
            people,
            clock.clone(),
            7,
            Settings::default(),
        )
        .unwrap();
        let router = router(issuer.clone());
        Self {
            issuer,
            clock,
            router,
        }
    }

    async fn call(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let request = Request::get(path).body(Body::empty()).unwrap();
        serde_json::from_str(&self.call(request).await.1).unwrap()
    }

    async fn post(&self, path: &str, form: &str) -> (StatusCode, Value) {
        let kind = "application/x-www-form-urlencoded";
        let request = Request::post(path).header(header::CONTENT_TYPE, kind);
        let request = request.header(header::ACCEPT, "text/html");
        let request = request.body(Body::from(form.to_owned())).unwrap();
        let (status, body) = self.call(request).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    async fn begin(&self) -> BTreeMap<String, String> {
        let form = format!(
            "client_id=crashcart&scope=openid+groups&nonce=n-1&code_challenge_method=S256\
             &code_challenge={}",
            challenge(VERIFIER)
        );
        let (status, answer) = self.post("/auth/device", &form).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let text = |name: &str| (name.to_owned(), answer[name].as_str().unwrap().to_owned());
        ["device_code", "user_code", "verification_uri_complete"]
            .map(text)
            .into()
    }

    async fn poll(&self, code: &str, verifier: &str) -> (StatusCode, Value) {
        self.clock.advance(Duration::from_secs(2));
        let form = format!(
            "client_id=crashcart&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code\
             &device_code={code}&code_verifier={verifier}"
        );
        self.post("/token", &form).await
    }

    async fn sign_in(&self, person: &str) -> Value {
        let begun = self.begin().await;
        let form = format!(
            "user_code={}&person={person}&allow=true",
            begun["user_code"]
        );
        assert_eq!(self.post("/device/answer", &form).await.0, StatusCode::OK);
        let (status, tokens) = self.poll(&begun["device_code"], VERIFIER).await;
        assert_eq!(status, StatusCode::OK, "{tokens}");
        tokens
    }
}

#[tokio::test]
async fn a_signed_in_person_has_a_token_that_a_client_and_an_api_server_accept() {
    let door = Door::new();
    let tokens = door.sign_in("alice").await;
    let mut found = door.get("/.well-known/openid-configuration").await;
    assert_eq!(found["crashcart_simulated"]["people"][0], "alice");
    found["jwks"] = Value::Null;
    let metadata: CoreProviderMetadata = serde_json::from_value(found).unwrap();
    let keys: CoreJsonWebKeySet = serde_json::from_value(door.get("/certs").await).unwrap();
    let metadata = metadata.set_jwks(keys);
    let client_id = ClientId::new("crashcart".to_owned());
    let client = CoreClient::from_provider_metadata(metadata, client_id, None);
    let text = tokens["id_token"].as_str().unwrap();
    let token: CoreIdToken = text.parse().unwrap();
    let verifier = client.id_token_verifier();
    let claims = token
        .claims(&verifier, &Nonce::new("n-1".to_owned()))
        .unwrap();
    assert_eq!(
        claims.preferred_username().unwrap().as_str(),
        "alice@meridian.test"
    );
    let other = Nonce::new("n-2".to_owned());
    assert!(token.claims(&verifier, &other).is_err());
    let claims = door.issuer.verify(text).unwrap();
    assert_eq!(claims.user, "alice@meridian.test");
    assert_eq!(claims.groups, ["sre-oncall", "sre-operators"]);
    let access = tokens["access_token"].as_str().unwrap();
    assert!(door.issuer.verify(access).unwrap_err().contains("audience"));
    door.clock.advance(Duration::from_secs(300));
    assert!(door.issuer.verify(text).unwrap_err().contains("expired"));
}

#[tokio::test]
async fn a_wrong_verifier_and_a_denial_give_no_token() {
    let door = Door::new();
    let begun = door.begin().await;
    let (status, answer) = door.poll(&begun["device_code"], VERIFIER).await;
    assert_eq!(
        (status, &answer["error"]),
        (StatusCode::BAD_REQUEST, &json!("authorization_pending"))
    );
    let form = format!("user_code={}&person=bob&allow=true", begun["user_code"]);
    door.post("/device", &form).await;
    let (_, answer) = door.poll(&begun["device_code"], &"x".repeat(43)).await;
    assert_eq!(answer["error"], "invalid_grant");
    let begun = door.begin().await;
    let form = format!("user_code={}&allow=false", begun["user_code"]);
    door.post("/device", &form).await;
    let (_, answer) = door.poll(&begun["device_code"], VERIFIER).await;
    assert_eq!(answer["error"], "access_denied");
}

#[tokio::test]
async fn reuse_of_a_refresh_token_ends_the_session() {
    let door = Door::new();
    let tokens = door.sign_in("dana").await;
    let refresh = |tokens: &Value| {
        let token = tokens["refresh_token"].as_str().unwrap();
        format!("client_id=crashcart&grant_type=refresh_token&refresh_token={token}")
    };
    let (status, next) = door.post("/token", &refresh(&tokens)).await;
    assert_eq!(status, StatusCode::OK);
    let claims = door
        .issuer
        .state()
        .keys
        .listed(next["id_token"].as_str().unwrap());
    assert_eq!(claims.unwrap()["nonce"], Value::Null);
    let (status, reused) = door.post("/token", &refresh(&tokens)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{reused}");
    let (_, dead) = door.post("/token", &refresh(&next)).await;
    assert_eq!(dead["error"], "invalid_grant");
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let door = Door::new();
    let plain = "client_id=crashcart&code_challenge=x&code_challenge_method=plain";
    assert_eq!(
        door.post("/auth/device", plain).await.0,
        StatusCode::BAD_REQUEST
    );
    let stranger = "client_id=other&grant_type=refresh_token&refresh_token=x";
    assert_eq!(
        door.post("/token", stranger).await.0,
        StatusCode::UNAUTHORIZED
    );
    let twice = "client_id=crashcart&client_id=crashcart";
    let (_, answer) = door.post("/token", twice).await;
    assert_eq!(answer["error_description"], "duplicated parameter");
    let (status, answer) = door.post("/revoke", "client_id=crashcart&token=x").await;
    assert_eq!(
        (status, &answer["error"]),
        (StatusCode::OK, &json!("invalid_token"))
    );
    let page = Request::get("/device?user_code=%22%3E%3Cscript%3E")
        .body(Body::empty())
        .unwrap();
    let (status, page) = door.call(page).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("value=alice") && !page.contains("<script>"));
}

//! The issuer's side alone, by plain requests: what no part of crashcart asks for yet.

use crate::night::Browser;
use crate::night::CHALLENGE;
use crate::night::Night;
use crate::night::VERIFIER;
use crate::night::claims;
use crashcart::sim::issuer::Manners;
use crashcart::sim::issuer::Settings;
use serde_json::Value;

const REDIRECT: &str = "redirect_uri=http%3A%2F%2F127.0.0.1%3A53111%2F";

/// The address of a request for a code.
fn wanted(more: &str) -> String {
    format!(
        "/auth?client_id=crashcart&response_type=code&scope=openid&state=s-1&nonce=n-1&{REDIRECT}\
         &code_challenge={CHALLENGE}&code_challenge_method=S256{more}"
    )
}

/// Redeems a code.
async fn redeem(browser: &mut Browser, code: &str, verifier: &str) -> crate::night::Page {
    let form = format!(
        "client_id=crashcart&grant_type=authorization_code&code={code}&{REDIRECT}&code_verifier={verifier}"
    );
    browser.post("/token", &form).await
}

/// A browser in which alice is signed in, and the tokens of the terminal she did it for.
async fn signed_in(night: &Night) -> (Browser, Value) {
    let mut browser = Browser::new(night);
    let page = browser.post(&wanted(""), "person=alice&allow=true").await;
    assert_eq!(page.status, 302, "{page:?}");
    let tokens = redeem(&mut browser, page.sent("code"), VERIFIER).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    (browser, tokens.json())
}

/// A code for a device, allowed in a browser; the answer of the token endpoint.
async fn device(night: &Night, browser: &mut Browser, scope: &str, answer: &str) -> Value {
    let form = format!(
        "client_id=crashcart&scope={scope}&nonce=n-2&acr_values=2&max_age=0&prompt=login\
         &code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let begun = browser.post("/auth/device", &form).await.json();
    let text = |name: &str| begun[name].as_str().unwrap().to_owned();
    let form = format!("user_code={}&{answer}", text("user_code"));
    let page = browser.post("/device", &form).await;
    assert_eq!(page.status, 200, "{page:?}");
    night.pass(2);
    let form = format!(
        "client_id=crashcart&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code\
         &device_code={}&code_verifier={VERIFIER}",
        text("device_code")
    );
    browser.post("/token", &form).await.json()
}

#[tokio::test]
async fn a_code_with_its_verifier_gives_tokens_and_a_second_use_ends_them() {
    let night = Night::start(Settings::default()).await;
    let mut browser = Browser::new(&night);
    assert_eq!(browser.get(&wanted("")).await.status, 200, "the page");
    let page = browser.post(&wanted(""), "person=alice&allow=true").await;
    assert_eq!((page.status, page.sent("state")), (302, "s-1"));
    assert!(page.location.starts_with("http://127.0.0.1:53111/?"));
    assert!(page.sent("iss").starts_with("https%3A%2F%2F127.0.0.1"));
    let code = page.sent("code").to_owned();
    let tokens = redeem(&mut browser, &code, VERIFIER).await.json();
    let id = claims(&tokens["id_token"]);
    assert_eq!(
        (&id["nonce"], &id["acr"], &id["azp"]),
        (&"n-1".into(), &"1".into(), &"crashcart".into())
    );
    assert_eq!(id["sid"], page.sent("session_state"));
    assert_eq!(claims(&tokens["access_token"])["aud"], "account");

    let again = redeem(&mut browser, &code, VERIFIER).await;
    assert_eq!(again.refusal(), "400 invalid_grant: Code not valid");
    let dead = browser.refresh(&tokens).await;
    let words = "400 invalid_grant: Session doesn't have required client";
    assert_eq!(dead.refusal(), words, "whoever has the code has no tokens");
}

#[tokio::test]
async fn a_wrong_verifier_burns_a_code_and_time_ends_it() {
    let night = Night::start(Settings::default()).await;
    let mut browser = Browser::new(&night);
    for (verifier, words) in [("x", "Invalid code verifier"), (CHALLENGE, "Code mismatch")] {
        let page = browser.post(&wanted(""), "person=alice&allow=true").await;
        let code = page.sent("code").to_owned();
        let wrong = redeem(&mut browser, &code, verifier).await;
        let words = format!("400 invalid_grant: PKCE verification failed: {words}");
        assert_eq!(wrong.refusal(), words);
        let burnt = redeem(&mut browser, &code, VERIFIER).await;
        assert_eq!(burnt.refusal(), "400 invalid_grant: Code not valid");
    }
    let page = browser.post(&wanted(""), "allow=true").await;
    night.pass(61);
    let late = redeem(&mut browser, page.sent("code"), VERIFIER).await;
    assert_eq!(late.refusal(), "400 invalid_grant: Code not valid");
}

#[tokio::test]
async fn a_request_for_a_code_that_makes_no_sense_goes_back_or_stays_on_the_page() {
    let night = Night::start(Settings::default()).await;
    let mut browser = Browser::new(&night);
    let back = [
        (wanted("").replace("S256", "plain"), "invalid_request"),
        (wanted("").replace("openid", "gold"), "invalid_scope"),
        (wanted("&prompt=none"), "login_required"),
    ];
    for (address, error) in back {
        let page = browser.get(&address).await;
        assert_eq!((page.status, page.sent("error")), (302, error), "{address}");
        assert_eq!(page.sent("state"), "s-1");
    }
    let denied = browser.post(&wanted(""), "allow=false").await;
    assert_eq!(denied.sent("error"), "access_denied");
    let essential = |value: &str| {
        let claims =
            format!("{{\"id_token\":{{\"acr\":{{\"essential\":true,\"value\":\"{value}\"}}}}}}");
        let coded = claims
            .replace('{', "%7B")
            .replace('}', "%7D")
            .replace('"', "%22");
        wanted(&format!("&claims={coded}"))
    };
    for (address, words) in [
        (wanted("").replace("127.0.0.1", "localhost"), "redirect_uri"),
        (
            wanted("").replace("127.0.0.1", "%5B%3A%3A1%5D"),
            "redirect_uri",
        ),
        (
            wanted("").replace("client_id=crashcart", "client_id=other"),
            "Client not found",
        ),
        (essential("gold"), "Invalid parameter: claims"),
    ] {
        let page = browser.get(&address).await;
        assert_eq!(page.status, 400, "{address}");
        assert!(page.text.contains(words), "{}", page.text);
    }
    let page = browser
        .post(&essential("3"), "person=alice&otp=true&allow=true")
        .await;
    assert_eq!(page.status, 400);
    assert!(
        page.text.contains("requirements not fulfilled"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn a_level_is_reached_on_the_code_flow_and_belongs_to_the_browser() {
    let night = Night::start(Settings::default()).await;
    let (mut browser, first) = signed_in(&night).await;
    night.pass(30);
    let terminal = device(&night, &mut browser, "openid", "allow=true").await;
    let id = claims(&terminal["id_token"]);
    // The device grant drops acr_values, max_age and prompt without a word, and keeps the nonce.
    assert_eq!((&id["acr"], &id["nonce"]), (&"1".into(), &"n-2".into()));
    assert_eq!(id["auth_time"], claims(&first["id_token"])["auth_time"]);
    assert_eq!(id["sid"], claims(&first["id_token"])["sid"], "one browser");

    let silent = browser.get(&wanted("&prompt=none")).await;
    assert!(!silent.sent("code").is_empty(), "signed in already");
    let page = browser.get(&wanted("&acr_values=2")).await;
    assert!(page.text.contains("Second factor"), "{}", page.text);
    let without = browser.post(&wanted("&acr_values=2"), "allow=true").await;
    assert_eq!(without.status, 400);
    let page = browser
        .post(&wanted("&acr_values=2"), "otp=true&allow=true")
        .await;
    let stepped = redeem(&mut browser, page.sent("code"), VERIFIER)
        .await
        .json();
    assert_eq!(claims(&stepped["id_token"])["acr"], "2");

    let renewed = browser.refresh(&terminal).await.json();
    let id = claims(&renewed["id_token"]);
    assert_eq!(
        (&id["acr"], &id["nonce"]),
        (&"2".into(), &Value::Null),
        "raised from elsewhere"
    );
    let old = browser.get(&wanted("&max_age=10")).await;
    assert_eq!(old.status, 302, "proved just now");
    night.pass(11);
    let old = browser.get(&wanted("&max_age=10")).await;
    assert_eq!(old.status, 200, "asked again");
}

#[tokio::test]
async fn two_terminals_of_one_browser_rotate_alone_and_end_together() {
    let night = Night::start(Settings::default()).await;
    let (mut browser, one) = signed_in(&night).await;
    let two = device(&night, &mut browser, "openid", "allow=true").await;
    let next = browser.refresh(&one).await.json();
    let two = browser.refresh(&two).await.json();
    let reused = browser.refresh(&one).await;
    assert!(reused.refusal().ends_with("reuse exceeded"));
    for tokens in [&next, &two] {
        let dead = browser.refresh(tokens).await.refusal();
        assert!(
            dead.ends_with("Session doesn't have required client"),
            "{dead}"
        );
        let access = tokens["access_token"].as_str().unwrap();
        let info = browser.userinfo(access).await.refusal();
        assert!(info.starts_with("401") && info.ends_with("user_session_not_found"));
    }
}

#[tokio::test]
async fn what_is_revoked_and_who_may() {
    let night = Night::start(Settings::default()).await;
    let (mut browser, tokens) = signed_in(&night).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let (access, refresh) = (text("access_token"), text("refresh_token"));
    let info = browser.userinfo(&access).await;
    assert_eq!(info.status, 200);
    assert_eq!(info.json()["preferred_username"], "alice@meridian.test");
    assert!(info.json()["acr"].is_null());
    let foreign = format!("client_id=crashcart-approve&token={refresh}");
    let foreign = browser.post("/revoke", &foreign).await;
    assert!(foreign.refusal().ends_with("Unmatching clients") && foreign.status == 400);
    let form = format!("client_id=crashcart&token={access}");
    assert_eq!(browser.post("/revoke", &form).await.status, 200);
    assert_eq!(browser.userinfo(&access).await.status, 401);
    let next = browser.refresh(&tokens).await;
    assert_eq!(next.status, 200, "the session goes on");
    let refresh = next.json()["refresh_token"].as_str().unwrap().to_owned();
    let form = format!("client_id=crashcart&token={refresh}");
    let done = browser.post("/revoke", &form).await;
    assert_eq!((done.status, done.text.as_str()), (200, ""));
    let again = browser.post("/revoke", &form).await.refusal();
    assert_eq!(again, "200 invalid_token: Invalid token");
    let page = browser.get(&wanted("&prompt=none")).await;
    assert_eq!(
        page.sent("error"),
        "login_required",
        "the browser is out too"
    );
}

#[tokio::test]
async fn a_logout_takes_a_refresh_token_or_an_id_token_that_is_still_believed() {
    let night = Night::start(Settings::default()).await;
    let (mut browser, tokens) = signed_in(&night).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let form = format!("client_id=crashcart&refresh_token={refresh}");
    assert_eq!(browser.post("/logout", &form).await.status, 204);
    assert!(
        browser
            .refresh(&tokens)
            .await
            .refusal()
            .ends_with("Session not active")
    );

    let (mut browser, tokens) = signed_in(&night).await;
    let form = format!("id_token_hint={}", tokens["id_token"].as_str().unwrap());
    assert_eq!(browser.post("/logout", &form).await.status, 200);
    assert!(
        browser
            .refresh(&tokens)
            .await
            .refusal()
            .ends_with("Session not active")
    );
    night.alone.issuer().rotate_keys().unwrap();
    night.alone.issuer().drop_old_keys();
    let page = browser.post("/logout", &form).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("id_token_hint"));
}

#[tokio::test]
async fn the_key_set_lists_old_keys_for_a_while_and_one_that_signs_nothing() {
    let night = Night::start(Settings::default()).await;
    let (mut browser, tokens) = signed_in(&night).await;
    let access = tokens["access_token"].as_str().unwrap();
    let uses = |page: crate::night::Page| -> Vec<String> {
        let keys = page.json()["keys"].as_array().unwrap().clone();
        keys.iter()
            .map(|key| key["use"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(uses(browser.get("/certs").await), ["sig", "enc"]);
    night.alone.issuer().rotate_keys().unwrap();
    assert_eq!(uses(browser.get("/certs").await), ["sig", "sig", "enc"]);
    assert_eq!(browser.userinfo(access).await.status, 200);
    night.alone.issuer().drop_old_keys();
    assert_eq!(uses(browser.get("/certs").await), ["sig", "enc"]);
    assert_eq!(browser.userinfo(access).await.status, 401);
    assert_eq!(
        browser.refresh(&tokens).await.status,
        200,
        "a renewal needs no old key"
    );
}

#[tokio::test]
async fn scopes_decide_on_the_id_token_and_on_an_end() {
    let night = Night::start(Settings::default()).await;
    let mut browser = Browser::new(&night);
    let tokens = device(&night, &mut browser, "profile", "person=erik&allow=true").await;
    assert!(tokens["id_token"].is_null() && tokens["access_token"].is_string());
    let scope = "openid+offline_access+gold";
    let tokens = device(&night, &mut browser, scope, "allow=true").await;
    assert_eq!(
        (&tokens["scope"], &tokens["refresh_expires_in"]),
        (&"openid offline_access".into(), &0.into())
    );
    night.pass(90_000);
    assert_eq!(browser.refresh(&tokens).await.status, 200);
}

#[tokio::test]
async fn dex_says_the_same_with_other_codes() {
    let night = Night::start(Settings {
        manners: Manners::Dex,
        ..Settings::default()
    })
    .await;
    let mut browser = Browser::new(&night);
    let found = browser
        .get("/.well-known/openid-configuration")
        .await
        .json();
    assert!(found["revocation_endpoint"].is_null() && found["end_session_endpoint"].is_null());
    let form = format!(
        "client_id=crashcart&scope=openid&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let begun = browser.post("/auth/device", &form).await.json();
    let poll = |code: &str| {
        format!(
            "client_id=crashcart&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code={code}"
        )
    };
    let pending = poll(begun["device_code"].as_str().unwrap());
    assert_eq!(
        browser.post("/token", &pending).await.refusal(),
        "401 authorization_pending: "
    );
    assert_eq!(
        browser.post("/token", &pending).await.refusal(),
        "400 slow_down: "
    );
    let unknown = browser.post("/token", &poll("x")).await;
    assert_eq!(
        unknown.refusal(),
        "400 invalid_request: Invalid Device code."
    );
}

#[tokio::test]
async fn dex_gives_less_and_forgives_a_spent_refresh_token() {
    let night = Night::start(Settings {
        manners: Manners::Dex,
        ..Settings::default()
    })
    .await;
    let mut browser = Browser::new(&night);
    let answer = "person=alice&allow=true";
    let tokens = device(&night, &mut browser, "openid+groups", answer).await;
    let id = claims(&tokens["id_token"]);
    for absent in ["nonce", "acr", "auth_time", "azp", "sid"] {
        assert!(id[absent].is_null(), "{absent}");
    }
    assert_eq!(id["groups"][0], "sre-oncall");
    assert!(tokens["refresh_token"].is_null(), "only for offline_access");
    let tokens = device(&night, &mut browser, "openid+offline_access", answer).await;
    let next = browser.refresh(&tokens).await;
    assert_eq!(next.status, 200);
    let again = browser.refresh(&tokens).await.refusal();
    assert!(
        again.starts_with("400 invalid_request: Refresh token is invalid"),
        "{again}"
    );
    assert_eq!(
        browser.refresh(&next.json()).await.status,
        200,
        "the new one lives on"
    );
    assert_eq!(
        browser
            .post("/revoke", "client_id=crashcart&token=x")
            .await
            .status,
        404
    );
}

//! Signing in with a browser: its last address pasted, or listened for, and whoever else comes to the door.

use crate::night::Browser;
use crate::night::Night;
use crate::night::Page;
use crashcart::auth::AuthError;
use crashcart::auth::oidc;
use crashcart::auth::oidc::Anew;
use crashcart::auth::oidc::CodeGrant;
use crashcart::auth::oidc::PASTE_REDIRECT;
use crashcart::auth::oidc::Return;
use crashcart::auth::oidc::loopback::Door;
use crashcart::auth::oidc::loopback::Visit;
use crashcart::sim::issuer::Manners;
use crashcart::sim::issuer::Settings;
use http_body_util::BodyExt as _;
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// A sign-in that waits for a pasted address.
async fn begun(night: &Night) -> (oidc::Issuer, CodeGrant) {
    let client = night.discover().await.unwrap();
    let grant = client
        .start_code(PASTE_REDIRECT, false, night.now())
        .unwrap();
    (client, grant)
}

/// A browser that opens the address of a grant and answers its page.
async fn browse(night: &Night, grant: &CodeGrant, answer: &str) -> Page {
    let path = grant.prompt.address.as_str();
    let path = path.strip_prefix(night.alone.url()).unwrap();
    let mut browser = Browser::new(night);
    assert_eq!(browser.get(path).await.status, 200);
    let page = browser.post(path, answer).await;
    assert_eq!(page.status, 302, "{page:?}");
    page
}

fn odd(came: Return) -> String {
    match came {
        Return::Odd(sentence) => sentence.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_pasted_address_signs_in_at_issuers_of_both_manners_and_once() {
    for manners in [Manners::Keycloak, Manners::Dex] {
        let settings = Settings {
            manners,
            ..Settings::default()
        };
        let night = Night::start(settings).await;
        let (mut client, grant) = begun(&night).await;
        let address = grant.prompt.address.as_str();
        for part in [
            "code_challenge_method=S256",
            "nonce=",
            "state=",
            "code_challenge=",
        ] {
            assert!(address.contains(part), "{address}");
        }
        let page = browse(&night, &grant, "person=alice&allow=true").await;
        let came = client.redeem(&grant, &page.location, night.now()).await;
        let Return::Done(done) = came.unwrap() else {
            panic!("not signed in");
        };
        assert_eq!(done.0.person.login, "alice@meridian.test");
        let again = client.redeem(&grant, &page.location, night.now()).await;
        assert!(
            matches!(again, Err(AuthError::CodeSpent { .. })),
            "{again:?}"
        );
        assert!(!format!("{grant:?} {done:?}").contains(page.sent("code")));
    }
}

/// A browser that is signed in at the issuer already.
async fn known(night: &Night) -> Browser {
    let (_, grant) = begun(night).await;
    let mut browser = Browser::new(night);
    let path = grant.prompt.address.as_str();
    let path = path.strip_prefix(night.alone.url()).unwrap();
    assert_eq!(
        browser.post(path, "person=alice&allow=true").await.status,
        302
    );
    assert!(browser.cookie.is_some());
    browser
}

#[tokio::test]
async fn whoever_comes_back_proves_it_anew_whatever_the_browser_remembers() {
    let night = Night::start(Settings::default()).await;
    let mut browser = known(&night).await;
    night.pass(600);
    let anew = Anew {
        since: Some(night.now()),
    };
    night.pass(600);
    let (mut client, plain) = begun(&night).await;
    let of = |grant: &CodeGrant| {
        let path = grant.prompt.address.as_str();
        path.strip_prefix(night.alone.url()).unwrap().to_owned()
    };
    let page = browser.get(&of(&plain)).await;
    assert_eq!(page.status, 302, "a plain sign-in asks nobody: {page:?}");

    let grant = plain.anew(Some(anew));
    let page = browser.get(&of(&grant)).await;
    assert_eq!(page.status, 200, "the page asks: {page:?}");
    let page = browser.post(&of(&grant), "allow=true").await;
    assert_eq!(page.status, 400, "and whom it remembers is not enough");

    // A browser could leave the wish out: the token tells.
    let without = of(&grant).replace("&prompt=login&max_age=0", "");
    assert_ne!(without, of(&grant));
    let page = browser.get(&without).await;
    let came = client.redeem(&grant, &page.location, night.now()).await;
    assert!(matches!(came, Err(AuthError::NotAnew { .. })), "{came:?}");

    let page = browser.post(&of(&grant), "person=alice&allow=true").await;
    let came = client.redeem(&grant, &page.location, night.now()).await;
    assert!(matches!(came, Ok(Return::Done(_))), "{came:?}");
}

#[tokio::test]
async fn a_device_code_that_a_browser_allows_by_what_it_remembers_brings_nobody_back() {
    let night = Night::start(Settings::default()).await;
    let mut browser = known(&night).await;
    night.pass(600);
    let anew = Anew {
        since: Some(night.now()),
    };
    for (form, comes) in [("allow=true", false), ("person=alice&allow=true", true)] {
        let (mut client, grant) = night.begun().await;
        let grant = grant.anew(Some(anew));
        let code = grant.prompt.user_code.as_str();
        let page = browser
            .post("/device", &format!("user_code={code}&{form}"))
            .await;
        assert_eq!(page.status, 200, "{page:?}");
        let came = client.poll_once(&grant, night.now()).await;
        let refused = matches!(came, Err(AuthError::NotAnew { .. }));
        assert_eq!(refused, !comes, "{form}: {came:?}");
    }
}

#[tokio::test]
async fn an_issuer_that_does_not_say_when_is_believed() {
    let settings = Settings {
        manners: Manners::Dex,
        ..Settings::default()
    };
    let night = Night::start(settings).await;
    let (mut client, grant) = begun(&night).await;
    let since = night.now().checked_add(jiff::SignedDuration::from_hours(1));
    let grant = grant.anew(Some(Anew {
        since: Some(since.unwrap()),
    }));
    let page = browse(&night, &grant, "person=alice&allow=true").await;
    let came = client.redeem(&grant, &page.location, night.now()).await;
    assert!(matches!(came, Ok(Return::Done(_))), "{came:?}");
}

#[tokio::test]
async fn an_address_of_another_sign_in_leaves_this_one_waiting() {
    let night = Night::start(Settings::default()).await;
    let (mut client, grant) = begun(&night).await;
    let (_, other) = begun(&night).await;
    let foreign = browse(&night, &other, "person=bob&allow=true").await;
    let said = client.redeem(&grant, &foreign.location, night.now()).await;
    assert!(odd(said.unwrap()).contains("another sign-in (state)"));
    let own = browse(&night, &grant, "person=alice&allow=true").await;
    let iss = own.sent("iss").to_owned();
    let evil = own.location.replace(&iss, "https%3A%2F%2Fevil.test");
    let said = client.redeem(&grant, &evil, night.now()).await;
    assert!(odd(said.unwrap()).contains("another issuer (iss)"));
    let without = own.location.replace(&format!("&iss={iss}"), "");
    let said = client.redeem(&grant, &without, night.now()).await;
    assert!(odd(said.unwrap()).contains("another issuer (iss)"));
    let came = client.redeem(&grant, &own.location, night.now()).await;
    assert!(matches!(came, Ok(Return::Done(_))), "none of them spent it");
}

#[tokio::test]
async fn a_pasted_denial_is_a_denial_and_a_pasted_refusal_says_which() {
    let night = Night::start(Settings::default()).await;
    let (mut client, grant) = begun(&night).await;
    let page = browse(&night, &grant, "person=alice&allow=false").await;
    assert_eq!(page.sent("error"), "access_denied");
    let came = client.redeem(&grant, &page.location, night.now()).await;
    assert!(matches!(came, Ok(Return::Denied)), "{came:?}");
    let scope = page.location.replace("access_denied", "invalid_scope");
    let came = client.redeem(&grant, &scope, night.now()).await;
    assert!(matches!(came, Err(AuthError::UnknownScope { .. })));
}

/// What somebody on this host gets from the door: status, or nothing.
pub(crate) async fn knock(verb: &str, address: &str, host: Option<&str>) -> u16 {
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let mut request = Request::builder().method(verb).uri(address);
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let answer = client.request(request.body(Empty::new()).unwrap()).await;
    let answer = answer.unwrap();
    let status = answer.status().as_u16();
    drop(answer.into_body().collect().await);
    status
}

/// The door takes the next visitor while somebody knocks.
async fn let_in(door: &Door, address: String) -> (Visit, tokio::task::JoinHandle<u16>) {
    #[expect(clippy::disallowed_methods, reason = "a test's own browser")]
    let knocking = tokio::spawn(async move { knock("GET", &address, None).await });
    (door.next().await, knocking)
}

#[tokio::test]
async fn a_visit_does_not_show_the_code_that_it_brings() {
    let door = Door::open().await.unwrap();
    let address = format!("{}?code=canary&state=s", door.redirect());
    let (visit, knocking) = let_in(&door, address).await;
    assert!(visit.address.contains("canary"));
    assert!(!format!("{visit:?}").contains("canary"));
    visit.answer(true, "Done.").await;
    assert_eq!(knocking.await.unwrap(), 200);
}

#[tokio::test]
async fn at_id_19_what_another_process_brings_to_the_door_is_ignored_and_the_door_closes() {
    let night = Night::start(Settings::default()).await;
    let mut client = night.discover().await.unwrap();
    let door = Door::open().await.unwrap();
    let grant = client
        .start_code(&door.redirect(), true, night.now())
        .unwrap();
    let place = door.redirect();

    // Of another form: refused at the door, and the sign-in does not hear of it.
    let root = place.replace("/callback", "/");
    let wrong = [
        ("POST", format!("{place}?code=c&state=s"), None, 405),
        ("GET", root, None, 404),
        ("GET", place.clone(), None, 404),
        ("GET", format!("{place}?code=c"), Some("evil.test"), 421),
    ];
    let knocks = async {
        for (verb, address, host, status) in &wrong {
            assert_eq!(
                knock(verb, address, *host).await,
                *status,
                "{verb} {address}"
            );
        }
        knock("GET", &format!("{place}?code=c&state=guessed"), None).await
    };
    let theft = async {
        let visit = door.next().await;
        let said = client.redeem(&grant, &visit.address, night.now()).await;
        let said = odd(said.unwrap());
        assert!(said.contains("another sign-in (state)"), "{said}");
        visit.answer(false, &said).await;
    };
    assert_eq!(tokio::join!(knocks, theft).0, 400);

    let page = browse(&night, &grant, "person=alice&allow=true").await;
    let (visit, browser) = let_in(&door, page.location.clone()).await;
    let came = client.redeem(&grant, &visit.address, night.now()).await;
    assert!(matches!(came, Ok(Return::Done(_))), "{came:?}");
    visit.answer(true, "You are signed in.").await;
    assert_eq!(browser.await.unwrap(), 200);

    drop(door);
    let address = place.trim_start_matches("http://").replace("/callback", "");
    let late = tokio::net::TcpStream::connect(address).await;
    assert!(late.is_err(), "a replay finds nobody");
}

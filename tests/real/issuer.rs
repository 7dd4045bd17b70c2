//! An issuer as the threats see it: the simulated one and the real Keycloak stand to the same tests.

use std::path::Path;

use crashcart::auth::AuthError;
use crashcart::auth::Session;
use crashcart::auth::Tokens;
use crashcart::auth::oidc;
use crashcart::auth::oidc::DeviceGrant;
use crashcart::auth::oidc::Poll;
use crashcart::config::Flow;
use crashcart::config::Identity;
use crashcart::config::Pem;
use jiff::Timestamp;
use serde_json::json;

use crate::browser::Browser;
use crate::keycloak::Keycloak;
use crate::night::Night;
use crate::web::Web;

/// The console's client.
pub(crate) const CLIENT: &str = "crashcart";

/// What a test does at an issuer, whichever it is.
pub(crate) trait Issuer {
    /// The identity that a configuration would have for it, with this client.
    fn identity(&self, client: &str) -> Identity;

    /// The time of the person's machine.
    fn now(&self) -> Timestamp;

    /// How often it was asked for its keys, where that can be known.
    fn key_reads(&self) -> Option<usize>;

    /// A client for requests of the test's own, and the addresses of the issuer's documents.
    fn web(&self) -> Web;

    /// Answers a code as a person, in a browser of their own: allows or denies it.
    async fn answer(&self, code: &str, person: &str, allow: bool);

    /// Opens a page of the issuer as a person who allows what it asks; gives the address the browser is sent to.
    async fn browse(&self, address: &str, person: &str) -> String;

    /// Lets time pass before a question; who is not asked too early by then is told so and asks again.
    async fn pause(&self);

    /// Signs with a fresh key from now on.
    async fn rotate_keys(&self);

    /// Signs ID tokens of the console's client by this algorithm; false when it knows one only.
    async fn sign_by(&self, algorithm: &str) -> bool;

    /// Ends every session of a person, as an administrator does.
    async fn end_sessions(&self, person: &str);

    /// Does not answer from now on.
    async fn stop(&self);

    /// Answers again.
    async fn start(&self);
}

/// A client that has asked an issuer for its endpoints and for a code.
pub(crate) async fn begun(issuer: &impl Issuer, client: &str) -> (oidc::Issuer, DeviceGrant) {
    let identity = issuer.identity(client);
    let client = oidc::discover(&identity, oidc::DEADLINE).await;
    let client = client.expect("the issuer's documents");
    let grant = client.start_device(issuer.now()).await;
    (client, grant.expect("a code"))
}

/// What becomes of a code that a person allows, judged at a time of the person's machine.
pub(crate) async fn allowed_at(
    issuer: &impl Issuer,
    client: &mut oidc::Issuer,
    person: &str,
    now: Timestamp,
) -> Result<(Session, Tokens), AuthError> {
    let grant = client.start_device(now).await?;
    issuer
        .answer(grant.prompt.user_code.as_str(), person, true)
        .await;
    match client.poll_once(&grant, now).await? {
        Poll::Done(done) => Ok(*done),
        other => panic!("{person} allowed it, and the issuer says {other:?}"),
    }
}

/// A client with the tokens of a person.
pub(crate) async fn signed_in(
    issuer: &impl Issuer,
    client: &str,
    person: &str,
) -> (oidc::Issuer, Session, Tokens) {
    let (mut client, grant) = begun(issuer, client).await;
    issuer
        .answer(grant.prompt.user_code.as_str(), person, true)
        .await;
    match client.poll_once(&grant, issuer.now()).await {
        Ok(Poll::Done(done)) => (client, done.0, done.1),
        other => panic!("{person} is not signed in: {other:?}"),
    }
}

fn identity(issuer: &str, ca: (&Path, &[u8]), client: &str) -> Identity {
    Identity {
        name: "keycloak".to_owned(),
        issuer: issuer.to_owned(),
        place: "crashcart.toml line 6".to_owned(),
        ca: Some(Pem::new(ca.0, ca.1).expect("the authority")),
        client_id: client.to_owned(),
        flow: Flow::Device,
        loopback_on_shared_host: false,
        groups_claim: "groups".to_owned(),
        person_claim: None,
    }
}

impl Issuer for Keycloak {
    fn identity(&self, client: &str) -> Identity {
        let ca = self.ca();
        let pem = std::fs::read(&ca).expect("the authority");
        identity(self.said("issuer"), (&ca, &pem), client)
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn key_reads(&self) -> Option<usize> {
        Some(self.asked("/protocol/openid-connect/certs"))
    }

    fn web(&self) -> Web {
        Web::trusting(&self.ca())
    }

    async fn answer(&self, code: &str, person: &str, allow: bool) {
        let address = format!("{}/device?user_code={code}", self.said("issuer"));
        let last = Browser::of(person, &self.ca()).walk(&address, allow).await;
        assert!(last.status == 200 || !allow, "{}", last.text);
    }

    async fn browse(&self, address: &str, person: &str) -> String {
        let last = Browser::of(person, &self.ca()).walk(address, true).await;
        last.location.expect("a redirect out of the issuer")
    }

    async fn pause(&self) {
        tokio::task::yield_now().await;
    }

    async fn rotate_keys(&self) {
        Keycloak::rotate_keys(self).await;
    }

    async fn sign_by(&self, algorithm: &str) -> bool {
        let attributes = json!({"id.token.signed.response.alg": algorithm});
        self.set_client(CLIENT, attributes).await;
        true
    }

    async fn end_sessions(&self, person: &str) {
        let login = format!("{person}@meridian.test");
        let id = self
            .id(&format!("/users?exact=true&username={login}"))
            .await;
        let path = format!("/users/{id}/logout");
        self.admin("POST", &path, &json!({})).await;
    }

    async fn stop(&self) {
        Keycloak::stop(self);
    }

    async fn start(&self) {
        Keycloak::start(self);
    }
}

impl Issuer for Night {
    fn identity(&self, client: &str) -> Identity {
        Night::identity(self, client)
    }

    fn now(&self) -> Timestamp {
        Night::now(self)
    }

    fn key_reads(&self) -> Option<usize> {
        None
    }

    fn web(&self) -> Web {
        Web::of(self.alone.ca().as_bytes())
    }

    async fn answer(&self, code: &str, person: &str, allow: bool) {
        let client = self.discover().await.expect("its documents");
        let person = allow.then_some(person);
        let answered = client.answer_simulated(code, person).await;
        answered.expect("it takes the answer");
    }

    async fn browse(&self, address: &str, person: &str) -> String {
        let path = address.strip_prefix(self.alone.url());
        let mut browser = crate::night::Browser::new(self);
        let form = format!("person={person}&allow=true");
        let page = browser.post(path.expect("a page of its own"), &form).await;
        page.location
    }

    async fn pause(&self) {
        self.pass(1);
    }

    async fn rotate_keys(&self) {
        self.alone.issuer().rotate_keys().expect("a key");
    }

    async fn sign_by(&self, _: &str) -> bool {
        false
    }

    async fn end_sessions(&self, person: &str) {
        self.alone.issuer().end_sessions(person);
    }

    async fn stop(&self) {
        self.fault("identity=sim fault=outage for=1h");
        while self.discover().await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    async fn start(&self) {
        self.alone.faults().clear();
        while self.discover().await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}

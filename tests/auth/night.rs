//! The simulated issuer on loopback, crashcart's client on it, and a browser that asks plainly.

use crashcart::auth::AuthError;
use crashcart::auth::Session;
use crashcart::auth::Tokens;
use crashcart::auth::oidc;
use crashcart::auth::oidc::DeviceGrant;
use crashcart::auth::oidc::Poll;
use crashcart::config::Flow;
use crashcart::config::Identity;
use crashcart::config::Pem;
use crashcart::sim::clock::Clock;
use crashcart::sim::issuer::Alone;
use crashcart::sim::issuer::Settings;
use crashcart::sim::people::People;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper_rustls::HttpsConnector;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use rustls::ClientConfig;
use rustls::RootCertStore;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The verifier of RFC 7636's own example, and its challenge.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An issuer and its clock, which stands until it is moved.
pub(crate) struct Night {
    pub(crate) alone: Alone,
    pub(crate) clock: Clock,
}

impl Night {
    /// It begins now, because certificates are judged by the wall clock.
    pub(crate) async fn start(settings: Settings) -> Night {
        let clock = Clock::manual(Clock::real(1).now());
        let people = Arc::new(People::new(7));
        let alone = Alone::start(people, clock.clone(), 7, settings)
            .await
            .unwrap();
        Night { alone, clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn fault(&self, words: &str) {
        self.alone.faults().add(words.parse().unwrap());
    }

    pub(crate) fn identity(&self, client_id: &str) -> Identity {
        Identity {
            name: "sim".to_owned(),
            issuer: self.alone.url().to_owned(),
            place: "crashcart.toml line 6".to_owned(),
            ca: Some(Pem::new(Path::new("issuer.crt"), self.alone.ca().as_bytes()).unwrap()),
            client_id: client_id.to_owned(),
            flow: Flow::Device,
            loopback_on_shared_host: false,
            groups_claim: "groups".to_owned(),
            person_claim: None,
        }
    }

    pub(crate) async fn discover(&self) -> Result<oidc::Issuer, AuthError> {
        oidc::discover(&self.identity("crashcart"), oidc::DEADLINE).await
    }

    /// A client that has a code.
    pub(crate) async fn begun(&self) -> (oidc::Issuer, DeviceGrant) {
        let client = self.discover().await.unwrap();
        let grant = client.start_device(self.now()).await.unwrap();
        (client, grant)
    }

    /// A client whose code was allowed as a person.
    pub(crate) async fn allowed(&self, person: &str) -> (oidc::Issuer, DeviceGrant) {
        let (client, grant) = self.begun().await;
        let code = grant.prompt.user_code.as_str();
        client.answer_simulated(code, Some(person)).await.unwrap();
        (client, grant)
    }

    pub(crate) async fn signed_in(&self, person: &str) -> (oidc::Issuer, Session, Tokens) {
        let (mut client, grant) = self.allowed(person).await;
        let Poll::Done(done) = client.poll_once(&grant, self.now()).await.unwrap() else {
            panic!("{person} is not signed in");
        };
        let (session, tokens) = *done;
        (client, session, tokens)
    }
}

/// A browser: asks as it is told, follows nothing, keeps one cookie.
pub(crate) struct Browser {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    pub(crate) cookie: Option<String>,
}

/// An answer that was read.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// `status error: description`.
    pub(crate) fn refusal(&self) -> String {
        let body = self.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (error, words) = (text("error"), text("error_description"));
        format!("{} {error}: {words}", self.status)
    }

    /// A parameter of the address that the browser is sent to.
    pub(crate) fn sent(&self, name: &str) -> &str {
        let query = self.location.split_once('?').map_or("", |pair| pair.1);
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|pair| pair.0 == name).map_or("", |pair| pair.1)
    }
}

impl Browser {
    pub(crate) fn new(night: &Night) -> Browser {
        Browser::at(night.alone.url(), night.alone.ca())
    }

    /// A browser at an address, with the authority it trusts.
    pub(crate) fn at(url: &str, ca: &str) -> Browser {
        let pem = Pem::new(Path::new("issuer.crt"), ca.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(pem.certificates());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .build();
        Browser {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: url.to_owned(),
            cookie: None,
        }
    }

    async fn ask(&mut self, request: hyper::http::request::Builder, body: &str) -> Page {
        let mut request = request.header("accept", "text/html,application/json");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let body = Full::new(Bytes::from(body.to_owned()));
        let answer = self.client.request(request.body(body).unwrap()).await;
        let answer = answer.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        if let Some(kept) = header("set-cookie") {
            self.cookie = kept.split(';').next().map(str::to_owned);
        }
        let (status, location) = (answer.status().as_u16(), header("location"));
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        Page {
            status,
            location: location.unwrap_or_default(),
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let request = Request::get(format!("{}{path}", self.url));
        self.ask(request, "").await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Page {
        let request = Request::post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded");
        self.ask(request, form).await
    }

    /// The status of what the issuer says about an access token.
    pub(crate) async fn userinfo(&mut self, access: &str) -> Page {
        let request = Request::get(format!("{}/userinfo", self.url))
            .header("authorization", format!("Bearer {access}"));
        self.ask(request, "").await
    }

    pub(crate) async fn refresh(&mut self, tokens: &Value) -> Page {
        let token = tokens["refresh_token"].as_str().unwrap();
        let form = format!("client_id=crashcart&grant_type=refresh_token&refresh_token={token}");
        self.post("/token", &form).await
    }
}

/// The claims of a token, unchecked.
pub(crate) fn claims(token: &Value) -> Value {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&B64.decode(part).unwrap()).unwrap()
}

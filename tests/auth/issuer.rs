//! A very small HTTPS issuer on loopback that answers by a script and keeps what it heard.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use crashcart::config::Flow;
use crashcart::config::Identity;
use crashcart::config::Pem;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use hyper::Request;
use hyper::Response;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::PublicKeyData as _;
use rcgen::SigningKey as _;
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The second every test lives in.
pub(crate) const NOW: i64 = 1_786_767_100;

/// One answer of an endpoint.
#[derive(Clone)]
pub(crate) enum Reply {
    Json(u16, Value),
    /// Tokens with these claims changed (null takes one away).
    Tokens(Value),
    /// Tokens whose ID token is this text.
    Raw(String),
    /// Tokens signed with a key that comes into the set of keys with them.
    NewKey,
    /// Tokens signed with a key that is in no set.
    ForeignKey,
    /// More than a client will read.
    Huge,
    /// Somewhere else.
    Redirect,
    /// Nothing, ever.
    Stall,
}

/// What a test sets and what it looks at afterwards.
#[derive(Default)]
pub(crate) struct Desk {
    /// What the next requests to a path get; when it is empty, the usual.
    pub(crate) script: BTreeMap<&'static str, VecDeque<Reply>>,
    /// Members put into the discovery document (null takes one away).
    pub(crate) discovery: Value,
    /// Paths asked for, with their forms.
    pub(crate) heard: Vec<(String, BTreeMap<String, String>)>,
    /// TLS handshakes that were finished.
    pub(crate) handshakes: usize,
    /// TLS handshakes that were broken off.
    pub(crate) broken: usize,
}

pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) ca: String,
    pub(crate) desk: Arc<Mutex<Desk>>,
}

struct Keys {
    usual: KeyPair,
    new: KeyPair,
    foreign: KeyPair,
    both: Mutex<bool>,
}

struct Server {
    url: String,
    keys: Keys,
    desk: Arc<Mutex<Desk>>,
}

impl Issuer {
    /// Starts one; it ends with the test's runtime.
    #[expect(clippy::disallowed_methods, reason = "a test's own server")]
    pub(crate) async fn start() -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let authority = rcgen::Issuer::new(ca, ca_key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let cert = params.signed_by(&key, &authority).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![cert.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let desk = Arc::new(Mutex::new(Desk::default()));
        let server = Arc::new(Server {
            url: url.clone(),
            keys: Keys {
                usual: KeyPair::generate().unwrap(),
                new: KeyPair::generate().unwrap(),
                foreign: KeyPair::generate().unwrap(),
                both: Mutex::new(false),
            },
            desk: Arc::clone(&desk),
        });
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, acceptor) = (Arc::clone(&server), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        server.desk.lock().unwrap().broken += 1;
                        return;
                    };
                    server.desk.lock().unwrap().handshakes += 1;
                    let answer = service_fn(|request| server.answer(request));
                    let http = hyper::server::conn::http1::Builder::new();
                    let _ = http.serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        Self {
            url,
            ca: ca_pem,
            desk,
        }
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity {
            name: "keycloak".to_owned(),
            issuer: self.url.clone(),
            place: "crashcart.toml line 6".to_owned(),
            ca: Some(Pem::new(Path::new("id.crt"), self.ca.as_bytes()).unwrap()),
            client_id: "crashcart".to_owned(),
            flow: Flow::Device,
            loopback_on_shared_host: false,
            groups_claim: "groups".to_owned(),
            person_claim: None,
        }
    }

    pub(crate) fn say(&self, path: &'static str, reply: Reply) {
        let mut desk = self.desk.lock().unwrap();
        desk.script.entry(path).or_default().push_back(reply);
    }

    pub(crate) fn heard(&self, path: &str) -> Vec<BTreeMap<String, String>> {
        let desk = self.desk.lock().unwrap();
        let calls = desk.heard.iter().filter(|(heard, _)| heard == path);
        calls.map(|(_, form)| form.clone()).collect()
    }
}

impl Server {
    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let form = form(std::str::from_utf8(&body).unwrap());
        let scripted = {
            let mut desk = self.desk.lock().unwrap();
            desk.heard.push((path.clone(), form));
            let queue = desk.script.get_mut(path.as_str());
            queue.and_then(VecDeque::pop_front)
        };
        let (status, value) = match scripted {
            None => self.usual(&path),
            Some(Reply::Json(status, value)) => (status, value),
            Some(Reply::Tokens(changes)) => (200, self.tokens(&self.keys.usual, &changes)),
            Some(Reply::Raw(token)) => (200, json!({"access_token": "a", "id_token": token})),
            Some(Reply::NewKey) => {
                *self.keys.both.lock().unwrap() = true;
                (200, self.tokens(&self.keys.new, &json!({})))
            }
            Some(Reply::ForeignKey) => (200, self.tokens(&self.keys.foreign, &json!({}))),
            Some(Reply::Huge) => (200, json!({"issuer": "x".repeat(2 << 20)})),
            Some(Reply::Redirect) => {
                let to = format!("{}/elsewhere", self.url);
                let answer = Response::builder().status(302).header("location", to);
                return Ok(answer.body(Full::default()).unwrap());
            }
            Some(Reply::Stall) => std::future::pending().await,
        };
        let body = Full::from(value.to_string());
        Ok(Response::builder().status(status).body(body).unwrap())
    }

    fn usual(&self, path: &str) -> (u16, Value) {
        let url = &self.url;
        let value = match path {
            "/.well-known/openid-configuration" => {
                let mut document = json!({
                    "issuer": url,
                    "token_endpoint": format!("{url}/token"),
                    "jwks_uri": format!("{url}/certs"),
                    "device_authorization_endpoint": format!("{url}/device"),
                    "revocation_endpoint": format!("{url}/revoke"),
                });
                change(&mut document, &self.desk.lock().unwrap().discovery);
                document
            }
            "/certs" => {
                let mut keys = vec![jwk(&self.keys.usual), json!({"kty": "XX", "use": "enc"})];
                if *self.keys.both.lock().unwrap() {
                    keys.push(jwk(&self.keys.new));
                }
                json!({ "keys": keys })
            }
            "/device" => json!({
                "device_code": "canary-device",
                "user_code": "WDJB-MJHT",
                "verification_uri": format!("{url}/page"),
                "verification_uri_complete": format!("{url}/page?user_code=WDJB-MJHT"),
                "expires_in": 600,
                "interval": 2,
            }),
            "/token" => self.tokens(&self.keys.usual, &json!({})),
            _ => json!({}),
        };
        (200, value)
    }

    /// Tokens, once PKCE has been proved for a device code.
    fn tokens(&self, key: &KeyPair, changes: &Value) -> Value {
        let desk = self.desk.lock().unwrap();
        let begun = desk.heard.iter().rfind(|(path, _)| path == "/device");
        let asked = desk.heard.iter().rfind(|(path, _)| path == "/token");
        let (begun, asked) = (begun.map(|pair| &pair.1), asked.map(|pair| &pair.1));
        let text = |form: Option<&BTreeMap<String, String>>, name: &str| {
            form.and_then(|form| form.get(name))
                .cloned()
                .unwrap_or_default()
        };
        let mut claims = json!({
            "iss": self.url, "aud": "crashcart", "azp": "crashcart", "sub": "s-1",
            "iat": NOW, "exp": NOW + 300, "auth_time": NOW - 5, "acr": "1",
            "preferred_username": "alice@meridian.test\u{1b}[31m",
            "groups": ["crashcart-operator", "crashcart-viewer"],
        });
        if text(asked, "grant_type") != "refresh_token" {
            let proof = B64.encode(Sha256::digest(text(asked, "code_verifier")));
            assert_eq!(proof, text(begun, "code_challenge"));
            assert_eq!(text(begun, "code_challenge_method"), "S256");
            claims["nonce"] = json!(text(begun, "nonce"));
        }
        change(&mut claims, changes);
        json!({
            "access_token": "canary-access", "id_token": sign(key, &claims),
            "refresh_token": "canary-refresh-2", "refresh_expires_in": 1800,
            "expires_in": 300, "token_type": "Bearer",
        })
    }
}

/// Changes members of an object; null takes one away.
fn change(value: &mut Value, changes: &Value) {
    let object = value.as_object_mut().unwrap();
    for (name, new) in changes.as_object().into_iter().flatten() {
        if new.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), new.clone());
        }
    }
}

fn kid(key: &KeyPair) -> String {
    B64.encode(Sha256::digest(key.der_bytes()))
}

fn jwk(key: &KeyPair) -> Value {
    let point = key.der_bytes();
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid(key),
        "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..65]),
    })
}

/// A compact token, ES256.
fn sign(key: &KeyPair, claims: &Value) -> String {
    let header = json!({"alg": "ES256", "typ": "JWT", "kid": kid(key)});
    let text = unsigned(&header, claims);
    let der = key.sign(text.as_bytes()).unwrap();
    // SEQUENCE { INTEGER r, INTEGER s } to two halves of 32 bytes.
    let mut raw = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let number = &number[length.saturating_sub(32)..];
        raw.extend(vec![0; 32 - number.len()]);
        raw.extend(number);
        rest = &rest[2 + length..];
    }
    format!("{text}.{}", B64.encode(raw))
}

/// Header and claims of a token, joined.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| B64.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn form(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}

//! Connections against small servers on loopback: who is trusted, what is sent, and how often.

#![expect(
    clippy::disallowed_methods,
    reason = "the servers of these tests live in tasks of their own"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on panics"
)]

mod broken;
mod hostile;
mod issuer;
mod night;
mod secrets;
mod sources;
mod truth;
mod writes;

use crashcart::config::Cluster;
use crashcart::config::ClusterAuth;
use crashcart::config::ClusterName;
use crashcart::config::Site;
use crashcart::sources::apply;
use crashcart::sources::cluster::Link;
use crashcart::sources::cluster::TokenSlot;
use crashcart::sources::cluster::fault::Fault;
use crashcart::sources::fact::Fact;
use crashcart::sources::op::Gvr;
use crashcart::sources::op::Op;
use crashcart::text::SafeText;
use jiff::Timestamp;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crashcart::audit::Bound;
use crashcart::audit::Draft;
use crashcart::audit::Kind;
use crashcart::audit::Log;
use crashcart::audit::Permit;
use crashcart::audit::Stamp;
use crashcart::config::Fingerprint;
use crashcart::config::KubeconfigUser;
use crashcart::config::Pem;
use crashcart::config::Secret;
use crashcart::sources::op::Targeted;

/// One request as a server saw it.
#[derive(Clone, Debug)]
struct Saw {
    line: String,
    token: String,
    audit_id: String,
    accept: String,
    body: Vec<u8>,
}

type Answer = fn(&str) -> (u16, &'static str);

/// A server for as long as the test runs: what it saw, its address and its authority.
struct Server {
    saw: Arc<Mutex<Vec<Saw>>>,
    address: String,
    authority: String,
}

impl Server {
    async fn start(answer: Answer) -> Server {
        let (listener, tls, authority) = Server::listen().await;
        let address = format!("https://{}", listener.local_addr().unwrap());
        let saw = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&saw);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, seen) = (tls.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let service =
                        service_fn(move |request| answered(request, Arc::clone(&seen), answer));
                    // A client that hangs up ends its connection, not the test.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Server {
            saw,
            address,
            authority,
        }
    }

    /// A free port on loopback, TLS for it, and the authority that signed its certificate.
    async fn listen() -> (TcpListener, TlsAcceptor, String) {
        let (authority, issuer) = authority();
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        let tls = tls
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (listener, TlsAcceptor::from(Arc::new(tls)), authority)
    }

    fn saw(&self) -> Vec<Saw> {
        self.saw.lock().unwrap().clone()
    }

    /// The cluster as a configuration names it that trusts `authority` and pins `pinned`.
    fn cluster(&self, authority: &str, pinned: &str) -> Cluster {
        let ca = Pem::new(Path::new("ca.crt"), authority.as_bytes()).unwrap();
        let pin = Pem::new(Path::new("pin.crt"), pinned.as_bytes()).unwrap();
        let ca_key = pin.spki_hashes()[0].clone();
        let fingerprint = Some(Fingerprint { ca_key, uid: None });
        Cluster {
            server: self.address.clone(),
            ca,
            fingerprint,
            site: Site::OnPrem,
            name: ClusterName::from("one"),
            auth: ClusterAuth::Oidc {
                identity: "keycloak".to_owned(),
            },
            fallback: None,
            audience: None,
            route: crashcart::config::Route::default(),
            copy_of: None,
        }
    }

    fn link(&self) -> Link {
        let cluster = self.cluster(&self.authority, &self.authority);
        Link::open(&cluster, 7, TokenSlot::new(Secret::new("canary"))).unwrap()
    }
}

fn authority() -> (String, rcgen::Issuer<'static, rcgen::KeyPair>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "test");
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), rcgen::Issuer::new(params, key))
}

async fn answered(
    request: hyper::Request<Incoming>,
    seen: Arc<Mutex<Vec<Saw>>>,
    answer: Answer,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let line = format!("{} {}", request.method(), request.uri());
    let (token, audit_id) = (header("authorization"), header("audit-id"));
    let accept = header("accept");
    let (status, body) = answer(&line);
    let read = request
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec();
    let response = hyper::Response::builder()
        .status(status)
        .header("date", "Sat, 15 Aug 2026 04:54:10 GMT")
        .header("audit-id", &audit_id)
        .header("content-type", "application/json");
    seen.lock().unwrap().push(Saw {
        line,
        token,
        audit_id,
        accept,
        body: read,
    });
    Ok(response
        .body(Full::new(Bytes::from_static(body.as_bytes())))
        .unwrap())
}

const UID: &str = "5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11";

fn good(line: &str) -> (u16, &'static str) {
    match line {
        "GET /version" => (200, r#"{"gitVersion":"v1.36.3"}"#),
        "GET /api/v1/namespaces/kube-system" => (
            200,
            r#"{"metadata":{"uid":"5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11"}}"#,
        ),
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews" => (
            201,
            r#"{"status":{"userInfo":{"username":"alice","groups":["sre"]}}}"#,
        ),
        line if line.starts_with("GET /api/v1/pods") => {
            (200, r#"{"metadata":{"resourceVersion":"1"},"items":[]}"#)
        }
        line if line.starts_with("PATCH ") => {
            (200, r#"{"metadata":{"uid":"u","resourceVersion":"9"}}"#)
        }
        _ => (404, r#"{"kind":"Status","message":"not found","code":404}"#),
    }
}

fn busy(line: &str) -> (u16, &'static str) {
    match line {
        line if line.starts_with("PATCH ") => (
            503,
            r#"{"kind":"Status","message":"overloaded","code":503}"#,
        ),
        line if line.starts_with("GET /api/v1/pods") => (
            403,
            r#"{"kind":"Status","status":"Failure","message":"pods is forbidden: User \"a\" cannot list resource \"pods\" in API group \"\" at the cluster scope","reason":"Forbidden","code":403}"#,
        ),
        line => good(line),
    }
}

fn suspend() -> Targeted {
    let op = Op::Suspend {
        namespace: "flux-system".to_owned(),
        name: "emr".to_owned(),
        suspend: true,
    };
    Targeted {
        cluster: ClusterName::from("one"),
        op,
    }
}

/// A permit for the operation on the small server, given at 1 s of a log of its own.
fn permit(folder: &tempfile::TempDir, op: &Op, generation: u64) -> Permit {
    permit_on(folder, "one", UID, op, generation)
}

/// A permit for the operation, given at 1 s of a log of its own.
fn permit_on(
    folder: &tempfile::TempDir,
    cluster: &str,
    uid: &str,
    op: &Op,
    generation: u64,
) -> Permit {
    let stamp = Stamp {
        ts: now(),
        mono_ns: 1_000_000_000,
        boot: "b".to_owned(),
    };
    let mut log = Log::open(&folder.path().join("log"), "t", &stamp).unwrap();
    let request = op.request();
    let bound = Bound {
        cluster: cluster.to_owned(),
        cluster_uid: uid.to_owned(),
        generation,
        digest: request.digest(),
        class: op.class(),
        run: Some("7f3a".to_owned()),
    };
    log.begin(
        Draft::new(Kind::ApiIntent),
        Some(&request.body),
        bound,
        &stamp,
    )
    .unwrap()
}

fn now() -> Timestamp {
    "2026-08-15T04:54:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_greeting_tells_who_the_server_is_and_whom_it_takes_us_for() {
    let server = Server::start(good).await;
    let link = server.link();
    let greeting = link.greet(now()).await.unwrap();
    assert_eq!(greeting.version, "v1.36.3");
    assert_eq!(greeting.uid.unwrap(), UID);
    assert_eq!(greeting.user.unwrap(), "alice");
    assert_eq!(greeting.clock_ahead_s, Some(10));
    assert_eq!(link.uid().as_deref(), Some(UID));
    assert!(server.saw().iter().all(|saw| saw.token == "Bearer canary"));
}

#[tokio::test]
async fn another_ca_key_in_the_file_opens_no_connection() {
    let server = Server::start(good).await;
    let other = authority().0;
    let opened = Link::open(
        &server.cluster(&other, &server.authority),
        1,
        TokenSlot::new(Secret::new("canary")),
    );
    assert!(matches!(opened, Err(Fact::OtherCa { .. })));
    assert!(server.saw().is_empty());
}

#[tokio::test]
async fn a_server_that_another_key_signed_hears_no_token() {
    let server = Server::start(good).await;
    // The other authority has the same name; both stand in the file, and only the pinned key is trusted.
    let other = authority().0;
    let both = format!("{other}{}", server.authority);
    let link = Link::open(
        &server.cluster(&both, &other),
        1,
        TokenSlot::new(Secret::new("canary")),
    )
    .unwrap();
    assert!(matches!(link.greet(now()).await, Err(Fact::OtherCa { .. })));
    assert!(server.saw().is_empty(), "no request passed TLS");
}

#[tokio::test]
async fn a_refused_connection_says_so_once() {
    let server = Server::start(good).await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let cluster = Cluster {
        server: format!("https://{closed}"),
        ..server.cluster(&server.authority, &server.authority)
    };
    let link = Link::open(&cluster, 1, TokenSlot::default()).unwrap();
    let unreachable = Fact::Unreachable(SafeText::new("connection refused"));
    assert_eq!(link.greet(now()).await, Err(unreachable));
}

#[tokio::test]
async fn a_change_is_sent_once_as_recorded_with_our_audit_id() {
    let server = Server::start(good).await;
    let (link, folder) = (server.link(), tempfile::tempdir().unwrap());
    link.greet(now()).await.unwrap();
    let applied = apply::apply(
        &link,
        &suspend(),
        permit(&folder, &suspend().op, 7),
        2_000_000_000,
    )
    .await;
    assert_eq!(
        (applied.class, applied.status),
        (apply::Class::Applied, Some(200))
    );
    assert_eq!(applied.resource_version.unwrap(), "9");
    let sent: Vec<Saw> = server
        .saw()
        .into_iter()
        .filter(|saw| saw.line.starts_with("PATCH"))
        .collect();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].body, suspend().op.request().body);
    assert_eq!(applied.audit_id.clone().unwrap().as_str(), sent[0].audit_id);
    assert_eq!(applied.audit_id_echo, applied.audit_id);
}

/// Whatever is asked about Secrets, nothing but metadata is accepted as an answer: no value enters the process.
#[tokio::test]
async fn of_a_secret_only_the_metadata_is_ever_asked_for() {
    let server = Server::start(good).await;
    let (link, folder) = (server.link(), tempfile::tempdir().unwrap());
    link.greet(now()).await.unwrap();
    let secrets = Gvr::new("", "v1", "secrets");
    let op = Op::Delete {
        gvr: secrets.clone(),
        namespace: Some("emr".to_owned()),
        name: "db".to_owned(),
        uid: "u".to_owned(),
        resource_version: None,
    };
    assert!(link.reader().names(&secrets, Some("emr")).await.is_err());
    assert_eq!(link.object(&secrets, Some("emr"), "db").await, Ok(None));
    let permit = permit(&folder, &op, 7);
    let cluster = ClusterName::from("one");
    apply::apply(&link, &Targeted { cluster, op }, permit, 2_000_000_000).await;
    let saw = server.saw();
    let asked: Vec<(&str, &str)> = (saw.iter().filter(|saw| saw.line.contains("/secrets")))
        .map(|saw| (saw.line.as_str(), saw.accept.as_str()))
        .collect();
    let one = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let list = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    assert_eq!(
        asked,
        [
            ("GET /api/v1/namespaces/emr/secrets?limit=500", list),
            ("GET /api/v1/namespaces/emr/secrets/db", one),
            ("DELETE /api/v1/namespaces/emr/secrets/db", one),
        ]
    );
}

#[tokio::test]
async fn a_change_that_is_answered_503_is_sent_exactly_once_and_is_in_doubt() {
    let server = Server::start(busy).await;
    let (link, folder) = (server.link(), tempfile::tempdir().unwrap());
    link.greet(now()).await.unwrap();
    let applied = apply::apply(
        &link,
        &suspend(),
        permit(&folder, &suspend().op, 7),
        2_000_000_000,
    )
    .await;
    assert!(matches!(applied.class, apply::Class::Unknown(_)));
    assert_eq!(
        server
            .saw()
            .iter()
            .filter(|saw| saw.line.starts_with("PATCH"))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_permit_for_anything_else_sends_nothing() {
    let server = Server::start(good).await;
    let (link, folder) = (server.link(), tempfile::tempdir().unwrap());
    link.greet(now()).await.unwrap();
    let other = Op::Suspend {
        namespace: "flux-system".to_owned(),
        name: "pacs".to_owned(),
        suspend: true,
    };
    let elsewhere = Targeted {
        cluster: ClusterName::from("two"),
        ..suspend()
    };
    for (op, permit, mono_ns) in [
        (suspend(), permit(&folder, &suspend().op, 8), 2_000_000_000),
        (suspend(), permit(&folder, &other, 7), 2_000_000_000),
        (suspend(), permit(&folder, &suspend().op, 7), 12_000_000_000),
        (elsewhere, permit(&folder, &suspend().op, 7), 2_000_000_000),
    ] {
        let applied = apply::apply(&link, &op, permit, mono_ns).await;
        assert!(
            matches!(applied.class, apply::Class::NotSent(_)),
            "{applied:?}"
        );
    }
    assert!(
        server
            .saw()
            .iter()
            .all(|saw| !saw.line.starts_with("PATCH"))
    );
}

#[tokio::test]
async fn a_connection_by_a_fallback_reads_and_is_never_written_on() {
    let server = Server::start(good).await;
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = server.cluster(&server.authority, &server.authority);
    assert!(
        Link::open_by_fallback(&cluster, 7).is_none(),
        "none is named"
    );
    cluster.fallback = Some(KubeconfigUser::Token(Secret::new("canary")));
    let link = Link::open_by_fallback(&cluster, 7).unwrap().unwrap();
    link.greet(now()).await.unwrap();
    let permit = permit(&folder, &suspend().op, 7);
    let applied = apply::apply(&link, &suspend(), permit, 2_000_000_000).await;
    let apply::Class::NotSent(why) = &applied.class else {
        unreachable!("{applied:?}");
    };
    assert!(why.as_str().contains("fallback"), "{why}");
    let saw = server.saw();
    assert!(saw.iter().all(|saw| !saw.line.starts_with("PATCH")));
}

#[tokio::test]
async fn the_pulse_beats_on_watches_alone_and_not_on_errors() {
    let server = Server::start(good).await;
    let link = server.link();
    link.reader()
        .get_json("/api/v1/pods?limit=1")
        .await
        .unwrap();
    let lists = link.pulse().heard();
    assert!(lists.is_empty(), "a page of a list is no watch");
    link.reader()
        .get_json("/api/v1/pods?watch=true&allowWatchBookmarks=true")
        .await
        .unwrap();
    assert_eq!(
        link.pulse().heard(),
        [crashcart::sources::fact::Watch::Pods]
    );
    assert!(link.pulse().heard().is_empty(), "only since the last look");
    let refusing = Server::start(busy).await;
    let link = refusing.link();
    let watched = link.reader().get_json("/api/v1/pods?watch=true").await;
    let fault = watched.unwrap_err();
    assert_eq!(
        fault,
        Fault::Forbidden(SafeText::new("list pods is not yours"))
    );
    assert!(link.pulse().heard().is_empty());
}

#[tokio::test]
async fn a_token_that_is_replaced_is_on_the_next_request() {
    let server = Server::start(good).await;
    let token = TokenSlot::new(Secret::new("old"));
    let link = Link::open(
        &server.cluster(&server.authority, &server.authority),
        1,
        token.clone(),
    )
    .unwrap();
    link.reader().get_json("/version").await.unwrap();
    token.set(Some(Secret::new("new")));
    link.reader().get_json("/version").await.unwrap();
    let tokens: Vec<String> = server.saw().into_iter().map(|saw| saw.token).collect();
    assert_eq!(tokens, ["Bearer old", "Bearer new"]);
}

//! A wire that can be cut: it stands between the console and one simulated cluster, reads every request, and loses
//! one of them, or its answer, on purpose.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Method;
use axum::http::Request;
use axum::http::Response;
use crashcart::sim::tls;
use crashcart::sim::tls::Authority;
use hyper_rustls::HttpsConnector;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::net::TcpListener;

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The request: it never arrives.
    Request,
    /// The answer: the request arrives, and nobody hears of it.
    Answer,
}

/// The wire to one cluster.
pub(crate) struct Wire {
    ends: Ends,
    lost: Receiver<()>,
    _runtime: tokio::runtime::Runtime,
}

/// What the wire knows while it serves.
#[derive(Clone)]
struct Ends {
    /// Where requests are passed on to.
    there: String,
    client: Client<HttpsConnector<HttpConnector>, Body>,
    /// What to lose next: the resource of a POST or a DELETE. It strikes once.
    rule: Arc<Mutex<Option<(Lost, String)>>>,
    tell: Sender<()>,
}

impl Wire {
    /// Puts a wire before a cluster of a served estate: its configuration leads through it from now on.
    pub(crate) fn before(cluster: &str, folder: &Path) -> Wire {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let config = folder.join("crashcart.toml");
        let ca = folder.join(format!("{cluster}.crt"));
        let text = std::fs::read_to_string(&config).expect("a configuration");
        let (url, hash) = of_cluster(&text, cluster);
        let client = client(&std::fs::read(&ca).expect("a certificate"));
        let authority = authority();
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let here = format!("https://{}", listener.local_addr().expect("an address"));
        let text = text
            .replace(&url, &here)
            .replace(&hash, &authority.fingerprint());
        std::fs::write(&config, text).expect("written");
        std::fs::write(&ca, authority.pem()).expect("written");

        let (tell, lost) = channel();
        let ends = Ends {
            there: url,
            client,
            rule: Arc::default(),
            tell,
        };
        let router = Router::new().fallback(pass_on).with_state(ends.clone());
        let server = authority.server().expect("a certificate");
        runtime.spawn(tls::serve(listener, server, router));
        Wire {
            ends,
            lost,
            _runtime: runtime,
        }
    }

    /// Loses the next POST to this resource or DELETE of one of its objects, or its answer.
    pub(crate) fn lose(&self, lost: Lost, resource: &str) {
        let path = format!("/{resource}");
        *self.ends.rule.lock().expect("a rule") = Some((lost, path));
    }

    /// Waits until it is lost.
    pub(crate) fn lost(&self) {
        let lost = self.lost.recv_timeout(Duration::from_secs(45));
        lost.expect("the request came by");
    }
}

fn authority() -> Authority {
    Authority::new("a wire", jiff::Timestamp::now()).expect("an authority")
}

/// Address and hash of the CA key of one cluster in the configuration.
fn of_cluster(text: &str, cluster: &str) -> (String, String) {
    let (_, rest) = text
        .split_once(&format!("name = \"{cluster}\""))
        .expect("the cluster");
    let value = |key: &str| {
        let (_, rest) = rest.split_once(&format!("{key} = \"")).expect("its key");
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let print = value("fingerprint");
    let (hash, _) = print.split_once('/').expect("a hash and a uid");
    (value("server"), hash.to_owned())
}

fn client(pem: &[u8]) -> Client<HttpsConnector<HttpConnector>, Body> {
    let mut roots = rustls::RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(pem).expect("a certificate");
    roots.add(ca).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .build();
    Client::builder(TokioExecutor::new()).build(connector)
}

/// Passes one request on and its answer back, unless the rule names it.
async fn pass_on(State(ends): State<Ends>, mut request: Request<Body>) -> Response<Body> {
    let lost = struck(&ends.rule, &request);
    if lost == Some(Lost::Request) {
        return silence(&ends).await;
    }
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    *request.uri_mut() = format!("{}{path}", ends.there).parse().expect("an address");
    let answer = ends.client.request(request).await;
    if lost == Some(Lost::Answer) {
        return silence(&ends).await;
    }
    match answer {
        Ok(answer) => answer.map(Body::new),
        Err(error) => Response::builder()
            .status(502)
            .body(Body::from(error.to_string()))
            .expect("an answer"),
    }
}

/// Says that the rule struck, and answers never: the console waits until it is killed.
async fn silence(ends: &Ends) -> Response<Body> {
    ends.tell.send(()).expect("the test listens");
    std::future::pending().await
}

fn struck(rule: &Mutex<Option<(Lost, String)>>, request: &Request<Body>) -> Option<Lost> {
    let mut rule = rule.lock().expect("a rule");
    let (lost, path) = rule.clone()?;
    let asked = request.uri().path();
    let named = match *request.method() {
        Method::POST => asked.ends_with(&path),
        Method::DELETE => asked.contains(&format!("{path}/")),
        _ => false,
    };
    named.then(|| {
        *rule = None;
        lost
    })
}

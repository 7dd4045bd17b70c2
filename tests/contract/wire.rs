//! The wire: requests over HTTPS as they are written, without a Kubernetes client in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// No answer may take longer, whatever server gives it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes a server forget the history of its objects.
pub(crate) type Forget = Box<dyn Fn() + Send + Sync>;

/// A server that can be asked.
pub(crate) struct Server {
    forget: Forget,
    url: String,
    tokens: BTreeMap<String, String>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// An answer as it came.
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
    /// False when its end did not come.
    pub(crate) over: bool,
}

impl Server {
    /// A server at an address, with the certificate of its authority (PEM), the people's tokens and a way to forget.
    pub(crate) fn new(
        url: &str,
        ca: &str,
        tokens: BTreeMap<String, String>,
        forget: Forget,
    ) -> Server {
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .build();
        Server {
            forget,
            url: url.to_owned(),
            tokens,
            client: Client::builder(TokioExecutor::new()).build(https),
        }
    }

    /// Forgets the history of all objects.
    pub(crate) fn forget(&self) {
        (self.forget)();
    }

    fn token(&self, person: &str) -> Option<&str> {
        match person {
            "nobody" => None,
            "stranger" => Some("a-token-that-nobody-gave"),
            person => Some(
                self.tokens
                    .get(person)
                    .unwrap_or_else(|| panic!("{person} has no token")),
            ),
        }
    }

    /// Sends a request and comes back with the head of its answer.
    pub(crate) async fn open(
        &self,
        ask: &str,
        person: &str,
        headers: &[(String, String)],
        body: Option<&str>,
    ) -> http::Response<Incoming> {
        let (method, path) = ask.split_once(' ').unwrap();
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("user-agent", "contract/1 (test)");
        if let Some(token) = self.token(person) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let body = Full::new(Bytes::from(body.unwrap_or("").to_owned()));
        let answer = self.client.request(request.body(body).unwrap());
        tokio::time::timeout(PATIENCE, answer)
            .await
            .unwrap_or_else(|_| panic!("{ask} got no answer"))
            .unwrap_or_else(|error| panic!("{ask}: {error}"))
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn send(
        &self,
        ask: &str,
        person: &str,
        headers: &[(String, String)],
        body: Option<&str>,
    ) -> Raw {
        let answer = self.open(ask, person, headers, body).await;
        read(answer, ask, None).await
    }
}

/// Reads an answer to its end, or until it has so many lines.
pub(crate) async fn read(answer: http::Response<Incoming>, ask: &str, lines: Option<usize>) -> Raw {
    let (head, mut stream) = answer.into_parts();
    let mut body = Vec::new();
    let mut seen = 0;
    let all = async {
        while let Some(frame) = stream.frame().await {
            let frame = frame.unwrap_or_else(|error| panic!("{ask}: {error}"));
            let data = frame.data_ref().map_or(&[][..], |data| data);
            body.extend_from_slice(data);
            seen += data.split(|byte| *byte == b'\n').count() - 1;
            if lines.is_some_and(|wanted| seen >= wanted) {
                break;
            }
        }
    };
    let over = tokio::time::timeout(PATIENCE, all).await.is_ok();
    if let Some(lines) = lines {
        // What came with the last line wanted may be half of the next.
        let mut ends = (0..body.len()).filter(|at| body[*at] == b'\n');
        let end = ends.nth(lines.saturating_sub(1));
        body.truncate(end.map_or(body.len(), |end| end + 1));
    }
    Raw {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
        over,
    }
}

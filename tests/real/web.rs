//! HTTPS as the tests speak it themselves: a browser that a person would sit at, and an administrator's requests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use crashcart::config::Pem;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper_rustls::HttpsConnector;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls::RootCertStore;

/// A client that trusts one authority, follows nothing and keeps cookies.
#[derive(Clone)]
pub(crate) struct Web {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    cookies: BTreeMap<String, String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    /// What it says about a token that is missing or no good.
    pub(crate) challenge: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON, or nothing.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl Web {
    /// A client that trusts the authority of this file.
    pub(crate) fn trusting(ca: &Path) -> Web {
        Web::of(&std::fs::read(ca).expect("the authority"))
    }

    /// A client that trusts this authority, PEM.
    pub(crate) fn of(pem: &[u8]) -> Web {
        let pem = Pem::new(Path::new("ca.crt"), pem).expect("PEM");
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(pem.certificates());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .build();
        // No connection is kept: a server that was started again would be asked on a dead one.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector);
        Web {
            client,
            cookies: BTreeMap::new(),
        }
    }

    /// Sends one request; headers are pairs of name and value.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .expect("a request");
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        for kept in answer.headers().get_all("set-cookie") {
            let pair = kept.to_str().unwrap_or_default().split(';').next();
            match pair.and_then(|pair| pair.split_once('=')) {
                Some((name, "")) => drop(self.cookies.remove(name)),
                Some((name, value)) => {
                    drop(self.cookies.insert(name.to_owned(), value.to_owned()));
                }
                None => {}
            }
        }
        let status = answer.status().as_u16();
        let header = |name: &str| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let (location, challenge) = (header("location"), header("www-authenticate"));
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        Ok(Answer {
            status,
            location,
            challenge,
            text: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// Sends a form, as a page would.
    pub(crate) async fn post(
        &mut self,
        url: &str,
        form: &[(String, String)],
    ) -> Result<Answer, String> {
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.send("POST", url, &headers, encode(form)).await
    }
}

/// A form as a body.
pub(crate) fn encode(form: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in form {
        if !text.is_empty() {
            text.push('&');
        }
        for (part, end) in [(name, "="), (value, "")] {
            for byte in part.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    text.push(char::from(byte));
                } else {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "%{byte:02X}");
                }
            }
            text.push_str(end);
        }
    }
    text
}

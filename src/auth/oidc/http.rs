//! One HTTPS client for one server: its authority only, no redirects, no proxy but the one its cluster names, bounded
//! and timed.

use super::answer::Answer;
use super::form::encode;
use super::line::Line;
use crate::auth::error::AuthError;
use crate::config::Identity;
use crate::config::Pem;
use crate::config::Proxy;
use crate::config::Secret;
use crate::text::SafeText;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper_rustls::FixedServerNameResolver;
use hyper_rustls::HttpsConnector;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use serde_json::Value;
use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The most an answer may hold, in bytes.
const LARGEST: usize = 1024 * 1024;
/// What is asked for unless something else is.
const JSON: &str = "application/json";

/// The client of one issuer.
pub(super) struct Http {
    client: Client<HttpsConnector<Line>, Full<Bytes>>,
    host: String,
    client_id: String,
    place: String,
    trust: String,
    proxy: Option<String>,
    deadline: Duration,
}

/// A server that is asked: where it is, by whom it is vouched for, and how it is reached.
pub(super) struct End<'a> {
    /// An `https://` address of it.
    pub(super) address: &'a str,
    /// The only authorities trusted for it.
    pub(super) ca: &'a Pem,
    /// Which key of the configuration says so, for messages: `ca of the identity`.
    pub(super) trust: &'a str,
    /// The proxy that every request goes through.
    pub(super) proxy: Option<&'a Proxy>,
    /// The name that its certificate must be for; `None` is the host of its address.
    pub(super) tls_name: Option<&'a str>,
    /// The client's id.
    pub(super) client_id: &'a str,
    /// Where the configuration names it, for messages.
    pub(super) place: &'a str,
}

impl Http {
    /// A client that trusts what the identity names, and nothing else.
    pub(super) fn new(identity: &Identity, deadline: Duration) -> Result<Self, AuthError> {
        let no_authority = || AuthError::NoAuthority {
            name: identity.name.clone(),
        };
        let end = End {
            address: &identity.issuer,
            ca: identity.ca.as_ref().ok_or_else(no_authority)?,
            trust: "ca of the identity",
            proxy: None,
            tls_name: None,
            client_id: &identity.client_id,
            place: &identity.place,
        };
        Self::to(&end, deadline)
    }

    /// A client of one server.
    pub(super) fn to(end: &End<'_>, deadline: Duration) -> Result<Self, AuthError> {
        let unusable = |reason: &str| AuthError::Unreachable {
            host: host(end.address),
            reason: reason.to_owned(),
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(end.ca.certificates());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| unusable("TLS cannot be set up here"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let line = Line::through(end.proxy).ok_or_else(|| unusable("its proxy is none"))?;
        let mut connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only();
        if let Some(name) = end.tls_name {
            let name = ServerName::try_from(name.to_owned());
            let name = name.map_err(|_| unusable("its tls_server_name is no name"))?;
            connector = connector.with_server_name_resolver(FixedServerNameResolver::new(name));
        }
        let connector = connector.enable_http1().wrap_connector(line);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            host: host(end.address),
            client_id: end.client_id.to_owned(),
            place: end.place.to_owned(),
            trust: end.trust.to_owned(),
            proxy: end.proxy.map(ToString::to_string),
            deadline,
        })
    }

    /// The issuer's host, with its port where it has one.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Whether the issuer is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let bare = self
            .host
            .rsplit_once(':')
            .map_or(&*self.host, |pair| pair.0);
        matches!(bare, "127.0.0.1" | "localhost" | "[::1]")
    }

    /// Reads an address.
    pub(super) async fn get(&self, url: &str) -> Result<Answer, AuthError> {
        self.send(Request::get(url), Bytes::new(), JSON).await
    }

    /// Sends a form.
    pub(super) async fn post(&self, url: &str, form: &[(&str, &str)]) -> Result<Answer, AuthError> {
        self.post_for(url, form, JSON).await
    }

    /// Sends a form whose answer is to be of this type.
    pub(super) async fn post_for(
        &self,
        url: &str,
        form: &[(&str, &str)],
        accept: &'static str,
    ) -> Result<Answer, AuthError> {
        let request =
            Request::post(url).header("content-type", "application/x-www-form-urlencoded");
        self.send(request, Bytes::from(encode(form)), accept).await
    }

    /// Asks an API server for a review in the name of a token.
    pub(super) async fn review(
        &self,
        url: &str,
        token: &Secret,
        review: &Value,
    ) -> Result<Answer, AuthError> {
        let request = Request::post(url).header("content-type", "application/json");
        let request = request.header("authorization", bearer(token));
        self.send(request, Bytes::from(review.to_string()), JSON)
            .await
    }

    /// Deletes what a token may delete: its own object.
    pub(super) async fn delete(&self, url: &str, token: &Secret) -> Result<Answer, AuthError> {
        let request = Request::delete(url).header("authorization", bearer(token));
        self.send(request, Bytes::new(), JSON).await
    }

    /// The error of an answer that is not what it should be.
    pub(super) fn malformed(&self, what: &str) -> AuthError {
        AuthError::Malformed {
            host: self.host.clone(),
            what: what.to_owned(),
        }
    }

    /// What becomes of a refusal when a sign-in begins, by its code (RFC 6749 sections 4.1.2.1 and 5.2).
    pub(super) fn refused(&self, code: &str, reason: SafeText) -> AuthError {
        let (host, client) = (self.host.clone(), self.client_id.clone());
        match code {
            "access_denied" => AuthError::NotAllowed { host, reason },
            "invalid_client" => AuthError::UnknownClient {
                host,
                client,
                place: self.place.clone(),
                reason,
            },
            "unauthorized_client" | "unsupported_grant_type" | "unsupported_response_type" => {
                AuthError::WrongFlow {
                    host,
                    client,
                    reason,
                }
            }
            "invalid_scope" => AuthError::UnknownScope {
                host,
                client,
                reason,
            },
            "invalid_grant" => AuthError::CodeSpent { host, reason },
            "server_error" | "temporarily_unavailable" => {
                self.unreachable(&format!("it says it is in trouble ({reason})"))
            }
            _ => AuthError::Refused { host, reason },
        }
    }

    async fn send(
        &self,
        request: hyper::http::request::Builder,
        body: Bytes,
        accept: &'static str,
    ) -> Result<Answer, AuthError> {
        let request = request
            .header("accept", accept)
            .header(
                "user-agent",
                concat!("crashcart/", env!("CARGO_PKG_VERSION")),
            )
            .body(Full::new(body))
            .map_err(|_| self.malformed("addresses that are addresses"))?;
        let whole = async {
            let response = self.client.request(request).await;
            let response = response.map_err(|error| self.failed(&error))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), LARGEST).collect().await;
            let body = body.map_err(|error| self.cut(error.as_ref()))?.to_bytes();
            if status >= 500 || status == 429 {
                // Whatever a server in trouble says, it is no verdict on a sign-in.
                return Err(self.unreachable(&format!("it gave status {status}")));
            }
            Ok(Answer { status, body })
        };
        match tokio::time::timeout(self.deadline, whole).await {
            Ok(answer) => answer,
            Err(_) => Err(self.unreachable(&format!(
                "no answer within {}",
                crate::text::words::took(u64::try_from(self.deadline.as_millis()).unwrap_or(0))
            ))),
        }
    }

    fn unreachable(&self, reason: &str) -> AuthError {
        let reason = match &self.proxy {
            Some(proxy) => format!("{reason}, through the proxy {proxy}"),
            None => reason.to_owned(),
        };
        AuthError::Unreachable {
            host: self.host.clone(),
            reason,
        }
    }

    /// The error of a body that did not come whole.
    fn cut(&self, error: &(dyn Error + 'static)) -> AuthError {
        if error.is::<http_body_util::LengthLimitError>() {
            return self.malformed("an answer of at most 1 MiB");
        }
        self.unreachable("the answer broke off")
    }

    /// The error of a request that got no answer, from the causes below it.
    fn failed(&self, error: &(dyn Error + 'static)) -> AuthError {
        let mut cause = Some(error);
        while let Some(this) = cause {
            if let Some(error) = tls_error(this) {
                return self.untrusted(error);
            }
            if let Some(reason) = this.downcast_ref::<io::Error>().and_then(plain) {
                return self.unreachable(reason);
            }
            cause = this.source();
        }
        let text = chain(error);
        if text.contains("dns error") || text.contains("lookup") {
            return self.unreachable("its name is not known here");
        }
        self.unreachable("the connection broke off")
    }

    fn untrusted(&self, error: &rustls::Error) -> AuthError {
        let reason = match error {
            // An authority of the same name with another key shows as a bad signature.
            rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => "its certificate is not from the authority that is named for it",
            rustls::Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            ) => "its certificate has ended",
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => "its certificate is for another name",
            rustls::Error::InvalidCertificate(_) => "its certificate cannot be used",
            rustls::Error::AlertReceived(_) => "it broke the TLS handshake off",
            _ => "it does not speak TLS as it should",
        };
        AuthError::Untrusted {
            host: self.host.clone(),
            reason: reason.to_owned(),
            trust: self.trust.clone(),
        }
    }
}

/// The header of a bearer token, which no log shows; none that is sent where the token is no header's text.
fn bearer(token: &Secret) -> HeaderValue {
    let text = format!("Bearer {}", token.expose());
    let mut value =
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
    value.set_sensitive(true);
    value
}

/// The TLS error at one link of a chain of causes. An I/O error carries it inside, sometimes in a
/// second one, and does not name what it carries as its source.
fn tls_error<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut this = cause;
    while let Some(inner) = this
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        this = inner;
    }
    this.downcast_ref()
}

/// The plain words of an I/O error that says enough by itself.
fn plain(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some("connection refused"),
        io::ErrorKind::ConnectionReset => Some("connection reset"),
        io::ErrorKind::TimedOut => Some("connection timed out"),
        io::ErrorKind::HostUnreachable => Some("no route to it"),
        io::ErrorKind::NetworkUnreachable => Some("the network is down"),
        _ => None,
    }
}

/// All causes of an error, for looking at.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(this) = cause {
        // Writing to a String cannot fail.
        let _ = write!(text, ": {this}");
        cause = this.source();
    }
    text
}

/// The host of an `https://` address, with its port where it has one.
fn host(url: &str) -> String {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    rest.split('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn the_host_keeps_its_port() {
        assert_eq!(host("https://id.test:8443/realms/one"), "id.test:8443");
        assert_eq!(host("https://id.test"), "id.test");
    }
}

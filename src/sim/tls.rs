//! Throw-away certificate authorities and the HTTPS servers that use them.
//!
//! Keys live in memory only, certificates for 24 hours.

use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PublicKeyData,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::sim::SimError;
use crate::sim::clock::Clock;
use crate::sim::faults::Faults;
use crate::sim::faults::Line;
use crate::sim::faults::door;
use crate::sim::faults::door::Certificates;

/// How long certificates hold.
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// How far clocks of client and server may differ.
const SKEW: Duration = Duration::from_secs(300);
/// How many connections may wait to be taken in.
const BACKLOG: u32 = 1024;

/// A certificate authority of one server.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    now: Timestamp,
}

impl Authority {
    /// A new authority with a key of its own; `name` becomes its common name.
    ///
    /// # Errors
    /// The key or the certificate could not be made.
    pub fn new(name: &str, now: Timestamp) -> Result<Authority, SimError> {
        let mut params = params(name, now, Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let key = KeyPair::generate().map_err(SimError::Certificate)?;
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(SimError::Certificate)?;
        Ok(Authority { issuer, now })
    }

    /// The authority's certificate in PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// `sha256:` and the 64 hex digits of the hash of the authority's public key
    /// (`SubjectPublicKeyInfo`, DER).
    pub fn fingerprint(&self) -> String {
        let info = self.issuer.key().subject_public_key_info();
        let mut text = "sha256:".to_owned();
        for byte in Sha256::digest(&info) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// What a server on 127.0.0.1 needs: a fresh key and a certificate of this authority.
    ///
    /// # Errors
    /// The key, the certificate or the TLS configuration could not be made.
    pub fn server(&self) -> Result<Arc<ServerConfig>, SimError> {
        self.server_at(self.now)
    }

    /// As [`Authority::server`], with a certificate that ended long ago.
    pub(in crate::sim) fn expired(&self) -> Result<Arc<ServerConfig>, SimError> {
        let then = self.now.checked_sub(SignedDuration::from_hours(25));
        self.server_at(then.unwrap_or(self.now))
    }

    /// As [`Authority::server`], but of another authority that bears this name.
    pub(in crate::sim) fn stranger(&self, name: &str) -> Result<Arc<ServerConfig>, SimError> {
        Authority::new(name, self.now)?.server()
    }

    fn server_at(&self, now: Timestamp) -> Result<Arc<ServerConfig>, SimError> {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = params("simulated server", now, names)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(SimError::Certificate)?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(SimError::Certificate)?;
        let chain = vec![certificate.der().clone(), self.issuer.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(SimError::Tls)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(SimError::Tls)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn params(name: &str, now: Timestamp, names: Vec<String>) -> Result<CertificateParams, SimError> {
    let mut params = CertificateParams::new(names).map_err(SimError::Certificate)?;
    params.distinguished_name.push(DnType::CommonName, name);
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let now = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    params.not_before = now - SKEW;
    params.not_after = now + LIFE;
    Ok(params)
}

/// Serves a router over HTTPS until the future is dropped; open connections end with it.
pub async fn serve(listener: TcpListener, config: Arc<ServerConfig>, router: Router) {
    let quiet = Faults::new(Clock::manual(Timestamp::UNIX_EPOCH), 0).line("");
    serve_with(listener, Certificates::only(config), quiet, router).await;
}

/// As [`serve`], with the faults of a plan.
///
/// In an outage every connection ends and the port refuses new ones. A socket that does not listen keeps it, so that
/// nobody else is given the port meanwhile.
pub(in crate::sim) async fn serve_with(
    mut listener: TcpListener,
    certificates: Certificates,
    line: Line,
    router: Router,
) {
    let certificates = Arc::new(certificates);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let (certificates, line) = (Arc::clone(&certificates), line.clone());
                    connections.spawn(connection(stream, certificates, line, router.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
            outage = line.outage() => {
                connections.shutdown().await;
                match closed(listener, line.clone().over(outage)).await {
                    Ok(again) => listener = again,
                    // The port is lost: the outage does not end.
                    Err(_) => return,
                }
            }
        }
    }
}

/// Closes a port until a wait is over, and gives it back listening.
async fn closed(listener: TcpListener, over: impl Future<Output = ()>) -> io::Result<TcpListener> {
    let address = listener.local_addr()?;
    drop(listener);
    let keeper = TcpSocket::new_v4()?;
    keeper.set_reuseaddr(true)?;
    keeper.bind(address)?;
    over.await;
    keeper.listen(BACKLOG)
}

/// One connection; a client that breaks off is no error of the server.
async fn connection(
    stream: TcpStream,
    certificates: Arc<Certificates>,
    line: Line,
    router: Router,
) {
    let Some((wire, talk)) = door::enter(stream, &certificates, line).await else {
        return;
    };
    let told = router.map_request(move |mut request: Request<Incoming>| {
        talk.next();
        request.extensions_mut().insert(talk.clone());
        request
    });
    let service = TowerToHyperService::new(told);
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(wire), service)
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_authority_has_a_key_of_its_own() {
        let now = "2026-08-15T04:31:00Z".parse().unwrap();
        let one = Authority::new("one", now).unwrap();
        let two = Authority::new("two", now).unwrap();
        assert_eq!(one.fingerprint().len(), "sha256:".len() + 64);
        assert_ne!(one.fingerprint(), two.fingerprint());
        assert!(one.server().is_ok());
    }
}

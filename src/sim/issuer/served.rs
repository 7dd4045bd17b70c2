//! An issuer that is served, and how a configuration names it.

use tokio::net::TcpListener;

use super::Issuer;
use super::http;
use crate::sim::SimError;
use crate::sim::faults::Line;
use crate::sim::faults::door::Certificates;
use crate::sim::tls;
use crate::sim::tls::Authority;

/// The identity that the clusters share.
pub(in crate::sim) const IDENTITY: &str = "sim";
/// What its issuer is called where servers are told apart by name.
pub(in crate::sim) const ISSUER: &str = "issuer";
/// The identity of the clusters that are apart.
pub(in crate::sim) const APART: &str = "apart";

/// One served issuer.
pub(in crate::sim) struct ServedIssuer {
    /// The name of its identity in the configuration.
    pub(in crate::sim) name: &'static str,
    /// The certificate of its authority, PEM.
    pub(in crate::sim) ca: String,
    /// The issuer itself.
    pub(in crate::sim) issuer: Issuer,
}

impl ServedIssuer {
    /// An issuer behind TLS of an authority of its own, and what serves it until it is dropped.
    ///
    /// # Errors
    /// No certificate could be made.
    pub(in crate::sim) fn new(
        name: &'static str,
        issuer: Issuer,
        listener: TcpListener,
        line: Line,
    ) -> Result<(ServedIssuer, impl Future<Output = ()> + use<>), SimError> {
        // By the estate's clock: an issuer whose own is wrong still has a good certificate.
        let now = issuer.inner.clock.now();
        let authority = Authority::new(&format!("simulated issuer {name}"), now)?;
        let ca = authority.pem();
        let certificates = Certificates::of(authority, "simulated issuer")?;
        let router = http::faulty(issuer.clone(), line.clone());
        let serving = tls::serve_with(listener, certificates, line, router);
        Ok((ServedIssuer { name, ca, issuer }, serving))
    }

    /// `https://127.0.0.1:PORT`.
    pub(in crate::sim) fn url(&self) -> &str {
        &self.issuer.inner.url
    }

    /// The file of its authority's certificate.
    pub(in crate::sim) fn file(&self) -> String {
        match self.name {
            IDENTITY => "issuer.crt".to_owned(),
            other => format!("{other}-issuer.crt"),
        }
    }

    /// Its part of `crashcart.toml`.
    pub(in crate::sim) fn configuration(&self) -> String {
        format!(
            "\n[[identity]]\nname = \"{}\"\nissuer = \"{}\"\nca = \"{}\"\nclient_id = \"crashcart\"\nflow = \"device\"\ngroups_claim = \"groups\"\n",
            self.name,
            self.url(),
            self.file()
        )
    }
}

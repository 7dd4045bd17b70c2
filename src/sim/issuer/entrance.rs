//! How people enter one cluster: by tokens of an issuer, by its own OAuth server, or by requests signed with AWS keys.

use std::pin::Pin;
use std::sync::Arc;

use crate::sim::Options;
use crate::sim::SimError;
use crate::sim::clock::Clock;
use crate::sim::estate::listen;
use crate::sim::faults::Faults;
use crate::sim::faults::Line;
use crate::sim::faults::door::Certificates;
use crate::sim::people::People;
use crate::sim::tls;
use crate::sim::tls::Authority;

use super::Authenticator;
use super::Claims;
use super::Issuer;
use super::OAuth;
use super::eks::REGION;
use super::http;

/// How people enter one cluster.
#[derive(Clone)]
pub enum Entrance {
    /// By ID tokens of this issuer.
    Issuer(Issuer),
    /// By tokens of its own OAuth server, which has another host and another authority, as a route has.
    OpenShift {
        /// The server.
        oauth: OAuth,
        /// The certificate of its authority, PEM.
        ca: String,
    },
    /// By requests to STS that AWS keys signed.
    Eks(Authenticator),
}

/// What serves an entrance until it is dropped.
pub(in crate::sim) type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Entrance {
    /// The way into the cluster of that name: what the options name for it, else by the issuer; and what serves it.
    ///
    /// # Errors
    /// No port, or no certificate.
    pub(in crate::sim) async fn chosen(
        name: &String,
        options: &Options,
        issuer: &Issuer,
        (people, clock, faults): (&Arc<People>, &Clock, &Faults),
    ) -> Result<(Entrance, Serving), SimError> {
        let people = Arc::clone(people);
        if options.openshift.contains(name) {
            let line = faults.line(&format!("{name}-oauth"));
            return Entrance::openshift(name, people, clock.clone(), line).await;
        }
        let entrance = if options.eks.contains(name) {
            Entrance::Eks(Authenticator::new(name, people, clock.clone()))
        } else {
            Entrance::Issuer(issuer.clone())
        };
        Ok((entrance, Box::pin(std::future::ready(()))))
    }

    /// Opens the OAuth server of a cluster on a free port.
    async fn openshift(
        cluster: &str,
        people: Arc<People>,
        clock: Clock,
        line: Line,
    ) -> Result<(Entrance, Serving), SimError> {
        let (listener, url) = listen(cluster).await?;
        let title = format!("simulated ingress of {cluster}");
        let authority = Authority::new(&title, clock.now())?;
        let ca = authority.pem();
        let oauth = OAuth::new(url, people, clock);
        let router = http::under(http::openshift::router(oauth.clone()), line.clone());
        let certificates = Certificates::of(authority, &title)?;
        let serving = tls::serve_with(listener, certificates, line, router);
        Ok((Entrance::OpenShift { oauth, ca }, Box::pin(serving)))
    }

    /// The OAuth server, where the cluster has one.
    pub fn oauth(&self) -> Option<&OAuth> {
        match self {
            Entrance::OpenShift { oauth, .. } => Some(oauth),
            Entrance::Issuer(_) | Entrance::Eks(_) => None,
        }
    }

    /// Who a token speaks for.
    ///
    /// # Errors
    /// A sentence that says which check failed.
    pub(in crate::sim) fn verify(&self, token: &str) -> Result<Claims, String> {
        match self {
            Entrance::Issuer(issuer) => issuer.verify(token),
            Entrance::OpenShift { oauth, .. } => oauth.verify(token),
            Entrance::Eks(authenticator) => authenticator.verify(token),
        }
    }

    /// The keys of `[[cluster]]` that say so; `identity` is the name of the issuer's.
    pub(in crate::sim) fn configuration(&self, cluster: &str, identity: &str) -> String {
        match self {
            Entrance::Issuer(_) => {
                format!("auth = \"oidc:{identity}\"\naudience = \"crashcart\"\n")
            }
            Entrance::OpenShift { .. } => {
                format!("auth = \"openshift-oauth\"\noauth_ca = \"{cluster}-oauth.crt\"\n")
            }
            Entrance::Eks(_) => {
                format!(
                    "auth = \"eks\"\neks = {{ cluster = \"{cluster}\", region = \"{REGION}\" }}\n"
                )
            }
        }
    }
}

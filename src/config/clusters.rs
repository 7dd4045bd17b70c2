//! A cluster: one Kubernetes API server, known by more than its name.

use std::net::IpAddr;

use uuid::Uuid;

use super::pem::Pem;
use super::policy::Program;
use super::route::Route;
use super::secret::Secret;
use super::token::TokenFile;
use serde::Deserialize;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// The name of a cluster in this estate; cheap to clone, ordered by its letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
pub struct ClusterName(Arc<str>);

impl ClusterName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ClusterName {
    fn from(name: &str) -> Self {
        Self(Arc::from(name))
    }
}

impl From<String> for ClusterName {
    fn from(name: String) -> Self {
        Self(Arc::from(name))
    }
}

impl From<ClusterName> for String {
    fn from(name: ClusterName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One Kubernetes API server.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name in this file.
    pub name: ClusterName,
    /// Where it stands.
    pub site: Site,
    /// Its address, `https://` with host and port.
    pub server: String,
    /// The only authorities trusted for it.
    pub ca: Pem,
    /// What it must prove to be; `None` until `crashcart init` or `trust` has written it.
    pub fingerprint: Option<Fingerprint>,
    /// How a person is known to it.
    pub auth: ClusterAuth,
    /// The credential it may be read with while its issuer is down; nothing is ever changed with it.
    pub fallback: Option<KubeconfigUser>,
    /// The audience of the tokens it takes; one sign-in serves the clusters that share it.
    pub audience: Option<String>,
    /// How it is reached.
    pub route: Route,
    /// The cluster whose etcd this one was restored from, when the file says that the two are told apart.
    pub copy_of: Option<ClusterName>,
}

impl Cluster {
    /// The authorities to trust for it: those of its file with the pinned key, or all where none is pinned. `None` when
    /// no certificate of the file has the pinned key.
    pub fn authority(&self) -> Option<Pem> {
        match &self.fingerprint {
            Some(print) => self.ca.only(&print.ca_key),
            None => Some(self.ca.clone()),
        }
    }

    /// True for a cluster of the simulator: its address is this machine's own, and the uid it is pinned to is a
    /// version-8 UUID, which no real API server makes. A tunnel to a real cluster fails the second test.
    pub fn is_simulated(&self) -> bool {
        let host = self.server.strip_prefix("https://").unwrap_or_default();
        let host = host.split('/').next().unwrap_or_default();
        let host = host
            .rsplit_once(':')
            .map_or(host, |(host, _)| host)
            .trim_matches(['[', ']']);
        let loopback = host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
        let uid = self
            .fingerprint
            .as_ref()
            .and_then(|print| print.uid.as_deref());
        loopback
            && uid
                .and_then(|uid| Uuid::parse_str(uid).ok())
                .is_some_and(|uid| uid.get_version_num() == 8)
    }
}

/// Where a cluster stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// In a building of the organisation.
    OnPrem,
    /// At a cloud provider.
    Cloud,
}

impl Site {
    /// The word of the configuration file.
    pub fn word(self) -> &'static str {
        match self {
            Self::OnPrem => "on-prem",
            Self::Cloud => "cloud",
        }
    }

    /// The site of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::OnPrem, Self::Cloud]
            .into_iter()
            .find(|site| site.word() == word)
    }
}

/// What a cluster must prove to be before anything is sent to it or changed on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// SHA-256 of the public key (`SubjectPublicKeyInfo`, DER) of its authority: 64 hex digits,
    /// lower case.
    pub ca_key: String,
    /// The uid of its `kube-system` namespace; `None` until it has been read once.
    pub uid: Option<String>,
}

impl Fingerprint {
    /// Reads `sha256:HEX` or `sha256:HEX/UID`; `None` when it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("sha256:")?;
        let (key, uid) = match rest.split_once('/') {
            Some((key, uid)) => (key, Some(uid)),
            None => (rest, None),
        };
        let hex = key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        let uid_fits = uid.is_none_or(|uid| uuid::Uuid::try_parse(uid).is_ok());
        (hex && uid_fits).then(|| Self {
            ca_key: key.to_ascii_lowercase(),
            uid: uid.map(str::to_ascii_lowercase),
        })
    }

    /// The first 8 hex digits of the authority's key, as shown before a change.
    pub fn short8(&self) -> &str {
        self.ca_key.get(..8).unwrap_or(&self.ca_key)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.uid {
            Some(uid) => write!(f, "sha256:{}/{uid}", self.ca_key),
            None => write!(f, "sha256:{}", self.ca_key),
        }
    }
}

/// How a person is known to a cluster.
#[derive(Clone, Debug)]
pub enum ClusterAuth {
    /// By signing in at an identity of this file.
    Oidc {
        /// The identity's name; it exists.
        identity: String,
    },
    /// By a credential of a kubeconfig file.
    Kubeconfig(KubeconfigUser),
    /// By signing in at the cluster's own OAuth server, as OpenShift has one.
    OpenShift {
        /// The only authorities trusted for the OAuth server; those of the cluster where none are named.
        oauth_ca: Option<Pem>,
    },
    /// By a request to AWS STS that this program signs itself, as EKS takes it.
    Eks(Eks),
}

/// How an EKS cluster is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eks {
    /// The cluster's name at EKS, which is signed into the token.
    pub cluster: String,
    /// The region whose STS is named, such as `eu-north-1`.
    pub region: String,
    /// The profile of the shared AWS files; `None` for the one of the environment, or `default`.
    pub profile: Option<String>,
    /// The only authorities trusted for STS, which is asked where the keys are those of a role; else nothing is sent.
    pub ca: Option<Pem>,
    /// The address of STS, `https://`, where it is not the region's own.
    pub sts: Option<String>,
}

/// A credential read from a kubeconfig file.
#[derive(Clone, Debug)]
pub enum KubeconfigUser {
    /// An X.509 v3 client certificate with its key.
    ClientCert {
        /// The certificate chain, PEM.
        cert_pem: String,
        /// The private key, PEM.
        key_pem: Secret,
    },
    /// A bearer token.
    Token(Secret),
    /// A file that holds a bearer token and is read again when it changes.
    TokenFile(TokenFile),
    /// A program that policy lists and that answers with a bearer token.
    Program(Plugin),
}

/// A program that answers with a credential, as a kubeconfig file asks for it and policy allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// The program, as policy lists it.
    pub program: Program,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables that the kubeconfig file sets, all of them named by policy.
    pub env: Vec<(String, String)>,
    /// The version in which it is asked and must answer.
    pub api_version: String,
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF";
    const UID: &str = "5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11";

    #[test]
    fn a_fingerprint_reads_back_as_written() {
        for text in [format!("sha256:{KEY}"), format!("sha256:{KEY}/{UID}")] {
            let read = Fingerprint::parse(&text).unwrap();
            assert_eq!(read.to_string(), text.to_lowercase());
            assert_eq!(read.short8(), "01234567");
        }
    }

    #[test]
    fn what_is_not_a_fingerprint_is_refused() {
        let short = &KEY[..63];
        for text in [
            String::new(),
            KEY.to_owned(),
            format!("sha1:{KEY}"),
            format!("sha256:{short}"),
            format!("sha256:{short}g"),
            format!("sha256:{KEY}/"),
            format!("sha256:{KEY}/not-a-uid"),
        ] {
            assert_eq!(Fingerprint::parse(&text), None, "{text}");
        }
    }
}

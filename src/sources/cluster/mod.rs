//! The connection to one cluster: two clients of one generation, trusted by its CA key before anything is sent.
//!
//! The reader lists, watches, gets and asks about itself; it has no method that changes anything. The writer sends
//! what `apply.rs` hands it, once: it never tries again by itself. No kubeconfig is inferred, no proxy of the
//! environment is used, no redirect is followed.

mod ahead;
pub mod artefact;
pub mod fault;
mod layers;
pub(super) mod reader;
mod rights;
mod secret;
mod standing;
mod wire;

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use jiff::Timestamp;
use kube::Client;
use kube::client::ClientBuilder;
use serde_json::Value;
use tower::layer::layer_fn;

use self::ahead::Ahead;
use self::fault::Fault;
use self::layers::Bearer;
use self::layers::Listen;
use super::fact::Fact;
use super::fact::Greeting;
use super::op::Gvr;
use super::op::Op;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::KubeconfigUser;
use crate::text::SafeText;
use crate::text::safe;

pub use self::layers::Pulse;
pub use self::layers::TokenSlot;
pub(super) use self::layers::is_json;
pub use self::reader::Named;
pub use self::reader::Reader;
pub use self::reader::Resource;
pub(super) use self::reader::message;
pub use self::wire::Wire;

/// How long TCP and TLS may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long nothing may arrive on a request that is under way; a watch ends by itself after 45 s.
const READ: Duration = Duration::from_secs(60);
/// How long a request may take to leave.
const WRITE: Duration = Duration::from_secs(10);

/// The namespace whose uid is a cluster's.
const SYSTEM: &str = "/api/v1/namespaces/kube-system";

/// One connection to one cluster.
pub struct Link {
    cluster: ClusterName,
    generation: u64,
    pinned: Option<String>,
    reader: Reader,
    writer: Client,
    pulse: Pulse,
    wire: Wire,
    uid: OnceLock<String>,
    token: TokenSlot,
    by_fallback: bool,
    closed: AtomicBool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("cluster", &self.cluster)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// The token that every request carries; empty where a certificate is shown instead.
    pub fn token(&self) -> &TokenSlot {
        &self.token
    }

    /// Prepares a connection; nothing is sent yet. The token is used for clusters that one
    /// signs in to and for those whose token a program gives.
    ///
    /// # Errors
    /// The fact that says why not: another CA key than the configuration's, or a setting that cannot be used.
    pub fn open(cluster: &Cluster, generation: u64, token: TokenSlot) -> Result<Link, Fact> {
        let anchors = anchors(cluster)?;
        let token = match &cluster.auth {
            ClusterAuth::Oidc { .. }
            | ClusterAuth::OpenShift { .. }
            | ClusterAuth::Eks(_)
            | ClusterAuth::Kubeconfig(KubeconfigUser::Program(_)) => token,
            ClusterAuth::Kubeconfig(KubeconfigUser::Token(token)) => TokenSlot::new(token.clone()),
            ClusterAuth::Kubeconfig(KubeconfigUser::TokenFile(file)) => TokenSlot::file(file),
            ClusterAuth::Kubeconfig(KubeconfigUser::ClientCert { .. }) => TokenSlot::default(),
        };
        let pulse = Pulse::default();
        let wire = Wire::default();
        let reader = client(cluster, &anchors, &token, (&pulse, &wire))?;
        let writer = client(cluster, &anchors, &token, (&Pulse::default(), &wire))?;
        Ok(Link {
            cluster: cluster.name.clone(),
            generation,
            pinned: cluster
                .fingerprint
                .as_ref()
                .map(|print| print.ca_key.clone()),
            reader: Reader::new(ClientBuilder::new(Ahead::new(reader), "").build()),
            writer,
            pulse,
            wire,
            uid: OnceLock::new(),
            token,
            by_fallback: false,
            closed: AtomicBool::new(false),
        })
    }

    /// The cluster.
    pub fn cluster(&self) -> &ClusterName {
        &self.cluster
    }

    /// Which connection this is.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The client that only reads.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// uid of `kube-system` as read on this connection; `None` until `greet` has read it.
    pub fn uid(&self) -> Option<String> {
        self.uid.get().cloned()
    }

    /// What was heard on each watch; the app makes `Heard` of it.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// What its connections carry, also through a proxy.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Asks one question about what we may do: the answer or why there is none, and the server's reason.
    pub async fn review(&self, op: &Op) -> (Result<bool, SafeText>, SafeText) {
        match self.reader.review(op).await {
            Ok((allowed, why)) => (Ok(allowed), why),
            Err(fault) => (Err(SafeText::from(fault.to_string())), SafeText::default()),
        }
    }

    /// metadata, spec and status of one object; `None` when it is not there.
    ///
    /// # Errors
    /// Why it could not be read, in words.
    pub async fn object(
        &self,
        gvr: &Gvr,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, SafeText> {
        match self.reader.object(gvr, namespace, name).await {
            Ok(found) => Ok(judged_part(found)),
            Err(Fault::NotFound) => Ok(None),
            Err(fault) => Err(SafeText::from(fault.to_string())),
        }
    }

    /// The client that sends changes; only `apply.rs` uses it.
    pub(super) fn writer(&self) -> &Client {
        &self.writer
    }

    /// Asks the API server who it is and whom it takes us for; `now` is this host's clock.
    ///
    /// # Errors
    /// The fact that says why it cannot be reached, or that its key is another one.
    pub async fn greet(&self, now: Timestamp) -> Result<Greeting, Fact> {
        let (version, date) = self
            .reader
            .version()
            .await
            .map_err(|fault| self.unreached(fault))?;
        let clock_ahead_s = date.map(|date| date.as_second() - now.as_second());
        let uid = match self.reader.get_json(SYSTEM).await {
            Ok(found) => uid_in(&found),
            Err(Fault::Forbidden(_) | Fault::NotFound) => None,
            Err(fault) => return Err(self.unreached(fault)),
        };
        if let Some(uid) = &uid {
            // A second greeting on the same connection reads the same uid; the first one stays.
            self.uid.get_or_init(|| uid.clone());
        }
        let (user, groups) = self.reader.whoami().await.unwrap_or_default();
        Ok(Greeting {
            version,
            uid: uid.map(SafeText::from),
            user,
            groups,
            clock_ahead_s,
        })
    }

    /// Reads what the API server must ask its own store for. A watch goes on in the server's memory without it, and shows
    /// a world in which nothing moves. `None` when the answer proves nothing either way: a request that is not let in
    /// (401, 403) is refused before the store is asked, and the watches tell of that.
    pub async fn quorum(&self) -> Option<Fact> {
        let asked = self.reader.get_json(SYSTEM);
        Some(Fact::Quorum(
            match tokio::time::timeout(WRITE, asked).await {
                Ok(Ok(_) | Err(Fault::NotFound)) => None,
                Ok(Err(Fault::Forbidden(_) | Fault::Unauthorised)) => return None,
                Ok(Err(fault)) => Some(SafeText::from(fault.to_string())),
                Err(_) => Some(SafeText::new("no answer in time")),
            },
        ))
    }

    /// Reads the uid of `kube-system` once more, on the connections that changes leave by, and compares it with the one
    /// that was greeted.
    ///
    /// # Errors
    /// It is another one, or could not be read in time; the sentence says that nothing was sent.
    pub async fn still_itself(&self) -> Result<(), SafeText> {
        let cluster = &self.cluster;
        let no = |why: String| {
            Err(SafeText::from(format!(
                "nothing was sent to {cluster}: {why}"
            )))
        };
        let reader = Reader::new(self.writer.clone());
        let asked = tokio::time::timeout(CONNECT, reader.get_json(SYSTEM)).await;
        let now = asked.map(|read| read.map(|found| uid_in(&found).unwrap_or_default()));
        match (now, self.uid()) {
            (Ok(Ok(now)), Some(then)) if now == then => Ok(()),
            (Ok(Ok(now)), Some(then)) => no(format!(
                "it is another cluster now, kube-system was {then}, is {now}; R connects anew"
            )),
            (Ok(Ok(_)), None) => no("it has not said who it is; R asks again".to_owned()),
            (Ok(Err(fault)), _) => no(format!("who it is could not be read again: {fault}")),
            (Err(_), _) => no("who it is could not be read again in time".to_owned()),
        }
    }

    /// Whether the server's certificate leads to the pinned key: any answer of it over TLS says so, a refusal too.
    ///
    /// # Errors
    /// The fact that says why not.
    pub async fn vouched(&self) -> Result<(), Fact> {
        match self.reader.version().await {
            Ok(_) | Err(Fault::Forbidden(_) | Fault::Unauthorised | Fault::NotFound) => Ok(()),
            Err(fault) => Err(self.unreached(fault)),
        }
    }

    fn unreached(&self, fault: Fault) -> Fact {
        match (&self.pinned, fault) {
            (Some(expected), Fault::OtherIssuer) => Fact::OtherCa {
                expected: SafeText::new(expected),
                found: SafeText::new("a certificate that this key did not sign"),
            },
            (_, fault) => Fact::Unreachable(SafeText::from(fault.to_string())),
        }
    }
}

/// The authorities to trust, or that none of them has the pinned key.
fn anchors(cluster: &Cluster) -> Result<Vec<Vec<u8>>, Fact> {
    let own = cluster.authority().ok_or_else(|| {
        let expected = cluster.fingerprint.as_ref();
        let found = cluster.ca.spki_hashes().into_iter().next();
        Fact::OtherCa {
            expected: SafeText::new(expected.map_or("", |print| &print.ca_key)),
            found: SafeText::from(found.unwrap_or_default()),
        }
    })?;
    let certificates = own.certificates().into_iter();
    Ok(certificates.map(|one| one.to_vec()).collect())
}

fn client(
    cluster: &Cluster,
    anchors: &[Vec<u8>],
    token: &TokenSlot,
    (pulse, wire): (&Pulse, &Wire),
) -> Result<Client, Fact> {
    let unusable = |why: String| Fact::Unreachable(SafeText::from(why));
    let server: Uri = cluster
        .server
        .parse()
        .map_err(|_| unusable(format!("{} is not an address", cluster.server)))?;
    let mut config = kube::Config::new(server);
    config.root_cert = Some(anchors.to_vec());
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(READ);
    config.write_timeout = Some(WRITE);
    config.reset_reader_on_write = true;
    config.tls_server_name.clone_from(&cluster.route.tls_name);
    // Only what a file names: kube reads proxies of the environment when it infers a configuration, which is not done.
    if let Some(proxy) = &cluster.route.proxy {
        let url = proxy.url().expose().parse();
        config.proxy_url = Some(url.map_err(|_| unusable(format!("{proxy} is not an address")))?);
    }
    // kube's own retry waits up to 1000 s between two tries and says nothing meanwhile: watches and the reader try
    // again by themselves, the writer never.
    config.default_retry = false;
    if let ClusterAuth::Kubeconfig(KubeconfigUser::ClientCert { cert_pem, key_pem }) = &cluster.auth
    {
        config.auth_info.client_certificate_data = Some(STANDARD.encode(cert_pem));
        config.auth_info.client_key_data = Some(STANDARD.encode(key_pem.expose()).into());
    }
    let builder = wire
        .builder(&config)
        .map_err(|error| unusable(format!("its certificates cannot be used: {}", root(&error))))?;
    let (token, pulse) = (token.clone(), pulse.clone());
    let bearer = layer_fn(move |inner| Bearer {
        inner,
        token: token.clone(),
    });
    let listen = layer_fn(move |inner| Listen {
        inner,
        pulse: pulse.clone(),
    });
    Ok(builder.with_layer(&bearer).with_layer(&listen).build())
}

fn uid_in(found: &Value) -> Option<String> {
    let uid = found.pointer("/metadata/uid")?.as_str()?;
    Some(SafeText::new(uid).to_string())
}

/// An object without what nobody judges: only who it is, what is wanted and what is, its texts safe.
pub(super) fn judged_part(mut found: Value) -> Option<Value> {
    let map = found.as_object_mut()?;
    map.retain(|key, _| {
        matches!(
            key.as_str(),
            "apiVersion" | "kind" | "metadata" | "spec" | "status"
        )
    });
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    Some(safe::document(found))
}

/// The innermost cause, in its own words.
fn root(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

//! What a connection may be used for: not for changes where nobody proved who they are, or once it was given up.

use std::sync::atomic::Ordering;

use super::Link;
use super::TokenSlot;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::sources::fact::Fact;

impl Link {
    /// Prepares a connection by the credential that a cluster may be read with while its issuer is down; `None` where
    /// it names none. Nothing is ever changed on such a connection.
    ///
    /// # Errors
    /// As [`Link::open`].
    pub fn open_by_fallback(cluster: &Cluster, generation: u64) -> Option<Result<Link, Fact>> {
        let by_file = Cluster {
            auth: ClusterAuth::Kubeconfig(cluster.fallback.clone()?),
            ..cluster.clone()
        };
        let link = Link::open(&by_file, generation, TokenSlot::default());
        Some(link.map(|link| Link {
            by_fallback: true,
            ..link
        }))
    }

    /// Whether nobody has proved who they are for this connection: it only reads.
    pub fn is_by_fallback(&self) -> bool {
        self.by_fallback
    }

    /// Nothing is changed on this connection any more, whoever still holds it.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether the connection was given up.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

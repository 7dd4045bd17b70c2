//! The permit: the right to send one request, once, soon, and only as it was recorded.
//!
//! Nothing outside the log can make one:
//!
//! ```compile_fail,E0451
//! use crashcart::audit::{AuditId, Bound, Permit, Ticket};
//! fn forged(bound: Bound, audit_id: AuditId, ticket: Ticket) -> Permit {
//!     Permit { bound, audit_id, ticket, from_ns: 0 }
//! }
//! ```
//!
//! Nor copy one:
//!
//! ```compile_fail,E0599
//! fn copy(permit: crashcart::audit::Permit) -> [crashcart::audit::Permit; 2] {
//!     [permit.clone(), permit]
//! }
//! ```
//!
//! Nor spend one twice:
//!
//! ```compile_fail,E0382
//! fn twice(permit: crashcart::audit::Permit, now: &crashcart::audit::Actual<'_>) {
//!     let _ = permit.spend(now, 0);
//!     let _ = permit.spend(now, 0);
//! }
//! ```
//!
//! Once is fine:
//!
//! ```
//! fn once(permit: crashcart::audit::Permit, now: &crashcart::audit::Actual<'_>) {
//!     let _ = permit.spend(now, 0);
//! }
//! ```

use std::fmt;

use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;

use crate::audit::entry::Actor;
use crate::audit::entry::Draft;
use crate::audit::entry::Entry;
use crate::audit::entry::Req;
use crate::audit::kind::Kind;
use crate::text::SafeText;

/// How long a permit may be spent, in nanoseconds: 10 s.
const LIFE_NS: u64 = 10_000_000_000;

/// What sort of request is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A question about oneself, asked by POST and kept nowhere.
    Review,
    /// Something a controller answers or a lock: a lease, a status request, a dry run.
    Service,
    /// A change of the estate; it needs an open run.
    Change,
    /// A record that crashcart keeps in a cluster.
    Record,
    /// Rights that are given: a role, a binding or an admission policy that was previewed and confirmed by the name of
    /// its cluster. It belongs to no run.
    Grant,
    /// A fingerprint that a person accepts: it is written into the configuration, and nothing is sent.
    Trust,
}

impl Class {
    /// Gives the class as a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Service => "service",
            Self::Change => "change",
            Self::Record => "record",
            Self::Grant => "grant",
            Self::Trust => "trust",
        }
    }
}

/// What a permit is asked for, and bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The cluster's name in the estate.
    pub cluster: String,
    /// The uid of its `kube-system` namespace, as last seen.
    pub cluster_uid: String,
    /// Which connection to the cluster this is, counted from its first.
    pub generation: u64,
    /// SHA-256 of the request exactly as it will be sent.
    pub digest: [u8; 32],
    /// What sort of request it is.
    pub class: Class,
    /// The open run it belongs to.
    pub run: Option<String>,
}

/// What is true at the moment of sending, read from the connection and the request themselves.
#[derive(Clone, Copy, Debug)]
pub struct Actual<'a> {
    /// The uid of the `kube-system` namespace of the cluster that is connected.
    pub cluster_uid: &'a str,
    /// Which connection this is.
    pub generation: u64,
    /// SHA-256 of the request as it stands ready.
    pub digest: [u8; 32],
    /// What sort of request it is.
    pub class: Class,
}

/// The id of one request in every log that sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuditId(Uuid);

impl fmt::Display for AuditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The right to send one request, made by the log once its intent is on disk.
#[must_use = "a permit that is not spent leaves an intent without an outcome"]
#[derive(Debug)]
pub struct Permit {
    bound: Bound,
    audit_id: AuditId,
    ticket: Ticket,
    from_ns: u64,
}

/// Which intent an outcome belongs to; kept by the caller while the permit is spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    seq: u64,
    pub(super) actor: Actor,
    pub(super) run: Option<SafeText>,
    pub(super) step: Option<SafeText>,
    pub(super) attempt: Option<u32>,
    pub(super) req: Req,
}

/// Why a permit was not honoured; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// More than 10 s have passed since it was given.
    #[error(
        "nothing was sent to {cluster}: the permit is older than 10s; look at the request again and send it anew"
    )]
    Late {
        /// The cluster it was for.
        cluster: String,
    },
    /// The cluster is another one than the intent names.
    #[error(
        "nothing was sent to {cluster}: it is not the cluster that was recorded; compare its fingerprint"
    )]
    Cluster {
        /// The cluster it was for.
        cluster: String,
    },
    /// The connection was made anew since.
    #[error(
        "nothing was sent to {cluster}: the connection changed since; look at the request again and send it anew"
    )]
    Generation {
        /// The cluster it was for.
        cluster: String,
    },
    /// The request is not the one that was recorded.
    #[error(
        "nothing was sent to {cluster}: the request differs from the one recorded; plan it anew"
    )]
    Digest {
        /// The cluster it was for.
        cluster: String,
    },
    /// The request is of another class than was recorded.
    #[error("nothing was sent to {cluster}: the request is a {actual}, recorded was a {recorded}; plan it anew", actual = actual.word(), recorded = recorded.word())]
    Class {
        /// The cluster it was for.
        cluster: String,
        /// The class of the request at hand.
        actual: Class,
        /// The class in the log.
        recorded: Class,
    },
}

impl Permit {
    /// Makes a permit for an intent that is on disk.
    pub(super) fn new(bound: Bound, audit_id: AuditId, ticket: Ticket, from_ns: u64) -> Self {
        Self {
            bound,
            audit_id,
            ticket,
            from_ns,
        }
    }

    /// Gives what is needed to record the outcome, before the permit is spent.
    pub fn ticket(&self) -> Ticket {
        self.ticket.clone()
    }

    /// Uses the permit up and gives the id to send with the request.
    ///
    /// # Errors
    ///
    /// [`Refused`] when more than 10 s have passed by `mono_ns`, or when cluster, connection,
    /// request or class is not what was recorded. Nothing may be sent then.
    pub fn spend(self, now: &Actual<'_>, mono_ns: u64) -> Result<AuditId, Refused> {
        let Bound {
            cluster,
            cluster_uid,
            generation,
            digest,
            class,
            ..
        } = self.bound;
        // A clock that went back belongs to another start of the host.
        if mono_ns
            .checked_sub(self.from_ns)
            .is_none_or(|passed| passed > LIFE_NS)
        {
            return Err(Refused::Late { cluster });
        }
        if now.cluster_uid != cluster_uid {
            return Err(Refused::Cluster { cluster });
        }
        if now.generation != generation {
            return Err(Refused::Generation { cluster });
        }
        if now.digest != digest {
            return Err(Refused::Digest { cluster });
        }
        if now.class != class {
            return Err(Refused::Class {
                cluster,
                actual: now.class,
                recorded: class,
            });
        }
        Ok(self.audit_id)
    }
}

impl AuditId {
    /// Makes a new random id.
    pub(super) fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl Ticket {
    /// Makes the ticket of an intent that is about to be written.
    pub(super) fn new(intent: &Draft, req: Req) -> Self {
        Self {
            seq: 0,
            actor: intent.actor.clone(),
            run: intent.run.clone(),
            step: intent.step.clone(),
            attempt: intent.attempt,
            req,
        }
    }

    /// Notes the number the intent was written under.
    pub(super) fn written(mut self, seq: u64) -> Self {
        self.seq = seq;
        self
    }

    /// Takes up an intent found in the log, so that its outcome can be recorded after a restart.
    ///
    /// Gives nothing where the entry is no intent.
    pub fn of(intent: &Entry) -> Option<Self> {
        let req = intent.req.clone()?;
        (intent.kind == Kind::ApiIntent).then(|| Self {
            seq: intent.seq,
            actor: intent.actor.clone(),
            run: intent.run.clone(),
            step: intent.step.clone(),
            attempt: intent.attempt,
            req,
        })
    }

    /// Gives the number of the intent's entry.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Gives the id the request was, or would have been, sent with.
    pub fn audit_id(&self) -> Option<&SafeText> {
        self.req.audit_id.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permit() -> Permit {
        let bound = Bound {
            cluster: "aws-prod".to_owned(),
            cluster_uid: "c07a91e2".to_owned(),
            generation: 3,
            digest: [7; 32],
            class: Class::Change,
            run: Some("7f3a".to_owned()),
        };
        let ticket = Ticket::new(&Draft::new(Kind::ApiIntent), Req::default());
        Permit::new(bound, AuditId::random(), ticket, 1_000)
    }

    const SAME: Actual<'_> = Actual {
        cluster_uid: "c07a91e2",
        generation: 3,
        digest: [7; 32],
        class: Class::Change,
    };

    #[test]
    fn a_permit_lives_ten_seconds() {
        assert!(permit().spend(&SAME, 1_000 + LIFE_NS).is_ok());
        assert!(matches!(
            permit().spend(&SAME, 1_001 + LIFE_NS),
            Err(Refused::Late { .. })
        ));
        assert!(matches!(
            permit().spend(&SAME, 999),
            Err(Refused::Late { .. })
        ));
    }

    #[test]
    fn a_permit_is_good_for_what_was_recorded_only() {
        let refused = |now: Actual<'_>| permit().spend(&now, 1_000).unwrap_err();
        assert!(matches!(
            refused(Actual {
                cluster_uid: "0a9be644",
                ..SAME
            }),
            Refused::Cluster { .. }
        ));
        assert!(matches!(
            refused(Actual {
                generation: 4,
                ..SAME
            }),
            Refused::Generation { .. }
        ));
        assert!(matches!(
            refused(Actual {
                digest: [8; 32],
                ..SAME
            }),
            Refused::Digest { .. }
        ));
        let class = refused(Actual {
            class: Class::Service,
            ..SAME
        });
        assert_eq!(
            class.to_string(),
            "nothing was sent to aws-prod: the request is a service, recorded was a change; plan it anew"
        );
    }
}

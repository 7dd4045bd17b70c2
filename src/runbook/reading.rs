//! A question that only reads, and its answer.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::sources::moment::Moment;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::sources::written::Written;
use crate::text::SafeText;

/// Group, version and kind of Kubernetes objects, as a backup's list names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gvk {
    /// API group; empty for the core group.
    pub group: String,
    /// Version, `v1`.
    pub version: String,
    /// Kind, `ConfigMap`.
    pub kind: String,
}

impl Gvk {
    /// Reads `v1/ConfigMap` or `apps/v1/Deployment`.
    pub fn parse(text: &str) -> Option<Gvk> {
        let (group_version, kind) = text.rsplit_once('/')?;
        let (group, version) = group_version
            .rsplit_once('/')
            .unwrap_or(("", group_version));
        Some(Gvk {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        })
    }
}

/// A question that only reads; nothing of it is recorded as a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// May I? Each is an `Op::Review`.
    Rights(Vec<Op>),
    /// One object, fresh from the API server.
    Object {
        /// Resource.
        gvr: Gvr,
        /// Namespace, where there is one.
        namespace: Option<String>,
        /// Name.
        name: String,
    },
    /// The objects of these kinds in one namespace, metadata only.
    Names {
        /// The namespace.
        namespace: String,
        /// Which kinds; those that the cluster does not have are left out of the answer.
        kinds: Vec<Gvk>,
    },
    /// One object by its name, metadata only: by listing, because Secrets may be listed, never read.
    Named {
        /// The namespace.
        namespace: String,
        /// Its kind.
        kind: Gvk,
        /// The resource that the cluster serves it as.
        gvr: Gvr,
        /// Its name.
        name: String,
    },
    /// What stands at the address that a `DownloadRequest` was given; fetched, unpacked, never shown.
    Artefact {
        /// Velero's namespace.
        velero: String,
        /// Name of the `DownloadRequest`.
        download_request: String,
    },
}

/// Velero's list of what a backup holds: `apps/v1/Deployment` to `namespace/name`, or `name` for cluster-scoped ones.
pub type ResourceList = BTreeMap<String, Vec<String>>;

/// One object that a list of names found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its `resourceVersion`.
    pub resource_version: String,
    /// Its label `velero.io/restore-name`, where it has one.
    pub restore: Option<String>,
    /// True when it was deleted and waits for its finalizers.
    pub going: bool,
    /// Who wrote it, as far as its metadata tells.
    pub written: Written,
    /// Its label `velero.io/backup-name`, where it has one: the backup that it was restored from.
    pub backup: Option<String>,
    /// When it was made; `None` when the server does not say.
    pub created: Option<Timestamp>,
}

/// The objects of one kind that a list of names found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The kind that was asked for.
    pub gvk: Gvk,
    /// The resource that the cluster serves it as.
    pub gvr: Gvr,
    /// False when listing this kind is not this person's right; `objects` is empty then and says nothing.
    pub allowed: bool,
    /// Every object of that kind in the namespace.
    pub objects: Vec<Named>,
}

/// One right: the review, whether it is given (or why that is not known), and the server's reason.
pub type Right = (Op, Result<bool, SafeText>, SafeText);

/// The answer to a `Reading`.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Each review in the order asked.
    Rights(Vec<Right>),
    /// The object's metadata, spec and status; `None` when there is none (404).
    Object(Option<serde_json::Value>),
    /// What exists now.
    Names(Vec<Listed>),
    /// What the backup holds.
    Artefact(ResourceList),
    /// It could not be read, and why.
    Failed(SafeText),
}

/// An answer together with its question and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// What was asked.
    pub reading: Reading,
    /// What came back.
    pub answer: Answer,
    /// When it was asked: only what was asked after a request had left says what became of it.
    pub asked: Moment,
    /// When it was answered.
    pub at: Moment,
}

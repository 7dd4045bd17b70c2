//! The plan: a runbook fully expanded for one target, frozen and digested. What is not in it is never sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::config::ClusterName;
use crate::sources::op::Gvr;
use crate::sources::op::Op;

/// Whether a run changes a real estate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The estate as it is.
    Live,
    /// A drill target.
    Drill,
}

/// One object that the backup holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Item {
    /// Resource.
    pub gvr: Gvr,
    /// Kind, `ConfigMap`.
    pub kind: String,
    /// Name in the restored namespace.
    pub name: String,
    /// uid of the object of that name when the plan was made; `None` when there was none.
    pub uid: Option<String>,
}

/// What *prepare* found and froze. A value that no longer holds needs a new plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Name of the Backup.
    pub backup: String,
    /// Its `status.startTimestamp`, RFC 3339.
    pub started: String,
    /// The store it is kept in.
    pub store: String,
    /// Velero's namespace.
    pub velero: String,
    /// Objects that the restore will create.
    pub create: Vec<Item>,
    /// Objects that exist and will be left as they are.
    pub skip: Vec<Item>,
    /// Objects in the backup that controllers make anew (pods, replica sets, endpoints): not planned, not judged.
    pub left: usize,
    /// The Kustomization (namespace, name) that keeps the target, when there is one that is not suspended.
    pub kustomization: Option<(String, String)>,
}

/// How a step is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "kebab-case")]
pub enum Undo {
    /// Nothing was changed.
    Nothing,
    /// By one request that is known now.
    Op(Box<Op>),
    /// By deleting what the restore created, each only if nobody changed it since.
    DeleteCreated,
    /// It goes by itself; when.
    Expires(String),
    /// Not at all; why.
    Never(String),
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanStep {
    /// Its number in the run, from 1, prepare steps included.
    pub number: u32,
    /// The author's id, `restore`.
    pub id: String,
    /// The step kind's name, `restore`.
    pub kind: String,
    /// One imperative line.
    pub title: String,
    /// What it sends, when it sends.
    pub op: Option<Op>,
    /// What must be true before, in words.
    pub before: String,
    /// What the world must show afterwards, in words.
    pub done_when: String,
    /// How it is taken back.
    pub undo: Undo,
    /// What must be typed to send it, letter by letter, when it cannot be taken back or stopped.
    pub typed: Option<String>,
    /// Seconds after which waiting is a failure.
    pub timeout_s: u32,
}

/// A runbook expanded for one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The run it belongs to.
    pub run: String,
    /// Id of the runbook.
    pub book: String,
    /// Version of the runbook.
    pub version: u32,
    /// SHA-256 of the runbook's bytes, hex.
    pub book_digest: String,
    /// Live or drill.
    pub mode: Mode,
    /// Digest of the policy in force, hex; `self` without one.
    pub policy: String,
    /// The cluster.
    pub cluster: ClusterName,
    /// uid of its `kube-system`.
    pub cluster_uid: String,
    /// The namespace that is brought back.
    pub namespace: String,
    /// Parameters as given.
    pub params: BTreeMap<String, String>,
    /// What prepare froze.
    pub frozen: Frozen,
    /// Every later step.
    pub steps: Vec<PlanStep>,
}

//! The plan: a runbook fully expanded for one target, frozen and digested. What is not in it is never sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::book::sha256_hex;
use super::steps::Kind;
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
    /// Objects that exist, as old as the backup or restored from it, and will be left as they are.
    pub skip: Vec<Item>,
    /// Objects that were made after the backup was taken under a name that it holds: they are others than those of the
    /// backup, and Velero leaves them as they are too (`existingResourcePolicy: none`).
    pub collide: Vec<Item>,
    /// Those of `create` that nobody looked for in a namespace that is there, because listing their kind is not this
    /// person's right: they may exist already.
    pub unseen: Vec<Item>,
    /// Objects in the backup that controllers make anew (pods, replica sets, endpoints): not planned, not judged.
    pub left: usize,
    /// The Kustomization (namespace, name) that keeps the target, when there is one that is not suspended.
    pub kustomization: Option<(String, String)>,
    /// Further Kustomizations (`namespace/name`) that keep the target and go on: the run holds one.
    #[serde(default)]
    pub not_held: Vec<String>,
    /// True when the namespace existed when the plan was made.
    pub exists: bool,
    /// Objects in the backup of kinds that the cluster does not have: they cannot be brought back.
    pub unknown: Vec<Item>,
}

impl Frozen {
    /// Every object of the backup that is planned, created, skipped and colliding ones, in order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.create.iter().chain(&self.skip).chain(&self.collide)
    }

    /// What the Restore would do in numbers: `create 2  skip 1  collide 0`.
    pub fn counts(&self, gap: &str) -> String {
        let (create, skip, collide) = (self.create.len(), self.skip.len(), self.collide.len());
        format!("create {create}{gap}skip {skip}{gap}collide {collide}")
    }

    /// Every object by kind and name, under the word for what becomes of it and why; without empty rows.
    pub fn lists(&self) -> Vec<(&'static str, String)> {
        [
            ("create", &self.create, ""),
            (
                "unseen",
                &self.unseen,
                "of create, may be there already, because listing their kind is not yours: ",
            ),
            ("skip", &self.skip, "there, left as they are: "),
            (
                "collide",
                &self.collide,
                "made after the backup, so others than it holds; left as they are: ",
            ),
            (
                "no kind",
                &self.unknown,
                "the cluster does not have their kind; not brought back: ",
            ),
        ]
        .into_iter()
        .filter(|(_, items, _)| !items.is_empty())
        .map(|(word, items, why)| (word, format!("{why}{}", named(items))))
        .collect()
    }
}

/// Objects by kind and name, each kind once: `ConfigMap forms, prices; Secret db`.
pub fn named(items: &[Item]) -> String {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for item in items {
        kinds.entry(&item.kind).or_default().push(&item.name);
    }
    let kinds = kinds.iter();
    let kinds = kinds.map(|(kind, names)| format!("{kind} {}", names.join(", ")));
    kinds.collect::<Vec<String>>().join("; ")
}

/// How a step is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "with", rename_all = "kebab-case")]
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
    /// True when it may be left out with a reason.
    pub skip: bool,
}

impl PlanStep {
    /// True when there is nothing for it to do in this run: it would change something, and holds no request.
    pub fn idle(&self) -> bool {
        self.op.is_none() && Kind::parse(&self.kind).is_some_and(Kind::changes)
    }
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

impl Plan {
    /// The plan as canonical JSON: keys sorted at every level, no spaces, no floats.
    pub fn canonical(&self) -> String {
        // A `Value`'s maps are sorted by key, a struct's fields are not; a test holds it. Where a plan cannot be JSON
        // (no type of it allows that) its whole content still decides: nothing must make two plans look the same.
        serde_json::to_value(self).map_or_else(|_| format!("{self:?}"), |value| value.to_string())
    }

    /// SHA-256 of the canonical JSON, 64 hex digits. One changed byte is another digest.
    pub fn digest(&self) -> String {
        sha256_hex(self.canonical().as_bytes())
    }

    /// Every request that the plan will send, with the number of its step, in order.
    pub fn requests(&self) -> Vec<(u32, &Op)> {
        self.steps
            .iter()
            .filter_map(|step| Some((step.number, step.op.as_ref()?)))
            .collect()
    }

    /// What the plan does in numbers: `create 2  skip 1  collide 0  delete 0`.
    pub fn counts(&self, gap: &str) -> String {
        let deletes = |(_, op): &(u32, &Op)| matches!(op, Op::Delete { .. });
        let delete = self.requests().into_iter().filter(deletes).count();
        format!("{}{gap}delete {delete}", self.frozen.counts(gap))
    }

    /// The step of that number.
    pub fn step(&self, number: u32) -> Option<&PlanStep> {
        self.steps.iter().find(|step| step.number == number)
    }

    /// The first step of that kind.
    pub fn step_of(&self, kind: Kind) -> Option<&PlanStep> {
        self.steps.iter().find(|step| step.kind == kind.word())
    }

    /// The first four of the run's id, by which people and object names know it.
    pub fn short(&self) -> &str {
        short(&self.run)
    }
}

/// The first four of a run's id.
pub fn short(run: &str) -> &str {
    run.get(..4).unwrap_or(run)
}

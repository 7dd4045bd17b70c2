//! What can happen to a run. A run is the fold of these, in the order of the log.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::plan::Frozen;
use super::plan::Mode;
use super::plan::Plan;
use crate::config::ClusterName;
use crate::sources::op::Gvr;
use crate::sources::written::Written;
use crate::text::SafeText;

/// A step as its book names it, before there is a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Number from 1.
    pub number: u32,
    /// The author's id.
    pub id: String,
    /// The step kind's name.
    pub kind: String,
    /// One imperative line.
    pub title: String,
}

/// How a run began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Its id, hex.
    pub run: String,
    /// Id of the runbook.
    pub book: String,
    /// Version of the runbook.
    pub version: u32,
    /// SHA-256 of the runbook's bytes, hex.
    pub book_digest: String,
    /// True when the runbook is built in or signed.
    pub trusted: bool,
    /// Live or drill.
    pub mode: Mode,
    /// The cluster it acts on.
    pub cluster: ClusterName,
    /// uid of its `kube-system` when the run was opened.
    pub cluster_uid: String,
    /// Digest of the policy in force; `self` without one.
    pub policy: String,
    /// Parameters as given, `namespace`, `ticket` and `reason` among them.
    pub params: BTreeMap<String, String>,
    /// Who opened it.
    pub by: SafeText,
    /// Every step of the book.
    pub steps: Vec<Outline>,
}

/// An object that is there now and was brought by the run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Created {
    /// Resource.
    pub gvr: Gvr,
    /// Kind, `ConfigMap`.
    pub kind: String,
    /// Name in the namespace.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its resourceVersion at that look.
    pub resource_version: String,
    /// Who had written it by then.
    #[serde(default)]
    pub written: Written,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeClass {
    /// The server did it (2xx).
    Applied,
    /// The server said no; nothing changed.
    Refused,
    /// No answer, or one that leaves it open; only reading can tell.
    Unknown,
    /// It was recorded and never left this host.
    NotSent,
}

/// What a look at the world showed about a request in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trace {
    /// It arrived: the object is there, marked with this run and step, as the plan has it.
    Arrived,
    /// It did not arrive, or not yet.
    Absent,
    /// Something of that name is there and is not ours.
    Foreign,
    /// It could not be read.
    Unreadable,
}

/// One thing that happened to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, and most that are kept are folded at once"
)]
pub enum RunEvent {
    /// It was opened; nothing was asked yet.
    Opened(Opened),
    /// A step of *prepare* found something; `done` tells whether it is through.
    Prepared {
        /// Number of the step.
        step: u32,
        /// False when the step goes on.
        done: bool,
        /// What was found, in one clause.
        evidence: SafeText,
        /// Everything that is frozen so far.
        frozen: Frozen,
    },
    /// The plan was made and shown; nothing was sent.
    Planned {
        /// The plan, whole.
        plan: Plan,
        /// Its digest, hex.
        digest: String,
    },
    /// A person started it.
    Started,
    /// A name was typed, letter by letter.
    Typed {
        /// Number of the step.
        step: u32,
        /// As typed.
        text: SafeText,
    },
    /// A request was recorded and is about to be sent.
    Intent {
        /// Number of the step.
        step: u32,
        /// True when it takes the step back.
        undo: bool,
        /// SHA-256 of the request, hex.
        digest: String,
        /// The Audit-ID it is sent with.
        audit_id: SafeText,
        /// Resource.
        gvr: Gvr,
        /// Namespace, where there is one.
        namespace: Option<String>,
        /// Name of the object.
        name: String,
    },
    /// An answer to the last intent of that step, or the reason why there is none.
    Outcome {
        /// Number of the step.
        step: u32,
        /// True when the request took the step back.
        undo: bool,
        /// What became of it.
        class: OutcomeClass,
        /// HTTP status, where one came.
        status: Option<u16>,
        /// The server's words, or why nothing was sent.
        words: SafeText,
    },
    /// The world shows what the step is for.
    Done {
        /// Number of the step.
        step: u32,
        /// What was seen, in one clause.
        evidence: SafeText,
        /// Objects that the run brought, where the step has counted them.
        created: Vec<Created>,
    },
    /// The step failed.
    Failed {
        /// Number of the step.
        step: u32,
        /// Why.
        why: SafeText,
    },
    /// The step was left out.
    Skipped {
        /// Number of the step.
        step: u32,
        /// As typed.
        reason: SafeText,
    },
    /// It was put down on purpose.
    Held,
    /// It was taken up again.
    Resumed,
    /// The world was looked at because a request is in doubt.
    Looked {
        /// Number of the step.
        step: u32,
        /// True when the request takes the step back.
        undo: bool,
        /// What the look showed.
        trace: Trace,
        /// The same in words.
        words: SafeText,
    },
    /// A request that was in doubt has arrived; it will not be sent again.
    Arrived {
        /// Number of the step.
        step: u32,
        /// True when the request takes the step back.
        undo: bool,
        /// What shows it.
        words: SafeText,
    },
    /// A person wants to look again at a step that had failed or was in doubt.
    LookAgain {
        /// Number of the step.
        step: u32,
    },
    /// A person wants everything taken back, newest first.
    UndoBegun,
    /// What the restore's undo will delete and what it leaves.
    UndoListed {
        /// Number of the step.
        step: u32,
        /// Each is deleted by one request.
        delete: Vec<Created>,
        /// What stays, and why.
        left: Vec<SafeText>,
    },
    /// A person has read a part of that list and typed the namespace: its objects may be deleted.
    UndoConfirmed {
        /// Number of the step.
        step: u32,
        /// Digest of the part, hex.
        digest: String,
        /// As typed.
        text: SafeText,
    },
    /// A person wants it not taken back after all; nothing was sent.
    UndoLeft,
    /// One object of that list is gone, or stays for a reason.
    UndoItem {
        /// Number of the step.
        step: u32,
        /// uid of the object.
        uid: String,
        /// What became of it.
        words: SafeText,
    },
    /// A step was taken back.
    Undone {
        /// Number of the step.
        step: u32,
        /// What was seen.
        evidence: SafeText,
    },
    /// A person ended it.
    Aborted {
        /// As typed.
        reason: SafeText,
    },
    /// It ended well.
    Completed {
        /// How, in one sentence.
        words: SafeText,
    },
    /// Every step is over, and a check was left out.
    Unchecked {
        /// Which, and the reason that was typed.
        words: SafeText,
    },
    /// It ended before anything was sent, because nothing would be changed.
    NothingToDo {
        /// What is there already, in one sentence.
        words: SafeText,
    },
}

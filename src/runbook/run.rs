//! A run: the fold of its log entries, nothing else.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::event::Created;
use super::event::OutcomeClass;
use super::event::Trace;
use super::plan::Frozen;
use super::plan::Mode;
use super::plan::Plan;
use super::plan::short;
use crate::config::ClusterName;
use crate::sources::op::Gvr;
use crate::text::SafeText;

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepStatus {
    /// Not begun.
    Next,
    /// It is this step's turn.
    Now,
    /// Its request left; the world does not show it yet.
    Sent,
    /// The world shows it.
    Done,
    /// It failed, and why.
    Failed(SafeText),
    /// Left out, with the reason that was typed.
    Skipped(SafeText),
    /// Its request was recorded and no answer was seen.
    InDoubt,
    /// It was done and was taken back.
    Undone,
}

/// One step of a run as the log shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepState {
    /// Number from 1.
    pub number: u32,
    /// The author's id.
    pub id: String,
    /// The step kind's name.
    pub kind: String,
    /// One imperative line.
    pub title: String,
    /// Where it stands.
    pub status: StepStatus,
    /// What was found or seen, in one clause.
    pub evidence: SafeText,
    /// When its last entry was written.
    pub at: Option<Timestamp>,
    /// Number of its last entry.
    pub entry: Option<u64>,
    /// Milliseconds from sending to done, where it sent.
    pub took_ms: Option<u64>,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// Only reads and asks services; no plan yet.
    Preparing,
    /// The plan is shown; nothing was sent.
    Planned,
    /// Started; steps are taken one by one.
    Running,
    /// Put down on purpose; can be taken up again.
    Held,
    /// Its process ended in the middle; must be looked at first.
    Interrupted,
    /// Every step is over, and what the run was for was seen.
    Completed,
    /// Every step is over, but a check was left out: what the run was for is not proved.
    Unchecked,
    /// Ended before anything was sent: there was nothing to change.
    NothingToDo,
    /// Ended by hand, with the reason.
    Aborted(SafeText),
    /// Could not go on, and why.
    Failed(SafeText),
}

/// One execution of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its id, hex; people say the first four.
    pub id: String,
    /// Id of the runbook.
    pub book: String,
    /// Version of the runbook.
    pub version: u32,
    /// True when the runbook is built in or signed.
    pub trusted: bool,
    /// Live or drill.
    pub mode: Mode,
    /// The cluster it acts on.
    pub cluster: ClusterName,
    /// The namespace it acts on.
    pub namespace: String,
    /// Parameters as given.
    pub params: BTreeMap<String, String>,
    /// Ticket as typed.
    pub ticket: String,
    /// Reason as typed.
    pub reason: String,
    /// Who opened it.
    pub by: SafeText,
    /// When.
    pub opened: Timestamp,
    /// Where it stands.
    pub status: RunStatus,
    /// Every step, prepare steps first.
    pub steps: Vec<StepState>,
    /// The plan, once there is one.
    pub plan: Option<Plan>,
    /// First four and more of its digest, hex; empty without a plan.
    pub digest: String,
    /// What has been changed and is owed: step number and words.
    pub owed: Vec<(u32, SafeText)>,
    /// How it ended, in one sentence; empty while it goes on.
    pub ending: SafeText,
    /// What the engine needs and no screen shows.
    pub memory: Memory,
}

/// What became of a request: class, HTTP status and words.
pub type Seen = (OutcomeClass, Option<u16>, SafeText);

/// One request of a run: recorded, and perhaps answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Number of the intent's entry.
    pub entry: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// SHA-256 of the request, hex.
    pub digest: String,
    /// The Audit-ID it was sent with.
    pub audit_id: SafeText,
    /// Resource.
    pub gvr: Gvr,
    /// Namespace, where there is one.
    pub namespace: Option<String>,
    /// Name of the object.
    pub name: String,
    /// What became of it: class, status and words; `None` while nobody knows.
    pub outcome: Option<Seen>,
    /// Looks at the world since it is in doubt, with what the last one showed and when.
    pub looks: Vec<(Timestamp, Trace, SafeText)>,
    /// True when reading showed that it arrived.
    pub arrived: bool,
    /// True while this process waits for the answer.
    pub in_flight: bool,
}

/// What the engine needs of a run and no screen shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// uid of the cluster's `kube-system` when the run was opened.
    pub cluster_uid: String,
    /// SHA-256 of the runbook's bytes when the run was opened.
    pub book_digest: String,
    /// Digest of the policy when the run was opened.
    pub policy: String,
    /// What prepare has found so far.
    pub frozen: Frozen,
    /// True once a person started the plan.
    pub started: bool,
    /// True once a person wants it taken back.
    pub undoing: bool,
    /// When it was last opened, resumed or looked at again.
    pub since: Option<Timestamp>,
    /// The newest request of each step; `true` in the key is the one that takes it back.
    pub attempts: BTreeMap<(u32, bool), Attempt>,
    /// The newest request that did not leave this host: number of its step, when, and why.
    pub unsent: Option<(u32, Timestamp, SafeText)>,
    /// Steps for which the name was typed since the run was last taken up.
    pub typed: BTreeSet<u32>,
    /// What the run brought, as counted when it was verified.
    pub created: Vec<Created>,
    /// Number of the first entry from which on it is not known whole what the run did, because that entry's body is gone
    /// or altered, or because the log is broken there: nothing is sent by it any more.
    pub untold: Option<u64>,
    /// The restore's undo: each object to delete with what became of it, and what was left.
    pub undo_list: Option<UndoList>,
}

/// The objects that the undo of a restore deletes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UndoList {
    /// Number of the step.
    pub step: u32,
    /// Each object, with what became of it once that is known.
    pub delete: Vec<(Created, Option<SafeText>)>,
    /// What stays, and why.
    pub left: Vec<SafeText>,
    /// uids of those that a person has confirmed since the run was last taken up.
    pub confirmed: BTreeSet<String>,
    /// Requests that were recorded for the object whose turn it is, since it was confirmed.
    pub asked: u32,
}

impl Run {
    /// The first four of its id.
    pub fn short(&self) -> &str {
        short(&self.id)
    }

    /// The step whose turn it is: the first that is neither done, skipped nor taken back.
    pub fn turn(&self) -> Option<&StepState> {
        let over = |status: &StepStatus| {
            matches!(
                status,
                StepStatus::Done | StepStatus::Skipped(_) | StepStatus::Undone
            )
        };
        self.steps.iter().find(|step| !over(&step.status))
    }

    /// The step of that number.
    pub fn step(&self, number: u32) -> Option<&StepState> {
        self.steps.iter().find(|step| step.number == number)
    }

    /// True when nothing more can happen to it.
    pub fn ended(&self) -> bool {
        matches!(
            self.status,
            RunStatus::Completed
                | RunStatus::Unchecked
                | RunStatus::NothingToDo
                | RunStatus::Aborted(_)
                | RunStatus::Failed(_)
        )
    }

    /// True once a person wants it taken back.
    pub fn taking_back(&self) -> bool {
        self.memory.undoing
    }

    /// uid of the target's `kube-system` when the run was opened; every request is bound to it.
    pub fn cluster_uid(&self) -> &str {
        &self.memory.cluster_uid
    }

    /// True while a request of this process is out and unanswered.
    pub fn in_flight(&self) -> bool {
        self.memory
            .attempts
            .values()
            .any(|attempt| attempt.in_flight)
    }

    /// The newest request of that step, or of its undo.
    pub fn attempt(&self, step: u32, undo: bool) -> Option<&Attempt> {
        self.memory.attempts.get(&(step, undo))
    }

    /// The run as it is when a process starts and finds it: interrupted, unless it ended or was held.
    #[must_use]
    pub fn found_at_start(mut self) -> Run {
        if self.ended() {
            return self;
        }
        for ((number, undo), attempt) in &mut self.memory.attempts {
            attempt.in_flight = false;
            let doubt = attempt.in_doubt();
            let step = self.steps.iter_mut().find(|step| step.number == *number);
            if let Some(step) = step.filter(|_| doubt && !undo) {
                step.status = StepStatus::InDoubt;
            }
        }
        self.memory.typed.retain(|step| {
            self.steps
                .iter()
                .any(|s| s.number == *step && s.status == StepStatus::Done)
        });
        if self.status != RunStatus::Held {
            self.status = RunStatus::Interrupted;
        }
        self
    }
}

impl Attempt {
    /// True when the request was recorded and nobody knows what became of it.
    pub fn in_doubt(&self) -> bool {
        let open = matches!(self.outcome, None | Some((OutcomeClass::Unknown, ..)));
        open && !self.arrived && !self.in_flight
    }

    /// True when the server did it, by its answer or by what reading showed.
    pub fn applied(&self) -> bool {
        self.arrived || matches!(self.outcome, Some((OutcomeClass::Applied, ..)))
    }
}

/// What the lower pane of the run screen shows for the step whose turn it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Rule's words: `THIS WILL SEND ONE REQUEST`, `CANNOT BE STOPPED ONCE SENT, NO DRY RUN`, `WAITING FOR THE WORLD`.
    pub title: String,
    /// The request in one line, and its target; empty when nothing is sent.
    pub wire: Vec<String>,
    /// The body that will be sent, whole.
    pub body: String,
    /// SHA-256 of the request, hex; empty when nothing is sent.
    pub digest: String,
    /// Label and words: Before, Done when, Undo, Right.
    pub facts: Vec<(String, SafeText)>,
    /// What must be typed, when something must.
    pub typed: Option<String>,
    /// Sentences below: progress, why Enter is off.
    pub notes: Vec<SafeText>,
    /// What Enter does now, for the footer; empty when it does nothing.
    pub enter: String,
    /// True when Enter sends something.
    pub sends: bool,
    /// True when nothing goes on by itself until a person answers, though there may be nothing for Enter to send.
    pub stuck: bool,
}

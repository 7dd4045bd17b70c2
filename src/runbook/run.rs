//! A run: the fold of its log entries, nothing else.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::plan::Mode;
use super::plan::Plan;
use crate::config::ClusterName;
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
    /// Ended well.
    Completed,
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
}

/// What the lower pane of the run screen shows for the step whose turn it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Rule's words: `THIS WILL SEND ONE REQUEST`, `CANNOT BE STOPPED ONCE SENT`, `WAITING FOR THE WORLD`.
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
}

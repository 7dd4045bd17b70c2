//! A run as plain lines: the same that the run screen shows, for `run show` and for the end of `run`.

use super::run::Run;
use super::run::RunStatus;
use super::run::StepState;
use super::run::StepStatus;
use crate::text::pad;
use crate::text::took;

impl StepStatus {
    /// The word of the status column.
    pub fn word(&self) -> &'static str {
        match self {
            StepStatus::Next => "next",
            StepStatus::Now => "now",
            StepStatus::Sent => "sent",
            StepStatus::Done => "done",
            StepStatus::Failed(_) => "failed",
            StepStatus::Skipped(_) => "skipped",
            StepStatus::InDoubt => "in doubt",
            StepStatus::Undone => "undone",
        }
    }
}

impl RunStatus {
    /// The status in one or two words.
    pub fn word(&self) -> &'static str {
        match self {
            RunStatus::Preparing => "preparing",
            RunStatus::Planned => "planned",
            RunStatus::Running => "running",
            RunStatus::Held => "held",
            RunStatus::Interrupted => "interrupted",
            RunStatus::Completed => "completed",
            RunStatus::Unchecked => "ended, a check was skipped",
            RunStatus::NothingToDo => "nothing to do",
            RunStatus::Aborted(_) => "aborted",
            RunStatus::Failed(_) => "failed",
        }
    }
}

/// The run as lines: who and what, every step, and what still stands.
pub fn lines(run: &Run) -> Vec<String> {
    let mut lines = vec![
        format!(
            "run {} {} v{}: {}",
            run.short(),
            run.book,
            run.version,
            run.status.word()
        ),
        format!(
            "{} namespace {}, by {}, ticket {}: {}",
            run.cluster, run.namespace, run.by, run.ticket, run.reason
        ),
    ];
    if !run.digest.is_empty() {
        lines.push(format!("plan {}", run.digest));
    }
    lines.extend(run.steps.iter().map(step));
    for (number, words) in &run.owed {
        lines.push(format!("still stands, step {number}: {words}"));
    }
    if !run.ending.as_str().is_empty() {
        lines.push(run.ending.to_string());
    }
    lines
}

/// One step as one line: number, status, id, what was seen or will be done, how long it took, when.
pub fn step(step: &StepState) -> String {
    let words = if step.evidence.as_str().is_empty() {
        step.title.as_str()
    } else {
        step.evidence.as_str()
    };
    let mut line = format!(
        "{:>3} {} {} {words}",
        step.number,
        pad(step.status.word(), 8),
        pad(&step.id, 16)
    );
    if let Some(millis) = step.took_ms {
        line = format!("{line}  {}", took(millis));
    }
    if let Some(at) = step.at {
        line = format!("{line}  {}", at.strftime("%H:%M:%SZ"));
    }
    line
}

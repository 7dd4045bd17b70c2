//! What a run has changed and has not given back, in words.

use super::plan::Undo;
use super::run::Attempt;
use super::run::Run;
use super::run::RunStatus;
use super::run::StepStatus;
use super::steps::Kind;
use super::undo_list;
use crate::sources::op::Op;
use crate::text::SafeText;

/// Every change of the run that still stands and is owed back, by the number of its step.
pub(crate) fn of(run: &Run) -> Vec<(u32, SafeText)> {
    let Some(plan) = &run.plan else {
        return Vec::new();
    };
    let mut owed = Vec::new();
    for (number, op) in plan.requests() {
        let state = run.step(number).map(|step| &step.status);
        if state == Some(&StepStatus::Undone) || !changed(run, number, state) {
            continue;
        }
        // What a run that went to its end brought back is what it was for, and its safety copy goes by itself.
        let wanted = matches!(op, Op::Restore { .. } | Op::Backup { .. });
        if matches!(run.status, RunStatus::Completed | RunStatus::Unchecked) && wanted {
            continue;
        }
        let undo = plan.step(number).map_or(&Undo::Nothing, |step| &step.undo);
        if let Some(words) = words(run, op, undo) {
            owed.push((number, SafeText::new(&words)));
        }
    }
    owed
}

/// True when the step's request left and may have changed something.
fn changed(run: &Run, number: u32, state: Option<&StepStatus>) -> bool {
    let attempt = run.attempt(number, false);
    attempt
        .is_some_and(|attempt| attempt.applied() || attempt.outcome.is_none() || doubtful(attempt))
        || (state == Some(&StepStatus::Done) && attempt.is_some())
}

fn doubtful(attempt: &Attempt) -> bool {
    attempt.in_doubt()
}

fn words(run: &Run, op: &Op, undo: &Undo) -> Option<String> {
    match op {
        Op::Suspend {
            namespace,
            name,
            suspend: true,
        } => {
            let back = run
                .steps
                .iter()
                .find(|step| step.kind == Kind::GiveBack.word());
            match back {
                Some(back) if back.status == StepStatus::Done => None,
                Some(back) => Some(format!(
                    "Kustomization {name} in {namespace}: spec.suspend false -> true; owed: {} ({})",
                    back.id, back.number
                )),
                None => Some(format!(
                    "Kustomization {name} in {namespace}: spec.suspend false -> true; owed"
                )),
            }
        }
        Op::Backup { velero, name, .. } => match undo {
            Undo::Expires(when) => Some(format!("Backup {name} in {velero}: created; {when}")),
            _ => Some(format!("Backup {name} in {velero}: created")),
        },
        Op::Restore {
            velero,
            name,
            namespace,
            ..
        } => Some(format!(
            "Restore {name} in {velero}: sent; {}what it created in {namespace} stays until it is undone",
            deleted(run)
        )),
        _ => None,
    }
}

/// `3 of 8 were deleted, the rest of ` once some were.
fn deleted(run: &Run) -> String {
    let list = run.memory.undo_list.as_ref();
    let delete = list.map_or(&[][..], |list| list.delete.as_slice());
    let settled = |item: &&(_, Option<SafeText>)| item.1.as_ref().is_some_and(undo_list::is_gone);
    match delete.iter().filter(settled).count() {
        0 => String::new(),
        gone => format!("{gone} of {} were deleted, the rest of ", delete.len()),
    }
}

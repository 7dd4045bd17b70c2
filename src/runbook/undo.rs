//! Taking a run back: newest first, one request each, each recorded by itself.
//!
//! `undo_list` says what is deleted and what stays, `undo_item` deletes, `undo_card` shows.

use super::engine::Command;
use super::event::Created;
use super::event::OutcomeClass;
use super::event::RunEvent;
use super::event::Trace;
use super::plan::PlanStep;
use super::plan::Undo;
use super::run::Attempt;
use super::run::Memory;
use super::run::Run;
use super::run::StepStatus;
use super::run::UndoList;
use super::sight::Sight;
use super::steps::Kind;
use super::undo_item;
use super::undo_list;
use crate::sources::moment::Moment;
use crate::sources::op::Op;
use crate::text::SafeText;

/// Takes one entry about the taking back into account.
pub(crate) fn fold(run: &mut Run, event: &RunEvent) {
    match event {
        RunEvent::UndoBegun => run.memory.undoing = true,
        RunEvent::UndoLeft => {
            run.memory.undoing = false;
            run.memory.undo_list = None;
        }
        RunEvent::UndoListed { step, delete, left } => {
            let delete = delete.iter().map(|object| (object.clone(), None)).collect();
            run.memory.undo_list = Some(UndoList {
                step: *step,
                delete,
                left: left.clone(),
                ..UndoList::default()
            });
        }
        RunEvent::UndoConfirmed { step, digest, .. } => confirmed(run, *step, digest),
        RunEvent::UndoItem { step, uid, words } => {
            if let Some(list) = &mut run.memory.undo_list {
                for item in list.delete.iter_mut().filter(|item| item.0.uid == *uid) {
                    item.1 = Some(words.clone());
                }
                list.asked = 0;
            }
            run.memory.attempts.remove(&(*step, true));
        }
        _ => {}
    }
}

/// The objects that were shown may be deleted; what is not what was shown may not.
fn confirmed(run: &mut Run, step: u32, digest: &str) {
    let Some(list) = &run.memory.undo_list else {
        return;
    };
    if list.step != step || undo_list::digest(run, list) != digest {
        return;
    }
    let uids: Vec<String> = undo_list::part(list)
        .into_iter()
        .map(|object| object.uid.clone())
        .collect();
    if let Some(list) = &mut run.memory.undo_list {
        list.confirmed.extend(uids);
        list.asked = 0;
    }
    // A new request, after a new look: what became of the last one is in the log.
    let key = (step, true);
    if run
        .memory
        .attempts
        .get(&key)
        .is_some_and(|attempt| !attempt.applied())
    {
        run.memory.attempts.remove(&key);
    }
}

/// One more request that takes the step back was recorded.
pub(crate) fn asked(memory: &mut Memory, step: u32) {
    if let Some(list) = memory.undo_list.as_mut().filter(|list| list.step == step) {
        list.asked += 1;
    }
}

/// An answer to such a request: some mean that a person must confirm anew.
pub(crate) fn answered(memory: &mut Memory, class: OutcomeClass, status: Option<u16>) {
    if undo_item::stops(class, status) {
        forget(memory);
    }
}

/// Nothing counts as confirmed any more.
pub(crate) fn forget(memory: &mut Memory) {
    if let Some(list) = &mut memory.undo_list {
        list.confirmed.clear();
    }
}

/// Whoever takes the run up again confirms anew, and sees a new list where nothing of the old one was done.
pub(crate) fn taken_up(memory: &mut Memory) {
    forget(memory);
    let untouched = memory.undo_list.as_ref().is_some_and(|list| {
        let sent = memory.attempts.contains_key(&(list.step, true));
        !sent && list.delete.iter().all(|item| item.1.is_none())
    });
    if untouched {
        memory.undo_list = None;
    }
}

/// True once something was sent to take the run back: there is no way back to going on.
pub(crate) fn begun(run: &Run) -> bool {
    let sent = run.memory.attempts.keys().any(|(_, undo)| *undo);
    let list = run.memory.undo_list.as_ref();
    let done = list.is_some_and(|list| list.delete.iter().any(|item| item.1.is_some()));
    let undone = |step: &super::run::StepState| step.status == StepStatus::Undone;
    sent || done || run.steps.iter().any(undone)
}

/// The newest step that can still be taken back by a request.
pub(crate) fn target(run: &Run) -> Option<&PlanStep> {
    open(run).next()
}

/// Every step that can still be taken back by a request, newest first.
pub(crate) fn open(run: &Run) -> impl Iterator<Item = &PlanStep> {
    let steps = run.plan.as_ref().map(|plan| plan.steps.as_slice());
    let newest = steps.unwrap_or_default().iter().rev();
    newest.filter(|step| {
        let state = run.step(step.number).map(|state| &state.status);
        let sent = run.attempt(step.number, false).is_some_and(may_stand);
        let back = run
            .steps
            .iter()
            .find(|other| other.kind == Kind::GiveBack.word());
        let given = step.kind == Kind::HoldAutomation.word()
            && back.is_some_and(|back| back.status == StepStatus::Done);
        let way = matches!(step.undo, Undo::Op(_) | Undo::DeleteCreated);
        way && sent && !given && state != Some(&StepStatus::Undone)
    })
}

/// True when the request may have changed something of ours: what is not there, or is somebody else's, has not.
fn may_stand(attempt: &Attempt) -> bool {
    let trace = attempt.looks.last().map(|look| look.1);
    attempt.applied()
        || (attempt.in_doubt() && !matches!(trace, Some(Trace::Absent | Trace::Foreign)))
}

/// The request that takes a step back, where the plan names it.
pub(crate) fn op(run: &Run) -> Option<Op> {
    match &target(run)?.undo {
        Undo::Op(op) => Some((**op).clone()),
        _ => None,
    }
}

/// What goes on by itself while a run is taken back.
pub(crate) fn advance(run: &Run, sight: &Sight<'_>, now: Moment) -> Option<Command> {
    let Some(step) = target(run) else {
        let reason = SafeText::new(&summary(run));
        return Some(Command::Record(RunEvent::Aborted { reason }));
    };
    match (&step.undo, &run.memory.undo_list) {
        (Undo::Op(_), _) => suspended(run, step, sight, now),
        (_, None) => undo_list::make(run, step, sight, now),
        (_, Some(list)) if undo_item::next(list).is_some() => {
            undo_item::advance(run, list, sight, now)
        }
        (_, Some(list)) => Some(Command::Record(RunEvent::Undone {
            step: step.number,
            evidence: undo_list::evidence(list),
        })),
    }
}

/// How a run that was taken back ended.
fn summary(run: &Run) -> String {
    let undone: Vec<String> = run
        .steps
        .iter()
        .filter(|step| step.status == StepStatus::Undone)
        .map(|step| format!("{} {}: {}", step.number, step.id, step.evidence))
        .collect();
    if undone.is_empty() {
        "taken back: nothing had been changed".to_owned()
    } else {
        format!("taken back: {}", undone.join("; "))
    }
}

fn suspended(run: &Run, step: &PlanStep, sight: &Sight<'_>, now: Moment) -> Option<Command> {
    let attempt = run
        .attempt(step.number, true)
        .filter(|attempt| attempt.applied())?;
    let at = (
        attempt.namespace.as_deref().unwrap_or_default(),
        attempt.name.as_str(),
    );
    let seen = sight.kustomization(&run.cluster, at, now)?;
    let evidence = SafeText::new(&format!("Kustomization {} is resumed", attempt.name));
    let undone = Command::Record(RunEvent::Undone {
        step: step.number,
        evidence,
    });
    (!seen.suspend).then_some(undone)
}

/// The list of what is deleted, while it is the turn of its step.
pub(crate) fn list(run: &Run) -> Option<&UndoList> {
    let step = target(run)?;
    let list = run.memory.undo_list.as_ref();
    list.filter(|list| list.step == step.number)
}

/// The object that the request in doubt deletes.
pub(crate) fn current(run: &Run) -> Option<&Created> {
    undo_item::next(list(run)?)
}

//! Taking a run back: newest first, one request each, each with its own preview.

use super::engine::Command;
use super::engine::ask;
use super::event::Created;
use super::event::OutcomeClass;
use super::event::RunEvent;
use super::event::Trace;
use super::plan::PlanStep;
use super::plan::Undo;
use super::reading::Answer;
use super::reading::Gvk;
use super::reading::Listed;
use super::reading::Reading;
use super::run::Attempt;
use super::run::Memory;
use super::run::Run;
use super::run::StepStatus;
use super::run::UndoList;
use super::sight::Sight;
use super::steps;
use super::steps::Kind;
use super::steps::Turn;
use crate::sources::moment::Moment;
use crate::sources::op::Op;
use crate::text::SafeText;

/// Takes one entry about the taking back into account.
pub(crate) fn fold(memory: &mut Memory, event: &RunEvent) {
    match event {
        RunEvent::UndoBegun => memory.undoing = true,
        RunEvent::UndoListed { step, delete, left } => {
            let delete = delete.iter().map(|object| (object.clone(), None)).collect();
            memory.undo_list = Some(UndoList {
                step: *step,
                delete,
                left: left.clone(),
            });
        }
        RunEvent::UndoItem { step, uid, words } => {
            let items = memory
                .undo_list
                .iter_mut()
                .flat_map(|list| &mut list.delete);
            for item in items.filter(|item| item.0.uid == *uid) {
                item.1 = Some(words.clone());
            }
            memory.attempts.remove(&(*step, true));
        }
        _ => {}
    }
}

/// The newest step that can still be taken back by a request.
pub(crate) fn target(run: &Run) -> Option<&PlanStep> {
    let plan = run.plan.as_ref()?;
    plan.steps.iter().rev().find(|step| {
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

/// The object whose turn it is in the list of what is deleted.
fn item(run: &Run) -> Option<(&UndoList, &Created)> {
    let list = run.memory.undo_list.as_ref()?;
    let next = list.delete.iter().find(|item| item.1.is_none())?;
    Some((list, &next.0))
}

/// The request that takes the next thing back, when it is known.
pub(crate) fn op(run: &Run) -> Option<Op> {
    let step = target(run)?;
    match &step.undo {
        Undo::Op(op) => Some((**op).clone()),
        Undo::DeleteCreated => {
            let (_, object) = item(run)?;
            Some(Op::Delete {
                gvr: object.gvr.clone(),
                namespace: Some(run.namespace.clone()),
                name: object.name.clone(),
                uid: object.uid.clone(),
                resource_version: Some(object.resource_version.clone()),
            })
        }
        _ => None,
    }
}

/// What goes on by itself while a run is taken back.
pub(crate) fn advance(run: &Run, sight: &Sight<'_>, now: Moment) -> Option<Command> {
    let Some(step) = target(run) else {
        let reason = SafeText::new(&summary(run));
        return Some(Command::Record(RunEvent::Aborted { reason }));
    };
    match &step.undo {
        Undo::Op(_) => suspended(run, step, sight, now),
        _ if run.memory.undo_list.is_none() => list(run, step, sight, now),
        _ => next_item(run, step, sight, now),
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

/// What the restore has brought and nobody changed since; waits while the Restore still goes on.
fn list(run: &Run, step: &PlanStep, sight: &Sight<'_>, now: Moment) -> Option<Command> {
    let Some(Op::Restore { velero, name, .. }) = &step.op else {
        return None;
    };
    if sight
        .restore(&run.cluster, velero, name, now)
        .is_some_and(|restore| !restore.ended())
    {
        return None;
    }
    let turn = Turn {
        run,
        number: step.number,
        sight,
        now,
    };
    match turn.names_now() {
        Ok(listed) => {
            let (delete, left) = split(&turn, name, listed);
            Some(Command::Record(RunEvent::UndoListed {
                step: step.number,
                delete,
                left,
            }))
        }
        Err(Ok(reading)) => ask(reading, sight, now),
        Err(Err(_)) => ask(turn.names(), sight, now),
    }
}

fn split(turn: &Turn<'_>, restore: &str, listed: &[Listed]) -> (Vec<Created>, Vec<SafeText>) {
    let verified = &turn.run.memory.created;
    let mut delete = Vec::new();
    let mut left = Vec::new();
    for object in steps::created(turn, listed) {
        let leave =
            |why: &str| SafeText::new(&format!("{} {} stays: {why}", object.kind, object.name));
        if !labelled(listed, &object, restore) {
            left.push(leave("it does not say that this restore made it"));
            continue;
        }
        match verified
            .iter()
            .find(|known| known.gvr == object.gvr && known.name == object.name)
        {
            Some(known) if known.uid != object.uid => {
                left.push(leave("it was made anew since it was verified"));
            }
            Some(known) if known.resource_version != object.resource_version => {
                left.push(leave("somebody changed it since it was verified"));
            }
            None if !verified.is_empty() => {
                left.push(leave("it was not there when the restore was verified"));
            }
            _ => delete.push(object),
        }
    }
    let hidden = steps::unseen(turn, listed);
    left.extend(hidden.map(|item| {
        let (kind, name) = (&item.kind, &item.name);
        SafeText::new(&format!(
            "{kind} {name} stays: listing its kind is not yours"
        ))
    }));
    (delete, left)
}

fn labelled(listed: &[Listed], object: &Created, restore: &str) -> bool {
    let mut all = listed.iter().flat_map(|kind| &kind.objects);
    all.any(|named| named.uid == object.uid && named.restore.as_deref() == Some(restore))
}

fn next_item(run: &Run, step: &PlanStep, sight: &Sight<'_>, now: Moment) -> Option<Command> {
    let Some((list, object)) = item(run) else {
        let list = run.memory.undo_list.as_ref()?;
        let gone = list
            .delete
            .iter()
            .filter(|item| item.1.as_ref().is_some_and(is_gone))
            .count();
        let stay = list.delete.len() - gone + list.left.len();
        let evidence = SafeText::new(&format!(
            "deleted {gone} of what it created, left {stay}{}",
            left(list)
        ));
        return Some(Command::Record(RunEvent::Undone {
            step: step.number,
            evidence,
        }));
    };
    let attempt = run.attempt(list.step, true)?;
    let settle = |words: &str| {
        let uid = object.uid.clone();
        Some(Command::Record(RunEvent::UndoItem {
            step: step.number,
            uid,
            words: SafeText::new(words),
        }))
    };
    match &attempt.outcome {
        Some((OutcomeClass::Refused, Some(404), _)) => return settle("gone already"),
        Some((OutcomeClass::Refused, Some(409), _)) => return settle("stays: somebody changed it"),
        Some((OutcomeClass::Refused, status, words)) => {
            let status = status.map_or_else(String::new, |status| format!(" ({status})"));
            return settle(&format!("stays: the delete was refused{status} {words}"));
        }
        _ if !attempt.applied() => return None,
        _ => {}
    }
    let reading = presence(run, object);
    let waited = now.seconds_after(attempt.at);
    match sight.answer_after(&reading, Some(attempt.at), now) {
        Some(Answer::Names(listed)) if !there(listed, &object.uid) => settle("gone"),
        Some(Answer::Names(_)) if waited > FINALIZERS_S => {
            settle("stays for now: it was deleted and waits for its finalizers")
        }
        _ => ask(reading, sight, now),
    }
}

/// Seconds after which an object that was deleted and is still there is said to wait for its finalizers.
const FINALIZERS_S: i64 = 60;

/// The question whether an object is still there: by its name in a list, because Secrets may be listed, never read.
pub(crate) fn presence(run: &Run, object: &Created) -> Reading {
    let gvr = &object.gvr;
    let kinds = vec![Gvk {
        group: gvr.group.clone(),
        version: gvr.version.clone(),
        kind: object.kind.clone(),
    }];
    Reading::Names {
        namespace: run.namespace.clone(),
        kinds,
    }
}

/// True when an object of that uid is in the list.
pub(crate) fn there(listed: &[Listed], uid: &str) -> bool {
    let mut all = listed.iter().flat_map(|kind| &kind.objects);
    all.any(|named| named.uid == uid)
}

/// The object that the request in doubt deletes.
pub(crate) fn current(run: &Run) -> Option<&Created> {
    item(run).map(|item| item.1)
}

/// What stays, by name and why, after a colon; nothing when nothing does.
fn left(list: &UndoList) -> String {
    let kept = list.delete.iter().filter_map(|(object, words)| {
        let words = words.as_ref().filter(|words| !is_gone(words))?;
        Some(format!("{} {} {words}", object.kind, object.name))
    });
    let all: Vec<String> = kept
        .chain(list.left.iter().map(ToString::to_string))
        .collect();
    if all.is_empty() {
        String::new()
    } else {
        format!(": {}", all.join("; "))
    }
}

fn is_gone(words: &SafeText) -> bool {
    words.as_str().starts_with("gone")
}

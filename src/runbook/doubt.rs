//! A request whose fate nobody knows: it is looked for, never sent again blindly.

use serde_json::Value;

use super::engine::Command;
use super::event::OutcomeClass;
use super::event::RunEvent;
use super::event::Trace;
use super::reading::Answer;
use super::reading::Listed;
use super::reading::Reading;
use super::run::Attempt;
use super::run::Run;
use super::run::RunStatus;
use super::sight::Sight;
use super::steps;
use super::steps::Kind;
use super::steps::Turn;
use super::undo;
use super::undo_item;
use super::undo_list;
use crate::sources::moment::Moment;
use crate::sources::op::Op;
use crate::text::SafeText;

/// Looks that find nothing before the person decides; a late request has had time to arrive.
pub(crate) const LOOKS: usize = 3;

/// The request in doubt: number of its step, and whether it takes the step back.
pub(crate) fn open(run: &Run) -> Option<(u32, bool)> {
    let mut doubts = run
        .memory
        .attempts
        .iter()
        .filter(|((step, undo), attempt)| {
            let over = run
                .step(*step)
                .is_none_or(|state| settled(&state.status, *undo));
            // While a run is taken back, what was looked at enough must not stand in its way.
            let deletes = *undo && undo::list(run).is_some_and(|list| list.step == *step);
            let passed = run.memory.undoing
                && (!undo || deletes)
                && looked_enough(attempt)
                && trace(run, (*step, *undo)) != Some(Trace::Arrived);
            (attempt.in_doubt() || taken(attempt, *undo)) && !over && !passed
        });
    doubts.next().map(|(key, _)| *key)
}

fn settled(status: &super::run::StepStatus, undo: bool) -> bool {
    use super::run::StepStatus::{Done, Failed, Skipped, Undone};
    match status {
        Undone | Skipped(_) => true,
        Done | Failed(_) => !undo,
        _ => false,
    }
}

/// 409 on a create: something of that name exists, perhaps ours from an earlier try.
fn taken(attempt: &Attempt, undo: bool) -> bool {
    !undo
        && !attempt.arrived
        && matches!(attempt.outcome, Some((OutcomeClass::Refused, Some(409), _)))
}

/// What the last look showed; nothing before there was one.
pub(crate) fn trace(run: &Run, key: (u32, bool)) -> Option<Trace> {
    run.attempt(key.0, key.1)?.looks.last().map(|look| look.1)
}

/// True when looking has come to an end and the person must decide.
pub(crate) fn looked_enough(attempt: &Attempt) -> bool {
    match attempt.looks.last().map(|look| look.1) {
        Some(Trace::Arrived | Trace::Foreign) => true,
        _ => attempt.looks.len() >= LOOKS,
    }
}

/// Looks, records what was seen, and takes an arrival for granted while the run goes on.
pub(crate) fn advance(
    run: &Run,
    key: (u32, bool),
    sight: &Sight<'_>,
    now: Moment,
) -> Option<Command> {
    let (step, undo) = key;
    let attempt = run.attempt(step, undo)?;
    let last = attempt.looks.last();
    if let Some((_, Trace::Arrived, words)) = last {
        let going = matches!(run.status, RunStatus::Running | RunStatus::Preparing);
        return going.then(|| {
            Command::Record(RunEvent::Arrived {
                step,
                undo,
                words: words.clone(),
            })
        });
    }
    if looked_enough(attempt) {
        return None;
    }
    let reading = reading(run, key, attempt);
    let heard = sight
        .heard
        .filter(|heard| heard.reading == reading && heard.asked.wall >= attempt.at);
    match heard.filter(|heard| last.is_none_or(|last| heard.asked.wall > last.0)) {
        Some(heard) => {
            let (trace, words) = judge(run, key, &heard.answer);
            Some(Command::Record(RunEvent::Looked {
                step,
                undo,
                trace,
                words: SafeText::new(&words),
            }))
        }
        None => sight
            .may_ask(&reading, now)
            .then_some(Command::Read(reading)),
    }
}

/// The question whether the object of that request is there.
fn reading(run: &Run, key: (u32, bool), attempt: &Attempt) -> Reading {
    match undo::current(run).filter(|object| key.1 && object.gvr == attempt.gvr) {
        Some(object) => undo_item::look(run, object),
        None => Reading::Object {
            gvr: attempt.gvr.clone(),
            namespace: attempt.namespace.clone(),
            name: attempt.name.clone(),
        },
    }
}

/// The request of a step, or of its undo, as it was and would be sent.
pub(crate) fn op(run: &Run, key: (u32, bool), sight: &Sight<'_>, now: Moment) -> Option<Op> {
    let (number, undo) = key;
    if undo {
        return undo::op(run);
    }
    let kind = Kind::parse(&run.step(number)?.kind)?;
    steps::op(
        kind,
        &Turn {
            run,
            number,
            sight,
            now,
        },
    )
}

/// What an answer says about the request.
pub(crate) fn judge(run: &Run, key: (u32, bool), answer: &Answer) -> (Trace, String) {
    let Some(attempt) = run.attempt(key.0, key.1) else {
        return (Trace::Unreadable, String::new());
    };
    let object = format!("{}/{}", attempt.gvr.plural, attempt.name);
    let planned = if key.1 {
        undo::op(run)
    } else {
        run.plan
            .as_ref()
            .and_then(|plan| plan.step(key.0)?.op.clone())
    };
    let current = undo::current(run).filter(|_| key.1);
    match (answer, planned) {
        (Answer::Names(listed), _) => match current {
            Some(current) => deleted(listed, &current.uid, &object),
            None => (Trace::Unreadable, format!("{object} was not read")),
        },
        (Answer::Object(None), _) => (
            Trace::Absent,
            format!("no {object} is there, made by nobody: it did not arrive"),
        ),
        (Answer::Object(Some(found)), Some(op)) => compared(found, &op, &object),
        (Answer::Object(Some(_)), None) => (Trace::Arrived, format!("{object} exists")),
        (Answer::Failed(why), _) => (Trace::Unreadable, format!("{object} cannot be read: {why}")),
        _ => (Trace::Unreadable, format!("{object} was not read")),
    }
}

fn deleted(listed: &[Listed], uid: &str, object: &str) -> (Trace, String) {
    if listed.iter().any(|kind| !kind.allowed) {
        return (
            Trace::Unreadable,
            format!("{object} cannot be read: listing its kind is not yours"),
        );
    }
    match undo_list::find(listed, uid) {
        None => (Trace::Arrived, format!("{object} is gone")),
        Some(named) if named.going => (Trace::Arrived, format!("{object} is being deleted")),
        Some(_) => (
            Trace::Absent,
            format!("{object} is still there: the delete did not arrive"),
        ),
    }
}

fn compared(found: &Value, op: &Op, object: &str) -> (Trace, String) {
    let body: Value = serde_json::from_slice(&op.request().body).unwrap_or(Value::Null);
    let equal = holds(found.get("spec"), body.get("spec"));
    if let Op::Suspend { suspend, .. } = op {
        return if equal {
            (Trace::Arrived, format!("{object} has suspend {suspend}"))
        } else {
            (
                Trace::Absent,
                format!("{object} has not suspend {suspend}: it did not arrive"),
            )
        };
    }
    let text = |path: &str| {
        found
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or("unknown")
    };
    let mark = |key: &str| {
        found
            .pointer("/metadata/annotations")
            .and_then(|all| all.get(key)?.as_str())
    };
    let ours = |key: &str| {
        body.pointer("/metadata/annotations")
            .and_then(|all| all.get(key)?.as_str())
    };
    let marked = ["crashcart/run", "crashcart/step"]
        .iter()
        .all(|key| mark(key).is_some() && mark(key) == ours(key));
    let made = text("/metadata/creationTimestamp");
    let phase = found
        .pointer("/status/phase")
        .and_then(Value::as_str)
        .map_or(String::new(), |phase| format!(", {phase}"));
    match (marked, equal) {
        (true, true) => (
            Trace::Arrived,
            format!(
                "{object} exists, made {made}, marked as this run's; its spec equals the plan's{phase}"
            ),
        ),
        (true, false) => (
            Trace::Foreign,
            format!(
                "{object} exists, made {made}, marked as this run's, but its spec differs from the plan's"
            ),
        ),
        (false, _) => (
            Trace::Foreign,
            format!(
                "{object} exists, made {made}, and is not marked as this run's: somebody else made it"
            ),
        ),
    }
}

/// What no Restore brings back: Velero writes it into `spec.excludedResources` behind what was asked
/// (its `nonRestorableResources`, 1.18).
const NEVER_RESTORED: [&str; 9] = [
    "nodes",
    "events",
    "events.events.k8s.io",
    "backups.velero.io",
    "restores.velero.io",
    "resticrepositories.velero.io",
    "csinodes.storage.k8s.io",
    "volumeattachments.storage.k8s.io",
    "backuprepositories.velero.io",
];

/// True when everything that we asked for stands in what is there; a server may add defaults, and Velero adds
/// its own to what is excluded.
fn holds(found: Option<&Value>, asked: Option<&Value>) -> bool {
    match (found, asked) {
        (Some(Value::Object(found)), Some(Value::Object(asked))) => {
            asked.iter().all(|(key, value)| {
                let there = found.get(key);
                match (there.and_then(Value::as_array), value.as_array()) {
                    (Some(there), Some(value)) if key == "excludedResources" => {
                        excludes(there, value)
                    }
                    _ => holds(there, Some(value)),
                }
            })
        }
        (found, asked) => found == asked,
    }
}

/// True when what was asked to be left out is left out, and beyond it nothing but what Velero never restores.
fn excludes(found: &[Value], asked: &[Value]) -> bool {
    let own = |one: &Value| {
        one.as_str()
            .is_some_and(|one| NEVER_RESTORED.contains(&one))
    };
    asked.iter().all(|one| found.contains(one))
        && found.iter().all(|one| asked.contains(one) || own(one))
}

#[cfg(test)]
mod tests {
    use super::holds;
    use serde_json::json;

    #[test]
    fn a_server_may_add_its_own_and_nothing_else() {
        let asked = json!({"backupName": "b", "excludedResources": ["roles"]});
        let said = |excluded: serde_json::Value| {
            let found = json!({"backupName": "b", "excludedResources": excluded, "itemOperationTimeout": "4h"});
            holds(Some(&found), Some(&asked))
        };
        assert!(said(json!(["roles"])));
        assert!(said(json!(["roles", "nodes", "events"])));
        assert!(!said(json!(["nodes"])), "what was asked is missing");
        assert!(!said(json!(["roles", "secrets"])), "somebody excluded more");
        assert!(!said(json!(null)));
    }
}

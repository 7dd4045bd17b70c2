//! One object of the undo list: read again, deleted by one recorded request, seen to be gone.

use super::engine::Command;
use super::engine::ask;
use super::event::Created;
use super::event::OutcomeClass;
use super::event::RunEvent;
use super::reading::Answer;
use super::reading::Gvk;
use super::reading::Listed;
use super::reading::Reading;
use super::run::Attempt;
use super::run::Run;
use super::run::UndoList;
use super::sight::Sight;
use super::undo_list::find;
use crate::sources::moment::Moment;
use crate::sources::op::Op;
use crate::text::SafeText;

/// Seconds after which an object that was deleted and is still there is said to wait for its finalizers.
const FINALIZERS_S: i64 = 60;
/// Requests for one object before a person is asked again: its status may move between look and delete.
const TRIES: u32 = 3;

/// What became of the object since the list was made.
enum Stand {
    Gone,
    Stays(String),
    Same { resource_version: String },
}

/// The object whose turn it is.
pub(crate) fn next(list: &UndoList) -> Option<&Created> {
    let next = list.delete.iter().find(|item| item.1.is_none())?;
    Some(&next.0)
}

/// Its number from 1.
pub(crate) fn number(list: &UndoList) -> usize {
    list.delete
        .iter()
        .take_while(|item| item.1.is_some())
        .count()
        + 1
}

/// True while a person must type the name before anything is sent.
pub(crate) fn asks(run: &Run, list: &UndoList) -> bool {
    let settled = run.attempt(list.step, true).is_some_and(|attempt| {
        attempt.applied() || attempt.in_flight || refused(attempt).is_some()
    });
    let confirmed = next(list).is_none_or(|object| list.confirmed.contains(&object.uid));
    !settled && (!confirmed || list.asked >= TRIES)
}

/// Goes on with the object whose turn it is, as far as that needs nobody.
pub(super) fn advance(
    run: &Run,
    list: &UndoList,
    sight: &Sight<'_>,
    now: Moment,
) -> Option<Command> {
    let object = next(list)?;
    let attempt = run.attempt(list.step, true);
    let settle = |words: &str| {
        let uid = object.uid.clone();
        Some(Command::Record(RunEvent::UndoItem {
            step: list.step,
            uid,
            words: SafeText::new(words),
        }))
    };
    if let Some(words) = attempt.and_then(refused) {
        return settle(&words);
    }
    if asks(run, list) {
        return None;
    }
    let reading = look(run, object);
    let sent = attempt.map(|attempt| attempt.at);
    let Some(Answer::Names(listed)) = sight.answer_after(&reading, sent, now) else {
        return ask(reading, sight, now);
    };
    if let Some(attempt) = attempt.filter(|attempt| attempt.applied()) {
        let there = find(listed, &object.uid).is_some();
        return match there {
            false => settle("gone"),
            true if now.seconds_after(attempt.at) > FINALIZERS_S => {
                settle("stays for now: it was deleted and waits for its finalizers")
            }
            true => ask(reading, sight, now),
        };
    }
    match stand(object, listed) {
        Stand::Gone => settle("gone already"),
        Stand::Stays(why) => settle(&format!("stays: {why}")),
        Stand::Same { resource_version } => Some(Command::Send {
            step: list.step,
            op: Op::Delete {
                gvr: object.gvr.clone(),
                namespace: Some(run.namespace.clone()),
                name: object.name.clone(),
                uid: object.uid.clone(),
                resource_version: Some(resource_version),
            },
            undo: true,
        }),
    }
}

fn stand(object: &Created, listed: &[Listed]) -> Stand {
    if listed.iter().any(|kind| !kind.allowed) {
        return Stand::Stays("looking at it is not yours".to_owned());
    }
    let anew = listed.iter().any(|kind| !kind.objects.is_empty());
    match find(listed, &object.uid) {
        None if anew => Stand::Stays("it was made anew since the list".to_owned()),
        None => Stand::Gone,
        Some(named) => {
            let resource_version = named.resource_version.clone();
            let changed = (resource_version != object.resource_version)
                .then(|| object.written.changed(&named.written));
            match changed.flatten() {
                Some(who) => Stand::Stays(who.to_string()),
                None => Stand::Same { resource_version },
            }
        }
    }
}

/// What a refusal means for the object; nothing where the object must be looked at, or a person must say what now.
fn refused(attempt: &Attempt) -> Option<String> {
    let Some((OutcomeClass::Refused, status, words)) = &attempt.outcome else {
        return None;
    };
    match status {
        Some(404) => Some("gone already".to_owned()),
        Some(401 | 409 | 429) => None,
        status => {
            let status = status.map_or_else(String::new, |status| format!(" ({status})"));
            Some(format!("stays: the delete was refused{status} {words}"))
        }
    }
}

/// True when nothing more is sent after this answer before a person has confirmed anew.
pub(super) fn stops(class: OutcomeClass, status: Option<u16>) -> bool {
    match class {
        OutcomeClass::NotSent | OutcomeClass::Unknown => true,
        OutcomeClass::Refused => matches!(status, Some(401 | 429)),
        OutcomeClass::Applied => false,
    }
}

/// The question whether an object is still there, and who wrote it: by its name in a list, because Secrets may be
/// listed, never read.
pub(crate) fn look(run: &Run, object: &Created) -> Reading {
    let gvr = &object.gvr;
    Reading::Named {
        namespace: run.namespace.clone(),
        kind: Gvk {
            group: gvr.group.clone(),
            version: gvr.version.clone(),
            kind: object.kind.clone(),
        },
        gvr: gvr.clone(),
        name: object.name.clone(),
    }
}

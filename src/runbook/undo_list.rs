//! What the undo of a restore deletes and what it leaves: listed, shown part by part, confirmed by a typed name.

use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::engine::Command;
use super::engine::ask;
use super::event::Created;
use super::event::RunEvent;
use super::plan::PlanStep;
use super::reading::Answer;
use super::reading::Listed;
use super::reading::Named;
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
use crate::text::hex;

/// Characters of names that one part of the list may have: they are shown whole on 80x24.
const PART: usize = 420;

/// Seconds after which a Restore that a live watch does not show is not there: a watch renews every 45 s.
const UNSEEN_S: i64 = 60;

/// Lists what the restore has brought, once nothing more comes.
pub(super) fn make(run: &Run, step: &PlanStep, sight: &Sight<'_>, now: Moment) -> Option<Command> {
    if waits(run, step, sight, now).is_some() {
        return None;
    }
    let Some(Op::Restore { velero, name, .. }) = &step.op else {
        return None;
    };
    let restore = sight.restore(&run.cluster, velero, name, now);
    let ended = restore.and_then(|restore| restore.completed);
    let ended = ended.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let turn = Turn {
        run,
        number: step.number,
        sight,
        now,
    };
    // Asked since the person wanted it: what was read before may have been changed by now.
    let reading = turn.names();
    match sight.answer_after(&reading, run.memory.since, now) {
        Some(Answer::Names(listed)) => {
            let (delete, left) = split(&turn, (name, ended.as_deref()), listed);
            Some(Command::Record(RunEvent::UndoListed {
                step: step.number,
                delete,
                left,
            }))
        }
        _ => ask(reading, sight, now),
    }
}

/// Why the list is not made yet, in words: the Restore goes on, or nobody sees whether it does. A list made then would
/// miss what comes later.
pub(crate) fn waits(run: &Run, step: &PlanStep, sight: &Sight<'_>, now: Moment) -> Option<String> {
    let Some(Op::Restore { velero, name, .. }) = &step.op else {
        return None;
    };
    match sight.restore(&run.cluster, velero, name, now) {
        Some(restore) if restore.ended() => None,
        Some(restore) => Some(format!(
            "{name} is {}: the list is made when it has ended",
            restore.phase
        )),
        None if watched(run) => None,
        None => {
            let sent = run.attempt(step.number, false).map(|sent| sent.at);
            let passed = sent.is_none_or(|sent| now.seconds_after(sent) > UNSEEN_S);
            let gone = passed && sight.sees_restores(&run.cluster, now);
            (!gone).then(|| {
                format!(
                    "{name} was sent and is not seen on {}: no list is made while it may still bring objects",
                    run.cluster
                )
            })
        }
    }
}

/// True when this run has seen the Restore end.
fn watched(run: &Run) -> bool {
    run.steps
        .iter()
        .any(|step| step.kind == Kind::Watch.word() && step.status == StepStatus::Done)
}

/// What is deleted, and what stays and why. `restore` is the Restore's name and when it ended, RFC 3339.
fn split(
    turn: &Turn<'_>,
    restore: (&str, Option<&str>),
    listed: &[Listed],
) -> (Vec<Created>, Vec<SafeText>) {
    let mut delete = Vec::new();
    let mut left = Vec::new();
    for object in steps::created(turn, listed) {
        match stays(turn, restore, listed, &object) {
            Some(why) => {
                let words = format!("{} {} stays: {why}", object.kind, object.name);
                left.push(SafeText::new(&words));
            }
            None => delete.push(object),
        }
    }
    let hidden = steps::unseen(turn, listed);
    left.extend(hidden.map(|item| {
        let (kind, name) = (&item.kind, &item.name);
        SafeText::new(&format!(
            "{kind} {name} stays: listing its kind is not yours"
        ))
    }));
    if !turn.frozen().exists {
        let words = format!(
            "Namespace {} stays: an undo deletes what is in it",
            turn.run.namespace
        );
        left.push(SafeText::new(&words));
    }
    (delete, left)
}

/// Why this object is not deleted, when it is not.
fn stays(
    turn: &Turn<'_>,
    (restore, ended): (&str, Option<&str>),
    listed: &[Listed],
    object: &Created,
) -> Option<String> {
    let labelled =
        find(listed, &object.uid).is_some_and(|named| named.restore.as_deref() == Some(restore));
    if !labelled {
        return Some("it does not say that this restore made it".to_owned());
    }
    let verified = &turn.run.memory.created;
    let known = verified
        .iter()
        .find(|known| known.gvr == object.gvr && known.name == object.name);
    match known {
        None if verified.is_empty() => object.written.since(ended).map(|who| who.to_string()),
        None => Some("it was not there when the restore was verified".to_owned()),
        Some(known) if known.uid != object.uid => {
            Some("it was made anew since it was verified".to_owned())
        }
        Some(known) if known.resource_version == object.resource_version => None,
        Some(known) => {
            let who = known.written.changed(&object.written)?;
            Some(format!("{who} since it was verified"))
        }
    }
}

/// The object of that uid.
pub(super) fn find<'a>(listed: &'a [Listed], uid: &str) -> Option<&'a Named> {
    let mut all = listed.iter().flat_map(|kind| &kind.objects);
    all.find(|named| named.uid == uid)
}

/// The part of the list that is asked about next: as many objects as can be shown whole, the first always.
pub(crate) fn part(list: &UndoList) -> Vec<&Created> {
    let mut room = PART;
    let open = list.delete.iter().filter(|item| item.1.is_none());
    open.map(|item| &item.0)
        .enumerate()
        .take_while(|(at, object)| {
            let needs = object.name.len() + 2;
            let fits = *at == 0 || needs <= room;
            room = room.saturating_sub(needs);
            fits
        })
        .map(|(_, object)| object)
        .collect()
}

/// SHA-256 over what is asked about, hex: which objects, at which uid.
pub(crate) fn digest(run: &Run, list: &UndoList) -> String {
    let objects: Vec<_> = part(list)
        .into_iter()
        .map(|object| json!([object.gvr, object.name, object.uid]))
        .collect();
    let cluster = run.memory.cluster_uid.as_str();
    let text = json!([run.id, list.step, cluster, run.namespace, objects]).to_string();
    hex(&Sha256::digest(text.as_bytes()))
}

/// The part in words, kind by kind: `ConfigMap forms, prices; Deployment api`.
pub(crate) fn words(list: &UndoList) -> String {
    let mut words = String::new();
    let mut kind = "";
    for object in part(list) {
        if object.kind == kind {
            words.push_str(", ");
        } else {
            let between = if kind.is_empty() { "" } else { "; " };
            words.push_str(between);
            words.push_str(&object.kind);
            words.push(' ');
        }
        words.push_str(&object.name);
        kind = &object.kind;
    }
    words
}

/// How it ended: what was deleted, and what stays, by name and why.
pub(super) fn evidence(list: &UndoList) -> SafeText {
    let (gone, stay): (Vec<_>, Vec<_>) = list
        .delete
        .iter()
        .partition(|item| item.1.as_ref().is_some_and(is_gone));
    let kept = stay.iter().map(|(object, words)| {
        let words = words.as_ref().map_or("", SafeText::as_str);
        format!("{} {} {words}", object.kind, object.name)
    });
    let all: Vec<String> = kept
        .chain(list.left.iter().map(ToString::to_string))
        .collect();
    let gone = gone.len();
    SafeText::new(&match all.as_slice() {
        [] => format!("deleted {gone} of what it created, left 0"),
        all => format!(
            "deleted {gone} of what it created, left {}: {}",
            all.len(),
            all.join("; ")
        ),
    })
}

/// True when these words say that the object is gone.
pub(crate) fn is_gone(words: &SafeText) -> bool {
    words.as_str().starts_with("gone")
}

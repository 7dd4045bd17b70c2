//! Between runs and the log, both ways: an event to a draft with its body, an entry with its body to an event.

use std::collections::BTreeMap;

use super::event::OutcomeClass;
use super::event::RunEvent;
use super::plan::Mode;
use super::run::Run;
use crate::audit::Answer;
use crate::audit::Draft;
use crate::audit::Entry;
use crate::audit::Kind;
use crate::audit::Req;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::text::SafeText;
use crate::text::safe;

/// What a step's entries say after its number when the request takes it back.
const UNDO: &str = "-undo";

/// The draft and the body of an event; the caller adds who it was. Nothing for intents and outcomes, which the log
/// writes itself: see [`intent`].
pub fn draft(run: &str, known: Option<&Run>, event: &RunEvent) -> Option<(Draft, Vec<u8>)> {
    let (kind, step, reason) = row(event)?;
    let body = serde_json::to_vec(event).ok()?;
    let mut draft = Draft::new(kind);
    draft.run = Some(SafeText::new(run));
    draft.step = step.map(|step| SafeText::new(&step.to_string()));
    draft.reason = reason.cloned();
    draft.mode = Some(SafeText::new(mode(
        known.map_or(Mode::Live, |run| run.mode),
    )));
    if let Some(run) = known {
        draft.ticket = Some(SafeText::new(&run.ticket));
        draft.plan = (!run.digest.is_empty()).then(|| SafeText::new(&run.digest));
    }
    match event {
        RunEvent::Planned { digest, .. } => draft.plan = Some(SafeText::new(digest)),
        RunEvent::Opened(opened) => {
            let given = |name: &str| opened.params.get(name).map(|text| SafeText::new(text));
            (draft.ticket, draft.reason) = (given("ticket"), given("reason"));
            draft.mode = Some(SafeText::new(mode(opened.mode)));
        }
        RunEvent::UndoBegun => {
            draft.reason = Some(SafeText::new("to be taken back; nothing is sent by this"));
        }
        RunEvent::UndoLeft => {
            draft.reason = Some(SafeText::new("not taken back; nothing was sent"));
        }
        RunEvent::UndoListed { delete, left, .. } => {
            let (delete, left) = (delete.len(), left.len());
            let words = format!("list of the undo: {delete} to delete, {left} left; not sent yet");
            draft.reason = Some(SafeText::new(&words));
        }
        _ => {}
    }
    Some((draft, body))
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "RUN",
        Mode::Drill => "DRILL",
    }
}

/// Kind of the entry, number of the step, and what a person typed or the world showed.
fn row(event: &RunEvent) -> Option<(Kind, Option<u32>, Option<&SafeText>)> {
    Some(match event {
        RunEvent::Opened(_) => (Kind::RunOpened, None, None),
        RunEvent::Prepared {
            step, done: false, ..
        } => (Kind::StepBegun, Some(*step), None),
        RunEvent::Prepared { step, evidence, .. } | RunEvent::Done { step, evidence, .. } => {
            (Kind::StepDone, Some(*step), Some(evidence))
        }
        RunEvent::Planned { .. } => (Kind::RunPlanned, None, None),
        RunEvent::Started => (Kind::RunStarted, None, None),
        RunEvent::Typed { step, text } | RunEvent::UndoConfirmed { step, text, .. } => {
            (Kind::StepAnswered, Some(*step), Some(text))
        }
        RunEvent::Failed { step, why } => (Kind::StepFailed, Some(*step), Some(why)),
        RunEvent::Skipped { step, reason } => (Kind::StepSkipped, Some(*step), Some(reason)),
        RunEvent::Held => (Kind::RunHeld, None, None),
        RunEvent::Resumed | RunEvent::UndoBegun | RunEvent::UndoLeft => {
            (Kind::RunResumed, None, None)
        }
        RunEvent::Looked { step, words, .. } | RunEvent::Arrived { step, words, .. } => {
            (Kind::StepInDoubt, Some(*step), Some(words))
        }
        RunEvent::LookAgain { step } | RunEvent::UndoListed { step, .. } => {
            (Kind::StepAsked, Some(*step), None)
        }
        RunEvent::UndoItem { step, words, .. } => (Kind::StepUndone, Some(*step), Some(words)),
        RunEvent::Undone { step, evidence } => (Kind::StepUndone, Some(*step), Some(evidence)),
        RunEvent::Aborted { reason } => (Kind::RunAborted, None, Some(reason)),
        RunEvent::Completed { words }
        | RunEvent::Unchecked { words }
        | RunEvent::NothingToDo { words } => (Kind::RunEnded, None, Some(words)),
        RunEvent::Intent { .. } | RunEvent::Outcome { .. } => return None,
    })
}

/// The draft of the intent of a request; the log adds digest, Audit-ID and cluster from what it is bound to.
pub fn intent(run: &Run, step: u32, undo: bool, op: &Op) -> Draft {
    let mut draft = Draft::new(Kind::ApiIntent);
    let (gvr, namespace, name) = op.target();
    draft.run = Some(SafeText::new(&run.id));
    draft.step = Some(SafeText::new(&format!(
        "{step}{}",
        if undo { UNDO } else { "" }
    )));
    draft.mode = Some(SafeText::new(mode(run.mode)));
    draft.plan = (!run.digest.is_empty()).then(|| SafeText::new(&run.digest));
    draft.ticket = Some(SafeText::new(&run.ticket));
    draft.req = Some(Req {
        verb: SafeText::new(op.request().method),
        gvr: SafeText::new(&written(&gvr)),
        namespace: namespace.map(SafeText::new),
        name: Some(SafeText::new(name)),
        ..Req::default()
    });
    draft
}

/// A resource as entries have it: `velero.io/v1/restores`, `v1/configmaps`.
pub fn written(gvr: &Gvr) -> String {
    match gvr.group.as_str() {
        "" => format!("{}/{}", gvr.version, gvr.plural),
        group => format!("{group}/{}/{}", gvr.version, gvr.plural),
    }
}

fn read_gvr(text: &str) -> Option<Gvr> {
    let mut parts = text.rsplit('/');
    let (plural, version) = (parts.next()?, parts.next()?);
    Some(Gvr::new(parts.next().unwrap_or_default(), version, plural))
}

/// What an entry says happened to its run; nothing for entries of other kinds and for bodies that are gone.
pub fn event(entry: &Entry, body: Option<&[u8]>) -> Option<RunEvent> {
    match entry.kind {
        Kind::ApiIntent => read_intent(entry),
        Kind::ApiOutcome => read_outcome(entry),
        _ => told(body?),
    }
}

/// Reads a body. A log is a file, and what stands in it may be shown before anybody has verified it.
fn told(body: &[u8]) -> Option<RunEvent> {
    let plain = |byte: &u8| (b' '..=b'~').contains(byte) && *byte != b'\\';
    if body.iter().all(plain) {
        return serde_json::from_slice(body).ok();
    }
    serde_json::from_value(safe::document(serde_json::from_slice(body).ok()?)).ok()
}

fn read_step(entry: &Entry) -> Option<(u32, bool)> {
    let text = entry.step.as_ref()?.as_str();
    match text.strip_suffix(UNDO) {
        Some(number) => Some((number.parse().ok()?, true)),
        None => Some((text.parse().ok()?, false)),
    }
}

fn read_intent(entry: &Entry) -> Option<RunEvent> {
    let (step, undo) = read_step(entry)?;
    let req = entry.req.as_ref()?;
    Some(RunEvent::Intent {
        step,
        undo,
        digest: req
            .digest
            .map(|digest| digest.to_string())
            .unwrap_or_default(),
        audit_id: req.audit_id.clone().unwrap_or_default(),
        gvr: read_gvr(req.gvr.as_str())?,
        namespace: req.namespace.as_ref().map(ToString::to_string),
        name: req
            .name
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    })
}

fn read_outcome(entry: &Entry) -> Option<RunEvent> {
    let (step, undo) = read_step(entry)?;
    let res = entry.res.as_ref()?;
    let class = match res.class {
        Some(Answer::Applied) => OutcomeClass::Applied,
        Some(Answer::Refused) => OutcomeClass::Refused,
        Some(Answer::NotSent) => OutcomeClass::NotSent,
        _ => OutcomeClass::Unknown,
    };
    let words = entry.reason.clone().unwrap_or_default();
    Some(RunEvent::Outcome {
        step,
        undo,
        class,
        status: res.status,
        words,
    })
}

/// True for entries that a run is folded from; a kind of a later version may be one.
fn tells(kind: &Kind) -> bool {
    let name = kind.name();
    let of_run = name.starts_with("run.") || name.starts_with("step.");
    of_run || matches!(kind, Kind::ApiIntent | Kind::ApiOutcome)
}

impl Run {
    /// Every run in the log, oldest first. A run with an entry that tells nothing, and one that was open where the log is
    /// broken, is not known whole: it sends nothing any more.
    pub fn fold(entries: impl IntoIterator<Item = (Entry, Option<Vec<u8>>)>) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (entry, body) in entries {
            if entry.kind == Kind::LogBreak {
                for run in runs.iter_mut().filter(|run| !run.ended()) {
                    run.memory.untold.get_or_insert(entry.seq);
                }
            }
            let Some(id) = entry.run.as_ref().map(ToString::to_string) else {
                continue;
            };
            match (event(&entry, body.as_deref()), places.get(&id)) {
                (Some(RunEvent::Opened(opened)), None) => {
                    places.insert(id, runs.len());
                    runs.push(Run::open(&opened, entry.seq, entry.ts));
                }
                (Some(event), Some(place)) => runs[*place].take(&event, entry.seq, entry.ts),
                (None, Some(place)) if tells(&entry.kind) => {
                    runs[*place].memory.untold.get_or_insert(entry.seq);
                }
                _ => {}
            }
        }
        runs
    }
}

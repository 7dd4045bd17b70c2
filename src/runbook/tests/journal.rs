//! A run written into a real log and read back: the same run, and the log verifies.

use jiff::Timestamp;

use super::estate::Estate;
use super::estate::RUN;
use crate::audit::Answer;
use crate::audit::Bound;
use crate::audit::Class;
use crate::audit::Draft;
use crate::audit::Entry;
use crate::audit::Kind;
use crate::audit::Log;
use crate::audit::Res;
use crate::audit::Stamp;
use crate::audit::Ticket;
use crate::runbook::event::OutcomeClass;
use crate::runbook::event::RunEvent;
use crate::runbook::journal;
use crate::runbook::press::Input;
use crate::runbook::run::Run;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::text::SafeText;

fn stamp(at: Timestamp) -> Stamp {
    Stamp {
        ts: at,
        mono_ns: u64::try_from(at.as_second()).unwrap(),
        boot: "b".to_owned(),
    }
}

/// Any request with this target; its digest does not matter here.
fn op(gvr: &Gvr, namespace: Option<&String>, name: &str) -> Op {
    Op::Delete {
        gvr: gvr.clone(),
        namespace: namespace.cloned(),
        name: name.to_owned(),
        uid: "u".to_owned(),
        resource_version: None,
    }
}

/// The draft of the outcome of a request; the log adds run, step and request from the intent.
fn outcome(class: OutcomeClass, status: Option<u16>, words: &SafeText) -> Draft {
    let mut draft = Draft::new(Kind::ApiOutcome);
    let class = match class {
        OutcomeClass::Applied => Answer::Applied,
        OutcomeClass::Refused => Answer::Refused,
        OutcomeClass::Unknown => Answer::Unknown,
        OutcomeClass::NotSent => Answer::NotSent,
    };
    draft.res = Some(Res {
        status,
        class: Some(class),
        ..Res::default()
    });
    draft.reason = (!words.is_empty()).then(|| words.clone());
    draft
}

fn write(
    log: &mut Log,
    run: Option<&Run>,
    event: &RunEvent,
    at: Timestamp,
    open: &mut Option<Ticket>,
) {
    match event {
        RunEvent::Intent {
            step,
            undo,
            gvr,
            namespace,
            name,
            ..
        } => {
            let op = op(gvr, namespace.as_ref(), name);
            let bound = Bound {
                cluster: "aws-prod".to_owned(),
                cluster_uid: "c07a91e2".to_owned(),
                generation: 1,
                digest: op.request().digest(),
                class: Class::Change,
                run: Some(RUN.to_owned()),
            };
            let draft = journal::intent(run.unwrap(), *step, *undo, &op);
            let permit = log.begin(draft, None, bound, &stamp(at)).unwrap();
            *open = Some(permit.ticket());
        }
        RunEvent::Outcome {
            class,
            status,
            words,
            ..
        } => {
            let draft = outcome(*class, *status, words);
            log.end(&open.take().unwrap(), draft, &stamp(at)).unwrap();
        }
        event => {
            let (draft, body) = journal::draft(RUN, run, event).unwrap();
            log.append(draft, Some(&body), &stamp(at)).unwrap();
        }
    }
}

/// Entries with their bodies.
type Told = Vec<(Entry, Option<Vec<u8>>)>;

/// The run as it was lived, and its entries as they are read back from a real log.
fn written(estate: &Estate) -> (Run, Told) {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(
        &folder.path().join("log"),
        "test",
        &stamp(Timestamp::UNIX_EPOCH),
    )
    .unwrap();
    let (mut live, mut open) = (None::<Run>, None);
    for (event, _, at) in &estate.log {
        write(&mut log, live.as_ref(), event, *at, &mut open);
        let seq = log.size();
        match (&mut live, event) {
            (run @ None, RunEvent::Opened(opened)) => *run = Some(Run::open(opened, seq, *at)),
            (Some(run), event) => run.take(event, seq, *at),
            (None, _) => panic!("the first entry opens the run"),
        }
    }
    let entries = log
        .entries(1, log.size())
        .unwrap()
        .into_iter()
        .map(|entry| {
            let body = log.body(entry.seq).unwrap();
            (entry, body)
        })
        .collect();
    (live.unwrap(), entries)
}

#[test]
fn a_run_with_an_entry_that_tells_nothing_sends_nothing_and_can_be_ended() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("restore");
    let (_, entries) = written(&estate);
    // The log opens itself, then the run.
    let with_body = |at: &usize| entries[*at].1.is_some();
    let bodies: Vec<usize> = (2..entries.len()).filter(with_body).collect();
    assert!(bodies.len() > 8);
    for at in bodies {
        let mut damaged = entries.clone();
        let seq = damaged[at].0.seq;
        damaged[at].1 = None;
        let run = Run::fold(damaged).pop().unwrap().found_at_start();
        estate.heard = None;
        estate.run = Some(run);
        assert_eq!(estate.settle(), 0, "entry {seq}: it goes on by itself");
        for input in [
            Input::Enter,
            Input::Typed("billing".into()),
            Input::Undo,
            Input::Look,
        ] {
            let why = estate.press(input).unwrap_err();
            let words = format!("not known whole from entry {seq} on");
            assert!(why.as_str().contains(&words), "{why}");
        }
        let card = estate.look(|sight| estate.run().card(sight, estate.now()));
        assert!(card.enter.is_empty() && !card.sends, "{card:?}");
        let reason = "the log is damaged".to_owned();
        estate.press(Input::Abort { reason }).unwrap();
        assert!(estate.run().ended());
    }
}

#[test]
fn a_run_that_was_open_where_the_log_is_broken_sends_nothing() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("restore");
    let (_, mut entries) = written(&estate);
    let mut broken = entries[0].0.clone();
    broken.kind = Kind::LogBreak;
    // The break says that entries before it are lost or altered, not which.
    broken.seq = 99;
    entries.push((broken, None));
    let run = Run::fold(entries).pop().unwrap().found_at_start();
    assert_eq!(run.memory.untold, Some(99));
    estate.run = Some(run);
    assert_eq!(estate.settle(), 0);
    let why = estate.press(Input::Enter).unwrap_err();
    assert!(why.as_str().contains("not known whole"), "{why}");
}

#[test]
fn a_run_is_the_same_after_it_was_written_and_read_back() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("give-back");
    estate.press(Input::Undo).unwrap();
    estate.walk();
    let (mut live, entries) = written(&estate);
    let read = Run::fold(entries);
    assert_eq!(read.len(), 1);
    let mut read = read.into_iter().next().unwrap();
    // Digest and Audit-ID are the log's own: the hand-made estate has others.
    for attempt in read
        .memory
        .attempts
        .values_mut()
        .chain(live.memory.attempts.values_mut())
    {
        attempt.digest.clear();
        attempt.audit_id = "".into();
    }
    assert_eq!(read, live);
    assert!(read.ended());
}

#[test]
fn what_a_log_or_a_command_line_holds_is_safe_before_it_is_a_run() {
    let odd = "lost\u{202e}\u{9b}2J\r";
    let safe = "lost<U+202E><U+009B>2J^M";
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    let Some((RunEvent::Opened(opened), ..)) = estate.log.first_mut() else {
        panic!("the first entry opens the run");
    };
    opened.params.insert("reason".to_owned(), odd.to_owned());
    opened.steps[0].title = odd.to_owned();
    let (_, entries) = written(&estate);
    let read = Run::fold(entries);
    assert_eq!(read[0].reason, safe);
    assert_eq!(read[0].steps[0].title, safe);

    let mut asked = Estate::new();
    let mut params = Estate::params("billing");
    params.insert("reason".to_owned(), format!("x {odd}"));
    asked.open_with(params).unwrap();
    assert_eq!(
        asked.run.unwrap().reason,
        format!("x {}", safe.trim_end_matches("^M"))
    );
}

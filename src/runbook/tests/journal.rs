//! A run written into a real log and read back: the same run, and the log verifies.

use jiff::Timestamp;

use super::estate::Estate;
use super::estate::RUN;
use crate::audit::Bound;
use crate::audit::Class;
use crate::audit::Entry;
use crate::audit::Log;
use crate::audit::Stamp;
use crate::audit::Ticket;
use crate::runbook::event::RunEvent;
use crate::runbook::journal;
use crate::runbook::press::Input;
use crate::runbook::run::Run;
use crate::sources::op::Gvr;
use crate::sources::op::Op;

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
            let draft = journal::outcome(*class, *status, words);
            log.end(&open.take().unwrap(), draft, &stamp(at)).unwrap();
        }
        event => {
            let (draft, body) = journal::draft(RUN, run, event).unwrap();
            log.append(draft, Some(&body), &stamp(at)).unwrap();
        }
    }
}

#[test]
fn a_run_is_the_same_after_it_was_written_and_read_back() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("give-back");
    estate.press(Input::Undo).unwrap();
    estate.walk();

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
    let entries: Vec<(Entry, Option<Vec<u8>>)> = log
        .entries(1, log.size())
        .unwrap()
        .into_iter()
        .map(|entry| {
            let body = log.body(entry.seq).unwrap();
            (entry, body)
        })
        .collect();
    let read = Run::fold(entries);
    assert_eq!(read.len(), 1);
    let mut read = read.into_iter().next().unwrap();
    let mut live = live.unwrap();
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

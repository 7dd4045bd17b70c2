//! Two writers on one folder, and the way of a request through the log.

use super::append;
use super::at;
use super::built;
use super::draft;
use super::open;
use super::stamp;
use super::steps;
use crate::audit::entry::Answer;
use crate::audit::entry::Draft;
use crate::audit::entry::Req;
use crate::audit::entry::Res;
use crate::audit::error::AuditError;
use crate::audit::kind::Kind;
use crate::audit::permit::Actual;
use crate::audit::permit::Bound;
use crate::audit::permit::Class;
use crate::audit::permit::Ticket;
use crate::audit::verify::verify;
use crate::text::SafeText;

#[test]
fn two_logs_on_one_folder_keep_one_chain() {
    let (_temp, dir) = built(1);
    let (mut one, mut two) = (open(&dir), open(&dir));
    for n in 1..=20 {
        let log = if n % 3 == 0 { &mut two } else { &mut one };
        assert_eq!(append(log, n).unwrap(), n as u64 + 1);
    }
    assert_eq!(steps(&one), (1..=20).collect::<Vec<_>>());
    assert_eq!(verify(&dir).exit_code(), 0);
}

#[test]
fn many_writers_at_once_keep_one_chain() {
    let (_temp, dir) = built(1);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let dir = &dir;
            scope.spawn(move || {
                let mut log = open(dir);
                log.limit = 20_000;
                for n in 0..25 {
                    append(&mut log, writer * 100 + n).unwrap();
                }
            });
        }
    });
    let log = open(&dir);
    let mut kept = steps(&log);
    kept.sort_unstable();
    assert_eq!(
        kept,
        (0..4)
            .flat_map(|w| (0..25).map(move |n| w * 100 + n))
            .collect::<Vec<_>>()
    );
    assert_eq!(verify(&dir).exit_code(), 0);
}

#[test]
fn a_log_that_vanishes_under_a_writer_is_told() {
    let (_temp, dir) = built(3);
    let mut log = open(&dir);
    std::fs::remove_file(super::segment(&dir)).unwrap();
    assert_eq!(append(&mut log, 9).unwrap(), 5);
    let report = verify(&dir);
    assert_eq!(
        (
            report.exit_code(),
            report.first_bad,
            report.breaks.as_slice()
        ),
        (1, Some(1), [4].as_slice())
    );
}

fn bound(class: Class, run: Option<&str>) -> Bound {
    Bound {
        cluster: "aws-prod".to_owned(),
        cluster_uid: "c07a91e2".to_owned(),
        generation: 3,
        digest: [7; 32],
        class,
        run: run.map(str::to_owned),
    }
}

fn request() -> Draft {
    let mut request = draft(9);
    request.req = Some(Req {
        verb: SafeText::new("POST"),
        gvr: SafeText::new("velero.io/v1/restores"),
        namespace: Some(SafeText::new("velero")),
        name: Some(SafeText::new("r-7f3a")),
        ..Req::default()
    });
    request
}

#[test]
fn a_request_is_on_disk_before_its_permit_and_its_outcome_is_tied_to_it() {
    let (_temp, dir) = built(1);
    let mut log = open(&dir);
    let permit = log
        .begin(
            request(),
            Some(b"{}"),
            bound(Class::Change, Some("7f3a")),
            &at(100),
        )
        .unwrap();
    let intent = log.tail(1).unwrap().pop().unwrap();
    assert_eq!(
        (intent.kind.clone(), intent.what().as_str()),
        (Kind::ApiIntent, "9 intent POST restores/r-7f3a")
    );
    assert_eq!(verify(&dir).open_intents, [2]);

    let ticket = permit.ticket();
    assert_eq!(Ticket::of(&intent).as_ref(), Some(&ticket));
    let now = Actual {
        cluster_uid: "c07a91e2",
        generation: 3,
        digest: [7; 32],
        class: Class::Change,
    };
    let id = permit.spend(&now, at(101).mono_ns).unwrap().to_string();
    assert_eq!(intent.audit_id().unwrap(), &id.as_str());

    let mut outcome = Draft::new(Kind::ApiOutcome);
    outcome.res = Some(Res {
        status: Some(201),
        class: Some(Answer::Applied),
        ..Res::default()
    });
    log.end(&ticket, outcome, &at(102)).unwrap();
    let outcome = log.tail(1).unwrap().pop().unwrap();
    assert_eq!(outcome.what(), "9 outcome POST restores/r-7f3a");
    assert_eq!(outcome.result().unwrap(), format!("201 {}", &id[..4]));
    assert_eq!(outcome.run.as_ref().unwrap(), &"7f3a");
    assert!(verify(&dir).open_intents.is_empty());
}

#[test]
fn a_change_outside_a_run_is_neither_recorded_nor_permitted() {
    let (_temp, dir) = built(1);
    let mut log = open(&dir);
    for run in [None, Some("")] {
        let refused = log.begin(request(), None, bound(Class::Change, run), &stamp());
        assert!(matches!(refused, Err(AuditError::NoRun { .. })));
    }
    assert_eq!(log.size(), 1);
    assert!(
        log.begin(request(), None, bound(Class::Service, None), &stamp())
            .is_ok()
    );
}

/// Finds every number in a record.
fn numbers(value: &serde_json::Value) -> Vec<&serde_json::Number> {
    match value {
        serde_json::Value::Number(n) => vec![n],
        serde_json::Value::Array(all) => all.iter().flat_map(numbers).collect(),
        serde_json::Value::Object(all) => all.values().flat_map(numbers).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_record_reads_back_and_holds_no_float_and_no_large_number() {
    let (_temp, dir) = built(2);
    let log = open(&dir);
    let line = super::lines(&super::segment(&dir)).pop().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(value["mono_ns"].as_str().unwrap().len(), 16);
    assert_eq!(
        value["ts"].as_str().unwrap().len(),
        "2026-08-15T04:52:10.123456Z".len()
    );
    assert_eq!(value["origin"], "jump-1/0197c1f2");
    assert_eq!(value["prev"].as_str().unwrap().len(), 64);
    assert!(
        numbers(&value)
            .iter()
            .all(|n| n.as_u64().is_some_and(|n| n < 1 << 53))
    );
    let entry = log.tail(1).unwrap().pop().unwrap();
    assert_eq!(serde_json::to_value(&entry).unwrap(), value);
    assert_eq!(log.custody(), "chained");
}

#[test]
fn an_entry_of_a_later_build_is_read() {
    let (_temp, dir) = built(1);
    let line = super::lines(&super::segment(&dir)).pop().unwrap();
    let later = String::from_utf8(line)
        .unwrap()
        .replace("\"log.open\"", "\"moon.landed\",\"crater\":4");
    let entry: crate::audit::Entry = serde_json::from_str(&later).unwrap();
    assert_eq!(entry.kind.name(), "moon.landed");
}

//! Every call to the disk fails once, in turn: nothing is confirmed that is not kept.

use super::Fault;
use super::Faulty;
use super::append;
use super::draft;
use super::open;
use super::stamp;
use super::steps;
use crate::audit::error::AuditError;
use crate::audit::log::Log;
use crate::audit::verify::verify;

/// How often an append with a body asks the disk: four times for the body, twice for the line, once for the head.
const CALLS: usize = 7;

/// Lets the `n`th call of an append fail, goes on, and compares what was confirmed with what is kept.
///
/// Gives whether the append came so far.
fn strike(fault: Fault, n: usize) -> bool {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("log");
    let disk = Faulty::new(fault);
    let mut log = Log::open_on(
        Box::new(disk.clone()),
        &dir,
        ("jump-1/0197c1f2", None),
        &stamp(),
    )
    .unwrap();
    append(&mut log, 1).unwrap();
    disk.fail_in(n);
    let mut confirmed = vec![1];
    let mut failed = None;
    for step in 2..8 {
        match log.append(draft(step), Some(b"a body"), &stamp()) {
            Ok(_) => confirmed.push(step),
            Err(e) => failed = failed.or(Some((step, e))),
        }
    }
    let struck = disk.struck();
    if struck {
        let (step, e) = failed.expect("a failed call is a failed append");
        assert_eq!(step, 2 + n / CALLS, "{fault:?} at {n}: {e}");
        // A full disk can be freed; a disk that fails to sync is not asked again.
        let stopped = fault == Fault::Gone || matches!(e, AuditError::Sync { .. });
        assert_eq!(log.is_stopped(), stopped, "{fault:?} at {n}: {e}");
    }
    drop(log);
    let after = verify(&dir);
    assert_eq!(after.exit_code(), 0, "{fault:?} at {n}: {:?}", after.lines);
    let log = open(&dir);
    let kept = steps(&log);
    assert!(
        confirmed.iter().all(|step| kept.contains(step)),
        "{fault:?} at {n}: {confirmed:?} of {kept:?}"
    );
    // At most the one entry that was in doubt is kept without having been confirmed.
    assert!(
        kept.len() <= confirmed.len() + 1,
        "{fault:?} at {n}: {confirmed:?} of {kept:?}"
    );
    assert_eq!(verify(&dir).exit_code(), 0);
    struck
}

#[test]
fn no_failing_call_loses_what_was_confirmed() {
    for fault in [Fault::Broken, Fault::Full, Fault::Gone] {
        let mut n = 0;
        while strike(fault, n) {
            n += 1;
        }
        assert!(n > 30, "only {n} calls were tried");
    }
}

#[test]
fn a_first_start_that_fails_can_be_repeated() {
    for fault in [Fault::Broken, Fault::Full, Fault::Gone] {
        for n in 0.. {
            let temp = tempfile::tempdir().unwrap();
            let dir = temp.path().join("log");
            let disk = Faulty::new(fault);
            disk.fail_in(n);
            let first = Log::open_on(
                Box::new(disk.clone()),
                &dir,
                ("jump-1/0197c1f2", None),
                &stamp(),
            );
            if !disk.struck() {
                assert!(n > 5);
                break;
            }
            assert!(first.is_err(), "{fault:?} at {n}");
            let mut log = open(&dir);
            append(&mut log, 1).unwrap();
            assert_eq!(steps(&log), [1], "{fault:?} at {n}");
            assert_eq!(verify(&dir).exit_code(), 0, "{fault:?} at {n}");
        }
    }
}

#[test]
fn a_stopped_log_takes_nothing_more() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("log");
    let disk = Faulty::new(Fault::Broken);
    let mut log = Log::open_on(
        Box::new(disk.clone()),
        &dir,
        ("jump-1/0197c1f2", None),
        &stamp(),
    )
    .unwrap();
    disk.fail_in(1);
    let first = append(&mut log, 1).unwrap_err();
    assert!(matches!(first, AuditError::Sync { seq: 2, .. }));
    assert!(
        first
            .to_string()
            .starts_with("the disk did not confirm entry 2 in "),
        "{first}"
    );
    assert!(matches!(
        append(&mut log, 2),
        Err(AuditError::Stopped { .. })
    ));
}

#[test]
fn a_full_disk_is_told_in_one_sentence_and_can_be_tried_again() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("log");
    let disk = Faulty::new(Fault::Full);
    let mut log = Log::open_on(
        Box::new(disk.clone()),
        &dir,
        ("jump-1/0197c1f2", None),
        &stamp(),
    )
    .unwrap();
    disk.fail_in(0);
    let e = append(&mut log, 1).unwrap_err();
    let path = super::segment(&dir);
    let said = format!(
        "entry 2 could not be written to {}; free space there, then try again",
        path.display()
    );
    assert_eq!(e.to_string(), said);
    assert!(!log.is_stopped());
    assert_eq!(append(&mut log, 1).unwrap(), 2);
}

#[test]
fn an_entry_too_long_for_a_line_is_refused_whole() {
    let (_temp, dir) = super::built(2);
    let mut log = open(&dir);
    let mut wide = draft(9);
    wide.actor.groups = vec!["g".repeat(4000).into(); 20];
    assert!(matches!(
        log.append(wide, Some(b"x"), &stamp()),
        Err(AuditError::TooLong { seq: 3, .. })
    ));
    assert_eq!(append(&mut log, 9).unwrap(), 3);
    assert_eq!(verify(&dir).exit_code(), 0);
}

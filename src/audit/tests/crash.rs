//! After a crash at any point the log opens again, keeps every entry it confirmed, and says what it moved.

use std::fs;

use super::append;
use super::built;
use super::lines;
use super::open;
use super::segment;
use super::steps;
use crate::audit::head;
use crate::audit::kind::Kind;
use crate::audit::verify::verify;

#[test]
fn a_crash_within_a_write_loses_nothing_confirmed() {
    let (_temp, dir) = built(5);
    let whole = lines(&segment(&dir));
    let confirmed = whole[..4].concat();
    // The head as it stood before the fifth entry.
    let (_old, old) = built(4);
    let torn = &whole[4][..whole[4].len() - 1];
    drop(old);
    for length in 1..=torn.len() {
        let (_temp, dir) = built(4);
        let mut bytes = fs::read(segment(&dir)).unwrap();
        bytes.extend_from_slice(&torn[..length]);
        fs::write(segment(&dir), &bytes).unwrap();
        assert_eq!(verify(&dir).exit_code(), 0, "a torn tail is no forgery");

        let mut log = open(&dir);
        assert_eq!(fs::read(dir.join("torn-5")).unwrap(), torn[..length]);
        append(&mut log, 50).unwrap();
        assert_eq!(steps(&log), [1, 2, 3, 50]);
        let report = verify(&dir);
        assert_eq!(
            (report.exit_code(), report.torn.as_slice()),
            (0, [5].as_slice())
        );
        if length > 40 {
            break;
        }
    }
    assert!(confirmed.len() > 4);
}

#[test]
fn a_crash_between_entry_and_head_is_mended() {
    for entries in [1, 4] {
        let (_temp, dir) = built(entries);
        let path = dir.join(head::NAME);
        let before = fs::read(&path).unwrap();
        if entries == 1 {
            fs::remove_file(&path).unwrap();
        } else {
            append(&mut open(&dir), 9).unwrap();
            fs::write(&path, before).unwrap();
        }
        let report = verify(&dir);
        assert_eq!(report.exit_code(), 0, "{:?}", report.lines);
        assert!(
            report
                .lines
                .iter()
                .any(|line| line.sentence.contains("newer than the file head"))
        );
        let size = report.entries;
        assert_eq!(open(&dir).size(), size);
        let report = verify(&dir);
        assert!(
            !report
                .lines
                .iter()
                .any(|line| line.sentence.contains("newer than the file head"))
        );
    }
}

#[test]
fn a_crash_while_a_segment_starts_is_mended() {
    let (_temp, dir) = built(4);
    fs::write(dir.join("log-000000000005.jsonl"), "").unwrap();
    set_private(&dir.join("log-000000000005.jsonl"));
    let mut log = open(&dir);
    assert_eq!(append(&mut log, 9).unwrap(), 5);
    drop(log);
    fs::write(dir.join("log-000000000006.jsonl"), "{\"v\":1,").unwrap();
    set_private(&dir.join("log-000000000006.jsonl"));
    let log = open(&dir);
    assert_eq!(fs::read(dir.join("torn-6")).unwrap(), b"{\"v\":1,");
    assert_eq!(steps(&log), [1, 2, 3, 9]);
    let report = verify(&dir);
    assert_eq!(
        (report.exit_code(), report.torn.as_slice()),
        (0, [6].as_slice())
    );
}

fn set_private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_full_segment_is_followed_by_another() {
    let (_temp, dir) = built(1);
    let mut log = open(&dir);
    log.limit = 600;
    for n in 1..=8 {
        append(&mut log, n).unwrap();
    }
    assert_eq!(steps(&log), (1..=8).collect::<Vec<_>>());
    let opened = log.entries(1, u64::MAX).unwrap();
    assert!(
        opened
            .iter()
            .filter(|entry| entry.kind == Kind::LogOpen)
            .count()
            > 2
    );
    assert_eq!(log.tail(3).unwrap().last().unwrap().seq, log.size());
    assert_eq!(log.tail(7).unwrap().len(), 7);
    assert_eq!(verify(&dir).exit_code(), 0);
    assert_eq!(open(&dir).size(), log.size());
}

#[test]
fn a_wall_clock_set_back_is_recorded_once_and_time_never_goes_back() {
    let (_temp, dir) = built(1);
    let mut log = open(&dir);
    for second in [5000, 1400, 1401, 1402, 6000, 5999] {
        log.append(super::draft(1), None, &super::at(second))
            .unwrap();
    }
    let entries = log.entries(1, u64::MAX).unwrap();
    let back: Vec<_> = entries
        .iter()
        .filter(|entry| entry.kind == Kind::LogClockRegressed)
        .collect();
    assert_eq!(back.len(), 1);
    assert_eq!(
        back[0].reason.as_ref().unwrap(),
        &"the wall clock went back by 3600s"
    );
    assert!(entries.is_sorted_by_key(|entry| entry.ts));
    assert!(entries.iter().map(|entry| entry.seq).eq(1..=log.size()));
    assert_eq!(verify(&dir).exit_code(), 0);
}

//! Whatever is altered, moved or taken away is found, and the entry named, or one before it.

use std::fs;
use std::path::Path;

use super::built;
use super::lines;
use super::open;
use super::segment;
use crate::audit::head;
use crate::audit::read;
use crate::audit::report::Proof;
use crate::audit::verify::verify;

/// Puts the bytes in place of the log and expects that damage at `entry` or before is told.
fn expect_found(dir: &Path, bytes: &[u8], entry: u64, what: &str) {
    fs::write(segment(dir), bytes).unwrap();
    let report = verify(dir);
    assert_eq!(report.exit_code(), 1, "{what}: {:?}", report.lines);
    assert!(!report.whole);
    assert!(
        report.first_bad.unwrap() <= entry,
        "{what} named {:?}, not {entry}",
        report.first_bad
    );
}

/// Flips one bit of every `stride`th byte, another bit each time.
fn flip(entries: u64, stride: usize) {
    let (_temp, dir) = built(entries);
    let good = fs::read(segment(&dir)).unwrap();
    let mut entry = 1;
    for at in 0..good.len() {
        if at % stride == 0 {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at / stride % 8);
            expect_found(&dir, &bad, entry, &format!("byte {at}"));
        }
        entry += u64::from(good[at] == b'\n');
    }
    fs::write(segment(&dir), &good).unwrap();
    assert_eq!(verify(&dir).exit_code(), 0);
}

#[test]
fn a_whole_log_is_whole() {
    let (_temp, dir) = built(64);
    let report = verify(&dir);
    assert_eq!(
        (report.exit_code(), report.entries, report.whole),
        (0, 64, true)
    );
    assert_eq!(
        report.lines[0].sentence,
        "whole: 64 of 64 entries, chain unbroken, head agrees"
    );
    assert_eq!(
        report.lines[1].sentence,
        "no checkpoint is there: every entry stands by chain and head alone"
    );
    assert_eq!(
        report.lines[2].sentence,
        "no witness is configured: whole, but only this host says so"
    );
}

#[test]
fn a_flip_in_any_byte_of_a_short_log_is_found() {
    flip(3, 1);
}

#[test]
fn flips_all_over_a_long_log_are_found() {
    flip(64, 127);
}

#[test]
#[ignore = "every byte of a long log takes half a minute"]
fn a_flip_in_any_byte_of_a_long_log_is_found() {
    flip(64, 1);
}

#[test]
fn a_flip_in_the_head_is_told() {
    let (_temp, dir) = built(3);
    let path = dir.join(head::NAME);
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        let report = verify(&dir);
        // One of its two places tells what both should: the log is whole, and the damage is told.
        let told = report
            .lines
            .iter()
            .any(|line| line.sentence.contains("file head cannot be read"));
        assert!(report.exit_code() != 0 || told, "byte {at}");
    }
}

#[test]
fn a_cut_at_any_byte_is_found() {
    let (_temp, dir) = built(4);
    let good = fs::read(segment(&dir)).unwrap();
    for length in 0..good.len() {
        let entries = good[..length].split(|b| *b == b'\n').count() as u64 - 1;
        expect_found(
            &dir,
            &good[..length],
            entries + 1,
            &format!("cut at {length}"),
        );
    }
}

#[test]
fn a_line_deleted_swapped_or_doubled_is_found() {
    let (_temp, dir) = built(16);
    let good = lines(&segment(&dir));
    for at in 0..good.len() {
        let entry = at as u64 + 1;
        let mut deleted = good.clone();
        deleted.remove(at);
        expect_found(&dir, &deleted.concat(), entry, "deleted");
        let mut doubled = good.clone();
        doubled.insert(at, good[at].clone());
        expect_found(&dir, &doubled.concat(), entry + 1, "doubled");
        if at > 0 {
            let mut swapped = good.clone();
            swapped.swap(at, at - 1);
            expect_found(&dir, &swapped.concat(), entry, "swapped");
        }
    }
}

#[test]
fn a_segment_taken_away_is_found() {
    let (_temp, dir) = built(4);
    fs::remove_file(segment(&dir)).unwrap();
    assert_eq!(
        (verify(&dir).exit_code(), verify(&dir).first_bad),
        (1, Some(1))
    );
}

#[test]
fn without_a_log_or_a_head_nothing_is_proved() {
    let (_temp, dir) = built(4);
    fs::remove_file(dir.join(head::NAME)).unwrap();
    let report = verify(&dir);
    assert_eq!((report.exit_code(), report.first_bad), (2, None));
    assert!(
        report.lines[0]
            .sentence
            .contains("the file head is missing"),
        "{:?}",
        report.lines
    );
    assert_eq!(verify(&dir.join("nowhere")).exit_code(), 2);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(verify(empty.path()).proof, Proof::CannotProve);
}

#[test]
fn damage_is_never_written_behind_and_stays_told() {
    for damage in 0..5 {
        let (_temp, dir) = built(6);
        let good = lines(&segment(&dir));
        let mut bytes = good.concat();
        let (exit, bad) = match damage {
            0 => (bytes.truncate(good[..4].concat().len()), (1, Some(5))).1,
            1 => (bytes[good[0].len() + 20] ^= 1, (1, Some(2))).1,
            2 => (bytes.truncate(bytes.len() - 5), (1, Some(6))).1,
            3 => (fs::remove_file(dir.join(head::NAME)).unwrap(), (2, None)).1,
            _ => (bytes.extend(good[5].clone()), (1, Some(7))).1,
        };
        fs::write(segment(&dir), &bytes).unwrap();
        let mut log = open(&dir);
        super::append(&mut log, 100).unwrap();
        assert_eq!(
            fs::read(segment(&dir)).unwrap(),
            bytes,
            "damage {damage} was written to"
        );
        let report = verify(&dir);
        assert_eq!(
            report.exit_code(),
            exit,
            "damage {damage}: {:?}",
            report.lines
        );
        if let Some(bad) = bad {
            assert!(
                report.first_bad.unwrap() <= bad,
                "damage {damage}: {:?}",
                report.first_bad
            );
        }
        assert_eq!(report.breaks, [log.size() - 1], "damage {damage}");
        let last = read::tail(&dir, 1).unwrap();
        assert_eq!(
            last[0].entry.as_ref().unwrap().step.as_ref().unwrap(),
            &"100"
        );
        // A second start finds the new segment sound and says nothing more.
        let size = log.size();
        assert_eq!(open(&dir).size(), size);
    }
}

#[test]
fn an_erased_body_leaves_the_proof_and_an_altered_one_does_not() {
    let (_temp, dir) = built(2);
    let mut log = open(&dir);
    let receipt = log
        .append(super::draft(9), Some(b"typed: emr"), &super::stamp())
        .unwrap();
    assert_eq!(log.body(receipt.seq).unwrap().unwrap(), b"typed: emr");
    let side = dir.join("bodies").join(receipt.seq.to_string());
    let kept = fs::read(&side).unwrap();

    fs::write(&side, [&kept[..], b"!"].concat()).unwrap();
    assert_eq!(
        (verify(&dir).exit_code(), verify(&dir).first_bad),
        (1, Some(receipt.seq))
    );
    let mut altered = kept.clone();
    altered[20] ^= 1;
    fs::write(&side, altered).unwrap();
    assert_eq!(
        (verify(&dir).exit_code(), verify(&dir).first_bad),
        (1, Some(receipt.seq))
    );
    assert!(
        log.body(receipt.seq)
            .unwrap_err()
            .to_string()
            .contains("is not the one recorded")
    );

    fs::remove_file(&side).unwrap();
    let report = verify(&dir);
    assert_eq!(
        (report.exit_code(), report.erased.as_slice()),
        (0, [receipt.seq].as_slice())
    );
    assert_eq!(log.body(receipt.seq).unwrap(), None);
    let line = lines(&segment(&dir)).pop().unwrap();
    assert!(!String::from_utf8(line).unwrap().contains("emr"));
}

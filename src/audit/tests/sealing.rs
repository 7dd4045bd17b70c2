//! Checkpoints: what they cover, what they show that a chain and a head cannot, and how the log lives with its key.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use super::append;
use super::at;
use super::built;
use super::draft;
use super::lines;
use super::open;
use super::segment;
use super::stamp;
use crate::audit::Draft;
use crate::audit::Leaf;
use crate::audit::Log;
use crate::audit::disk::Local;
use crate::audit::entry::Entry;
use crate::audit::head;
use crate::audit::head::Head;
use crate::audit::kind::Kind;
use crate::audit::levels;
use crate::audit::note::Note;
use crate::audit::prove::Proven;
use crate::audit::prove::prove;
use crate::audit::report::Report;
use crate::audit::seal;
use crate::audit::tree::Edge;
use crate::audit::verify::verify;
use crate::audit::verify::verify_against;

fn verdict(report: &Report) -> (u8, Option<u64>, &str) {
    let said = report.lines[0].sentence.as_str();
    (report.exit_code(), report.first_bad, said)
}

/// Writes the log anew from an entry on, with its own chain and head, as whoever owns the folder can.
fn rewrite(dir: &Path, from: usize, change: impl Fn(&mut Entry)) {
    let mut all: Vec<Entry> = lines(&segment(dir))
        .iter()
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let (mut prev, mut edge) = (Leaf::default(), Edge::default());
    let mut text = Vec::new();
    for (at, entry) in all.iter_mut().enumerate() {
        if at + 1 >= from {
            change(entry);
        }
        entry.prev = prev;
        entry.seq = at as u64 + 1;
        let line = serde_json::to_vec(entry).unwrap();
        prev = Leaf::of(&line);
        edge.push(prev, |_, _| {});
        text.extend(line);
        text.push(b'\n');
    }
    let head = Head {
        v: 2,
        size: all.len() as u64,
        leaf: prev,
        segment: 1,
        bytes: text.len() as u64,
        root: Some(edge.root()),
    };
    fs::write(segment(dir), text).unwrap();
    fs::remove_dir_all(dir.join(levels::FOLDER)).unwrap();
    head::replace(&Local, dir, &head).unwrap();
}

/// A log of ten entries, sealed, and ten more.
pub(super) fn sealed() -> (tempfile::TempDir, PathBuf, Note) {
    let (temp, dir) = built(10);
    // Opening signs what the one before left unsigned.
    let mut log = open(&dir);
    let note = seal::newest(&dir).unwrap().last.unwrap().0;
    for n in 10..20 {
        append(&mut log, n).unwrap();
    }
    (temp, dir, note)
}

#[test]
fn a_log_written_before_there_were_checkpoints_verifies_unchanged_and_is_taken_up() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("log");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    let files = [
        (
            "log-000000000001.jsonl",
            include_str!("fixtures/before-checkpoints.jsonl"),
        ),
        ("head", include_str!("fixtures/before-checkpoints.head")),
    ];
    for (name, text) in files {
        fs::write(dir.join(name), text).unwrap();
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let report = verify(&dir);
    assert_eq!(
        (report.exit_code(), report.entries),
        (0, 6),
        "{:?}",
        report.lines
    );

    let mut log = open(&dir);
    assert_eq!(log.size(), 7);
    assert_eq!(log.tail(1).unwrap()[0].kind, Kind::LogKey);
    assert_eq!(append(&mut log, 1).unwrap(), 8);
    log.seal(&stamp()).unwrap().unwrap();
    let report = verify(&dir);
    assert_eq!(
        (report.exit_code(), report.entries),
        (0, 8),
        "{:?}",
        report.lines
    );
    assert_eq!(report.sealed, 8);
    assert!(
        fs::read_to_string(segment(&dir))
            .unwrap()
            .starts_with(files[0].1)
    );
    assert_eq!(open(&dir).size(), 8, "one key is enough");
}

#[test]
fn a_log_written_anew_with_chain_and_head_is_found_by_its_checkpoint() {
    let (_temp, dir, _) = sealed();
    assert_eq!(verify(&dir).exit_code(), 0);
    rewrite(&dir, 4, |entry| entry.ticket = Some("INC-1".into()));
    let report = verify(&dir);
    let said = "not whole: entry 1 or one after it, up to 10, differs from the signed checkpoint. No entry is proved.";
    let (code, first, sentence) = verdict(&report);
    assert_eq!((code, first), (1, Some(1)));
    assert!(sentence.starts_with(said), "{sentence}");
}

#[test]
fn what_stands_behind_the_last_checkpoint_is_named_apart() {
    let (_temp, dir, _) = sealed();
    let report = verify(&dir);
    assert_eq!((report.sealed, report.checkpoints), (10, 1));
    let said = "signed up to entry 10 by 1 checkpoint; the 10 entries after it stand by chain and head alone";
    assert!(
        report.lines.iter().any(|line| line.sentence == said),
        "{:?}",
        report.lines
    );
}

#[test]
fn a_log_cut_off_with_chain_and_head_is_found_by_its_checkpoint() {
    let (_temp, dir, _) = sealed();
    let kept: Vec<u8> = lines(&segment(&dir))[..7].concat();
    fs::write(segment(&dir), kept).unwrap();
    rewrite(&dir, 99, |_| {});
    let (code, first, said) = (
        1,
        Some(8),
        "not whole: entry 8 is missing: a signed checkpoint counts 10 entries. 1 to 7 are whole.",
    );
    let report = verify(&dir);
    let (is, at, sentence) = verdict(&report);
    assert_eq!((is, at), (code, first));
    assert!(sentence.starts_with(said), "{sentence}");
}

#[test]
fn a_log_written_and_signed_anew_with_its_own_key_is_found_by_a_checkpoint_kept_elsewhere() {
    let (_temp, dir, kept) = sealed();
    rewrite(&dir, 4, |entry| entry.ticket = Some("INC-1".into()));
    fs::remove_file(dir.join(seal::HISTORY)).unwrap();
    drop(open(&dir));
    let report = verify(&dir);
    assert_eq!(
        (report.exit_code(), report.sealed),
        (0, 20),
        "the thief has the key"
    );
    let report = verify_against(&dir, &[kept]);
    assert_eq!(report.exit_code(), 1, "{:?}", report.lines);
    assert_eq!(report.first_bad, Some(1));
}

#[test]
fn a_checkpoint_of_another_log_is_no_proof_of_this_one() {
    let (_temp, dir, _) = sealed();
    let (_other, other, _) = sealed();
    let foreign = seal::history(&other).unwrap().notes;
    let report = verify_against(&dir, &foreign);
    assert_eq!(report.exit_code(), 1);
    assert!(
        report.lines[0]
            .sentence
            .contains("jump-1/0197c1f2 did not sign it"),
        "{:?}",
        report.lines
    );
}

#[test]
fn every_flipped_bit_of_the_checkpoints_is_found() {
    let (_temp, dir, _) = sealed();
    let path = dir.join(seal::HISTORY);
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&path, &bad).unwrap();
        let report = verify(&dir);
        let told = report
            .lines
            .iter()
            .any(|line| line.sentence.contains("last whole checkpoint"));
        assert!(
            report.exit_code() != 0 || told,
            "byte {at}: {:?}",
            report.lines
        );
    }
}

#[test]
fn one_entry_is_proved_to_someone_who_sees_no_other() {
    let (_temp, dir) = built(1);
    let mut log = open(&dir);
    log.limit = 100_000;
    for n in 1..700 {
        append(&mut log, n).unwrap();
    }
    let size = log.size();
    log.seal(&stamp()).unwrap().unwrap();
    append(&mut log, 700).unwrap();
    let key = seal::said(&log.entries(1, 1).unwrap()[0]).unwrap();
    for spoilt in [false, true] {
        if spoilt {
            fs::remove_dir_all(dir.join(levels::FOLDER)).unwrap();
        }
        for seq in [1, 2, 255, 256, 257, 600, size] {
            let text = prove(&dir, seq).unwrap().to_string();
            let proven = Proven::parse(&text).unwrap();
            assert_eq!(proven.to_string(), text);
            assert_eq!(proven.check(&key).unwrap().size, size);
            let entry: Entry = serde_json::from_slice(&proven.line).unwrap();
            assert_eq!((entry.seq, proven.seq), (seq, seq));
            let mut other = proven.clone();
            other.line[20] ^= 1;
            let refused = other.check(&key).unwrap_err().to_string();
            assert!(
                refused.ends_with("its entry is not under its checkpoint"),
                "{refused}"
            );
            other = proven;
            other.seq += 1;
            assert!(other.check(&key).is_err());
        }
    }
    let refused = prove(&dir, size + 1).unwrap_err().to_string();
    assert!(
        refused.contains("no checkpoint is over it yet"),
        "{refused}"
    );
    assert!(prove(&dir, 0).is_err());
}

#[test]
fn a_run_and_a_minute_are_sealed_and_plain_entries_are_not() {
    let (_temp, dir) = built(3);
    let mut log = open(&dir);
    assert_eq!(log.sealed(), 3);
    log.append(Draft::new(Kind::RunStarted), None, &at(1))
        .unwrap();
    assert_eq!(log.sealed(), 4);
    log.append(draft(1), None, &at(2)).unwrap();
    log.append(draft(2), None, &at(61)).unwrap();
    assert_eq!(log.sealed(), 4);
    log.append(draft(3), None, &at(62)).unwrap();
    assert_eq!(log.sealed(), 7);
    assert_eq!(log.seal(&at(63)).unwrap(), None, "nothing is new");
    assert_eq!(verify(&dir).sealed, 7);
}

#[test]
fn the_key_is_its_owners_alone_and_another_that_lies_there_is_refused() {
    let (_temp, dir) = built(2);
    let path = dir.join("key");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o400);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
    let refused = Log::open(&dir, "x", &stamp()).err().unwrap().to_string();
    assert!(
        refused.contains("is open to others (mode 0440)"),
        "{refused}"
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, "PRIVATE+KEY+x\n").unwrap();
    let refused = Log::open(&dir, "x", &stamp()).err().unwrap().to_string();
    assert!(refused.contains("is no key of a log"), "{refused}");
    // A key that is lost is replaced, and the entry that says so is under the next checkpoint.
    fs::remove_file(&path).unwrap();
    let log = open(&dir);
    assert_eq!(log.tail(1).unwrap()[0].kind, Kind::LogKey);
    assert_eq!(verify(&dir).sealed, 3);
    drop(log);
    // Another log's key that was put there signs only once an entry says so.
    let (_other, other) = built(2);
    fs::remove_file(&path).unwrap();
    fs::copy(other.join("key"), &path).unwrap();
    let log = open(&dir);
    assert_eq!(log.tail(1).unwrap()[0].kind, Kind::LogKey);
    let report = verify(&dir);
    assert_eq!(
        (report.exit_code(), report.sealed),
        (0, 4),
        "{:?}",
        report.lines
    );
}

#[test]
fn checkpoints_that_were_taken_away_are_missed() {
    let (_temp, dir) = built(3);
    let mut log = open(&dir);
    for n in 0..6 {
        let second = 40 * i64::try_from(n).unwrap();
        log.append(draft(n), None, &at(second)).unwrap();
    }
    drop(log);
    assert_eq!(verify(&dir).exit_code(), 0);
    rewrite(&dir, 4, |entry| entry.ticket = Some("INC-1".into()));
    fs::remove_file(dir.join(seal::HISTORY)).unwrap();
    let report = verify(&dir);
    assert_eq!(report.exit_code(), 2, "{:?}", report.lines);
    let said = "cannot be proved: entry 1 is under no checkpoint, and entry 9 was written more than two minutes after it: checkpoints are missing";
    assert_eq!(report.lines[0].sentence, said);
}

#[test]
fn a_checkpoint_over_nothing_proves_nothing() {
    let (_temp, dir, note) = sealed();
    let text = note.to_string().replacen("\n10\n", "\n0\n", 1);
    let report = verify_against(&dir, &[Note::parse(&text).unwrap()]);
    assert_eq!(report.exit_code(), 2, "{:?}", report.lines);
}

#[test]
fn a_checkpoint_kept_elsewhere_that_agrees_is_named() {
    let (_temp, dir, note) = sealed();
    let report = verify_against(&dir, &[note]);
    let said = "the checkpoint kept elsewhere agrees, up to entry 10";
    assert!(
        report.lines.iter().any(|line| line.sentence == said),
        "{:?}",
        report.lines
    );
    assert_eq!(report.checkpoints, 1, "it is not one of the log's own");
}

//! What a loss of power, a failing disk or a hand leaves of head, tree and checkpoints is mended at the next start.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;

use super::Fault;
use super::Faulty;
use super::append;
use super::built;
use super::lines;
use super::open;
use super::sealing::sealed;
use super::segment;
use super::stamp;
use super::steps;
use crate::audit::Log;
use crate::audit::disk::Disk;
use crate::audit::disk::Local;
use crate::audit::head;
use crate::audit::head::Seen;
use crate::audit::levels;
use crate::audit::seal;
use crate::audit::tree::Edge;
use crate::audit::verify::verify;
use crate::audit::verify::verify_against;

#[test]
fn a_head_that_a_power_loss_left_behind_is_mended_and_one_ahead_is_damage() {
    let (_temp, dir) = built(5);
    let old = fs::read(dir.join(head::NAME)).unwrap();
    let mut log = open(&dir);
    for n in 5..9 {
        append(&mut log, n).unwrap();
    }
    drop(log);
    let new = fs::read(dir.join(head::NAME)).unwrap();
    fs::write(dir.join(head::NAME), &old).unwrap();
    let report = verify(&dir);
    assert_eq!(report.exit_code(), 0, "{:?}", report.lines);
    let said = "entries 6 to 9 are newer than the file head";
    assert!(
        report
            .lines
            .iter()
            .any(|line| line.sentence.starts_with(said))
    );
    let log = open(&dir);
    assert_eq!((log.size(), steps(&log)), (9, (1..9).collect()));
    assert!(matches!(head::read(&dir).unwrap(), Seen::Read(head) if head.size == 9));

    let short: Vec<u8> = lines(&segment(&dir))[..6].concat();
    fs::write(segment(&dir), short).unwrap();
    fs::write(dir.join(head::NAME), new).unwrap();
    assert_eq!(verify(&dir).exit_code(), 1);
}

#[test]
fn stored_hashes_that_are_gone_or_wrong_are_computed_again() {
    for spoil in [
        |tree: &Path| fs::remove_dir_all(tree).unwrap(),
        |tree: &Path| fs::write(tree.join("0"), [7; 32 * 40]).unwrap(),
        |tree: &Path| fs::write(tree.join("0"), [7; 40]).unwrap(),
    ] {
        let (_temp, dir) = built(1);
        let mut log = open(&dir);
        log.limit = 2000;
        for n in 1..40 {
            append(&mut log, n).unwrap();
        }
        let size = log.size();
        drop(log);
        spoil(&dir.join(levels::FOLDER));
        let mut log = open(&dir);
        assert_eq!(append(&mut log, 40).unwrap(), size + 1);
        let note = log.seal(&stamp()).unwrap().unwrap();
        let report = verify_against(&dir, &[note]);
        assert_eq!(
            (report.exit_code(), report.sealed),
            (0, size + 1),
            "{:?}",
            report.lines
        );
        let edge = Edge::of(&levels::Levels::of(&dir), size + 1).unwrap();
        assert_eq!(
            Some(edge.root()),
            head::read(&dir).unwrap().head().unwrap().root
        );
    }
}

#[test]
fn a_power_loss_while_a_segment_starts_is_mended() {
    let (_temp, dir) = built(5);
    let mut log = open(&dir);
    let old = fs::read(dir.join(head::NAME)).unwrap();
    log.limit = 1;
    append(&mut log, 5).unwrap();
    // The disk kept the new segment, and the head as it stood when the old one ended.
    fs::write(dir.join(head::NAME), &old).unwrap();
    let log = open(&dir);
    assert_eq!(steps(&log), [1, 2, 3, 4, 5]);
    let report = verify(&dir);
    assert_eq!(
        (report.exit_code(), report.breaks.len()),
        (0, 0),
        "{:?}",
        report.lines
    );
}

#[test]
fn the_head_is_kept_before_a_segment_starts() {
    let (_temp, dir) = built(1);
    let mut log = open(&dir);
    for n in 1..5 {
        append(&mut log, n).unwrap();
    }
    log.limit = 1;
    log.disk = Box::new(NoSegment);
    assert!(append(&mut log, 5).is_err());
    // Replacing writes both places alike; writing over leaves them different.
    let head = fs::read(dir.join(head::NAME)).unwrap();
    assert_eq!(head[..512], head[512..]);
}

#[test]
fn a_broken_log_keeps_its_id_whatever_the_host_is_called_by_now() {
    let (_temp, dir) = built(3);
    fs::remove_file(dir.join(head::NAME)).unwrap();
    let log = Log::open(&dir, "renamed/ffff", &stamp()).unwrap();
    assert_eq!(log.origin(), &"jump-1/0197c1f2");
    let report = verify(&dir);
    let found = (report.exit_code(), report.breaks.as_slice());
    assert_eq!(found, (2, [4].as_slice()), "{:?}", report.lines);
}

#[test]
fn a_hole_in_the_stored_hashes_is_filled_at_the_next_start() {
    let (_temp, dir) = built(300);
    let whole = fs::read(dir.join("tree/0")).unwrap();
    let upper = fs::read(dir.join("tree/1")).unwrap();
    fs::write(dir.join("tree/1"), [0; 32]).unwrap();
    drop(open(&dir));
    assert_eq!(fs::read(dir.join("tree/1")).unwrap(), upper);
    assert_eq!(fs::read(dir.join("tree/0")).unwrap(), whole);
}

#[test]
fn a_torn_checkpoint_is_cut_off_by_whoever_signs_next() {
    let (_temp, dir, _) = sealed();
    let mut log = open(&dir);
    let path = dir.join(seal::HISTORY);
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"jump-1/0197c1f2\n20");
    fs::write(&path, bytes).unwrap();
    append(&mut log, 20).unwrap();
    log.seal(&stamp()).unwrap().unwrap();
    let report = verify(&dir);
    assert_eq!(
        (report.exit_code(), report.sealed),
        (0, 21),
        "{:?}",
        report.lines
    );
}

#[test]
fn a_disk_that_fails_while_a_checkpoint_is_made_costs_no_entry() {
    for fault in [Fault::Broken, Fault::Full, Fault::Gone] {
        for n in 0.. {
            let temp = tempfile::tempdir().unwrap();
            let dir = temp.path().join("log");
            let disk = Faulty::new(fault);
            let origin = ("jump-1/0197c1f2", None);
            let mut log = Log::open_on(Box::new(disk.clone()), &dir, origin, &stamp()).unwrap();
            append(&mut log, 1).unwrap();
            disk.fail_in(n);
            let sealed = log.seal(&stamp());
            if !disk.struck() {
                assert!(n >= 2, "only {n} calls");
                break;
            }
            assert!(sealed.is_err(), "{fault:?} at {n}");
            drop(log);
            let mut log = open(&dir);
            assert_eq!(append(&mut log, 2).unwrap(), 3);
            log.seal(&stamp()).unwrap().unwrap();
            let report = verify(&dir);
            let found = (report.exit_code(), report.sealed);
            assert_eq!(found, (0, 3), "{fault:?} at {n}: {:?}", report.lines);
        }
    }
}

/// A disk on which no segment can be made.
struct NoSegment;

impl Disk for NoSegment {
    fn create(&self, path: &Path) -> io::Result<File> {
        if path.extension().is_some_and(|kind| kind == "jsonl") {
            return Err(io::Error::other("full"));
        }
        Local.create(path)
    }

    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        Local.write(file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        Local.sync(file)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        Local.sync_folder(path)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        Local.truncate(file, len)
    }

    fn overwrite(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        Local.overwrite(file, bytes, offset)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Local.rename(from, to)
    }
}

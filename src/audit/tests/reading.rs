//! What a start and a screen read of a log is the same as reading it whole, in a fraction of the time.

use std::fs;
use std::io::Write as _;

use super::*;
use crate::audit::read;

/// A log of three short segments.
fn segments() -> (tempfile::TempDir, PathBuf) {
    let (temp, dir) = built(7);
    let mut log = open(&dir);
    log.limit = 1;
    for n in 7..10 {
        append(&mut log, n).unwrap();
    }
    assert!(folder::segments(&dir).unwrap().len() > 2);
    (temp, dir)
}

#[test]
fn the_tail_is_the_end_of_the_whole_whatever_its_length() {
    let (_temp, dir) = segments();
    let all = read::rows(&dir, 1, u64::MAX).unwrap();
    for n in 0..=all.len() + 2 {
        let from = all.len().saturating_sub(n);
        assert_eq!(read::tail(&dir, n).unwrap(), all[from..], "the last {n}");
    }
}

#[test]
fn the_tail_of_more_than_one_block_is_read_whole() {
    let (_temp, dir) = built(500);
    let all = read::rows(&dir, 1, u64::MAX).unwrap();
    assert!(fs::metadata(segment(&dir)).unwrap().len() > 2 * 64 * 1024);
    for n in [1, 250, 498, 499, 500, 501] {
        let from = all.len().saturating_sub(n);
        assert_eq!(read::tail(&dir, n).unwrap(), all[from..], "the last {n}");
    }
}

#[test]
fn lines_that_cannot_be_read_keep_their_numbers_and_bytes_without_an_end_are_no_line() {
    let (_temp, dir) = built(6);
    let mut kept = lines(&segment(&dir));
    for damaged in [4, 5] {
        let line = &mut kept[damaged];
        line[0] = b'#';
    }
    let mut file = File::create(segment(&dir)).unwrap();
    file.write_all(&kept.concat()).unwrap();
    file.write_all(b"{\"v\":1").unwrap();
    let all = read::rows(&dir, 1, u64::MAX).unwrap();
    assert_eq!(read::tail(&dir, 3).unwrap(), all[3..]);
    assert_eq!(
        read::tail(&dir, 2).unwrap(),
        all[4..],
        "none of them tells its number"
    );
    assert_eq!(read::of_runs(&dir).unwrap().1, Some(5));
}

#[test]
fn only_what_belongs_to_a_run_is_kept() {
    let (_temp, dir) = segments();
    let all = read::rows(&dir, 1, u64::MAX).unwrap();
    let of_runs: Vec<_> = all
        .into_iter()
        .filter_map(|row| row.entry)
        .filter(|entry| entry.run.is_some())
        .collect();
    assert!(!of_runs.is_empty());
    assert_eq!(read::of_runs(&dir).unwrap(), (of_runs, None));
}

#[test]
fn a_record_without_one_of_the_fields_that_all_have_is_damage() {
    for field in [
        "v", "seq", "prev", "origin", "ts", "mono_ns", "boot", "actor", "kind",
    ] {
        let (_temp, dir) = built(3);
        let mut kept = lines(&segment(&dir));
        let mut record: serde_json::Value = serde_json::from_slice(&kept[1]).unwrap();
        record.as_object_mut().unwrap().remove(field).unwrap();
        kept[1] = format!("{record}\n").into_bytes();
        fs::write(segment(&dir), kept.concat()).unwrap();
        assert_eq!(read::of_runs(&dir).unwrap().1, Some(2), "{field}");
    }
}

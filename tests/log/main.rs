//! The log as a stranger checks it: by `tests/log/verify.py`, which was written from `docs/log-format.md` and shares no
//! line with us.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "what stands beside the tests is part of them, and the stranger is another program"
)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crashcart::audit::Draft;
use crashcart::audit::Kind;
use crashcart::audit::Log;
use crashcart::audit::Stamp;
use crashcart::audit::prove;
use crashcart::audit::verify;

fn stamp(second: i64) -> Stamp {
    Stamp {
        ts: jiff::Timestamp::from_second(1_786_767_060 + second).unwrap(),
        mono_ns: 1_000_000_000 * (second.unsigned_abs() + 1),
        boot: "b1".to_owned(),
    }
}

/// A log of some thirty entries, bodies among them, with several checkpoints.
fn built() -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("log");
    let mut log = Log::open(&dir, "jump-1/0197c1f2", &stamp(0)).unwrap();
    for n in 1..30 {
        let kind = if n % 10 == 0 {
            Kind::RunEnded
        } else {
            Kind::StepAnswered
        };
        let body = (n % 4 == 0).then_some(b"typed: emr".as_slice());
        log.append(Draft::new(kind), body, &stamp(n)).unwrap();
    }
    (temp, dir)
}

/// Whether the stranger can come at all; the README promises that Rust is enough for the tests.
fn nobody_comes() -> bool {
    let there = Command::new("python3").arg("--version").output().is_ok();
    if !there {
        eprintln!("not tested: python3 is not there, and the stranger needs it");
    }
    !there
}

/// What the stranger says, and by which exit code.
fn asked(arguments: &[&Path]) -> (i32, String) {
    let checker = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/log/verify.py");
    let done = Command::new("python3")
        .arg(checker)
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(
        done.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    (done.status.code().unwrap(), said.trim_end().to_owned())
}

fn stranger(dir: &Path) -> (i32, String) {
    asked(&[dir])
}

#[test]
fn a_stranger_finds_a_whole_log_whole() {
    if nobody_comes() {
        return;
    }
    let (_temp, dir) = built();
    assert_eq!(
        stranger(&dir),
        (0, "whole: 30 entries, signed up to 21".to_owned())
    );
    let ours = verify(&dir);
    assert_eq!((ours.exit_code(), ours.entries, ours.sealed), (0, 30, 21));
}

/// What is done to the bytes of a file.
type Spoil = fn(&mut Vec<u8>);

#[test]
fn a_stranger_finds_what_we_find() {
    if nobody_comes() {
        return;
    }
    let (_temp, dir) = built();
    let segment = dir.join("log-000000000001.jsonl");
    let head = dir.join("head");
    let checkpoints = dir.join("checkpoints");
    let spoilt: [(&Path, Spoil, i32); 8] = [
        (&segment, |bytes| bytes[700] ^= 1, 1),
        (
            &segment,
            |bytes| {
                let at = bytes.len() - 30;
                bytes[at] ^= 2;
            },
            1,
        ),
        (&segment, |bytes| bytes.truncate(4000), 1),
        (&head, |bytes| bytes.fill(b' '), 2),
        (
            &checkpoints,
            |bytes| {
                let at = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 5;
                bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            },
            1,
        ),
        (
            &checkpoints,
            |bytes| {
                let at = bytes.iter().position(|byte| *byte == 0xe2).unwrap();
                bytes[at] = b'-';
            },
            2,
        ),
        (&dir.join("bodies/9"), |bytes| bytes[20] ^= 1, 1),
        (&dir.join("bodies/9"), |bytes| bytes.push(0), 1),
    ];
    for (at, (path, spoil, code)) in spoilt.into_iter().enumerate() {
        let good = fs::read(path).unwrap();
        let mut bad = good.clone();
        spoil(&mut bad);
        fs::write(path, bad).unwrap();
        let (theirs, said) = stranger(&dir);
        let ours = verify(&dir);
        assert_eq!(
            (theirs, i32::from(ours.exit_code())),
            (code, code),
            "{at}: {said}, {:?}",
            ours.lines
        );
        fs::write(path, good).unwrap();
    }
    assert_eq!(stranger(&dir).0, 0);
}

#[test]
fn a_stranger_checks_one_entry_without_the_log() {
    if nobody_comes() {
        return;
    }
    let (temp, dir) = built();
    let first = fs::read_to_string(dir.join("log-000000000001.jsonl")).unwrap();
    let said = first.split("checkpoints are signed by ").nth(1).unwrap();
    let key = Path::new(said.split('"').next().unwrap());
    let file = temp.path().join("entry-9.tlog-proof");
    let proof = prove(&dir, 9).unwrap().to_string();
    fs::write(&file, &proof).unwrap();
    let ask = || asked(&[Path::new("--proof"), &file, key]);
    assert_eq!(ask(), (0, "entry 9 is in jump-1/0197c1f2".to_owned()));
    let ours = || {
        let mut ours = Command::new(env!("CARGO_BIN_EXE_crashcart"));
        let ours = ours.env_clear().env("HOME", temp.path());
        let ours = ours.args(["log", "verify", "--proof"]).arg(&file);
        let done = ours.arg("--key").arg(key).output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        (done.status.code().unwrap(), said)
    };
    let (code, said) = ours();
    assert_eq!(code, 0, "{said}");
    assert!(
        said.starts_with("OK   entry 9 is in the log jump-1/0197c1f2"),
        "{said}"
    );
    fs::write(&file, proof.replace("index 8", "index 7")).unwrap();
    assert_eq!(ask().0, 1);
    let (code, said) = ours();
    assert_eq!(code, 1, "{said}");
    assert!(said.starts_with("CRIT entry 8 is not proved"), "{said}");
}

#[test]
fn a_stranger_misses_the_checkpoints_that_were_taken_away() {
    if nobody_comes() {
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("log");
    let mut log = Log::open(&dir, "jump-1/0197c1f2", &stamp(0)).unwrap();
    for n in 1..6 {
        let draft = Draft::new(Kind::StepAnswered);
        log.append(draft, None, &stamp(50 * n)).unwrap();
    }
    assert_eq!(stranger(&dir).0, 0);
    fs::remove_file(dir.join("checkpoints")).unwrap();
    let said = "cannot be proved: entry 1 is under no checkpoint: checkpoints are missing";
    assert_eq!(stranger(&dir), (2, said.to_owned()));
    assert_eq!(verify(&dir).exit_code(), 2);
}

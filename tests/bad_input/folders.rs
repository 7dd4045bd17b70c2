//! State folders that cannot be used: full, somebody else's, open to all, or full of garbage.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::bench;
use crate::bench::Bench;

fn mode(path: &std::path::Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("changed");
}

#[test]
fn a_state_folder_that_others_can_write_is_refused_at_every_depth() {
    let bench = Bench::start();
    bench.ask(&["status"]);
    for folder in [
        bench.state(),
        bench.state().join("demo"),
        bench.estate_state(),
    ] {
        mode(&folder, 0o777);
        let said = bench.ask(&["status"]);
        said.one_sentence(
            69,
            &[
                &folder.display().to_string(),
                "by others (mode 777)",
                "chmod 700",
            ],
        );
        assert_eq!(said.out, "");
        mode(&folder, 0o700);
    }
    assert_ne!(bench.ask(&["status"]).code, 69);
}

#[test]
fn a_state_folder_of_another_user_is_refused_at_every_depth() {
    if !rustix::process::geteuid().is_root() {
        return; // Only root can give a folder away.
    }
    let bench = Bench::start();
    bench.ask(&["status"]);
    for folder in [
        bench.state(),
        bench.state().join("demo"),
        bench.estate_state(),
    ] {
        std::os::unix::fs::chown(&folder, Some(65534), None).expect("given away");
        let said = bench.ask(&["status"]);
        said.one_sentence(
            69,
            &[
                &folder.display().to_string(),
                "belongs to uid 65534",
                "--state",
            ],
        );
        std::os::unix::fs::chown(&folder, Some(0), None).expect("taken back");
    }
}

/// What was planted where, and how.
type Plant = fn(&std::path::Path, &std::path::Path);

/// Everything somebody else could have put where we write.
const PLANTED: [(&str, &str, Plant); 8] = [
    ("", "is a symbolic link", |at, theirs| link(theirs, at)),
    ("demo", "is a symbolic link", |at, theirs| link(theirs, at)),
    ("demo/ID", "is a symbolic link", |at, theirs| {
        link(theirs, at);
    }),
    ("demo/ID/log", "is a symbolic link", |at, theirs| {
        link(theirs, at);
    }),
    (
        "demo/ID/last-known.json",
        "is a symbolic link",
        |at, theirs| {
            link(&theirs.join("file"), at);
        },
    ),
    ("demo/ID/log/lock", "is a pipe", |at, _| {
        let mode = rustix::fs::Mode::from_bits_truncate(0o600);
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, at, fifo, mode, 0).expect("a pipe");
    }),
    (
        "demo/ID/log/log-000000000001.jsonl",
        "has a second name",
        |at, theirs| {
            std::fs::hard_link(theirs.join("file"), at).expect("a second name");
        },
    ),
    (
        "demo/ID/last-known.json",
        "belongs to uid 65534",
        |at, _| {
            std::fs::write(at, "{}").expect("written");
            std::os::unix::fs::chown(at, Some(65534), None).expect("given away");
        },
    ),
];

fn link(to: &std::path::Path, at: &std::path::Path) {
    std::os::unix::fs::symlink(to, at).expect("a link");
}

#[test]
fn at_id_16_what_is_planted_where_we_write_refuses_the_start_and_nothing_is_written_through() {
    let bench = Bench::start();
    bench.ask(&["status"]);
    let id = bench.estate_state();
    let id = id.file_name().expect("a name").to_string_lossy();
    let root = rustix::process::geteuid().is_root();
    for (place, words, plant) in PLANTED {
        if words.starts_with("belongs") && !root {
            continue; // Only root can give a file away.
        }
        let state = bench.state();
        std::fs::remove_dir_all(&state)
            .or_else(|_| std::fs::remove_file(&state))
            .expect("gone");
        let theirs = bench.home().join("theirs");
        std::fs::create_dir_all(&theirs).expect("a folder");
        std::fs::write(theirs.join("file"), "theirs").expect("written");
        let at = state.join(place.replace("ID", &id));
        std::fs::create_dir_all(at.parent().expect("a parent")).expect("a folder");
        for folder in [
            state.join("demo").join(&*id),
            state.join("demo"),
            state.clone(),
        ] {
            if folder.is_dir() && !folder.is_symlink() {
                mode(&folder, 0o700);
            }
        }
        let at = if place.is_empty() {
            std::fs::remove_dir_all(&state).ok();
            state
        } else {
            at
        };
        plant(&at, &theirs);
        let said = bench.ask(&["status"]);
        said.one_sentence(
            69,
            &[&at.display().to_string(), words, "nothing is written there"],
        );
        assert_eq!(said.out, "", "{said:?}");
        assert_eq!(
            std::fs::read(theirs.join("file")).expect("still there"),
            b"theirs"
        );
        assert_eq!(std::fs::read_dir(&theirs).expect("still there").count(), 1);
    }
}

#[test]
fn at_id_16_a_parent_that_everybody_may_write_to_refuses_the_start() {
    let bench = Bench::start();
    let open = bench.home().join("open");
    std::fs::create_dir(&open).expect("a folder");
    mode(&open, 0o777);
    let mut command = bench::program(bench.home());
    command
        .args(["status", "--as", "alice", "--config"])
        .arg(bench.config());
    let said = bench::said(command.arg("--state").arg(open.join("state")));
    said.one_sentence(
        69,
        &[
            &open.display().to_string(),
            "by others (mode 777)",
            "chmod 700",
        ],
    );
    assert!(!open.join("state").exists(), "nothing is made there");
}

#[test]
fn a_state_folder_that_is_a_file_is_refused() {
    let bench = Bench::start();
    std::fs::write(bench.state(), "").expect("written");
    bench
        .ask(&["status"])
        .one_sentence(69, &["cannot be made", "--state"]);
    bench.nothing_sent();
}

#[test]
fn a_full_disk_stops_changes_and_says_where_and_what_to_do_while_reading_goes_on() {
    let bench = Bench::start();
    bench.ask(&["status"]);
    let log = bench.estate_state().join("log/log-000000000001.jsonl");
    let before = std::fs::read(&log).expect("a log");
    assert!(before.len() > 512, "longer than the limit below");
    // No file may grow beyond one block: the log is full, as on a full disk.
    let limited = |command: &Command| {
        let mut shell = Command::new("/bin/sh");
        shell.env_clear().envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        shell.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"]);
        shell.arg(command.get_program()).args(command.get_args());
        shell
    };
    let said = bench::said(&mut limited(&bench.command(&["status"])));
    assert!(said.out.contains("3 live"), "reading goes on: {said:?}");
    let restore = [
        "run",
        "restore-namespace",
        "--param",
        "cluster=sth-prod",
        "--param",
        "namespace=billing",
        "--param",
        "ticket=INC-1",
        "--param",
        "reason=lost",
    ];
    let said = bench::said(&mut limited(&bench.command(&restore)));
    assert_eq!(said.code, 2, "{said:?}");
    assert_eq!(said.out.lines().count(), 1, "{said:?}");
    for words in [
        "nothing can be run",
        "could not be written",
        "log-000000000001.jsonl",
        "df -h",
    ] {
        assert!(said.out.contains(words), "{words}: {said:?}");
    }
    bench.nothing_sent();
    assert_eq!(
        std::fs::read(&log).expect("a log"),
        before,
        "not half an entry"
    );
    assert_eq!(bench.ask(&["log", "verify"]).code, 0);
}

#[test]
fn a_log_that_cannot_be_opened_stops_changes_and_not_the_start() {
    let bench = Bench::start();
    bench.ask(&["status"]);
    let log = bench.estate_state().join("log");
    mode(&log, 0o755);
    for verb in ["status", "findings"] {
        let said = bench.ask(&[verb]);
        assert_ne!(said.code, 69, "reading goes on: {said:?}");
        let words = ["LOG STOPPED", "read only", "chmod go-rwx", "billing"];
        for words in words {
            assert!(said.out.contains(words), "{words}: {said:?}");
        }
    }
    let said = bench.restore();
    assert_eq!(said.code, 2, "{said:?}");
    assert_eq!(said.out.lines().count(), 1, "{said:?}");
    for words in ["nothing can be run", "cannot be opened", "start anew"] {
        assert!(said.out.contains(words), "{words}: {said:?}");
    }
    bench.nothing_sent();
    let said = bench.ask(&["doctor"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.out.contains("The log cannot be opened"), "{said:?}");
    mode(&log, 0o700);
    let said = bench.ask(&["status"]);
    assert!(!said.out.contains("LOG STOPPED"), "{said:?}");
}

#[test]
fn garbage_for_the_last_known_board_is_nothing_known() {
    let bench = Bench::start();
    bench.ask(&["status"]);
    let file = bench.estate_state().join("last-known.json");
    for garbage in [
        &b"garbage"[..],
        b"{\"saved\":\"\"}",
        b"[[[[[[[[",
        b"\xff\xfe\0",
    ] {
        std::fs::write(&file, garbage).expect("written");
        let said = bench.ask(&["status"]);
        assert!(said.out.contains("3 live"), "{said:?}");
        assert_eq!(said.err, "", "{said:?}");
    }
}

#[test]
fn garbage_in_a_log_is_said_with_its_entry_and_never_written_over() {
    let bench = Bench::start();
    bench.ask(&["status"]);
    let log = bench.estate_state().join("log/log-000000000001.jsonl");
    let mut text = std::fs::read(&log).expect("a log");
    text[10] ^= 1;
    let first: Vec<u8> = text.clone();
    std::fs::write(&log, &text).expect("written");
    let said = bench.ask(&["log", "verify"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("entry 1"), "{said:?}");

    text.splice(0..0, *b"garbage\n");
    std::fs::write(&log, &text).expect("written");
    let said = bench.restore();
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.out.contains("Entry 1 of the log") && said.out.contains("log verify"),
        "{said:?}"
    );
    let read = bench.ask(&["status"]);
    assert_ne!(read.code, 69, "reading goes on: {read:?}");
    assert!(read.out.contains("ZONE / CLUSTER"), "{read:?}");
    let after = std::fs::read(&log).expect("a log");
    assert!(after.ends_with(&first) || after.windows(first.len()).any(|part| part == first));
    bench.nothing_sent();
    let said = bench.ask(&["log", "verify"]);
    assert_eq!(said.code, 1, "{said:?}");
}

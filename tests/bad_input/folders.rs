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

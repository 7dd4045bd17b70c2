//! A command line that is wrong ends with 64 and says what is; a terminal that tells no size is drawn all the same.

use std::io::Read;
use std::io::Write;

use crate::bench;

#[test]
fn a_wrong_command_line_ends_with_64_and_names_what_is_wrong() {
    let home = tempfile::tempdir().expect("a folder");
    for (args, word) in [
        (&["frobnicate"] as &[&str], "frobnicate"),
        (&["status", "--frobnicate"], "--frobnicate"),
        (&["status", "--wait", "nonsense"], "write 10s, 2m or 1h"),
        (&["findings", "--wait=-5s"], "--wait"),
        (&["status", "-o", "xml"], "xml"),
        (&["status", "--only", "colour"], "colour"),
        (&["run"], "BOOK"),
        (&["runbook"], "runbook"),
        (&["log"], "log"),
        (&["sim"], "--dir"),
    ] {
        let said = bench::said(bench::program(home.path()).args(args));
        assert_eq!(said.code, 64, "{args:?}: {said:?}");
        assert!(said.err.contains(word), "{args:?}: {said:?}");
        assert_eq!(said.out, "", "{args:?}");
    }
    let left = std::fs::read_dir(home.path()).expect("a folder").count();
    assert_eq!(left, 0, "a wrong command line leaves nothing behind");
}

#[test]
fn what_cannot_be_run_is_said_before_anybody_has_to_sign_in() {
    let home = tempfile::tempdir().expect("a folder");
    for (args, words) in [
        (
            &["run", "nope", "--demo"] as &[&str],
            "there is no runbook nope",
        ),
        (
            &[
                "run",
                "restore-namespace",
                "--demo",
                "--param",
                "colour=red",
            ],
            "restore-namespace has no parameter colour; it has: cluster namespace",
        ),
    ] {
        let said = bench::said(bench::program(home.path()).args(args));
        assert_eq!(said.code, 2, "{args:?}: {said:?}");
        assert!(said.out.contains(words), "{args:?}: {said:?}");
        assert!(!said.out.contains("Type"), "{args:?}: {said:?}");
    }
}

#[test]
fn a_scenario_that_does_not_exist_is_a_wrong_command_line() {
    let home = tempfile::tempdir().expect("a folder");
    for args in [
        &["demo", "nope"] as &[&str],
        &["sim", "--dir", "estate", "--scenario", "nope"],
        &["sim", "--dir", "estate", "--scenario", "nope", "--at", "5m"],
    ] {
        let said = bench::said(bench::program(home.path()).args(args));
        said.one_sentence(64, &["nope"]);
        if args.contains(&"--scenario") {
            said.one_sentence(
                64,
                &[
                    "there is no scenario",
                    "quiet-night, ransomware-in-clinical",
                ],
            );
        }
    }
}

#[test]
fn a_board_that_nobody_is_signed_in_for_says_so() {
    let home = tempfile::tempdir().expect("a folder");
    let said = bench::said(bench::program(home.path()).args(["status", "--demo"]));
    assert_eq!(said.code, 3, "{said:?}");
    assert!(
        said.out.contains("sth-prod is not read: not signed in"),
        "{said:?}"
    );
}

#[test]
fn the_console_without_a_terminal_says_what_there_is_for_scripts() {
    let home = tempfile::tempdir().expect("a folder");
    let said = bench::said(&mut bench::program(home.path()));
    said.one_sentence(
        69,
        &["the console needs a terminal", "crashcart status -o json"],
    );
}

#[test]
fn a_terminal_that_tells_no_size_counts_as_80_by_24() {
    let home = tempfile::tempdir().expect("a folder");
    let size = portable_pty::PtySize {
        rows: 0,
        cols: 0,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = portable_pty::native_pty_system()
        .openpty(size)
        .expect("a terminal");
    let mut command = portable_pty::CommandBuilder::new(bench::PROGRAM);
    command.args(["demo", "--as", "alice"]);
    command.env("TERM", "xterm");
    command.env("LANG", "C.UTF-8");
    command.env("HOME", home.path());
    command.env_remove("XDG_STATE_HOME");
    command.env_remove("XDG_CONFIG_HOME");
    let mut child = pair.slave.spawn_command(command).expect("it starts");
    drop(pair.slave);
    let mut screen = pair.master.try_clone_reader().expect("a reader");
    let mut keys = pair.master.take_writer().expect("a writer");
    let (mut drawn, mut buffer) = (String::new(), [0; 4096]);
    while !drawn.contains("NEEDS YOU") {
        let read = screen.read(&mut buffer).expect("more of the screen");
        assert!(read > 0, "it ended: {drawn:?}");
        drawn.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    keys.write_all(b"q").expect("a key");
    // A terminal that nobody reads would hold the program up.
    while screen.read(&mut buffer).is_ok_and(|read| read > 0) {}
    assert!(child.wait().expect("it ends").success(), "{drawn:?}");
    assert!(!drawn.contains("panicked"), "{drawn:?}");
}

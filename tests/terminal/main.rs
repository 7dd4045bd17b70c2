//! The whole program in a terminal: it draws, resizes, quits, and gives the terminal back on every way out.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics; it starts a thread and reads the clock for its deadlines"
)]

mod kept;
mod keyring;
mod login;
#[path = "../auth/night.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "shared with the tests of sign-in, which use all of it"
)]
mod night;
mod pty;
mod ways;

use std::collections::BTreeMap;
use std::path::Path;

use pty::Pty;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crashcart");
/// Set in the child that panics on purpose.
const PANIC: &str = "CRASHCART_TEST_PANIC";

fn demo(home: &Path) -> Pty {
    Pty::start(
        Path::new(PROGRAM),
        &["demo", "--as", "alice"],
        home,
        (80, 24),
        &BTreeMap::new(),
    )
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn given_back(pty: &Pty) {
    assert!(!pty.alternate(), "the program's screen is left");
    assert!(!pty.cursor_hidden(), "the cursor is shown again");
}

#[test]
fn the_demo_draws_its_board_and_q_gives_the_terminal_back() {
    let home = home();
    let mut pty = demo(home.path());
    pty.wait_for("ZONE / CLUSTER");
    assert!(pty.alternate());
    pty.wait_for("NEEDS YOU");
    pty.wait_for("DEMO");
    pty.press("q");
    assert!(pty.ended().success());
    given_back(&pty);
}

#[test]
fn sign_in_is_answered_on_the_same_screen() {
    let home = home();
    let mut pty = Pty::start(
        Path::new(PROGRAM),
        &["demo"],
        home.path(),
        (80, 24),
        &BTreeMap::new(),
    );
    pty.wait_for("Sign in");
    pty.wait_for("alice");
    pty.press("\r");
    pty.wait_for("ZONE / CLUSTER");
    pty.wait_for("alice");
    pty.press("q");
    assert!(pty.ended().success());
}

#[test]
fn a_window_of_another_size_is_drawn_anew() {
    let home = home();
    let mut pty = demo(home.path());
    pty.wait_for("NEEDS YOU");
    pty.resize(120, 40);
    pty.wait("a line as wide as the window", |screen| {
        screen.lines().any(|line| line.chars().count() > 110)
    });
    pty.resize(40, 10);
    pty.wait_for("This terminal is 40x10");
    pty.press("q");
    assert!(pty.ended().success());
    given_back(&pty);
}

#[test]
fn storms_of_sizes_keys_and_pastes_are_lived_through() {
    let home = home();
    let mut pty = demo(home.path());
    pty.wait_for("NEEDS YOU");
    for turn in 0..40u16 {
        pty.resize(20 + turn * 5 % 180, 5 + turn * 7 % 55);
        pty.press(["j", "?", "q", "2", "\t", "z", "R"][usize::from(turn) % 7]);
    }
    pty.resize(20, 5);
    pty.resize(80, 24);
    pty.press("1");
    let flood = "x".repeat(20_000);
    pty.press(&format!("\x1b[200~{flood}\x1b[201~"));
    pty.wait_for("Paste ignored, 20000 characters: no field is open.");
    pty.press(&"jk".repeat(2_000));
    pty.press("9");
    pty.wait_for("Log of");
    pty.press("1");
    pty.wait_for("ZONE / CLUSTER");
    pty.press("q");
    assert!(pty.ended().success());
    given_back(&pty);
}

#[test]
fn a_plain_terminal_is_drawn_in_ascii_and_given_back() {
    for terminal in ["dumb", "vt100"] {
        let home = home();
        let mut pty = Pty::start(
            Path::new(PROGRAM),
            &["demo", "--as", "alice"],
            home.path(),
            (80, 24),
            &BTreeMap::from([("TERM", terminal), ("LANG", "C"), ("NO_COLOR", "1")]),
        );
        pty.wait_for("NEEDS YOU");
        assert!(pty.screen().is_ascii(), "{terminal}:\n{}", pty.screen());
        pty.press("q");
        assert!(pty.ended().success());
    }
}

#[test]
fn sigterm_and_sighup_give_the_terminal_back() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::HUP] {
        let home = home();
        let mut pty = demo(home.path());
        pty.wait_for("NEEDS YOU");
        pty.signal(signal);
        pty.ended();
        given_back(&pty);
    }
}

#[test]
fn a_terminal_that_is_gone_ends_the_program_and_leaves_a_whole_log() {
    let home = home();
    let mut pty = demo(home.path());
    pty.wait_for("NEEDS YOU");
    pty.hang_up();
    pty.ended();
    let log = find(home.path(), "head").expect("a log");
    let report = crashcart::audit::verify(log.parent().expect("its folder"));
    assert_eq!(report.exit_code(), 0, "{:?}", report.lines);
}

/// The first file of that name below a folder.
fn find(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name) {
                return Some(found);
            }
        } else if path.file_name().is_some_and(|file| file == name) {
            return Some(path);
        }
    }
    None
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_reports() {
    let home = home();
    let this = std::env::current_exe().expect("this test");
    let args = [
        "--exact",
        "child_that_panics",
        "--nocapture",
        "--test-threads=1",
    ];
    let mut pty = Pty::start(
        &this,
        &args,
        home.path(),
        (80, 24),
        &BTreeMap::from([(PANIC, "1")]),
    );
    assert!(!pty.ended().success());
    given_back(&pty);
    assert!(
        pty.screen().contains("on purpose"),
        "the report is on the main screen:\n{}",
        pty.screen()
    );
}

/// Run as a program of its own by the test above; by itself it does nothing.
#[test]
fn child_that_panics() {
    if std::env::var_os(PANIC).is_some() {
        let _guard = crashcart::app::term::take().expect("a terminal");
        panic!("on purpose");
    }
}

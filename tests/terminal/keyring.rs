//! The keyrings for real, of the kernel and of a desktop: kept for the session alone, taken up without the issuer, gone at
//! the logout.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use crashcart::sim::issuer::Heard;

use crate::PROGRAM;
use crate::kept::Bench;
use crate::login::answer;
use crate::login::code;
use crate::pty::Pty;

/// What begins a session of its own; from the package keyutils.
const KEYCTL: &str = "/usr/bin/keyctl";
/// What begins a desktop's bus, and what keeps secrets on it; from the packages dbus and gnome-keyring.
const BUS: &str = "/usr/bin/dbus-run-session";
const DAEMON: &str = "/usr/bin/gnome-keyring-daemon";

fn said(words: &str) {
    drop(std::io::stderr().write_all(words.as_bytes()));
}

/// A shell that runs the program with what is typed, below a launcher that gives it a session of its own; `first` is done
/// before.
fn session(bench: &Bench, launcher: &[&str], first: &str) -> Pty {
    let args = bench.args(&[]).join(" ");
    let script = format!(
        "{first} while read verb; do {PROGRAM} $verb {args}; echo \"$verb ended $?\"; grep crashcart: /proc/keys; echo ready; done"
    );
    let (program, own) = launcher.split_first().expect("a program");
    let args = [own, &["/bin/sh", "-c", &script]].concat();
    let home = bench.state();
    std::fs::create_dir_all(&home).expect("a folder");
    let size = (200, 60);
    Pty::start(Path::new(program), &args, &home, size, &BTreeMap::new())
}

/// Whether a program can be started here.
fn starts(program: &str, args: &[&str]) -> bool {
    let probe = std::process::Command::new(program).args(args).output();
    probe.is_ok_and(|probe| probe.status.success())
}

/// Has a verb run to its end, and gives what the terminal shows after it.
fn ran(pty: &mut Pty, verb: &str, exit: u8) -> String {
    pty.wait_for(&format!("{verb} ended {exit}"));
    pty.wait("the prompt", |screen| screen.trim_end().ends_with("ready"));
    let screen = pty.screen();
    let from = screen.rfind(&format!("{verb} ended")).unwrap_or_default();
    screen.get(from..).unwrap_or_default().to_owned()
}

fn heard(bench: &Bench) -> Heard {
    let issuer = bench.estate().issuer_of_identity("sim");
    issuer.expect("an issuer").heard()
}

#[test]
fn the_session_keyring_keeps_a_sign_in_for_the_session_alone() {
    if !starts(KEYCTL, &["session", "-", "true"]) {
        return said(
            "skipped: no keyctl here (package keyutils), or no session keyring to be had\n",
        );
    }
    let bench = Bench::start("token_store = \"session-keyring\"");
    let mut pty = session(&bench, &[KEYCTL, "session", "-"], "");
    pty.press("login\r");
    let code = code(&mut pty);
    answer(&bench, &code, Some("alice"));
    let shown = ran(&mut pty, "login", 0);
    // Number, flags, uses, time left, permissions, ...
    let row: Vec<&str> = shown
        .lines()
        .find(|line| line.contains("crashcart:"))
        .expect("a key")
        .split_whitespace()
        .collect();
    assert_eq!(row[4], "3f000000", "its possessor's alone: {row:?}");
    assert!(row[3].ends_with('m'), "it ends by itself: {row:?}");
    let name = row.iter().find(|word| word.starts_with("crashcart:"));
    let name = name.expect("its name").trim_end_matches(':').to_owned();
    let elsewhere = std::fs::read_to_string("/proc/keys").expect("the keys");
    assert!(!elsewhere.contains(&name), "seen from another session");

    let before = heard(&bench);
    pty.press("whoami\r");
    ran(&mut pty, "whoami", 0);
    assert!(pty.screen().contains("(as the token says)"));
    assert_eq!(
        heard(&bench),
        before,
        "a live token asks the issuer nothing"
    );

    pty.press("logout\r");
    let shown = ran(&mut pty, "logout", 0);
    assert!(pty.screen().contains("took the tokens back"));
    // The kernel may list it for a while; R stands for revoked.
    let left = shown.lines().filter(|line| line.contains("crashcart:"));
    let mut flags = left.filter_map(|line| line.split_whitespace().nth(1));
    assert!(flags.all(|flags| flags.contains('R')), "{shown}");
    pty.press("whoami\r");
    ran(&mut pty, "whoami", 3);
    bench.clean("the recording", &pty.raw);
    bench.clean_files(&bench.state());
}

#[test]
fn the_keyring_of_a_desktop_keeps_a_sign_in_encrypted_until_the_logout() {
    if !starts(BUS, &["--version"]) || !starts(DAEMON, &["--version"]) {
        return said("skipped: no desktop's keyring here (packages dbus and gnome-keyring)\n");
    }
    let bench = Bench::start("token_store = \"os-keyring\"");
    // Everything of it lies in a folder of its own; it ends with its bus.
    let first = format!(
        "export XDG_DATA_HOME=$HOME/data XDG_RUNTIME_DIR=$HOME/run; mkdir -p -m 700 $XDG_RUNTIME_DIR; \
         printf canary-horse-battery | {DAEMON} --unlock --components=secrets --daemonize;"
    );
    let mut pty = session(&bench, &[BUS, "--"], &first);
    pty.press("login\r");
    let code = code(&mut pty);
    answer(&bench, &code, Some("alice"));
    ran(&mut pty, "login", 0);
    assert!(
        !pty.screen().contains("Sign-ins end with"),
        "{}",
        pty.screen()
    );
    let ring = crate::find(&bench.state(), "login.keyring").expect("a keyring");
    let kept = std::fs::metadata(&ring).expect("a file").len();
    bench.clean_files(&bench.state());

    let before = heard(&bench);
    pty.press("whoami\r");
    ran(&mut pty, "whoami", 0);
    assert_eq!(
        heard(&bench),
        before,
        "a live token asks the issuer nothing"
    );
    pty.press("logout\r");
    ran(&mut pty, "logout", 0);
    assert!(pty.screen().contains("took the tokens back"));
    let left = std::fs::metadata(&ring).expect("a file").len();
    assert!(
        left < kept,
        "it is out of the keyring: {left} of {kept} bytes"
    );
    pty.press("whoami\r");
    ran(&mut pty, "whoami", 3);
    bench.clean("the recording", &pty.raw);
    // The end of what is typed.
    pty.press("\x04");
    pty.ended();
}

#[test]
fn at_id_17_a_session_keyring_that_all_sessions_share_is_refused_in_words() {
    let ring = |name: &str| {
        let named = std::process::Command::new(KEYCTL)
            .args(["id", name])
            .output();
        named
            .ok()
            .filter(|named| named.status.success())
            .map(|named| named.stdout)
    };
    match (ring("@s"), ring("@us")) {
        (Some(own), Some(shared)) if own == shared => {}
        _ => return said("skipped: no keyctl here, or this session has a keyring of its own\n"),
    }
    let bench = Bench::start("token_store = \"session-keyring\"");
    let output = bench.verb(&["logout"]);
    assert_eq!(output.status.code(), Some(3));
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(words.contains("no session keyring of its own"), "{words}");
    assert!(words.contains("pam_keyinit"), "{words}");
}

//! `login` and `logout` at a terminal: what comes of them is said, is in the exit code, and leaves nothing behind.

use crashcart::audit::Kind;
use crashcart::auth::oidc;
use crashcart::config;
use crashcart::sim::Options;
use crashcart::sim::issuer::Settings;

use std::io::Write as _;
use std::process::Command;
use std::process::Stdio;

use crate::PROGRAM;
use crate::kept::Bench;
use crate::kept::PASSPHRASE;
use crate::kept::typed;
use crate::pty::Pty;

/// Ctrl-C.
const CTRL_C: &str = "\x03";

/// The words of a terminal, as they read with its lines put together.
fn words(pty: &Pty) -> String {
    let screen = pty.screen();
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The code that a sign-in shows.
pub(crate) fn code(pty: &mut Pty) -> String {
    pty.wait_for("Before you allow it");
    let screen = pty.screen();
    let line = screen.lines().find(|line| line.starts_with("Type "));
    let code = line.and_then(|line| line.split_whitespace().nth(1));
    code.expect("a code").to_owned()
}

/// Answers a code on the issuer's page: as a person, or with No.
pub(crate) fn answer(bench: &Bench, code: &str, person: Option<&str>) {
    let config = config::load(&bench.config(), None).expect("a configuration");
    let identity = config.identities.first().expect("an identity");
    bench.runtime.block_on(async {
        let issuer = oidc::discover(identity, oidc::DEADLINE).await;
        let issuer = issuer.expect("it answers");
        let answered = issuer.answer_simulated(code, person).await;
        answered.expect("it is taken");
    });
}

/// How often something of that kind is in the log.
fn count(bench: &Bench, kind: &Kind) -> usize {
    bench.kinds().iter().filter(|one| *one == kind).count()
}

/// Tokens that are kept in files.
fn kept(bench: &Bench) -> usize {
    let key = crate::find(&bench.state(), "key.age").expect("a key");
    let folder = std::fs::read_dir(key.parent().expect("its folder")).expect("a folder");
    let age = folder.flatten().filter(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        name.ends_with(".age") && name != "key.age"
    });
    age.count()
}

#[test]
fn ctrl_c_ends_a_login_at_once_whole_and_with_nobody_signed_in() {
    let bench = Bench::start("token_store = \"encrypted-file\"");
    let mut pty = bench.typed_at(&["login"]);
    typed(&mut pty, "New passphrase", PASSPHRASE);
    typed(&mut pty, "The same again", PASSPHRASE);
    let code = code(&mut pty);
    pty.press(CTRL_C);
    assert_eq!(pty.ended().exit_code(), 130);
    assert!(words(&pty).contains("given up"), "{}", pty.screen());
    assert!(pty.echoes(), "the terminal is as it was");
    // Whoever allows the code now signs nobody in.
    answer(&bench, &code, Some("alice"));
    assert_eq!(kept(&bench), 0);
    assert_eq!(count(&bench, &Kind::SessionOpened), 1);
    assert_eq!(count(&bench, &Kind::SessionClosed), 1);
    assert_eq!(count(&bench, &Kind::SessionSignedIn), 0);
    bench.clean("the recording", &pty.raw);
}

#[test]
fn a_login_that_is_denied_or_too_late_says_so_and_is_in_the_log() {
    let slow = Settings::default();
    let quick = Settings {
        code_seconds: 2,
        ..slow
    };
    for (issuer, said) in [(slow, "You pressed No there"), (quick, "The code ended at")] {
        let bench = Bench::start_at("", issuer);
        let mut pty = bench.typed_at(&["login"]);
        let code = code(&mut pty);
        if issuer == slow {
            answer(&bench, &code, None);
        }
        assert_eq!(pty.ended().exit_code(), 69);
        assert!(words(&pty).contains(said), "{}", pty.screen());
        assert_eq!(count(&bench, &Kind::SessionOpened), 1);
        assert_eq!(count(&bench, &Kind::SessionClosed), 1);
        assert_eq!(count(&bench, &Kind::SessionSignedIn), 0);
    }
}

#[test]
fn doctor_warns_where_one_token_opens_clusters_of_different_criticality() {
    let estate = Options {
        bare: true,
        ..Options::default()
    };
    let bench = Bench::of("", estate);
    let said = || {
        let output = bench.verb(&["doctor"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let warned = "WARN audience crashcart   one token opens clusters of different criticality (sth-prod critical, \
                  aws-prod critical, lab-1 medium): give each level an audience of its own";
    let before = said();
    assert!(before.contains(warned), "{before}");
    let text = std::fs::read_to_string(bench.config()).expect("a configuration");
    let (before, lab) = text.split_once("name = \"lab-1\"").expect("lab-1");
    let lab = lab.replacen("audience = \"crashcart\"", "audience = \"lab\"", 1);
    let text = format!("{before}name = \"lab-1\"{lab}");
    std::fs::write(bench.config(), text).expect("written");
    let after = said();
    assert!(after.contains("3 clusters"), "{after}");
    assert!(!after.contains("different criticality"), "{after}");
}

#[test]
fn a_logout_says_what_became_of_the_tokens_and_its_exit_code_tells() {
    let bench = Bench::start("token_store = \"encrypted-file\"");
    let logs_in = |first: bool| {
        let mut pty = bench.typed_at(&["login"]);
        if first {
            typed(&mut pty, "New passphrase", PASSPHRASE);
            typed(&mut pty, "The same again", PASSPHRASE);
        } else {
            typed(&mut pty, "Passphrase of", PASSPHRASE);
        }
        let code = code(&mut pty);
        answer(&bench, &code, Some("alice"));
        assert_eq!(pty.ended().exit_code(), 0);
        assert_eq!(kept(&bench), 1, "{}", pty.screen());
    };
    let logs_out = |code: u32, said: &str| {
        let mut pty = bench.typed_at(&["logout"]);
        typed(&mut pty, "Passphrase of", PASSPHRASE);
        assert_eq!(pty.ended().exit_code(), code);
        assert!(words(&pty).contains(said), "{}", pty.screen());
        assert_eq!(kept(&bench), 0, "{said}");
        bench.clean("the recording", &pty.raw);
    };
    logs_in(true);
    logs_out(0, "signed out alice@meridian.test; 127.0.0.1");
    logs_out(0, "nobody is signed in here (tokens are kept in");

    logs_in(false);
    bench
        .estate()
        .faults()
        .add("identity=sim fault=503".parse().expect("a fault"));
    logs_out(1, "is forgotten here, but not given back");
    bench.estate().faults().clear();

    // Without a terminal nobody types what opens the store: it is not known what it holds.
    let output = bench.verb(&["logout"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("it is not known what is kept here"), "{said}");
}

#[test]
fn a_line_that_is_longer_than_any_address_is_said_at_once_and_the_next_is_asked_for() {
    let bench = Bench::start("");
    let mut command = Command::new(PROGRAM);
    command.args(bench.args(&["login", "--paste"]));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("its input");
    let lines = format!("{}\nhttp://127.0.0.1/\n", "x".repeat(5_000));
    stdin.write_all(lines.as_bytes()).expect("a pipe");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("longer than 4 096 characters"), "{said}");
    assert!(said.contains("Pasted    17 characters"), "{said}");
    assert!(said.contains("not the address that the browser"), "{said}");
}

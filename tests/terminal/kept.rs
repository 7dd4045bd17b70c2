//! Secrets in the whole program: typed and never shown, kept and never readable, dropped when nobody is there.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::time::Duration;

use crashcart::audit::Kind;
use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::sim::issuer::Settings;
use tokio::runtime::Runtime;

use crate::PROGRAM;
use crate::pty::Pty;

/// What is typed where nothing may show.
pub(crate) const PASSPHRASE: &str = "canary-horse-battery";
const WRONG: &str = "canary-wrong-guess";
/// How every token that is signed begins: `{"`, in base64.
const SIGNED: &str = "eyJ";
const DOWN: &str = "\x1b[B";

/// An estate that this test serves, so that it knows every secret of it; the program's state is apart from it.
pub(crate) struct Bench {
    pub(crate) runtime: Runtime,
    estate: Option<Estate>,
    home: tempfile::TempDir,
}

impl Bench {
    /// Starts it; `settings` are lines of its `[estate]`.
    pub(crate) fn start(settings: &str) -> Bench {
        Bench::start_at(settings, Settings::default())
    }

    /// The same with an issuer of these ways.
    pub(crate) fn start_at(settings: &str, issuer: Settings) -> Bench {
        let options = Options {
            seed: 7,
            only: vec!["lab-1".to_owned()],
            bare: true,
            issuer,
            ..Options::default()
        };
        Bench::of(settings, options)
    }

    /// The same on any estate.
    pub(crate) fn of(settings: &str, options: Options) -> Bench {
        let runtime = Runtime::new().expect("a runtime");
        let estate = runtime.block_on(Estate::start(options)).expect("an estate");
        let bench = Bench {
            home: tempfile::tempdir().expect("a folder"),
            estate: Some(estate),
            runtime,
        };
        bench
            .estate()
            .write_to(&bench.home.path().join("estate"))
            .expect("written");
        let text = std::fs::read_to_string(bench.config()).expect("a configuration");
        let text = text.replace("[estate]\n", &format!("[estate]\n{settings}\n"));
        std::fs::write(bench.config(), text).expect("written");
        bench
    }

    pub(crate) fn estate(&self) -> &Estate {
        self.estate.as_ref().expect("it runs")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.home.path().join("estate/crashcart.toml")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    pub(crate) fn args(&self, more: &[&str]) -> Vec<String> {
        let (config, state) = (self.config(), self.state());
        let own = [
            "--config",
            &config.to_string_lossy(),
            "--state",
            &state.to_string_lossy(),
        ]
        .map(str::to_owned);
        more.iter()
            .map(|one| (*one).to_owned())
            .chain(own)
            .collect()
    }

    fn console(&self) -> Pty {
        self.typed_at(&[])
    }

    /// A verb at a terminal; the console where there is none.
    pub(crate) fn typed_at(&self, verb: &[&str]) -> Pty {
        let args = self.args(verb);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let loud = BTreeMap::from([("RUST_LOG", "trace"), ("RUST_BACKTRACE", "1")]);
        Pty::start(Path::new(PROGRAM), &args, self.home.path(), (80, 24), &loud)
    }

    pub(crate) fn verb(&self, verb: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(self.args(verb));
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
        command.output().expect("it runs")
    }

    /// Everything that must be nowhere.
    fn canaries(&self) -> Vec<String> {
        let people = self.estate().people().all();
        let issuer = self.estate().issuer_of_identity("sim").expect("an issuer");
        let mut all = vec![PASSPHRASE.to_owned(), WRONG.to_owned(), SIGNED.to_owned()];
        all.push("AGE-SECRET-KEY".to_owned());
        all.extend(people.iter().map(|person| person.token.clone()));
        all.extend(issuer.refresh_tokens());
        all
    }

    /// Fails when a canary is in these bytes.
    pub(crate) fn clean(&self, place: &str, bytes: &[u8]) {
        for canary in self.canaries() {
            let found = bytes
                .windows(canary.len())
                .any(|part| part == canary.as_bytes());
            assert!(!found, "{canary} in {place}");
        }
    }

    /// Fails when a canary is in a file of the program's.
    pub(crate) fn clean_files(&self, folder: &Path) -> usize {
        let mut files = 0;
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                files += self.clean_files(&path);
            } else if path.is_file() {
                let bytes = std::fs::read(&path).expect("a file");
                self.clean(&path.display().to_string(), &bytes);
                files += 1;
            }
        }
        files
    }

    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let log = crate::find(&self.state(), "head").expect("a log");
        let log = log.parent().expect("its folder");
        let rows = crashcart::audit::read::rows(log, 1, u64::MAX).expect("read");
        rows.into_iter()
            .filter_map(|row| Some(row.entry?.kind))
            .collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Its tasks end within the runtime that they began in.
        let _inside = self.runtime.enter();
        drop(self.estate.take());
    }
}

/// Types something where nothing shows.
pub(crate) fn typed(pty: &mut Pty, question: &str, text: &str) {
    pty.wait_for(question);
    pty.press(&format!("{text}\r"));
}

#[test]
fn at_id_05_a_recording_of_sign_in_and_session_holds_no_secret() {
    let bench = Bench::start("token_store = \"encrypted-file\"");
    let mut pty = bench.console();
    typed(&mut pty, "New passphrase", PASSPHRASE);
    typed(&mut pty, "The same again", PASSPHRASE);
    pty.wait_for("Sign in");
    pty.wait_for("alice");
    pty.press("\r");
    pty.wait_for("ZONE / CLUSTER");
    for (key, words) in [
        ("0", "WHO"),
        ("9", "Log of"),
        ("?", "Help for"),
        ("1", "ZONE / CLUSTER"),
    ] {
        pty.press(key);
        pty.wait_for(words);
    }
    pty.press("q");
    assert!(pty.ended().success());
    bench.clean("the recording", &pty.raw);
    bench.clean("the main screen", pty.screen().as_bytes());

    // The next start: a wrong guess, then the right one, and no code.
    let mut pty = bench.console();
    typed(&mut pty, "Passphrase of", WRONG);
    pty.wait_for("does not open");
    pty.press(&format!("{PASSPHRASE}\r"));
    pty.wait_for("ZONE / CLUSTER");
    pty.wait_for("alice");
    pty.press("q");
    assert!(pty.ended().success());
    bench.clean("the second recording", &pty.raw);
    assert!(
        bench.clean_files(&bench.state()) >= 4,
        "log, key, token, lock"
    );
    let canaries = bench.canaries().len();
    assert!(canaries > 9, "the issuer gave refresh tokens: {canaries}");
}

#[test]
fn at_id_03_no_verb_prints_or_keeps_a_secret_whatever_goes_wrong() {
    let bench = Bench::start("");
    let verbs: &[&[&str]] = &[
        &["status", "--as", "alice", "--wait", "5s"],
        &["status", "-o", "json", "--as", "alice", "--wait", "5s"],
        &["findings", "--as", "erik", "--wait", "5s"],
        &["whoami", "--as", "alice"],
        &["whoami"],
        &["doctor"],
        &["log", "show"],
        &["log", "verify"],
        &["runbook", "list"],
        &["rbac", "emit", "--user", "alice"],
        &["run", "restore-namespace", "--as", "alice"],
        &["run", "no-such-book", "--as", "bob"],
        &["login", "no-such-identity"],
    ];
    let run = |fault: Option<&str>| {
        bench.estate().faults().clear();
        if let Some(fault) = fault {
            bench.estate().faults().add(fault.parse().expect("a fault"));
        }
        for verb in verbs {
            let output = bench.verb(verb);
            let place = format!("{verb:?} with {fault:?}");
            bench.clean(&place, &output.stdout);
            bench.clean(&place, &output.stderr);
        }
    };
    run(None);
    run(Some("cluster=lab-1 fault=html"));
    run(Some("cluster=lab-1 fault=401"));
    assert!(bench.clean_files(&bench.state()) >= 2);
}

#[test]
fn at_id_04_a_console_that_is_aborted_leaves_no_core() {
    let home = crate::home();
    let mut pty = crate::demo(home.path());
    pty.wait_for("NEEDS YOU");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", pty.id())).expect("limits");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.expect("a line").split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{core:?}");
    pty.signal(rustix::process::Signal::ABORT);
    assert!(!pty.ended().success());
    let cores = std::fs::read_dir(home.path()).expect("a folder").flatten();
    let cores = cores.filter(|one| one.file_name().to_string_lossy().starts_with("core"));
    assert_eq!(cores.count(), 0);
}

#[test]
fn at_id_18_no_agent_is_asked_and_no_child_is_there_to_hand_one_to() {
    let home = crate::home();
    let socket = home.path().join("agent");
    let agent = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    agent.set_nonblocking(true).expect("set");
    let env = BTreeMap::from([("SSH_AUTH_SOCK", socket.to_str().expect("a path"))]);
    let args = ["demo", "--as", "alice"];
    let mut pty = Pty::start(Path::new(PROGRAM), &args, home.path(), (80, 24), &env);
    pty.wait_for("NEEDS YOU");
    let tasks = std::fs::read_dir(format!("/proc/{}/task", pty.id())).expect("tasks");
    for task in tasks.flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        assert_eq!(children.trim(), "", "a child of {}", task.path().display());
    }
    pty.press("q");
    assert!(pty.ended().success());
    assert!(agent.accept().is_err(), "nobody knocked");
}

#[test]
fn a_console_that_is_left_alone_blanks_and_only_its_person_comes_back() {
    let bench = Bench::start("idle = \"5s\"");
    let mut pty = bench.console();
    pty.wait_for("Sign in");
    pty.wait_for("alice");
    pty.press("\r");
    pty.wait_for("ZONE / CLUSTER");
    pty.wait("one line and nothing else", |screen| {
        let lines = screen.lines().filter(|line| !line.trim().is_empty());
        screen.contains("alice: n signs in again") && lines.count() == 1
    });
    // Somebody else gets nothing. The key counts once alice's tokens are back at the issuer.
    pressed_until(&mut pty, "n", "dana");
    pty.press(DOWN);
    pty.press(DOWN);
    pty.wait("dana is marked", |screen| {
        screen
            .lines()
            .any(|line| line.contains("> dana") || line.contains(">  dana"))
    });
    pty.press("\r");
    pty.wait_for("dana is not alice");
    assert!(!pty.screen().contains("ZONE"));
    pressed_until(&mut pty, "n", "carol");
    pty.press("\r");
    pty.wait_for("ZONE / CLUSTER");
    pty.press("q");
    pty.ended();
    let kinds = bench.kinds();
    let count = |kind: &Kind| kinds.iter().filter(|one| *one == kind).count();
    assert!(count(&Kind::SessionIdle) >= 1, "{kinds:?}");
    assert!(count(&Kind::SessionSignedIn) >= 3, "alice, dana, alice");
    assert!(count(&Kind::SessionSignedOut) >= 2, "alice, dana");
}

/// Presses a key until the screen answers it.
fn pressed_until(pty: &mut Pty, key: &str, words: &str) {
    for _ in 0..100 {
        pty.press(key);
        if pty.seen_within(Duration::from_millis(200), words) {
            return;
        }
    }
    pty.wait_for(words);
}

/// Long enough for a store that hangs to be given up.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_store_that_hangs_or_is_not_there_holds_no_start_up_and_is_said() {
    let home = crate::home();
    let socket = home.path().join("bus");
    // A bus that takes the connection and never says a word.
    let _bus = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let address = format!("unix:path={}", socket.display());
    for (store, bus, words) in [
        ("os-keyring", address.as_str(), "did not answer within 2s"),
        ("os-keyring", "unixexec:path=/bin/false", "names no socket"),
    ] {
        let bench = Bench::start(&format!("token_store = \"{store}\""));
        let args = bench.args(&[]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let env = BTreeMap::from([("DBUS_SESSION_BUS_ADDRESS", bus)]);
        let begun = std::time::Instant::now();
        let mut pty = Pty::start(Path::new(PROGRAM), &args, bench.home.path(), (80, 24), &env);
        pty.wait_for("Sign in");
        pty.wait_for("alice");
        assert!(begun.elapsed() < PATIENCE, "{store} held the start up");
        pty.press("\r");
        pty.wait_for("ZONE / CLUSTER");
        pty.press("0");
        pty.wait("why tokens are not kept", |screen| {
            let flat = screen.replace('\n', " ");
            let flat = flat.split_whitespace().collect::<Vec<_>>().join(" ");
            flat.contains("Sign-ins end with this console") && flat.contains(words)
        });
        pty.press("1");
        pty.press("q");
        pty.ended();
    }
}

//! One folder with everything that a console keeps, and, where a test needs it, a simulated estate beside it.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_crashcart");

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// One sentence on standard error that holds these words, and this exit code.
    pub(crate) fn one_sentence(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(
            self.err.trim_end().lines().count(),
            1,
            "one sentence: {self:?}"
        );
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not said: {self:?}");
        }
    }
}

/// Runs a command to its end; nothing panics.
pub(crate) fn said(command: &mut Command) -> Said {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let said = Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert!(!said.err.contains("panicked"), "{said:?}");
    said
}

/// The program in an environment of its own.
pub(crate) fn program(home: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("HOME", home).current_dir(home);
    command
}

/// A folder, and a simulated estate in its own process.
pub(crate) struct Bench {
    child: Child,
    home: tempfile::TempDir,
}

impl Bench {
    /// Starts the estate and waits until it is written down.
    pub(crate) fn start() -> Bench {
        let home = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(PROGRAM)
            .arg("sim")
            .arg("--dir")
            .arg(home.path().join("estate"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the simulator starts");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let mut lines = out.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("kubectl:")));
        Bench { child, home }
    }

    /// Ends the estate; what it wrote stays.
    pub(crate) fn end(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Everything is below this folder.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The configuration of the estate.
    pub(crate) fn config(&self) -> PathBuf {
        self.home().join("estate/crashcart.toml")
    }

    /// The state folder.
    pub(crate) fn state(&self) -> PathBuf {
        self.home().join("state")
    }

    /// The folder that this estate's log is in, once a console was there.
    pub(crate) fn estate_state(&self) -> PathBuf {
        let demo = self.state().join("demo");
        let mut found = std::fs::read_dir(demo).expect("a state folder");
        found.next().expect("an estate").expect("readable").path()
    }

    /// Has policy ask for one person everywhere; a zone of the configuration may still ask for more.
    pub(crate) fn one_person(&self) {
        let policy = self.home().join("estate/policy.toml");
        let text = std::fs::read_to_string(&policy).expect("a policy");
        std::fs::write(policy, text.replace("people = 2", "people = 1")).expect("written");
    }

    /// Changes the text of the configuration.
    pub(crate) fn edit(&self, change: impl Fn(&str) -> String) {
        let text = std::fs::read_to_string(self.config()).expect("a configuration");
        let changed = change(&text);
        assert_ne!(text, changed, "something is changed");
        std::fs::write(self.config(), changed).expect("written");
    }

    /// The program on this estate, as alice.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = program(self.home());
        command
            .args(args)
            .arg("--config")
            .arg(self.config())
            .arg("--state")
            .arg(self.state())
            .args(["--as", "alice"]);
        command
    }

    /// Runs a verb to its end.
    pub(crate) fn ask(&self, args: &[&str]) -> Said {
        said(&mut self.command(args))
    }

    /// Opens a run on billing, with no answers.
    pub(crate) fn restore(&self) -> Said {
        self.ask(&[
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
        ])
    }

    /// Requests that a cluster was sent, as its own audit log shows them.
    pub(crate) fn requests(&self, cluster: &str) -> Vec<serde_json::Value> {
        let path = self.home().join(format!("estate/{cluster}.audit.jsonl"));
        let text = std::fs::read_to_string(path).expect("an audit log");
        let line = |line: &str| serde_json::from_str(line).expect("a whole line");
        text.lines().map(line).collect()
    }

    /// Nothing but reading and reviews reached any cluster.
    pub(crate) fn nothing_sent(&self) {
        for cluster in ["sth-prod", "aws-prod", "lab-1"] {
            for entry in self.requests(cluster) {
                let reads = ["get", "list", "watch"].map(serde_json::Value::from);
                let resource = entry["objectRef"]["resource"].as_str().unwrap_or_default();
                assert!(
                    reads.contains(&entry["verb"]) || resource.contains("reviews"),
                    "{cluster}: {entry}"
                );
            }
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

//! The simulated estate as a process of its own, its audit log, and the consoles that join it.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::console::Console;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_crashcart");

/// A served estate; its process ends with it.
pub(crate) struct Sim {
    child: Child,
    home: tempfile::TempDir,
}

impl Sim {
    /// Starts `crashcart sim` and waits until it has said how to join it.
    pub(crate) fn start() -> Sim {
        Sim::at("4")
    }

    /// The same at the pace of a real estate: pods take their time, so that a run can be met while it verifies.
    pub(crate) fn start_unhurried() -> Sim {
        Sim::at("1")
    }

    fn at(speed: &str) -> Sim {
        let home = tempfile::tempdir().expect("a folder");
        let child = serve(&home.path().join("estate"), "1", speed);
        Sim { child, home }
    }

    /// Ends its process, at once.
    pub(crate) fn end(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// A new estate in the same folder: other keys, other uids.
    pub(crate) fn start_another(&mut self) {
        self.end();
        self.child = serve(&self.folder(), "2", "4");
    }

    /// The folder that it serves from.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join("estate")
    }

    /// Its configuration.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder().join("crashcart.toml")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .env_clear()
            .env("HOME", self.home.path())
            .args(args)
            .arg("--config")
            .arg(self.config())
            .arg("--state")
            .arg(self.home.path().join("state"))
            .args(["--as", "alice"]);
        command
    }

    /// `crashcart run ARGS`, as alice, with its answers still to come.
    pub(crate) fn run(&self, args: &[&str]) -> Console {
        let args: Vec<&str> = std::iter::once("run").chain(args.iter().copied()).collect();
        Console::start(self.command(&args))
    }

    /// Opens `restore-namespace` on a namespace.
    pub(crate) fn restore(&self, cluster: &str, namespace: &str) -> Console {
        let cluster = format!("cluster={cluster}");
        let namespace = format!("namespace={namespace}");
        let params = [
            cluster.as_str(),
            &namespace,
            "ticket=INC-4411",
            "reason=objects are lost",
        ];
        let mut args = vec!["restore-namespace"];
        args.extend(params.iter().flat_map(|param| ["--param", param]));
        self.run(&args)
    }

    /// Any other verb, to its end: exit code and everything it printed.
    pub(crate) fn ask(&self, args: &[&str]) -> (i32, String) {
        let output = self
            .command(args)
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(!text.contains("panicked"), "{text}");
        (output.status.code().unwrap_or(-1), text)
    }

    /// The lines of the console's log, newest first.
    pub(crate) fn log(&self) -> Vec<String> {
        let (_, text) = self.ask(&["log", "show"]);
        text.lines().map(str::to_owned).collect()
    }

    /// The short id of the run that was opened last, as the log shows it.
    pub(crate) fn run_opened(&self) -> String {
        let log = self.log();
        let line = log.iter().find(|line| line.contains("run opened"));
        let run = line.and_then(|line| line.split_whitespace().nth(3));
        run.unwrap_or_else(|| panic!("no run was opened: {log:#?}"))
            .to_owned()
    }

    /// The log is whole.
    pub(crate) fn verify(&self) {
        let (code, text) = self.ask(&["log", "verify"]);
        assert_eq!(code, 0, "{text}");
    }

    /// What was asked of a cluster, as its own audit log shows it.
    pub(crate) fn audit(&self, cluster: &str) -> Vec<serde_json::Value> {
        let path = self.folder().join(format!("{cluster}.audit.jsonl"));
        let text = std::fs::read_to_string(path).expect("an audit log");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a whole line"))
            .collect()
    }

    /// How often a verb on a resource arrived at a cluster, and was answered with success.
    pub(crate) fn count(&self, cluster: &str, verb: &str, resource: &str) -> usize {
        let same = |entry: &&serde_json::Value| {
            entry["verb"] == verb && entry["objectRef"]["resource"] == resource
        };
        self.audit(cluster).iter().filter(same).count()
    }

    /// Every request that changed something and was not refused, reviews left out: verb and resource.
    pub(crate) fn changes(&self, cluster: &str) -> Vec<String> {
        let writes = ["create", "update", "patch", "delete", "deletecollection"];
        self.audit(cluster)
            .iter()
            .filter(|entry| entry["responseStatus"]["code"].as_u64() < Some(300))
            .filter(|entry| {
                entry["verb"]
                    .as_str()
                    .is_some_and(|verb| writes.contains(&verb))
            })
            .map(|entry| {
                format!("{} {}", entry["verb"], entry["objectRef"]["resource"]).replace('"', "")
            })
            .filter(|line| !line.contains("reviews"))
            .collect()
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn serve(folder: &Path, seed: &str, speed: &str) -> Child {
    let mut child = Command::new(PROGRAM)
        .args(["sim", "--speed", speed, "--seed", seed, "--dir"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the simulator starts");
    let out = child.stdout.take().expect("its output");
    let joined = BufReader::new(out)
        .lines()
        .map_while(Result::ok)
        .any(|line| line.starts_with("kubectl:"));
    assert!(joined, "the simulator says how to join it");
    child
}

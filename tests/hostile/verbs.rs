//! The real program: what it prints and keeps when its command line, its files and its clusters hold text of the corpus.

use std::ffi::OsStr;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use crate::corpus::Corpus;
use crate::corpus::harmless;
use crate::corpus::harmless_bytes;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crashcart");
/// So many bytes of hostile text go into one place of a file or a command line.
const PLACE: usize = 24_000;

fn program(home: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end: what it printed is letters, and it did not break.
fn printed(command: &mut Command, what: &str) -> Output {
    let output = command.output().unwrap();
    harmless_bytes(&output.stdout, &format!("{what}, printed"));
    harmless_bytes(&output.stderr, &format!("{what}, complained"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!error.contains("panicked"), "{what}: {error}");
    output
}

/// The corpus in a few texts, each short enough for a command line; a command line holds no NUL.
fn places() -> Vec<String> {
    let mut places = vec![String::new()];
    for one in &Corpus::read().text {
        let text = one.fit().replace('\0', "");
        if places.last().unwrap().len() + text.len() > PLACE {
            places.push(String::new());
        }
        let last = places.last_mut().unwrap();
        last.push_str(&text);
        last.push('|');
    }
    places
}

#[test]
fn at_id_01_a_command_line_is_repeated_in_letters() {
    let home = tempfile::tempdir().unwrap();
    let mut said = String::new();
    for text in &places() {
        let text = text.as_str();
        for args in [
            vec![text],
            vec!["status", text],
            vec!["status", "--wait", text],
            vec!["status", "--config", text],
            vec!["demo", text],
            vec!["demo", "--as", text],
            vec!["runbook", "show", text],
            vec!["runbook", "lint", text],
            vec!["log", "show", "--config", "none.toml", "--person", text],
            vec!["sim", "--fault", text],
        ] {
            let output = printed(program(home.path()).args(&args), args[0]);
            assert_ne!(output.status.code(), Some(0), "{args:?}");
            said += &String::from_utf8_lossy(&output.stderr);
        }
    }
    assert!(
        said.contains("^[]52;c;") && said.contains("<U+202E>"),
        "nothing was repeated: {said}"
    );
    for one in &Corpus::read().bytes {
        let bytes: Vec<u8> = one.whole().into_iter().filter(|byte| *byte != 0).collect();
        let odd = OsStr::from_bytes(&bytes);
        printed(program(home.path()).arg(odd), &one.name);
        printed(
            program(home.path()).args(["status", "--config"]).arg(odd),
            &one.name,
        );
        printed(
            program(home.path()).args(["runbook", "lint"]).arg(odd),
            &one.name,
        );
    }
}

/// A whole configuration; each `@` is one text of it.
const CONFIG: &str = r#"
[estate]
name = "@"
id = "@"
regimes = ["@"]

[[identity]]
name = "@"
issuer = "@"
ca = "@"
client_id = "@"
flow = "@"
groups_claim = "@"

[[cluster]]
name = "@"
site = "@"
server = "@"
ca = "@"
fingerprint = "@"
auth = "@"
audience = "@"

[[zone]]
name = "@"
criticality = "@"
rpo = "@"
members = [{ cluster = "@", namespaces = ["@"] }]
application = [{ name = "@", criticality = "high", namespaces = ["@"] }]
"#;
/// What stands there when it is not spoiled.
const GOOD: [&str; 25] = [
    "meridian-health",
    "0197c1f2-7a52-7f0e-9a36-0d6c4a9f6b11",
    "hipaa-164.312",
    "keycloak",
    "https://127.0.0.1:9/r",
    "ca.crt",
    "crashcart",
    "device",
    "groups",
    "sth-prod",
    "on-prem",
    "https://127.0.0.1:9",
    "ca.crt",
    "sha256:4e1a7337b609deae68d0d8200e091cf735589623a5b6179b163cf5d782f2ee0d/5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11",
    "oidc:keycloak",
    "crashcart",
    "clinical",
    "critical",
    "1h",
    "sth-prod",
    "ehr",
    "ehr",
    "ehr",
    "",
    "",
];

/// The template with `text` in one place and what is good in the others.
fn filled(template: &str, good: &[&str], place: usize, text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    // JSON and TOML write a text alike, but for DEL.
    let inside = quoted[1..quoted.len() - 1].replace('\u{7f}', "\\u007f");
    let mut parts = template.split('@');
    let mut file = parts.next().unwrap().to_owned();
    for (index, part) in parts.enumerate() {
        file.push_str(if index == place { &inside } else { good[index] });
        file.push_str(part);
    }
    file
}

#[test]
fn a_configuration_is_quoted_in_letters() {
    let home = tempfile::tempdir().unwrap();
    let ca = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good/ca.crt");
    std::fs::copy(ca, home.path().join("ca.crt")).unwrap();
    let file = home.path().join("crashcart.toml");
    let state = home.path().join("state");
    let whole: String = places().concat();
    let ask = |place: usize, text: &str| {
        std::fs::write(&file, filled(CONFIG, &GOOD, place, text)).unwrap();
        let mut command = program(home.path());
        command
            .args(["status", "--wait", "1s", "--config"])
            .arg(&file)
            .arg("--state")
            .arg(&state);
        printed(&mut command, &format!("place {place}"))
    };
    let good = ask(usize::MAX, "");
    assert_eq!(good.status.code(), Some(3), "the file is good: {good:?}");
    for place in 0..CONFIG.matches('@').count() {
        // A place refuses the first thing that it does not like: short ones go in one by one, all of them together.
        for text in ["a\u{202e}b", "\u{3164}", "x\u{1b}]0;t\u{7}", whole.as_str()] {
            let output = ask(place, text);
            let error = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                output.status.code(),
                Some(69),
                "place {place}, {:?}: {error}",
                &text[..text.len().min(20)]
            );
            assert!(error.contains("crashcart.toml"), "place {place}: {error}");
            assert_eq!(error.lines().count(), 1, "place {place}: {error}");
        }
    }
}

const KUBECONFIG: &str = r#"{"apiVersion": "v1", "kind": "Config", "current-context": "@",
"clusters": [{"name": "@", "cluster": {"server": "@", "certificate-authority": "@", "tls-server-name": "@", "proxy-url": "@"}}],
"contexts": [{"name": "@", "context": {"cluster": "@", "user": "@", "namespace": "@"}}],
"users": [{"name": "@", "user": {"@": "@", "client-certificate": "@"}}], "@": 1}"#;
const GOOD_KUBECONFIG: [&str; 15] = [
    "c",
    "k",
    "https://127.0.0.1:9",
    "ca.crt",
    "k.test",
    "http://127.0.0.1:9",
    "c",
    "k",
    "u",
    "d",
    "u",
    "token",
    "t",
    "x.crt",
    "preferences",
];

#[test]
fn a_kubeconfig_is_quoted_in_letters() {
    let home = tempfile::tempdir().unwrap();
    let ca = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good/ca.crt");
    std::fs::copy(ca, home.path().join("ca.crt")).unwrap();
    let file = home.path().join("kubeconfig");
    let whole: String = places().concat();
    for place in 0..KUBECONFIG.matches('@').count() {
        for text in ["a\u{202e}b\u{1b}]0;t\u{7}", whole.as_str()] {
            std::fs::write(&file, filled(KUBECONFIG, &GOOD_KUBECONFIG, place, text)).unwrap();
            let made = home.path().join(format!("made-{place}.toml"));
            let mut command = program(home.path());
            command
                .args(["init", "--kubeconfig"])
                .arg(&file)
                .arg("--config")
                .arg(&made);
            printed(&mut command, &format!("place {place}"));
            if let Ok(text) = std::fs::read_to_string(&made) {
                harmless(&text, &format!("place {place}, written"));
            }
            drop(std::fs::remove_file(&made));
        }
    }
    for one in &Corpus::read().bytes {
        std::fs::write(&file, one.whole()).unwrap();
        printed(
            program(home.path())
                .args(["init", "--kubeconfig"])
                .arg(&file),
            &one.name,
        );
        printed(
            program(home.path()).args(["status", "--config"]).arg(&file),
            &one.name,
        );
    }
}

#[test]
fn a_runbook_is_judged_in_letters() {
    let home = tempfile::tempdir().unwrap();
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/restore-namespace.md");
    let book = std::fs::read_to_string(book).unwrap();
    let file = home.path().join("book.md");
    for one in &Corpus::read().text {
        let text = one.fit();
        let line = text.replace('\n', " ");
        let spoiled = book.lines().enumerate().map(|(at, own)| match at % 9 {
            5 => format!("{own}{line}\n"),
            _ => format!("{own}\n"),
        });
        for spoiled in [
            text.clone(),
            spoiled.collect(),
            book.replace("id: ", &format!("id: {line}")),
            book.replace("step=", &format!("step={line}")),
        ] {
            std::fs::write(&file, spoiled).unwrap();
            printed(
                program(home.path()).args(["runbook", "lint"]).arg(&file),
                &one.name,
            );
        }
    }
}

/// A simulated estate in its own process, one of whose clusters says hostile things.
struct Sick(Child);

impl Sick {
    fn start(home: &Path, fault: &str) -> Sick {
        let mut child = program(home)
            .args(["sim", "--dir", "estate", "--fault", fault])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = out.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("kubectl:")));
        Sick(child)
    }
}

impl Drop for Sick {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => files(&path, found),
            path => found.push(path),
        }
    }
}

#[test]
fn at_id_01_a_hostile_cluster_leaves_letters_in_every_verb_and_file() {
    let home = tempfile::tempdir().unwrap();
    let _sick = Sick::start(home.path(), "cluster=aws-prod fault=hostile-names");
    let mut said = String::new();
    for verb in [
        vec!["status", "--wait", "20s"],
        vec!["status", "--wait", "20s", "-o", "json"],
        vec!["findings", "--wait", "20s", "-o", "json"],
        vec!["whoami"],
        vec!["doctor"],
        vec![
            "run",
            "restore-namespace",
            "--param",
            "cluster=aws-prod",
            "--param",
            "namespace=emr",
            "--param",
            "ticket=INC-1",
            "--param",
            "reason=lost\u{202e}\u{9b}2J",
        ],
        vec!["log", "show"],
        vec!["log", "show", "-o", "json"],
        vec!["log", "verify"],
    ] {
        let mut command = program(home.path());
        command
            .args(&verb)
            .args(["--config", "estate/crashcart.toml", "--state", "state"]);
        if verb[0] != "log" && verb[0] != "doctor" {
            command.args(["--as", "alice"]);
        }
        let output = printed(&mut command, &verb.join(" "));
        said += &String::from_utf8_lossy(&output.stdout);
    }
    assert!(
        said.contains("^[]0;gotcha^G"),
        "the cluster was not heard: {said}"
    );
    let mut kept = Vec::new();
    files(&home.path().join("state"), &mut kept);
    assert!(kept.len() > 2, "{kept:?}");
    for path in kept {
        let bytes = std::fs::read(&path).unwrap();
        if let Ok(text) = std::str::from_utf8(&bytes) {
            harmless(text, &path.display().to_string());
        }
    }
}

//! The README's words about the program, held against the program.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics, and it runs the program"
)]

use std::path::Path;
use std::process::Command;
use std::process::Output;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crashcart");

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).expect("README.md")
}

/// Runs the program with a home of its own and nothing of this machine's settings.
fn run(args: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(PROGRAM);
    command.args(args).env_clear().env("HOME", home.path());
    command.output().expect("the program runs")
}

/// Lines of the README's shell blocks.
fn commands(readme: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            found.push(line.split('#').next().unwrap_or_default().trim().to_owned());
        }
    }
    found
}

#[test]
fn the_first_command_prints_a_board_where_there_is_no_terminal() {
    assert!(commands(&readme()).contains(&"cargo run --release -- demo".to_owned()));
    let output = run(&["demo"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    for words in [
        "DEMO",
        "ZONE / CLUSTER",
        "CLINICAL",
        "NEEDS YOU",
        "restore-namespace",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    assert!(
        !text.contains('\u{1b}'),
        "text for a pipe holds no escape sequence"
    );
}

#[test]
fn every_verb_of_the_readme_exists() {
    let mut checked = 0;
    for line in commands(&readme()) {
        let Some(rest) = line.strip_prefix("crashcart") else {
            continue;
        };
        let words: Vec<&str> = rest.split_whitespace().collect();
        for verb in words.first().unwrap_or(&"--help").split('|') {
            let alternatives: Vec<&str> = match words.get(1) {
                Some(word) if word.contains('|') && !word.starts_with('-') => {
                    word.split('|').collect()
                }
                _ => vec![""],
            };
            for second in alternatives.into_iter().map(str::trim) {
                if verb.starts_with('-') || second == "init" {
                    continue;
                }
                let args: Vec<&str> = [verb, second, "--help"]
                    .into_iter()
                    .filter(|arg| !arg.is_empty() && *arg != "|")
                    .collect();
                let output = run(&args);
                assert!(output.status.success(), "crashcart {args:?}: {output:?}");
                checked += 1;
            }
        }
    }
    assert!(
        checked > 10,
        "only {checked} verbs were found in the README"
    );
}

#[test]
fn every_file_the_readme_names_exists() {
    let readme = readme();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = readme.split(['`', '(', ')']).filter(|word| {
        word.starts_with("docs/") || word.starts_with("screenshots/") || word.starts_with("src/")
    });
    let missing: Vec<&str> = named.filter(|path| !root.join(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

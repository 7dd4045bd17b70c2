//! The real binary, asked once or walked through a run as a person would.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::process::Output;

use serde_json::Value;

use crate::estate::Estate;
use crate::pty::Pty;

/// The binary under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_crashcart");
/// What every question of a run ends with.
const QUESTION: &str = "or one of s u h a p:";

/// The console on one estate, as alice.
pub(crate) struct Console<'a> {
    estate: &'a dyn Estate,
    config: &'a Path,
    state: String,
}

impl<'a> Console<'a> {
    /// The console with the estate's own configuration.
    pub(crate) fn of(estate: &'a dyn Estate) -> Console<'a> {
        Console::with(estate, estate.config(), "state")
    }

    /// The console with another configuration and a state of its own.
    pub(crate) fn with(estate: &'a dyn Estate, config: &'a Path, state: &str) -> Console<'a> {
        let state = estate.home().join(state);
        Console {
            estate,
            config,
            state: state.to_str().expect("a path in UTF-8").to_owned(),
        }
    }

    fn arguments<'b>(&'b self, verb: &[&'b str]) -> Vec<&'b str> {
        let config = self.config.to_str().expect("a path in UTF-8");
        let mut all = vec!["--config", config, "--state", self.state.as_str()];
        all.extend(self.estate.alice());
        all.extend(verb);
        all
    }

    /// Asks something that needs no answers.
    pub(crate) fn ask(&self, verb: &[&str]) -> Output {
        Command::new(PROGRAM)
            .args(self.arguments(verb))
            .env("HOME", self.estate.home())
            .env("LANG", "C.UTF-8")
            .output()
            .expect("the program starts")
    }

    /// What it prints on standard output.
    pub(crate) fn text(&self, verb: &[&str]) -> String {
        String::from_utf8(self.ask(verb).stdout).expect("UTF-8")
    }

    /// What it prints as JSON.
    pub(crate) fn json(&self, verb: &[&str]) -> Value {
        let output = self.ask(verb);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            panic!("{verb:?} printed no JSON: {error}; {said}")
        })
    }

    /// Walks restore-namespace to its end in a terminal, answering each question; gives its exit code and its words.
    pub(crate) fn restore(&self) -> (u32, String) {
        self.walk("s this is not to happen")
    }

    /// The same; where only a person can go on, `stuck` is the answer.
    pub(crate) fn walk(&self, stuck: &str) -> (u32, String) {
        self.begin().end(stuck)
    }

    /// Opens restore-namespace in a terminal.
    pub(crate) fn begin(&self) -> Walk {
        let cluster = format!("cluster={}", self.estate.cluster());
        let namespace = format!("namespace={}", self.estate.namespace());
        let verb = [
            "run",
            "restore-namespace",
            "--param",
            cluster.as_str(),
            "--param",
            namespace.as_str(),
            "--param",
            "ticket=INC-1",
            "--param",
            "reason=the namespace was deleted by mistake",
        ];
        self.open(&verb)
    }

    /// Takes up a run in a terminal.
    pub(crate) fn resume(&self, run: &str) -> Walk {
        self.open(&["run", "--resume", run])
    }

    /// Installs roles in a terminal, typing the cluster's name where that is asked; gives its exit code and its words.
    pub(crate) fn install(&self, flags: &[&str]) -> (u32, String) {
        self.install_after(flags, || {})
    }

    /// The same; once the name is asked for and before it is typed, this happens.
    pub(crate) fn install_after(&self, flags: &[&str], happens: impl FnOnce()) -> (u32, String) {
        let name = self.estate.cluster();
        let verb = [&["rbac", "emit"][..], flags, &["--install", name]].concat();
        let mut walk = self.open(&verb);
        let question = format!("Type {name} to install");
        walk.pty.wait("the question or the end", |screen| {
            let ends = [
                "Nothing was installed",
                "nothing is to be installed",
                "crashcart: ",
                "nothing was sent",
            ];
            screen.contains(&question) || ends.iter().any(|end| screen.contains(end))
        });
        if walk.pty.screen().contains(&question) {
            happens();
            walk.say(name);
        }
        let code = walk.pty.ended().exit_code();
        (code, walk.pty.screen())
    }

    /// Accepts another fingerprint of a cluster in a terminal, for a reason; gives its exit code and its words. At the
    /// first question all answers are typed ahead, with another reason.
    pub(crate) fn trust(&self, cluster: &str, reason: &str) -> (u32, String) {
        let mut walk = self.open(&["trust", cluster]);
        let name = format!("Type {cluster} to accept it: ");
        let answers = [
            (&*name, 1, format!("{cluster}\r{cluster}\rtyped ahead")),
            (&*name, 2, cluster.to_owned()),
            ("Reason: ", 1, reason.to_owned()),
        ];
        for (question, nth, answer) in answers {
            walk.pty.wait(question, |screen| {
                screen.matches(question.trim_end()).count() >= nth
            });
            walk.say(&answer);
        }
        let code = walk.pty.ended().exit_code();
        (code, walk.pty.screen())
    }

    fn open(&self, verb: &[&str]) -> Walk {
        let pty = Pty::start(
            Path::new(PROGRAM),
            &self.arguments(verb),
            self.estate.home(),
            (500, 400),
            &BTreeMap::new(),
        );
        Walk { pty, asked: 0 }
    }
}

/// A run in a terminal, and how many of its questions were answered.
pub(crate) struct Walk {
    pty: Pty,
    asked: usize,
}

impl Walk {
    /// The next question, once it is asked; nothing when it ends without one.
    pub(crate) fn question(&mut self) -> Option<String> {
        let asked = self.asked;
        let next = |screen: &str| questions(screen).count() > asked;
        self.pty.wait("the next question or the end", |screen| {
            next(screen) || over(screen)
        });
        let screen = self.pty.screen();
        let question = questions(&screen).nth(asked)?.to_owned();
        self.asked += 1;
        Some(question)
    }

    /// Answers a question with this line.
    pub(crate) fn say(&mut self, line: &str) {
        self.pty.press(&format!("{line}\r"));
    }

    /// Answers a question as it wants to be: with the name it asks for, or with Enter alone.
    pub(crate) fn agree(&mut self, question: &str) {
        let name = question.strip_prefix("Type ").unwrap_or_default();
        let name = name.split(' ').next().unwrap_or_default().to_owned();
        self.say(&name);
    }

    /// Agrees to every question up to the one that holds these words, which stays open.
    pub(crate) fn walk_to(&mut self, words: &str) {
        while let Some(question) = self.question() {
            if question.contains(words) {
                return;
            }
            self.agree(&question);
        }
        panic!("it never asked {words:?}:\n{}", self.screen());
    }

    /// Agrees to everything up to its end, and says `stuck` where only a person can go on; gives its exit code and its
    /// words.
    pub(crate) fn end(mut self, stuck: &str) -> (u32, String) {
        while let Some(question) = self.question() {
            if question.starts_with("Enter to look again") {
                self.say(stuck);
            } else {
                self.agree(&question);
            }
        }
        let code = self.pty.ended().exit_code();
        (code, self.pty.screen())
    }

    /// Everything on its screen.
    pub(crate) fn screen(&self) -> String {
        self.pty.screen()
    }

    /// Waits until these words are on its screen.
    pub(crate) fn wait(&mut self, words: &str) {
        self.pty.wait(words, |screen| screen.contains(words));
    }
}

fn questions(screen: &str) -> impl Iterator<Item = &str> {
    screen.lines().filter(|line| line.contains(QUESTION))
}

/// True when it has said how the run ended, or why there is none.
fn over(screen: &str) -> bool {
    let last = |line: &str| {
        ["Run ", "crashcart: ", "no: ", "parameter "]
            .iter()
            .any(|start| line.starts_with(start))
            || line.contains("nothing is sent")
    };
    screen.lines().any(last)
}

//! A run line by line in its own process, answered by a test as a person would: after reading the prompt.

use std::io::Read;
use std::io::Write;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::channel;
use std::time::Duration;

/// How long anything may take before a test says that it did not happen.
const LIMIT: Duration = Duration::from_secs(45);
/// How every prompt ends.
const PROMPT: &str = "or one of s u h a p: ";

/// A run in its own process.
pub(crate) struct Console {
    child: Child,
    keys: Option<ChildStdin>,
    output: Receiver<Vec<u8>>,
    /// Everything it has printed.
    pub(crate) text: String,
    read: usize,
}

impl Console {
    /// Starts it, its answers still to come.
    pub(crate) fn start(mut command: Command) -> Console {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let keys = child.stdin.take();
        let (send, output) = channel();
        let error_send = send.clone();
        let out = child.stdout.take().expect("its output");
        let err = child.stderr.take().expect("its errors");
        std::thread::spawn(move || pump(out, &send));
        std::thread::spawn(move || pump(err, &error_send));
        Console {
            child,
            keys,
            output,
            text: String::new(),
            read: 0,
        }
    }

    /// One more piece of its output; false when there is no more.
    fn more(&mut self) -> bool {
        match self.output.recv_timeout(LIMIT) {
            Ok(bytes) => {
                self.text.push_str(&String::from_utf8_lossy(&bytes));
                true
            }
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => false,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                panic!("nothing more is said after:\n{}", self.text)
            }
        }
    }

    /// What it said up to its next prompt; `None` when it ends without one.
    pub(crate) fn prompt(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.text[self.read..].find(PROMPT) {
                let end = self.read + at + PROMPT.len();
                let said = self.text[self.read..end].to_owned();
                self.read = end;
                return Some(said);
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// Waits until it has printed these words.
    pub(crate) fn wait_for(&mut self, words: &str) {
        while !self.text.contains(words) {
            assert!(self.more(), "it never said {words:?}:\n{}", self.text);
        }
    }

    /// Answers one prompt.
    pub(crate) fn say(&mut self, line: &str) {
        let keys = self.keys.as_mut().expect("it still listens");
        writeln!(keys, "{line}").expect("it still listens");
    }

    /// Answers every prompt as the runbook wants it, the safety copy left out, up to the prompt that holds `words`.
    pub(crate) fn walk_to(&mut self, words: &str) -> String {
        loop {
            let Some(said) = self.prompt() else {
                panic!("it ended before {words:?}:\n{}", self.text)
            };
            if said.contains(words) {
                return said;
            }
            self.answer(&said);
        }
    }

    /// Answers every prompt up to the end: exit code and everything it said.
    pub(crate) fn walk(mut self) -> (i32, String) {
        while let Some(said) = self.prompt() {
            self.answer(&said);
        }
        self.end()
    }

    fn answer(&mut self, said: &str) {
        assert!(
            !said.contains("Enter to look again"),
            "it is stuck:\n{said}"
        );
        let line = if said.contains("POST backups/pre-") {
            "s nothing here is worth a copy"
        } else if said.contains("Type billing (") {
            "billing"
        } else {
            ""
        };
        self.say(line);
    }

    /// No more answers: waits for its end.
    pub(crate) fn end(mut self) -> (i32, String) {
        self.keys = None;
        while self.more() {}
        let status = self.child.wait().expect("it ends");
        assert!(!self.text.contains("panicked"), "{}", self.text);
        (status.code().unwrap_or(-1), self.text.clone())
    }

    /// Kills it, with no chance to say or write anything more.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// The run's short id, once it was said.
    pub(crate) fn run(&mut self) -> String {
        self.wait_for("restore-namespace v1");
        let (_, rest) = self.text.split_once("RUN ").expect("a run");
        rest[..4].to_owned()
    }
}

fn pump(mut from: impl Read, to: &std::sync::mpsc::Sender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(read) = from.read(&mut buffer) {
        if read == 0 || to.send(buffer[..read].to_vec()).is_err() {
            return;
        }
    }
}

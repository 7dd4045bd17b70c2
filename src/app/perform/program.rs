//! The one door through which another program is started: a credential plugin that policy lists by path and hash.
//!
//! What is started are the very bytes that were hashed, in memory that nobody can write to any more (`sealed.rs`). It
//! gets no terminal, no input, only the variables that policy names, and ten seconds; what it prints is read and never
//! shown.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use jiff::Timestamp;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::Signal;
use serde::Deserialize;
use serde_json::json;

use super::sealed::sealed;
use crate::app::clock::Clock;
use crate::config::Plugin;
use crate::config::Secret;
use crate::text::SafeText;

/// How long a program has to answer, in milliseconds.
const LIMIT_MS: u64 = 10_000;
/// The most that is read of what it prints, in bytes.
const MOST: usize = 64 << 10;
/// The longest word of its complaint that is shown: what is longer may be a secret.
const WORD: usize = 32;

/// What a program answered.
#[derive(Debug)]
pub struct Granted {
    /// The bearer token.
    pub token: Secret,
    /// When it ends, if it says so.
    pub ends: Option<Timestamp>,
}

/// The answer of a plugin (`client.authentication.k8s.io`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    api_version: String,
    kind: String,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    token: Option<String>,
    expiration_timestamp: Option<Timestamp>,
}

/// What a program printed.
struct Printed {
    out: Vec<u8>,
    complaint: Vec<u8>,
}

/// Starts a plugin once and reads its token. It blocks for up to ten seconds.
///
/// # Errors
/// One sentence that names the program and never quotes what it printed on its output.
pub fn ask(plugin: &Plugin, clock: &Clock) -> Result<Granted, SafeText> {
    let path = &plugin.program.path;
    let no = |why: String| SafeText::from(format!("{}: {why}", path.display()));
    let file = sealed(path, &plugin.program.sha256).map_err(no)?;
    let mut child = started(plugin, &file).map_err(no)?;
    let printed = listen(&mut child, clock);
    let good = end(&mut child);
    let printed = printed.map_err(no)?;
    if !good {
        let words = complaint(&printed.complaint);
        return Err(no(format!("it ended with an error{words}; no token")));
    }
    granted(plugin, &printed.out).map_err(|why| no(why.to_owned()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one door: a program that policy lists by path and hash"
)]
fn started(plugin: &Plugin, file: &File) -> Result<Child, String> {
    let question = json!({
        "apiVersion": plugin.api_version,
        "kind": "ExecCredential",
        "spec": {"interactive": false},
    });
    // The child still holds the copy when it looks for it by this name; its own name it gets as its first argument.
    let mut command = Command::new(format!("/proc/self/fd/{}", file.as_raw_fd()));
    command
        .arg0(&plugin.program.path)
        .args(&plugin.args)
        .env_clear()
        .env("KUBERNETES_EXEC_INFO", question.to_string())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    for name in &plugin.program.env {
        let given = plugin.env.iter().find(|(one, _)| one == name);
        let own = || std::env::var_os(name);
        if let Some(value) = given.map(|(_, value)| value.into()).or_else(own) {
            command.env(name, value);
        }
    }
    command
        .spawn()
        .map_err(|error| format!("it could not be started ({error}); no token"))
}

/// Reads both outputs until the program has ended, for as long as it has.
fn listen(child: &mut Child, clock: &Clock) -> Result<Printed, String> {
    let lost = |error: rustix::io::Errno| format!("it could not be watched ({error}); no token");
    let (Some(mut out), Some(mut err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("its output could not be read; no token".to_owned());
    };
    for pipe in [out.as_fd(), err.as_fd()] {
        rustix::io::ioctl_fionbio(pipe, true).map_err(lost)?;
    }
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let Some(pid) = pid else {
        return Err("it has no number; no token".to_owned());
    };
    let ended = rustix::process::pidfd_open(pid, PidfdFlags::empty()).map_err(lost)?;
    let until = clock.now().mono_ms.saturating_add(LIMIT_MS);
    let (mut said, mut complaint) = (Vec::new(), Vec::new());
    let (mut out_open, mut err_open) = (true, true);
    loop {
        let left = until.saturating_sub(clock.now().mono_ms);
        if left == 0 {
            return Err("it did not answer in 10s and was ended; no token".to_owned());
        }
        // An output that was closed would answer each question at once, and say nothing.
        let mut polled = vec![PollFd::new(&ended, PollFlags::IN)];
        polled.extend(out_open.then(|| PollFd::new(&out, PollFlags::IN)));
        polled.extend(err_open.then(|| PollFd::new(&err, PollFlags::IN)));
        let wait = jiff::SignedDuration::from_millis(i64::try_from(left).unwrap_or(i64::MAX));
        let wait = rustix::event::Timespec {
            tv_sec: wait.as_secs(),
            tv_nsec: wait.subsec_nanos().into(),
        };
        match rustix::event::poll(&mut polled, Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(lost(error)),
        }
        let gone = polled.first().is_some_and(|one| !one.revents().is_empty());
        drop(polled);
        let taken = [
            take(&mut out, &mut said, &mut out_open),
            take(&mut err, &mut complaint, &mut err_open),
        ];
        let more = taken.contains(&true);
        if said.len() > MOST {
            return Err("it printed more than 64 KiB, which no token is; no token".to_owned());
        }
        if gone && !more {
            return Ok(Printed {
                out: said,
                complaint,
            });
        }
    }
}

/// Takes what is there now; true when there was something. What is beyond the limit is dropped, and a pipe that ended
/// is open no longer.
fn take(pipe: &mut impl Read, into: &mut Vec<u8>, open: &mut bool) -> bool {
    let mut block = [0; 4096];
    let read = match pipe.read(&mut block) {
        Ok(0) => {
            *open = false;
            0
        }
        Ok(read) => read,
        Err(_) => 0,
    };
    if into.len() <= MOST {
        into.extend_from_slice(block.get(..read).unwrap_or_default());
    }
    read > 0
}

/// Ends the program and everything it started; true when it had ended well by itself. It is waited for only after its
/// group was ended: until then nobody else can have its number.
fn end(child: &mut Child) -> bool {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // What has ended by itself is not ended again.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
    child.wait().is_ok_and(|status| status.success())
}

/// The last line of a complaint without the words that may be secrets.
fn complaint(printed: &[u8]) -> String {
    let text = String::from_utf8_lossy(printed);
    let Some(last) = text.lines().rfind(|line| !line.trim().is_empty()) else {
        return String::new();
    };
    let words = last.split_whitespace().take(20);
    let words: Vec<&str> = words
        .map(|word| if word.len() > WORD { "~" } else { word })
        .collect();
    format!(": {}", words.join(" "))
}

fn granted(plugin: &Plugin, out: &[u8]) -> Result<Granted, &'static str> {
    // The parser's own words would quote the answer.
    let answer: Answer = serde_json::from_slice(out)
        .map_err(|_| "its answer is no ExecCredential in JSON; no token")?;
    if answer.kind != "ExecCredential" || answer.api_version != plugin.api_version {
        return Err("its answer is of another version than was asked for; no token");
    }
    let token = answer.status.token.unwrap_or_default();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("its answer holds no token (a client certificate is not taken from a program)");
    }
    Ok(Granted {
        token: Secret::new(&token),
        ends: answer.status.expiration_timestamp,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Program;
    use crate::text::hex;
    use sha2::Digest;
    use sha2::Sha256;
    use std::path::Path;

    const VERSION: &str = "client.authentication.k8s.io/v1";

    /// The shell under another name, listed as it is, with a script of ours as its argument.
    fn plugin(folder: &Path, script: &str, env: &[&str]) -> Plugin {
        let path = folder.join("plugin");
        std::fs::copy("/bin/sh", &path).unwrap();
        let sha256 = hex(&Sha256::digest(std::fs::read(&path).unwrap()));
        let env = env.iter().map(|name| (*name).to_owned()).collect();
        Plugin {
            program: Program { path, sha256, env },
            args: vec!["-c".to_owned(), script.to_owned()],
            env: vec![("GIVEN".to_owned(), "by-the-file".to_owned())],
            api_version: VERSION.to_owned(),
        }
    }

    fn answer(script: &str) -> Result<Granted, String> {
        let temp = tempfile::tempdir().unwrap();
        let plugin = plugin(temp.path(), script, &["GIVEN", "HOME_NOT_THERE"]);
        ask(&plugin, &Clock::start()).map_err(|why| why.to_string())
    }

    fn credential(status: &str) -> String {
        format!(
            "printf '%s' '{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{VERSION}\",\"status\":{status}}}'"
        )
    }

    #[test]
    fn a_listed_program_answers_with_a_token_and_its_end() {
        let status = "{\"token\":\"t0ken\",\"expirationTimestamp\":\"2026-08-15T05:00:00Z\"}";
        let granted = answer(&credential(status)).unwrap();
        assert_eq!(granted.token.expose(), "t0ken");
        assert_eq!(granted.ends.unwrap().to_string(), "2026-08-15T05:00:00Z");
    }

    #[test]
    fn its_environment_is_what_policy_names_and_the_question() {
        // The shell itself adds PWD and the like; nothing else of ours may be there.
        let script = format!(
            "test -z \"$HOME$PATH_OF_OURS$SSH_AUTH_SOCK$CARGO\" && test \"$GIVEN\" = by-the-file && \
             case \"$KUBERNETES_EXEC_INFO\" in *'\"interactive\":false'*) {};; esac",
            credential("{\"token\":\"alone\"}")
        );
        assert_eq!(answer(&script).unwrap().token.expose(), "alone");
    }

    #[test]
    fn it_has_no_terminal_and_no_input() {
        let script = format!(
            "read line; test -z \"$line\" && {}",
            credential("{\"token\":\"t\"}")
        );
        assert_eq!(answer(&script).unwrap().token.expose(), "t");
    }

    #[test]
    fn a_program_that_was_changed_since_it_was_listed_is_not_started() {
        let temp = tempfile::tempdir().unwrap();
        let marker = temp.path().join("it-ran");
        let script = format!("echo > {}", marker.display());
        let plugin = plugin(temp.path(), &script, &[]);
        let mut bytes = std::fs::read(&plugin.program.path).unwrap();
        bytes.push(0);
        std::fs::write(&plugin.program.path, bytes).unwrap();
        let why = ask(&plugin, &Clock::start()).unwrap_err().to_string();
        assert!(why.ends_with("its sha256 differs; not started"), "{why}");
        assert!(!marker.exists());
        std::fs::remove_file(&plugin.program.path).unwrap();
        let why = ask(&plugin, &Clock::start()).unwrap_err().to_string();
        assert!(why.contains("cannot be opened"), "{why}");
    }

    #[test]
    fn a_pipe_that_ended_is_not_asked_again_and_a_quiet_one_is() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        let (mut said, mut open) = (Vec::new(), true);
        assert!(!take(&mut reader, &mut said, &mut open) && open, "quiet");
        drop(writer);
        assert!(!take(&mut reader, &mut said, &mut open) && !open, "ended");
    }

    #[test]
    fn what_it_prints_is_never_shown() {
        let long = "canary-canary-canary-canary-canary-canary";
        for (script, words) in [
            (format!("echo {long}"), "no ExecCredential"),
            (
                format!("echo no profile {long} >&2; exit 3"),
                "it ended with an error: no profile ~;",
            ),
            ("exit 1".to_owned(), "it ended with an error; no token"),
            (credential("{}"), "holds no token"),
            (
                credential("{\"token\":\"canary\\nX: y\"}"),
                "holds no token",
            ),
            (
                "while :; do echo canarycanarycanary; done".to_owned(),
                "more than 64 KiB",
            ),
            (
                credential("{\"token\":\"t\"}").replace("/v1", "/v1beta1"),
                "another version",
            ),
        ] {
            let why = answer(&script).unwrap_err();
            assert!(
                why.contains(words) && !why.contains("canary"),
                "{script}: {why}"
            );
        }
    }
}

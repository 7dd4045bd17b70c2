//! What opens the encrypted file of tokens, typed without being shown. Only asked at a terminal, and only where the
//! configuration names that store: without an answer tokens stay in memory, and the console says so.

use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;

use anyhow::bail;
use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;
use rustix::termios::Termios;
use rustix::termios::tcgetattr;
use rustix::termios::tcsetattr;
use zeroize::Zeroizing;

use crate::auth::store::StoreError;
use crate::auth::store::sealed::Key;
use crate::config::Config;
use crate::config::Secret;
use crate::config::TokenStore;

/// How often something wrong may be typed.
const TRIES: u32 = 3;
/// The most that is read, in bytes.
const LONGEST: usize = 1024;
/// Ctrl-C, Ctrl-D and Ctrl-U as a terminal sends them.
const GIVE_UP: [u8; 2] = [3, 4];
const BEGIN_ANEW: u8 = 21;

/// What opens the files in `folder`; `None` when none are wanted, or nobody typed anything.
///
/// # Errors
/// When it was given up by Ctrl-C, or was wrong three times.
pub(super) fn key(config: &Config, folder: &Path) -> anyhow::Result<Option<Key>> {
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if config.tokens.store != TokenStore::EncryptedFile || !terminal {
        return Ok(None);
    }
    // Before the first word of a question: what is typed ahead of it must not show either.
    let quiet = Quiet::keys()?;
    let key = asked(config.tokens.recipient.as_deref(), folder);
    drop(quiet);
    key
}

/// Asks until it fits; `None` for an empty answer.
fn asked(recipient: Option<&str>, folder: &Path) -> anyhow::Result<Option<Key>> {
    let mut last = String::new();
    for _ in 0..TRIES {
        match once(recipient, folder)? {
            None => return Ok(None),
            Some(Ok(key)) => return Ok(Some(key)),
            Some(Err(error)) => last = error.to_string(),
        }
        say(&format!("crashcart: {last}\n"))?;
    }
    bail!("{last}")
}

/// Asks once; `None` for an empty answer.
fn once(recipient: Option<&str>, folder: &Path) -> anyhow::Result<Option<Result<Key, StoreError>>> {
    if let Some(recipient) = recipient {
        let typed = hidden(&format!(
            "Key of {recipient} (not shown; Enter alone keeps tokens in memory): "
        ))?;
        return Ok(typed.map(|typed| Key::typed(recipient, &typed)));
    }
    let known = Key::is_there(folder);
    let word = if known {
        "Passphrase"
    } else {
        "New passphrase"
    };
    let typed = hidden(&format!(
        "{word} of the kept tokens (not shown; Enter alone keeps them in memory): "
    ))?;
    let Some(typed) = typed else { return Ok(None) };
    if !known {
        let again = hidden("The same again: ")?;
        if again.is_none_or(|again| again.expose() != typed.expose()) {
            let differ =
                StoreError::new("the two differ, so nothing was made; type it twice alike");
            return Ok(Some(Err(differ)));
        }
    }
    Ok(Some(Key::by_passphrase(folder, &typed, None)))
}

/// A line typed at the terminal, of which nothing shows; `None` for an empty one.
fn hidden(question: &str) -> anyhow::Result<Option<Secret>> {
    say(question)?;
    let line = line();
    say("\n")?;
    let line = line?;
    Ok(Some(line.trim())
        .filter(|line| !line.is_empty())
        .map(Secret::new))
}

/// Reads to the end of a line, byte by byte: a buffer of the library would keep what was typed.
fn line() -> anyhow::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST));
    loop {
        let mut byte = [0_u8; 1];
        let read = rustix::io::read(rustix::stdio::stdin(), &mut byte)?;
        match byte[0] {
            _ if read == 0 => break,
            b'\n' | b'\r' => break,
            give_up if GIVE_UP.contains(&give_up) => bail!("given up; nothing was changed"),
            BEGIN_ANEW => bytes.clear(),
            8 | 127 => drop(bytes.pop()),
            other if bytes.len() < LONGEST => bytes.push(other),
            _ => bail!("that is longer than {LONGEST} bytes, which nothing of ours is"),
        }
    }
    Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}

fn say(words: &str) -> anyhow::Result<()> {
    let mut err = std::io::stderr();
    err.write_all(crate::text::safe::lines(words).as_bytes())?;
    err.flush()?;
    Ok(())
}

/// The terminal shows nothing of what is typed until this is dropped.
pub(super) struct Quiet {
    before: Termios,
}

impl Quiet {
    fn keys() -> anyhow::Result<Quiet> {
        Quiet::without(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    /// The terminal takes lines and Ctrl-C as ever and shows nothing of them; `None` where what is read is no terminal.
    pub(super) fn lines() -> anyhow::Result<Option<Quiet>> {
        if !std::io::stdin().is_terminal() {
            return Ok(None);
        }
        Quiet::without(LocalModes::ECHO).map(Some)
    }

    fn without(modes: LocalModes) -> anyhow::Result<Quiet> {
        let before = tcgetattr(rustix::stdio::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(modes);
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Quiet { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let given = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.before);
        // A terminal that is gone has no mode to give back.
        let _ = given;
    }
}

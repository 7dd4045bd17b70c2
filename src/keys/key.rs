//! Key syntax: `Ctrl-L`, `PgDn`, `Enter`, `?`, read and written alike.

use std::fmt;
use std::str::FromStr;

/// A key without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A character as typed; Shift is in it.
    Char(char),
    /// Enter.
    Enter,
    /// Esc.
    Esc,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
}

/// One key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// True with Ctrl held.
    pub ctrl: bool,
    /// Which key.
    pub code: Code,
}

/// The text names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" names no key; write one like Ctrl-L, PgDn, Enter or ?")]
pub struct KeyError(pub String);

const NAMED: [(&str, Code); 14] = [
    ("Enter", Code::Enter),
    ("Esc", Code::Esc),
    ("Tab", Code::Tab),
    ("Shift-Tab", Code::BackTab),
    ("Up", Code::Up),
    ("Down", Code::Down),
    ("Left", Code::Left),
    ("Right", Code::Right),
    ("Home", Code::Home),
    ("End", Code::End),
    ("PgUp", Code::PageUp),
    ("PgDn", Code::PageDown),
    ("Backspace", Code::Backspace),
    ("Delete", Code::Delete),
];

impl From<Code> for Key {
    fn from(code: Code) -> Key {
        Key { ctrl: false, code }
    }
}

impl From<char> for Key {
    fn from(character: char) -> Key {
        Key {
            ctrl: false,
            code: Code::Char(character),
        }
    }
}

impl Key {
    /// A character with Ctrl held; letters are the same in either case.
    pub fn ctrl(character: char) -> Key {
        Key {
            ctrl: true,
            code: Code::Char(character.to_ascii_lowercase()),
        }
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Key, KeyError> {
        let error = || KeyError(text.to_owned());
        let one = |text: &str| {
            let mut characters = text.chars();
            characters.next().filter(|_| characters.next().is_none())
        };
        if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(Key::from(*code));
        }
        match text.strip_prefix("Ctrl-") {
            Some(rest) => one(rest).map(Key::ctrl).ok_or_else(error),
            None => one(text).map(Key::from).ok_or_else(error),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ctrl = if self.ctrl { "Ctrl-" } else { "" };
        match self.code {
            Code::Char(character) if self.ctrl => {
                write!(f, "{ctrl}{}", character.to_ascii_uppercase())
            }
            Code::Char(character) => write!(f, "{character}"),
            code => {
                let name = NAMED
                    .iter()
                    .find(|(_, named)| *named == code)
                    .map_or("", |(name, _)| name);
                write!(f, "{ctrl}{name}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Key};

    #[test]
    fn keys_are_written_as_they_are_read() {
        for text in [
            "Ctrl-L",
            "PgDn",
            "Enter",
            "?",
            "g",
            "G",
            "Shift-Tab",
            "/",
            "0",
        ] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
        assert_eq!("Ctrl-l".parse(), Ok(Key::ctrl('L')));
        assert_eq!("Esc".parse(), Ok(Key::from(Code::Esc)));
        for text in ["", "Alt-x", "F5", "enter", "Ctrl-"] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
    }
}

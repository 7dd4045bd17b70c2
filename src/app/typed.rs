//! What was typed: the bytes of a terminal, read as keys and pastes.
//!
//! crossterm's reader waits for edges and reads a kilobyte for each: what a person types beyond that while the program
//! is busy stays in the terminal, unread, until the next key. So bytes are read by `input` and understood here.

use crate::keys::Code;
use crate::keys::Key;

const ESC: u8 = 0x1b;
/// What a terminal sends before and after text that is pasted.
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// One thing that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// A key.
    Key(Key),
    /// A key that means nothing here: Alt, an F key. It counts as typed.
    Other,
    /// Bracketed paste.
    Paste(String),
}

/// Understands the bytes of a terminal, across the borders of its reads.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    rest: Vec<u8>,
    /// True between the beginning of a paste and its end.
    pasting: bool,
}

/// What stands at the beginning of some bytes.
enum Found {
    /// This, in so many bytes; `None` is a report of the terminal, which nobody typed.
    Typed(Option<Typed>, usize),
    /// A paste begins after so many bytes.
    Paste(usize),
    /// The bytes end within it.
    Part,
}

impl Decoder {
    /// Everything that these bytes, after those before, say in full.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Typed> {
        // A paste may be long: what was looked through before is not looked through again.
        let mut from = self.rest.len().saturating_sub(PASTE_ENDS.len());
        self.rest.extend_from_slice(bytes);
        let mut typed = Vec::new();
        while !self.rest.is_empty() {
            if self.pasting {
                let Some(end) = find(&self.rest[from..], PASTE_ENDS) else {
                    break;
                };
                typed.push(self.pasted(from + end));
                self.rest.drain(..PASTE_ENDS.len());
                from = 0;
                continue;
            }
            from = 0;
            match found(&self.rest) {
                Found::Typed(one, used) => {
                    typed.extend(one);
                    self.rest.drain(..used);
                }
                Found::Paste(used) => {
                    self.rest.drain(..used);
                    self.pasting = true;
                }
                Found::Part => break,
            }
        }
        typed
    }

    /// True when bytes wait for what follows them.
    pub(super) fn waits(&self) -> bool {
        self.pasting || !self.rest.is_empty()
    }

    /// True in the middle of a paste.
    pub(super) fn is_pasting(&self) -> bool {
        self.pasting
    }

    /// Nothing follows: a lone Esc is the key, a paste without an end is what came of it, half a sequence is nothing.
    pub(super) fn flush(&mut self) -> Vec<Typed> {
        if self.pasting {
            return vec![self.pasted(self.rest.len())];
        }
        let rest = std::mem::take(&mut self.rest);
        match rest.as_slice() {
            [] => Vec::new(),
            [ESC] => vec![Typed::Key(Key::from(Code::Esc))],
            _ => vec![Typed::Other],
        }
    }

    /// Takes the first bytes as the text of the paste, and ends it.
    fn pasted(&mut self, end: usize) -> Typed {
        self.pasting = false;
        let text: Vec<u8> = self.rest.drain(..end).collect();
        Typed::Paste(String::from_utf8_lossy(&text).into_owned())
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|some| some == what)
}

fn key(code: Code, used: usize) -> Found {
    Found::Typed(Some(Typed::Key(Key::from(code))), used)
}

fn other(used: usize) -> Found {
    Found::Typed(Some(Typed::Other), used)
}

/// What stands at the beginning of bytes that are not empty. Ctrl-I, M, J and H are the keys that they look like.
fn found(bytes: &[u8]) -> Found {
    match *bytes {
        [b'\r' | b'\n', ..] => key(Code::Enter, 1),
        [b'\t', ..] => key(Code::Tab, 1),
        [0x7f | 0x08, ..] => key(Code::Backspace, 1),
        [ESC] => Found::Part,
        [ESC, ESC, ..] => key(Code::Esc, 1),
        [ESC, b'[', ..] => sequence(bytes),
        [ESC, b'O'] => Found::Part,
        [ESC, b'O', last, ..] => match cursor(last) {
            Some(code) => key(code, 3),
            None => other(3),
        },
        [ESC, ..] => match character(&bytes[1..]) {
            Found::Typed(_, used) => other(used + 1),
            part => part,
        },
        [control @ 0x01..=0x1a, ..] => ctrl(char::from(control - 1 + b'a')),
        [control @ 0x1c..=0x1f, ..] => ctrl(char::from(control - 0x1c + b'4')),
        [0, ..] => ctrl(' '),
        _ => character(bytes),
    }
}

fn ctrl(character: char) -> Found {
    Found::Typed(Some(Typed::Key(Key::ctrl(character))), 1)
}

/// One character in UTF-8; a byte that begins none is skipped.
fn character(bytes: &[u8]) -> Found {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let Some(bytes) = bytes.get(..length) else {
        return Found::Part;
    };
    match std::str::from_utf8(bytes)
        .ok()
        .and_then(|one| one.chars().next())
    {
        Some(one) => key(Code::Char(one), length),
        None => other(1),
    }
}

/// A control sequence: `ESC [`, parameters, and the byte that ends it (ECMA-48, 5.4).
fn sequence(bytes: &[u8]) -> Found {
    let body = &bytes[2..];
    let Some(end) = body.iter().position(|byte| !(0x20..=0x3f).contains(byte)) else {
        return Found::Part;
    };
    let used = end + 3;
    let parameters = std::str::from_utf8(&body[..end]).unwrap_or_default();
    let mut numbers = parameters
        .split(';')
        .map(|number| number.parse().unwrap_or(0));
    let (first, held) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(1));
    let code = match (body[end], first) {
        // The console of Linux has F keys with a second bracket.
        (b'[', _) if body.len() == end + 1 => return Found::Part,
        (b'[', _) => return other(used + 1),
        (b'I' | b'O', 0) => return Found::Typed(None, used),
        (b'~', 200) => return Found::Paste(used),
        (b'~', number) => numbered(number),
        (b'Z', _) => Some(Code::BackTab),
        (last, _) => cursor(last),
    };
    match code {
        Some(code) => modified(code, held, used),
        None => other(used),
    }
}

/// A key with what was held: xterm sends 1 and a bit each for Shift, Alt, Ctrl and Meta.
fn modified(code: Code, held: u32, used: usize) -> Found {
    let held = held.saturating_sub(1);
    let (alt, ctrl) = (held & 0b10 != 0, held & 0b100 != 0);
    if alt || held > 0b111 {
        return other(used);
    }
    Found::Typed(Some(Typed::Key(Key { ctrl, code })), used)
}

fn cursor(last: u8) -> Option<Code> {
    match last {
        b'A' => Some(Code::Up),
        b'B' => Some(Code::Down),
        b'C' => Some(Code::Right),
        b'D' => Some(Code::Left),
        b'H' => Some(Code::Home),
        b'F' => Some(Code::End),
        b'M' => Some(Code::Enter),
        _ => None,
    }
}

fn numbered(number: u32) -> Option<Code> {
    match number {
        1 | 7 => Some(Code::Home),
        3 => Some(Code::Delete),
        4 | 8 => Some(Code::End),
        5 => Some(Code::PageUp),
        6 => Some(Code::PageDown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &[u8]) -> String {
        let mut decoder = Decoder::default();
        let mut typed = decoder.feed(text);
        typed.extend(decoder.flush());
        let word = |one: Typed| match one {
            Typed::Key(key) => key.to_string(),
            Typed::Other => "-".to_owned(),
            Typed::Paste(text) => format!("paste:{text}"),
        };
        typed.into_iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn bytes_are_read_as_the_keys_that_a_terminal_sends_them_for() {
        for (bytes, said) in [
            ("jG5", "j G 5"),
            ("å…", "å …"),
            ("\r\n\t\x7f\x08", "Enter Enter Tab Backspace Backspace"),
            ("\x03\x0c\x15", "Ctrl-C Ctrl-L Ctrl-U"),
            ("\x1b", "Esc"),
            ("\x1b\x1b", "Esc Esc"),
            ("\x1b[A\x1b[B\x1bOC\x1bOD", "Up Down Right Left"),
            ("\x1b[H\x1b[F\x1b[1~\x1b[4~", "Home End Home End"),
            ("\x1b[5~\x1b[6~\x1b[3~\x1b[Z", "PgUp PgDn Delete Shift-Tab"),
            ("\x1b[1;5A\x1b[1;2B\x1b[1;3C", "Ctrl-Up Down -"),
            ("\x1bx\x1bOP\x1b[15~\x1b[[Aj", "- - - - j"),
            ("\x1b[Ij\x1b[O", "j"),
            ("\x1b[200~a\rb\x1b[201~j", "paste:a\rb j"),
            ("\x1b[200~lost", "paste:lost"),
            ("\x1b[", "-"),
        ] {
            assert_eq!(keys(bytes.as_bytes()), said, "{bytes:?}");
        }
        assert_eq!(keys(b"\xff\xfej"), "- - j");
    }

    #[test]
    fn a_border_between_two_reads_changes_nothing() {
        let text = "jå\x1b[1;5A\x1b[200~paste\x1b[201~\x1bOAq".as_bytes();
        let whole = Decoder::default().feed(text);
        assert_eq!(whole.len(), 6);
        for border in 0..text.len() {
            let mut decoder = Decoder::default();
            let mut typed = decoder.feed(&text[..border]);
            typed.extend(decoder.feed(&text[border..]));
            assert_eq!(typed, whole, "border at {border}");
            assert!(!decoder.waits());
        }
    }
}

//! What is printed: nothing that a terminal obeys gets through, wherever it came from.
//!
//! Text is made safe where it enters; this is the last door, for what a library, a file or a command line says of itself.

use std::io;
use std::io::Write;

use crate::text::safe;

/// Prints whole lines, each of them safe; what stands in an unfinished line is printed by `flush`.
#[derive(Debug)]
pub(super) struct Plain<W: Write> {
    out: W,
    waiting: Vec<u8>,
}

impl<W: Write> Plain<W> {
    /// A door before `out`.
    pub(super) fn new(out: W) -> Plain<W> {
        Plain {
            out,
            waiting: Vec::new(),
        }
    }

    /// Prints the first bytes of what waits.
    fn print(&mut self, end: usize) -> io::Result<()> {
        // Taken first: what could not be printed is not printed a second time.
        let bytes: Vec<u8> = self.waiting.drain(..end).collect();
        let text = safe::lines(&String::from_utf8_lossy(&bytes));
        self.out.write_all(text.as_bytes())
    }
}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = self.waiting.len();
        self.waiting.extend_from_slice(bytes);
        if let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') {
            self.print(before + end + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.print(self.waiting.len())?;
        self.out.flush()
    }
}

/// Says one sentence on standard error; when even this cannot be said, there is nothing left to say.
pub(super) fn complain(sentence: &str) {
    let line = format!("crashcart: {}\n", crate::text::SafeText::new(sentence));
    drop(io::stderr().write_all(line.as_bytes()));
}

/// From now on a fault of the program itself says what it was in safe text; the words of a panic quote whatever it met.
pub(super) fn guard_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let mut words = fault(panic);
        let trace = std::backtrace::Backtrace::capture();
        if trace.status() == std::backtrace::BacktraceStatus::Captured {
            words.push_str(&safe::lines(&format!("{trace}\n")));
        }
        drop(io::stderr().write_all(words.as_bytes()));
    }));
}

/// The words of a panic: which thread, where and what.
fn fault(panic: &dyn std::fmt::Display) -> String {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("unnamed");
    safe::lines(&format!("crashcart: thread {name} {panic}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_in_pieces_is_safe_as_a_whole() {
        let mut out = Plain::new(Vec::new());
        // One letter in two writes, an escape, a line that is not ended.
        for piece in [
            &b"\x1b]0;t\x07 \xc3"[..],
            b"\xa5\nname\xe2\x80",
            b"\xaegpj: ",
        ] {
            out.write_all(piece).unwrap();
        }
        assert_eq!(out.out, "^[]0;t^G å\n".as_bytes());
        out.flush().unwrap();
        assert_eq!(out.out, "^[]0;t^G å\nname<U+202E>gpj: ".as_bytes());
    }

    #[test]
    fn the_words_of_a_panic_are_safe() {
        assert_eq!(
            fault(&"at x.rs:1:\n\u{1b}[2J\u{9b}1m"),
            "crashcart: thread cli::plain::tests::the_words_of_a_panic_are_safe at x.rs:1:\n^[[2J<U+009B>1m\n"
        );
    }
}

//! The terminal's mode: taken once, given back on every way out.
//!
//! Ways out: quit, panic (hook), SIGTERM, SIGINT, SIGHUP (`signals`), a terminal that is gone (`input`, or a write that fails).
//! `Restore::now` may be called from any thread, any number of times.

use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use ratatui::layout::Size;

/// Alternate screen, cleared; cursor hidden; bracketed paste on.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[2J\x1b[?25l\x1b[?2004h";
/// A held frame released; paste, mouse and focus reports off; colours off; cursor shown; main screen back.
const LEAVE: &[u8] =
    b"\x1b[?2026l\x1b[?2004l\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[0m\x1b[?25h\x1b[?1049l";

/// Gives the terminal back, once, from any thread.
#[derive(Clone, Debug)]
pub struct Restore(Arc<AtomicBool>);

impl Restore {
    /// Gives the terminal back. Does nothing when it is not ours any more.
    pub fn now(&self) {
        if self.0.swap(false, Ordering::SeqCst) {
            // A terminal that is gone cannot be told anything; its mode is nobody's business any more.
            drop(write(LEAVE));
            drop(crossterm::terminal::disable_raw_mode());
        }
    }
}

/// Holds the terminal until dropped.
#[derive(Debug)]
#[must_use = "the terminal is given back when this is dropped"]
pub struct Guard(Restore);

/// Takes the terminal: raw mode, alternate screen, and a panic hook that gives it back before it reports.
///
/// # Errors
/// When standard output is no terminal or its mode cannot be set.
pub fn take() -> io::Result<Guard> {
    crossterm::terminal::enable_raw_mode()?;
    let restore = Restore(Arc::new(AtomicBool::new(true)));
    let (hook, previous) = (restore.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        hook.now();
        previous(panic);
    }));
    let guard = Guard(restore);
    write(ENTER)?;
    Ok(guard)
}

impl Guard {
    /// A handle for another thread that must give the terminal back.
    pub fn handle(&self) -> Restore {
        self.0.clone()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.now();
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Columns and rows: from the terminal, else from `COLUMNS` and `LINES`, else 80x24. A serial line reports 0x0.
pub fn size() -> Size {
    let told = rustix::termios::tcgetwinsize(rustix::stdio::stdout())
        .ok()
        .map(|size| (size.ws_col, size.ws_row));
    let from = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|value| value.parse::<u16>().ok())
            .filter(|n| *n > 0)
    };
    match told {
        Some((width, height)) if width > 0 && height > 0 => Size { width, height },
        _ => Size {
            width: from("COLUMNS").unwrap_or(80),
            height: from("LINES").unwrap_or(24),
        },
    }
}

/// True when `TERM` names a terminal that ignores unknown private modes, so that frames can be held together.
pub fn knows_private_modes(term: &str) -> bool {
    let old = ["vt", "linux", "dumb", "ansi"];
    !term.is_empty() && !old.iter().any(|prefix| term.starts_with(prefix))
}

/// True when only ASCII can be shown: asked for, a locale without UTF-8, or a terminal without it.
pub fn ascii_only(asked: bool, term: &str, locale: &str) -> bool {
    let utf8 = locale
        .to_ascii_lowercase()
        .replace('-', "")
        .contains("utf8");
    let old = ["vt", "linux", "dumb"];
    asked || !utf8 || old.iter().any(|prefix| term.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::ascii_only;
    use super::knows_private_modes;

    #[test]
    fn a_serial_console_gets_ascii_and_no_private_modes() {
        assert!(ascii_only(false, "vt220", "C.UTF-8"));
        assert!(ascii_only(false, "xterm", "C"));
        assert!(!ascii_only(false, "tmux-256color", "en_US.UTF-8"));
        assert!(ascii_only(true, "xterm", "en_US.utf8"));
        assert!(!knows_private_modes("linux"));
        assert!(knows_private_modes("tmux-256color"));
    }
}

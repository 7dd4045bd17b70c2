//! Keys from the terminal, on a thread of their own; and the ways the system says that it is over.
//!
//! The thread asks the kernel before it reads, so that it ends with its terminal and never spins on a dead one. Keys
//! that came in one read are marked: only a key that came alone may send.

use std::io;
use std::io::BufRead;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::io::Errno;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc::Sender;

use super::typed::Decoder;
use super::typed::Typed;
use crate::keys::Key;

/// What the terminal or the system said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key, and whether it came alone in its read.
    Key {
        /// Which key.
        key: Key,
        /// True when nothing else came with it.
        alone: bool,
    },
    /// Bracketed paste.
    Paste(String),
    /// The terminal is gone, or the system wants us to end.
    HangUp,
    /// The window has another size.
    Resize,
}

/// Starts the thread that reads keys. It ends with the terminal or when nobody listens any more.
///
/// # Errors
/// When the thread cannot be started.
pub fn start(inputs: Sender<Input>) -> io::Result<()> {
    std::thread::Builder::new()
        .name("keys".to_owned())
        .spawn(move || {
            let mut decoder = Decoder::default();
            while let Some(batch) = read_batch(&mut decoder) {
                for input in batch {
                    if inputs.blocking_send(input).is_err() {
                        return;
                    }
                }
            }
            drop(inputs.blocking_send(Input::HangUp));
        })?;
    Ok(())
}

/// How long the rest of a sequence that was cut in two may take: a lone Esc is the key after that.
const REST_MS: u64 = 30;
/// How long a paste may pause before its end is taken as lost.
const PASTE_MS: u64 = 1000;
/// Reads of one batch: what is typed without a pause does not hold up what was typed before it.
const READS: usize = 16;

/// What the kernel says of the terminal.
enum Said {
    /// There are bytes.
    Bytes,
    /// There are none.
    Nothing,
    /// The terminal is gone.
    Gone,
}

/// Everything that waits in the terminal, or `None` when it is gone.
fn read_batch(decoder: &mut Decoder) -> Option<Vec<Input>> {
    let mut typed = Vec::new();
    let mut patience = None;
    for _ in 0..READS {
        match ask(patience) {
            Said::Gone => return None,
            Said::Bytes => {}
            Said::Nothing if decoder.waits() => {
                typed.extend(decoder.flush());
                break;
            }
            Said::Nothing => break,
        }
        let mut bytes = [0; 4096];
        match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
            Ok(0) => return None,
            Ok(count) => typed.extend(decoder.feed(&bytes[..count])),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => return None,
        }
        patience = Some(match (decoder.waits(), decoder.is_pasting()) {
            (true, true) => PASTE_MS,
            (true, false) => REST_MS,
            (false, _) => 0,
        });
    }
    let alone = typed.len() == 1;
    let inputs = typed.into_iter().filter_map(|one| match one {
        Typed::Key(key) => Some(Input::Key { key, alone }),
        Typed::Paste(text) => Some(Input::Paste(text)),
        Typed::Other => None,
    });
    Some(inputs.collect())
}

/// Waits for bytes, for so many milliseconds or for as long as it takes.
fn ask(patience_ms: Option<u64>) -> Said {
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let limit = patience_ms.map(|ms| Timespec {
        tv_sec: i64::try_from(ms / 1000).unwrap_or(0),
        tv_nsec: i64::try_from(ms % 1000 * 1_000_000).unwrap_or(0),
    });
    loop {
        match rustix::event::poll(&mut fds, limit.as_ref()) {
            Ok(0) => return Said::Nothing,
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(_) => return Said::Gone,
        }
    }
    let said = fds[0].revents();
    if said.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        Said::Gone
    } else {
        Said::Bytes
    }
}

/// Forgets what was typed at the terminal before now: a key counts only after its request was on screen.
pub fn forget_typed() {
    let stdin = rustix::stdio::stdin();
    if rustix::termios::isatty(stdin) {
        // A terminal that cannot forget is one that cannot be read either; the next read says so.
        let _ = rustix::termios::tcflush(stdin, rustix::termios::QueueSelector::IFlush);
    }
}

/// One line typed at (or piped into) standard input, read on a thread that may block; `None` when there are no more.
///
/// # Errors
/// When standard input cannot be read.
pub async fn line() -> io::Result<Option<String>> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        let bytes = io::stdin().lock().read_line(&mut line)?;
        Ok((bytes > 0).then(|| line.trim().to_owned()))
    });
    read.await.map_err(io::Error::other)?
}

/// The signals that the console answers. They are caught from the moment this is made, before the terminal is taken.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    window: Signal,
}

impl Signals {
    /// Catches SIGTERM, SIGHUP, SIGINT and SIGWINCH from now on.
    ///
    /// # Errors
    /// When a signal cannot be caught.
    pub fn catch() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            window: signal(SignalKind::window_change())?,
        })
    }

    /// Passes them on, for as long as somebody listens. SIGTERM, SIGHUP and SIGINT mean: end now, whole.
    pub async fn pass_on(mut self, inputs: Sender<Input>) {
        loop {
            let input = tokio::select! {
                _ = self.terminate.recv() => Input::HangUp,
                _ = self.hang_up.recv() => Input::HangUp,
                _ = self.interrupt.recv() => Input::HangUp,
                _ = self.window.recv() => Input::Resize,
            };
            if inputs.send(input).await.is_err() {
                return;
            }
        }
    }
}

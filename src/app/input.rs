//! Keys from the terminal, on a thread of their own; and the ways the system says that it is over.
//!
//! crossterm's reader spins when its terminal hangs up, so this thread asks the kernel first and never calls
//! crossterm on a dead terminal. Keys that came in one read are marked: only a key that came alone may send.

use std::io;
use std::io::BufRead;
use std::time::Duration;

use crossterm::event::Event as Terminal;
use crossterm::event::KeyEventKind;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc::Sender;

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
            while let Some(batch) = read_batch() {
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

/// Everything that waits in the terminal, or `None` when it is gone.
fn read_batch() -> Option<Vec<Input>> {
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    match rustix::event::poll(&mut fds, None) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Some(Vec::new()),
        Err(_) => return None,
    }
    let said = fds[0].revents();
    if said.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return None;
    }
    let mut events = Vec::new();
    while crossterm::event::poll(Duration::ZERO).ok()? {
        events.push(crossterm::event::read().ok()?);
    }
    let keys = events.iter().filter(|event| pressed(event)).count();
    let alone = keys == 1 && events.len() <= 2;
    Some(
        events
            .into_iter()
            .filter_map(|event| translate(event, alone))
            .collect(),
    )
}

fn pressed(event: &Terminal) -> bool {
    matches!(event, Terminal::Key(key) if key.kind != KeyEventKind::Release)
}

fn translate(event: Terminal, alone: bool) -> Option<Input> {
    match event {
        Terminal::Key(key) if key.kind != KeyEventKind::Release => {
            Key::of(key).map(|key| Input::Key { key, alone })
        }
        Terminal::Paste(text) => Some(Input::Paste(text)),
        Terminal::Resize(..) => Some(Input::Resize),
        _ => None,
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

//! The program in a terminal of its own, with the moment at which every piece of its output arrived.

use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::channel;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use portable_pty::Child;
use portable_pty::CommandBuilder;
use portable_pty::MasterPty;
use portable_pty::PtySize;
use portable_pty::native_pty_system;

/// How long anything may take before a measurement is given up.
const LIMIT: Duration = Duration::from_secs(120);
/// What ends a frame on a terminal that knows synchronized updates.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// A program in a terminal of 120 x 40.
pub(crate) struct Pty {
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
    begun: Vec<u8>,
    /// When it was started.
    pub(crate) started: Instant,
    /// Bytes it has written.
    pub(crate) written: usize,
}

/// One whole frame.
pub(crate) struct Frame {
    /// When its last byte arrived.
    pub(crate) at: Instant,
    /// Its bytes.
    pub(crate) bytes: usize,
    /// True when any cell of the screen differs from the frame before.
    pub(crate) changed: bool,
}

impl Pty {
    /// Starts the program; everything it keeps goes below `home`.
    pub(crate) fn start(program: &Path, args: &[&str], home: &Path) -> anyhow::Result<Pty> {
        let (cols, rows) = (120, 40);
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", home);
        command.cwd(home);
        let mut reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if send
                    .send((Instant::now(), buffer[..read].to_vec()))
                    .is_err()
                {
                    return;
                }
            }
        });
        let started = Instant::now();
        let child = pair.slave.spawn_command(command)?;
        Ok(Pty {
            _master: pair.master,
            keys,
            child,
            output,
            parser: vt100::Parser::new(rows, cols, 0),
            begun: Vec::new(),
            started,
            written: 0,
        })
    }

    /// The process.
    pub(crate) fn process(&self) -> anyhow::Result<u32> {
        self.child.process_id().context("the program has ended")
    }

    /// The screen as lines.
    pub(crate) fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Presses keys, all in one write, and gives the moment before it.
    pub(crate) fn press(&mut self, keys: &str) -> anyhow::Result<Instant> {
        let now = Instant::now();
        self.keys.write_all(keys.as_bytes())?;
        self.keys.flush()?;
        Ok(now)
    }

    /// The next whole frame, or `None` when none came until then.
    pub(crate) fn frame(&mut self, until: Instant) -> anyhow::Result<Option<Frame>> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let (at, piece) = match self.output.recv_timeout(left) {
                Ok(piece) => piece,
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    anyhow::bail!("the program ended; its screen:\n{}", self.screen())
                }
            };
            self.written += piece.len();
            self.begun.extend_from_slice(&piece);
            if !self.begun.ends_with(FRAME_END) {
                continue;
            }
            let before = self.parser.screen().contents_formatted();
            let whole = std::mem::take(&mut self.begun);
            self.parser.process(&whole);
            return Ok(Some(Frame {
                at,
                bytes: whole.len(),
                changed: self.parser.screen().contents_formatted() != before,
            }));
        }
    }

    /// Waits for the frame after which the screen is as `seen` wants it.
    pub(crate) fn wait(
        &mut self,
        what: &str,
        seen: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Instant> {
        let end = Instant::now() + LIMIT;
        loop {
            let frame = self.frame(end)?;
            let screen = self.screen();
            match frame {
                Some(frame) if seen(&screen) => return Ok(frame.at),
                Some(_) => {}
                None => anyhow::bail!("{what}: did not happen; the screen:\n{screen}"),
            }
        }
    }

    /// Takes frames until none has come for so long.
    pub(crate) fn settle(&mut self, quiet: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + LIMIT;
        while self.frame(Instant::now() + quiet)?.is_some() {
            anyhow::ensure!(Instant::now() < end, "the screen does not come to rest");
        }
        Ok(())
    }

    /// Every frame of so long a time.
    pub(crate) fn watch(&mut self, time: Duration) -> anyhow::Result<Vec<Frame>> {
        let end = Instant::now() + time;
        let mut frames = Vec::new();
        while let Some(frame) = self.frame(end)? {
            frames.push(frame);
        }
        Ok(frames)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // A measurement that failed must not leave its program behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

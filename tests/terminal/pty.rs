//! The real binary in a terminal of its own: what it draws, as a person would see it.

use std::collections::BTreeMap;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::channel;
use std::time::Duration;
use std::time::Instant;

use portable_pty::Child;
use portable_pty::CommandBuilder;
use portable_pty::ExitStatus;
use portable_pty::MasterPty;
use portable_pty::PtySize;
use portable_pty::native_pty_system;

/// How long anything may take before a test says that it did not happen.
pub(crate) const LIMIT: Duration = Duration::from_secs(45);

/// A program in a terminal.
pub(crate) struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    gone: Arc<AtomicBool>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// Bytes the program has written.
    pub(crate) written: usize,
    /// Those bytes.
    pub(crate) raw: Vec<u8>,
}

impl Pty {
    /// Starts `program` in a terminal of `cols` x `rows`; everything it keeps goes below `home`.
    pub(crate) fn start(
        program: &Path,
        args: &[&str],
        home: &Path,
        (cols, rows): (u16, u16),
        env: &BTreeMap<&str, &str>,
    ) -> Pty {
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        for (name, value) in [
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("PATH", "/usr/bin:/bin"),
        ] {
            command.env(name, value);
        }
        command.env("HOME", home);
        for (name, value) in env {
            command.env(name, value);
        }
        command.cwd(home);
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let keys = pair.master.take_writer().expect("a writer");
        let (send, output) = channel();
        let gone = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&gone);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(read) = reader.read(&mut buffer) {
                if over.load(Ordering::SeqCst)
                    || read == 0
                    || send.send(buffer[..read].to_vec()).is_err()
                {
                    return;
                }
            }
        });
        Pty {
            master: Some(pair.master),
            keys: Some(keys),
            gone,
            child,
            output,
            parser: vt100::Parser::new(rows, cols, 0),
            written: 0,
            raw: Vec::new(),
        }
    }

    /// The screen as lines without trailing blanks.
    pub(crate) fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// True while the program shows its own screen.
    pub(crate) fn alternate(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// True while the cursor is hidden.
    pub(crate) fn cursor_hidden(&self) -> bool {
        self.parser.screen().hide_cursor()
    }

    /// Whether the terminal shows what is typed, and takes it line by line.
    pub(crate) fn echoes(&self) -> bool {
        use rustix::termios::LocalModes;
        let master = self.master.as_ref().expect("the terminal is open");
        let name = master.tty_name().expect("its name");
        let terminal = std::fs::File::open(name).expect("the terminal");
        let modes = rustix::termios::tcgetattr(&terminal).expect("its modes");
        modes
            .local_modes
            .contains(LocalModes::ECHO | LocalModes::ICANON)
    }

    /// Presses keys, all in one write.
    pub(crate) fn press(&mut self, keys: &str) {
        let writer = self.keys.as_mut().expect("the terminal is open");
        writer.write_all(keys.as_bytes()).expect("keys");
        writer.flush().expect("keys");
    }

    /// Waits until the screen holds `words`.
    pub(crate) fn wait_for(&mut self, words: &str) {
        self.wait(&format!("\"{words}\" on the screen"), |screen| {
            screen.contains(words)
        });
    }

    /// Waits until the screen is as `seen` wants it.
    pub(crate) fn wait(&mut self, what: &str, seen: impl Fn(&str) -> bool) {
        let end = Instant::now() + LIMIT;
        while !seen(&self.screen()) {
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(error) => panic!(
                    "{what}: did not happen ({error}). The screen:\n{}",
                    self.screen()
                ),
            }
        }
    }

    /// Whether the screen holds `words` within so long.
    pub(crate) fn seen_within(&mut self, wait: Duration, words: &str) -> bool {
        let end = Instant::now() + wait;
        while !self.screen().contains(words) {
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => return false,
            }
        }
        true
    }

    fn take(&mut self, bytes: &[u8]) {
        self.written += bytes.len();
        self.raw.extend(bytes);
        self.parser.process(bytes);
    }

    /// Gives the window another size.
    pub(crate) fn resize(&mut self, cols: u16, rows: u16) {
        self.parser.screen_mut().set_size(rows, cols);
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.master
            .as_ref()
            .expect("the terminal is open")
            .resize(size)
            .expect("resized");
    }

    /// The program's process id.
    pub(crate) fn id(&self) -> i32 {
        let id = self.child.process_id();
        id.and_then(|id| i32::try_from(id).ok()).expect("a process")
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = self.id();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).expect("a pid"), signal)
            .expect("signalled");
    }

    /// Takes the terminal away, as a lost SSH connection does.
    ///
    /// The thread that reads holds the terminal as well and is waiting: another size makes the program draw, so that
    /// the thread wakes, sees that it is over and lets go.
    pub(crate) fn hang_up(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
        self.resize(100, 30);
        self.keys = None;
        self.master = None;
    }

    /// Waits until the program has ended and gives back how, with everything it wrote taken in.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
                    self.take(&bytes);
                }
                return status;
            }
            assert!(
                Instant::now() < end,
                "the program did not end. The screen:\n{}",
                self.screen()
            );
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(50)) {
                self.take(&bytes);
            }
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // A test that failed must not leave its program behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

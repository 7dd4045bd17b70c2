//! The simulated estate as a process of its own.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

use crate::console::PROGRAM;
use crate::estate::Estate;

/// `crashcart sim` and its folder.
pub(crate) struct Simulator {
    process: Child,
    home: TempDir,
    config: PathBuf,
    admin: PathBuf,
    audit_log: PathBuf,
}

impl Simulator {
    /// Starts it and waits until it serves.
    pub(crate) fn start() -> Simulator {
        let home = tempfile::tempdir().expect("a folder");
        let dir = home.path().join("sim");
        let mut process = Command::new(PROGRAM)
            .args(["sim", "--dir"])
            .arg(&dir)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the simulator starts");
        let out = BufReader::new(process.stdout.take().expect("its output"));
        let simulator = Simulator {
            process,
            home,
            config: dir.join("crashcart.toml"),
            admin: dir.join("dana.kubeconfig"),
            audit_log: dir.join("sth-prod.audit.jsonl"),
        };
        let mut lines = out.lines().map_while(Result::ok);
        let ready = lines.any(|line| line.starts_with("kubectl:"));
        assert!(ready, "the simulator ended before it served");
        simulator
    }
}

impl Estate for Simulator {
    fn config(&self) -> &Path {
        &self.config
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    fn alice(&self) -> &[&'static str] {
        &["--as", "alice"]
    }

    fn cluster(&self) -> &'static str {
        "sth-prod"
    }

    fn namespace(&self) -> &'static str {
        "billing"
    }

    fn zone(&self) -> &'static str {
        "administrative"
    }

    fn admin(&self) -> &Path {
        &self.admin
    }

    fn audit_log(&self) -> &Path {
        &self.audit_log
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // A test that failed must not leave its program behind.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

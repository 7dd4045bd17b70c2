//! Properties of the whole room: what a crash, a full disk, a second process or a forger can do to a log.

mod crash;
mod faults;
mod forgery;
mod mending;
mod reading;
mod sealing;
mod together;

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use crate::audit::disk::Disk;
use crate::audit::disk::Local;
use crate::audit::entry::Draft;
use crate::audit::entry::Stamp;
use crate::audit::error::AuditError;
use crate::audit::folder;
use crate::audit::kind::Kind;
use crate::audit::log::Log;
use crate::text::SafeText;

/// The call that a [`Faulty`] disk fails at, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The disk is broken.
    Broken,
    /// The disk is full; a write takes half of the bytes first.
    Full,
    /// The disk is gone for good, in the middle of a write.
    Gone,
}

/// A disk that does not wait for the platters and fails at one call, counted from now.
#[derive(Clone, Default)]
struct Faulty {
    calls: Arc<AtomicUsize>,
    at: Arc<AtomicUsize>,
    fault: Option<Fault>,
}

impl Faulty {
    /// A disk that only is quick.
    fn quick() -> Box<dyn Disk> {
        Box::new(Self {
            at: Arc::new(AtomicUsize::new(usize::MAX)),
            ..Self::default()
        })
    }

    fn new(fault: Fault) -> Self {
        Self {
            at: Arc::new(AtomicUsize::new(usize::MAX)),
            fault: Some(fault),
            ..Self::default()
        }
    }

    /// Lets the `n`th call from now fail, counted from 0.
    fn fail_in(&self, n: usize) {
        self.at
            .store(self.calls.load(Ordering::SeqCst) + n, Ordering::SeqCst);
    }

    /// Tells whether the failing call has come.
    fn struck(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > self.at.load(Ordering::SeqCst)
    }

    fn count(&self) -> Option<io::Error> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let at = self.at.load(Ordering::SeqCst);
        let strike = call == at || (call > at && self.fault == Some(Fault::Gone));
        strike.then(|| match self.fault {
            Some(Fault::Full) => io::Error::from_raw_os_error(28),
            _ => io::Error::from_raw_os_error(5),
        })
    }
}

impl Disk for Faulty {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.count().map_or_else(|| Local.create(path), Err)
    }

    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        match self.count() {
            Some(_) if self.fault != Some(Fault::Broken) => {
                Local.write(file, &bytes[..bytes.len() / 2])
            }
            Some(e) => Err(e),
            None => Local.write(file, bytes),
        }
    }

    fn sync(&self, _: &File) -> io::Result<()> {
        self.count().map_or(Ok(()), Err)
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.count().map_or(Ok(()), Err)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        self.count().map_or_else(|| Local.truncate(file, len), Err)
    }

    fn overwrite(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self.count() {
            Some(e) => {
                if self.fault != Some(Fault::Broken) {
                    Local.overwrite(file, &bytes[..bytes.len() / 2], offset)?;
                }
                Err(e)
            }
            None => Local.overwrite(file, bytes, offset),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.count().map_or_else(|| Local.rename(from, to), Err)
    }
}

/// The moment most entries are written at; time may stand still.
fn stamp() -> Stamp {
    at(0)
}

/// So many seconds after 2026-08-15 04:11Z.
fn at(second: i64) -> Stamp {
    let start: Timestamp = "2026-08-15T04:11:00Z".parse().unwrap();
    Stamp {
        ts: Timestamp::from_second(start.as_second() + second).unwrap(),
        mono_ns: 9_007_199_254_740_993 + u64::try_from(second).unwrap_or(0) * 1_000_000_000,
        boot: "b1".to_owned(),
    }
}

fn open(dir: &Path) -> Log {
    Log::open_on(Faulty::quick(), dir, ("jump-1/0197c1f2", None), &stamp()).unwrap()
}

/// A draft that can be told apart by its number.
fn draft(n: usize) -> Draft {
    let mut draft = Draft::new(Kind::StepAnswered);
    draft.actor.kube_user = Some(SafeText::new("alice@meridian.test"));
    draft.run = Some(SafeText::new("7f3a"));
    draft.step = Some(SafeText::from(n.to_string()));
    draft
}

fn append(log: &mut Log, n: usize) -> Result<u64, AuditError> {
    log.append(draft(n), None, &stamp())
        .map(|receipt| receipt.seq)
}

/// A folder with a log of so many entries, `log.open` counted.
fn built(entries: u64) -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("log");
    let mut log = open(&dir);
    for n in 1..entries {
        append(&mut log, usize::try_from(n).unwrap()).unwrap();
    }
    assert_eq!(log.size(), entries);
    (temp, dir)
}

/// The first segment.
fn segment(dir: &Path) -> PathBuf {
    folder::segment(dir, 1)
}

/// Which drafts of [`draft`] a log holds, in order.
fn steps(log: &Log) -> Vec<usize> {
    let entries = log.entries(1, u64::MAX).unwrap();
    entries
        .iter()
        .filter_map(|entry| entry.step.as_ref()?.as_str().parse().ok())
        .collect()
}

/// Reads a file's lines, newlines included.
fn lines(path: &Path) -> Vec<Vec<u8>> {
    fs::read(path)
        .unwrap()
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

//! Every call that changes the disk, in one place, so that a test can make each of them fail.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// How a change of the disk failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was not made: what stood before still stands, or can be put back.
    Undone(io::Error),
    /// The disk did not confirm it: nobody knows what a crash would leave.
    InDoubt(io::Error),
}

/// What the log does to a disk.
pub(super) trait Disk: Send {
    /// Makes a new file for appending, 0600; one that is there already is an error.
    fn create(&self, path: &Path) -> io::Result<File>;
    /// Hands bytes to the system once and says how many it took.
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize>;
    /// Waits until the contents of a file are kept.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Waits until the names in a folder are kept.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Cuts a file to a length.
    fn truncate(&self, file: &File, len: u64) -> io::Result<()>;
    /// Writes over a part of a file that is there, from an offset, and waits for nothing.
    fn overwrite(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Puts a file in the place of another, at once.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Writes all bytes with one call; fewer taken is an error.
    fn write_whole(&self, file: &File, bytes: &[u8]) -> io::Result<()> {
        let taken = self.write(file, bytes)?;
        if taken == bytes.len() {
            return Ok(());
        }
        let said = format!("only {taken} of {} bytes were written", bytes.len());
        Err(io::Error::new(io::ErrorKind::StorageFull, said))
    }
}

/// The disk of this host.
pub(super) struct Local;

impl Disk for Local {
    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(nofollow())
            .open(path)
    }

    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match file.write(bytes) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn overwrite(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }
}

/// The flags that keep an open from following a link or waiting on a pipe.
pub(super) fn nofollow() -> i32 {
    // The bits of these two flags are far below the sign bit.
    i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits()).unwrap_or(0)
}

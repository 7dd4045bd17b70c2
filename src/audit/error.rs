//! What can go wrong in this room. Each sentence says what failed, where, and what to do next.

use std::io;
use std::path::PathBuf;

use crate::text::count;

/// Everything the log can refuse or fail at; the cause, where there is one, is the source.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The folder or a file in it could be read or changed by someone else, or cannot hold a log.
    #[error("the log folder cannot be trusted: {path} {why}; {next}", path = path.display())]
    Unsafe {
        /// The folder or file that was refused.
        path: PathBuf,
        /// What is wrong with it, beginning with a verb.
        why: String,
        /// What to do about it.
        next: &'static str,
    },
    /// The folder is on a file system that another machine answers for.
    #[error("{path} is on a network file system ({system}), whose locks and syncs do not hold; name a folder on a disk of this host with --state", path = path.display())]
    Remote {
        /// The folder of the log.
        path: PathBuf,
        /// The file system.
        system: String,
    },
    /// A file of the log could not be worked with; nothing was recorded.
    #[error("{operation} {path} failed, so nothing was recorded; mend the disk or its rights, then try again", path = path.display())]
    File {
        /// What was tried, as a verb.
        operation: &'static str,
        /// The file it was tried on.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the log could not be read.
    #[error("{path} cannot be read; check that it exists and that you may read it", path = path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An entry could not be written; what was written of it has been taken back.
    #[error("entry {} could not be written to {}; free space there, then try again", count(*seq), path.display())]
    Write {
        /// The number the entry would have had.
        seq: u64,
        /// The file it was meant for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk did not confirm that an entry is kept; this log takes no more.
    #[error("the disk did not confirm entry {} in {}; the log is stopped, check the disk and start anew", count(*seq), path.display())]
    Sync {
        /// The entry that is in doubt.
        seq: u64,
        /// The file it is in.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier failure stopped this log.
    #[error("the log in {} is stopped since the disk failed; check the disk and start anew", path.display())]
    Stopped {
        /// The folder of the log.
        path: PathBuf,
    },
    /// An entry is longer than a line may be.
    #[error("entry {} would be {} bytes long in {}, the limit is {}; what is long belongs in its body", count(*seq), count(*bytes), path.display(), count(super::entry::MAX_LINE as u64))]
    TooLong {
        /// The number the entry would have had.
        seq: u64,
        /// How long its line would be, in bytes.
        bytes: u64,
        /// The folder of the log.
        path: PathBuf,
    },
    /// A change was asked for outside a run.
    #[error(
        "a change on {cluster} was not recorded and not sent: no run is open; open a run first"
    )]
    NoRun {
        /// The cluster it was meant for.
        cluster: String,
    },
    /// An entry cannot be proved by itself.
    #[error("entry {} in {} cannot be proved: {why}", count(*seq), path.display())]
    Unproved {
        /// The number that was asked for.
        seq: u64,
        /// The folder of the log.
        path: PathBuf,
        /// Why, and what to do about it.
        why: String,
    },
    /// A line of the log is not an entry.
    #[error("entry {} in {} cannot be read; run log verify", count(*seq), path.display())]
    Damaged {
        /// The number of the entry, counted by its place.
        seq: u64,
        /// The file it is in.
        path: PathBuf,
    },
    /// A body is not the one its entry names.
    #[error("the body of entry {} in {} is not the one recorded; run log verify", count(*seq), path.display())]
    BodyDiffers {
        /// The entry the body belongs to.
        seq: u64,
        /// The side file.
        path: PathBuf,
    },
}

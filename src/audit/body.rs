//! Side files: what is long, or must be erasable, stands beside the log and only its commitment in it.
//!
//! A side file is `bodies/<seq>`: 16 bytes of salt, then the bytes. The entry holds
//! `SHA-256(salt, bytes)` and the length. Without the salt a short value cannot be guessed from
//! its hash, so deleting the file erases it and leaves the proof of the log whole.

use std::fs;
use std::io;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use crate::audit::disk::Disk;
use crate::audit::disk::Failure;
use crate::audit::error::AuditError;
use crate::audit::folder;
use crate::audit::leaf::Leaf;

/// The folder of the side files, below the log's.
pub(super) const FOLDER: &str = "bodies";

const SALT: usize = 16;

/// The commitment of an entry to its side file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// SHA-256 over salt and bytes.
    pub c: Leaf,
    /// How many bytes, salt not counted.
    pub n: u64,
}

/// What a look at a side file showed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is there and is the one recorded.
    Same(Vec<u8>),
    /// It is not there: erased on purpose, or shipped.
    Erased,
    /// It is there and is another one.
    Differs,
}

/// Salts and hashes the bytes of a body; gives the commitment and what belongs in the side file.
///
/// The salt is a random UUID: 122 of its 128 bits are random, more than anyone can try.
pub(super) fn seal(bytes: &[u8]) -> (Body, Vec<u8>) {
    let salt = uuid::Uuid::new_v4();
    let mut content = Vec::with_capacity(SALT + bytes.len());
    content.extend_from_slice(salt.as_bytes());
    content.extend_from_slice(bytes);
    (
        Body {
            c: commitment(&content),
            n: bytes.len() as u64,
        },
        content,
    )
}

/// Hashes a whole side file.
fn commitment(content: &[u8]) -> Leaf {
    Leaf::from_bytes(Sha256::digest(content).into())
}

/// Names the side file of an entry.
pub(super) fn path(dir: &Path, seq: u64) -> PathBuf {
    dir.join(FOLDER).join(seq.to_string())
}

/// Writes and syncs a side file and the folder it is in.
pub(super) fn write(disk: &dyn Disk, dir: &Path, seq: u64, content: &[u8]) -> Result<(), Failure> {
    let path = path(dir, seq);
    // What may stand here is left from an entry that was never written.
    match fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(Failure::Undone(e)),
        _ => {}
    }
    let file = disk.create(&path).map_err(Failure::Undone)?;
    disk.write_whole(&file, content).map_err(Failure::Undone)?;
    disk.sync(&file).map_err(Failure::InDoubt)?;
    disk.sync_folder(&dir.join(FOLDER))
        .map_err(Failure::InDoubt)
}

/// Reads the side file of an entry and compares it with the commitment.
pub(super) fn read(dir: &Path, seq: u64, body: &Body) -> Result<Kept, AuditError> {
    let path = path(dir, seq);
    let fail = |source| folder::reading(&path, source);
    let file = match folder::open_plain(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Kept::Erased),
        Err(e) => return Err(fail(e)),
    };
    if file.metadata().map_err(fail)?.len() != body.n.saturating_add(SALT as u64) {
        return Ok(Kept::Differs);
    }
    let mut content = Vec::new();
    file.take(body.n.saturating_add(SALT as u64))
        .read_to_end(&mut content)
        .map_err(fail)?;
    if commitment(&content) != body.c {
        return Ok(Kept::Differs);
    }
    content.drain(..SALT.min(content.len()));
    Ok(Kept::Same(content))
}

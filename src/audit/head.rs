//! The `head` file: how many entries there are and the hash of the last, replaced after each append.
//!
//! A chain of hashes cannot see that its end was cut off or its last line altered; the head can.

use std::fs;
use std::io;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use crate::audit::disk::Disk;
use crate::audit::disk::Failure;
use crate::audit::folder;
use crate::audit::leaf::Leaf;

/// The name of the file, in the log's folder.
pub(super) const NAME: &str = "head";

/// Where the log ends, by its own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// The version of this form.
    pub(super) v: u32,
    /// How many entries there are, which is the number of the last.
    pub(super) size: u64,
    /// The hash of the last.
    pub(super) leaf: Leaf,
    /// The number of the first entry of the segment the last one is in.
    pub(super) segment: u64,
    /// How long that segment is, in bytes.
    pub(super) bytes: u64,
}

/// What a look at the file showed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is not there.
    Missing,
    /// It is there and cannot be understood.
    Garbled,
    /// It is there.
    Read(Head),
}

/// Reads the head of a folder.
pub(super) fn read(dir: &Path) -> io::Result<Seen> {
    let file = match folder::open_plain(&dir.join(NAME)) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Seen::Missing),
        Err(e) => return Err(e),
    };
    let mut text = Vec::new();
    file.take(4096).read_to_end(&mut text)?;
    let head = serde_json::from_slice(&text)
        .ok()
        .filter(|head: &Head| head.v == 1);
    Ok(head.map_or(Seen::Garbled, Seen::Read))
}

/// Replaces the head at once: a crash leaves the old one or the new one.
pub(super) fn replace(disk: &dyn Disk, dir: &Path, head: &Head) -> Result<(), Failure> {
    let path = dir.join("head.new");
    match fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(Failure::Undone(e)),
        _ => {}
    }
    let mut text = serde_json::to_vec(head).map_err(|e| Failure::Undone(e.into()))?;
    text.push(b'\n');
    let file = disk.create(&path).map_err(Failure::Undone)?;
    disk.write_whole(&file, &text).map_err(Failure::Undone)?;
    disk.sync(&file).map_err(Failure::InDoubt)?;
    disk.rename(&path, &dir.join(NAME))
        .map_err(Failure::Undone)?;
    disk.sync_folder(dir).map_err(Failure::InDoubt)
}

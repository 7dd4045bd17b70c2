//! The `head` file: how many entries there are, the hash of the last, and the root over all of them.
//!
//! A chain of hashes cannot see that its end was cut off or its last line altered; the head can. It is written over
//! after each append and waits for no disk: a host that loses its power may find an older one, which says less and
//! nothing false. So that a write broken off half-way leaves one to read, there are two places, used in turn.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use crate::audit::disk;
use crate::audit::disk::Disk;
use crate::audit::disk::Failure;
use crate::audit::folder;
use crate::audit::leaf::Leaf;

/// The name of the file, in the log's folder.
pub(super) const NAME: &str = "head";

/// The length of one of its two places, in bytes: what a disk writes whole or not at all.
const BLOCK: usize = 512;

/// Where the log ends, by its own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// The version of this form: 1 without a root, 2 with one.
    pub(super) v: u32,
    /// How many entries there are, which is the number of the last.
    pub(super) size: u64,
    /// The hash of the last.
    pub(super) leaf: Leaf,
    /// The number of the first entry of the segment the last one is in.
    pub(super) segment: u64,
    /// How long that segment is, in bytes.
    pub(super) bytes: u64,
    /// The root of the tree over all entries; logs of before there was a tree have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) root: Option<Leaf>,
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
    /// It is there, and one of its places cannot be understood: a write was broken off, or someone wrote there.
    Half(Head),
}

impl Seen {
    /// Gives the head, where there is one.
    pub(super) fn head(&self) -> Option<&Head> {
        match self {
            Self::Read(head) | Self::Half(head) => Some(head),
            Self::Missing | Self::Garbled => None,
        }
    }
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
    Ok(judge(&text))
}

/// Tells what bytes are as a head.
fn judge(text: &[u8]) -> Seen {
    if text.len() != 2 * BLOCK {
        let head = serde_json::from_slice(text).ok();
        let head = head.filter(|head: &Head| head.v == 1 && head.root.is_none());
        return head.map_or(Seen::Garbled, Seen::Read);
    }
    let (one, two) = text.split_at(BLOCK);
    match (place(one), place(two)) {
        (Some(one), Some(two)) => Seen::Read(if one.size > two.size { one } else { two }),
        (Some(head), None) | (None, Some(head)) => Seen::Half(head),
        (None, None) => Seen::Garbled,
    }
}

/// Reads one place: the head, a blank, the beginning of its SHA-256, and blanks up to a newline.
fn place(block: &[u8]) -> Option<Head> {
    let text = std::str::from_utf8(block).ok()?;
    let head = text.split(' ').next()?;
    let head: Head = serde_json::from_str(head).ok()?;
    (worded(&head)? == block && head.v == 2 && head.root.is_some()).then_some(head)
}

/// Words a head as one place; nothing where it is too long for one, which none is.
fn worded(head: &Head) -> Option<Vec<u8>> {
    let mut block = serde_json::to_vec(head).ok()?;
    let sum = Leaf::from_bytes(Sha256::digest(&block).into()).to_string();
    block.push(b' ');
    block.extend_from_slice(&sum.as_bytes()[..16]);
    let room = BLOCK.checked_sub(block.len() + 1)?;
    block.resize(block.len() + room, b' ');
    block.push(b'\n');
    Some(block)
}

/// Writes the head after an append: over the older of its places, where there are two.
///
/// The entry is kept already when this is called, so a failure leaves more in the log than its head says.
pub(super) fn write(disk: &dyn Disk, dir: &Path, head: &Head) -> Result<(), Failure> {
    match open(dir) {
        Some(file) => {
            let block = wording(head).map_err(Failure::InDoubt)?;
            let offset = BLOCK as u64 * (head.size % 2);
            disk.overwrite(&file, &block, offset)
                .map_err(Failure::InDoubt)
        }
        None => replace(disk, dir, head),
    }
}

fn wording(head: &Head) -> io::Result<Vec<u8>> {
    worded(head).ok_or_else(|| io::Error::other("the head is too long"))
}

/// Opens a head that has two places.
fn open(dir: &Path) -> Option<File> {
    let file = OpenOptions::new()
        .write(true)
        .custom_flags(disk::nofollow())
        .open(dir.join(NAME))
        .ok()?;
    let meta = file.metadata().ok()?;
    (meta.is_file() && meta.len() == 2 * BLOCK as u64).then_some(file)
}

/// Replaces the head at once and waits until it is kept: a crash leaves the old one or the new one.
pub(super) fn replace(disk: &dyn Disk, dir: &Path, head: &Head) -> Result<(), Failure> {
    let path = dir.join("head.new");
    match fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(Failure::Undone(e)),
        _ => {}
    }
    let block = wording(head).map_err(Failure::Undone)?;
    let file = disk.create(&path).map_err(Failure::Undone)?;
    disk.write_whole(&file, &[&block[..], &block[..]].concat())
        .map_err(Failure::Undone)?;
    disk.sync(&file).map_err(Failure::InDoubt)?;
    disk.rename(&path, &dir.join(NAME))
        .map_err(Failure::Undone)?;
    disk.sync_folder(dir).map_err(Failure::InDoubt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::disk::Local;

    fn head(size: u64) -> Head {
        Head {
            v: 2,
            size,
            leaf: Leaf::of(b"last"),
            segment: 1,
            bytes: 600 * size,
            root: Some(Leaf::of(b"root")),
        }
    }

    #[test]
    fn the_newer_of_two_places_counts_and_a_broken_one_leaves_the_other() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        assert_eq!(read(dir).unwrap(), Seen::Missing);
        for size in 1..=4 {
            write(&Local, dir, &head(size)).unwrap();
            assert_eq!(read(dir).unwrap(), Seen::Read(head(size)));
        }
        let whole = fs::read(dir.join(NAME)).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            // Entry 4 stands in the first place, entry 3 in the second.
            let kept = if at < BLOCK { 3 } else { 4 };
            assert_eq!(judge(&bytes), Seen::Half(head(kept)), "byte {at}");
        }
        assert_eq!(judge(&[b' '; 2 * BLOCK]), Seen::Garbled);
    }

    #[test]
    fn the_head_of_an_older_version_is_read() {
        let old = format!(
            "{{\"v\":1,\"size\":7,\"leaf\":\"{}\",\"segment\":1,\"bytes\":4200}}\n",
            Leaf::of(b"last")
        );
        let said = judge(old.as_bytes());
        assert_eq!(
            said.head().map(|head| (head.size, head.root)),
            Some((7, None))
        );
        assert_eq!(judge(&old.as_bytes()[1..]), Seen::Garbled);
    }
}

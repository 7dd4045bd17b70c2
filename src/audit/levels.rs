//! The tree on disk: `tree/0` holds the leaf of each entry, `tree/1` the root of every 256 of them, `tree/2` of every
//! 65 536, 32 bytes each.
//!
//! All of it can be computed again from the segments, so nothing waits for it to be kept, and nothing believes it
//! unless the root it leads to is the one of the head or of a signed checkpoint. With it a proof among millions of
//! entries reads a few kilobytes.

use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use crate::audit::disk;
use crate::audit::folder;
use crate::audit::leaf::Leaf;
use crate::audit::tree;
use crate::audit::tree::Nodes;
use crate::audit::tree::STRIDE;
use crate::audit::tree::Stored;

/// The folder of the stored hashes, below the log's.
pub(super) const FOLDER: &str = "tree";

/// How many levels there can be: more than 2^56 entries there are not.
const LEVELS: u32 = 7;

/// The length of a hash, in bytes.
const HASH: u64 = 32;

/// The stored hashes of a log.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    dir: PathBuf,
}

impl Levels {
    /// Names the stored hashes of the log in a folder; nothing is made or read.
    pub(super) fn of(log: &Path) -> Self {
        Self {
            dir: log.join(FOLDER),
        }
    }

    fn path(&self, level: u32) -> PathBuf {
        self.dir.join(level.to_string())
    }

    /// Gives how many leaves are stored.
    pub(super) fn len(&self) -> u64 {
        let length = folder::open_plain(&self.path(0)).and_then(|file| Ok(file.metadata()?.len()));
        length.map_or(0, |bytes| bytes / HASH)
    }

    /// Stores hashes at their places.
    ///
    /// # Errors
    /// When a file cannot be written; what is missing is computed again when it is needed.
    pub(super) fn store(&self, stored: &[Stored]) -> io::Result<()> {
        for level in 0..LEVELS {
            let mut row = stored
                .iter()
                .filter(|one| one.level == level)
                .map(|one| (one.index, one.hash))
                .peekable();
            let Some(&(first, _)) = row.peek() else {
                // A level above an empty one is empty as well.
                return Ok(());
            };
            let file = self.open(level)?;
            let (mut from, mut bytes) = (first, Vec::new());
            let mut next = first;
            for (index, hash) in row {
                if index != next {
                    file.write_all_at(&bytes, from * HASH)?;
                    (from, next) = (index, index);
                    bytes.clear();
                }
                bytes.extend_from_slice(hash.as_bytes());
                next += 1;
            }
            file.write_all_at(&bytes, from * HASH)?;
        }
        Ok(())
    }

    /// Forgets what is stored.
    ///
    /// # Errors
    /// When a file cannot be cut off.
    pub(super) fn clear(&self) -> io::Result<()> {
        for level in 0..LEVELS {
            match self.open(level).and_then(|file| file.set_len(0)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    fn open(&self, level: u32) -> io::Result<File> {
        let open = || {
            OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(disk::nofollow())
                .open(self.path(level))
        };
        match open() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().mode(0o700).create(&self.dir)?;
                open()
            }
            done => done,
        }
    }
}

impl Nodes for Levels {
    type Error = io::Error;

    fn node(&self, height: u32, index: u64) -> io::Result<Leaf> {
        let level = height / STRIDE;
        let width = 1u64 << (height % STRIDE);
        let file = folder::open_plain(&self.path(level))?;
        let mut bytes = vec![0; usize::try_from(width * HASH).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, index * width * HASH)?;
        let row = bytes.chunks_exact(32).map(|hash| {
            let mut bytes = [0; 32];
            bytes.copy_from_slice(hash);
            Leaf::from_bytes(bytes)
        });
        Ok(tree::fold(row.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::proof;
    use crate::audit::tree::Edge;
    use crate::audit::tree::tests::Plain;
    use crate::audit::tree::tests::leaves;

    fn built(n: u64) -> (tempfile::TempDir, Levels, Vec<Leaf>) {
        let temp = tempfile::tempdir().unwrap();
        let levels = Levels::of(temp.path());
        let all = leaves(n);
        let mut edge = Edge::default();
        let mut stored = Vec::new();
        for leaf in &all {
            edge.push_stored(*leaf, &mut stored);
        }
        levels.store(&stored).unwrap();
        (temp, levels, all)
    }

    #[test]
    fn stored_hashes_give_the_proofs_of_the_leaves() {
        let (_temp, levels, all) = built(66_000);
        assert_eq!(levels.len(), 66_000);
        let plain = Plain(all);
        for (index, size) in [(0, 1), (5, 700), (65_535, 66_000), (65_999, 66_000)] {
            assert_eq!(
                proof::inclusion(&levels, index, size).unwrap(),
                proof::inclusion(&plain, index, size).unwrap()
            );
        }
        assert_eq!(
            Edge::of(&levels, 66_000).unwrap().root(),
            plain.range(0, 66_000).unwrap()
        );
    }

    #[test]
    fn what_is_stored_out_of_order_or_twice_lands_at_its_place() {
        let (_temp, levels, all) = built(3);
        let one = |index: usize| Stored {
            level: 0,
            index: index as u64,
            hash: all[index],
        };
        levels.clear().unwrap();
        assert_eq!(levels.len(), 0);
        levels.store(&[one(2), one(0), one(1), one(0)]).unwrap();
        assert_eq!(
            Edge::of(&levels, 3).unwrap().root(),
            Plain(all).range(0, 3).unwrap()
        );
        assert!(levels.node(0, 3).is_err(), "nothing is made up");
    }
}

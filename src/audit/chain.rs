//! Reading a segment line by line, and the one rule by which each line follows the one before.

use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::path::Path;

use crate::audit::entry::Entry;
use crate::audit::entry::MAX_LINE;
use crate::audit::folder;
use crate::audit::leaf::Leaf;

/// The lines of a segment, up to a length that was settled beforehand.
pub(super) struct Lines {
    file: BufReader<File>,
    left: u64,
    line: Vec<u8>,
}

/// The next piece of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A whole line, its newline not included.
    Line(&'a [u8]),
    /// Bytes with no newline after them, at the end of the file or longer than any line may be.
    Loose(&'a [u8]),
    /// Nothing more.
    End,
}

impl Lines {
    /// Opens a segment to be read from one offset up to another; nothing is nothing past the end.
    pub(super) fn open(path: &Path, from: u64, to: u64) -> io::Result<Self> {
        let mut file = folder::open_plain(path)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Self {
            file: BufReader::with_capacity(MAX_LINE, file),
            left: to.saturating_sub(from),
            line: Vec::new(),
        })
    }

    /// Reads the next piece; after loose bytes nothing more can be told apart, so the caller stops.
    pub(super) fn next(&mut self) -> io::Result<Piece<'_>> {
        self.line.clear();
        let limit = self.left.min(MAX_LINE as u64);
        let got = (&mut self.file)
            .take(limit)
            .read_until(b'\n', &mut self.line)?;
        self.left -= got as u64;
        Ok(match self.line.split_last() {
            None => Piece::End,
            Some((b'\n', line)) => Piece::Line(line),
            Some(_) => Piece::Loose(&self.line),
        })
    }
}

/// Where a chain stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// The number of the last entry.
    pub(super) seq: u64,
    /// Its hash; nothing where the chain is taken up in the middle and any will do.
    pub(super) leaf: Option<Leaf>,
}

/// Why a line does not follow the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The entry that differs.
    pub(super) seq: u64,
    /// In what it differs, as a sentence's end.
    pub(super) what: String,
}

impl Chain {
    /// Starts at the first entry of all, or takes up before entry `first` with any hash.
    pub(super) fn before(first: u64) -> Self {
        Self {
            seq: first.saturating_sub(1),
            leaf: (first <= 1).then(Leaf::default),
        }
    }

    /// Follows the chain to a line, and stands on it whether or not it was the right one.
    pub(super) fn follow(&mut self, line: &[u8]) -> Result<Entry, Fault> {
        let before = self.leaf.replace(Leaf::of(line));
        self.seq += 1;
        let seq = self.seq;
        let entry: Entry = serde_json::from_slice(line).map_err(|_| Fault {
            seq,
            what: "is not a record".to_owned(),
        })?;
        if entry.seq != seq {
            return Err(Fault {
                seq,
                what: format!(
                    "is missing or moved: entry {} stands in its place",
                    entry.seq
                ),
            });
        }
        match before {
            // The one before was altered after this one named it, or this one was: the earlier is named,
            // for all before it are whole in either case.
            Some(leaf) if leaf != entry.prev => Err(Fault {
                seq: seq.saturating_sub(1).max(1),
                what: "differs (chain)".to_owned(),
            }),
            _ => Ok(entry),
        }
    }
}

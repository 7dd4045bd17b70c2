//! Reading a segment line by line, and the one rule by which each line follows the one before.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::audit::entry::Entry;
use crate::audit::entry::MAX_LINE;
use crate::audit::folder;
use crate::audit::form;
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
    pub(super) fn follow<'l, R: Record<'l>>(&mut self, line: &'l [u8]) -> Result<R, Fault> {
        let before = self.leaf.replace(Leaf::of(line));
        self.seq += 1;
        let seq = self.seq;
        let entry: R = serde_json::from_slice(line).map_err(|_| Fault {
            seq,
            what: "is not a record".to_owned(),
        })?;
        let (own, prev) = entry.links();
        if own != seq {
            return Err(Fault {
                seq,
                what: format!("is missing or moved: entry {own} stands in its place"),
            });
        }
        match before {
            // The one before was altered after this one named it, or this one was: the earlier is named,
            // for all before it are whole in either case.
            Some(leaf) if leaf != prev => Err(Fault {
                seq: seq.saturating_sub(1).max(1),
                what: "differs (chain)".to_owned(),
            }),
            _ => Ok(entry),
        }
    }
}

/// What a line is read as, as far as the chain needs it: number, and hash of the line before.
pub(super) trait Record<'l>: Deserialize<'l> {
    fn links(&self) -> (u64, Leaf);
}

impl Record<'_> for Entry {
    fn links(&self) -> (u64, Leaf) {
        (self.seq, self.prev)
    }
}

/// A record at a glance: everything that every record has must be there, little of it is kept.
///
/// A start reads the whole log; a hundred thousand entries read whole would cost a second and a hundred megabytes.
/// Nothing altered escapes by it: what is not looked at is in the hash that the next line or the head names.
#[derive(Deserialize)]
pub(super) struct Glance<'l> {
    #[serde(rename = "v")]
    _v: u32,
    seq: u64,
    prev: Leaf,
    /// The id of the log.
    #[serde(borrow)]
    pub(super) origin: Cow<'l, str>,
    /// When it was written.
    #[serde(with = "form::rfc3339")]
    pub(super) ts: Timestamp,
    #[serde(rename = "mono_ns")]
    _mono_ns: IgnoredAny,
    #[serde(rename = "boot")]
    _boot: IgnoredAny,
    #[serde(rename = "actor")]
    _actor: IgnoredAny,
    #[serde(borrow)]
    kind: Cow<'l, str>,
    run: Option<IgnoredAny>,
}

impl Glance<'_> {
    /// True when it belongs to a run, or says that what stands before it may not be the whole story of one.
    pub(super) fn of_run(&self) -> bool {
        self.run.is_some() || self.kind == "log.break"
    }
}

impl<'l> Record<'l> for Glance<'l> {
    fn links(&self) -> (u64, Leaf) {
        (self.seq, self.prev)
    }
}

//! The proof of one entry, for whoever may see that entry and no other (C2SP `tlog-proof`).
//!
//! A text that stands for itself: the entry, where it stands, the hashes that lead from it to the root, and the signed
//! checkpoint that holds the root. Who has it needs the log's public key and nothing else of ours.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::audit::chain::Lines;
use crate::audit::chain::Piece;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::entry::MAX_LINE;
use crate::audit::error::AuditError;
use crate::audit::folder;
use crate::audit::leaf::Leaf;
use crate::audit::levels::Levels;
use crate::audit::note::Key;
use crate::audit::note::Note;
use crate::audit::note::NoteError;
use crate::audit::proof;
use crate::audit::seal;
use crate::audit::tree;
use crate::audit::tree::Nodes;
use crate::text::count;

/// The first line of a proof.
const FORM: &str = "c2sp.org/tlog-proof@v1";

/// That one entry is in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The line of the entry, without its newline.
    pub line: Vec<u8>,
    /// Its number, from 1.
    pub seq: u64,
    /// The hashes that lead from it to the root.
    path: Vec<Leaf>,
    /// The signed checkpoint with that root.
    pub checkpoint: Note,
}

/// Proves that an entry is in a log, from the folder alone: by the newest checkpoint that is over it.
///
/// # Errors
///
/// [`AuditError::Unproved`] where there is no such entry, or no checkpoint over it; [`AuditError::Read`] when the disk fails.
pub fn prove(dir: &Path, seq: u64) -> Result<Proven, AuditError> {
    let unproved = |why: String| AuditError::Unproved {
        seq,
        path: dir.to_owned(),
        why,
    };
    let path = dir.join(seal::HISTORY);
    let newest = seal::newest(dir).map_err(|e| folder::reading(&path, e))?;
    let Some((note, checkpoint)) = newest.last.filter(|(_, over)| seq >= 1 && over.size >= seq)
    else {
        return Err(unproved("no checkpoint is over it yet; one is made within a minute of an entry while a console runs, and when it ends".to_owned()));
    };
    let line = line(dir, seq)?.ok_or_else(|| unproved("it is not in the log".to_owned()))?;
    let (leaf, index, size) = (Leaf::of(&line), seq - 1, checkpoint.size);
    let holds = |path: &[Leaf]| proof::includes(leaf, index, size, path, checkpoint.root);
    let stored = proof::inclusion(&Levels::of(dir), index, size).ok();
    let path = match stored.filter(|path| holds(path)) {
        Some(path) => path,
        // What was stored of the tree is not all there: the entries themselves are.
        None => proof::inclusion(&Leaves::read(dir, size)?, index, size)
            .ok()
            .filter(|path| holds(path))
            .ok_or_else(|| {
                let over = count(size);
                unproved(format!("the entries do not lead to the root of the checkpoint over {over}; run log verify"))
            })?,
    };
    Ok(Proven {
        line,
        seq,
        path,
        checkpoint: note,
    })
}

impl Proven {
    /// Reads a proof that holds its entry.
    ///
    /// # Errors
    ///
    /// [`NoteError::Form`] where it is none.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        const WHAT: NoteError = NoteError::Form("it is no proof of an entry");
        let (above, note) = text.split_once("\n\n").ok_or(WHAT)?;
        let mut lines = above.split('\n');
        let form = lines.next().filter(|form| *form == FORM);
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let (Some(_), Some(extra), Some(index)) = (form, extra, index) else {
            return Err(WHAT);
        };
        let index: u64 = index.parse().map_err(|_| WHAT)?;
        let hash = |line: &str| {
            let bytes = STANDARD.decode(line).map_err(|_| WHAT)?;
            let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| WHAT)?;
            Ok(Leaf::from_bytes(bytes))
        };
        Ok(Self {
            line: STANDARD.decode(extra).map_err(|_| WHAT)?,
            seq: index.checked_add(1).ok_or(WHAT)?,
            path: lines.map(hash).collect::<Result<_, NoteError>>()?,
            checkpoint: Note::parse(note)?,
        })
    }

    /// Says of which log it is a proof, where it is one: the checkpoint is signed by the key and holds the entry.
    ///
    /// # Errors
    ///
    /// [`NoteError`] where the checkpoint is not signed by the key, or the entry is not under it.
    pub fn check(&self, key: &Key) -> Result<Checkpoint, NoteError> {
        self.checkpoint.signed_by(key)?;
        let over = Checkpoint::parse(&self.checkpoint.text)?;
        let leaf = Leaf::of(&self.line);
        if proof::includes(leaf, self.seq - 1, over.size, &self.path, over.root) {
            Ok(over)
        } else {
            Err(NoteError::Form("its entry is not under its checkpoint"))
        }
    }
}

impl fmt::Display for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extra = STANDARD.encode(&self.line);
        writeln!(f, "{FORM}\nextra {extra}\nindex {}", self.seq - 1)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Finds the line of an entry by halving the segment it must be in; nothing where it is not there.
fn line(dir: &Path, seq: u64) -> Result<Option<Vec<u8>>, AuditError> {
    let segments = folder::segments(dir).map_err(|e| folder::reading(dir, e))?;
    let Some(&first) = segments.iter().rev().find(|first| **first <= seq) else {
        return Ok(None);
    };
    let path = folder::segment(dir, first);
    let find = || {
        let file = folder::open_plain(&path)?;
        let (mut from, mut to) = (0, file.metadata()?.len());
        // `from` begins a line whose number is not above the one that is looked for.
        while to - from > MAX_LINE as u64 {
            let middle = from + (to - from) / 2;
            match next_line(&file, middle)? {
                Some((at, number)) if at < to && number <= seq => from = at,
                _ => to = middle,
            }
        }
        let mut lines = Lines::open(&path, from, u64::MAX)?;
        while let Piece::Line(line) = lines.next()? {
            match number(line) {
                Some(own) if own == seq => return Ok(Some(line.to_vec())),
                Some(own) if own > seq => break,
                _ => {}
            }
        }
        Ok(None)
    };
    find().map_err(|e| folder::reading(&path, e))
}

/// The first line that begins behind an offset, and its number.
fn next_line(file: &File, offset: u64) -> io::Result<Option<(u64, u64)>> {
    let mut bytes = vec![0; 2 * MAX_LINE];
    let mut got = 0;
    while got < bytes.len() {
        match file.read_at(&mut bytes[got..], offset + got as u64)? {
            0 => break,
            more => got += more,
        }
    }
    let bytes = &bytes[..got];
    let Some(start) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Ok(None);
    };
    let rest = &bytes[start + 1..];
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(number(line).map(|number| (offset + start as u64 + 1, number)))
}

/// The number that a line says it has.
fn number(line: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered {
        seq: u64,
    }
    let read: Numbered = serde_json::from_slice(line).ok()?;
    Some(read.seq)
}

/// All leaves of a log, hashed again from its entries.
struct Leaves(Vec<Leaf>);

impl Leaves {
    /// Reads the first `size` entries.
    fn read(dir: &Path, size: u64) -> Result<Self, AuditError> {
        let mut all = Vec::new();
        for first in folder::segments(dir).map_err(|e| folder::reading(dir, e))? {
            while (all.len() as u64) + 1 < first.min(size) {
                all.push(Leaf::default());
            }
            let path = folder::segment(dir, first);
            let failed = |e| folder::reading(&path, e);
            let mut lines = Lines::open(&path, 0, u64::MAX).map_err(failed)?;
            while let Piece::Line(line) = lines.next().map_err(failed)? {
                all.push(Leaf::of(line));
            }
        }
        Ok(Self(all))
    }
}

impl Nodes for Leaves {
    type Error = io::Error;

    fn node(&self, height: u32, index: u64) -> io::Result<Leaf> {
        let missing = || io::Error::other("the log ends before it");
        let from = usize::try_from(index << height).map_err(io::Error::other)?;
        let row = from
            .checked_add(1 << height)
            .and_then(|to| self.0.get(from..to));
        Ok(tree::fold(row.ok_or_else(missing)?.to_vec()))
    }
}

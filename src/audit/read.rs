//! Reading a log without writing to it: for screens, tables and runs found again.

use std::collections::VecDeque;
use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::path::Path;

use crate::audit::body;
use crate::audit::body::Kept;
use crate::audit::chain::Glance;
use crate::audit::chain::Lines;
use crate::audit::chain::Piece;
use crate::audit::entry::Entry;
use crate::audit::error::AuditError;
use crate::audit::folder;
use crate::text::SafeText;

/// How much of a segment's end is read at once, in bytes.
const BLOCK: u64 = 64 * 1024;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The entry's number, counted by its place.
    pub seq: u64,
    /// The entry; nothing where the line cannot be read as one.
    pub entry: Option<Entry>,
}

/// Reads the lines from one number to another, both included, oldest first.
///
/// # Errors
///
/// [`AuditError::Read`] when the folder or a segment cannot be read.
pub fn rows(dir: &Path, from: u64, to: u64) -> Result<Vec<Row>, AuditError> {
    let segments = folder::segments(dir).map_err(|e| folder::reading(dir, e))?;
    let mut found = Vec::new();
    for (at, &first) in segments.iter().enumerate() {
        let past = segments.get(at + 1).is_some_and(|next| *next <= from);
        if past || first > to {
            continue;
        }
        each_line(dir, first, |seq, line| {
            if (from..=to).contains(&seq) {
                found.push(row(seq, line));
            }
        })?;
    }
    Ok(found)
}

/// Reads the first line of a log; nothing where it has none.
///
/// # Errors
///
/// As [`rows`].
pub(super) fn first(dir: &Path) -> Result<Option<Row>, AuditError> {
    let segments = folder::segments(dir).map_err(|e| folder::reading(dir, e))?;
    let Some(&first) = segments.first() else {
        return Ok(None);
    };
    let path = folder::segment(dir, first);
    let failed = |e| folder::reading(&path, e);
    let mut lines = Lines::open(&path, 0, u64::MAX).map_err(failed)?;
    Ok(match lines.next().map_err(failed)? {
        Piece::Line(line) => Some(row(first, line)),
        _ => None,
    })
}

/// Reads the whole log, oldest first, and keeps only what concerns runs: their entries, the breaks of the log, and the
/// number of the first line that cannot be read as a record.
///
/// # Errors
///
/// As [`rows`].
pub fn of_runs(dir: &Path) -> Result<(Vec<Entry>, Option<u64>), AuditError> {
    let (mut found, mut damaged) = (Vec::new(), None);
    for first in folder::segments(dir).map_err(|e| folder::reading(dir, e))? {
        each_line(dir, first, |seq, line| {
            let read = match serde_json::from_slice::<Glance<'_>>(line) {
                Ok(glance) if !glance.of_run() => return,
                Ok(_) => row(seq, line).entry,
                Err(_) => None,
            };
            match read {
                Some(entry) => found.push(entry),
                None => damaged = damaged.or(Some(seq)),
            }
        })?;
    }
    Ok((found, damaged))
}

/// Reads the last `n` lines, oldest first, from the end of the log back.
///
/// # Errors
///
/// As [`rows`].
pub fn tail(dir: &Path, n: usize) -> Result<Vec<Row>, AuditError> {
    let segments = folder::segments(dir).map_err(|e| folder::reading(dir, e))?;
    let mut found: VecDeque<Row> = VecDeque::new();
    for &first in segments.iter().rev() {
        let want = n - found.len();
        if want == 0 {
            break;
        }
        for row in last(dir, first, want)?.into_iter().rev() {
            found.push_front(row);
        }
    }
    Ok(found.into())
}

/// The last `n` whole lines of a segment. The first of them that can be read numbers them all: to count them by their
/// place the whole segment would have to be read, as is done where none can be.
fn last(dir: &Path, first: u64, n: usize) -> Result<Vec<Row>, AuditError> {
    let path = folder::segment(dir, first);
    let bytes = end(&path, n).map_err(|e| folder::reading(&path, e))?;
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    // Behind the last newline stands nothing, or bytes still being written, which are no line.
    lines.pop();
    let from = lines.len().saturating_sub(n);
    let rows: Vec<Row> = (0..)
        .zip(&lines[from..])
        .map(|(at, line)| row(at, line))
        .collect();
    let known = rows
        .iter()
        .find_map(|row| row.entry.as_ref()?.seq.checked_sub(row.seq));
    let start = if let Some(start) = known {
        start
    } else {
        let mut all = 0;
        each_line(dir, first, |_, _| all += 1)?;
        first + all - rows.len() as u64
    };
    let placed = |row: Row| Row {
        seq: start + row.seq,
        ..row
    };
    Ok(rows.into_iter().map(placed).collect())
}

/// The end of a file that holds at least `n` whole lines, or all of it; its first line may lack its beginning only where
/// there are more.
fn end(path: &Path, n: usize) -> io::Result<Vec<u8>> {
    let mut file = folder::open_plain(path)?;
    let mut from = file.seek(SeekFrom::End(0))?;
    let mut bytes = Vec::new();
    while from > 0 && bytes.split(|byte| *byte == b'\n').count() <= n + 1 {
        let take = from.min(BLOCK);
        from -= take;
        file.seek(SeekFrom::Start(from))?;
        let mut block = Vec::new();
        (&mut file).take(take).read_to_end(&mut block)?;
        block.append(&mut bytes);
        bytes = block;
    }
    Ok(bytes)
}

/// Reads the body of an entry; nothing where it has none, or where it is erased.
///
/// # Errors
///
/// [`AuditError::BodyDiffers`] where it is not the one recorded, [`AuditError::Read`] when it cannot be read.
pub fn body(dir: &Path, entry: &Entry) -> Result<Option<Vec<u8>>, AuditError> {
    let Some(body) = &entry.body else {
        return Ok(None);
    };
    match body::read(dir, entry.seq, body)? {
        Kept::Same(bytes) => Ok(Some(bytes)),
        Kept::Erased => Ok(None),
        Kept::Differs => Err(AuditError::BodyDiffers {
            seq: entry.seq,
            path: body::path(dir, entry.seq),
        }),
    }
}

/// Gives the sentence a caller left in the body of an entry for tables, or says that it was erased.
///
/// That is the text under `note`, where the body is a JSON object; a body that cannot be read gives nothing.
pub fn note(dir: &Path, entry: &Entry) -> Option<SafeText> {
    entry.body.as_ref()?;
    let Some(bytes) = body(dir, entry).ok()? else {
        return Some(SafeText::new("body erased"));
    };
    let value: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    value.get("note")?.as_str().map(SafeText::new)
}

/// Takes the entries out of lines; one that cannot be read is an error that names it.
pub(super) fn entries(dir: &Path, rows: Vec<Row>) -> Result<Vec<Entry>, AuditError> {
    let take = |row: Row| {
        row.entry.ok_or_else(|| AuditError::Damaged {
            seq: row.seq,
            path: dir.to_owned(),
        })
    };
    rows.into_iter().map(take).collect()
}

/// Hands over each whole line of a segment with its number; bytes still being written are no line.
fn each_line(dir: &Path, first: u64, mut each: impl FnMut(u64, &[u8])) -> Result<(), AuditError> {
    let path = folder::segment(dir, first);
    let failed = |e| folder::reading(&path, e);
    let mut lines = Lines::open(&path, 0, u64::MAX).map_err(failed)?;
    let mut seq = first;
    while let Piece::Line(line) = lines.next().map_err(failed)? {
        each(seq, line);
        seq += 1;
    }
    Ok(())
}

/// Reads one line.
fn row(seq: u64, line: &[u8]) -> Row {
    Row {
        seq,
        entry: serde_json::from_slice(line).ok(),
    }
}

//! What a folder holds when the log comes to it: at the start, after a crash, beside another process.
//!
//! Nothing is changed here. A crash leaves one of three shapes (an empty segment, a torn tail, a
//! head one entry behind) and each is mended without loss. Anything else is damage: the log never
//! writes behind it, but starts a new segment that says so.

use std::fs;
use std::io;
use std::path::Path;

use jiff::Timestamp;

use crate::audit::chain::Chain;
use crate::audit::chain::Glance;
use crate::audit::chain::Lines;
use crate::audit::chain::Piece;
use crate::audit::chain::Record as _;
use crate::audit::error::AuditError;
use crate::audit::folder;
use crate::audit::head;
use crate::audit::head::Head;
use crate::audit::head::Seen;
use crate::audit::leaf::Leaf;
use crate::text::SafeText;
use crate::text::count;

/// Where the next entry goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of the segment's first entry.
    pub(super) segment: u64,
    /// The length of the segment up to its last whole line, in bytes.
    pub(super) offset: u64,
    /// The number of the last entry.
    pub(super) seq: u64,
    /// Its hash.
    pub(super) leaf: Leaf,
    /// The hash it names.
    before: Leaf,
    /// When it was written.
    pub(super) ts: Timestamp,
    /// The id of the log, once an entry has told it.
    pub(super) origin: Option<SafeText>,
}

/// What a folder holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// No log yet.
    Fresh,
    /// A log whose head agrees.
    Sound(Place),
    /// A log with one entry more than its head says: the crash came between the two.
    Behind(Place),
    /// A log with bytes after its last whole line, as a crash within a write leaves them.
    Torn(Place),
    /// A last segment without one whole line; the log goes on before it.
    Stub {
        /// The number its first entry would have.
        segment: u64,
    },
    /// Damage.
    Broken {
        /// The number of the next entry.
        next: u64,
        /// The hash it shall name: the last one the log itself vouches for.
        prev: Leaf,
        /// What is wrong, as a sentence.
        why: String,
    },
}

impl Place {
    /// The place before the first entry of a segment.
    pub(super) fn before(
        segment: u64,
        leaf: Leaf,
        ts: Timestamp,
        origin: Option<SafeText>,
    ) -> Self {
        Self {
            segment,
            offset: 0,
            seq: segment.saturating_sub(1),
            leaf,
            before: leaf,
            ts,
            origin,
        }
    }

    /// Moves behind an entry that was just written.
    pub(super) fn advance(&mut self, leaf: Leaf, ts: Timestamp, bytes: u64) {
        self.before = std::mem::replace(&mut self.leaf, leaf);
        self.seq += 1;
        self.offset += bytes;
        self.ts = ts;
    }

    /// Gives the head that agrees with this place.
    pub(super) fn head(&self) -> Head {
        Head {
            v: 1,
            size: self.seq,
            leaf: self.leaf,
            segment: self.segment,
            bytes: self.offset,
        }
    }
}

/// Looks at a folder; `known` saves reading again what was read before.
pub(super) fn examine(dir: &Path, known: Option<&Place>) -> Result<Shape, AuditError> {
    let said = head::read(dir).map_err(|e| folder::reading(&dir.join(head::NAME), e))?;
    let segments = folder::segments(dir).map_err(|e| folder::reading(dir, e))?;
    let Some(&segment) = segments.last() else {
        return Ok(match said {
            Seen::Missing => Shape::Fresh,
            Seen::Garbled => broken(0, Leaf::default(), &Seen::Garbled, "all segments are gone"),
            Seen::Read(_) => broken(0, Leaf::default(), &said, "all segments are gone"),
        });
    };
    let path = folder::segment(dir, segment);
    let walked = fs::symlink_metadata(&path)
        .and_then(|meta| walk(&path, segment, meta.len(), known))
        .map_err(|e| folder::reading(&path, e))?;
    Ok(judge(walked, segment, &said))
}

/// What a walk through a segment found.
struct Walked {
    place: Place,
    length: u64,
    fault: Option<String>,
}

/// Follows the chain through a segment to its end, from where it is known already.
fn walk(path: &Path, segment: u64, length: u64, known: Option<&Place>) -> io::Result<Walked> {
    let known = known.filter(|place| place.segment == segment && place.offset <= length);
    let mut place = known
        .cloned()
        .unwrap_or_else(|| Place::before(segment, Leaf::default(), Timestamp::UNIX_EPOCH, None));
    let mut chain = match known {
        Some(place) if place.offset > 0 => Chain {
            seq: place.seq,
            leaf: Some(place.leaf),
        },
        _ => Chain::before(segment),
    };
    let mut lines = Lines::open(path, place.offset, length)?;
    let mut fault = None;
    while let Piece::Line(line) = lines.next()? {
        let bytes = line.len() as u64 + 1;
        let leaf = Leaf::of(line);
        let ts = match chain.follow::<Glance<'_>>(line) {
            Ok(entry) => {
                if place.offset == 0 {
                    place.leaf = entry.links().1;
                }
                if place
                    .origin
                    .as_ref()
                    .is_none_or(|known| *known != *entry.origin)
                {
                    place.origin = Some(SafeText::new(&entry.origin));
                }
                entry.ts
            }
            Err(found) => {
                fault.get_or_insert_with(|| format!("entry {} {}", count(found.seq), found.what));
                place.ts
            }
        };
        place.advance(leaf, ts, bytes);
    }
    Ok(Walked {
        place,
        length,
        fault,
    })
}

/// Compares what a segment holds with what the head says.
fn judge(walked: Walked, segment: u64, said: &Seen) -> Shape {
    let Walked {
        place,
        length,
        fault,
    } = walked;
    let (seq, leaf) = (place.seq, place.leaf);
    if let Some(fault) = fault {
        return broken(seq, leaf, said, &fault);
    }
    if place.offset == 0 {
        return Shape::Stub { segment };
    }
    let torn = length > place.offset;
    match said {
        Seen::Missing if seq == 1 && !torn => Shape::Behind(place),
        Seen::Missing => broken(seq, leaf, said, "the file head is missing"),
        Seen::Garbled => broken(seq, leaf, said, "the file head cannot be read"),
        Seen::Read(head) if *head == place.head() => {
            if torn {
                Shape::Torn(place)
            } else {
                Shape::Sound(place)
            }
        }
        Seen::Read(head) if head.size + 1 == seq && head.leaf == place.before && !torn => {
            Shape::Behind(place)
        }
        Seen::Read(head) if head.size > seq => {
            let why = format!(
                "entries {} to {} are missing",
                count(seq + 1),
                count(head.size)
            );
            broken(seq, leaf, said, &why)
        }
        Seen::Read(head) => {
            let why = format!(
                "the file head stands at entry {} and does not agree",
                count(head.size)
            );
            broken(seq, leaf, said, &why)
        }
    }
}

/// Words damage and finds where to go on.
fn broken(seq: u64, leaf: Leaf, said: &Seen, why: &str) -> Shape {
    let (size, prev) = match said {
        Seen::Read(head) => (head.size, head.leaf),
        _ => (seq, leaf),
    };
    Shape::Broken {
        next: seq.max(size) + 1,
        prev,
        why: why.to_owned(),
    }
}

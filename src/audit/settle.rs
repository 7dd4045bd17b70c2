//! What a folder holds when the log comes to it: at the start, after a crash, beside another process.
//!
//! Nothing but stored hashes is changed here. A crash leaves one of three shapes (an empty segment, a torn tail, a
//! head that is behind) and each is mended without loss. Anything else is damage: the log never
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
use crate::audit::levels::Levels;
use crate::audit::tree::Edge;
use crate::audit::tree::Stored;
use crate::text::SafeText;
use crate::text::count;

/// How many hashes are held before they are stored.
const STORED_AT_ONCE: usize = 65_536;

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
    /// The tree over all entries.
    pub(super) edge: Edge,
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
    /// A log with entries that its head does not know: the crash came between the two.
    Behind {
        /// Where it ends.
        place: Place,
        /// Where in the segment the entries begin that the head does not know.
        from: u64,
    },
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
        /// The tree to go on with, over whatever stands before it.
        edge: Edge,
        /// The id of the log, where an entry told it.
        origin: Option<SafeText>,
        /// What is wrong, as a sentence.
        why: String,
    },
}

impl Place {
    /// The place before the first entry of a segment.
    pub(super) fn before(
        segment: u64,
        leaf: Leaf,
        edge: Edge,
        ts: Timestamp,
        origin: Option<SafeText>,
    ) -> Self {
        Self {
            segment,
            offset: 0,
            seq: segment.saturating_sub(1),
            leaf,
            edge,
            ts,
            origin,
        }
    }

    /// Moves behind an entry that was just written, and adds what is to be stored of the tree.
    pub(super) fn advance(
        &mut self,
        leaf: Leaf,
        ts: Timestamp,
        bytes: u64,
        stored: &mut Vec<Stored>,
    ) {
        self.leaf = leaf;
        self.edge.push_stored(leaf, stored);
        self.seq += 1;
        self.offset += bytes;
        self.ts = ts;
    }

    /// Gives the head that agrees with this place.
    pub(super) fn head(&self) -> Head {
        Head {
            v: 2,
            size: self.seq,
            leaf: self.leaf,
            segment: self.segment,
            bytes: self.offset,
            root: Some(self.edge.root()),
        }
    }

    /// Tells whether a head says the same; one of an older version says nothing of the tree.
    pub(super) fn agrees(&self, head: &Head) -> bool {
        let root = head.root.is_none_or(|root| root == self.edge.root());
        root && head.size == self.seq
            && head.leaf == self.leaf
            && head.segment == self.segment
            && head.bytes == self.offset
    }
}

/// Looks at a folder; `known` saves reading again what was read before.
pub(super) fn examine(dir: &Path, known: Option<&Place>) -> Result<Shape, AuditError> {
    let said = head::read(dir).map_err(|e| folder::reading(&dir.join(head::NAME), e))?;
    let segments = folder::segments(dir).map_err(|e| folder::reading(dir, e))?;
    let Some(&segment) = segments.last() else {
        let why = "all segments are gone";
        return Ok(match said {
            Seen::Missing => Shape::Fresh,
            _ => broken(dir, &start(1, Edge::default()), &said, why),
        });
    };
    let path = folder::segment(dir, segment);
    let failed = |e| folder::reading(&path, e);
    let length = fs::symlink_metadata(&path).map_err(failed)?.len();
    let known = known.filter(|place| place.segment == segment && place.offset <= length);
    let from = match known {
        Some(place) => place.clone(),
        None => start(segment, tree_before(dir, segment, false)?),
    };
    let mut walked = walk(dir, from, length, said.head()).map_err(failed)?;
    if walked.stale(said.head()) && known.is_none() {
        // What was stored of the tree may be what is wrong.
        let from = start(segment, tree_before(dir, segment, true)?);
        walked = walk(dir, from, length, said.head()).map_err(failed)?;
    }
    let levels = Levels::of(dir);
    if known.is_none()
        && Edge::of(&levels, walked.place.seq).ok().as_ref() != Some(&walked.place.edge)
    {
        // A part of what is stored of the tree was lost, or is not what it was.
        let from = start(segment, tree_before(dir, segment, true)?);
        walked = walk(dir, from, length, said.head()).map_err(failed)?;
    }
    Ok(judge(dir, walked, &said))
}

/// The place before the first entry of a segment that was not read yet.
fn start(segment: u64, edge: Edge) -> Place {
    Place::before(segment, Leaf::default(), edge, Timestamp::UNIX_EPOCH, None)
}

/// The tree over all entries before a segment: from what is stored of it, or computed anew from the entries.
fn tree_before(dir: &Path, segment: u64, anew: bool) -> Result<Edge, AuditError> {
    let levels = Levels::of(dir);
    if !anew && let Ok(edge) = Edge::of(&levels, segment.saturating_sub(1)) {
        return Ok(edge);
    }
    let mut edge = Edge::default();
    // What cannot be stored is computed again by whoever needs it.
    let mut usable = levels.clear().is_ok();
    let mut stored = Vec::new();
    for first in folder::segments(dir).map_err(|e| folder::reading(dir, e))? {
        if first >= segment {
            break;
        }
        // An entry that is gone has a leaf of zeros: the tree then differs from every checkpoint made over it.
        while edge.size() + 1 < first {
            edge.push_stored(Leaf::default(), &mut stored);
        }
        let path = folder::segment(dir, first);
        let failed = |e| folder::reading(&path, e);
        let mut lines = Lines::open(&path, 0, u64::MAX).map_err(failed)?;
        while let Piece::Line(line) = lines.next().map_err(failed)? {
            edge.push_stored(Leaf::of(line), &mut stored);
            if stored.len() > STORED_AT_ONCE {
                usable = usable && levels.store(&stored).is_ok();
                stored.clear();
            }
        }
    }
    while edge.size() + 1 < segment {
        edge.push_stored(Leaf::default(), &mut stored);
    }
    if usable {
        drop(levels.store(&stored));
    }
    Ok(edge)
}

/// What a walk through a segment found.
struct Walked {
    place: Place,
    length: u64,
    fault: Option<String>,
    /// How things stood after the entry that the head names as the last.
    at_head: Option<Place>,
}

impl Walked {
    /// Tells whether the head's entry is there and the tree is another one.
    fn stale(&self, head: Option<&Head>) -> bool {
        let root = self.at_head.as_ref().map(|place| place.edge.root());
        let said = head.and_then(|head| head.root);
        matches!((root, said), (Some(root), Some(said)) if root != said)
    }
}

/// Follows the chain through a segment to its end, from where it is known already.
fn walk(dir: &Path, start: Place, length: u64, head: Option<&Head>) -> io::Result<Walked> {
    let path = folder::segment(dir, start.segment);
    let levels = Levels::of(dir);
    let have = levels.len();
    let mut place = start;
    let mut chain = if place.offset > 0 {
        Chain {
            seq: place.seq,
            leaf: Some(place.leaf),
        }
    } else {
        Chain::before(place.segment)
    };
    let mut lines = Lines::open(&path, place.offset, length)?;
    let (mut fault, mut stored) = (None, Vec::new());
    let named = |place: &Place| head.is_some_and(|head| head.size == place.seq);
    let mut at_head = named(&place).then(|| place.clone());
    while let Piece::Line(line) = lines.next()? {
        let bytes = line.len() as u64 + 1;
        let leaf = Leaf::of(line);
        let ts = match chain.follow::<Glance<'_>>(line) {
            Ok(entry) => {
                if place.offset == 0 {
                    place.leaf = entry.links().1;
                    at_head = named(&place).then(|| place.clone());
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
        if place.seq < have {
            stored.clear();
        }
        place.advance(leaf, ts, bytes, &mut stored);
        if named(&place) {
            at_head = Some(place.clone());
        }
    }
    if place.seq > have {
        // Another process stopped before it could; what fails here is computed again by whoever needs it.
        drop(levels.store(&stored));
    }
    Ok(Walked {
        place,
        length,
        fault,
        at_head,
    })
}

/// Compares what a segment holds with what the head says.
fn judge(dir: &Path, walked: Walked, said: &Seen) -> Shape {
    let Walked {
        place,
        length,
        fault,
        at_head,
    } = walked;
    let end = place.clone();
    let broken = |why: &str| broken(dir, &end, said, why);
    if let Some(fault) = fault {
        return broken(&fault);
    }
    if place.offset == 0 {
        return Shape::Stub {
            segment: place.segment,
        };
    }
    let torn = length > place.offset;
    let head = match said {
        Seen::Missing if place.seq == 1 && !torn => return Shape::Behind { place, from: 0 },
        Seen::Missing => return broken("the file head is missing"),
        Seen::Garbled => return broken("the file head cannot be read"),
        Seen::Read(head) | Seen::Half(head) => head,
    };
    if head.size > place.seq {
        return broken(&format!(
            "entries {} to {} are missing",
            count(place.seq + 1),
            count(head.size)
        ));
    }
    // Between two segments only the hash tells that one follows the other.
    let from = at_head.as_ref().map_or(0, |at| at.offset);
    let agrees = at_head.is_some_and(|at| {
        let root = head.root.is_none_or(|root| root == at.edge.root());
        if at.offset == 0 {
            head.leaf == at.leaf && root
        } else {
            at.agrees(head)
        }
    });
    match (agrees, torn, said) {
        (false, ..) => broken(&format!(
            "the file head stands at entry {} and does not agree",
            count(head.size)
        )),
        (true, true, _) => Shape::Torn(place),
        (true, false, Seen::Read(_)) if head.size == place.seq => Shape::Sound(place),
        _ => Shape::Behind { place, from },
    }
}

/// Words damage and finds where to go on.
fn broken(dir: &Path, end: &Place, said: &Seen, why: &str) -> Shape {
    let (size, prev) = said
        .head()
        .map_or((end.seq, end.leaf), |head| (head.size, head.leaf));
    let next = end.seq.max(size) + 1;
    Shape::Broken {
        next,
        prev,
        edge: tree_beyond(dir, next, said.head()),
        origin: end.origin.clone(),
        why: why.to_owned(),
    }
}

/// The tree to go on with behind damage: the one that the head vouches for, where it is stored still and nothing stands
/// behind it, else the one over whatever stands there now. The log says that it is broken in either case.
fn tree_beyond(dir: &Path, next: u64, head: Option<&Head>) -> Edge {
    let vouched = head.filter(|head| head.size + 1 == next).and_then(|head| {
        let edge = Edge::of(&Levels::of(dir), head.size).ok()?;
        (Some(edge.root()) == head.root).then_some(edge)
    });
    let anew = || tree_before(dir, next, true).unwrap_or_default();
    vouched.unwrap_or_else(anew)
}

//! `verify`: is the log whole? Judged from the bytes alone, by anyone, without changing them.
//!
//! The chain finds what was altered before the last entry, the head what happened to the last
//! one and to the end. Whoever can write the folder can still write it anew from the first
//! entry; only a witness elsewhere could tell, and until there is one the report says so.

mod end;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::audit::body;
use crate::audit::body::Kept;
use crate::audit::chain::Chain;
use crate::audit::chain::Fault;
use crate::audit::chain::Lines;
use crate::audit::chain::Piece;
use crate::audit::entry::Entry;
use crate::audit::folder;
use crate::audit::head;
use crate::audit::head::Seen;
use crate::audit::kind::Kind;
use crate::audit::leaf::Leaf;
use crate::audit::marks::Marks;
use crate::audit::note::Note;
use crate::audit::report::Line;
use crate::audit::report::Report;
use crate::audit::seal;
use crate::audit::seal::History;
use crate::audit::tree::Edge;
use crate::text::count;

/// How many entries in a row may be gone and the tree still be followed.
const MOST_GONE: u64 = 10_000_000;

/// Reads every entry and body of a log and says whether it is whole.
pub fn verify(dir: &Path) -> Report {
    verify_against(dir, &[])
}

/// As [`verify`], and every given checkpoint, kept by whomever, must be a beginning of this log.
pub fn verify_against(dir: &Path, kept: &[Note]) -> Report {
    let mut walk = Walk::new();
    let judged = snapshot(dir).and_then(|snapshot| {
        walk.expect(&snapshot, kept);
        for (at, (first, length)) in snapshot.segments.iter().enumerate() {
            walk.segment(dir, *first, *length, at + 1 == snapshot.segments.len())?;
        }
        Ok(snapshot.head)
    });
    match judged {
        Ok(head) => walk.judge(&head),
        Err(why) => walk.unprovable.push(why),
    }
    walk.report(dir)
}

/// What is there at one moment: no append stands half-way.
struct Snapshot {
    segments: Vec<(u64, u64)>,
    head: Seen,
    history: History,
}

/// Looks at the folder while no process writes; where there is no lock to take, it looks all the same.
fn snapshot(dir: &Path) -> Result<Snapshot, String> {
    let lock = folder::open_plain(&dir.join("lock")).ok();
    let locked = lock.as_ref().is_some_and(|lock| lock.lock_shared().is_ok());
    let found = (|| {
        let mut segments = Vec::new();
        for first in folder::segments(dir).map_err(|e| unreadable(dir, &e))? {
            let path = folder::segment(dir, first);
            segments.push((
                first,
                fs::metadata(&path)
                    .map_err(|e| unreadable(&path, &e))?
                    .len(),
            ));
        }
        let path = dir.join(head::NAME);
        let head = head::read(dir).map_err(|e| unreadable(&path, &e))?;
        let path = dir.join(seal::HISTORY);
        let history = seal::history(dir).map_err(|e| unreadable(&path, &e))?;
        Ok(Snapshot {
            segments,
            head,
            history,
        })
    })();
    if let Some(lock) = lock.filter(|_| locked) {
        // Closing the file right after would unlock as well.
        let _ = lock.unlock();
    }
    found
}

/// Words a failure to read.
fn unreadable(path: &Path, e: &io::Error) -> String {
    format!(
        "{} cannot be read ({e}); verify as someone who may read it",
        path.display()
    )
}

/// The state of one verification.
struct Walk {
    chain: Chain,
    entries: u64,
    edge: Edge,
    /// How many entries the head names, and how leaf and root stood there.
    named: u64,
    at_head: Option<(Leaf, Leaf)>,
    marks: Marks,
    /// First entry and length, up to the last whole line, of the last segment that has one.
    last_segment: (u64, u64),
    fault: Option<Fault>,
    unprovable: Vec<String>,
    notes: Vec<Line>,
    intents: BTreeMap<String, u64>,
    erased: Vec<u64>,
    torn: Vec<u64>,
    breaks: Vec<u64>,
}

impl Walk {
    fn new() -> Self {
        Self {
            chain: Chain::before(1),
            entries: 0,
            edge: Edge::default(),
            named: 0,
            at_head: None,
            marks: Marks::default(),
            last_segment: (0, 0),
            fault: None,
            unprovable: Vec::new(),
            notes: Vec::new(),
            intents: BTreeMap::new(),
            erased: Vec::new(),
            torn: Vec::new(),
            breaks: Vec::new(),
        }
    }

    /// Keeps the fault that comes first in the log.
    fn found(&mut self, fault: Fault) {
        if self
            .fault
            .as_ref()
            .is_none_or(|known| fault.seq < known.seq)
        {
            self.fault = Some(fault);
        }
    }

    /// Reads one segment.
    fn segment(&mut self, dir: &Path, first: u64, length: u64, last: bool) -> Result<(), String> {
        let due = self.chain.seq + 1;
        if first != due {
            let what = if first > due {
                "is missing"
            } else {
                "stands in two segments"
            };
            self.found(Fault {
                seq: due.min(first),
                what: what.to_owned(),
            });
            self.chain = Chain::before(first);
        }
        // An entry that is gone has a leaf of zeros, as the writer has it behind a break.
        if first - self.edge.size().min(first) > MOST_GONE {
            // That many were never written: no checkpoint can agree behind them, and none is looked for.
            self.edge = Edge::default();
            self.marks = Marks::default();
        } else {
            while self.edge.size() + 1 < first {
                self.edge.push(Leaf::default(), |_, _| {});
            }
        }
        let path = folder::segment(dir, first);
        let mut lines = Lines::open(&path, 0, length).map_err(|e| unreadable(&path, &e))?;
        let mut used = 0;
        loop {
            match lines.next().map_err(|e| unreadable(&path, &e))? {
                Piece::Line(line) => {
                    used += line.len() as u64 + 1;
                    self.entries += 1;
                    self.last_segment = (first, used);
                    self.line(dir, line)?;
                }
                Piece::Loose(_) => {
                    self.loose(length - used, last);
                    return Ok(());
                }
                Piece::End => return Ok(()),
            }
        }
    }

    /// Judges one line.
    fn line(&mut self, dir: &Path, line: &[u8]) -> Result<(), String> {
        let followed = self.chain.follow::<Entry>(line);
        self.edge.push(Leaf::of(line), |_, _| {});
        if let Ok(entry) = &followed {
            self.marks.learn(entry);
        }
        if self.named == self.chain.seq
            && let Some(leaf) = self.chain.leaf
        {
            self.at_head = Some((leaf, self.edge.root()));
        }
        let passed = self.marks.pass(&self.edge);
        // The chain names the entry itself, a checkpoint only how far the log was whole.
        if let Some(fault) = passed.filter(|_| self.fault.is_none()) {
            self.found(fault);
        }
        let entry = match followed {
            Ok(entry) => entry,
            Err(fault) => {
                self.found(fault);
                return Ok(());
            }
        };
        self.marks.watch(&entry);
        self.remember(&entry);
        let Some(body) = &entry.body else {
            return Ok(());
        };
        let path = body::path(dir, entry.seq);
        match body::read(dir, entry.seq, body)
            .map_err(|_| format!("{} cannot be read", path.display()))?
        {
            Kept::Same(_) => {}
            Kept::Erased => self.erased.push(entry.seq),
            Kept::Differs => self.found(Fault {
                seq: entry.seq,
                what: "has another body than was recorded".to_owned(),
            }),
        }
        Ok(())
    }

    /// Notes what the report tells besides the proof.
    fn remember(&mut self, entry: &Entry) {
        let id = entry.audit_id().map(|id| id.as_str().to_owned());
        match (&entry.kind, id) {
            (Kind::ApiIntent, Some(id)) => drop(self.intents.insert(id, entry.seq)),
            (Kind::ApiOutcome, Some(id)) => drop(self.intents.remove(&id)),
            (Kind::LogTorn, _) => self.torn.push(entry.seq),
            (Kind::LogBreak, _) => {
                let why = entry.reason.as_ref().map_or("damage", |why| why.as_str());
                let before = count(entry.seq.saturating_sub(1));
                self.unprovable.push(format!("entry {} records damage found before it: {why}; that nothing was cut off after entry {before} cannot be proved", count(entry.seq)));
                self.breaks.push(entry.seq);
            }
            _ => {}
        }
    }

    /// Judges bytes after the last whole line of a segment.
    fn loose(&mut self, bytes: u64, last: bool) {
        let seq = self.chain.seq + 1;
        if last {
            let sentence = format!(
                "{} bytes after entry {} are no entry, as a crash leaves them; the next start moves them to torn-{seq}",
                count(bytes),
                count(self.chain.seq)
            );
            self.note(sentence);
        } else {
            self.found(Fault {
                seq,
                what: "cannot be read: bytes without a line's end stand in its place".to_owned(),
            });
        }
    }

    /// Takes up what the log must agree with.
    fn expect(&mut self, snapshot: &Snapshot, kept: &[Note]) {
        self.named = snapshot.head.head().map_or(0, |head| head.size);
        if snapshot.history.loose > 0 {
            self.note(format!("{} bytes after the last whole checkpoint are none, as a crash leaves them; the next start cuts them off", count(snapshot.history.loose)));
        }
        if snapshot.history.broken {
            self.unprovable
                .push("a checkpoint in the file checkpoints cannot be read".to_owned());
        }
        let own = snapshot.history.notes.iter().map(|note| (note, false));
        for (note, elsewhere) in own.chain(kept.iter().map(|note| (note, true))) {
            if let Err(why) = self.marks.add(note, elsewhere) {
                self.unprovable.push(why);
            }
        }
    }

    /// Adds a line that is no verdict.
    fn note(&mut self, sentence: String) {
        self.notes.push(Line {
            level: "WARN",
            sentence,
        });
    }
}

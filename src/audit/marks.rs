//! The checkpoints that a log must agree with while it is read, each at its number of entries.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::audit::chain::Fault;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::entry::Entry;
use crate::audit::note::Key;
use crate::audit::note::Note;
use crate::audit::seal;
use crate::audit::tree::Edge;
use crate::text::SafeText;
use crate::text::count;

/// How long an entry may stand without a checkpoint while others follow, in seconds: twice what the writer allows.
const UNSIGNED: i64 = 120;

/// When an entry was written.
#[derive(Clone)]
struct Written {
    seq: u64,
    ts: Timestamp,
    mono_ns: u64,
    boot: SafeText,
}

/// The checkpoints that are still ahead, and what was learnt of those behind.
#[derive(Default)]
pub(super) struct Marks {
    ahead: BTreeMap<u64, Vec<Mark>>,
    keys: Vec<Key>,
    origin: Option<String>,
    /// How many entries are under a checkpoint that agrees.
    pub(super) sealed: u64,
    /// How many checkpoints of the log's own agree.
    pub(super) agreed: u64,
    /// How many that were kept elsewhere agree, and how far the newest of them reaches.
    pub(super) elsewhere: (u64, u64),
    /// The first entry that no checkpoint is over, and the last of all.
    bare: Option<(Written, Written)>,
}

/// A checkpoint, and whether it was kept elsewhere.
struct Mark {
    note: Note,
    checkpoint: Checkpoint,
    elsewhere: bool,
}

impl Marks {
    /// Adds a checkpoint.
    ///
    /// # Errors
    /// Why it is none, as a sentence.
    pub(super) fn add(&mut self, note: &Note, elsewhere: bool) -> Result<(), String> {
        let checkpoint = Checkpoint::parse(&note.text)
            .map_err(|e| format!("a checkpoint cannot be read ({e})"))?;
        if checkpoint.size == 0 {
            return Err("a checkpoint over no entry proves nothing".to_owned());
        }
        let due = self.ahead.entry(checkpoint.size).or_default();
        due.push(Mark {
            note: note.clone(),
            checkpoint,
            elsewhere,
        });
        Ok(())
    }

    /// Follows how long entries stand without a checkpoint, once a key is named; called after each was passed.
    pub(super) fn watch(&mut self, entry: &Entry) {
        if self.keys.is_empty() {
            return;
        }
        if self.sealed == entry.seq {
            self.bare = None;
            return;
        }
        let written = Written {
            seq: entry.seq,
            ts: entry.ts,
            mono_ns: entry.mono_ns,
            boot: entry.boot.clone(),
        };
        match &mut self.bare {
            Some((_, last)) => *last = written,
            None => self.bare = Some((written.clone(), written)),
        }
    }

    /// Tells that checkpoints are missing which the writer makes: of an entry that stood long, and others were written.
    pub(super) fn unsigned(&self) -> Option<String> {
        let (first, last) = self.bare.as_ref()?;
        let passed = if first.boot == last.boot {
            i64::try_from(last.mono_ns.saturating_sub(first.mono_ns) / 1_000_000_000)
                .unwrap_or(i64::MAX)
        } else {
            last.ts.as_second() - first.ts.as_second()
        };
        (passed > UNSIGNED).then(|| {
            format!(
                "entry {} is under no checkpoint, and entry {} was written more than two minutes after it: checkpoints are missing",
                count(first.seq),
                count(last.seq)
            )
        })
    }

    /// Learns from an entry which log this is, and which key signs from there on.
    pub(super) fn learn(&mut self, entry: &Entry) {
        if self.origin.is_none() {
            self.origin = Some(entry.origin.as_str().to_owned());
        }
        self.keys.extend(seal::said(entry));
    }

    /// Tells whether an entry named a key, so that checkpoints are to be expected.
    pub(super) fn names_a_key(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Compares the checkpoints over as many entries as were read with the tree over them; the first that differs is told.
    pub(super) fn pass(&mut self, edge: &Edge) -> Option<Fault> {
        let due = self.ahead.remove(&edge.size())?;
        let mut fault = None;
        for mark in due {
            match self.judge(&mark.note, &mark.checkpoint, edge) {
                Ok(()) if mark.elsewhere => {
                    self.elsewhere = (self.elsewhere.0 + 1, edge.size());
                }
                Ok(()) => {
                    self.sealed = edge.size();
                    self.agreed += 1;
                }
                Err(what) => fault = fault.or(Some(what)),
            }
        }
        let seq = self.sealed.min(edge.size() - 1) + 1;
        fault.map(|what| Fault { seq, what })
    }

    /// Says in what a checkpoint differs.
    fn judge(&self, note: &Note, checkpoint: &Checkpoint, edge: &Edge) -> Result<(), String> {
        let over = count(checkpoint.size);
        if self.origin.as_ref() != Some(&checkpoint.origin) {
            return Err(format!(
                "is of another log than the checkpoint over {over} entries"
            ));
        }
        let mut said = None;
        // The newest key first: it is the one most likely.
        for key in self.keys.iter().rev() {
            match note.signed_by(key) {
                Ok(_) => {
                    said = None;
                    break;
                }
                Err(e) => said = said.or(Some(e)),
            }
        }
        if self.keys.is_empty() {
            return Err(format!(
                "is under a checkpoint over {over} entries, and no entry says which key signs"
            ));
        }
        if let Some(e) = said {
            return Err(format!(
                "is under a checkpoint over {over} entries that does not hold: {e}"
            ));
        }
        if checkpoint.root != edge.root() {
            return Err(format!(
                "or one after it, up to {over}, differs from the signed checkpoint"
            ));
        }
        Ok(())
    }

    /// Tells that entries are missing which a checkpoint counts, where the log ends before it.
    pub(super) fn left(&self, end: u64) -> Option<Fault> {
        let (most, _) = self
            .ahead
            .last_key_value()
            .filter(|(size, _)| **size > end)?;
        Some(Fault {
            seq: end + 1,
            what: format!(
                "is missing: a signed checkpoint counts {} entries",
                count(*most)
            ),
        })
    }
}

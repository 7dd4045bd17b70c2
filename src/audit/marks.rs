//! The checkpoints that a log must agree with while it is read, each at its number of entries.

use std::collections::BTreeMap;

use crate::audit::chain::Fault;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::entry::Entry;
use crate::audit::note::Key;
use crate::audit::note::Note;
use crate::audit::seal;
use crate::audit::tree::Edge;
use crate::text::count;

/// The checkpoints that are still ahead, and what was learnt of those behind.
#[derive(Default)]
pub(super) struct Marks {
    ahead: BTreeMap<u64, Vec<(Note, Checkpoint)>>,
    keys: Vec<Key>,
    origin: Option<String>,
    /// How many entries are under a checkpoint that agrees.
    pub(super) sealed: u64,
    /// How many checkpoints agree.
    pub(super) agreed: u64,
}

impl Marks {
    /// Adds a checkpoint.
    ///
    /// # Errors
    /// Why it is none, as a sentence.
    pub(super) fn add(&mut self, note: &Note) -> Result<(), String> {
        let checkpoint = Checkpoint::parse(&note.text)
            .map_err(|e| format!("a checkpoint cannot be read ({e})"))?;
        let due = self.ahead.entry(checkpoint.size).or_default();
        due.push((note.clone(), checkpoint));
        Ok(())
    }

    /// Learns from an entry which log this is, and which key signs from there on.
    pub(super) fn learn(&mut self, entry: &Entry) {
        if self.origin.is_none() {
            self.origin = Some(entry.origin.as_str().to_owned());
        }
        self.keys.extend(seal::said(entry));
    }

    /// Compares the checkpoints over as many entries as were read with the tree over them; the first that differs is told.
    pub(super) fn pass(&mut self, edge: &Edge) -> Option<Fault> {
        let due = self.ahead.remove(&edge.size())?;
        let mut fault = None;
        for (note, checkpoint) in due {
            match self.judge(&note, &checkpoint, edge) {
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

//! How one entry is made durable: its body is synced before its line, its line before its head is written.

use std::fs;
use std::io;

use crate::audit::body;
use crate::audit::body::Body;
use crate::audit::disk::Failure;
use crate::audit::entry;
use crate::audit::entry::Draft;
use crate::audit::entry::Entry;
use crate::audit::entry::MAX_LINE;
use crate::audit::entry::Stamp;
use crate::audit::error::AuditError;
use crate::audit::folder;
use crate::audit::head;
use crate::audit::leaf::Leaf;
use crate::audit::levels::Levels;
use crate::audit::log::Log;
use crate::audit::log::Receipt;
use crate::audit::settle::Place;
use crate::text::SafeText;

impl Log {
    /// Makes one entry durable, and notes it in head and tree.
    pub(super) fn write(
        &mut self,
        draft: Draft,
        body: Option<&[u8]>,
        stamp: &Stamp,
    ) -> Result<Receipt, AuditError> {
        let seq = self.place.seq + 1;
        let sealed = body.map(body::seal);
        let entry = self.entry(draft, sealed.as_ref().map(|(body, _)| *body), stamp);
        let mut line = serde_json::to_vec(&entry)
            .map_err(|e| folder::failed("wording an entry for", &self.segment_path(), e.into()))?;
        let leaf = Leaf::of(&line);
        line.push(b'\n');
        if line.len() > MAX_LINE {
            return Err(AuditError::TooLong {
                seq,
                bytes: line.len() as u64,
                path: self.dir.clone(),
            });
        }
        let mut after = self.place.clone();
        let mut stored = Vec::new();
        after.advance(leaf, entry.ts, line.len() as u64, &mut stored);
        let content = sealed.as_ref().map(|(_, content)| content.as_slice());
        match self.keep(seq, content, &line, &after) {
            Ok(()) => {
                self.place = after;
                // What is not stored is computed again by whoever needs it.
                drop(Levels::of(&self.dir).store(&stored));
                Ok(Receipt { seq, leaf })
            }
            Err(Failure::Undone(source)) => {
                self.take_back(seq);
                Err(AuditError::Write {
                    seq,
                    path: self.segment_path(),
                    source,
                })
            }
            Err(Failure::InDoubt(source)) => {
                self.stopped = true;
                Err(AuditError::Sync {
                    seq,
                    path: self.segment_path(),
                    source,
                })
            }
        }
    }

    /// Does the writing of one entry.
    fn keep(
        &self,
        seq: u64,
        content: Option<&[u8]>,
        line: &[u8],
        after: &Place,
    ) -> Result<(), Failure> {
        let Some(file) = &self.segment else {
            return Err(Failure::Undone(io::Error::other("no segment is open")));
        };
        if let Some(content) = content {
            body::write(&*self.disk, &self.dir, seq, content)?;
        }
        self.disk.write_whole(file, line).map_err(Failure::Undone)?;
        self.disk.sync(file).map_err(Failure::InDoubt)?;
        if after.offset == line.len() as u64 {
            // The name of a new segment is kept with the head that leads to it.
            head::replace(&*self.disk, &self.dir, &after.head())
        } else {
            head::write(&*self.disk, &self.dir, &after.head())
        }
    }

    /// Takes back what a failed write left; where that fails too, the log is stopped.
    fn take_back(&mut self, seq: u64) {
        // A side file without an entry says nothing; the next entry of this number replaces it.
        let _ = fs::remove_file(body::path(&self.dir, seq));
        let taken = match &self.segment {
            Some(file) => self
                .disk
                .truncate(file, self.place.offset)
                .and_then(|()| self.disk.sync(file)),
            None => Ok(()),
        };
        self.stopped |= taken.is_err();
    }

    /// Completes a draft with what only the log knows.
    fn entry(&self, draft: Draft, body: Option<Body>, stamp: &Stamp) -> Entry {
        Entry {
            v: entry::VERSION,
            seq: self.place.seq + 1,
            prev: self.place.leaf,
            origin: self.origin.clone(),
            ts: entry::to_micros(stamp.ts.max(self.place.ts)),
            mono_ns: stamp.mono_ns,
            boot: SafeText::new(&stamp.boot),
            actor: draft.actor,
            kind: draft.kind,
            run: draft.run,
            step: draft.step,
            attempt: draft.attempt,
            mode: draft.mode,
            lock_token: draft.lock_token,
            plan: draft.plan,
            policy: self.policy.clone(),
            req: draft.req,
            res: draft.res,
            body,
            reason: draft.reason,
            ticket: draft.ticket,
        }
    }
}

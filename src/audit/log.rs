//! `Log`: the writer. An entry is on disk, whole and chained, before its receipt is given.
//!
//! Several processes may write one log: each append takes the lock of the folder, and reads first
//! what others wrote since. A failed write is taken back; a failed sync stops the log for good,
//! because a second sync of the same bytes may succeed without having kept them.

use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::audit::body;
use crate::audit::disk;
use crate::audit::disk::Disk;
use crate::audit::disk::Failure;
use crate::audit::entry;
use crate::audit::entry::Draft;
use crate::audit::entry::Entry;
use crate::audit::entry::MAX_LINE;
use crate::audit::entry::Stamp;
use crate::audit::error::AuditError;
use crate::audit::folder;
use crate::audit::head;
use crate::audit::head::Seen;
use crate::audit::kind::Kind;
use crate::audit::leaf::Leaf;
use crate::audit::permit::AuditId;
use crate::audit::permit::Bound;
use crate::audit::permit::Class;
use crate::audit::permit::Permit;
use crate::audit::permit::Ticket;
use crate::audit::read;
use crate::audit::settle;
use crate::audit::settle::Place;
use crate::audit::settle::Shape;
use crate::text::SafeText;

/// The length at which a segment is full, in bytes.
const SEGMENT: u64 = 64 << 20;

/// How far the wall clock may go back before that is recorded, in microseconds.
const BACK: i64 = 2_000_000;

/// The proof that an entry is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry's number.
    pub seq: u64,
    /// Its hash.
    pub leaf: Leaf,
}

/// The log of one estate on this host.
pub struct Log {
    pub(super) dir: PathBuf,
    pub(super) disk: Box<dyn Disk>,
    origin: SafeText,
    lock: Arc<File>,
    pub(super) segment: Option<File>,
    pub(super) place: Place,
    pub(super) known: bool,
    behind: bool,
    pub(super) stopped: bool,
    limit: u64,
}

impl Log {
    /// Opens the log in a folder of its own, making it where there is none, and mends what a crash left.
    ///
    /// `origin` names a new log (host and uuid); one that exists keeps its own.
    ///
    /// # Errors
    ///
    /// [`AuditError::Unsafe`] for a folder that others can reach or that is on a network file
    /// system; [`AuditError::File`], [`AuditError::Write`] or [`AuditError::Sync`] when the disk fails.
    pub fn open(dir: &Path, origin: &str, stamp: &Stamp) -> Result<Self, AuditError> {
        Self::open_on(Box::new(disk::Local), dir, origin, stamp)
    }

    /// Opens the log on a given disk.
    pub(super) fn open_on(
        disk: Box<dyn Disk>,
        dir: &Path,
        origin: &str,
        stamp: &Stamp,
    ) -> Result<Self, AuditError> {
        folder::prepare(dir)?;
        let lock = Arc::new(folder::open_lock(dir)?);
        let mut log = Self {
            dir: dir.to_owned(),
            disk,
            origin: SafeText::new(origin),
            lock,
            segment: None,
            place: Place::before(1, Leaf::default(), Timestamp::UNIX_EPOCH, None),
            known: false,
            behind: false,
            stopped: false,
            limit: SEGMENT,
        };
        log.locked(|log| log.settle(stamp))?;
        Ok(log)
    }

    /// Records something; when this returns, the entry and its body are on disk.
    ///
    /// # Errors
    ///
    /// [`AuditError`] when the entry is too long or the disk fails; nothing was recorded then, or,
    /// after [`AuditError::Sync`], nobody knows, and the log takes no more.
    pub fn append(
        &mut self,
        draft: Draft,
        body: Option<&[u8]>,
        stamp: &Stamp,
    ) -> Result<Receipt, AuditError> {
        self.locked(|log| {
            log.settle(stamp)?;
            log.watch_clock(stamp)?;
            if log.place.offset >= log.limit {
                log.start_segment(
                    log.place.seq + 1,
                    log.place.leaf,
                    Draft::new(Kind::LogOpen),
                    stamp,
                )?;
            }
            log.write(draft, body, stamp)
        })
    }

    /// Records that a request is about to be sent, and gives the permit to send it.
    ///
    /// The draft's kind becomes `api.intent`; cluster, digest, class, run and Audit-ID come from `bound`.
    ///
    /// # Errors
    ///
    /// [`AuditError::NoRun`] for a change outside a run, else as [`Log::append`]; there is no permit then.
    pub fn begin(
        &mut self,
        mut draft: Draft,
        body: Option<&[u8]>,
        bound: Bound,
        stamp: &Stamp,
    ) -> Result<Permit, AuditError> {
        if bound.class == Class::Change && bound.run.as_deref().is_none_or(str::is_empty) {
            return Err(AuditError::NoRun {
                cluster: bound.cluster,
            });
        }
        let audit_id = AuditId::random();
        let mut req = draft.req.take().unwrap_or_default();
        req.cluster = SafeText::new(&bound.cluster);
        req.cluster_uid = SafeText::new(&bound.cluster_uid);
        req.digest = Some(Leaf::from_bytes(bound.digest));
        req.class = Some(bound.class);
        req.audit_id = Some(SafeText::from(audit_id.to_string()));
        draft.kind = Kind::ApiIntent;
        draft.run = bound.run.as_deref().map(SafeText::new);
        draft.req = Some(req.clone());
        let (run, step, attempt) = (draft.run.clone(), draft.step.clone(), draft.attempt);
        let receipt = self.append(draft, body, stamp)?;
        let ticket = Ticket::new(receipt.seq, run, step, attempt, req);
        Ok(Permit::new(bound, audit_id, ticket, stamp.mono_ns))
    }

    /// Records what became of a request.
    ///
    /// The outcome's kind becomes `api.outcome`; run, step, attempt and request come from the intent.
    ///
    /// # Errors
    ///
    /// As [`Log::append`]; the intent stays without an outcome then, and this may be tried again.
    pub fn end(
        &mut self,
        ticket: &Ticket,
        mut outcome: Draft,
        stamp: &Stamp,
    ) -> Result<Receipt, AuditError> {
        outcome.kind = Kind::ApiOutcome;
        outcome.run.clone_from(&ticket.run);
        outcome.step.clone_from(&ticket.step);
        outcome.attempt = ticket.attempt;
        outcome.req = Some(ticket.req.clone());
        self.append(outcome, None, stamp)
    }

    /// Gives how many entries there were when this process last wrote or read, which is the number of the last.
    pub fn size(&self) -> u64 {
        self.place.seq
    }

    /// Gives the number and hash of the last entry, as of then.
    pub fn last(&self) -> Receipt {
        Receipt {
            seq: self.place.seq,
            leaf: self.place.leaf,
        }
    }

    /// Gives the id of the log.
    pub fn origin(&self) -> &SafeText {
        &self.origin
    }

    /// Gives the folder of the log.
    pub fn folder(&self) -> &Path {
        &self.dir
    }

    /// Tells whether a failed sync has stopped this log.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Says how far the log is proved: `chained`, until checkpoints exist.
    pub fn custody(&self) -> &'static str {
        "chained"
    }

    /// Reads the entries from one number to another, both included.
    ///
    /// # Errors
    ///
    /// [`AuditError::Damaged`] at the first that cannot be read, [`AuditError::File`] when the disk fails.
    pub fn entries(&self, from: u64, to: u64) -> Result<Vec<Entry>, AuditError> {
        read::entries(&self.dir, read::rows(&self.dir, from, to)?)
    }

    /// Reads the last `n` entries, oldest first.
    ///
    /// # Errors
    ///
    /// As [`Log::entries`].
    pub fn tail(&self, n: usize) -> Result<Vec<Entry>, AuditError> {
        read::entries(&self.dir, read::tail(&self.dir, n)?)
    }

    /// Reads the body of an entry; nothing where it has none, or where it is erased.
    ///
    /// # Errors
    ///
    /// [`AuditError::BodyDiffers`] where it is not the one recorded; else as [`Log::entries`].
    pub fn body(&self, seq: u64) -> Result<Option<Vec<u8>>, AuditError> {
        match self.entries(seq, seq)?.first() {
            Some(entry) => read::body(&self.dir, entry),
            None => Ok(None),
        }
    }

    /// Does something while no other process writes.
    fn locked<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, AuditError>,
    ) -> Result<T, AuditError> {
        if self.stopped {
            return Err(AuditError::Stopped {
                path: self.dir.clone(),
            });
        }
        let lock = Arc::clone(&self.lock);
        lock.lock()
            .map_err(|e| self.file("locking", &self.dir.join("lock"), e))?;
        let done = work(self);
        // Unlocking cannot fail on an open file; closing it would unlock as well.
        let _ = lock.unlock();
        done
    }

    /// Comes to terms with what is in the folder now.
    fn settle(&mut self, stamp: &Stamp) -> Result<(), AuditError> {
        if self.unchanged()? {
            return Ok(());
        }
        let known = self.known;
        self.segment = None;
        let mut torn = None;
        // Each turn but the last takes one stub away, so the loop ends with the segments.
        let shape = loop {
            match settle::examine(&self.dir, self.known.then_some(&self.place))? {
                Shape::Stub { segment } => torn = self.remove_stub(segment)?.or(torn),
                shape => break shape,
            }
        };
        match shape {
            // Already taken away above.
            Shape::Stub { .. } => {}
            Shape::Fresh => {
                self.start_segment(1, Leaf::default(), Draft::new(Kind::LogOpen), stamp)?
            }
            Shape::Sound(place) => self.adopt(place)?,
            Shape::Behind(place) => {
                self.adopt(place)?;
                self.mend_head()?;
            }
            Shape::Torn(place) => {
                self.adopt(place)?;
                torn = self.move_tail()?;
            }
            Shape::Broken { next, prev, why } => {
                let mut draft = Draft::new(Kind::LogBreak);
                draft.reason = Some(SafeText::from(why));
                self.start_segment(next, prev, draft, stamp)?;
            }
        }
        if torn.is_none() && !known {
            // A crash may have come after the bytes were moved and before that was recorded.
            torn = Some(self.place.seq + 1).filter(|seq| self.torn_path(*seq).exists());
        }
        match torn {
            Some(seq) => self.record_torn(seq, stamp),
            None => Ok(()),
        }
    }

    /// Tells whether nobody wrote since this process last did.
    fn unchanged(&self) -> Result<bool, AuditError> {
        let Some(file) = self.segment.as_ref().filter(|_| self.known) else {
            return Ok(false);
        };
        let said =
            head::read(&self.dir).map_err(|e| folder::reading(&self.dir.join(head::NAME), e))?;
        if said != Seen::Read(self.place.head()) {
            return Ok(false);
        }
        let path = self.segment_path();
        let ours = file.metadata().map_err(|e| folder::reading(&path, e))?;
        // The name must still lead to the file that is open.
        let same = fs::symlink_metadata(&path)
            .is_ok_and(|meta| meta.ino() == ours.ino() && meta.dev() == ours.dev());
        Ok(same && ours.len() == self.place.offset)
    }

    /// Goes on where others, or an earlier process, stopped.
    fn adopt(&mut self, place: Place) -> Result<(), AuditError> {
        self.segment = Some(folder::open_own(&folder::segment(
            &self.dir,
            place.segment,
        ))?);
        if let Some(origin) = &place.origin {
            self.origin = origin.clone();
        }
        self.place = place;
        self.known = true;
        Ok(())
    }

    /// Starts a new segment with its first entry.
    fn start_segment(
        &mut self,
        first: u64,
        prev: Leaf,
        draft: Draft,
        stamp: &Stamp,
    ) -> Result<(), AuditError> {
        let path = folder::segment(&self.dir, first);
        let file = self
            .disk
            .create(&path)
            .map_err(|e| self.file("making", &path, e))?;
        self.segment = Some(file);
        self.place = Place::before(first, prev, self.place.ts, None);
        // Until the first entry stands, the next append looks at the folder anew.
        self.known = false;
        if let Err(source) = self.disk.sync_folder(&self.dir) {
            self.stopped = true;
            return Err(AuditError::Sync {
                seq: first,
                path,
                source,
            });
        }
        self.write(draft, None, stamp)?;
        self.known = true;
        Ok(())
    }

    /// Records once that the wall clock went back.
    fn watch_clock(&mut self, stamp: &Stamp) -> Result<(), AuditError> {
        let back = self.place.ts.as_microsecond() - stamp.ts.as_microsecond();
        if back <= BACK {
            self.behind = false;
        } else if !self.behind {
            let mut draft = Draft::new(Kind::LogClockRegressed);
            draft.reason = Some(SafeText::from(format!(
                "the wall clock went back by {}s",
                back / 1_000_000
            )));
            self.write(draft, None, stamp)?;
            self.behind = true;
        }
        Ok(())
    }

    /// Makes one entry durable: body, line, head, each synced before the next.
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
            .map_err(|e| self.file("wording an entry for", &self.segment_path(), e.into()))?;
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
        after.advance(leaf, entry.ts, line.len() as u64);
        let content = sealed.as_ref().map(|(_, content)| content.as_slice());
        match self.keep(seq, content, &line, &after) {
            Ok(()) => {
                self.place = after;
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
        head::replace(&*self.disk, &self.dir, &after.head())
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
    fn entry(&self, draft: Draft, body: Option<body::Body>, stamp: &Stamp) -> Entry {
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
            req: draft.req,
            res: draft.res,
            body,
            reason: draft.reason,
            ticket: draft.ticket,
        }
    }

    /// Names the segment that is written to.
    fn segment_path(&self) -> PathBuf {
        folder::segment(&self.dir, self.place.segment)
    }

    /// Words a failure to work with a file.
    fn file(&self, operation: &'static str, path: &Path, source: io::Error) -> AuditError {
        AuditError::File {
            operation,
            path: path.to_owned(),
            source,
        }
    }
}

//! `Log`: the writer. An entry is on disk, whole and chained, before its receipt is given.
//!
//! Several processes may write one log: each append takes the lock of the folder, and reads first
//! what others wrote since. A failed write is taken back; a failed sync stops the log for good,
//! because a second sync of the same bytes may succeed without having kept them.

use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::audit::disk;
use crate::audit::disk::Disk;
use crate::audit::entry::Actor;
use crate::audit::entry::Draft;
use crate::audit::entry::Entry;
use crate::audit::entry::Stamp;
use crate::audit::error::AuditError;
use crate::audit::folder;
use crate::audit::kind::Kind;
use crate::audit::leaf::Leaf;
use crate::audit::permit::AuditId;
use crate::audit::permit::Bound;
use crate::audit::permit::Class;
use crate::audit::permit::Permit;
use crate::audit::permit::Ticket;
use crate::audit::read;
use crate::audit::seal::Seal;
use crate::audit::settle::Place;
use crate::audit::tree::Edge;
use crate::text::SafeText;

/// The length at which a segment is full, in bytes.
const SEGMENT: u64 = 64 << 20;

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
    pub(super) origin: SafeText,
    pub(super) policy: Option<SafeText>,
    lock: Arc<File>,
    pub(super) segment: Option<File>,
    pub(super) place: Place,
    pub(super) known: bool,
    pub(super) behind: bool,
    pub(super) stopped: bool,
    pub(super) limit: u64,
    pub(super) seal: Seal,
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
        Self::open_on(Box::new(disk::Local), dir, (origin, None), stamp)
    }

    /// As [`Log::open`], and every entry that is written through it says under which policy: its digest, or `self`.
    ///
    /// # Errors
    ///
    /// As [`Log::open`].
    pub fn open_under(
        dir: &Path,
        origin: &str,
        policy: &str,
        stamp: &Stamp,
    ) -> Result<Self, AuditError> {
        let policy = Some(SafeText::new(policy));
        Self::open_on(Box::new(disk::Local), dir, (origin, policy), stamp)
    }

    /// Opens the log on a given disk.
    pub(super) fn open_on(
        disk: Box<dyn Disk>,
        dir: &Path,
        (origin, policy): (&str, Option<SafeText>),
        stamp: &Stamp,
    ) -> Result<Self, AuditError> {
        folder::prepare(dir)?;
        let lock = Arc::new(folder::open_lock(dir)?);
        let mut log = Self {
            dir: dir.to_owned(),
            disk,
            origin: SafeText::new(origin),
            policy,
            lock,
            segment: None,
            place: Place::before(
                1,
                Leaf::default(),
                Edge::default(),
                Timestamp::UNIX_EPOCH,
                None,
            ),
            known: false,
            behind: false,
            stopped: false,
            limit: SEGMENT,
            seal: Seal::default(),
        };
        log.locked(|log| {
            log.settle(stamp)?;
            log.take_key(stamp)
        })?;
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
                // The head of a new segment may be lost with the power that fails while it starts: the one before it must be kept.
                log.mend_head()?;
                let after = (log.place.seq + 1, log.place.leaf, log.place.edge.clone());
                log.start_segment(after, Draft::new(Kind::LogOpen), stamp)?;
            }
            let kind = draft.kind.clone();
            let receipt = log.write(draft, body, stamp)?;
            // The entry is kept in any case; where signing fails, [`Log::sealed`] stays behind and tells it.
            drop(log.seal_after(&kind, stamp));
            Ok(receipt)
        })
    }

    /// Reads what others wrote since this process last wrote or read.
    ///
    /// # Errors
    ///
    /// As [`Log::append`].
    pub fn refresh(&mut self, stamp: &Stamp) -> Result<(), AuditError> {
        self.locked(|log| log.settle(stamp))
    }

    /// Records that a request is about to be sent, and gives the permit to send it.
    ///
    /// The draft's kind becomes `api.intent` (`config.trusted` for a fingerprint, which needs no run); cluster, digest, class, run and Audit-ID come from `bound`.
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
        draft.kind = match bound.class {
            Class::Trust => Kind::ConfigTrusted,
            _ => Kind::ApiIntent,
        };
        draft.run = bound.run.as_deref().map(SafeText::new);
        draft.req = Some(req.clone());
        let ticket = Ticket::new(&draft, req);
        let receipt = self.append(draft, body, stamp)?;
        let ticket = ticket.written(receipt.seq);
        Ok(Permit::new(bound, audit_id, ticket, stamp.mono_ns))
    }

    /// Records what became of a request.
    ///
    /// The outcome's kind becomes `api.outcome` (`config.trusted` for a fingerprint); run, step, attempt and request come from the intent, and so does
    /// the actor where none is given.
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
        outcome.kind = match ticket.req.class {
            Some(Class::Trust) => Kind::ConfigTrusted,
            _ => Kind::ApiOutcome,
        };
        if outcome.actor == Actor::default() {
            outcome.actor.clone_from(&ticket.actor);
        }
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

    /// Says how far the log is proved: `chained`, until a witness elsewhere has signed its checkpoints.
    pub fn custody(&self) -> &'static str {
        "chained"
    }

    /// Reads the entries from one number to another, both included.
    ///
    /// # Errors
    ///
    /// [`AuditError::Damaged`] at the first that cannot be read, [`AuditError::Read`] when the disk fails.
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
    pub(super) fn locked<T>(
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
            .map_err(|e| folder::failed("locking", &self.dir.join("lock"), e))?;
        let done = work(self);
        // Unlocking cannot fail on an open file; closing it would unlock as well.
        let _ = lock.unlock();
        done
    }

    /// Names the segment that is written to.
    pub(super) fn segment_path(&self) -> PathBuf {
        folder::segment(&self.dir, self.place.segment)
    }
}

//! How the writer takes up a folder: it goes on, mends what a crash left, or starts anew beyond damage.
//!
//! Nothing is dropped: loose bytes are moved aside, and what was done is recorded.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use sha2::Digest as _;
use sha2::Sha256;

use crate::audit::disk::Failure;
use crate::audit::entry::Draft;
use crate::audit::entry::Stamp;
use crate::audit::error::AuditError;
use crate::audit::folder;
use crate::audit::head;
use crate::audit::head::Seen;
use crate::audit::kind::Kind;
use crate::audit::leaf::Leaf;
use crate::audit::log::Log;
use crate::audit::settle;
use crate::audit::settle::Place;
use crate::audit::settle::Shape;
use crate::audit::tree::Edge;
use crate::text::SafeText;
use crate::text::count;

/// How far the wall clock may go back before that is recorded, in microseconds.
const BACK: i64 = 2_000_000;

impl Log {
    /// Comes to terms with what is in the folder now.
    pub(super) fn settle(&mut self, stamp: &Stamp) -> Result<(), AuditError> {
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
                let from = (1, Leaf::default(), Edge::default());
                let draft = self.opening()?;
                self.start_segment(from, draft, stamp)?;
            }
            Shape::Sound(place) => self.adopt(place)?,
            Shape::Behind { place, from } => {
                self.adopt(place)?;
                self.confirm(from)?;
                self.mend_head()?;
            }
            Shape::Torn(place) => {
                self.adopt(place)?;
                torn = self.move_tail()?;
            }
            Shape::Broken {
                next,
                prev,
                edge,
                origin,
                why,
            } => {
                self.origin = origin.unwrap_or_else(|| self.origin.clone());
                let mut draft = Draft::new(Kind::LogBreak);
                draft.reason = Some(SafeText::from(why));
                self.start_segment((next, prev, edge), draft, stamp)?;
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
        if !matches!(said, Seen::Read(head) if self.place.agrees(&head)) {
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

    /// Starts a new segment with its first entry: its number, the hash it names, and the tree before it.
    pub(super) fn start_segment(
        &mut self,
        (first, prev, edge): (u64, Leaf, Edge),
        draft: Draft,
        stamp: &Stamp,
    ) -> Result<(), AuditError> {
        let path = folder::segment(&self.dir, first);
        let file = self
            .disk
            .create(&path)
            .map_err(|e| folder::failed("making", &path, e))?;
        self.segment = Some(file);
        self.place = Place::before(first, prev, edge, self.place.ts, None);
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
    pub(super) fn watch_clock(&mut self, stamp: &Stamp) -> Result<(), AuditError> {
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

    /// Has the disk keep entries that may only be in memory still: whoever wrote them went before it was confirmed.
    ///
    /// They are written once more, over themselves: after a sync that failed, another one may succeed without them.
    fn confirm(&mut self, from: u64) -> Result<(), AuditError> {
        let path = self.segment_path();
        let mut bytes = vec![0; usize::try_from(self.place.offset - from).unwrap_or(0)];
        let done = folder::open_over(&path)
            .and_then(|file| {
                file.read_exact_at(&mut bytes, from)?;
                self.disk.overwrite(&file, &bytes, from)?;
                Ok(file)
            })
            .map_err(Failure::Undone)
            .and_then(|file| self.disk.sync(&file).map_err(Failure::InDoubt));
        self.settled(self.place.seq, done)
    }

    /// Puts a head in place that agrees with the entries.
    pub(super) fn mend_head(&mut self) -> Result<(), AuditError> {
        let done = head::replace(&*self.disk, &self.dir, &self.place.head());
        self.settled(self.place.seq, done)
    }

    /// Moves the bytes after the last whole line to `torn-<seq>`, and gives that number.
    pub(super) fn move_tail(&mut self) -> Result<Option<u64>, AuditError> {
        let seq = self.place.seq + 1;
        let done = match &self.segment {
            Some(file) => self.move_bytes(file, self.place.offset, seq),
            None => Ok(()),
        };
        self.settled(seq, done)?;
        Ok(Some(seq))
    }

    /// Takes a last segment away that holds no whole line; loose bytes in it are moved first.
    ///
    /// Gives the number under which bytes were moved.
    pub(super) fn remove_stub(&mut self, segment: u64) -> Result<Option<u64>, AuditError> {
        let path = folder::segment(&self.dir, segment);
        let file = folder::open_own(&path)?;
        let length = file
            .metadata()
            .map_err(|e| folder::reading(&path, e))?
            .len();
        let done = match length {
            0 => Ok(()),
            _ => self.move_bytes(&file, 0, segment),
        };
        let done = done.and_then(|()| fs::remove_file(&path).map_err(Failure::Undone));
        let done = done.and_then(|()| self.disk.sync_folder(&self.dir).map_err(Failure::InDoubt));
        self.settled(segment, done)?;
        Ok((length > 0).then_some(segment))
    }

    /// Records what was moved.
    pub(super) fn record_torn(&mut self, seq: u64, stamp: &Stamp) -> Result<(), AuditError> {
        let path = self.torn_path(seq);
        let (bytes, hash) = digest(&path).map_err(|e| folder::reading(&path, e))?;
        let mut draft = Draft::new(Kind::LogTorn);
        let said = format!(
            "{} bytes after the last whole entry, sha256 {hash}, are kept in torn-{seq}",
            count(bytes)
        );
        draft.reason = Some(SafeText::from(said));
        self.write(draft, None, stamp).map(drop)
    }

    /// Names the file that torn bytes are kept in.
    pub(super) fn torn_path(&self, seq: u64) -> PathBuf {
        self.dir.join(format!("torn-{seq}"))
    }

    /// Copies the end of a file to `torn-<seq>`, and cuts it off once the copy is kept.
    fn move_bytes(&self, mut file: &File, from: u64, seq: u64) -> Result<(), Failure> {
        let path = self.torn_path(seq);
        let fresh = path.with_extension("new");
        match fs::remove_file(&fresh) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(Failure::Undone(e)),
            _ => {}
        }
        file.seek(SeekFrom::Start(from)).map_err(Failure::Undone)?;
        let copy = self.disk.create(&fresh).map_err(Failure::Undone)?;
        let mut part = vec![0; 64 * 1024];
        loop {
            match file.read(&mut part).map_err(Failure::Undone)? {
                0 => break,
                got => self
                    .disk
                    .write_whole(&copy, &part[..got])
                    .map_err(Failure::Undone)?,
            }
        }
        self.disk.sync(&copy).map_err(Failure::InDoubt)?;
        self.disk.rename(&fresh, &path).map_err(Failure::Undone)?;
        self.disk.sync_folder(&self.dir).map_err(Failure::InDoubt)?;
        self.disk.truncate(file, from).map_err(Failure::Undone)?;
        self.disk.sync(file).map_err(Failure::InDoubt)
    }

    /// Words the end of a mending; a failed sync stops the log.
    fn settled(&mut self, seq: u64, done: Result<(), Failure>) -> Result<(), AuditError> {
        match done {
            Ok(()) => Ok(()),
            Err(Failure::Undone(source)) => {
                // The next append looks at the folder anew.
                self.known = false;
                Err(AuditError::File {
                    operation: "mending the log in",
                    path: self.dir.clone(),
                    source,
                })
            }
            Err(Failure::InDoubt(source)) => {
                self.stopped = true;
                Err(AuditError::Sync {
                    seq,
                    path: self.dir.clone(),
                    source,
                })
            }
        }
    }
}

/// Gives the length and the SHA-256 of a file.
fn digest(path: &Path) -> io::Result<(u64, Leaf)> {
    let mut file = folder::open_plain(path)?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut part = vec![0; 64 * 1024];
    loop {
        match file.read(&mut part)? {
            0 => return Ok((bytes, Leaf::from_bytes(hash.finalize().into()))),
            got => {
                hash.update(&part[..got]);
                bytes += got as u64;
            }
        }
    }
}

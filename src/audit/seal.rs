//! Sealing: from time to time the log signs how many entries it has and the root over them, and keeps that.
//!
//! `key` holds what signs, `checkpoints` what was signed, one note after the other. Which key signs stands in an entry
//! of the log itself, so it is under every later checkpoint, and under every witness's signature.

use std::fs;
use std::fs::Permissions;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ring::rand::SecureRandom as _;
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

use crate::audit::checkpoint::Checkpoint;
use crate::audit::disk::Disk;
use crate::audit::entry::Draft;
use crate::audit::entry::Entry;
use crate::audit::entry::Stamp;
use crate::audit::error::AuditError;
use crate::audit::folder;
use crate::audit::kind::Kind;
use crate::audit::log::Log;
use crate::audit::note::Key;
use crate::audit::note::Note;
use crate::audit::note::Signer;
use crate::audit::read;
use crate::audit::read::Row;
use crate::text::SafeText;

/// The file of what signs.
const KEY: &str = "key";
/// A key that no entry names yet.
const FRESH: &str = "key.new";
/// The file of what was signed.
pub(super) const HISTORY: &str = "checkpoints";
/// How an entry says which key signs from there on.
const SAID: &str = "checkpoints are signed by ";
/// How long entries may stand without a checkpoint over them, in nanoseconds: a minute.
const UNSEALED: u64 = 60_000_000_000;
/// How many of the last entries may name the key of a log that has no checkpoint yet.
const LATELY: usize = 4096;
/// How much of the end of the checkpoints is read for the newest, in bytes.
const END: u64 = 64 * 1024;
/// The largest key file that is read, in bytes.
const MOST: u64 = 4096;

/// What signs for a log, and how far it has.
#[derive(Default)]
pub(super) struct Seal {
    signer: Option<Signer>,
    /// How many entries are under the newest checkpoint.
    pub(super) size: u64,
    /// Since when entries stand without one, on the clock that never goes back.
    since: Option<u64>,
}

impl Seal {
    /// Tells whether an entry of this kind, or the time since the last checkpoint, asks for one; called after each entry.
    fn due(&mut self, kind: &Kind, stamp: &Stamp) -> bool {
        let since = *self.since.get_or_insert(stamp.mono_ns);
        // A clock that went back belongs to another start of the host: whatever stands there is old.
        let waited = stamp.mono_ns.checked_sub(since);
        seals(kind) || waited.is_none_or(|waited| waited >= UNSEALED)
    }
}

/// Tells whether what such an entry says must not be taken back quietly, not even within a minute.
pub(super) fn seals(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::RunStarted
            | Kind::RunEnded
            | Kind::RunAborted
            | Kind::ApprovalGiven
            | Kind::ApprovalRefused
            | Kind::BreakglassOpened
            | Kind::BreakglassClosed
            | Kind::ConfigTrusted
            | Kind::SessionClosed
    )
}

impl Log {
    /// Gives the entry that begins a log: it says which key signs.
    pub(super) fn opening(&mut self) -> Result<Draft, AuditError> {
        let mut draft = Draft::new(Kind::LogOpen);
        let path = self.dir.join(KEY);
        let signer = if let Some(signer) = read_key(&path)? {
            signer
        } else {
            let signer = self.new_key()?;
            self.put_key()?;
            signer
        };
        draft.reason = Some(SafeText::from(format!("{SAID}{}", signer.key())));
        self.seal.signer = Some(signer);
        Ok(draft)
    }

    /// Takes up the key of this log; one that never had a key gets one, and an entry that says so.
    pub(super) fn take_key(&mut self, stamp: &Stamp) -> Result<(), AuditError> {
        if self.seal.signer.is_some() {
            return Ok(());
        }
        let path = self.dir.join(KEY);
        let signer = if let Some(signer) = read_key(&path)? {
            if !self.names(signer.key())? {
                self.say_key(signer.key(), stamp)?;
            }
            signer
        } else {
            let signer = self.new_key()?;
            self.say_key(signer.key(), stamp)?;
            self.put_key()?;
            signer
        };
        self.seal.signer = Some(signer);
        // Whoever wrote last may have gone before it was signed.
        drop(self.sign());
        Ok(())
    }

    /// Records which key signs from here on.
    fn say_key(&mut self, key: &Key, stamp: &Stamp) -> Result<(), AuditError> {
        let mut draft = Draft::new(Kind::LogKey);
        draft.reason = Some(SafeText::from(format!("{SAID}{key}")));
        self.write(draft, None, stamp).map(drop)
    }

    /// Tells whether the log says that this key signs: the newest checkpoint is its own, or one of the entries that may
    /// stand before any checkpoint names it.
    fn names(&self, key: &Key) -> Result<bool, AuditError> {
        let path = self.dir.join(HISTORY);
        let kept = newest(&self.dir).map_err(|e| folder::reading(&path, e))?;
        if let Some((note, _)) = kept.last {
            return Ok(note.signed_by(key).is_ok());
        }
        let own = |row: &Row| row.entry.as_ref().and_then(said).as_ref() == Some(key);
        let first = read::first(&self.dir)?;
        Ok(first.iter().chain(&read::tail(&self.dir, LATELY)?).any(own))
    }

    /// Makes a key and keeps it beside the place where it will stand.
    fn new_key(&self) -> Result<Signer, AuditError> {
        let path = self.dir.join(FRESH);
        let signer = new_key(self.origin.as_str()).map_err(|e| making(&path, e))?;
        keep_key(&*self.disk, &path, &signer).map_err(|e| making(&path, e))?;
        Ok(signer)
    }

    /// Puts the new key in its place; from here on it is the key of this log.
    fn put_key(&self) -> Result<(), AuditError> {
        let path = self.dir.join(KEY);
        let put = self.disk.rename(&self.dir.join(FRESH), &path);
        put.and_then(|()| self.disk.sync_folder(&self.dir))
            .map_err(|e| making(&path, e))
    }

    /// Signs how many entries there are and the root over them, and keeps that; nothing where that is done already.
    ///
    /// # Errors
    ///
    /// As [`Log::append`]; no entry is lost by it.
    pub fn seal(&mut self, stamp: &Stamp) -> Result<Option<Note>, AuditError> {
        self.locked(|log| {
            log.settle(stamp)?;
            log.sign()
        })
    }

    /// Seals the log where the entry that was just written, or the time, asks for it.
    pub(super) fn seal_after(&mut self, kind: &Kind, stamp: &Stamp) -> Result<(), AuditError> {
        if self.seal.due(kind, stamp) {
            self.sign()?;
        }
        Ok(())
    }

    /// Tells how many entries are under the newest checkpoint of this process.
    pub fn sealed(&self) -> u64 {
        self.seal.size
    }

    fn sign(&mut self) -> Result<Option<Note>, AuditError> {
        let size = self.place.seq;
        let unsigned = self.seal.size != size;
        let Some(signer) = self.seal.signer.as_ref().filter(|_| unsigned) else {
            return Ok(None);
        };
        let path = self.dir.join(HISTORY);
        let kept = newest(&self.dir).map_err(|e| folder::reading(&path, e))?;
        if kept.last.is_some_and(|(_, last)| last.size == size) {
            // Another process was first.
            (self.seal.size, self.seal.since) = (size, None);
            return Ok(None);
        }
        let root = self.place.edge.root();
        let note = Checkpoint::new(self.origin.as_str(), size, root).sign(signer);
        let file = match folder::open_own(&path) {
            Ok(file) => file,
            Err(AuditError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let made = self.disk.create(&path);
                let made = made.and_then(|file| self.disk.sync_folder(&self.dir).map(|()| file));
                made.map_err(|e| making(&path, e))?
            }
            Err(e) => return Err(e),
        };
        let length = file
            .metadata()
            .map_err(|e| folder::reading(&path, e))?
            .len();
        let before = length - kept.loose;
        if kept.loose > 0 {
            // What a crash left of a checkpoint that was being written; this one says more.
            let cut = self.disk.truncate(&file, before);
            cut.map_err(|e| making(&path, e))?;
        }
        if let Err(source) = self.disk.write_whole(&file, note.to_string().as_bytes()) {
            self.stopped |= self.disk.truncate(&file, before).is_err();
            return Err(making(&path, source));
        }
        if let Err(source) = self.disk.sync(&file) {
            self.stopped = true;
            return Err(AuditError::Sync {
                seq: size,
                path,
                source,
            });
        }
        self.seal.size = size;
        self.seal.since = None;
        Ok(Some(note))
    }
}

fn making(path: &Path, source: io::Error) -> AuditError {
    folder::failed("keeping", path, source)
}

/// Makes a key of 32 random bytes.
fn new_key(origin: &str) -> io::Result<Signer> {
    let mut seed = Zeroizing::new([0; 32]);
    SystemRandom::new()
        .fill(&mut seed[..])
        .map_err(|_| io::Error::other("the system gave no random bytes"))?;
    Signer::text(&name(origin), seed).map_err(io::Error::other)
}

/// The name a log's key has: its id, without what no name of a key may hold.
fn name(origin: &str) -> String {
    let plain = |one: char| {
        if one.is_whitespace() || one == '+' {
            '-'
        } else {
            one
        }
    };
    origin.chars().map(plain).collect()
}

/// Writes a key that only its owner may read, and nobody may change.
fn keep_key(disk: &dyn Disk, path: &Path, signer: &Signer) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let file = disk.create(path)?;
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    line.extend_from_slice(signer.secret().as_bytes());
    line.push(b'\n');
    disk.write_whole(&file, &line)?;
    file.set_permissions(Permissions::from_mode(0o400))?;
    disk.sync(&file)
}

/// Reads a key; nothing where there is none.
fn read_key(path: &Path) -> Result<Option<Signer>, AuditError> {
    let mut text = Zeroizing::new(String::with_capacity(256));
    let read = folder::open_secret(path)?;
    let Some(file) = read else {
        return Ok(None);
    };
    file.take(MOST)
        .read_to_string(&mut text)
        .map_err(|e| folder::reading(path, e))?;
    let signer = Signer::parse(&text).map_err(|e| AuditError::Unsafe {
        path: path.to_owned(),
        why: format!("is no key of a log ({e})"),
        next: "put the kept copy back, or move it away and a new one is made and recorded",
    })?;
    Ok(Some(signer))
}

/// Gives the key that an entry says checkpoints are signed by from there on.
pub(super) fn said(entry: &Entry) -> Option<Key> {
    let names = matches!(entry.kind, Kind::LogOpen | Kind::LogKey);
    let said = entry.reason.as_ref().filter(|_| names)?;
    Key::parse(said.as_str().strip_prefix(SAID)?).ok()
}

/// What the file of checkpoints holds.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The checkpoints, oldest first.
    pub(super) notes: Vec<Note>,
    /// Whether something between them is none.
    pub(super) broken: bool,
    /// How many bytes of one that was not finished follow.
    pub(super) loose: u64,
}

/// Reads the checkpoints of a log; a log without the file has none.
pub(super) fn history(dir: &Path) -> io::Result<History> {
    let mut bytes = Vec::new();
    match folder::open_plain(&dir.join(HISTORY)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(History::default()),
        Err(e) => return Err(e),
        Ok(mut file) => file.read_to_end(&mut bytes)?,
    };
    Ok(split(&bytes))
}

/// Takes notes apart that stand one behind the other: a signature line ends one where no other follows.
fn split(bytes: &[u8]) -> History {
    let mut found = History::default();
    let (mut from, mut at, mut signed) = (0, 0, false);
    let take = |part: &[u8], found: &mut History| {
        let note = std::str::from_utf8(part).ok();
        match note.and_then(|part| Note::parse(part).ok()) {
            Some(note) => found.notes.push(note),
            None => found.broken = true,
        }
    };
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let signature = line.starts_with("\u{2014}".as_bytes());
        if signed && !signature {
            take(&bytes[from..at], &mut found);
            from = at;
        }
        signed = signature && line.ends_with(b"\n");
        at += line.len();
    }
    if signed {
        take(&bytes[from..at], &mut found);
    } else {
        found.loose = (at - from) as u64;
    }
    found
}

/// How the file of checkpoints ends.
#[derive(Debug, Default)]
pub(super) struct Newest {
    /// The newest checkpoint.
    pub(super) last: Option<(Note, Checkpoint)>,
    /// How many bytes of one that was not finished follow.
    loose: u64,
}

/// Reads the newest checkpoint of a log, from the end of the file: there may be one for every minute of years.
pub(super) fn newest(dir: &Path) -> io::Result<Newest> {
    let file = match folder::open_plain(&dir.join(HISTORY)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Newest::default()),
        Err(e) => return Err(e),
        Ok(file) => file,
    };
    let length = file.metadata()?.len();
    let part = length.min(END);
    let mut bytes = vec![0; usize::try_from(part).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, length - part)?;
    let found = split(&bytes);
    let read = |note: Note| Some((Checkpoint::parse(&note.text).ok()?, note));
    let last = found.notes.into_iter().rev().find_map(read);
    Ok(Newest {
        last: last.map(|(checkpoint, note)| (note, checkpoint)),
        loose: found.loose,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::leaf::Leaf;

    #[test]
    fn notes_behind_one_another_are_told_apart_and_a_torn_one_is_loose() {
        let signer = new_key("jump 1/0197c1f2").unwrap();
        assert_eq!(signer.key().name(), "jump-1/0197c1f2");
        let note = |size| {
            let checkpoint = Checkpoint::new("jump 1/0197c1f2", size, Leaf::of(b"root"));
            checkpoint.sign(&signer)
        };
        let mut two = note(2);
        two.signatures.push(two.signatures[0].clone());
        let all = format!("{}{two}{}", note(1), note(3));
        let found = split(all.as_bytes());
        assert_eq!(found.notes, [note(1), two.clone(), note(3)]);
        assert_eq!((found.broken, found.loose), (false, 0));

        let last = note(3).to_string().len();
        for length in 1..last {
            let found = split(&all.as_bytes()[..all.len() - last + length]);
            assert_eq!((found.notes.len(), found.broken), (2, false), "{length}");
            assert_eq!(found.loose, length as u64);
        }
        let found = split(all.replacen("\n2\n", "\n2\u{7}", 1).as_bytes());
        assert_eq!((found.notes.len(), found.broken), (2, true));
    }
}

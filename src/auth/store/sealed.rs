//! Encrypted files in the state folder, by age.
//!
//! Tokens are encrypted to an X25519 key, because a passphrase is made slow on purpose and a renewal must not be. With a
//! passphrase that key is made once and lies beside them, itself encrypted with the passphrase; with a recipient the
//! person types the key. Either is in memory only while the program runs.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use age::secrecy::ExposeSecret as _;
use age::secrecy::SecretString;
use age::x25519::Identity;
use age::x25519::Recipient;

use super::Slot;
use super::StoreError;
use super::lock::no_link;
use super::lock::private;
use crate::config::Secret;

/// Where the key lies, encrypted with the passphrase.
const KEY: &str = "key.age";
/// The most that a file of ours holds, in bytes.
const LARGEST: u64 = 64 * 1024;
/// The most work that a passphrase file may ask for, as a power of two; ours asks for less.
const MOST_WORK: u8 = 22;

/// What opens the files.
#[derive(Clone)]
pub struct Key {
    identity: Identity,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// Whether a passphrase was chosen for this folder before.
    pub fn is_there(folder: &Path) -> bool {
        folder.join(KEY).exists()
    }

    /// Opens the key of a folder with its passphrase; makes one where there is none. `work` is the cost of guessing, as
    /// a power of two; `None` is some second of this machine.
    ///
    /// # Errors
    /// When the passphrase is wrong or empty, or the file cannot be read or made.
    pub fn by_passphrase(
        folder: &Path,
        passphrase: &Secret,
        work: Option<u8>,
    ) -> Result<Key, StoreError> {
        if passphrase.expose().is_empty() {
            return Err(StoreError::new("no passphrase was typed"));
        }
        private(folder)?;
        let path = folder.join(KEY);
        let words = SecretString::from(passphrase.expose().to_owned());
        if let Some(bytes) = read(&path)? {
            let mut opener = age::scrypt::Identity::new(words);
            opener.set_max_work_factor(MOST_WORK);
            let text = age::decrypt(&opener, &bytes).map_err(|_| {
                StoreError::new(format!(
                    "the passphrase does not open {}; try again, or remove the file to choose a new one",
                    path.display()
                ))
            })?;
            let text = zeroize::Zeroizing::new(text);
            return Key::of(std::str::from_utf8(&text).unwrap_or_default());
        }
        let identity = Identity::generate();
        let mut recipient = age::scrypt::Recipient::new(words);
        if let Some(work) = work {
            recipient.set_work_factor(work);
        }
        let text = identity.to_string();
        let bytes = age::encrypt(&recipient, text.expose_secret().as_bytes());
        write(&path, &bytes.map_err(|_| unwritten(&path))?)?;
        Ok(Key { identity })
    }

    /// The key that a person typed, which must belong to the recipient of the configuration.
    ///
    /// # Errors
    /// When it is no key, or another recipient's.
    pub fn typed(recipient: &str, typed: &Secret) -> Result<Key, StoreError> {
        let key = Key::of(typed.expose().trim())?;
        if key.identity.to_public().to_string() != recipient {
            return Err(StoreError::new(
                "that key belongs to another recipient than token_recipient; type the one that goes with it",
            ));
        }
        Ok(key)
    }

    fn of(text: &str) -> Result<Key, StoreError> {
        let identity = text
            .parse::<Identity>()
            .map_err(|_| StoreError::new("that is no AGE-SECRET-KEY-1...; type the key itself"))?;
        Ok(Key { identity })
    }
}

/// Encrypted files in one folder.
#[derive(Debug)]
pub struct Sealed {
    folder: PathBuf,
    key: Key,
}

impl Sealed {
    pub(super) fn new(folder: &Path, key: Key) -> Sealed {
        Sealed {
            folder: folder.to_path_buf(),
            key,
        }
    }

    pub(super) fn read(&self, slot: &Slot) -> Result<Option<Secret>, StoreError> {
        let path = self.path(slot);
        let Some(bytes) = read(&path)? else {
            return Ok(None);
        };
        // A file that this key does not open is another key's: it is of no use, and a new sign-in takes its place.
        let Ok(text) = age::decrypt(&self.key.identity, &bytes) else {
            return Ok(None);
        };
        let text = zeroize::Zeroizing::new(text);
        Ok(std::str::from_utf8(&text).ok().map(Secret::new))
    }

    pub(super) fn keep(&self, slot: &Slot, text: &Secret) -> Result<(), StoreError> {
        private(&self.folder)?;
        let path = self.path(slot);
        let to: Recipient = self.key.identity.to_public();
        let bytes = age::encrypt(&to, text.expose().as_bytes());
        write(&path, &bytes.map_err(|_| unwritten(&path))?)
    }

    pub(super) fn forget(&self, slot: &Slot) -> Result<(), StoreError> {
        let path = self.path(slot);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::new(format!(
                "{} cannot be removed: {}; remove it by hand",
                path.display(),
                error.kind()
            ))),
            _ => Ok(()),
        }
    }

    fn path(&self, slot: &Slot) -> PathBuf {
        self.folder.join(format!("{}.age", slot.name()))
    }
}

fn unwritten(path: &Path) -> StoreError {
    StoreError::new(format!(
        "{} cannot be written; see to its folder, or give another with --state",
        path.display()
    ))
}

/// The bytes of a file of ours; `None` when there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let fail = |error: std::io::Error| {
        StoreError::new(format!(
            "{} cannot be read: {}; remove it to begin anew",
            path.display(),
            error.kind()
        ))
    };
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(no_link())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error)),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(fail)?;
    Ok(Some(bytes))
}

/// Puts bytes into a file for this user alone, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    let put = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(no_link())
            .open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&aside, path)
    };
    put().map_err(|_| {
        // What was begun is no use to anybody.
        drop(std::fs::remove_file(&aside));
        unwritten(path)
    })
}

//! Where sign-ins may outlive the process: nowhere, unless the configuration asks for it by name.
//!
//! On a jump host that many people share, what is kept for one account is within reach of everybody who has it. So memory
//! is the default and holds nothing back at its end; the other stores are `kernel`, `desktop` and [`sealed`]. What is kept
//! renews a sign-in and, while there is room, takes it up again without asking anybody: see [`Kept`]. Plain text is no choice.
//! Everything here waits for a kernel, a bus or a disk, and is called where waiting is allowed.
//!
//! To add a store: a file with `read`, `keep` and `forget`, its variant here and its word in `config`.

mod desktop;
mod kept;
mod kernel;
pub mod lock;
pub mod sealed;
mod slot;

use std::path::Path;

use jiff::Timestamp;

use crate::config::Secret;
use crate::config::TokenSettings;
use crate::config::TokenStore;
use desktop::Desktop;
use kernel::Kernel;
use sealed::Key;
use sealed::Sealed;

pub use kept::Endpoints;
pub use kept::Kept;
pub use kept::Live;
pub use lock::Lock;
pub use slot::Slot;

/// The most that the session keyring takes of one sign-in, in bytes: the kernel allows a user 20,000 in all, and a token
/// that lists many groups is long (keyrings(7)).
const ROOM_KERNEL: usize = 4 * 1024;
/// The most that the other stores take, in bytes; half of what an encrypted file may hold.
const ROOM: usize = 32 * 1024;

/// Why a store cannot be used. None of these carries a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct StoreError {
    /// What failed and what would mend it.
    reason: String,
}

impl StoreError {
    /// An error with its reason in words.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

/// Where sign-ins are kept.
#[derive(Debug)]
pub enum Store {
    /// Nowhere but in the task that uses them.
    Memory,
    /// The session keyring of the kernel.
    Kernel(Kernel),
    /// The desktop's keyring.
    Desktop(Desktop),
    /// Encrypted files.
    Sealed(Box<Sealed>),
}

impl Store {
    /// Opens the store that the configuration names. `folder` is where encrypted files lie; `key` opens them.
    ///
    /// # Errors
    /// When it cannot be used here, in one sentence; the caller goes on with [`Store::Memory`] and says so.
    pub fn open(
        settings: &TokenSettings,
        folder: &Path,
        key: Option<Key>,
    ) -> Result<Store, StoreError> {
        match settings.store {
            TokenStore::Memory => Ok(Store::Memory),
            TokenStore::SessionKeyring => Ok(Store::Kernel(Kernel::open()?)),
            TokenStore::OsKeyring => Ok(Store::Desktop(Desktop::open()?)),
            TokenStore::EncryptedFile => match key {
                Some(key) => Ok(Store::Sealed(Box::new(Sealed::new(folder, key)))),
                None => Err(StoreError::new(
                    "the encrypted file was not opened: nobody typed what opens it",
                )),
            },
        }
    }

    /// Whether what is kept here outlives the process.
    pub fn outlives(&self) -> bool {
        !matches!(self, Store::Memory)
    }

    /// What is kept in a slot and has not ended; `None` when there is nothing.
    ///
    /// # Errors
    /// When the store does not give it.
    pub fn read(&self, slot: &Slot, now: Timestamp) -> Result<Option<Kept>, StoreError> {
        let bytes = match self {
            Store::Memory => None,
            Store::Kernel(kernel) => kernel.read(slot)?,
            Store::Desktop(desktop) => desktop.read(slot)?,
            Store::Sealed(sealed) => sealed.read(slot)?,
        };
        let kept = bytes.as_ref().and_then(|text| Kept::parse(text.expose()));
        Ok(kept.filter(|kept| kept.until > now))
    }

    /// Keeps a sign-in in a slot, in place of what it held, until it ends. Where there is no room for its live token, what
    /// renews it is kept alone.
    ///
    /// # Errors
    /// When the store does not take it; then nothing is kept, nor what was there before: it may be spent.
    pub fn keep(&self, slot: &Slot, kept: &Kept, now: Timestamp) -> Result<(), StoreError> {
        let life_s = kept.until.duration_since(now).as_secs();
        if life_s <= 0 {
            return self.forget(slot);
        }
        let put = |kept: &Kept| self.put(slot, &kept.text(), life_s);
        let fits = kept.live.is_none() || kept.text().expose().len() <= self.room();
        let put = match (fits, kept.refresh.is_some()) {
            // Others of this user's keys may have used up the room.
            (true, true) if matches!(self, Store::Kernel(_)) => {
                put(kept).or_else(|_| put(&kept.lean()))
            }
            (true, _) => put(kept),
            (false, true) => put(&kept.lean()),
            (false, false) => return self.forget(slot),
        };
        put.inspect_err(|_| drop(self.forget(slot)))
    }

    fn put(&self, slot: &Slot, text: &Secret, life_s: i64) -> Result<(), StoreError> {
        match self {
            Store::Memory => Ok(()),
            Store::Kernel(kernel) => kernel.keep(slot, text, life_s),
            Store::Desktop(desktop) => desktop.keep(slot, text),
            Store::Sealed(sealed) => sealed.keep(slot, text),
        }
    }

    /// The most it takes of one sign-in, in bytes.
    fn room(&self) -> usize {
        match self {
            Store::Memory => 0,
            Store::Kernel(_) => ROOM_KERNEL,
            Store::Desktop(_) | Store::Sealed(_) => ROOM,
        }
    }

    /// Empties a slot; one that is empty stays so.
    ///
    /// # Errors
    /// When the store does not let go of it.
    pub fn forget(&self, slot: &Slot) -> Result<(), StoreError> {
        match self {
            Store::Memory => Ok(()),
            Store::Kernel(kernel) => kernel.forget(slot),
            Store::Desktop(desktop) => desktop.forget(slot),
            Store::Sealed(sealed) => sealed.forget(slot),
        }
    }
}

#[cfg(test)]
mod tests;

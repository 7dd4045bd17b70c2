//! Where refresh tokens may outlive the process: nowhere, unless the configuration asks for it by name.
//!
//! On a jump host that many people share, what is kept for one account is within reach of everybody who has it. So memory
//! is the default and holds nothing back at its end; the other stores are `kernel`, `desktop` and [`sealed`]. Only
//! refresh tokens are kept: an ID token is good for minutes, and what it says is asked for anew. Plain text is no choice.
//! Everything here waits for a kernel, a bus or a disk, and is called where waiting is allowed.
//!
//! To add a store: a file with `read`, `keep` and `forget`, its variant here and its word in `config`.

mod desktop;
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

pub use lock::Lock;
pub use slot::Slot;

/// A refresh token and how long it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The token; spent by its next use where the issuer rotates.
    pub refresh: Secret,
    /// When the issuer, or the shift, ends it.
    pub until: Timestamp,
    /// When the shift in which the person signed in ends; renewals do not move it.
    pub shift_ends: Timestamp,
}

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

/// Where refresh tokens are kept.
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
        let kept = bytes.as_ref().and_then(|text| parse(text.expose()));
        Ok(kept.filter(|kept| kept.until > now))
    }

    /// Keeps a token in a slot, in place of what it held, until it ends.
    ///
    /// # Errors
    /// When the store does not take it; then nothing of it is kept.
    pub fn keep(&self, slot: &Slot, kept: &Kept, now: Timestamp) -> Result<(), StoreError> {
        let text = Secret::new(&format!(
            "{} {} {}",
            kept.until.as_second(),
            kept.shift_ends.as_second(),
            kept.refresh.expose()
        ));
        let life_s = kept.until.duration_since(now).as_secs();
        if life_s <= 0 {
            return self.forget(slot);
        }
        match self {
            Store::Memory => Ok(()),
            Store::Kernel(kernel) => kernel.keep(slot, &text, life_s),
            Store::Desktop(desktop) => desktop.keep(slot, &text),
            Store::Sealed(sealed) => sealed.keep(slot, &text),
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

/// What stands in a slot: two ends in seconds since 1970, and the token.
fn parse(text: &str) -> Option<Kept> {
    let mut parts = text.splitn(3, ' ');
    let mut time = || Timestamp::from_second(parts.next()?.parse().ok()?).ok();
    let (until, shift_ends) = (time()?, time()?);
    Some(Kept {
        refresh: Secret::new(parts.next().filter(|token| !token.is_empty())?),
        until,
        shift_ends,
    })
}

#[cfg(test)]
mod tests;

//! The desktop's keyring, by the Secret Service on D-Bus: for a workstation.
//!
//! Only a bus that is a socket is spoken to: an address may also name a program to run, and we start none. The service may
//! ask its user for a password and wait for it; the caller bounds that.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use keyring_core::Entry;
use keyring_core::Error;
use keyring_core::api::CredentialStoreApi as _;

use super::Slot;
use super::StoreError;
use crate::config::Secret;

/// Under which name the keyring lists our entries.
const SERVICE: &str = "crashcart";
/// Where the bus is.
const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// The keyring of a desktop session.
pub struct Desktop {
    /// Never dropped: that would wait for the bus wherever the last holder happens to be, also where nobody may wait. One
    /// is opened for a process, and the bus sees when that ends.
    store: ManuallyDrop<Arc<zbus_secret_service_keyring_store::Store>>,
}

impl std::fmt::Debug for Desktop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desktop(..)")
    }
}

impl Desktop {
    pub(super) fn open() -> Result<Desktop, StoreError> {
        let address = std::env::var(BUS).ok();
        if !address.as_deref().is_some_and(is_socket) {
            return Err(StoreError::new(format!(
                "the desktop's keyring cannot be used: {BUS} names no socket, so this is no desktop session; use \
                 another token_store here"
            )));
        }
        let store = zbus_secret_service_keyring_store::Store::new();
        Ok(Desktop {
            store: ManuallyDrop::new(store.map_err(|error| refused(&error))?),
        })
    }

    pub(super) fn read(&self, slot: &Slot) -> Result<Option<Secret>, StoreError> {
        match self.entry(slot)?.get_secret() {
            Ok(bytes) => {
                let bytes = zeroize::Zeroizing::new(bytes);
                Ok(std::str::from_utf8(&bytes).ok().map(Secret::new))
            }
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(refused(&error)),
        }
    }

    pub(super) fn keep(&self, slot: &Slot, text: &Secret) -> Result<(), StoreError> {
        let kept = self.entry(slot)?.set_secret(text.expose().as_bytes());
        kept.map_err(|error| refused(&error))
    }

    pub(super) fn forget(&self, slot: &Slot) -> Result<(), StoreError> {
        match self.entry(slot)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(refused(&error)),
        }
    }

    fn entry(&self, slot: &Slot) -> Result<Entry, StoreError> {
        let entry = self.store.build(SERVICE, slot.name(), None);
        entry.map_err(|error| refused(&error))
    }
}

/// Whether every way to the bus is a socket in the file system.
fn is_socket(address: &str) -> bool {
    !address.is_empty()
        && address
            .split(';')
            .all(|way| way.starts_with("unix:path=") || way.starts_with("unix:abstract="))
}

/// The keyring's errors may quote what was kept: only their kind is said.
fn refused(error: &Error) -> StoreError {
    let reason = match error {
        Error::NoStorageAccess(_) => "it is locked, or its service does not run",
        Error::PlatformFailure(_) => "its service does not answer",
        Error::TooLong(..) => "the token is longer than it takes",
        _ => "it refused",
    };
    StoreError::new(format!(
        "the desktop's keyring cannot be used: {reason}; unlock it, or use another token_store"
    ))
}

#[cfg(test)]
mod tests {
    use super::is_socket;

    #[test]
    fn a_bus_that_would_start_a_program_is_not_spoken_to() {
        assert!(is_socket("unix:path=/run/user/1000/bus"));
        assert!(is_socket("unix:abstract=/tmp/dbus-x,guid=1"));
        for address in [
            "",
            "unixexec:path=/bin/evil",
            "unix:path=/run/bus;unixexec:path=/bin/evil",
            "autolaunch:",
            "tcp:host=10.0.0.9,port=4",
        ] {
            assert!(!is_socket(address), "{address}");
        }
    }
}

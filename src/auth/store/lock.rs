//! One renewal at a time, of all the processes that share a kept token.
//!
//! An issuer that rotates takes a refresh token once, and takes its second use for theft. Whoever holds the lock reads the
//! store again before it asks the issuer, so that it never uses what another process has spent. The lock is the kernel's
//! on an open file: it goes with the process that held it.

use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::Slot;
use super::StoreError;

/// The right to renew what one slot holds; gone when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a slot in a folder, which is made for this user alone; `None` while another holds it.
    ///
    /// # Errors
    /// When the folder or file cannot be made, or is not ours alone.
    pub fn take(folder: &Path, slot: &Slot) -> Result<Option<Lock>, StoreError> {
        private(folder)?;
        let path = folder.join(format!("{}.lock", slot.name()));
        let fail = |what: &str| {
            StoreError::new(format!(
                "the lock {} cannot be taken: {what}; see to that folder, or give another with --state",
                path.display()
            ))
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(no_link())
            .open(&path)
            .map_err(|error| fail(&error.kind().to_string()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(fail(&error.kind().to_string())),
        }
    }
}

/// A link in the place of our file is not followed.
pub(super) fn no_link() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

/// Makes a folder for this user alone, and refuses one that is not.
pub(super) fn private(folder: &Path) -> Result<(), StoreError> {
    let fail = |what: String| {
        StoreError::new(format!(
            "the folder {} cannot be used for tokens: {what}; give another with --state",
            folder.display()
        ))
    };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| fail(error.kind().to_string()))?;
    let about =
        std::fs::symlink_metadata(folder).map_err(|error| fail(error.kind().to_string()))?;
    let me = rustix::process::geteuid().as_raw();
    if !about.is_dir() || about.uid() != me || about.mode() & 0o077 != 0 {
        return Err(fail("it is not a folder of this user alone".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Lock;
    use crate::auth::store::Slot;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn one_holds_it_and_the_next_gets_it() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("tokens");
        let (one, other) = (Slot("a".to_owned()), Slot("b".to_owned()));
        let held = Lock::take(&folder, &one).unwrap().expect("free");
        assert!(Lock::take(&folder, &one).unwrap().is_none());
        assert!(Lock::take(&folder, &other).unwrap().is_some());
        drop(held);
        assert!(Lock::take(&folder, &one).unwrap().is_some());
    }

    #[test]
    fn a_folder_of_others_or_a_link_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("tokens");
        let slot = Slot("a".to_owned());
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o750)).unwrap();
        let words = Lock::take(&folder, &slot).unwrap_err().to_string();
        assert!(words.contains("not a folder of this user alone"), "{words}");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        std::os::unix::fs::symlink("/dev/null", folder.join("a.lock")).unwrap();
        assert!(Lock::take(&folder, &slot).is_err());
    }
}

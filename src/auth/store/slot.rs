//! The name under which a refresh token is kept: it tells nobody whose it is.

use std::fmt;
use std::path::Path;

use sha2::Digest as _;
use sha2::Sha256;

use crate::config::Identity;
use crate::text::hex;

/// One issuer and audience of one estate and state folder.
///
/// The state folder is part of it because the lock that orders renewals lies there: whoever shares a token shares the lock.
#[derive(Clone, PartialEq, Eq)]
pub struct Slot(pub(super) String);

impl Slot {
    /// The slot of an identity as it is asked for one audience, for an estate whose state is in `folder`.
    pub fn of(folder: &Path, estate: &uuid::Uuid, identity: &Identity) -> Slot {
        let folder = folder.to_string_lossy();
        let estate = estate.to_string();
        let mut hash = Sha256::new();
        for part in [
            "crashcart refresh token 1",
            &estate,
            &folder,
            &identity.issuer,
            &identity.client_id,
        ] {
            // The length keeps two lists of parts apart that read alike when joined.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hex(&hash.finalize());
        Slot(digest.chars().take(32).collect())
    }

    /// Its name: 32 hex digits.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

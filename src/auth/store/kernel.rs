//! The session keyring of the kernel: in memory of the kernel, gone with the login session, never on a disk.
//!
//! Facts it rests on: user-session-keyring(7) (without `pam_keyinit` a login has no session keyring of its own and falls
//! back on one that every process of the user id shares), `keyctl_setperm(3)` (possessor: who reaches the key through its
//! own keyrings) and `keyctl_set_timeout(3)`.

use linux_keyutils::KeyError;
use linux_keyutils::KeyPermissionsBuilder;
use linux_keyutils::KeyRing;
use linux_keyutils::KeyRingIdentifier;
use linux_keyutils::Permission;

use super::Slot;
use super::StoreError;
use crate::config::Secret;

/// A keyring that sign-ins are kept in.
#[derive(Debug)]
pub struct Kernel {
    ring: KeyRing,
}

impl Kernel {
    /// The session keyring, unless it is the one that all sessions of this user share.
    pub(super) fn open() -> Result<Kernel, StoreError> {
        let of = |which| KeyRing::from_special_id(which, false);
        let session = of(KeyRingIdentifier::Session).map_err(refused)?;
        // Where the shared one cannot be named, it cannot be ruled out either.
        let shared = of(KeyRingIdentifier::UserSession).map_err(refused)?;
        if session == shared {
            return Err(StoreError::new(
                "this login has no session keyring of its own, so every process of this user would reach the \
                 token; have pam_keyinit added to the login (man pam_keyinit), or use another token_store",
            ));
        }
        Ok(Kernel { ring: session })
    }

    pub(super) fn read(&self, slot: &Slot) -> Result<Option<Secret>, StoreError> {
        let found = self.ring.search(&description(slot));
        let bytes = match found.and_then(|key| key.read_to_vec()) {
            Ok(bytes) => zeroize::Zeroizing::new(bytes),
            Err(error) if is_absent(error) => return Ok(None),
            Err(error) => return Err(refused(error)),
        };
        Ok(std::str::from_utf8(&bytes).ok().map(Secret::new))
    }

    /// Keeps a text for so many seconds; nobody but who reaches it through this keyring may even see that it is there.
    pub(super) fn keep(&self, slot: &Slot, text: &Secret, life_s: i64) -> Result<(), StoreError> {
        let key = self.ring.add_key(&description(slot), text.expose());
        let key = key.map_err(refused)?;
        let only_possessor = KeyPermissionsBuilder::builder()
            .posessor(Permission::ALL)
            .user(Permission::empty())
            .group(Permission::empty())
            .world(Permission::empty())
            .build();
        let life = usize::try_from(life_s).unwrap_or(usize::MAX);
        let bound = key
            .set_perms(only_possessor)
            .and_then(|()| key.set_timeout(life));
        bound.map_err(|error| {
            // A token that others may read, or that never ends, is not kept at all.
            match key.revoke() {
                Ok(()) => refused(error),
                Err(_) => StoreError::new(
                    "the session keyring took a token and bounds it by nothing; remove the key crashcart:... with keyctl",
                ),
            }
        })
    }

    pub(super) fn forget(&self, slot: &Slot) -> Result<(), StoreError> {
        match self.ring.search(&description(slot)) {
            Ok(key) => key.revoke().map_err(refused),
            Err(error) if is_absent(error) => Ok(()),
            Err(error) => Err(refused(error)),
        }
    }
}

fn description(slot: &Slot) -> String {
    format!("crashcart:{}", slot.name())
}

/// Whether there is nothing (any more) in that place.
fn is_absent(error: KeyError) -> bool {
    matches!(
        error,
        KeyError::KeyDoesNotExist
            | KeyError::KeyExpired
            | KeyError::KeyRevoked
            | KeyError::MissingFileOrDirectory
    )
}

fn refused(error: KeyError) -> StoreError {
    let reason = match error {
        KeyError::QuotaExceeded => "this user's keys are used up (/proc/key-users)",
        KeyError::OperationNotSupported => "this kernel, or what confines this process, has none",
        KeyError::AccessDenied | KeyError::PermissionDenied => {
            "permission denied, as a container's filter does"
        }
        KeyError::KeyringDoesNotExist | KeyError::KeyRevoked | KeyError::KeyExpired => {
            "this login's keyring is gone; log in anew"
        }
        _ => "the kernel refused it",
    };
    StoreError::new(format!("the session keyring cannot be used: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::Kernel;
    use crate::auth::store::Endpoints;
    use crate::auth::store::Kept;
    use crate::auth::store::Live;
    use crate::auth::store::Slot;
    use crate::auth::store::Store;
    use crate::config::Secret;
    use linux_keyutils::KeyRing;
    use linux_keyutils::KeyRingIdentifier;
    use std::io::Write as _;

    fn slot() -> Slot {
        Slot(format!("test-{}", std::process::id()))
    }

    /// A keyring of this test's thread alone; `None`, with the reason printed, where the kernel gives none.
    fn own() -> Option<Kernel> {
        match KeyRing::from_special_id(KeyRingIdentifier::Thread, true) {
            Ok(ring) => Some(Kernel { ring }),
            Err(error) => {
                let words = format!("skipped: no thread keyring here ({error:?})\n");
                drop(std::io::stderr().write_all(words.as_bytes()));
                None
            }
        }
    }

    /// The line of /proc/keys about our key: id, flags, use, timeout, permissions, ...
    fn row(slot: &Slot) -> Option<Vec<String>> {
        let keys = std::fs::read_to_string("/proc/keys").unwrap();
        let ours = keys.lines().find(|line| line.contains(slot.name()))?;
        Some(ours.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn a_kept_token_is_its_possessors_alone_and_ends() {
        let (Some(kernel), slot) = (own(), slot()) else {
            return;
        };
        assert!(kernel.read(&slot).unwrap().is_none());
        kernel.keep(&slot, &Secret::new("canary"), 1_000).unwrap();
        assert_eq!(kernel.read(&slot).unwrap().unwrap().expose(), "canary");
        let row = row(&slot).expect("the possessor sees it");
        assert_eq!(row[4], "3f000000", "possessor: all; anybody else: nothing");
        assert!(row[3].ends_with('m'), "it ends by itself: {row:?}");
        kernel.keep(&slot, &Secret::new("second"), 50).unwrap();
        assert_eq!(kernel.read(&slot).unwrap().unwrap().expose(), "second");
        let row = self::row(&slot).expect("the possessor sees it");
        assert_eq!(
            (row[4].as_str(), row[3].ends_with('s')),
            ("3f000000", true),
            "a renewed one has its own end"
        );
        kernel.forget(&slot).unwrap();
        assert!(kernel.read(&slot).unwrap().is_none());
        kernel.forget(&slot).unwrap();
    }

    #[test]
    fn a_live_token_is_kept_while_it_leaves_room_for_other_keys() {
        let (Some(kernel), slot) = (own(), slot()) else {
            return;
        };
        let now = jiff::Timestamp::from_second(1_786_766_400).unwrap();
        let store = Store::Kernel(kernel);
        for (letters, whole) in [(3_000, true), (5_000, false), (30_000, false)] {
            let kept = Kept {
                refresh: Some(Secret::new("canary")),
                subject: Some("s-1".to_owned()),
                until: now + jiff::SignedDuration::from_secs(600),
                shift_ends: now + jiff::SignedDuration::from_secs(600),
                live: Some(Live {
                    id: Secret::new(&"x".repeat(letters)),
                    key: "{}".to_owned(),
                    endpoints: Endpoints {
                        token: "https://id.test/token".to_owned(),
                        revocation: None,
                        keys: "https://id.test/certs".to_owned(),
                    },
                }),
            };
            store.keep(&slot, &kept, now).unwrap();
            let found = store.read(&slot, now).unwrap().unwrap();
            assert_eq!(found.live.is_some(), whole, "{letters}");
            assert_eq!(found.refresh.unwrap().expose(), "canary");
        }
        store.forget(&slot).unwrap();
    }

    #[test]
    fn at_id_17_a_session_keyring_that_all_sessions_share_is_refused() {
        let of = |which| KeyRing::from_special_id(which, false);
        let session = of(KeyRingIdentifier::Session);
        match (session, of(KeyRingIdentifier::UserSession)) {
            (Ok(session), Ok(shared)) if session != shared => {
                assert!(Kernel::open().is_ok());
                let words = "this session has a keyring of its own: the refusal is not provoked\n";
                drop(std::io::stderr().write_all(words.as_bytes()));
            }
            (Ok(_), Ok(_)) => {
                let words = Kernel::open().unwrap_err().to_string();
                assert!(words.contains("no session keyring of its own"), "{words}");
                assert!(words.contains("pam_keyinit"), "{words}");
            }
            _ => {
                let words = Kernel::open().unwrap_err().to_string();
                assert!(words.contains("cannot be used"), "{words}");
            }
        }
    }
}

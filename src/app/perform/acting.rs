//! Whether somebody acts by a sign-in: known to its task, and to the loop that ends it while that waits for an issuer.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::config::Secret;
use crate::sources::cluster::TokenSlot;

/// The slot that a sign-in's token lies in, and whether it may. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Acting {
    slot: TokenSlot,
    stands: Arc<Mutex<Stands>>,
}

#[derive(Debug, Default)]
struct Stands {
    acts: bool,
    leaves: bool,
}

impl Acting {
    /// Nobody acts by it yet: what lies in the slot is not of this sign-in.
    pub(super) fn new(slot: TokenSlot) -> Acting {
        Acting {
            slot,
            stands: Arc::default(),
        }
    }

    /// From now on this token is used, or none; false where that changes nothing: nobody acted, or they are leaving and
    /// what a renewal brings now is for nobody.
    pub(super) fn set(&self, token: Option<Secret>) -> bool {
        let mut stands = self.stands();
        let changes = match token {
            Some(_) => !stands.leaves,
            None => stands.acts,
        };
        if changes {
            stands.acts = token.is_some();
            self.slot.set(token);
        }
        changes
    }

    /// From now on nobody acts by it, whatever its task waits for.
    pub(super) fn leave(&self) {
        let mut stands = self.stands();
        stands.leaves = true;
        if stands.acts {
            self.slot.set(None);
        }
    }

    fn stands(&self) -> MutexGuard<'_, Stands> {
        self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Acting;
    use crate::config::Secret;
    use crate::sources::cluster::TokenSlot;

    fn token() -> Option<Secret> {
        Some(Secret::new("canary"))
    }

    #[test]
    fn what_a_renewal_brings_after_the_sign_out_is_used_by_nobody() {
        let slot = TokenSlot::of_sign_in();
        let acting = Acting::new(slot.clone());
        let loops = acting.clone();
        assert!(acting.set(token()) && !slot.is_empty());
        loops.leave();
        assert!(slot.is_empty(), "at once");
        assert!(!acting.set(token()) && slot.is_empty());
        assert!(acting.set(None), "its task says once who acts no more");
        assert!(!acting.set(None));
    }

    #[test]
    fn what_lay_there_before_is_left_alone_by_a_sign_in_that_never_acted() {
        let slot = TokenSlot::of_sign_in();
        slot.set(token());
        let acting = Acting::new(slot.clone());
        acting.leave();
        assert!(!acting.set(None) && !slot.is_empty());
    }
}

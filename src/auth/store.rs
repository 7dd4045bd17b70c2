//! Where tokens are kept between two uses: in memory, and nowhere else.
//!
//! On a jump host that many people share, a file or the operating system's keyring of a shared
//! account would hand one person's sign-in to the next. Memory costs a device sign-in of some
//! twenty seconds after a restart, and leaves nothing behind. A store that outlives the process
//! is a choice for later and must be asked for by name.

use super::tokens::Tokens;
use std::collections::BTreeMap;

/// The tokens of this process, by issuer; gone when it ends.
#[derive(Debug, Default)]
pub struct Store {
    tokens: BTreeMap<String, Tokens>,
}

impl Store {
    /// Keeps the tokens of an issuer, in place of those it had.
    pub fn keep(&mut self, issuer: &str, tokens: Tokens) {
        self.tokens.insert(issuer.to_owned(), tokens);
    }

    /// The tokens of an issuer, if there are any.
    pub fn get(&self, issuer: &str) -> Option<&Tokens> {
        self.tokens.get(issuer)
    }

    /// Takes the tokens of an issuer out, to be given back and forgotten.
    pub fn forget(&mut self, issuer: &str) -> Option<Tokens> {
        self.tokens.remove(issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::Store;
    use crate::auth::tokens::TokenState;
    use crate::auth::tokens::Tokens;
    use crate::config::Secret;
    use jiff::Timestamp;

    #[test]
    fn what_is_forgotten_is_gone_and_nothing_shows() {
        let tokens = Tokens {
            access: Secret::new("canary-a"),
            id: Secret::new("canary-i"),
            refresh: Some(Secret::new("canary-r")),
            state: TokenState::new(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, true),
        };
        let mut store = Store::default();
        store.keep("https://id.test", tokens);
        assert!(!format!("{store:?}").contains("canary"));
        assert_eq!(
            store.get("https://id.test").unwrap().id.expose(),
            "canary-i"
        );
        assert!(store.forget("https://id.test").is_some());
        assert!(store.get("https://id.test").is_none());
    }
}

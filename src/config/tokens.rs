//! Where a sign-in may outlive the process, and for how long; and how long a console may be left alone.

/// How long a shift lasts where the file does not say, in seconds: 10 h.
const SHIFT_S: i64 = 36_000;
/// How long a console may be left alone where neither policy nor the file says, in seconds: 15 min.
const IDLE_S: i64 = 900;

/// Where sign-ins are kept: what renews them and, while it lives, their ID token. Nothing is ever kept in plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenStore {
    /// In this process, gone with it.
    #[default]
    Memory,
    /// In the session keyring of the kernel: gone with the login session.
    SessionKeyring,
    /// In the desktop's keyring, by the Secret Service.
    OsKeyring,
    /// In files of the state folder, encrypted with a passphrase or to a recipient.
    EncryptedFile,
}

impl TokenStore {
    /// The word of the configuration file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::SessionKeyring => "session-keyring",
            Self::OsKeyring => "os-keyring",
            Self::EncryptedFile => "encrypted-file",
        }
    }

    /// The store of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [
            Self::Memory,
            Self::SessionKeyring,
            Self::OsKeyring,
            Self::EncryptedFile,
        ]
        .into_iter()
        .find(|store| store.word() == word)
    }

    /// Whether what is kept there outlives the process.
    pub fn outlives(self) -> bool {
        self != Self::Memory
    }
}

/// How the tokens of an estate are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Where.
    pub store: TokenStore,
    /// To whom the encrypted files are encrypted, as `age1...`; by a passphrase where nobody is named.
    pub recipient: Option<String>,
    /// The longest that a kept token is good, in seconds; the issuer may say less.
    pub shift_s: i64,
    /// After how many seconds without a key the console goes blank, where the file asks for fewer than policy.
    pub idle_s: Option<i64>,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            store: TokenStore::Memory,
            recipient: None,
            shift_s: SHIFT_S,
            idle_s: None,
        }
    }
}

impl TokenSettings {
    /// After how many seconds without a key the console goes blank: what policy says, or 15 min, or fewer where the
    /// file asks for fewer.
    pub fn idle_s(&self, policy: Option<i64>) -> i64 {
        let most = policy.unwrap_or(IDLE_S);
        self.idle_s.map_or(most, |own| own.min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::TokenSettings;
    use super::TokenStore;

    #[test]
    fn the_file_can_only_shorten_the_time_a_console_is_left_alone() {
        let idle = |own, policy| {
            let settings = TokenSettings {
                idle_s: own,
                ..TokenSettings::default()
            };
            settings.idle_s(policy)
        };
        assert_eq!(idle(None, None), 900);
        assert_eq!(idle(Some(3_600), None), 900);
        assert_eq!(idle(Some(60), None), 60);
        assert_eq!(idle(Some(60), Some(30)), 30);
        assert_eq!(idle(None, Some(3_600)), 3_600, "policy may ask for more");
    }

    #[test]
    fn memory_alone_is_gone_with_the_process() {
        assert_eq!(TokenSettings::default().store, TokenStore::Memory);
        assert!(!TokenStore::Memory.outlives());
        assert_eq!(TokenStore::from_word("file"), None, "never plain text");
    }
}

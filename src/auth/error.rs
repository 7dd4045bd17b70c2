//! The one error of this room: what an issuer did that no sign-in can go on with.

use super::sign_in::Event;
use crate::text::SafeText;

/// Why a sign-in, renewal or sign-out did not go through. None of these carries a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The identity has no authority to trust, so nothing is asked.
    #[error(
        "identity {name} has no ca, and none is trusted without being named; add ca = \"...\" with \
         the issuer's authority (a system's bundle is often /etc/ssl/certs/ca-certificates.crt)"
    )]
    NoAuthority {
        /// The identity's name.
        name: String,
    },
    /// No answer, or not in time.
    #[error("{host} does not answer: {reason}")]
    Unreachable {
        /// The issuer's host.
        host: String,
        /// Why, in plain words.
        reason: String,
    },
    /// The server could not prove who it is; nothing was sent to it.
    #[error(
        "{host} could not prove who it is: {reason}; nothing was sent; check ca of the identity"
    )]
    Untrusted {
        /// The issuer's host.
        host: String,
        /// Why, in plain words.
        reason: String,
    },
    /// A document or token names another issuer than the configuration.
    #[error(
        "the answer came from another issuer ({found}), so nothing was kept; check issuer, {place}"
    )]
    WrongIssuer {
        /// Where the configuration names the issuer.
        place: String,
        /// Which issuer was named instead.
        found: SafeText,
    },
    /// The issuer has no device grant.
    #[error("{host} has no device sign-in")]
    NoDevice {
        /// The issuer's host.
        host: String,
    },
    /// The issuer refused, in its own words.
    #[error("{host} refused: {reason}")]
    Refused {
        /// The issuer's host.
        host: String,
        /// Its words, or the status it gave.
        reason: SafeText,
    },
    /// The answer is not what the protocol says.
    #[error("{host} answered with something else than {what}; ask whoever keeps the issuer")]
    Malformed {
        /// The issuer's host.
        host: String,
        /// What was expected.
        what: String,
    },
    /// The ID token did not stand up to its checks; nothing was kept.
    #[error("the ID token of {host} was not accepted: {reason}; nothing was kept")]
    Token {
        /// The issuer's host.
        host: String,
        /// Which check, in plain words.
        reason: String,
    },
    /// This clock and the issuer's are too far apart.
    #[error("this clock and that of {host} are {}s apart", behind_s.abs())]
    Skew {
        /// The issuer's host.
        host: String,
        /// Seconds that this clock is behind the issuer's; negative when it is ahead.
        behind_s: i64,
    },
}

impl AuthError {
    /// What the sign-in screen makes of it.
    pub fn event(&self) -> Event {
        let safe = |text: &str| SafeText::new(text);
        match self {
            Self::Unreachable { host, reason } => Event::Unreachable {
                host: safe(host),
                reason: safe(reason),
            },
            Self::WrongIssuer { place, .. } => Event::WrongIssuer { place: safe(place) },
            Self::NoDevice { host } => Event::NoDevice { host: safe(host) },
            Self::Refused { host, reason } => Event::Refused {
                host: safe(host),
                reason: reason.clone(),
            },
            Self::Skew { host, behind_s } => Event::Skew {
                host: safe(host),
                behind_s: *behind_s,
            },
            Self::NoAuthority { .. }
            | Self::Untrusted { .. }
            | Self::Malformed { .. }
            | Self::Token { .. } => Event::Failed {
                sentence: safe(&format!("{}.", first_upper(&self.to_string()))),
            },
        }
    }

    /// Whether asking again later may help without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// A sentence begins with a capital, unless it begins with a host's name.
fn first_upper(text: &str) -> String {
    let host = text
        .split(' ')
        .next()
        .is_some_and(|word| word.contains(['.', ':']));
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !host => first.to_uppercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

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
    /// Another console is renewing the same sign-in, and takes long; the issuer was not asked.
    #[error(
        "another console of this account is renewing the sign-in at {host} and has not ended; n tries \
         again"
    )]
    Held {
        /// The issuer's host.
        host: String,
    },
    /// The server could not prove who it is; nothing was sent to it.
    #[error("{host} could not prove who it is: {reason}; nothing was sent; check {trust}, then n")]
    Untrusted {
        /// The issuer's host.
        host: String,
        /// Why, in plain words.
        reason: String,
        /// What of the configuration it is trusted by.
        trust: String,
    },
    /// The file of authorities has none with the key that the cluster is pinned to, so nothing is asked.
    #[error(
        "ca of cluster {cluster} holds no certificate of the key in its fingerprint, so nothing was sent; crashcart \
         trust {cluster} shows both keys"
    )]
    OtherKey {
        /// The cluster's name.
        cluster: String,
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
    /// The issuer has no page for a browser.
    #[error(
        "{host} has no sign-in page for a browser; press n, or set flow of the identity to one it has"
    )]
    NoPage {
        /// The issuer's host.
        host: String,
    },
    /// The cluster has no OAuth server of its own, or has none any more.
    #[error(
        "{host} has no OAuth server of its own (it may take an issuer's tokens directly by now); set \
         auth = \"oidc:IDENTITY\" for that cluster"
    )]
    NoOAuth {
        /// The API server's host.
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
    /// The issuer knows the person and does not let them in.
    #[error(
        "{host} refused: {reason}; ask whoever keeps it for a group of this estate, then sign in \
         anew (n)"
    )]
    NotAllowed {
        /// The issuer's host.
        host: String,
        /// Its words.
        reason: SafeText,
    },
    /// The issuer does not know the client that asks.
    #[error(
        "{host} knows no public client {client}: {reason}; check client_id, {place}, or have the \
         client made there, then n"
    )]
    UnknownClient {
        /// The issuer's host.
        host: String,
        /// The client's id.
        client: String,
        /// Where the configuration names the identity.
        place: String,
        /// The issuer's words.
        reason: SafeText,
    },
    /// The issuer knows the client and does not let it sign people in by this flow.
    #[error(
        "{host} does not let client {client} sign in this way: {reason}; press p for the pasted \
         way, or have this one switched on for the client"
    )]
    WrongFlow {
        /// The issuer's host.
        host: String,
        /// The client's id.
        client: String,
        /// The issuer's words.
        reason: SafeText,
    },
    /// The issuer does not give what was asked for.
    #[error(
        "{host} does not give client {client} one of the scopes openid, profile, email and groups: \
         {reason}; have it made there and given to the client, then n"
    )]
    UnknownScope {
        /// The issuer's host.
        host: String,
        /// The client's id.
        client: String,
        /// The issuer's words.
        reason: SafeText,
    },
    /// The code is not good (any more).
    #[error(
        "{host} does not take the code: {reason}; a code is good once and for a short time, so \
         nothing was kept: n begins anew"
    )]
    CodeSpent {
        /// The issuer's host.
        host: String,
        /// The issuer's words.
        reason: SafeText,
    },
    /// The ID token is made for another client.
    #[error(
        "the ID token of {host} is for another client than {client}, so nothing was kept; check \
         client_id and the clusters' audience, {place}"
    )]
    WrongAudience {
        /// The issuer's host.
        host: String,
        /// The client that asked.
        client: String,
        /// Where the configuration names the identity.
        place: String,
    },
    /// The ID token has no nonce although one was asked for.
    #[error(
        "nothing ties the ID token of {host} to this sign-in: it has no nonce, as Dex gives none by \
         device code, so nothing was kept; press p for the pasted way, which has one"
    )]
    NoNonce {
        /// The issuer's host.
        host: String,
    },
    /// Whoever comes back to a console was signed in at the issuer before they left it, and did not prove it again.
    #[error(
        "{host} says that nobody proved who they are since this console was left, so nothing was kept; n and a private \
         window, or p, which asks it of the page"
    )]
    NotAnew {
        /// The issuer's host.
        host: String,
    },
    /// Others are logged in on this host, and the answer could be taken by them.
    #[error(
        "{others}, and could take the answer from 127.0.0.1; press p for the pasted way, or set \
         loopback_on_shared_host = true, {place}"
    )]
    Shared {
        /// Who, or that it cannot be said.
        others: String,
        /// Where the configuration names the identity.
        place: String,
    },
    /// There is no port to listen on.
    #[error("no port of 127.0.0.1 can be listened on; press p for the pasted way")]
    NoDoor,
    /// The answer is not what the protocol says.
    #[error(
        "{host} answered with something else than {what}; ask whoever keeps the issuer, then n"
    )]
    Malformed {
        /// The issuer's host.
        host: String,
        /// What was expected.
        what: String,
    },
    /// The ID token did not stand up to its checks; nothing was kept.
    #[error(
        "the ID token of {host} was not accepted: {reason}; nothing was kept: n tries again, and if \
         it stays so ask whoever keeps the issuer"
    )]
    Token {
        /// The issuer's host.
        host: String,
        /// Which check, in plain words.
        reason: String,
    },
    /// The ID token is another person's than the sign-in; nothing was kept.
    #[error(
        "the ID token of {host} was not accepted: it is about another person than before; nothing was \
         kept: n signs in again"
    )]
    OtherPerson {
        /// The issuer's host.
        host: String,
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
            _ => Event::Failed {
                sentence: safe(&format!("{}.", first_upper(&self.to_string()))),
            },
        }
    }

    /// Whether asking again later may help without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Held { .. })
    }

    /// Whether it says that the sign-in is over: the issuer's no, or an answer about somebody else. Anything else may
    /// come from whatever stands in between, and ends nothing before its time.
    pub fn is_verdict(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. } | Self::WrongIssuer { .. } | Self::OtherPerson { .. }
        )
    }

    /// What the sign-in screen makes of it when it came at a renewal.
    pub fn at_renewal(&self) -> Event {
        match self {
            error if error.is_verdict() => error.event(),
            Self::Unreachable { .. } => self.event(),
            error => Event::Unrenewed {
                sentence: SafeText::new(&format!("Still signed in, not renewed yet: {error}.")),
            },
        }
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

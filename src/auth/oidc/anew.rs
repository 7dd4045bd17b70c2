//! Whoever comes back to a console proves it anew: that a browser is signed in says nothing about who sits there.

use crate::auth::error::AuthError;
use crate::auth::session::Session;
use crate::auth::sign_in::SKEW_S;
use jiff::SignedDuration;
use jiff::Timestamp;

/// What is added to the address of a page (`OpenID` Connect Core section 3.1.2.1): it asks whoever is signed in as well.
pub(super) const QUERY: &str = "prompt=login&max_age=0";

/// A wish that somebody proves who they are now, whoever the browser is signed in as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anew {
    /// The earliest time at which they may have done so, by this host's clock; `None` where the page is only asked to ask.
    pub since: Option<Timestamp>,
}

impl Anew {
    /// Checks what the issuer says about when they did. One that says nothing is believed: Dex never says it, and a
    /// browser could have left the wish out.
    ///
    /// # Errors
    /// When that was before: the browser was signed in already, and asked nobody.
    pub(super) fn check(self, session: &Session, host: &str) -> Result<(), AuthError> {
        let skew = SignedDuration::from_secs(SKEW_S);
        let since = self.since.and_then(|since| since.checked_sub(skew).ok());
        match since.zip(session.auth_time) {
            Some((since, proved)) if proved < since => Err(AuthError::NotAnew {
                host: host.to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

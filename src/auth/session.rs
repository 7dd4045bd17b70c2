//! A session: a person, signed in until a time.

use super::person::Person;
use jiff::Timestamp;

/// Who is signed in, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The person.
    pub person: Person,
    /// When the sign-in ends if it is not renewed before: the end of the refresh token where the
    /// issuer says it, else of the ID token.
    pub expires_at: Timestamp,
    /// How they proved who they are, in the issuer's words. After a renewal it may have been
    /// raised by another window of the same browser: it proves nothing about this terminal then.
    pub acr: Option<String>,
    /// When they last proved it, if the issuer says.
    pub auth_time: Option<Timestamp>,
}

impl Session {
    /// Seconds until the sign-in ends; 0 when it has.
    pub fn left_s(&self, now: Timestamp) -> i64 {
        self.expires_at.duration_since(now).as_secs().max(0)
    }
}

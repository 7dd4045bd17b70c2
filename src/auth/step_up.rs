//! Proving anew who one is, for one deed: the first token of a sign-in of its own, at a client that always asks for the
//! second factor.
//!
//! The deed is tied to the proof by the nonce, which the caller computes from what is to be approved. A proof is made only
//! by [`super::oidc::Issuer`] from a token that it has checked; nothing of it renews, and its token opens no cluster.

use jiff::Timestamp;

use super::error::AuthError;
use super::person::Person;
use super::sign_in::SKEW_S;
use crate::config::Secret;

/// How long after the proving a first token is issued, at the most, in seconds: the longest pause between two questions
/// of a device grant, twice. What comes later was renewed, or belongs to an older sign-in.
const FIRST_WITHIN_S: i64 = 120;

/// What a proof must be of.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What ties it to the deed.
    pub nonce: Secret,
    /// When the deed was asked for: whoever proved who they are before that proved it for something else.
    pub asked_at: Timestamp,
    /// How they must have proved it, in the issuer's words, where one way is asked for.
    pub acr: Option<String>,
}

/// What a checked token says about the proving.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// When the person proved who they are.
    pub(super) auth_time: Option<Timestamp>,
    /// How.
    pub(super) acr: Option<String>,
    /// When the token was made.
    pub(super) issued_at: Timestamp,
}

/// Somebody has just proved who they are.
#[derive(Clone, Debug)]
pub struct Proof {
    person: Person,
    auth_time: Timestamp,
    acr: Option<String>,
    token: Secret,
}

impl Proof {
    /// Who.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// When they proved it.
    pub fn auth_time(&self) -> Timestamp {
        self.auth_time
    }

    /// How, in the issuer's words.
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// The ID token itself, for a record that can be checked later.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// A proof of a token that has stood up to its checks, if it is one.
    pub(super) fn of(
        person: Person,
        said: Said,
        token: &Secret,
        wanted: &Wanted,
    ) -> Result<Proof, StepUpError> {
        let auth_time = fresh(&said, wanted)?;
        Ok(Proof {
            person,
            auth_time,
            acr: said.acr,
            token: token.clone(),
        })
    }
}

/// Why a token is no proof; nothing is approved by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepUpError {
    /// The token did not stand up to its checks, or none came.
    #[error("{0}")]
    Auth(#[from] AuthError),
    /// The issuer does not say when the person proved who they are.
    #[error(
        "the token does not say when you proved who you are (auth_time), so it proves nothing now; have the issuer \
         add that claim to this client"
    )]
    NoTime,
    /// They proved it before the deed was asked for.
    #[error(
        "you proved who you are {before_s}s before this was asked for; sign in anew, and have the issuer ask each time"
    )]
    Before {
        /// By how many seconds.
        before_s: i64,
    },
    /// The time of the proving lies ahead.
    #[error(
        "the token says you proved who you are {ahead_s}s from now; set the clock, here or at the issuer"
    )]
    Ahead {
        /// By how many seconds.
        ahead_s: i64,
    },
    /// It is not the first token of its sign-in.
    #[error(
        "the token was made {late_s}s after you proved who you are: it was renewed, and a renewed one proves nothing; \
         sign in anew"
    )]
    Renewed {
        /// How long after, in seconds.
        late_s: i64,
    },
    /// The issuer does not say how they proved it.
    #[error(
        "the token does not say how you proved who you are, and {wanted:?} is asked for; have the issuer add acr"
    )]
    NoAcr {
        /// What is asked for.
        wanted: String,
    },
    /// They proved it in another way.
    #[error(
        "you proved who you are by {found:?}, and {wanted:?} is asked for; sign in with the second factor"
    )]
    OtherAcr {
        /// How they did.
        found: String,
        /// What is asked for.
        wanted: String,
    },
}

/// When somebody proved who they are, if it was for this.
fn fresh(said: &Said, wanted: &Wanted) -> Result<Timestamp, StepUpError> {
    let auth_time = said.auth_time.ok_or(StepUpError::NoTime)?;
    let after = |later: Timestamp, earlier: Timestamp| later.as_second() - earlier.as_second();
    let before_s = after(wanted.asked_at, auth_time);
    if before_s > SKEW_S {
        return Err(StepUpError::Before { before_s });
    }
    let late_s = after(said.issued_at, auth_time);
    if late_s < -SKEW_S {
        return Err(StepUpError::Ahead { ahead_s: -late_s });
    }
    if late_s > FIRST_WITHIN_S {
        return Err(StepUpError::Renewed { late_s });
    }
    match (&wanted.acr, &said.acr) {
        (None, _) => Ok(auth_time),
        (Some(wanted), Some(found)) if wanted == found => Ok(auth_time),
        (Some(wanted), Some(found)) => Err(StepUpError::OtherAcr {
            found: found.clone(),
            wanted: wanted.clone(),
        }),
        (Some(wanted), None) => Err(StepUpError::NoAcr {
            wanted: wanted.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::Said;
    use super::StepUpError;
    use super::Wanted;
    use super::fresh;
    use crate::config::Secret;
    use jiff::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_786_766_400 + second).unwrap()
    }

    fn judged(
        auth_time: Option<i64>,
        issued_at: i64,
        acr: Option<&str>,
    ) -> Result<Timestamp, StepUpError> {
        let said = Said {
            auth_time: auth_time.map(at),
            acr: acr.map(str::to_owned),
            issued_at: at(issued_at),
        };
        let wanted = Wanted {
            nonce: Secret::new("n"),
            asked_at: at(0),
            acr: Some("2".to_owned()),
        };
        fresh(&said, &wanted)
    }

    #[test]
    fn a_proof_is_made_after_it_was_asked_for_and_in_the_way_that_was_asked_for() {
        assert_eq!(judged(Some(20), 25, Some("2")), Ok(at(20)));
        assert_eq!(
            judged(Some(-60), 5, Some("2")),
            Ok(at(-60)),
            "the clocks' slack"
        );
        let table = [
            (judged(None, 25, Some("2")), "does not say when"),
            (
                judged(Some(-61), 25, Some("2")),
                "61s before this was asked for",
            ),
            (judged(Some(200), 25, Some("2")), "175s from now"),
            (judged(Some(20), 141, Some("2")), "it was renewed"),
            (judged(Some(20), 25, None), "does not say how"),
            (judged(Some(20), 25, Some("1")), "by \"1\""),
        ];
        for (judged, words) in table {
            let error = judged.unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
    }
}

//! Device grants (RFC 8628) as a state machine that is told the time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::sim::people::{Person, secret};

use super::token::challenge;

/// Seconds a code is good for.
pub(super) const LIFESPAN: i64 = 600;
/// Seconds a client waits between two polls.
pub(super) const INTERVAL: i64 = 1;
/// Seconds after its end in which a code is still known, and answered with `expired_token`.
const AFTERLIFE: i64 = 10 + INTERVAL;
/// Letters of a user code: consonants that are not mistaken for one another on a bad line.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

/// What a client asked for when it began.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
}

/// The answer of a person at the verification page.
#[derive(Debug, Clone)]
enum Verdict {
    Pending,
    Denied,
    Allowed(Person),
}

#[derive(Debug, Clone)]
struct Grant {
    asked: Asked,
    user_code: String,
    until: Timestamp,
    polled: Option<Timestamp>,
    verdict: Verdict,
}

/// All grants that are not redeemed yet, by device code.
#[derive(Debug, Default)]
pub(super) struct Grants {
    open: BTreeMap<String, Grant>,
}

/// Why a poll gave no token, in the words of the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Pending,
    SlowDown,
    Expired,
    Denied,
    Unknown,
    WrongVerifier,
    NoVerifier,
}

impl Refused {
    /// The error code and its description, as Keycloak words them.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Pending => (
                "authorization_pending",
                "The authorization request is still pending",
            ),
            Self::SlowDown => ("slow_down", "Slow down"),
            Self::Expired => ("expired_token", "Device code is expired"),
            Self::Denied => (
                "access_denied",
                "The end user denied the authorization request",
            ),
            Self::Unknown => ("invalid_grant", "Device code not valid"),
            Self::WrongVerifier => ("invalid_grant", "PKCE verification failed: Code mismatch"),
            Self::NoVerifier => (
                "invalid_grant",
                "PKCE verification failed: Invalid code verifier",
            ),
        }
    }
}

impl Grants {
    /// Opens a grant and returns its device code and its user code.
    pub(super) fn open(&mut self, asked: Asked, at: Timestamp) -> (String, String) {
        self.forget(at);
        let device_code = secret();
        let user_code = loop {
            let code = user_code();
            if self.open.values().all(|grant| grant.user_code != code) {
                break code;
            }
        };
        let grant = Grant {
            asked,
            user_code: user_code.clone(),
            until: at
                .saturating_add(SignedDuration::from_secs(LIFESPAN))
                .unwrap_or(at),
            polled: None,
            verdict: Verdict::Pending,
        };
        self.open.insert(device_code.clone(), grant);
        (device_code, user_code)
    }

    /// Notes what a person said; false when no open grant has this code.
    pub(super) fn answer(&mut self, code: &str, person: Option<Person>, at: Timestamp) -> bool {
        let code = plain(code);
        let waiting = |grant: &&mut Grant| {
            plain(&grant.user_code) == code
                && grant.until > at
                && matches!(grant.verdict, Verdict::Pending)
        };
        let Some(grant) = self.open.values_mut().find(waiting) else {
            return false;
        };
        grant.verdict = person.map_or(Verdict::Denied, Verdict::Allowed);
        true
    }

    /// One poll: the person and what was asked, once and only once, or why not.
    pub(super) fn poll(
        &mut self,
        device_code: &str,
        verifier: Option<&str>,
        at: Timestamp,
    ) -> Result<(Person, Asked), Refused> {
        self.forget(at);
        let grant = self.open.get_mut(device_code).ok_or(Refused::Unknown)?;
        let pause = SignedDuration::from_secs(INTERVAL);
        let early = grant
            .polled
            .is_some_and(|last| at.duration_since(last) < pause);
        grant.polled = Some(at);
        if grant.until <= at {
            return Err(Refused::Expired);
        }
        if early {
            return Err(Refused::SlowDown);
        }
        let person = match &grant.verdict {
            Verdict::Pending => return Err(Refused::Pending),
            Verdict::Denied => return Err(Refused::Denied),
            Verdict::Allowed(person) => person.clone(),
        };
        let verifier = verifier.ok_or(Refused::NoVerifier)?;
        if !(43..=128).contains(&verifier.len()) {
            return Err(Refused::NoVerifier);
        }
        if challenge(verifier) != grant.asked.challenge {
            return Err(Refused::WrongVerifier);
        }
        let asked = grant.asked.clone();
        self.open.remove(device_code);
        Ok((person, asked))
    }

    /// Drops grants whose afterlife is over.
    fn forget(&mut self, at: Timestamp) {
        let after = SignedDuration::from_secs(AFTERLIFE);
        self.open
            .retain(|_, grant| at.duration_since(grant.until) < after);
    }
}

/// A user code as it is compared: capitals, without the dash.
fn plain(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphabetic);
    letters.map(|c| c.to_ascii_uppercase()).collect()
}

/// A fresh user code such as `WDJB-MJHT`.
fn user_code() -> String {
    let bytes = uuid::Uuid::new_v4().into_bytes();
    let mut code = String::new();
    // The bytes that hold a UUID's version and variant are left out.
    for (place, byte) in bytes
        .iter()
        .take(4)
        .chain(bytes.iter().skip(10))
        .take(8)
        .enumerate()
    {
        if place == 4 {
            code.push('-');
        }
        let letter = LETTERS.get(usize::from(*byte) % LETTERS.len());
        code.push(char::from(*letter.unwrap_or(&b'B')));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::people::People;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_786_767_060 + second).unwrap()
    }

    fn opened() -> (Grants, String, String) {
        let mut grants = Grants::default();
        let asked = Asked {
            scope: "openid".into(),
            nonce: Some("n-1".into()),
            challenge: challenge(VERIFIER),
        };
        let (device, user) = grants.open(asked, at(0));
        (grants, device, user)
    }

    fn alice() -> Person {
        People::new(1).find("alice").unwrap().clone()
    }

    #[test]
    fn an_allowed_grant_gives_a_person_once() {
        let (mut grants, device, user) = opened();
        assert_eq!(
            grants.poll(&device, None, at(1)).unwrap_err(),
            Refused::Pending
        );
        assert_eq!(
            grants.poll(&device, None, at(1)).unwrap_err(),
            Refused::SlowDown
        );
        let typed = user.to_lowercase().replace('-', "");
        assert!(grants.answer(&typed, Some(alice()), at(2)));
        let wrong = grants.poll(&device, Some(&"x".repeat(43)), at(3));
        assert_eq!(wrong.unwrap_err(), Refused::WrongVerifier);
        let none = grants.poll(&device, None, at(4));
        assert_eq!(none.unwrap_err(), Refused::NoVerifier);
        let (person, asked) = grants.poll(&device, Some(VERIFIER), at(5)).unwrap();
        assert_eq!(person.name, "alice");
        assert_eq!(asked.nonce.as_deref(), Some("n-1"));
        let again = grants.poll(&device, Some(VERIFIER), at(6));
        assert_eq!(again.unwrap_err(), Refused::Unknown);
    }

    #[test]
    fn a_denied_grant_stays_denied() {
        let (mut grants, device, user) = opened();
        assert!(grants.answer(&user, None, at(1)));
        assert!(!grants.answer(&user, Some(alice()), at(2)));
        let answer = grants.poll(&device, Some(VERIFIER), at(3));
        assert_eq!(answer.unwrap_err(), Refused::Denied);
    }

    #[test]
    fn an_old_grant_expires_and_is_then_forgotten() {
        let (mut grants, device, user) = opened();
        let late = LIFESPAN + 1;
        assert!(!grants.answer(&user, Some(alice()), at(late)));
        let expired = grants.poll(&device, Some(VERIFIER), at(late));
        assert_eq!(expired.unwrap_err(), Refused::Expired);
        let forgotten = grants.poll(&device, Some(VERIFIER), at(late + AFTERLIFE));
        assert_eq!(forgotten.unwrap_err(), Refused::Unknown);
    }

    #[test]
    fn user_codes_are_two_times_four_letters() {
        for _ in 0..50 {
            let code = user_code();
            assert_eq!(code.len(), 9);
            assert_eq!(code.as_bytes()[4], b'-');
            assert_eq!(plain(&code).len(), 8);
        }
    }
}

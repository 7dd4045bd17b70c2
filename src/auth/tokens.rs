//! Tokens, and the decision when to renew them.

use crate::config::Secret;
use jiff::SignedDuration;
use jiff::Timestamp;

/// What an issuer gave; none of it can be shown.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For the issuer's own endpoints only; API servers refuse it.
    pub access: Secret,
    /// What the API servers of this identity take as a bearer token.
    pub id: Secret,
    /// For renewal; good once, so two processes must not share it.
    pub refresh: Option<Secret>,
    /// How long they are good and when to renew them.
    pub state: TokenState,
}

/// How long tokens are good and when to renew them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenState {
    /// The end of the ID token.
    pub good_until: Timestamp,
    /// When to renew; `None` when there is nothing to renew with.
    pub refresh_at: Option<Timestamp>,
    /// Whether the issuer has refused to renew: only a new sign-in helps.
    pub reauth: bool,
}

/// What to do about tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing before that time.
    Wait {
        /// When to ask again.
        until: Timestamp,
    },
    /// Renew them now.
    Refresh,
    /// Sign in again; never in the middle of a step.
    Reauth,
}

/// The shortest pause after a renewal that got no answer.
const RETRY: SignedDuration = SignedDuration::from_secs(5);
/// The longest one.
const LONGEST_RETRY: SignedDuration = SignedDuration::from_secs(30);

impl TokenState {
    /// Tokens got now that are good until a time, to be renewed after 75 % of that life where
    /// there is something to renew with.
    pub fn new(now: Timestamp, good_until: Timestamp, can_refresh: bool) -> Self {
        let life = good_until.duration_since(now).max(SignedDuration::ZERO);
        let most = life.checked_div(4).and_then(|part| part.checked_mul(3));
        Self {
            good_until,
            refresh_at: can_refresh.then(|| later(now, most.unwrap_or_default())),
            reauth: false,
        }
    }

    /// What to do now. After their end tokens may still be renewed: an issuer keeps a sign-in
    /// longer than a token.
    pub fn what_next(&self, now: Timestamp) -> Next {
        match self.refresh_at {
            _ if self.reauth => Next::Reauth,
            Some(at) if at <= now => Next::Refresh,
            Some(at) => Next::Wait { until: at },
            None if self.good_until <= now => Next::Reauth,
            None => Next::Wait {
                until: self.good_until,
            },
        }
    }

    /// The issuer did not answer: the tokens stay as good as they were, and renewal is tried again
    /// after a quarter of what is left, between 5 and 30 seconds.
    #[must_use]
    pub fn unanswered(self, now: Timestamp) -> Self {
        let left = self.good_until.duration_since(now);
        let pause = left.checked_div(4).unwrap_or(RETRY);
        let pause = pause.clamp(RETRY, LONGEST_RETRY);
        Self {
            refresh_at: self.refresh_at.map(|_| later(now, pause)),
            ..self
        }
    }

    /// The issuer refused to renew: it is not asked again.
    #[must_use]
    pub fn refused(self) -> Self {
        Self {
            refresh_at: None,
            reauth: true,
            ..self
        }
    }
}

/// A time after another, or the other where there is no such time.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::Next;
    use super::TokenState;
    use jiff::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_786_766_400 + second).unwrap()
    }

    #[test]
    fn renewal_is_due_at_three_quarters() {
        let state = TokenState::new(at(0), at(300), true);
        assert_eq!(state.what_next(at(0)), Next::Wait { until: at(225) });
        assert_eq!(state.what_next(at(224)), Next::Wait { until: at(225) });
        assert_eq!(state.what_next(at(225)), Next::Refresh);
        assert_eq!(state.what_next(at(9_999)), Next::Refresh);
    }

    #[test]
    fn without_a_refresh_token_the_end_asks_for_a_sign_in() {
        let state = TokenState::new(at(0), at(300), false);
        assert_eq!(state.what_next(at(299)), Next::Wait { until: at(300) });
        assert_eq!(state.what_next(at(300)), Next::Reauth);
    }

    #[test]
    fn no_answer_is_not_a_refusal() {
        let state = TokenState::new(at(0), at(300), true).unanswered(at(224));
        assert_eq!(state.what_next(at(225)), Next::Wait { until: at(243) });
        assert_eq!(state.what_next(at(243)), Next::Refresh);
        let late = state.unanswered(at(400));
        assert_eq!(late.what_next(at(400)), Next::Wait { until: at(405) });
        assert_eq!(late.good_until, at(300));
    }

    #[test]
    fn a_refusal_is_never_asked_twice() {
        let state = TokenState::new(at(0), at(300), true).refused();
        for second in [0, 225, 300, 999] {
            assert_eq!(state.what_next(at(second)), Next::Reauth);
        }
    }
}

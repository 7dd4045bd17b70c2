//! Sessions and their refresh tokens: each use gives a new token, a second use ends the session.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::sim::people::{Person, secret};

/// Seconds without a refresh after which a session ends.
pub(super) const IDLE_SECONDS: i64 = 1800;

/// One signed-in terminal.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) person: Person,
    pub(super) scope: String,
    /// When the person answered.
    pub(super) since: Timestamp,
    used: Timestamp,
    refresh: String,
}

/// All sessions, the refresh tokens spent by them, and those whose session has ended.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    live: BTreeMap<String, Session>,
    /// Spent refresh token to session id.
    spent: BTreeMap<String, String>,
    ended: BTreeSet<String>,
}

/// Why a refresh gave no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Reused,
    Ended,
    Idle,
    Unknown,
}

impl Refused {
    /// The description beside `invalid_grant`, as Keycloak words it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Reused => "Maximum allowed refresh token reuse exceeded",
            Self::Ended => "Session doesn't have required client",
            Self::Idle => "Session not active",
            Self::Unknown => "Invalid refresh token",
        }
    }
}

impl Sessions {
    /// Opens a session and returns it with its first refresh token.
    pub(super) fn open(
        &mut self,
        person: Person,
        scope: String,
        at: Timestamp,
    ) -> (Session, String) {
        let refresh = secret();
        let session = Session {
            id: uuid::Uuid::new_v4().to_string(),
            person,
            scope,
            since: at,
            used: at,
            refresh: refresh.clone(),
        };
        self.live.insert(session.id.clone(), session.clone());
        (session, refresh)
    }

    /// Spends a refresh token; a spent one that comes again ends its session.
    pub(super) fn refresh(
        &mut self,
        token: &str,
        at: Timestamp,
    ) -> Result<(Session, String), Refused> {
        if let Some(id) = self.spent.get(token).cloned() {
            let alive = self.end(&id);
            return Err(if alive {
                Refused::Reused
            } else {
                Refused::Ended
            });
        }
        if self.ended.contains(token) {
            return Err(Refused::Ended);
        }
        let found = self.live.values_mut().find(|s| s.refresh == token);
        let session = found.ok_or(Refused::Unknown)?;
        let idle = at.duration_since(session.used);
        if idle >= SignedDuration::from_secs(IDLE_SECONDS) {
            let id = session.id.clone();
            self.end(&id);
            return Err(Refused::Idle);
        }
        let fresh = secret();
        let old = std::mem::replace(&mut session.refresh, fresh.clone());
        session.used = at;
        self.spent.insert(old, session.id.clone());
        Ok((session.clone(), fresh))
    }

    /// Ends the session of a refresh token; false when the token is not a live one.
    pub(super) fn revoke(&mut self, token: &str) -> bool {
        let owner = self.live.values().find(|s| s.refresh == token);
        let id = owner.map(|s| s.id.clone());
        id.is_some_and(|id| self.end(&id))
    }

    fn end(&mut self, id: &str) -> bool {
        let Some(session) = self.live.remove(id) else {
            return false;
        };
        self.ended.insert(session.refresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::people::People;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_786_767_060 + second).unwrap()
    }

    fn opened() -> (Sessions, String) {
        let mut sessions = Sessions::default();
        let alice = People::new(1).find("alice").unwrap().clone();
        let (_, first) = sessions.open(alice, "openid".into(), at(0));
        (sessions, first)
    }

    #[test]
    fn reuse_of_a_spent_token_kills_the_session() {
        let (mut sessions, first) = opened();
        let (session, second) = sessions.refresh(&first, at(60)).unwrap();
        assert_eq!(session.since, at(0));
        assert_ne!(first, second);
        let reused = sessions.refresh(&first, at(61));
        assert_eq!(reused.unwrap_err(), Refused::Reused);
        let dead = sessions.refresh(&second, at(62));
        assert_eq!(dead.unwrap_err(), Refused::Ended);
    }

    #[test]
    fn an_idle_session_ends() {
        let (mut sessions, first) = opened();
        let idle = sessions.refresh(&first, at(IDLE_SECONDS));
        assert_eq!(idle.unwrap_err(), Refused::Idle);
        let garbage = sessions.refresh("garbage", at(IDLE_SECONDS));
        assert_eq!(garbage.unwrap_err(), Refused::Unknown);
    }

    #[test]
    fn a_revoked_session_is_revoked_once() {
        let (mut sessions, first) = opened();
        assert!(sessions.revoke(&first));
        assert!(!sessions.revoke(&first));
        let dead = sessions.refresh(&first, at(1));
        assert_eq!(dead.unwrap_err(), Refused::Ended);
    }
}

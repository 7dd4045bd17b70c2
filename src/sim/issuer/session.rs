//! Sessions of browsers, and the refresh tokens of the terminals that signed in by them.
//!
//! A session belongs to a person's browser, not to a terminal: its `acr` and `auth_time` are those of the last time
//! the person proved who they are there. Each use of a refresh token gives a new one; a second use ends, for that
//! client, every terminal of the session.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::sim::people::secret;
use crate::sim::store::Dice;

use super::client::Client;
use super::grant::Asked;
use super::refusal::Refusal;
use super::settings::Manners;
use super::settings::Settings;

/// What a token is made from.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// The session's id.
    pub(super) session: String,
    /// The short name of the person.
    pub(super) person: String,
    /// When the person last proved who they are.
    pub(super) since: Timestamp,
    /// 1 for a password, 2 with a second factor.
    pub(super) acr: u8,
    /// For whom.
    pub(super) client: &'static Client,
    /// What was granted.
    pub(super) scope: String,
    /// What the ID token carries of the request.
    pub(super) nonce: Option<String>,
    /// The fresh refresh token.
    pub(super) refresh: String,
}

impl Opened {
    /// Whether a scope was granted.
    pub(super) fn has(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|one| one == scope)
    }
}

/// One browser in which a person is signed in.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) person: String,
    pub(super) since: Timestamp,
    pub(super) acr: u8,
    used: Timestamp,
    terminals: Vec<Terminal>,
}

/// One sign-in of a client.
#[derive(Debug)]
struct Terminal {
    asked: Asked,
    issued: Timestamp,
    current: String,
    before: Option<String>,
    older: BTreeSet<String>,
}

/// All sessions, and why the refresh tokens of the ended ones are refused.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    live: BTreeMap<String, Session>,
    gone: BTreeMap<String, Refused>,
}

/// Why a refresh gave no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Reused,
    Stale,
    Detached,
    Ended,
    Disabled,
    Unknown,
    Foreign,
}

impl Refused {
    /// As the token endpoint says it.
    pub(super) fn said(self, manners: Manners) -> Refusal {
        if manners == Manners::Dex {
            let claimed = "Refresh token is invalid or has already been claimed by another client.";
            return match self {
                Self::Foreign => Refusal::bad("invalid_grant", claimed),
                Self::Ended => Refusal::bad("invalid_request", "Refresh token expired."),
                Self::Disabled => Refusal::of(500, "invalid_request", ""),
                _ => Refusal::bad("invalid_request", claimed),
            };
        }
        let words = match self {
            Self::Reused => "Maximum allowed refresh token reuse exceeded",
            Self::Stale => "Stale token",
            Self::Detached => "Session doesn't have required client",
            Self::Ended => "Session not active",
            Self::Disabled => "User disabled",
            Self::Unknown => "Invalid refresh token",
            Self::Foreign => {
                "Invalid refresh token. Token client and authorized client don't match"
            }
        };
        Refusal::bad("invalid_grant", words)
    }
}

/// What came of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revoked {
    Done,
    Unknown,
    Foreign,
}

/// How a refresh token stands to its terminal.
enum Place {
    Current,
    Before,
    Older,
}

impl Terminal {
    fn place(&self, token: &str) -> Option<Place> {
        if self.current == token {
            Some(Place::Current)
        } else if self.before.as_deref() == Some(token) {
            Some(Place::Before)
        } else {
            self.older.contains(token).then_some(Place::Older)
        }
    }

    fn rotate(&mut self, at: Timestamp) {
        let old = std::mem::replace(&mut self.current, secret());
        if let Some(older) = self.before.replace(old) {
            self.older.insert(older);
        }
        self.issued = at;
    }

    fn tokens(self) -> impl Iterator<Item = String> {
        let known = self.older.into_iter().chain(self.before);
        known.chain([self.current])
    }
}

impl Sessions {
    /// A person proved who they are: in a browser that has a session of theirs this renews it, else it opens one.
    pub(super) fn prove(
        &mut self,
        browser: Option<&str>,
        person: &str,
        acr: u8,
        dice: &mut Dice,
        at: Timestamp,
    ) -> String {
        if let Some(id) = browser
            && let Some(session) = self.live.get_mut(id)
            && session.person == person
        {
            session.since = at;
            session.acr = acr;
            session.used = at;
            return id.to_owned();
        }
        let id = dice.uuid();
        let session = Session {
            person: person.to_owned(),
            since: at,
            acr,
            used: at,
            terminals: Vec::new(),
        };
        self.live.insert(id.clone(), session);
        id
    }

    /// Every refresh token that was ever given.
    pub(super) fn known(&self) -> Vec<String> {
        let terminals = self.live.values().flat_map(|session| &session.terminals);
        let live =
            terminals.flat_map(|one| one.older.iter().chain(&one.before).chain([&one.current]));
        live.chain(self.gone.keys()).cloned().collect()
    }

    /// The live session of that id.
    pub(super) fn get(&self, id: &str) -> Option<&Session> {
        self.live.get(id)
    }

    /// A client signs in by a session; `None` when the session has ended meanwhile.
    pub(super) fn attach(&mut self, id: &str, asked: Asked, at: Timestamp) -> Option<Opened> {
        let session = self.live.get_mut(id)?;
        let terminal = Terminal {
            asked,
            issued: at,
            current: secret(),
            before: None,
            older: BTreeSet::new(),
        };
        session.used = at;
        let opened = session.opened(id, &terminal);
        session.terminals.push(terminal);
        Some(opened)
    }

    /// Spends a refresh token. `barred` says whether the account of a person is disabled.
    pub(super) fn refresh(
        &mut self,
        token: &str,
        client: &Client,
        settings: &Settings,
        barred: impl Fn(&str) -> bool,
        at: Timestamp,
    ) -> Result<Opened, Refused> {
        let Some((id, index, place)) = self.find(token) else {
            return Err(*self.gone.get(token).unwrap_or(&Refused::Unknown));
        };
        let keycloak = settings.manners == Manners::Keycloak;
        let session = self.live.get_mut(&id).ok_or(Refused::Unknown)?;
        let terminal = session.terminals.get_mut(index).ok_or(Refused::Unknown)?;
        if terminal.asked.client != client {
            return Err(Refused::Foreign);
        }
        let idle = at.duration_since(session.used);
        let offline = terminal.asked.scope.contains("offline_access");
        if !offline && idle >= SignedDuration::from_secs(settings.idle_seconds) {
            self.end(&id);
            return Err(Refused::Ended);
        }
        if barred(&session.person) {
            return Err(Refused::Disabled);
        }
        let refused = match place {
            Place::Current => {
                terminal.rotate(at);
                session.used = at;
                let terminal = session.terminals.get(index).ok_or(Refused::Unknown)?;
                let mut opened = session.opened(&id, terminal);
                if keycloak {
                    // A renewed ID token has no nonce: it belongs to the first one only.
                    opened.nonce = None;
                }
                return Ok(opened);
            }
            Place::Before => Refused::Reused,
            Place::Older => Refused::Stale,
        };
        if keycloak {
            self.detach(&id, client);
        }
        Err(refused)
    }

    /// Ends the session of a refresh token, for the browser and for all its terminals.
    pub(super) fn revoke(&mut self, token: &str, client: &Client) -> Revoked {
        let Some((id, index, _)) = self.find(token) else {
            return Revoked::Unknown;
        };
        let terminal = self.live.get(&id).and_then(|s| s.terminals.get(index));
        if terminal.is_some_and(|terminal| terminal.asked.client != client) {
            return Revoked::Foreign;
        }
        self.end(&id);
        Revoked::Done
    }

    /// Ends a session; false when there is none of that id.
    pub(super) fn end(&mut self, id: &str) -> bool {
        let Some(session) = self.live.remove(id) else {
            return false;
        };
        let tokens = session.terminals.into_iter().flat_map(Terminal::tokens);
        self.gone
            .extend(tokens.map(|token| (token, Refused::Ended)));
        true
    }

    /// Ends every session of a person.
    pub(super) fn end_all(&mut self, person: &str) {
        let theirs = self.live.iter().filter(|(_, one)| one.person == person);
        let ids: Vec<String> = theirs.map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.end(&id);
        }
    }

    /// Takes a client out of a session: its terminals are signed out, the browser is not.
    pub(super) fn detach(&mut self, id: &str, client: &Client) {
        let Some(session) = self.live.get_mut(id) else {
            return;
        };
        let all = std::mem::take(&mut session.terminals);
        let (out, stay): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|one| one.asked.client == client);
        session.terminals = stay;
        let tokens = out.into_iter().flat_map(Terminal::tokens);
        self.gone
            .extend(tokens.map(|token| (token, Refused::Detached)));
    }

    /// Refuses every refresh token that was given before now.
    pub(super) fn stale(&mut self, at: Timestamp) {
        for session in self.live.values_mut() {
            let all = std::mem::take(&mut session.terminals);
            let (out, stay): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.issued <= at);
            session.terminals = stay;
            let tokens = out.into_iter().flat_map(Terminal::tokens);
            self.gone
                .extend(tokens.map(|token| (token, Refused::Stale)));
        }
    }

    /// Whether a session has a terminal of that client.
    pub(super) fn serves(&self, id: &str, client: &str) -> bool {
        let session = self.live.get(id);
        session.is_some_and(|one| one.terminals.iter().any(|t| t.asked.client.id == client))
    }

    fn find(&self, token: &str) -> Option<(String, usize, Place)> {
        self.live.iter().find_map(|(id, session)| {
            let mut terminals = session.terminals.iter().enumerate();
            terminals
                .find_map(|(index, one)| one.place(token).map(|place| (id.clone(), index, place)))
        })
    }
}

impl Session {
    fn opened(&self, id: &str, terminal: &Terminal) -> Opened {
        Opened {
            session: id.to_owned(),
            person: self.person.clone(),
            since: self.since,
            acr: self.acr,
            client: terminal.asked.client,
            scope: terminal.asked.scope.clone(),
            nonce: terminal.asked.nonce.clone(),
            refresh: terminal.current.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::CLIENT;
    use super::super::client::client;
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_786_767_060 + second).unwrap()
    }

    fn asked() -> Asked {
        Asked {
            client: client(CLIENT).unwrap(),
            scope: "openid".into(),
            nonce: Some("n-1".into()),
            challenge: String::new(),
        }
    }

    struct Desk {
        sessions: Sessions,
        settings: Settings,
        id: String,
        first: String,
    }

    impl Desk {
        fn new(manners: Manners) -> Desk {
            let mut sessions = Sessions::default();
            let id = sessions.prove(None, "alice", 1, &mut Dice::new(7), at(0));
            let first = sessions.attach(&id, asked(), at(0)).unwrap().refresh;
            let settings = Settings {
                manners,
                ..Settings::default()
            };
            Desk {
                sessions,
                settings,
                id,
                first,
            }
        }

        fn refresh(&mut self, token: &str, second: i64) -> Result<Opened, Refused> {
            let client = client(CLIENT).unwrap();
            self.sessions
                .refresh(token, client, &self.settings, |_| false, at(second))
        }
    }

    #[test]
    fn reuse_of_a_spent_token_signs_every_terminal_of_the_session_out() {
        let mut desk = Desk::new(Manners::Keycloak);
        let other = desk.sessions.attach(&desk.id.clone(), asked(), at(1));
        let first = desk.first.clone();
        let second = desk.refresh(&first, 60).unwrap();
        assert_eq!((second.since, second.nonce), (at(0), None));
        assert_eq!(desk.refresh(&first, 61).unwrap_err(), Refused::Reused);
        for token in [&first, &second.refresh, &other.unwrap().refresh] {
            assert_eq!(desk.refresh(token, 62).unwrap_err(), Refused::Detached);
        }
        assert!(desk.sessions.get(&desk.id).is_some(), "the browser is not");
    }

    #[test]
    fn a_token_two_rotations_old_is_stale() {
        let mut desk = Desk::new(Manners::Keycloak);
        let first = desk.first.clone();
        let second = desk.refresh(&first, 60).unwrap().refresh;
        desk.refresh(&second, 61).unwrap();
        assert_eq!(desk.refresh(&first, 62).unwrap_err(), Refused::Stale);
    }

    #[test]
    fn dex_refuses_the_spent_token_and_keeps_the_new_one_with_its_nonce() {
        let mut desk = Desk::new(Manners::Dex);
        let first = desk.first.clone();
        let second = desk.refresh(&first, 60).unwrap().refresh;
        assert_eq!(desk.refresh(&first, 61).unwrap_err(), Refused::Reused);
        let third = desk.refresh(&second, 62).unwrap();
        assert_eq!(third.nonce.as_deref(), Some("n-1"));
    }

    #[test]
    fn an_idle_session_ends_and_a_revoked_one_is_revoked_once() {
        let mut desk = Desk::new(Manners::Keycloak);
        let first = desk.first.clone();
        assert_eq!(desk.refresh("garbage", 1).unwrap_err(), Refused::Unknown);
        assert_eq!(desk.refresh(&first, 1800).unwrap_err(), Refused::Ended);
        let mut desk = Desk::new(Manners::Keycloak);
        let (first, console) = (desk.first.clone(), client(CLIENT).unwrap());
        let other = client("crashcart-approve").unwrap();
        assert_eq!(desk.sessions.revoke(&first, other), Revoked::Foreign);
        assert_eq!(desk.sessions.revoke(&first, console), Revoked::Done);
        assert_eq!(desk.sessions.revoke(&first, console), Revoked::Unknown);
        assert_eq!(desk.refresh(&first, 1).unwrap_err(), Refused::Ended);
    }

    #[test]
    fn a_step_up_in_the_browser_shows_in_the_terminals_next_renewal() {
        let mut desk = Desk::new(Manners::Keycloak);
        let (id, first) = (desk.id.clone(), desk.first.clone());
        let mut dice = Dice::new(1);
        let same = desk
            .sessions
            .prove(Some(&id), "alice", 2, &mut dice, at(50));
        assert_eq!(same, id);
        let renewed = desk.refresh(&first, 60).unwrap();
        assert_eq!((renewed.acr, renewed.since), (2, at(50)));
        let stranger = desk.sessions.prove(Some(&id), "bob", 1, &mut dice, at(51));
        assert_ne!(stranger, id, "another person has another session");
    }
}

//! Device grants (RFC 8628) as a state machine that is told the time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::sim::people::secret;
use crate::sim::store::Dice;

use super::client::Client;
use super::client::proved;
use super::refusal::Refusal;
use super::settings::Manners;
use super::settings::Settings;

/// Seconds, beyond one interval, in which an ended code is still known, and answered with `expired_token`.
const AFTERLIFE: i64 = 10;
/// Seconds by which Dex lengthens the pause of a client that asks too early.
const LONGER: i64 = 5;
/// Letters of a user code: consonants that are not mistaken for one another on a bad line.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

/// What a client asked for when it began.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) client: &'static Client,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
}

/// The answer of a person at the verification page.
#[derive(Debug, Clone)]
enum Verdict {
    Pending,
    Denied,
    /// The session of the person's browser.
    Allowed(String),
}

#[derive(Debug, Clone)]
struct Grant {
    asked: Asked,
    user_code: String,
    until: Timestamp,
    forgotten: Timestamp,
    interval: i64,
    pause: i64,
    polled: Option<Timestamp>,
    verdict: Verdict,
}

/// All grants that are not redeemed yet, by device code.
#[derive(Debug, Default)]
pub(super) struct Grants {
    open: BTreeMap<String, Grant>,
}

/// Why a poll gave no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Pending,
    SlowDown,
    Expired,
    Denied,
    Unknown,
    Foreign,
}

impl Refused {
    /// As the token endpoint says it.
    pub(super) fn said(self, manners: Manners) -> Refusal {
        let dex = manners == Manners::Dex;
        let bad = |error, words: &str| Refusal::bad(error, if dex { "" } else { words });
        match self {
            Self::Pending if dex => Refusal::of(401, "authorization_pending", ""),
            Self::Unknown | Self::Foreign if dex => {
                Refusal::bad("invalid_request", "Invalid Device code.")
            }
            Self::Pending => bad(
                "authorization_pending",
                "The authorization request is still pending",
            ),
            Self::SlowDown => bad("slow_down", "Slow down"),
            Self::Expired => bad("expired_token", "Device code is expired"),
            Self::Denied => bad(
                "access_denied",
                "The end user denied the authorization request",
            ),
            Self::Unknown => bad("invalid_grant", "Device code not valid"),
            Self::Foreign => bad("invalid_grant", "unauthorized client"),
        }
    }
}

impl Grants {
    /// Opens a grant and returns its device code and its user code.
    pub(super) fn open(
        &mut self,
        asked: Asked,
        settings: &Settings,
        dice: &mut Dice,
        at: Timestamp,
    ) -> (String, String) {
        self.forget(at);
        let device_code = secret();
        let user_code = loop {
            let code = user_code(dice);
            if self.open.values().all(|grant| grant.user_code != code) {
                break code;
            }
        };
        let after = |seconds: i64| {
            let end = at.checked_add(SignedDuration::from_secs(seconds));
            end.unwrap_or(at)
        };
        let interval = settings.interval_seconds;
        let grant = Grant {
            asked,
            user_code: user_code.clone(),
            until: after(settings.code_seconds),
            forgotten: after(settings.code_seconds + interval + AFTERLIFE),
            interval,
            pause: interval,
            polled: None,
            verdict: Verdict::Pending,
        };
        self.open.insert(device_code.clone(), grant);
        (device_code, user_code)
    }

    /// The client of the grant that waits for an answer under this code.
    pub(super) fn waiting(&self, code: &str, at: Timestamp) -> Option<&'static Client> {
        let code = plain(code);
        let found = self.open.values().find(|grant| grant.waits(&code, at));
        found.map(|grant| grant.asked.client)
    }

    /// Notes what a person said: the session of their browser, or no; false when no open grant has this code.
    pub(super) fn answer(&mut self, code: &str, session: Option<String>, at: Timestamp) -> bool {
        let code = plain(code);
        let found = self.open.values_mut().find(|grant| grant.waits(&code, at));
        let Some(grant) = found else {
            return false;
        };
        grant.verdict = session.map_or(Verdict::Denied, Verdict::Allowed);
        true
    }

    /// One poll: the session and what was asked, once and only once, or why not.
    pub(super) fn poll(
        &mut self,
        device_code: &str,
        client: &Client,
        verifier: Option<&str>,
        manners: Manners,
        at: Timestamp,
    ) -> Result<(String, Asked), Refusal> {
        self.forget(at);
        let no = |refused: Refused| refused.said(manners);
        let grant = self.open.get_mut(device_code);
        let grant = grant.ok_or_else(|| no(Refused::Unknown))?;
        if grant.asked.client != client {
            return Err(no(Refused::Foreign));
        }
        if grant.until <= at {
            return Err(no(Refused::Expired));
        }
        if grant.is_early(manners, at) {
            return Err(no(Refused::SlowDown));
        }
        let session = match &grant.verdict {
            Verdict::Pending => return Err(no(Refused::Pending)),
            Verdict::Denied => return Err(no(Refused::Denied)),
            Verdict::Allowed(session) => session.clone(),
        };
        proved(verifier, &grant.asked.challenge, manners)?;
        let asked = grant.asked.clone();
        self.open.remove(device_code);
        Ok((session, asked))
    }

    /// Drops grants whose afterlife is over.
    fn forget(&mut self, at: Timestamp) {
        self.open.retain(|_, grant| at < grant.forgotten);
    }
}

impl Grant {
    fn waits(&self, code: &str, at: Timestamp) -> bool {
        let open = matches!(self.verdict, Verdict::Pending) && self.until > at;
        open && plain(&self.user_code) == code
    }

    /// Whether the client asks sooner than it was told. Dex then wants a longer pause each time; Keycloak does not.
    fn is_early(&mut self, manners: Manners, at: Timestamp) -> bool {
        let pause = SignedDuration::from_secs(self.pause);
        let early = self
            .polled
            .is_some_and(|last| at.duration_since(last) < pause);
        self.polled = Some(at);
        self.pause = match (manners, early) {
            (Manners::Dex, true) => self.pause + LONGER,
            _ => self.interval,
        };
        early
    }
}

/// A user code as it is compared: capitals, without the dash.
fn plain(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphabetic);
    letters.map(|c| c.to_ascii_uppercase()).collect()
}

/// The next user code of the seed, such as `WDJB-MJHT`. It gives nothing to whoever guesses it: only the device code,
/// which is random, is redeemed.
fn user_code(dice: &mut Dice) -> String {
    let count = u64::try_from(LETTERS.len()).unwrap_or(1);
    let mut code = String::new();
    for place in 0..8 {
        if place == 4 {
            code.push('-');
        }
        let letter = usize::try_from(dice.below(count)).ok();
        let letter = letter.and_then(|at| LETTERS.get(at)).unwrap_or(&b'B');
        code.push(char::from(*letter));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::super::client::CLIENT;
    use super::super::client::client;
    use super::super::token::challenge;
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_786_767_060 + second).unwrap()
    }

    struct Desk {
        grants: Grants,
        device: String,
        user: String,
        manners: Manners,
    }

    impl Desk {
        fn with(settings: Settings) -> Desk {
            let mut grants = Grants::default();
            let asked = Asked {
                client: client(CLIENT).unwrap(),
                scope: "openid".into(),
                nonce: Some("n-1".into()),
                challenge: challenge(VERIFIER),
            };
            let (device, user) = grants.open(asked, &settings, &mut Dice::new(7), at(0));
            let manners = settings.manners;
            Desk {
                grants,
                device,
                user,
                manners,
            }
        }

        fn poll(&mut self, verifier: Option<&str>, second: i64) -> Result<String, Refusal> {
            let client = client(CLIENT).unwrap();
            let answer = self
                .grants
                .poll(&self.device, client, verifier, self.manners, at(second));
            answer.map(|(session, _)| session)
        }

        fn refused(&mut self, second: i64) -> &'static str {
            self.poll(Some(VERIFIER), second).unwrap_err().error
        }

        fn allow(&mut self, second: i64) -> bool {
            self.grants
                .answer(&self.user, Some("s".to_owned()), at(second))
        }
    }

    #[test]
    fn an_allowed_grant_gives_its_session_once() {
        let mut desk = Desk::with(Settings::default());
        assert_eq!(desk.refused(1), "authorization_pending");
        assert_eq!(desk.refused(1), "slow_down");
        desk.user = desk.user.to_lowercase().replace('-', "");
        assert!(desk.allow(2));
        let wrong = desk.poll(Some(&"x".repeat(43)), 3).unwrap_err();
        assert!(wrong.words.ends_with("Code mismatch"));
        let none = desk.poll(None, 4).unwrap_err();
        assert!(none.words.ends_with("verifier not specified"));
        let stranger = client("crashcart-approve").unwrap();
        let foreign = desk.grants.poll(
            &desk.device,
            stranger,
            Some(VERIFIER),
            Manners::Keycloak,
            at(5),
        );
        assert_eq!(foreign.unwrap_err().words, "unauthorized client");
        assert_eq!(desk.poll(Some(VERIFIER), 6).unwrap(), "s");
        assert_eq!(
            desk.poll(Some(VERIFIER), 7).unwrap_err().words,
            "Device code not valid"
        );
    }

    #[test]
    fn a_denied_grant_stays_denied_and_still_asks_to_go_slower() {
        let mut desk = Desk::with(Settings::default());
        let (user, device) = (desk.user.clone(), desk.device.clone());
        assert!(desk.grants.answer(&user, None, at(1)));
        assert!(!desk.allow(2));
        assert!(!device.is_empty());
        assert_eq!(desk.refused(3), "access_denied");
        assert_eq!(desk.refused(3), "slow_down");
        assert_eq!(desk.refused(5), "access_denied");
    }

    #[test]
    fn an_old_grant_expires_and_is_then_forgotten() {
        let settings = Settings {
            code_seconds: 5,
            interval_seconds: 5,
            ..Settings::default()
        };
        let mut desk = Desk::with(settings);
        assert_eq!(desk.refused(2), "authorization_pending");
        assert_eq!(desk.refused(4), "slow_down");
        assert!(!desk.allow(5));
        for second in [5, 7, 19] {
            assert_eq!(desk.refused(second), "expired_token");
        }
        assert_eq!(desk.refused(20), "invalid_grant");
    }

    #[test]
    fn dex_asks_for_a_longer_pause_each_time_and_keycloak_does_not() {
        let interval_seconds = 5;
        for (manners, eight_later) in [
            (Manners::Keycloak, "authorization_pending"),
            (Manners::Dex, "slow_down"),
        ] {
            let mut desk = Desk::with(Settings {
                manners,
                interval_seconds,
                ..Settings::default()
            });
            assert_eq!(desk.refused(5), "authorization_pending");
            assert_eq!(desk.refused(6), "slow_down");
            assert_eq!(desk.refused(14), eight_later, "{manners:?}");
            assert_eq!(desk.refused(30), "authorization_pending");
        }
    }

    #[test]
    fn a_seed_fixes_the_user_codes_and_never_the_device_codes() {
        let (one, two) = (
            Desk::with(Settings::default()),
            Desk::with(Settings::default()),
        );
        assert_eq!(one.user, two.user);
        assert_ne!(one.device, two.device);
        assert_eq!((one.user.len(), one.user.as_bytes()[4]), (9, b'-'));
        assert_eq!(plain(&one.user).len(), 8);
    }
}

//! Signing in, as the screen sees it: a small machine that events move, and one sentence for each
//! of its states.

mod event;
mod prompt;

pub use event::Event;
pub use prompt::DevicePrompt;
pub use prompt::PagePrompt;
pub use prompt::Simulated;

use super::person::Person;
use super::session::Session;
use crate::text::SafeText;
use crate::text::words;
use jiff::SignedDuration;
use jiff::Timestamp;

/// Seconds added to the interval when the issuer asks to go slower (RFC 8628 section 3.5).
const SLOWER_S: u32 = 5;
/// The longest interval between two questions, in seconds.
const SLOWEST_S: u32 = 60;
/// How far this clock may be from the issuer's, in seconds.
pub const SKEW_S: i64 = 60;

/// Where a sign-in stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignIn {
    /// Nobody has asked yet.
    #[default]
    Idle,
    /// The issuer has been asked for a code.
    Asking {
        /// The issuer's host.
        issuer: SafeText,
    },
    /// A code is shown, and the issuer is asked at intervals whether it was allowed.
    Waiting {
        /// What to show.
        device: DevicePrompt,
        /// What the last answer was, where it was not simply "not yet".
        notice: Option<SafeText>,
    },
    /// An address is shown, and somebody is to go there with a browser.
    Browser {
        /// What to show.
        page: PagePrompt,
        /// What became of the last answer, where it was not good.
        notice: Option<SafeText>,
        /// True while the issuer is asked for the tokens of an answer.
        redeeming: bool,
    },
    /// Signed in.
    SignedIn(Session),
    /// Signed out: nobody acts by it any more, and its tokens are on their way back.
    Leaving {
        /// The issuer's host.
        issuer: SafeText,
    },
    /// It went no further; the sentence says why and what to do.
    Ended {
        /// One sentence.
        sentence: SafeText,
    },
}

impl SignIn {
    /// Where it stands after an event. What cannot follow is ignored: an answer to a question that
    /// is no longer asked changes nothing.
    #[must_use]
    pub fn step(self, event: Event, now: Timestamp) -> Self {
        match (self, event) {
            (_, Event::Asked { issuer }) => Self::Asking { issuer },
            (_, Event::SignedOut) => Self::Idle,
            // Also where nobody took up what is kept: that goes back as well.
            (Self::SignedIn(_) | Self::Idle | Self::Ended { .. }, Event::Leaving { issuer }) => {
                Self::Leaving { issuer }
            }
            (Self::Asking { .. }, Event::TakenUp(session))
            | (Self::SignedIn(_), Event::SignedIn(session)) => Self::SignedIn(session),
            (Self::Asking { .. }, Event::Prompt(device)) => Self::Waiting {
                device,
                notice: None,
            },
            (Self::Asking { .. }, Event::Page(page)) => Self::browser(page, None, false),
            (
                Self::Browser {
                    page,
                    notice,
                    redeeming,
                },
                event,
            ) => browser(page, notice, redeeming, event, now),
            (Self::Asking { issuer }, event) => match ending(&event, None, now) {
                Some(sentence) => Self::ended(&sentence),
                None => Self::Asking { issuer },
            },
            (Self::Waiting { device, notice }, event) => waiting(device, notice, event, now),
            (Self::SignedIn(session), event) => signed_in(session, &event, now),
            (other @ (Self::Idle | Self::Leaving { .. } | Self::Ended { .. }), _) => other,
        }
    }

    /// The one sentence of the place named ANSWER; empty while idle. `clusters` is how many this
    /// sign-in serves.
    pub fn answer(&self, clusters: usize, now: Timestamp) -> SafeText {
        match self {
            Self::Idle => SafeText::new(""),
            Self::Asking { issuer } => SafeText::new(&format!("Asking {issuer} for a code.")),
            Self::Leaving { issuer } => {
                SafeText::new(&format!("Giving the tokens back to {issuer}."))
            }
            Self::Browser {
                page,
                redeeming: true,
                ..
            } => SafeText::new(&format!("Asking {} for the tokens.", page.issuer_host)),
            Self::Waiting {
                notice: Some(notice),
                ..
            }
            | Self::Browser {
                notice: Some(notice),
                ..
            } => notice.clone(),
            Self::Browser { page, .. } => {
                let since = words::clock_seconds(page.since, now);
                SafeText::new(&if page.listens {
                    format!(
                        "Waiting for the browser at {} since {since}.",
                        page.redirect
                    )
                } else {
                    format!("Waiting for the address that the browser ends on since {since}.")
                })
            }
            Self::Waiting { device, .. } => {
                let since = words::clock_seconds(device.since, now);
                let (host, pause) = (&device.issuer_host, device.interval_s);
                SafeText::new(&format!(
                    "Waiting for {host}. Asking each {pause}s since {since}."
                ))
            }
            Self::SignedIn(session) => {
                let plural = if clusters == 1 { "" } else { "s" };
                let name = session.person.short();
                let groups = no_groups(&session.person);
                SafeText::new(&format!(
                    "Signed in as {name}. Reading {clusters} cluster{plural}.{groups}"
                ))
            }
            Self::Ended { sentence } => sentence.clone(),
        }
    }

    /// Whether something is under way outside, or somebody is signed in.
    pub fn is_live(&self) -> bool {
        !matches!(self, Self::Idle | Self::Ended { .. })
    }

    /// The session, when there is one.
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::SignedIn(session) => Some(session),
            _ => None,
        }
    }

    fn browser(page: PagePrompt, notice: Option<SafeText>, redeeming: bool) -> Self {
        Self::Browser {
            page,
            notice,
            redeeming,
        }
    }

    fn ended(sentence: &str) -> Self {
        Self::Ended {
            sentence: SafeText::new(sentence),
        }
    }
}

/// A step while a code is shown.
fn waiting(
    mut device: DevicePrompt,
    notice: Option<SafeText>,
    event: Event,
    now: Timestamp,
) -> SignIn {
    let host = device.issuer_host.clone();
    let notice = match event {
        Event::SignedIn(session) => return SignIn::SignedIn(session),
        Event::Prompt(device) => {
            return SignIn::Waiting {
                device,
                notice: None,
            };
        }
        _ if device.expires_at <= now => return SignIn::ended(&expired(&device, now)),
        Event::SlowDown => {
            device.interval_s = slower(device.interval_s.saturating_add(SLOWER_S));
            let pause = device.interval_s;
            let sentence = format!("{host} asks to go slower: asking each {pause}s.");
            Some(SafeText::new(&sentence))
        }
        Event::Unreachable { ref reason, .. } => {
            // Twice the pause after each question that got no answer (RFC 8628 section 3.5).
            device.interval_s = slower(device.interval_s.saturating_mul(2));
            Some(SafeText::new(&silent(&host, reason)))
        }
        Event::Pending => None,
        other => match ending(&other, Some(&device), now) {
            Some(sentence) => return SignIn::ended(&sentence),
            None => notice,
        },
    };
    SignIn::Waiting { device, notice }
}

/// A step while a browser is away: what does not belong to this sign-in leaves it as it is.
fn browser(
    page: PagePrompt,
    notice: Option<SafeText>,
    redeeming: bool,
    event: Event,
    now: Timestamp,
) -> SignIn {
    let notice = match event {
        Event::SignedIn(session) => return SignIn::SignedIn(session),
        Event::Page(page) => return SignIn::browser(page, None, false),
        Event::Redeeming => return SignIn::browser(page, None, true),
        // What was answered in time counts, however long the issuer takes for it.
        Event::Tick if redeeming || page.expires_at > now => {
            return SignIn::browser(page, notice, redeeming);
        }
        _ if page.expires_at <= now => return SignIn::ended(&late(&page, now)),
        Event::Expired => return SignIn::ended(&late(&page, now)),
        Event::Odd { sentence } => Some(sentence),
        other => match ending(&other, None, now) {
            Some(sentence) => return SignIn::ended(&sentence),
            None => notice,
        },
    };
    SignIn::browser(page, notice, false)
}

/// A step while signed in: a renewal that got no answer changes nothing before the end.
fn signed_in(session: Session, event: &Event, now: Timestamp) -> SignIn {
    let over = session.expires_at <= now;
    match event {
        Event::Refused { host, reason } => SignIn::ended(&format!(
            "{host} did not renew the sign-in: {reason}. n signs in again."
        )),
        // Whoever holds the tokens says so: nothing renews them.
        Event::Expired => {
            let at = words::clock(now, now);
            SignIn::ended(&format!("The sign-in ended at {at}. n signs in again."))
        }
        _ if over => {
            let at = words::clock(session.expires_at, now);
            SignIn::ended(&format!("The sign-in ended at {at}. n signs in again."))
        }
        Event::Unreachable { .. } | Event::Tick => SignIn::SignedIn(session),
        other => match ending(other, None, now) {
            Some(sentence) => SignIn::ended(&sentence),
            None => SignIn::SignedIn(session),
        },
    }
}

/// The sentence of an event that ends a sign-in, if it does.
fn ending(event: &Event, device: Option<&DevicePrompt>, now: Timestamp) -> Option<String> {
    Some(match event {
        Event::Denied => "You pressed No there. n tries again.".to_owned(),
        Event::Expired => device.map_or_else(
            || "The code ended. Press n for a new one.".to_owned(),
            |device| expired(device, now),
        ),
        Event::Unreachable { host, reason } => silent(host, reason),
        Event::WrongIssuer { place } => format!(
            "The answer came from another issuer, so nothing was kept. Check issuer, {place}."
        ),
        Event::Skew { host, behind_s } => skew(host, *behind_s),
        Event::NoDevice { host } => {
            format!("{host} has no device sign-in. Press p to paste a redirect.")
        }
        Event::Refused { host, reason } => {
            format!("{host} refused: {reason}. Ask whoever keeps it what that asks for, then n.")
        }
        Event::Failed { sentence } => sentence.as_str().to_owned(),
        Event::Asked { .. }
        | Event::Prompt(_)
        | Event::Page(_)
        | Event::Odd { .. }
        | Event::Redeeming
        | Event::Pending
        | Event::SlowDown
        | Event::SignedIn(_)
        | Event::TakenUp(_)
        | Event::Unrenewed { .. }
        | Event::Leaving { .. }
        | Event::SignedOut
        | Event::Tick => return None,
    })
}

fn expired(device: &DevicePrompt, now: Timestamp) -> String {
    let at = words::clock(device.expires_at, now);
    format!("The code ended at {at}. Press n for a new one.")
}

fn late(page: &PagePrompt, now: Timestamp) -> String {
    let at = words::clock(page.expires_at, now);
    format!("The time for the page ended at {at}. n begins anew.")
}

/// What is added where the issuer names no group: no error, but the likely reason of every refusal that follows.
pub fn no_groups(person: &Person) -> &'static str {
    if person.groups.is_empty() {
        " The token names no group: where clusters refuse, have the groups claim put into it."
    } else {
        ""
    }
}

fn silent(host: &SafeText, reason: &SafeText) -> String {
    format!("{host} does not answer: {reason}. Esc goes on without.")
}

fn skew(host: &SafeText, behind_s: i64) -> String {
    let seconds = SignedDuration::from_secs(behind_s).abs().as_secs();
    let side = if behind_s > 0 { "behind" } else { "ahead of" };
    format!(
        "This clock is {seconds}s {side} {host}; sign-in needs under {SKEW_S}s. Set the clock, then n."
    )
}

/// An interval between two questions, in seconds, within bounds.
fn slower(interval_s: u32) -> u32 {
    interval_s.clamp(1, SLOWEST_S)
}

#[cfg(test)]
mod tests;

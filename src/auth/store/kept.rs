//! What is kept of a sign-in, and how it stands in a slot.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::auth::Person;
use crate::config::Secret;

/// Before an entry that may hold a live token. The form before began with a time in seconds since 1970, and held no more
/// than two times and a refresh token.
const FORM: &str = "2 ";

/// A sign-in as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What renews it; spent by its next use where the issuer rotates. `None` where the issuer gives nothing to renew with.
    pub refresh: Option<Secret>,
    /// The issuer's own id of the person; `None` in an entry of the form before, which did not say.
    pub subject: Option<String>,
    /// When the issuer, or the shift, ends it.
    pub until: Timestamp,
    /// When the shift in which the person signed in ends; renewals do not move it.
    pub shift_ends: Timestamp,
    /// The token itself, where there is room for it.
    pub live: Option<Live>,
}

/// An ID token, and all that takes it up again without asking its issuer anything.
#[derive(Clone, Debug)]
pub struct Live {
    /// The ID token.
    pub id: Secret,
    /// The issuer's public key that it stood up to, a JWK (RFC 7517).
    pub key: String,
    /// Where the issuer is asked later on.
    pub endpoints: Endpoints,
}

/// The addresses of an issuer that a sign-in needs once it is there, from its discovery document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Where tokens are renewed.
    pub token: String,
    /// Where tokens are given back; `None` where they cannot be.
    pub revocation: Option<String>,
    /// Where its keys are.
    pub keys: String,
}

/// An entry as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    until: i64,
    shift_ends: i64,
    subject: Option<String>,
    refresh: Option<Zeroizing<String>>,
    id: Option<Zeroizing<String>>,
    key: Option<String>,
    endpoints: Option<Endpoints>,
}

impl Kept {
    /// Whether this is known to be somebody else's sign-in.
    pub fn is_of_another(&self, person: &Person) -> bool {
        let subject = self.subject.as_ref();
        subject.is_some_and(|subject| *subject != person.subject)
    }

    /// The same without its live token.
    pub(super) fn lean(&self) -> Kept {
        Kept {
            live: None,
            ..self.clone()
        }
    }

    /// What stands in a slot.
    pub(super) fn text(&self) -> Secret {
        let wiped = |secret: &Secret| Zeroizing::new(secret.expose().to_owned());
        let live = self.live.as_ref();
        let written = Written {
            until: self.until.as_second(),
            shift_ends: self.shift_ends.as_second(),
            subject: self.subject.clone(),
            refresh: self.refresh.as_ref().map(wiped),
            id: live.map(|live| wiped(&live.id)),
            key: live.map(|live| live.key.clone()),
            endpoints: live.map(|live| live.endpoints.clone()),
        };
        let mut text = Zeroizing::new(FORM.as_bytes().to_vec());
        // Text and numbers always are JSON; an entry that broke off is read as none.
        let whole = serde_json::to_writer(&mut *text, &written);
        debug_assert!(whole.is_ok(), "an entry is JSON");
        Secret::new(std::str::from_utf8(&text).unwrap_or_default())
    }

    /// Reads what stands in a slot, in this form or the one before; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Kept> {
        let Some(text) = text.strip_prefix(FORM) else {
            return before(text);
        };
        let written: Written = serde_json::from_str(text).ok()?;
        let live = match (&written.id, written.key, written.endpoints) {
            (Some(id), Some(key), Some(endpoints)) => Some(Live {
                id: Secret::new(id),
                key,
                endpoints,
            }),
            _ => None,
        };
        let refresh = written.refresh.filter(|token| !token.is_empty());
        let refresh = refresh.map(|token| Secret::new(&token));
        if refresh.is_none() && live.is_none() {
            return None;
        }
        Some(Kept {
            refresh,
            subject: written.subject,
            until: Timestamp::from_second(written.until).ok()?,
            shift_ends: Timestamp::from_second(written.shift_ends).ok()?,
            live,
        })
    }
}

/// The form before: two ends in seconds since 1970, and the refresh token.
fn before(text: &str) -> Option<Kept> {
    let mut parts = text.splitn(3, ' ');
    let mut time = || Timestamp::from_second(parts.next()?.parse().ok()?).ok();
    let (until, shift_ends) = (time()?, time()?);
    let refresh = parts.next().filter(|token| !token.is_empty())?;
    Some(Kept {
        refresh: Some(Secret::new(refresh)),
        subject: None,
        until,
        shift_ends,
        live: None,
    })
}

//! Authorization codes (RFC 6749, PKCE of RFC 7636) as a state machine that is told the time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::sim::people::secret;

use super::client::Client;
use super::client::proved;
use super::grant::Asked;
use super::refusal::Refusal;
use super::settings::Manners;

/// Seconds a code is good for.
const LIFE: i64 = 60;

#[derive(Debug)]
struct Code {
    asked: Asked,
    session: String,
    redirect: String,
    until: Timestamp,
    spent: bool,
}

/// All codes that were given, by their text.
#[derive(Debug, Default)]
pub(super) struct Codes {
    given: BTreeMap<String, Code>,
}

/// What came of a code.
#[derive(Debug)]
pub(super) enum Redeemed {
    /// It is good: the session it belongs to, and what was asked.
    Good(String, Box<Asked>),
    /// It was redeemed before: somebody has it who should not, so that client's part of the session ends.
    Again(String, Refusal),
    /// It is not good.
    No(Refusal),
}

impl Codes {
    /// A new code for a session, sent to an address.
    pub(super) fn give(
        &mut self,
        asked: Asked,
        session: String,
        redirect: String,
        at: Timestamp,
    ) -> String {
        let text = secret();
        let until = at.checked_add(SignedDuration::from_secs(LIFE));
        let code = Code {
            asked,
            session,
            redirect,
            until: until.unwrap_or(at),
            spent: false,
        };
        self.given.insert(text.clone(), code);
        text
    }

    /// Redeems a code. It is spent by the first try, also by one with a wrong verifier.
    pub(super) fn redeem(
        &mut self,
        text: &str,
        client: &Client,
        redirect: &str,
        verifier: Option<&str>,
        manners: Manners,
        at: Timestamp,
    ) -> Redeemed {
        let not_valid = || match manners {
            Manners::Keycloak => Refusal::bad("invalid_grant", "Code not valid"),
            Manners::Dex => Refusal::bad("invalid_request", "Invalid or expired code parameter."),
        };
        let Some(code) = self.given.get_mut(text) else {
            return Redeemed::No(not_valid());
        };
        if code.asked.client != client {
            return Redeemed::No(not_valid());
        }
        if std::mem::replace(&mut code.spent, true) {
            return Redeemed::Again(code.session.clone(), not_valid());
        }
        if code.until <= at {
            return Redeemed::No(not_valid());
        }
        if code.redirect != redirect {
            let words = "Incorrect redirect_uri";
            return Redeemed::No(Refusal::bad("invalid_grant", words));
        }
        match proved(verifier, &code.asked.challenge, manners) {
            Ok(()) => Redeemed::Good(code.session.clone(), Box::new(code.asked.clone())),
            Err(refusal) => Redeemed::No(refusal),
        }
    }
}

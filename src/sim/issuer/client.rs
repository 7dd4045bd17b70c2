//! The two clients that may sign in, and how a proof of possession (PKCE) is judged.

use std::ops::RangeInclusive;

use super::refusal::Refusal;
use super::settings::Manners;
use super::token::challenge;

/// The console's client, and the audience that the API servers take.
pub(super) const CLIENT: &str = "crashcart";

/// A public client of the issuer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// Its id, and the audience of its ID tokens.
    pub(super) id: &'static str,
    /// Whether it asks for password and second factor each time, whoever is signed in in the browser.
    pub(super) step_up: bool,
}

const CLIENTS: [Client; 2] = [
    Client {
        id: CLIENT,
        step_up: false,
    },
    Client {
        id: "crashcart-approve",
        step_up: true,
    },
];

/// The client of that id.
pub(super) fn client(id: &str) -> Option<&'static Client> {
    CLIENTS.iter().find(|client| client.id == id)
}

/// Refuses a request for a sign-in that does not bind itself by S256.
pub(super) fn bound(method: Option<&str>, challenge: Option<&str>) -> Result<String, Refusal> {
    let method = method.ok_or_else(|| Refusal::missing("code_challenge_method"))?;
    if method != "S256" {
        let words = "Invalid parameter: code challenge method is not matching the configured one";
        return Err(Refusal::bad("invalid_request", words));
    }
    let challenge = challenge.ok_or_else(|| Refusal::missing("code_challenge"))?;
    if !LENGTHS.contains(&challenge.len()) {
        let words = "Invalid parameter: code_challenge";
        return Err(Refusal::bad("invalid_request", words));
    }
    Ok(challenge.to_owned())
}

/// How many letters a verifier has, and a challenge too (RFC 7636 sections 4.1 and 4.2).
const LENGTHS: RangeInclusive<usize> = 43..=128;

/// Whether a verifier belongs to the challenge of the beginning.
pub(super) fn proved(
    verifier: Option<&str>,
    wanted: &str,
    manners: Manners,
) -> Result<(), Refusal> {
    let grant = |words: &str| Err(Refusal::bad("invalid_grant", words));
    let long = verifier.is_some_and(|text| LENGTHS.contains(&text.len()));
    match (verifier, manners) {
        (Some(verifier), _) if long && challenge(verifier) == wanted => Ok(()),
        (Some(_), Manners::Keycloak) if long => grant("PKCE verification failed: Code mismatch"),
        (Some(_), Manners::Keycloak) => grant("PKCE verification failed: Invalid code verifier"),
        (None, Manners::Keycloak) => grant("PKCE code verifier not specified"),
        (Some(_), Manners::Dex) => grant("Invalid code_verifier."),
        (None, Manners::Dex) => grant("Expecting parameter code_verifier in PKCE flow."),
    }
}

/// The scopes that an issuer knows.
pub(super) const SCOPES: [&str; 5] = ["openid", "profile", "email", "groups", "offline_access"];

/// Those of the scopes asked for that the issuer knows.
pub(super) fn known(asked: &str) -> String {
    let scopes = asked.split(' ').filter(|scope| SCOPES.contains(scope));
    scopes.collect::<Vec<_>>().join(" ")
}

//! How an issuer behaves: whose manners it has, how long things last, how wrong its clock is.

use std::str::FromStr;

/// Whose manners an issuer has. What differs stands in the table of `docs/simulator.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manners {
    /// As a Keycloak 26 was observed.
    #[default]
    Keycloak,
    /// As Dex: a device sign-in has no nonce, no acr and no session; other words, and other codes for the same refusal.
    Dex,
}

impl FromStr for Manners {
    type Err = String;

    fn from_str(text: &str) -> Result<Manners, String> {
        match text {
            "keycloak" => Ok(Manners::Keycloak),
            "dex" => Ok(Manners::Dex),
            other => Err(format!(
                "there is no issuer like \"{other}\"; choose keycloak or dex"
            )),
        }
    }
}

/// What can be set of an issuer, at its start and while it runs. All lengths are in simulated seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whose manners it has.
    pub manners: Manners,
    /// How long a device code is good.
    pub code_seconds: i64,
    /// How long a client waits between two questions about a device code.
    pub interval_seconds: i64,
    /// How long an ID token and an access token are good.
    pub token_seconds: i64,
    /// After how long without a renewal a sign-in ends.
    pub idle_seconds: i64,
    /// How far the issuer's clock is ahead of the estate's; negative when it is behind.
    pub skew_seconds: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            manners: Manners::Keycloak,
            code_seconds: 600,
            interval_seconds: 1,
            token_seconds: 300,
            idle_seconds: 1800,
            skew_seconds: 0,
        }
    }
}

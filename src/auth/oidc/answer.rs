//! An answer of a server that one signs in at: its status, its body, and what it says when it refuses.

use super::http::Http;
use super::wire::Refusal;
use crate::auth::error::AuthError;
use crate::text::SafeText;
use hyper::body::Bytes;
use serde::de::DeserializeOwned;

/// The most of an issuer's own words that is shown, in characters.
const WORDS: usize = 160;
/// The codes by which an issuer says no to a renewal (RFC 6749 section 5.2, and `access_denied`). Dex says
/// `invalid_request` of a token that was spent.
const NO: [&str; 7] = [
    "invalid_grant",
    "invalid_client",
    "invalid_request",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
];

/// An answer, read to its end.
pub(super) struct Answer {
    /// Its HTTP status.
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Answer {
    /// The body as JSON, when the status says that it is what was asked for.
    pub(super) fn json<T: DeserializeOwned>(
        &self,
        http: &Http,
        what: &str,
    ) -> Result<T, AuthError> {
        if self.status != 200 {
            return Err(http.malformed(&format!("{what} (it gave status {})", self.status)));
        }
        self.body(http, what)
    }

    /// The body as JSON, whatever the status says.
    pub(super) fn body<T: DeserializeOwned>(
        &self,
        http: &Http,
        what: &str,
    ) -> Result<T, AuthError> {
        serde_json::from_slice(&self.body).map_err(|_| http.malformed(what))
    }

    /// The body as text; what is none is replaced.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a refusal, such as `slow_down`.
    pub(super) fn error_code(&self) -> Option<String> {
        self.said().map(|refusal| refusal.error)
    }

    /// Fails when the issuer refused, in its own words.
    pub(super) fn refusal(&self, http: &Http) -> Result<(), AuthError> {
        if self.status == 200 {
            return Ok(());
        }
        let (_, reason) = self.words();
        Err(AuthError::Refused {
            host: http.host().to_owned(),
            reason,
        })
    }

    /// Fails when a renewal was not granted: by the issuer's no, which has one of the codes that mean one, or by anything
    /// else that is no tokens, as whatever stands before an issuer may answer.
    pub(super) fn renewal_refusal(&self, http: &Http) -> Result<(), AuthError> {
        if self.status == 200 {
            return Ok(());
        }
        let (code, reason) = self.words();
        let host = http.host().to_owned();
        match code.as_str() {
            "server_error" | "temporarily_unavailable" => Err(http.refused(&code, reason)),
            code if NO.contains(&code) => Err(AuthError::Refused { host, reason }),
            _ => Err(http.malformed(&format!("tokens (it gave status {})", self.status))),
        }
    }

    /// Fails when the issuer refused a sign-in that begins: what to do next depends on its code.
    pub(super) fn first_refusal(&self, http: &Http) -> Result<(), AuthError> {
        if self.status == 200 {
            return Ok(());
        }
        let (code, words) = self.words();
        Err(http.refused(&code, words))
    }

    /// The code of a refusal, empty where it has none, and its words.
    pub(super) fn words(&self) -> (String, SafeText) {
        match self.said() {
            Some(refusal) => {
                let words = refusal.error_description.as_ref();
                let words = short(words.unwrap_or(&refusal.error));
                (refusal.error, words)
            }
            None => (
                String::new(),
                SafeText::new(&format!("status {}", self.status)),
            ),
        }
    }

    fn said(&self) -> Option<Refusal> {
        let bad = (400..500).contains(&self.status);
        bad.then(|| serde_json::from_slice(&self.body).ok())?
    }
}

/// An issuer's own words, cut where they go on and on.
pub(super) fn short(words: &str) -> SafeText {
    let words: String = words.trim_end_matches('.').chars().take(WORDS).collect();
    SafeText::new(&words)
}

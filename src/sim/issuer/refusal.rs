//! How a refusal is said: the status, the code and the words of whoever's manners the issuer has.

/// A refusal as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: u16,
    /// The member `error`.
    pub(super) error: &'static str,
    /// The member `error_description`; left out when empty.
    pub(super) words: String,
}

impl Refusal {
    /// A refusal with status 400.
    pub(super) fn bad(error: &'static str, words: impl Into<String>) -> Self {
        Self::of(400, error, words)
    }

    /// A refusal with this status.
    pub(super) fn of(status: u16, error: &'static str, words: impl Into<String>) -> Self {
        let words = words.into();
        Self {
            status,
            error,
            words,
        }
    }

    /// A parameter is not there.
    pub(super) fn missing(name: &str) -> Self {
        Self::bad("invalid_request", format!("Missing parameter: {name}"))
    }
}

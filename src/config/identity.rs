//! An identity: an issuer that people sign in at.

use super::pem::Pem;

/// One OpenID Connect issuer and how to sign in there.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name in this file; `auth = "oidc:NAME"` refers to it.
    pub name: String,
    /// The issuer's URL, `https://`, exactly as its tokens name it.
    pub issuer: String,
    /// Where the configuration names the issuer, for messages: `crashcart.toml line 6`.
    pub place: String,
    /// The only authorities trusted for it. Without one nobody can sign in: the operating system's
    /// are used only when the file says so by naming their bundle.
    pub ca: Option<Pem>,
    /// The public client's id.
    pub client_id: String,
    /// How a person signs in.
    pub flow: Flow,
    /// Whether a listener on 127.0.0.1 is opened also where others are logged in, or nobody can say.
    pub loopback_on_shared_host: bool,
    /// The claim of the ID token that lists groups; `groups` unless said.
    pub groups_claim: String,
    /// The claim of the ID token that names the person, where policy says which; a token without it is refused. `None`
    /// where the usual ones do: `preferred_username`, else `email`, else `sub`.
    pub person_claim: Option<String>,
}

/// How a person signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// A code typed on another device (RFC 8628).
    Device,
    /// A redirect address pasted back (RFC 6749 with PKCE).
    Paste,
    /// A listener on 127.0.0.1 (RFC 8252).
    Loopback,
}

impl Flow {
    /// The word of the configuration file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Paste => "paste",
            Self::Loopback => "loopback",
        }
    }

    /// The flow of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Device, Self::Paste, Self::Loopback]
            .into_iter()
            .find(|flow| flow.word() == word)
    }
}

//! The documents an issuer sends, as far as they are used.

use serde::Deserialize;
use zeroize::Zeroizing;

/// The discovery document (`OpenID` Connect Discovery section 3, RFC 8628 section 4).
#[derive(Deserialize)]
pub(super) struct Discovery {
    pub(super) issuer: String,
    pub(super) token_endpoint: String,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) code_challenge_methods_supported: Option<Vec<String>>,
    pub(super) scopes_supported: Option<Vec<String>>,
    /// Whether `iss` comes with every redirect (RFC 9207).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    pub(super) jwks_uri: String,
    pub(super) device_authorization_endpoint: Option<String>,
    pub(super) revocation_endpoint: Option<String>,
    #[serde(rename = "crashcart_simulated")]
    pub(super) simulated: Option<SimulatedMember>,
}

/// A member that only the simulated issuer has.
#[derive(Deserialize)]
pub(super) struct SimulatedMember {
    pub(super) people: Vec<String>,
    pub(super) answer_endpoint: String,
}

/// The answer of the device authorization endpoint (RFC 8628 section 3.2).
#[derive(Deserialize)]
pub(super) struct DeviceAnswer {
    pub(super) device_code: String,
    pub(super) user_code: String,
    pub(super) verification_uri: String,
    pub(super) verification_uri_complete: Option<String>,
    pub(super) expires_in: i64,
    pub(super) interval: Option<u32>,
}

/// The answer of the token endpoint (RFC 6749 section 5.1).
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: Zeroizing<String>,
    pub(super) id_token: Option<Zeroizing<String>>,
    pub(super) refresh_token: Option<Zeroizing<String>>,
    /// Seconds; Keycloak's own, 0 when there is no end.
    pub(super) refresh_expires_in: Option<i64>,
}

/// A refusal (RFC 6749 section 5.2).
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) error: String,
    pub(super) error_description: Option<String>,
}

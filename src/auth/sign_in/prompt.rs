//! What is shown while somebody is to answer: a code for another device, or an address for a browser.

use crate::text::SafeText;
use jiff::Timestamp;

/// A code to type on another device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePrompt {
    /// The issuer's host, which the page must show.
    pub issuer_host: SafeText,
    /// The client's id, which the page must show.
    pub client_id: SafeText,
    /// The address to open.
    pub verification_uri: SafeText,
    /// The same with the code in it, for the QR code.
    pub verification_uri_complete: Option<SafeText>,
    /// The code to type, such as `WDJB-MJHT`.
    pub user_code: SafeText,
    /// When the code ends.
    pub expires_at: Timestamp,
    /// Seconds between two questions to the issuer.
    pub interval_s: u32,
    /// Since when the issuer is being asked.
    pub since: Timestamp,
    /// Set when the issuer is a simulated one on this machine.
    pub simulated: Option<Simulated>,
}

/// A simulated issuer: the sign-in can be answered on the same screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// Who can be chosen.
    pub people: Vec<SafeText>,
    /// Where the answer goes; on this machine.
    pub answer_endpoint: String,
}

/// A page to open in a browser, and where the browser ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePrompt {
    /// The issuer's host, which the page must show.
    pub issuer_host: SafeText,
    /// The client's id, which the page must show.
    pub client_id: SafeText,
    /// The address to open, whole; some 300 characters.
    pub address: SafeText,
    /// Where the browser ends: the beginning of the address that comes back.
    pub redirect: SafeText,
    /// True when it is listened for, false when it must be pasted.
    pub listens: bool,
    /// When the answer counts no more.
    pub expires_at: Timestamp,
    /// Since when somebody may answer.
    pub since: Timestamp,
}

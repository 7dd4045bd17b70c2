//! What moves a sign-in on.

use super::prompt::DevicePrompt;
use super::prompt::PagePrompt;
use crate::auth::session::Session;
use crate::text::SafeText;

/// What moves a sign-in on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody asked to sign in (anew).
    Asked {
        /// The issuer's host.
        issuer: SafeText,
    },
    /// The issuer gave a code.
    Prompt(DevicePrompt),
    /// There is a page to open in a browser.
    Page(PagePrompt),
    /// An address came that does not belong to this sign-in; the sentence says why.
    Odd {
        /// One sentence.
        sentence: SafeText,
    },
    /// An address came, and the issuer is asked for the tokens of its code.
    Redeeming,
    /// Not answered yet.
    Pending,
    /// The issuer asks to go slower.
    SlowDown,
    /// It was allowed, and the tokens stood up to their checks; also after a renewal.
    SignedIn(Session),
    /// A sign-in that was kept from before is good still: no code was shown.
    TakenUp(Session),
    /// It was denied on the page.
    Denied,
    /// The code is over; of a sign-in, that nothing renews its tokens any more.
    Expired,
    /// The issuer did not answer.
    Unreachable {
        /// The issuer's host.
        host: SafeText,
        /// Why, in plain words.
        reason: SafeText,
    },
    /// A renewal was answered with something that is neither tokens nor a refusal: the sign-in stands.
    Unrenewed {
        /// One sentence.
        sentence: SafeText,
    },
    /// The answer named another issuer.
    WrongIssuer {
        /// Where the configuration names the issuer, such as `crashcart.toml line 6`.
        place: SafeText,
    },
    /// The clocks are too far apart.
    Skew {
        /// The issuer's host.
        host: SafeText,
        /// Seconds that this clock is behind; negative when it is ahead.
        behind_s: i64,
    },
    /// The issuer has no device grant.
    NoDevice {
        /// The issuer's host.
        host: SafeText,
    },
    /// The issuer refused.
    Refused {
        /// The issuer's host.
        host: SafeText,
        /// Its words.
        reason: SafeText,
    },
    /// Something else went wrong; the sentence is whole.
    Failed {
        /// One sentence.
        sentence: SafeText,
    },
    /// The person signs out: the tokens are on their way back.
    Leaving {
        /// The issuer's host.
        issuer: SafeText,
    },
    /// The person is signed out, and nothing of the sign-in is under way any more.
    SignedOut,
    /// Time went on: nothing happened but the clock.
    Tick,
}

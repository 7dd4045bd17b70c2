//! What became of tokens that were to be given back to their issuer. They are forgotten here in every case.

use super::error::AuthError;
use crate::text::SafeText;

/// What became of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenBack {
    /// The issuer took them back: they are good nowhere any more, or as soon as clusters ask it.
    Taken,
    /// The issuer takes none back: what somebody copied of them is good until its end.
    Forgotten,
    /// The issuer did not take them back; why, without a full stop.
    Refused {
        /// Why, in plain words.
        reason: SafeText,
    },
    /// There were none.
    Nothing,
}

impl GivenBack {
    /// What an issuer's answer means: whether it took them, or why not.
    pub fn of(answer: &Result<bool, AuthError>) -> GivenBack {
        match answer {
            Ok(true) => GivenBack::Taken,
            Ok(false) => GivenBack::Forgotten,
            Err(error) => GivenBack::Refused {
                reason: SafeText::new(&error.to_string()),
            },
        }
    }
}

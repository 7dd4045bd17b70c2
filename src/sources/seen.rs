//! A value together with how long ago its source proved to be alive.

use crate::text::age;

/// Seconds below which a watch is live. A watch renews every 45 s, so 60 s without a byte is unusual.
pub const LIVE_BELOW_S: i64 = 60;
/// Seconds up to which a watch is only late; beyond, it is silent.
pub const LATE_UP_TO_S: i64 = 120;
/// Refused connections in a row after which a source is silent at once.
pub const REFUSED_LIMIT: u32 = 2;

/// How long since a source proved to be alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// Under 60 s since the last byte.
    Live,
    /// 60 s to 120 s, with the seconds.
    Late(i64),
    /// Longer, or refused twice; with the seconds since the last byte.
    Silent(i64),
    /// Nothing was ever heard.
    Never,
}

impl Freshness {
    /// Judges a source by the seconds since its last byte (`None`: never) and its refused connections in a row.
    pub fn judge(silence_s: Option<i64>, refused: u32) -> Freshness {
        match silence_s {
            None => Freshness::Never,
            Some(s) if refused >= REFUSED_LIMIT || s > LATE_UP_TO_S => Freshness::Silent(s),
            Some(s) if s >= LIVE_BELOW_S => Freshness::Late(s),
            Some(_) => Freshness::Live,
        }
    }

    /// True only while the value may be shown as what is true now.
    pub fn counts(self) -> bool {
        matches!(self, Freshness::Live | Freshness::Late(_))
    }

    /// The words of the SEEN column: `live`, `late 1m`, `silent 14m`, `never`.
    pub fn words(self) -> String {
        match self {
            Freshness::Live => "live".to_owned(),
            Freshness::Late(s) => format!("late {}", age(s)),
            Freshness::Silent(s) => format!("silent {}", age(s)),
            Freshness::Never => "never".to_owned(),
        }
    }
}

/// A value that cannot be reached without saying how old it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// What is true now.
    Live(T),
    /// Heard a while ago, with the seconds; still counts.
    Late(T, i64),
    /// History: what was true when the source fell silent, with the seconds since.
    Silent(T, i64),
    /// Nothing is known.
    Never,
}

impl<T> Seen<T> {
    /// Binds a value to its source's freshness. A missing value is `Never`, however fresh the source.
    pub fn bind(value: Option<T>, freshness: Freshness) -> Seen<T> {
        match (value, freshness) {
            (None, _) | (_, Freshness::Never) => Seen::Never,
            (Some(value), Freshness::Live) => Seen::Live(value),
            (Some(value), Freshness::Late(s)) => Seen::Late(value, s),
            (Some(value), Freshness::Silent(s)) => Seen::Silent(value, s),
        }
    }

    /// The value only if it may be believed now (live or late).
    pub fn now(&self) -> Option<&T> {
        match self {
            Seen::Live(value) | Seen::Late(value, _) => Some(value),
            Seen::Silent(..) | Seen::Never => None,
        }
    }

    /// The value as last known, history included: only to say what *was*, never what is.
    pub fn known(&self) -> Option<&T> {
        match self {
            Seen::Live(value) | Seen::Late(value, _) | Seen::Silent(value, _) => Some(value),
            Seen::Never => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Freshness, Seen};

    #[test]
    fn the_limits_are_those_of_the_product() {
        assert_eq!(Freshness::judge(Some(59), 0), Freshness::Live);
        assert_eq!(Freshness::judge(Some(60), 0), Freshness::Late(60));
        assert_eq!(Freshness::judge(Some(120), 0), Freshness::Late(120));
        assert_eq!(Freshness::judge(Some(121), 0), Freshness::Silent(121));
        assert_eq!(Freshness::judge(Some(3), 2), Freshness::Silent(3));
        assert_eq!(Freshness::judge(None, 0), Freshness::Never);
    }

    #[test]
    fn a_silent_value_is_history_and_a_missing_one_is_never() {
        assert_eq!(Seen::bind(Some(7), Freshness::Silent(200)).now(), None);
        assert_eq!(Seen::bind(None::<i32>, Freshness::Live), Seen::Never);
        assert_eq!(Seen::bind(Some(7), Freshness::Late(61)).now(), Some(&7));
    }
}

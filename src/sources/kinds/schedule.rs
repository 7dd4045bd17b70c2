//! Velero `Schedule`: what makes backups by itself, and when next.

use jiff::Timestamp;
use serde::Deserialize;

use super::Kind;
use super::backup::Scope;
use super::lenient;
use super::meta::Meta;
use crate::text::SafeText;

/// A schedule, slim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Schedule {
    /// Who it is.
    pub meta: Meta,
    /// Five cron fields, or `@every 1h`.
    pub cron: SafeText,
    /// True when it makes nothing for now.
    pub paused: bool,
    /// `Enabled`, `FailedValidation`, `New` or empty.
    pub phase: SafeText,
    /// What its backups hold.
    pub scope: Scope,
    /// When a backup was last asked for: not proof that one was made.
    pub asked: Option<Timestamp>,
}

impl Schedule {
    /// True when it makes backups by itself.
    pub fn runs(&self) -> bool {
        !self.paused && self.phase.as_str() != "FailedValidation"
    }
}

impl Kind for Schedule {
    const GROUP: &'static str = "velero.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Schedule";
    const PLURAL: &'static str = "schedules";
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

/// Seconds of a duration as Go writes it: `720h0m0s`, `1m0s`, `90s`, `0`; `None` when it is not one.
pub fn go_seconds(text: &str) -> Option<i64> {
    if text == "0" {
        return Some(0);
    }
    let (mut total, mut number, mut any) = (0_i64, String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let unit = match letter {
            '0'..='9' => {
                number.push(letter);
                continue;
            }
            'h' => 3600,
            'm' if letters.peek() != Some(&'s') => 60,
            's' => 1,
            _ => return None,
        };
        let amount: i64 = number.parse().ok()?;
        total = total.checked_add(amount.checked_mul(unit)?)?;
        (number, any) = (String::new(), true);
    }
    (any && number.is_empty()).then_some(total)
}

type Raw = lenient::Object<Meta, RawSpec, RawStatus>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawSpec {
    #[serde(deserialize_with = "lenient::text")]
    schedule: SafeText,
    #[serde(deserialize_with = "lenient::flag")]
    paused: Option<bool>,
    #[serde(deserialize_with = "lenient::part")]
    template: Scope,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStatus {
    #[serde(deserialize_with = "lenient::text")]
    phase: SafeText,
    #[serde(deserialize_with = "lenient::when")]
    last_backup: Option<Timestamp>,
}

impl From<Raw> for Schedule {
    fn from(raw: Raw) -> Schedule {
        Schedule {
            meta: raw.metadata,
            cron: raw.spec.schedule,
            paused: raw.spec.paused == Some(true),
            phase: raw.status.phase,
            scope: raw.spec.template,
            asked: raw.status.last_backup,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::go_seconds;

    #[test]
    fn go_durations_are_read_and_others_are_not_guessed() {
        let table = [
            ("720h0m0s", Some(2_592_000)),
            ("1m0s", Some(60)),
            ("90s", Some(90)),
            ("0s", Some(0)),
            ("0", Some(0)),
            ("", None),
            ("5", None),
            ("100ms", None),
            ("1d", None),
        ];
        for (text, expected) in table {
            assert_eq!(go_seconds(text), expected, "{text}");
        }
    }
}

//! Velero `BackupStorageLocation`: where backups are kept, and whether it answers.

use jiff::Timestamp;
use serde::Deserialize;

use super::Kind;
use super::lenient;
use super::meta::Meta;
use crate::sources::kinds::schedule::go_seconds;
use crate::text::SafeText;

/// Seconds between two checks of a store when it names none (Velero's own default).
pub const CHECK_EVERY_S: i64 = 60;

/// A store, slim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Store {
    /// Who it is.
    pub meta: Meta,
    /// `Available`, `Unavailable`; empty until Velero has looked.
    pub phase: SafeText,
    /// Why it is not available.
    pub message: SafeText,
    /// When Velero last looked.
    pub checked: Option<Timestamp>,
    /// Seconds between two looks; 0 means never.
    pub every_s: i64,
    /// True for `ReadOnly`: backups can be read, none can be made.
    pub read_only: bool,
    /// True when backups go there unless they name another.
    pub default: bool,
}

impl Store {
    /// True when its phase is `Available`.
    pub fn available(&self) -> bool {
        self.phase.as_str() == "Available"
    }
}

impl Kind for Store {
    const GROUP: &'static str = "velero.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "BackupStorageLocation";
    const PLURAL: &'static str = "backupstoragelocations";
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

type Raw = lenient::Object<Meta, RawSpec, RawStatus>;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSpec {
    #[serde(deserialize_with = "lenient::text")]
    access_mode: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    validation_frequency: SafeText,
    #[serde(deserialize_with = "lenient::flag")]
    default: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStatus {
    #[serde(deserialize_with = "lenient::text")]
    phase: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    message: SafeText,
    #[serde(deserialize_with = "lenient::when")]
    last_validation_time: Option<Timestamp>,
}

impl From<Raw> for Store {
    fn from(raw: Raw) -> Store {
        Store {
            meta: raw.metadata,
            phase: raw.status.phase,
            message: raw.status.message,
            checked: raw.status.last_validation_time,
            every_s: go_seconds(raw.spec.validation_frequency.as_str()).unwrap_or(CHECK_EVERY_S),
            read_only: raw.spec.access_mode.as_str() == "ReadOnly",
            default: raw.spec.default == Some(true),
        }
    }
}

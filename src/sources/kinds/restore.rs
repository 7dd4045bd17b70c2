//! Velero `Restore`: one restore that was tried, ours or another's.

use jiff::Timestamp;
use serde::Deserialize;

use super::Kind;
use super::lenient;
use super::meta::Marked;
use super::meta::Meta;
use super::meta::WideMeta;
use crate::text::SafeText;

/// A restore, slim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Restore {
    /// Who it is.
    pub meta: Meta,
    /// The run and step of ours that made it.
    pub mark: Option<Marked>,
    /// The backup it restores from.
    pub backup: SafeText,
    /// Namespaces that are restored; empty is all of the backup.
    pub namespaces: Vec<SafeText>,
    /// `Completed`, `PartiallyFailed`, `Failed`, `FailedValidation`, `InProgress`, `Finalizing`; empty is `New`.
    pub phase: SafeText,
    /// `startTimestamp`; none when validation failed.
    pub started: Option<Timestamp>,
    /// `completionTimestamp`.
    pub completed: Option<Timestamp>,
    /// `failureReason`, or the first validation error.
    pub why: SafeText,
    /// Errors.
    pub errors: i64,
    /// Warnings: an object that was skipped because it exists is one.
    pub warnings: i64,
    /// Items restored, of all; Velero does not promise that they are exact.
    pub items: (i64, i64),
}

impl Restore {
    /// True when it will not go on by itself.
    pub fn ended(&self) -> bool {
        matches!(
            self.phase.as_str(),
            "Completed" | "PartiallyFailed" | "Failed" | "FailedValidation"
        )
    }

    /// True when it ended without an error and put something back.
    pub fn good(&self) -> bool {
        self.phase.as_str() == "Completed" && self.errors == 0 && self.items.0 > 0
    }

    /// True when this namespace was in it.
    pub fn holds(&self, namespace: &str) -> bool {
        let named = |name: &SafeText| matches!(name.as_str(), "*") || name.as_str() == namespace;
        self.namespaces.is_empty() || self.namespaces.iter().any(named)
    }
}

impl Kind for Restore {
    const GROUP: &'static str = "velero.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Restore";
    const PLURAL: &'static str = "restores";
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

type Raw = lenient::Object<WideMeta, RawSpec, RawStatus>;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSpec {
    #[serde(deserialize_with = "lenient::text")]
    backup_name: SafeText,
    #[serde(deserialize_with = "lenient::texts")]
    included_namespaces: Vec<SafeText>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStatus {
    #[serde(deserialize_with = "lenient::text")]
    phase: SafeText,
    #[serde(deserialize_with = "lenient::when")]
    start_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::when")]
    completion_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::text")]
    failure_reason: SafeText,
    #[serde(deserialize_with = "lenient::texts")]
    validation_errors: Vec<SafeText>,
    #[serde(deserialize_with = "lenient::number")]
    errors: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    warnings: Option<i64>,
    #[serde(deserialize_with = "lenient::part")]
    progress: RawProgress,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawProgress {
    #[serde(deserialize_with = "lenient::number")]
    items_restored: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    total_items: Option<i64>,
}

impl From<Raw> for Restore {
    fn from(raw: Raw) -> Restore {
        let status = raw.status;
        let of = |value: Option<i64>| value.unwrap_or(0);
        let why = match status.validation_errors.into_iter().next() {
            Some(error) if status.failure_reason.is_empty() => error,
            _ => status.failure_reason,
        };
        Restore {
            mark: Marked::read(&raw.metadata.annotations),
            backup: raw.spec.backup_name,
            namespaces: raw.spec.included_namespaces,
            phase: status.phase,
            started: status.start_timestamp,
            completed: status.completion_timestamp,
            why,
            errors: of(status.errors),
            warnings: of(status.warnings),
            items: (
                of(status.progress.items_restored),
                of(status.progress.total_items),
            ),
            meta: raw.metadata.meta(),
        }
    }
}

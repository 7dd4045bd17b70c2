//! Velero `Backup`: one copy that was tried. Whether it can be restored is judged in `backups/`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::Kind;
use super::lenient;
use super::meta::Marked;
use super::meta::Meta;
use super::meta::WideMeta;
use crate::text::SafeText;

/// What a backup holds: shared by a Backup's spec and a Schedule's template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Scope {
    /// Namespaces that go in; empty is all. May hold globs.
    #[serde(deserialize_with = "lenient::texts")]
    pub included_namespaces: Vec<SafeText>,
    /// Namespaces that stay out.
    #[serde(deserialize_with = "lenient::texts")]
    pub excluded_namespaces: Vec<SafeText>,
    /// Kinds that go in; empty is all.
    #[serde(deserialize_with = "lenient::texts")]
    pub included_resources: Vec<SafeText>,
    /// Namespaced kinds that go in; empty is all.
    #[serde(deserialize_with = "lenient::texts")]
    pub included_namespace_scoped_resources: Vec<SafeText>,
    /// Kinds that stay out.
    #[serde(deserialize_with = "lenient::texts")]
    pub excluded_resources: Vec<SafeText>,
    /// Namespaced kinds that stay out.
    #[serde(deserialize_with = "lenient::texts")]
    pub excluded_namespace_scoped_resources: Vec<SafeText>,
    /// True when only labelled objects go in.
    #[serde(rename = "labelSelector", deserialize_with = "lenient::present")]
    pub labelled: bool,
    /// True when objects with one of several labels go in.
    #[serde(rename = "orLabelSelectors", deserialize_with = "lenient::present")]
    pub labelled_either: bool,
    /// The store it goes to.
    #[serde(deserialize_with = "lenient::text")]
    pub storage_location: SafeText,
    /// True when snapshots are moved off the cluster.
    #[serde(deserialize_with = "lenient::flag")]
    pub snapshot_move_data: Option<bool>,
    /// True when volumes are copied file by file unless they say otherwise.
    #[serde(deserialize_with = "lenient::flag")]
    pub default_volumes_to_fs_backup: Option<bool>,
}

/// A backup, slim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Backup {
    /// Who it is.
    pub meta: Meta,
    /// What it holds.
    pub scope: Scope,
    /// The Schedule that made it; empty when a person did.
    pub schedule: SafeText,
    /// The run and step of ours that made it.
    pub mark: Option<Marked>,
    /// `Completed`, `PartiallyFailed`, `InProgress`; empty is `New`.
    pub phase: SafeText,
    /// `startTimestamp`: the data is at least that old.
    pub started: Option<Timestamp>,
    /// `completionTimestamp`.
    pub completed: Option<Timestamp>,
    /// `expiration`.
    pub expires: Option<Timestamp>,
    /// `failureReason`, or the first validation error.
    pub why: SafeText,
    /// Errors.
    pub errors: i64,
    /// Warnings.
    pub warnings: i64,
    /// Hooks that failed.
    pub hooks_failed: i64,
    /// Items backed up, of all.
    pub items: (i64, i64),
    /// Snapshots that were made, of those tried (native and CSI).
    pub snapshots: (i64, i64),
    /// Data movements that failed.
    pub moves_failed: i64,
    /// Data movements that were made.
    pub moves: i64,
}

impl Kind for Backup {
    const GROUP: &'static str = "velero.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Backup";
    const PLURAL: &'static str = "backups";
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

type Raw = lenient::Object<WideMeta, Scope, RawStatus>;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStatus {
    #[serde(deserialize_with = "lenient::text")]
    phase: SafeText,
    #[serde(deserialize_with = "lenient::when")]
    start_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::when")]
    completion_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::when")]
    expiration: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::text")]
    failure_reason: SafeText,
    #[serde(deserialize_with = "lenient::texts")]
    validation_errors: Vec<SafeText>,
    #[serde(deserialize_with = "lenient::number")]
    errors: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    warnings: Option<i64>,
    #[serde(deserialize_with = "lenient::part")]
    hook_status: RawHooks,
    #[serde(deserialize_with = "lenient::part")]
    progress: RawProgress,
    #[serde(deserialize_with = "lenient::number")]
    volume_snapshots_attempted: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    volume_snapshots_completed: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    csi_volume_snapshots_attempted: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    csi_volume_snapshots_completed: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    backup_item_operations_completed: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    backup_item_operations_failed: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawHooks {
    #[serde(deserialize_with = "lenient::number")]
    hooks_failed: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawProgress {
    #[serde(deserialize_with = "lenient::number")]
    items_backed_up: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    total_items: Option<i64>,
}

impl From<Raw> for Backup {
    fn from(mut raw: Raw) -> Backup {
        let status = raw.status;
        let labels: BTreeMap<String, String> = std::mem::take(&mut raw.metadata.labels);
        let of = |value: Option<i64>| value.unwrap_or(0);
        let why = match status.validation_errors.into_iter().next() {
            Some(error) if status.failure_reason.is_empty() => error,
            _ => status.failure_reason,
        };
        Backup {
            scope: raw.spec,
            schedule: labels
                .get("velero.io/schedule-name")
                .map(|name| SafeText::new(name))
                .unwrap_or_default(),
            mark: Marked::read(&raw.metadata.annotations),
            phase: status.phase,
            started: status.start_timestamp,
            completed: status.completion_timestamp,
            expires: status.expiration,
            why,
            errors: of(status.errors),
            warnings: of(status.warnings),
            hooks_failed: of(status.hook_status.hooks_failed),
            items: (
                of(status.progress.items_backed_up),
                of(status.progress.total_items),
            ),
            snapshots: (
                of(status.volume_snapshots_completed) + of(status.csi_volume_snapshots_completed),
                of(status.volume_snapshots_attempted) + of(status.csi_volume_snapshots_attempted),
            ),
            moves_failed: of(status.backup_item_operations_failed),
            moves: of(status.backup_item_operations_completed),
            meta: raw.metadata.meta(),
        }
    }
}

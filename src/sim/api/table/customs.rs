//! Rows of custom resources whose definitions name printer columns.

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::api::table::Column;
use crate::sim::api::table::age_of;
use crate::sim::api::table::since;
use crate::sim::store::meta;

pub(super) const SCHEDULES: &[Column] = &[
    ("Name", "string", 0),
    ("Status", "string", 0),
    ("Schedule", "string", 0),
    ("LastBackup", "date", 0),
    ("Age", "date", 0),
    ("Paused", "boolean", 0),
];

pub(super) const STORES: &[Column] = &[
    ("Name", "string", 0),
    ("Phase", "string", 0),
    ("Last Validated", "date", 0),
    ("Age", "date", 0),
    ("Default", "boolean", 0),
];

pub(super) const VOLUME_BACKUPS: &[Column] = &[
    ("Name", "string", 0),
    ("Status", "string", 0),
    ("Started", "date", 0),
    ("Bytes Done", "integer", 0),
    ("Total Bytes", "integer", 0),
    ("Incremental Bytes", "integer", 10),
    ("Storage Location", "string", 0),
    ("Age", "date", 0),
    ("Node", "string", 0),
    ("Uploader", "string", 0),
];

pub(super) const VOLUME_RESTORES: &[Column] = &[
    ("Name", "string", 0),
    ("Status", "string", 0),
    ("Started", "date", 0),
    ("Bytes Done", "integer", 0),
    ("Total Bytes", "integer", 0),
    ("Storage Location", "string", 0),
    ("Age", "date", 0),
    ("Node", "string", 0),
    ("Uploader Type", "string", 0),
];

pub(super) const KUSTOMIZATIONS: &[Column] = &[
    ("Name", "string", 0),
    ("Age", "date", 0),
    ("Ready", "string", 0),
    ("Status", "string", 0),
];

pub(super) const REPOSITORIES: &[Column] = &[
    ("Name", "string", 0),
    ("URL", "string", 0),
    ("Age", "date", 0),
    ("Ready", "string", 0),
    ("Status", "string", 0),
];

/// A date cell: the time since, or nothing when the field is missing.
fn date(object: &Value, pointer: &str, now: Timestamp) -> Value {
    match meta::text(object, pointer) {
        "" => Value::Null,
        at => since(at, now).into(),
    }
}

/// A cell as it stands in the object; nothing when the field is missing.
fn plain(object: &Value, pointer: &str) -> Value {
    object.pointer(pointer).cloned().unwrap_or(Value::Null)
}

fn ready(object: &Value, field: &str) -> Value {
    meta::list(object, "/status/conditions")
        .iter()
        .find(|condition| condition["type"] == "Ready")
        .map_or(Value::Null, |condition| condition[field].clone())
}

pub(super) fn schedule(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        meta::name(object).into(),
        plain(object, "/status/phase"),
        plain(object, "/spec/schedule"),
        date(object, "/status/lastBackup", now),
        age_of(object, now).into(),
        plain(object, "/spec/paused"),
    ]
}

pub(super) fn store(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        meta::name(object).into(),
        plain(object, "/status/phase"),
        date(object, "/status/lastValidationTime", now),
        age_of(object, now).into(),
        plain(object, "/spec/default"),
    ]
}

pub(super) fn volume_backup(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        meta::name(object).into(),
        plain(object, "/status/phase"),
        date(object, "/status/startTimestamp", now),
        plain(object, "/status/progress/bytesDone"),
        plain(object, "/status/progress/totalBytes"),
        plain(object, "/status/incrementalBytes"),
        plain(object, "/spec/backupStorageLocation"),
        age_of(object, now).into(),
        plain(object, "/status/node"),
        plain(object, "/spec/uploaderType"),
    ]
}

pub(super) fn volume_restore(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut row = volume_backup(object, now);
    // A restore has no column for what is new.
    row.remove(5);
    row
}

pub(super) fn kustomization(object: &Value, age: Value) -> Vec<Value> {
    vec![
        meta::name(object).into(),
        age,
        ready(object, "status"),
        ready(object, "message"),
    ]
}

pub(super) fn repository(object: &Value, age: Value) -> Vec<Value> {
    vec![
        meta::name(object).into(),
        plain(object, "/spec/url"),
        age,
        ready(object, "status"),
        ready(object, "message"),
    ]
}

//! Backup storage locations: validated each minute, synced where they answer.
//!
//! A store refuses while its annotation `sim.crashcart.test/refuses` holds a sentence.

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::{BACKUPS, BACKUPSTORAGELOCATIONS};
use crate::sim::store::{Store, meta};

use super::super::{Agenda, after, events, pods};
use super::SPACE;
use super::vault::Vault;

/// Seconds between two validations.
const EVERY: f64 = 60.0;

/// Validates the stores that are due, and brings back Backup objects whose data they hold.
pub(super) fn pass(store: &Store, vault: &Vault, agenda: &mut Agenda) {
    let (locations, _) = store.list(&BACKUPSTORAGELOCATIONS, Some(SPACE));
    for location in locations {
        let last = events::time(&location, "/status/lastValidationTime");
        if last.is_some_and(|last| !agenda.is_due(after(last, EVERY))) {
            continue;
        }
        let now = json!(seconds(agenda.now()));
        let refuses = pods::trouble(&location, "refuses").to_owned();
        let name = meta::name(&location);
        let write = |value: &mut Value| {
            value["status"]["lastValidationTime"] = now.clone();
            if refuses.is_empty() {
                value["status"]["phase"] = json!("Available");
                value["status"]["lastSyncedTime"] = now;
                if let Some(status) = value["status"].as_object_mut() {
                    status.remove("message");
                }
            } else {
                value["status"]["phase"] = json!("Unavailable");
                value["status"]["message"] = json!(refuses);
            }
        };
        let _ = store.update(&BACKUPSTORAGELOCATIONS, Some(SPACE), name, write);
        if refuses.is_empty() {
            sync(store, vault, name);
        }
        agenda.is_due(after(agenda.now(), EVERY));
    }
}

/// A Backup that was deleted as an object only comes back: its data are still in the store.
fn sync(store: &Store, vault: &Vault, location: &str) {
    for (name, backup) in vault.held(location) {
        if store.get(&BACKUPS, Some(SPACE), &name).is_some() {
            continue;
        }
        let mut fresh = Value::clone(&backup);
        let old = &backup["metadata"];
        fresh["metadata"] = json!({
            "name": old["name"], "namespace": SPACE,
            "labels": old["labels"], "annotations": old["annotations"],
        });
        let _ = store.create(&BACKUPS, Some(SPACE), fresh);
    }
}

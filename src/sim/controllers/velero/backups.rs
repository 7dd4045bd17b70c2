//! Backups: new, in progress, finalizing, completed within three seconds, or why not.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::Cluster;
use crate::sim::clock::seconds;
use crate::sim::store::resources::{BACKUPS, BACKUPSTORAGELOCATIONS};
use crate::sim::store::{Store, meta};

use super::super::{Agenda, after, events, pods};
use super::vault::{Point, Vault};
use super::{SPACE, content, phase, refusal};

/// The age after which a backup may be deleted, where it names none: thirty days.
const TTL: &str = "720h0m0s";
/// Seconds from the start until the next phase: finalizing, then completed.
const STEPS: (f64, f64) = (2.0, 3.0);

/// Moves every backup that is not finished.
pub(super) fn pass(store: &Store, vault: &Vault, agenda: &mut Agenda) {
    let (backups, _) = store.list(&BACKUPS, Some(SPACE));
    for backup in backups {
        match phase(&backup) {
            "New" => begin(store, vault, agenda, &backup),
            "InProgress" | "Finalizing" => go_on(store, vault, agenda, &backup),
            _ => {}
        }
    }
}

/// Gives content to the backups that exist when the controllers start: what their namespaces
/// hold, and what the story took away after the backup.
pub(in crate::sim::controllers) fn fill_vault(cluster: &Cluster, vault: &Vault) {
    let store = &cluster.store;
    let lost = crate::sim::seed::lost(cluster);
    let (backups, _) = store.list(&BACKUPS, Some(SPACE));
    let mut known: Vec<(Value, super::vault::Content)> = Vec::new();
    // The newest come first: what was made after the newest point of a namespace is in none.
    for backup in backups.into_iter().rev() {
        if !matches!(phase(&backup), "Completed" | "PartiallyFailed") {
            continue;
        }
        let spec = &backup["spec"];
        let same = known
            .iter()
            .find(|(key, _)| *key == spec["includedNamespaces"]);
        let content = if let Some((_, content)) = same {
            Arc::clone(content)
        } else {
            let filter = content::Filter::new(spec);
            let start = meta::text(&backup, "/status/startTimestamp");
            let mut all = content::snapshot(store, spec);
            all.retain(|object| meta::text(object, "/metadata/creationTimestamp") <= start);
            let gone = lost.iter().filter(|object| {
                let res = content::resource(object);
                res.is_some_and(|res| filter.takes(res, object))
            });
            all.extend(gone.cloned());
            let content = Arc::new(content::ordered(all));
            known.push((spec["includedNamespaces"].clone(), Arc::clone(&content)));
            content
        };
        let count = content.len();
        let total = |value: &mut Value| {
            value["status"]["progress"] = json!({"totalItems": count, "itemsBackedUp": count});
        };
        let name = meta::name(&backup);
        let counted = store.update(&BACKUPS, Some(SPACE), name, total);
        let point = Point {
            location: meta::text(&backup, "/spec/storageLocation").to_owned(),
            backup: Some(counted.unwrap_or_else(|_| Arc::clone(&backup))),
            content,
        };
        vault.put(name, point);
    }
}

/// The name of the store that is used when a backup names none.
fn default_location(store: &Store) -> String {
    let (all, _) = store.list(&BACKUPSTORAGELOCATIONS, Some(SPACE));
    let chosen = all.iter().find(|one| one["spec"]["default"] == true);
    chosen.map_or("default", |one| meta::name(one)).to_owned()
}

fn begin(store: &Store, vault: &Vault, agenda: &mut Agenda, backup: &Value) {
    let location = match meta::text(backup, "/spec/storageLocation") {
        "" => default_location(store),
        name => name.to_owned(),
    };
    let name = meta::name(backup);
    let now = agenda.now();
    let refused = refusal(store, &location);
    let objects = content::snapshot(store, &backup["spec"]);
    let total = objects.len();
    let failed = refused.is_some();
    let change = |value: &mut Value| {
        complete(value, &location, now);
        if let Some(words) = refused {
            value["status"]["phase"] = json!("FailedValidation");
            value["status"]["validationErrors"] =
                json!([format!("backup can't be created because {words}")]);
            return;
        }
        value["status"]["phase"] = json!("InProgress");
        value["status"]["startTimestamp"] = json!(seconds(now));
        value["status"]["progress"] = json!({"totalItems": total, "itemsBackedUp": 0});
    };
    if store.update(&BACKUPS, Some(SPACE), name, change).is_err() || failed {
        return;
    }
    let point = Point {
        location,
        backup: None,
        content: Arc::new(objects),
    };
    vault.put(name, point);
    agenda.is_due(after(now, STEPS.0));
}

/// Fills in what the server fills in when it first sees a backup.
pub(in crate::sim) fn complete(backup: &mut Value, location: &str, at: Timestamp) {
    let metadata = &mut backup["metadata"];
    metadata["labels"]["velero.io/storage-location"] = json!(location);
    metadata["annotations"]["velero.io/source-cluster-k8s-gitversion"] = json!("v1.36.3");
    metadata["annotations"]["velero.io/source-cluster-k8s-major-version"] = json!("1");
    metadata["annotations"]["velero.io/source-cluster-k8s-minor-version"] = json!("36");
    backup["spec"]["storageLocation"] = json!(location);
    if backup["spec"]["ttl"].is_null() {
        backup["spec"]["ttl"] = json!(TTL);
    }
    let ttl = backup["spec"]["ttl"].as_str().unwrap_or(TTL);
    let kept = ttl.parse().unwrap_or(jiff::SignedDuration::from_hours(720));
    let end = at.saturating_add(kept).unwrap_or(at);
    backup["status"]["version"] = json!(1);
    backup["status"]["formatVersion"] = json!("1.1.0");
    backup["status"]["expiration"] = json!(seconds(end));
}

fn go_on(store: &Store, vault: &Vault, agenda: &mut Agenda, backup: &Value) {
    let name = meta::name(backup);
    let begun = events::time(backup, "/status/startTimestamp").unwrap_or(agenda.now());
    let running = phase(backup) == "InProgress";
    let due = after(begun, if running { STEPS.0 } else { STEPS.1 });
    if !agenda.is_due(due) {
        return;
    }
    let now = agenda.now();
    let location = meta::text(backup, "/spec/storageLocation");
    let refuses = store
        .get(&BACKUPSTORAGELOCATIONS, Some(SPACE), location)
        .map(|one| pods::trouble(&one, "refuses").to_owned())
        .unwrap_or_default();
    let failed = running && !refuses.is_empty();
    let total = backup["status"]["progress"]["totalItems"].clone();
    let change = |value: &mut Value| {
        if failed {
            value["status"]["phase"] = json!("Failed");
            value["status"]["failureReason"] =
                json!(format!("error uploading backup contents: {refuses}"));
            value["status"]["completionTimestamp"] = json!(seconds(now));
        } else if running {
            value["status"]["phase"] = json!("Finalizing");
            value["status"]["progress"]["itemsBackedUp"] = total;
        } else {
            value["status"]["phase"] = json!("Completed");
            value["status"]["completionTimestamp"] = json!(seconds(now));
            value["status"]["hookStatus"] = json!({});
        }
    };
    let Ok(written) = store.update(&BACKUPS, Some(SPACE), name, change) else {
        return;
    };
    if failed {
        vault.drop_point(name);
    } else if running {
        agenda.is_due(after(begun, STEPS.1));
    } else if let Some(mut point) = vault.point(name) {
        point.backup = Some(written);
        vault.put(name, point);
    }
}

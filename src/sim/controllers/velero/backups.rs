//! Backups: queued, in progress, finalizing, completed within three seconds, or why not; and
//! collected when their time is over.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::Cluster;
use crate::sim::clock::seconds;
use crate::sim::store::resources::{BACKUPS, BACKUPSTORAGELOCATIONS, PODVOLUMEBACKUPS};
use crate::sim::store::{Preconditions, Store, meta};

use super::super::{Agenda, after, events, pods};
use super::vault::{Point, Vault};
use super::{SPACE, content, phase, refusal, volumes};

/// The age after which a backup may be deleted, where it names none: thirty days.
const TTL: &str = "720h0m0s";
/// Seconds from the start until the data are moved, until finalizing, and until it is over.
const STEPS: [f64; 3] = [2.0, 2.5, 3.0];
/// The phases between the beginning and the end.
const RUNNING: [&str; 6] = [
    "ReadyToStart",
    "InProgress",
    "WaitingForPluginOperations",
    "WaitingForPluginOperationsPartiallyFailed",
    "Finalizing",
    "FinalizingPartiallyFailed",
];

/// Moves every backup that is not finished, one at a time; `up` is when the server last started.
pub(super) fn pass(store: &Store, vault: &Vault, agenda: &mut Agenda, up: Timestamp) {
    let (backups, _) = store.list(&BACKUPS, Some(SPACE));
    let mut busy = backups
        .iter()
        .any(|backup| RUNNING.contains(&phase(backup)));
    let mut queued = 0;
    for backup in backups {
        match phase(&backup) {
            "New" | "Queued" if busy => {
                queued += 1;
                queue(store, &backup, queued);
            }
            "New" | "Queued" => busy = begin(store, vault, agenda, &backup),
            "InProgress" if was_cut_off(&backup, up) => fail(store, vault, agenda, &backup),
            running if RUNNING.contains(&running) => go_on(store, vault, agenda, &backup),
            "Completed" | "PartiallyFailed" | "Failed" => collect(store, vault, agenda, &backup),
            _ => {}
        }
    }
}

/// Lets a backup wait until the one before it is over.
fn queue(store: &Store, backup: &Value, place: u32) {
    let wait = |value: &mut Value| {
        value["status"]["phase"] = json!("Queued");
        value["status"]["queuePosition"] = json!(place);
    };
    let _ = store.update(&BACKUPS, Some(SPACE), meta::name(backup), wait);
}

/// Whether the server started after the backup did.
fn was_cut_off(backup: &Value, up: Timestamp) -> bool {
    let begun = events::time(backup, "/status/startTimestamp");
    begun.is_some_and(|begun| begun < up)
}

/// What a server does with what it finds in progress when it starts.
fn fail(store: &Store, vault: &Vault, agenda: &Agenda, backup: &Value) {
    let now = seconds(agenda.now());
    let end = |value: &mut Value| {
        value["status"]["phase"] = json!("Failed");
        value["status"]["failureReason"] = json!(
            "found a backup with status \"InProgress\" during the server starting, mark it as \"Failed\""
        );
        value["status"]["completionTimestamp"] = json!(now);
    };
    let _ = store.update(&BACKUPS, Some(SPACE), meta::name(backup), end);
    volumes::cancel(store, &PODVOLUMEBACKUPS, backup);
    vault.drop_point(meta::name(backup));
}

/// Takes an expired backup away, if its store answers.
fn collect(store: &Store, vault: &Vault, agenda: &mut Agenda, backup: &Value) {
    let Some(end) = events::time(backup, "/status/expiration") else {
        return;
    };
    let location = meta::text(backup, "/spec/storageLocation");
    if end > agenda.now() || refusal(store, location).is_some() {
        return;
    }
    let name = meta::name(backup);
    vault.drop_point(name);
    let _ = store.delete(&BACKUPS, Some(SPACE), name, Preconditions::now());
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

/// Starts a backup; true when it runs now.
fn begin(store: &Store, vault: &Vault, agenda: &mut Agenda, backup: &Value) -> bool {
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
        if let Some(status) = value["status"].as_object_mut() {
            status.remove("queuePosition");
        }
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
    let Ok(begun) = store.update(&BACKUPS, Some(SPACE), name, change) else {
        return false;
    };
    if failed {
        return false;
    }
    volumes::start(store, vault, &begun);
    let point = Point {
        location,
        backup: None,
        content: Arc::new(objects),
    };
    vault.put(name, point);
    agenda.is_due(after(now, STEPS[0]));
    true
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
    let step = match phase(backup) {
        "InProgress" => 0,
        waits if waits.starts_with("Waiting") => 1,
        _ => 2,
    };
    if !agenda.is_due(after(begun, STEPS[step])) {
        return;
    }
    let now = agenda.now();
    let location = meta::text(backup, "/spec/storageLocation");
    let refuses = store
        .get(&BACKUPSTORAGELOCATIONS, Some(SPACE), location)
        .map(|one| pods::trouble(&one, "refuses").to_owned())
        .unwrap_or_default();
    if step == 0 && !refuses.is_empty() {
        let change = |value: &mut Value| {
            value["status"]["phase"] = json!("Failed");
            value["status"]["failureReason"] =
                json!(format!("error uploading backup contents: {refuses}"));
            value["status"]["completionTimestamp"] = json!(seconds(now));
        };
        let _ = store.update(&BACKUPS, Some(SPACE), name, change);
        vault.drop_point(name);
        return;
    }
    let volumes = match step {
        0 => match volumes::finish(store, vault, agenda, (backup, begun)) {
            Some(moved) => moved,
            None => return,
        },
        _ => volumes::Moved::default(),
    };
    let change = |value: &mut Value| advance(value, step, volumes, now);
    let Ok(written) = store.update(&BACKUPS, Some(SPACE), name, change) else {
        return;
    };
    if let Some(next) = STEPS.get(step + 1) {
        agenda.is_due(after(begun, *next));
    } else if let Some(mut point) = vault.point(name) {
        point.backup = Some(written);
        vault.put(name, point);
    }
}

/// The next phase of a backup that nothing stops; one that lost a volume ends partially failed.
fn advance(value: &mut Value, step: usize, volumes: volumes::Moved, now: Timestamp) {
    let status = &mut value["status"];
    if step == 0 {
        status["progress"]["itemsBackedUp"] = status["progress"]["totalItems"].clone();
        if volumes.tried > 0 {
            status["backupItemOperationsAttempted"] = json!(volumes.tried);
            status["backupItemOperationsCompleted"] = json!(volumes.tried - volumes.failed);
        }
        if volumes.failed > 0 {
            status["backupItemOperationsFailed"] = json!(volumes.failed);
        }
        if volumes.failed + volumes.lost > 0 {
            status["errors"] = json!(volumes.failed + volumes.lost);
        }
    }
    let lost = !status["errors"].is_null();
    let end = if lost { "PartiallyFailed" } else { "" };
    let next = match step {
        0 if volumes.tried > 0 => format!("WaitingForPluginOperations{end}"),
        0 | 1 => format!("Finalizing{end}"),
        _ if lost => end.to_owned(),
        _ => "Completed".to_owned(),
    };
    status["phase"] = json!(next);
    if step == 2 {
        status["completionTimestamp"] = json!(seconds(now));
        status["hookStatus"] = json!({});
    }
}

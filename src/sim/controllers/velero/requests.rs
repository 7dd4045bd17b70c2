//! The small requests: is the server alive, where is a file, delete a backup.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::{
    BACKUPS, BACKUPSTORAGELOCATIONS, DELETEBACKUPREQUESTS, DOWNLOADREQUESTS, RESTORES,
    SERVERSTATUSREQUESTS,
};
use crate::sim::store::{Preconditions, Resource, Store, meta};

use super::super::{Agenda, after, events};
use super::vault::Vault;
use super::{SPACE, VERSION, content, phase, refusal, volumes};

/// Seconds an answered status request is kept.
const STATUS_KEPT: f64 = 60.0;

/// Answers every request that is new, and removes those that are old.
pub(super) fn pass(store: &Store, vault: &Vault, agenda: &mut Agenda) {
    server_status(store, agenda);
    downloads(store, vault, agenda);
    deletions(store, vault);
}

fn remove(store: &Store, res: &'static Resource, name: &str) {
    let _ = store.delete(res, Some(SPACE), name, Preconditions::default());
}

fn server_status(store: &Store, agenda: &mut Agenda) {
    let (requests, _) = store.list(&SERVERSTATUSREQUESTS, Some(SPACE));
    for request in requests {
        let name = meta::name(&request);
        if phase(&request) == "Processed" {
            let answered = events::time(&request, "/status/processedTimestamp");
            if agenda.is_due(after(answered.unwrap_or(agenda.now()), STATUS_KEPT)) {
                remove(store, &SERVERSTATUSREQUESTS, name);
            }
            continue;
        }
        let now = seconds(agenda.now());
        let answer = |value: &mut Value| {
            value["status"] = json!({
                "phase": "Processed",
                "processedTimestamp": now,
                "serverVersion": VERSION,
                "plugins": [
                    {"name": "velero.io/aws", "kind": "ObjectStore"},
                    {"name": "velero.io/crd-remap-version", "kind": "BackupItemAction"},
                    {"name": "velero.io/pod", "kind": "BackupItemAction"},
                    {"name": "velero.io/pod", "kind": "RestoreItemAction"},
                    {"name": "velero.io/service", "kind": "RestoreItemAction"},
                    {"name": "velero.io/service-account", "kind": "RestoreItemAction"},
                ],
            });
        };
        let _ = store.update(&SERVERSTATUSREQUESTS, Some(SPACE), name, answer);
    }
}

fn downloads(store: &Store, vault: &Vault, agenda: &mut Agenda) {
    let (requests, _) = store.list(&DOWNLOADREQUESTS, Some(SPACE));
    for request in requests {
        let name = meta::name(&request);
        if phase(&request) == "Processed" {
            let end = events::time(&request, "/status/expiration");
            if agenda.is_due(end.unwrap_or(agenda.now())) {
                remove(store, &DOWNLOADREQUESTS, name);
            }
            continue;
        }
        let kind = meta::text(&request, "/spec/target/kind");
        let target = meta::text(&request, "/spec/target/name");
        let Some((path, body)) = file(store, vault, kind, target) else {
            continue;
        };
        let Some((url, until)) = vault.sign(&path, packed(&body)) else {
            // The files are not served yet: look again soon.
            agenda.is_due(after(agenda.now(), 1.0));
            continue;
        };
        let answer = |value: &mut Value| {
            value["status"] = json!({
                "phase": "Processed",
                "downloadURL": url,
                "expiration": seconds(until),
            });
        };
        let _ = store.update(&DOWNLOADREQUESTS, Some(SPACE), name, answer);
    }
}

/// The path and content of a file; none while its store does not answer or it does not exist.
fn file(store: &Store, vault: &Vault, kind: &str, target: &str) -> Option<(String, Value)> {
    let of_restore = kind.starts_with("Restore");
    let backup_name = if of_restore {
        let restore = store.get(&RESTORES, Some(SPACE), target)?;
        meta::text(&restore, "/spec/backupName").to_owned()
    } else {
        target.to_owned()
    };
    let backup = store.get(&BACKUPS, Some(SPACE), &backup_name)?;
    let location = meta::text(&backup, "/spec/storageLocation");
    if refusal(store, location).is_some() {
        return None;
    }
    let place = store.get(&BACKUPSTORAGELOCATIONS, Some(SPACE), location)?;
    let bucket = meta::text(&place, "/spec/objectStorage/bucket");
    let (file, body) = match kind {
        "BackupResourceList" => {
            let point = vault.point(target)?;
            let list = content::resource_list(&point.content);
            (
                format!("backups/{target}/{target}-resource-list.json.gz"),
                list,
            )
        }
        "BackupResults" => {
            let none = json!({"errors": {}, "warnings": {}});
            let file = volumes::results(target);
            let results = vault.results(&file).unwrap_or(none);
            (format!("backups/{target}/{file}"), results)
        }
        "RestoreResults" => {
            let file = format!("restore-{target}-results.gz");
            let results = vault.results(&file)?;
            (format!("restores/{target}/{file}"), results)
        }
        _ => return None,
    };
    Some((format!("/{bucket}/{file}"), body))
}

/// The body as it lies in the store: JSON, gzip.
fn packed(body: &Value) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(body.to_string().as_bytes());
    encoder.finish().unwrap_or_default()
}

fn deletions(store: &Store, vault: &Vault) {
    let (requests, _) = store.list(&DELETEBACKUPREQUESTS, Some(SPACE));
    for request in requests {
        if phase(&request) != "New" {
            continue;
        }
        let backup_name = meta::text(&request, "/spec/backupName");
        let backup = store.get(&BACKUPS, Some(SPACE), backup_name);
        let error = match &backup {
            None => Some("backup not found".to_owned()),
            Some(backup) => refusal(store, meta::text(backup, "/spec/storageLocation")),
        };
        if error.is_none() {
            vault.drop_point(backup_name);
            remove(store, &BACKUPS, backup_name);
        }
        let answer = |value: &mut Value| {
            value["status"]["phase"] = json!("Processed");
            if let Some(words) = error {
                value["status"]["errors"] = json!([words]);
            }
        };
        let name = meta::name(&request);
        let _ = store.update(&DELETEBACKUPREQUESTS, Some(SPACE), name, answer);
    }
}

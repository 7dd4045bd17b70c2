//! Volumes in backups: moved with the claims, or read from the pods that mount them.
//!
//! The data of a claim cannot be saved while its annotation `sim.crashcart.test/unsaved` holds a
//! sentence.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::store::resources::{PERSISTENTVOLUMECLAIMS, PODS, PODVOLUMEBACKUPS};
use crate::sim::store::{Resource, Store, meta};

use super::super::{Agenda, after, pods};
use super::SPACE;
use super::content::Filter;
use super::refill::PATIENCE;
use super::uploader;
use super::vault::Vault;

/// What a backup did about the volumes it was to save.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Moved {
    /// Claims that were moved beside the backup, as operations of a plugin.
    pub(super) tried: u32,
    /// How many of them could not be.
    pub(super) failed: u32,
    /// Volumes of pods that could not be read; the backup itself waits for these.
    pub(super) lost: u32,
}

/// The file with the errors and warnings of a backup.
pub(super) fn results(backup: &str) -> String {
    format!("{backup}-results.gz")
}

/// Asks for a copy of every volume that a backup reads from a pod.
pub(super) fn start(store: &Store, vault: &Vault, backup: &Value) {
    if backup["spec"]["defaultVolumesToFsBackup"] != true {
        return;
    }
    let filter = Filter::new(&backup["spec"]);
    let (all, _) = store.list(&PODS, None);
    let running = all
        .iter()
        .filter(|pod| filter.takes(&PODS, pod) && pod["status"]["phase"] == "Running");
    for pod in running {
        for volume in meta::list(pod, "/spec/volumes") {
            let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() else {
                continue;
            };
            let node = meta::text(pod, "/spec/nodeName");
            if uploader::works(store, node) {
                ask(store, backup, (pod, volume, claim));
            } else {
                let words = format!("daemonset pod not found in running state in node {node}");
                let file = results(meta::name(backup));
                vault.add_error(&file, meta::namespace(pod), &words);
            }
        }
    }
}

/// One `PodVolumeBackup`, for the agent of the pod's node.
fn ask(store: &Store, backup: &Value, (pod, volume, claim): (&Value, &Value, &str)) {
    let space = meta::namespace(pod);
    let found = store.get(&PERSISTENTVOLUMECLAIMS, Some(space), claim);
    let claim_uid = found.as_deref().map_or("", meta::uid);
    let name = meta::name(backup);
    let object = json!({
        "metadata": {
            "generateName": format!("{name}-"), "namespace": SPACE,
            "labels": {
                "velero.io/backup-name": name, "velero.io/backup-uid": meta::uid(backup),
                "velero.io/pvc-uid": claim_uid,
            },
            "annotations": {"velero.io/pvc-name": claim},
            "ownerReferences": [owner("Backup", backup)],
        },
        "spec": {
            "node": pod["spec"]["nodeName"], "uploaderType": "kopia", "volume": volume["name"],
            "backupStorageLocation": backup["spec"]["storageLocation"], "repoIdentifier": "",
            "pod": {
                "kind": "Pod", "namespace": space, "name": meta::name(pod), "uid": meta::uid(pod),
            },
            "tags": {
                "backup": name, "backup-uid": meta::uid(backup), "ns": space,
                "pod": meta::name(pod), "pod-uid": meta::uid(pod), "pvc-uid": claim_uid,
                "volume": volume["name"],
            },
        },
    });
    let _ = store.create(&PODVOLUMEBACKUPS, Some(SPACE), object);
}

/// The reference that lets a volume's request go with what asked for it.
pub(super) fn owner(kind: &str, object: &Value) -> Value {
    json!({
        "apiVersion": "velero.io/v1", "kind": kind, "name": meta::name(object),
        "uid": meta::uid(object), "controller": true,
    })
}

/// The requests for volumes that a backup or a restore has made.
pub(super) fn requests(
    store: &Store,
    res: &'static Resource,
    of: &Value,
) -> Vec<std::sync::Arc<Value>> {
    let (mut all, _) = store.list(res, Some(SPACE));
    let mine = |one: &Value| {
        let owners = meta::list(one, "/metadata/ownerReferences");
        owners.iter().any(|owner| owner["uid"] == meta::uid(of))
    };
    all.retain(|one| mine(one));
    all
}

/// Asks for an end of all requests of a backup or a restore that was given up.
pub(super) fn cancel(store: &Store, res: &'static Resource, of: &Value) {
    let asked = requests(store, res, of);
    for one in asked.iter().filter(|one| !uploader::is_over(one)) {
        let stop = |value: &mut Value| value["spec"]["cancel"] = json!(true);
        let _ = store.update(res, Some(SPACE), meta::name(one), stop);
    }
}

/// What became of the volumes of a backup; none while one is still being read.
pub(super) fn finish(
    store: &Store,
    vault: &Vault,
    agenda: &mut Agenda,
    (backup, begun): (&Value, Timestamp),
) -> Option<Moved> {
    let file = results(meta::name(backup));
    let asked = requests(store, &PODVOLUMEBACKUPS, backup);
    let over = asked.iter().all(|one| uploader::is_over(one));
    if !over {
        // An agent that is gone with its node tells nobody, and in the end the server goes on without it.
        if !agenda.is_due(after(begun, PATIENCE)) {
            return None;
        }
        let words = "timed out waiting for all PodVolumeBackups to complete";
        vault.add_error(&file, "", words);
    }
    let failed = |one: &&Arc<Value>| over && super::phase(one) != "Completed";
    for one in asked.iter().filter(failed) {
        let words = format!(
            "pod volume backup failed: {}",
            meta::text(one, "/status/message")
        );
        vault.add_error(&file, meta::text(one, "/spec/pod/namespace"), &words);
    }
    let mut moved = Moved {
        lost: vault.errors(&file),
        ..Moved::default()
    };
    if backup["spec"]["snapshotMoveData"] != true {
        return Some(moved);
    }
    let filter = Filter::new(&backup["spec"]);
    let (claims, _) = store.list(&PERSISTENTVOLUMECLAIMS, None);
    let left_out =
        |claim: &Value| claim["metadata"]["labels"]["velero.io/exclude-from-backup"] == "true";
    let read = |claim: &Value| {
        asked.iter().any(|one| {
            one["metadata"]["annotations"]["velero.io/pvc-name"] == meta::name(claim)
                && one["spec"]["pod"]["namespace"] == meta::namespace(claim)
        })
    };
    let claims = claims.iter().filter(|claim| {
        filter.takes(&PERSISTENTVOLUMECLAIMS, claim) && !left_out(claim) && !read(claim)
    });
    for claim in claims {
        moved.tried += 1;
        moved.failed += u32::from(!pods::trouble(claim, "unsaved").is_empty());
    }
    Some(moved)
}

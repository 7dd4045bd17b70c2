//! Volumes in restores: a pod that comes back waits in its first init container until the agent of
//! its node has brought the data of its volumes.
//!
//! Only a pod that the restore itself makes gets its data: one that is there already keeps what it has.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::store::resources::{PODVOLUMEBACKUPS, PODVOLUMERESTORES};
use crate::sim::store::{Store, meta};

use super::super::after;
use super::vault::Vault;
use super::volumes::{owner, requests};
use super::{SPACE, VERSION, phase, uploader};

/// The init container that waits for the data.
pub(in crate::sim::controllers) const HELPER: &str = "restore-wait";
/// Seconds after which a restore waits for data no longer: four hours.
pub(super) const PATIENCE: f64 = 14_400.0;

/// The finished copies that a backup has of the volumes of a pod.
pub(super) fn copies(store: &Store, backup: &str, pod: &Value) -> Vec<Arc<Value>> {
    let (mut all, _) = store.list(&PODVOLUMEBACKUPS, Some(SPACE));
    all.retain(|one| {
        one["metadata"]["labels"]["velero.io/backup-name"] == backup
            && one["spec"]["pod"]["name"] == meta::name(pod)
            && one["spec"]["pod"]["namespace"] == meta::namespace(pod)
            && phase(one) == "Completed"
    });
    all
}

/// Puts the waiting container first into a pod that is about to be made.
pub(super) fn hold(pod: &mut Value, restore: &Value, copies: &[Arc<Value>]) {
    if copies.is_empty() {
        return;
    }
    let mounts: Vec<Value> = copies
        .iter()
        .map(|copy| {
            let volume = meta::text(copy, "/spec/volume");
            json!({"name": volume, "mountPath": format!("/restores/{volume}")})
        })
        .collect();
    let helper = json!({
        "name": HELPER, "image": format!("velero/velero:{VERSION}"),
        "command": ["/velero-restore-helper"], "args": [meta::uid(restore)],
        "volumeMounts": mounts,
        "env": [
            {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
    });
    let mut first = vec![helper];
    let old = meta::list(pod, "/spec/initContainers").iter();
    first.extend(old.filter(|one| one["name"] != HELPER).cloned());
    pod["spec"]["initContainers"] = json!(first);
}

/// Asks for the data of a pod that the restore has made.
pub(super) fn order(store: &Store, restore: &Value, pod: &Value, copies: &[Arc<Value>]) {
    let name = meta::name(restore);
    for copy in copies {
        let object = json!({
            "metadata": {
                "generateName": format!("{name}-"), "namespace": SPACE,
                "labels": {
                    "velero.io/restore-name": name, "velero.io/restore-uid": meta::uid(restore),
                    "velero.io/pod-uid": meta::uid(pod),
                },
                "annotations": {
                    "velero.io/pvc-name": copy["metadata"]["annotations"]["velero.io/pvc-name"],
                },
                "ownerReferences": [owner("Restore", restore)],
            },
            "spec": {
                "pod": {
                    "kind": "Pod", "namespace": meta::namespace(pod), "name": meta::name(pod),
                    "uid": meta::uid(pod),
                },
                "volume": copy["spec"]["volume"], "snapshotID": copy["status"]["snapshotID"],
                "snapshotSize": copy["status"]["progress"]["totalBytes"],
                "sourceNamespace": copy["spec"]["pod"]["namespace"], "uploaderType": "kopia",
                "backupStorageLocation": copy["spec"]["backupStorageLocation"],
                "repoIdentifier": "",
            },
        });
        let _ = store.create(&PODVOLUMERESTORES, Some(SPACE), object);
    }
}

/// Whether the data of a restore have come or failed; what failed is added to its results.
pub(super) fn is_done(
    store: &Store,
    vault: &Vault,
    restore: &Value,
    (now, begun, file): (Timestamp, Timestamp, &str),
) -> bool {
    let asked = requests(store, &PODVOLUMERESTORES, restore);
    let late = now >= after(begun, PATIENCE);
    if !late && !asked.iter().all(|one| uploader::is_over(one)) {
        return false;
    }
    for one in asked.iter().filter(|one| phase(one) != "Completed") {
        let words = match meta::text(one, "/status/message") {
            _ if !uploader::is_over(one) => {
                "timed out waiting for all PodVolumeRestores to complete".to_owned()
            }
            message => format!("pod volume restore failed: {message}"),
        };
        vault.add_error(file, meta::text(one, "/spec/pod/namespace"), &words);
    }
    true
}

/// Whether the waiting container of a pod may end: everything asked for it has come.
pub(in crate::sim::controllers) fn has_come(store: &Store, pod: &Value) -> bool {
    let (all, _) = store.list(&PODVOLUMERESTORES, Some(SPACE));
    let mut mine = all
        .iter()
        .filter(|one| one["spec"]["pod"]["uid"] == meta::uid(pod))
        .peekable();
    // With nothing asked for it nothing will ever come, and it waits as a real one does.
    mine.peek().is_some() && mine.all(|one| phase(one) == "Completed")
}

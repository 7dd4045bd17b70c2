//! Volumes in backups: moved with the claims, or read from the pods that mount them.
//!
//! The data of a claim cannot be saved while its annotation `sim.crashcart.test/unsaved` holds a
//! sentence.

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::{PERSISTENTVOLUMECLAIMS, PODS, PODVOLUMEBACKUPS};
use crate::sim::store::{Store, meta};

use super::super::{Agenda, pods};
use super::SPACE;
use super::content::Filter;

/// How many volumes a backup tried to save, and how many it could not.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Moved {
    pub(super) tried: u32,
    pub(super) failed: u32,
}

impl Moved {
    fn count(&mut self, unsaved: &str) {
        self.tried += 1;
        self.failed += u32::from(!unsaved.is_empty());
    }
}

/// Saves the volumes that a backup is to save.
pub(super) fn back_up(store: &Store, agenda: &Agenda, backup: &Value) -> Moved {
    let filter = Filter::new(&backup["spec"]);
    let mut moved = Moved::default();
    if backup["spec"]["defaultVolumesToFsBackup"] == true {
        let (all, _) = store.list(&PODS, None);
        for pod in all.iter().filter(|pod| filter.takes(&PODS, pod)) {
            for volume in meta::list(pod, "/spec/volumes") {
                let claim = volume["persistentVolumeClaim"]["claimName"].as_str();
                if let Some(claim) = claim.filter(|_| pod["status"]["phase"] == "Running") {
                    moved.count(&from_pod(store, agenda, backup, (pod, volume, claim)));
                }
            }
        }
    } else if backup["spec"]["snapshotMoveData"] == true {
        let (claims, _) = store.list(&PERSISTENTVOLUMECLAIMS, None);
        let left_out =
            |claim: &Value| claim["metadata"]["labels"]["velero.io/exclude-from-backup"] == "true";
        let claims = claims
            .iter()
            .filter(|claim| filter.takes(&PERSISTENTVOLUMECLAIMS, claim) && !left_out(claim));
        for claim in claims {
            moved.count(pods::trouble(claim, "unsaved"));
        }
    }
    moved
}

/// Reads a volume from the pod that mounts it; what is wrong with it, empty when nothing is.
fn from_pod(
    store: &Store,
    agenda: &Agenda,
    backup: &Value,
    (pod, volume, claim): (&Value, &Value, &str),
) -> String {
    let space = meta::namespace(pod);
    let found = store.get(&PERSISTENTVOLUMECLAIMS, Some(space), claim);
    let unsaved = found.map_or_else(String::new, |one| pods::trouble(&one, "unsaved").to_owned());
    let (name, bytes) = (meta::name(backup), 1_288_490_188_u64);
    let mut status = json!({
        "phase": "Completed", "path": "/host_pods", "snapshotID": "5f1c7a2e",
        "progress": {"totalBytes": bytes, "bytesDone": bytes},
        "startTimestamp": seconds(agenda.now()), "completionTimestamp": seconds(agenda.now()),
    });
    if !unsaved.is_empty() {
        status["phase"] = json!("Failed");
        status["message"] = json!(unsaved);
        status["progress"]["bytesDone"] = json!(0);
    }
    let object = json!({
        "metadata": {
            "generateName": format!("{name}-"), "namespace": SPACE,
            "labels": {
                "velero.io/backup-name": name, "velero.io/backup-uid": meta::uid(backup),
                "velero.io/pvc-uid": "",
            },
            "annotations": {"velero.io/pvc-name": claim},
        },
        "spec": {
            "node": pod["spec"]["nodeName"], "uploaderType": "kopia", "volume": volume["name"],
            "backupStorageLocation": backup["spec"]["storageLocation"],
            "pod": {
                "kind": "Pod", "namespace": space, "name": meta::name(pod), "uid": meta::uid(pod),
            },
        },
        "status": status,
    });
    let _ = store.create(&PODVOLUMEBACKUPS, Some(SPACE), object);
    unsaved
}

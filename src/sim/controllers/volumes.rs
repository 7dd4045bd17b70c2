//! Claims and volumes: bound, provisioned, released; or pending, with the reason.
//!
//! A claim stays pending while its annotation `sim.crashcart.test/stuck` holds a sentence.

use serde_json::{Value, json};

use crate::sim::store::resources::{PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES};
use crate::sim::store::{Preconditions, Store, meta};

use super::events::{self, Said};
use super::{Agenda, after, pods};

/// Seconds between two attempts to make a volume.
const EVERY: f64 = 60.0;

/// Binds claims, makes volumes for those that name none, and lets volumes go.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    let (claims, _) = store.list(&PERSISTENTVOLUMECLAIMS, None);
    for claim in claims {
        let phase = meta::text(&claim, "/status/phase");
        if !meta::is_going(&claim) && !matches!(phase, "Bound" | "Lost") {
            settle(store, agenda, &claim);
        }
    }
    release(store);
}

fn settle(store: &Store, agenda: &mut Agenda, claim: &Value) {
    let stuck = pods::trouble(claim, "stuck");
    if !stuck.is_empty() {
        wait(store, agenda, claim, "ProvisioningFailed", stuck);
        return;
    }
    let named = meta::text(claim, "/spec/volumeName");
    if named.is_empty() {
        provision(store, agenda, claim);
        return;
    }
    let Some(volume) = store.get(&PERSISTENTVOLUMES, None, named) else {
        let words = format!("volume \"{named}\" not found");
        wait(store, agenda, claim, "FailedBinding", &words);
        return;
    };
    let holder = &volume["spec"]["claimRef"];
    let ours = holder.is_null()
        || (holder["name"] == claim["metadata"]["name"]
            && holder["namespace"] == claim["metadata"]["namespace"]);
    if ours {
        bind(store, claim, named);
    } else {
        let words = format!("volume \"{named}\" already bound to a different claim.");
        wait(store, agenda, claim, "FailedBinding", &words);
    }
}

/// Leaves a claim pending and says why, now and then.
fn wait(store: &Store, agenda: &mut Agenda, claim: &Value, reason: &str, message: &str) {
    let pending = |claim: &mut Value| claim["status"]["phase"] = json!("Pending");
    let (space, name) = (Some(meta::namespace(claim)), meta::name(claim));
    let _ = store.update(&PERSISTENTVOLUMECLAIMS, space, name, pending);
    let said = Said {
        by: "persistentvolume-controller",
        host: "",
        warning: true,
        reason,
        message,
    };
    let last = events::last(store, claim, &said);
    if last.is_none_or(|last| agenda.is_due(after(last, EVERY))) {
        events::note(store, agenda.now(), claim, said);
        agenda.is_due(after(agenda.now(), EVERY));
    }
}

fn provision(store: &Store, agenda: &Agenda, claim: &Value) {
    let name = format!("pvc-{}", meta::uid(claim));
    let size = claim["spec"]["resources"]["requests"]["storage"].clone();
    let volume = json!({
        "metadata": {"name": name},
        "spec": {
            "accessModes": claim["spec"]["accessModes"], "capacity": {"storage": size},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": claim["spec"]["storageClassName"], "volumeMode": "Filesystem",
            "csi": {"driver": "csi.meridian.test", "volumeHandle": meta::uid(claim)},
        },
        "status": {"phase": "Available"},
    });
    let _ = store.create(&PERSISTENTVOLUMES, None, volume);
    let words = format!("Successfully provisioned volume {name}");
    let said = Said {
        by: "csi.meridian.test",
        host: "",
        warning: false,
        reason: "ProvisioningSucceeded",
        message: &words,
    };
    events::note(store, agenda.now(), claim, said);
    bind(store, claim, &name);
}

fn bind(store: &Store, claim: &Value, volume: &str) {
    let (space, name) = (meta::namespace(claim), meta::name(claim));
    let hold = |volume: &mut Value| {
        volume["spec"]["claimRef"] = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": space,
            "name": name, "uid": meta::uid(claim),
        });
        volume["status"]["phase"] = json!("Bound");
    };
    let _ = store.update(&PERSISTENTVOLUMES, None, volume, hold);
    let bound = |claim: &mut Value| {
        claim["spec"]["volumeName"] = json!(volume);
        claim["status"] = json!({
            "phase": "Bound", "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        });
    };
    let _ = store.update(&PERSISTENTVOLUMECLAIMS, Some(space), name, bound);
}

/// A volume whose claim is gone is kept as Released, or goes with it, as its policy says.
fn release(store: &Store) {
    let (volumes, _) = store.list(&PERSISTENTVOLUMES, None);
    for volume in volumes {
        let holder = &volume["spec"]["claimRef"];
        let text = |key: &str| holder[key].as_str().unwrap_or("");
        if holder.is_null() || meta::text(&volume, "/status/phase") != "Bound" {
            continue;
        }
        let claim = store.get(
            &PERSISTENTVOLUMECLAIMS,
            Some(text("namespace")),
            text("name"),
        );
        if claim.is_some_and(|claim| meta::uid(&claim) == text("uid")) {
            continue;
        }
        let name = meta::name(&volume);
        if volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete" {
            let _ = store.delete(&PERSISTENTVOLUMES, None, name, Preconditions::now());
        } else {
            let released = |volume: &mut Value| volume["status"]["phase"] = json!("Released");
            let _ = store.update(&PERSISTENTVOLUMES, None, name, released);
        }
    }
}

/// Why a pod cannot be placed for want of its claims, in the scheduler's words.
pub(super) fn unready(store: &Store, pod: &Value) -> Option<String> {
    meta::list(pod, "/spec/volumes").iter().find_map(|volume| {
        let name = volume["persistentVolumeClaim"]["claimName"].as_str()?;
        let claim = store.get(&PERSISTENTVOLUMECLAIMS, Some(meta::namespace(pod)), name);
        match claim {
            None => Some(format!("persistentvolumeclaim \"{name}\" not found")),
            Some(claim) if meta::text(&claim, "/status/phase") == "Bound" => None,
            Some(_) => Some("pod has unbound immediate PersistentVolumeClaims".to_owned()),
        }
    })
}

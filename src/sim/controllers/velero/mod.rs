//! Velero: stores, schedules, backups, restores and the small requests, without a status
//! subresource, as its server writes them.
//!
//! The server lives while a pod of the Deployment `velero` runs; without it everything waits.

pub(in crate::sim) mod backups;
pub(in crate::sim) mod content;
mod cron;
pub(super) mod download;
pub(super) mod refill;
mod requests;
mod restores;
pub(in crate::sim) mod schedules;
mod stores;
mod uploader;
pub(super) mod vault;
mod volumes;

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::Cluster;
use crate::sim::store::resources::{BACKUPS, BACKUPSTORAGELOCATIONS, DEPLOYMENTS, PODS};
use crate::sim::store::{Preconditions, Store, meta};

use super::{Agenda, events};
use vault::Vault;

/// The namespace of the Velero server and its objects.
pub(in crate::sim) const SPACE: &str = "velero";
/// The version the server answers with.
pub(in crate::sim) const VERSION: &str = "v1.18.1";

/// Lets the server look at all its objects, if it lives.
pub(super) fn pass(cluster: &Cluster, vault: &Vault, agenda: &mut Agenda) {
    let store = &cluster.store;
    let server = store.get(&DEPLOYMENTS, Some(SPACE), "velero");
    if server.is_none_or(|server| server["spec"]["replicas"] == 0) {
        return;
    }
    let Some(up) = started(store) else {
        return;
    };
    stores::pass(store, vault, agenda);
    schedules::pass(store, agenda);
    backups::pass(store, vault, agenda, up);
    restores::pass(store, vault, agenda, up);
    uploader::pass(store, agenda);
    requests::pass(store, vault, agenda);
}

/// When the container of the server started; none when it has no pod that runs.
fn started(store: &Store) -> Option<Timestamp> {
    let (all, _) = store.list(&PODS, Some(SPACE));
    let mine = all
        .iter()
        .filter(|pod| pod["metadata"]["labels"]["app"] == "velero");
    let started = "/status/containerStatuses/0/state/running/startedAt";
    mine.filter_map(|pod| events::time(pod, started)).max()
}

/// Takes the backups of a namespace away, objects and data, as one who has the keys of the store;
/// those that began before `locked` are held by the store.
pub(in crate::sim) fn erase(
    store: &Store,
    vault: &Vault,
    namespace: &str,
    locked: Option<Timestamp>,
) {
    for backup in store.list(&BACKUPS, Some(SPACE)).0 {
        let spaces = meta::list(&backup, "/spec/includedNamespaces");
        let began = events::time(&backup, "/status/startTimestamp");
        let held = began
            .zip(locked)
            .is_some_and(|(began, locked)| began < locked);
        if !held && spaces.iter().any(|space| space == namespace) {
            let name = meta::name(&backup);
            vault.drop_point(name);
            let _ = store.delete(&BACKUPS, Some(SPACE), name, Preconditions::now());
        }
    }
}

/// The phase of an object; `New` when it has none.
fn phase(object: &Value) -> &str {
    match meta::text(object, "/status/phase") {
        "" => "New",
        phase => phase,
    }
}

/// Why a store cannot be used; none when it can.
fn refusal(store: &Store, name: &str) -> Option<String> {
    let Some(location) = store.get(&BACKUPSTORAGELOCATIONS, Some(SPACE), name) else {
        return Some(format!(
            "backupstoragelocations.velero.io \"{name}\" not found"
        ));
    };
    (phase(&location) != "Available").then(|| {
        format!(
            "backup storage location {name} is currently in \"{}\" mode",
            phase(&location)
        )
    })
}

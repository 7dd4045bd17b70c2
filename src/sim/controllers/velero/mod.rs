//! Velero: stores, schedules, backups, restores and the small requests, without a status
//! subresource, as its server writes them.
//!
//! The server lives while the Deployment `velero` wants a replica; without it everything waits.

pub(in crate::sim) mod backups;
pub(in crate::sim) mod content;
mod cron;
pub(super) mod download;
mod requests;
mod restores;
pub(in crate::sim) mod schedules;
mod stores;
pub(super) mod vault;

use serde_json::Value;

use crate::sim::Cluster;
use crate::sim::store::resources::{BACKUPSTORAGELOCATIONS, DEPLOYMENTS};
use crate::sim::store::{Store, meta};

use super::Agenda;
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
    stores::pass(store, vault, agenda);
    schedules::pass(store, agenda);
    backups::pass(store, vault, agenda);
    restores::pass(store, vault, agenda);
    requests::pass(store, vault, agenda);
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

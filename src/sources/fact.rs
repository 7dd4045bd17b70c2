//! One thing a source saw. The app stamps it with the moment, the cluster and the generation of the connection.

use super::alerts;
use super::kinds::backup::Backup;
use super::kinds::delete_request::DeleteRequest;
use super::kinds::deployment::Deployment;
use super::kinds::kustomization::Kustomization;
use super::kinds::namespace::Namespace;
use super::kinds::node::Node;
use super::kinds::pod::Pod;
use super::kinds::restore::Restore;
use super::kinds::schedule::Schedule;
use super::kinds::store::Store;
use super::rights::held::Said;
use crate::text::SafeText;

/// Everything that is watched in a cluster; the order is the order of the session screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watch {
    /// Namespaces, which decide the zones.
    Namespaces,
    /// Nodes.
    Nodes,
    /// Deployments.
    Deployments,
    /// Pods.
    Pods,
    /// Velero `BackupStorageLocation`.
    Stores,
    /// Velero `Schedule`.
    Schedules,
    /// Velero `Backup`.
    Backups,
    /// Velero `DeleteBackupRequest`.
    DeleteRequests,
    /// Velero `Restore`.
    Restores,
    /// Flux `Kustomization`.
    Kustomizations,
    /// Alertmanager, asked through the API server's service proxy (a poll, not a watch).
    Alerts,
}

impl Watch {
    /// Every watch, in order.
    pub const ALL: [Watch; 11] = [
        Watch::Namespaces,
        Watch::Nodes,
        Watch::Deployments,
        Watch::Pods,
        Watch::Stores,
        Watch::Schedules,
        Watch::Backups,
        Watch::DeleteRequests,
        Watch::Restores,
        Watch::Kustomizations,
        Watch::Alerts,
    ];

    /// The resource as a person and RBAC write it, `backups.velero.io`.
    pub fn resource(self) -> &'static str {
        match self {
            Watch::Namespaces => "namespaces",
            Watch::Nodes => "nodes",
            Watch::Deployments => "deployments.apps",
            Watch::Pods => "pods",
            Watch::Stores => "backupstoragelocations.velero.io",
            Watch::Schedules => "schedules.velero.io",
            Watch::Backups => "backups.velero.io",
            Watch::DeleteRequests => "deletebackuprequests.velero.io",
            Watch::Restores => "restores.velero.io",
            Watch::Kustomizations => "kustomizations.kustomize.toolkit.fluxcd.io",
            Watch::Alerts => "services/proxy",
        }
    }
}

/// A change to a set of objects, as kube's watcher gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta<T> {
    /// The whole picture, swapped in at once after a list.
    Swap(Vec<T>),
    /// Objects that were added or changed.
    Apply(Vec<T>),
    /// Objects that went, as last seen.
    Delete(Vec<T>),
}

/// What became of a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchNews {
    /// Bytes arrived since the last look, although no object changed.
    Heard,
    /// The first list is complete.
    Synced,
    /// The API server has no such kind: nothing to judge.
    NotInstalled,
    /// Refused by the API server (403): the right that is missing, in words.
    Forbidden(SafeText),
    /// The connection was refused or reset, with the reason.
    Refused(SafeText),
    /// It failed some other way (timeout, 5xx, decode), with the reason; tried again by itself.
    Failed(SafeText),
}

/// What the API server said of itself when the connection was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// `gitVersion`, such as `v1.34.3`.
    pub version: SafeText,
    /// uid of the `kube-system` namespace; `None` when it may not be read.
    pub uid: Option<SafeText>,
    /// Whom the server takes us for (`SelfSubjectReview`); `None` when it does not say.
    pub user: Option<SafeText>,
    /// Groups the server gives us.
    pub groups: Vec<SafeText>,
    /// Seconds by which the server's clock is ahead of ours, from its `Date` header.
    pub clock_ahead_s: Option<i64>,
}

/// One thing a source saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The API server answered for the first time on this connection.
    Greeting(Greeting),
    /// The server's clock stands otherwise than when it answered first: seconds by which it is ahead of ours.
    Clock(i64),
    /// A read that the API server cannot answer from its memory: `None` when it was answered, else why not.
    Quorum(Option<SafeText>),
    /// What the API server said that we may do.
    Rights(Said),
    /// A connection could not be made; nothing was sent. The reason in words.
    Unreachable(SafeText),
    /// The CA key is not the one of the configuration; nothing was sent. Both keys, hex.
    OtherCa {
        /// What the configuration expects.
        expected: SafeText,
        /// What the CA file holds, or what TLS said.
        found: SafeText,
    },
    /// News of one watch.
    Watch(Watch, WatchNews),
    /// Namespaces changed.
    Namespaces(Delta<Namespace>),
    /// Nodes changed.
    Nodes(Delta<Node>),
    /// Deployments changed.
    Deployments(Delta<Deployment>),
    /// Pods changed.
    Pods(Delta<Pod>),
    /// Velero stores changed.
    Stores(Delta<Store>),
    /// Velero schedules changed.
    Schedules(Delta<Schedule>),
    /// Velero backups changed.
    Backups(Delta<Backup>),
    /// Velero delete requests changed.
    DeleteRequests(Delta<DeleteRequest>),
    /// Velero restores changed.
    Restores(Delta<Restore>),
    /// Flux kustomizations changed.
    Kustomizations(Delta<Kustomization>),
    /// Alertmanager answered.
    Alerts(alerts::Answer),
}

//! The one table of resources the simulated API server knows.
//!
//! To add one: a `static` here, its name in [`ALL`]; discovery, RBAC, watches and the default
//! printer columns follow from the entry.

pub use crate::sim::store::resource::Resource;

/// Namespaces.
pub static NAMESPACES: Resource = Resource::core("namespaces", "namespace", "Namespace", &["ns"])
    .cluster_wide()
    .with_status()
    .one_by_one();
/// Nodes.
pub static NODES: Resource = Resource::core("nodes", "node", "Node", &["no"])
    .cluster_wide()
    .with_status();
/// Pods.
pub static PODS: Resource = Resource::core("pods", "pod", "Pod", &["po"])
    .with_status()
    .counted()
    .in_all();
/// Services.
pub static SERVICES: Resource = Resource::core("services", "service", "Service", &["svc"])
    .with_status()
    .in_all();
/// Config maps.
pub static CONFIGMAPS: Resource = Resource::core("configmaps", "configmap", "ConfigMap", &["cm"]);
/// Secrets.
pub static SECRETS: Resource = Resource::core("secrets", "secret", "Secret", &[]);
/// Service accounts.
pub static SERVICEACCOUNTS: Resource = Resource::core(
    "serviceaccounts",
    "serviceaccount",
    "ServiceAccount",
    &["sa"],
);
/// Events of the core group.
pub static EVENTS: Resource = Resource::core("events", "event", "Event", &["ev"]);
/// Claims of storage.
pub static PERSISTENTVOLUMECLAIMS: Resource = Resource::core(
    "persistentvolumeclaims",
    "persistentvolumeclaim",
    "PersistentVolumeClaim",
    &["pvc"],
)
.with_status();
/// Volumes.
pub static PERSISTENTVOLUMES: Resource = Resource::core(
    "persistentvolumes",
    "persistentvolume",
    "PersistentVolume",
    &["pv"],
)
.cluster_wide()
.with_status();
/// Quotas of a namespace.
pub static RESOURCEQUOTAS: Resource = Resource::core(
    "resourcequotas",
    "resourcequota",
    "ResourceQuota",
    &["quota"],
)
.with_status();
/// Addresses behind services.
pub static ENDPOINTS: Resource = Resource::core("endpoints", "endpoints", "Endpoints", &["ep"]);
/// Default limits of a namespace.
pub static LIMITRANGES: Resource =
    Resource::core("limitranges", "limitrange", "LimitRange", &["limits"]);
/// How many pods of a kind must stay.
pub static PODDISRUPTIONBUDGETS: Resource = Resource::core(
    "poddisruptionbudgets",
    "poddisruptionbudget",
    "PodDisruptionBudget",
    &["pdb"],
)
.of("policy")
.with_status()
.counted();
/// Deployments.
pub static DEPLOYMENTS: Resource =
    Resource::core("deployments", "deployment", "Deployment", &["deploy"])
        .of("apps")
        .with_status()
        .counted()
        .in_all();
/// Replica sets.
pub static REPLICASETS: Resource =
    Resource::core("replicasets", "replicaset", "ReplicaSet", &["rs"])
        .of("apps")
        .with_status()
        .counted()
        .in_all();
/// Stateful sets.
pub static STATEFULSETS: Resource =
    Resource::core("statefulsets", "statefulset", "StatefulSet", &["sts"])
        .of("apps")
        .with_status()
        .counted()
        .in_all();
/// Daemon sets.
pub static DAEMONSETS: Resource = Resource::core("daemonsets", "daemonset", "DaemonSet", &["ds"])
    .of("apps")
    .with_status()
    .counted()
    .in_all();
/// Jobs.
pub static JOBS: Resource = Resource::core("jobs", "job", "Job", &[])
    .of("batch")
    .with_status()
    .counted()
    .in_all();
/// Cron jobs.
pub static CRONJOBS: Resource = Resource::core("cronjobs", "cronjob", "CronJob", &["cj"])
    .of("batch")
    .with_status()
    .counted()
    .in_all();
/// Leases.
pub static LEASES: Resource =
    Resource::core("leases", "lease", "Lease", &[]).of("coordination.k8s.io");
/// Roles.
pub static ROLES: Resource =
    Resource::core("roles", "role", "Role", &[]).of("rbac.authorization.k8s.io");
/// Role bindings.
pub static ROLEBINDINGS: Resource =
    Resource::core("rolebindings", "rolebinding", "RoleBinding", &[])
        .of("rbac.authorization.k8s.io");
/// Cluster roles.
pub static CLUSTERROLES: Resource =
    Resource::core("clusterroles", "clusterrole", "ClusterRole", &[])
        .of("rbac.authorization.k8s.io")
        .cluster_wide();
/// Cluster role bindings.
pub static CLUSTERROLEBINDINGS: Resource = Resource::core(
    "clusterrolebindings",
    "clusterrolebinding",
    "ClusterRoleBinding",
    &[],
)
.of("rbac.authorization.k8s.io")
.cluster_wide();
/// Velero backups.
pub static BACKUPS: Resource =
    Resource::core("backups", "backup", "Backup", &[]).custom("velero.io");
/// Velero restores.
pub static RESTORES: Resource =
    Resource::core("restores", "restore", "Restore", &[]).custom("velero.io");
/// Velero schedules.
pub static SCHEDULES: Resource =
    Resource::core("schedules", "schedule", "Schedule", &[]).custom("velero.io");
/// Velero stores.
pub static BACKUPSTORAGELOCATIONS: Resource = Resource::core(
    "backupstoragelocations",
    "backupstoragelocation",
    "BackupStorageLocation",
    &["bsl"],
)
.custom("velero.io");
/// Velero requests to delete a backup.
pub static DELETEBACKUPREQUESTS: Resource = Resource::core(
    "deletebackuprequests",
    "deletebackuprequest",
    "DeleteBackupRequest",
    &[],
)
.custom("velero.io");
/// Velero requests for a signed address.
pub static DOWNLOADREQUESTS: Resource = Resource::core(
    "downloadrequests",
    "downloadrequest",
    "DownloadRequest",
    &[],
)
.custom("velero.io");
/// Velero requests that show its server is alive.
pub static SERVERSTATUSREQUESTS: Resource = Resource::core(
    "serverstatusrequests",
    "serverstatusrequest",
    "ServerStatusRequest",
    &["ssr"],
)
.custom("velero.io");
/// Velero backups of pod volumes.
pub static PODVOLUMEBACKUPS: Resource = Resource::core(
    "podvolumebackups",
    "podvolumebackup",
    "PodVolumeBackup",
    &[],
)
.custom("velero.io");
/// Velero restores of pod volumes.
pub static PODVOLUMERESTORES: Resource = Resource::core(
    "podvolumerestores",
    "podvolumerestore",
    "PodVolumeRestore",
    &[],
)
.custom("velero.io");
/// Flux kustomizations.
pub static KUSTOMIZATIONS: Resource =
    Resource::core("kustomizations", "kustomization", "Kustomization", &["ks"])
        .custom("kustomize.toolkit.fluxcd.io")
        .with_status();
/// Flux repositories.
pub static GITREPOSITORIES: Resource = Resource::core(
    "gitrepositories",
    "gitrepository",
    "GitRepository",
    &["gitrepo"],
)
.custom("source.toolkit.fluxcd.io")
.with_status();
/// Definitions of the custom resources.
pub static CUSTOMRESOURCEDEFINITIONS: Resource = Resource::core(
    "customresourcedefinitions",
    "customresourcedefinition",
    "CustomResourceDefinition",
    &["crd", "crds"],
)
.of("apiextensions.k8s.io")
.cluster_wide()
.with_status()
.counted();

/// Every resource served, in the order discovery lists them.
pub static ALL: &[&Resource] = &[
    &NAMESPACES,
    &NODES,
    &PODS,
    &SERVICES,
    &CONFIGMAPS,
    &SECRETS,
    &SERVICEACCOUNTS,
    &EVENTS,
    &PERSISTENTVOLUMECLAIMS,
    &PERSISTENTVOLUMES,
    &RESOURCEQUOTAS,
    &ENDPOINTS,
    &LIMITRANGES,
    &DEPLOYMENTS,
    &REPLICASETS,
    &STATEFULSETS,
    &DAEMONSETS,
    &JOBS,
    &CRONJOBS,
    &LEASES,
    &PODDISRUPTIONBUDGETS,
    &ROLES,
    &ROLEBINDINGS,
    &CLUSTERROLES,
    &CLUSTERROLEBINDINGS,
    &BACKUPS,
    &RESTORES,
    &SCHEDULES,
    &BACKUPSTORAGELOCATIONS,
    &DELETEBACKUPREQUESTS,
    &DOWNLOADREQUESTS,
    &SERVERSTATUSREQUESTS,
    &PODVOLUMEBACKUPS,
    &PODVOLUMERESTORES,
    &KUSTOMIZATIONS,
    &GITREPOSITORIES,
    &CUSTOMRESOURCEDEFINITIONS,
];

/// The resource of a path, if it is served.
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    ALL.iter()
        .copied()
        .find(|r| r.group == group && r.version == version && r.plural == plural)
}

/// The resource of a kind, if it is served.
pub fn by_kind(group: &str, kind: &str) -> Option<&'static Resource> {
    ALL.iter()
        .copied()
        .find(|r| r.group == group && r.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_resources_share_a_path() {
        let mut names: Vec<String> = ALL.iter().map(|r| r.qualified()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn velero_has_no_status_subresource_and_flux_has() {
        assert!(!BACKUPS.status_subresource && KUSTOMIZATIONS.status_subresource);
        assert_eq!(
            find("velero.io", "v1", "backups").map(|r| r.kind),
            Some("Backup")
        );
        assert!(by_kind("apps", "Pod").is_none());
    }
}

//! The one table of resources the simulated API server knows.
//!
//! To add one: a `static` here, its name in [`ALL`]; discovery, RBAC, watches and the default
//! printer columns follow from the entry.

/// What an ordinary resource can be asked for.
const EVERY_VERB: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// One kind of object: how it is named, where it lives and how it behaves.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a plain fact of a table, none excludes another"
)]
#[derive(Clone, Copy, Debug)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The one served version.
    pub version: &'static str,
    /// The name in paths and RBAC rules (`pods`).
    pub plural: &'static str,
    /// The name of one (`pod`).
    pub singular: &'static str,
    /// The kind in objects (`Pod`).
    pub kind: &'static str,
    /// Short names kubectl accepts.
    pub short: &'static [&'static str],
    /// True when objects live in a namespace.
    pub namespaced: bool,
    /// True when status is written through `/status` only.
    pub status_subresource: bool,
    /// True when the server counts `metadata.generation`.
    pub generation: bool,
    /// True when it is defined by a `CustomResourceDefinition`.
    pub custom: bool,
    /// Member of kubectl's `all`.
    pub in_all: bool,
    /// The verbs discovery tells of.
    pub verbs: &'static [&'static str],
}

impl Resource {
    /// `v1` or `apps/v1`, as objects carry it.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `pods` or `deployments.apps`, as messages name it.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    const fn core(
        plural: &'static str,
        singular: &'static str,
        kind: &'static str,
        short: &'static [&'static str],
    ) -> Resource {
        Resource {
            group: "",
            version: "v1",
            plural,
            singular,
            kind,
            short,
            namespaced: true,
            status_subresource: false,
            generation: false,
            custom: false,
            in_all: false,
            verbs: EVERY_VERB,
        }
    }

    const fn of(mut self, group: &'static str) -> Resource {
        self.group = group;
        self
    }

    const fn cluster_wide(mut self) -> Resource {
        self.namespaced = false;
        self
    }

    const fn with_status(mut self) -> Resource {
        self.status_subresource = true;
        self
    }

    const fn counted(mut self) -> Resource {
        self.generation = true;
        self
    }

    const fn custom(mut self, group: &'static str) -> Resource {
        self.group = group;
        self.generation = true;
        self.custom = true;
        self
    }

    /// Not deleted as a collection.
    const fn one_by_one(mut self) -> Resource {
        self.verbs = &[
            "create", "delete", "get", "list", "patch", "update", "watch",
        ];
        self
    }

    const fn in_all(mut self) -> Resource {
        self.in_all = true;
        self
    }
}

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

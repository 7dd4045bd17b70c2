//! Every request that is not a plain read, as data: what would be sent, byte for byte, before it is sent.
//!
//! A new kind of change needs a variant here and its review; `apply.rs` sends what this file builds and nothing else.

use serde_json::Value;
use serde_json::json;

use super::rights::confine;
use super::rights::install::Object;
use crate::audit::Class;
use crate::config::ClusterName;

pub use super::request::Request;

/// Group, version and plural of a Kubernetes resource.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Gvr {
    /// API group; empty for the core group.
    pub group: String,
    /// Version, `v1`.
    pub version: String,
    /// Plural, `configmaps`.
    pub plural: String,
}

impl Gvr {
    /// Names a resource.
    pub fn new(group: &str, version: &str, plural: &str) -> Gvr {
        Gvr {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
        }
    }

    /// The path of the collection, or of one object in it.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let mut path = match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        if let Some(namespace) = namespace {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        path.push('/');
        path.push_str(&self.plural);
        if let Some(name) = name {
            path.push('/');
            path.push_str(name);
        }
        path
    }

    /// As RBAC and people write it: `restores.velero.io`, `configmaps`.
    pub fn resource(&self) -> String {
        match self.group.as_str() {
            "" => self.plural.clone(),
            group => format!("{}.{group}", self.plural),
        }
    }
}

/// What an object that we make is marked with, so that it can be found again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    /// The run's id, four hex digits and more.
    pub run: String,
    /// The step's number in its plan, from 1.
    pub step: u32,
    /// The ticket as typed.
    pub ticket: String,
}

/// Everything that can be asked of a cluster beyond plain reading.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Op {
    /// May I? A `SelfSubjectAccessReview`.
    Review {
        /// Verb, `create`.
        verb: String,
        /// Resource.
        gvr: Gvr,
        /// Namespace; `None` asks for all.
        namespace: Option<String>,
    },
    /// A sign of life from Velero.
    StatusRequest {
        /// Velero's namespace.
        velero: String,
        /// Name of the object.
        name: String,
    },
    /// A signed address of what Velero keeps about a backup or restore.
    DownloadRequest {
        /// Velero's namespace.
        velero: String,
        /// Name of the object.
        name: String,
        /// `BackupResourceList`, `RestoreResults` and the like.
        artefact: String,
        /// The backup or restore it is about.
        target: String,
    },
    /// Stops or resumes a Kustomization's reconciling.
    Suspend {
        /// Namespace of the Kustomization.
        namespace: String,
        /// Its name.
        name: String,
        /// True stops, false resumes.
        suspend: bool,
    },
    /// A safety copy of one namespace.
    Backup {
        /// Velero's namespace.
        velero: String,
        /// Name of the Backup.
        name: String,
        /// What is copied.
        namespace: String,
        /// The store it goes to.
        store: String,
        /// How long it is kept, `72h0m0s`.
        ttl: String,
        /// Whose it is.
        mark: Mark,
    },
    /// A restore of one namespace from one backup; existing objects are skipped.
    Restore {
        /// Velero's namespace.
        velero: String,
        /// Name of the Restore.
        name: String,
        /// What is restored.
        namespace: String,
        /// From which Backup, never from a schedule.
        backup: String,
        /// Whose it is.
        mark: Mark,
        /// True when claims are among what it brings: Velero then brings their volumes too, which belong to the whole
        /// cluster. Otherwise nothing of the whole cluster is asked for.
        #[serde(default = "brings")]
        volumes: bool,
        /// True when Roles or `RoleBindings` are among what it brings; otherwise kinds that give rights are excluded.
        #[serde(default = "brings")]
        roles: bool,
    },
    /// Deletes one object, only if it is still the one that was made.
    Delete {
        /// Resource.
        gvr: Gvr,
        /// Namespace.
        namespace: Option<String>,
        /// Name.
        name: String,
        /// uid it must still have.
        uid: String,
        /// resourceVersion it must still have, where a later change by somebody else must stop the delete.
        resource_version: Option<String>,
    },
    /// Installs a role, a binding or an admission policy by server-side apply; what another manager owns is a conflict.
    Install {
        /// The object.
        object: Object,
        /// True tries it and changes nothing.
        dry: bool,
    },
}

/// An operation bound to the cluster it is for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Targeted {
    /// The cluster.
    pub cluster: ClusterName,
    /// What is asked of it.
    pub op: Op,
}

/// Name of the field manager of every change we make.
pub const FIELD_MANAGER: &str = "crashcart";
const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";
const VELERO: &str = "velero.io/v1";

impl Op {
    /// The class of the permit it needs.
    pub fn class(&self) -> Class {
        match self {
            Op::Review { .. } => Class::Review,
            Op::StatusRequest { .. }
            | Op::DownloadRequest { .. }
            | Op::Install { dry: true, .. } => Class::Service,
            Op::Install { dry: false, .. } => Class::Grant,
            Op::Suspend { .. } | Op::Backup { .. } | Op::Restore { .. } | Op::Delete { .. } => {
                Class::Change
            }
        }
    }

    /// The verb RBAC knows it by.
    pub fn verb(&self) -> &'static str {
        match self {
            Op::Suspend { .. } | Op::Install { .. } => "patch",
            Op::Delete { .. } => "delete",
            _ => "create",
        }
    }

    /// Resource, namespace and name it touches.
    pub fn target(&self) -> (Gvr, Option<&str>, &str) {
        let velero = |plural: &str| Gvr::new("velero.io", "v1", plural);
        match self {
            Op::Review { .. } => (
                Gvr::new("authorization.k8s.io", "v1", "selfsubjectaccessreviews"),
                None,
                "",
            ),
            Op::StatusRequest { velero: ns, name } => {
                (velero("serverstatusrequests"), Some(ns), name)
            }
            Op::DownloadRequest {
                velero: ns, name, ..
            } => (velero("downloadrequests"), Some(ns), name),
            Op::Suspend {
                namespace, name, ..
            } => (
                Gvr::new("kustomize.toolkit.fluxcd.io", "v1", "kustomizations"),
                Some(namespace),
                name,
            ),
            Op::Backup {
                velero: ns, name, ..
            } => (velero("backups"), Some(ns), name),
            Op::Restore {
                velero: ns, name, ..
            } => (velero("restores"), Some(ns), name),
            Op::Delete {
                gvr,
                namespace,
                name,
                ..
            } => (gvr.clone(), namespace.as_deref(), name),
            Op::Install { object, .. } => (object.gvr(), object.namespace.as_deref(), &object.name),
        }
    }

    /// The request as it will be sent.
    pub fn request(&self) -> Request {
        let (gvr, namespace, name) = self.target();
        let (method, content_type) = match self {
            Op::Suspend { .. } => ("PATCH", MERGE),
            Op::Install { .. } => ("PATCH", APPLY),
            Op::Delete { .. } => ("DELETE", JSON),
            _ => ("POST", JSON),
        };
        let named = method != "POST";
        let mut path = gvr.path(namespace, named.then_some(name));
        if !matches!(self, Op::Review { .. } | Op::Delete { .. }) {
            path.push_str("?fieldManager=");
            path.push_str(FIELD_MANAGER);
        }
        if matches!(self, Op::Install { dry: true, .. }) {
            path.push_str("&dryRun=All");
        }
        Request {
            method,
            path,
            content_type,
            body: match self {
                Op::Install { object, .. } => object.yaml.clone().into_bytes(),
                _ => self.body().to_string().into_bytes(),
            },
        }
    }

    /// One line for a person: `POST restores/r-7f3a in velero`.
    pub fn line(&self) -> String {
        let (gvr, namespace, name) = self.target();
        let method = self.request().method;
        match (namespace, name) {
            (None, "") => format!("{method} {}", gvr.plural),
            (None, name) => format!("{method} {}/{name}", gvr.plural),
            (Some(namespace), name) => format!("{method} {}/{name} in {namespace}", gvr.plural),
        }
    }

    fn body(&self) -> Value {
        match self {
            Op::Review {
                verb,
                gvr,
                namespace,
            } => json!({
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {"verb": verb, "group": gvr.group, "resource": gvr.plural, "namespace": namespace}}
            }),
            Op::StatusRequest { velero, name } => json!({
                "apiVersion": VELERO, "kind": "ServerStatusRequest", "metadata": {"name": name, "namespace": velero}, "spec": {}
            }),
            Op::DownloadRequest {
                velero,
                name,
                artefact,
                target,
            } => json!({
                "apiVersion": VELERO, "kind": "DownloadRequest", "metadata": {"name": name, "namespace": velero},
                "spec": {"target": {"kind": artefact, "name": target}}
            }),
            // Its YAML is sent as it was printed.
            Op::Install { .. } => Value::Null,
            Op::Suspend { suspend, .. } => json!({"spec": {"suspend": suspend}}),
            Op::Backup {
                velero,
                name,
                namespace,
                store,
                ttl,
                mark,
            } => json!({
                "apiVersion": VELERO, "kind": "Backup",
                "metadata": {"name": name, "namespace": velero, "annotations": mark.annotations()},
                "spec": {"includedNamespaces": [namespace], "storageLocation": store, "ttl": ttl}
            }),
            Op::Restore {
                velero,
                name,
                namespace,
                backup,
                mark,
                volumes,
                roles,
            } => {
                let spec = restore_spec(namespace, backup, (*volumes, *roles));
                json!({
                    "apiVersion": VELERO, "kind": "Restore", "spec": spec,
                    "metadata": {"name": name, "namespace": velero, "annotations": mark.annotations()}
                })
            }
            Op::Delete {
                uid,
                resource_version,
                ..
            } => json!({
                "apiVersion": "v1", "kind": "DeleteOptions",
                "preconditions": preconditions(uid, resource_version.as_deref()), "propagationPolicy": "Background"
            }),
        }
    }
}

/// The spec of a Restore; `volumes` and `roles` say whether it brings these.
fn restore_spec(namespace: &str, backup: &str, (volumes, roles): (bool, bool)) -> Value {
    let mut spec = json!({"backupName": backup, "includedNamespaces": [namespace],
        "existingResourcePolicy": "none", "itemOperationTimeout": "45m0s"});
    if !volumes {
        spec["includeClusterResources"] = json!(false);
    }
    if !roles {
        spec["excludedResources"] = json!(confine::RIGHTS);
    }
    spec
}

/// What a Restore of an older log asked for: everything that belongs to its namespace.
fn brings() -> bool {
    true
}

impl Mark {
    fn annotations(&self) -> Value {
        json!({"crashcart/run": self.run, "crashcart/step": self.step.to_string(), "crashcart/ticket": self.ticket})
    }
}

fn preconditions(uid: &str, resource_version: Option<&str>) -> Value {
    match resource_version {
        Some(version) => json!({"uid": uid, "resourceVersion": version}),
        None => json!({"uid": uid}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restore(backup: &str) -> Op {
        Op::Restore {
            velero: "velero".into(),
            name: "r-7f3a".into(),
            namespace: "emr".into(),
            backup: backup.into(),
            mark: Mark {
                run: "7f3a".into(),
                step: 9,
                ticket: "INC-4411".into(),
            },
            volumes: false,
            roles: false,
        }
    }

    #[test]
    fn a_restore_is_one_post_to_its_collection() {
        let request = restore("hourly-emr-1").request();
        assert_eq!(request.method, "POST");
        assert_eq!(
            request.path,
            "/apis/velero.io/v1/namespaces/velero/restores?fieldManager=crashcart"
        );
        assert_eq!(
            restore("hourly-emr-1").line(),
            "POST restores/r-7f3a in velero"
        );
    }

    #[test]
    fn a_restore_asks_for_no_more_than_its_plan_holds() {
        let body = |op: Op| -> Value { serde_json::from_slice(&op.request().body).unwrap() };
        let least = body(restore("b"));
        assert_eq!(least["spec"]["includeClusterResources"], json!(false));
        assert_eq!(least["spec"]["excludedResources"], json!(confine::RIGHTS));
        // As an older log holds it: without the two fields, and with the body that was sent then.
        let mut old = serde_json::to_value(restore("b")).unwrap();
        let map = old.as_object_mut().unwrap();
        assert!(map.remove("volumes").is_some() && map.remove("roles").is_some());
        let all = body(serde_json::from_value(old).unwrap());
        let spec = all["spec"].as_object().unwrap();
        assert!(
            !spec.contains_key("includeClusterResources")
                && !spec.contains_key("excludedResources")
        );
    }

    #[test]
    fn one_changed_byte_is_another_digest() {
        assert_ne!(
            restore("hourly-emr-1").request().digest(),
            restore("hourly-emr-2").request().digest()
        );
        assert_eq!(
            restore("hourly-emr-1").request().digest(),
            restore("hourly-emr-1").request().digest()
        );
    }

    #[test]
    fn a_delete_names_the_uid_it_must_still_have() {
        let op = Op::Delete {
            gvr: Gvr::new("", "v1", "configmaps"),
            namespace: Some("emr".into()),
            name: "forms".into(),
            uid: "u-1".into(),
            resource_version: None,
        };
        let request = op.request();
        assert_eq!(request.path, "/api/v1/namespaces/emr/configmaps/forms");
        assert!(String::from_utf8(request.body).is_ok_and(|body| body.contains(r#""uid":"u-1""#)));
    }
}

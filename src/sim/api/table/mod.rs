//! Tables: the columns and cells that kubectl prints, computed as a real server computes them.
//!
//! To give a resource its own columns: an entry in [`columns`] and its cells in a file here.

mod age;
mod batch;
mod customs;
mod pods;
mod storage;
mod workloads;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::store::Resource;
use crate::sim::store::meta;

pub(super) use crate::sim::api::table::age::since;

/// Name, type and priority (0 always shown, 1 with `-o wide`).
type Column = (&'static str, &'static str, u8);

const NAME: Column = ("Name", "string", 0);
const AGE: Column = ("Age", "string", 0);

const BINDINGS: &[Column] = &[
    NAME,
    ("Role", "string", 0),
    AGE,
    ("Users", "string", 1),
    ("Groups", "string", 1),
    ("ServiceAccounts", "string", 1),
];

fn columns(res: &Resource) -> &'static [Column] {
    match (res.group, res.plural) {
        ("", "pods") => pods::COLUMNS,
        ("", "namespaces") => &[NAME, ("Status", "string", 0), AGE],
        ("", "nodes") => workloads::NODES,
        ("", "services") => workloads::SERVICES,
        ("", "configmaps") => &[NAME, ("Data", "string", 0), AGE],
        ("", "secrets") => &[NAME, ("Type", "string", 0), ("Data", "string", 0), AGE],
        ("", "events") => workloads::EVENTS,
        ("", "persistentvolumeclaims") => storage::CLAIMS,
        ("apps", "deployments") => workloads::DEPLOYMENTS,
        ("apps", "replicasets") => workloads::REPLICASETS,
        ("apps", "statefulsets") => workloads::STATEFULSETS,
        ("apps", "daemonsets") => workloads::DAEMONSETS,
        ("batch", "cronjobs") => batch::CRONJOBS,
        ("", "persistentvolumes") => storage::VOLUMES,
        ("", "resourcequotas") => storage::QUOTAS,
        ("batch", "jobs") => batch::JOBS,
        ("coordination.k8s.io", "leases") => &[NAME, ("Holder", "string", 0), AGE],
        ("policy", _) => storage::BUDGETS,
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => BINDINGS,
        ("apiextensions.k8s.io" | "rbac.authorization.k8s.io", _) => {
            &[NAME, ("Created At", "date", 0)]
        }
        ("velero.io", "schedules") => customs::SCHEDULES,
        ("velero.io", "backupstoragelocations") => customs::STORES,
        ("velero.io", "podvolumebackups") => customs::VOLUME_BACKUPS,
        ("velero.io", "podvolumerestores") => customs::VOLUME_RESTORES,
        ("kustomize.toolkit.fluxcd.io", _) => customs::KUSTOMIZATIONS,
        ("source.toolkit.fluxcd.io", _) => customs::REPOSITORIES,
        _ if res.custom => &[NAME, ("Age", "date", 0)],
        _ => &[NAME, AGE],
    }
}

/// A table without rows; `with_columns` is false for later events of a watch.
pub(super) fn head(res: &Resource, with_columns: bool) -> Value {
    let columns: Vec<Value> = columns(res)
        .iter()
        .map(|(name, kind, priority)| {
            let format = match (*name, res.custom && *kind == "integer") {
                ("Name", _) => "name",
                (_, true) => "int64",
                _ => "",
            };
            json!({
                "name": name,
                "type": kind,
                "format": format,
                "description": name,
                "priority": priority,
            })
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": if with_columns { columns.into() } else { Value::Null },
        "rows": [],
    })
}

/// The cells of one object, one for each column.
pub(super) fn cells(res: &Resource, object: &Value, now: Timestamp) -> Vec<Value> {
    let name: Value = meta::name(object).into();
    let age: Value = age_of(object, now).into();
    let created = object["metadata"]["creationTimestamp"].clone();
    match (res.group, res.plural) {
        ("", "pods") => pods::cells(object, now),
        ("", "namespaces") => vec![name, meta::text(object, "/status/phase").into(), age],
        ("", "nodes") => workloads::node(object, age),
        ("", "services") => workloads::service(object, age),
        ("", "configmaps") => {
            let count = count(object, "/data") + count(object, "/binaryData");
            vec![name, count.into(), age]
        }
        ("", "secrets") => {
            let kind = meta::text(object, "/type").into();
            vec![name, kind, count(object, "/data").into(), age]
        }
        ("", "events") => workloads::event(object, now),
        ("", "persistentvolumeclaims") => storage::claim(object, age),
        ("apps", "deployments") => workloads::deployment(object, age),
        ("apps", "replicasets") => workloads::replicaset(object, age),
        ("apps", "statefulsets") => workloads::statefulset(object, age),
        ("apps", "daemonsets") => workloads::daemonset(object, age),
        ("batch", "cronjobs") => batch::cron_job(object, now),
        ("", "persistentvolumes") => storage::volume(object, age),
        ("", "resourcequotas") => storage::quota(object, age),
        ("batch", "jobs") => batch::job(object, now),
        ("coordination.k8s.io", "leases") => {
            vec![name, meta::text(object, "/spec/holderIdentity").into(), age]
        }
        ("policy", _) => storage::budget(object, age),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            binding(object, age)
        }
        ("apiextensions.k8s.io" | "rbac.authorization.k8s.io", _) => vec![name, created],
        ("velero.io", "schedules") => customs::schedule(object, now),
        ("velero.io", "backupstoragelocations") => customs::store(object, now),
        ("velero.io", "podvolumebackups") => customs::volume_backup(object, now),
        ("velero.io", "podvolumerestores") => customs::volume_restore(object, now),
        ("kustomize.toolkit.fluxcd.io", _) => customs::kustomization(object, age),
        ("source.toolkit.fluxcd.io", _) => customs::repository(object, age),
        _ => vec![name, age],
    }
}

fn binding(object: &Value, age: Value) -> Vec<Value> {
    let role = ["/roleRef/kind", "/roleRef/name"]
        .map(|at| meta::text(object, at))
        .join("/");
    let of = |kind: &str| {
        let subjects = meta::list(object, "/subjects").iter();
        let names: Vec<String> = subjects
            .filter(|subject| subject["kind"] == kind)
            .map(|subject| match meta::text(subject, "/namespace") {
                "" => meta::text(subject, "/name").to_owned(),
                ns => format!("{ns}/{}", meta::text(subject, "/name")),
            })
            .collect();
        Value::from(names.join(","))
    };
    let subjects = [of("User"), of("Group"), of("ServiceAccount")];
    let [users, groups, accounts] = subjects;
    vec![
        meta::name(object).into(),
        role.into(),
        age,
        users,
        groups,
        accounts,
    ]
}

/// How old the object is, in words.
fn age_of(object: &Value, now: Timestamp) -> String {
    since(meta::text(object, "/metadata/creationTimestamp"), now)
}

/// How many keys the map at a pointer has.
fn count(object: &Value, pointer: &str) -> usize {
    object
        .pointer(pointer)
        .and_then(Value::as_object)
        .map_or(0, serde_json::Map::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources;

    #[test]
    fn every_resource_has_a_cell_for_each_column() {
        let now = "2026-08-15T04:31:00Z".parse().unwrap();
        for res in resources::ALL {
            let cells = cells(res, &json!({"metadata": {"name": "x"}}), now);
            assert_eq!(cells.len(), columns(res).len(), "{}", res.qualified());
            assert!(cells.contains(&"x".into()), "{}", res.qualified());
        }
    }

    #[test]
    fn velero_backups_have_no_columns_of_their_own() {
        let head = head(&resources::BACKUPS, true);
        assert_eq!(head["columnDefinitions"].as_array().unwrap().len(), 2);
        assert!(super::head(&resources::BACKUPS, false)["columnDefinitions"].is_null());
    }
}

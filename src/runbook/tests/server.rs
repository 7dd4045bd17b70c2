//! The hand-made server: objects as JSON, and how often each was created or changed.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::sources::op::Gvr;
use crate::sources::op::Op;

/// Plural, namespace, name.
pub(super) type Key = (String, String, String);

/// What the server does with the next requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Never reaches the server; no answer.
    Lost,
    /// Reaches it; the answer is lost.
    AnswerLost,
    /// Never leaves this host.
    NotSent,
    /// Refused with this status, nothing done.
    Refused(u16),
    /// A Restore that ends in this phase and creates nothing.
    RestoreEnds(&'static str),
}

/// The server: objects, and how often each was created or changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    pub(super) objects: BTreeMap<Key, Value>,
    pub(super) writes: BTreeMap<String, u32>,
    pub(super) silent: bool,
    /// Objects whose controller reports just before each of so many deletes.
    pub(super) busy: u32,
    serial: u32,
}

pub(super) fn gvr(plural: &str) -> Gvr {
    match plural {
        "deployments" => Gvr::new("apps", "v1", plural),
        "kustomizations" => Gvr::new("kustomize.toolkit.fluxcd.io", "v1", plural),
        "configmaps" | "secrets" | "namespaces" => Gvr::new("", "v1", plural),
        _ => Gvr::new("velero.io", "v1", plural),
    }
}

fn key(plural: &str, namespace: &str, name: &str) -> Key {
    (plural.to_owned(), namespace.to_owned(), name.to_owned())
}

impl Server {
    pub(super) fn put(&mut self, plural: &str, namespace: &str, name: &str, mut object: Value) {
        self.serial += 1;
        let key = key(plural, namespace, name);
        let uid = self
            .objects
            .get(&key)
            .and_then(|old| old.pointer("/metadata/uid").cloned());
        let meta = json!({"name": name, "namespace": namespace, "resourceVersion": self.serial.to_string(),
            "uid": uid.unwrap_or_else(|| json!(format!("u-{}", self.serial))), "creationTimestamp": "2026-08-15T04:00:00Z"});
        let mut all = object.get("metadata").cloned().unwrap_or_else(|| json!({}));
        for (field, value) in meta.as_object().unwrap() {
            all[field] = value.clone();
        }
        object["metadata"] = all;
        self.objects.insert(key, object);
    }

    /// Somebody changes an object.
    pub(super) fn touch(&mut self, plural: &str, namespace: &str, name: &str) {
        let mut object = self.get(plural, namespace, name).unwrap().clone();
        let edit = json!({"manager": "kubectl-edit", "operation": "Update", "time": "2026-08-15T05:07:00Z",
            "fieldsV1": {"f:data": {}}});
        let writers = object.pointer_mut("/metadata/managedFields").unwrap();
        writers.as_array_mut().unwrap().push(edit);
        self.put(plural, namespace, name, object);
    }

    /// A controller reports on an object.
    pub(super) fn report(&mut self, plural: &str, namespace: &str, name: &str) {
        let object = self.get(plural, namespace, name).unwrap().clone();
        self.put(plural, namespace, name, object);
    }

    pub(super) fn lose(&mut self, plural: &str, namespace: &str, name: &str) {
        self.objects.remove(&key(plural, namespace, name));
    }

    pub(super) fn get(&self, plural: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&key(plural, namespace, name))
    }

    /// What a request does, as a status.
    pub(super) fn take(&mut self, op: &Op, fault: Option<Fault>) -> u16 {
        if let Some(Fault::Refused(status)) = fault {
            return status;
        }
        let (gvr, namespace, name) = op.target();
        let (namespace, name) = (namespace.unwrap_or_default().to_owned(), name.to_owned());
        let wanted = matches!(op, Op::Suspend { suspend: false, .. });
        *self
            .writes
            .entry(format!(
                "{}{}",
                op.line(),
                if wanted { " back" } else { "" }
            ))
            .or_default() += 1;
        let body: Value = serde_json::from_slice(&op.request().body).unwrap();
        let here = self.get(&gvr.plural, &namespace, &name).cloned();
        match op {
            Op::Suspend { suspend, .. } => {
                let mut object = here.unwrap();
                object["spec"]["suspend"] = json!(suspend);
                self.put(&gvr.plural, &namespace, &name, object);
                200
            }
            Op::Delete {
                uid,
                resource_version,
                ..
            } => {
                if self.busy > 0 && here.is_some() {
                    self.busy -= 1;
                    self.report(&gvr.plural, &namespace, &name);
                }
                let here = self.get(&gvr.plural, &namespace, &name).cloned();
                self.delete(
                    here.as_ref(),
                    (&gvr, &namespace, &name),
                    (uid, resource_version.as_deref()),
                )
            }
            _ if here.is_some() => 409,
            _ => {
                self.create(op, body, (&gvr.plural, &namespace, &name), fault);
                201
            }
        }
    }

    fn delete(
        &mut self,
        here: Option<&Value>,
        at: (&Gvr, &str, &str),
        must: (&str, Option<&str>),
    ) -> u16 {
        let Some(here) = here else { return 404 };
        let text = |path: &str| here.pointer(path).unwrap().as_str().unwrap();
        if text("/metadata/uid") != must.0
            || must
                .1
                .is_some_and(|version| text("/metadata/resourceVersion") != version)
        {
            return 409;
        }
        self.lose(&at.0.plural, at.1, at.2);
        200
    }

    fn create(&mut self, op: &Op, mut body: Value, at: (&str, &str, &str), fault: Option<Fault>) {
        body["status"] = match op {
            Op::StatusRequest { .. } => json!({"phase": "Processed", "serverVersion": "v1.18.1"}),
            Op::Backup { .. } => {
                json!({"phase": "Completed", "startTimestamp": "2026-08-15T04:59:00Z",
                "progress": {"itemsBackedUp": 77, "totalItems": 77}})
            }
            _ => json!({}),
        };
        if let Op::Restore {
            namespace, name, ..
        } = op
        {
            let phase = if let Some(Fault::RestoreEnds(phase)) = fault {
                phase
            } else {
                self.fill(namespace, Some(name));
                "Completed"
            };
            body["status"] = json!({"phase": phase, "failureReason": if phase == "Completed" { "" } else { "store went away" },
                "completionTimestamp": "2026-08-15T05:06:00Z",
                "progress": {"itemsRestored": 3, "totalItems": 3}, "errors": 0, "warnings": 0});
        }
        self.put(at.0, at.1, at.2, body);
    }

    /// What the backup holds, where it is missing.
    pub(super) fn fill(&mut self, namespace: &str, restore: Option<&str>) {
        let labels = restore.map_or(
            json!({}),
            |restore| json!({"velero.io/restore-name": restore}),
        );
        // The managers of a restored object are those of the backup.
        let metadata = json!({"labels": labels, "generation": 1, "managedFields": [
            {"manager": "flux", "operation": "Apply", "time": "2026-08-14T09:00:00Z", "fieldsV1": {"f:data": {}}}]});
        if self.get("namespaces", "", namespace).is_none() {
            self.put(
                "namespaces",
                "",
                namespace,
                json!({"status": {"phase": "Active"}}),
            );
        }
        let api = json!({"metadata": metadata, "spec": {"replicas": 2},
            "status": {"readyReplicas": 2, "availableReplicas": 2, "observedGeneration": 1}});
        for (plural, name, object) in [
            ("configmaps", "forms", json!({"metadata": metadata})),
            ("secrets", "db", json!({"metadata": metadata})),
            ("deployments", "api", api),
        ] {
            if self.get(plural, namespace, name).is_none() {
                self.put(plural, namespace, name, object);
            }
        }
    }
}

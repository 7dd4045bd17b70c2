//! How what happens in a story is done to a cluster.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::Cluster;
use crate::sim::clock::seconds;
use crate::sim::controllers::{TROUBLE, Vault, digest, velero};
use crate::sim::store::resources::{BACKUPSTORAGELOCATIONS, CONFIGMAPS, NODES, PODS, SECRETS};
use crate::sim::store::{Preconditions, Resource, meta};

use super::act::{Act, What};
use super::objects::Target;

/// The config map that whoever encrypts leaves behind.
const NOTE: &str = "read-me-to-recover";

/// Does it. What is not there any more is passed over: the story goes on.
pub(super) fn carry(cluster: &Cluster, vault: &Vault, now: Timestamp, act: &Act) {
    match &act.what {
        What::Mark(target, key, value) => {
            each(cluster, target, |object| mark(object, key, value));
        }
        What::Afflict(target, key, value) => afflict(cluster, target, key, value),
        What::Image(target, image) => each(cluster, target, |object| {
            object["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        }),
        What::Restart(target) => each(cluster, target, |object| {
            let template = &mut object["spec"]["template"]["metadata"]["annotations"];
            template["kubectl.kubernetes.io/restartedAt"] = json!(seconds(now));
        }),
        What::Registry(target, registry) => each(cluster, target, |node| {
            mark(node, "unreachable", registry);
            let prefix = format!("{registry}/");
            if let Some(images) = node["status"]["images"].as_array_mut() {
                images.retain(|image| {
                    let names = meta::list(image, "/names").iter();
                    !names
                        .filter_map(Value::as_str)
                        .any(|name| name.starts_with(&prefix))
                });
            }
        }),
        What::Drain(target) => drain(cluster, target),
        What::AddStore(name) => add_store(cluster, now, name),
        What::Erase(namespace, spares) => {
            let locked = spares.map(|age| before(now, age));
            velero::erase(&cluster.store, vault, namespace, locked);
        }
        What::Encrypt(namespace, note) => encrypt(cluster, namespace, note),
        What::Suspend(target, by) => each(cluster, target, |one| suspend(one, now, by.as_deref())),
        What::Delete(target) => delete(cluster, target),
        What::Merge(target, patch) => each(cluster, target, |object| merge(object, patch)),
        What::Fire(fired) => cluster.monitoring.fire(fired.clone()),
        What::Resolve(alert) => cluster.monitoring.resolve(alert),
        What::Sending(sending) => cluster.monitoring.set_sending(*sending),
        What::Fault(fault) => cluster.faults.add(fault.clone()),
    }
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    let age = SignedDuration::try_from(age).unwrap_or_default();
    now.saturating_sub(age).unwrap_or(now)
}

fn each(cluster: &Cluster, target: &Target, change: impl Fn(&mut Value)) {
    for name in &target.names {
        let _ = cluster
            .store
            .update(target.res, target.ns.as_deref(), name, &change);
    }
}

/// Writes an annotation of the simulator; an empty value takes it away.
fn mark(object: &mut Value, key: &str, value: &str) {
    let key = format!("{TROUBLE}/{key}");
    let metadata = meta::map(object, "metadata");
    if value.is_empty() {
        if let Some(Value::Object(all)) = metadata.get_mut("annotations") {
            all.remove(&key);
        }
        return;
    }
    let all = metadata.entry("annotations").or_insert_with(|| json!({}));
    all[key] = json!(value);
}

/// Marks a workload's template and the pods it has.
fn afflict(cluster: &Cluster, target: &Target, key: &str, value: &str) {
    each(cluster, target, |object| {
        mark(&mut object["spec"]["template"], key, value);
    });
    let space = target.ns.as_deref();
    let labels = |object: &Value| object["spec"]["selector"]["matchLabels"]["app"].clone();
    for name in &target.names {
        let owner = cluster.store.get(target.res, space, name);
        let app = owner.as_deref().map(labels).unwrap_or_default();
        let (pods, _) = cluster.store.list(&PODS, space);
        for pod in pods
            .iter()
            .filter(|pod| pod["metadata"]["labels"]["app"] == app)
        {
            let change = |pod: &mut Value| mark(pod, key, value);
            let _ = cluster.store.update(&PODS, space, meta::name(pod), change);
        }
    }
}

fn drain(cluster: &Cluster, target: &Target) {
    for node in &target.names {
        let cordon = |node: &mut Value| node["spec"]["unschedulable"] = json!(true);
        let _ = cluster.store.update(&NODES, None, node, cordon);
        let (pods, _) = cluster.store.list(&PODS, None);
        let here = pods
            .iter()
            .filter(|pod| pod["spec"]["nodeName"] == node.as_str());
        for pod in here {
            let grace = Preconditions {
                grace: 30,
                ..Preconditions::default()
            };
            let space = Some(meta::namespace(pod));
            let _ = cluster.store.delete(&PODS, space, meta::name(pod), grace);
        }
    }
}

fn add_store(cluster: &Cluster, now: Timestamp, name: &str) {
    let location = json!({
        "metadata": {"name": name, "namespace": velero::SPACE},
        "spec": {
            "provider": "aws", "accessMode": "ReadWrite", "default": false,
            "objectStorage": {"bucket": format!("meridian-{name}"), "prefix": ""},
            "config": {"region": "local"},
        },
        "status": {
            "phase": "Available",
            "lastValidationTime": seconds(now), "lastSyncedTime": seconds(now),
        },
    });
    let space = Some(velero::SPACE);
    let _ = cluster
        .store
        .create(&BACKUPSTORAGELOCATIONS, space, location);
}

fn encrypt(cluster: &Cluster, namespace: &str, note: &str) {
    let space = Some(namespace);
    let kinds: [(&'static Resource, bool); 2] = [(&CONFIGMAPS, false), (&SECRETS, true)];
    for (res, encoded) in kinds {
        let (objects, _) = cluster.store.list(res, space);
        for object in objects {
            let garble = |object: &mut Value| {
                let Some(data) = object["data"].as_object_mut() else {
                    return;
                };
                for (key, value) in data.iter_mut() {
                    let garbled = format!("{:016x}", digest(&format!("{key}{value}")));
                    *value = json!(if encoded {
                        STANDARD.encode(garbled)
                    } else {
                        garbled
                    });
                }
            };
            let _ = cluster
                .store
                .update(res, space, meta::name(&object), garble);
        }
    }
    let map = json!({"metadata": {"name": NOTE}, "data": {"README.txt": note}});
    let _ = cluster.store.create(&CONFIGMAPS, space, map);
}

fn suspend(one: &mut Value, now: Timestamp, by: Option<&str>) {
    let key = "meridian.test/suspended-by";
    one["spec"]["suspend"] = json!(by.is_some());
    let annotations = meta::map(one, "metadata")
        .entry("annotations")
        .or_insert_with(|| json!({}));
    match (by, annotations.as_object_mut()) {
        (Some(by), _) => annotations[key] = json!(by),
        (None, Some(all)) => drop(all.remove(key)),
        (None, None) => {}
    }
    if by.is_some() {
        let entry = json!({
            "manager": "kubectl-patch", "operation": "Update",
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "time": seconds(now),
            "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:suspend": {}}},
        });
        let metadata = meta::map(one, "metadata");
        let list = metadata.entry("managedFields").or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.retain(|old| old["manager"] != "kubectl-patch");
            list.push(entry);
        }
    }
}

fn delete(cluster: &Cluster, target: &Target) {
    for name in &target.names {
        let space = target.ns.as_deref();
        let now = Preconditions::now();
        let _ = cluster.store.delete(target.res, space, name, now);
    }
}

/// A JSON merge patch: null takes a field away.
fn merge(object: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (key, value) in fields {
        if value.is_null() {
            if let Some(map) = object.as_object_mut() {
                map.remove(key);
            }
        } else {
            merge(&mut object[key], value);
        }
    }
}

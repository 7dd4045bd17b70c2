//! Whether a goal holds now, by what stands in the clusters.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::sim::Cluster;
use crate::sim::store::resources::{
    BACKUPS, BACKUPSTORAGELOCATIONS, CONFIGMAPS, DELETEBACKUPREQUESTS, DEPLOYMENTS, KUSTOMIZATIONS,
    NAMESPACES, SECRETS, STATEFULSETS,
};
use crate::sim::store::{Resource, meta};

use super::What;

/// The namespace of Velero.
const VELERO: Option<&str> = Some("velero");
/// The kinds that an intact namespace still has.
const KEPT: [&Resource; 4] = [&CONFIGMAPS, &SECRETS, &DEPLOYMENTS, &STATEFULSETS];

/// What stood in the clusters at the beginning: cluster, kind, namespace and name.
#[derive(Debug)]
pub struct Baseline {
    objects: BTreeMap<(String, &'static str, String, String), Arc<Value>>,
}

impl Baseline {
    /// Notes what stands in the clusters now.
    pub fn new(clusters: &[&Cluster]) -> Baseline {
        let mut objects = BTreeMap::new();
        for cluster in clusters {
            for res in KEPT {
                for object in cluster.store.list(res, None).0 {
                    let (space, name) = (meta::namespace(&object), meta::name(&object));
                    let key = (
                        cluster.name.clone(),
                        res.kind,
                        space.to_owned(),
                        name.to_owned(),
                    );
                    objects.insert(key, object);
                }
            }
        }
        Baseline { objects }
    }
}

/// Whether it holds, or in a few words why not.
pub(super) fn holds(
    what: &What,
    clusters: &[&Cluster],
    baseline: &Baseline,
    now: Timestamp,
) -> Result<(), String> {
    let on = |name: &str| {
        let found = clusters.iter().copied().find(|one| one.name == name);
        found.ok_or_else(|| format!("{name} is not simulated"))
    };
    match what {
        What::Restorable { zone, cluster } => {
            let wanted = |one: &&&Cluster| cluster.as_ref().is_none_or(|name| *name == one.name);
            for one in clusters.iter().filter(wanted) {
                for namespace in zone.namespaces(one) {
                    restorable(one, &namespace, zone.rpo, now)?;
                }
            }
            Ok(())
        }
        What::Ready { cluster, namespace } => ready(on(cluster)?, namespace),
        What::Intact { cluster, namespace } => intact(on(cluster)?, namespace, baseline),
        What::Store { cluster, store } => {
            let one = on(cluster)?
                .store
                .get(&BACKUPSTORAGELOCATIONS, VELERO, store);
            let phase = one
                .as_deref()
                .map_or("gone", |one| meta::text(one, "/status/phase"));
            (phase == "Available")
                .then_some(())
                .ok_or_else(|| format!("{store} is {phase}"))
        }
        What::InStep {
            cluster,
            kustomization,
        } => in_step(on(cluster)?, kustomization),
        What::Recorded | What::Untouched { .. } => Ok(()),
    }
}

/// A namespace has a Completed backup in an available store, young enough and here to stay.
fn restorable(cluster: &Cluster, namespace: &str, rpo: i64, now: Timestamp) -> Result<(), String> {
    let store = &cluster.store;
    let oldest = now.saturating_sub(SignedDuration::from_secs(rpo));
    let oldest = oldest.unwrap_or(now);
    let time = |backup: &Value, pointer: &str| meta::text(backup, pointer).parse::<Timestamp>();
    let (backups, _) = store.list(&BACKUPS, VELERO);
    let (leaving, _) = store.list(&DELETEBACKUPREQUESTS, VELERO);
    let available = |backup: &Value| {
        let location = meta::text(backup, "/spec/storageLocation");
        let location = store.get(&BACKUPSTORAGELOCATIONS, VELERO, location);
        location.is_some_and(|one| one["status"]["phase"] == "Available")
    };
    let counts = |backup: &Value| {
        backup["status"]["phase"] == "Completed"
            && takes(backup, namespace)
            && time(backup, "/status/startTimestamp").is_ok_and(|at| at >= oldest)
            && time(backup, "/status/expiration").is_ok_and(|at| at > now)
            && available(backup)
            && !leaving
                .iter()
                .any(|one| meta::text(one, "/spec/backupName") == meta::name(backup))
    };
    // The newest stand last.
    if backups.iter().rev().any(|backup| counts(backup)) {
        return Ok(());
    }
    let name = &cluster.name;
    Err(format!(
        "{name}/{namespace} has no restorable point within its target"
    ))
}

fn takes(backup: &Value, namespace: &str) -> bool {
    let names = |pointer: &str| {
        let list = meta::list(backup, pointer);
        (
            list.is_empty(),
            list.iter().any(|one| *one == "*" || *one == namespace),
        )
    };
    let (all, named) = names("/spec/includedNamespaces");
    (all || named) && !names("/spec/excludedNamespaces").1
}

fn ready(cluster: &Cluster, namespace: &str) -> Result<(), String> {
    let space = Some(namespace);
    let name = &cluster.name;
    if cluster.store.get(&NAMESPACES, None, namespace).is_none() {
        return Err(format!("{name} has no namespace {namespace}"));
    }
    let mut any = false;
    for (res, field) in [
        (&DEPLOYMENTS, "/status/availableReplicas"),
        (&STATEFULSETS, "/status/readyReplicas"),
    ] {
        for one in cluster.store.list(res, space).0 {
            any = true;
            let wanted = one["spec"]["replicas"].as_i64().unwrap_or(1);
            let is = meta::number(&one, field);
            if is < wanted {
                let workload = meta::name(&one);
                return Err(format!(
                    "{name}/{namespace} {workload} has {is} of {wanted} replicas"
                ));
            }
        }
    }
    any.then_some(())
        .ok_or_else(|| format!("{name}/{namespace} runs nothing"))
}

/// What of an object counts as its content.
fn content(object: &Value) -> [&Value; 4] {
    [
        &object["data"],
        &object["type"],
        &object["spec"]["replicas"],
        &object["spec"]["template"]["spec"],
    ]
}

fn intact(cluster: &Cluster, namespace: &str, baseline: &Baseline) -> Result<(), String> {
    let here = baseline.objects.iter();
    let here = here.filter(|((on, _, space, _), _)| *on == cluster.name && space == namespace);
    let (mut gone, mut other) = (Vec::new(), Vec::new());
    for ((_, kind, _, name), before) in here {
        let res = KEPT.iter().find(|res| res.kind == *kind);
        let now = res.and_then(|res| cluster.store.get(res, Some(namespace), name));
        match now {
            None => gone.push(format!("{kind} {name}")),
            Some(now) if content(&now) != content(before) => other.push(format!("{kind} {name}")),
            Some(_) => {}
        }
    }
    let first = |list: &[String]| list.first().cloned().unwrap_or_default();
    let place = format!("{}/{namespace}", cluster.name);
    match (gone.len(), other.len()) {
        (0, 0) => Ok(()),
        (0, n) => Err(format!(
            "{place}: {n} objects differ, the first: {}",
            first(&other)
        )),
        (n, _) => Err(format!(
            "{place}: {n} objects are gone, the first: {}",
            first(&gone)
        )),
    }
}

fn in_step(cluster: &Cluster, name: &str) -> Result<(), String> {
    let space = Some("flux-system");
    let Some(one) = cluster.store.get(&KUSTOMIZATIONS, space, name) else {
        return Err(format!("Kustomization {name} is gone"));
    };
    if one["spec"]["suspend"] == true {
        return Err(format!("Kustomization {name} is suspended"));
    }
    let conditions = meta::list(&one, "/status/conditions");
    let ready = conditions.iter().find(|c| c["type"] == "Ready");
    let status = ready
        .and_then(|c| c["status"].as_str())
        .unwrap_or("missing");
    // A reconcile in progress says Unknown for a moment; that is no fault.
    (status != "False" && status != "missing")
        .then_some(())
        .ok_or_else(|| format!("Kustomization {name} is not ready"))
}

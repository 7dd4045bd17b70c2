//! Deployments: one replica set for each template, and the status people read.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::{DEPLOYMENTS, REPLICASETS};
use crate::sim::store::{Store, meta};

use super::conditions::{self, Condition};
use super::events::{self, Said};
use super::{Agenda, after, owners};

/// The label that tells the replica sets of one deployment apart.
const HASH: &str = "pod-template-hash";
/// The annotation that counts the templates a deployment had.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// Seconds without progress after which a deployment says so.
const DEADLINE: f64 = 600.0;

/// Brings every deployment's replica sets and status in line with its template.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    let (deployments, _) = store.list(&DEPLOYMENTS, None);
    for deployment in deployments {
        if !meta::is_going(&deployment) {
            sync(store, agenda, &deployment);
        }
    }
}

fn sync(store: &Store, agenda: &mut Agenda, deployment: &Value) {
    let wanted = deployment["spec"]["replicas"].as_i64().unwrap_or(1);
    let sets = owners::claimed(store, &REPLICASETS, deployment);
    let current = sets.iter().find(|set| same_template(set, deployment));
    let Some(current) = current else {
        let revision = sets.iter().map(|set| revision(set)).max().unwrap_or(0) + 1;
        begin(store, agenda, deployment, wanted, revision);
        return;
    };
    let ready = meta::number(current, "/status/readyReplicas");
    scale(store, agenda, deployment, current, wanted);
    let old: Vec<_> = sets
        .iter()
        .filter(|set| meta::uid(set) != meta::uid(current))
        .collect();
    let mut spare = (wanted - ready).max(0);
    for set in &old {
        let keep = meta::number(set, "/spec/replicas").min(spare);
        spare -= keep;
        scale(store, agenda, deployment, set, keep);
    }
    report(store, agenda, deployment, current, &old);
}

/// True when the replica set was made from the template that the deployment has now.
fn same_template(set: &Value, deployment: &Value) -> bool {
    let mut template = set["spec"]["template"].clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove(HASH);
    }
    let wanted = &deployment["spec"]["template"];
    template["spec"] == wanted["spec"]
        && template["metadata"]["labels"] == wanted["metadata"]["labels"]
        && template["metadata"]["annotations"] == wanted["metadata"]["annotations"]
}

fn revision(set: &Value) -> i64 {
    let text = set["metadata"]["annotations"][REVISION].as_str();
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The replica set of a deployment, as it is created.
pub(in crate::sim) fn replica_set(deployment: &Value, hash: &str, wanted: i64, nth: i64) -> Value {
    let mut template = deployment["spec"]["template"].clone();
    template["metadata"]["labels"][HASH] = json!(hash);
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"][HASH] = json!(hash);
    let set = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", meta::name(deployment)),
            "namespace": meta::namespace(deployment),
            "labels": template["metadata"]["labels"],
            "annotations": {
                REVISION: nth.to_string(),
                "deployment.kubernetes.io/desired-replicas": wanted.to_string(),
            },
        },
        "spec": {"replicas": wanted, "selector": selector, "template": template},
    });
    owners::owned(set, deployment)
}

fn begin(store: &Store, agenda: &Agenda, deployment: &Value, wanted: i64, nth: i64) {
    let hash = owners::template_hash(&deployment["spec"]["template"]);
    let set = replica_set(deployment, &hash, wanted, nth);
    let space = Some(meta::namespace(deployment));
    if store.create(&REPLICASETS, space, set).is_err() {
        return;
    }
    let name = meta::name(deployment);
    let words = format!("Scaled up replica set {name}-{hash} from 0 to {wanted}");
    say(store, agenda, deployment, &words);
    let count = |value: &mut Value| {
        value["metadata"]["annotations"][REVISION] = json!(nth.to_string());
    };
    let _ = store.update(&DEPLOYMENTS, space, name, count);
}

fn scale(store: &Store, agenda: &Agenda, deployment: &Value, set: &Value, wanted: i64) {
    let now = meta::number(set, "/spec/replicas");
    if now == wanted {
        return;
    }
    let space = Some(meta::namespace(set));
    let change = |value: &mut Value| value["spec"]["replicas"] = json!(wanted);
    if store
        .update(&REPLICASETS, space, meta::name(set), change)
        .is_ok()
    {
        let way = if wanted > now { "up" } else { "down" };
        let name = meta::name(set);
        let words = format!("Scaled {way} replica set {name} from {now} to {wanted}");
        say(store, agenda, deployment, &words);
    }
}

fn say(store: &Store, agenda: &Agenda, deployment: &Value, message: &str) {
    let said = Said {
        by: "deployment-controller",
        host: "",
        warning: false,
        reason: "ScalingReplicaSet",
        message,
    };
    events::note(store, agenda.now(), deployment, said);
}

/// Writes the deployment's status from the counts of its replica sets.
fn report(
    store: &Store,
    agenda: &mut Agenda,
    deployment: &Value,
    current: &Value,
    old: &[&Arc<Value>],
) {
    let wanted = deployment["spec"]["replicas"].as_i64().unwrap_or(1);
    let sum = |pointer: &str| {
        let older: i64 = old.iter().map(|set| meta::number(set, pointer)).sum();
        older + meta::number(current, pointer)
    };
    let (total, ready) = (sum("/status/replicas"), sum("/status/readyReplicas"));
    let updated = meta::number(current, "/status/replicas");
    let done = updated == wanted && ready == wanted && total == wanted;
    let now = agenda.now();
    let began = events::time(current, "/metadata/creationTimestamp").unwrap_or(now);
    let failed = !done && agenda.is_due(after(began, DEADLINE));
    let set = meta::name(current).to_owned();
    let write = |value: &mut Value| {
        let settled = conditions::status(value, "Progressing") == "True" && was_done(value);
        value["status"]["observedGeneration"] = value["metadata"]["generation"].clone();
        let counts = [
            ("replicas", total),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
            ("unavailableReplicas", (wanted - ready).max(0)),
        ];
        super::pods::counts(value, &counts);
        let available = availability(ready, wanted);
        let flipped = conditions::set(value, now, available);
        touch(value, "Available", flipped, &seconds(now));
        let words = progress(&set, done || settled, failed);
        let progressing = Condition {
            kind: "Progressing",
            status: words.0,
            reason: words.1,
            message: &words.2,
        };
        let flipped = conditions::set(value, now, progressing);
        touch(value, "Progressing", flipped, &seconds(now));
    };
    let space = Some(meta::namespace(deployment));
    let _ = store.update(&DEPLOYMENTS, space, meta::name(deployment), write);
}

/// The Available condition: at most a quarter of the replicas may be missing.
fn availability(ready: i64, wanted: i64) -> Condition<'static> {
    let (status, reason, message) = if ready >= wanted - wanted / 4 {
        (
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    Condition {
        kind: "Available",
        status,
        reason,
        message,
    }
}

/// True when the rollout of the present template was already complete once.
fn was_done(deployment: &Value) -> bool {
    let list = meta::list(deployment, "/status/conditions");
    let seen = deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"];
    seen && list.iter().any(|c| c["reason"] == "NewReplicaSetAvailable")
}

fn progress(set: &str, done: bool, failed: bool) -> (&'static str, &'static str, String) {
    if done {
        let words = format!("ReplicaSet \"{set}\" has successfully progressed.");
        ("True", "NewReplicaSetAvailable", words)
    } else if failed {
        let words = format!("ReplicaSet \"{set}\" has timed out progressing.");
        ("False", "ProgressDeadlineExceeded", words)
    } else {
        let words = format!("ReplicaSet \"{set}\" is progressing.");
        ("True", "ReplicaSetUpdated", words)
    }
}

/// Keeps `lastUpdateTime`, which deployments alone have.
fn touch(deployment: &mut Value, kind: &str, flipped: bool, now: &str) {
    let list = deployment["status"]["conditions"].as_array_mut();
    let found = list.and_then(|list| list.iter_mut().find(|c| c["type"] == kind));
    if let Some(condition) = found
        && (flipped || condition["lastUpdateTime"].is_null())
    {
        condition["lastUpdateTime"] = json!(now);
    }
}

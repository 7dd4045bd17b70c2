//! Every field of every kind that is read, with every text of the corpus in it.

use std::fmt::Debug;

use crashcart::config::ClusterName;
use crashcart::sources::alerts;
use crashcart::sources::fact::Delta;
use crashcart::sources::fact::Fact;
use crashcart::sources::kinds::Kind;
use crashcart::sources::kinds::backup::Backup;
use crashcart::sources::kinds::delete_request::DeleteRequest;
use crashcart::sources::kinds::deployment::Deployment;
use crashcart::sources::kinds::kustomization::Kustomization;
use crashcart::sources::kinds::namespace::Namespace;
use crashcart::sources::kinds::node::Node;
use crashcart::sources::kinds::pod::Pod;
use crashcart::sources::kinds::restore::Restore;
use crashcart::sources::kinds::schedule::Schedule;
use crashcart::sources::kinds::store::Store;
use crashcart::state::event::What;
use serde_json::Value;
use serde_json::json;

use crate::corpus::Corpus;
use crate::corpus::harmless;
use crate::corpus::is_hostile;

/// What is left as it is where whole worlds are made hostile: what says which zone, what to judge, and what time.
const JUDGED: [&str; 12] = [
    "namespace",
    "uid",
    "kind",
    "type",
    "status",
    "phase",
    "includedNamespaces",
    "storageLocation",
    "velero.io/schedule-name",
    "controller",
    "schedule",
    "severity",
];

fn meta(namespace: &str, name: &str) -> Value {
    json!({"namespace": namespace, "name": name, "uid": format!("u-{namespace}-{name}"), "resourceVersion": "7",
        "generation": 1, "creationTimestamp": "2026-08-01T00:00:00Z",
        "labels": {"app": name, "crashcart/run": "7f3a", "velero.io/schedule-name": "hourly-ehr"},
        "annotations": {"note": "words", "crashcart/run": "7f3a", "kustomize.toolkit.fluxcd.io/reconcile": "disabled"},
        "managedFields": [{"manager": "kubectl-edit", "operation": "Update", "time": "2026-08-15T04:00:00Z",
            "fieldsV1": {"f:spec": {"f:suspend": {}}}}],
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "ehr-api-7c9f4", "uid": "rs-1", "controller": true}]})
}

fn condition(kind: &str, status: &str) -> Value {
    json!({"type": kind, "status": status, "reason": "Because", "message": "some words of it",
        "lastTransitionTime": "2026-08-15T04:31:00Z"})
}

fn container(name: &str) -> Value {
    json!({"name": name, "image": "harbor.sth/ehr/api:4.2.1", "ready": false, "restartCount": 7,
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
        "lastState": {"terminated": {"reason": "Error", "message": "last words", "exitCode": 1, "finishedAt": "2026-08-15T04:30:00Z"}}})
}

fn pod() -> Value {
    json!({"metadata": meta("ehr", "ehr-api-7c9f4-2kx8p"),
        "spec": {"nodeName": "sth-w01", "containers": [{"name": "api", "image": "harbor.sth/ehr/api:4.2.1",
            "resources": {"limits": {"memory": "1Gi"}}}], "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]},
        "status": {"phase": "Pending", "reason": "Evicted", "message": "no room",
            "conditions": [condition("Ready", "False"), condition("PodScheduled", "False")],
            "containerStatuses": [container("api")], "initContainerStatuses": [container("init")]}})
}

fn backup(phase: &str) -> Value {
    json!({"metadata": meta("velero", "hourly-ehr-1"),
        "spec": {"includedNamespaces": ["ehr"], "excludedNamespaces": ["tmp"], "includedResources": ["pods"],
            "excludedResources": ["events"], "includedNamespaceScopedResources": ["pods"],
            "excludedNamespaceScopedResources": ["events"], "storageLocation": "sth-s3"},
        "status": {"phase": phase, "startTimestamp": "2026-08-15T03:51:00Z", "completionTimestamp": "2026-08-15T03:52:00Z",
            "expiration": "2026-09-13T00:00:00Z", "failureReason": "it went away", "validationErrors": ["not so"],
            "errors": 2, "warnings": 1, "progress": {"totalItems": 118, "itemsBackedUp": 100}}})
}

/// One object of each kind, with everything that is read of it.
fn specimens() -> Vec<(&'static str, Value)> {
    let namespace = |name: &str| {
        json!({"metadata": {"name": name, "uid": format!("n-{name}"), "labels": {"kubernetes.io/metadata.name": name}},
            "status": {"phase": "Active"}})
    };
    vec![
        ("Namespace", namespace("ehr")),
        (
            "Node",
            json!({"metadata": meta("", "sth-w01"), "spec": {"unschedulable": true},
            "status": {"conditions": [condition("Ready", "False"), condition("DiskPressure", "True")]}}),
        ),
        (
            "Deployment",
            json!({"metadata": meta("ehr", "ehr-api"), "spec": {"replicas": 3},
            "status": {"observedGeneration": 1, "replicas": 3, "readyReplicas": 1, "availableReplicas": 1,
                "conditions": [condition("Progressing", "False"), condition("ReplicaFailure", "True")]}}),
        ),
        ("Pod", pod()),
        (
            "BackupStorageLocation",
            json!({"metadata": meta("velero", "sth-s3"), "spec": {"provider": "aws", "accessMode": "ReadWrite",
            "validationFrequency": "1m"}, "status": {"phase": "Unavailable", "lastValidationTime": "2026-08-15T04:53:00Z",
            "message": "AccessDenied"}}),
        ),
        (
            "Schedule",
            json!({"metadata": meta("velero", "hourly-ehr"), "spec": {"schedule": "42 * * * *",
            "template": {"includedNamespaces": ["ehr"], "storageLocation": "sth-s3"}},
            "status": {"phase": "FailedValidation", "lastBackup": "2026-08-15T04:42:00Z", "validationErrors": ["bad cron"]}}),
        ),
        ("Backup", backup("Failed")),
        ("Backup", backup("Completed")),
        (
            "DeleteBackupRequest",
            json!({"metadata": meta("velero", "del"), "spec": {"backupName": "hourly-ehr-1"},
            "status": {"phase": "Processed", "errors": ["could not"]}}),
        ),
        (
            "Restore",
            json!({"metadata": meta("velero", "r-1"), "spec": {"backupName": "hourly-ehr-1", "includedNamespaces": ["ehr"]},
            "status": {"phase": "Failed", "startTimestamp": "2026-08-15T04:00:00Z", "failureReason": "store went away",
                "validationErrors": ["not so"]}}),
        ),
        (
            "Kustomization",
            json!({"metadata": meta("flux-system", "ehr"), "spec": {"suspend": true, "path": "./ehr",
            "interval": "10m", "targetNamespace": "ehr", "sourceRef": {"kind": "GitRepository", "name": "estate"}},
            "status": {"observedGeneration": 1, "lastHandledReconcileAt": "by hand", "lastAppliedRevision": "main@sha1:be71d04c0ffee",
                "lastAttemptedRevision": "main@sha1:c0ffeebe71d04", "conditions": [condition("Ready", "False")],
                "inventory": {"entries": [{"id": "ehr_ehr-api_apps_Deployment", "v": "v1"}]}}}),
        ),
    ]
}

fn alert() -> Value {
    json!([{"fingerprint": "f-1", "labels": {"alertname": "EhrApiReplicasLow", "severity": "critical", "namespace": "ehr",
            "deployment": "ehr-api"},
        "annotations": {"summary": "ehr-api cannot pull", "description": "long words"}, "generatorURL": "http://p/g",
        "startsAt": "2026-08-15T04:33:00Z", "updatedAt": "2026-08-15T04:53:38Z", "endsAt": "2026-08-15T04:57:38Z",
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []}},
        {"fingerprint": "f-2", "labels": {"alertname": "Watchdog", "severity": "none"}, "annotations": {},
        "startsAt": "2026-08-15T04:33:00Z", "updatedAt": "2026-08-15T04:53:38Z", "endsAt": "2026-08-15T04:57:38Z",
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []}}])
}

/// Where texts stand in a document, as JSON pointers; times are no texts.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.parse::<jiff::Timestamp>().is_err() => {
            found.push(at.to_owned());
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(member, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// Nothing hostile stands in what was parsed, as Debug shows it: controls escaped as `\r`, the others as `\u{202e}`.
pub(crate) fn parsed_safely<T: Debug>(parsed: &T, what: &str) {
    let mut words = format!("{parsed:?}");
    for plain in ["\\\\", "\\\"", "\\'"] {
        words = words.replace(plain, "");
    }
    for (at, _) in words.match_indices('\\') {
        let escape = &words[at + 1..];
        let code = escape
            .strip_prefix("u{")
            .and_then(|rest| rest.split('}').next());
        let letter = code.and_then(|code| char::from_u32(u32::from_str_radix(code, 16).ok()?));
        // Marks are escaped too, and may stand on a letter.
        assert!(
            letter.is_some_and(|letter| !is_hostile(letter)),
            "{what}: {escape:.60}"
        );
    }
    harmless(&words, what);
}

fn parse<K: Kind>(value: &Value, what: &str) -> K {
    let parsed = serde_json::from_value::<K>(value.clone());
    parsed.unwrap_or_else(|error| panic!("{what}: one odd field cost the object: {error}"))
}

fn fact(kind: &str, value: &Value, what: &str) -> Fact {
    fn one<K: Kind>(value: &Value, what: &str) -> Delta<K> {
        Delta::Apply(vec![parse(value, what)])
    }
    match kind {
        "Namespace" => Fact::Namespaces(one::<Namespace>(value, what)),
        "Node" => Fact::Nodes(one::<Node>(value, what)),
        "Deployment" => Fact::Deployments(one::<Deployment>(value, what)),
        "Pod" => Fact::Pods(one::<Pod>(value, what)),
        "BackupStorageLocation" => Fact::Stores(one::<Store>(value, what)),
        "Schedule" => Fact::Schedules(one::<Schedule>(value, what)),
        "Backup" => Fact::Backups(one::<Backup>(value, what)),
        "DeleteBackupRequest" => Fact::DeleteRequests(one::<DeleteRequest>(value, what)),
        "Restore" => Fact::Restores(one::<Restore>(value, what)),
        "Kustomization" => Fact::Kustomizations(one::<Kustomization>(value, what)),
        other => panic!("{other} is no kind"),
    }
}

/// What a cluster says when each text of it that is not judged ends in `text`, as events on its connection.
pub(crate) fn told(text: &str, number: usize, cluster: &str) -> Vec<What> {
    let generation = 1;
    let event = |fact| What::Fact {
        cluster: ClusterName::from(cluster),
        generation,
        fact,
    };
    let mut told = Vec::new();
    for (index, (kind, mut value)) in specimens().into_iter().enumerate() {
        if kind == "Namespace" {
            continue;
        }
        spoil(&mut value, text);
        value["metadata"]["uid"] = json!(format!("hostile-{number}-{index}"));
        told.push(event(fact(kind, &value, text)));
    }
    let mut alerts = alert();
    spoil(&mut alerts, text);
    let body = serde_json::to_vec(&alerts).unwrap();
    told.push(event(Fact::Alerts(alerts::read(&body).unwrap())));
    told
}

fn spoil(value: &mut Value, text: &str) {
    match value {
        Value::String(own) if own.parse::<jiff::Timestamp>().is_err() => {
            *own = format!("gotcha {text}");
        }
        Value::Array(items) => items.iter_mut().for_each(|item| spoil(item, text)),
        Value::Object(members) => {
            for (name, member) in members {
                let part = name == "status" && !member.is_string();
                if part || !JUDGED.contains(&name.as_str()) {
                    spoil(member, text);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_text_of_every_kind_is_safe_once_it_is_parsed() {
    let corpus = Corpus::read();
    let mut fields = 0;
    for (kind, specimen) in specimens() {
        let mut found = Vec::new();
        leaves(&specimen, "", &mut found);
        fields += found.len();
        for pointer in &found {
            for one in &corpus.text {
                let mut value = specimen.clone();
                *value.pointer_mut(pointer).unwrap() = json!(one.fit());
                let what = format!("{kind} {pointer} {}", one.name);
                // Labels are kept as they are, to be compared with selectors, and shown nowhere.
                if kind == "Namespace" && pointer.contains("/labels/") {
                    continue;
                }
                parsed_safely(&fact(kind, &value, &what), &what);
            }
        }
    }
    assert!(fields > 100, "{fields}");
}

#[test]
fn every_text_of_an_alert_is_safe_once_it_is_read() {
    let mut found = Vec::new();
    leaves(&alert(), "", &mut found);
    for pointer in &found {
        for one in &Corpus::read().text {
            let mut value = alert();
            *value.pointer_mut(pointer).unwrap() = json!(one.whole());
            let body = serde_json::to_vec(&value).unwrap();
            parsed_safely(
                &alerts::read(&body).unwrap(),
                &format!("{pointer} {}", one.name),
            );
        }
    }
}

#[test]
fn what_is_no_text_is_refused_or_shown_as_such() {
    let corpus = Corpus::read();
    let around =
        |middle: &[u8]| [&b"[{\"labels\":{\"alertname\":\""[..], middle, b"\"}}]"].concat();
    let mut bodies: Vec<(&str, Vec<u8>)> = Vec::new();
    for one in &corpus.bytes {
        bodies.push((&one.name, around(&one.whole())));
        bodies.push((&one.name, one.whole()));
    }
    for one in &corpus.json {
        bodies.push((&one.name, around(one.json.trim_matches('"').as_bytes())));
        bodies.push((&one.name, one.json.as_bytes().to_vec()));
    }
    for (name, body) in bodies {
        match alerts::read(&body) {
            Ok(answer) => parsed_safely(&answer, name),
            Err(words) => harmless(&words, name),
        }
    }
}

/// The name of every member of every specimen.
pub(crate) fn words() -> std::collections::BTreeSet<String> {
    fn walk(value: &Value, found: &mut std::collections::BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    found.insert(name.clone());
                    walk(member, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found = std::collections::BTreeSet::new();
    for (_, specimen) in specimens() {
        walk(&specimen, &mut found);
    }
    found
}

//! What the clusters said by 04:54Z, as facts.

use crashcart::config::ClusterName;
use crashcart::sources::alerts::Answer;
use crashcart::sources::fact::Delta;
use crashcart::sources::fact::Fact;
use crashcart::sources::fact::Greeting;
use crashcart::sources::fact::Watch;
use crashcart::sources::fact::WatchNews;
use crashcart::sources::world::World;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use crate::estate::moment;

/// The clusters of the configuration.
pub(crate) const CLUSTERS: [&str; 5] = ["sth-prod", "aws-prod", "mal-prod", "sth-dr", "lab-1"];

/// uid of a cluster's `kube-system`, as it answers and as the configuration pins it.
pub(crate) fn uid(cluster: &str) -> String {
    let place = CLUSTERS.iter().position(|name| *name == cluster).unwrap();
    format!("5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b1{place}")
}

fn swap<T: DeserializeOwned>(objects: Vec<Value>) -> Delta<T> {
    Delta::Swap(
        objects
            .into_iter()
            .map(|object| serde_json::from_value(object).unwrap())
            .collect(),
    )
}

fn meta(namespace: &str, name: &str) -> Value {
    json!({"namespace": namespace, "name": name, "uid": format!("u-{namespace}-{name}"), "generation": 1,
        "creationTimestamp": "2026-08-01T00:00:00Z"})
}

fn namespaces(names: &[&str]) -> Fact {
    let one = |name: &&str| json!({"metadata": {"name": name, "uid": format!("n-{name}"), "labels": {"kubernetes.io/metadata.name": name}}, "status": {"phase": "Active"}});
    Fact::Namespaces(swap(names.iter().map(one).collect()))
}

fn nodes(names: &[&str]) -> Fact {
    let one = |name: &&str| {
        json!({"metadata": {"name": name, "uid": format!("w-{name}")},
            "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-08-01T00:00:00Z"}]}})
    };
    Fact::Nodes(swap(names.iter().map(one).collect()))
}

fn deployment(namespace: &str, name: &str, ready: i64, wanted: i64) -> Value {
    json!({"metadata": meta(namespace, name), "spec": {"replicas": wanted},
        "status": {"observedGeneration": 1, "replicas": wanted, "readyReplicas": ready, "availableReplicas": ready}})
}

fn pod(name: &str, node: &str, down: bool) -> Value {
    let state = if down {
        json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"harbor.sth/ehr/api:4.2.1\": connect: connection refused"}})
    } else {
        json!({"running": {"startedAt": "2026-08-14T00:00:00Z"}})
    };
    let mut meta = meta("ehr", name);
    meta["ownerReferences"] = json!([{"kind": "ReplicaSet", "name": "ehr-api-7c9f4", "uid": "rs-1", "controller": true, "apiVersion": "apps/v1"}]);
    json!({"metadata": meta, "spec": {"nodeName": node, "containers": [{"name": "api", "image": "harbor.sth/ehr/api:4.2.1"}]},
        "status": {"phase": if down { "Pending" } else { "Running" },
            "conditions": [{"type": "Ready", "status": if down { "False" } else { "True" }, "lastTransitionTime": "2026-08-15T04:31:00Z"}],
            "containerStatuses": [{"name": "api", "image": "harbor.sth/ehr/api:4.2.1", "ready": !down, "restartCount": 0, "state": state}]}})
}

fn backup(name: &str, namespace: &str, store: &str, start: &str, phase: &str) -> Value {
    json!({"metadata": {"namespace": "velero", "name": name, "uid": format!("b-{name}"), "labels": {"velero.io/schedule-name": format!("hourly-{namespace}")}},
        "spec": {"includedNamespaces": [namespace], "storageLocation": store, "snapshotMoveData": true},
        "status": {"phase": phase, "startTimestamp": start, "completionTimestamp": start, "expiration": "2026-09-13T00:00:00Z",
            "progress": {"totalItems": 118, "itemsBackedUp": 118}}})
}

fn store(name: &str, phase: &str) -> Value {
    json!({"metadata": meta("velero", name), "spec": {"provider": "aws"},
        "status": {"phase": phase, "lastValidationTime": "2026-08-15T04:53:00Z", "message": if phase == "Available" { "" } else { "AccessDenied" }}})
}

fn schedule(namespace: &str, store: &str) -> Value {
    json!({"metadata": meta("velero", &format!("hourly-{namespace}")),
        "spec": {"schedule": "42 * * * *", "template": {"includedNamespaces": [namespace], "storageLocation": store}},
        "status": {"phase": "Enabled", "lastBackup": "2026-08-15T04:42:00Z"}})
}

fn kustomization(name: &str, suspend: bool) -> Value {
    json!({"metadata": meta("flux-system", name), "spec": {"suspend": suspend, "path": format!("./{name}"), "targetNamespace": name, "sourceRef": {"kind": "GitRepository", "name": "estate"}},
        "status": {"observedGeneration": 1, "lastAppliedRevision": "main@sha1:be71d04c0ffee", "conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "lastTransitionTime": "2026-08-15T04:50:00Z"}]}})
}

fn sth() -> Vec<Fact> {
    let mut pods: Vec<Value> = (0..9)
        .map(|n| pod(&format!("ehr-api-7c9f4-run{n}"), "sth-w01", false))
        .collect();
    pods.extend(
        [
            ("2kx8p", "sth-w04"),
            ("9wq2d", "sth-w09"),
            ("tz5mn", "sth-w11"),
        ]
        .map(|(name, node)| pod(&format!("ehr-api-7c9f4-{name}"), node, true)),
    );
    vec![
        namespaces(&["ehr", "pacs", "hr"]),
        nodes(&["sth-w01", "sth-w04", "sth-w09", "sth-w11"]),
        Fact::Deployments(swap(vec![
            deployment("ehr", "ehr-api", 9, 12),
            deployment("pacs", "pacs-web", 2, 2),
            deployment("hr", "hr-web", 1, 1),
        ])),
        Fact::Pods(swap(pods)),
        Fact::Stores(swap(vec![store("sth-s3", "Available")])),
        Fact::Schedules(swap(vec![
            schedule("ehr", "sth-s3"),
            schedule("pacs", "sth-s3"),
            schedule("hr", "sth-s3"),
        ])),
        Fact::Backups(swap(vec![
            backup(
                "hourly-ehr-1",
                "ehr",
                "sth-s3",
                "2026-08-15T04:51:00Z",
                "Completed",
            ),
            backup(
                "hourly-pacs-1",
                "pacs",
                "sth-s3",
                "2026-08-15T04:16:00Z",
                "Completed",
            ),
            backup(
                "hourly-hr-1",
                "hr",
                "sth-s3",
                "2026-08-15T04:03:00Z",
                "Completed",
            ),
        ])),
        Fact::Kustomizations(swap(vec![kustomization("ehr", false)])),
    ]
}

fn aws() -> Vec<Fact> {
    let mut backups = vec![backup(
        "hourly-emr-20260814234200",
        "emr",
        "eu-main",
        "2026-08-14T23:42:00Z",
        "Completed",
    )];
    backups.extend((0..5).map(|hour| {
        backup(
            &format!("hourly-emr-2026081500{hour}"),
            "emr",
            "eu-dr",
            &format!("2026-08-15T0{hour}:42:00Z"),
            "Failed",
        )
    }));
    backups.push(backup(
        "hourly-fhir-1",
        "fhir",
        "eu-main",
        "2026-08-15T04:42:00Z",
        "Completed",
    ));
    vec![
        namespaces(&["emr", "fhir"]),
        nodes(&["aws-w01", "aws-w02"]),
        Fact::Deployments(swap(vec![
            deployment("emr", "emr-web", 2, 2),
            deployment("fhir", "fhir", 3, 3),
        ])),
        Fact::Pods(swap(Vec::new())),
        Fact::Stores(swap(vec![
            store("eu-dr", "Unavailable"),
            store("eu-main", "Available"),
        ])),
        Fact::Schedules(swap(vec![
            schedule("emr", "eu-dr"),
            schedule("fhir", "eu-main"),
        ])),
        Fact::Backups(swap(backups)),
        Fact::Kustomizations(swap(vec![
            kustomization("emr", false),
            kustomization("backups", true),
        ])),
    ]
}

fn alerts(names: &[(&str, &str, &str)]) -> Answer {
    let alert = |(name, severity, object): &(&str, &str, &str)| {
        json!({"fingerprint": format!("f-{name}-{object}"), "labels": {"alertname": name, "severity": severity, "namespace": "ehr", "deployment": object, "pod": ""},
            "annotations": {"summary": "ehr-api cannot pull harbor.sth/ehr/api:4.2.1 on 3 nodes for 15m or more"},
            "startsAt": "2026-08-15T04:33:00Z", "updatedAt": "2026-08-15T04:53:38Z", "endsAt": "2026-08-15T04:57:38Z",
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": []}})
    };
    crate::estate::answer(names.iter().map(alert).collect())
}

/// The world of the night: four clusters live, lab-1 silent.
pub(crate) fn world() -> World {
    let mut world = World::default();
    for (name, facts) in [
        ("sth-prod", sth()),
        ("aws-prod", aws()),
        ("mal-prod", vec![namespaces(&["billing"])]),
        ("sth-dr", vec![namespaces(&["dr"])]),
    ] {
        let at = moment("04:53:50");
        let name = ClusterName::from(name);
        world.connect(name.clone(), 1);
        let greeting = Greeting {
            version: "v1.34.3".into(),
            uid: Some(uid(name.as_str()).as_str().into()),
            user: Some("alice@meridian.test".into()),
            groups: vec!["sre-operators".into()],
            clock_ahead_s: Some(0),
        };
        world.fold(&name, 1, Fact::Greeting(greeting), at);
        for fact in facts {
            world.fold(&name, 1, fact, at);
        }
        for watch in Watch::ALL {
            let news = match (name.as_str(), watch) {
                ("mal-prod" | "sth-dr", Watch::Kustomizations) => WatchNews::NotInstalled,
                _ => WatchNews::Synced,
            };
            world.fold(&name, 1, Fact::Watch(watch, news), at);
        }
        let firing: &[_] = match name.as_str() {
            "sth-prod" => &[
                ("Watchdog", "none", "w"),
                ("KubePodImagePull", "critical", "ehr-api"),
                ("EhrApiReplicasLow", "critical", "ehr-api"),
            ],
            _ => &[("Watchdog", "none", "w")],
        };
        world.fold(&name, 1, Fact::Alerts(alerts(firing)), at);
    }
    world
}

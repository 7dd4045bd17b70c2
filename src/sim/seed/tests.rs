//! The story as it stands at its start, and the ways out of it.

use std::time::Duration;

use super::*;
use crate::sim::clock::Clock;
use crate::sim::controllers::Controllers;
use crate::sim::store::meta;
use crate::sim::store::resources::{
    ALL, BACKUPS, BACKUPSTORAGELOCATIONS, CONFIGMAPS, DEPLOYMENTS, KUSTOMIZATIONS, NODES, PODS,
    RESTORES,
};

fn start() -> Timestamp {
    "2026-08-15T04:53:17Z".parse().unwrap()
}

fn cluster(name: &str) -> Cluster {
    let cluster = Cluster::new(name, &Clock::manual(start()), 7).unwrap();
    fill(&cluster).unwrap();
    cluster
}

/// Lets that many seconds pass, stopping wherever a controller wants to look.
fn play(cluster: &Cluster, controllers: &mut Controllers, seconds: i64) {
    let end = cluster.clock.now() + SignedDuration::from_secs(seconds);
    loop {
        let next = controllers.pass().min(end);
        let now = cluster.clock.now();
        if now >= end {
            return;
        }
        let step = Duration::try_from(next.duration_since(now)).unwrap_or_default();
        cluster.clock.advance(step.max(Duration::from_millis(50)));
    }
}

fn waits(pod: &Value) -> &str {
    meta::text(pod, "/status/containerStatuses/0/state/waiting/reason")
}

fn available(cluster: &Cluster, space: &str, name: &str) -> i64 {
    let one = cluster.store.get(&DEPLOYMENTS, Some(space), name);
    one.map_or(-1, |one| meta::number(&one, "/status/availableReplicas"))
}

#[test]
fn three_pods_of_ehr_cannot_pull_their_image() {
    let cluster = cluster("sth-prod");
    let mut controllers = Controllers::new(cluster.clone());
    controllers.pass();
    let (pods, _) = cluster.store.list(&PODS, Some("ehr"));
    let down: Vec<_> = pods
        .iter()
        .filter(|pod| waits(pod) == "ImagePullBackOff")
        .map(|pod| (meta::name(pod), meta::text(pod, "/spec/nodeName")))
        .collect();
    assert_eq!(
        down,
        [
            ("ehr-api-7c9f4-2kx8p", "sth-w04"),
            ("ehr-api-7c9f4-9wq2d", "sth-w09"),
            ("ehr-api-7c9f4-tz5mn", "sth-w11"),
        ]
    );
    assert_eq!(available(&cluster, "ehr", "ehr-api"), 9);
    let (all, _) = cluster.store.list(&PODS, None);
    assert!((105..=130).contains(&all.len()), "{} pods", all.len());
    play(&cluster, &mut controllers, 400);
    assert_eq!(available(&cluster, "ehr", "ehr-api"), 9);
    let (after, _) = cluster.store.list(&PODS, None);
    assert_eq!(after.len(), all.len());
}

#[test]
fn the_first_pass_finds_nearly_everything_as_it_should_be() {
    for name in ["sth-prod", "aws-prod", "lab-1"] {
        let cluster = cluster(name);
        let before: Vec<_> = ALL
            .iter()
            .map(|res| cluster.store.list(res, None).0.len())
            .collect();
        let mut controllers = Controllers::new(cluster.clone());
        controllers.pass();
        for (res, before) in ALL.iter().zip(before) {
            let now = cluster.store.list(res, None).0.len();
            let lease = res.plural == "leases";
            assert!(
                lease || now == before,
                "{name} {}: {before} to {now}",
                res.plural
            );
        }
        let (deployments, _) = cluster.store.list(&DEPLOYMENTS, None);
        for one in deployments {
            let down = meta::number(&one, "/status/unavailableReplicas");
            let known = ["ehr-api", "billing-api"].contains(&meta::name(&one));
            assert_eq!(down == 0, !known, "{name} {}", meta::name(&one));
        }
        let rv = cluster.store.rv();
        controllers.pass();
        assert_eq!(cluster.store.rv(), rv, "{name} is not at rest");
    }
}

#[test]
fn an_image_pull_recovers_when_the_registry_answers() {
    let cluster = cluster("sth-prod");
    let mut controllers = Controllers::new(cluster.clone());
    let reachable = |node: &mut Value| node["metadata"]["annotations"] = json!({});
    for name in ["sth-w04", "sth-w09", "sth-w11"] {
        cluster.store.update(&NODES, None, name, reachable).unwrap();
    }
    play(&cluster, &mut controllers, 5);
    assert_eq!(available(&cluster, "ehr", "ehr-api"), 12);
}

#[test]
fn a_restore_of_billing_brings_everything_back() {
    let cluster = cluster("sth-prod");
    let mut controllers = Controllers::new(cluster.clone());
    controllers.pass();
    assert_eq!(available(&cluster, "billing", "billing-api"), 0);
    assert_eq!(available(&cluster, "billing", "billing-print"), -1);
    let (backups, _) = cluster.store.list(&BACKUPS, Some("velero"));
    let newest = backups
        .iter()
        .filter(|backup| meta::name(backup).starts_with("fourhourly-billing-"))
        .max_by_key(|backup| meta::text(backup, "/status/startTimestamp").to_owned())
        .unwrap();
    let restore = json!({
        "metadata": {"name": "r1", "namespace": "velero"},
        "spec": {"backupName": meta::name(newest), "includedNamespaces": ["billing"]},
    });
    cluster
        .store
        .create(&RESTORES, Some("velero"), restore)
        .unwrap();
    play(&cluster, &mut controllers, 10);
    let restore = cluster.store.get(&RESTORES, Some("velero"), "r1").unwrap();
    assert_eq!(
        restore["status"]["phase"], "Completed",
        "{}",
        restore["status"]
    );
    let (maps, _) = cluster.store.list(&CONFIGMAPS, Some("billing"));
    assert_eq!(maps.len(), 8);
    let forms = maps
        .iter()
        .find(|map| meta::name(map) == "billing-forms")
        .unwrap();
    assert_eq!(forms["metadata"]["labels"]["velero.io/restore-name"], "r1");
    assert_eq!(available(&cluster, "billing", "billing-api"), 3);
    assert_eq!(available(&cluster, "billing", "billing-print"), 2);
    // The three pods of billing-api and the cleanup job are younger than the backup.
    let total = meta::number(&restore, "/status/progress/totalItems");
    let made = cluster.store.list(&CONFIGMAPS, Some("billing")).0;
    let made = made
        .iter()
        .filter(|map| !map["metadata"]["labels"]["velero.io/restore-name"].is_null());
    assert_eq!((made.count(), total), (6, 37));
    let (pods, _) = cluster.store.list(&PODS, Some("billing"));
    let of_print = |pod: &&Arc<Value>| meta::name(pod).starts_with("billing-print");
    assert_eq!(pods.iter().filter(of_print).count(), 2);
}

#[test]
fn the_points_of_emr_tell_why_each_counts_or_not() {
    let cluster = cluster("aws-prod");
    let mut controllers = Controllers::new(cluster.clone());
    controllers.pass();
    let (backups, _) = cluster.store.list(&BACKUPS, Some("velero"));
    let mut phases: Vec<_> = backups
        .iter()
        .filter(|backup| meta::name(backup).starts_with("hourly-emr-"))
        .map(|b| {
            (
                meta::text(b, "/status/startTimestamp"),
                meta::text(b, "/status/phase"),
            )
        })
        .collect();
    phases.sort_unstable();
    phases.reverse();
    let words: Vec<_> = phases.iter().map(|(_, phase)| *phase).take(8).collect();
    let bad = ["Failed"; 5];
    assert_eq!(words[..5], bad);
    assert_eq!(words[5..], ["Completed", "PartiallyFailed", "Completed"]);
    assert_eq!(phases[5].0, "2026-08-14T23:41:00Z");
    let dr = cluster
        .store
        .get(&BACKUPSTORAGELOCATIONS, Some("velero"), "eu-dr")
        .unwrap();
    assert_eq!(dr["status"]["phase"], "Unavailable");
    let held = cluster
        .store
        .get(&KUSTOMIZATIONS, Some("flux-system"), "backups")
        .unwrap();
    assert_eq!(held["spec"]["suspend"], true);
    assert_eq!(lost(&cluster).len(), 41);
    cluster.clock.advance(Duration::from_secs(47 * 60));
    play(&cluster, &mut controllers, 60);
    let (after, _) = cluster.store.list(&BACKUPS, Some("velero"));
    assert_eq!(after.len(), backups.len() + 2);
    let newest = cluster
        .store
        .get(&BACKUPS, Some("velero"), "hourly-emr-20260815054100");
    assert_eq!(newest.unwrap()["status"]["phase"], "FailedValidation");
    let newest = cluster
        .store
        .get(&BACKUPS, Some("velero"), "hourly-fhir-20260815054100");
    assert_eq!(newest.unwrap()["status"]["phase"], "Completed");
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    let journal = || {
        let cluster = cluster("sth-prod");
        let mut controllers = Controllers::new(cluster.clone());
        play(&cluster, &mut controllers, 30);
        let (pods, _) = cluster.store.list(&PODS, Some("hr"));
        let name = meta::name(pods.first().unwrap()).to_owned();
        let now = crate::sim::store::Preconditions::now();
        cluster.store.delete(&PODS, Some("hr"), &name, now).unwrap();
        play(&cluster, &mut controllers, 90);
        let all = ALL.iter().map(|res| cluster.store.list(res, None).0);
        (cluster.store.rv(), all.collect::<Vec<_>>())
    };
    assert_eq!(journal(), journal());
}

#[test]
fn every_namespace_is_in_a_zone_or_outside() {
    let zones: toml::Table = zones_toml().parse().unwrap();
    assert_eq!(zones["zone"].as_array().unwrap().len(), 3);
    for name in ["sth-prod", "aws-prod", "lab-1"] {
        let (spaces, _) = cluster(name).store.list(&NAMESPACES, None);
        for space in spaces {
            let known = ["emr", "fhir"].contains(&meta::name(&space))
                || !space["metadata"]["labels"]["zone"].is_null()
                || OUTSIDE.contains(&meta::name(&space));
            assert!(known, "{name} {}", meta::name(&space));
        }
    }
}

#[test]
fn no_schedule_is_due_when_the_story_begins_at_any_hour() {
    for hour in [0, 1, 7, 22, 23] {
        let start = format!("2026-08-15T{hour:02}:20:59Z").parse().unwrap();
        let cluster = Cluster::new("sth-prod", &Clock::manual(start), 7).unwrap();
        fill(&cluster).unwrap();
        let before = cluster.store.list(&BACKUPS, None).0.len();
        let mut controllers = Controllers::new(cluster.clone());
        play(&cluster, &mut controllers, 1);
        cluster.clock.advance(Duration::from_secs(20 * 60));
        play(&cluster, &mut controllers, 1);
        assert_eq!(cluster.store.list(&BACKUPS, None).0.len(), before, "{hour}");
        cluster.clock.advance(Duration::from_secs(2 * 60));
        play(&cluster, &mut controllers, 1);
        let after = cluster.store.list(&BACKUPS, None).0.len();
        assert_eq!(after, before + 2, "{hour}");
    }
}

//! Velero on a manual clock: backups, restores, and what stops them.

use super::*;
use crate::sim::store::resources::{
    BACKUPS, DELETEBACKUPREQUESTS, RESTORES, SCHEDULES, SERVERSTATUSREQUESTS,
};

#[test]
fn a_restore_brings_a_lost_object_back_with_a_new_uid() {
    let mut lab = Lab::new();
    lab.map("kept");
    lab.map("lost");
    lab.velero(&BACKUPS, "b1", &json!({"includedNamespaces": ["shop"]}));
    lab.play(1);
    assert_eq!(lab.phase(&BACKUPS, "b1"), "InProgress");
    lab.play(3);
    assert_eq!(lab.phase(&BACKUPS, "b1"), "Completed");
    let old = lab.store().get(&CONFIGMAPS, Some("shop"), "lost").unwrap();
    lab.store()
        .delete(&CONFIGMAPS, Some("shop"), "lost", Preconditions::now())
        .unwrap();
    let change = |value: &mut Value| value["data"]["a"] = json!("c");
    lab.store()
        .update(&CONFIGMAPS, Some("shop"), "kept", change)
        .unwrap();
    lab.velero(&RESTORES, "r1", &json!({"backupName": "b1"}));
    lab.play(5);
    assert_eq!(lab.phase(&RESTORES, "r1"), "Completed");
    let new = lab.store().get(&CONFIGMAPS, Some("shop"), "lost").unwrap();
    assert_ne!(meta::uid(&new), meta::uid(&old));
    assert_eq!(new["metadata"]["labels"]["velero.io/backup-name"], "b1");
    let kept = lab.store().get(&CONFIGMAPS, Some("shop"), "kept").unwrap();
    assert_eq!(kept["data"]["a"], "c");
    let restore = lab.store().get(&RESTORES, VELERO, "r1").unwrap();
    assert_eq!(restore["status"]["warnings"], 1);
    lab.store()
        .delete(&RESTORES, VELERO, "r1", Preconditions::now())
        .unwrap();
    lab.play(2);
    assert!(lab.store().get(&RESTORES, VELERO, "r1").is_none());
    assert!(lab.store().get(&CONFIGMAPS, Some("shop"), "lost").is_some());
}

#[test]
fn a_restore_keeps_to_its_filters_and_mapping() {
    let mut lab = Lab::new();
    lab.map("one");
    lab.deploy(&web(), &json!({}));
    lab.velero(&BACKUPS, "b1", &json!({"includedNamespaces": ["shop"]}));
    lab.play(5);
    let spec = json!({
        "backupName": "b1", "includedNamespaces": ["shop"], "includedResources": ["configmaps"],
        "namespaceMapping": {"shop": "drill"},
    });
    lab.velero(&RESTORES, "r1", &spec);
    lab.play(5);
    assert!(lab.store().get(&CONFIGMAPS, Some("drill"), "one").is_some());
    assert!(
        lab.store()
            .get(&DEPLOYMENTS, Some("drill"), "web")
            .is_none()
    );
    lab.velero(&RESTORES, "r2", &json!({"backupName": "nothing"}));
    lab.play(2);
    assert_eq!(lab.phase(&RESTORES, "r2"), "FailedValidation");
}

#[test]
fn a_store_that_refuses_fails_backups_and_restores() {
    let mut lab = Lab::new();
    lab.map("one");
    lab.velero(&BACKUPS, "good", &json!({"includedNamespaces": ["shop"]}));
    lab.play(5);
    lab.velero(&BACKUPS, "cut", &json!({"includedNamespaces": ["shop"]}));
    lab.play(1);
    lab.refuse("AccessDenied");
    lab.play(5);
    assert_eq!(lab.phase(&BACKUPS, "cut"), "Failed");
    lab.play(70);
    assert_eq!(lab.phase(&BACKUPSTORAGELOCATIONS, "lab-s3"), "Unavailable");
    lab.velero(&BACKUPS, "late", &json!({"includedNamespaces": ["shop"]}));
    lab.velero(&RESTORES, "r1", &json!({"backupName": "good"}));
    lab.play(2);
    assert_eq!(lab.phase(&BACKUPS, "late"), "FailedValidation");
    assert_eq!(lab.phase(&RESTORES, "r1"), "FailedValidation");
    assert_eq!(lab.phase(&BACKUPS, "good"), "Completed");
}

#[test]
fn only_a_delete_request_deletes_a_backup() {
    let mut lab = Lab::new();
    lab.velero(&BACKUPS, "b1", &json!({"includedNamespaces": ["shop"]}));
    lab.play(5);
    lab.store()
        .delete(&BACKUPS, VELERO, "b1", Preconditions::now())
        .unwrap();
    lab.play(65);
    assert_eq!(lab.phase(&BACKUPS, "b1"), "Completed");
    lab.velero(&DELETEBACKUPREQUESTS, "d1", &json!({"backupName": "b1"}));
    lab.play(65);
    assert!(lab.store().get(&BACKUPS, VELERO, "b1").is_none());
}

#[test]
fn a_schedule_runs_on_time_unless_the_server_is_gone() {
    let mut lab = Lab::new();
    let template = json!({"includedNamespaces": ["shop"]});
    let spec = json!({"schedule": "*/5 * * * *", "template": template});
    lab.velero(&SCHEDULES, "often", &spec);
    lab.velero(&SERVERSTATUSREQUESTS, "s1", &json!({}));
    lab.play(110);
    assert_eq!(lab.phase(&BACKUPS, "often-20260815045500"), "Completed");
    let none = |value: &mut Value| value["spec"]["replicas"] = json!(0);
    lab.store()
        .update(&DEPLOYMENTS, VELERO, "velero", none)
        .unwrap();
    lab.velero(&SERVERSTATUSREQUESTS, "s2", &json!({}));
    lab.play(300);
    assert!(
        lab.store()
            .get(&BACKUPS, VELERO, "often-20260815050000")
            .is_none()
    );
    assert_eq!(lab.phase(&SERVERSTATUSREQUESTS, "s2"), "");
}

#[test]
fn a_deleted_namespace_comes_back_whole() {
    let mut lab = Lab::new();
    lab.map("one");
    lab.deploy(&web(), &json!({}));
    lab.play(7);
    lab.velero(&BACKUPS, "b1", &json!({"includedNamespaces": ["shop"]}));
    lab.play(5);
    let now = Preconditions::now();
    lab.store().delete(&NAMESPACES, None, "shop", now).unwrap();
    for _ in 0..4 {
        crate::sim::store::lifecycle::sweep(lab.store());
        lab.play(2);
    }
    assert!(lab.store().get(&NAMESPACES, None, "shop").is_none());
    lab.velero(&RESTORES, "r1", &json!({"backupName": "b1"}));
    lab.play(12);
    let restore = lab.store().get(&RESTORES, VELERO, "r1").unwrap();
    assert_eq!(
        restore["status"]["phase"], "Completed",
        "{}",
        restore["status"]
    );
    assert!(lab.store().get(&CONFIGMAPS, Some("shop"), "one").is_some());
    assert_eq!(lab.deployment()["status"]["availableReplicas"], 2);
    assert_eq!(lab.pods().len(), 2);
}

#[test]
fn backups_wait_for_each_other() {
    let mut lab = Lab::new();
    for name in ["b1", "b2", "b3"] {
        lab.velero(&BACKUPS, name, &json!({"includedNamespaces": ["shop"]}));
    }
    lab.play(1);
    let phases = |lab: &Lab| ["b1", "b2", "b3"].map(|name| lab.phase(&BACKUPS, name));
    assert_eq!(phases(&lab), ["InProgress", "Queued", "Queued"]);
    let third = lab.store().get(&BACKUPS, VELERO, "b3").unwrap();
    assert_eq!(third["status"]["queuePosition"], 2);
    lab.play(3);
    assert_eq!(phases(&lab), ["Completed", "InProgress", "Queued"]);
    lab.play(7);
    assert_eq!(phases(&lab), ["Completed"; 3]);
    let third = lab.store().get(&BACKUPS, VELERO, "b3").unwrap();
    assert_eq!(third["status"]["queuePosition"], Value::Null);
}

#[test]
fn a_backup_that_loses_a_volume_is_partially_failed() {
    let mut lab = Lab::new();
    let unsaved = |value: &mut Value| {
        value["metadata"]["annotations"] = json!({format!("{TROUBLE}/unsaved"): "disk error"});
    };
    let claims = &crate::sim::store::resources::PERSISTENTVOLUMECLAIMS;
    lab.store()
        .update(claims, Some("cohort"), "data-cohort-db-0", unsaved)
        .unwrap();
    let spec = json!({"includedNamespaces": ["cohort"], "snapshotMoveData": true});
    lab.velero(&BACKUPS, "b1", &spec);
    let mut seen = Vec::new();
    for _ in 0..80 {
        lab.cluster.clock.advance(Duration::from_millis(100));
        lab.controllers.pass();
        let phase = lab.phase(&BACKUPS, "b1");
        if seen.last() != Some(&phase) {
            seen.push(phase);
        }
    }
    let wanted = [
        "InProgress",
        "WaitingForPluginOperationsPartiallyFailed",
        "FinalizingPartiallyFailed",
        "PartiallyFailed",
    ];
    assert_eq!(seen, wanted);
    let backup = lab.store().get(&BACKUPS, VELERO, "b1").unwrap();
    assert_eq!(backup["status"]["errors"], 1);
    assert_eq!(backup["status"]["backupItemOperationsFailed"], 1);
}

#[test]
fn what_ran_when_the_server_went_is_failed_when_it_is_back() {
    let mut lab = Lab::new();
    lab.velero(&BACKUPS, "b1", &json!({"includedNamespaces": ["shop"]}));
    lab.play(1);
    assert_eq!(lab.phase(&BACKUPS, "b1"), "InProgress");
    let scale = |count: u64| move |value: &mut Value| value["spec"]["replicas"] = json!(count);
    lab.store()
        .update(&DEPLOYMENTS, VELERO, "velero", scale(0))
        .unwrap();
    lab.play(10);
    assert_eq!(lab.phase(&BACKUPS, "b1"), "InProgress");
    lab.store()
        .update(&DEPLOYMENTS, VELERO, "velero", scale(1))
        .unwrap();
    lab.play(10);
    let backup = lab.store().get(&BACKUPS, VELERO, "b1").unwrap();
    assert_eq!(backup["status"]["phase"], "Failed");
    let why = backup["status"]["failureReason"].as_str().unwrap();
    assert!(
        why.starts_with("found a backup with status \"InProgress\" during the server starting")
    );
}

#[test]
fn an_expired_backup_is_collected_with_its_data() {
    let mut lab = Lab::new();
    let spec = json!({"includedNamespaces": ["shop"], "ttl": "1h0m0s"});
    lab.velero(&BACKUPS, "b1", &spec);
    lab.play(5);
    assert_eq!(lab.phase(&BACKUPS, "b1"), "Completed");
    lab.cluster.clock.advance(Duration::from_secs(3600));
    lab.play(70);
    assert!(lab.store().get(&BACKUPS, VELERO, "b1").is_none());
}

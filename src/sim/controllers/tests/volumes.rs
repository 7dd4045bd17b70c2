//! Volumes of pods on a manual clock: read by the agent of the node, brought back into a waiting pod.

use super::*;
use crate::sim::store::resources::{
    BACKUPS, NODES, PERSISTENTVOLUMECLAIMS, PODVOLUMEBACKUPS, PODVOLUMERESTORES, RESTORES,
};

/// A pod `one` in `shop` that mounts a claim of 40 GiB, whose copy takes twenty seconds.
fn mounted(lab: &mut Lab) {
    let claim = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "40Gi"}}},
    });
    lab.store()
        .create(&PERSISTENTVOLUMECLAIMS, Some("shop"), claim)
        .unwrap();
    let volume = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    let pod =
        json!({"metadata": {"name": "one"}, "spec": {"containers": [web()], "volumes": volume}});
    lab.store().create(&PODS, Some("shop"), pod).unwrap();
    lab.play(7);
}

fn mark(lab: &Lab, key: &str, words: &str) {
    let change = |value: &mut Value| {
        value["metadata"]["annotations"] = json!({format!("{TROUBLE}/{key}"): words});
    };
    lab.store()
        .update(&PERSISTENTVOLUMECLAIMS, Some("shop"), "data", change)
        .unwrap();
}

fn back_up(lab: &mut Lab) {
    let spec = json!({"includedNamespaces": ["shop"], "defaultVolumesToFsBackup": true});
    lab.velero(&BACKUPS, "b1", &spec);
}

fn only(lab: &Lab, res: &'static crate::sim::store::Resource) -> Arc<Value> {
    let (all, _) = lab.store().list(res, VELERO);
    assert_eq!(all.len(), 1, "{all:?}");
    Arc::clone(&all[0])
}

/// The phases that the one object of a kind goes through in so many seconds.
fn phases(lab: &mut Lab, res: &'static crate::sim::store::Resource, seconds: u64) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..seconds * 5 {
        lab.cluster.clock.advance(Duration::from_millis(200));
        lab.controllers.pass();
        let (all, _) = lab.store().list(res, VELERO);
        let phase = all.first().map(|one| meta::text(one, "/status/phase"));
        if let Some(phase) = phase
            && seen.last().is_none_or(|last| last != phase)
        {
            seen.push(phase.to_owned());
        }
    }
    seen
}

#[test]
fn a_backup_waits_for_the_volumes_that_agents_read() {
    let mut lab = Lab::new();
    mounted(&mut lab);
    back_up(&mut lab);
    lab.play(14);
    let volume = only(&lab, &PODVOLUMEBACKUPS);
    assert_eq!(volume["status"]["phase"], "InProgress");
    assert_eq!(volume["status"]["progress"]["totalBytes"], 10_i64 << 30);
    assert_eq!(volume["status"]["progress"]["bytesDone"], 5_i64 << 30);
    assert_eq!(lab.phase(&BACKUPS, "b1"), "InProgress");
    lab.play(12);
    assert_eq!(lab.phase(&BACKUPS, "b1"), "Completed");
    let volume = only(&lab, &PODVOLUMEBACKUPS);
    assert_eq!(volume["status"]["phase"], "Completed");
    assert_eq!(volume["metadata"]["labels"]["velero.io/backup-name"], "b1");
    assert_eq!(volume["status"]["progress"]["bytesDone"], 10_i64 << 30);
    assert_eq!(meta::text(&volume, "/status/snapshotID").len(), 32);
    let backup = lab.store().get(&BACKUPS, VELERO, "b1").unwrap();
    assert!(backup["status"]["backupItemOperationsAttempted"].is_null());
    lab.store()
        .delete(&BACKUPS, VELERO, "b1", Preconditions::now())
        .unwrap();
    crate::sim::store::lifecycle::sweep(lab.store());
    assert!(lab.store().list(&PODVOLUMEBACKUPS, VELERO).0.is_empty());
}

#[test]
fn a_volume_that_cannot_be_read_costs_the_backup_its_completeness() {
    let mut lab = Lab::new();
    mounted(&mut lab);
    mark(&lab, "unsaved", "disk error");
    back_up(&mut lab);
    let seen = phases(&mut lab, &PODVOLUMEBACKUPS, 8);
    assert_eq!(seen, ["Accepted", "Prepared", "InProgress", "Failed"]);
    let volume = only(&lab, &PODVOLUMEBACKUPS);
    assert_eq!(
        volume["status"]["message"],
        "data path backup failed: disk error"
    );
    let backup = lab.store().get(&BACKUPS, VELERO, "b1").unwrap();
    assert_eq!(backup["status"]["phase"], "PartiallyFailed");
    assert_eq!(backup["status"]["errors"], 1);
}

#[test]
fn a_node_that_is_not_ready_has_no_agent() {
    let mut lab = Lab::new();
    mounted(&mut lab);
    let pod = lab.store().get(&PODS, Some("shop"), "one").unwrap();
    let node = meta::text(&pod, "/spec/nodeName");
    let dead = |value: &mut Value| {
        value["metadata"]["annotations"] =
            json!({format!("{TROUBLE}/down"): "the runtime is down"});
    };
    lab.store().update(&NODES, None, node, dead).unwrap();
    lab.play(1);
    back_up(&mut lab);
    lab.play(5);
    assert!(lab.store().list(&PODVOLUMEBACKUPS, VELERO).0.is_empty());
    let backup = lab.store().get(&BACKUPS, VELERO, "b1").unwrap();
    assert_eq!(backup["status"]["phase"], "PartiallyFailed");
}

/// A lab whose pod was backed up and lost, and is being restored.
fn restored(lab: &mut Lab) {
    mounted(lab);
    back_up(lab);
    lab.play(30);
    lab.store()
        .delete(&PODS, Some("shop"), "one", Preconditions::now())
        .unwrap();
    lab.velero(&RESTORES, "r1", &json!({"backupName": "b1"}));
}

#[test]
fn a_restored_pod_waits_until_its_volumes_have_their_data() {
    let mut lab = Lab::new();
    restored(&mut lab);
    lab.play(15);
    let pod = lab.store().get(&PODS, Some("shop"), "one").unwrap();
    assert_eq!(conditions::status(&pod, "Initialized"), "False");
    assert_eq!(pod["status"]["phase"], "Pending");
    let volume = only(&lab, &PODVOLUMERESTORES);
    assert_eq!(volume["status"]["phase"], "InProgress");
    assert_eq!(volume["status"]["node"], pod["spec"]["nodeName"]);
    assert_eq!(volume["spec"]["pod"]["uid"], pod["metadata"]["uid"]);
    assert_eq!(volume["spec"]["sourceNamespace"], "shop");
    assert_eq!(lab.phase(&RESTORES, "r1"), "InProgress");
    lab.play(20);
    assert_eq!(
        only(&lab, &PODVOLUMERESTORES)["status"]["phase"],
        "Completed"
    );
    assert_eq!(lab.phase(&RESTORES, "r1"), "Completed");
    let pod = lab.store().get(&PODS, Some("shop"), "one").unwrap();
    assert_eq!(conditions::status(&pod, "Initialized"), "True");
    assert_eq!(conditions::status(&pod, "Ready"), "True");
    // What is there already keeps its data: nothing is asked for again.
    lab.velero(&RESTORES, "r2", &json!({"backupName": "b1"}));
    lab.play(10);
    assert_eq!(lab.phase(&RESTORES, "r2"), "Completed");
    only(&lab, &PODVOLUMERESTORES);
}

#[test]
fn a_volume_that_does_not_come_back_leaves_the_pod_waiting() {
    let mut lab = Lab::new();
    restored(&mut lab);
    mark(&lab, "unrestored", "repository is locked");
    let seen = phases(&mut lab, &PODVOLUMERESTORES, 12);
    assert_eq!(seen.last().unwrap(), "Failed");
    let restore = lab.store().get(&RESTORES, VELERO, "r1").unwrap();
    assert_eq!(restore["status"]["phase"], "PartiallyFailed");
    assert_eq!(restore["status"]["errors"], 1);
    let results = lab
        .controllers
        .vault
        .results("restore-r1-results.gz")
        .unwrap();
    let words = "pod volume restore failed: data path restore failed: repository is locked";
    assert_eq!(results["errors"]["namespaces"]["shop"][0], words);
    let pod = lab.store().get(&PODS, Some("shop"), "one").unwrap();
    assert_eq!(conditions::status(&pod, "Initialized"), "False");
}

#[test]
fn a_server_that_went_cancels_the_copies_that_ran() {
    let mut lab = Lab::new();
    mounted(&mut lab);
    back_up(&mut lab);
    lab.play(5);
    let scale = |count: u64| move |value: &mut Value| value["spec"]["replicas"] = json!(count);
    for count in [0, 1] {
        lab.store()
            .update(&DEPLOYMENTS, VELERO, "velero", scale(count))
            .unwrap();
        lab.play(10);
    }
    assert_eq!(lab.phase(&BACKUPS, "b1"), "Failed");
    let volume = only(&lab, &PODVOLUMEBACKUPS);
    assert_eq!(volume["spec"]["cancel"], true);
    assert_eq!(volume["status"]["phase"], "Canceled");
}

#[test]
fn a_restored_pod_for_whose_volumes_nothing_is_asked_waits_for_ever() {
    let mut lab = Lab::new();
    restored(&mut lab);
    lab.play(15);
    let asked = only(&lab, &PODVOLUMERESTORES);
    lab.store()
        .delete(
            &PODVOLUMERESTORES,
            VELERO,
            meta::name(&asked),
            Preconditions::now(),
        )
        .unwrap();
    lab.play(120);
    let pod = lab.store().get(&PODS, Some("shop"), "one").unwrap();
    assert_eq!(conditions::status(&pod, "Initialized"), "False");
    assert_eq!(pod["status"]["phase"], "Pending");
}

#[test]
fn a_backup_whose_agent_went_with_its_node_gives_up_after_four_hours() {
    let mut lab = Lab::new();
    mounted(&mut lab);
    back_up(&mut lab);
    lab.play(10);
    let copy = only(&lab, &PODVOLUMEBACKUPS);
    assert_eq!(copy["status"]["phase"], "InProgress");
    let node = meta::text(&copy, "/spec/node").to_owned();
    let gone = json!({format!("{TROUBLE}/down"): "unreachable"});
    let change = |value: &mut Value| value["metadata"]["annotations"] = gone.clone();
    lab.store().update(&NODES, None, &node, change).unwrap();
    lab.play(3 * 3600);
    assert_eq!(lab.phase(&BACKUPS, "b1"), "InProgress");
    assert_eq!(
        only(&lab, &PODVOLUMEBACKUPS)["status"]["phase"],
        "InProgress"
    );
    lab.play(3660);
    let backup = lab.store().get(&BACKUPS, VELERO, "b1").unwrap();
    assert_eq!(backup["status"]["phase"], "PartiallyFailed");
    assert_eq!(backup["status"]["errors"], 1);
}

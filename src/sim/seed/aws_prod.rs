//! aws-prod, in the cloud: `emr` has no good backup for five hours, since its schedule was
//! changed by hand to a store that refuses, and the Kustomization that would undo that is held.

use serde_json::{Value, json};

use crate::sim::controllers::velero::SPACE;
use crate::sim::store::Refusal;
use crate::sim::store::resources::{BACKUPS, DELETEBACKUPREQUESTS, KUSTOMIZATIONS, SCHEDULES};

use super::sth_prod::quota;
use super::velero::{Line, location};
use super::workloads::{Workload, nodes};
use super::{DAY, Story, config_map, platform, secret};

/// What the second store answers.
const REFUSED: &str = "BackupStorageLocation \"eu-dr\" is unavailable: rpc error: code = Unknown \
    desc = operation error S3: ListObjectsV2, https response error StatusCode: 403, api error \
    AccessDenied: Access Denied";
/// Minutes since the last run of the schedules.
const LAST: i64 = 12;
/// Runs that failed since the schedule was changed.
const FAILED: i64 = 5;
/// What the Kustomization `backups` keeps.
const BACKUPS_KEPT: [&str; 2] = [
    "velero_hourly-emr_velero.io_Schedule",
    "velero_hourly-fhir_velero.io_Schedule",
];
/// Config maps of emr that are gone.
const LOST: i64 = 41;

pub(super) fn fill(story: &Story<'_>) -> Result<(), Refusal> {
    let names: Vec<_> = (1..=7).map(|n| format!("ip-10-40-1-{}", 20 + n)).collect();
    let labels = json!({
        "topology.kubernetes.io/zone": "eu-north-1a", "eks.amazonaws.com/nodegroup": "general",
    });
    nodes(story, &names, &labels, ("", &[]))?;
    platform::fill(story)?;
    for space in ["emr", "fhir"] {
        story.namespace(space, &json!({"app": space}))?;
    }
    for (space, name, replicas) in [
        ("emr", "emr-api", 6),
        ("emr", "emr-web", 6),
        ("emr", "emr-worker", 8),
        ("fhir", "fhir-server", 6),
        ("fhir", "fhir-gateway", 4),
    ] {
        let image = format!("registry.meridian.test/{space}/{name}:3.1.0");
        Workload::new(space, name, replicas, &image).run(story)?;
    }
    for space in ["emr", "fhir"] {
        let name = format!("{space}-db");
        let image = "registry.meridian.test/postgres:17.5";
        Workload::new(space, &name, 1, image).run_numbered(story, "200Gi")?;
        story.config_map(config_map(
            story,
            space,
            &format!("{space}-app"),
            ("app.yaml", "log: info\n"),
        ))?;
        story.secret(secret(story, space, &name, "password"))?;
    }
    quota(story, "emr", ("32", "22"), ("128Gi", "74Gi"), ("96", "61"))?;
    location(story, "eu-main", true, "", 0)?;
    emr_store(story)?;
    fhir().write(story)?;
    platform::in_step(
        story,
        "emr",
        &["emr_emr-api_apps_Deployment", "emr_emr-web_apps_Deployment"],
    )?;
    if story.quiet() {
        return platform::in_step(story, "backups", &BACKUPS_KEPT);
    }
    held(story)
}

/// The second store and the points of emr: refused for five hours, unless all is quiet.
fn emr_store(story: &Story<'_>) -> Result<(), Refusal> {
    if story.quiet() {
        for map in forms(story) {
            story.config_map(map)?;
        }
        location(story, "eu-dr", false, "", 0)?;
        let line = Line {
            name: "hourly-emr",
            space: "emr",
            store: "eu-main",
            hours: 1,
            last: LAST,
            kept: 48,
        };
        return line.write(story);
    }
    location(story, "eu-dr", false, REFUSED, FAILED * 60)?;
    emr_backups(story)
}

fn fhir() -> Line<'static> {
    Line {
        name: "hourly-fhir",
        space: "fhir",
        store: "eu-main",
        hours: 1,
        last: LAST,
        kept: 48,
    }
}

/// The schedule of emr and its points: five failed, then good ones in the other store.
fn emr_backups(story: &Story<'_>) -> Result<(), Refusal> {
    let line = Line {
        name: "hourly-emr",
        space: "emr",
        store: "eu-dr",
        hours: 1,
        last: LAST,
        kept: 94,
    };
    let mut schedule = line.schedule(story);
    let by_hand = json!({
        "f:spec": {"f:template": {"f:storageLocation": {}, "f:ttl": {}}},
    });
    let by_git = json!({
        "f:spec": {"f:schedule": {}, "f:template": {
            "f:includedNamespaces": {}, "f:snapshotMoveData": {}}},
    });
    schedule["metadata"]["managedFields"] = json!([
        manager(
            ("kustomize-controller", "Apply"),
            &story.stamp(9 * DAY),
            &by_git
        ),
        manager(
            ("kubectl-edit", "Update"),
            &story.stamp(LAST + 4 * 60 + 30),
            &by_hand
        ),
    ]);
    story.add(&SCHEDULES, schedule)?;
    emr_points(story, &line)
}

fn emr_points(story: &Story<'_>, line: &Line<'_>) -> Result<(), Refusal> {
    for nth in 0..FAILED {
        let mut point = line.point(story, nth, "Failed", "eu-dr");
        point["status"]["failureReason"] =
            json!(format!("error uploading backup contents: {REFUSED}"));
        point["status"]["errors"] = json!(1);
        story.add(&BACKUPS, point)?;
    }
    for nth in FAILED..line.kept {
        // One point lacks a volume; the rest is whole.
        let phase = if nth == FAILED + 1 {
            "PartiallyFailed"
        } else {
            "Completed"
        };
        let mut point = line.point(story, nth, phase, "eu-main");
        if phase == "PartiallyFailed" {
            point["status"]["errors"] = json!(1);
            point["status"]["volumeSnapshotsAttempted"] = json!(1);
        } else {
            point["status"]["warnings"] = json!(2);
        }
        story.add(&BACKUPS, point)?;
    }
    let going = line.point(story, FAILED + 2, "Completed", "eu-main");
    let name = going["metadata"]["name"].clone();
    let request = json!({
        "metadata": {
            "name": format!("{}-x7k2p", name.as_str().unwrap_or("")), "namespace": SPACE,
            "labels": {"velero.io/backup-name": name},
            "creationTimestamp": story.stamp(32),
        },
        "spec": {"backupName": name},
        "status": {"phase": "InProgress"},
    });
    story.add(&DELETEBACKUPREQUESTS, request).map(drop)
}

fn manager((name, operation): (&str, &str), at: &str, fields: &Value) -> Value {
    json!({
        "manager": name, "operation": operation, "apiVersion": "velero.io/v1", "time": at,
        "fieldsType": "FieldsV1", "fieldsV1": fields,
    })
}

/// The Kustomization of the backups, suspended nine days ago by carol.
fn held(story: &Story<'_>) -> Result<(), Refusal> {
    let mut one = platform::kustomization(story, "backups", &BACKUPS_KEPT, 9 * DAY);
    let at = story.stamp(9 * DAY);
    let revision = "main@sha1:3f2a91c7d04e8b5569a1c2f0e7d3b84a6c91f5e2";
    one["spec"]["suspend"] = json!(true);
    for field in ["lastAppliedRevision", "lastAttemptedRevision"] {
        one["status"][field] = json!(revision);
    }
    let words = format!("Applied revision: {revision}");
    one["status"]["conditions"][0]["message"] = json!(words);
    one["status"]["history"][0]["metadata"]["revision"] = json!(revision);
    one["status"]["history"][0]["firstReconciled"] = json!(at);
    one["metadata"]["annotations"] = json!({"meridian.test/suspended-by": "carol@meridian.test"});
    let mut fields = manager(
        ("kubectl-patch", "Update"),
        &at,
        &json!({"f:spec": {"f:suspend": {}},
            "f:metadata": {"f:annotations": {"f:meridian.test/suspended-by": {}}}}),
    );
    fields["apiVersion"] = json!("kustomize.toolkit.fluxcd.io/v1");
    one["metadata"]["managedFields"] = json!([fields]);
    story.add(&KUSTOMIZATIONS, one).map(drop)
}

/// The config maps of emr that are in its last good backup only.
pub(super) fn lost(story: &Story<'_>) -> Vec<Value> {
    forms(story)
}

/// The forms of emr.
fn forms(story: &Story<'_>) -> Vec<Value> {
    let one = |number: i64| {
        let name = format!("emr-form-{number:02}");
        config_map(story, "emr", &name, ("form.json", "{}\n"))
    };
    (1..=LOST).map(one).collect()
}

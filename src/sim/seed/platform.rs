//! What every cluster has besides applications: Velero, Flux, monitoring, and the cluster's own.

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::controllers::digest;
use crate::sim::monitoring;
use crate::sim::store::Refusal;
use crate::sim::store::resources::{GITREPOSITORIES, KUSTOMIZATIONS, SERVICES};

use super::workloads::Workload;
use super::{DAY, Story};

/// The namespace of Flux.
const FLUX: &str = "flux-system";
/// The revision that all clusters have applied.
const REVISION: &str = "main@sha1:be71d04c2f9a6e53d8104b7c9e2af6315d0c8b47";

/// Writes the workloads of the platform.
pub(super) fn fill(story: &Story<'_>) -> Result<(), Refusal> {
    let registry = "registry.meridian.test";
    let all = [
        ("velero", "velero", 1, "velero/velero:v1.18.1"),
        (
            FLUX,
            "source-controller",
            1,
            "fluxcd/source-controller:v1.9.1",
        ),
        (
            FLUX,
            "kustomize-controller",
            1,
            "fluxcd/kustomize-controller:v1.9.1",
        ),
        ("monitoring", "grafana", 1, "grafana/grafana:12.1.0"),
        (
            "monitoring",
            "kube-state-metrics",
            1,
            "kube-state-metrics:v2.17.0",
        ),
        (
            "monitoring",
            "prometheus-operator",
            1,
            "prometheus-operator:v0.85.0",
        ),
        ("kube-system", "coredns", 3, "coredns/coredns:v1.12.2"),
        ("kube-system", "metrics-server", 2, "metrics-server:v0.8.0"),
    ];
    for (space, name, replicas, image) in all {
        let image = format!("{registry}/{image}");
        Workload::new(space, name, replicas, &image).run(story)?;
    }
    let prometheus = format!("{registry}/prometheus/prometheus:v3.5.0");
    let name = monitoring::prometheus::SERVICE;
    Workload::new(monitoring::SPACE, name, 2, &prometheus).run_numbered(story, "")?;
    let ports = json!([
        {"name": "web", "port": 9090, "targetPort": "web", "protocol": "TCP"},
    ]);
    let space = Some(monitoring::SPACE);
    let change = |value: &mut Value| value["spec"]["ports"] = ports;
    story.store().update(&SERVICES, space, name, change)?;
    let image = format!("{registry}/prometheus/alertmanager:v0.33.1");
    let name = monitoring::SERVICE;
    Workload::new(monitoring::SPACE, name, 1, &image).run_numbered(story, "")?;
    let ports = json!([
        {"name": "web", "port": 9093, "targetPort": "web", "protocol": "TCP"},
        {"name": "reloader-web", "port": 8080, "targetPort": "reloader-web", "protocol": "TCP"},
    ]);
    let change = |value: &mut Value| value["spec"]["ports"] = ports;
    story.store().update(&SERVICES, space, name, change)?;
    repository(story)
}

/// The repository that all kustomizations read.
fn repository(story: &Story<'_>) -> Result<(), Refusal> {
    let words = format!("stored artifact for revision '{REVISION}'");
    let condition = |kind: &str| {
        json!({"type": kind, "status": "True", "reason": "Succeeded", "message": words,
            "observedGeneration": 1, "lastTransitionTime": story.stamp(35)})
    };
    let commit = REVISION.rsplit(':').next().unwrap_or("");
    let repository = json!({
        "metadata": {
            "name": "meridian", "namespace": FLUX, "finalizers": ["finalizers.fluxcd.io"],
            "creationTimestamp": story.stamp(300 * DAY),
        },
        "spec": {
            "interval": "1m0s", "timeout": "60s", "ref": {"branch": "main"},
            "url": "https://git.meridian.test/platform/meridian.git",
        },
        "status": {
            "observedGeneration": 1,
            "artifact": {
                "revision": REVISION, "digest": format!("sha256:{:064x}", digest(REVISION)),
                "path": format!("gitrepository/{FLUX}/meridian/{commit}.tar.gz"),
                "url": format!("http://source-controller.{FLUX}.svc.cluster.local./gitrepository/\
                    {FLUX}/meridian/{commit}.tar.gz"),
                "size": 45412, "lastUpdateTime": story.stamp(35),
            },
            "conditions": [condition("Ready"), condition("ArtifactInStorage")],
        },
    });
    story.add(&GITREPOSITORIES, repository).map(drop)
}

/// A Kustomization that was applied well some minutes ago, with the objects it keeps (ids as Flux
/// writes them: `namespace_name_group_Kind`).
pub(super) fn kustomization(story: &Story<'_>, name: &str, keeps: &[&str], minutes: i64) -> Value {
    let entries: Vec<_> = keeps
        .iter()
        .map(|id| json!({"id": id, "v": "v1"}))
        .collect();
    let words = format!("Applied revision: {REVISION}");
    json!({
        "metadata": {
            "name": name, "namespace": FLUX, "finalizers": ["finalizers.fluxcd.io"],
            "creationTimestamp": story.stamp(300 * DAY),
        },
        "spec": {
            "interval": "10m0s", "retryInterval": "1m0s", "timeout": "30s", "prune": true,
            "path": format!("./{name}"), "sourceRef": {"kind": "GitRepository", "name": "meridian"},
        },
        "status": {
            "observedGeneration": 1,
            "lastAppliedRevision": REVISION,
            "lastAttemptedRevision": REVISION,
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "ReconciliationSucceeded",
                "message": words, "observedGeneration": 1,
                "lastTransitionTime": story.stamp(minutes),
            }],
            "history": [{
                "digest": format!("sha256:{:064x}", digest(name)),
                "firstReconciled": story.stamp(35),
                "lastReconciled": seconds(story.ago(minutes)),
                "lastReconciledDuration": "412.391126ms",
                "lastReconciledStatus": "ReconciliationSucceeded",
                "metadata": {"revision": REVISION},
                "totalReconciliations": 4,
            }],
            "inventory": {"entries": entries},
        },
    })
}

/// Writes a Kustomization that is in step.
pub(super) fn in_step(story: &Story<'_>, name: &str, keeps: &[&str]) -> Result<(), Refusal> {
    let object = kustomization(story, name, keeps, 4);
    story.add(&KUSTOMIZATIONS, object).map(drop)
}

//! sth-prod, on premises: three pods of `ehr-api` cannot pull their image, `pacs-index` runs out
//! of memory now and then, and `billing` has lost objects that its last backup still has.

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::controllers::events::{self, Said};
use crate::sim::controllers::{kubelet, pods};
use crate::sim::store::resources::{PODS, RESOURCEQUOTAS};
use crate::sim::store::{Refusal, meta};

use super::velero::{Line, location};
use super::workloads::{Workload, claim, nodes, run_pod};
use super::{DAY, Story, billing, config_map, platform, secret};

/// The image that the registry does not give out at the moment.
const IMAGE: &str = "harbor.sth/ehr/api:4.2.1";
/// Its registry.
const REGISTRY: &str = "harbor.sth";
/// The nodes that do not have the image, and the pods on them.
const WITHOUT: [(&str, &str); 3] = [
    ("sth-w04", "2kx8p"),
    ("sth-w09", "9wq2d"),
    ("sth-w11", "tz5mn"),
];
/// Minutes since those pods were made.
const DOWN: i64 = 22;
pub(super) fn fill(story: &Story<'_>) -> Result<(), Refusal> {
    let names: Vec<_> = (1..=12).map(|n| format!("sth-w{n:02}")).collect();
    let without = WITHOUT.map(|(node, _)| node);
    let labels = json!({"topology.kubernetes.io/zone": "sth-1"});
    let image: (&str, &[&str]) = if story.quiet() {
        ("", &[])
    } else {
        (IMAGE, &without)
    };
    nodes(story, &names, &labels, image)?;
    platform::fill(story)?;
    for (space, zone) in [
        ("ehr", "clinical"),
        ("pacs", "clinical"),
        ("billing", "administrative"),
        ("hr", "administrative"),
    ] {
        story.namespace(space, &json!({"zone": zone}))?;
    }
    ehr(story)?;
    pacs(story)?;
    billing::fill(story)?;
    hr(story)?;
    location(story, "sth-s3", true, "", 0)?;
    for (name, space, hours, last, kept) in [
        ("hourly-ehr", "ehr", 1, 38, 48),
        ("hourly-pacs", "pacs", 1, 38, 48),
        ("fourhourly-billing", "billing", 4, 51, 42),
        ("fourhourly-hr", "hr", 4, 51, 42),
    ] {
        Line {
            name,
            space,
            store: "sth-s3",
            hours,
            last,
            kept,
        }
        .write(story)?;
    }
    platform::in_step(
        story,
        "ehr",
        &["ehr_ehr-api_apps_Deployment", "ehr_ehr-web_apps_Deployment"],
    )?;
    platform::in_step(
        story,
        "hr",
        &["hr_hr-api_apps_Deployment", "hr_hr-web_apps_Deployment"],
    )
}

/// The deployment of ehr that cannot pull its image on three nodes.
fn ehr_api(story: &Story<'_>) -> Result<(), Refusal> {
    let api = Workload::new("ehr", "ehr-api", 12, IMAGE);
    if story.quiet() {
        return api.run(story);
    }
    let set = api.begin(story, &api.template(), Some("7c9f4"), 3)?;
    let nodes: Vec<_> = (1..=12).map(|n| format!("sth-w{n:02}")).collect();
    for (place, node) in nodes.iter().enumerate() {
        let lacks = WITHOUT.iter().find(|(without, _)| without == node);
        if let Some((_, suffix)) = lacks {
            stuck(story, &set, node, suffix)?;
        } else {
            let place = i64::try_from(place).unwrap_or(0);
            run_pod(story, &set, None, place, story.ago(3 * DAY))?;
        }
    }
    Ok(())
}

fn ehr(story: &Story<'_>) -> Result<(), Refusal> {
    ehr_api(story)?;
    for (name, replicas, image) in [
        ("ehr-web", 10, "registry.meridian.test/ehr/web:4.2.0"),
        ("ehr-hl7", 8, "registry.meridian.test/ehr/hl7:2.9.3"),
        ("ehr-forms", 8, "registry.meridian.test/ehr/forms:4.1.7"),
        (
            "ehr-calendar",
            6,
            "registry.meridian.test/ehr/calendar:3.3.0",
        ),
    ] {
        Workload::new("ehr", name, replicas, image).run(story)?;
    }
    let image = "registry.meridian.test/postgres:17.5";
    Workload::new("ehr", "ehr-db", 3, image).run_numbered(story, "500Gi")?;
    story.config_map(config_map(
        story,
        "ehr",
        "ehr-app",
        ("app.yaml", "log: info\n"),
    ))?;
    story.secret(secret(story, "ehr", "ehr-db", "password"))?;
    quota(
        story,
        "ehr",
        ("96", "75"),
        ("512Gi", "310Gi"),
        ("250", "188"),
    )
}

/// A quota with what is allowed and what is used.
pub(super) fn quota(
    story: &Story<'_>,
    space: &str,
    cpu: (&str, &str),
    memory: (&str, &str),
    pods: (&str, &str),
) -> Result<(), Refusal> {
    let amounts = |cpu: &str, memory: &str, pods: &str| json!({"requests.cpu": cpu, "requests.memory": memory, "pods": pods});
    let hard = amounts(cpu.0, memory.0, pods.0);
    let quota = json!({
        "metadata": {
            "name": "quota", "namespace": space, "creationTimestamp": story.stamp(300 * DAY),
        },
        "spec": {"hard": hard},
        "status": {"hard": hard, "used": amounts(cpu.1, memory.1, pods.1)},
    });
    story.add(&RESOURCEQUOTAS, quota).map(drop)
}

/// A pod whose node has tried for a while to pull its image.
fn stuck(story: &Story<'_>, set: &Value, node: &str, suffix: &str) -> Result<(), Refusal> {
    let name = format!("{}-{suffix}", meta::name(set));
    let mut pod = pods::from_template(set, Some(&name));
    pod["spec"]["nodeName"] = json!(node);
    let since = story.ago(DOWN);
    pod["metadata"]["creationTimestamp"] = json!(seconds(since));
    let pod = story.add(&PODS, pod)?;
    let failed = kubelet::image::failure(IMAGE, REGISTRY);
    let back = format!("Back-off pulling image \"{IMAGE}\"");
    let words = format!("{back}: ErrImagePull: {failed}");
    let containers = meta::list(&pod, "/spec/containers");
    let wait = |container: &Value| pods::waiting(container, "ImagePullBackOff", &words);
    let statuses: Vec<_> = containers.iter().map(wait).collect();
    wait_since(story, &pod, &statuses, since)?;
    let said = |warning, reason, message| Said {
        by: "kubelet",
        host: node,
        warning,
        reason,
        message,
    };
    let place = format!("Successfully assigned ehr/{name} to {node}");
    let scheduled = Said {
        by: "default-scheduler",
        host: "",
        warning: false,
        reason: "Scheduled",
        message: &place,
    };
    let pulling = format!("Pulling image \"{IMAGE}\"");
    let last = story.ago(1);
    events::record(story.store(), &pod, scheduled, 1, since, since);
    events::record(
        story.store(),
        &pod,
        said(false, "Pulling", &pulling),
        41,
        since,
        last,
    );
    events::record(
        story.store(),
        &pod,
        said(true, "Failed", &failed),
        41,
        since,
        last,
    );
    events::record(
        story.store(),
        &pod,
        said(false, "BackOff", &back),
        40,
        since,
        last,
    );
    Ok(())
}

/// Gives a pod the status of one that waits since an instant.
pub(super) fn wait_since(
    story: &Story<'_>,
    pod: &Value,
    statuses: &[Value],
    since: jiff::Timestamp,
) -> Result<(), Refusal> {
    let name = statuses
        .first()
        .and_then(|s| s["name"].as_str())
        .unwrap_or("");
    let change = |value: &mut Value| {
        let at = seconds(since);
        value["status"] = json!({
            "phase": "Pending", "qosClass": "Burstable", "startTime": at,
            "containerStatuses": statuses,
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": at},
                {"type": "Initialized", "status": "True", "lastTransitionTime": at},
            ],
        });
        kubelet::readiness(value, since, name);
    };
    let space = Some(meta::namespace(pod));
    story
        .store()
        .update(&PODS, space, meta::name(pod), change)
        .map(drop)
}

/// The pod of pacs that needs more memory than it may have.
fn out_of_memory(story: &Story<'_>) -> Result<(), Refusal> {
    let begun = story.ago(3);
    let key = format!("{}/oom", crate::sim::controllers::TROUBLE);
    let change = |value: &mut Value| {
        value["metadata"]["annotations"] = json!({key: "840"});
        let status = &mut value["status"]["containerStatuses"][0];
        status["restartCount"] = json!(4);
        status["state"] = json!({"running": {"startedAt": seconds(begun)}});
        status["lastState"] = json!({"terminated": {
            "exitCode": 137, "reason": "OOMKilled",
            "startedAt": story.stamp(17), "finishedAt": story.stamp(3),
        }});
    };
    story
        .store()
        .update(&PODS, Some("pacs"), "pacs-index-0", change)
        .map(drop)
}

fn pacs(story: &Story<'_>) -> Result<(), Refusal> {
    let image = "registry.meridian.test/pacs/index:4.2.0";
    Workload::new("pacs", "pacs-index", 2, image).run_numbered(story, "200Gi")?;
    if !story.quiet() {
        out_of_memory(story)?;
    }
    for (name, replicas, image) in [
        ("pacs-web", 6, "registry.meridian.test/pacs/web:4.2.0"),
        ("pacs-gateway", 8, "registry.meridian.test/pacs/dicom:1.8.2"),
        ("pacs-viewer", 8, "registry.meridian.test/pacs/viewer:2.0.4"),
    ] {
        Workload::new("pacs", name, replicas, image).run(story)?;
    }
    let image = "registry.meridian.test/pacs/store:4.2.0";
    Workload::new("pacs", "pacs-store", 3, image).run_numbered(story, "2Ti")?;
    story.config_map(config_map(
        story,
        "pacs",
        "pacs-nodes",
        ("aet.yaml", "MERIDIAN\n"),
    ))?;
    let left_out = json!({"velero.io/exclude-from-backup": "true"});
    claim(story, "pacs", "cache-pacs-0", "100Gi", &left_out)
}

fn hr(story: &Story<'_>) -> Result<(), Refusal> {
    for (name, replicas, image) in [
        ("hr-api", 3, "registry.meridian.test/hr/api:1.9.4"),
        ("hr-web", 3, "registry.meridian.test/hr/web:1.9.4"),
        ("hr-payroll", 2, "registry.meridian.test/hr/payroll:5.0.1"),
    ] {
        Workload::new("hr", name, replicas, image).run(story)?;
    }
    let image = "registry.meridian.test/postgres:17.5";
    Workload::new("hr", "hr-db", 1, image).run_numbered(story, "50Gi")?;
    story.config_map(config_map(
        story,
        "hr",
        "hr-app",
        ("app.yaml", "log: info\n"),
    ))
}

//! sth-prod, on premises: three pods of `ehr-api` cannot pull their image, `pacs-index` runs out
//! of memory now and then, and `billing` has lost objects that its last backup still has.

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::controllers::events::{self, Said};
use crate::sim::controllers::{kubelet, pods, template_hash};
use crate::sim::store::resources::{CRONJOBS, JOBS, PODS, RESOURCEQUOTAS};
use crate::sim::store::{Refusal, meta};

use super::velero::{Line, location};
use super::workloads::{Workload, claim, nodes, run_pod};
use super::{DAY, Story, config_map, platform, secret};

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
/// Config maps of billing that were deleted.
const LOST_MAPS: [(&str, &str); 6] = [
    ("billing-forms", "kvitto.html"),
    ("billing-rates", "rates.csv"),
    ("billing-templates", "letter.tmpl"),
    ("billing-codes", "kva.csv"),
    ("billing-printers", "queues.yaml"),
    ("billing-routing", "routes.yaml"),
];

pub(super) fn fill(story: &Story<'_>) -> Result<(), Refusal> {
    let names: Vec<_> = (1..=12).map(|n| format!("sth-w{n:02}")).collect();
    let without = WITHOUT.map(|(node, _)| node);
    let labels = json!({"topology.kubernetes.io/zone": "sth-1"});
    nodes(story, &names, &labels, (IMAGE, &without))?;
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
    billing(story)?;
    hr(story)?;
    location(story, "sth-s3", true, "", 0)?;
    for (name, space, hours, last, kept) in [
        ("hourly-ehr", "ehr", 1, 38, 48),
        ("hourly-pacs", "pacs", 1, 38, 48),
        ("fourhourly-billing", "billing", 4, 51, 42),
        ("fourhourly-hr", "hr", 4, 51, 42),
    ] {
        let store = "sth-s3";
        Line {
            name,
            space,
            store,
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

fn ehr(story: &Story<'_>) -> Result<(), Refusal> {
    let api = Workload::new("ehr", "ehr-api", 12, IMAGE);
    let set = api.begin(story, &api.template(), Some("7c9f4"), 3)?;
    let nodes: Vec<_> = (1..=12).map(|n| format!("sth-w{n:02}")).collect();
    for (place, node) in nodes.iter().enumerate() {
        match WITHOUT.iter().find(|(without, _)| without == node) {
            Some((_, suffix)) => stuck(story, &set, node, suffix)?,
            None => {
                let place = i64::try_from(place).unwrap_or(0);
                run_pod(story, &set, None, place, story.ago(3 * DAY))?;
            }
        }
    }
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
fn wait_since(
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

fn pacs(story: &Story<'_>) -> Result<(), Refusal> {
    let image = "registry.meridian.test/pacs/index:4.2.0";
    Workload::new("pacs", "pacs-index", 2, image).run_numbered(story, "200Gi")?;
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
        .update(&PODS, Some("pacs"), "pacs-index-0", change)?;
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

fn print() -> Workload<'static> {
    let image = "registry.meridian.test/billing/print:2.8.0";
    Workload::new("billing", "billing-print", 2, image)
}

/// The template of billing's print service: it needs the lost secret.
fn print_template() -> Value {
    let mut template = print().template();
    template["spec"]["containers"][0]["envFrom"] =
        json!([{"secretRef": {"name": "billing-print-key"}}]);
    template
}

/// What `billing-cleanup` deleted: six config maps, a secret and a deployment with its pods.
pub(super) fn lost(story: &Story<'_>) -> Vec<Value> {
    let map = |(name, key): &(&str, &str)| {
        config_map(story, "billing", name, (key, "kept in the backup\n"))
    };
    let mut all: Vec<_> = LOST_MAPS.iter().map(map).collect();
    all.push(secret(story, "billing", "billing-print-key", "key"));
    let template = print_template();
    let deployment = print().deployment(story, &template, 120 * DAY);
    let hash = template_hash(&template);
    let mut set = crate::sim::controllers::deployments::replica_set(&deployment, &hash, 2, 1);
    set["metadata"]["creationTimestamp"] = json!(story.stamp(3 * DAY));
    for suffix in ["4xq7c", "vb2ns"] {
        let name = format!("{}-{suffix}", meta::name(&set));
        let mut pod = pods::from_template(&set, Some(&name));
        pod["metadata"]["creationTimestamp"] = json!(story.stamp(3 * DAY));
        all.push(pod);
    }
    all.push(set);
    all.push(deployment);
    all
}

fn billing(story: &Story<'_>) -> Result<(), Refusal> {
    let image = "registry.meridian.test/billing/api:2.8.0";
    let api = Workload::new("billing", "billing-api", 3, image);
    let mut template = api.template();
    template["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/restartedAt": story.stamp(19)});
    template["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "billing-app"}}, {"configMapRef": {"name": "billing-forms"}}]);
    let set = api.begin(story, &template, None, 3)?;
    for place in 0..3 {
        let since = story.ago(19);
        let pod = run_pod(story, &set, None, place, since)?;
        let words = "configmap \"billing-forms\" not found";
        let containers = meta::list(&pod, "/spec/containers");
        let wait = |c: &Value| pods::waiting(c, "CreateContainerConfigError", words);
        let statuses: Vec<_> = containers.iter().map(wait).collect();
        wait_since(story, &pod, &statuses, since)?;
        let message = format!("Error: {words}");
        let said = Said {
            by: "kubelet",
            host: meta::text(&pod, "/spec/nodeName"),
            warning: true,
            reason: "Failed",
            message: &message,
        };
        events::record(story.store(), &pod, said, 87, since, story.ago(0));
    }
    for (name, replicas, image) in [
        ("billing-web", 4, "registry.meridian.test/billing/web:2.8.0"),
        (
            "billing-claims",
            3,
            "registry.meridian.test/billing/claims:1.14.2",
        ),
    ] {
        Workload::new("billing", name, replicas, image).run(story)?;
    }
    let image = "registry.meridian.test/postgres:17.5";
    Workload::new("billing", "billing-db", 1, image).run_numbered(story, "100Gi")?;
    for name in ["billing-app", "billing-web"] {
        story.config_map(config_map(
            story,
            "billing",
            name,
            ("app.yaml", "log: info\n"),
        ))?;
    }
    story.secret(secret(story, "billing", "billing-db", "password"))?;
    cleanup(story)
}

/// The job that deleted too much, twenty minutes ago.
fn cleanup(story: &Story<'_>) -> Result<(), Refusal> {
    let template = json!({
        "metadata": {"labels": {"app": "billing-cleanup"}},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{
                "name": "cleanup", "image": "registry.meridian.test/platform/kubectl:1.36.3",
                "args": ["delete", "configmap,secret,deployment", "-l", "app=billing,keep!=true"],
            }],
        },
    });
    let job = json!({"template": template, "backoffLimit": 0});
    let cron = story.add(
        &CRONJOBS,
        json!({
            "metadata": {
                "name": "billing-cleanup", "namespace": "billing",
                "creationTimestamp": story.stamp(DAY),
            },
            "spec": {"schedule": "0 3 1 * *", "suspend": true, "jobTemplate": {"spec": job}},
            "status": {
                "lastScheduleTime": story.stamp(20), "lastSuccessfulTime": story.stamp(20),
            },
        }),
    )?;
    let done = json!({
        "metadata": {
            "name": "billing-cleanup-manual-1", "namespace": "billing",
            "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
            "creationTimestamp": story.stamp(20),
        },
        "spec": job,
        "status": {
            "succeeded": 1, "startTime": story.stamp(20), "completionTime": story.stamp(20),
            "conditions": [{"type": "Complete", "status": "True",
                "lastTransitionTime": story.stamp(20)}],
        },
    });
    let done = crate::sim::controllers::owned(done, &cron);
    story.add(&JOBS, done).map(drop)
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

//! billing on sth-prod: a cleanup deleted too much twenty minutes ago, and `billing-api`, restarted
//! a minute later, cannot start without its forms. The last backup still has everything.

use serde_json::{Value, json};

use crate::sim::controllers::events::{self, Said};
use crate::sim::controllers::{deployments, owned, pods, template_hash};
use crate::sim::store::resources::{CRONJOBS, JOBS};
use crate::sim::store::{Refusal, meta};

use super::sth_prod::wait_since;
use super::workloads::{Workload, run_pod};
use super::{DAY, Story, config_map, secret};

/// Config maps of billing that were deleted.
const LOST_MAPS: [(&str, &str); 6] = [
    ("billing-forms", "kvitto.html"),
    ("billing-rates", "rates.csv"),
    ("billing-templates", "letter.tmpl"),
    ("billing-codes", "kva.csv"),
    ("billing-printers", "queues.yaml"),
    ("billing-routing", "routes.yaml"),
];

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
    let mut set = deployments::replica_set(&deployment, &hash, 2, 1);
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

pub(super) fn fill(story: &Story<'_>) -> Result<(), Refusal> {
    if story.quiet() {
        whole(story)?;
    } else {
        broken(story)?;
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
    if story.quiet() {
        return Ok(());
    }
    cleanup(story)
}

fn api() -> Workload<'static> {
    let image = "registry.meridian.test/billing/api:2.8.0";
    Workload::new("billing", "billing-api", 3, image)
}

/// billing as it is when nothing was deleted.
fn whole(story: &Story<'_>) -> Result<(), Refusal> {
    for (name, key) in LOST_MAPS {
        let map = config_map(story, "billing", name, (key, "kept in the backup\n"));
        story.config_map(map)?;
    }
    story.secret(secret(story, "billing", "billing-print-key", "key"))?;
    api().run(story)?;
    print().run(story)
}

/// `billing-api`, restarted without its forms.
fn broken(story: &Story<'_>) -> Result<(), Refusal> {
    let api = api();
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
    Ok(())
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
    let done = owned(done, &cron);
    story.add(&JOBS, done).map(drop)
}

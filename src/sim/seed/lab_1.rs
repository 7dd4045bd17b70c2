//! lab-1, the research cluster: small, healthy, backed up once a day.

use serde_json::json;

use crate::sim::store::Refusal;

use super::velero::{Line, location};
use super::workloads::{Workload, nodes};
use super::{Story, config_map, platform};

/// Minutes since the last daily backup.
const LAST: i64 = 7 * 60 + 9;

pub(super) fn fill(story: &Story<'_>) -> Result<(), Refusal> {
    let names: Vec<_> = (1..=4).map(|n| format!("lab-n{n}")).collect();
    nodes(story, &names, &json!({"site": "lab"}), ("", &[]))?;
    platform::fill(story)?;
    story.namespace("cohort", &json!({"zone": "research"}))?;
    for (name, replicas) in [
        ("cohort-api", 3),
        ("cohort-notebook", 4),
        ("cohort-queue", 2),
    ] {
        let image = format!("registry.meridian.test/research/{name}:0.9.2");
        Workload::new("cohort", name, replicas, &image).run(story)?;
    }
    let image = "registry.meridian.test/postgres:17.5";
    Workload::new("cohort", "cohort-db", 1, image).run_numbered(story, "1Ti")?;
    story.config_map(config_map(
        story,
        "cohort",
        "cohort-app",
        ("app.yaml", "log: info\n"),
    ))?;
    location(story, "lab-s3", true, "", 0)?;
    Line {
        name: "daily-cohort",
        space: "cohort",
        store: "lab-s3",
        hours: 24,
        last: LAST,
        kept: 14,
    }
    .write(story)?;
    platform::in_step(story, "cohort", &["cohort_cohort-api_apps_Deployment"])
}

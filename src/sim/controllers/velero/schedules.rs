//! Schedules: a Backup at each time that cron names, and none for times that were missed.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::{BACKUPS, SCHEDULES};
use crate::sim::store::{Store, meta};

use super::super::{Agenda, events};
use super::cron::Cron;
use super::{SPACE, phase};

/// Makes the backups that are due.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    let (schedules, _) = store.list(&SCHEDULES, Some(SPACE));
    for schedule in schedules {
        let name = meta::name(&schedule);
        let Some(cron) = Cron::parse(meta::text(&schedule, "/spec/schedule")) else {
            let words = format!(
                "invalid schedule: {}",
                meta::text(&schedule, "/spec/schedule")
            );
            let fail = |value: &mut Value| {
                value["status"]["phase"] = json!("FailedValidation");
                value["status"]["validationErrors"] = json!([words]);
            };
            let _ = store.update(&SCHEDULES, Some(SPACE), name, fail);
            continue;
        };
        if phase(&schedule) != "Enabled" {
            let enable = |value: &mut Value| value["status"]["phase"] = json!("Enabled");
            let _ = store.update(&SCHEDULES, Some(SPACE), name, enable);
        }
        if schedule["spec"]["paused"] == true {
            continue;
        }
        let last = events::time(&schedule, "/status/lastBackup")
            .or_else(|| events::time(&schedule, "/metadata/creationTimestamp"));
        let next = cron.next(last.unwrap_or(agenda.now()));
        if next.is_some_and(|next| agenda.is_due(next)) {
            make(store, agenda.now(), &schedule);
            if let Some(next) = cron.next(agenda.now()) {
                agenda.is_due(next);
            }
        }
    }
}

fn make(store: &Store, now: Timestamp, schedule: &Value) {
    let name = meta::name(schedule);
    let backup = backup(schedule, now);
    let _ = store.create(&BACKUPS, Some(SPACE), backup);
    let note = |value: &mut Value| value["status"]["lastBackup"] = json!(seconds(now));
    let _ = store.update(&SCHEDULES, Some(SPACE), name, note);
}

/// The Backup that a schedule makes at an instant; its name ends in that instant.
pub(in crate::sim) fn backup(schedule: &Value, at: Timestamp) -> Value {
    let name = meta::name(schedule);
    let mut labels = schedule["metadata"]["labels"].clone();
    if !labels.is_object() {
        labels = json!({});
    }
    labels["velero.io/schedule-name"] = json!(name);
    json!({
        "apiVersion": "velero.io/v1",
        "kind": "Backup",
        "metadata": {
            "name": format!("{name}-{}", at.strftime("%Y%m%d%H%M%S")),
            "namespace": SPACE,
            "labels": labels,
        },
        "spec": schedule["spec"]["template"],
    })
}

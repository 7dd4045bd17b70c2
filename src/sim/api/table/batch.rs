//! Rows of jobs and cron jobs.

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::api::table::Column;
use crate::sim::api::table::age::words;
use crate::sim::api::table::since;
use crate::sim::api::table::workloads::chosen;
use crate::sim::api::table::workloads::joined;
use crate::sim::api::table::workloads::or;
use crate::sim::store::meta;

pub(super) const JOBS: &[Column] = &[
    ("Name", "string", 0),
    ("Status", "string", 0),
    ("Completions", "string", 0),
    ("Duration", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

pub(super) const CRONJOBS: &[Column] = &[
    ("Name", "string", 0),
    ("Schedule", "string", 0),
    ("Timezone", "string", 0),
    ("Suspend", "boolean", 0),
    ("Active", "integer", 0),
    ("Last Schedule", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

pub(super) fn job(object: &Value, now: Timestamp) -> Vec<Value> {
    let has = |kind: &str| {
        meta::list(object, "/status/conditions")
            .iter()
            .any(|c| c["type"] == kind && c["status"] == "True")
    };
    let status = if has("Complete") {
        "Complete"
    } else if has("Failed") {
        "Failed"
    } else if meta::is_going(object) {
        "Terminating"
    } else if has("Suspended") {
        "Suspended"
    } else {
        "Running"
    };
    let done = meta::number(object, "/status/succeeded");
    let start = meta::text(object, "/status/startTime");
    let end = meta::text(object, "/status/completionTime");
    let length = match (start.parse::<Timestamp>(), end.parse::<Timestamp>()) {
        (Ok(start), Ok(end)) => words(end.as_second() - start.as_second()),
        (Ok(_), Err(_)) => since(start, now),
        _ => String::new(),
    };
    let wanted = object.pointer("/spec/completions").and_then(Value::as_i64);
    let at_once = meta::number(object, "/spec/parallelism");
    let wanted = match wanted {
        Some(wanted) => wanted.to_string(),
        None if at_once > 1 => format!("1 of {at_once}"),
        None => "1".to_owned(),
    };
    vec![
        meta::name(object).into(),
        status.into(),
        format!("{done}/{wanted}").into(),
        length.into(),
        super::age_of(object, now).into(),
        joined(object, "/spec/template/spec/containers", "name"),
        joined(object, "/spec/template/spec/containers", "image"),
        chosen(object, "/spec/selector/matchLabels"),
    ]
}

pub(super) fn cron_job(object: &Value, now: Timestamp) -> Vec<Value> {
    let suspended = object.pointer("/spec/suspend") == Some(&Value::Bool(true));
    let at = "/spec/jobTemplate/spec/template/spec/containers";
    let last = match meta::text(object, "/status/lastScheduleTime") {
        "" => String::new(),
        at => since(at, now),
    };
    vec![
        meta::name(object).into(),
        meta::text(object, "/spec/schedule").into(),
        or(meta::text(object, "/spec/timeZone"), "<none>"),
        if suspended { "True" } else { "False" }.into(),
        meta::list(object, "/status/active").len().into(),
        or(&last, "<none>"),
        super::age_of(object, now).into(),
        joined(object, at, "name"),
        joined(object, at, "image"),
        chosen(object, "/spec/jobTemplate/spec/selector/matchLabels"),
    ]
}

//! Reads Alertmanager's `api/v2/alerts`; fields that are missing or odd stay empty.

use serde_json::Value;

use super::Alert;
use super::Answer;
use crate::text::SafeText;

/// Labels that say what an alert is about, the nearest first.
const ABOUT: [&str; 8] = [
    "deployment",
    "statefulset",
    "daemonset",
    "pod",
    "job_name",
    "persistentvolumeclaim",
    "node",
    "service",
];

/// Reads one answer.
///
/// # Errors
/// When the body is not a JSON array; the words say so.
pub fn read(body: &[u8]) -> Result<Answer, String> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(alerts)) => Ok(Answer {
            alerts: alerts.iter().map(alert).collect(),
        }),
        Ok(_) => Err("Alertmanager answered something other than a list of alerts".to_owned()),
        Err(error) => Err(format!("Alertmanager's answer is not JSON: {error}")),
    }
}

fn alert(value: &Value) -> Alert {
    let text = |path: &str| {
        SafeText::new(
            value
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default(),
        )
    };
    let label = |name: &str| text(&format!("/labels/{name}"));
    let when = |name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok())
    };
    let some = |path: &str| {
        value
            .pointer(path)
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty())
    };
    let about = ABOUT
        .into_iter()
        .map(label)
        .find(|label| !label.is_empty())
        .unwrap_or_default();
    let namespace = label("namespace");
    let object = match (namespace.is_empty(), about.is_empty()) {
        (false, false) => SafeText::from(format!("{namespace}/{about}")),
        (false, true) => namespace.clone(),
        (true, false) => SafeText::from(format!("/{about}")),
        (true, true) => SafeText::default(),
    };
    let texts = [
        "/annotations/summary",
        "/annotations/description",
        "/annotations/message",
    ];
    Alert {
        fingerprint: text("/fingerprint"),
        name: label("alertname"),
        severity: label("severity"),
        namespace,
        object,
        summary: texts
            .into_iter()
            .map(text)
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        starts_at: when("startsAt"),
        updated_at: when("updatedAt"),
        ends_at: when("endsAt"),
        state: text("/status/state"),
        silenced: some("/status/silencedBy"),
        inhibited: some("/status/inhibitedBy"),
    }
}

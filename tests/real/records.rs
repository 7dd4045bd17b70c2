//! What was written down: by the console in its log, by the API server in its audit log.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::estate::ALICE;

/// What is in a field; empty when it is not there.
pub(crate) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Everything alice asked of the API server and that was answered.
pub(crate) fn of_alice(audit_log: &Path) -> Vec<Value> {
    let lines = std::fs::read_to_string(audit_log).expect("an audit log");
    let events = lines
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    events
        .filter(|event| text(event, "/user/username") == ALICE)
        .filter(|event| text(event, "/stage") == "ResponseComplete")
        .collect()
}

/// The code an API server answered with.
pub(crate) fn code(event: &Value) -> u64 {
    let code = event.pointer("/responseStatus/code");
    code.and_then(Value::as_u64).unwrap_or(0)
}

/// A change in one line, the same from both sides.
type Change = (String, String, String);
/// Changes by their Audit-IDs.
pub(crate) type Changes = BTreeMap<String, Change>;

/// What alice changed, as the API server has it: audit id to verb, resource and name. Each was answered well, or was a delete of what had just moved.
pub(crate) fn changes_of_alice(audit_log: &Path) -> Changes {
    let mut changes = BTreeMap::new();
    for event in of_alice(audit_log) {
        let verb = match text(&event, "/verb") {
            "create" => "POST",
            "patch" => "PATCH",
            "delete" => "DELETE",
            "update" => "PUT",
            "deletecollection" => "DELETE all",
            _ => continue,
        };
        let resource = text(&event, "/objectRef/resource");
        if resource.starts_with("selfsubject") {
            continue;
        }
        // A delete that found another resourceVersion than was read just before did nothing and was said to.
        let stale = verb == "DELETE" && code(&event) == 409;
        assert!(
            stale || (200..300).contains(&code(&event)),
            "a change of alice was refused: {event}"
        );
        let name = text(&event, "/objectRef/name").to_owned();
        let id = text(&event, "/auditID").to_owned();
        let known = changes.insert(id, (verb.to_owned(), resource.to_owned(), name));
        assert!(known.is_none(), "one Audit-ID, two changes: {event}");
    }
    changes
}

/// What the console says it changed: audit id to verb, resource and name. Each intent has one outcome.
pub(crate) fn changes_in_log(log: &Value) -> Changes {
    let entries = log["entries"].as_array().expect("entries");
    let of = |kind: &'static str| entries.iter().filter(move |entry| entry["kind"] == kind);
    let outcomes: Vec<&str> = of("api.outcome")
        .map(|entry| text(entry, "/req/audit_id"))
        .collect();
    let mut changes = BTreeMap::new();
    for intent in of("api.intent") {
        let id = text(intent, "/req/audit_id");
        let answers = outcomes.iter().filter(|outcome| **outcome == id).count();
        assert_eq!(answers, 1, "an intent has one outcome: {intent}");
        let resource = text(intent, "/req/gvr")
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let change = (
            text(intent, "/req/verb").to_owned(),
            resource.to_owned(),
            text(intent, "/req/name").to_owned(),
        );
        let known = changes.insert(id.to_owned(), change);
        assert!(known.is_none(), "one Audit-ID, two intents: {intent}");
    }
    assert_eq!(
        outcomes.len(),
        changes.len(),
        "no outcome without its intent"
    );
    changes
}

/// The keys of both sides.
pub(crate) fn ids(changes: &Changes) -> BTreeSet<&str> {
    changes.keys().map(String::as_str).collect()
}

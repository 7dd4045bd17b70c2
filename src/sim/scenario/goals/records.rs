//! Who changed what, by the API servers' own audit logs, and what crashcart's log says of it.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde_json::Value;

/// The verbs that change something.
const CHANGES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];
/// Reviews and leases: asked or kept by programs, no change of the estate.
const NOT_COUNTED: [&str; 5] = [
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "selfsubjectreviews",
    "tokenreviews",
    "leases",
];

/// What is known of the changes of a played story.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// The finished changes: the cluster, and the audit entry.
    changes: Vec<(String, Value)>,
    /// The Audit-IDs that crashcart's log announced.
    known: BTreeSet<String>,
}

impl Records {
    /// Adds the audit entries of a cluster, in the API server's form.
    pub fn add_audit(&mut self, cluster: &str, entries: impl IntoIterator<Item = Value>) {
        let text = |entry: &Value, pointer: &str| {
            let text = entry.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        for entry in entries {
            let verb = text(&entry, "/verb");
            let resource = text(&entry, "/objectRef/resource");
            let code = entry
                .pointer("/responseStatus/code")
                .and_then(Value::as_u64);
            let done = code.is_some_and(|code| (200..300).contains(&code));
            let dry = text(&entry, "/requestURI").contains("dryRun=");
            if CHANGES.contains(&verb.as_str())
                && !NOT_COUNTED.contains(&resource.as_str())
                && text(&entry, "/stage") == "ResponseComplete"
                && done
                && !dry
            {
                self.changes.push((cluster.to_owned(), entry));
            }
        }
    }

    /// Adds the records of crashcart's log: each line a JSON object.
    pub fn add_log(&mut self, lines: &str) {
        let entries = lines.lines().map(serde_json::from_str::<Value>);
        for entry in entries.filter_map(Result::ok) {
            let id = entry.pointer("/req/audit_id").and_then(Value::as_str);
            self.known.extend(id.map(str::to_owned));
        }
    }

    /// Adds every segment of the folder of crashcart's log.
    ///
    /// # Errors
    /// The folder or a segment cannot be read.
    pub fn add_folder(&mut self, folder: &Path) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "jsonl") {
                self.add_log(&std::fs::read_to_string(path)?);
            }
        }
        Ok(())
    }

    /// The changes on a cluster, or on all.
    pub(super) fn changes(&self, cluster: Option<&str>) -> Vec<&Value> {
        let here = self.changes.iter();
        here.filter(|(on, _)| cluster.is_none_or(|name| name == on))
            .map(|(_, entry)| entry)
            .collect()
    }

    /// The changes that the log did not announce.
    pub(super) fn unrecorded(&self) -> Vec<&Value> {
        let all = self.changes(None).into_iter();
        all.filter(|entry| {
            let id = entry["auditID"].as_str().unwrap_or_default();
            !self.known.contains(id)
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(id: &str, verb: &str, resource: &str, code: u16) -> Value {
        json!({
            "auditID": id, "verb": verb, "stage": "ResponseComplete",
            "objectRef": {"resource": resource}, "responseStatus": {"code": code},
            "requestURI": "/", "user": {"username": "alice@meridian.test"},
        })
    }

    #[test]
    fn a_change_counts_unless_it_was_refused_tried_or_is_kept_by_a_program() {
        let mut records = Records::default();
        let mut dry = entry("e", "create", "pods", 201);
        dry["requestURI"] = json!("/api/v1/namespaces/ehr/pods?dryRun=All");
        records.add_audit(
            "sth-prod",
            [
                entry("a", "create", "restores", 201),
                entry("b", "delete", "pods", 403),
                entry("c", "update", "leases", 200),
                entry("d", "list", "pods", 200),
                dry,
            ],
        );
        assert_eq!(records.changes(None).len(), 1);
        assert_eq!(records.changes(Some("aws-prod")).len(), 0);
        assert_eq!(records.unrecorded().len(), 1);
        records.add_log("not JSON\n{\"req\":{\"audit_id\":\"a\"}}\n");
        assert_eq!(records.unrecorded().len(), 0);
    }
}

//! Who wrote an object: what tells a change by somebody from a controller that only reports its status.
//!
//! Read from the metadata alone, so that it works for kinds whose content is not ours to see. See
//! docs/decisions/undo.md for the rule and what it rests on.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::text::SafeText;
use crate::text::hex;

/// What the API server noted about the writing of one object, its status left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Written {
    /// `metadata.generation`, which a change of the spec raises; `None` for kinds without one.
    pub generation: Option<i64>,
    /// Everybody who owns a field outside the status, sorted; empty when the server kept no record.
    pub writers: Vec<Writer>,
}

/// One entry of `metadata.managedFields`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Writer {
    /// The field manager, as its client named itself.
    pub manager: SafeText,
    /// `Update` or `Apply`, and the subresource where there is one.
    pub way: SafeText,
    /// When it last wrote one of its fields, RFC 3339 in whole seconds; empty where the server does not say.
    pub time: SafeText,
    /// First 16 hex digits of the SHA-256 of the fields it owns.
    pub fields: String,
}

impl Written {
    /// Reads an object's metadata.
    pub fn of(metadata: &Value) -> Written {
        let entries = metadata.get("managedFields").and_then(Value::as_array);
        let mut writers: Vec<Writer> = entries
            .into_iter()
            .flatten()
            .filter(|entry| text(entry, "subresource") != "status")
            .map(writer)
            .collect();
        writers.sort();
        Written {
            generation: metadata.get("generation").and_then(Value::as_i64),
            writers,
        }
    }

    /// Who changed the object between this look and a later one, in words; `None` when nobody did but a status may have moved.
    ///
    /// Only for two looks at one uid whose resourceVersions differ.
    pub fn changed(&self, later: &Written) -> Option<SafeText> {
        if self.writers.is_empty() {
            return Some(SafeText::new(
                "it was written since, and its server keeps no record of who did",
            ));
        }
        if self == later {
            return None;
        }
        let same = |new: &Writer, old: &Writer| {
            (&new.manager, &new.way, &new.time) == (&old.manager, &old.way, &old.time)
        };
        let new = |writer: &&Writer| !self.writers.iter().any(|old| same(writer, old));
        Some(named(later.writers.iter().filter(new)))
    }

    /// Who wrote the object after a time that a log kept, in words; for an object that was never looked at before.
    pub fn since(&self, made: Option<&str>) -> Option<SafeText> {
        let (Some(made), false) = (made, self.writers.is_empty()) else {
            return Some(SafeText::new(
                "whether somebody changed it since cannot be told",
            ));
        };
        let after = |writer: &&Writer| writer.time.as_str() > made;
        let again = self.generation.is_some_and(|generation| generation > 1);
        let mut late = self.writers.iter().filter(after).peekable();
        (again || late.peek().is_some()).then(|| named(late))
    }
}

fn named<'a>(writers: impl Iterator<Item = &'a Writer>) -> SafeText {
    let all: Vec<String> = writers
        .map(|writer| {
            let time = writer.time.as_str();
            match time.split_once('T') {
                Some((_, clock)) => format!("{} at {clock}", writer.manager),
                None => writer.manager.to_string(),
            }
        })
        .collect();
    match all.as_slice() {
        // What only took fields away owns none, and is not named.
        [] => SafeText::new("somebody changed it"),
        all => SafeText::new(&format!("{} changed it", all.join(" and "))),
    }
}

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn writer(entry: &Value) -> Writer {
    let fields = entry
        .get("fieldsV1")
        .map(ToString::to_string)
        .unwrap_or_default();
    let way = format!(
        "{} {}",
        text(entry, "operation"),
        text(entry, "subresource")
    );
    Writer {
        manager: SafeText::new(text(entry, "manager")),
        way: SafeText::new(way.trim_end()),
        time: SafeText::new(text(entry, "time")),
        fields: hex(&Sha256::digest(fields.as_bytes())[..8]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As a real server answered for a Deployment that Velero had just restored: the managers are the backup's.
    fn restored() -> Value {
        json!({"generation": 1, "managedFields": [
            {"manager": "kubectl-client-side-apply", "operation": "Update", "time": "2026-11-22T17:58:59Z",
             "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status",
             "time": "2026-11-22T18:01:24Z", "fieldsV1": {"f:status": {"f:replicas": {}}}}]})
    }

    fn with(change: impl FnOnce(&mut Value)) -> Written {
        let mut later = restored();
        change(&mut later);
        Written::of(&later)
    }

    fn verdict(later: &Written) -> Option<String> {
        Written::of(&restored())
            .changed(later)
            .map(|words| words.to_string())
    }

    #[test]
    fn a_status_that_moved_is_nobodys_change() {
        let busy = with(|later| {
            later["managedFields"][1]["time"] = json!("2026-11-22T18:05:00Z");
            later["managedFields"][1]["fieldsV1"]["f:status"]["f:readyReplicas"] = json!({});
        });
        assert_eq!(verdict(&busy), None);
    }

    #[test]
    fn whoever_wrote_outside_the_status_is_named() {
        let entry = json!({"manager": "kubectl-patch", "operation": "Update", "time": "2026-11-22T18:01:56Z",
            "fieldsV1": {"f:metadata": {}}});
        let patched = with(|later| {
            let all = later["managedFields"].as_array_mut().unwrap();
            all[0]["fieldsV1"] = json!({});
            all.push(entry.clone());
        });
        assert_eq!(
            verdict(&patched).as_deref(),
            Some("kubectl-patch at 18:01:56Z changed it")
        );
        let again = with(|later| {
            later["managedFields"].as_array_mut().unwrap().push(entry);
            later["managedFields"][2]["time"] = json!("2026-11-22T18:03:00Z");
        });
        assert_eq!(
            patched.changed(&again).unwrap().as_str(),
            "kubectl-patch at 18:03:00Z changed it"
        );
    }

    #[test]
    fn a_scale_has_no_time_and_is_named() {
        let scaled = with(|later| {
            later["generation"] = json!(2);
            let entry = json!({"manager": "kubectl", "operation": "Update", "subresource": "scale", "fieldsV1": {}});
            later["managedFields"].as_array_mut().unwrap().push(entry);
        });
        assert_eq!(verdict(&scaled).as_deref(), Some("kubectl changed it"));
    }

    #[test]
    fn fields_that_were_taken_away_and_a_record_that_was_wiped_are_changes() {
        let less = with(|later| later["managedFields"][0]["fieldsV1"] = json!({}));
        assert_eq!(verdict(&less).as_deref(), Some("somebody changed it"));
        let wiped = with(|later| later["managedFields"] = json!([]));
        assert_eq!(verdict(&wiped).as_deref(), Some("somebody changed it"));
        let words = Written::default().changed(&wiped).unwrap();
        assert!(words.as_str().contains("no record"), "{words}");
    }

    #[test]
    fn what_was_never_looked_at_is_judged_by_when_it_was_written() {
        let made = Some("2026-11-22T18:01:25Z");
        assert_eq!(Written::of(&restored()).since(made), None);
        let edited = with(|later| {
            later["managedFields"][0]["time"] = json!("2026-11-22T18:02:00Z");
        });
        assert!(edited.since(made).is_some());
        assert!(
            with(|later| later["generation"] = json!(2))
                .since(made)
                .is_some()
        );
        assert!(
            Written::default().since(made).is_some(),
            "unknown is not well"
        );
        assert!(
            Written::of(&restored()).since(None).is_some(),
            "unknown is not well"
        );
    }
}

//! Silences: set, listed, expired, as Alertmanager answers.

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::alerts::Alert;

/// All silences, by id.
#[derive(Debug, Default)]
pub(super) struct Silences {
    all: BTreeMap<String, Value>,
}

/// The instant in a field of a silence.
fn time(silence: &Value, field: &str) -> Option<Timestamp> {
    silence[field].as_str()?.parse().ok()
}

/// The state of a silence at an instant.
fn state(silence: &Value, now: Timestamp) -> &'static str {
    if time(silence, "endsAt").is_none_or(|end| end <= now) {
        "expired"
    } else if time(silence, "startsAt").is_some_and(|start| start > now) {
        "pending"
    } else {
        "active"
    }
}

fn shown(silence: &Value, now: Timestamp) -> Value {
    let mut shown = silence.clone();
    shown["status"] = json!({"state": state(silence, now)});
    shown
}

impl Silences {
    /// All silences with their states.
    pub(super) fn all(&self, now: Timestamp) -> Value {
        self.all.values().map(|one| shown(one, now)).collect()
    }

    /// One silence with its state.
    pub(super) fn one(&self, id: &str, now: Timestamp) -> Option<Value> {
        self.all.get(id).map(|one| shown(one, now))
    }

    /// Sets a silence and returns its id, or status and body of the refusal.
    pub(super) fn set(
        &mut self,
        body: &[u8],
        now: Timestamp,
    ) -> Result<String, (StatusCode, Value)> {
        let unprocessable = |code: u32, words: &str| {
            let body = json!({"code": code, "message": words});
            (StatusCode::UNPROCESSABLE_ENTITY, body)
        };
        let Ok(mut silence) = serde_json::from_slice::<Value>(body) else {
            return Err((StatusCode::BAD_REQUEST, json!("bad JSON")));
        };
        for field in ["matchers", "startsAt", "endsAt", "createdBy", "comment"] {
            if silence[field].is_null() {
                return Err(unprocessable(602, &format!("{field} in body is required")));
            }
        }
        if silence["matchers"].as_array().is_none_or(Vec::is_empty) {
            return Err(unprocessable(
                612,
                "matchers in body should have at least 1 items",
            ));
        }
        if time(&silence, "endsAt") <= time(&silence, "startsAt") {
            let words = "Failed to create silence: start time must be before end time";
            return Err((StatusCode::BAD_REQUEST, json!(words)));
        }
        let old = silence["id"].as_str().and_then(|id| self.all.get(id));
        let kept = old.filter(|old| old["matchers"] == silence["matchers"]);
        let id = match kept.and_then(|old| old["id"].as_str()) {
            Some(id) => id.to_owned(),
            None => uuid::Uuid::new_v4().to_string(),
        };
        if let Some(old) = silence["id"].as_str().map(str::to_owned)
            && old != id
        {
            self.expire(&old, now);
        }
        silence["id"] = json!(id);
        silence["updatedAt"] = json!(now.to_string());
        self.all.insert(id.clone(), silence);
        Ok(id)
    }

    /// Ends a silence; false when there is none with this id.
    pub(super) fn expire(&mut self, id: &str, now: Timestamp) -> bool {
        let Some(silence) = self.all.get_mut(id) else {
            return false;
        };
        if state(silence, now) != "expired" {
            silence["endsAt"] = json!(now.to_string());
            silence["updatedAt"] = json!(now.to_string());
        }
        true
    }

    /// The ids of the active silences that cover an alert.
    pub(super) fn over(&self, alert: &Alert, now: Timestamp) -> Vec<String> {
        let active = self
            .all
            .iter()
            .filter(|(_, one)| state(one, now) == "active");
        let covering = active.filter(|(_, one)| {
            let matchers = one["matchers"].as_array();
            matchers.is_some_and(|all| all.iter().all(|m| alert.passes(&as_filter(m))))
        });
        covering.map(|(id, _)| id.clone()).collect()
    }
}

/// A matcher object as the filter that means the same.
fn as_filter(matcher: &Value) -> String {
    let text = |field: &str| matcher[field].as_str().unwrap_or("").to_owned();
    let sign = match (matcher["isEqual"] == false, matcher["isRegex"] == true) {
        (false, false) => "=",
        (false, true) => "=~",
        (true, false) => "!=",
        (true, true) => "!~",
    };
    format!("{}{sign}\"{}\"", text("name"), text("value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-08-15T04:11:00Z".parse().unwrap()
    }

    fn body(matchers: &Value) -> Vec<u8> {
        let silence = json!({
            "matchers": matchers, "startsAt": "2026-08-15T04:10:00Z",
            "endsAt": "2026-08-15T05:10:00Z", "createdBy": "alice", "comment": "known",
        });
        silence.to_string().into_bytes()
    }

    #[test]
    fn a_silence_is_set_and_expired() {
        let mut silences = Silences::default();
        let matcher = json!([{"name": "alertname", "value": "Watchdog", "isRegex": false}]);
        let id = silences.set(&body(&matcher), now()).unwrap();
        assert_eq!(
            silences.one(&id, now()).unwrap()["status"]["state"],
            "active"
        );
        assert!(silences.expire(&id, now()));
        assert!(silences.expire(&id, now()));
        assert!(!silences.expire("nobody", now()));
        assert_eq!(silences.all(now())[0]["status"]["state"], "expired");
    }

    #[test]
    fn a_silence_of_nothing_is_refused() {
        let mut silences = Silences::default();
        let (status, words) = silences.set(&body(&json!([])), now()).unwrap_err();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(words["code"], 612);
    }
}

//! Text that a cluster could hold to fool whoever looks at it: escapes, controls, directions, width.

use serde_json::Value;

/// What is put around every text: a screen escape, a title escape, a bell, a line break, directions that turn, a
/// letter of no width, a combining pile, a wide letter and a half of a pair.
pub(super) const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;gotcha\u{7}\r\n\u{202e}\u{2066}\u{200b}a\u{0301}\u{0301}\u{0301}\u{0301}病\u{9b}31m\u{0}\u{fffd}\u{feff}";

/// What the protocol itself reads; a client that cannot trust these cannot speak to the server at all.
const PROTOCOL: &[&str] = &[
    "apiVersion",
    "kind",
    "uid",
    "resourceVersion",
    "continue",
    "type",
    "namespace",
];

/// What a cluster is judged by: names, labels and states.
const JUDGED: &[&str] = &["name", "labels", "matchLabels", "status", "phase"];

/// Puts hostile characters into the texts of an object that people read, and with `names` into everything else too.
pub(super) fn corrupt(value: &mut Value, names: bool) {
    match value {
        Value::String(text) if !is_time(text) => text.push_str(HOSTILE),
        Value::Array(items) => items.iter_mut().for_each(|item| corrupt(item, names)),
        Value::Object(map) => {
            for (key, value) in map {
                let protocol = PROTOCOL.contains(&key.as_str());
                if protocol && value.is_string() || key == "managedFields" {
                    continue;
                }
                let is_part = key == "status" && !value.is_string();
                if JUDGED.contains(&key.as_str()) && !is_part && !names {
                    continue;
                }
                corrupt(value, names);
            }
        }
        _ => {}
    }
}

fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_hostile_and_the_protocol_stays() {
        let mut pod = json!({"kind": "Pod", "metadata": {"name": "web", "uid": "u", "creationTimestamp": "2026-08-15T04:31:00Z",
            "labels": {"app": "web"}}, "status": {"phase": "Running",
            "conditions": [{"message": "m", "type": "Ready", "status": "True"}]}});
        let mut whole = pod.clone();
        corrupt(&mut pod, false);
        assert_eq!(pod["metadata"]["name"], "web");
        assert_eq!(pod["kind"], "Pod");
        assert_eq!(pod["metadata"]["creationTimestamp"], "2026-08-15T04:31:00Z");
        let message = pod["status"]["conditions"][0]["message"].as_str().unwrap();
        assert!(message.ends_with(HOSTILE));
        assert_eq!(pod["metadata"]["labels"]["app"], "web");
        assert_eq!(pod["status"]["phase"], "Running");
        assert_eq!(pod["status"]["conditions"][0]["status"], "True");
        corrupt(&mut whole, true);
        assert!(
            whole["metadata"]["name"]
                .as_str()
                .unwrap()
                .contains('\u{202e}')
        );
    }
}

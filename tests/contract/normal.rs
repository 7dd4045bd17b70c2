//! What differs between any two runs is taken out of an answer; what refers to the same thing
//! still says so.
//!
//! A uid or a resourceVersion becomes the exchange and place where it was first seen, so an object
//! that changed its uid, or did not change its version, is a difference. Instants, ages, tokens of
//! pages, addresses and versions of whole lists become a word. What the story itself says stays.

use std::collections::BTreeMap;

use serde_json::Value;

/// What was seen in a story so far.
pub(crate) struct Normal {
    said: String,
    seen: BTreeMap<String, String>,
}

impl Normal {
    /// For a story with this text.
    pub(crate) fn new(said: &str) -> Normal {
        Normal {
            said: said.to_owned(),
            seen: BTreeMap::new(),
        }
    }

    /// Gives a generated name the name of its variable.
    pub(crate) fn name(&mut self, found: &str, variable: &str) {
        self.seen.insert(found.to_owned(), format!("${variable}"));
    }

    /// The body of an exchange's answer.
    pub(crate) fn body(&mut self, id: &str, mut body: Value) -> Value {
        self.value(&mut body, &format!("{id}:"), "", false);
        body
    }

    fn value(&mut self, value: &mut Value, path: &str, key: &str, whole: bool) {
        match value {
            Value::Object(map) => {
                let kind = map.get("kind").and_then(Value::as_str).unwrap_or("");
                let many = kind.ends_with("List") || kind == "Table";
                // A bookmark's version is that of the whole watch.
                let mark = map.get("type").is_some_and(|kind| kind == "BOOKMARK");
                if let Some(fields) = map.get_mut("managedFields").and_then(Value::as_array_mut) {
                    // A real server sorts by time before name, so the second matters.
                    fields.sort_by_key(who);
                }
                for rules in ["resourceRules", "nonResourceRules", "causes"] {
                    if let Some(rules) = map.get_mut(rules).and_then(Value::as_array_mut) {
                        // A real server goes through a hash map here.
                        rules.sort_by_key(Value::to_string);
                    }
                }
                for (key, value) in map.iter_mut() {
                    // `whole` goes down from a bookmark, and one step from a list.
                    let whole = match key.as_str() {
                        "object" => mark || whole,
                        "metadata" => many || whole,
                        "resourceVersion" | "rows" => whole,
                        _ => false,
                    };
                    self.value(value, &format!("{path}/{key}"), key, whole);
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.value(item, &format!("{path}/{at}"), key, whole && key == "rows");
                }
            }
            Value::String(text) => {
                let shown = self.word(text, path, key, whole);
                *text = shown;
            }
            _ => {}
        }
    }

    fn word(&mut self, text: &str, path: &str, key: &str, whole: bool) -> String {
        let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match key {
            "resourceVersion" if number && whole => return "$version".to_owned(),
            "resourceVersion" if number && !self.said.contains(&format!("\"{text}\"")) => {
                return self.first(text, path, "rv");
            }
            "continue" if !text.is_empty() => return "$page".to_owned(),
            "clusterIP" | "clusterIPs" if text.contains('.') => return "$address".to_owned(),
            "description" if path.contains("/columnDefinitions/") => return "$prose".to_owned(),
            "serverAddress" => return "$address".to_owned(),
            "cells" if is_age(text) => return "$age".to_owned(),
            _ => {}
        }
        if let Some(instant) = instant(text).filter(|_| !self.said.contains(text)) {
            return instant.to_owned();
        }
        for (at, end) in uids(text) {
            self.first(&text[at..end], path, "uid");
        }
        self.text(text)
    }

    /// A name for a reference: where it was first seen.
    fn first(&mut self, text: &str, path: &str, kind: &str) -> String {
        if self.said.contains(text) {
            return text.to_owned();
        }
        let seen = self.seen.entry(text.to_owned());
        seen.or_insert_with(|| format!("${kind}@{path}")).clone()
    }

    /// A text in which known references are named.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        let versions = text.to_lowercase().contains("resourceversion");
        for (known, name) in &self.seen {
            let version = known.bytes().all(|byte| byte.is_ascii_digit());
            if !version || versions {
                shown = shown.replace(known.as_str(), name);
            }
        }
        if shown.starts_with("too old resource version: ") {
            return "too old resource version: $version ($version)".to_owned();
        }
        // A patched object as text, with its times.
        if let (Some((start, _)), Some((_, end))) = (
            shown.split_once("Invalid value: \"{"),
            shown.rsplit_once("}\": "),
        ) {
            return format!("{start}Invalid value: $object: {end}");
        }
        // The faults of an object come out of a hash map on a real server.
        if let Some((start, faults)) = shown.split_once(" is invalid: [")
            && let Some(faults) = faults.strip_suffix(']')
        {
            let mut faults: Vec<&str> = faults.split(", ").collect();
            faults.sort_unstable();
            return format!("{start} is invalid: [{}]", faults.join(", "));
        }
        match shown.split_once(", current: ") {
            Some((start, version)) if version.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{start}, current: $version")
            }
            _ => shown,
        }
    }
}

/// What tells an entry of `managedFields` from the others.
fn who(entry: &Value) -> String {
    ["operation", "manager", "apiVersion", "subresource"]
        .iter()
        .map(|key| entry[*key].as_str().unwrap_or(""))
        .collect::<Vec<_>>()
        .join(" ")
}

/// `12s`, `3d4h`, `<1s`.
fn is_age(text: &str) -> bool {
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    let units = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"smhdy".contains(&byte));
    digits && units && text.ends_with(['s', 'm', 'h', 'd', 'y'])
}

/// A word for an RFC 3339 instant, by how exact it is.
fn instant(text: &str) -> Option<&'static str> {
    let plain: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    match plain.as_str() {
        "0000-00-00T00:00:00Z" => Some("$time"),
        "0000-00-00T00:00:00.000000Z" => Some("$microtime"),
        _ => None,
    }
}

/// Where UUIDs stand in a text.
fn uids(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let fits = |at: usize| {
        bytes[at..at + 36]
            .iter()
            .enumerate()
            .all(|(place, byte)| match place {
                8 | 13 | 18 | 23 => *byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    };
    let last = (bytes.len() + 1).saturating_sub(36);
    (0..last)
        .filter(|at| fits(*at))
        .map(|at| (at, at + 36))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_uid_has_the_same_name_and_another_one_another() {
        let mut normal = Normal::new("");
        let uid = "0197c1f2-5e1a-4d3e-8c0d-51a0e57a7e00";
        let made = normal.body(
            "made",
            json!({"metadata": {"uid": uid, "resourceVersion": "12"}}),
        );
        assert_eq!(made["metadata"]["uid"], "$uid@made:/metadata/uid");
        let read = normal.body(
            "read",
            json!({"uid": uid, "message": format!("UID {uid}"), "resourceVersion": "13"}),
        );
        assert_eq!(read["uid"], made["metadata"]["uid"]);
        assert_eq!(read["message"], "UID $uid@made:/metadata/uid");
        assert_ne!(read["resourceVersion"], made["metadata"]["resourceVersion"]);
    }

    #[test]
    fn the_version_of_a_list_and_of_a_bookmark_is_any() {
        let mut normal = Normal::new("");
        let list = json!({"kind": "PodList", "metadata": {"resourceVersion": "7", "continue": "abc"}, "items": [{"metadata": {"resourceVersion": "5"}}]});
        let list = normal.body("l", list);
        assert_eq!(
            list["metadata"],
            json!({"resourceVersion": "$version", "continue": "$page"})
        );
        assert_eq!(
            list["items"][0]["metadata"]["resourceVersion"],
            "$rv@l:/items/0/metadata/resourceVersion"
        );
        let mark = json!([{"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "9"}}}]);
        assert_eq!(
            normal.body("w", mark)[0]["object"]["metadata"]["resourceVersion"],
            "$version"
        );
    }

    #[test]
    fn instants_lose_their_value_and_keep_how_exact_they_are() {
        let mut normal = Normal::new("2020-01-01T00:00:00Z");
        let times = json!([
            "2026-08-15T04:31:00Z",
            "2026-08-15T04:31:00.000001Z",
            "2020-01-01T00:00:00Z"
        ]);
        let expected = json!(["$time", "$microtime", "2020-01-01T00:00:00Z"]);
        assert_eq!(normal.body("t", times), expected);
        assert!(is_age("3d4h") && is_age("12s") && !is_age("running") && !is_age("3"));
    }
}

//! Reads the schemas of the custom kinds from their files, `kinds/*.txt`.
//!
//! A line is a field: its name (`!` when it is required), its type, its rules. What stands further in, by two spaces a
//! step, is below it. Types: `string`, `boolean`, `integer`, `number`, `object`, with a format `int32`, `int64`, `time`,
//! `bytes`; `[T]` is a list and `{T}` a map of T; `@name` is a part of `shared.txt`. Rules: `nullable`, `open` (holds
//! what nobody declared), `whole` and `whole-list` (one owner for all of it), `min-items=`, and for the value itself or
//! the items of a list `one-of=a|b`, `least=`, `shortest=`, `longest=` (characters), `like=` (a pattern), `default=`.

use std::collections::BTreeMap;
use std::iter::Peekable;

use serde_json::{Map, Value, json};

const SHARED: &str = include_str!("kinds/shared.txt");

const KINDS: &[(&str, &str)] = &[
    ("backups", include_str!("kinds/backups.txt")),
    (
        "backupstoragelocations",
        include_str!("kinds/backupstoragelocations.txt"),
    ),
    (
        "deletebackuprequests",
        include_str!("kinds/deletebackuprequests.txt"),
    ),
    (
        "downloadrequests",
        include_str!("kinds/downloadrequests.txt"),
    ),
    ("gitrepositories", include_str!("kinds/gitrepositories.txt")),
    ("kustomizations", include_str!("kinds/kustomizations.txt")),
    (
        "podvolumebackups",
        include_str!("kinds/podvolumebackups.txt"),
    ),
    (
        "podvolumerestores",
        include_str!("kinds/podvolumerestores.txt"),
    ),
    ("restores", include_str!("kinds/restores.txt")),
    ("schedules", include_str!("kinds/schedules.txt")),
    (
        "serverstatusrequests",
        include_str!("kinds/serverstatusrequests.txt"),
    ),
];

/// The schemas of all custom kinds in the form of their definitions, by plural name.
pub(super) fn all() -> BTreeMap<&'static str, Value> {
    let mut parts = Map::new();
    fields(&mut lines(SHARED), 0, &mut parts);
    let part = |parts: &Map<String, Value>, text: &str| {
        let mut own = parts.clone();
        let (properties, required) = fields(&mut lines(text), 0, &mut own);
        object(&properties, &required)
    };
    KINDS
        .iter()
        .map(|(plural, text)| {
            let mut schema = part(&parts, text);
            for (key, kind) in [
                ("apiVersion", "string"),
                ("kind", "string"),
                ("metadata", "object"),
            ] {
                schema["properties"][key] = json!({ "type": kind });
            }
            (*plural, schema)
        })
        .collect()
}

/// The lines of a file with how far in they stand.
fn lines(text: &str) -> Peekable<impl Iterator<Item = (usize, &str)>> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let bare = line.trim_start();
            ((line.len() - bare.len()) / 2, bare)
        })
        .peekable()
}

fn object(properties: &Map<String, Value>, required: &[Value]) -> Value {
    let mut object = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object
}

/// The fields of one object, and which of them are required. At the top of `shared.txt` they are parts as well.
fn fields<'t>(
    lines: &mut Peekable<impl Iterator<Item = (usize, &'t str)>>,
    depth: usize,
    parts: &mut Map<String, Value>,
) -> (Map<String, Value>, Vec<Value>) {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    while let Some((_, line)) = lines.next_if(|(at, _)| *at == depth) {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or("");
        let mut schema = typed(words.next().unwrap_or(""), parts);
        words.for_each(|rule| hold(&mut schema, rule));
        if lines.peek().is_some_and(|(at, _)| *at > depth) {
            let (properties, required) = fields(lines, depth + 1, parts);
            let below = object(&properties, &required);
            let inner = innermost(&mut schema);
            for key in ["properties", "required"] {
                if let Some(value) = below.get(key) {
                    inner[key] = value.clone();
                }
            }
        }
        let bare = name.trim_end_matches('!');
        if bare != name {
            required.push(bare.into());
        }
        if depth == 0 {
            parts.insert(bare.to_owned(), schema.clone());
        }
        properties.insert(bare.to_owned(), schema);
    }
    (properties, required)
}

fn typed(word: &str, parts: &Map<String, Value>) -> Value {
    let within = |open, close| {
        word.strip_prefix(open)
            .and_then(|word| word.strip_suffix(close))
    };
    if let Some(items) = within('[', ']') {
        return json!({ "type": "array", "items": typed(items, parts) });
    }
    if let Some(values) = within('{', '}') {
        return json!({ "type": "object", "additionalProperties": typed(values, parts) });
    }
    if let Some(part) = word.strip_prefix('@') {
        return parts.get(part).cloned().unwrap_or_default();
    }
    match word {
        "int32" | "int64" => json!({ "type": "integer", "format": word }),
        "time" => json!({ "type": "string", "format": "date-time" }),
        "bytes" => json!({ "type": "string", "format": "byte" }),
        plain => json!({ "type": plain }),
    }
}

/// The schema of what a list or map holds in the end; without one the schema itself.
fn innermost(schema: &mut Value) -> &mut Value {
    let below = ["items", "additionalProperties"];
    match below.into_iter().find(|key| schema.get(key).is_some()) {
        Some(key) => innermost(&mut schema[key]),
        None => schema,
    }
}

/// Adds a rule to a schema.
fn hold(schema: &mut Value, rule: &str) {
    let (name, value) = rule.split_once('=').unwrap_or((rule, ""));
    let number = || Value::from(value.parse::<i64>().unwrap_or(0));
    match name {
        "nullable" => schema["nullable"] = true.into(),
        "whole-list" => schema["x-kubernetes-list-type"] = "atomic".into(),
        "whole" => innermost(schema)["x-kubernetes-map-type"] = "atomic".into(),
        "open" => {
            let key = "x-kubernetes-preserve-unknown-fields";
            schema[key] = true.into();
            innermost(schema)[key] = true.into();
        }
        "min-items" => schema["minItems"] = number(),
        "one-of" => innermost(schema)["enum"] = value.split('|').collect(),
        "least" => innermost(schema)["minimum"] = number(),
        "shortest" => innermost(schema)["minLength"] = number(),
        "longest" => innermost(schema)["maxLength"] = number(),
        "like" => innermost(schema)["pattern"] = value.into(),
        "default" => innermost(schema)["default"] = serde_json::from_str(value).unwrap_or_default(),
        unknown => schema[unknown] = "no such rule".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_file_is_understood() {
        for (plural, schema) in all() {
            let text = schema.to_string();
            assert!(!text.contains("no such rule"), "{plural}: {text}");
            assert!(!text.contains("null,"), "{plural}: {text}");
            let fields = KINDS.iter().find(|(name, _)| *name == plural).unwrap().1;
            assert!(fields.lines().count() > 4, "{plural}");
        }
    }

    #[test]
    fn a_line_says_type_rules_and_what_is_below() {
        let text = "spec object\n  list! [object] nullable\n    name! string one-of=a|b\n  map {string}\nlater int64 least=1\n";
        let (properties, _) = fields(&mut lines(text), 0, &mut Map::new());
        assert_eq!(
            Value::Object(properties),
            json!({
                "spec": {"type": "object", "required": ["list"], "properties": {
                    "list": {"type": "array", "nullable": true, "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string", "enum": ["a", "b"]}},
                    }},
                    "map": {"type": "object", "additionalProperties": {"type": "string"}},
                }},
                "later": {"type": "integer", "format": "int64", "minimum": 1},
            })
        );
    }
}

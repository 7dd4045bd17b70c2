//! Trees of fields, as `managedFields` writes them: which part of an object is one field.
//!
//! Lists that a real server merges are told apart by their items' keys (`k:{"name":"c"}`) or values (`v:"x"`); all
//! other lists, and maps that are always set as a whole, are one field. `.` stands for the thing itself: that it is
//! there at all.

use serde_json::{Map, Value, json};

/// Keys that tell the items of a list apart, by the name of the list. `ports` of a Service go by `port`.
const KEYS: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("env", &["name"]),
    ("volumes", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("imagePullSecrets", &["name"]),
    ("ports", &["containerPort", "protocol"]),
    ("conditions", &["type"]),
    ("addresses", &["type"]),
    ("hostAliases", &["ip"]),
    ("podIPs", &["ip"]),
    ("ownerReferences", &["uid"]),
    (
        "topologySpreadConstraints",
        &["topologyKey", "whenUnsatisfiable"],
    ),
];

/// Maps that are one field.
const WHOLE: &[&str] = &[
    "selector",
    "labelSelector",
    "nodeSelector",
    "roleRef",
    "involvedObject",
    "configMapKeyRef",
    "secretKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "pod",
    "credential",
    "caCertRef",
    "resourcePolicy",
    "resourceModifier",
];

/// Parts that an object of a built-in kind has even when nobody sets them.
const ALWAYS: &[&str] = &[
    "metadata",
    "spec",
    "status",
    "template",
    "jobTemplate",
    "strategy",
    "updateStrategy",
    "resources",
    "source",
    "loadBalancer",
    "containers",
];

/// What a tree is to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// What is new or other.
    Changed,
    /// What is only in the second.
    Missing,
    /// Everything that is given, as an apply counts it.
    Given,
}

/// Where in an object the walk is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// In the part of a custom resource that its definition describes.
    custom: bool,
    /// In an item of a list.
    item: bool,
}

impl Place {
    /// The top of an object; `custom` when a definition describes its kind.
    pub(super) fn top(custom: bool) -> Place {
        Place {
            custom,
            item: false,
        }
    }

    fn below(self, key: &str) -> Place {
        Place {
            custom: self.custom && key != "metadata",
            item: self.item,
        }
    }

    /// True when the thing under a key counts as a field of its own.
    fn dotted(self, key: &str, new: bool, which: Which) -> bool {
        let always = ALWAYS.contains(&key) && !self.item && (!self.custom || key == "metadata");
        match which {
            Which::Given => false,
            Which::Changed | Which::Missing => new && !always,
        }
    }
}

/// How the value under a key is divided.
enum Form {
    Leaf,
    Map,
    Keyed(&'static [&'static str]),
    Set,
}

fn form(key: &str, value: &Value, place: Place) -> Form {
    match value {
        Value::Object(map) if !map.is_empty() && !WHOLE.contains(&key) => Form::Map,
        Value::Array(items) if !place.custom && !items.is_empty() => {
            if key == "finalizers" && items.iter().all(Value::is_string) {
                return Form::Set;
            }
            let service = items[0].get("containerPort").is_none();
            let keys: Option<&[&str]> = match key {
                "ports" if service => Some(&["port", "protocol"]),
                key => KEYS
                    .iter()
                    .find(|(list, _)| *list == key)
                    .map(|(_, keys)| *keys),
            };
            match keys {
                Some(keys) if items.iter().all(|item| item.get(keys[0]).is_some()) => {
                    Form::Keyed(keys)
                }
                _ => Form::Leaf,
            }
        }
        _ => Form::Leaf,
    }
}

/// The name of an item in a tree.
fn name_of(item: &Value, keys: &[&str]) -> String {
    let mut name = Map::new();
    for key in keys {
        let value = item.get(*key).cloned();
        let absent = if *key == "protocol" { "TCP" } else { "" };
        name.insert((*key).to_owned(), value.unwrap_or(absent.into()));
    }
    format!("k:{}", Value::Object(name))
}

/// The tree of the fields of `after`, against `before`.
pub(super) fn tree(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    place: Place,
    which: Which,
) -> Map<String, Value> {
    let mut fields = Map::new();
    for (key, value) in after {
        let old = before.get(key);
        if which != Which::Given && old == Some(value) {
            continue;
        }
        let mut inner = match (form(key, value, place), value) {
            (Form::Map, Value::Object(map)) => {
                let none = Map::new();
                let old = old.and_then(Value::as_object).unwrap_or(&none);
                tree(old, map, place.below(key), which)
            }
            (Form::Keyed(keys), Value::Array(items)) => keyed(old, items, keys, which),
            (Form::Set, Value::Array(items)) => set(old, items, which),
            _ => {
                let empty = value.as_object().is_some_and(Map::is_empty);
                if empty && !place.custom && !place.item && ALWAYS.contains(&key.as_str()) {
                    continue;
                }
                if which != Which::Missing || old.is_none() {
                    fields.insert(format!("f:{key}"), json!({}));
                }
                continue;
            }
        };
        let new = !old.is_some_and(|old| old.is_object() || old.is_array());
        let list = value.is_array() && which == Which::Given;
        if !list && place.dotted(key, new, which) {
            inner.insert(".".to_owned(), json!({}));
        }
        if !inner.is_empty() {
            fields.insert(format!("f:{key}"), inner.into());
        }
    }
    fields
}

fn keyed(old: Option<&Value>, items: &[Value], keys: &[&str], which: Which) -> Map<String, Value> {
    let none = Map::new();
    let place = Place {
        custom: false,
        item: true,
    };
    let mut fields = Map::new();
    for item in items {
        let name = name_of(item, keys);
        let was = old
            .and_then(Value::as_array)
            .and_then(|old| old.iter().find(|was| name_of(was, keys) == name));
        let (one, two) = (was.and_then(Value::as_object), item.as_object());
        let mut inner = tree(one.unwrap_or(&none), two.unwrap_or(&none), place, which);
        if was.is_none() {
            inner.insert(".".to_owned(), json!({}));
        }
        if !inner.is_empty() {
            fields.insert(name, inner.into());
        }
    }
    fields
}

fn set(old: Option<&Value>, items: &[Value], which: Which) -> Map<String, Value> {
    let none = Vec::new();
    let old = old
        .and_then(Value::as_array)
        .filter(|_| which != Which::Given);
    let old = old.unwrap_or(&none);
    items
        .iter()
        .filter(|item| !old.contains(item))
        .map(|item| (format!("v:{item}"), json!({})))
        .collect()
}

/// Puts one tree into another.
pub(super) fn add(fields: &mut Value, more: &Map<String, Value>) {
    let Some(fields) = fields.as_object_mut() else {
        return;
    };
    for (key, inner) in more {
        let known = fields.contains_key(key);
        let slot = fields.entry(key.clone()).or_insert_with(|| json!({}));
        if known && inner.as_object().is_some_and(|inner| !inner.is_empty()) {
            open(slot);
        }
        add(slot, inner.as_object().unwrap_or(&Map::new()));
    }
}

/// Writes out that a leaf is there itself.
fn open(slot: &mut Value) {
    if slot.as_object().is_some_and(Map::is_empty) {
        *slot = json!({ ".": {} });
    }
}

/// Takes the leaves of one tree out of another.
pub(super) fn subtract(fields: &mut Value, less: &Map<String, Value>) {
    let Some(fields) = fields.as_object_mut() else {
        return;
    };
    for (key, inner) in less {
        let inner = inner.as_object().filter(|inner| !inner.is_empty());
        match (fields.get_mut(key), inner) {
            (Some(slot), Some(inner)) => {
                open(slot);
                subtract(slot, inner);
                match slot.as_object() {
                    Some(left) if left.is_empty() => drop(fields.remove(key)),
                    Some(left) if left.len() == 1 && left.contains_key(".") => *slot = json!({}),
                    _ => {}
                }
            }
            (Some(_), None) => {
                fields.remove(key);
            }
            (None, _) => {}
        }
    }
}

/// A part of a tree's path in the words of a conflict: `.spec`, `[name="c"]`.
pub(super) fn word(part: &str) -> String {
    if let Some(name) = part.strip_prefix("f:") {
        return format!(".{name}");
    }
    if let Some(value) = part.strip_prefix("v:") {
        return format!("[={value}]");
    }
    let keys: Option<Map<String, Value>> = part
        .strip_prefix("k:")
        .and_then(|keys| serde_json::from_str(keys).ok());
    let pairs: Vec<String> = keys
        .iter()
        .flatten()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    format!("[{}]", pairs.join(","))
}

/// Removes from an object the leaves of a tree.
pub(super) fn drop_from(object: &mut Value, fields: &Value) {
    let Some(fields) = fields.as_object() else {
        return;
    };
    for (key, inner) in fields {
        let deep = inner.as_object().is_some_and(|inner| !inner.is_empty());
        match (key.split_once(':'), &mut *object) {
            (Some(("f", name)), Value::Object(map)) => {
                if !deep {
                    map.remove(name);
                } else if let Some(slot) = map.get_mut(name) {
                    drop_from(slot, inner);
                    let empty = slot.as_object().is_some_and(Map::is_empty);
                    if empty || slot.as_array().is_some_and(Vec::is_empty) {
                        map.remove(name);
                    }
                }
            }
            (Some(("v", value)), Value::Array(items)) => {
                let value: Option<Value> = serde_json::from_str(value).ok();
                items.retain(|item| Some(item) != value.as_ref());
            }
            (Some(("k", keys)), Value::Array(items)) => drop_item(items, keys, inner),
            _ => {}
        }
    }
}

fn drop_item(items: &mut Vec<Value>, keys: &str, inner: &Value) {
    let Ok(keys) = serde_json::from_str::<Map<String, Value>>(keys) else {
        return;
    };
    let at = items.iter().position(|item| {
        keys.iter().all(|(key, value)| {
            let absent = key == "protocol" && item.get(key).is_none();
            absent || item.get(key) == Some(value)
        })
    });
    let Some(at) = at else { return };
    if inner.get(".").is_some() {
        items.remove(at);
    } else {
        drop_from(&mut items[at], inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: &Value) -> &Map<String, Value> {
        value.as_object().unwrap()
    }

    fn changed(before: &Value, after: &Value) -> Value {
        let place = Place::top(false);
        Value::Object(tree(map(before), map(after), place, Which::Changed))
    }

    #[test]
    fn items_are_told_apart_by_their_key_and_whole_maps_are_one_field() {
        let spec =
            json!({"spec": {"selector": {"a": "b"}, "containers": [{"name": "c", "image": "x"}]}});
        let other =
            json!({"spec": {"selector": {"a": "b"}, "containers": [{"name": "c", "image": "y"}]}});
        let item = json!({".": {}, "f:image": {}, "f:name": {}});
        assert_eq!(
            changed(&json!({}), &spec),
            json!({"f:spec": {"f:selector": {}, "f:containers": {"k:{\"name\":\"c\"}": item}}})
        );
        assert_eq!(
            changed(&spec, &other),
            json!({"f:spec": {"f:containers": {"k:{\"name\":\"c\"}": {"f:image": {}}}}})
        );
    }

    #[test]
    fn what_is_applied_does_not_count_the_parts_it_is_in() {
        let object = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"list": [1]}});
        let place = Place::top(true);
        let given = tree(&Map::new(), map(&object), place, Which::Given);
        assert_eq!(
            Value::Object(given),
            json!({"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:list": {}}})
        );
    }

    #[test]
    fn what_is_dropped_goes_with_its_item() {
        let mut object =
            json!({"l": {"x": 1}, "env": [{"name": "A", "value": "1"}, {"name": "B"}]});
        let gone =
            json!({"f:l": {"f:x": {}}, "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:name": {}}}});
        drop_from(&mut object, &gone);
        assert_eq!(object, json!({"env": [{"name": "B"}]}));
        assert_eq!(word("k:{\"name\":\"A\"}"), "[name=\"A\"]");
    }
}

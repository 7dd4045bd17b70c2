//! Patches: JSON, merge and strategic merge.

use serde_json::{Map, Value};

use crate::sim::store::Refusal;

/// Keys by which strategic merge tells list items apart, by the name of the list.
const MERGE_KEYS: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("env", &["name"]),
    ("volumes", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("ports", &["containerPort", "port"]),
    ("imagePullSecrets", &["name"]),
    ("secrets", &["name"]),
    ("conditions", &["type"]),
    ("addresses", &["type"]),
    ("ownerReferences", &["uid"]),
    ("hostAliases", &["ip"]),
    ("taints", &["key"]),
];

/// Lists of plain values that strategic merge joins.
const SETS: &[&str] = &["finalizers"];

/// Applies a merge patch: null removes, objects merge, everything else replaces.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        patch.clone_into(target);
        return;
    };
    let map = as_map(target);
    for (key, value) in patch {
        if value.is_null() {
            map.remove(key);
        } else {
            merge(map.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

fn as_map(target: &mut Value) -> &mut Map<String, Value> {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    match target {
        Value::Object(map) => map,
        _ => unreachable!("the value was just made a map"),
    }
}

/// Applies a strategic merge patch: as a merge, but known lists merge by their key.
pub(super) fn strategic(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        patch.clone_into(target);
        return;
    };
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            let mut whole = patch.clone();
            whole.remove("$patch");
            *target = Value::Object(whole);
            return;
        }
        Some("delete") => {
            *target = Value::Object(Map::new());
            return;
        }
        _ => {}
    }
    let map = as_map(target);
    if let Some(keep) = patch.get("$retainKeys").and_then(Value::as_array) {
        map.retain(|key, _| keep.iter().any(|kept| kept == key.as_str()));
    }
    for (key, value) in patch {
        if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(Value::Array(items)) = map.get_mut(list) {
                items.retain(|item| !value.as_array().is_some_and(|gone| gone.contains(item)));
            }
        } else if key.starts_with('$') {
            // Orders of list elements do not matter here.
        } else if value.is_null() {
            map.remove(key);
        } else {
            let slot = map.entry(key.clone()).or_insert(Value::Null);
            match value {
                Value::Array(items) => strategic_list(key, slot, items),
                other => strategic(slot, other),
            }
        }
    }
}

fn strategic_list(name: &str, target: &mut Value, items: &[Value]) {
    if SETS.contains(&name)
        && let Value::Array(old) = target
    {
        old.extend(
            items
                .iter()
                .filter(|item| !old.contains(item))
                .cloned()
                .collect::<Vec<_>>(),
        );
        return;
    }
    let keys = MERGE_KEYS.iter().find(|(list, _)| *list == name);
    let key = keys.and_then(|(_, keys)| {
        let has = |key: &&&str| {
            items
                .iter()
                .all(|i| i.get(**key).is_some() || i.get("$patch").is_some())
        };
        keys.iter().find(has)
    });
    let replace = items.iter().any(|item| item["$patch"] == "replace");
    let (Some(key), false) = (key, replace) else {
        *target = items
            .iter()
            .filter(|item| item.get("$patch").is_none())
            .cloned()
            .collect();
        return;
    };
    let mut merged = target.as_array().cloned().unwrap_or_default();
    for item in items {
        let at = merged.iter().position(|old| old[*key] == item[*key]);
        match (at, item["$patch"] == "delete") {
            (Some(at), true) => {
                merged.remove(at);
            }
            (None, true) => {}
            (Some(at), false) => strategic(&mut merged[at], item),
            (None, false) => {
                let mut new = Value::Null;
                strategic(&mut new, item);
                merged.push(new);
            }
        }
    }
    *target = merged.into();
}

/// Applies a JSON patch (RFC 6902); 422 when an operation does not fit.
pub(super) fn json(target: &mut Value, patch: &Value) -> Result<(), Refusal> {
    let operations = patch
        .as_array()
        .ok_or_else(|| Refusal::bad_request("error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"))?;
    for operation in operations {
        apply(target, operation).ok_or_else(|| {
            let mut refusal = Refusal::new(
                422,
                "Invalid",
                "the server rejected our request due to an error in our request",
            );
            refusal.details = serde_json::json!({});
            refusal
        })?;
    }
    Ok(())
}

fn apply(target: &mut Value, operation: &Value) -> Option<()> {
    let path = operation["path"].as_str()?;
    let value = operation.get("value").cloned();
    match operation["op"].as_str()? {
        "add" => add(target, path, value?),
        // As on a real server, a key that is missing in an object may be replaced.
        "replace" => match target.pointer_mut(path) {
            Some(slot) => {
                *slot = value?;
                Some(())
            }
            None => split(path)
                .filter(|(parent, _)| target.pointer(parent).is_some_and(Value::is_object))
                .and_then(|_| add(target, path, value?)),
        },
        "remove" => take(target, path).map(|_| ()),
        "test" => (target.pointer(path).cloned().unwrap_or(Value::Null) == value?).then_some(()),
        "move" => {
            let moved = take(target, operation["from"].as_str()?)?;
            add(target, path, moved)
        }
        "copy" => {
            let copied = target.pointer(operation["from"].as_str()?)?.clone();
            add(target, path, copied)
        }
        _ => None,
    }
}

/// The parent's pointer and the unescaped last part.
fn split(path: &str) -> Option<(&str, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *target = value;
        return Some(());
    }
    let (parent, last) = split(path)?;
    match target.pointer_mut(parent)? {
        Value::Object(map) => {
            map.insert(last, value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let at: usize = last.parse().ok().filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn take(target: &mut Value, path: &str) -> Option<Value> {
    let (parent, last) = split(path)?;
    match target.pointer_mut(parent)? {
        Value::Object(map) => map.remove(&last),
        Value::Array(items) => {
            let at: usize = last.parse().ok().filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_patch_removes_by_null_and_replaces_lists() {
        let mut object = json!({"a": {"b": 1, "c": 2}, "l": [1, 2]});
        merge(&mut object, &json!({"a": {"b": null, "d": 3}, "l": [9]}));
        assert_eq!(object, json!({"a": {"c": 2, "d": 3}, "l": [9]}));
    }

    #[test]
    fn a_strategic_patch_merges_containers_by_name() {
        let mut object =
            json!({"containers": [{"name": "a", "image": "x", "tty": true}, {"name": "b"}]});
        let patch = json!({
            "$setElementOrder/containers": [{"name": "a"}],
            "containers": [{"name": "a", "image": "y"}, {"name": "b", "$patch": "delete"}, {"name": "c"}],
        });
        strategic(&mut object, &patch);
        assert_eq!(
            object,
            json!({"containers": [{"name": "a", "image": "y", "tty": true}, {"name": "c"}]})
        );
    }

    #[test]
    fn a_strategic_patch_joins_finalizers_and_keeps_told_keys() {
        let mut object =
            json!({"finalizers": ["a"], "strategy": {"type": "x", "rollingUpdate": {}}});
        let patch =
            json!({"finalizers": ["b"], "strategy": {"$retainKeys": ["type"], "type": "Recreate"}});
        strategic(&mut object, &patch);
        assert_eq!(
            object,
            json!({"finalizers": ["a", "b"], "strategy": {"type": "Recreate"}})
        );
    }

    #[test]
    fn a_json_patch_does_all_or_is_refused() {
        let mut object = json!({"a/b": 1, "l": [1, 2]});
        let patch = json!([
            {"op": "test", "path": "/a~1b", "value": 1},
            {"op": "add", "path": "/l/-", "value": 3},
            {"op": "remove", "path": "/l/0"},
            {"op": "copy", "from": "/l/0", "path": "/c"},
            {"op": "move", "from": "/a~1b", "path": "/d"},
        ]);
        json(&mut object, &patch).unwrap();
        assert_eq!(object, json!({"l": [2, 3], "c": 2, "d": 1}));
        let wrong = json!([{"op": "test", "path": "/c", "value": 7}]);
        assert_eq!(json(&mut object, &wrong).unwrap_err().code, 422);
        let missing = json!([{"op": "replace", "path": "/nothing/x", "value": 7}]);
        assert!(json(&mut object, &missing).is_err());
    }
}

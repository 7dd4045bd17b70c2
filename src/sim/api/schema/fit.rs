//! Makes an object fit its schema: unknown fields go, defaults come.

use serde_json::{Map, Value};

/// True when fields that nobody declared are kept.
fn open(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Takes out of a value what its schema does not declare; adds the paths to `unknown`.
pub(super) fn prune(schema: &Value, value: &mut Value, path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let values = &schema["additionalProperties"];
            if values.is_object() {
                for (key, value) in map {
                    prune(values, value, &below(path, key), unknown);
                }
                return;
            }
            map.retain(|key, value| match schema["properties"].get(key) {
                // Metadata has the same fields in every kind.
                Some(_) if path.is_empty() && key == "metadata" => true,
                Some(schema) => {
                    prune(schema, value, &below(path, key), unknown);
                    true
                }
                None if open(schema) => true,
                None => {
                    unknown.push(below(path, key));
                    false
                }
            });
        }
        Value::Array(items) if schema["items"].is_object() => {
            for (at, item) in items.iter_mut().enumerate() {
                prune(&schema["items"], item, &format!("{path}[{at}]"), unknown);
            }
        }
        _ => {}
    }
}

/// Fills in defaults, and drops nulls where null says nothing.
pub(super) fn complete(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            let none = Map::new();
            let properties = schema["properties"].as_object().unwrap_or(&none);
            for (key, schema) in properties {
                let null = map.get(key).is_some_and(Value::is_null);
                if null && schema["nullable"] != true {
                    map.remove(key);
                }
                if let (None, Some(default)) = (map.get(key), schema.get("default")) {
                    map.insert(key.clone(), default.clone());
                }
                if let Some(value) = map.get_mut(key) {
                    complete(schema, value);
                }
            }
            for value in map.values_mut().filter(|_| properties.is_empty()) {
                complete(&schema["additionalProperties"], value);
            }
        }
        Value::Array(items) => {
            for item in items {
                complete(&schema["items"], item);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_declared_goes_and_is_named() {
        let schema = json!({"properties": {"l": {"items": {"properties": {"a": {}}}}, "o": {"x-kubernetes-preserve-unknown-fields": true}}});
        let mut object = json!({"l": [{"a": 1}, {"b": 1}], "o": {"any": 1}, "z": 1});
        let mut unknown = Vec::new();
        prune(&schema, &mut object, "", &mut unknown);
        assert_eq!(unknown, ["l[1].b", "z"]);
        assert_eq!(object, json!({"l": [{"a": 1}, {}], "o": {"any": 1}}));
    }

    #[test]
    fn a_default_comes_and_a_null_goes() {
        let schema = json!({"properties": {"a": {}, "n": {"nullable": true}, "s": {"default": {}, "properties": {"d": {"default": 1}}}}});
        let mut object = json!({"a": null, "n": null});
        complete(&schema, &mut object);
        assert_eq!(object, json!({"n": null, "s": {"d": 1}}));
    }
}

//! Finds where an object breaks its schema, in the words of a real server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use regex::Regex;
use serde_json::{Map, Value};

/// One place where an object breaks its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sim::api) struct Fault {
    /// The path of the field; `<nil>` where a real server names none.
    pub(in crate::sim::api) field: String,
    /// The reason for machines.
    pub(in crate::sim::api) reason: &'static str,
    /// The sentence.
    pub(in crate::sim::api) why: String,
}

/// Where the walk is, and what it found.
struct Walk<'s> {
    /// What is left out where a sentence names a field: `status.` when the status alone is written.
    unsaid: &'s str,
    faults: Vec<Fault>,
}

/// All places where an object breaks its schema; null breaks none.
pub(super) fn faults(schema: &Value, object: &Value, sub: &str) -> Vec<Fault> {
    let mut walk = Walk {
        unsaid: if sub == "status" { "status." } else { "" },
        faults: Vec::new(),
    };
    if object.is_object() {
        walk.value(schema, object, "");
    }
    walk.faults
}

/// The type of a value in the words of JSON schema.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if is_whole(number) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.fract() == 0.0)
}

fn quoted(words: &[Value]) -> String {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    words.join(", ")
}

impl Walk<'_> {
    fn fault(&mut self, field: &str, reason: &'static str, why: String) {
        let field = field.to_owned();
        self.faults.push(Fault { field, reason, why });
    }

    fn invalid(&mut self, field: &str, value: &Value, rule: &str) {
        let said = field.strip_prefix(self.unsaid).unwrap_or(field);
        let why = format!("Invalid value: {value}: {said} in body {rule}");
        self.fault(field, "FieldValueInvalid", why);
    }

    /// The value is not of the type or format wanted; `got` is what it is.
    fn mistyped(&mut self, field: &str, wanted: &str, got: &str) {
        let said = field.strip_prefix(self.unsaid).unwrap_or(field);
        let got = Value::from(got);
        let why = format!("Invalid value: {got}: {said} in body must be of type {wanted}: {got}");
        self.fault(field, "FieldValueTypeInvalid", why);
    }

    fn value(&mut self, schema: &Value, value: &Value, field: &str) {
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        if let Some(known) = schema["enum"].as_array()
            && !known.contains(value)
        {
            let known = quoted(known);
            let why = format!("Unsupported value: {value}: supported values: {known}");
            self.fault(field, "FieldValueNotSupported", why);
        }
        let (wanted, got) = (schema["type"].as_str().unwrap_or(""), kind(value));
        let whole = wanted == "number" && got == "integer";
        if !wanted.is_empty() && wanted != got && !whole {
            self.mistyped(field, wanted, got);
            if (wanted, got) == ("integer", "number") {
                let said = field.strip_prefix(self.unsaid).unwrap_or(field);
                let why = format!(
                    "Invalid value: \"\": Checked value must be of type integer (default format) in {said}"
                );
                self.fault("<nil>", "FieldValueInvalid", why);
            }
            return;
        }
        match value {
            Value::Object(map) => self.object(schema, map, field),
            Value::Array(items) => self.list(schema, items, field),
            Value::String(text) => self.text(schema, text, field),
            Value::Number(number) => {
                let least = schema["minimum"].as_f64().unwrap_or(f64::NEG_INFINITY);
                if number.as_f64().is_some_and(|number| number < least) {
                    let rule = format!("should be greater than or equal to {least}");
                    self.invalid(field, value, &rule);
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, schema: &Value, map: &Map<String, Value>, field: &str) {
        let below = |key: &str| match field {
            "" => key.to_owned(),
            field => format!("{field}.{key}"),
        };
        let required = schema["required"].as_array().into_iter().flatten();
        for key in required.filter_map(Value::as_str) {
            if !map.contains_key(key) {
                let why = "Required value".to_owned();
                self.fault(&below(key), "FieldValueRequired", why);
            }
        }
        for (key, value) in map {
            let inner = schema["properties"].get(key);
            let inner = inner.or_else(|| schema.get("additionalProperties"));
            match inner {
                Some(_) if field.is_empty() && key == "metadata" => {}
                Some(inner) => self.value(inner, value, &below(key)),
                None => {}
            }
        }
    }

    fn list(&mut self, schema: &Value, items: &[Value], field: &str) {
        let least = schema["minItems"].as_u64().unwrap_or(0);
        if (items.len() as u64) < least {
            let rule = format!("should have at least {least} items");
            self.invalid(field, &items.len().into(), &rule);
        }
        for (at, item) in items.iter().enumerate() {
            self.value(&schema["items"], item, &format!("{field}[{at}]"));
        }
    }

    fn text(&mut self, schema: &Value, text: &str, field: &str) {
        let value = Value::from(text);
        let length = text.chars().count() as u64;
        let (shortest, longest) = (schema["minLength"].as_u64(), schema["maxLength"].as_u64());
        if let Some(shortest) = shortest.filter(|shortest| length < *shortest) {
            let rule = format!("should be at least {shortest} chars long");
            self.invalid(field, &value, &rule);
        }
        if let Some(longest) = longest.filter(|longest| length > *longest) {
            let why = format!("Too long: may not be more than {longest} bytes");
            self.fault(field, "FieldValueTooLong", why);
        }
        if let Some(pattern) = schema["pattern"].as_str()
            && !Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
        {
            let rule = format!("should match '{pattern}'");
            self.invalid(field, &value, &rule);
        }
        let format = schema["format"].as_str().unwrap_or("");
        let fits = match format {
            "date-time" => text.contains(['T', 't']) && text.parse::<Timestamp>().is_ok(),
            "byte" => STANDARD.decode(text).is_ok(),
            _ => true,
        };
        if !fits {
            self.mistyped(field, format, text);
        }
    }
}

/// Where what is applied has a field or type that the schema does not, in the words of the library that merges it.
pub(super) fn untyped(schema: &Value, applied: &Value) -> Vec<String> {
    let mut told = Vec::new();
    shapes(schema, applied, "", &mut told);
    told
}

fn shapes(schema: &Value, value: &Value, path: &str, told: &mut Vec<String>) {
    let kind = schema["type"].as_str().unwrap_or("");
    let given = match value {
        Value::String(text) => format!("&{{{text}}}"),
        other => format!("&value.valueUnstructured{{Value:{other}}}"),
    };
    let wanted = match (kind, value) {
        (_, Value::Null)
        | ("string", Value::String(_))
        | ("boolean", Value::Bool(_))
        | ("integer" | "number", Value::Number(_)) => return,
        ("object", Value::Object(map)) => {
            for (key, value) in map {
                let path = format!("{path}.{key}");
                let inner = schema["properties"].get(key);
                let inner = inner.or_else(|| schema.get("additionalProperties"));
                match inner {
                    Some(_) if path == ".metadata" => {}
                    Some(inner) => shapes(inner, value, &path, told),
                    None if schema["x-kubernetes-preserve-unknown-fields"] == true => {}
                    None => told.push(format!("{path}: field not declared in schema")),
                }
            }
            return;
        }
        ("array", Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                shapes(&schema["items"], item, &format!("{path}[{at}]"), told);
            }
            return;
        }
        ("string", _) => "string",
        ("boolean", _) => "boolean",
        ("object", _) => "map",
        ("array", _) => "list",
        ("integer" | "number", other) => {
            let got = self::kind(other);
            told.push(format!(
                "{path}: expected numeric (int or float), got {got}"
            ));
            return;
        }
        _ => return,
    };
    told.push(format!("{path}: expected {wanted}, got {given}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(schema: &Value, value: &Value) -> Vec<String> {
        let schema = json!({"type": "object", "properties": {"f": schema}});
        let object = json!({ "f": value });
        let faults = faults(&schema, &object, "");
        faults.into_iter().map(|fault| fault.why).collect()
    }

    #[test]
    fn each_rule_refuses_what_breaks_it() {
        let number = json!({"type": "integer", "minimum": 0});
        assert_eq!(
            told(&number, &json!(-2)),
            ["Invalid value: -2: f in body should be greater than or equal to 0"]
        );
        assert_eq!(told(&number, &json!(1.5)).len(), 2);
        let text = json!({"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^a"});
        assert!(told(&text, &json!("ab")).is_empty());
        assert_eq!(told(&text, &json!("b")).len(), 2);
        assert_eq!(told(&text, &json!("abcd")).len(), 1);
        let list = json!({"type": "array", "minItems": 1, "items": {"type": "string"}});
        assert_eq!(told(&list, &json!([])).len(), 1);
        assert_eq!(told(&list, &json!([1, "a"])).len(), 1);
        let time = json!({"type": "string", "format": "date-time", "nullable": true});
        assert!(told(&time, &json!("2020-01-01T00:00:00Z")).is_empty());
        assert!(told(&time, &Value::Null).is_empty());
        assert_eq!(told(&time, &json!("2020-01-01 00:00:00")).len(), 1);
    }

    #[test]
    fn what_is_applied_has_the_types_of_its_kind() {
        let schema = json!({"type": "object", "properties": {
            "l": {"type": "array", "items": {"type": "object", "properties": {}}},
            "n": {"type": "integer"},
        }});
        assert_eq!(
            untyped(&schema, &json!({"l": [{"z": 1}], "n": "x", "q": 1})),
            [
                ".l[0].z: field not declared in schema",
                ".n: expected numeric (int or float), got string",
                ".q: field not declared in schema",
            ]
        );
    }
}

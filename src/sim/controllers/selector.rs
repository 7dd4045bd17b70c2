//! Label selectors as objects carry them: `matchLabels` and `matchExpressions`.

use serde_json::Value;

/// True when the labels satisfy the selector; an empty or missing selector takes everything.
pub(in crate::sim) fn matches(selector: &Value, labels: &Value) -> bool {
    let pairs = selector["matchLabels"].as_object();
    let equal = pairs.is_none_or(|pairs| pairs.iter().all(|(key, value)| labels[key] == *value));
    let rules = selector["matchExpressions"].as_array();
    equal && rules.is_none_or(|rules| rules.iter().all(|rule| holds(rule, labels)))
}

fn holds(rule: &Value, labels: &Value) -> bool {
    let label = &labels[rule["key"].as_str().unwrap_or("")];
    let among = || {
        let values = rule["values"].as_array();
        values.is_some_and(|values| values.contains(label))
    };
    match rule["operator"].as_str() {
        Some("In") => among(),
        Some("NotIn") => !among(),
        Some("Exists") => !label.is_null(),
        Some("DoesNotExist") => label.is_null(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_read_like_labels() {
        let labels = json!({"app": "ehr", "tier": "api"});
        assert!(matches(&Value::Null, &labels));
        assert!(matches(&json!({"matchLabels": {"app": "ehr"}}), &labels));
        assert!(!matches(&json!({"matchLabels": {"app": "pacs"}}), &labels));
        let rule = |key: &str, op: &str, values: Value| {
            let rule = json!({"key": key, "operator": op, "values": values});
            matches(&json!({"matchExpressions": [rule]}), &labels)
        };
        assert!(rule("tier", "In", json!(["api", "db"])));
        assert!(!rule("tier", "NotIn", json!(["api"])));
        assert!(rule("zone", "DoesNotExist", json!([])));
        assert!(!rule("zone", "Exists", json!([])));
        assert!(!rule("tier", "Like", json!([])));
    }
}

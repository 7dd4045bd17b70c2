//! Label and field selectors, as lists and watches take them.

use serde_json::Value;

use crate::sim::store::Kept;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::meta;

/// Field labels beyond metadata that a resource can be selected by.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "pods",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    (
        "events",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
    ("namespaces", &["status.phase"]),
    ("nodes", &["spec.unschedulable"]),
    ("secrets", &["type"]),
    ("replicasets", &["status.replicas"]),
    ("jobs", &["status.successful"]),
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Equals(String),
    Differs(String),
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
    Exists,
    Missing,
}

/// What an object must be to be in a list or watch.
#[derive(Clone, Debug, Default)]
pub(super) struct Selector {
    labels: Vec<(String, Test)>,
    fields: Vec<(String, Test)>,
}

impl Selector {
    /// Reads the two selector parameters; empty ones select everything.
    pub(super) fn parse(res: &Resource, labels: &str, fields: &str) -> Result<Selector, Refusal> {
        let labels = split(labels)
            .into_iter()
            .map(|part| label(part).ok_or_else(|| Refusal::bad_request(unread(part))))
            .collect::<Result<Vec<_>, _>>()?;
        let mut selector = Selector {
            labels,
            fields: Vec::new(),
        };
        for part in fields.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (key, test) = equality(part).ok_or_else(|| {
                Refusal::bad_request(format!(
                    "invalid selector: '{fields}'; can't understand '{part}'"
                ))
            })?;
            if !knows(res, &key) {
                return Err(unknown_field(res, &key));
            }
            selector.fields.push((key, test));
        }
        Ok(selector)
    }

    /// True when it selects everything.
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// True when the object is selected; it is opened only when its fields must be looked at.
    pub(super) fn takes_kept(&self, kept: &Kept) -> bool {
        let labelled = self.labels.is_empty() || kept.labels(|labels| self.takes_labels(labels));
        labelled && (self.fields.is_empty() || self.takes_fields(&kept.open()))
    }

    /// True when the object is selected.
    pub(super) fn takes(&self, object: &Value) -> bool {
        self.takes_labels(&object["metadata"]["labels"]) && self.takes_fields(object)
    }

    fn takes_labels(&self, labels: &Value) -> bool {
        let mut all = self.labels.iter();
        all.all(|(key, test)| test.holds(labels[key.as_str()].as_str()))
    }

    fn takes_fields(&self, object: &Value) -> bool {
        let mut all = self.fields.iter();
        all.all(|(key, test)| test.holds(Some(&field(object, key))))
    }
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        match self {
            Test::Equals(wanted) => value == Some(wanted),
            Test::Differs(other) => value != Some(other),
            Test::In(set) => value.is_some_and(|v| set.iter().any(|s| s == v)),
            Test::NotIn(set) => !value.is_some_and(|v| set.iter().any(|s| s == v)),
            Test::Greater(bound) => number(value).is_some_and(|value| value > *bound),
            Test::Less(bound) => number(value).is_some_and(|value| value < *bound),
            Test::Exists => value.is_some(),
            Test::Missing => value.is_none(),
        }
    }
}

fn number(value: Option<&str>) -> Option<i64> {
    value?.parse().ok()
}

fn knows(res: &Resource, key: &str) -> bool {
    matches!(key, "metadata.name" | "metadata.namespace")
        || (!res.custom
            && FIELDS
                .iter()
                .any(|(plural, keys)| *plural == res.plural && keys.contains(&key)))
}

/// 400: the resource cannot be selected by this field.
fn unknown_field(res: &Resource, key: &str) -> Refusal {
    let listed = FIELDS.iter().any(|(plural, _)| *plural == res.plural) && !res.custom;
    Refusal::bad_request(if listed || res.custom {
        format!("field label not supported: {key}")
    } else {
        format!(
            "\"{key}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        )
    })
}

fn field(object: &Value, key: &str) -> String {
    let pointer = match key {
        "source" => "/source/component".to_owned(),
        "status.successful" => "/status/succeeded".to_owned(),
        key => format!("/{}", key.replace('.', "/")),
    };
    match object.pointer(&pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None if matches!(key, "spec.unschedulable" | "spec.hostNetwork") => {
            "false".to_owned()
        }
        Some(Value::Null) | None if matches!(key, "status.successful" | "status.replicas") => {
            "0".to_owned()
        }
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Splits at commas that are not inside parentheses.
fn split(selector: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    selector
        .split(move |letter| {
            match letter {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            letter == ',' && depth == 0
        })
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

fn equality(part: &str) -> Option<(String, Test)> {
    let text = |s: &str| s.trim().to_owned();
    if let Some((key, value)) = part.split_once("!=") {
        return Some((text(key), Test::Differs(text(value))));
    }
    let (key, value) = part.split_once("==").or_else(|| part.split_once('='))?;
    if value.contains('=') {
        return None;
    }
    Some((text(key), Test::Equals(text(value))))
}

fn label(part: &str) -> Option<(String, Test)> {
    if let Some((head, set)) = part.split_once('(') {
        let set: Vec<String> = set
            .trim_end()
            .strip_suffix(')')?
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect();
        let mut words = head.split_whitespace();
        let key = words.next()?.to_owned();
        return match (words.next()?, words.next()) {
            ("in", None) => Some((key, Test::In(set))),
            ("notin", None) => Some((key, Test::NotIn(set))),
            _ => None,
        };
    }
    if let Some((key, test)) = equality(part) {
        let one = match &test {
            Test::Equals(value) | Test::Differs(value) => !value.contains(' '),
            _ => true,
        };
        return (one && is_key(&key)).then_some((key, test));
    }
    if let Some((key, test)) = comparison(part) {
        return is_key(&key).then_some((key, test));
    }
    match part.strip_prefix('!') {
        Some(key) => Some((key.trim().to_owned(), Test::Missing)),
        None => Some((part.to_owned(), Test::Exists)),
    }
    .filter(|(key, _)| is_key(key))
}

/// `a > 1` and `a < 1`, of whole numbers.
fn comparison(part: &str) -> Option<(String, Test)> {
    let greater = part.split_once('>').map(|found| (found, true));
    let ((key, bound), greater) = greater.or_else(|| Some((part.split_once('<')?, false)))?;
    let bound = bound.trim().parse().ok()?;
    let test = if greater {
        Test::Greater(bound)
    } else {
        Test::Less(bound)
    };
    Some((key.trim().to_owned(), test))
}

/// Why a part of a label selector cannot be read, in the words of a real server.
fn unread(part: &str) -> String {
    let operators = "in, notin, =, ==, !=, gt, lt";
    let word = |text: &str| -> String {
        let end = text.find(|letter: char| " =!(),<>".contains(letter));
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let key = word(part);
    if key.is_empty() {
        return "unable to parse requirement: found '=', expected: identifier".to_owned();
    }
    let rest = part[key.len()..].trim_start();
    if rest.contains('(') && !rest.contains(')') {
        return "unable to parse requirement: found '', expected: ',' or ')'".to_owned();
    }
    if !rest.starts_with(['=', '!']) {
        let found = word(rest);
        return format!("unable to parse requirement: found '{found}', expected: {operators}");
    }
    let mut operator = ["!=", "==", "="].into_iter();
    let value = operator
        .find_map(|operator| rest.strip_prefix(operator))
        .unwrap_or(rest);
    let value = value.trim_start();
    if value.starts_with('=') {
        return "unable to parse requirement: found '=', expected: identifier".to_owned();
    }
    let found = word(value[word(value).len()..].trim_start());
    format!("found '{found}', expected: ',' or 'end of string'")
}

fn is_key(key: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    !key.is_empty() && key.chars().all(plain)
}

/// The one labels map of an object as text, for a scale's selector.
pub(super) fn of_labels(object: &Value, pointer: &str) -> String {
    let labels = object.pointer(pointer).and_then(Value::as_object);
    let pairs: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", meta::text(value, "")))
        .collect();
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::{BACKUPS, EVENTS, PODS};
    use serde_json::json;

    fn pod() -> Value {
        json!({
            "metadata": {"name": "p", "namespace": "shop", "labels": {"app": "web", "tier": "front"}},
            "spec": {"nodeName": "n1"}, "status": {"phase": "Running"},
        })
    }

    #[test]
    fn labels_select_by_every_operator() {
        for (selector, taken) in [
            ("app=web", true),
            ("app==db", false),
            ("app!=db,tier", true),
            ("app in (db, web),tier=front", true),
            ("app notin (db)", true),
            ("!app", false),
            ("!other", true),
            ("other notin (x)", true),
            ("app>1", false),
        ] {
            let parsed = Selector::parse(&PODS, selector, "").unwrap();
            assert_eq!(parsed.takes(&pod()), taken, "{selector}");
        }
        assert_eq!(Selector::parse(&PODS, "a b=c", "").unwrap_err().code, 400);
        assert_eq!(
            Selector::parse(&PODS, "a within (c)", "").unwrap_err().code,
            400
        );
    }

    #[test]
    fn fields_select_where_the_resource_knows_them() {
        for (selector, taken) in [
            ("metadata.name=p,metadata.namespace=shop", true),
            ("spec.nodeName=n1", true),
            ("status.phase!=Running", false),
        ] {
            let parsed = Selector::parse(&PODS, "", selector).unwrap();
            assert_eq!(parsed.takes(&pod()), taken, "{selector}");
        }
        let refused = Selector::parse(&BACKUPS, "", "status.phase=New").unwrap_err();
        assert_eq!(refused.message, "field label not supported: status.phase");
        let event = json!({"involvedObject": {"name": "p"}, "source": {"component": "kubelet"}});
        let parsed = Selector::parse(&EVENTS, "", "involvedObject.name=p,source=kubelet").unwrap();
        assert!(parsed.takes(&event));
    }
}

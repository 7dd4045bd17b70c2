//! Rules of metadata and of single built-in kinds, each in the words of a real server.

use serde_json::{Map, Value, json};

use crate::sim::api::schema::Fault;
use crate::sim::store::Resource;
use crate::sim::store::meta;

const NAME: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
/// What the values of a config map may be together, in bytes.
const MAP_LIMIT: usize = 1024 * 1024;

/// What is wrong, where it is.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) found: Vec<Fault>,
}

impl Faults {
    fn add(&mut self, field: &str, reason: &'static str, why: String) {
        let field = field.to_owned();
        self.found.push(Fault { field, reason, why });
    }

    fn required(&mut self, field: &str, why: &str) {
        let why = match why {
            "" => "Required value".to_owned(),
            why => format!("Required value: {why}"),
        };
        self.add(field, "FieldValueRequired", why);
    }

    fn invalid(&mut self, field: &str, value: &Value, why: &str) {
        let why = format!("Invalid value: {value}: {why}");
        self.add(field, "FieldValueInvalid", why);
    }

    fn forbidden(&mut self, field: &str, why: &str) {
        self.add(field, "FieldValueForbidden", format!("Forbidden: {why}"));
    }
}

/// True for a label's value or the name part of its key: letters, digits and `-_.`, the first and last a letter or digit.
fn is_word(text: &str) -> bool {
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let inner = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(inner)
}

fn is_key(key: &str) -> bool {
    is_word(key.rsplit_once('/').map_or(key, |(_, name)| name))
}

/// What is wrong with an object's metadata; a real server looks at that of a changed object four times.
pub(super) fn metadata(res: &Resource, before: &Value, object: &Value) -> Faults {
    let mut faults = Faults::default();
    for field in ["labels", "annotations"] {
        let (old, new) = (&before["metadata"][field], &object["metadata"][field]);
        if old == new {
            continue;
        }
        let path = format!("metadata.{field}");
        for (key, value) in new.as_object().into_iter().flatten() {
            if !is_key(key) {
                faults.invalid(&path, &key.as_str().into(), NAME);
            }
            let value = value.as_str().unwrap_or("");
            if field == "labels" && !value.is_empty() && !is_word(value) {
                faults.invalid(&path, &value.into(), LABEL);
            }
        }
    }
    for owner in meta::list(object, "/metadata/ownerReferences") {
        if meta::text(owner, "/uid").is_empty() {
            let field = "metadata.ownerReferences.uid";
            faults.invalid(field, &"".into(), "must not be empty");
        }
    }
    let twice = if before.is_null() { 1 } else { 2 };
    let mut times = Faults::default();
    for _ in 0..twice * twice {
        times.found.extend(faults.found.iter().cloned());
    }
    for (at, held) in meta::list(object, "/metadata/finalizers")
        .iter()
        .enumerate()
    {
        let name = held.as_str().unwrap_or("");
        if meta::list(before, "/metadata/finalizers").contains(held) {
            continue;
        }
        for _ in 0..twice {
            if !is_key(name) {
                times.invalid("metadata.finalizers", held, NAME);
            }
            let standard = matches!(name, "orphan" | "foregroundDeletion" | "kubernetes");
            if !res.custom && !standard && !name.contains('/') {
                let why = "name is neither a standard finalizer name nor is it fully qualified";
                times.invalid(&format!("metadata.finalizers[{at}]"), held, why);
            }
        }
    }
    times
}

/// What is wrong with an object of a built-in kind, beside its metadata.
pub(super) fn kind(res: &Resource, before: &Value, object: &Value) -> Faults {
    let mut faults = Faults::default();
    match (res.group, res.plural) {
        ("", "configmaps" | "secrets") => data(res, before, object, &mut faults),
        ("", "services") => {
            let kind = meta::text(object, "/spec/type");
            if meta::list(object, "/spec/ports").is_empty() && kind != "ExternalName" {
                faults.required("spec.ports", "");
            }
        }
        ("", "events") => {
            let elsewhere = &object["involvedObject"]["namespace"];
            let own = meta::namespace(object);
            if elsewhere.as_str().is_some_and(|ns| ns != own) {
                let field = "involvedObject.namespace";
                faults.invalid(field, elsewhere, "does not match event.namespace");
            }
        }
        ("apps", _) => {
            template(object, &["Always"], &mut faults);
        }
        ("batch", "jobs") => job(before, object, &mut faults),
        ("policy", _) => budget(object, &mut faults),
        ("coordination.k8s.io", _) => {
            let length = object.pointer("/spec/leaseDurationSeconds");
            if let Some(length) = length.filter(|length| length.as_i64().is_some_and(|n| n <= 0)) {
                let field = "spec.leaseDurationSeconds";
                faults.invalid(field, length, "must be greater than 0");
            }
        }
        ("rbac.authorization.k8s.io", "roles" | "clusterroles") => role(res, object, &mut faults),
        ("rbac.authorization.k8s.io", _) => {
            let (old, new) = (&before["roleRef"], &object["roleRef"]);
            if !old.is_null() && old != new {
                let text = |key: &str| &new[key];
                let shown = format!(
                    "Invalid value: {{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}: cannot change roleRef",
                    text("apiGroup"),
                    text("kind"),
                    text("name")
                );
                faults.add("roleRef", "FieldValueInvalid", shown);
            }
        }
        _ => {}
    }
    faults
}

fn data(res: &Resource, before: &Value, object: &Value, faults: &mut Faults) {
    let none = Map::new();
    let of = |object: &Value| object["data"].as_object().cloned().unwrap_or_default();
    let (old, new) = (of(before), of(object));
    let good = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    for key in new.keys() {
        if key.is_empty() || !key.chars().all(good) {
            faults.invalid(&format!("data[{key}]"), &key.as_str().into(), KEY);
        }
    }
    let maps = [&new, object["binaryData"].as_object().unwrap_or(&none)];
    let values = maps.iter().flat_map(|map| map.values());
    let size: usize = values.filter_map(Value::as_str).map(str::len).sum();
    if size > MAP_LIMIT && res.plural == "configmaps" {
        let why = format!("Too long: may not be more than {MAP_LIMIT} bytes");
        faults.add("[]", "FieldValueTooLong", why);
    }
    if before["immutable"] == true {
        if object["immutable"] != true {
            let why = "field is immutable when `immutable` is set";
            faults.forbidden("immutable", why);
        }
        if old != new {
            faults.forbidden("data", "field is immutable when `immutable` is set");
        }
    }
    let (was, is) = (&before["type"], &object["type"]);
    if res.plural == "secrets" && !was.is_null() && was != is {
        faults.invalid("type", is, "field is immutable");
    }
    if is == "kubernetes.io/tls" {
        for key in ["tls.crt", "tls.key"] {
            if !new.contains_key(key) {
                faults.required(&format!("data[{key}]"), "");
            }
        }
    }
}

/// What is wrong with the pods a workload makes.
fn template(object: &Value, policies: &[&str], faults: &mut Faults) {
    let policy = meta::text(object, "/spec/template/spec/restartPolicy");
    let path = "spec.template.spec";
    if !policies.contains(&policy) {
        let field = format!("{path}.restartPolicy");
        if policies == ["Always"] {
            let why = format!("Unsupported value: \"{policy}\": supported values: \"Always\"");
            faults.add(&field, "FieldValueNotSupported", why);
        } else {
            faults.required(&field, "valid values: \"OnFailure\", \"Never\"");
        }
    }
    let containers = meta::list(object, "/spec/template/spec/containers");
    if containers.is_empty() {
        faults.required(&format!("{path}.containers"), "");
    }
    for (at, container) in containers.iter().enumerate() {
        let field = format!("{path}.containers[{at}]");
        let name = meta::text(container, "/name");
        if name.is_empty() {
            faults.required(&format!("{field}.name"), "");
        }
        if containers[..at].iter().any(|other| other["name"] == name) {
            let why = format!("Duplicate value: \"{name}\"");
            faults.add(&format!("{field}.name"), "FieldValueDuplicate", why);
        }
        if meta::text(container, "/image").is_empty() {
            faults.required(&format!("{field}.image"), "");
        }
    }
}

fn job(before: &Value, object: &Value, faults: &mut Faults) {
    let own = "batch.kubernetes.io/controller-uid";
    let wanted = &object["spec"]["selector"];
    let only = json!({ "matchLabels": { own: meta::uid(object) } });
    if before.is_null() && object["spec"]["manualSelector"] != true && *wanted != only {
        faults.invalid("spec.selector", wanted, "`selector` not auto-generated");
        return;
    }
    template(object, &["OnFailure", "Never"], faults);
    if before.is_null() {
        return;
    }
    for fixed in ["completions", "selector", "template", "completionMode"] {
        let (old, new) = (&before["spec"][fixed], &object["spec"][fixed]);
        if old != new {
            faults.invalid(&format!("spec.{fixed}"), new, "field is immutable");
        }
    }
}

fn budget(object: &Value, faults: &mut Faults) {
    let spec = &object["spec"];
    let (least, most) = (&spec["minAvailable"], &spec["maxUnavailable"]);
    if !least.is_null() && !most.is_null() {
        let why = format!(
            "Invalid value: {{\"MinAvailable\":{least},\"Selector\":{},\"MaxUnavailable\":{most},\"UnhealthyPodEvictionPolicy\":{}}}: minAvailable and maxUnavailable cannot be both set",
            spec["selector"], spec["unhealthyPodEvictionPolicy"]
        );
        faults.add("spec", "FieldValueInvalid", why);
    }
}

fn role(res: &Resource, object: &Value, faults: &mut Faults) {
    for (at, rule) in meta::list(object, "/rules").iter().enumerate() {
        let field = |name: &str| format!("rules[{at}].{name}");
        if meta::list(rule, "/verbs").is_empty() {
            let why = "verbs must contain at least one value";
            faults.required(&field("verbs"), why);
        }
        let paths = &rule["nonResourceURLs"];
        if res.namespaced && !paths.is_null() {
            let why = "namespaced rules cannot apply to non-resource URLs";
            faults.invalid(&field("nonResourceURLs"), paths, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::{CONFIGMAPS, JOBS, ROLES};

    fn fields(faults: &Faults) -> Vec<&str> {
        faults.found.iter().map(|f| f.field.as_str()).collect()
    }

    #[test]
    fn labels_are_words_and_finalizers_have_a_path() {
        let object = json!({"metadata": {
            "labels": {"a/b": "c-d", "e": "not valid"},
            "finalizers": ["a.test/b", "bare"],
        }});
        assert_eq!(
            fields(&metadata(&CONFIGMAPS, &Value::Null, &object)),
            ["metadata.labels", "metadata.finalizers[1]"]
        );
        assert!(metadata(&CONFIGMAPS, &object, &object).found.is_empty());
    }

    #[test]
    fn a_fixed_map_stays_and_a_role_has_verbs() {
        let map = json!({"data": {"a": "1"}, "immutable": true});
        let other = json!({"data": {"a": "2"}, "immutable": true});
        assert_eq!(fields(&kind(&CONFIGMAPS, &map, &other)), ["data"]);
        let role = json!({"rules": [{"resources": ["pods"]}]});
        let faults = kind(&ROLES, &Value::Null, &role);
        assert_eq!(fields(&faults), ["rules[0].verbs"]);
    }

    #[test]
    fn a_job_keeps_what_it_began_with() {
        let job = |image: &str, most: i64| {
            json!({"spec": {"parallelism": most, "template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "c", "image": image}],
            }}}})
        };
        assert!(kind(&JOBS, &job("a", 1), &job("a", 2)).found.is_empty());
        let faults = kind(&JOBS, &job("a", 1), &job("b", 1));
        assert_eq!(fields(&faults), ["spec.template"]);
    }
}

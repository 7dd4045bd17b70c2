//! Which objects a backup takes and a restore gives back, and in which order.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::store::resources::{ALL, NAMESPACES};
use crate::sim::store::{Resource, Store, meta};

use super::super::selector;

/// Kinds in the order Velero restores them; the rest follows by name.
const ORDER: &[&str] = &[
    "customresourcedefinitions",
    "namespaces",
    "persistentvolumes",
    "persistentvolumeclaims",
    "clusterroles",
    "roles",
    "serviceaccounts",
    "secrets",
    "configmaps",
    "limitranges",
    "pods",
    "replicasets",
];

/// Kinds that Velero backs up but never restores.
const NEVER_RESTORED: &[&str] = &["nodes", "events", "backups", "restores"];

/// The namespace, resource and label filters that a Backup's or a Restore's spec has.
pub(super) struct Filter<'a> {
    spec: &'a Value,
}

impl<'a> Filter<'a> {
    pub(super) fn new(spec: &'a Value) -> Self {
        Self { spec }
    }

    /// Whether a namespace is included and not excluded.
    pub(super) fn takes_namespace(&self, name: &str) -> bool {
        self.included("includedNamespaces", "excludedNamespaces", &|entry| {
            entry == name
        })
    }

    fn takes_resource(&self, res: &Resource) -> bool {
        self.included("includedResources", "excludedResources", &|entry| {
            entry == res.plural
                || fits(entry, &res.qualified())
                || entry.eq_ignore_ascii_case(res.kind)
                || res.short.contains(&entry)
        })
    }

    fn included(&self, with: &str, without: &str, is: &dyn Fn(&str) -> bool) -> bool {
        let named = |field: &str| {
            let list = self.spec[field].as_array();
            let hit = |entry: &Value| entry.as_str().is_some_and(|e| e == "*" || is(e));
            list.filter(|list| !list.is_empty())
                .map(|list| list.iter().any(hit))
        };
        named(with).unwrap_or(true) && !named(without).unwrap_or(false)
    }

    /// Whether an object passes all filters.
    pub(super) fn takes(&self, res: &Resource, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        let space = match meta::namespace(object) {
            "" => meta::name(object),
            space => space,
        };
        let either = self.spec["orLabelSelectors"].as_array();
        self.takes_namespace(space)
            && (res.plural == "namespaces" || self.takes_resource(res))
            && (res.plural == "namespaces"
                || selector::matches(&self.spec["labelSelector"], labels))
            && either.is_none_or(|all| all.iter().any(|one| selector::matches(one, labels)))
    }
}

/// Whether a name fits a pattern in which `*` stands for anything; without one it must be the same.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(start) else {
        return false;
    };
    let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
    ends.into_iter()
        .any(|at| fits(rest, name.get(at..).unwrap_or_default()))
}

/// The resource of an object by its apiVersion and kind.
pub(super) fn resource(object: &Value) -> Option<&'static Resource> {
    let version = meta::text(object, "/apiVersion");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    crate::sim::store::resources::by_kind(group, meta::text(object, "/kind"))
}

/// All objects that a backup with this spec would take now, in restore order.
pub(in crate::sim) fn snapshot(store: &Store, spec: &Value) -> Vec<Arc<Value>> {
    let filter = Filter::new(spec);
    let left_out = |object: &Value| {
        let label = &object["metadata"]["labels"]["velero.io/exclude-from-backup"];
        *label == "true" || meta::is_going(object)
    };
    let mut taken = Vec::new();
    for res in ALL {
        let of_namespace = res.namespaced || std::ptr::eq(*res, &raw const NAMESPACES);
        if !of_namespace || res.group == "velero.io" {
            continue;
        }
        let wanted = |object: &Value| filter.takes(res, object) && !left_out(object);
        taken.extend(store.select(res, None, wanted));
    }
    ordered(taken)
}

/// Objects in the order in which Velero restores them.
pub(in crate::sim) fn ordered(mut objects: Vec<Arc<Value>>) -> Vec<Arc<Value>> {
    objects.sort_by_key(|object| {
        let plural = resource(object).map_or("", |res| res.plural);
        let place = ORDER.iter().position(|entry| *entry == plural);
        let (space, name) = (meta::namespace(object), meta::name(object));
        let key = format!("{plural}/{space}/{name}");
        (place.unwrap_or(ORDER.len()), key)
    });
    objects
}

/// The resource list of a backup, as Velero writes it: names by group, version and kind.
pub(super) fn resource_list(objects: &[Arc<Value>]) -> Value {
    let mut list = json!({});
    for object in objects {
        let key = format!(
            "{}/{}",
            meta::text(object, "/apiVersion"),
            meta::text(object, "/kind")
        );
        let name = match meta::namespace(object) {
            "" => meta::name(object).to_owned(),
            space => format!("{space}/{}", meta::name(object)),
        };
        let slot = &mut list[key];
        match slot.as_array_mut() {
            Some(names) => names.push(json!(name)),
            None => *slot = json!([name]),
        }
    }
    list
}

/// An object of a backup as it is created again: without what belonged to its old life.
pub(super) fn revived(object: &Value, space: &str, restore: &str, backup: &str) -> Value {
    let mut fresh = object.clone();
    let old = &object["metadata"];
    let mut metadata = json!({"name": old["name"], "labels": old["labels"]});
    if !space.is_empty() {
        metadata["namespace"] = json!(space);
    }
    for field in ["annotations", "finalizers"] {
        if !old[field].is_null() {
            metadata[field] = old[field].clone();
        }
    }
    // The managers of the backup come back with the object, at the times they had then; Velero's own is taken out.
    metadata["managedFields"] = match &old["managedFields"] {
        Value::Null => json!([{"manager": "kustomize-controller", "operation": "Apply",
            "apiVersion": object["apiVersion"], "time": old["creationTimestamp"], "fieldsType": "FieldsV1",
            "fieldsV1": {"f:metadata": {"f:labels": {}}}}]),
        kept => kept.clone(),
    };
    metadata["labels"]["velero.io/backup-name"] = json!(backup);
    metadata["labels"]["velero.io/restore-name"] = json!(restore);
    fresh["metadata"] = metadata;
    if let Some(map) = fresh.as_object_mut() {
        map.remove("status");
    }
    let spec = fresh.get_mut("spec").and_then(Value::as_object_mut);
    if let (Some(spec), Some(kind)) = (spec, object["kind"].as_str()) {
        match kind {
            "Pod" => drop(spec.remove("nodeName")),
            "Service" if spec.get("clusterIP") != Some(&json!("None")) => {
                spec.remove("clusterIP");
                spec.remove("clusterIPs");
            }
            _ => {}
        }
    }
    fresh
}

/// True for kinds that are in backups but never come back from them.
pub(super) fn is_never_restored(res: &Resource) -> bool {
    NEVER_RESTORED.contains(&res.plural)
}

/// Whether an existing object differs from the one in the backup, apart from its old life.
pub(super) fn differs(there: &Value, fresh: &Value) -> bool {
    let plain = |object: &Value| {
        let mut plain = object.clone();
        let mut labels = object["metadata"]["labels"].clone();
        if let Some(labels) = labels.as_object_mut() {
            labels.remove("velero.io/backup-name");
            labels.remove("velero.io/restore-name");
        }
        if labels.as_object().is_none_or(serde_json::Map::is_empty) {
            labels = Value::Null;
        }
        plain["metadata"] =
            json!({"labels": labels, "annotations": object["metadata"]["annotations"]});
        if let Some(map) = plain.as_object_mut() {
            map.remove("status");
        }
        plain
    };
    plain(there) != plain(fresh)
}

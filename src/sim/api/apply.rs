//! Server-side apply: the fields a manager gives are its own, what it no longer gives goes, and
//! what another manager set differently is a conflict.

use serde_json::{Map, Value, json};

use crate::sim::api::fields;
use crate::sim::api::fields::Place;
use crate::sim::api::fields::Which;
use crate::sim::api::managed;
use crate::sim::api::managed::Writer;
use crate::sim::api::patch;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::meta;

/// Applies a configuration to an object and keeps its `managedFields`.
pub(in crate::sim) fn apply(
    object: &mut Value,
    applied: &Value,
    res: &Resource,
    writer: &Writer,
    force: bool,
) -> Result<(), Refusal> {
    let before = object.clone();
    if res.custom {
        patch::merge(object, applied);
    } else {
        patch::strategic(object, applied);
    }
    let place = Place::top(res.custom);
    let own = managed::strip(applied, res, writer);
    let given = fields::tree(&Map::new(), &own, place, Which::Given);
    let old = managed::strip(&before, res, writer);
    let new = managed::strip(object, res, writer);
    let changed = fields::tree(&old, &new, place, Which::Changed);
    let mut entries = meta::list(&before, "/metadata/managedFields").to_vec();
    if !force {
        refuse_conflicts(&entries, &changed, writer)?;
    }
    let own = entries
        .iter()
        .position(|entry| managed::is_writers(entry, writer));
    if let Some(own) = own {
        let mut gone = entries.remove(own)["fieldsV1"].take();
        fields::subtract(&mut gone, &given);
        for entry in &entries {
            fields::subtract(
                &mut gone,
                entry["fieldsV1"].as_object().unwrap_or(&Map::new()),
            );
        }
        fields::drop_from(object, &gone);
    }
    for entry in &mut entries {
        fields::subtract(&mut entry["fieldsV1"], &changed);
    }
    entries.retain(|entry| entry["fieldsV1"] != json!({}));
    let mut entry = managed::entry(res, writer);
    let empty = given.is_empty();
    entry["fieldsV1"] = given.into();
    let was = meta::list(&before, "/metadata/managedFields")
        .iter()
        .find(|old| old["fieldsV1"] == entry["fieldsV1"] && managed::is_writers(old, writer));
    if let (Some(was), true) = (was, changed.is_empty()) {
        // Nothing happened: the time of the last real change stays.
        entry["time"] = was["time"].clone();
    }
    if let (None, true, Some(map)) = (own, changed.is_empty(), entry.as_object_mut()) {
        // A real server times an owner by its first change.
        map.remove("time");
    }
    // In its old place, so that applying the same again changes nothing.
    if !empty {
        entries.insert(own.unwrap_or(entries.len()).min(entries.len()), entry);
    }
    meta::set(object, "managedFields", entries.into());
    Ok(())
}

/// Notes in a new object that a manager gave it by applying.
pub(in crate::sim) fn begin(given: &Value, object: &mut Value, res: &Resource, writer: &Writer) {
    let own = managed::strip(given, res, writer);
    let given = fields::tree(&Map::new(), &own, Place::top(res.custom), Which::Given);
    let mut entry = managed::entry(res, writer);
    entry["fieldsV1"] = given.into();
    meta::set(object, "managedFields", json!([entry]));
}

/// The paths of the leaves that both field trees have.
fn shared(one: &Value, two: &Map<String, Value>, path: &str, paths: &mut Vec<String>) {
    for (key, inner) in two {
        let Some(other) = one.get(key) else { continue };
        let path = format!("{path}{}", fields::word(key));
        match inner.as_object().filter(|inner| !inner.is_empty()) {
            Some(inner) => shared(other, inner, &path, paths),
            None => paths.push(path),
        }
    }
}

/// How a conflict names the other manager.
fn owner(entry: &Value) -> String {
    let manager = meta::text(entry, "/manager");
    let through = match meta::text(entry, "/subresource") {
        "" => String::new(),
        sub => format!(" with subresource \"{sub}\""),
    };
    let using = match meta::text(entry, "/operation") {
        "Update" => format!(" using {}", meta::text(entry, "/apiVersion")),
        _ => String::new(),
    };
    format!("with \"{manager}\"{through}{using}")
}

fn refuse_conflicts(
    entries: &[Value],
    changed: &Map<String, Value>,
    writer: &Writer,
) -> Result<(), Refusal> {
    let mut causes = Vec::new();
    let mut told = Vec::new();
    for entry in entries
        .iter()
        .filter(|entry| !managed::is_writers(entry, writer))
    {
        let mut paths = Vec::new();
        shared(&entry["fieldsV1"], changed, "", &mut paths);
        let who = owner(entry);
        for path in &paths {
            causes.push(json!({
                "reason": "FieldManagerConflict",
                "message": format!("conflict {who}"),
                "field": path,
            }));
        }
        if !paths.is_empty() {
            told.push((who, paths));
        }
    }
    if causes.is_empty() {
        return Ok(());
    }
    let plural = if causes.len() == 1 { "" } else { "s" };
    let words: Vec<String> = told
        .iter()
        .map(|(who, paths)| match causes.len() {
            1 => format!("conflict {who}: {}", paths.concat()),
            _ => format!("conflicts {who}:\n- {}", paths.join("\n- ")),
        })
        .collect();
    let message = format!(
        "Apply failed with {} conflict{plural}: {}",
        causes.len(),
        words.join("\n")
    );
    let mut refusal = Refusal::new(409, "Conflict", message);
    refusal.details = json!({ "causes": causes });
    Err(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::KUSTOMIZATIONS;

    fn writer(manager: &str, operation: &'static str) -> Writer {
        Writer {
            manager: manager.to_owned(),
            operation,
            sub: String::new(),
            time: "2026-08-15T04:31:00Z".to_owned(),
        }
    }

    #[test]
    fn what_another_manager_set_is_a_conflict_unless_forced() {
        let mut object = json!({"spec": {"suspend": true}});
        managed::note(
            &Value::Null,
            &mut object,
            &KUSTOMIZATIONS,
            &writer("kubectl", "Update"),
        );
        let wanted = json!({"spec": {"suspend": false}});
        let flux = writer("flux", "Apply");
        let refused = apply(&mut object.clone(), &wanted, &KUSTOMIZATIONS, &flux, false);
        assert_eq!(
            refused.unwrap_err().message,
            "Apply failed with 1 conflict: conflict with \"kubectl\" using kustomize.toolkit.fluxcd.io/v1: .spec.suspend"
        );
        apply(&mut object, &wanted, &KUSTOMIZATIONS, &flux, true).unwrap();
        assert_eq!(object["spec"]["suspend"], false);
        let owners = meta::list(&object, "/metadata/managedFields");
        // What is left to the first is that there is a spec.
        assert_eq!(owners[0]["fieldsV1"], json!({"f:spec": {}}));
        assert_eq!(owners[1]["manager"], "flux");
    }

    #[test]
    fn what_a_manager_no_longer_gives_goes() {
        let mut object = json!({"metadata": {"name": "a"}});
        let flux = writer("flux", "Apply");
        let both = json!({"spec": {"path": "x", "prune": true}});
        apply(&mut object, &both, &KUSTOMIZATIONS, &flux, false).unwrap();
        let one = json!({"spec": {"path": "x"}});
        apply(&mut object, &one, &KUSTOMIZATIONS, &flux, false).unwrap();
        assert_eq!(object["spec"], json!({"path": "x"}));
        let mut again = object.clone();
        let later = Writer {
            time: "2026-08-15T05:00:00Z".to_owned(),
            ..flux
        };
        apply(&mut again, &one, &KUSTOMIZATIONS, &later, false).unwrap();
        assert_eq!(again, object);
    }
}

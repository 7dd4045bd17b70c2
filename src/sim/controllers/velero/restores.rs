//! Restores: create what is missing, skip what is there, never undo.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::{
    BACKUPS, BACKUPSTORAGELOCATIONS, NAMESPACES, PODVOLUMERESTORES, RESTORES,
};
use crate::sim::store::{Store, meta};

use super::super::{Agenda, after, events, pods};
use super::content::{self, Filter};
use super::vault::{Content, Vault};
use super::{SPACE, phase, refill, refusal, volumes};

/// Holds a Restore until the server has removed its files.
const FINALIZER: &str = "restores.velero.io/external-resources-finalizer";
/// Seconds from the start until objects are created, finalizing, and completed.
const STEPS: [f64; 3] = [1.0, 2.0, 3.0];
/// What no restore brings: Velero adds it to what the Restore excludes.
const NEVER: [&str; 9] = [
    "nodes",
    "events",
    "events.events.k8s.io",
    "backups.velero.io",
    "restores.velero.io",
    "resticrepositories.velero.io",
    "csinodes.storage.k8s.io",
    "volumeattachments.storage.k8s.io",
    "backuprepositories.velero.io",
];
/// Seconds a restore waits for a namespace that is on its way out.
const PATIENCE: f64 = 600.0;

/// Moves every restore that is not finished.
pub(super) fn pass(store: &Store, vault: &Vault, agenda: &mut Agenda, up: Timestamp) {
    let (restores, _) = store.list(&RESTORES, Some(SPACE));
    for restore in restores {
        if meta::is_going(&restore) {
            let _ = edit(store, &restore, |value| {
                if let Some(list) = value["metadata"]["finalizers"].as_array_mut() {
                    list.retain(|one| one != FINALIZER);
                }
            });
            continue;
        }
        match phase(&restore) {
            "New" => begin(store, vault, agenda, &restore),
            "InProgress" if was_cut_off(&restore, up) => fail(store, agenda, &restore),
            "InProgress" | "Finalizing" | "FinalizingPartiallyFailed" => {
                go_on(store, vault, agenda, &restore);
            }
            _ => {}
        }
    }
}

/// Whether the server started after the restore did.
fn was_cut_off(restore: &Value, up: Timestamp) -> bool {
    let begun = events::time(restore, "/status/startTimestamp");
    begun.is_some_and(|begun| begun < up)
}

/// What a server does with what it finds in progress when it starts.
fn fail(store: &Store, agenda: &Agenda, restore: &Value) {
    let now = seconds(agenda.now());
    let _ = edit(store, restore, |value| {
        value["status"]["phase"] = json!("Failed");
        value["status"]["failureReason"] = json!(
            "found a restore with status \"InProgress\" during the server starting, mark it as \"Failed\""
        );
        value["status"]["completionTimestamp"] = json!(now);
    });
    volumes::cancel(store, &PODVOLUMERESTORES, restore);
}

/// The file with the warnings and errors of a restore.
fn results(restore: &Value) -> String {
    format!("restore-{}-results.gz", meta::name(restore))
}

fn edit(store: &Store, restore: &Value, change: impl FnOnce(&mut Value)) -> Option<Arc<Value>> {
    let name = meta::name(restore);
    store.update(&RESTORES, Some(SPACE), name, change).ok()
}

/// The backup of a restore and its content, or why there is none.
fn source(store: &Store, vault: &Vault, spec: &Value) -> Result<(String, Content), String> {
    let named = spec["backupName"].as_str().unwrap_or("");
    let schedule = spec["scheduleName"].as_str().unwrap_or("");
    let name = match (named, schedule) {
        ("", "") => return Err("Either a backup or schedule must be specified".to_owned()),
        ("", schedule) => newest(store, schedule)
            .ok_or_else(|| format!("No completed backups found for schedule {schedule}"))?,
        (named, "") => named.to_owned(),
        _ => {
            let words = "Either a backup or schedule must be specified as a source for the \
                         restore, but not both";
            return Err(words.to_owned());
        }
    };
    let Some(backup) = store.get(&BACKUPS, Some(SPACE), &name) else {
        return Err(format!(
            "Error retrieving backup: backups.velero.io \"{name}\" not found"
        ));
    };
    if let Some(words) = refusal(store, meta::text(&backup, "/spec/storageLocation")) {
        return Err(format!("Error retrieving backup: {words}"));
    }
    if !matches!(phase(&backup), "Completed" | "PartiallyFailed") {
        return Err(format!(
            "Backup {name} is in phase {} and cannot be restored",
            phase(&backup)
        ));
    }
    match vault.point(&name) {
        Some(point) => Ok((name, point.content)),
        None => Err(format!(
            "Error fetching backup {name}: the store has no such key"
        )),
    }
}

/// The newest Completed backup of a schedule.
fn newest(store: &Store, schedule: &str) -> Option<String> {
    let (backups, _) = store.list(&BACKUPS, Some(SPACE));
    let of_it = backups.iter().filter(|backup| {
        let label = &backup["metadata"]["labels"]["velero.io/schedule-name"];
        *label == schedule && phase(backup) == "Completed"
    });
    let last = of_it.max_by_key(|b| meta::text(b, "/status/startTimestamp").to_owned())?;
    Some(meta::name(last).to_owned())
}

/// The objects of the content that the restore's filters take.
fn chosen(spec: &Value, content: &Content) -> Vec<Arc<Value>> {
    let filter = Filter::new(spec);
    let wanted = |object: &&Arc<Value>| {
        let res = content::resource(object);
        res.is_some_and(|res| !content::is_never_restored(res) && filter.takes(res, object))
    };
    content.iter().filter(wanted).cloned().collect()
}

fn begin(store: &Store, vault: &Vault, agenda: &mut Agenda, restore: &Value) {
    let now = agenda.now();
    let found = source(store, vault, &restore["spec"]);
    let written = edit(store, restore, |value| match found {
        Err(words) => {
            value["status"]["phase"] = json!("FailedValidation");
            value["status"]["validationErrors"] = json!([words]);
        }
        Ok((backup, content)) => {
            value["spec"]["backupName"] = json!(backup);
            let mut excluded = meta::list(value, "/spec/excludedResources").to_vec();
            for kind in NEVER {
                if !excluded.iter().any(|one| one == kind) {
                    excluded.push(json!(kind));
                }
            }
            value["spec"]["excludedResources"] = json!(excluded);
            let total = chosen(&value["spec"], &content).len();
            value["metadata"]["finalizers"] = json!([FINALIZER]);
            value["status"]["phase"] = json!("InProgress");
            value["status"]["startTimestamp"] = json!(seconds(now));
            value["status"]["progress"] = json!({"totalItems": total});
        }
    });
    if written.is_some() {
        agenda.is_due(after(now, STEPS[0]));
    }
}

fn go_on(store: &Store, vault: &Vault, agenda: &mut Agenda, restore: &Value) {
    let begun = events::time(restore, "/status/startTimestamp").unwrap_or(agenda.now());
    let created = !restore["status"]["progress"]["itemsRestored"].is_null();
    let step = match (phase(restore), created) {
        ("Finalizing" | "FinalizingPartiallyFailed", _) => 2,
        (_, true) => 1,
        (_, false) => 0,
    };
    if !agenda.is_due(after(begun, STEPS[step])) {
        return;
    }
    let now = agenda.now();
    match step {
        0 => create_all(store, vault, agenda, restore),
        1 => {
            let file = results(restore);
            if !refill::is_done(store, vault, restore, (now, begun, &file)) {
                return;
            }
            let errors = vault.errors(&file);
            let _ = edit(store, restore, |value| {
                let lost = errors > 0;
                if lost {
                    value["status"]["errors"] = json!(errors);
                }
                let end = if lost { "PartiallyFailed" } else { "" };
                value["status"]["phase"] = json!(format!("Finalizing{end}"));
            });
        }
        _ => {
            let _ = edit(store, restore, |value| {
                let errors = meta::number(value, "/status/errors");
                let end = if errors > 0 {
                    "PartiallyFailed"
                } else {
                    "Completed"
                };
                value["status"]["phase"] = json!(end);
                value["status"]["completionTimestamp"] = json!(seconds(now));
                value["status"]["hookStatus"] = json!({});
            });
        }
    }
    for length in STEPS {
        agenda.is_due(after(begun, length));
    }
}

/// What a restore met, by namespace: sentences for its results file.
#[derive(Default)]
struct Tally {
    warnings: Vec<(String, String)>,
    errors: Vec<(String, String)>,
}

impl Tally {
    fn results(&self) -> Value {
        let sorted = |all: &[(String, String)]| {
            let mut namespaces = json!({});
            for (space, words) in all {
                let slot = &mut namespaces[space];
                match slot.as_array_mut() {
                    Some(list) => list.push(json!(words)),
                    None => *slot = json!([words]),
                }
            }
            if all.is_empty() {
                json!({})
            } else {
                json!({"namespaces": namespaces})
            }
        };
        json!({"warnings": sorted(&self.warnings), "errors": sorted(&self.errors)})
    }
}

fn create_all(store: &Store, vault: &Vault, agenda: &mut Agenda, restore: &Value) {
    let spec = &restore["spec"];
    let backup = meta::text(restore, "/spec/backupName");
    let Some(point) = vault.point(backup) else {
        let _ = edit(store, restore, |value| {
            value["status"]["phase"] = json!("Failed");
            value["status"]["failureReason"] = json!("the backup's files are gone from the store");
        });
        return;
    };
    let objects = chosen(spec, &point.content);
    let mapped = |space: &str| {
        let other = spec["namespaceMapping"][space].as_str();
        other.unwrap_or(space).to_owned()
    };
    let begun = events::time(restore, "/status/startTimestamp").unwrap_or(agenda.now());
    let going = objects.iter().any(|object| {
        let space = mapped(meta::namespace(object));
        let target = store.get(&NAMESPACES, None, &space);
        target.is_some_and(|target| meta::is_going(&target))
    });
    if going && !agenda.is_due(after(begun, PATIENCE)) {
        agenda.is_due(after(agenda.now(), 1.0));
        return;
    }
    let mut tally = Tally::default();
    let lies = left_out(store, &point.location);
    // What a lying restore leaves out it counts all the same.
    let told = |object: &&Arc<Value>| !lies.iter().any(|kind| object["kind"] == kind.as_str());
    for object in objects.iter().filter(told) {
        let space = mapped(meta::namespace(object));
        give_back(
            store,
            object,
            &space,
            &mapped,
            (restore, backup, spec),
            &mut tally,
        );
    }
    vault.keep_results(&results(restore), tally.results());
    let total = objects.len();
    let _ = edit(store, restore, |value| {
        value["status"]["progress"] = json!({"totalItems": total, "itemsRestored": total});
        for (field, count) in [
            ("warnings", tally.warnings.len()),
            ("errors", tally.errors.len()),
        ] {
            if count > 0 {
                value["status"][field] = json!(count);
            }
        }
    });
}

/// The kinds that restores from a store leave out without a word.
fn left_out(store: &Store, location: &str) -> Vec<String> {
    let location = store.get(&BACKUPSTORAGELOCATIONS, Some(SPACE), location);
    let kinds = location.map(|one| pods::trouble(&one, "lies").to_owned());
    let kinds = kinds.unwrap_or_default();
    kinds
        .split(',')
        .map(|kind| kind.trim().to_owned())
        .collect()
}

fn give_back(
    store: &Store,
    object: &Value,
    space: &str,
    mapped: &dyn Fn(&str) -> String,
    (restore, backup, spec): (&Value, &str, &Value),
    tally: &mut Tally,
) {
    let Some(res) = content::resource(object) else {
        return;
    };
    let mut fresh = content::revived(object, space, meta::name(restore), backup);
    if res.plural == "namespaces" {
        fresh["metadata"]["name"] = json!(mapped(meta::name(object)));
        fresh["status"] = json!({"phase": "Active"});
    }
    let name = meta::name(&fresh).to_owned();
    let home = (!space.is_empty()).then_some(space);
    if let Some(there) = store.get(res, home, &name) {
        let update = spec["existingResourcePolicy"] == "update";
        if update {
            let _ = store.update(res, home, &name, |value| overwrite(value, &fresh));
        } else if !matches!(res.plural, "namespaces" | "serviceaccounts")
            && content::differs(&there, &fresh)
        {
            let words = format!(
                "could not restore, {} \"{name}\" already exists. Warning: the in-cluster version \
                 is different than the backed-up version",
                res.kind
            );
            tally.warnings.push((space.to_owned(), words));
        }
        return;
    }
    let copies = match res.plural {
        "pods" => refill::copies(store, backup, object),
        _ => Vec::new(),
    };
    refill::hold(&mut fresh, restore, &copies);
    match store.create(res, home, fresh) {
        Ok(made) => refill::order(store, restore, &made, &copies),
        Err(refused) => {
            let words = format!(
                "error restoring {}/{space}/{name}: {refused}",
                res.qualified()
            );
            tally.errors.push((space.to_owned(), words));
        }
    }
}

/// Gives an existing object the content of the backup; identity and status stay.
fn overwrite(value: &mut Value, fresh: &Value) {
    let Some(fields) = fresh.as_object() else {
        return;
    };
    for (field, wanted) in fields {
        if field == "metadata" {
            value["metadata"]["labels"] = wanted["labels"].clone();
        } else {
            value[field] = wanted.clone();
        }
    }
}

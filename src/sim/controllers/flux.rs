//! Flux: puts back at each interval and on request what its repository says, and is silent while suspended.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::{self, GITREPOSITORIES, KUSTOMIZATIONS};
use crate::sim::store::{Preconditions, Resource, Store, meta};

use super::conditions::{self, Condition};
use super::events::Said;
use super::tree::{self, Applied, Tree};
use super::{Agenda, after, events, pods};

/// The annotation that asks for a reconcile now.
const ASKED: &str = "reconcile.fluxcd.io/requestedAt";
/// Seconds one reconcile takes.
const TAKES: f64 = 0.4;

/// Moves repositories and kustomizations.
pub(super) fn pass(store: &Store, tree: &Tree, agenda: &mut Agenda) {
    let (repositories, _) = store.list(&GITREPOSITORIES, None);
    for repository in repositories {
        acknowledge(store, &GITREPOSITORIES, &repository);
        if repository["spec"]["suspend"] != true {
            fetch(store, agenda, &repository);
        }
    }
    let (all, _) = store.list(&KUSTOMIZATIONS, None);
    for one in all {
        if meta::is_going(&one) {
            prune(store, &one);
            let release = |value: &mut Value| {
                value["metadata"]["finalizers"] = json!([]);
            };
            edit(store, &one, release);
        } else if one["spec"]["suspend"] == true {
            // A suspended object says it has heard, and does nothing.
            acknowledge(store, &KUSTOMIZATIONS, &one);
        } else if is_running(&one) {
            finish(store, tree, agenda, &one);
        } else if wants(agenda, &one) {
            begin(store, agenda, &one);
        }
    }
}

fn edit(store: &Store, one: &Value, change: impl FnOnce(&mut Value)) {
    let space = Some(meta::namespace(one));
    // An object that went meanwhile needs nothing any more.
    let _ = store.update(&KUSTOMIZATIONS, space, meta::name(one), change);
}

fn acknowledge(store: &Store, res: &'static Resource, one: &Value) {
    let space = Some(meta::namespace(one));
    let _ = store.update(res, space, meta::name(one), |value| {
        let asked = value["metadata"]["annotations"][ASKED].clone();
        if asked.is_string() {
            value["status"]["lastHandledReconcileAt"] = asked;
        } else if let Some(metadata) = value["metadata"].as_object_mut()
            && metadata.get("annotations") == Some(&json!({ASKED: null}))
        {
            metadata.remove("annotations");
        }
        value["status"]["observedGeneration"] = value["metadata"]["generation"].clone();
    });
}

/// Whether a reconcile is under way; one that waits for its next attempt is not.
fn is_running(one: &Value) -> bool {
    let list = meta::list(one, "/status/conditions");
    let running = |c: &Value| c["type"] == "Reconciling" && c["reason"] == "Progressing";
    list.iter().any(running)
}

/// What the source controller says of a repository: the artifact stays, even if nothing newer comes.
fn fetch(store: &Store, agenda: &Agenda, repository: &Value) {
    let now = agenda.now();
    let refuses = pods::trouble(repository, "refuses");
    let ready = conditions::status(repository, "Ready");
    let failing = conditions::status(repository, "FetchFailed") == "True";
    if refuses.is_empty() != failing && !ready.is_empty() {
        return;
    }
    let url = meta::text(repository, "/spec/url");
    let words = format!(
        "failed to checkout and determine revision: unable to list remote for '{url}': {refuses}"
    );
    let space = Some(meta::namespace(repository));
    let change = |value: &mut Value| {
        if refuses.is_empty() {
            let revision = meta::text(value, "/status/artifact/revision");
            let words = format!("stored artifact for revision '{revision}'");
            conditions::remove(value, "FetchFailed");
            conditions::remove(value, "Reconciling");
            condition(value, now, ("Ready", "True", "Succeeded", &words));
        } else {
            let retry = "building artifact: retrying";
            condition(
                value,
                now,
                ("Reconciling", "True", "ProgressingWithRetry", retry),
            );
            condition(value, now, ("Ready", "False", "GitOperationFailed", &words));
            condition(
                value,
                now,
                ("FetchFailed", "True", "GitOperationFailed", &words),
            );
        }
    };
    let written = store.update(&GITREPOSITORIES, space, meta::name(repository), change);
    if written.is_ok() && !refuses.is_empty() {
        say(store, now, repository, (true, "GitOperationFailed", &words));
    }
}

fn say(
    store: &Store,
    now: Timestamp,
    about: &Value,
    (warning, reason, message): (bool, &str, &str),
) {
    let by = if about["kind"] == "GitRepository" {
        "source-controller"
    } else {
        "kustomize-controller"
    };
    let said = Said {
        by,
        host: "",
        warning,
        reason,
        message,
    };
    events::note(store, now, about, said);
}

/// Deletes what a Kustomization keeps when it goes itself, unless it is held or does not prune.
fn prune(store: &Store, one: &Value) {
    if one["spec"]["suspend"] == true || one["spec"]["prune"] != true {
        return;
    }
    for entry in meta::list(one, "/status/inventory/entries") {
        let id = entry["id"].as_str().unwrap_or("");
        let parts: Vec<&str> = id.split('_').collect();
        let [space, name, group, kind] = parts.as_slice() else {
            continue;
        };
        if let Some(res) = resources::by_kind(group, kind) {
            let space = (!space.is_empty()).then_some(*space);
            let _ = store.delete(res, space, name, Preconditions::now());
        }
    }
}

/// The pause before the next reconcile: shorter after one that failed.
fn interval(one: &Value) -> SignedDuration {
    let failed = conditions::status(one, "Ready") == "False";
    let retry = meta::text(one, "/spec/retryInterval");
    let text = match meta::text(one, "/spec/interval") {
        _ if failed && !retry.is_empty() => retry,
        text => text,
    };
    text.parse().unwrap_or(SignedDuration::from_mins(10))
}

/// Whether it is time: the interval is over, someone asked, or the object was changed.
fn wants(agenda: &mut Agenda, one: &Value) -> bool {
    let asked = &one["metadata"]["annotations"][ASKED];
    let heard = &one["status"]["lastHandledReconcileAt"];
    let ready = meta::list(one, "/status/conditions");
    let ready = ready.iter().find(|c| c["type"] == "Ready");
    let seen = ready.map(|c| &c["observedGeneration"]);
    let since = ready.and_then(|ready| events::time(ready, "/lastTransitionTime"));
    let last = match conditions::status(one, "Ready") {
        // A reconcile that failed stands in no history.
        "False" => since,
        _ => events::time(one, "/status/history/0/lastReconciled").or(since),
    };
    let due = last.and_then(|last| last.checked_add(interval(one)).ok());
    (asked.is_string() && asked != heard)
        || seen != Some(&one["metadata"]["generation"])
        || agenda.is_due(due.unwrap_or(agenda.now()))
}

fn begin(store: &Store, agenda: &mut Agenda, one: &Value) {
    let now = agenda.now();
    let revision = revision(store, one).unwrap_or_default();
    let words = format!("Detecting drift for revision {revision} with a timeout of 30s");
    edit(store, one, |value| {
        condition(value, now, ("Reconciling", "True", "Progressing", &words));
        let words = "Reconciliation in progress";
        condition(value, now, ("Ready", "Unknown", "Progressing", words));
    });
    agenda.is_due(after(now, TAKES));
}

fn condition(value: &mut Value, now: Timestamp, wanted: (&str, &str, &str, &str)) {
    let (kind, status, reason, message) = wanted;
    let generation = value["metadata"]["generation"].clone();
    let wanted = Condition {
        kind,
        status,
        reason,
        message,
    };
    conditions::set(value, now, wanted);
    let list = value["status"]["conditions"].as_array_mut();
    if let Some(slot) = list.and_then(|list| list.iter_mut().find(|c| c["type"] == kind)) {
        slot["observedGeneration"] = generation;
    }
}

/// The source of a Kustomization; none when it does not exist.
fn source(store: &Store, one: &Value) -> Option<Arc<Value>> {
    let space = match meta::text(one, "/spec/sourceRef/namespace") {
        "" => meta::namespace(one),
        space => space,
    };
    let name = meta::text(one, "/spec/sourceRef/name");
    store.get(&GITREPOSITORIES, Some(space), name)
}

/// The revision of the artifact that the source has; none when there is no such source.
fn revision(store: &Store, one: &Value) -> Option<String> {
    let source = source(store, one)?;
    Some(meta::text(&source, "/status/artifact/revision").to_owned())
}

/// How a reconcile went: what it did, or the reason and the sentence why it could not.
fn outcome(
    store: &Store,
    tree: &Tree,
    now: Timestamp,
    one: &Value,
) -> Result<Applied, [String; 2]> {
    let failed = |reason: &str, words: String| Err([reason.to_owned(), words]);
    let Some(source) = source(store, one) else {
        let name = meta::text(one, "/spec/sourceRef/name");
        let words = format!("GitRepository.source.toolkit.fluxcd.io \"{name}\" not found");
        return failed("ArtifactFailed", words);
    };
    if let Some((reason, words)) = pods::trouble(one, "fails").split_once(": ") {
        return failed(reason, words.to_owned());
    }
    let left = pods::trouble(&source, "left").split(',');
    let left: Vec<String> = left.map(|id| id.trim().to_owned()).collect();
    let applied = tree.apply(store, now, one, &left);
    applied.or_else(|words| failed("ReconciliationFailed", words))
}

fn finish(store: &Store, tree: &Tree, agenda: &mut Agenda, one: &Value) {
    let list = meta::list(one, "/status/conditions");
    let running = list.iter().find(|c| c["type"] == "Reconciling");
    let since = running.and_then(|c| events::time(c, "/lastTransitionTime"));
    if !agenda.is_due(after(since.unwrap_or(agenda.now()), TAKES)) {
        return;
    }
    let now = agenda.now();
    let found = revision(store, one).unwrap_or_default();
    let outcome = outcome(store, tree, now, one);
    match &outcome {
        Ok(done) if !done.changes.is_empty() => {
            say(
                store,
                now,
                one,
                (false, "Progressing", &done.changes.join("\n")),
            );
        }
        Err([reason, words]) if reason != "ArtifactFailed" => {
            say(store, now, one, (true, reason, words));
        }
        _ => {}
    }
    edit(store, one, |value| {
        conditions::remove(value, "Reconciling");
        heard(value);
        match outcome {
            Ok(done) => succeed(value, now, &found, &done),
            Err(why) => fail(value, now, &found, &why),
        }
    });
}

/// Takes note of a request, and of the object as it is asked for now.
fn heard(value: &mut Value) {
    let asked = value["metadata"]["annotations"][ASKED].clone();
    if asked.is_string() {
        value["status"]["lastHandledReconcileAt"] = asked;
    } else if value["metadata"]["annotations"] == json!({ASKED: null})
        && let Some(metadata) = value["metadata"].as_object_mut()
    {
        metadata.remove("annotations");
    }
    value["status"]["observedGeneration"] = value["metadata"]["generation"].clone();
}

fn fail(value: &mut Value, now: Timestamp, revision: &str, [reason, words]: &[String; 2]) {
    if reason != "ArtifactFailed" {
        let retry = "retrying after a failed reconcile";
        let wanted = ("Reconciling", "True", "ProgressingWithRetry", retry);
        condition(value, now, wanted);
        value["status"]["lastAttemptedRevision"] = json!(revision);
    }
    condition(value, now, ("Ready", "False", reason, words));
}

fn succeed(value: &mut Value, now: Timestamp, revision: &str, done: &Applied) {
    let words = format!("Applied revision: {revision}");
    let wanted = ("Ready", "True", "ReconciliationSucceeded", words.as_str());
    condition(value, now, wanted);
    value["status"]["lastAppliedRevision"] = json!(revision);
    value["status"]["lastAttemptedRevision"] = json!(revision);
    let mut old = tree::ids(value);
    old.sort_unstable();
    if old != done.kept {
        let entries = done.kept.iter().map(|id| json!({"id": id, "v": "v1"}));
        value["status"]["inventory"]["entries"] = entries.collect();
    }
    remember(value, now, revision);
}

/// Counts a good reconcile in the history, newest first, five kept.
fn remember(value: &mut Value, now: Timestamp, revision: &str) {
    let history = &mut value["status"]["history"];
    if !history.is_array() {
        *history = json!([]);
    }
    let Some(list) = history.as_array_mut() else {
        return;
    };
    let same = |entry: &Value| entry["metadata"]["revision"] == revision;
    if !list.first().is_some_and(same) {
        let digest = super::owners::digest(revision);
        let entry = json!({
            "digest": format!("sha256:{digest:016x}{:016x}", digest.rotate_left(23)),
            "firstReconciled": seconds(now),
            "lastReconciledStatus": "ReconciliationSucceeded",
            "metadata": {"revision": revision},
            "totalReconciliations": 0,
        });
        list.insert(0, entry);
        list.truncate(5);
    }
    if let Some(entry) = list.first_mut() {
        entry["lastReconciled"] = json!(seconds(now));
        entry["lastReconciledDuration"] = json!("412.391126ms");
        entry["totalReconciliations"] = json!(meta::number(entry, "/totalReconciliations") + 1);
    }
}

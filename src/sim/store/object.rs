//! What the server fills in, keeps and refuses in an object.

use serde_json::{Value, json};

use crate::sim::clock::Clock;
use crate::sim::clock::seconds;
use crate::sim::store::Dice;
use crate::sim::store::Preconditions;
use crate::sim::store::Propagation;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::meta;
use crate::sim::store::resources;

/// Metadata that a write cannot change.
const FIXED: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "generateName",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "resourceVersion",
];

/// Fills in what a server gives a new object.
pub(super) fn complete(
    object: &mut Value,
    res: &Resource,
    ns: Option<&str>,
    clock: &Clock,
    dice: &mut Dice,
) -> Result<(), Refusal> {
    meta::tidy(object);
    object["apiVersion"] = res.api_version().into();
    object["kind"] = res.kind.into();
    if meta::name(object).is_empty() {
        let prefix = meta::text(object, "/metadata/generateName").to_owned();
        if prefix.is_empty() {
            return Err(Refusal::invalid(
                res,
                "",
                "metadata.name",
                "FieldValueRequired",
                "Required value: name or generateName is required",
            ));
        }
        let name = format!("{prefix}{}", dice.suffix(5));
        meta::set(object, "name", name.into());
    }
    if let Some(ns) = ns {
        meta::set(object, "namespace", ns.into());
    }
    let namespace = std::ptr::eq(res, &raw const resources::NAMESPACES);
    let uid = if namespace && meta::name(object) == "kube-system" {
        dice.uuid_v8()
    } else {
        dice.uuid()
    };
    // A job carries its own uid in its labels, so it was given one before.
    if meta::uid(object).is_empty() {
        meta::set(object, "uid", uid.into());
    }
    if meta::text(object, "/metadata/creationTimestamp").is_empty() {
        meta::set(object, "creationTimestamp", seconds(clock.now()).into());
    }
    for field in [
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    ] {
        meta::set(object, field, Value::Null);
    }
    if res.generation {
        meta::set(object, "generation", 1.into());
    }
    if namespace {
        complete_namespace(object);
    }
    Ok(())
}

fn complete_namespace(object: &mut Value) {
    let name = meta::name(object).to_owned();
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
    object["spec"]["finalizers"] = json!(["kubernetes"]);
    if meta::text(object, "/status/phase").is_empty() {
        object["status"]["phase"] = "Active".into();
    }
}

/// Puts back what a write cannot change, and counts the generation.
pub(super) fn keep(before: &Value, after: &mut Value, res: &Resource) {
    meta::map(after, "metadata");
    for field in FIXED {
        let old = before["metadata"].get(*field).cloned();
        meta::set(after, field, old.unwrap_or(Value::Null));
    }
    meta::tidy(after);
    after["apiVersion"] = before["apiVersion"].clone();
    after["kind"] = before["kind"].clone();
    if res.generation && intends_other(before, after, res) {
        let next = meta::number(before, "/metadata/generation") + 1;
        meta::set(after, "generation", next.into());
    }
}

/// Refuses new finalizers on an object that is on its way out.
pub(super) fn check_finalizers(
    res: &Resource,
    before: &Value,
    after: &Value,
) -> Result<(), Refusal> {
    let old = meta::list(before, "/metadata/finalizers");
    let new: Vec<String> = meta::list(after, "/metadata/finalizers")
        .iter()
        .filter(|finalizer| !old.contains(finalizer))
        .map(Value::to_string)
        .collect();
    if new.is_empty() || !meta::is_going(before) {
        return Ok(());
    }
    let why = format!(
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        new.join(", ")
    );
    let (field, reason) = ("metadata.finalizers", "FieldValueForbidden");
    let mut refusal = Refusal::invalid(res, meta::name(before), field, reason, &why);
    // A real server looks twice.
    let cause = refusal.details["causes"][0].clone();
    refusal.details["causes"] = json!([cause, cause]);
    Err(refusal)
}

/// Whether what the generation counts differs: everything but metadata and a separate status.
fn intends_other(before: &Value, after: &Value, res: &Resource) -> bool {
    let counts = |key: &str| key != "metadata" && !(res.status_subresource && key == "status");
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else {
        return before != after;
    };
    let keys = before.keys().chain(after.keys());
    keys.filter(|key| counts(key))
        .any(|key| before.get(key) != after.get(key))
}

/// Refuses a write that names another resourceVersion than the newest, or another uid.
pub(super) fn check_version(res: &Resource, before: &Value, after: &Value) -> Result<(), Refusal> {
    let wanted = meta::text(after, "/metadata/resourceVersion");
    if !wanted.is_empty() && wanted != meta::text(before, "/metadata/resourceVersion") {
        return Err(Refusal::stale(res, meta::name(before)));
    }
    let uid = meta::uid(after);
    if !uid.is_empty() && uid != meta::uid(before) {
        return Err(refuse_uid(res, before, uid));
    }
    Ok(())
}

/// Refuses a deletion whose preconditions do not hold.
pub(super) fn check_conditions(
    res: &Resource,
    object: &Value,
    conditions: &Preconditions,
) -> Result<(), Refusal> {
    let uid = conditions.uid.as_deref();
    let version = conditions.resource_version.as_deref();
    let newest = meta::text(object, "/metadata/resourceVersion");
    let why = if let Some(wanted) = uid.filter(|uid| *uid != meta::uid(object)) {
        format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            meta::uid(object)
        )
    } else if let Some(wanted) = version.filter(|version| *version != newest) {
        format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({newest}). The object might have been modified"
        )
    } else {
        return Ok(());
    };
    Err(Refusal::precondition(res, meta::name(object), &why))
}

fn refuse_uid(res: &Resource, object: &Value, wanted: &str) -> Refusal {
    Refusal::conflict(
        res,
        meta::name(object),
        &format!(
            "Precondition failed: UID in precondition: {wanted}, UID in object meta: {}",
            meta::uid(object)
        ),
    )
}

/// Marks an object as going; false when nothing holds it and it can go at once.
pub(super) fn mark_going(
    object: &mut Value,
    res: &Resource,
    conditions: &Preconditions,
    now: &str,
) -> bool {
    let finalizer = match conditions.propagation {
        Propagation::Background => None,
        Propagation::Foreground => Some("foregroundDeletion"),
        Propagation::Orphan => Some("orphan"),
    };
    if let Some(finalizer) = finalizer
        && !meta::is_going(object)
    {
        let mut all = meta::list(object, "/metadata/finalizers").to_vec();
        all.push(finalizer.into());
        meta::set(object, "finalizers", all.into());
    }
    let pod = std::ptr::eq(res, &raw const resources::PODS);
    let phase = meta::text(object, "/status/phase");
    let stops = pod
        && conditions.grace > 0
        && !meta::text(object, "/spec/nodeName").is_empty()
        && !matches!(phase, "Succeeded" | "Failed");
    if !stops && !meta::is_held(object) {
        return false;
    }
    if meta::is_going(object) {
        return true;
    }
    let grace = if stops { conditions.grace } else { 0 };
    meta::set(object, "deletionTimestamp", now.into());
    let namespace = std::ptr::eq(res, &raw const resources::NAMESPACES);
    if !namespace {
        meta::set(object, "deletionGracePeriodSeconds", grace.into());
    }
    if res.generation {
        let next = meta::number(object, "/metadata/generation") + 1;
        meta::set(object, "generation", next.into());
    }
    if namespace {
        object["status"]["phase"] = "Terminating".into();
    }
    true
}

/// 403: the namespace is going and takes nothing new.
pub(super) fn refuse_terminating(res: &Resource, ns: &str, name: &str) -> Refusal {
    let why =
        format!("unable to create new content in namespace {ns} because it is being terminated");
    let mut refusal = Refusal::forbidden(res, name, &why);
    refusal.details["causes"] = json!([{
        "reason": "NamespaceTerminating",
        "message": format!("namespace {ns} is being terminated"),
        "field": "metadata.namespace",
    }]);
    refusal
}

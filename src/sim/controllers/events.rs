//! Events: one object for each thing and sentence, with a count that rises.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::EVENTS;
use crate::sim::store::{Preconditions, Store, meta};

use super::{Agenda, after, owners};

/// Seconds an event is kept, as a real API server is told by default.
const KEPT: f64 = 3600.0;

/// What happened, said by which component.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim) struct Said<'a> {
    /// The component, such as `kubelet`.
    pub(in crate::sim) by: &'a str,
    /// The host of the component; empty where it has none.
    pub(in crate::sim) host: &'a str,
    /// True for a Warning, false for Normal.
    pub(in crate::sim) warning: bool,
    /// The reason, such as `BackOff`.
    pub(in crate::sim) reason: &'a str,
    /// The sentence.
    pub(in crate::sim) message: &'a str,
}

/// The name of the event about an object: it is the same for the same reason and sentence.
pub(super) fn name(about: &Value, said: &Said<'_>) -> String {
    let key = format!("{}/{}/{}", meta::uid(about), said.reason, said.message);
    format!("{}.{:016x}", meta::name(about), owners::digest(&key))
}

/// When an event was last seen; none when it never was.
pub(super) fn last(store: &Store, about: &Value, said: &Said<'_>) -> Option<Timestamp> {
    let space = match meta::namespace(about) {
        "" => "default",
        space => space,
    };
    let event = store.get(&EVENTS, Some(space), &name(about, said))?;
    time(&event, "/lastTimestamp")
}

/// Writes an event, or counts it once more.
pub(in crate::sim) fn note(store: &Store, now: Timestamp, about: &Value, said: Said<'_>) {
    record(store, about, said, 1, now, now);
}

/// Writes an event that was seen `count` times between two instants.
pub(in crate::sim) fn record(
    store: &Store,
    about: &Value,
    said: Said<'_>,
    count: u32,
    first: Timestamp,
    last: Timestamp,
) {
    let space = match meta::namespace(about) {
        "" => "default",
        space => space,
    };
    let name = name(about, &said);
    if store.get(&EVENTS, Some(space), &name).is_some() {
        let again = |event: &mut Value| {
            event["count"] = json!(meta::number(event, "/count") + i64::from(count));
            event["lastTimestamp"] = json!(seconds(last));
        };
        // An event that cannot be written is lost, as on a real node.
        let _ = store.update(&EVENTS, Some(space), &name, again);
        return;
    }
    let event = json!({
        "metadata": {"name": name, "namespace": space, "creationTimestamp": seconds(first)},
        "involvedObject": {
            "apiVersion": about["apiVersion"], "kind": about["kind"],
            "name": about["metadata"]["name"], "namespace": about["metadata"]["namespace"],
            "uid": about["metadata"]["uid"],
        },
        "reason": said.reason,
        "message": said.message,
        "type": if said.warning { "Warning" } else { "Normal" },
        "source": {"component": said.by, "host": said.host},
        "firstTimestamp": seconds(first),
        "lastTimestamp": seconds(last),
        "count": count,
        "reportingComponent": said.by,
        "reportingInstance": said.host,
    });
    let _ = store.create(&EVENTS, Some(space), event);
}

/// Drops events that nobody repeated for an hour.
pub(super) fn forget(store: &Store, agenda: &mut Agenda) {
    let (events, _) = store.list(&EVENTS, None);
    for event in events {
        let last = time(&event, "/lastTimestamp").unwrap_or(agenda.now());
        // Old events may stay some minutes longer: they are no reason to look.
        if agenda.now().duration_since(after(last, KEPT)) >= SignedDuration::ZERO {
            let (space, name) = (meta::namespace(&event), meta::name(&event));
            let _ = store.delete(&EVENTS, Some(space), name, Preconditions::default());
        }
    }
}

/// The instant at a JSON pointer.
pub(in crate::sim) fn time(object: &Value, pointer: &str) -> Option<Timestamp> {
    meta::text(object, pointer).parse().ok()
}

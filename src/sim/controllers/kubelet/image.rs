//! Images: a node that cannot reach a registry runs only what it already has.

use serde_json::Value;

use crate::sim::store::meta;
use crate::sim::store::resources::EVENTS;

use super::super::events::{self, Said};
use super::super::{after, pods};
use super::Desk;

/// Seconds after the first failed attempt until the back-off is shown.
const FIRST: f64 = 3.0;
/// The longest pause between two attempts, in seconds.
const LONGEST: f64 = 300.0;

/// The next waiting state while an image cannot be pulled: reason and message; none when it can.
pub(super) fn refused(desk: &mut Desk<'_>, container: &Value) -> Option<(String, String)> {
    let image = container["image"].as_str().unwrap_or("");
    let registry = image.split('/').next().unwrap_or("");
    if !is_unreachable(&desk.node, registry) || has(&desk.node, image) {
        return None;
    }
    let failed = failure(image, registry);
    let back = format!("Back-off pulling image \"{image}\"");
    let now = desk.agenda.now();
    let tried = last_try(desk, &failed);
    let Some((count, last)) = tried else {
        attempt(desk, image, &failed);
        desk.agenda.is_due(after(now, FIRST));
        return Some(("ErrImagePull".to_owned(), failed));
    };
    if count == 1 && !desk.agenda.is_due(after(last, FIRST)) {
        return Some(("ErrImagePull".to_owned(), failed));
    }
    let doubled = 10.0 * 2_f64.powi(i32::try_from(count.min(6)).unwrap_or(6) - 1);
    if desk.agenda.is_due(after(last, doubled.min(LONGEST))) {
        attempt(desk, image, &failed);
        desk.say(false, "BackOff", &back);
        desk.agenda.is_due(after(now, doubled.min(LONGEST)));
    }
    Some((
        "ImagePullBackOff".to_owned(),
        format!("{back}: ErrImagePull: {failed}"),
    ))
}

/// The sentence of a registry that refuses the connection.
pub(in crate::sim) fn failure(image: &str, registry: &str) -> String {
    format!(
        "Failed to pull image \"{image}\": failed to pull and unpack image \"{image}\": failed to \
         resolve reference \"{image}\": failed to do request: Head \"https://{registry}/v2/\": dial \
         tcp {registry}:443: connect: connection refused"
    )
}

fn is_unreachable(node: &Value, registry: &str) -> bool {
    let list = pods::trouble(node, "unreachable");
    list.split(',').any(|host| host.trim() == registry)
}

fn has(node: &Value, image: &str) -> bool {
    let images = meta::list(node, "/status/images");
    let named = |entry: &Value| meta::list(entry, "/names").iter().any(|name| name == image);
    images.iter().any(named)
}

/// How often the node has tried, and when it did last; the failed event remembers.
fn last_try(desk: &Desk<'_>, failed: &str) -> Option<(i64, jiff::Timestamp)> {
    let said = Said {
        by: "kubelet",
        host: "",
        warning: true,
        reason: "Failed",
        message: failed,
    };
    let name = events::name(&desk.pod, &said);
    let space = Some(meta::namespace(&desk.pod));
    let event = desk.store.get(&EVENTS, space, &name)?;
    let last = events::time(&event, "/lastTimestamp")?;
    Some((meta::number(&event, "/count"), last))
}

fn attempt(desk: &Desk<'_>, image: &str, failed: &str) {
    desk.say(false, "Pulling", &format!("Pulling image \"{image}\""));
    desk.say(true, "Failed", failed);
}

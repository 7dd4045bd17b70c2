//! Made-up container logs: the same pod says the same thing each time it is asked.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::sim::Cluster;
use crate::sim::controllers::digest;
use crate::sim::store::meta;
use crate::sim::store::resources::PODS;

/// Seconds between two lines.
const EVERY: i64 = 30;
/// The most lines of one answer.
const MOST: i64 = 200;
/// What a healthy container says.
const SAYINGS: [&str; 4] = [
    "INFO  request served in 12ms, status 200",
    "INFO  request served in 31ms, status 200",
    "INFO  health: ok",
    "INFO  cache: 412 entries, 3 expired",
];

/// The log of a container since it started, one line each as time and text; none when there is no
/// such container. A container that never started has an empty log.
pub fn pod_log(cluster: &Cluster, namespace: &str, pod: &str, container: &str) -> Option<String> {
    let pod = cluster.store.get(&PODS, Some(namespace), pod)?;
    let containers = meta::list(&pod, "/spec/containers");
    let known = containers
        .iter()
        .find(|one| container.is_empty() || one["name"] == container)?;
    let statuses = meta::list(&pod, "/status/containerStatuses");
    let status = statuses.iter().find(|one| one["name"] == known["name"])?;
    let since = status["state"]["running"]["startedAt"].as_str();
    let since = since.or_else(|| status["lastState"]["terminated"]["startedAt"].as_str());
    let Some(since) = since.and_then(|since| since.parse::<Timestamp>().ok()) else {
        return Some(String::new());
    };
    let end = ended(status).unwrap_or_else(|| cluster.clock.now());
    Some(lines(meta::uid(&pod), since, end))
}

/// When a container that does not run now ended.
fn ended(status: &Value) -> Option<Timestamp> {
    if !status["state"]["running"].is_null() {
        return None;
    }
    let end = status["lastState"]["terminated"]["finishedAt"].as_str()?;
    end.parse().ok()
}

/// What a container of that pod said between two instants, one line each as time and text.
pub fn log_between(uid: &str, since: Timestamp, end: Timestamp) -> String {
    lines(uid, since, end)
}

fn lines(uid: &str, since: Timestamp, end: Timestamp) -> String {
    let count = (end.as_second() - since.as_second()).max(0) / EVERY;
    let mut log = String::new();
    for line in (count - MOST).max(0)..=count {
        let at = since.saturating_add(SignedDuration::from_secs(line * EVERY));
        let at = at.unwrap_or(end);
        let pick = usize::try_from(digest(&format!("{uid}/{line}")) % 4).unwrap_or(0);
        let words = match line {
            0 => "INFO  started",
            _ => SAYINGS.get(pick).copied().unwrap_or("INFO  health: ok"),
        };
        // Writing into a String cannot fail.
        let _ = writeln!(log, "{at} {words}");
    }
    log
}

//! How it stands when the story begins: the objects of each cluster, with their ages.
//!
//! All times are relative to the start of the clock. One file for each cluster says what is
//! there; the other files say how a kind of thing looks. To change the story, change the file of
//! its cluster.

mod aws_prod;
mod billing;
pub(in crate::sim) mod crowd;
mod lab_1;
mod platform;
mod rbac;
mod sth_prod;
mod velero;
mod workloads;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::Cluster;
use crate::sim::clock::seconds;
use crate::sim::store::resources::{CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS};
use crate::sim::store::{Refusal, Resource, Store};

/// Namespaces of every cluster that belong to no zone.
pub const OUTSIDE: &[&str] = &[
    "crashcart",
    "default",
    "flux-system",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "monitoring",
    "velero",
];

/// The namespaces of the platform that the seed makes in every cluster.
const PLATFORM: [&str; 4] = ["velero", "flux-system", "monitoring", "crashcart"];

/// How a cluster stands when its story begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// The night of the demo: a registry that does not answer, lost objects, backups that fail.
    #[default]
    Night,
    /// Everything as it should be.
    Quiet,
}

/// Fills a cluster with the objects of its story, by its name and base.
///
/// # Errors
/// What the store refuses; the story and the store then contradict each other.
pub fn fill(cluster: &Cluster) -> Result<(), Refusal> {
    let story = Story::new(cluster);
    for space in PLATFORM {
        story.namespace(space, &json!({}))?;
    }
    rbac::fill(&story)?;
    match cluster.name.as_str() {
        "sth-prod" => sth_prod::fill(&story),
        "aws-prod" => aws_prod::fill(&story),
        "lab-1" => lab_1::fill(&story),
        _ => Ok(()),
    }
}

/// The `[[zone]]` part of the configuration of the simulated estate.
pub fn zones_toml() -> String {
    include_str!("zones.toml").to_owned()
}

/// The objects that the story took away after the last good backup, as that backup has them.
pub(in crate::sim) fn lost(cluster: &Cluster) -> Vec<Arc<Value>> {
    let story = Story::new(cluster);
    if story.quiet() {
        return Vec::new();
    }
    let lost = match cluster.name.as_str() {
        "sth-prod" => billing::lost(&story),
        "aws-prod" => aws_prod::lost(&story),
        _ => Vec::new(),
    };
    lost.into_iter().map(Arc::new).collect()
}

/// A cluster whose objects are being written, and the instant at which the story begins.
struct Story<'a> {
    cluster: &'a Cluster,
    start: Timestamp,
}

impl<'a> Story<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        let start = cluster.clock.now();
        Self { cluster, start }
    }

    fn store(&self) -> &Store {
        &self.cluster.store
    }

    /// True when everything is as it should be.
    fn quiet(&self) -> bool {
        self.cluster.base == Base::Quiet
    }

    /// The instant that many minutes before the story begins.
    fn ago(&self, minutes: i64) -> Timestamp {
        let length = SignedDuration::from_mins(minutes);
        self.start.saturating_sub(length).unwrap_or(self.start)
    }

    /// That instant as objects carry it.
    fn stamp(&self, minutes: i64) -> String {
        seconds(self.ago(minutes))
    }

    /// Writes an object; its namespace is the one in its metadata.
    fn add(&self, res: &'static Resource, object: Value) -> Result<Arc<Value>, Refusal> {
        let space = object["metadata"]["namespace"].as_str().map(str::to_owned);
        self.store().create(res, space.as_deref(), object)
    }

    fn namespace(&self, name: &str, labels: &Value) -> Result<(), Refusal> {
        self.add(
            &NAMESPACES,
            json!({"metadata": {
                "name": name, "labels": labels, "creationTimestamp": self.stamp(300 * DAY),
            }}),
        )?;
        let account = json!({"metadata": {
            "name": "default", "namespace": name, "creationTimestamp": self.stamp(300 * DAY),
        }});
        self.add(&SERVICEACCOUNTS, account).map(drop)
    }

    fn config_map(&self, object: Value) -> Result<(), Refusal> {
        self.add(&CONFIGMAPS, object).map(drop)
    }

    fn secret(&self, object: Value) -> Result<(), Refusal> {
        self.add(&SECRETS, object).map(drop)
    }
}

/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// A config map of an application, with one entry.
fn config_map(story: &Story<'_>, space: &str, name: &str, (key, value): (&str, &str)) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name, "namespace": space, "labels": {"app": space},
            "creationTimestamp": story.stamp(120 * DAY),
        },
        "data": {key: value},
    })
}

/// A secret of an application, with one entry that says nothing.
fn secret(story: &Story<'_>, space: &str, name: &str, key: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name, "namespace": space, "labels": {"app": space},
            "creationTimestamp": story.stamp(120 * DAY),
        },
        "type": "Opaque",
        "data": {key: "c2ltdWxhdGVk"},
    })
}

#[cfg(test)]
mod tests;

//! Zones: which namespace stands where, and whether its workloads and nodes are as they should be.
//!
//! `cause` says why one pod is down, `workload` puts pods together, `finding` makes the sentences.

mod cause;
mod finding;
mod screen;
mod workload;

use jiff::Timestamp;

use crate::config::ClusterName;
use crate::config::ZoneName;
use crate::sources::board::Cell;
use crate::sources::fact::Watch;
use crate::sources::ground::Ground;
use crate::sources::ground::Judged;
use crate::sources::level::Level;
use crate::text::SafeText;
use crate::text::count;

pub use finding::findings;
pub use screen::detail;

/// What the health column rests on.
pub const NEEDS: [Watch; 4] = [
    Watch::Namespaces,
    Watch::Nodes,
    Watch::Deployments,
    Watch::Pods,
];
/// What a sentence about one workload rests on.
const WORKLOADS: [Watch; 3] = [Watch::Namespaces, Watch::Deployments, Watch::Pods];

/// A workload that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadRow {
    /// How bad.
    pub level: Level,
    /// Where.
    pub cluster: ClusterName,
    /// Namespace.
    pub namespace: SafeText,
    /// Name of the Deployment (or of a pod that nothing owns).
    pub name: SafeText,
    /// uid, to which the mark binds.
    pub uid: SafeText,
    /// `9 of 12`; `was 9 of 12` when the cluster is silent.
    pub ready: SafeText,
    /// Why, in one clause: `image cannot be pulled (harbor.sth)`.
    pub why: SafeText,
}

/// One cause and every pod it keeps down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The fact nearest to the world.
    pub sentence: SafeText,
    /// Pod name and node, in order of name.
    pub pods: Vec<(SafeText, SafeText)>,
    /// Since when, from the objects.
    pub since: Timestamp,
}

/// One line of the nodes pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLine {
    /// How bad.
    pub level: Level,
    /// Where.
    pub cluster: ClusterName,
    /// `12 of 12 ready`, or the nodes that are not and why.
    pub words: SafeText,
}

/// What the zone screen shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The zone; `None` is `NO ZONE`.
    pub zone: Option<ZoneName>,
    /// Workloads that are not as they should be, worst first, then namespace and name.
    pub bad: Vec<WorkloadRow>,
    /// Workloads that are, shown on request.
    pub good: Vec<WorkloadRow>,
    /// Why pods are down: one cause, one sentence, all its pods.
    pub causes: Vec<Cause>,
    /// One line for each cluster of the zone.
    pub nodes: Vec<NodeLine>,
    /// Sentences about what could not be read or is not known.
    pub gaps: Vec<SafeText>,
}

/// The health of one zone on one cluster: pods that are down, of all that are wanted.
pub fn headline(ground: &Ground<'_>, zone: Option<&ZoneName>) -> Cell {
    ground.cell(&NEEDS, "no workloads", |at| judge(ground, zone, at))
}

fn judge(ground: &Ground<'_>, zone: Option<&ZoneName>, at: Timestamp) -> Judged {
    let missing = ground.missing(zone).len();
    if missing > 0 {
        return Judged::new(
            Level::Crit,
            format!("{missing} gone"),
            format!("{missing} namespace gone"),
        );
    }
    let leaving = ground.leaving(zone).len();
    if leaving > 0 && zone.is_some() {
        return Judged::new(
            Level::Crit,
            format!("{leaving} going"),
            format!("{leaving} namespace being deleted"),
        );
    }
    if ground.namespaces(zone).is_empty() {
        return Judged::new(Level::Unknown, "empty", "no namespace matches");
    }
    let workloads = workload::all(ground, zone, at);
    let wanted: i64 = workloads.iter().map(|workload| workload.wanted).sum();
    let down: i64 = workloads
        .iter()
        .map(|workload| workload.wanted - workload.up)
        .sum();
    let level = workloads
        .iter()
        .map(|workload| workload.level)
        .fold(Level::Ok, Ord::min);
    let bad = workloads
        .iter()
        .filter(|workload| workload.level != Level::Ok)
        .count();
    match (level, down) {
        (Level::Ok, _) => {
            let all = count(u64::try_from(wanted).unwrap_or(0));
            Judged::new(level, all.clone(), all)
        }
        (level, 0) => Judged::new(level, bad.to_string(), format!("{bad} not well")),
        (level, down) => Judged::new(
            level,
            format!("{down}/{wanted}"),
            format!("{down} of {wanted}"),
        ),
    }
}

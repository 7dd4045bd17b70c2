//! Zones: which namespace stands where, and whether its workloads and nodes are as they should be.

use jiff::Timestamp;

use crate::config::ClusterName;
use crate::config::ZoneName;
use crate::sources::level::Level;
use crate::text::SafeText;

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

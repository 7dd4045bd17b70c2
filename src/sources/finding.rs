//! One sentence about one thing that is wrong or unknown.

use std::fmt;

use jiff::Timestamp;

use super::level::Level;
use crate::config::ClusterName;
use crate::config::Criticality;
use crate::config::ZoneName;
use crate::text::SafeText;

/// The kind of a finding: the id that a runbook's `treats` names, such as `backup.rpo-breach`.
///
/// Each source keeps its kinds in one table; a kind is never made elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingKind(pub &'static str);

/// What a finding is about, by its Kubernetes identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Kind as Kubernetes writes it, `Deployment`; empty when the finding is about a whole cluster.
    pub kind: SafeText,
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: SafeText,
    /// Name.
    pub name: SafeText,
    /// uid, where one is known.
    pub uid: SafeText,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.namespace.as_str(), self.name.as_str()) {
            ("", name) => f.write_str(name),
            (namespace, "") => f.write_str(namespace),
            (namespace, name) => write!(f, "{namespace}/{name}"),
        }
    }
}

/// Since when it is so, and who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// The object itself says so: a transition, a start, an event.
    Object(Timestamp),
    /// Only seen since then by this console.
    Seen(Timestamp),
}

impl Since {
    /// The time, whoever says it.
    pub fn at(self) -> Timestamp {
        match self {
            Since::Object(at) | Since::Seen(at) => at,
        }
    }
}

/// One sentence about one thing that is wrong or unknown, with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind, which runbooks treat.
    pub kind: FindingKind,
    /// How bad.
    pub level: Level,
    /// The zone it stands in; `None` for `NO ZONE` and for a whole cluster.
    pub zone: Option<ZoneName>,
    /// The cluster.
    pub cluster: ClusterName,
    /// Criticality of the application or zone it stands in, for the order.
    pub criticality: Criticality,
    /// What it is about.
    pub object: ObjectRef,
    /// The sentence: the thing, what is not as it should be, figure, target. Its first 53 columns stand alone.
    pub sentence: SafeText,
    /// Why: the facts nearest to the world, first the nearest.
    pub why: Vec<SafeText>,
    /// Since when.
    pub since: Since,
    /// Who owns it, in words; empty when nobody is named.
    pub owner: SafeText,
}

impl Finding {
    /// The stable id: kind, cluster and object. Selection and scripts bind to it.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.kind.0, self.cluster, self.object)
    }

    /// The key of the one order of findings: CRIT, ?, WARN; criticality; oldest; id.
    pub fn order(&self) -> (Level, Criticality, Timestamp, String) {
        (self.level, self.criticality, self.since.at(), self.id())
    }
}

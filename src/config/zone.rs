//! A zone: a named set of namespaces with targets, owners and the people a change needs.

use super::clusters::ClusterName;
use super::selector::LabelSelector;
use serde::Deserialize;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// The name of a zone; cheap to clone, ordered by its letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
pub struct ZoneName(Arc<str>);

impl ZoneName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ZoneName {
    fn from(name: &str) -> Self {
        Self(Arc::from(name))
    }
}

impl From<String> for ZoneName {
    fn from(name: String) -> Self {
        Self(Arc::from(name))
    }
}

impl From<ZoneName> for String {
    fn from(name: ZoneName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How bad it is when something is down. The worst comes first in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criticality {
    /// Patients are harmed.
    Critical,
    /// Care is slowed.
    High,
    /// Work is slowed.
    Medium,
    /// Nobody waits.
    Low,
}

impl Criticality {
    /// The word of the configuration file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// The criticality of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Critical, Self::High, Self::Medium, Self::Low]
            .into_iter()
            .find(|criticality| criticality.word() == word)
    }
}

/// A row of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its name in this file.
    pub name: ZoneName,
    /// How bad it is when something of it is down.
    pub criticality: Criticality,
    /// The oldest its newest restorable backup may be, in seconds; `None` when nothing is promised.
    pub rpo: Option<i64>,
    /// The longest a restore may take, in seconds; `None` when nothing is promised.
    pub rto: Option<i64>,
    /// How many different people a live change needs, at least 1, before policy raises it.
    pub people: u32,
    /// Whom to call.
    pub owners: Vec<Owner>,
    /// The namespaces that belong to it, at least one entry.
    pub members: Vec<Member>,
    /// The systems inside it.
    pub applications: Vec<Application>,
}

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// A person or a rota.
    pub name: String,
    /// A number to call.
    pub phone: Option<String>,
}

/// Some namespaces of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The cluster; it exists.
    pub cluster: ClusterName,
    /// Which of its namespaces.
    pub by: MemberBy,
}

/// Which namespaces of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberBy {
    /// Those whose labels match.
    Selector(LabelSelector),
    /// Those of these names.
    Namespaces(Vec<String>),
}

/// A system inside a zone, with its own targets where they differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its name, such as `ehr`.
    pub name: String,
    /// Its criticality where it differs from the zone's.
    pub criticality: Option<Criticality>,
    /// The namespaces it lives in, at least one.
    pub namespaces: Vec<String>,
    /// Its own recovery point target in seconds, where it differs from the zone's.
    pub rpo: Option<i64>,
    /// Its own recovery time target in seconds, where it differs from the zone's.
    pub rto: Option<i64>,
}

//! The estate: everything one configuration file names.

use super::clusters::ClusterName;
use uuid::Uuid;

/// The estate as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estate {
    /// Its name, as the header shows it.
    pub name: String,
    /// Its own id; state and log are kept by it.
    pub id: Uuid,
    /// The control regimes it is judged by, such as `hipaa-164.312`.
    pub regimes: Vec<String>,
    /// Namespaces that stand in no zone on purpose.
    pub outside: Vec<Outside>,
}

/// Namespaces of one cluster that no zone claims, on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespaces, by name.
    pub namespaces: Vec<String>,
}

//! Drift: does GitOps keep what it should? One honest row for each Kustomization.

use crate::config::ClusterName;
use crate::sources::level::Level;
use crate::text::SafeText;

/// One Flux object, or one line about a cluster that has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// WARN when held or failing, `?` when not known, `-` when there is no GitOps.
    pub level: Level,
    /// Where.
    pub cluster: ClusterName,
    /// `Kust flux-system/emr`.
    pub object: SafeText,
    /// `in step`, `suspended`, `failing`, `behind`, `was OK`.
    pub state: SafeText,
    /// Applied revision, short.
    pub applied: SafeText,
    /// Why, in one clause.
    pub why: SafeText,
}

//! Alerts: what is firing, and is silence proof of calm?

use jiff::Timestamp;

use crate::config::ClusterName;
use crate::sources::level::Level;
use crate::text::SafeText;

/// One alert as Alertmanager gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Alertmanager's fingerprint.
    pub fingerprint: SafeText,
    /// `alertname`.
    pub name: SafeText,
    /// `severity`, empty when it has none.
    pub severity: SafeText,
    /// `namespace`, empty when it has none.
    pub namespace: SafeText,
    /// What it is about, from the usual labels.
    pub object: SafeText,
    /// Its summary or description.
    pub summary: SafeText,
    /// `startsAt`.
    pub starts_at: Option<Timestamp>,
    /// `updatedAt`: freezes the moment its sender dies.
    pub updated_at: Option<Timestamp>,
    /// `endsAt`; `endsAt - updatedAt` is four times the sender's cadence.
    pub ends_at: Option<Timestamp>,
    /// `active`, `suppressed`, `unprocessed`.
    pub state: SafeText,
    /// True when a silence hides it.
    pub silenced: bool,
    /// True when another alert inhibits it.
    pub inhibited: bool,
}

/// One answer of one Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Every alert it lists.
    pub alerts: Vec<Alert>,
}

/// Whether an alert pipeline can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pipeline {
    /// Its Watchdog is gone, or older than four times its cadence.
    Dead,
    /// It cannot be reached.
    Unreachable,
    /// 403.
    NoAccess,
    /// Its Watchdog is older than 2.5 times its cadence.
    Stale,
    /// It has no Watchdog rule.
    NotWired,
    /// Its Watchdog is fresh.
    Live,
    /// No Alertmanager.
    Absent,
}

/// One line of the pipelines pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineRow {
    /// Whether it can be believed.
    pub state: Pipeline,
    /// Where.
    pub cluster: ClusterName,
    /// `yes: Watchdog refreshed 04:48Z` or `no: ...`.
    pub words: SafeText,
}

/// One group of alerts of one name on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// From its severity; an unknown severity is above WARN.
    pub level: Level,
    /// Where.
    pub cluster: ClusterName,
    /// `alertname`.
    pub name: SafeText,
    /// `namespace/object`.
    pub object: SafeText,
    /// How many fire.
    pub fires: usize,
    /// Oldest start.
    pub since: Option<Timestamp>,
    /// Its summary.
    pub summary: SafeText,
}

/// What the alerts screen shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Pipelines, worst first.
    pub pipelines: Vec<PipelineRow>,
    /// Firing groups by level, then oldest, then name.
    pub firing: Vec<AlertRow>,
    /// How many are hidden: silenced, inhibited, info.
    pub hidden: (usize, usize, usize),
}

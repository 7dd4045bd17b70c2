//! What the board shows: zones by clusters by columns, and every finding in order.

use super::finding::Finding;
use super::level::Level;
use super::seen::Freshness;
use crate::config::ClusterName;
use crate::config::Criticality;
use crate::config::ZoneName;
use crate::text::SafeText;

/// A column of the board; each is one source's headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Workloads and nodes.
    Health,
    /// The newest restorable recovery point against its RPO.
    Backup,
    /// GitOps.
    Drift,
    /// Alertmanager.
    Alerts,
}

impl Column {
    /// The columns that exist, in the order of the board.
    pub const ALL: [Column; 4] = [Column::Health, Column::Backup, Column::Drift, Column::Alerts];

    /// The key in `status -o json` and the value of `--only`.
    pub fn key(self) -> &'static str {
        match self {
            Column::Health => "health",
            Column::Backup => "backup",
            Column::Drift => "drift",
            Column::Alerts => "alerts",
        }
    }
}

/// One cell: a level, one figure, and what was known when the source fell silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The level that counts; `Unknown` as soon as the source is silent.
    pub level: Level,
    /// One figure that fits beside the level in 7 columns: `3/212`, `38m`, `silent`, `no right`; may be empty.
    pub figure: SafeText,
    /// The longer form for wide screens: `3 of 212`, `38m of 1h`, `14 in step`; equals `figure` where there is none.
    pub wide: SafeText,
    /// History: the last level that was judged from a live source. Only set when `level` is `Unknown` for staleness.
    pub was: Option<Level>,
    /// Seconds since the source was heard; `None` when never.
    pub age_s: Option<i64>,
}

impl Cell {
    /// A cell that was judged now.
    pub fn judged(level: Level, figure: impl Into<SafeText>, wide: impl Into<SafeText>) -> Cell {
        Cell { level, figure: figure.into(), wide: wide.into(), was: None, age_s: Some(0) }
    }

    /// A cell whose source cannot say, with the reason (`asked`, `no right`, `never`).
    pub fn unknown(reason: impl Into<SafeText>) -> Cell {
        let reason = reason.into();
        Cell { level: Level::Unknown, figure: reason.clone(), wide: reason, was: None, age_s: None }
    }
}

/// One cluster's line inside a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRow {
    /// The cluster.
    pub cluster: ClusterName,
    /// The worst of its cells.
    pub level: Level,
    /// As fresh as its worst needed watch.
    pub freshness: Freshness,
    /// One cell for each of `Column::ALL`, in that order.
    pub cells: [Cell; 4],
}

/// One zone; `zone` is `None` for `NO ZONE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneRow {
    /// The zone; `None` is `NO ZONE`.
    pub zone: Option<ZoneName>,
    /// Its criticality (`Low` for `NO ZONE`).
    pub criticality: Criticality,
    /// The worst of its clusters.
    pub level: Level,
    /// The worst level of each column.
    pub columns: [Level; 4],
    /// Its clusters, in the configuration's order.
    pub clusters: Vec<ClusterRow>,
}

/// Everything the board shows, judged at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// Zones by criticality, then name; `NO ZONE` last and only when a namespace stands in it.
    pub zones: Vec<ZoneRow>,
    /// Findings in their one order.
    pub findings: Vec<Finding>,
    /// Every configured cluster with its freshness, in the configuration's order.
    pub clusters: Vec<(ClusterName, Freshness)>,
}

impl Board {
    /// The worst level of all zones and findings; `Unknown` when there is no zone at all.
    pub fn level(&self) -> Level {
        let zones = self.zones.iter().map(|zone| zone.level);
        let findings = self.findings.iter().map(|finding| finding.level);
        match Level::worst(zones.chain(findings)) {
            Level::Absent => Level::Unknown,
            level => level,
        }
    }

    /// How many findings have this level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

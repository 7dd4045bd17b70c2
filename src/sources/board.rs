//! What the board shows: zones by clusters by columns, and every finding in order.

use super::alerts;
use super::backups;
use super::cluster_findings;
use super::drift;
use super::finding::Finding;
use super::ground::Ground;
use super::level::Level;
use super::moment::Moment;
use super::seen::Freshness;
use super::world::ClusterWorld;
use super::world::World;
use super::zones;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::Criticality;
use crate::config::Zone;
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
    pub const ALL: [Column; 4] = [
        Column::Health,
        Column::Backup,
        Column::Drift,
        Column::Alerts,
    ];

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
        Cell {
            level,
            figure: figure.into(),
            wide: wide.into(),
            was: None,
            age_s: Some(0),
        }
    }

    /// A cell whose source cannot say, with the reason (`asked`, `no right`, `never`).
    pub fn unknown(reason: impl Into<SafeText>) -> Cell {
        let reason = reason.into();
        Cell {
            level: Level::Unknown,
            figure: reason.clone(),
            wide: reason,
            was: None,
            age_s: None,
        }
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
        self.findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    }
}

/// Judges everything at one moment: each source's headline for each zone and cluster, and all findings in their order.
pub fn judge(config: &Config, world: &World, now: Moment) -> Board {
    let nothing = ClusterWorld::default();
    let grounds: Vec<Ground<'_>> = config
        .clusters
        .iter()
        .map(|cluster| Ground::new(config, world, &cluster.name, now, &nothing))
        .collect();
    let mut zones: Vec<&Zone> = config.zones.iter().collect();
    zones.sort_by(|a, b| (a.criticality, &a.name).cmp(&(b.criticality, &b.name)));
    let mut rows: Vec<ZoneRow> = zones
        .into_iter()
        .map(|zone| zone_row(&grounds, Some(zone), now))
        .collect();
    rows.extend(Some(zone_row(&grounds, None, now)).filter(|row| !row.clusters.is_empty()));
    let mut findings: Vec<Finding> = Vec::new();
    for ground in &grounds {
        findings.extend(zones::findings(ground));
        findings.extend(backups::findings(ground));
        findings.extend(drift::findings(ground));
        findings.extend(alerts::findings(ground));
    }
    findings.extend(cluster_findings::findings(config, &grounds));
    findings.sort_by_cached_key(Finding::order);
    cluster_findings::lead(&mut findings);
    let clusters = grounds
        .iter()
        .map(|ground| (ground.cluster.clone(), ground.world.freshness(now)))
        .collect();
    Board {
        zones: rows,
        findings,
        clusters,
    }
}

fn zone_row(grounds: &[Ground<'_>], zone: Option<&Zone>, now: Moment) -> ZoneRow {
    let name = zone.map(|zone| &zone.name);
    let member = |ground: &&Ground<'_>| match name {
        Some(name) => ground.zones().any(|zone| zone.name == *name),
        None => !ground.namespaces(None).is_empty(),
    };
    let clusters: Vec<ClusterRow> = grounds
        .iter()
        .filter(member)
        .map(|ground| cluster_row(ground, name, now))
        .collect();
    let columns =
        std::array::from_fn(|at| Level::worst(clusters.iter().map(|row| row.cells[at].level)));
    ZoneRow {
        zone: name.cloned(),
        criticality: zone.map_or(Criticality::Low, |zone| zone.criticality),
        level: Level::worst(columns),
        columns,
        clusters,
    }
}

fn cluster_row(ground: &Ground<'_>, zone: Option<&ZoneName>, now: Moment) -> ClusterRow {
    let cells = [
        zones::headline(ground, zone),
        backups::headline(ground, zone),
        drift::headline(ground, zone),
        alerts::headline(ground, zone),
    ];
    ClusterRow {
        cluster: ground.cluster.clone(),
        level: Level::worst(cells.iter().map(|cell| cell.level)),
        freshness: ground.world.freshness(now),
        cells,
    }
}

//! Backups: can each application be brought back, to when, and how well is that proved?

use jiff::Timestamp;

use crate::config::ClusterName;
use crate::config::ZoneName;
use crate::sources::level::Level;
use crate::text::SafeText;

/// How well a recovery point is proved, in the words of the screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// No point at all.
    None,
    /// Objects only, or a local snapshot.
    Taken,
    /// Data off the cluster.
    Complete,
    /// One good Restore is on record.
    RestoredOnce,
}

impl Grade {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Grade::None => "-",
            Grade::Taken => "taken",
            Grade::Complete => "complete",
            Grade::RestoredOnce => "restored once",
        }
    }
}

/// One recovery point and why it counts or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Name of the Backup.
    pub backup: SafeText,
    /// Velero's namespace.
    pub velero: SafeText,
    /// `status.startTimestamp`: the data is at least that old.
    pub started: Option<Timestamp>,
    /// The store it is kept in.
    pub store: SafeText,
    /// None when it is restorable; else why not, in the fixed words.
    pub why_not: Option<SafeText>,
}

/// One application (or namespace) of a zone on one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// OK up to 80 % of the RPO, WARN above, CRIT beyond it, `?` when evidence is missing.
    pub level: Level,
    /// The zone; `None` is `NO ZONE`.
    pub zone: Option<ZoneName>,
    /// Where.
    pub cluster: ClusterName,
    /// Application or namespace.
    pub application: SafeText,
    /// The namespace that decides (the worst).
    pub namespace: SafeText,
    /// The newest restorable point.
    pub newest: Option<Point>,
    /// Its age in seconds.
    pub age_s: Option<i64>,
    /// The target in seconds, where one is set.
    pub rpo_s: Option<i64>,
    /// How well it is proved.
    pub grade: Grade,
    /// When the next backup is due.
    pub next: Option<Timestamp>,
    /// Every point of the namespace, newest first, with why each counts or not.
    pub points: Vec<Point>,
    /// Why it is as it is; history (`was OK at 04:40Z`) when the cluster is silent.
    pub why: Vec<SafeText>,
}

/// One store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRow {
    /// CRIT unless Available.
    pub level: Level,
    /// Where.
    pub cluster: ClusterName,
    /// Name.
    pub name: SafeText,
    /// `Available, checked 1m ago` or `Unavailable since 00:42Z: AccessDenied`.
    pub words: SafeText,
    /// Completed points in it.
    pub points: usize,
}

/// What the backups screen shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Zones by criticality, worst first inside.
    pub rows: Vec<Row>,
    /// Worst first.
    pub stores: Vec<StoreRow>,
    /// Sentences about what could not be read, is not installed or is not known.
    pub gaps: Vec<SafeText>,
}

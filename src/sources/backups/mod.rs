//! Backups: can each application be brought back, to when, and how well is that proved?
//!
//! `include` says whether a backup holds a namespace, `point` whether it counts, `row` how that stands against the
//! target, `cron` when the next is due, `absent` what it means that
//! Velero is not there, `screen` puts it together. A Schedule's own "last backup" is never shown.

mod absent;
pub mod cron;
pub mod include;
pub mod point;
mod row;
mod screen;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::config::ClusterName;
use crate::config::ZoneName;
use crate::sources::board::Cell;
use crate::sources::fact::Watch;
use crate::sources::finding::Finding;
use crate::sources::finding::ObjectRef;
use crate::sources::finding::Since;
use crate::sources::ground::Ground;
use crate::sources::ground::Judged;
use crate::sources::level::Level;
use crate::sources::world::Standing;
use crate::text::SafeText;
use crate::text::age;
use crate::text::clock;

pub(super) use row::in_future;
pub use screen::detail;

/// What the backup column rests on.
pub const NEEDS: [Watch; 4] = [
    Watch::Namespaces,
    Watch::Stores,
    Watch::Backups,
    Watch::DeleteRequests,
];

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
    /// True when nothing is wrong with it but that a run made it of what was left before its restore: it never counts,
    /// and is taken only by its name.
    pub copy: bool,
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

/// The worst application of one zone on one cluster against its own target.
pub fn headline(ground: &Ground<'_>, zone: Option<&ZoneName>) -> Cell {
    absent::cell(ground, zone)
        .unwrap_or_else(|| ground.cell(&NEEDS, "no Velero", |at| judge(ground, zone, at)))
}

fn judge(ground: &Ground<'_>, zone: Option<&ZoneName>, at: Timestamp) -> Judged {
    let rows = row::all(ground, zone, at);
    let Some(worst) = rows.first() else {
        return Judged::new(Level::Unknown, "empty", "no namespace matches");
    };
    let full = row::of_target(worst).unwrap_or_default();
    match (worst.level, worst.age_s) {
        (Level::Absent, _) => Judged::new(Level::Absent, "no RPO", "no RPO"),
        (Level::Unknown, _) => Judged::new(Level::Unknown, "unclear", "evidence is missing"),
        (level, Some(age_s)) => Judged::new(level, age(age_s), full),
        (level, None) => Judged::new(level, "none", "no restorable backup"),
    }
}

/// Applications past their target or near it, and stores that are not available; nothing while the source is silent.
pub fn findings(ground: &Ground<'_>) -> Vec<Finding> {
    if !matches!(ground.world.standing(&NEEDS, ground.now), Standing::Now(_)) {
        return absent::finding(ground).into_iter().collect();
    }
    let at = ground.now.wall;
    let mut found: Vec<Finding> = Vec::new();
    for zone in ground.zones() {
        found.extend(
            row::all(ground, Some(&zone.name), at)
                .iter()
                .filter_map(|row| of_row(ground, row, at)),
        );
    }
    let stores = ground.world.stores(ground.now);
    let down = stores
        .now()
        .into_iter()
        .flat_map(|table| table.iter())
        .filter(|store| !store.available());
    found.extend(down.filter(|store| !store.phase.is_empty()).map(|store| {
        let (name, velero) = (&store.meta.name, &store.meta.namespace);
        let checked = store
            .checked
            .map(|checked| format!(", checked {}", clock(checked, at)))
            .unwrap_or_default();
        let finding = ground.cluster_finding(
            "store.unavailable",
            Level::Crit,
            format!("store {name} is {}", store.phase),
        );
        let object = ObjectRef {
            kind: SafeText::new("BackupStorageLocation"),
            namespace: velero.clone(),
            name: name.clone(),
            uid: store.meta.uid.clone(),
        };
        let message = if store.message.is_empty() {
            "no reason given"
        } else {
            store.message.as_str()
        };
        let why = vec![SafeText::from(format!("{}{checked}", cause(message)))];
        // A store says when it was last checked, never since when it has been so: the finding is as old as our look.
        Finding {
            object,
            why,
            ..finding
        }
    }));
    found
}

/// A message of a store with the cause in front of what a narrow screen cuts: `… is unavailable (AccessDenied)` for
/// the chain of errors that an S3 client writes (`… : rpc error: … api error AccessDenied: …`).
pub(super) fn cause(message: &str) -> String {
    match (message.split(": rpc error").next(), code(message)) {
        (Some(head), Some(code)) if head.len() < message.len() => format!("{head} ({code})"),
        _ => message.to_owned(),
    }
}

/// The code that an S3 client names in its chain of errors, `AccessDenied`.
pub(super) fn code(message: &str) -> Option<&str> {
    message.split("api error ").nth(1)?.split(':').next()
}

/// The kind and sentence of a row that is not well; `None` when it is.
fn said(row: &Row) -> Option<(&'static str, String)> {
    let (namespace, rpo) = (&row.namespace, row.rpo_s?);
    let target = row::target(rpo);
    let old = row.age_s.map(age).unwrap_or_default();
    let said = match (row.level, &row.newest) {
        (Level::Crit, Some(_)) => (
            "backup.rpo-breach",
            format!(
                "{namespace} has no restorable backup newer than {old}; the target is {target}"
            ),
        ),
        (Level::Crit, None) => (
            "backup.none",
            format!("{namespace} has no restorable backup; the target is {target}"),
        ),
        (Level::Warn, _)
            if row
                .age_s
                .is_some_and(|age| age.saturating_mul(100) <= rpo.saturating_mul(80)) =>
        {
            (
                "backup.at-risk",
                format!("{namespace} has no backup with its volumes' data off the cluster"),
            )
        }
        (Level::Warn, _) => (
            "backup.at-risk",
            format!("{namespace}: newest restorable backup is {old} old; the target is {target}"),
        ),
        (Level::Unknown, _) => (
            "backup.unknown",
            format!("{namespace}: not known whether it can be restored within {target}"),
        ),
        _ => return None,
    };
    Some(said)
}

fn of_row(ground: &Ground<'_>, row: &Row, at: Timestamp) -> Option<Finding> {
    let (kind, sentence) = said(row)?;
    let (namespace, rpo) = (&row.namespace, row.rpo_s?);
    let limit = if row.level == Level::Warn {
        rpo.saturating_mul(80) / 100
    } else {
        rpo
    };
    let started = row.newest.as_ref().and_then(|newest| newest.started);
    let since = started
        .and_then(|started| started.checked_add(SignedDuration::from_secs(limit)).ok())
        .filter(|s| *s <= at);
    let namespaces = ground.world.namespaces(ground.now);
    let object = namespaces
        .known()
        .and_then(|table| table.by_name("", namespace.as_str()));
    let created = object.and_then(|object| object.meta.created);
    let reference = ObjectRef {
        kind: SafeText::new("Namespace"),
        namespace: namespace.clone(),
        uid: object
            .map(|object| object.meta.uid.clone())
            .unwrap_or_default(),
        ..ObjectRef::default()
    };
    let finding = ground.finding(kind, row.level, reference, sentence);
    let never = row.points.is_empty();
    let since = since
        .or(created.filter(|_| never))
        .map_or(finding.since, Since::Object);
    Some(Finding {
        why: row.why.clone(),
        since,
        ..finding
    })
}

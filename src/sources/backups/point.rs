//! Does a recovery point count, and if not, why not? "Completed" alone is not restorable.

use jiff::Timestamp;

use super::Point;
use super::include::Included;
use super::include::included;
use crate::sources::ground::Ground;
use crate::sources::kinds::backup::Backup;
use crate::sources::kinds::store::Store;
use crate::text::SafeText;
use crate::text::age;
use crate::text::clock;

/// How many of its own check intervals a store may stay unchecked before it is not believed.
const CHECKS: i64 = 3;

/// Whether one backup can bring one namespace back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that must hold holds.
    Counts,
    /// All holds, but a run made it of what was left before its restore, in words.
    Copy(SafeText),
    /// Something does not hold, in the fixed words.
    No(SafeText),
    /// It cannot be told, and why.
    Unknown(SafeText),
}

fn no(words: impl Into<SafeText>) -> Verdict {
    Verdict::No(words.into())
}

/// Judges one backup for one namespace; `None` when the namespace is not in it.
pub fn judge(
    ground: &Ground<'_>,
    backup: &Backup,
    namespace: &str,
    at: Timestamp,
) -> Option<Verdict> {
    let part = match included(&backup.scope, namespace) {
        Included::No => return None,
        Included::Yes => None,
        Included::Unknown(why) => Some(Verdict::Unknown(why)),
    };
    let first = phase(backup)
        .or_else(|| expired(backup, at))
        .or_else(|| deletion(ground, backup, at))
        .or_else(|| store(ground, backup, at))
        .or_else(|| kept(backup));
    let verdict = match (first, part) {
        (Some(Verdict::No(why)), _) => Verdict::No(why),
        (Some(other), _) | (None, Some(other)) => other,
        (None, None) => copy(backup).unwrap_or(Verdict::Counts),
    };
    Some(verdict)
}

/// The point as the screens show it.
pub fn point(backup: &Backup, verdict: &Verdict) -> Point {
    Point {
        backup: backup.meta.name.clone(),
        velero: backup.meta.namespace.clone(),
        started: backup.started,
        store: backup.scope.storage_location.clone(),
        why_not: match verdict {
            Verdict::Counts => None,
            Verdict::No(why) | Verdict::Copy(why) => Some(why.clone()),
            Verdict::Unknown(why) => Some(SafeText::from(format!("? {why}"))),
        },
        copy: matches!(verdict, Verdict::Copy(_)),
    }
}

/// A run copies what is left before it restores. What was lost is not in such a copy, however new it is.
fn copy(backup: &Backup) -> Option<Verdict> {
    let run = backup.mark.as_ref()?.run.as_str();
    let short = run.get(..4).unwrap_or(run);
    Some(Verdict::Copy(SafeText::from(format!(
        "copy of what was left before run {short}"
    ))))
}

fn phase(backup: &Backup) -> Option<Verdict> {
    let because = if backup.why.is_empty() {
        String::new()
    } else {
        format!(": {}", backup.why)
    };
    match backup.phase.as_str() {
        "Completed" if backup.started.is_some() => None,
        "Completed" => Some(Verdict::Unknown(SafeText::new(
            "its start is not on record",
        ))),
        "Failed" | "FailedValidation" => Some(no(format!("{}{because}", backup.phase))),
        "PartiallyFailed" if because.is_empty() => {
            Some(no(format!("PartiallyFailed: {} errors", backup.errors)))
        }
        "PartiallyFailed" => Some(no(format!("PartiallyFailed{because}"))),
        "Deleting" => Some(no("deletion asked")),
        "" | "New" | "Queued" | "ReadyToStart" | "InProgress" => Some(no("still InProgress")),
        "WaitingForPluginOperations"
        | "WaitingForPluginOperationsPartiallyFailed"
        | "Finalizing"
        | "FinalizingPartiallyFailed" => Some(no("not final yet")),
        other => Some(Verdict::Unknown(SafeText::from(format!(
            "its phase {other} is not known"
        )))),
    }
}

fn expired(backup: &Backup, at: Timestamp) -> Option<Verdict> {
    let ends = backup.expires.filter(|ends| *ends <= at)?;
    Some(no(format!("ended {}", clock(ends, at))))
}

fn deletion(ground: &Ground<'_>, backup: &Backup, at: Timestamp) -> Option<Verdict> {
    if backup.meta.deleted.is_some() {
        return Some(no("deletion asked"));
    }
    let seen = ground.world.delete_requests(ground.now);
    let table = seen.known()?;
    let request = table
        .within(backup.meta.namespace.as_str())
        .find(|request| request.backup == backup.meta.name && request.pending())?;
    let when = request
        .meta
        .created
        .map(|asked| format!(" {}", clock(asked, at)))
        .unwrap_or_default();
    Some(no(format!("deletion asked{when}")))
}

fn store(ground: &Ground<'_>, backup: &Backup, at: Timestamp) -> Option<Verdict> {
    let name = &backup.scope.storage_location;
    let seen = ground.world.stores(ground.now);
    let Some(table) = seen.known() else {
        return Some(Verdict::Unknown(SafeText::new("its store is not seen")));
    };
    let velero = backup.meta.namespace.as_str();
    let found = if name.is_empty() {
        table.within(velero).find(|store| store.default)
    } else {
        table.by_name(velero, name.as_str())
    };
    match found {
        None => Some(no(format!("store {name} is not there"))),
        Some(store) if !store.phase.is_empty() && !store.available() => {
            Some(no("store unavailable"))
        }
        Some(store) => unchecked(store, at).map(Verdict::Unknown),
    }
}

/// Why a store's phase cannot be believed, when it cannot.
pub(super) fn unchecked(store: &Store, at: Timestamp) -> Option<SafeText> {
    let name = &store.meta.name;
    match store.checked {
        _ if store.every_s == 0 => Some(SafeText::from(format!(
            "store {name} is never checked (its frequency is 0)"
        ))),
        None => Some(SafeText::from(format!("store {name} was not checked yet"))),
        Some(checked) => {
            let old = at.as_second() - checked.as_second();
            let stale = old > store.every_s.saturating_mul(CHECKS);
            stale.then(|| SafeText::from(format!("store {name} was last checked {} ago", age(old))))
        }
    }
}

fn kept(backup: &Backup) -> Option<Verdict> {
    let (made, tried) = backup.snapshots;
    if backup.errors > 0 {
        return Some(no(format!("{} errors", backup.errors)));
    }
    if made < tried {
        return Some(no(format!("{} of {tried} volumes skipped", tried - made)));
    }
    if backup.moves_failed > 0 {
        return Some(no(format!(
            "{} volumes not moved off the cluster",
            backup.moves_failed
        )));
    }
    (backup.hooks_failed > 0).then(|| no("hooks failed"))
}

//! Takes one recovery point: the newest restorable one, or the one that was named.

use super::Turn;
use super::Verdict;
use crate::runbook::plan::Frozen;
use crate::sources::backups::Point;
use crate::text::clock;

/// Done when a point is chosen that can be restored now.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    let (run, now) = (turn.run, turn.now);
    if turn
        .sight
        .cluster(&run.cluster)
        .is_none_or(|world| world.backups(now).now().is_none())
    {
        return Verdict::pending(format!("backups of {} are not seen", run.cluster));
    }
    let mut points = turn.sight.points(&run.cluster, &run.namespace, now);
    // Rights were asked, and a sign of life was given, in this namespace of Velero only.
    points.retain(|point| point.velero.as_str() == turn.frozen().velero);
    let named = run.params.get("backup").filter(|name| !name.is_empty());
    let chosen = match named {
        None => points.iter().find(|point| point.why_not.is_none()),
        Some(name) => match points.iter().find(|point| point.backup.as_str() == name) {
            Some(Point {
                why_not: Some(why),
                copy: false,
                ..
            }) => {
                return Verdict::failed(format!(
                    "backup {name} cannot be restored: {why}; choose another, or none for the newest"
                ));
            }
            Some(point) => Some(point),
            None => {
                return Verdict::failed(format!(
                    "no backup {name} of {} is on {}",
                    run.namespace, run.cluster
                ));
            }
        },
    };
    let looked = points.len();
    let Some(point) = chosen else {
        return none(turn, &points);
    };
    let started = point.started.map_or_else(String::new, |at| at.to_string());
    let frozen = Frozen {
        backup: point.backup.to_string(),
        started,
        store: point.store.to_string(),
        velero: point.velero.to_string(),
        ..turn.frozen().clone()
    };
    let when = point
        .started
        .map_or_else(String::new, |at| format!(" {}", clock(at, now.wall)));
    let which = if named.is_some() {
        "taken as named"
    } else {
        "newest restorable"
    };
    Verdict::found(format!("{looked} looked at, {which}{when}"), frozen)
}

/// No point can be restored, and why the newest cannot.
fn none(turn: &Turn<'_>, points: &[Point]) -> Verdict {
    let (run, looked) = (turn.run, points.len());
    Verdict::failed(match points.first() {
        None => format!(
            "{} has no backup of {}: nothing can be restored",
            run.cluster, run.namespace
        ),
        Some(first) => {
            let why = first.why_not.as_ref().map_or("", |why| why.as_str());
            format!(
                "{looked} looked at, none can be restored; the newest, {}: {why}",
                first.backup
            )
        }
    })
}

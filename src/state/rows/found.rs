//! The finding behind a marked row: what `r` offers runbooks for.

use super::alerts;
use super::backup_id;
use super::backups;
use super::board;
use super::drift;
use super::drift_id;
use super::marked;
use super::pane;
use super::workload_id;
use super::workloads;
use super::zone;
use crate::config::ClusterName;
use crate::config::ZoneName;
use crate::sources::alerts::Pipeline;
use crate::sources::finding::Finding;
use crate::sources::level::Level;
use crate::state::State;
use crate::state::nav::Screen;

/// The finding that is marked on the board, shown whole, or behind the marked row of another screen; `None` where
/// nothing is wrong with what is marked.
pub fn marked_finding(state: &State) -> Option<Finding> {
    let pane = pane(state);
    let found = board(state).board.findings;
    let of_id = |mark: &str| found.iter().find(|one| one.id() == mark).cloned();
    match (state.nav.screen, pane) {
        (Screen::Finding, _) => of_id(state.nav.marks.get(&Screen::Finding)?),
        (Screen::Board, 0) => of_id(&marked(state)?),
        (Screen::Board, _) => of_place(&found, &marked(state)?),
        (Screen::Zone, 0) => of_workload(state, &found, &marked(state)?),
        (Screen::Backups, 0) => of_backup(state, &found, &marked(state)?),
        (Screen::Backups, _) => of_store(state, &found, &marked(state)?),
        (Screen::Drift, _) => of_drift(state, &found, &marked(state)?),
        (Screen::Alerts, 0) => of_alert(state, &found, &marked(state)?),
        (Screen::Alerts, _) => of_pipeline(state, &found, &marked(state)?),
        _ => None,
    }
}

/// The first finding in a zone, or in it on one of its clusters: `zone/NAME` or `zone/NAME/CLUSTER`.
fn of_place(found: &[Finding], mark: &str) -> Option<Finding> {
    let mut parts = mark.split('/').skip(1);
    let (zone, cluster) = (parts.next()?, parts.next());
    let here = |one: &&Finding| {
        let within = one.zone.as_ref().map_or("", ZoneName::as_str);
        within == zone && cluster.is_none_or(|cluster| one.cluster.as_str() == cluster)
    };
    found.iter().find(here).cloned()
}

/// The first finding on a cluster that fits; where a row is unknown, else what is wrong with its cluster.
fn first(
    found: &[Finding],
    cluster: &ClusterName,
    level: Level,
    fits: impl Fn(&Finding) -> bool,
) -> Option<Finding> {
    let mut here = found.iter().filter(|one| one.cluster == *cluster);
    let dark = |one: &&Finding| one.kind.0.starts_with("cluster.");
    here.clone()
        .find(|one| fits(one))
        .or_else(|| here.find(dark).filter(|_| level == Level::Unknown))
        .cloned()
}

fn of_workload(state: &State, found: &[Finding], mark: &str) -> Option<Finding> {
    let detail = zone(state);
    let rows = workloads(state, &detail);
    let row = rows.into_iter().find(|row| workload_id(row) == mark)?;
    first(found, &row.cluster, row.level, |one| {
        let object = &one.object;
        let same = !row.uid.is_empty() && object.uid == row.uid;
        let named = object.namespace == row.namespace && object.name == row.name;
        one.kind.0.starts_with("workload.") && (same || named)
    })
}

fn of_backup(state: &State, found: &[Finding], mark: &str) -> Option<Finding> {
    let rows = backups(state).rows;
    let row = rows.iter().find(|row| backup_id(row) == mark)?;
    first(found, &row.cluster, row.level, |one| {
        one.kind.0.starts_with("backup.") && one.object.namespace == row.namespace
    })
}

fn of_store(state: &State, found: &[Finding], mark: &str) -> Option<Finding> {
    let stores = backups(state).stores;
    let store = stores
        .iter()
        .find(|store| format!("{}/{}", store.cluster, store.name) == mark)?;
    first(found, &store.cluster, store.level, |one| {
        one.kind.0.starts_with("store.") && one.object.name == store.name
    })
}

fn of_drift(state: &State, found: &[Finding], mark: &str) -> Option<Finding> {
    let rows = drift(state);
    let row = rows.iter().find(|row| drift_id(row) == mark)?;
    first(found, &row.cluster, row.level, |one| {
        one.kind.0.starts_with("drift.") && !row.uid.is_empty() && one.object.uid == row.uid
    })
}

fn of_alert(state: &State, found: &[Finding], mark: &str) -> Option<Finding> {
    let rows = alerts(state).firing;
    let row = rows.iter().find(|row| super::alert_id(row) == mark)?;
    let namespace = row.object.as_str().split('/').next().unwrap_or_default();
    first(found, &row.cluster, row.level, |one| {
        one.kind.0 == "alerts.firing"
            && one.object.name == row.name
            && one.object.namespace.as_str() == namespace
    })
}

fn of_pipeline(state: &State, found: &[Finding], mark: &str) -> Option<Finding> {
    let rows = alerts(state).pipelines;
    let row = rows.iter().find(|row| row.cluster.as_str() == mark)?;
    let level = match row.state {
        Pipeline::Live | Pipeline::Absent => Level::Ok,
        _ => Level::Unknown,
    };
    first(found, &row.cluster, level, |one| {
        matches!(one.kind.0, "alerts.dead" | "alerts.not-wired")
    })
}

//! Which rows each screen lists, in view order, and their identities: views draw them, `update` moves the mark by them.
//!
//! A filter narrows every list here and nowhere else; header counts are never filtered.

mod found;
mod history;
mod people;
mod rights;
mod runs;
mod session;

pub use found::marked_finding;
pub use history::{Shown, board, with_history};
pub use people::people;
pub use rights::{place, refused, rights_of, rights_on, secret_typed, secrets};
pub use runs::{
    book_ids, books, can_resume, ended_runs, in_doubt, open_runs, requests, run_ended, treated,
    treats,
};
pub use session::{audience, disagreement, needs_sign_in, sign_ins};

use std::borrow::Cow;

use jiff::Timestamp;

use crate::auth::sign_in::SignIn;
use crate::config::Cluster;
use crate::config::ZoneName;
use crate::runbook::run::Card;
use crate::sources::alerts;
use crate::sources::backups;
use crate::sources::board::Board;
use crate::sources::drift;
use crate::sources::finding::Finding;
use crate::sources::seen::Freshness;
use crate::sources::world::ClusterWorld;
use crate::sources::zones;

use super::LogRow;
use super::State;
use super::nav::Screen;

/// The identities of a screen's rows in one of its panes, in view order; empty for a text.
pub fn rows(state: &State, screen: Screen, pane: usize) -> Vec<String> {
    match (screen, pane) {
        (Screen::Board, 0) => findings(state).iter().map(Finding::id).collect(),
        (Screen::Board, _) => table(&board(state).board),
        (Screen::Zone, 0) => {
            let detail = zone(state);
            workloads(state, &detail)
                .into_iter()
                .map(workload_id)
                .collect()
        }
        (Screen::Backups, 0) => backups(state).rows.iter().map(backup_id).collect(),
        (Screen::Backups, _) => backups(state)
            .stores
            .iter()
            .map(|store| format!("{}/{}", store.cluster, store.name))
            .collect(),
        (Screen::Drift, _) => drift(state).iter().map(drift_id).collect(),
        (Screen::Alerts, 0) => alerts(state).firing.iter().map(alert_id).collect(),
        (Screen::Alerts, _) => alerts(state)
            .pipelines
            .iter()
            .map(|row| row.cluster.to_string())
            .collect(),
        (Screen::Runbooks, _) => books(state).iter().map(|book| book.id.clone()).collect(),
        (Screen::Plan, _) => requests(state)
            .iter()
            .map(|step| step.number.to_string())
            .collect(),
        (Screen::Run, _) => state.run().map_or_else(Vec::new, |run| {
            run.steps
                .iter()
                .map(|step| step.number.to_string())
                .collect()
        }),
        (Screen::Runs, 0) => open_runs(state).iter().map(|run| run.id.clone()).collect(),
        (Screen::Runs, _) => ended_runs(state).iter().map(|run| run.id.clone()).collect(),
        (Screen::Log, _) => log(state).iter().map(|row| row.entry.to_string()).collect(),
        (Screen::Session, 1) => sign_ins(state),
        (Screen::Session, _) => clusters(state)
            .iter()
            .map(|cluster| cluster.name.to_string())
            .collect(),
        _ => Vec::new(),
    }
}

/// The identity that is marked on the screen in view: the stored mark while its row is there, else the first row;
/// on a run the step whose turn it is.
pub fn marked(state: &State) -> Option<String> {
    let screen = state.nav.screen;
    let rows = rows(state, screen, pane(state));
    let stored = state
        .nav
        .mark()
        .filter(|mark| rows.iter().any(|row| row == mark));
    let turn = || match screen {
        Screen::Run => state.run()?.turn().map(|step| step.number.to_string()),
        _ => None,
    };
    stored
        .map(str::to_owned)
        .or_else(turn)
        .or_else(|| rows.into_iter().next())
}

/// The focused pane of the screen in view: on Runs never an empty one beside one with rows.
pub fn pane(state: &State) -> usize {
    let stored = state.nav.pane();
    let empty = |pane| rows(state, Screen::Runs, pane).is_empty();
    match state.nav.screen {
        Screen::Runs if empty(stored) && !empty(1 - stored.min(1)) => 1 - stored.min(1),
        _ => stored,
    }
}

/// True when a pane is there to take the focus: one that has nothing to show is left out.
pub fn has_pane(state: &State, pane: usize) -> bool {
    match (state.nav.screen, pane) {
        (Screen::Zone, 1) => !zone(state).causes.is_empty(),
        (Screen::Backups, 1) => !backups(state).stores.is_empty(),
        (Screen::Session, 1) => !sign_ins(state).is_empty(),
        (Screen::Runs, pane) => !rows(state, Screen::Runs, pane).is_empty(),
        _ => true,
    }
}

/// Whether a code can stand on screen as a picture; in ASCII the view leaves it out.
pub fn has_picture(state: &State) -> bool {
    state.roomy() && matches!(state.sign_ins.on_screen(), SignIn::Waiting { .. })
}

/// How many panes of a screen can take the focus.
pub fn panes(screen: Screen) -> usize {
    match screen {
        Screen::Board | Screen::Backups | Screen::Alerts | Screen::Runs | Screen::Session => 2,
        Screen::Zone => 3,
        _ => 1,
    }
}

/// True when no cluster is live or late: nothing on the board is known now.
pub fn all_silent(state: &State) -> bool {
    let clusters = &state.board.clusters;
    !clusters.is_empty() && !clusters.iter().any(|(_, freshness)| freshness.counts())
}

/// When any cluster was last heard since the start; what was saved before is older.
pub fn last_heard(state: &State) -> Option<Timestamp> {
    let clusters = state.board.clusters.iter();
    let once = clusters.filter(|(_, freshness)| *freshness != Freshness::Never);
    let worlds = once.filter_map(|(cluster, _)| state.world.cluster(cluster));
    let heard = worlds.filter_map(ClusterWorld::last_heard);
    heard.max().map(|moment| moment.wall)
}

/// Identities of the table of the board: `zone/NAME` and `zone/NAME/CLUSTER`.
fn table(board: &Board) -> Vec<String> {
    let mut rows = Vec::new();
    for zone in &board.zones {
        let name = zone.zone.as_ref().map_or("", ZoneName::as_str);
        rows.push(format!("zone/{name}"));
        rows.extend(
            zone.clusters
                .iter()
                .map(|row| format!("zone/{name}/{}", row.cluster)),
        );
    }
    rows
}

/// Lines that the table of the board may have, its column heads included: 11 at 80x24.
pub fn table_room(state: &State) -> usize {
    let height = if state.size.1 == 0 {
        24
    } else {
        usize::from(state.size.1)
    };
    let body = height.saturating_sub(4);
    if body <= 20 {
        body * 11 / 20
    } else {
        body.saturating_sub(9).min(body * 11 / 20)
    }
}

/// True when rows of the board's table are folded, or would be.
pub fn folds(state: &State) -> bool {
    let lines: usize = state
        .board
        .zones
        .iter()
        .map(|zone| 1 + zone.clusters.len())
        .sum();
    lines + 1 > table_room(state)
}

/// The findings of the board that the filter leaves.
pub fn findings(state: &State) -> Vec<Finding> {
    let kept = |finding: &Finding| {
        let zone = finding.zone.as_ref().map_or("", ZoneName::as_str);
        keeps(
            state,
            &[
                finding.level.word(),
                zone,
                finding.cluster.as_str(),
                finding.sentence.as_str(),
                finding.kind.0,
            ],
        )
    };
    board(state)
        .board
        .findings
        .into_iter()
        .filter(kept)
        .collect()
}

/// The zone screen's detail: as it was judged with the board, else judged now (asked before any event put it on screen).
pub fn zone(state: &State) -> Cow<'_, zones::Detail> {
    let zone = &state.nav.zone;
    match state.zone.as_ref().filter(|judged| judged.zone == *zone) {
        Some(judged) => Cow::Borrowed(judged),
        None => Cow::Owned(zones::detail(
            &state.config,
            &state.world,
            zone.as_ref(),
            state.judged_at,
        )),
    }
}

/// The workloads that the zone screen lists: those that are not as they should be; all of them when hidden ones show.
pub fn workloads<'d>(state: &State, detail: &'d zones::Detail) -> Vec<&'d zones::WorkloadRow> {
    let good = detail
        .good
        .iter()
        .filter(|_| state.nav.hidden_shown.contains(&Screen::Zone));
    let kept = |row: &&zones::WorkloadRow| {
        keeps(
            state,
            &[
                row.level.word(),
                row.cluster.as_str(),
                row.namespace.as_str(),
                row.name.as_str(),
                row.why.as_str(),
            ],
        )
    };
    detail.bad.iter().chain(good).filter(kept).collect()
}

/// Identity of a workload: its uid, or its place where it has none.
pub fn workload_id(row: &zones::WorkloadRow) -> String {
    match row.uid.as_str() {
        "" => format!("{}/{}/{}", row.cluster, row.namespace, row.name),
        uid => uid.to_owned(),
    }
}

/// The backups screen's detail, its rows filtered.
pub fn backups(state: &State) -> backups::Detail {
    let mut detail = backups::detail(&state.config, &state.world, state.judged_at);
    detail.rows.retain(|row| {
        let zone = row.zone.as_ref().map_or("", ZoneName::as_str);
        keeps(
            state,
            &[
                row.level.word(),
                zone,
                row.cluster.as_str(),
                row.application.as_str(),
                row.namespace.as_str(),
            ],
        )
    });
    detail
}

/// Identity of a row of the backups screen.
pub fn backup_id(row: &backups::Row) -> String {
    let zone = row.zone.as_ref().map_or("", ZoneName::as_str);
    format!(
        "{zone}/{}/{}/{}",
        row.cluster, row.application, row.namespace
    )
}

/// The drift screen's rows; what is in step is folded unless hidden rows show.
pub fn drift(state: &State) -> Vec<drift::Row> {
    let mut rows = drift::rows(&state.config, &state.world, state.judged_at);
    rows.retain(|row| {
        keeps(
            state,
            &[
                row.level.word(),
                row.cluster.as_str(),
                row.object.as_str(),
                row.state.as_str(),
                row.why.as_str(),
            ],
        )
    });
    rows
}

/// Identity of a row of the drift screen.
pub fn drift_id(row: &drift::Row) -> String {
    format!("{}/{}", row.cluster, row.object)
}

/// The alerts screen's detail, its groups filtered.
pub fn alerts(state: &State) -> alerts::Detail {
    let mut detail = alerts::detail(&state.config, &state.world, state.judged_at);
    detail.firing.retain(|row| {
        keeps(
            state,
            &[
                row.level.word(),
                row.cluster.as_str(),
                row.name.as_str(),
                row.object.as_str(),
            ],
        )
    });
    detail
}

/// Identity of a group of alerts.
pub fn alert_id(row: &alerts::AlertRow) -> String {
    format!("{}/{}/{}", row.cluster, row.name, row.object)
}

/// What the open run's pane shows.
pub fn card(state: &State) -> Option<Card> {
    state.card()
}

/// The newest entries of the log, newest first.
pub fn log(state: &State) -> Vec<&LogRow> {
    let kept = |row: &&LogRow| {
        let entry = row.entry.to_string();
        keeps(
            state,
            &[
                &entry,
                row.who.as_str(),
                row.run.as_str(),
                row.what.as_str(),
                row.result.as_str(),
            ],
        )
    };
    state.log.rows.iter().rev().filter(kept).collect()
}

/// True when there is a credential for no cluster at all, so that nothing is read.
pub fn nobody_known(state: &State) -> bool {
    let mut clusters = state.config.clusters.iter();
    !clusters.any(|cluster| state.has_credential(cluster))
}

/// True when there is a credential for every cluster: by its kubeconfig, by a sign-in, or by acting as somebody.
pub fn clusters_known(state: &State) -> bool {
    let mut clusters = state.config.clusters.iter();
    clusters.all(|cluster| state.has_credential(cluster))
}

/// The configured clusters, in the configuration's order.
pub fn clusters(state: &State) -> Vec<&Cluster> {
    state
        .config
        .clusters
        .iter()
        .filter(|cluster| keeps(state, &[cluster.name.as_str()]))
        .collect()
}

/// Whether the filter leaves a row: every word of it stands somewhere in the row.
fn keeps(state: &State, parts: &[&str]) -> bool {
    if state.nav.filter.trim().is_empty() {
        return true;
    }
    let row = parts.join(" ").to_lowercase();
    state
        .nav
        .filter
        .to_lowercase()
        .split_whitespace()
        .all(|word| row.contains(word))
}

//! `status` and `findings`: the board once, for scripts and monitoring. They never ask a person anything.

use std::io::Write;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::args::Ask;
use super::args::Only;
use super::args::Output;
use crate::app::engine::Engine;
use crate::config::ZoneName;
use crate::sources::board::Board;
use crate::sources::board::Cell;
use crate::sources::board::ClusterRow;
use crate::sources::board::Column;
use crate::sources::fact::Watch;
use crate::sources::finding::Finding;
use crate::state::State;
use crate::text::SafeText;
use crate::view::lines;

/// Which of the two verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Board and findings.
    Status,
    /// Findings only.
    Findings,
}

/// Waits for the clusters, prints and returns the exit code.
pub(super) async fn ask(
    mut engine: Engine,
    ask: &Ask,
    what: What,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    engine.until(ask.wait, settled).await;
    let state = engine.end(Duration::ZERO).await;
    let mut board = state.board.clone();
    if let Some(only) = ask.only {
        keep(&mut board, column(only));
    }
    match (ask.output, what) {
        (Output::Json, What::Status) => writeln!(
            out,
            "{:#}",
            status_json(&state, &board, ask.only.map(column))
        )?,
        (Output::Json, What::Findings) => writeln!(out, "{:#}", findings_json(&state, &board))?,
        (Output::Text, What::Status) => write!(out, "{}", lines::board_text(&state, &board))?,
        (Output::Text, What::Findings) => write!(out, "{}", lines::findings_text(&state, &board))?,
    }
    Ok(board.level().exit_code())
}

/// True once every watch of every cluster has said something final: a first list, a refusal, or that it is not there.
/// A cluster that nobody is signed in to is not waited for.
pub(super) fn settled(state: &State) -> bool {
    state.config.clusters.iter().all(|cluster| {
        if !state.has_credential(cluster) {
            return true;
        }
        state.world.cluster(&cluster.name).is_some_and(|world| {
            world.unreachable()
                || Watch::ALL
                    .iter()
                    .all(|watch| world.watch(*watch).has_answered())
        })
    })
}

fn column(only: Only) -> Column {
    match only {
        Only::Health => Column::Health,
        Only::Backup => Column::Backup,
        Only::Drift => Column::Drift,
        Only::Alerts => Column::Alerts,
    }
}

/// Judges one column only: the others count no more, nor do their findings.
fn keep(board: &mut Board, column: Column) {
    let at = Column::ALL
        .iter()
        .position(|one| *one == column)
        .unwrap_or(0);
    for zone in &mut board.zones {
        for cluster in &mut zone.clusters {
            cluster.level = cluster.cells[at].level;
        }
        zone.level = zone.columns[at];
    }
    let prefixes: &[&str] = match column {
        Column::Health => &["workload.", "node.", "zone.", "cluster."],
        Column::Backup => &["backup.", "store.", "cluster."],
        Column::Drift => &["drift.", "cluster."],
        Column::Alerts => &["alerts.", "cluster."],
    };
    board.findings.retain(|finding| {
        prefixes
            .iter()
            .any(|prefix| finding.kind.0.starts_with(prefix))
    });
}

/// The documented form of `status -o json`; `docs/status-json.md` describes it.
pub(super) fn status_json(state: &State, board: &Board, only: Option<Column>) -> Value {
    let cluster = |row: &ClusterRow| {
        let columns: serde_json::Map<String, Value> = Column::ALL
            .iter()
            .zip(&row.cells)
            .filter(|(column, _)| only.is_none_or(|only| only == **column))
            .map(|(column, cell)| (column.key().to_owned(), cell_json(cell)))
            .collect();
        json!({"name": row.cluster.as_str(), "level": row.level, "freshness": row.freshness.words(), "columns": columns})
    };
    let zones: Vec<Value> = board
        .zones
        .iter()
        .map(|zone| {
            let clusters: Vec<Value> = zone.clusters.iter().map(cluster).collect();
            let name = zone.zone.as_ref().map_or("NO ZONE", |zone| zone.as_str());
            json!({"name": name, "level": zone.level, "clusters": clusters})
        })
        .collect();
    json!({
        "estate": state.config.estate.name,
        "simulated": state.here.simulated,
        "policy": state.config.policy.mark(),
        "at": state.judged_at.wall.to_string(),
        "zones": zones,
        "findings": findings_json(state, board),
    })
}

fn cell_json(cell: &Cell) -> Value {
    let headline = match cell.was {
        Some(was) => format!("was {}", was.word()),
        None => cell.wide.to_string(),
    };
    json!({"level": cell.level, "headline": headline, "age_s": cell.age_s})
}

/// The array of findings of both verbs.
pub(super) fn findings_json(state: &State, board: &Board) -> Value {
    board
        .findings
        .iter()
        .map(|finding| finding_json(state, finding))
        .collect()
}

fn finding_json(state: &State, finding: &Finding) -> Value {
    let runbooks: Vec<&str> = state
        .library
        .treating(finding.kind)
        .iter()
        .map(|book| book.id.as_str())
        .collect();
    json!({
        "id": finding.id(),
        "level": finding.level,
        "zone": finding.zone.as_ref().map(ZoneName::as_str),
        "cluster": finding.cluster.as_str(),
        "object": finding.object.to_string(),
        "sentence": finding.sentence.as_str(),
        "why": finding.why.iter().map(SafeText::as_str).collect::<Vec<_>>(),
        "since": finding.since.at().to_string(),
        "owner": finding.owner.as_str(),
        "runbooks": runbooks,
    })
}

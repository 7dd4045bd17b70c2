//! The board as it is shown: what was known at the last exit stands, as history, where nothing was heard since.

use crate::config::ClusterName;
use crate::config::ZoneName;
use crate::sources::board::Board;
use crate::sources::board::Cell;
use crate::sources::board::ZoneRow;
use crate::sources::finding::Finding;
use crate::sources::level::Level;
use crate::sources::seen::Freshness;
use crate::state::State;
use crate::text::SafeText;
use std::collections::BTreeMap;

/// The board as it is shown: history from disk stands where a cluster was never heard since the start.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The board.
    pub board: Board,
    /// For zones whose every cluster is history: the levels their columns had.
    pub was: BTreeMap<Option<ZoneName>, [Level; 4]>,
}

/// The board as it is shown.
pub fn board(state: &State) -> Shown {
    with_history(state, &state.board)
}

/// Some board with history where a cluster was never heard.
pub fn with_history(state: &State, board: &Board) -> Shown {
    let mut shown = Shown {
        board: board.clone(),
        was: BTreeMap::new(),
    };
    let Some(age_s) = state.last_known.saved.map(|saved| saved_age(state, saved)) else {
        return shown;
    };
    let never = never_heard(state);
    let known = &state.last_known.board;
    for zone in &mut shown.board.zones {
        let before = known.zones.iter().find(|one| one.zone == zone.zone);
        if let Some(before) = before
            && remember_zone(zone, before, &never, age_s)
        {
            shown.was.insert(zone.zone.clone(), levels(before));
        }
    }
    for (cluster, freshness) in &mut shown.board.clusters {
        let before = known.clusters.iter().find(|(name, _)| name == cluster);
        if let Some((_, before)) = before.filter(|(name, _)| never.contains(name)) {
            *freshness = Freshness::Silent(age_s + silence(*before));
        }
    }
    let history = known.findings.iter();
    let history = history.filter(|finding| never.contains(&finding.cluster));
    shown.board.findings.extend(history.map(remembered));
    shown.board.findings.sort_by_key(|finding| finding.level);
    shown
}

/// Puts history in place of clusters that were never heard; true when nothing else is left of the zone.
fn remember_zone(zone: &mut ZoneRow, before: &ZoneRow, never: &[ClusterName], age_s: i64) -> bool {
    let mut history = !zone.clusters.is_empty();
    for row in &mut zone.clusters {
        let known = before
            .clusters
            .iter()
            .find(|known| known.cluster == row.cluster);
        match known.filter(|_| never.contains(&row.cluster)) {
            None => history = false,
            Some(known) => {
                row.level = Level::Unknown;
                row.freshness = Freshness::Silent(age_s + silence(known.freshness));
                row.cells = known.cells.clone().map(|cell| was(&cell, age_s));
            }
        }
    }
    if history {
        zone.level = Level::Unknown;
        zone.columns = [Level::Unknown; 4];
    }
    history
}

/// The levels a zone's columns had, behind what had fallen silent already.
fn levels(before: &ZoneRow) -> [Level; 4] {
    [0, 1, 2, 3].map(|place| {
        let cells = before.clusters.iter().map(|row| &row.cells[place]);
        Level::worst(cells.map(|cell| cell.was.unwrap_or(cell.level)))
    })
}

/// Clusters that were never heard since the start.
fn never_heard(state: &State) -> Vec<ClusterName> {
    let never = state
        .board
        .clusters
        .iter()
        .filter(|(_, freshness)| *freshness == Freshness::Never);
    never.map(|(cluster, _)| cluster.clone()).collect()
}

/// Seconds since the board on disk was saved.
fn saved_age(state: &State, saved: jiff::Timestamp) -> i64 {
    state.judged_at.wall.duration_since(saved).as_secs().max(0)
}

fn silence(freshness: Freshness) -> i64 {
    match freshness {
        Freshness::Late(s) | Freshness::Silent(s) => s,
        Freshness::Live | Freshness::Never => 0,
    }
}

/// A cell as history: what it said, never what is.
fn was(cell: &Cell, age_s: i64) -> Cell {
    let level = cell.was.unwrap_or(cell.level);
    let words = SafeText::from(format!("was {}", level.word()));
    Cell {
        level: Level::Unknown,
        figure: words.clone(),
        wide: words,
        was: Some(level),
        age_s: cell.age_s.map(|s| s + age_s),
    }
}

/// A finding as history, under the same identity.
fn remembered(finding: &Finding) -> Finding {
    let sentence = SafeText::from(format!(
        "was {}: {}",
        finding.level.word(),
        finding.sentence
    ));
    Finding {
        level: Level::Unknown,
        sentence,
        ..finding.clone()
    }
}

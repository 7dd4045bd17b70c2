//! The last known board, kept on disk for the next start: no secrets, replaced whole, read before any network.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::audit::own;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::Criticality;
use crate::config::ZoneName;
use crate::sources::board::Board;
use crate::sources::board::Cell;
use crate::sources::board::ClusterRow;
use crate::sources::board::ZoneRow;
use crate::sources::level::Level;
use crate::sources::seen::Freshness;
use crate::state::LastKnown;
use crate::state::State;
use crate::text::SafeText;

/// Bytes of such a file beyond which it is not ours.
const MOST: u64 = 8 << 20;

#[derive(Serialize, Deserialize)]
struct Kept {
    saved: Timestamp,
    zones: Vec<KeptZone>,
}

#[derive(Serialize, Deserialize)]
struct KeptZone {
    zone: Option<String>,
    clusters: Vec<KeptCluster>,
}

#[derive(Serialize, Deserialize)]
struct KeptCluster {
    cluster: ClusterName,
    /// Words of the levels, in the order of the columns.
    levels: [SafeText; 4],
    /// Seconds since it was heard when this was saved; `None` when never.
    age_s: Option<i64>,
}

/// Writes the board as it stands, whole or not at all. A board that knows nothing replaces nothing.
///
/// # Errors
/// When the file cannot be written; what stood there stays.
pub fn save(path: &Path, state: &State) -> io::Result<()> {
    if !state
        .board
        .clusters
        .iter()
        .any(|(_, freshness)| freshness.counts())
    {
        return Ok(());
    }
    let kept = Kept {
        saved: state.now.wall,
        zones: state.board.zones.iter().map(zone).collect(),
    };
    let bytes = serde_json::to_vec(&kept)?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::other("it has no folder"));
    };
    let folder = own::open(folder).map_err(io::Error::other)?;
    folder.replace(&name.to_string_lossy(), &bytes)
}

fn zone(row: &ZoneRow) -> KeptZone {
    let cluster = |row: &ClusterRow| KeptCluster {
        cluster: row.cluster.clone(),
        levels: row
            .cells
            .clone()
            .map(|cell| SafeText::new(shown(&cell).word())),
        age_s: match row.freshness {
            Freshness::Live => Some(0),
            Freshness::Late(s) | Freshness::Silent(s) => Some(s),
            Freshness::Never => None,
        },
    };
    KeptZone {
        zone: row.zone.as_ref().map(ToString::to_string),
        clusters: row.clusters.iter().map(cluster).collect(),
    }
}

/// What a cell last stood at: its history while it is silent.
fn shown(cell: &Cell) -> Level {
    cell.was.unwrap_or(cell.level)
}

/// Reads the last known board as history. A file that is missing or damaged is nothing known, never an error.
pub fn load(path: &Path, config: &Config, now: Timestamp) -> LastKnown {
    let kept: Option<Kept> =
        own::read(path, MOST).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(kept) = kept else {
        return LastKnown::default();
    };
    let ago = (now.as_second() - kept.saved.as_second()).max(0);
    let zones: Vec<ZoneRow> = kept
        .zones
        .iter()
        .filter_map(|zone| history(zone, config, ago))
        .collect();
    LastKnown {
        saved: Some(kept.saved),
        board: Board {
            zones,
            ..Board::default()
        },
    }
}

fn history(kept: &KeptZone, config: &Config, ago: i64) -> Option<ZoneRow> {
    let zone = kept.zone.as_deref().map(ZoneName::from);
    let criticality = match &zone {
        Some(name) => config.zone(name)?.criticality,
        None => Criticality::Low,
    };
    let known = |name: &ClusterName| config.cluster(name).is_some();
    let clusters: Vec<ClusterRow> = kept
        .clusters
        .iter()
        .filter(|row| known(&row.cluster))
        .map(|row| cluster_history(row, ago))
        .collect();
    Some(ZoneRow {
        zone,
        criticality,
        level: Level::Unknown,
        columns: [Level::Unknown; 4],
        clusters,
    })
}

fn cluster_history(kept: &KeptCluster, ago: i64) -> ClusterRow {
    let age_s = kept.age_s.map(|age| age + ago);
    let cell = |word: &SafeText| Cell {
        was: Some(level(word.as_str())),
        age_s,
        ..Cell::unknown("")
    };
    let cells = [
        cell(&kept.levels[0]),
        cell(&kept.levels[1]),
        cell(&kept.levels[2]),
        cell(&kept.levels[3]),
    ];
    let freshness = age_s.map_or(Freshness::Never, Freshness::Silent);
    ClusterRow {
        cluster: kept.cluster.clone(),
        level: Level::Unknown,
        freshness,
        cells,
    }
}

fn level(word: &str) -> Level {
    [Level::Crit, Level::Warn, Level::Ok, Level::Absent]
        .into_iter()
        .find(|level| level.word() == word)
        .unwrap_or(Level::Unknown)
}

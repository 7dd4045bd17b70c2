//! The table of the board: zones by clusters by columns, folded where it is longer than its place.

use crate::config::ZoneName;
use crate::sources::board::Cell;
use crate::sources::board::ClusterRow;
use crate::sources::board::Column;
use crate::sources::board::ZoneRow;
use crate::sources::level::Level;
use crate::state::rows::Shown;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::row::Row;
use crate::view::widgets::row::level_role;

use super::words;

/// Where the columns stand.
pub(super) struct Grid {
    columns: Vec<(Column, usize, usize)>,
    seen: usize,
    wide: bool,
}

impl Grid {
    /// The columns that fit so many columns of the screen, for names of clusters of at most `name`.
    pub(super) fn of(width: usize, name: usize) -> Grid {
        let wide = width >= 120;
        let (first, rooms) = if wide {
            (21, [19, 19, 17, 18])
        } else {
            (16, [12, 12, 12, 12])
        };
        let mut at = first.max(name + 4);
        let mut columns = Vec::new();
        for (column, room) in Column::ALL.into_iter().zip(rooms) {
            if at + room + 4 <= width {
                columns.push((column, at, room - 1));
                at += room;
            }
        }
        Grid {
            columns,
            seen: at,
            wide,
        }
    }

    /// Names of the columns that do not fit.
    pub(super) fn left_out(&self) -> Vec<String> {
        let shown = |column: &Column| self.columns.iter().any(|(one, ..)| one == column);
        Column::ALL
            .into_iter()
            .filter(|column| !shown(column))
            .map(|column| column.key().to_uppercase())
            .collect()
    }

    /// The column heads.
    pub(super) fn head(&self) -> Row {
        let mut row = Row::line(Role::Dim, "ZONE / CLUSTER");
        for (column, at, _) in &self.columns {
            row = row.put(*at, Role::Dim, column.key().to_uppercase());
        }
        row.put(self.seen, Role::Dim, "SEEN")
    }

    /// Every row of the table, folded to `room` rows where that can be done.
    pub(super) fn rows(&self, shown: &Shown, room: usize, unfolded: bool) -> Vec<Row> {
        let zones = &shown.board.zones;
        let fold = if unfolded {
            vec![Fold::None; zones.len()]
        } else {
            folded(zones, room)
        };
        let mut rows = Vec::new();
        for (zone, fold) in zones.iter().zip(fold) {
            rows.push(self.zone(zone, shown));
            let hidden = |row: &&ClusterRow| fold == Fold::None || row.level != Level::Ok;
            rows.extend(
                zone.clusters
                    .iter()
                    .filter(hidden)
                    .map(|row| self.cluster(zone, row)),
            );
            let count = zone
                .clusters
                .iter()
                .filter(|row| row.level == Level::Ok)
                .count();
            if fold == Fold::Ok && count > 0 {
                rows.push(Row::new().put(3, Role::Ok, "OK").put(
                    6,
                    Role::Dim,
                    words::plural(count, "cluster"),
                ));
            }
        }
        rows
    }

    fn zone(&self, zone: &ZoneRow, shown: &Shown) -> Row {
        let first = self.columns.first().map_or(self.seen, |column| column.1);
        let name = zone
            .zone
            .as_ref()
            .map_or("NO ZONE".to_owned(), |name| name.as_str().to_uppercase());
        let mut row = Row::new().id(format!(
            "zone/{}",
            zone.zone.as_ref().map_or("", ZoneName::as_str)
        ));
        row = row
            .mark_at(0)
            .name(1, first.saturating_sub(2), Role::Title, name.clone());
        if self.wide && zone.zone.is_some() {
            let word = zone.criticality.word();
            let gap = if text::width(&name) + 3 + word.len() < first {
                2
            } else {
                1
            };
            row = row.put(1 + text::width(&name) + gap, Role::Dim, word);
        }
        if zone.zone.is_none() {
            return row;
        }
        let was = shown.was.get(&zone.zone);
        for (column, at, room) in &self.columns {
            let place = Column::ALL
                .iter()
                .position(|one| one == column)
                .unwrap_or(0);
            row = match was {
                Some(levels) => row.put_in(*at, *room, Role::Stale, self.stale(levels[place])),
                None => row.level(*at, zone.columns[place]),
            };
        }
        row
    }

    fn cluster(&self, zone: &ZoneRow, cluster: &ClusterRow) -> Row {
        let zone = zone.zone.as_ref().map_or("", ZoneName::as_str);
        let mut row = Row::new().id(format!("zone/{zone}/{}", cluster.cluster));
        row = row.put(3, Role::Text, cluster.cluster.as_str());
        for (column, at, room) in &self.columns {
            let place = Column::ALL
                .iter()
                .position(|one| one == column)
                .unwrap_or(0);
            let (role, words) = self.cell(&cluster.cells[place]);
            row = row.put_in(*at, *room, role, words);
        }
        let (role, words) = words::seen(cluster.freshness);
        row.figure(self.seen, 4, role, words)
    }

    /// The level's word and one figure; at 80 columns `?` and `-` are followed at once.
    fn cell(&self, cell: &Cell) -> (Role, String) {
        let figure = if self.wide {
            cell.wide.as_str()
        } else {
            cell.figure.as_str()
        };
        let history = cell.level == Level::Unknown && figure.starts_with("was ");
        let role = if history {
            Role::Stale
        } else {
            level_role(cell.level)
        };
        (role, self.level_and(cell.level, figure))
    }

    fn stale(&self, was: Level) -> String {
        self.level_and(Level::Unknown, &format!("was {}", was.word()))
    }

    fn level_and(&self, level: Level, figure: &str) -> String {
        match (figure, level) {
            ("", _) => level.word().to_owned(),
            (_, Level::Unknown | Level::Absent) if !self.wide => {
                format!("{} {figure}", level.word())
            }
            _ => format!("{} {figure}", text::pad(level.word(), 4)),
        }
    }
}

/// What of a zone is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    /// Nothing.
    None,
    /// Clusters that are OK stand in one line.
    Ok,
    /// Clusters that are OK are left out: the zone's own line says it.
    Away,
}

/// Folds clusters that are OK, from the least critical zone up, until the table has at most `room` rows.
fn folded(zones: &[ZoneRow], room: usize) -> Vec<Fold> {
    let mut folds = vec![Fold::None; zones.len()];
    for to in [Fold::Ok, Fold::Away] {
        for index in (0..zones.len()).rev() {
            if lines(zones, &folds) <= room {
                return folds;
            }
            let fine = zones[index]
                .clusters
                .iter()
                .filter(|row| row.level == Level::Ok)
                .count();
            if fine > 1 || (fine == 1 && to == Fold::Away) {
                folds[index] = to;
            }
        }
    }
    folds
}

fn lines(zones: &[ZoneRow], folds: &[Fold]) -> usize {
    let of = |(zone, fold): (&ZoneRow, &Fold)| {
        let fine = zone
            .clusters
            .iter()
            .filter(|row| row.level == Level::Ok)
            .count();
        let rest = zone.clusters.len() - fine;
        1 + rest
            + match fold {
                Fold::None => fine,
                Fold::Ok => usize::from(fine > 0),
                Fold::Away => 0,
            }
    };
    zones.iter().zip(folds).map(of).sum()
}

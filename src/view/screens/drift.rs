//! Drift: what differs from Git, and will it be put back?

use std::collections::BTreeSet;

use super::Entry;
use super::Frame;
use super::Sheet;
use crate::sources::drift;
use crate::sources::drift::Row as DriftRow;
use crate::sources::level::Level;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Drift,
    name: "Drift",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let objects = rows::drift(frame.state);
    let wider = frame.width.saturating_sub(80).min(30);
    let head = Row::new()
        .put(8, Role::Dim, "OBJECT")
        .put(34 + wider, Role::Dim, "STATE")
        .put(46 + wider, Role::Dim, "APPLIED");
    let head = if frame.narrow() {
        head
    } else {
        head.put(62 + wider, Role::Dim, "WHY")
    };
    let mut pane = Pane::new("OBJECTS")
        .head(head)
        .focus(true)
        .rows(objects.iter().map(|row| object(row, frame, wider)));
    if objects.is_empty() {
        pane = pane.rows([Row::new().put(3, Role::Text, "No cluster was asked yet.")]);
    }
    let mark = rows::marked(frame.state);
    let marked = objects.iter().find(|row| Some(rows::drift_id(row)) == mark);
    let mut panes = vec![pane.list(frame.state.nav.mark())];
    panes.extend(marked.and_then(|row| whole(row, frame)));
    let state = frame.state;
    let all = drift::rows(&state.config, &state.world, state.judged_at);
    Sheet {
        second: second(&all),
        panes,
        left_out: frame
            .narrow()
            .then(|| "WHY".to_owned())
            .into_iter()
            .collect(),
    }
}

/// The marked object and why, whole.
fn whole(row: &DriftRow, frame: &Frame<'_>) -> Option<Pane> {
    let lines = text::wrap(row.why.as_str(), frame.width.saturating_sub(7));
    let lines = lines.into_iter().enumerate().map(|(index, line)| {
        Row::line(Role::Dim, if index == 0 { "Why:" } else { "" }).put(6, Role::Text, line)
    });
    let title = format!("{} {}", row.cluster, row.object);
    (!row.why.is_empty()).then(|| Pane::new(title.trim_end()).rows(lines))
}

fn second(objects: &[DriftRow]) -> Row {
    let with: BTreeSet<_> = objects
        .iter()
        .filter(|row| !row.object.is_empty())
        .map(|row| &row.cluster)
        .collect();
    let count = |level| objects.iter().filter(|row| row.level == level).count();
    let failing = match count(Level::Crit) {
        0 => String::new(),
        failing => format!("{failing} failing  "),
    };
    let held = count(Level::Warn);
    let counts = format!(
        "{failing}{held} held  {} in step  {} unknown",
        count(Level::Ok),
        count(Level::Unknown)
    );
    let on = match with.len() {
        1 => "1 cluster".to_owned(),
        many => format!("{many} clusters"),
    };
    Row::line(Role::Text, format!("Drift  Flux on {on}")).right(1, Role::Text, counts)
}

fn object(row: &DriftRow, frame: &Frame<'_>, wider: usize) -> Row {
    let role = if row.state.as_str().starts_with("was ") {
        Role::Stale
    } else {
        Role::Text
    };
    let line = Row::new().id(rows::drift_id(row)).level(3, row.level);
    if row.level == Level::Absent {
        let words = [row.state.as_str(), row.why.as_str()]
            .into_iter()
            .find(|words| !words.is_empty())
            .unwrap_or("");
        return line
            .put(8, Role::Text, row.cluster.as_str())
            .put(34 + wider, Role::None, words);
    }
    let room = 25 + wider;
    let whole = format!("{} {}", row.cluster, row.object);
    let name = match row
        .object
        .as_str()
        .split_once(' ')
        .zip(row.object.as_str().rsplit_once('/'))
    {
        Some(((kind, _), (_, name))) if text::width(&whole) > room => {
            format!("{} {kind} {name}", row.cluster)
        }
        _ => whole.trim_end().to_owned(),
    };
    let line = line
        .name(8, room, Role::Text, name)
        .put(34 + wider, role, row.state.as_str())
        .put_in(46 + wider, 15, role, row.applied.as_str());
    if frame.narrow() {
        return line;
    }
    line.put(62 + wider, role, row.why.as_str())
}

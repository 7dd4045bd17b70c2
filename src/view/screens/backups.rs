//! Backups: can each application be brought back, to when, and how well is that proved?

use super::Entry;
use super::Frame;
use super::Sheet;
use super::words;
use super::zone;
use crate::config;
use crate::sources::backups;
use crate::sources::backups::Detail;
use crate::sources::backups::Grade;
use crate::sources::backups::Row as BackupRow;
use crate::sources::backups::StoreRow;
use crate::sources::level::Level;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;
use crate::view::widgets::row::level_role;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Backups,
    name: "Backups",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let detail = rows::backups(frame.state);
    let mut panes = vec![points(frame, &detail)];
    if !detail.stores.is_empty() {
        panes.push(stores(frame, &detail));
    }
    panes.extend(why(frame, &detail));
    let state = frame.state;
    let all = backups::detail(&state.config, &state.world, state.judged_at);
    Sheet {
        second: second(&all, frame.width),
        panes,
        left_out: frame
            .narrow()
            .then(|| "NEXT".to_owned())
            .into_iter()
            .collect(),
    }
}

fn second(detail: &Detail, columns: usize) -> Row {
    let count = |level| detail.rows.iter().filter(|row| row.level == level).count();
    let parts = [
        (Level::Crit, "CRIT"),
        (Level::Unknown, "unknown"),
        (Level::Warn, "WARN"),
        (Level::Ok, "OK"),
    ]
    .map(|(level, word)| (level, count(level), word));
    let shown: Vec<_> = parts
        .into_iter()
        .filter(|(_, count, _)| *count > 0)
        .collect();
    let length: usize = shown
        .iter()
        .map(|(_, count, word)| count.to_string().len() + word.len() + 3)
        .sum();
    let mut row = Row::line(
        Role::Text,
        "Backups  zones by criticality, worst first inside",
    );
    let mut at = columns.saturating_sub((length + 1).saturating_sub(2));
    for (level, count, word) in shown {
        let words = format!("{count} {word}");
        let length = words.len();
        row = row.put(at, level_role(level), words);
        at += length + 2;
    }
    row
}

fn points(frame: &Frame<'_>, detail: &Detail) -> Pane {
    let wider = frame.width.saturating_sub(80).min(30);
    let head = Row::new()
        .put(8, Role::Dim, "APPLICATION")
        .put(24 + wider, Role::Dim, "NEWEST RESTORABLE")
        .put(45 + wider, Role::Dim, "RPO")
        .put(51 + wider, Role::Dim, "GRADE");
    let head = if frame.narrow() {
        head
    } else {
        head.put(67 + wider, Role::Dim, "NEXT")
    };
    let mut pane = Pane::default().head(head).least(3).focus(frame.pane(0));
    let mut zone = None;
    for row in &detail.rows {
        if zone != Some(&row.zone) {
            zone = Some(&row.zone);
            pane = pane.rows([zone::heading(row.zone.as_ref())]);
        }
        pane = pane.rows([point(frame, row, wider)]);
    }
    let silent = !detail.gaps.is_empty() && frame.state.nav.filter.is_empty();
    if detail.rows.is_empty() && !silent {
        let words = if frame.state.nav.filter.is_empty() {
            format!(
                "No application has an rpo: {}.",
                frame.state.config.path.display()
            )
        } else {
            format!(
                "No application matches {}. Esc shows all.",
                frame.state.nav.filter
            )
        };
        pane = pane.rows([Row::new().put(3, Role::Text, words)]);
    }
    pane = pane.rows(detail.gaps.iter().map(zone::gap));
    if frame.pane(0) {
        pane = pane.list(frame.state.nav.mark());
    }
    pane
}

fn point(frame: &Frame<'_>, row: &BackupRow, wider: usize) -> Row {
    let history = row
        .why
        .first()
        .filter(|words| words.as_str().starts_with("was "));
    let role = if history.is_some() {
        Role::Stale
    } else {
        Role::Text
    };
    let line = Row::new()
        .id(rows::backup_id(row))
        .level(3, row.level)
        .name(
            8,
            16 + wider,
            Role::Text,
            format!("{} {}", row.cluster, row.application),
        );
    let started = row.newest.as_ref().and_then(|point| point.started);
    let line = match (history, row.age_s, started) {
        (Some(words), ..) => line.put_in(25 + wider, 19, role, words.as_str()),
        (None, Some(age), Some(started)) => line
            .figure(25 + wider, 4, level_role(row.level), text::age(age))
            .put(31 + wider, role, words::day_clock(started)),
        _ if row.level == Level::Unknown => line.put(25 + wider, Role::Unknown, "? not known"),
        _ => line.put(25 + wider, role, "none"),
    };
    let rpo = row.rpo_s.map_or("-".to_owned(), config::words);
    let grade = match (row.grade, history.is_some()) {
        (Grade::None, _) => "-".to_owned(),
        (grade, true) => format!("? was {}", grade.word()),
        (grade, false) => grade.word().to_owned(),
    };
    let next = match (row.next, history.is_some()) {
        (_, true) => "?".to_owned(),
        (Some(at), false) => text::clock(at, frame.state.judged_at.wall),
        (None, false) => "-".to_owned(),
    };
    let line = line
        .put(45 + wider, Role::Text, rpo)
        .put(51 + wider, role, grade);
    if frame.narrow() {
        return line;
    }
    line.put(67 + wider, role, next)
}

fn stores(frame: &Frame<'_>, detail: &Detail) -> Pane {
    let longest = |of: fn(&StoreRow) -> usize, least| {
        detail.stores.iter().map(of).max().unwrap_or(0).max(least)
    };
    let cluster_at = 8 + longest(|store| text::width(store.name.as_str()).min(20), 7) + 2;
    let words_at = cluster_at + longest(|store| text::width(store.cluster.as_str()), 8) + 2;
    let row = |store: &StoreRow| {
        Row::new()
            .id(format!("{}/{}", store.cluster, store.name))
            .level(3, store.level)
            .name(8, cluster_at - 9, Role::Text, store.name.as_str())
            .put(cluster_at, Role::Text, store.cluster.as_str())
            .put(words_at, Role::Text, store.words.as_str())
            .right(0, Role::Text, words::plural(store.points, "point"))
    };
    let mut pane = Pane::new("STORES  worst first")
        .focus(frame.pane(1))
        .rows(detail.stores.iter().map(row));
    if frame.pane(1) {
        pane = pane.list(frame.state.nav.mark());
    }
    pane.least(1)
}

/// Why the marked row is as it is.
fn why(frame: &Frame<'_>, detail: &Detail) -> Option<Pane> {
    let mark = rows::marked(frame.state).filter(|_| frame.pane(0));
    let marked = detail
        .rows
        .iter()
        .find(|row| Some(rows::backup_id(row)) == mark)
        .or(detail.rows.first())?;
    let facts = marked.why.iter().map(crate::text::SafeText::as_str);
    let rows = words::why(facts, frame.width, if frame.wide() { 6 } else { 3 });
    let least = rows.len();
    (!rows.is_empty()).then(|| Pane::new("WHY").rows(rows).least(least))
}

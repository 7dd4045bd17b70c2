//! The board: what is wrong anywhere, how sure is it, since when, what do I do?

use super::Entry;
use super::Frame;
use super::Sheet;
use super::table::Grid;
use super::words;
use crate::config::ZoneName;
use crate::sources::finding::Finding;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::state::rows::Shown;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Board,
    name: "the Board",
    sheet,
};

/// Findings that always show.
const FINDINGS: usize = 5;

fn sheet(frame: &Frame<'_>) -> Sheet {
    let shown = rows::board(frame.state);
    let longest = shown
        .board
        .clusters
        .iter()
        .map(|(name, _)| text::width(name.as_str()))
        .max()
        .unwrap_or(0);
    let grid = Grid::of(frame.width, longest);
    let room = rows::table_room(frame.state).saturating_sub(1);
    let rows = grid.rows(&shown, room, frame.state.nav.unfolded());
    let least = rows.len().min(room.max(1));
    let mut table = Pane::default()
        .head(grid.head())
        .rows(rows)
        .least(least)
        .focus(frame.pane(1));
    if frame.pane(1) {
        table = table.list(frame.state.nav.mark());
        table.counted = false;
    }
    let findings = rows::findings(frame.state);
    // With the mark on a zone or a cluster, why and what to do are about the first that is found there.
    let found = rows::marked_finding(frame.state);
    let marked = found.as_ref();
    let mut panes = vec![table, needs_you(frame, &shown, &findings, marked)];
    if let Some(finding) = marked.filter(|_| frame.wide()) {
        panes.push(whole(frame, finding));
        panes.extend(open(frame));
    }
    Sheet {
        second: second(frame, &shown),
        panes,
        left_out: grid.left_out(),
    }
}

/// Header line 2: clusters by age, and how many findings of each level; history says when it was known. Where nobody
/// is signed in nothing was counted, and a 0 would read as well.
fn second(frame: &Frame<'_>, shown: &Shown) -> Row {
    let row = Row::line(Role::Text, words::clusters(&shown.board.clusters));
    let saved = frame
        .state
        .last_known
        .saved
        .filter(|_| rows::all_silent(frame.state))
        .map(|saved| rows::last_heard(frame.state).unwrap_or(saved));
    let unread = !frame.state.config.clusters.is_empty() && rows::nobody_known(frame.state);
    match saved {
        None if unread => row.right(1, Role::Unknown, "? not signed in"),
        None => words::counts(row, &shown.board, frame.width),
        Some(saved) => {
            let now = frame.state.judged_at.wall;
            let age = text::age(now.duration_since(saved).as_secs());
            row.right(
                1,
                Role::Stale,
                format!("as known at {}, {age} ago", text::clock(saved, now)),
            )
        }
    }
}

fn needs_you(
    frame: &Frame<'_>,
    shown: &Shown,
    findings: &[Finding],
    marked: Option<&Finding>,
) -> Pane {
    let all = shown.board.findings.len();
    let gap = if frame.wide() { "  " } else { " " };
    let filter = match frame.state.nav.filter.trim() {
        "" => String::new(),
        words => format!("  filter: {words} {} of {all}", findings.len()),
    };
    let mut pane = Pane::new(format!("NEEDS YOU{gap}{all}{filter}"))
        .focus(frame.pane(0))
        .least(FINDINGS);
    pane.noun = "findings";
    if findings.is_empty() {
        return pane.rows([Row::line(Role::Text, nothing(frame, shown, all))]);
    }
    let place = |finding: &Finding| match finding.zone.as_ref().filter(|_| frame.wide()) {
        Some(zone) => format!("{}/{}", zone, finding.cluster),
        None => finding.cluster.to_string(),
    };
    let longest = findings
        .iter()
        .map(|finding| text::width(&place(finding)))
        .max()
        .unwrap_or(0)
        .max(8);
    pane = pane.rows(
        findings
            .iter()
            .map(|finding| row(frame, finding, place(finding), longest)),
    );
    if frame.pane(0) {
        pane = pane.list(marked.map(Finding::id).as_deref());
        pane.counted = false;
    }
    if let Some(finding) = marked.filter(|_| !frame.wide()) {
        let facts = finding.why.iter().map(crate::text::SafeText::as_str);
        pane = pane
            .tails(words::why(facts, frame.width, 2))
            .tails([words::treatment(frame.state, finding, false)]);
    }
    pane
}

fn row(frame: &Frame<'_>, finding: &Finding, place: String, longest: usize) -> Row {
    let role = if finding.sentence.as_str().starts_with("was ") {
        Role::Stale
    } else {
        Role::Text
    };
    let time = words::since(frame.state, finding.since.at());
    let row = Row::new()
        .id(finding.id())
        .level(3, finding.level)
        .put(8, Role::Text, place);
    let row = row.put(8 + longest + 2, role, finding.sentence.as_str());
    if frame.wide() {
        let time = format!("since {}", text::pad_left(&time, 6));
        row.right(2, Role::Dim, time)
    } else {
        row.right(1, Role::Dim, time)
    }
}

/// What stands there when no finding does.
fn nothing(frame: &Frame<'_>, shown: &Shown, all: usize) -> String {
    let clusters = &shown.board.clusters;
    let live = clusters
        .iter()
        .filter(|(_, freshness)| freshness.counts())
        .count();
    let dark: Vec<&str> = clusters
        .iter()
        .filter(|(_, freshness)| !freshness.counts())
        .map(|(name, _)| name.as_str())
        .collect();
    if all > 0 {
        return format!(
            "No finding matches {}. Esc shows all {all}.",
            frame.state.nav.filter.trim()
        );
    }
    match dark.as_slice() {
        _ if clusters.is_empty() => {
            "No cluster is configured: crashcart init writes a configuration.".to_owned()
        }
        [] => format!("Nothing needs you: {live} of {live} clusters live."),
        _ if live == 0 && frame.state.last_known.saved.is_none() => {
            "First start here: nothing is known yet.".to_owned()
        }
        [one] => format!("Nothing known needs you; {one} is silent."),
        many => format!(
            "Nothing known needs you; {} are silent.",
            many.join(" and ")
        ),
    }
}

/// With more room: the marked finding whole, why, and what to do.
fn whole(frame: &Frame<'_>, finding: &Finding) -> Pane {
    let place = match &finding.zone {
        Some(zone) => format!("{}/{}", ZoneName::as_str(zone), finding.cluster),
        None => finding.cluster.to_string(),
    };
    let title = format!(
        "{} {place}  {}",
        text::pad(finding.level.word(), 4),
        finding.sentence
    );
    let facts = finding.why.iter().map(crate::text::SafeText::as_str);
    Pane::new(title)
        .rows(words::why(facts, frame.width, 4))
        .rows([words::treatment(frame.state, finding, true)])
        .least(finding.why.len().min(4) + 1)
}

/// With more room: runs that are open.
fn open(frame: &Frame<'_>) -> Option<Pane> {
    let runs = frame.state.runs.iter().filter(|run| !run.ended());
    let rows: Vec<Row> = runs
        .map(|run| {
            let turn = run.turn().map_or(String::new(), |step| {
                format!(", at {} of {}", step.number, run.steps.len())
            });
            Row::new()
                .put(3, Role::Key, run.short())
                .put(13, Role::Text, run.book.clone())
                .put(34, Role::Text, format!("{}/{}", run.cluster, run.namespace))
                .then(
                    2,
                    Role::Text,
                    format!("by {}{turn}", words_of(run.by.as_str())),
                )
        })
        .collect();
    (!rows.is_empty()).then(|| {
        Pane::new("OPEN  runs")
            .note(rows.len().to_string())
            .rows(rows)
    })
}

/// A person once named in full, later before the `@`.
fn words_of(login: &str) -> &str {
    login.split('@').next().unwrap_or(login)
}

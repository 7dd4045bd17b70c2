//! The board: what is wrong anywhere, how sure is it, since when, what do I do?

use super::Entry;
use super::Page;
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

fn sheet(page: &Page<'_>) -> Sheet {
    let shown = rows::board(page.state);
    let longest = shown
        .board
        .clusters
        .iter()
        .map(|(name, _)| text::width(name.as_str()))
        .max()
        .unwrap_or(0);
    let grid = Grid::of(page.width, longest);
    let room = rows::table_room(page.state).saturating_sub(1);
    let rows = grid.rows(&shown, room, page.state.nav.hidden_shown);
    let least = rows.len().min(room.max(1));
    let mut table = Pane::default()
        .head(grid.head())
        .rows(rows)
        .least(least)
        .focus(page.pane(1));
    if page.pane(1) {
        table = table.list(page.state.nav.mark());
        table.counted = false;
    }
    let findings = rows::findings(page.state);
    let mark = rows::marked(page.state).filter(|_| page.pane(0));
    let marked = findings
        .iter()
        .find(|finding| Some(finding.id()) == mark)
        .or(findings.first());
    let mut panes = vec![table, needs_you(page, &shown, &findings, marked)];
    if let Some(finding) = marked.filter(|_| page.wide()) {
        panes.push(whole(page, finding));
        panes.extend(open(page));
    }
    Sheet {
        second: second(page, &shown),
        panes,
        left_out: grid.left_out(),
    }
}

/// Header line 2: clusters by age, and how many findings of each level; history says when it was known.
fn second(page: &Page<'_>, shown: &Shown) -> Row {
    let row = Row::line(Role::Text, words::clusters(&shown.board.clusters));
    let saved = page
        .state
        .last_known
        .saved
        .filter(|_| rows::all_silent(page.state));
    match saved {
        None => words::counts(row, &shown.board, page.width),
        Some(saved) => {
            let now = page.state.judged_at.wall;
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
    page: &Page<'_>,
    shown: &Shown,
    findings: &[Finding],
    marked: Option<&Finding>,
) -> Pane {
    let all = shown.board.findings.len();
    let gap = if page.wide() { "  " } else { " " };
    let filter = match page.state.nav.filter.trim() {
        "" => String::new(),
        words => format!("  filter: {words} {} of {all}", findings.len()),
    };
    let mut pane = Pane::new(format!("NEEDS YOU{gap}{all}{filter}"))
        .focus(page.pane(0))
        .least(FINDINGS);
    if findings.is_empty() {
        return pane.rows([Row::line(Role::Text, nothing(page, shown, all))]);
    }
    let place = |finding: &Finding| match finding.zone.as_ref().filter(|_| page.wide()) {
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
            .map(|finding| row(page, finding, place(finding), longest)),
    );
    if page.pane(0) {
        pane = pane.list(marked.map(Finding::id).as_deref());
        pane.counted = false;
    }
    if let Some(finding) = marked.filter(|_| !page.wide()) {
        let facts = finding.why.iter().map(crate::text::SafeText::as_str);
        pane = pane
            .tails(words::why(facts, page.width, 2))
            .tails([words::treatment(page.state, finding, false)]);
    }
    pane
}

fn row(page: &Page<'_>, finding: &Finding, place: String, longest: usize) -> Row {
    let role = if finding.sentence.as_str().starts_with("was ") {
        Role::Stale
    } else {
        Role::Text
    };
    let time = words::since(page.state, finding.since.at());
    let row = Row::new()
        .id(finding.id())
        .level(3, finding.level)
        .put(8, Role::Text, place);
    let row = row.put(8 + longest + 2, role, finding.sentence.as_str());
    if page.wide() {
        let time = format!("since {}", text::pad_left(&time, 6));
        row.right(2, Role::Dim, time)
    } else {
        row.right(1, Role::Dim, time)
    }
}

/// What stands there when no finding does.
fn nothing(page: &Page<'_>, shown: &Shown, all: usize) -> String {
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
            page.state.nav.filter.trim()
        );
    }
    match dark.as_slice() {
        _ if clusters.is_empty() => {
            "No cluster is configured: crashcart init writes a configuration.".to_owned()
        }
        [] => format!("Nothing needs you: {live} of {live} clusters live."),
        _ if live == 0 && page.state.last_known.saved.is_none() => {
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
fn whole(page: &Page<'_>, finding: &Finding) -> Pane {
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
        .rows(words::why(facts, page.width, 4))
        .rows([words::treatment(page.state, finding, true)])
        .least(finding.why.len().min(4) + 1)
}

/// With more room: runs that are open.
fn open(page: &Page<'_>) -> Option<Pane> {
    let runs = page.state.runs.iter().filter(|run| !run.ended());
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

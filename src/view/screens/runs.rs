//! Runs: what is open, what ended, and is anything owed?

use super::Entry;
use super::Frame;
use super::Sheet;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::header;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Runs,
    name: "Runs",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let (open, ended) = (rows::open_runs(frame.state), rows::ended_runs(frame.state));
    let all = &frame.state.runs;
    let over = all.iter().filter(|run| run.ended()).count();
    let second = Row::line(Role::Text, "Runs").right(
        1,
        Role::Text,
        format!("{} open  {over} ended", all.len() - over),
    );
    let mut panes = vec![
        list(
            frame,
            "OPEN",
            open.len().to_string(),
            &open,
            0,
            "No run is open.",
        ),
        list(
            frame,
            "ENDED",
            format!("{}, newest first", ended.len()),
            &ended,
            1,
            "No run has ended yet.",
        ),
    ];
    let mark = rows::marked(frame.state);
    let marked = all.iter().find(|run| Some(&run.id) == mark.as_ref());
    panes.extend(marked.map(|run| about(frame, run)));
    Sheet {
        second,
        panes,
        left_out: frame
            .narrow()
            .then(|| "by whom and when".to_owned())
            .into_iter()
            .collect(),
    }
}

fn list(
    frame: &Frame<'_>,
    title: &str,
    note: String,
    runs: &[&Run],
    place: usize,
    empty: &str,
) -> Pane {
    let longest = |of: fn(&Run) -> usize, least: usize| {
        runs.iter().map(|run| of(run)).max().unwrap_or(0).max(least)
    };
    let where_at = 8 + longest(|run| text::width(&run.book), 19) + 2;
    let by_at = where_at
        + longest(
            |run| text::width(run.cluster.as_str()) + 1 + text::width(&run.namespace),
            12,
        )
        + 2;
    let time_at = by_at + longest(|run| text::width(short(run)), 5) + 2;
    let row = |run: &&Run| {
        let line = Row::new()
            .id(run.id.clone())
            .put(3, Role::Key, run.short())
            .put(8, Role::Text, run.book.clone())
            .put(
                where_at,
                Role::Text,
                format!("{}/{}", run.cluster, run.namespace),
            );
        if frame.narrow() {
            return line.put(by_at, Role::Text, standing(run));
        }
        let line = line.put(by_at, Role::Text, short(run));
        let opened = text::clock(run.opened, frame.state.judged_at.wall);
        line.put(time_at, Role::Dim, opened)
            .put(time_at + 14, Role::Text, standing(run))
    };
    let mut pane = Pane::new(title)
        .note(note)
        .focus(frame.pane(place))
        .rows(runs.iter().map(row))
        .least(2);
    if runs.is_empty() {
        pane = pane.rows([Row::new().put(3, Role::Text, empty)]);
    }
    if frame.pane(place) {
        pane = pane.list(frame.state.nav.mark());
        pane.counted = false;
    }
    pane
}

/// A person before the `@`.
fn short(run: &Run) -> &str {
    run.by.as_str().split('@').next().unwrap_or("-")
}

/// Where a run stands: `at 6 of 13`, `failed 4, undone`, `ok, nothing owed`.
fn standing(run: &Run) -> String {
    let at = run.turn().map_or(String::new(), |step| {
        format!("at {} of {}", step.number, run.steps.len())
    });
    let owed = match run.owed.len() {
        0 => "nothing owed".to_owned(),
        owed => format!("{owed} owed"),
    };
    match &run.status {
        RunStatus::Preparing | RunStatus::Planned | RunStatus::Running => at,
        RunStatus::Held => format!("held {at}"),
        RunStatus::Interrupted => format!("interrupted {at}"),
        RunStatus::Completed => format!("ok, {owed}"),
        RunStatus::Unchecked => format!("check skipped, {owed}"),
        RunStatus::NothingToDo => "nothing to do".to_owned(),
        RunStatus::Aborted(_) => format!("aborted, {owed}"),
        RunStatus::Failed(_) => format!("failed, {owed}"),
    }
}

fn about(frame: &Frame<'_>, run: &Run) -> Pane {
    let title = format!(
        "{} {}  {}/{}",
        run.short(),
        header::book_words(run),
        run.cluster,
        run.namespace
    );
    let asked = format!("{}: \"{}\"  {}", short(run), run.reason, run.ticket);
    let mut lines = text::wrap(&asked, frame.width.saturating_sub(2));
    let ending = match &run.status {
        RunStatus::Aborted(why) | RunStatus::Failed(why) => why.to_string(),
        _ => run.ending.to_string(),
    };
    if !ending.is_empty() {
        lines.extend(text::wrap(&ending, frame.width.saturating_sub(2)));
    }
    lines.extend(
        run.owed
            .iter()
            .map(|(step, words)| format!("owed, step {step}: {words}")),
    );
    Pane::new(title).rows(lines.into_iter().map(|line| Row::line(Role::Text, line)))
}

//! Too small: why is there nothing, and what is most urgent?

use crate::sources::board::Board;
use crate::sources::level::Level;
use crate::state::State;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::header;
use crate::view::widgets::row::Row;

use super::words;

/// The whole frame of a window below 60x20, footer included.
pub(in crate::view) fn too_small(state: &State, width: u16, height: u16) -> Vec<Row> {
    let columns = usize::from(width);
    let shown = rows::board(state).board;
    let mut lines = head(state, &shown, width, height);
    let mut tail = sentences(
        "At this size no key changes anything: a request could not be shown in full.",
        columns,
    );
    tail.push(Row::line(Role::Key, "q").then(1, Role::Text, "quit"));
    let room = usize::from(height).saturating_sub(lines.len() + tail.len());
    lines.extend(urgent(state, &shown, columns, room));
    while lines.len() + tail.len() < usize::from(height) {
        lines.push(Row::new());
    }
    lines.extend(tail);
    lines
}

fn sentences(words: &str, columns: usize) -> Vec<Row> {
    let lines = text::wrap(words, columns.saturating_sub(1));
    lines
        .into_iter()
        .map(|line| Row::line(Role::Text, line))
        .collect()
}

fn head(state: &State, shown: &Board, width: u16, height: u16) -> Vec<Row> {
    let columns = usize::from(width);
    let counts = [
        (Level::Crit, "CRIT"),
        (Level::Unknown, "unknown"),
        (Level::Warn, "WARN"),
    ];
    let counts = counts
        .map(|(level, word)| format!("{} {word}", shown.count(level)))
        .join("  ");
    let clusters = words::clusters(&shown.clusters);
    let clusters = clusters
        .split_once(": ")
        .map_or("", |(_, rest)| rest)
        .replace(',', "");
    let second = format!("{counts}   {clusters}");
    let mut head = vec![
        header::first(state, columns),
        header::alarm(state).unwrap_or_else(|| Row::line(Role::Text, second)),
        Row::new().put(0, Role::Border, "-".repeat(columns)),
    ];
    head.extend(sentences(
        &format!("This terminal is {width}x{height}. crashcart needs 60x20."),
        columns,
    ));
    head.push(Row::new());
    head
}

/// The most urgent findings, two lines each, and how many more there are.
fn urgent(state: &State, shown: &Board, columns: usize, room: usize) -> Vec<Row> {
    let mut lines = Vec::new();
    let mut said = 0;
    for finding in &shown.findings {
        let time = text::column_clock(finding.since.at(), state.judged_at.wall);
        let words = format!("{} {time} {}", finding.cluster, finding.sentence);
        let wrapped = text::wrap(&words, columns.saturating_sub(7));
        if lines.len() + wrapped.len().min(2) + 1 > room {
            break;
        }
        for (index, line) in wrapped.into_iter().take(2).enumerate() {
            let row = Row::new().put(6, Role::Text, line);
            lines.push(if index == 0 {
                row.level(1, finding.level)
            } else {
                row
            });
        }
        said += 1;
    }
    let more = shown.findings.len() - said;
    if more > 0 && lines.len() < room {
        let larger = format!("and {more} more: make the window larger");
        let lines_too = [
            format!("{larger}, or run"),
            "  crashcart status       the board in lines".to_owned(),
            "  crashcart run --help   a run, line by line".to_owned(),
        ];
        let words = if room - lines.len() >= lines_too.len() {
            lines_too.to_vec()
        } else {
            vec![format!("{larger}.")]
        };
        lines.extend(words.into_iter().map(|words| Row::line(Role::Text, words)));
    }
    lines
}

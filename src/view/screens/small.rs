//! Too small: why is there nothing, and what is most urgent?

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
    let counts = [
        ("CRIT", shown.count(crate::sources::level::Level::Crit)),
        (
            "unknown",
            shown.count(crate::sources::level::Level::Unknown),
        ),
        ("WARN", shown.count(crate::sources::level::Level::Warn)),
    ];
    let counts = counts
        .map(|(word, count)| format!("{count} {word}"))
        .join("  ");
    let clusters = words::clusters(&shown.clusters);
    let clusters = clusters
        .split_once(": ")
        .map_or(clusters.as_str(), |(_, rest)| rest)
        .replace(',', "");
    let mut head = vec![
        header::first(state, columns),
        header::alarm(state)
            .unwrap_or_else(|| Row::line(Role::Text, format!("{counts}   {clusters}"))),
        Row::new().put(0, Role::Border, "-".repeat(columns)),
    ];
    let tail: Vec<Row> = text::wrap(
        "At this size no key changes anything: a request could not be shown in full.",
        columns.saturating_sub(1),
    )
    .into_iter()
    .map(|line| Row::line(Role::Text, line))
    .chain([Row::line(Role::Key, "q").then(1, Role::Text, "quit")])
    .collect();
    let say = format!("This terminal is {width}x{height}. crashcart needs 60x20.");
    head.extend(
        text::wrap(&say, columns.saturating_sub(1))
            .into_iter()
            .map(|line| Row::line(Role::Text, line)),
    );
    head.push(Row::new());
    let room = usize::from(height).saturating_sub(head.len() + tail.len());
    let mut urgent = Vec::new();
    let all = shown.findings.len();
    let mut said = 0;
    for finding in &shown.findings {
        let time = text::column_clock(finding.since.at(), state.judged_at.wall);
        let words = format!("{} {time} {}", finding.cluster, finding.sentence);
        let lines = text::wrap(&words, columns.saturating_sub(7));
        if urgent.len() + lines.len().min(2) + 1 > room {
            break;
        }
        for (index, line) in lines.into_iter().take(2).enumerate() {
            let row = Row::new().put(6, Role::Text, line);
            urgent.push(if index == 0 {
                row.level(1, finding.level)
            } else {
                row
            });
        }
        said += 1;
    }
    if all > said && urgent.len() < room {
        urgent.push(Row::line(
            Role::Text,
            format!("and {} more: make the window larger.", all - said),
        ));
    }
    head.extend(urgent);
    while head.len() + tail.len() < usize::from(height) {
        head.push(Row::new());
    }
    head.extend(tail);
    head
}

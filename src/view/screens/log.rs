//! The log: who did what, when, on what, and can it be proved?

use super::Entry;
use super::Frame;
use super::Sheet;
use super::words;
use crate::state::LogRow;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Log,
    name: "the Log",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let log = &frame.state.log;
    let host = if frame.state.here.host.is_empty() {
        "this host"
    } else {
        frame.state.here.host.as_str()
    };
    let words = format!(
        "Log of {host}  {} entries, newest first",
        text::count(log.entries)
    );
    let following = if log.following { "following" } else { "" };
    let second = Row::line(Role::Text, words).right(1, Role::Text, following);
    Sheet {
        second,
        panes: vec![entries(frame), verify(frame)],
        left_out: frame
            .narrow()
            .then(|| "RESULT".to_owned())
            .into_iter()
            .collect(),
    }
}

fn entries(frame: &Frame<'_>) -> Pane {
    // What more room there is, request and result share.
    let wider = (frame.width.saturating_sub(80) / 2).min(30);
    let head = Row::new()
        .put(3, Role::Dim, "ENTRY")
        .put(10, Role::Dim, "TIME")
        .put(21, Role::Dim, "WHO")
        .put(28, Role::Dim, "RUN")
        .put(34, Role::Dim, "WHAT");
    let head = if frame.narrow() {
        head
    } else {
        head.put(70 + wider, Role::Dim, "RESULT")
    };
    let rows = rows::log(frame.state);
    let mut pane = Pane::default()
        .head(head)
        .rows(rows.iter().map(|row| entry(frame, row, wider)))
        .least(5);
    if rows.is_empty() {
        let filter = frame.state.nav.filter.trim();
        let words = if filter.is_empty() {
            "No entry yet.".to_owned()
        } else {
            format!("No entry matches {filter}.")
        };
        pane = pane.rows([Row::new().put(3, Role::Text, words)]);
    }
    pane.list(frame.state.nav.mark())
}

fn entry(frame: &Frame<'_>, row: &LogRow, wider: usize) -> Row {
    let result = if row.result.as_str() == "no outcome" {
        Role::StepIndoubt
    } else {
        Role::Text
    };
    let line = Row::new()
        .id(row.entry.to_string())
        .figure(3, 5, Role::Text, text::count(row.entry))
        .put(10, Role::Dim, time(frame, row.at))
        .name(21, 6, Role::Text, row.who.as_str())
        .put(28, Role::Key, row.run.as_str())
        .put(34, Role::Text, row.what.as_str());
    if frame.narrow() {
        return line;
    }
    line.put(70 + wider, result, row.result.as_str())
}

/// The time of an entry in ten columns; another day stands as its date.
fn time(frame: &Frame<'_>, at: jiff::Timestamp) -> String {
    let words = words::second(frame.state, at);
    if text::width(&words) > 10 {
        text::column_clock(at, frame.state.judged_at.wall)
    } else {
        words
    }
}

fn verify(frame: &Frame<'_>) -> Pane {
    let verified = &frame.state.log.verified;
    if verified.is_empty() {
        let words = "Not verified since this console started: v reads every entry from disk.";
        return Pane::new("VERIFY").rows([Row::line(Role::Text, words)]);
    }
    let rows = verified.iter().flat_map(|(level, sentence)| {
        let lines = text::wrap(sentence.as_str(), frame.width.saturating_sub(7));
        lines.into_iter().enumerate().map(|(index, line)| {
            let row = Row::new().put(6, Role::Text, line);
            if index == 0 {
                row.level(1, *level)
            } else {
                row
            }
        })
    });
    let rows: Vec<Row> = rows.collect();
    let least = rows.len().min(6);
    Pane::new("VERIFY").focus(true).rows(rows).least(least)
}

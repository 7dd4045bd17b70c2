//! The names of a Secret's keys: what is in it, without what it says?

use super::Entry;
use super::Frame;
use super::Sheet;
use crate::state::nav::Screen;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Secret,
    name: "a Secret",
    sheet,
};

/// What stands under the names.
const NOTE: &str = "Names and lengths only: each value was measured as it arrived and dropped. This view is in the log.";

fn sheet(frame: &Frame<'_>) -> Sheet {
    let Some((which, keys)) = &frame.state.secret else {
        let words = "No Secret was looked at. q goes back.";
        return Sheet {
            second: Row::line(Role::Text, "Secret  none"),
            panes: vec![Pane::default().rows([Row::line(Role::Text, words)])],
            left_out: Vec::new(),
        };
    };
    let second =
        Row::line(Role::Text, format!("Secret {which}")).right(1, Role::Dim, keys.kind.to_string());
    let longest = keys.keys.keys().map(|key| text::width(key.as_str())).max();
    let at = longest
        .unwrap_or(0)
        .clamp(8, frame.width.saturating_sub(24))
        + 5;
    let row = |(key, size): (&text::SafeText, &u64)| {
        let bytes = if *size == 1 { "byte" } else { "bytes" };
        Row::new()
            .put(3, Role::Text, key.as_str())
            .put(at, Role::Dim, format!("{size} {bytes}"))
    };
    let mut rows: Vec<Row> = keys.keys.iter().map(row).collect();
    if rows.is_empty() {
        rows.push(Row::new().put(3, Role::Text, "It holds no key."));
    }
    let note = text::wrap(NOTE, frame.width.saturating_sub(4));
    let note = note
        .into_iter()
        .map(|line| Row::new().put(3, Role::Dim, line));
    let names = Pane::new("KEYS")
        .note(keys.keys.len().to_string())
        .focus(true)
        .rows(rows)
        .text(frame.state.nav.scrolled())
        .least(3);
    Sheet {
        second,
        panes: vec![names, Pane::default().rows(note).least(1)],
        left_out: Vec::new(),
    }
}

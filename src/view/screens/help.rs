//! Help: which keys work here, and what do the words mean? Made from the key map.

use super::Entry;
use super::Frame;
use super::Sheet;
use super::words;
use crate::keys;
use crate::state::nav::Screen;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Help,
    name: "Help",
    sheet,
};

const WORDS: [(&str, &str); 7] = [
    ("CRIT WARN OK", "judged now, from a source that is live"),
    (
        "?",
        "not known: the word after it says why, \"was OK\" is history",
    ),
    ("-", "nothing to judge: not installed, or no target set"),
    (
        "live late silent never",
        "how long since a source proved to be alive",
    ),
    ("READ RUN", "what the next Enter may do"),
    ("DEMO", "the estate is simulated: nothing here is real"),
    ("5h12  9d  04:52Z  ~", "ages; UTC; something was cut here"),
];

fn sheet(frame: &Frame<'_>) -> Sheet {
    let help = keys::help(frame.state);
    let mut rows = vec![words::rule(
        "ON THIS SCREEN",
        frame.width,
        frame.ascii,
        true,
    )];
    rows.extend(beside(&help.here, &help.moves, frame));
    rows.push(words::rule("EVERYWHERE", frame.width, frame.ascii, false));
    rows.extend(screens(&help.screens));
    rows.extend(columns(&help.everywhere, frame.width));
    rows.push(words::rule("WORDS", frame.width, frame.ascii, false));
    rows.extend(WORDS.iter().map(|(word, means)| {
        Row::new()
            .put(3, Role::Key, *word)
            .put(21.max(5 + text::width(word)), Role::Text, *means)
    }));
    let first = frame
        .state
        .nav
        .scrolled()
        .min(rows.len().saturating_sub(frame.body));
    let last = (first + frame.body).min(rows.len());
    let name = super::name(keys::help_screen(frame.state));
    let second = Row::line(
        Role::Text,
        format!("Help for {name}  made from the key map"),
    )
    .right(
        1,
        Role::Text,
        format!("{}-{last} of {}", first + 1, rows.len()),
    );
    Sheet {
        second,
        panes: vec![Pane::default().focus(true).rows(rows).text(first)],
        left_out: Vec::new(),
    }
}

/// What the screen has of its own at the left, how to move about at the right.
fn beside(own: &[(String, String)], moves: &[(String, String)], frame: &Frame<'_>) -> Vec<Row> {
    let (width, half) = (frame.width, frame.width / 2 + 4);
    let put = |row: Row, at: usize, (key, words): &(String, String)| {
        let room = if at == 3 { 11 } else { 14 };
        let words_at = (at + room).max(at + text::width(key) + 1);
        row.put(at, Role::Key, key.clone())
            .put(words_at, Role::Text, words.clone())
    };
    let narrow =
        |(key, words): &(String, String)| text::width(key) <= 10 && 14 + text::width(words) < half;
    let fits = |(key, words): &&(String, String)| {
        !frame.narrow() && half + 15.max(text::width(key) + 2) + text::width(words) < width
    };
    let mut right = moves.iter().filter(fits);
    let mut rows: Vec<Row> = Vec::new();
    for line in own {
        let row = put(Row::new(), 3, line);
        let other = if narrow(line) { right.next() } else { None };
        rows.push(match other {
            Some(line) => put(row, half, line),
            None => row,
        });
    }
    rows.extend(right.map(|line| put(Row::new(), half, line)));
    let long = moves.iter().filter(|line| !fits(line));
    rows.extend(long.map(|line| put(Row::new(), 3, line)));
    rows
}

/// Keys and words in two columns where they fit, long ones alone.
fn columns(lines: &[(String, String)], width: usize) -> Vec<Row> {
    let half = width / 2 + 4;
    let room = |at: usize| if at == 3 { 10 } else { 13 };
    let fits = |at: usize, (key, words): &(String, String)| {
        text::width(key) <= room(at)
            && at + room(at) + 1 + text::width(words) < if at == 3 { half } else { width }
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut open = false;
    for line in lines {
        let (key, words) = line;
        let at = if open && fits(half, line) { half } else { 3 };
        let row = if at == 3 {
            Row::new()
        } else {
            rows.pop().unwrap_or_default()
        };
        let words_at = (at + room(at) + 1).max(at + text::width(key) + 1);
        rows.push(
            row.put(at, Role::Key, key.clone())
                .put(words_at, Role::Text, words.clone()),
        );
        open = at == 3 && fits(3, line);
    }
    rows
}

/// The digits, five in a row: `1 Board     2 Zone`.
fn screens(lines: &[(String, String)]) -> Vec<Row> {
    let row = |five: &[(String, String)]| {
        let mut row = Row::new();
        for (place, (key, name)) in five.iter().enumerate() {
            row = row.put(3 + 12 * place, Role::Key, key.clone()).put(
                5 + 12 * place,
                Role::Text,
                name.clone(),
            );
        }
        row
    };
    lines.chunks(5).map(row).collect()
}

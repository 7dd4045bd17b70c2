//! Help: which keys work here, and what do the words mean? Made from the key map.

use super::Entry;
use super::Page;
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

fn sheet(page: &Page<'_>) -> Sheet {
    let help = keys::help(page.state);
    let mut rows = vec![words::rule("ON THIS SCREEN", page.width, page.ascii)];
    rows.extend(columns(&help.here, page.width));
    rows.push(words::rule("EVERYWHERE", page.width, page.ascii));
    rows.extend(screens(&help.screens));
    rows.extend(columns(&help.everywhere, page.width));
    rows.push(words::rule("WORDS", page.width, page.ascii));
    rows.extend(WORDS.iter().map(|(word, means)| {
        Row::new()
            .put(3, Role::Key, *word)
            .put(21.max(5 + text::width(word)), Role::Text, *means)
    }));
    let first = page
        .state
        .nav
        .scrolled()
        .min(rows.len().saturating_sub(page.body));
    let last = (first + page.body).min(rows.len());
    let name = super::name(keys::help_screen(page.state));
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

/// Keys and words in two columns where they fit, long ones alone.
fn columns(lines: &[(String, String)], width: usize) -> Vec<Row> {
    let half = width / 2 + 4;
    let keys_at = |left: usize| left + 11;
    let fits =
        |(key, words): &(String, String)| text::width(key) <= 14 && text::width(words) + 17 < half;
    let mut rows: Vec<Row> = Vec::new();
    let mut open = false;
    for line in lines {
        let (key, words) = line;
        let at = if open && fits(line) { half } else { 3 };
        let row = if at == 3 {
            Row::new()
        } else {
            rows.pop().unwrap_or_default()
        };
        let words_at = keys_at(at).max(at + text::width(key) + 1);
        rows.push(
            row.put(at, Role::Key, key.clone())
                .put(words_at, Role::Text, words.clone()),
        );
        open = at == 3 && fits(line);
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

//! A runbook as its author wrote it: what will I be asked to do, and why?

use super::Entry;
use super::Frame;
use super::Sheet;
use crate::runbook::book::Book;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Book,
    name: "a Runbook",
    sheet,
};

/// Prose is at most so wide, like paper.
const PROSE: usize = 78;

fn sheet(frame: &Frame<'_>) -> Sheet {
    let id = frame.state.nav.book.as_deref();
    let Some(book) = id.and_then(|id| {
        frame
            .state
            .library
            .books()
            .iter()
            .find(|book| book.id == id)
    }) else {
        let pane = Pane::default().rows([Row::line(
            Role::Text,
            "No runbook is open: 7 shows the library.",
        )]);
        return Sheet {
            second: Row::line(Role::Text, "Runbook"),
            panes: vec![pane],
            left_out: Vec::new(),
        };
    };
    let rows = prose(book, frame.width.min(PROSE + 2));
    let tails = refused(frame, book);
    let room = frame.body.saturating_sub(tails.len());
    let first = frame
        .state
        .nav
        .scrolled()
        .min(rows.len().saturating_sub(room));
    let last = (first + room).min(rows.len());
    let signed = if book.trusted() {
        "built in"
    } else {
        "not signed"
    };
    let owner = if frame.narrow() {
        String::new()
    } else {
        format!("  owner {}", book.owner)
    };
    let words = format!(
        "Runbook {}  version {}{owner}  {signed}",
        book.id, book.version
    );
    let second = Row::line(Role::Text, words).right(
        1,
        Role::Text,
        format!("{}-{last} of {}", first + 1, rows.len()),
    );
    Sheet {
        second,
        panes: vec![
            Pane::default()
                .rows(rows)
                .text(first)
                .tails(tails)
                .focus(true),
        ],
        left_out: Vec::new(),
    }
}

/// Why it cannot be filled in for a live run, said before anything is typed.
fn refused(frame: &Frame<'_>, book: &Book) -> Vec<Row> {
    let treated = rows::treated(frame.state);
    let Some(why) = frame.state.live_refused(book, treated.as_ref()) else {
        return Vec::new();
    };
    let words = format!("Fill in: no, {}.", why.as_str().trim_end_matches('.'));
    let lines = text::wrap(&words, frame.width.saturating_sub(2));
    lines
        .into_iter()
        .map(|line| Row::line(Role::InputBad, line))
        .collect()
}

/// The book as rows: its title, what stands before the steps, and each step with its reason.
pub(super) fn prose(book: &Book, columns: usize) -> Vec<Row> {
    let room = columns.saturating_sub(2);
    let mut rows = vec![
        Row::line(Role::Title, book.title.to_uppercase()),
        Row::new(),
    ];
    for paragraph in book
        .summary
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
    {
        rows.extend(self::paragraph(paragraph, room));
        rows.push(Row::new());
    }
    for step in &book.steps {
        let id_room = 17.max(text::width(&step.id));
        let lines = text::wrap(&plain(&step.title), columns.saturating_sub(6 + id_room + 2));
        for (index, line) in lines.into_iter().enumerate() {
            let row = Row::new().put(6 + id_room, Role::Text, line);
            rows.push(if index == 0 {
                row.figure(1, 2, Role::Text, step.number.to_string()).put(
                    5,
                    Role::Key,
                    step.id.clone(),
                )
            } else {
                row
            });
        }
        if !step.why.trim().is_empty() {
            let why = plain(&step.why);
            rows.extend(
                text::wrap(&why, columns.saturating_sub(6))
                    .into_iter()
                    .map(|line| Row::new().put(5, Role::Dim, line)),
            );
        }
    }
    rows
}

/// One paragraph: a heading, a list or prose.
fn paragraph(text: &str, room: usize) -> Vec<Row> {
    if let Some(heading) = text.strip_prefix('#') {
        return vec![Row::line(
            Role::Title,
            plain(heading.trim_start_matches('#')),
        )];
    }
    let mut rows = Vec::new();
    let mut item = String::new();
    let flush = |item: &mut String, rows: &mut Vec<Row>| {
        let words = plain(&std::mem::take(item));
        match words.strip_prefix("- ") {
            _ if words.is_empty() => {}
            None => rows.extend(
                text::wrap(&words, room)
                    .into_iter()
                    .map(|line| Row::line(Role::Text, line)),
            ),
            Some(words) => {
                for (index, line) in text::wrap(words, room.saturating_sub(4))
                    .into_iter()
                    .enumerate()
                {
                    rows.push(
                        Row::new()
                            .put(3, Role::Text, if index == 0 { "-" } else { "" })
                            .put(5, Role::Text, line),
                    );
                }
            }
        }
    };
    for line in text.lines().map(str::trim) {
        if line.starts_with("- ") || line.starts_with("* ") {
            flush(&mut item, &mut rows);
            item.push_str("- ");
            item.push_str(&line[2..]);
        } else {
            item.push(' ');
            item.push_str(line);
        }
    }
    flush(&mut item, &mut rows);
    rows
}

/// Text without the signs of Markdown.
fn plain(text: &str) -> String {
    let text = text.replace("**", "").replace(['`', '\n'], " ");
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" .", ".")
        .replace(" ,", ",")
}

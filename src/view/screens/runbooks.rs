//! The library: what do we know how to do, is it signed, and does it treat this?

use super::Entry;
use super::Frame;
use super::Sheet;
use crate::runbook::book::Book;
use crate::sources::finding::Finding;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;
use crate::view::widgets::row::level_role;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Runbooks,
    name: "Runbooks",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let state = frame.state;
    let books = rows::books(state);
    let all = state.library.books();
    let trusted = all.iter().filter(|book| book.trusted()).count();
    let second = Row::line(Role::Text, "Runbooks  built in, and those of your folder").right(
        1,
        Role::Text,
        format!(
            "{}: {trusted} signed  {} not",
            all.len(),
            all.len() - trusted
        ),
    );
    let head = Row::new()
        .put(3, Role::Dim, "RUNBOOK")
        .put(29, Role::Dim, "V")
        .put(32, Role::Dim, "SIGNED")
        .put(40, Role::Dim, "STEPS")
        .put(47, Role::Dim, "PEOPLE")
        .put(55, Role::Dim, "TREATS NOW");
    let found = rows::board(state).board.findings;
    let mut pane = Pane::new("LIBRARY  what treats an open finding first")
        .head(head)
        .focus(true)
        .least(3);
    pane = pane.rows(books.iter().map(|book| row(book, &found)));
    if books.is_empty() {
        let words = format!(
            "No runbook treats this. The library has {}: z shows all.",
            all.len()
        );
        pane = pane.rows([Row::new().put(3, Role::Text, words)]);
    }
    let marked =
        rows::marked(state).and_then(|id| state.library.books().iter().find(|book| book.id == id));
    let mut panes = vec![pane.list(state.nav.mark())];
    panes.extend(marked.map(|book| about(frame, book)));
    if !state.library.problems().is_empty() {
        panes.push(problems(frame));
    }
    Sheet {
        second,
        panes,
        left_out: Vec::new(),
    }
}

fn row(book: &Book, found: &[Finding]) -> Row {
    let row = Row::new()
        .id(book.id.clone())
        .name(3, 25, Role::Text, book.id.clone())
        .put(29, Role::Text, book.version.to_string())
        .put(32, Role::Text, if book.trusted() { "yes" } else { "no" })
        .put(40, Role::Text, book.steps.len().to_string())
        .put(47, Role::Text, book.people.live.to_string());
    match found.iter().find(|finding| rows::treats(book, finding)) {
        None => row.put(55, Role::None, "-"),
        Some(finding) => row
            .put(55, level_role(finding.level), finding.level.word())
            .put(60, Role::Text, finding.cluster.as_str()),
    }
}

fn about(frame: &Frame<'_>, book: &Book) -> Pane {
    let sentence = |text: &str, prefix: &str| {
        let plain = text.replace(['\n', '`', '*'], " ");
        plain
            .trim()
            .trim_start_matches(prefix)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let live = if book.trusted() {
        format!("yes: built in, review due {}", book.review_by)
    } else {
        "no: not signed; it can be read".to_owned()
    };
    let may = match &frame.state.person {
        None => "no: nobody is signed in",
        Some(_) => "asked of the cluster before anything is sent",
    };
    let facts = [
        ("Use when", sentence(book.use_when(), "Use when")),
        ("Not when", sentence(book.not_when(), "Do not use it")),
        ("Live", live),
        ("You may", may.to_owned()),
    ];
    let rows = facts
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .flat_map(|(label, words)| {
            let lines = text::wrap(&words, frame.width.saturating_sub(14));
            lines.into_iter().enumerate().map(move |(index, line)| {
                Row::line(Role::Dim, if index == 0 { label } else { "" }).put(13, Role::Text, line)
            })
        });
    Pane::new(book.id.clone()).rows(rows).least(4)
}

/// Files that cannot be used, and why.
fn problems(frame: &Frame<'_>) -> Pane {
    let rows = frame.state.library.problems().iter().flat_map(|problem| {
        let role = if problem.is_error() {
            Role::Crit
        } else {
            Role::Warn
        };
        let words = format!("{} line {}: {}", problem.file, problem.line, problem.words);
        text::wrap(&words, frame.width.saturating_sub(4))
            .into_iter()
            .map(move |line| Row::new().put(3, role, line))
    });
    Pane::new("NOT AS IT SHOULD BE").rows(rows)
}

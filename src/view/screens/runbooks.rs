//! The library: what do we know how to do, is it signed, and does it treat this?

use super::Entry;
use super::Frame;
use super::Sheet;
use crate::config::Zone;
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
    let from = match all.len() - trusted {
        0 => "Runbooks  built in".to_owned(),
        users => format!("Runbooks  built in, and {users} of your folder"),
    };
    let counts = format!(
        "{}: {trusted} signed  {} not",
        all.len(),
        all.len() - trusted
    );
    let second = Row::line(Role::Text, from).right(1, Role::Text, counts);
    let marked =
        rows::marked(state).and_then(|id| state.library.books().iter().find(|book| book.id == id));
    let mut panes = vec![library(frame, &books)];
    panes.extend(marked.map(|book| about(frame, book)));
    if !state.library.problems().is_empty() {
        panes.push(problems(frame));
    }
    let left_out = if frame.narrow() {
        vec!["STEPS".to_owned(), "PEOPLE".to_owned()]
    } else {
        Vec::new()
    };
    Sheet {
        second,
        panes,
        left_out,
    }
}

/// The list: what treats an open finding first, or only what treats the one that was marked.
fn library(frame: &Frame<'_>, books: &[&Book]) -> Pane {
    let state = frame.state;
    let found = rows::board(state).board.findings;
    let treated = rows::treated(state);
    let narrowed = treated.as_ref().filter(|_| !state.nav.unfolded());
    let title = match narrowed {
        Some(finding) => format!("LIBRARY  what treats {}", finding.sentence),
        None => "LIBRARY  what treats an open finding first".to_owned(),
    };
    let treats_at = if frame.narrow() { 40 } else { 55 };
    let mut head = Row::new()
        .put(3, Role::Dim, "RUNBOOK")
        .put(29, Role::Dim, "V")
        .put(32, Role::Dim, "SIGNED");
    if !frame.narrow() {
        head = head
            .put(40, Role::Dim, "STEPS")
            .put(47, Role::Dim, "PEOPLE");
    }
    let head = head.put(treats_at, Role::Dim, "TREATS NOW");
    let mut pane = Pane::new(title).head(head).focus(true).least(3);
    pane = pane.rows(books.iter().map(|book| {
        let marked = treated.as_ref().filter(|one| rows::treats(book, one));
        let open = || found.iter().find(|one| rows::treats(book, one));
        row(frame, book, marked.or_else(open), treats_at)
    }));
    if books.is_empty() {
        let all = state.library.books().len();
        let words = match state.nav.filter.trim() {
            "" => format!("No runbook treats this. The library has {all}: z shows all."),
            words => format!("No runbook matches {words}. Esc shows all."),
        };
        pane = pane.rows([Row::new().put(3, Role::Text, words)]);
    }
    pane.list(state.nav.mark())
}

fn row(frame: &Frame<'_>, book: &Book, treats: Option<&Finding>, at: usize) -> Row {
    let mut row = Row::new()
        .id(book.id.clone())
        .name(3, 25, Role::Text, book.id.clone())
        .put(29, Role::Text, book.version.to_string())
        .put(32, Role::Text, if book.trusted() { "yes" } else { "no" });
    if !frame.narrow() {
        row = row.put(40, Role::Text, book.steps.len().to_string()).put(
            47,
            Role::Text,
            book.people.live.to_string(),
        );
    }
    match treats {
        None => row.put(at, Role::None, "-"),
        Some(finding) => row
            .put(at, level_role(finding.level), finding.level.word())
            .put(at + 5, Role::Text, finding.cluster.as_str()),
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
        "no: not signed; it can be read, never run live".to_owned()
    };
    let facts = [
        ("Use when", sentence(book.use_when(), "Use when")),
        ("Not when", sentence(book.not_when(), "Do not use it")),
        ("Live", live),
        ("You may", may(frame, book)),
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

/// Whether the person may run it live: on what it was opened for, or else zone by zone.
fn may(frame: &Frame<'_>, book: &Book) -> String {
    let state = frame.state;
    if state.person.is_none() {
        return "no: nobody is signed in".to_owned();
    }
    let treated = rows::treated(state).filter(|finding| rows::treats(book, finding));
    if let Some(why) = state.live_refused(book, treated.as_ref()) {
        return format!("no: {why}");
    }
    if let Some(finding) = treated {
        let place = format!("{}/{}", finding.cluster, finding.object.namespace);
        return format!("yes on {place}; rights are asked before anything is sent");
    }
    let zones = &state.config.zones;
    let people = |zone: &Zone| rows::people(state, zone).max(book.people.live);
    let names = |one: bool| -> Vec<&str> {
        let zones = zones.iter().filter(|zone| (people(zone) < 2) == one);
        zones.map(|zone| zone.name.as_str()).collect()
    };
    let (yes, no) = (names(true), names(false));
    let refused = format!(
        "no in {}: two people are needed, and approvals do not exist yet",
        no.join(" and ")
    );
    match (yes.is_empty(), no.is_empty()) {
        (_, true) => "yes in every zone; rights are asked before anything is sent".to_owned(),
        (true, false) => refused,
        (false, false) => format!(
            "yes in {}, where rights are asked before anything is sent; {refused}",
            yes.join(" and ")
        ),
    }
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

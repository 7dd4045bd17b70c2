//! Stopped: what failed, where, what next, and what still works?

use super::Entry;
use super::Frame;
use super::Sheet;
use crate::state::Stopped;
use crate::state::nav::Screen;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Stopped,
    name: "Stopped",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let Some(stopped) = &frame.state.log.stopped else {
        let pane = Pane::default().rows([Row::line(
            Role::Text,
            "The log can be written again. q goes back.",
        )]);
        return Sheet {
            second: Row::line(Role::Text, "Log"),
            panes: vec![pane],
            left_out: Vec::new(),
        };
    };
    let works = [
        ("yes", "every screen, live; help; runbooks to read"),
        ("no", "changes, sign-in"),
    ];
    let works = works.map(|(word, what)| {
        Row::new()
            .put(3, if word == "yes" { Role::Ok } else { Role::Crit }, word)
            .put(8, Role::Text, what)
    });
    let mut panes = vec![
        failed(frame, stopped),
        Pane::new("WHAT STILL WORKS").rows(works),
    ];
    if let Some(run) = frame.state.run().filter(|run| !run.ended()) {
        let now = run.turn().map_or(String::new(), |step| {
            format!("{} {}: it is not begun", step.number, step.id)
        });
        let facts = [
            (
                "held",
                "nothing leaves this host without a record".to_owned(),
            ),
            ("next", now),
        ];
        let rows = facts.map(|(label, words)| {
            Row::new()
                .put(3, Role::Dim, label)
                .put(13, Role::Text, words)
        });
        panes.push(Pane::new(format!("RUN {}", run.short())).rows(rows));
    }
    Sheet {
        second: Row::new(),
        panes,
        left_out: Vec::new(),
    }
}

fn failed(frame: &Frame<'_>, stopped: &Stopped) -> Pane {
    let mut rows = Vec::new();
    let mut fact = |label: &str, number: &str, words: &str| {
        let at = if number.is_empty() { 14 } else { 17 };
        for (index, line) in text::wrap(words, frame.width.saturating_sub(at + 1))
            .into_iter()
            .enumerate()
        {
            let first = index == 0;
            let row = Row::line(Role::Alarm, if first { label } else { "" });
            rows.push(
                row.put(14, Role::Text, if first { number } else { "" })
                    .put(at, Role::Text, line),
            );
        }
    };
    fact("What failed", "", stopped.what.as_str());
    fact("Where", "", stopped.place.as_str());
    for (index, next) in stopped.next.iter().enumerate() {
        fact(
            if index == 0 { "What next" } else { "" },
            &(index + 1).to_string(),
            next.as_str(),
        );
    }
    let least = rows.len();
    Pane::new("STOPPED").focus(true).rows(rows).least(least)
}

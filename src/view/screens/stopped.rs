//! Stopped: what failed, where, what next, and what still works?

use super::Entry;
use super::Page;
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

fn sheet(page: &Page<'_>) -> Sheet {
    let Some(stopped) = &page.state.log.stopped else {
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
        failed(page, stopped),
        Pane::new("WHAT STILL WORKS").rows(works),
    ];
    if let Some(run) = page.state.run().filter(|run| !run.ended()) {
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

fn failed(page: &Page<'_>, stopped: &Stopped) -> Pane {
    let room = page.width.saturating_sub(15);
    let mut rows = Vec::new();
    let mut fact = |label: &str, words: &str, indent: usize| {
        for (index, line) in text::wrap(words, room - indent).into_iter().enumerate() {
            rows.push(
                Row::line(Role::Alarm, if index == 0 { label } else { "" }).put(
                    14 + indent,
                    Role::Text,
                    line,
                ),
            );
        }
    };
    fact("What failed", stopped.what.as_str(), 0);
    fact("Where", stopped.place.as_str(), 0);
    for (index, next) in stopped.next.iter().enumerate() {
        let words = format!("{}  {next}", index + 1);
        fact(if index == 0 { "What next" } else { "" }, &words, 0);
    }
    let least = rows.len();
    Pane::new("STOPPED").focus(true).rows(rows).least(least)
}

//! What is typed over the last pane: a filter, a reason, a name letter by letter. Nothing is drawn over it.

use super::Frame;
use super::Sheet;
use super::words;
use crate::runbook::run::Run;
use crate::state::prompt::Line;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

/// Takes the focus from every pane: it is in the field.
pub(super) fn unfocus(panes: &mut [Pane]) {
    for pane in panes {
        pane.focus = false;
    }
}

/// Words that rows must hold.
pub(super) fn filter(line: &Line) -> Pane {
    let row = Row::line(Role::Key, "/").put(3, Role::Input, words::typed(line, 70));
    Pane::new("FILTER  words that a row must hold")
        .focus(true)
        .rows([row])
}

/// A reason, for a skip or an abort.
pub(super) fn reason(frame: &Frame<'_>, abort: bool, line: &Line) -> Pane {
    let run = frame.state.run();
    let step = run
        .and_then(|run| run.turn())
        .map_or(String::new(), |step| {
            format!(" {} {}", step.number, step.id)
        });
    let (title, label, then) = if abort {
        (
            "END THIS RUN",
            "Reason to end it:",
            "Nothing is taken back by this; what is owed stays on Runs.".to_owned(),
        )
    } else {
        (
            "SKIP THIS STEP",
            "Reason to skip it:",
            format!("Step{step} is left out and the log says why."),
        )
    };
    let mut rows: Vec<Row> = Vec::new();
    if let Some(run) = run.filter(|_| abort) {
        rows.extend(run.owed.iter().map(|(step, words)| {
            Row::new()
                .figure(2, 2, Role::Key, step.to_string())
                .put(6, Role::Text, words.as_str())
        }));
    }
    rows.push(Row::line(Role::Text, then));
    rows.push(Row::new());
    rows.push(field(label, line, frame.width));
    let least = rows.len();
    Pane::new(title).focus(true).rows(rows).least(least)
}

/// Puts the prompt for a name below the request it would send: the steps give way, the request stays whole, or scrolls.
pub(super) fn under_name(sheet: &mut Sheet, frame: &Frame<'_>, prompt: Pane) {
    unfocus(&mut sheet.panes);
    let mut room = frame
        .body
        .saturating_sub(prompt.fixed() + prompt.rows.len());
    sheet.panes.truncate(2);
    let last = sheet.panes.len().saturating_sub(1);
    for (index, pane) in sheet.panes.iter_mut().enumerate().rev() {
        if pane.title == prompt.title {
            // The prompt asks it now; what is above says what it is for.
            "BEFORE YOU ANSWER".clone_into(&mut pane.title);
        }
        let steps = usize::from(index == last && last > 0);
        pane.least = pane
            .rows
            .len()
            .min(room.saturating_sub(pane.fixed() + steps));
        if index < last {
            pane.least = pane.least.min(1);
        }
        room = room.saturating_sub(pane.fixed() + pane.least);
    }
    sheet.panes.push(prompt);
}

/// The target's name, letter by letter, before something that cannot be taken back.
pub(super) fn name(frame: &Frame<'_>, want: &str, line: &Line, refused: Option<&str>) -> Pane {
    let run = frame.state.run();
    let card = frame.state.card();
    let what = match run {
        Some(run) if run.cluster.as_str() == want => "cluster",
        Some(run) if run.namespace == want => "namespace",
        _ => "name",
    };
    let sends = card.as_ref().is_some_and(|card| card.sends);
    let back = run.is_some_and(Run::taking_back);
    let label = if sends && back {
        format!("Type the {what} to delete these: ")
    } else if sends {
        format!("Type the {what} to send this: ")
    } else {
        format!("Type the name of the {what}: ")
    };
    let mut rows = Vec::new();
    if sends {
        let words = if back {
            "What is deleted does not come back by a key; h puts the run down between two."
        } else {
            "Once sent it cannot be stopped. Its undo deletes what it created."
        };
        rows.push(Row::line(Role::Text, words));
        rows.push(Row::new());
    }
    rows.push(field(&label, line, frame.width));
    if let Some(refused) = refused {
        let lines = text::wrap(refused, frame.width.saturating_sub(2));
        rows.extend(
            lines
                .into_iter()
                .map(|line| Row::line(Role::InputBad, line)),
        );
    }
    let at = run
        .and_then(|run| run.turn())
        .map_or(String::new(), |step| {
            format!("; the run stays at {}", step.number)
        });
    rows.push(Row::new());
    let words = format!("Nothing is sent by anything else. Esc goes back{at}.");
    let lines = text::wrap(&words, frame.width.saturating_sub(2));
    rows.extend(lines.into_iter().map(|line| Row::line(Role::Text, line)));
    let least = rows.len();
    let title = if sends && back {
        "CANNOT BE TAKEN BACK"
    } else if sends {
        "CANNOT BE STOPPED ONCE SENT"
    } else {
        "TYPE THE NAME"
    };
    Pane::new(title).focus(true).rows(rows).least(least)
}

fn field(label: &str, line: &Line, columns: usize) -> Row {
    let room = columns.saturating_sub(text::width(label) + 4);
    Row::line(Role::Text, label).then(1, Role::Input, words::typed(line, room))
}

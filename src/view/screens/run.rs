//! A run: where am I, what would Enter send, and how do I get back?

use jiff::Timestamp;

use super::Entry;
use super::Frame;
use super::Sheet;
use super::words;
use crate::runbook::run::Card;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;
use crate::runbook::run::StepState;
use crate::runbook::run::StepStatus;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::lines;
use crate::view::role::Role;
use crate::view::widgets::header;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Run,
    name: "a Run",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let Some(run) = frame.state.run() else {
        let pane =
            Pane::default().rows([Row::line(Role::Text, "No run is open: 8 shows every run.")]);
        return Sheet {
            second: Row::line(Role::Text, "Run"),
            panes: vec![pane],
            left_out: Vec::new(),
        };
    };
    let mark = rows::marked(frame.state);
    let turn = run.turn().map(|step| step.number.to_string());
    let mut panes = vec![steps(frame, run, mark.as_deref())];
    if rows::in_doubt(run) || run.status == RunStatus::Interrupted {
        panes.extend(happened(frame, run));
    }
    let other = mark
        .as_ref()
        .filter(|mark| Some(mark.as_str()) != turn.as_deref() && !run.ended());
    match other.and_then(|mark| {
        run.steps
            .iter()
            .find(|step| step.number.to_string() == **mark)
    }) {
        Some(step) => panes.push(another(frame, run, step)),
        None => panes.push(card(frame, run)),
    }
    if !run.owed.is_empty() && (frame.body >= 30 || run.ended()) {
        let at = panes.len().saturating_sub(usize::from(!run.ended()));
        panes.insert(at, owed(run));
    }
    Sheet {
        second: second(frame, run),
        panes,
        left_out: Vec::new(),
    }
}

/// Header line 2: book and target, the age of its point; live, its ticket.
fn second(frame: &Frame<'_>, run: &Run) -> Row {
    let frozen = run.plan.as_ref().map(|plan| &plan.frozen);
    let started = frozen.and_then(|frozen| frozen.started.parse::<Timestamp>().ok());
    let age = started.map(|at| text::age(frame.state.judged_at.wall.duration_since(at).as_secs()));
    let status = match &run.status {
        RunStatus::Held => "  held".to_owned(),
        RunStatus::Interrupted => "  interrupted".to_owned(),
        RunStatus::Completed => "  completed".to_owned(),
        RunStatus::Unchecked => "  check skipped".to_owned(),
        RunStatus::NothingToDo => "  nothing to do".to_owned(),
        RunStatus::Aborted(_) => "  aborted".to_owned(),
        RunStatus::Failed(_) => "  failed".to_owned(),
        RunStatus::Running if run.taking_back() => "  undo begun".to_owned(),
        RunStatus::Preparing | RunStatus::Planned | RunStatus::Running => age
            .as_ref()
            .map_or(String::new(), |age| format!("  {age} old")),
    };
    let (left, right) = if frame.wide() {
        let from = match (frozen.map(|frozen| frozen.backup.as_str()), &age) {
            (Some(backup), Some(age)) if !backup.is_empty() => {
                format!("  from {backup}  {age} old")
            }
            _ => String::new(),
        };
        let status = if run.status == RunStatus::Running && !run.taking_back() {
            String::new()
        } else {
            status
        };
        (
            format!("{}  {}{from}{status}", run.cluster, run.namespace),
            format!("live, ticket {}", run.ticket),
        )
    } else {
        let book = header::book_words(run);
        (
            format!("{book}  {}/{}{status}", run.cluster, run.namespace),
            format!("live {}", run.ticket),
        )
    };
    Row::line(Role::Text, left).right(
        1,
        Role::Text,
        right.trim_end().trim_end_matches(", ticket").to_owned(),
    )
}

fn steps(frame: &Frame<'_>, run: &Run, mark: Option<&str>) -> Pane {
    let doubt = rows::in_doubt(run) || run.status == RunStatus::Interrupted;
    let rows = if doubt && frame.body < 30 {
        folded(frame, run)
    } else {
        run.steps
            .iter()
            .map(|step| line(frame, run, step))
            .collect()
    };
    let mut pane = Pane::default().rows(rows).least(4).list(mark);
    if let (None, Some(turn)) = (mark, run.turn()) {
        pane = pane.list(Some(&turn.number.to_string()));
    }
    if run.ended() && frame.state.nav.mark().is_none() {
        pane.marked = None;
    }
    pane
}

/// Steps around the one in doubt: `1-8 done   as before; last: 8 safety-copy`.
fn folded(frame: &Frame<'_>, run: &Run) -> Vec<Row> {
    let turn = run.turn().map_or(0, |step| step.number);
    let (before, rest): (Vec<_>, Vec<_>) = run.steps.iter().partition(|step| step.number < turn);
    let mut rows = Vec::new();
    if let (Some(first), Some(last)) = (before.first(), before.last()) {
        let range = if before.len() == 1 {
            first.number.to_string()
        } else {
            format!("{}-{}", first.number, last.number)
        };
        let words = format!(
            "as before; last: {} {} {}",
            last.number, last.id, last.evidence
        );
        let mut row = Row::new()
            .put(2, Role::StepDone, range)
            .then(1, Role::StepDone, "done")
            .put(13, Role::Text, words);
        if let Some(at) = last.at {
            row = row.right(0, Role::Dim, words::second(frame.state, at));
        }
        rows.push(row);
    }
    let shown = rest.len().min(2);
    rows.extend(rest[..shown].iter().map(|step| line(frame, run, step)));
    if let (Some(first), Some(last)) = (rest.get(shown), rest.last()) {
        let ids = rest[shown..]
            .iter()
            .map(|step| step.id.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        let range = if first.number == last.number {
            first.number.to_string()
        } else {
            format!("{}-{}", first.number, last.number)
        };
        rows.push(
            Row::new()
                .put(1, Role::StepNext, format!("{range} next"))
                .put(13, Role::Text, ids),
        );
    }
    rows
}

fn line(frame: &Frame<'_>, run: &Run, step: &StepState) -> Row {
    let (role, word) = status(&step.status);
    let row = Row::new()
        .id(step.number.to_string())
        .mark_at(0)
        .figure(1, 2, role, step.number.to_string())
        .put(4, role, word)
        .put(13, Role::Key, step.id.clone());
    let text_at = if frame.wide() { 32 } else { 30 }.max(14 + text::width(&step.id));
    let planned = run
        .plan
        .as_ref()
        .and_then(|plan| plan.steps.iter().find(|one| one.number == step.number));
    let evidence = match &step.status {
        StepStatus::Failed(why) | StepStatus::Skipped(why) => why.as_str(),
        _ if step.evidence.is_empty() => step.title.as_str(),
        _ => step.evidence.as_str(),
    };
    let words_role = if matches!(step.status, StepStatus::Next) {
        Role::Dim
    } else {
        Role::Text
    };
    let mut row = row.put(text_at, words_role, evidence);
    let typed = planned.is_some_and(|step| step.typed.is_some());
    let over = !matches!(step.status, StepStatus::Next | StepStatus::Now);
    match step.at.filter(|_| over) {
        None if typed && step.status == StepStatus::Next => {
            row = row.right(0, Role::Dim, "asks for a typed name");
        }
        None => {}
        Some(at) if frame.wide() => {
            if let Some(took) = step.took_ms {
                row = row.put(frame.width - 28, Role::Dim, text::took(took));
            }
            let entry = step.entry.map_or(String::new(), text::count);
            row = row
                .put(frame.width - 20, Role::Dim, words::second(frame.state, at))
                .right(4, Role::Dim, text::pad_left(&entry, 5));
        }
        Some(at) => row = row.right(0, Role::Dim, words::second(frame.state, at)),
    }
    row
}

/// The word of a step's status, in its role.
fn status(status: &StepStatus) -> (Role, &'static str) {
    match status {
        StepStatus::Next => (Role::StepNext, "next"),
        StepStatus::Now => (Role::StepNow, "now"),
        StepStatus::Sent => (Role::StepNow, "sent"),
        StepStatus::Done => (Role::StepDone, "done"),
        StepStatus::Failed(_) => (Role::StepFailed, "failed"),
        StepStatus::Skipped(_) => (Role::StepSkipped, "skipped"),
        StepStatus::InDoubt => (Role::StepIndoubt, "in doubt"),
        StepStatus::Undone => (Role::StepUndone, "undone"),
    }
}

/// What the log holds of this run, the newest few entries, oldest first.
fn happened(frame: &Frame<'_>, run: &Run) -> Option<Pane> {
    let mut entries: Vec<_> = frame
        .state
        .log
        .rows
        .iter()
        .filter(|row| row.run.as_str() == run.short())
        .collect();
    let first = entries.len().saturating_sub(4);
    let rows: Vec<Row> = entries
        .drain(first..)
        .map(|row| {
            let words = format!(
                "entry {}: {} {}",
                text::count(row.entry),
                row.what,
                row.result
            );
            Row::new()
                .put(3, Role::Dim, words::second(frame.state, row.at))
                .put(14, Role::Text, words)
        })
        .collect();
    (!rows.is_empty()).then(|| Pane::new("WHAT HAPPENED").rows(rows))
}

/// The pane of the step whose turn it is: what Enter would do, in full.
fn card(frame: &Frame<'_>, run: &Run) -> Pane {
    let Some(card) = rows::card(frame.state) else {
        let words = "Nobody is signed in: the run can be read. 0 shows the session.";
        return Pane::new("NOT SIGNED IN").rows([Row::line(Role::Text, words)]);
    };
    let note = run.turn().map_or(String::new(), |step| {
        format!("step {} of {}", step.number, run.steps.len())
    });
    let rows = card_rows(&card, frame.width);
    let least = rows.len();
    let title = match lines::own_policy(&frame.state.config.policy) {
        // Below 80 columns the rule of the header alone has room for it.
        Some(words) if !frame.narrow() => format!("{}   {words}", card.title),
        _ => card.title.clone(),
    };
    Pane::new(title)
        .note(note)
        .focus(true)
        .rows(rows)
        .least(least)
}

/// A card as rows: the request, its body whole, facts, notes.
pub(in crate::view) fn card_rows(card: &Card, columns: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = card
        .wire
        .iter()
        .flat_map(|line| wire_line(line, columns))
        .collect();
    rows.extend(words::wire(&card.body, 3, columns));
    if card.sends && !card.digest.is_empty() && !card.body.is_empty() {
        let half = card.digest.get(..32).unwrap_or(&card.digest);
        rows.push(Row::line(Role::Dim, "sha256").put(
            12,
            Role::Digest,
            format!("{}...", words::groups(half)),
        ));
    }
    for (label, words) in &card.facts {
        let label = format!("{}:", label.trim_end_matches(':'));
        let at = 12.max(2 + text::width(&label));
        for (index, line) in text::wrap(words.as_str(), columns.saturating_sub(at + 1))
            .into_iter()
            .enumerate()
        {
            rows.push(
                Row::line(Role::Dim, if index == 0 { label.as_str() } else { "" }).put(
                    at,
                    Role::Text,
                    line,
                ),
            );
        }
    }
    for note in &card.notes {
        rows.extend(
            text::wrap(note.as_str(), columns.saturating_sub(2))
                .into_iter()
                .map(|line| Row::line(Role::Text, line)),
        );
    }
    rows
}

/// A line of the wire: its own blanks stay; it is broken by the edge and never cut.
fn wire_line(line: &str, columns: usize) -> Vec<Row> {
    let changes = line.contains(" -> ");
    let indent = (line.len() - line.trim_start().len()).max(if changes { 2 } else { 0 });
    let mut rows = words::wire(line.trim_start(), 1 + indent, columns);
    if let (Some(first), Some((old, new))) = (rows.first_mut(), line.split_once(" -> "))
        && text::width(line) + 4 < columns
    {
        *first = Row::new()
            .put(1 + indent, Role::DiffDel, old.trim_start())
            .then(1, Role::Text, "->")
            .then(1, Role::DiffAdd, new);
    }
    rows
}

/// A step that is looked at out of its turn: Enter does nothing while it is shown.
fn another(frame: &Frame<'_>, run: &Run, step: &StepState) -> Pane {
    let planned = run
        .plan
        .as_ref()
        .and_then(|plan| plan.steps.iter().find(|one| one.number == step.number));
    let mut facts = vec![("What:", step.title.clone())];
    if let Some(planned) = planned {
        facts.push(("Before:", planned.before.clone()));
        facts.push(("Done when:", planned.done_when.clone()));
        if let Some(op) = &planned.op {
            facts.push(("Sends:", op.line()));
        }
    }
    if !step.evidence.is_empty() {
        facts.push(("Seen:", step.evidence.to_string()));
    }
    let rows = facts
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .flat_map(|(label, words)| {
            let lines = text::wrap(&words, frame.width.saturating_sub(13));
            lines.into_iter().enumerate().map(move |(index, line)| {
                Row::line(Role::Dim, if index == 0 { label } else { "" }).put(12, Role::Text, line)
            })
        });
    let turn = run.turn().map_or(String::new(), |turn| {
        format!("Enter acts on {} only", turn.number)
    });
    let rows: Vec<Row> = rows.collect();
    let least = rows.len();
    Pane::new(format!("STEP {}  {}", step.number, step.id))
        .note(turn)
        .focus(true)
        .rows(rows)
        .least(least)
}

fn owed(run: &Run) -> Pane {
    let rows = run.owed.iter().map(|(step, words)| {
        Row::new()
            .figure(2, 2, Role::Key, step.to_string())
            .put(6, Role::Text, words.as_str())
    });
    Pane::new("WHAT HAS BEEN CHANGED SO FAR  and what is owed").rows(rows)
}

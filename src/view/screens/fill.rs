//! Parameters: what is it about to act on, and where did each value come from?

use super::Entry;
use super::Frame;
use super::Sheet;
use super::words;
use crate::runbook::book::Book;
use crate::runbook::plan::Mode;
use crate::state::nav::Screen;
use crate::state::prompt::Field;
use crate::state::prompt::Prompt;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Fill,
    name: "Parameters",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let id = frame.state.nav.book.as_deref();
    let book = id.and_then(|id| {
        frame
            .state
            .library
            .books()
            .iter()
            .find(|book| book.id == id)
    });
    let Some(Prompt::Fill { fields, at, .. }) = &frame.state.prompt else {
        let pane = Pane::default().rows([Row::line(
            Role::Text,
            "Nothing is being filled in. Enter begins again.",
        )]);
        return Sheet {
            second: Row::line(Role::Text, "Fill in"),
            panes: vec![pane],
            left_out: Vec::new(),
        };
    };
    let given = fields
        .iter()
        .filter(|field| !field.line.text.is_empty())
        .count();
    let version = book.map_or(String::new(), |book| format!(" v{}", book.version));
    let second = Row::line(
        Role::Text,
        format!("Fill in {}{version}  live", id.unwrap_or("a runbook")),
    )
    .right(1, Role::Text, format!("{given} of {} given", fields.len()));
    let rows = fields
        .iter()
        .enumerate()
        .map(|(index, field)| row(field, index == *at, frame.width));
    let mut parameters = Pane::new(format!("PARAMETERS{}", taken(frame)))
        .focus(true)
        .rows(rows)
        .least(fields.len());
    parameters.marked = Some(*at);
    let mut panes = vec![parameters];
    panes.extend(book.map(|book| meaning(frame, book, fields)));
    Sheet {
        second,
        panes,
        left_out: Vec::new(),
    }
}

fn taken(frame: &Frame<'_>) -> String {
    let finding = frame.state.nav.treating.as_ref().and_then(|id| {
        frame
            .state
            .board
            .findings
            .iter()
            .find(|finding| finding.id() == *id)
    });
    finding.map_or(String::new(), |finding| {
        format!(
            "  taken from the finding on {} {}",
            finding.cluster, finding.object
        )
    })
}

fn row(field: &Field, here: bool, columns: usize) -> Row {
    let value = if here {
        words::typed(&field.line, 29)
    } else {
        field.line.text.clone()
    };
    let role = if field.bad { Role::InputBad } else { Role::Dim };
    Row::new()
        .id(field.name.clone())
        .name(3, 11, Role::Text, field.name.clone())
        .name(15, 29, if here { Role::Input } else { Role::Text }, value)
        .name(45, columns.saturating_sub(46), role, field.from.clone())
}

/// What following it means, before anything is asked of anybody.
fn meaning(frame: &Frame<'_>, book: &Book, fields: &[Field]) -> Pane {
    let value = |name: &str| {
        fields
            .iter()
            .find(|field| field.name == name)
            .map_or("", |field| field.line.text.as_str())
    };
    let (cluster, namespace) = (value("cluster"), value("namespace"));
    let people = book.needs(Mode::Live);
    let who = match people {
        1 => "Live. The zone of that namespace says how many people it needs; with more than one it cannot start yet.".to_owned(),
        people => format!("Live. It needs {people} people."),
    };
    let target = format!("It acts on {cluster}/{namespace} and on nothing else.");
    let next =
        "Next: checks that only read, then the plan. Nothing changes before the plan is started.";
    let lines = [who, target, next.to_owned()];
    let rows = lines
        .iter()
        .flat_map(|line| text::wrap(line, frame.width.saturating_sub(4)));
    Pane::new("WHAT THIS MEANS").rows(rows.map(|line| Row::new().put(3, Role::Text, line)))
}

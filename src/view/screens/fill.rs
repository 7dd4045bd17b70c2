//! Parameters: what is it about to act on, and where did each value come from?

use super::Entry;
use super::Frame;
use super::Sheet;
use super::words;
use crate::config::ClusterName;
use crate::runbook::book::Book;
use crate::state::nav::Screen;
use crate::state::prompt::Field;
use crate::state::prompt::Prompt;
use crate::state::rows;
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
    let lines: Vec<Vec<Row>> = fields
        .iter()
        .enumerate()
        .map(|(index, field)| row(field, index == *at, frame))
        .collect();
    let marked = lines.iter().take(*at).map(Vec::len).sum();
    let rows: Vec<Row> = lines.into_iter().flatten().collect();
    let least = rows.len();
    let mut parameters = Pane::new(format!("PARAMETERS{}", taken(frame)))
        .focus(true)
        .rows(rows)
        .least(least);
    parameters.marked = Some(marked);
    let mut panes = vec![parameters];
    panes.extend(book.map(|book| meaning(frame, book, fields)));
    Sheet {
        second,
        panes,
        left_out: Vec::new(),
    }
}

fn taken(frame: &Frame<'_>) -> String {
    rows::treated(frame.state).map_or(String::new(), |finding| {
        format!(
            "  taken from the finding on {} {}",
            finding.cluster, finding.object
        )
    })
}

/// A field, its value and where that is from; with little room the last stands below, whole.
fn row(field: &Field, here: bool, frame: &Frame<'_>) -> Vec<Row> {
    let value = if here {
        words::typed(&field.line, 29)
    } else {
        field.line.text.clone()
    };
    let role = if field.bad { Role::InputBad } else { Role::Dim };
    let row = Row::new()
        .id(field.name.clone())
        .name(3, 11, Role::Text, field.name.clone())
        .name(15, 29, if here { Role::Input } else { Role::Text }, value);
    if frame.narrow() {
        return vec![row, Row::new().put(15, role, field.from.clone())];
    }
    vec![row.put(45, role, field.from.clone())]
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
    let known = !cluster.is_empty() && !namespace.is_empty();
    let name = ClusterName::from(cluster);
    let refused = frame
        .state
        .live_refused_on(book, known.then_some((&name, namespace)));
    let (role, who) = match (refused, known) {
        (Some(why), _) => (Role::InputBad, format!("no: {why}.")),
        (None, true) => (Role::Text, "Live. One person: you.".to_owned()),
        (None, false) => (
            Role::Text,
            "Live. The zone of the namespace says how many people it needs.".to_owned(),
        ),
    };
    let target = if known {
        format!("It acts on {cluster}/{namespace} and on nothing else.")
    } else {
        "It acts on one namespace of one cluster and on nothing else.".to_owned()
    };
    let next =
        "Next: checks that only read, then the plan. Nothing changes before the plan is started.";
    let lines = [
        (role, who),
        (Role::Text, target),
        (Role::Text, next.to_owned()),
    ];
    let rows = lines.into_iter().flat_map(|(role, line)| {
        text::wrap(&line, frame.width.saturating_sub(4))
            .into_iter()
            .map(move |line| Row::new().put(3, role, line))
    });
    Pane::new("WHAT THIS MEANS").rows(rows)
}

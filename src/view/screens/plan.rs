//! The plan: what exactly will be sent, byte for byte, and how is it taken back?

use std::fmt::Write as _;

use super::Entry;
use super::Frame;
use super::Sheet;
use super::words;
use crate::runbook::plan::Plan;
use crate::runbook::plan::PlanStep;
use crate::runbook::plan::Undo;
use crate::runbook::run::Run;
use crate::sources::op::Op;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::header;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

/// Lines of a body in which the objects have a pane of their own; below they stand under the Restore's request.
const TALL: usize = 30;
/// The column in which the names of objects begin.
const NAMES: usize = 10;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Plan,
    name: "the Plan",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let Some((run, plan)) = frame
        .state
        .run()
        .and_then(|run| Some((run, run.plan.as_ref()?)))
    else {
        let pane = Pane::default().rows([Row::line(
            Role::Text,
            "This run has no plan yet: it is being prepared.",
        )]);
        return Sheet {
            second: Row::line(Role::Text, "Plan"),
            panes: vec![pane],
            left_out: Vec::new(),
        };
    };
    let four = run.digest.get(..4).unwrap_or("-");
    let left = format!(
        "Plan {four}  {}  {}/{}",
        header::book_words(run),
        run.cluster,
        run.namespace
    );
    let mode = match run.ticket.as_str() {
        "" => "live".to_owned(),
        ticket => format!("live {ticket}"),
    };
    let second = Row::line(Role::Text, left).then(2, Role::Text, mode);
    let steps = rows::requests(frame.state);
    let mark = frame.state.nav.mark();
    let marked = steps
        .iter()
        .find(|step| Some(step.number.to_string().as_str()) == mark)
        .or(steps.first());
    let mut panes = vec![counts(run, plan, frame.width), requests(frame, &steps)];
    panes.extend(marked.and_then(|step| whole(frame, run, step)));
    if frame.body >= TALL {
        let title = "OBJECTS  what becomes of each that the backup holds";
        panes.push(Pane::new(title).rows(objects(plan, frame.width)).least(3));
    }
    Sheet {
        second,
        panes,
        left_out: frame
            .narrow()
            .then(|| "TAKEN BACK BY".to_owned())
            .into_iter()
            .collect(),
    }
}

/// What the plan does in numbers, and its digest, whole: it is what Enter starts.
fn counts(run: &Run, plan: &Plan, columns: usize) -> Pane {
    let frozen = &plan.frozen;
    let objects = words::plural(frozen.items().count(), "object");
    let counts = plan.counts("   ");
    let whole = format!("{objects}, {}", frozen.backup);
    let fits = text::width(&counts) + text::width(&whole) + 4 < columns;
    let right = if fits { whole } else { objects };
    let first = Row::line(Role::Text, counts).right(0, Role::Text, right);
    let mut pane = Pane::default().rows([first]);
    let from = if fits {
        String::new()
    } else {
        format!("from {}", frozen.backup)
    };
    let rights = run
        .steps
        .iter()
        .find(|step| step.kind == "may-i")
        .map(|step| step.evidence.as_str());
    let rights = rights.filter(|words| !words.is_empty());
    if rights.is_some() || !fits {
        let words = rights.map_or(String::new(), |words| format!("rights: {words}"));
        pane = pane.rows([Row::line(Role::Text, words).right(0, Role::Text, from)]);
    }
    let (head, tail) = run.digest.split_at_checked(32).unwrap_or((&run.digest, ""));
    let digest = [head, tail].into_iter().filter(|half| !half.is_empty());
    let own = run.memory.policy == "self";
    let digest = digest.enumerate().map(|(index, half)| {
        let row = Row::line(Role::Dim, if index == 0 { "digest" } else { "" }).put(
            9,
            Role::Digest,
            words::groups(half),
        );
        match index {
            0 if own => row.right(0, Role::Warn, "policy: self"),
            _ => row,
        }
    });
    let rows: Vec<Row> = digest.collect();
    let least = pane.rows.len() + rows.len();
    pane.rows(rows).least(least)
}

fn requests(frame: &Frame<'_>, steps: &[&PlanStep]) -> Pane {
    let wider = frame.width.saturating_sub(80).min(30);
    let head = Row::new()
        .put(3, Role::Dim, "STEP")
        .put(9, Role::Dim, "REQUEST");
    let head = if frame.narrow() {
        head
    } else {
        head.put(60 + wider, Role::Dim, "TAKEN BACK BY")
    };
    let rows = steps.iter().filter_map(|step| {
        let op = step.op.as_ref()?;
        let (gvr, namespace, name) = op.target();
        let row = Row::new()
            .id(step.number.to_string())
            .figure(4, 2, Role::Key, step.number.to_string())
            .put(9, Role::Text, op.request().method)
            .name(15, 26 + wider, Role::Text, format!("{}/{name}", gvr.plural))
            .put_in(42 + wider, 17, Role::Text, namespace.unwrap_or("-"));
        if frame.narrow() {
            return Some(row);
        }
        Some(row.put(60 + wider, Role::Text, undo(&step.undo)))
    });
    let mut pane = Pane::new("REQUESTS  what will be sent, in this order")
        .head(head)
        .focus(true)
        .rows(rows)
        .least(2);
    if steps.is_empty() {
        pane = pane.rows([Row::new().put(3, Role::Text, "Nothing would be changed: 0 requests.")]);
    }
    pane.list(frame.state.nav.mark())
}

/// What becomes of every object of the backup, by kind and name: the list never ends in a count.
fn objects(plan: &Plan, columns: usize) -> Vec<Row> {
    let row = |(word, names): (&'static str, String)| {
        let lines = text::wrap(&names, columns.saturating_sub(NAMES + 1));
        let lines = lines.into_iter().enumerate();
        let rows = lines.map(move |(index, line)| {
            let word = if index == 0 { word } else { "" };
            let row = Row::new().put(1, Role::Title, word);
            row.put(NAMES, Role::Text, line)
        });
        rows.collect::<Vec<Row>>()
    };
    plan.frozen.lists().into_iter().flat_map(row).collect()
}

/// How a step is taken back, in a few words.
fn undo(undo: &Undo) -> String {
    match undo {
        Undo::Nothing => "-".to_owned(),
        Undo::Op(op) => match op.as_ref() {
            Op::Suspend { suspend, .. } => format!("undo: suspend {suspend}"),
            op => format!("undo: {}", op.request().method),
        },
        Undo::DeleteCreated => "undo deletes its own".to_owned(),
        Undo::Expires(when) => match when.trim_end_matches(" by itself") {
            when if when.starts_with("expires") => when.to_owned(),
            when => format!("expires {when}"),
        },
        Undo::Never(_) => "cannot be".to_owned(),
    }
}

/// One request in full: never cut, broken only by the edge.
fn whole(frame: &Frame<'_>, run: &Run, step: &PlanStep) -> Option<Pane> {
    let request = step.op.as_ref()?.request();
    let server = frame
        .state
        .config
        .cluster(&run.cluster)
        .map_or("", |cluster| cluster.server.as_str());
    let digest = request
        .digest()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    let half = digest.get(..32).unwrap_or(&digest);
    let mut rows = words::wire(
        &format!("{} {}", request.method, request.path),
        1,
        frame.width,
    );
    rows.push(Row::line(
        Role::Text,
        format!(
            "{}  Content-Type {}",
            server.trim_start_matches("https://"),
            request.content_type
        ),
    ));
    let length = text::count(request.body.len() as u64);
    rows.push(
        Row::line(Role::Text, format!("{length} bytes, sha256")).then(
            1,
            Role::Digest,
            format!("{}...", words::groups(half)),
        ),
    );
    rows.extend(words::wire(
        &String::from_utf8_lossy(&request.body),
        3,
        frame.width,
    ));
    if frame.body < TALL && matches!(step.op, Some(Op::Restore { .. })) {
        rows.extend(run.plan.iter().flat_map(|plan| objects(plan, frame.width)));
    }
    let tail = match (&step.typed, &step.undo) {
        (Some(typed), _) => format!("Cannot be stopped once sent. {typed} must be typed first."),
        (None, Undo::Never(why)) => format!("Cannot be taken back: {why}"),
        (None, _) => format!("Done when: {}", step.done_when),
    };
    let pane = Pane::new(format!("REQUEST OF STEP {}, IN FULL", step.number)).rows(rows);
    Some(
        pane.text(frame.state.nav.scrolled())
            .tails([Row::line(Role::Text, tail)])
            .least(4),
    )
}

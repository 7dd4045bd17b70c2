//! Alerts: what is firing, and is silence proof of calm?

use super::Entry;
use super::Frame;
use super::Sheet;
use super::words;
use crate::sources::alerts;
use crate::sources::alerts::AlertRow;
use crate::sources::alerts::Detail;
use crate::sources::alerts::Pipeline;
use crate::sources::alerts::PipelineRow;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;
use crate::view::widgets::row::level_role;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Alerts,
    name: "Alerts",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let detail = rows::alerts(frame.state);
    let mut panes = vec![pipelines(frame, &detail), firing(frame, &detail)];
    panes.extend(marked(frame, &detail));
    let (silenced, inhibited, info) = detail.hidden;
    let state = frame.state;
    let all = alerts::detail(&state.config, &state.world, state.judged_at);
    let second = Row::line(
        Role::Text,
        format!(
            "Alerts  {} firing",
            words::plural(all.firing.len(), "group")
        ),
    )
    .right(
        1,
        Role::Dim,
        if frame.narrow() {
            format!("hidden: {}", silenced + inhibited + info)
        } else {
            format!("hidden: {silenced} silenced  {inhibited} inhibited  {info} info")
        },
    );
    Sheet {
        second,
        panes,
        left_out: frame
            .narrow()
            .then(|| "SINCE".to_owned())
            .into_iter()
            .collect(),
    }
}

fn pipelines(frame: &Frame<'_>, detail: &Detail) -> Pane {
    let longest = detail
        .pipelines
        .iter()
        .map(|row| text::width(row.cluster.as_str()))
        .max()
        .unwrap_or(0)
        .max(8);
    let row = |row: &PipelineRow| {
        let (role, word) = state_word(row.state);
        Row::new()
            .id(row.cluster.to_string())
            .put(3, role, word)
            .put(16, Role::Text, row.cluster.as_str())
            .put(16 + longest + 2, Role::Text, row.words.as_str())
    };
    let note = format!("{}, worst first", detail.pipelines.len());
    let pane = Pane::new("PIPELINES  is no alert good news?")
        .note(note)
        .focus(frame.pane(1))
        .least(3);
    let mut pane = pane.rows(detail.pipelines.iter().map(row));
    if frame.pane(1) {
        pane = pane.list(frame.state.nav.mark());
        pane.counted = false;
    }
    pane
}

/// The word of a pipeline, in its role; what cannot be believed is unknown, never well.
fn state_word(state: Pipeline) -> (Role, &'static str) {
    match state {
        Pipeline::Dead => (Role::Unknown, "DEAD"),
        Pipeline::Unreachable => (Role::Unknown, "UNREACHABLE"),
        Pipeline::NoAccess => (Role::Unknown, "NO ACCESS"),
        Pipeline::Stale => (Role::Unknown, "STALE"),
        Pipeline::NotWired => (Role::Warn, "NOT WIRED"),
        Pipeline::Live => (Role::Ok, "LIVE"),
        Pipeline::Absent => (Role::None, "-"),
    }
}

fn firing(frame: &Frame<'_>, detail: &Detail) -> Pane {
    let alerts: usize = detail.firing.iter().map(|row| row.fires).sum();
    let groups = words::plural(detail.firing.len(), "group");
    let wider = frame.width.saturating_sub(80).min(30);
    let head = Row::new()
        .put(8, Role::Dim, "ALERT")
        .put(30, Role::Dim, "WHERE")
        .put(52 + wider, Role::Dim, "FIRES");
    let head = if frame.narrow() {
        head
    } else {
        head.put(59 + wider, Role::Dim, "SINCE")
    };
    let mut pane = Pane::new(format!(
        "FIRING  {groups}, {}",
        words::plural(alerts, "alert")
    ))
    .focus(frame.pane(0))
    .least(3);
    if detail.firing.is_empty() {
        return pane.rows([Row::new().put(3, Role::Text, calm(frame, detail))]);
    }
    let row = |row: &AlertRow| {
        let since = row
            .since
            .map_or("?".to_owned(), |at| words::since(frame.state, at));
        let line = Row::new()
            .id(rows::alert_id(row))
            .level(3, row.level)
            .name(8, 21, Role::Text, row.name.as_str())
            .name(
                30,
                21 + wider,
                Role::Text,
                format!("{} {}", row.cluster, row.object),
            )
            .put(52 + wider, level_role(row.level), row.fires.to_string());
        if frame.narrow() {
            return line;
        }
        line.put(59 + wider, Role::Dim, since)
    };
    pane = pane.head(head).rows(detail.firing.iter().map(row));
    if frame.pane(0) {
        pane = pane.list(frame.state.nav.mark());
    }
    pane
}

/// What no alert means: never "no alerts" alone.
fn calm(frame: &Frame<'_>, detail: &Detail) -> String {
    if !frame.state.nav.filter.is_empty() {
        return format!(
            "No firing alert matches {}. Esc shows all.",
            frame.state.nav.filter
        );
    }
    let live = detail
        .pipelines
        .iter()
        .filter(|row| row.state == Pipeline::Live)
        .count();
    let mute = detail
        .pipelines
        .iter()
        .filter(|row| !matches!(row.state, Pipeline::Live | Pipeline::Absent))
        .count();
    let live = match live {
        1 => "1 pipeline that is LIVE".to_owned(),
        many => format!("{many} pipelines that are LIVE"),
    };
    format!("Nothing fires on {live}; {mute} cannot say.")
}

/// The marked group in full.
fn marked(frame: &Frame<'_>, detail: &Detail) -> Option<Pane> {
    let mark = rows::marked(frame.state).filter(|_| frame.pane(0));
    let row = detail
        .firing
        .iter()
        .find(|row| Some(rows::alert_id(row)) == mark)
        .or(detail.firing.first())?;
    let summary = if row.summary.is_empty() {
        "It has no summary."
    } else {
        row.summary.as_str()
    };
    let lines = text::wrap(summary, frame.width.saturating_sub(2));
    let place = format!("   where      {} {}", row.cluster, row.object);
    Some(
        Pane::new(row.name.as_str())
            .rows(lines.into_iter().map(|line| Row::line(Role::Text, line)))
            .rows([Row::line(Role::Text, place)]),
    )
}

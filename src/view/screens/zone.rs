//! One zone: what is not as it should be, and why is each pod down?

use super::Entry;
use super::Frame;
use super::Sheet;
use super::words;
use crate::config;
use crate::config::ZoneName;
use crate::sources::level::Level;
use crate::sources::zones::Cause;
use crate::sources::zones::Detail;
use crate::sources::zones::WorkloadRow;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::text::SafeText;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Zone,
    name: "the Zone",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let detail = rows::zone(frame.state);
    Sheet {
        second: second(frame),
        panes: panes(frame, &detail),
        left_out: Vec::new(),
    }
}

/// The panes of a zone's detail.
fn panes(frame: &Frame<'_>, detail: &Detail) -> Vec<Pane> {
    let mut panes = vec![workloads(frame, detail)];
    if !detail.causes.is_empty() {
        panes.push(causes(frame, detail));
    }
    panes.push(nodes(frame, detail));
    panes
}

/// `Zone clinical  critical  RPO 1h  RTO 4h  2 people`, and how many of its clusters are live.
fn second(frame: &Frame<'_>) -> Row {
    let state = frame.state;
    let zone = state
        .nav
        .zone
        .as_ref()
        .and_then(|name| state.config.zone(name));
    let words = match zone {
        None => match state.config.policy.most() {
            1 => "NO ZONE  namespaces that no zone claims".to_owned(),
            people => format!("NO ZONE  namespaces that no zone claims  {people} people"),
        },
        Some(zone) => {
            let target = |name: &str, seconds: Option<i64>| match seconds {
                Some(seconds) => format!("  {name} {}", config::words(seconds)),
                None => String::new(),
            };
            let people = match rows::people(state, zone) {
                1 => "1 person".to_owned(),
                people => format!("{people} people"),
            };
            let word = if frame.narrow() {
                String::new()
            } else {
                format!("  {}", zone.criticality.word())
            };
            format!(
                "Zone {}{word}{}{}  {people}",
                zone.name,
                target("RPO", zone.rpo),
                target("RTO", zone.rto)
            )
        }
    };
    let shown = rows::board(state).board;
    let row = shown.zones.iter().find(|row| row.zone == state.nav.zone);
    let clusters: Vec<_> = row.map_or_else(Vec::new, |row| {
        row.clusters
            .iter()
            .map(|cluster| (cluster.cluster.clone(), cluster.freshness))
            .collect()
    });
    let known = words::clusters(&clusters);
    let known = match known.split_once(": ") {
        Some((_, rest)) if frame.narrow() => rest.to_owned(),
        _ => known,
    };
    Row::line(Role::Text, words).right(1, Role::Text, known)
}

fn workloads(frame: &Frame<'_>, detail: &Detail) -> Pane {
    let (bad, good) = (detail.bad.len(), detail.good.len());
    let hidden = frame.state.nav.unfolded();
    let note = if hidden || good == 0 {
        String::new()
    } else {
        format!("z shows {good}")
    };
    let title = if bad + good == 0 && !detail.gaps.is_empty() {
        "WORKLOADS  none is known".to_owned()
    } else {
        format!(
            "WORKLOADS  {bad} of {} not as they should be",
            text::count((bad + good) as u64)
        )
    };
    let listed = rows::workloads(frame.state, detail);
    let longest = listed
        .iter()
        .map(|row| text::width(row.namespace.as_str()) + 1 + text::width(row.name.as_str()))
        .max()
        .unwrap_or(0);
    // As drawn, names have 15 columns; longer ones take some of the reason's.
    let wide = match frame.width.saturating_sub(80).min(40) {
        0 => longest.saturating_sub(15).min(8),
        wide => wide,
    };
    let grid = Grid {
        name: 18,
        ready: 34 + wide,
        why: 43 + wide,
    };
    let mut pane = Pane::new(title).focus(frame.pane(0)).least(3);
    pane = pane
        .rows(detail.gaps.iter().map(gap))
        .rows(listed.iter().map(|row| workload(row, &grid)));
    if bad == 0 && good > 0 && !hidden && detail.gaps.is_empty() {
        pane = pane.rows([Row::new().put(
            3,
            Role::Text,
            format!("All {good} workloads are as they should be."),
        )]);
    } else if good > 0 && !hidden {
        let more = format!("{} more", text::count(good as u64));
        pane = pane.rows(
            [Row::new().level(3, Level::Ok).put(8, Role::Text, more).put(
                18,
                Role::Text,
                "all replicas ready",
            )],
        );
    } else if bad + good == 0 && detail.gaps.is_empty() {
        pane = pane.rows([Row::new().put(3, Role::Text, "No workload is known in this zone.")]);
    }
    let mut pane = pane.note(note);
    if frame.pane(0) {
        pane = pane.list(frame.state.nav.mark());
    }
    pane
}

/// Where name, ready and why stand.
struct Grid {
    name: usize,
    ready: usize,
    why: usize,
}

fn workload(row: &WorkloadRow, grid: &Grid) -> Row {
    let role = if row.ready.as_str().starts_with("was ") {
        Role::Stale
    } else {
        Role::Text
    };
    let room = grid.ready - grid.name - 1;
    Row::new()
        .id(rows::workload_id(row))
        .level(3, row.level)
        .put(8, Role::Text, row.cluster.as_str())
        .name(
            grid.name.max(10 + text::width(row.cluster.as_str())),
            room,
            role,
            format!("{}/{}", row.namespace, row.name),
        )
        .put(grid.ready, role, row.ready.as_str())
        .put(grid.why, role, row.why.as_str())
}

/// A sentence about what cannot be said: `? nodes of aws-prod cannot be read`.
pub(super) fn gap(words: &SafeText) -> Row {
    let words = words.as_str();
    match words
        .strip_prefix("? ")
        .or_else(|| words.strip_prefix("- "))
    {
        Some(rest) if words.starts_with('-') => {
            Row::new().put(3, Role::None, "-").put(5, Role::Text, rest)
        }
        Some(rest) => Row::new()
            .put(3, Role::Unknown, "?")
            .put(5, Role::Text, rest),
        None => Row::new()
            .put(3, Role::Unknown, "?")
            .put(5, Role::Text, words),
    }
}

fn causes(frame: &Frame<'_>, detail: &Detail) -> Pane {
    let pods: usize = detail.causes.iter().map(|cause| cause.pods.len()).sum();
    let (pods, causes) = (
        words::plural(pods, "pod"),
        words::plural(detail.causes.len(), "cause"),
    );
    let mut pane = Pane::new(format!("WHY PODS ARE DOWN  {pods}, {causes}"))
        .least(2)
        .focus(frame.pane(1));
    for cause in &detail.causes {
        let since = text::clock(cause.since, frame.state.judged_at.wall);
        pane = pane.rows([
            Row::new().put(3, Role::Text, cause.sentence.as_str()),
            Row::new()
                .put(
                    5,
                    Role::Text,
                    pods_words(cause, frame.width.saturating_sub(19 + MORE)),
                )
                .then(2, Role::Dim, format!("since {since}")),
        ]);
    }
    pane
}

/// Columns of `   and 12 more`.
const MORE: usize = 14;

/// Pods with their nodes; names after the first only by what differs: `ehr-api-7c9f4-2kx8p sth-w04   -9wq2d sth-w09`.
fn pods_words(cause: &Cause, room: usize) -> String {
    let mut line = String::new();
    let mut stem = "";
    for (index, (name, node)) in cause.pods.iter().enumerate() {
        let name = name.as_str();
        let own = name.rsplit_once('-').map_or("", |(head, _)| head);
        let short = if own == stem && !own.is_empty() {
            &name[own.len()..]
        } else {
            name
        };
        stem = own;
        let gap = if index == 0 { "" } else { "   " };
        let node = if node.is_empty() {
            "no node"
        } else {
            node.as_str()
        };
        let next = format!("{gap}{short} {node}");
        let last = index + 1 == cause.pods.len();
        let room = if last { room + MORE } else { room };
        if text::width(&line) + text::width(&next) > room && index > 0 {
            return format!("{line}   and {} more", cause.pods.len() - index);
        }
        line.push_str(&next);
    }
    line
}

fn nodes(frame: &Frame<'_>, detail: &Detail) -> Pane {
    let row = |line: &crate::sources::zones::NodeLine| {
        Row::new()
            .level(3, line.level)
            .put(8, Role::Text, line.cluster.as_str())
            .put(
                (10 + text::width(line.cluster.as_str())).max(18),
                Role::Text,
                line.words.as_str(),
            )
    };
    Pane::new("NODES")
        .focus(frame.pane(2))
        .rows(detail.nodes.iter().map(row))
}

/// A zone's heading in lists that go by zones.
pub(super) fn heading(zone: Option<&ZoneName>) -> Row {
    Row::line(
        Role::Title,
        zone.map_or("NO ZONE".to_owned(), |zone| zone.as_str().to_uppercase()),
    )
}

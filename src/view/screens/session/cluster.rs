//! One cluster: its connection, what goes wrong on it, and the rights to ask for.

use super::asks;
use super::fact;
use super::not_same;
use super::rights;
use super::server;
use super::told;
use crate::config::Cluster;
use crate::sources::fact::Watch;
use crate::sources::fact::WatchNews;
use crate::sources::world::ClusterWorld;
use crate::sources::world::Reach;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::screens::Entry;
use crate::view::screens::Frame;
use crate::view::screens::Sheet;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

/// The screen of one cluster.
pub(in crate::view::screens) const SCREEN: Entry = Entry {
    screen: Screen::Cluster,
    name: "a cluster's connection",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let mark = frame.state.nav.marks.get(&Screen::Cluster);
    let mut clusters = frame.state.config.clusters.iter();
    let Some(cluster) = clusters.find(|one| Some(one.name.as_str()) == mark.map(String::as_str))
    else {
        let words = "No cluster is chosen. q goes back.";
        return Sheet {
            second: Row::line(Role::Text, "Cluster  none"),
            panes: vec![Pane::default().rows([Row::line(Role::Text, words)])],
            left_out: Vec::new(),
        };
    };
    let name = &cluster.name;
    let all = &frame.state.board.clusters;
    let freshness = all.iter().find(|(one, _)| one == name);
    let freshness = freshness.map_or(String::new(), |(_, freshness)| freshness.words());
    let second = Row::line(Role::Text, format!("Cluster {name}")).right(1, Role::Text, freshness);
    let mut rows = connection(frame, cluster);
    rows.push(Row::line(Role::Title, "ERRORS"));
    rows.extend(errors(frame, cluster));
    rows.push(Row::line(Role::Title, "RIGHTS TO ASK FOR"));
    rows.extend(to_ask_for(frame, cluster));
    let title = format!("WHAT YOU MAY DO  {}", rights::asked(frame.state, name));
    rows.push(Row::line(Role::Title, title));
    rows.extend(rights::rows(frame, cluster));
    let pane = Pane::new("CONNECTION")
        .focus(true)
        .rows(rows)
        .text(frame.state.nav.scrolled())
        .least(3);
    Sheet {
        second,
        panes: vec![pane],
        left_out: Vec::new(),
    }
}

fn connection(frame: &Frame<'_>, cluster: &Cluster) -> Vec<Row> {
    let state = frame.state;
    let mut rows = vec![
        fact("server", server(frame, cluster)),
        fact("site", cluster.site.word()),
    ];
    if let Some(print) = &cluster.fingerprint {
        let label = Row::new().put(3, Role::Dim, "ca key");
        rows.push(label.put(12, Role::Digest, print.ca_key.clone()));
        let uid = print.uid.clone().unwrap_or("? not pinned".to_owned());
        let label = Row::new().put(3, Role::Dim, "uid");
        rows.push(label.put(12, Role::Digest, uid));
    }
    let Some(world) = state.world.cluster(&cluster.name) else {
        rows.push(fact("reach", "not asked yet"));
        return rows;
    };
    let reach = text::wrap(&world.reach().words(), frame.width.saturating_sub(13));
    let labels = std::iter::once("reach").chain(std::iter::repeat(""));
    rows.extend(labels.zip(reach).map(|(label, line)| fact(label, line)));
    if world.tries() > 0 {
        let words = format!(
            "try {}, each without an answer; the next follows by itself",
            world.tries()
        );
        rows.push(fact("tries", words));
    }
    rows.push(fact("asks", asks(frame, cluster, world)));
    let carries = match state.traffic_on(&cluster.name) {
        Some(one) => format!(
            "{} over {} TCP connections; {} since it was connected",
            one.rate(),
            one.connections,
            one.carried()
        ),
        None => "? not counted yet".to_owned(),
    };
    rows.push(fact("carries", carries));
    let user = world.greeting().and_then(|greeting| greeting.user.as_ref());
    let user = user.map_or("? does not say".to_owned(), ToString::to_string);
    rows.push(match rows::disagreement(state, cluster) {
        Some((token, server)) => {
            let words = format!("{server}; the token says {token}");
            let label = Row::new().put(3, Role::Dim, "you are");
            label.put(12, Role::Warn, words)
        }
        None => fact("you are", user),
    });
    rows.extend(told(frame, not_same(cluster, world), Role::Crit));
    rows
}

/// What goes wrong, with its class in words; each row of one watch.
fn errors(frame: &Frame<'_>, cluster: &Cluster) -> Vec<Row> {
    let mut rows = Vec::new();
    let Some(world) = frame.state.world.cluster(&cluster.name) else {
        return vec![Row::new().put(3, Role::Unknown, "? not connected")];
    };
    if let Reach::Unreachable(why) = world.reach() {
        rows.extend(error(
            frame,
            Role::Crit,
            "not reached",
            "the API server",
            why.as_str(),
        ));
    }
    if let Some(why) = world.stalled() {
        rows.extend(error(
            frame,
            Role::Crit,
            "stalled",
            "its own store",
            why.as_str(),
        ));
    }
    for watch in Watch::ALL {
        let (role, class, why) = match &world.watch(watch).news {
            Some(WatchNews::Forbidden(why)) => (Role::Warn, "no right", why.as_str()),
            Some(WatchNews::Refused(why)) => (Role::Crit, "refused", why.as_str()),
            Some(WatchNews::Failed(why)) => (Role::Crit, "failed", why.as_str()),
            Some(WatchNews::NotInstalled) => (Role::None, "no such kind", ""),
            _ => continue,
        };
        rows.extend(error(frame, role, class, watch.resource(), why));
    }
    if rows.is_empty() {
        rows.push(if is_heard(world) {
            Row::new().put(3, Role::Text, "none since it was connected")
        } else {
            Row::new().put(3, Role::Unknown, "? nothing was answered yet")
        });
    }
    rows
}

/// True once any watch was answered.
fn is_heard(world: &ClusterWorld) -> bool {
    Watch::ALL
        .iter()
        .any(|watch| world.watch(*watch).has_answered())
}

fn error(frame: &Frame<'_>, role: Role, class: &'static str, of: &str, why: &str) -> Vec<Row> {
    let words = if why.is_empty() {
        of.to_owned()
    } else {
        format!("{of}: {why}")
    };
    let lines = text::wrap(&words, frame.width.saturating_sub(17));
    let row = |(index, line): (usize, String)| {
        let row = Row::new().put(16, Role::Text, line);
        if index == 0 {
            row.put(3, role, class)
        } else {
            row
        }
    };
    lines.into_iter().enumerate().map(row).collect()
}

fn to_ask_for(frame: &Frame<'_>, cluster: &Cluster) -> Vec<Row> {
    let mut sentences = rights::to_ask_for(frame.state, &cluster.name);
    if sentences.is_empty() {
        // What is held, and what of it is more than needed.
        sentences.push(rows::rights_on(frame.state, &cluster.name));
    }
    let lines = sentences
        .iter()
        .flat_map(|words| text::wrap(words, frame.width.saturating_sub(4)));
    lines
        .map(|line| Row::new().put(3, Role::Text, line))
        .collect()
}

//! The session: as whom, how long, to which clusters, with what state?

pub(super) mod cluster;
mod rights;
mod who;

use super::Entry;
use super::Frame;
use super::Sheet;
use super::prompts;
use crate::auth::audience::Audience;
use crate::config::Cluster;
use crate::sources::fact::Watch;
use crate::sources::seen::Freshness;
use crate::sources::world::ClusterWorld;
use crate::sources::world::Reach;
use crate::state::State;
use crate::state::nav::Screen;
use crate::state::prompt::Prompt;
use crate::state::rows;
use crate::text;
use crate::text::SafeText;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Session,
    name: "the Session",
    sheet,
};

/// Columns of STATE and of DATA.
const STATE: usize = 12;
const DATA: usize = 10;

fn sheet(frame: &Frame<'_>) -> Sheet {
    let state = frame.state;
    let clusters = &state.board.clusters;
    let live = clusters
        .iter()
        .filter(|(_, freshness)| freshness.counts())
        .count();
    let second = Row::line(Role::Text, lasts(state)).right(
        1,
        Role::Text,
        format!("{live} of {} clusters live", clusters.len()),
    );
    let mut panes = vec![who::who(frame), list(frame)];
    let mark = listed(state);
    let marked = state
        .config
        .clusters
        .iter()
        .find(|cluster| Some(cluster.name.as_str()) == mark.as_deref());
    panes.extend(marked.into_iter().flat_map(|cluster| {
        let short = about(frame, cluster);
        [short, rights::pane(frame, cluster)]
    }));
    if let Some(Prompt::SignOut { audience, anew }) = &state.prompt {
        panes.truncate(2);
        prompts::unfocus(&mut panes);
        panes.push(asks_enter(frame, audience, *anew));
    }
    Sheet {
        second,
        panes,
        left_out: frame
            .narrow()
            .then(|| "THE SERVER SAYS YOU ARE, DATA".to_owned())
            .into_iter()
            .collect(),
    }
}

fn list(frame: &Frame<'_>) -> Pane {
    let clusters = rows::clusters(frame.state);
    let longest = clusters
        .iter()
        .map(|cluster| text::width(cluster.name.as_str()))
        .max()
        .unwrap_or(0)
        .max(8);
    let at = longest + 5;
    let state_at = (at + 45).min(frame.width.saturating_sub(STATE + DATA));
    let columns = (at, state_at);
    let head = Row::new()
        .put(3, Role::Dim, "CLUSTER")
        .put(at, Role::Dim, "FINGERPRINT")
        .put(at + 13, Role::Dim, "SAME");
    let head = if frame.narrow() {
        head.put(at + 19, Role::Dim, "STATE")
    } else {
        head.put(at + 19, Role::Dim, "THE SERVER SAYS YOU ARE")
            .put(state_at, Role::Dim, "STATE")
            .put(state_at + STATE, Role::Dim, "DATA")
    };
    let row = |cluster: &&Cluster| row(frame, cluster, columns);
    let note = clusters.len().to_string();
    let mut pane = Pane::new("CLUSTERS")
        .note(note)
        .focus(frame.pane(0))
        .head(head)
        .rows(clusters.iter().map(row))
        .least(3);
    if clusters.is_empty() {
        pane = pane.rows([Row::new().put(
            3,
            Role::Text,
            "No cluster is configured, or none matches.",
        )]);
    }
    if frame.pane(0) {
        pane = pane.list(frame.state.nav.mark());
        pane.counted = false;
    }
    pane
}

/// One cluster's row; the columns are those of FINGERPRINT and of STATE.
fn row(frame: &Frame<'_>, cluster: &Cluster, (at, state_at): (usize, usize)) -> Row {
    let world = frame.state.world.cluster(&cluster.name);
    let (same_role, same) = same(cluster, world);
    let (says_role, says) = match rows::disagreement(frame.state, cluster) {
        Some((_, server)) => (Role::Warn, server.to_string()),
        None => says(world),
    };
    let (state_role, state) = state_of(frame, cluster);
    let print = cluster
        .fingerprint
        .as_ref()
        .map_or("not yet", |print| print.short8());
    let line = Row::new()
        .id(cluster.name.to_string())
        .put(3, Role::Text, cluster.name.as_str())
        .put(at, Role::Digest, print)
        .put(at + 13, same_role, same);
    if frame.narrow() {
        return line.put(at + 19, state_role, state);
    }
    let (data_role, data) = data(frame, cluster);
    line.put(at + 19, says_role, says)
        .put(state_at, state_role, state)
        .put(state_at + STATE, data_role, data)
}

/// Bytes a second of a connection that is heard, `?` until its counters were looked at; how often another one was tried.
fn data(frame: &Frame<'_>, cluster: &Cluster) -> (Role, String) {
    let (state_role, _) = state_of(frame, cluster);
    let world = frame.state.world.cluster(&cluster.name);
    match frame.state.traffic_on(&cluster.name) {
        _ if !matches!(state_role, Role::Text | Role::Late) => {
            match world.map_or(0, ClusterWorld::tries) {
                0 => (Role::None, "-".to_owned()),
                tries => (state_role, format!("try {tries}")),
            }
        }
        Some(traffic) => (Role::Text, traffic.rate().to_string()),
        None => (Role::Unknown, "?".to_owned()),
    }
}

/// Whether the cluster is the one of the configuration: a `no` is CRIT, never remembered by itself.
fn same(cluster: &Cluster, world: Option<&ClusterWorld>) -> (Role, &'static str) {
    let Some(world) = world else {
        return (Role::Unknown, "?");
    };
    match (world.reach(), world.uid_matches(cluster)) {
        (Reach::OtherCa { .. }, _) | (_, Some(false)) => (Role::Crit, "no"),
        (_, Some(true)) => (Role::Ok, "yes"),
        (_, None) => (Role::Unknown, "?"),
    }
}

/// Whom the server takes us for, or why nobody asked.
fn says(world: Option<&ClusterWorld>) -> (Role, String) {
    let Some(world) = world else {
        return (Role::Unknown, "not asked".to_owned());
    };
    match (world.reach(), world.greeting()) {
        (Reach::NotSignedIn, _) => (Role::Unknown, "? not signed in".to_owned()),
        (Reach::Unreachable(why), _) => (Role::Unknown, format!("not asked: {why}")),
        (Reach::OtherCa { .. }, _) => (Role::Crit, "not asked: another CA".to_owned()),
        (_, None) => (Role::Unknown, "? asked".to_owned()),
        (_, Some(greeting)) => match &greeting.user {
            Some(user) => (Role::Text, user.to_string()),
            None => (Role::Unknown, "? does not say".to_owned()),
        },
    }
}

fn state_of(frame: &Frame<'_>, cluster: &Cluster) -> (Role, String) {
    let found = frame
        .state
        .board
        .clusters
        .iter()
        .find(|(name, _)| *name == cluster.name);
    let freshness = found.map_or(Freshness::Never, |(_, freshness)| *freshness);
    let role = match freshness {
        Freshness::Live => Role::Text,
        Freshness::Late(_) => Role::Late,
        Freshness::Silent(_) => Role::Stale,
        Freshness::Never => Role::Unknown,
    };
    (role, freshness.words())
}

/// The marked cluster in short: server and authority, what is asked of it, and what is wrong with its identity.
fn about(frame: &Frame<'_>, cluster: &Cluster) -> Pane {
    let world = frame.state.world.cluster(&cluster.name);
    let mut rows = vec![fact("server", server(frame, cluster))];
    if let Some(world) = world {
        rows.push(fact("asks", asks(frame, cluster, world)));
        rows.extend(told(frame, not_same(cluster, world), Role::Crit));
    }
    let least = rows.len();
    Pane::new(cluster.name.as_str()).rows(rows).least(least)
}

/// One sentence in as many lines as it needs.
fn told(frame: &Frame<'_>, words: Option<String>, role: Role) -> Vec<Row> {
    let lines = words.map_or_else(Vec::new, |words| {
        text::wrap(&words, frame.width.saturating_sub(13))
    });
    let lines = lines.into_iter();
    lines.map(|line| Row::new().put(12, role, line)).collect()
}

/// `https://10.0.0.1:6443  v1.34.3   CA sth-prod.crt, ends 2031-02`.
fn server(frame: &Frame<'_>, cluster: &Cluster) -> String {
    let world = frame.state.world.cluster(&cluster.name);
    let version = world
        .and_then(ClusterWorld::greeting)
        .map_or(String::new(), |greeting| format!("  {}", greeting.version));
    let file = cluster.ca.path.file_name().unwrap_or_default();
    let file = SafeText::new(&file.to_string_lossy());
    let ends = cluster.ca.ends().map_or("?".to_owned(), |ends| {
        text::column_clock(ends, frame.state.judged_at.wall)
    });
    format!("{}{version}  CA {file}, ends {ends}", cluster.server)
}

/// `11 watches, 0 late; clock 0s apart; latency 11ms`.
fn asks(frame: &Frame<'_>, cluster: &Cluster, world: &ClusterWorld) -> String {
    let now = frame.state.judged_at;
    let heard = |watch: &Watch| world.watch(*watch).last_heard.is_some();
    let heard = Watch::ALL.into_iter().filter(heard);
    let (mut watches, mut late) = (0, 0);
    for watch in heard {
        watches += 1;
        late += usize::from(world.watch_freshness(watch, now) != Freshness::Live);
    }
    let ahead = world.greeting().and_then(|greeting| greeting.clock_ahead_s);
    let clock = ahead.map_or(String::new(), |s| format!("; clock {}s apart", s.abs()));
    let latency = frame.state.traffic_on(&cluster.name);
    let latency = latency.map_or(String::new(), |one| format!("; {}", one.latency()));
    format!("{watches} watches, {late} late{clock}{latency}")
}

/// Since when, and until when.
fn lasts(state: &State) -> String {
    let now = state.judged_at.wall;
    let Some((audience, session)) = state.sign_ins.sessions().next() else {
        return "Session".to_owned();
    };
    let ends = text::clock(session.expires_at, now);
    match state.sign_ins.times(audience) {
        Some(times) => {
            let since = text::clock(times.since, now);
            format!("Session  since {since}, ends {ends}")
        }
        None => format!("Session  ends {ends}"),
    }
}

/// The cluster that the lower panes are about: the marked one, or the one that was while WHO has the focus.
fn listed(state: &State) -> Option<String> {
    let clusters = rows::rows(state, Screen::Session, 0);
    let mark = state.nav.mark();
    let known = |name: &&String| Some(name.as_str()) == mark;
    let found = clusters.iter().find(known).or(clusters.first());
    found.cloned()
}

/// Asks whether a sign-in is to end.
fn asks_enter(frame: &Frame<'_>, audience: &Audience, anew: bool) -> Pane {
    let config = &frame.state.config;
    let names = audience.clusters(config).into_iter();
    let names: Vec<&str> = names.map(|one| one.name.as_str()).collect();
    let (host, names) = (audience.host(config), names.join(", "));
    let (title, words) = if anew {
        (
            "SIGN IN ANEW",
            format!(
                "Enter ends this sign-in at {host} and asks for a new one. Until it is answered, what {names} showed is history."
            ),
        )
    } else {
        (
            "SIGN OUT",
            format!(
                "Enter signs out at {host}: its tokens are revoked there and forgotten here, and {names} is read no more."
            ),
        )
    };
    let lines = text::wrap(&words, frame.width.saturating_sub(2));
    let rows = lines.into_iter().map(|line| Row::line(Role::Text, line));
    let pane = Pane::new(title).focus(true).rows(rows);
    let least = pane.rows.len();
    pane.least(least)
}

/// One line of a label and its words.
fn fact(label: &'static str, words: impl Into<String>) -> Row {
    Row::new()
        .put(3, Role::Dim, label)
        .put(12, Role::Text, words)
}

fn not_same(cluster: &Cluster, world: &ClusterWorld) -> Option<String> {
    match world.reach() {
        Reach::OtherCa { expected, found } => Some(format!(
            "{0} is not the {0} of the configuration: its CA key is {found}, expected {expected}. Nothing was sent.",
            cluster.name
        )),
        _ if world.uid_matches(cluster) == Some(false) => {
            let there = world
                .greeting()
                .and_then(|greeting| greeting.uid.clone())
                .unwrap_or_default();
            let expected = cluster
                .fingerprint
                .as_ref()
                .and_then(|print| print.uid.clone())
                .unwrap_or_default();
            let (there, expected) = (first(there.as_str()), first(&expected));
            Some(format!(
                "{0} is not the {0} of the configuration: kube-system is {there} there, expected {expected}. Changes are off; reading goes on.",
                cluster.name
            ))
        }
        _ => None,
    }
}

/// The first eight of an id.
fn first(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

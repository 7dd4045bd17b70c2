//! The session: as whom, how long, to which clusters, with what state?

use super::Entry;
use super::Frame;
use super::Sheet;
use crate::config::Cluster;
use crate::sources::fact::Watch;
use crate::sources::seen::Freshness;
use crate::sources::world::ClusterWorld;
use crate::sources::world::Reach;
use crate::state::State;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Session,
    name: "the Session",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let state = frame.state;
    let now = state.judged_at.wall;
    let clusters = &state.board.clusters;
    let live = clusters
        .iter()
        .filter(|(_, freshness)| freshness.counts())
        .count();
    let ends = match state.sign_ins.sessions().next() {
        Some((_, session)) => format!("Session  ends {}", text::clock(session.expires_at, now)),
        None => "Session".to_owned(),
    };
    let second = Row::line(Role::Text, ends).right(
        1,
        Role::Text,
        format!("{live} of {} clusters live", clusters.len()),
    );
    let mut panes = vec![who(frame), list(frame)];
    let mark = rows::marked(state);
    let marked = state
        .config
        .clusters
        .iter()
        .find(|cluster| Some(cluster.name.as_str()) == mark.as_deref());
    panes.extend(marked.map(|cluster| about(frame, cluster)));
    Sheet {
        second,
        panes,
        left_out: frame
            .narrow()
            .then(|| "THE SERVER SAYS YOU ARE".to_owned())
            .into_iter()
            .collect(),
    }
}

fn who(frame: &Frame<'_>) -> Pane {
    let state = frame.state;
    let mut facts = Vec::new();
    match &state.person {
        None => facts.push(("person", "Not signed in. Enter signs in.".to_owned())),
        Some(person) => {
            let groups = person
                .groups
                .iter()
                .map(crate::text::SafeText::as_str)
                .collect::<Vec<_>>()
                .join(" ");
            let role = person.role(&state.config.policy);
            facts.push(("person", format!("{}    {role}", person.login)));
            facts.push(("issuer", format!("{}    groups {groups}", person.issuer)));
            facts.push(("tokens", tokens(state)));
        }
    }
    facts.extend(sign_ins(state).map(|words| ("sign-in", words)));
    let policy = &state.config.policy.label;
    let custody = if state.log.custody.is_empty() {
        "chained"
    } else {
        state.log.custody
    };
    facts.push((
        "here",
        format!("{}    log custody: {custody}", state.here.host),
    ));
    facts.push(("policy", policy.clone()));
    let room = frame.width.saturating_sub(14);
    let rows = facts.into_iter().flat_map(|(label, words)| {
        // Why tokens are not kept is read to its end; what else stands here is cut at the edge.
        let lines = if label == "tokens" {
            text::wrap(&words, room)
        } else {
            vec![words]
        };
        lines.into_iter().enumerate().map(move |(line, words)| {
            let label = if line == 0 { label } else { "" };
            Row::new()
                .put(3, Role::Dim, label)
                .put(12, Role::Text, words)
        })
    });
    Pane::new("WHO").rows(rows).least(1)
}

/// Where tokens are kept, or why not there.
fn tokens(state: &State) -> String {
    let settings = &state.config.tokens;
    match &state.unkept {
        Some(why) => why.to_string(),
        None if settings.store.outlives() => {
            let shift = crate::config::words(settings.shift_s);
            format!("kept in {} for {shift} at most", settings.store.word())
        }
        None => "kept in memory only".to_owned(),
    }
}

/// Where each sign-in stands, in an estate that needs several.
fn sign_ins(state: &State) -> impl Iterator<Item = String> {
    let (config, all) = (&state.config, state.sign_ins.audiences());
    let several = all.len() > 1;
    all.iter().filter(move |_| several).map(|one| {
        let names = one.clusters(config).into_iter();
        let names: Vec<&str> = names.map(|one| one.name.as_str()).collect();
        let (names, host) = (names.join(" "), one.host(config));
        match state.sign_ins.session(one) {
            Some(session) => {
                let ends = text::clock(session.expires_at, state.judged_at.wall);
                format!("{names}: {} at {host}, ends {ends}", session.person.short())
            }
            None => format!("{names}: ? not signed in at {host}"),
        }
    })
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
    let head = Row::new()
        .put(3, Role::Dim, "CLUSTER")
        .put(at, Role::Dim, "FINGERPRINT")
        .put(at + 13, Role::Dim, "SAME");
    let head = if frame.narrow() {
        head.put(at + 19, Role::Dim, "STATE")
    } else {
        head.put(at + 19, Role::Dim, "THE SERVER SAYS YOU ARE")
            .put(at + 45, Role::Dim, "STATE")
    };
    let row = |cluster: &&Cluster| {
        let world = frame.state.world.cluster(&cluster.name);
        let (same_role, same) = same(cluster, world);
        let (says_role, says) = says(world);
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
        line.put(at + 19, says_role, says)
            .put(at + 45, state_role, state)
    };
    let note = clusters.len().to_string();
    let mut pane = Pane::new("CLUSTERS")
        .note(note)
        .focus(true)
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
    let mut pane = pane.list(frame.state.nav.mark());
    pane.counted = false;
    pane
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

/// The marked cluster: server, what is asked of it, and what is wrong with its identity.
fn about(frame: &Frame<'_>, cluster: &Cluster) -> Pane {
    let world = frame.state.world.cluster(&cluster.name);
    let version = world
        .and_then(ClusterWorld::greeting)
        .map_or(String::new(), |greeting| format!("  {}", greeting.version));
    let fact = |label: &'static str, words: String| {
        Row::new()
            .put(3, Role::Dim, label)
            .put(12, Role::Text, words)
    };
    let mut rows = vec![fact(
        "server",
        format!("{}{version}   {}", cluster.server, cluster.site.word()),
    )];
    if let Some(world) = world {
        rows.push(fact("asks", asks(frame, world)));
        let rights = rows::rights_on(frame.state, &cluster.name);
        let rights = text::wrap(&rights, frame.width.saturating_sub(13));
        let labels = std::iter::once("rights").chain(std::iter::repeat(""));
        rows.extend(labels.zip(rights).map(|(label, line)| fact(label, line)));
        if let Some(words) = not_same(cluster, world) {
            let lines = text::wrap(&words, frame.width.saturating_sub(13));
            rows.extend(
                lines
                    .into_iter()
                    .map(|line| Row::new().put(12, Role::Crit, line)),
            );
        }
    }
    if let Some(print) = &cluster.fingerprint {
        rows.push(Row::new().put(3, Role::Dim, "ca key").put(
            12,
            Role::Digest,
            print.ca_key.clone(),
        ));
    }
    Pane::new(cluster.name.as_str()).rows(rows).least(1)
}

/// `11 sources, 0 late; clock 0s apart`.
fn asks(frame: &Frame<'_>, world: &ClusterWorld) -> String {
    let now = frame.state.judged_at;
    let heard = Watch::ALL
        .iter()
        .filter(|watch| world.watch(**watch).last_heard.is_some());
    let (mut watches, mut late) = (0, 0);
    for watch in heard {
        watches += 1;
        let silence = world
            .watch(*watch)
            .last_heard
            .map(|at| now.seconds_since(at));
        late += usize::from(Freshness::judge(silence, 0) != Freshness::Live);
    }
    let ahead = world.greeting().and_then(|greeting| greeting.clock_ahead_s);
    let clock = ahead.map_or(String::new(), |s| format!("; clock {}s apart", s.abs()));
    format!("{watches} sources, {late} late{clock}")
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

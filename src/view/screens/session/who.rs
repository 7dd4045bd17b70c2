//! WHO: the person, how and when they proved it, where tokens are kept, and where this console stands.

use super::fact;
use crate::auth::audience::Audience;
use crate::config::Cluster;
use crate::config::ClusterName;
use crate::state::State;
use crate::state::rows;
use crate::text;
use crate::text::SafeText;
use crate::view::role::Role;
use crate::view::screens::Frame;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

/// Column of a row's second half.
const SECOND: usize = 35;

/// The pane; Enter on it signs in, or anew.
pub(super) fn who(frame: &Frame<'_>) -> Pane {
    let state = frame.state;
    let mut rows = Vec::new();
    match &state.person {
        None => rows.push(fact("person", "Not signed in. Enter signs in.")),
        Some(person) => {
            let session = state.sign_ins.sessions().next();
            let login = person.login.as_str();
            let issuer = session.map_or(person.issuer.clone(), |(one, _)| one.host(&state.config));
            rows.push(two("person", login, &proved(state)));
            rows.push(two("issuer", &issuer, &groups(&person.groups)));
            rows.extend(tokens(frame));
        }
    }
    rows.extend(disagree(frame));
    rows.extend(unproved(state));
    let each = sign_ins(state);
    let several = each.len() > 1;
    rows.extend(each.into_iter().filter(|_| several).map(|(_, row)| row));
    let custody = match state.log.custody {
        "" => "chained",
        custody => custody,
    };
    rows.push(two(
        "here",
        &here(state),
        &format!("log custody: {custody}"),
    ));
    rows.push(fact("policy", state.config.policy.label.as_str()));
    if let Some((id, _)) = sign_ins(state).first().filter(|_| !several) {
        let first = std::mem::take(&mut rows[0]);
        rows[0] = first.id(id.clone());
    }
    let focus = frame.pane(1);
    let mut pane = Pane::new("WHO").focus(focus).rows(rows).least(1);
    if focus {
        pane = pane.list(frame.state.nav.mark());
        pane.counted = false;
    }
    pane
}

/// One row of two halves: the second in its column, or after a first half that is longer.
fn two(label: &'static str, first: &str, second: &str) -> Row {
    let row = fact(label, first);
    if text::width(first) + 14 > SECOND {
        row.then(3, Role::Text, second)
    } else {
        row.put(SECOND, Role::Text, second)
    }
}

/// How and when they proved who they are, in the issuer's words.
fn proved(state: &State) -> String {
    let Some((_, session)) = state.sign_ins.sessions().next() else {
        return "no sign-in: a file or --as says so".to_owned();
    };
    let at = session
        .auth_time
        .map(|at| text::clock_seconds(at, state.judged_at.wall));
    match (&session.acr, at) {
        (Some(acr), Some(at)) => format!("proved as {} at {at}", SafeText::new(acr)),
        (Some(acr), None) => format!("proved as {}, ? not said when", SafeText::new(acr)),
        (None, Some(at)) => format!("proved at {at}, ? not said how"),
        (None, None) => "? not said how it was proved".to_owned(),
    }
}

fn groups(groups: &[SafeText]) -> String {
    let names: Vec<&str> = groups.iter().map(SafeText::as_str).collect();
    match names.as_slice() {
        [] => "groups ? none said".to_owned(),
        names => format!("groups {}", names.join(" ")),
    }
}

/// Where tokens are kept and until when they are good; why not there is read to its end.
fn tokens(frame: &Frame<'_>) -> Vec<Row> {
    let state = frame.state;
    let Some(why) = &state.unkept else {
        return vec![two("tokens", &kept(state), &renewed(state))];
    };
    let lines = text::wrap(why.as_str(), frame.width.saturating_sub(14));
    let labels = std::iter::once("tokens").chain(std::iter::repeat(""));
    let rows = labels.zip(lines).map(|(label, line)| fact(label, line));
    rows.collect()
}

/// Where tokens are kept.
fn kept(state: &State) -> String {
    let settings = &state.config.tokens;
    if settings.store.outlives() {
        let shift = crate::config::words(settings.shift_s);
        format!("kept in {} for {shift} at most", settings.store.word())
    } else {
        "kept in memory only".to_owned()
    }
}

/// When they were last renewed, and when they will be.
fn renewed(state: &State) -> String {
    let first = state.sign_ins.sessions().next();
    let times = first.and_then(|(audience, _)| state.sign_ins.times(audience));
    times.map_or(String::new(), |times| {
        let clock = |at| text::clock(at, state.judged_at.wall);
        let word = if times.renewed == times.since {
            "new at"
        } else {
            "renewed"
        };
        let next = times.next.map(|at| format!(", next {}", clock(at)));
        format!(
            "{word} {}{}",
            clock(times.renewed),
            next.unwrap_or_default()
        )
    })
}

/// Host, terminal and where from.
fn here(state: &State) -> String {
    let here = &state.here;
    let mut words = here.host.to_string();
    if !here.tty.is_empty() {
        words = format!("{words} {}", here.tty);
    }
    if !here.remote.is_empty() {
        words = format!("{words} from {}", here.remote);
    }
    words
}

/// The servers that take the person for somebody else than the token says, both shown.
fn disagree(frame: &Frame<'_>) -> Vec<Row> {
    let state = frame.state;
    let clusters = state.config.clusters.iter();
    let sentences = clusters.filter_map(|cluster| {
        let (token, server) = rows::disagreement(state, cluster)?;
        let name = &cluster.name;
        Some(format!(
            "{name} says you are {server}, the token says {token}"
        ))
    });
    let lines = sentences.flat_map(|words| text::wrap(&words, frame.width.saturating_sub(13)));
    lines
        .map(|line| {
            Row::new()
                .put(3, Role::Warn, "WARN")
                .put(12, Role::Warn, line)
        })
        .collect()
}

/// The clusters that are read by their fallback, because their issuer is down.
fn unproved(state: &State) -> Option<Row> {
    let names: Vec<&str> = state.fallbacks.iter().map(ClusterName::as_str).collect();
    let words = format!("not proved on {}: read by fallback", names.join(", "));
    (!names.is_empty()).then(|| {
        Row::new()
            .put(3, Role::Warn, "WARN")
            .put(12, Role::Warn, words)
    })
}

/// Where each sign-in stands, with its identity.
fn sign_ins(state: &State) -> Vec<(String, Row)> {
    let ids = rows::sign_ins(state).into_iter();
    let each = ids.filter_map(|id| Some((rows::audience(state, &id)?, id.clone())));
    let row = |(one, id): (&Audience, String)| {
        let names = one.clusters(&state.config);
        let names: Vec<&str> = names
            .iter()
            .map(|one: &&Cluster| one.name.as_str())
            .collect();
        let (names, host) = (names.join(" "), one.host(&state.config));
        let words = match state.sign_ins.session(one) {
            Some(session) => {
                let ends = text::clock(session.expires_at, state.judged_at.wall);
                format!("{names}: {} at {host}, ends {ends}", session.person.short())
            }
            None => format!("{names}: ? not signed in at {host}"),
        };
        (id.clone(), fact("sign-in", words).id(id))
    };
    each.map(row).collect()
}

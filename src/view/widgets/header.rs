//! Header line 1, at fixed columns: program, estate, mode, who acts, the log. And line 2 when the log is stopped.

use super::row::Row;
use crate::config::ClusterName;
use crate::runbook::plan::Mode;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;
use crate::sources::seen::Freshness;
use crate::state::State;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text::clock;
use crate::text::count;
use crate::text::left;
use crate::text::width;
use crate::view::role::Role;

/// Line 1 for this width.
pub fn first(state: &State, columns: usize) -> Row {
    if columns < 80 {
        return narrow(state, columns);
    }
    let (mode_at, identity_at) = if columns < 120 { (29, 42) } else { (39, 55) };
    let (log_role, log) = log_words(state);
    let mut row = Row::line(Role::Title, "crashcart").put_in(
        12,
        mode_at - 14,
        Role::Text,
        state.config.estate.name.as_str(),
    );
    let mut at = mode_at;
    for (role, words) in modes(state, columns) {
        row = row.put(at, role, words.clone());
        at += width(&words) + 1;
    }
    let identity_at = identity_at.max(at);
    let room = columns.saturating_sub(identity_at + width(&log) + 2);
    row.put(identity_at, Role::Text, identity(state, room))
        .right(1, log_role, log)
}

/// Line 1 below 80 columns: what never may be cut stands first, the estate is left out.
fn narrow(state: &State, columns: usize) -> Row {
    let (log_role, log) = log_words(state);
    let mut row = Row::line(Role::Title, "crashcart");
    let mut used = 10;
    for (role, words) in modes(state, columns) {
        used += width(&words) + 2;
        row = row.then(2, role, words);
    }
    let room = columns.saturating_sub(used + width(&log) + 4);
    row = row.then(2, Role::Text, identity(state, room));
    if columns >= used + width(&log) + 3 {
        row.right(1, log_role, log)
    } else {
        row.then(2, log_role, log)
    }
}

/// The mode words: DEMO before the mode when the estate is simulated; on a run's wide screen its book too.
fn modes(state: &State, columns: usize) -> Vec<(Role, String)> {
    let mut words = Vec::new();
    if state.here.simulated {
        words.push((Role::ModeDrill, "DEMO".to_owned()));
    }
    words.push(match state.run().filter(|run| holds_mode(state, run)) {
        None => (Role::ModeRead, "READ".to_owned()),
        Some(run) => {
            let (role, word) = match run.mode {
                Mode::Live => (Role::ModeRun, "RUN"),
                Mode::Drill => (Role::ModeDrill, "DRILL"),
            };
            let on_run = matches!(state.nav.screen, Screen::Run | Screen::Plan);
            let book = if columns >= 120 && on_run {
                format!(" {}", book_words(run))
            } else {
                String::new()
            };
            (role, format!("{word} {}{book}", run.short()))
        }
    });
    words
}

/// A run holds the mode from its opening to its end, unless it was put down; with the log stopped nothing does.
fn holds_mode(state: &State, run: &Run) -> bool {
    state.log.stopped.is_none() && !run.ended() && run.status != RunStatus::Held
}

/// Book, version and signature of a run: `restore-namespace v4 signed`.
pub fn book_words(run: &Run) -> String {
    let signed = if run.trusted { "signed" } else { "not signed" };
    format!("{} v{} {signed}", run.book, run.version)
}

/// Who acts, in at most `room` columns: in full where it fits, then short, then the name alone.
fn identity(state: &State, room: usize) -> String {
    let place = acted_on(state);
    let person = match &place {
        Some(cluster) => state.person_on(cluster),
        None => state.person.as_ref(),
    };
    let Some(person) = person else {
        let by_fallback = match &place {
            Some(cluster) => state.fallbacks.contains(cluster),
            None => !state.fallbacks.is_empty(),
        };
        let words = if by_fallback {
            "not proved"
        } else {
            "not signed in"
        };
        return words.to_owned();
    };
    let role = person.role(&state.config.policy);
    let session = match &place {
        Some(cluster) => state.session_on(cluster),
        None => state.sign_ins.sessions().next().map(|(_, session)| session),
    };
    let left_s = if let Some(cluster) = &place {
        state.session_left_s(cluster)
    } else {
        let first = state.sign_ins.sessions().next();
        first.and_then(|(one, _)| state.sign_ins.left_s(one, state.judged_at))
    };
    let over = left_s.map_or(String::new(), |left_s| format!(" {}", left(left_s)));
    let full = person.login.to_string();
    let short = person.short().to_owned();
    if !state.board.clusters.is_empty() && session.is_some() && nothing_heard(state) {
        return format!("{short}, not checked");
    }
    let forms = [
        format!("{full} {role}{over}"),
        format!("{short} {role}{over}"),
        format!("{short}{over}"),
    ];
    let wide = room >= 38;
    forms
        .into_iter()
        .skip(usize::from(!wide))
        .find(|form| width(form) <= room)
        .unwrap_or(short)
}

/// The cluster that the screen in view acts on: two issuers may know two persons.
fn acted_on(state: &State) -> Option<ClusterName> {
    match state.nav.screen {
        Screen::Run | Screen::Plan => state.run().map(|run| run.cluster.clone()),
        Screen::Session if state.sign_ins.audiences().len() > 1 => {
            rows::marked(state).map(|mark| ClusterName::from(mark.as_str()))
        }
        _ => None,
    }
}

fn nothing_heard(state: &State) -> bool {
    state
        .board
        .clusters
        .iter()
        .all(|(_, freshness)| *freshness == Freshness::Never)
        && state.last_known.saved.is_some()
}

/// The log's word and its entries, or since when it is stopped.
fn log_words(state: &State) -> (Role, String) {
    if let Some(stopped) = &state.log.stopped {
        let since = clock(stopped.since.wall, state.now.wall);
        return (Role::Alarm, format!("LOG STOPPED {since}"));
    }
    let custody = if state.log.custody.is_empty() {
        "chained"
    } else {
        state.log.custody
    };
    let entries = count(state.log.entries);
    (Role::Text, format!("log {custody} {entries}"))
}

/// Line 2 while the log cannot be written, on every screen.
pub fn alarm(state: &State) -> Option<Row> {
    state.log.stopped.as_ref()?;
    let held = match state.run().filter(|run| !run.ended()) {
        Some(run) => format!(" Run {} is held.", run.short()),
        None => String::new(),
    };
    let words = format!("!! READ ONLY: the log cannot be written.{held}");
    Some(Row::line(Role::Alarm, words).right(1, Role::Alarm, short_clusters(state)))
}

/// `4 live, 1 silent`.
fn short_clusters(state: &State) -> String {
    let all = state.board.clusters.len();
    let live = state
        .board
        .clusters
        .iter()
        .filter(|(_, freshness)| freshness.counts())
        .count();
    format!("{live} live, {} silent", all - live)
}

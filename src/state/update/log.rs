//! The log: its newest lines, its verification, and what stops when it cannot be written.

use crate::sources::level::Level;
use crate::state::LogRow;
use crate::state::State;
use crate::state::Stopped;
use crate::state::action::Action;
use crate::state::effect::Effect;
use crate::state::nav::Screen;
use crate::text::SafeText;

/// Lines kept in memory; the rest is on disk.
const KEPT: usize = 500;
/// Said until the answer is there.
const VERIFYING: &str = "Verifying every entry from disk.";

/// Entries were written.
pub(super) fn logged(state: &mut State, entries: u64, rows: Vec<LogRow>) -> Vec<Effect> {
    state.log.entries = entries;
    for row in rows {
        match state
            .log
            .rows
            .iter()
            .position(|known| known.entry == row.entry)
        {
            Some(at) => state.log.rows[at] = row,
            None => state.log.rows.push(row),
        }
    }
    state.log.rows.sort_by_key(|row| row.entry);
    let surplus = state.log.rows.len().saturating_sub(KEPT);
    state.log.rows.drain(..surplus);
    if state.log.following {
        state.nav.marks.remove(&Screen::Log);
    }
    state.changed();
    Vec::new()
}

/// The log cannot be written: changes stop, reading goes on, the open run is held where it stands.
pub(super) fn stopped(state: &mut State, stopped: Stopped) -> Vec<Effect> {
    let first = state.log.stopped.is_none();
    state.log.stopped = Some(stopped);
    state.prompt = None;
    if first {
        super::go::push(state, Screen::Stopped);
    }
    state.changed();
    Vec::new()
}

/// The log can be written again.
pub(super) fn back(state: &mut State) -> Vec<Effect> {
    if state
        .log
        .stopped
        .as_ref()
        .is_some_and(|stopped| stopped.damaged)
    {
        return Vec::new();
    }
    state.log.stopped = None;
    if state.nav.screen == Screen::Stopped {
        state.nav.screen = state.nav.back.pop().unwrap_or(Screen::Board);
    }
    state.say("The log can be written again.");
    Vec::new()
}

/// The log was verified.
pub(super) fn verified(state: &mut State, sentences: Vec<(Level, SafeText)>) -> Vec<Effect> {
    state.log.verified = sentences;
    if state
        .message
        .as_ref()
        .is_some_and(|said| said.as_str() == VERIFYING)
    {
        state.message = None;
    }
    state.changed();
    Vec::new()
}

/// Keys of the log screen.
pub(super) fn act(state: &mut State, action: &Action) -> Vec<Effect> {
    if *action == Action::LogVerify {
        state.say(VERIFYING);
        return vec![Effect::VerifyLog];
    }
    state.log.following = !state.log.following;
    Vec::new()
}

//! Screens, marks, panes and filters. The mark sits on an identity and keeps it when rows come and go.

use crate::config::ZoneName;
use crate::state::State;
use crate::state::action::Action;
use crate::state::effect::Effect;
use crate::state::nav::Screen;
use crate::state::prompt::Line;
use crate::state::prompt::Prompt;
use crate::state::rows::has_pane;
use crate::state::rows::marked as marked_row;
use crate::state::rows::marked_finding;
use crate::state::rows::pane;
use crate::state::rows::panes;
use crate::state::rows::rows;

/// Lines that a page moves: the body at 80x24 less what stays.
const PAGE: i32 = 12;

/// What moves about and changes nothing outside.
pub(super) fn act(state: &mut State, action: &Action) -> Vec<Effect> {
    match action {
        Action::Go(screen) => go(state, *screen),
        Action::Leave if state.nav.screen == Screen::Board && state.nav.filter.is_empty() => {}
        Action::Back | Action::Leave => return back(state),
        Action::Open | Action::Accept => return open(state),
        Action::Move { by, page } => move_by(state, if *page { by * PAGE } else { *by }),
        Action::End(last) => move_to_end(state, *last),
        Action::Pane(next) => turn_pane(state, *next),
        Action::Side(next) => side(state, *next),
        Action::Palette => {
            state.prompt = Some(Prompt::Palette {
                line: Line::default(),
                at: None,
            });
        }
        Action::Filter => state.prompt = Some(Prompt::Filter(Line::of(&state.nav.filter.clone()))),
        Action::Help => push(state, Screen::Help),
        Action::Runbooks => runbooks(state),
        Action::Times => state.nav.times_swapped = !state.nav.times_swapped,
        Action::Hidden => state.nav.fold_or_unfold(),
        _ => {}
    }
    Vec::new()
}

/// Switches to a screen; back then leads to the board.
pub(super) fn go(state: &mut State, screen: Screen) {
    state.nav.back = if screen == Screen::Board {
        Vec::new()
    } else {
        vec![Screen::Board]
    };
    state.nav.screen = screen;
    state.nav.filter.clear();
    if screen == Screen::Runbooks {
        state.nav.treating = None;
    }
    if screen == Screen::Zone && state.nav.zone.is_none() {
        state.nav.zone = state.board.zones.first().and_then(|row| row.zone.clone());
    }
}

/// Opens a screen on top of the one in view.
pub(super) fn push(state: &mut State, screen: Screen) {
    // What comes late must not lie over the blank of a console that was left.
    let left = state.presence.away.is_some() && screen != Screen::SignIn;
    if state.nav.screen != screen && !left {
        state.nav.back.push(state.nav.screen);
        state.nav.screen = screen;
        state.nav.scroll.remove(&screen);
        state.nav.filter.clear();
    }
}

/// A frame showed how far its text can be scrolled; where somebody scrolled past its end, that is forgotten.
pub(super) fn text_end(state: &mut State, end: usize) -> Vec<Effect> {
    let reads = matches!(state.nav.screen, Screen::Help | Screen::Book);
    if reads && (state.nav.text_end > 0) != (end > 0) {
        // The footer names the keys that scroll only where there is something to scroll.
        state.changed();
    }
    state.nav.text_end = end;
    if let Some(first) = state.nav.scroll.get_mut(&state.nav.screen) {
        *first = (*first).min(end);
    }
    Vec::new()
}

/// Goes back one screen; on the board, leaves. A filter goes first.
fn back(state: &mut State) -> Vec<Effect> {
    if !state.nav.filter.is_empty() {
        state.nav.filter.clear();
        return Vec::new();
    }
    if state.nav.screen == Screen::Plan && state.run().is_some() {
        // The plan stands over its run: going back leads to the steps.
        state.nav.screen = Screen::Run;
        return Vec::new();
    }
    if state.nav.screen == Screen::SignIn {
        return super::sign_in::left(state);
    }
    match state.nav.back.pop() {
        Some(screen) => state.nav.screen = screen,
        None if state.nav.screen == Screen::Board => return super::quit(state),
        None => state.nav.screen = Screen::Board,
    }
    Vec::new()
}

fn marked(state: &State) -> Option<String> {
    let rows = rows(state, state.nav.screen, pane(state));
    let mark = state.nav.mark();
    rows.iter()
        .find(|row| Some(row.as_str()) == mark)
        .or_else(|| rows.first())
        .cloned()
}

fn open(state: &mut State) -> Vec<Effect> {
    let Some(mark) = marked(state) else {
        return Vec::new();
    };
    match state.nav.screen {
        Screen::Board => open_on_board(state, &mark),
        Screen::Runbooks => {
            state.nav.book = Some(mark);
            push(state, Screen::Book);
        }
        Screen::Runs => {
            state.open_run = Some(mark);
            state.nav.marks.remove(&Screen::Run);
            state.heard = None;
            push(state, Screen::Run);
        }
        Screen::Session => return super::session::open(state, &mark),
        _ => {}
    }
    Vec::new()
}

/// A finding opens whole; a zone or a cluster in it opens the zone.
fn open_on_board(state: &mut State, mark: &str) {
    if let Some(zone) = mark.strip_prefix("zone/") {
        let name = zone.split('/').next().unwrap_or_default();
        state.nav.zone = (!name.is_empty()).then(|| ZoneName::from(name));
        push(state, Screen::Zone);
    } else {
        state.nav.marks.insert(Screen::Finding, mark.to_owned());
        push(state, Screen::Finding);
    }
}

/// Shows the runbooks that treat the finding behind the mark.
fn runbooks(state: &mut State) {
    let Some(finding) = marked_finding(state) else {
        state.say("Nothing is found against what is marked. 7 shows every runbook.");
        return;
    };
    state.nav.treating = Some(finding.id());
    state.nav.hidden_shown.remove(&Screen::Runbooks);
    state.nav.marks.remove(&Screen::Runbooks);
    push(state, Screen::Runbooks);
}

fn move_by(state: &mut State, by: i32) {
    let screen = state.nav.screen;
    let rows = rows(state, screen, pane(state));
    if rows.is_empty()
        || matches!(
            screen,
            Screen::Book | Screen::Help | Screen::Plan | Screen::Finding | Screen::Cluster
        )
    {
        let line = state.nav.scroll.entry(screen).or_insert(0);
        *line = line.saturating_add_signed(by as isize);
        return;
    }
    let mark = marked_row(state);
    let here = rows.iter().position(|row| Some(row) == mark.as_ref());
    let there = here
        .unwrap_or(0)
        .saturating_add_signed(by as isize)
        .min(rows.len() - 1);
    state.nav.marks.insert(screen, rows[there].clone());
    if screen == Screen::Log {
        state.log.following = there == 0;
    }
}

fn move_to_end(state: &mut State, last: bool) {
    let screen = state.nav.screen;
    let rows = rows(state, screen, pane(state));
    let row = if last { rows.last() } else { rows.first() };
    if let Some(row) = row {
        state.nav.marks.insert(screen, row.clone());
    }
    state
        .nav
        .scroll
        .insert(screen, if last { usize::MAX / 2 } else { 0 });
}

fn turn_pane(state: &mut State, next: bool) {
    let count = panes(state.nav.screen);
    let here = pane(state);
    let step = if next { 1 } else { count - 1 };
    let mut others = (1..count).map(|turn| (here + turn * step) % count);
    let Some(there) = others.find(|pane| has_pane(state, *pane)) else {
        return;
    };
    state.nav.panes.insert(state.nav.screen, there);
    state.nav.marks.remove(&state.nav.screen);
}

/// The neighbour: the next or previous zone, or the next or previous request of a plan.
fn side(state: &mut State, next: bool) {
    match state.nav.screen {
        Screen::Zone => {
            let zones: Vec<_> = state
                .board
                .zones
                .iter()
                .map(|row| row.zone.clone())
                .collect();
            if zones.is_empty() {
                return;
            }
            let here = zones
                .iter()
                .position(|zone| *zone == state.nav.zone)
                .unwrap_or(0);
            let there = if next {
                here + 1
            } else {
                here + zones.len() - 1
            } % zones.len();
            state.nav.zone.clone_from(&zones[there]);
            state.nav.marks.remove(&Screen::Zone);
        }
        Screen::Plan => {
            let rows = rows(state, Screen::Plan, 0);
            let here = rows
                .iter()
                .position(|row| Some(row.as_str()) == state.nav.mark())
                .unwrap_or(0);
            let there = if next {
                here + 1
            } else {
                here.saturating_sub(1)
            };
            if let Some(row) = rows.get(there) {
                state.nav.marks.insert(Screen::Plan, row.clone());
                state.nav.scroll.insert(Screen::Plan, 0);
            }
        }
        _ => {}
    }
}

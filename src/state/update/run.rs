//! Runs: what a key asks of the open run, what the log and the world answer, and what goes on by itself.
//!
//! The run decides (`runbook::engine`), this file carries: commands become effects, entries are folded back in.
//! At most one thing of a run is under way at a time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::offer::card;
use super::offer::enter_off;
use super::offer::not_yet;
use super::offer::sight;
use crate::config::ClusterName;
use crate::runbook::engine::Command;
use crate::runbook::event::RunEvent;
use crate::runbook::open;
use crate::runbook::plan::Mode;
use crate::runbook::press::Input;
use crate::runbook::reading::Heard;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;
use crate::sources::world::ClusterWorld;
use crate::state::State;
use crate::state::action::Action;
use crate::state::effect::Effect;
use crate::state::effect::Shown;
use crate::state::nav::Screen;
use crate::state::prompt::Line;
use crate::state::prompt::Prompt;
use crate::text::SafeText;

/// Said in a window that does not show a request whole: there no key changes anything.
pub(super) const SMALL: &str = "no: needs 80x24 to show the request in full.";

/// Opens a run, unless the zone, the policy or the person forbids it; the refusal is said and nothing is asked of anybody.
pub(super) fn open(state: &mut State, book: &str, params: BTreeMap<String, String>) -> Vec<Effect> {
    if state.busy.is_some() {
        state.say("Wait: the last thing asked for is still under way.");
        return Vec::new();
    }
    let cluster = params.get("cluster").map(String::as_str);
    let acts = match cluster.map(ClusterName::from) {
        Some(cluster) if state.config.cluster(&cluster).is_some() => state.person_on(&cluster),
        _ => state.person.as_ref(),
    };
    let Some(person) = acts.cloned() else {
        let why = nobody(state, cluster);
        state.refusal = Some(SafeText::new(&why));
        state.say(why);
        return Vec::new();
    };
    let request = open::Request {
        run: String::new(),
        book: book.to_owned(),
        mode: Mode::Live,
        params,
    };
    match open::open(&request, &sight(state, &person), state.now) {
        Ok(opened) => {
            state.busy = Some(String::new());
            vec![Effect::Open {
                opened: Box::new(opened),
            }]
        }
        Err(why) => {
            state.refusal = Some(why.clone());
            state.say(why);
            Vec::new()
        }
    }
}

/// Why nobody is known to act on a cluster.
fn nobody(state: &State, cluster: Option<&str>) -> String {
    let place = cluster.unwrap_or("any cluster");
    if cluster.is_some_and(|name| state.fallbacks.contains(&ClusterName::from(name))) {
        return format!(
            "{place} is read by its fallback and who acts is not proved, so nothing is changed: 0, then Enter, signs in."
        );
    }
    let known = cluster.and_then(|name| state.config.cluster(&ClusterName::from(name)));
    if known.is_some_and(|cluster| state.has_credential(cluster)) {
        format!("{place} has not said who you are; crashcart doctor says why.")
    } else {
        format!("Nobody is signed in to {place}: 0 shows the session; Enter there signs in.")
    }
}

/// Shows the run that was interrupted, if it is this person's, before anything else.
pub(super) fn greet(state: &mut State) {
    let mine = |run: &&Run| {
        let acts = state.person_on(&run.cluster);
        run.status == RunStatus::Interrupted && acts.is_some_and(|person| run.by == person.login)
    };
    if let Some(run) = state.runs.iter().find(mine) {
        state.open_run = Some(run.id.clone());
        super::go::push(state, Screen::Run);
        state.say("This run was interrupted. The world is read before anything can be done.");
    }
}

/// A key on a run.
pub(super) fn act(state: &mut State, action: Action, alone: bool) -> Vec<Effect> {
    match action {
        Action::Resume(id) => {
            state.open_run = Some(id);
            state.heard = None;
            super::go::push(state, Screen::Run);
            press(state, Input::Look)
        }
        Action::RunPlan => {
            plan_or_steps(state);
            Vec::new()
        }
        Action::RunDo => do_it(state, alone),
        Action::RunSkip => ask_reason(state, false),
        Action::RunAbort => ask_reason(state, true),
        Action::RunUndo => press(state, Input::Undo),
        Action::RunHold => press(state, Input::Hold),
        Action::Refresh if state.nav.screen == Screen::Run => press(state, Input::Look),
        _ => Vec::new(),
    }
}

fn plan_or_steps(state: &mut State) {
    if state.run().is_none_or(|run| run.plan.is_none()) {
        state.say("There is no plan yet: it is still being prepared.");
    } else if state.nav.screen == Screen::Plan {
        state.nav.screen = Screen::Run;
    } else {
        state.nav.screen = Screen::Plan;
    }
}

fn ask_reason(state: &mut State, abort: bool) -> Vec<Effect> {
    if !state.roomy() {
        state.say(SMALL);
    } else if state.run().is_some() {
        state.prompt = Some(Prompt::Reason {
            abort,
            line: Line::default(),
        });
    }
    Vec::new()
}

/// Enter: does what the pane shows, if it was shown long enough and the key came alone.
fn do_it(state: &mut State, alone: bool) -> Vec<Effect> {
    let Some((card, run)) = card(state).zip(state.run()) else {
        return Vec::new();
    };
    if let Some(why) = enter_off(state, run, &card) {
        state.say(why);
        return Vec::new();
    }
    let sends = card.sends || card.typed.is_some();
    if let Some(why) = not_yet(state, alone).filter(|_| sends) {
        state.say(why);
        return Vec::new();
    }
    let shown = Shown {
        generation: generation(state, &run.cluster),
        digest: card.digest,
    };
    match card.typed {
        Some(want) => {
            state.prompt = Some(Prompt::Name {
                want,
                line: Line::default(),
                refused: None,
                shown,
            });
            Vec::new()
        }
        None => press_shown(state, Input::Enter, Some(shown)),
    }
}

/// A name was typed: letter by letter the one that was asked for, or nothing is sent.
pub(super) fn typed(state: &mut State, want: String, line: Line, shown: Shown) -> Vec<Effect> {
    if line.text == want {
        return press_shown(state, Input::Typed(line.text), Some(shown));
    }
    let refused = Some(format!(
        "\"{}\" is not {want}: nothing was sent.",
        line.text
    ));
    state.prompt = Some(Prompt::Name {
        want,
        line: Line::default(),
        refused,
        shown,
    });
    Vec::new()
}

/// A reason was typed, for a skip or an abort; without one nothing happens.
pub(super) fn reason(state: &mut State, abort: bool, line: Line) -> Vec<Effect> {
    let reason = line.text.trim().to_owned();
    if reason.is_empty() {
        state.say("A reason is needed: one sentence, no patients.");
        state.prompt = Some(Prompt::Reason { abort, line });
        return Vec::new();
    }
    press(
        state,
        if abort {
            Input::Abort { reason }
        } else {
            Input::Skip { reason }
        },
    )
}

/// Generation of the connection to a cluster; 0 when there is none.
fn generation(state: &State, cluster: &ClusterName) -> u64 {
    let world = state.world.cluster(cluster);
    world.map_or(0, ClusterWorld::generation)
}

/// Presses one thing on the open run that sends nothing a person must have seen, or shows what it sends afterwards.
fn press(state: &mut State, input: Input) -> Vec<Effect> {
    press_shown(state, input, None)
}

/// Presses one thing on the open run, after a person saw what it sends.
fn press_shown(state: &mut State, input: Input, shown: Option<Shown>) -> Vec<Effect> {
    if state.log.stopped.is_some() {
        state.say("no: the log cannot be written, so nothing can be done. R tries it again.");
        return Vec::new();
    }
    if !state.roomy() && input != Input::Look {
        state.say(SMALL);
        return Vec::new();
    }
    if state.busy.is_some() {
        state.say("Wait: the last thing asked for is still under way.");
        return Vec::new();
    }
    let Some((run, person)) = state.run().zip(state.acting()) else {
        state.say("no: nobody is signed in, so nothing can be done.");
        return Vec::new();
    };
    match run.press(input, &sight(state, person), state.now) {
        Ok(commands) => carry(state, commands, shown),
        Err(why) => {
            state.say(why);
            Vec::new()
        }
    }
}

/// Puts the open run down, because nobody is there: it is held, whatever the window shows.
pub(super) fn put_down(state: &mut State) -> Vec<Effect> {
    if state.busy.is_some() || state.log.stopped.is_some() {
        return Vec::new();
    }
    let Some((run, person)) = state.run().zip(state.acting()) else {
        return Vec::new();
    };
    let held = run.press(Input::Hold, &sight(state, person), state.now);
    // One that has ended, or is held already, is left as it is.
    carry(state, held.unwrap_or_default(), None)
}

/// What the open run does by itself: preparation, verdicts, time limits.
pub(super) fn advance(state: &mut State) -> Vec<Effect> {
    let away = state.presence.away.is_some();
    let waits = state.busy.is_some() || state.reading || away;
    if waits || state.log.stopped.is_some() || state.quitting {
        return Vec::new();
    }
    let Some((run, person)) = state.run().zip(state.acting()) else {
        return Vec::new();
    };
    let command = run.advance(&sight(state, person), state.now);
    carry(state, command.into_iter().collect(), None)
}

/// Commands become effects; the run waits until each came back.
///
/// What a person saw goes with them: sent is that request, on that connection, or nothing.
fn carry(state: &mut State, commands: Vec<Command>, shown: Option<Shown>) -> Vec<Effect> {
    let Some(run) = state.run().cloned().filter(|_| !commands.is_empty()) else {
        return Vec::new();
    };
    let now = generation(state, &run.cluster);
    let (generation, digest) =
        shown.map_or((now, None), |shown| (shown.generation, Some(shown.digest)));
    let sends = |command: &Command| matches!(command, Command::Send { .. });
    if generation != now && commands.iter().any(sends) {
        let cluster = &run.cluster;
        let words = format!(
            "{cluster} was connected anew since this was shown: nothing was sent. Look again."
        );
        state.say(words);
        return Vec::new();
    }
    if commands
        .iter()
        .all(|command| matches!(command, Command::Read(_)))
    {
        // Reading changes nothing and nobody waits for it: keys stay as they are.
        state.reading = true;
    } else {
        state.busy = Some(run.id.clone());
        state.changed();
    }
    vec![Effect::Carry {
        run: Box::new(run),
        commands,
        generation,
        digest,
    }]
}

/// An entry of a run is on disk: fold it.
pub(super) fn logged(
    state: &mut State,
    id: &str,
    event: &RunEvent,
    entry: u64,
    at: Timestamp,
) -> Vec<Effect> {
    state.nav.marks.remove(&Screen::Run);
    if let RunEvent::Opened(opened) = event {
        state.runs.insert(0, Run::open(opened, entry, at));
        state.open_run = Some(id.to_owned());
        state.heard = None;
        super::go::push(state, Screen::Run);
    } else if let Some(run) = state.runs.iter_mut().find(|run| run.id == id) {
        run.take(event, entry, at);
    }
    match event {
        RunEvent::Planned { .. } if state.nav.screen == Screen::Run => {
            state.nav.screen = Screen::Plan;
        }
        RunEvent::Started if state.nav.screen == Screen::Plan => state.nav.screen = Screen::Run,
        RunEvent::Outcome { .. } | RunEvent::Done { .. } => state.heard = None,
        _ => {}
    }
    state.stale = true;
    state.changed();
    Vec::new()
}

/// What the run asked for came back.
pub(super) fn answered(state: &mut State, id: &str, heard: Heard) -> Vec<Effect> {
    if state.open_run.as_deref() == Some(id) {
        state.heard = Some(heard);
    }
    Vec::new()
}

/// What a run wanted was carried out, or given up: the open one may go on.
pub(super) fn carried(
    state: &mut State,
    id: &str,
    read: bool,
    failed: Option<SafeText>,
) -> Vec<Effect> {
    if read {
        state.reading = false;
    } else {
        state.busy = None;
        state.changed();
    }
    // Not at once again after a failure: the next second, or the person, tries anew. A request whose outcome could
    // not be recorded is in doubt, as if this process had ended there.
    let Some(why) = failed else {
        return advance(state);
    };
    if let Some(run) = state
        .runs
        .iter_mut()
        .find(|run| run.id == id && run.in_flight())
    {
        *run = run.clone().found_at_start();
    }
    state.say(why);
    Vec::new()
}

/// The terminal is gone: nothing more is asked; what is in flight is seen to its end by the effects themselves.
pub(super) fn hang_up(state: &mut State) -> Vec<Effect> {
    state.prompt = None;
    Vec::new()
}

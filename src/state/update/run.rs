//! Runs: what a key asks of the open run, what the log and the world answer, and what goes on by itself.
//!
//! The run decides (`runbook::engine`), this file carries: commands become effects, entries are folded back in.
//! At most one thing of a run is under way at a time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::auth::Person;
use crate::runbook::engine::Command;
use crate::runbook::event::RunEvent;
use crate::runbook::open;
use crate::runbook::plan::Mode;
use crate::runbook::press::Input;
use crate::runbook::reading::Heard;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;
use crate::runbook::sight::Sight;
use crate::sources::world::ClusterWorld;
use crate::state::State;
use crate::state::action::Action;
use crate::state::effect::Effect;
use crate::state::nav::Screen;
use crate::state::prompt::Line;
use crate::state::prompt::Prompt;
use crate::text::SafeText;

/// Milliseconds that a request must have been on screen, whole, before a key may send it.
const SEEN_FOR_MS: u64 = 300;
/// The smallest window in which a request can be shown in full.
const WHOLE: (u16, u16) = (80, 24);

/// Opens a run, unless the zone, the policy or the person forbids it; the refusal is said and nothing is asked of anybody.
pub(super) fn open(state: &mut State, book: &str, params: BTreeMap<String, String>) -> Vec<Effect> {
    let Some(person) = state.person.clone() else {
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

/// Shows the run that was interrupted, if it is this person's, before anything else.
pub(super) fn greet(state: &mut State) {
    let Some(person) = &state.person else { return };
    let mine = |run: &&Run| run.status == RunStatus::Interrupted && run.by == person.login;
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
    if state.run().is_some() {
        state.prompt = Some(Prompt::Reason {
            abort,
            line: Line::default(),
        });
    }
    Vec::new()
}

/// Enter: does what the pane shows, if it was shown long enough and the key came alone.
fn do_it(state: &mut State, alone: bool) -> Vec<Effect> {
    let Some(card) = card(state) else {
        return Vec::new();
    };
    if card.enter.is_empty() {
        let why = card
            .notes
            .first()
            .cloned()
            .unwrap_or_else(|| SafeText::new("There is nothing to do here now."));
        state.say(why);
        return Vec::new();
    }
    let sends = card.sends || card.typed.is_some();
    if let Some(why) = not_yet(state, alone).filter(|_| sends) {
        state.say(why);
        return Vec::new();
    }
    match card.typed {
        Some(want) => {
            state.prompt = Some(Prompt::Name {
                want,
                line: Line::default(),
                refused: None,
            });
            Vec::new()
        }
        None => press(state, Input::Enter),
    }
}

/// Why an Enter does not count, when it does not.
fn not_yet(state: &State, alone: bool) -> Option<String> {
    if state.size.0 < WHOLE.0 || state.size.1 < WHOLE.1 {
        return Some("no: needs 80x24 to show the request in full.".to_owned());
    }
    if !alone {
        return Some(
            "Enter did not count: it came together with other keys. Press it alone.".to_owned(),
        );
    }
    let seen = state
        .card_id()
        .zip(state.card_shown.as_ref())
        .is_some_and(|(id, (shown, at))| {
            *shown == id && state.now.mono_ms.saturating_sub(at.mono_ms) >= SEEN_FOR_MS
        });
    (!seen).then(|| "Enter did not count: the request was on screen for less than 0.3s. Read it, then press Enter.".to_owned())
}

/// A name was typed: letter by letter the one that was asked for, or nothing is sent.
pub(super) fn typed(state: &mut State, want: String, line: Line) -> Vec<Effect> {
    if line.text == want {
        return press(state, Input::Typed(line.text));
    }
    let refused = Some(format!(
        "\"{}\" is not {want}: nothing was sent.",
        line.text
    ));
    state.prompt = Some(Prompt::Name {
        want,
        line: Line::default(),
        refused,
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

/// Presses one thing on the open run.
fn press(state: &mut State, input: Input) -> Vec<Effect> {
    if state.log.stopped.is_some() {
        state.say("no: the log cannot be written, so nothing can be done. R tries it again.");
        return Vec::new();
    }
    if state.busy.is_some() {
        state.say("Wait: the last thing asked for is still under way.");
        return Vec::new();
    }
    let Some((run, person)) = state.run().zip(state.person.as_ref()) else {
        state.say("no: nobody is signed in, so nothing can be done.");
        return Vec::new();
    };
    match run.press(input, &sight(state, person), state.now) {
        Ok(commands) => carry(state, commands),
        Err(why) => {
            state.say(why);
            Vec::new()
        }
    }
}

/// What the open run does by itself: preparation, verdicts, time limits.
pub(super) fn advance(state: &mut State) -> Vec<Effect> {
    if state.busy.is_some() || state.log.stopped.is_some() || state.quitting {
        return Vec::new();
    }
    let Some((run, person)) = state.run().zip(state.person.as_ref()) else {
        return Vec::new();
    };
    let command = run.advance(&sight(state, person), state.now);
    carry(state, command.into_iter().collect())
}

/// Commands become effects; the run waits until each came back.
fn carry(state: &mut State, commands: Vec<Command>) -> Vec<Effect> {
    let Some(run) = state.run().cloned().filter(|_| !commands.is_empty()) else {
        return Vec::new();
    };
    let generation = state
        .world
        .cluster(&run.cluster)
        .map_or(0, ClusterWorld::generation);
    state.busy = Some(run.id.clone());
    state.changed();
    vec![Effect::Carry {
        run: Box::new(run),
        commands,
        generation,
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

/// What the run wanted was carried out, or given up: it may go on.
pub(super) fn carried(state: &mut State, failed: Option<SafeText>) -> Vec<Effect> {
    state.busy = None;
    state.changed();
    match failed {
        // Not at once again: the next second, or the person, tries anew. A request whose outcome could not be
        // recorded is in doubt, as if this process had ended there.
        Some(why) => {
            let open = state.open_run.clone();
            if let Some(run) = state
                .runs
                .iter_mut()
                .find(|run| Some(&run.id) == open.as_ref() && run.in_flight())
            {
                *run = run.clone().found_at_start();
            }
            state.say(why);
            Vec::new()
        }
        None => advance(state),
    }
}

/// A frame that shows this card whole is on screen.
pub(super) fn drawn(state: &mut State, card: String) -> Vec<Effect> {
    if state
        .card_shown
        .as_ref()
        .is_none_or(|(shown, _)| *shown != card)
    {
        state.card_shown = Some((card, state.now));
    }
    Vec::new()
}

/// The terminal is gone: nothing more is asked; what is in flight is seen to its end by the effects themselves.
pub(super) fn hang_up(state: &mut State) -> Vec<Effect> {
    state.prompt = None;
    Vec::new()
}

fn card(state: &State) -> Option<crate::runbook::run::Card> {
    let (run, person) = state.run().zip(state.person.as_ref())?;
    Some(run.card(&sight(state, person), state.now))
}

fn sight<'a>(state: &'a State, person: &'a Person) -> Sight<'a> {
    let (config, world, library) = (&*state.config, &state.world, &*state.library);
    Sight {
        config,
        world,
        library,
        heard: state.heard.as_ref(),
        person,
    }
}

impl State {
    /// The pane of the open run: what Enter would do now.
    pub fn card(&self) -> Option<crate::runbook::run::Card> {
        card(self)
    }

    /// Identity of what the run or plan screen offers to send; `None` on other screens.
    pub fn card_id(&self) -> Option<String> {
        if !matches!(self.nav.screen, Screen::Run | Screen::Plan) {
            return None;
        }
        let card = card(self)?;
        let run = self.open_run.as_deref()?;
        Some(format!(
            "{run} {} {} {}",
            card.title, card.digest, card.enter
        ))
    }
}

//! The one place where the state changes: one event in, effects out. Synchronous and total.
//!
//! One file per noun: `facts` (what sources saw), `time` (ticks and ages), `go` (screens, marks, panes), `text`
//! (what is typed), `idle` (nobody is there), `fill` (parameters), `run` (runs), `offer` (what may be sent), `rights` (what we may), `session`, `sign_in`, `sign_out`, `log`.

mod facts;
mod fill;
mod go;
mod idle;
mod log;
mod offer;
mod rights;
mod run;
mod session;
mod sign_in;
mod sign_out;
mod text;
mod time;

use super::State;
use super::action::Action;
use super::effect::Effect;
use super::event::Event;
use super::event::What;

/// Folds one event into the state and returns what has to happen outside.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    state.now = event.at;
    let effects = fold(state, event.what);
    state.look();
    effects
}

fn fold(state: &mut State, what: What) -> Vec<Effect> {
    match what {
        What::Action { action, alone } => act(state, action, alone),
        What::Fact {
            cluster,
            generation,
            fact,
        } => facts::fact(state, &cluster, generation, fact),
        What::Connecting {
            cluster,
            generation,
        } => facts::connecting(state, &cluster, generation),
        What::Traffic {
            cluster,
            generation,
            traffic,
        } => facts::traffic(state, cluster, generation, traffic),
        What::Attended => idle::attended(state),
        What::Begun => sign_in::begun(state),
        What::SignIn { audience, step } => sign_in::step(state, &audience, step),
        What::NothingKept { audience } => {
            state.sign_ins.looked(&audience);
            Vec::new()
        }
        What::GivenBack { audience, how } => sign_out::given_back(state, &audience, how),
        What::Renews { audience, at } => session::renews(state, &audience, at),
        What::Person { person, cluster } => sign_in::person(state, person, cluster),
        What::TokensUnkept(why) => sign_in::unkept(state, why),
        What::Logged { entries, rows } => log::logged(state, entries, rows),
        What::LogStopped(stopped) => log::stopped(state, stopped),
        What::LogBack => log::back(state),
        What::Verified(sentences) => log::verified(state, sentences),
        What::RunLogged {
            run,
            event,
            entry,
            at,
        } => run::logged(state, &run, &event, entry, at),
        What::Answered { run, heard } => run::answered(state, &run, heard),
        What::Carried { run, read, failed } => run::carried(state, &run, read, failed),
        What::SecretKeys { which, answer } => rights::keys_came(state, which, answer),
        What::Tick => time::tick(state),
        What::Drawn { card } => offer::drawn(state, card),
        What::TextEnd(end) => go::text_end(state, end),
        What::Resize(width, height) => time::resize(state, width, height),
        What::HangUp => hang_up(state),
    }
}

/// A person did something. The message of the last frame goes with the key.
fn act(state: &mut State, action: Action, alone: bool) -> Vec<Effect> {
    state.changed();
    state.message = None;
    if let Some(effects) = idle::touched(state) {
        return effects;
    }
    if let Some(effects) = idle::act(state, &action) {
        return effects;
    }
    if state.prompt.is_some() {
        if let Some(effects) = text::act(state, &action, alone) {
            return effects;
        }
        state.prompt = None;
    }
    match action {
        Action::RunDo
        | Action::RunSkip
        | Action::RunUndo
        | Action::RunHold
        | Action::RunAbort
        | Action::RunPlan
        | Action::Resume(_) => run::act(state, action, alone),
        Action::Fill | Action::RunBook(_) => fill::open(state, action),
        Action::LogVerify | Action::LogFollow => log::act(state, &action),
        Action::CodeNew
        | Action::CodePaste
        | Action::CodeSwap
        | Action::SignOut
        | Action::SignOutOf(_)
        | Action::SignInTo(_) => sign_in::act(state, &action),
        Action::SecretKeys(Some(which)) => rights::keys(state, which),
        Action::Redraw => vec![Effect::Redraw],
        Action::Refresh => refresh(state),
        Action::Cancel => cancel(state),
        Action::Quit => quit(state),
        Action::Paste(text) => {
            let length = text.chars().count();
            state.say(format!(
                "Paste ignored, {length} characters: no field is open."
            ));
            Vec::new()
        }
        other => go::act(state, &other),
    }
}

/// Asks every source again; when the log is stopped, tries that first.
fn refresh(state: &mut State) -> Vec<Effect> {
    if state
        .log
        .stopped
        .as_ref()
        .is_some_and(|stopped| !stopped.damaged)
    {
        return vec![Effect::TryLog];
    }
    let mut effects = sign_in::connect(state);
    state.say(if effects.is_empty() {
        "Nobody is signed in, so nothing is asked: 0 shows the session; Enter there signs in."
    } else {
        "Asking every source again."
    });
    effects.extend(run::act(state, Action::Refresh, true));
    effects
}

/// The first Ctrl-C cancels what is typed or says how to leave; a second within two seconds leaves.
fn cancel(state: &mut State) -> Vec<Effect> {
    const TWICE_WITHIN_S: i64 = 2;
    if state
        .cancelled_at
        .is_some_and(|at| state.now.seconds_since(at) < TWICE_WITHIN_S)
    {
        return quit(state);
    }
    state.cancelled_at = Some(state.now);
    state.say("Ctrl-C again within 2s quits. Nothing in flight is cut.");
    Vec::new()
}

/// Leaves. A run that is open is not ended by it: the log says that the console closed, and the next start finds it.
fn quit(state: &mut State) -> Vec<Effect> {
    state.quitting = true;
    vec![Effect::SaveLastKnown, Effect::Quit]
}

fn hang_up(state: &mut State) -> Vec<Effect> {
    let mut effects = run::hang_up(state);
    effects.extend(quit(state));
    effects
}

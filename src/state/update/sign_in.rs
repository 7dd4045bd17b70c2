//! Signing in: the machine of `auth` moves on; a new session connects every cluster.

use crate::auth::person::Person;
use crate::auth::sign_in::Event as Step;
use crate::auth::sign_in::SignIn;
use crate::state::State;
use crate::state::action::Action;
use crate::state::effect::Effect;
use crate::state::nav::Screen;
use crate::state::prompt::Prompt;

/// Sign-in moved on.
pub(super) fn step(state: &mut State, event: Step) -> Vec<Effect> {
    let before = state.sign_in.session().cloned();
    let old = std::mem::take(&mut state.sign_in);
    state.sign_in = old.step(event, state.now.wall);
    state.changed();
    if let (SignIn::Waiting { device, .. }, None, Screen::SignIn) =
        (&state.sign_in, &state.prompt, state.nav.screen)
        && let Some(simulated) = &device.simulated
    {
        let people = simulated.people.iter().map(ToString::to_string).collect();
        state.prompt = Some(Prompt::WhoAnswers { people, at: 0 });
    }
    let session = state.sign_in.session().cloned();
    match (before, session) {
        (None, Some(session)) => person(state, session.person),
        (Some(_), None) => {
            state.person = None;
            state.say("The sign-in ended. 0 shows the session; Enter there signs in.");
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Somebody is signed in: the sign-in screen closes and every cluster is asked in their name.
pub(super) fn person(state: &mut State, person: Person) -> Vec<Effect> {
    let new = state.person.as_ref().is_none_or(|known| !known.is(&person));
    let clusters: Vec<_> = state
        .config
        .clusters
        .iter()
        .map(|cluster| cluster.name.clone())
        .collect();
    if new && state.config.identities.is_empty() {
        // A certificate's person is known only once its cluster has greeted us: the connections stand already.
        state.person = Some(person);
        state.changed();
        super::run::greet(state);
        return Vec::new();
    }
    state.say(format!(
        "Signed in as {}. Reading {} clusters.",
        person.short(),
        clusters.len()
    ));
    state.person = Some(person);
    if matches!(state.prompt, Some(Prompt::WhoAnswers { .. })) {
        state.prompt = None;
    }
    if state.nav.screen == Screen::SignIn {
        state.nav.screen = state.nav.back.pop().unwrap_or(Screen::Board);
    }
    super::run::greet(state);
    if new {
        vec![Effect::Connect(clusters)]
    } else {
        Vec::new()
    }
}

/// A second passed: codes and sessions end by themselves.
pub(super) fn tick(state: &mut State) -> Vec<Effect> {
    let waits = matches!(state.sign_in, SignIn::Waiting { .. } | SignIn::SignedIn(_));
    let before = state.sign_in.clone();
    if !waits || before.clone().step(Step::Tick, state.now.wall) == before {
        return Vec::new();
    }
    step(state, Step::Tick)
}

/// Keys of the sign-in and session screens.
pub(super) fn act(state: &mut State, action: &Action) -> Vec<Effect> {
    match action {
        Action::CodeNew => vec![Effect::SignIn],
        Action::CodeSwap => {
            state.qr_swapped = !state.qr_swapped;
            Vec::new()
        }
        _ if state.person.is_some() => vec![Effect::SignOut],
        _ => {
            state.say("Nobody is signed in.");
            Vec::new()
        }
    }
}

/// In the demo: this person answers.
pub(super) fn answer(state: &mut State, people: &[String], at: usize) -> Vec<Effect> {
    let SignIn::Waiting { device, .. } = &state.sign_in else {
        return Vec::new();
    };
    let (Some(simulated), Some(person)) = (&device.simulated, people.get(at)) else {
        return Vec::new();
    };
    let answer = Effect::AnswerSignIn {
        person: person.clone(),
        endpoint: simulated.answer_endpoint.clone(),
        user_code: device.user_code.to_string(),
    };
    state.say(format!("Answered as {person}; waiting for the issuer."));
    vec![answer]
}

/// Esc on the sign-in screen goes on without: the last known state shows.
pub(super) fn left(state: &mut State) -> Vec<Effect> {
    if state.nav.screen == Screen::SignIn {
        state.nav.screen = state.nav.back.pop().unwrap_or(Screen::Board);
    }
    state
        .say("Nobody is signed in, so nothing is read: 0 shows the session; Enter there signs in.");
    Vec::new()
}

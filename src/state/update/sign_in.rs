//! Signing in: the machines of `auth` move on; a new session connects the clusters it serves, and no other.

use super::idle::Came;
use super::sign_out;
use crate::auth::audience::Audience;
use crate::auth::person::Person;
use crate::auth::redirect;
use crate::auth::sign_in::Event as Step;
use crate::auth::sign_in::SignIn;
use crate::auth::sign_in::no_groups;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::Secret;
use crate::state::State;
use crate::state::action::Action;
use crate::state::effect::Effect;
use crate::state::nav::Screen;
use crate::state::prompt::Line;
use crate::state::prompt::Prompt;
use crate::state::sign_ins::Way;
use crate::text::SafeText;

/// The console came to life: what needs no sign-in is connected, the rest says that it waits for one.
pub(super) fn begun(state: &mut State) -> Vec<Effect> {
    let waits = state.config.clusters.iter();
    let waits = waits.filter(|one| !state.has_credential(one));
    let waits: Vec<ClusterName> = waits.map(|one| one.name.clone()).collect();
    for cluster in waits {
        state.world.sign_out(cluster);
    }
    state.stale = true;
    let mut effects = connect(state);
    if state.config.tokens.store.outlives() {
        let nobody = |audience: &&Audience| {
            let clusters = served(state, audience);
            clusters.iter().any(|one| state.person_on(one).is_none())
        };
        let kept: Vec<Audience> = state.sign_ins.missing().filter(nobody).cloned().collect();
        for audience in kept {
            state.sign_ins.look(&audience);
            effects.push(Effect::TakeUp(audience));
        }
    }
    effects
}

/// Tokens stay in memory, against the configuration: it is said now, and stands on the session screen.
pub(super) fn unkept(state: &mut State, why: SafeText) -> Vec<Effect> {
    state.say(why.clone());
    state.unkept = Some(why);
    Vec::new()
}

/// Connects every cluster that there is a credential for.
pub(super) fn connect(state: &State) -> Vec<Effect> {
    let there = state.config.clusters.iter();
    let there = there.filter(|one| state.has_credential(one));
    let there: Vec<ClusterName> = there.map(|one| one.name.clone()).collect();
    if there.is_empty() && !state.config.clusters.is_empty() {
        return Vec::new();
    }
    vec![Effect::Connect(there)]
}

/// A sign-in moved on.
pub(super) fn step(state: &mut State, audience: &Audience, event: Step) -> Vec<Effect> {
    let before = state.sign_ins.session(audience).is_some();
    let live = state.sign_ins.of(audience).is_live();
    let kept = matches!(event, Step::TakenUp(_));
    state.sign_ins.hear(audience, &event);
    let unrenewed = state.sign_ins.newly_unrenewed(audience, &event);
    state.sign_ins.step(audience, event, state.now);
    state.changed();
    offer_people(state);
    offer_field(state);
    let after = state.sign_ins.session(audience);
    let mut effects = match (before, after.map(|session| session.person.clone())) {
        // It proves nothing about who sits at a console that was left.
        (false, Some(_)) if kept && state.presence.away.is_some() => {
            sign_out::give_back(state, audience)
        }
        (false, Some(person)) => match super::idle::came(state, audience, &person) {
            Came::Here => signed_in(state, audience, person),
            Came::Back => {
                signed_in(state, audience, person);
                // Clusters that a file opens were left as well.
                connect(state)
            }
            Came::First => {
                let name = person.short().to_owned();
                signed_in(state, audience, person);
                state.say(format!(
                    "Signed in as {name}. Nobody was signed in here before."
                ));
                connect(state)
            }
            Came::Stranger => sign_out::give_back(state, audience),
        },
        (true, None) => sign_out::ended(state, audience),
        (true, Some(person)) => super::session::renewed(state, audience, &person),
        _ => sign_out::anew(state, audience).into_iter().collect(),
    };
    if let Some(sentence) = unrenewed.filter(|_| before && state.presence.away.is_none()) {
        state.say(sentence);
    }
    if live && matches!(state.sign_ins.of(audience), SignIn::Ended { .. }) {
        // Its task may not know of it: by the clock it ends here alone, and would go on to renew.
        effects.push(Effect::CancelSignIn(audience.clone()));
    }
    effects.extend(fall_back(state, audience));
    effects
}

/// When a sign-in ended because its issuer does not answer, the clusters that name a fallback are read by it.
fn fall_back(state: &mut State, audience: &Audience) -> Vec<Effect> {
    let ended = matches!(state.sign_ins.of(audience), SignIn::Ended { .. });
    if !ended || !state.sign_ins.is_silent(audience) {
        return Vec::new();
    }
    // A console that was left is read by nobody.
    if state.presence.away.is_some() {
        return super::idle::unanswered(state, audience).unwrap_or_default();
    }
    let clusters = audience.clusters(&state.config).into_iter();
    let named = clusters.filter(|one| one.fallback.is_some() && !state.has_credential(one));
    let named: Vec<ClusterName> = named.map(|one| one.name.clone()).collect();
    if named.is_empty() {
        return Vec::new();
    }
    state.fallbacks.extend(named.iter().cloned());
    let names: Vec<&str> = named.iter().map(ClusterName::as_str).collect();
    let host = audience.host(&state.config);
    state.say(format!(
        "{host} does not answer: reading {} by its fallback. Who acts is not proved: no changes.",
        names.join(", ")
    ));
    vec![Effect::Connect(named)]
}

/// In the demo: asks who answers the code that is on screen.
fn offer_people(state: &mut State) {
    if let (SignIn::Waiting { device, .. }, None, Screen::SignIn) =
        (state.sign_ins.on_screen(), &state.prompt, state.nav.screen)
        && let Some(simulated) = &device.simulated
    {
        let people = simulated.people.iter().map(ToString::to_string).collect();
        state.prompt = Some(Prompt::WhoAnswers { people, at: 0 });
    }
}

/// Opens the field for the address that the browser ends on while one is awaited, and closes it when none is.
fn offer_field(state: &mut State) {
    let awaited = matches!(
        state.sign_ins.on_screen(),
        SignIn::Browser { page, redeeming: false, .. } if !page.listens
    );
    match &state.prompt {
        None if awaited && state.nav.screen == Screen::SignIn => {
            state.prompt = Some(Prompt::Redirect(Line::default()));
        }
        Some(Prompt::Redirect(_)) if !awaited => state.prompt = None,
        _ => {}
    }
}

/// What is pasted takes the place of what was there: an address is never put together from two.
pub(super) fn pasted(state: &mut State, text: &str) {
    let text: String = text.split_whitespace().collect();
    if text.len() > redirect::LONGEST {
        state.say(redirect::Odd::TooLong.to_string());
        return;
    }
    state.prompt = Some(Prompt::Redirect(Line::of(&text)));
}

/// The address is given: the issuer is asked for the tokens of its code.
pub(super) fn redirect(state: &mut State, line: Line) -> Vec<Effect> {
    let Some(audience) = state.sign_ins.shown().cloned() else {
        return Vec::new();
    };
    if line.text.trim().is_empty() {
        state.say("Paste the whole address line that the browser ends on, then Enter.");
        state.prompt = Some(Prompt::Redirect(line));
        return Vec::new();
    }
    let address = Secret::new(&line.text);
    let now = state.now;
    state.sign_ins.step(&audience, Step::Redeeming, now);
    vec![Effect::Redirect { audience, address }]
}

/// Somebody is signed in: the clusters of that audience are asked in their name. The screen closes, or goes on to
/// the next audience that nobody is signed in to.
fn signed_in(state: &mut State, audience: &Audience, person: Person) -> Vec<Effect> {
    super::idle::is_theirs(state, audience, &person);
    let clusters = served(state, audience);
    let count = clusters.len();
    let plural = if count == 1 { "" } else { "s" };
    let name = person.short();
    let groups = no_groups(&person);
    state.say(format!(
        "Signed in as {name}. Reading {count} cluster{plural}.{groups}"
    ));
    for cluster in &clusters {
        state.fallbacks.remove(cluster);
        state.people.insert(cluster.clone(), person.clone());
    }
    state.person.get_or_insert(person);
    let on_screen = state.sign_ins.shown() == Some(audience);
    if on_screen && matches!(state.prompt, Some(Prompt::WhoAnswers { .. })) {
        state.prompt = None;
    }
    let next = state.sign_ins.missing().next().cloned();
    match next.filter(|_| on_screen && state.nav.screen == Screen::SignIn) {
        Some(next) => state.sign_ins.show(&next),
        None if on_screen && state.nav.screen == Screen::SignIn => close(state),
        None => {}
    }
    super::run::greet(state);
    vec![Effect::Connect(clusters)]
}

pub(super) fn served(state: &State, audience: &Audience) -> Vec<ClusterName> {
    let clusters = audience.clusters(&state.config);
    clusters.into_iter().map(|one| one.name.clone()).collect()
}

/// Somebody is known without an issuer: to one cluster by its kubeconfig, or everywhere.
pub(super) fn person(
    state: &mut State,
    person: Person,
    cluster: Option<ClusterName>,
) -> Vec<Effect> {
    if state.presence.away.is_some() {
        // Of a connection that is closed by now: whoever comes back hears of it anew.
        return Vec::new();
    }
    if cluster.is_none() {
        state.say(format!("Acting as {}.", person.short()));
    }
    let oidc = |auth: &ClusterAuth| matches!(auth, ClusterAuth::Oidc { .. });
    let known: Vec<ClusterName> = match cluster {
        Some(cluster) => vec![cluster],
        None => (state.config.clusters.iter())
            .filter(|one| oidc(&one.auth))
            .map(|one| one.name.clone())
            .collect(),
    };
    for cluster in known {
        state.people.insert(cluster, person.clone());
    }
    state.person.get_or_insert(person);
    state.changed();
    super::run::greet(state);
    Vec::new()
}

/// A second passed: codes and sessions end by themselves.
pub(super) fn tick(state: &mut State) -> Vec<Effect> {
    let over = |one: &&Audience| {
        let stands = state.sign_ins.of(one);
        let moves = matches!(
            stands,
            SignIn::Waiting { .. } | SignIn::Browser { .. } | SignIn::SignedIn(_)
        );
        let now = state.sign_ins.time(one, state.now);
        moves && stands.clone().step(Step::Tick, now) != *stands
    };
    let over: Vec<Audience> = (state.sign_ins.audiences().iter().filter(over).cloned()).collect();
    over.iter()
        .flat_map(|audience| step(state, audience, Step::Tick))
        .collect()
}

/// Keys of the sign-in and session screens.
pub(super) fn act(state: &mut State, action: &Action) -> Vec<Effect> {
    match action {
        Action::CodeNew => code(state, Way::Configured),
        Action::CodePaste => {
            if matches!(state.sign_ins.on_screen(), SignIn::Browser { page, .. } if !page.listens) {
                offer_field(state);
                return Vec::new();
            }
            code(state, Way::Paste)
        }
        Action::SignInTo(audience) => {
            state.sign_ins.show(audience);
            super::go::push(state, Screen::SignIn);
            code(state, Way::Configured)
        }
        Action::SignOutOf(audience) => sign_out::leave(state, audience, false),
        Action::CodeSwap => {
            state.qr_swapped = !state.qr_swapped;
            Vec::new()
        }
        _ => {
            let Some(leaves) = sign_out::first(state) else {
                state.say("Nobody is signed in.");
                return Vec::new();
            };
            super::session::leave(state, leaves)
        }
    }
}

/// Asks for a code for the audience on screen; when somebody is signed in there, for the next one without.
fn code(state: &mut State, way: Way) -> Vec<Effect> {
    let shown = state.sign_ins.shown().cloned();
    let wanted = shown.filter(|one| state.sign_ins.session(one).is_none());
    let Some(audience) = wanted.or_else(|| state.sign_ins.missing().next().cloned()) else {
        state.say("Somebody is signed in to every issuer that a cluster needs.");
        return Vec::new();
    };
    state.sign_ins.show(&audience);
    if state.sign_ins.is_leaving(&audience) {
        state.sign_ins.ask_anew(&audience, way);
        return Vec::new();
    }
    vec![match way {
        Way::Configured => Effect::SignIn(audience),
        Way::Paste => Effect::SignInByPaste(audience),
    }]
}

pub(super) fn audience_of(state: &State, cluster: &str) -> Option<Audience> {
    let found = state.config.cluster(&ClusterName::from(cluster))?;
    Audience::of(found, &state.config)
}

/// Enter on a cluster of the session screen: the sign-in that it needs, else the next one that is missing. A code is
/// asked for unless one is on its way already.
pub(super) fn open(state: &mut State, cluster: &str) -> Vec<Effect> {
    let marked = audience_of(state, cluster);
    let marked = marked.filter(|one| state.sign_ins.session(one).is_none());
    if let Some(audience) = marked.or_else(|| state.sign_ins.missing().next().cloned()) {
        state.sign_ins.show(&audience);
    }
    super::go::push(state, Screen::SignIn);
    match state.sign_ins.on_screen() {
        SignIn::Asking { .. } | SignIn::Waiting { .. } | SignIn::Browser { .. } => Vec::new(),
        SignIn::Idle | SignIn::SignedIn(_) | SignIn::Leaving { .. } | SignIn::Ended { .. } => {
            code(state, Way::Configured)
        }
    }
}

/// In the demo: this person answers.
pub(super) fn answer(state: &mut State, people: &[String], at: usize) -> Vec<Effect> {
    let (SignIn::Waiting { device, .. }, Some(audience)) =
        (state.sign_ins.on_screen(), state.sign_ins.shown())
    else {
        return Vec::new();
    };
    let (Some(simulated), Some(person)) = (&device.simulated, people.get(at)) else {
        return Vec::new();
    };
    let answer = Effect::AnswerSignIn {
        audience: audience.clone(),
        person: person.clone(),
        endpoint: simulated.answer_endpoint.clone(),
        user_code: device.user_code.to_string(),
    };
    state.say(format!("Answered as {person}; waiting for the issuer."));
    vec![answer]
}

fn close(state: &mut State) {
    state.nav.screen = state.nav.back.pop().unwrap_or(Screen::Board);
}

/// Esc on the sign-in screen goes on without: the last known state shows, and nobody waits for an answer any more.
pub(super) fn left(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    if state.nav.screen == Screen::SignIn {
        effects.extend(sign_out::given_up(state));
        close(state);
    }
    let missing: Vec<Audience> = state.sign_ins.missing().cloned().collect();
    let some = missing.len() < state.sign_ins.audiences().len();
    let clusters = missing.iter().flat_map(|one| served(state, one));
    let names: Vec<String> = clusters.map(|one| one.to_string()).collect();
    state.say(if !state.fallbacks.is_empty() {
        "Nobody is signed in: what names a fallback is read by it, and nothing is changed."
            .to_owned()
    } else if some {
        let names = names.join(", ");
        format!("Nobody is signed in to {names}: 0 shows the session; Enter there signs in.")
    } else {
        "Nobody is signed in, so nothing is read: 0 shows the session; Enter there signs in."
            .to_owned()
    });
    effects
}

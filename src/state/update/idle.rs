//! A console that is left alone goes blank, puts the open run down and gives its tokens back. Whoever left comes back by
//! proving it again; nobody else gets what they left.

use std::collections::BTreeMap;

use super::run;
use super::sign_in;
use super::sign_out;
use crate::auth::audience::Audience;
use crate::auth::person::Person;
use crate::sources::moment::Moment;
use crate::state::State;
use crate::state::action::Action;
use crate::state::effect::Effect;
use crate::state::nav::Nav;
use crate::state::nav::Screen;
use crate::state::presence::Away;

/// How long a request that is out, or the entry that puts a run down, is waited for beyond that, in seconds.
const PATIENCE_S: i64 = 60;

/// What a sign-in means for a console that may be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Nobody had left.
    Here,
    /// Whoever left is back.
    Back,
    /// Nobody had signed in, and somebody does now.
    First,
    /// It is somebody else.
    Stranger,
}

/// A console begins to watch for its person.
pub(super) fn attended(state: &mut State) -> Vec<Effect> {
    state.presence.touched = Some(state.now);
    Vec::new()
}

/// A key was pressed; events of any other kind do not count. Nor does a key that comes too late, because the host slept
/// or the loop hung and no second passed meanwhile: whoever pressed it finds a blank console, and it does nothing else.
pub(super) fn touched(state: &mut State) -> Option<Vec<Effect>> {
    let over = over_s(state).is_some_and(|over_s| over_s >= 0);
    if over && state.presence.away.is_none() {
        let effects = tick(state);
        if state.presence.away.is_none() {
            state.say("Left alone too long: blank as soon as what is under way is over.");
        }
        return Some(effects);
    }
    if let Some(touched) = &mut state.presence.touched {
        *touched = state.now;
    }
    None
}

/// For how long, in seconds, nobody should have been here any more; negative while somebody still may be, `None` where
/// nobody is watched for.
fn over_s(state: &State) -> Option<i64> {
    let touched = state.presence.touched?;
    Some(state.now.seconds_since(touched) - state.config.idle_s())
}

/// A second passed, or something came back: a console that was left long enough goes blank; once its run is put down,
/// its tokens go.
pub(super) fn tick(state: &mut State) -> Vec<Effect> {
    if state.presence.away.is_some() {
        return drop_tokens(state);
    }
    let Some(over_s) = over_s(state) else {
        return Vec::new();
    };
    // A request that is out is seen to its end: cut, it would be in doubt.
    if over_s < 0 || (state.busy.is_some() && over_s < PATIENCE_S) {
        return Vec::new();
    }
    go_blank(state, state.now)
}

/// Who is signed in to each audience.
fn signed_in(state: &State) -> BTreeMap<Audience, Person> {
    let sessions = state.sign_ins.sessions();
    sessions
        .map(|(audience, session)| (audience.clone(), session.person.clone()))
        .collect()
}

/// Somebody signed in: the console is theirs from now on, and of those who are signed in beside them.
pub(super) fn is_theirs(state: &mut State, audience: &Audience, person: &Person) {
    let live = signed_in(state);
    let last = &mut state.presence.last;
    last.retain(|one, _| live.contains_key(one));
    last.insert(audience.clone(), person.clone());
}

fn go_blank(state: &mut State, since: Moment) -> Vec<Effect> {
    let mut signed_in = signed_in(state);
    if signed_in.is_empty() {
        // An end of the tokens is no end of what is on screen.
        signed_in.clone_from(&state.presence.last);
    }
    let person = signed_in.values().next().or(state.person.as_ref()).cloned();
    let blank = Nav {
        screen: Screen::SignIn,
        ..Nav::default()
    };
    state.presence.away = Some(Box::new(Away {
        since,
        person,
        signed_in,
        people: state.people.clone(),
        nav: std::mem::replace(&mut state.nav, blank),
        leaving: true,
        put_down: None,
        proving: false,
        stranger: None,
    }));
    state.prompt = None;
    state.message = None;
    state.changed();
    drop_tokens(state)
}

/// Puts the run down once nothing of it is under way, then gives the tokens back and closes the connections.
fn drop_tokens(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let Some(away) = state.presence.away.as_mut().filter(|away| away.leaving) else {
        return Vec::new();
    };
    if state.busy.is_none() && away.put_down.is_none() {
        away.put_down = Some(now);
        let effects = run::put_down(state);
        if !effects.is_empty() {
            return effects;
        }
    }
    let busy = state.busy.is_some();
    let away = state.presence.away.as_mut();
    let waited_s = |away: &Away| now.seconds_since(away.put_down.unwrap_or(away.since));
    let Some(away) = away.filter(|away| !busy || waited_s(away) >= PATIENCE_S) else {
        return Vec::new();
    };
    away.leaving = false;
    let audiences: Vec<Audience> = signed_in(state).into_keys().collect();
    for audience in &audiences {
        sign_out::on_the_way(state, audience);
    }
    state.person = None;
    state.people.clear();
    let clusters: Vec<_> = state
        .config
        .clusters
        .iter()
        .map(|one| one.name.clone())
        .collect();
    for cluster in clusters {
        state.world.sign_out(cluster);
    }
    state.stale = true;
    let mut effects = sign_out::all_given_up(state);
    effects.push(Effect::Leave(audiences));
    effects
}

/// What a key does while the console is left: it comes back, or leaves. `None` for a key of the sign-in that is on
/// screen, which does what it always does.
pub(super) fn act(state: &mut State, action: &Action) -> Option<Vec<Effect>> {
    let away = state.presence.away.as_mut()?;
    let proving = away.proving;
    match action {
        Action::Quit | Action::Cancel | Action::Redraw => None,
        // Also while a sign-in is on screen: what is kept somewhere must never be taken up for it.
        Action::CodeNew => Some(prove(state)),
        Action::Back if !proving => Some(super::quit(state)),
        Action::Back | Action::Leave if proving => {
            away.proving = false;
            state.prompt = None;
            Some(sign_out::given_up(state).into_iter().collect())
        }
        Action::Go(_) | Action::Palette | Action::Filter | Action::Help | Action::Refresh => {
            Some(Vec::new())
        }
        _ if proving => None,
        _ => Some(Vec::new()),
    }
}

/// Whoever comes back signs in anew: what may be kept somewhere proves nothing about who sits here.
fn prove(state: &mut State) -> Vec<Effect> {
    let Some(away) = state.presence.away.as_mut().filter(|away| !away.leaving) else {
        return Vec::new();
    };
    let left = away.signed_in.keys().next().cloned();
    let nobody = away.person.is_none();
    let Some(audience) = left.or_else(|| by_fallback(state).filter(|_| nobody)) else {
        return come_back(state);
    };
    let Some(away) = state.presence.away.as_mut() else {
        return Vec::new();
    };
    if state.sign_ins.is_leaving(&audience) {
        // A new sign-in would be mistaken for the old one.
        return Vec::new();
    }
    away.proving = true;
    away.stranger = None;
    state.sign_ins.show(&audience);
    vec![Effect::ProveAnew(audience)]
}

/// The sign-in whose clusters are read by their fallback, if one is.
fn by_fallback(state: &State) -> Option<Audience> {
    let config = &state.config;
    let mut all = state.sign_ins.audiences().iter();
    let read = all.find(|one| {
        let mut clusters = one.clusters(config).into_iter();
        clusters.any(|cluster| state.fallbacks.contains(&cluster.name))
    });
    read.cloned()
}

/// The issuer that was asked for whoever comes back is down still. Where nobody had signed in the fallback is read again,
/// as a new start would do it; a console that somebody left waits for them.
pub(super) fn unanswered(state: &mut State, audience: &Audience) -> Option<Vec<Effect>> {
    let away = state.presence.away.as_ref()?;
    if !away.proving || away.person.is_some() {
        return None;
    }
    let effects = come_back(state);
    let host = audience.host(&state.config);
    state.say(format!(
        "{host} does not answer still: reading by the fallback. Who acts is not proved: no changes."
    ));
    Some(effects)
}

/// Nobody signs in here: a file or `--as` says who acts, as it did before.
fn come_back(state: &mut State) -> Vec<Effect> {
    let Some(away) = state.presence.away.take() else {
        return Vec::new();
    };
    // Where nobody signed in, who is awaited is who acted.
    state.person = away.person;
    state.people = away.people;
    state.nav = away.nav;
    state.stale = true;
    sign_in::connect(state)
}

/// Somebody signed in: when it is who left this console, all is theirs again; anybody else is to be signed out.
pub(super) fn came(state: &mut State, audience: &Audience, person: &Person) -> Came {
    let Some(mut away) = state.presence.away.take() else {
        return Came::Here;
    };
    state.prompt = None;
    state.changed();
    if away.knows(audience, person) {
        state.nav = away.nav;
        return away.person.map_or(Came::First, |_| Came::Back);
    }
    away.proving = false;
    away.stranger = Some(person.clone());
    state.presence.away = Some(away);
    Came::Stranger
}

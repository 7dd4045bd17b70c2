//! Keys of the session screen: a cluster opens, somebody signs in anew, and a sign-in is given back once Enter said so.

use jiff::Timestamp;

use crate::auth::audience::Audience;
use crate::auth::person::Person;
use crate::config::ClusterName;
use crate::state::State;
use crate::state::effect::Effect;
use crate::state::nav::Screen;
use crate::state::prompt::Prompt;
use crate::state::rows;

/// Enter: on WHO to sign in, or anew; on a cluster to see its connection, or to sign in where that is missing.
pub(super) fn open(state: &mut State, mark: &str) -> Vec<Effect> {
    if rows::pane(state) == 1 {
        return who(state, mark);
    }
    if rows::needs_sign_in(state, mark) {
        return super::sign_in::open(state, mark);
    }
    state
        .nav
        .marks
        .insert(Screen::Cluster, ClusterName::from(mark).to_string());
    super::go::push(state, Screen::Cluster);
    Vec::new()
}

fn who(state: &mut State, mark: &str) -> Vec<Effect> {
    let Some(audience) = rows::audience(state, mark).cloned() else {
        return Vec::new();
    };
    if state.sign_ins.session(&audience).is_some() {
        let anew = true;
        state.prompt = Some(Prompt::SignOut { audience, anew });
        return Vec::new();
    }
    state.sign_ins.show(&audience);
    super::sign_in::open(state, "")
}

/// Asks before a sign-in is given back, on the session screen wherever it was asked for.
pub(super) fn leave(state: &mut State, audience: Audience) -> Vec<Effect> {
    super::go::push(state, Screen::Session);
    let anew = false;
    state.prompt = Some(Prompt::SignOut { audience, anew });
    Vec::new()
}

/// Enter said so: the sign-in ends, and where it is to begin anew its screen opens.
pub(super) fn left(state: &mut State, audience: &Audience, anew: bool) -> Vec<Effect> {
    if anew {
        state.sign_ins.show(audience);
        super::go::push(state, Screen::SignIn);
    }
    super::sign_out::leave(state, audience, anew)
}

/// It is known when tokens will be renewed: only the session screen says it.
pub(super) fn renews(state: &mut State, audience: &Audience, at: Timestamp) -> Vec<Effect> {
    if state.sign_ins.renews(audience, at) && state.nav.screen == Screen::Session {
        state.changed();
    }
    Vec::new()
}

/// Somebody is signed in still, by an answer that may know other groups of theirs than the one before.
pub(super) fn renewed(state: &mut State, audience: &Audience, person: &Person) -> Vec<Effect> {
    let clusters = super::sign_in::served(state, audience);
    let theirs = state.people.iter_mut();
    let theirs = theirs.filter(|(cluster, _)| clusters.contains(cluster));
    for known in theirs.map(|(_, known)| known).chain(&mut state.person) {
        if known.is(person) {
            known.clone_from(person);
        }
    }
    Vec::new()
}

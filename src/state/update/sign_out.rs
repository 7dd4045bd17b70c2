//! Signing out: nobody acts from the moment it is asked for; the tokens go back meanwhile, and only then may somebody
//! sign in anew.

use super::sign_in;
use crate::auth::audience::Audience;
use crate::auth::given_back::GivenBack;
use crate::auth::sign_in::Event as Step;
use crate::auth::sign_in::SignIn;
use crate::runbook::run::Run;
use crate::state::State;
use crate::state::effect::Effect;
use crate::state::nav::Screen;
use crate::state::sign_ins::Way;
use crate::text::SafeText;

/// Which sign-in is given back: that of the marked cluster on the session screen, else the first.
pub(super) fn first(state: &State) -> Option<Audience> {
    let mark = crate::state::rows::marked(state).filter(|_| state.nav.screen == Screen::Session);
    let marked = mark.and_then(|mark| sign_in::audience_of(state, &mark));
    let first = state.sign_ins.sessions().next().map(|(one, _)| one.clone());
    marked
        .filter(|one| state.sign_ins.session(one).is_some())
        .or(first)
}

/// The sign-in ends: what it served is closed now, its tokens go back, and where it is to begin `anew` somebody is asked
/// once they have.
pub(super) fn leave(state: &mut State, audience: &Audience, anew: bool) -> Vec<Effect> {
    if state.sign_ins.is_leaving(audience) {
        return Vec::new();
    }
    let mut effects: Vec<Effect> = Vec::new();
    let nobody = state.sign_ins.session(audience).is_none();
    if nobody {
        // Nobody took it up, but something may be kept: a new sign-in waits until that is gone.
        effects.extend(give_up(state, audience.clone()));
    }
    let back = give_back(state, audience);
    if anew {
        state.sign_ins.ask_anew(audience, Way::Configured);
    }
    if !nobody {
        effects.extend(ended(state, audience));
    }
    effects.extend(back);
    effects
}

/// Gives the tokens of a sign-in back that nothing is connected by.
pub(super) fn give_back(state: &mut State, audience: &Audience) -> Vec<Effect> {
    on_the_way(state, audience);
    vec![Effect::SignOut(audience.clone())]
}

/// The tokens of a sign-in are on their way back.
pub(super) fn on_the_way(state: &mut State, audience: &Audience) {
    let issuer = SafeText::new(&audience.host(&state.config));
    let now = state.now;
    state.sign_ins.step(audience, Step::Leaving { issuer }, now);
    state.changed();
}

/// Tokens were to be given back: where their issuer did not take them it is said, for they are good there still.
pub(super) fn given_back(state: &mut State, audience: &Audience, how: GivenBack) -> Vec<Effect> {
    let host = audience.host(&state.config);
    let said = match &how {
        GivenBack::Refused { reason } => Some(format!(
            "Forgotten here, but not given back: {reason}. The tokens end by themselves."
        )),
        GivenBack::Forgotten => Some(format!(
            "Forgotten here; {host} takes no tokens back. They end there by themselves."
        )),
        GivenBack::Taken | GivenBack::Nothing => None,
    };
    if let Some(said) = said.filter(|_| state.presence.away.is_none()) {
        state.say(said);
    }
    state.sign_ins.gave_back(audience, how);
    Vec::new()
}

/// The tokens are given back: whoever wanted to sign in anew is asked now, and proves it, whatever is kept.
pub(super) fn anew(state: &mut State, audience: &Audience) -> Option<Effect> {
    let idle = matches!(state.sign_ins.of(audience), SignIn::Idle);
    let way = idle.then(|| state.sign_ins.take_anew(audience)).flatten();
    way.map(|way| match way {
        Way::Configured => Effect::ProveAnew(audience.clone()),
        Way::Paste => Effect::SignInByPaste(audience.clone()),
    })
}

/// A sign-in ended: what it served is history until somebody signs in again; other sign-ins go on.
pub(super) fn ended(state: &mut State, audience: &Audience) -> Vec<Effect> {
    let clusters = sign_in::served(state, audience);
    for cluster in &clusters {
        state.people.remove(cluster);
        state.world.sign_out(cluster.clone());
    }
    // What was typed and confirmed was this person's: whoever signs in next takes the run up first.
    let theirs = |run: &&mut Run| clusters.contains(&run.cluster);
    for run in state.runs.iter_mut().filter(theirs) {
        *run = run.clone().found_at_start();
    }
    let left = state.sign_ins.sessions().next();
    let left = left.map(|(_, session)| session.person.clone());
    state.person = left.or_else(|| state.people.values().next().cloned());
    state.stale = true;
    let place = if state.sign_ins.audiences().len() > 1 {
        format!(" at {}", audience.host(&state.config))
    } else {
        String::new()
    };
    state.say(format!(
        "The sign-in{place} ended. 0 shows the session; Enter there signs in."
    ));
    vec![Effect::Disconnect(clusters)]
}

/// Ends the sign-in on screen while it is under way: an answer that comes later signs nobody in.
pub(super) fn given_up(state: &mut State) -> Option<Effect> {
    let audience = state.sign_ins.shown().cloned()?;
    give_up(state, audience)
}

/// Ends every sign-in that is under way.
pub(super) fn all_given_up(state: &mut State) -> Vec<Effect> {
    let all = state.sign_ins.audiences().to_vec();
    let all = all.into_iter();
    all.filter_map(|audience| give_up(state, audience))
        .collect()
}

fn give_up(state: &mut State, audience: Audience) -> Option<Effect> {
    let under_way = matches!(
        state.sign_ins.of(&audience),
        SignIn::Asking { .. } | SignIn::Waiting { .. } | SignIn::Browser { .. }
    );
    if !under_way {
        return None;
    }
    state.sign_ins.put(&audience, SignIn::Idle);
    Some(Effect::CancelSignIn(audience))
}

//! A console that was left alone: nothing of the estate, but one line that says who may come back and how.

use crate::state::State;
use crate::text;

/// The one line, while a console is left and nobody is signing in to it.
pub(in crate::view) fn blank(state: &State) -> Option<String> {
    let away = state.presence.away.as_deref()?;
    if away.proving {
        return None;
    }
    let since = text::clock(away.since.wall, state.now.wall);
    let Some(person) = &away.person else {
        let how = if state.fallbacks.is_empty() {
            "n goes on"
        } else {
            "n asks the issuer"
        };
        return Some(format!(
            "Left alone, blank since {since}. Nobody signed in: {how}, q ends."
        ));
    };
    let who = person.short();
    if let Some(stranger) = &away.stranger {
        return Some(format!(
            "{} is not {who}. {who}: n signs in again. Anybody else: q, then start anew.",
            stranger.short()
        ));
    }
    let how = if away.signed_in.is_empty() {
        "n goes on"
    } else {
        "n signs in again"
    };
    Some(format!(
        "Left alone, blank since {since}. {who}: {how}. Anybody else: q."
    ))
}

//! Time comes in as ticks. Nothing on screen moves unless a word changed: freshness limits are looked at each
//! second, ages once a minute.

use crate::sources::board;
use crate::sources::zones;
use crate::state::State;
use crate::state::WHOLE;
use crate::state::effect::Effect;
use crate::state::nav::Screen;

/// Ages move together, once in so many seconds.
const AGES_EVERY_S: i64 = 60;

/// A second passed.
pub(super) fn tick(state: &mut State) -> Vec<Effect> {
    let aged = state.now.seconds_since(state.judged_at) >= AGES_EVERY_S;
    if aged || freshness_changed(state) {
        state.stale = true;
    }
    let mut effects = Vec::new();
    if aged {
        effects.push(Effect::SaveLastKnown);
    }
    effects.extend(super::idle::tick(state));
    effects.extend(super::sign_in::tick(state));
    effects.extend(super::run::advance(state));
    effects.extend(super::rights::ask(state));
    effects
}

/// The terminal has another size; mark, pane, prompt and typed text stay. 0x0 counts as 80x24.
pub(super) fn resize(state: &mut State, width: u16, height: u16) -> Vec<Effect> {
    state.size = if width == 0 || height == 0 {
        WHOLE
    } else {
        (width, height)
    };
    state.card_shown = None;
    state.changed();
    Vec::new()
}

/// True when a cluster crossed a freshness limit since the board was judged.
pub(super) fn freshness_changed(state: &State) -> bool {
    let now = |name| {
        state
            .world
            .cluster(name)
            .map(|cluster| cluster.freshness(state.now))
    };
    state.board.clusters.iter().any(|(name, shown)| {
        now(name).is_some_and(|now| std::mem::discriminant(&now) != std::mem::discriminant(shown))
    })
}

impl State {
    /// Judges the board anew when something changed; called once before a frame is drawn.
    pub fn settle(&mut self) {
        if !self.stale {
            return;
        }
        self.stale = false;
        self.judged_at = self.now;
        let mut judged = board::judge(&self.config, &self.world, self.judged_at);
        judged.remember(&self.board);
        self.board = judged;
        self.zone = None;
        self.look();
        self.changed();
    }

    /// Judges the zone on screen unless that is done: the frame, the footer and the mark all read this one judgement.
    pub(super) fn look(&mut self) {
        let wanted = self.nav.screen == Screen::Zone;
        let here = |detail: &zones::Detail| wanted && detail.zone == self.nav.zone;
        if self.zone.as_ref().is_some_and(here) {
            return;
        }
        self.zone = wanted.then(|| {
            let zone = self.nav.zone.as_ref();
            zones::detail(&self.config, &self.world, zone, self.judged_at)
        });
    }
}

//! What sources saw goes into the world; the board is judged anew once every waiting event is in.

use crate::config::ClusterName;
use crate::sources::fact::Fact;
use crate::sources::fact::WatchNews;
use crate::sources::traffic::Traffic;
use crate::state::State;
use crate::state::effect::Effect;
use crate::state::nav::Screen;

/// Folds one fact. A sign of life that changes no word asks for no frame.
pub(super) fn fact(
    state: &mut State,
    cluster: &ClusterName,
    generation: u64,
    fact: Fact,
) -> Vec<Effect> {
    let quiet = matches!(fact, Fact::Watch(_, WatchNews::Heard));
    state.world.fold(cluster, generation, fact, state.now);
    if quiet && !super::time::freshness_changed(state) {
        return Vec::new();
    }
    state.stale = true;
    Vec::new()
}

/// A connection is being made: facts of the one before it do not count any more. What is told of one that was closed
/// since makes none.
pub(super) fn connecting(state: &mut State, cluster: &ClusterName, generation: u64) -> Vec<Effect> {
    let found = state.config.cluster(cluster);
    let closed = found.is_some_and(|found| !state.has_credential(found));
    if closed
        || state
            .presence
            .away
            .as_ref()
            .is_some_and(|away| !away.leaving)
    {
        return Vec::new();
    }
    state.world.connect(cluster.clone(), generation);
    state.stale = true;
    Vec::new()
}

/// The counters of a connection were looked at: a figure that hardly moved stays, and where no word changed nothing is
/// drawn.
pub(super) fn traffic(
    state: &mut State,
    cluster: ClusterName,
    generation: u64,
    newer: Traffic,
) -> Vec<Effect> {
    let now = state.world.cluster(&cluster);
    if now.is_none_or(|world| world.generation() != generation) {
        return Vec::new();
    }
    let shown = state.traffic_on(&cluster);
    let newer = shown.map_or(newer, |shown| shown.then(newer));
    state.traffic.insert(cluster, (generation, newer));
    if shown != Some(newer) && matches!(state.nav.screen, Screen::Session | Screen::Cluster) {
        state.changed();
    }
    Vec::new()
}

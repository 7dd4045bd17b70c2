//! What this person may do is asked while somebody looks at what needs it; a start asks nothing. A Secret's keys are read
//! when somebody says so.

use std::collections::BTreeSet;

use crate::config::ClusterName;
use crate::sources::fact::Watch;
use crate::sources::ground::Ground;
use crate::sources::rights::held;
use crate::sources::secret::SecretKeys;
use crate::sources::secret::SecretRef;
use crate::sources::world::ClusterWorld;
use crate::sources::world::Standing;
use crate::state::State;
use crate::state::effect::Effect;
use crate::state::nav::Screen;
use crate::state::prompt::Prompt;
use crate::text::SafeText;

/// Seconds after which a question that was never answered is put again.
const LOST_S: i64 = 30;
/// How many namespaces of a cluster are asked about; the rest is said to be not asked.
const PLACES: usize = 40;

/// The questions that are due: of every cluster that is heard, not asked yet or not lately.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    if !looks(state) {
        return Vec::new();
    }
    let now = state.now;
    let mut effects = Vec::new();
    for cluster in &state.config.clusters {
        let Some(world) = state.world.cluster(&cluster.name) else {
            continue;
        };
        let generation = world.generation();
        let fresh = |held: &held::Held| now.seconds_since(held.at) < held::AGAIN_S;
        let asked = state.rights_asked.get(&cluster.name);
        let waits =
            asked.is_some_and(|(of, at)| *of == generation && now.seconds_since(*at) < LOST_S);
        if waits || world.held().is_some_and(fresh) || world.greeting().is_none() {
            continue;
        }
        let Some(velero) = velero(world, state) else {
            continue;
        };
        let flux = world.kustomizations(now);
        let flux = flux.now().map_or_else(Vec::new, |table| {
            table
                .iter()
                .map(|one| one.meta.namespace.to_string())
                .collect()
        });
        let questions =
            held::questions(Some(velero.as_str()).filter(|name| !name.is_empty()), flux);
        let namespace = match velero.as_str() {
            "" => "default".to_owned(),
            name => name.to_owned(),
        };
        let ground = Ground::new(&state.config, &state.world, &cluster.name, now, world);
        effects.push(Effect::AskRights {
            cluster: cluster.name.clone(),
            generation,
            questions,
            namespace,
            places: places(&ground),
        });
    }
    for effect in &effects {
        if let Effect::AskRights {
            cluster,
            generation,
            ..
        } = effect
        {
            let asked = (*generation, now);
            state.rights_asked.insert(cluster.clone(), asked);
        }
    }
    effects
}

/// The namespaces of zones to ask about, each once, the first [`PLACES`] by name.
fn places(ground: &Ground<'_>) -> Vec<String> {
    let zones = ground.zones();
    let all = zones.flat_map(|zone| ground.namespaces(Some(&zone.name)));
    let names: BTreeSet<&str> = all.map(SafeText::as_str).collect();
    let first = names.into_iter().take(PLACES);
    first.map(str::to_owned).collect()
}

/// Whether what is on screen depends on rights.
fn looks(state: &State) -> bool {
    let screen = matches!(
        state.nav.screen,
        Screen::Runbooks
            | Screen::Book
            | Screen::Fill
            | Screen::Plan
            | Screen::Run
            | Screen::Session
            | Screen::Cluster
    );
    screen || matches!(state.prompt, Some(Prompt::Palette { .. }))
}

/// Velero's namespace; empty where there is no Velero, `None` while that is not known.
fn velero(world: &ClusterWorld, state: &State) -> Option<SafeText> {
    let stores = world.stores(state.now);
    if let Some(table) = stores.now() {
        let names = table.iter().map(|store| store.meta.namespace.clone());
        return Some(names.min().unwrap_or_default());
    }
    match world.standing(&[Watch::Stores], state.now) {
        Standing::NotInstalled | Standing::NoRight(_) => Some(SafeText::default()),
        _ => None,
    }
}

/// Somebody asks for the names of a Secret's keys.
pub(super) fn keys(state: &mut State, which: SecretRef) -> Vec<Effect> {
    let connected = |name: &ClusterName| {
        let world = state.world.cluster(name);
        world
            .filter(|world| world.greeting().is_some())
            .map(ClusterWorld::generation)
    };
    let Some(generation) = connected(&which.cluster) else {
        state.say(format!(
            "Secret {which} was not asked for: {} is not reached.",
            which.cluster
        ));
        return Vec::new();
    };
    state.say(format!(
        "Asking for the names of the keys of Secret {which}; the view is recorded first."
    ));
    vec![Effect::SecretKeys { which, generation }]
}

/// The names came, or why not.
pub(super) fn keys_came(
    state: &mut State,
    which: SecretRef,
    answer: Result<SecretKeys, SafeText>,
) -> Vec<Effect> {
    match answer {
        Ok(keys) => {
            state.message = None;
            state.secret = Some((which, keys));
            super::go::push(state, Screen::Secret);
        }
        Err(why) => state.say(why),
    }
    state.changed();
    Vec::new()
}

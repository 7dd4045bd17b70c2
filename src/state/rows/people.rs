//! How many people a live change needs where a zone says one number and policy, by namespace, another.

use crate::config::Cluster;
use crate::config::MemberBy;
use crate::config::Zone;
use crate::sources::ground::Ground;
use crate::sources::world::ClusterWorld;
use crate::state::State;
use crate::text::SafeText;

/// The most people that a live change in a zone may need: what the zone or policy says of it, or what policy says of a
/// namespace that stands in it, whichever is more.
pub fn people(state: &State, zone: &Zone) -> u32 {
    let clusters = state.config.clusters.iter();
    let claims = clusters.map(|cluster| claimed(state, zone, cluster));
    claims.fold(state.config.policy.people(zone), u32::max)
}

/// The most people that policy asks for by name for a namespace of a zone on one cluster; 0 where it names none.
fn claimed(state: &State, zone: &Zone, cluster: &Cluster) -> u32 {
    let world = state.world.cluster(&cluster.name);
    let greeted = world.and_then(|world| world.greeting()?.uid.as_ref());
    let pinned = || cluster.fingerprint.as_ref()?.uid.as_deref();
    let uid = greeted.map(SafeText::as_str).or_else(pinned);
    let nothing = ClusterWorld::default();
    let now = state.judged_at;
    let ground = Ground::new(&state.config, &state.world, &cluster.name, now, &nothing);
    let stand = ground.namespaces(Some(&zone.name)).iter();
    let members = zone.members.iter();
    let named = members
        .filter(|member| member.cluster == cluster.name)
        .filter_map(|member| match &member.by {
            MemberBy::Namespaces(names) => Some(names),
            MemberBy::Selector(_) => None,
        })
        .flatten();
    let all = stand.map(SafeText::as_str).chain(named.map(String::as_str));
    let claims = all.filter_map(|name| state.config.policy.claim(uid, name));
    claims.map(|claim| claim.people).max().unwrap_or(0)
}

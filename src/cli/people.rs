//! How many people a change of a whole cluster needs, before anything is asked of it.

use crate::app::clock::Clock;
use crate::config;
use crate::config::ClusterName;
use crate::config::Config;

/// Why one person may not do this, if so: the policy has ended, or it needs more than one. A change of a whole cluster
/// reaches its namespaces that stand in no zone, too, so it needs the most people that policy asks for anywhere, whatever
/// zones the user's file writes for it, or what the strictest of these zones asks for, where that is more.
pub(super) fn needs_more(
    config: &Config,
    (name, uid): (&ClusterName, Option<&str>),
    (what, next): (&str, &str),
) -> Option<String> {
    let policy = &config.policy;
    if policy.has_ended(Clock::start().now().wall) {
        return Some(format!(
            "the policy {} has ended, so nothing was changed; ask whoever keeps it for a new one",
            policy.label
        ));
    }
    let of_it = |zone: &&config::Zone| zone.members.iter().any(|one| one.cluster == *name);
    let zones = config.zones.iter().filter(of_it);
    let strictest = zones.max_by_key(|zone| policy.people(zone));
    let least = policy.most();
    let people = strictest.map_or(least, |zone| policy.people(zone).max(least));
    let claim = uid.and_then(|uid| policy.claim_on(uid));
    let who = match (strictest, claim) {
        (Some(zone), _) if policy.people(zone) == people => zone.name.to_string(),
        (_, Some(claim)) if claim.people == people => {
            format!("{}, to which policy counts a part of {name},", claim.name)
        }
        _ => format!("all of {name}, with what stands there in no zone,"),
    };
    (people > 1).then(|| {
        format!(
            "{who} needs {people} people {what}, and approvals do not exist yet: nothing was changed; {next}"
        )
    })
}

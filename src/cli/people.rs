//! How many people a change of a whole cluster needs, before anything is asked of it.

use crate::app::clock::Clock;
use crate::config;
use crate::config::ClusterName;
use crate::config::Config;

/// Why one person may not do this, if so: the policy has ended, or the cluster needs more than one. A cluster needs what
/// the strictest zone of the configuration asks for that has a part of it, and what policy asks for by the cluster's
/// uid, which no other name in the configuration changes.
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
    let people = strictest.map_or(policy.most(), |zone| policy.people(zone));
    let claim = uid.and_then(|uid| policy.claim_on(uid));
    let (who, people) = match (claim, strictest) {
        (Some(claim), _) if claim.people > people => (
            format!("{}, to which policy counts a part of {name},", claim.name),
            claim.people,
        ),
        (_, Some(zone)) => (zone.name.to_string(), people),
        (_, None) => ("this estate".to_owned(), people),
    };
    (people > 1).then(|| {
        format!(
            "{who} needs {people} people {what}, and approvals do not exist yet: nothing was changed; {next}"
        )
    })
}

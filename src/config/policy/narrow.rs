//! The configuration under the policy: what it asks for and may not have has no effect, and is said.

use super::Policy;
use crate::config::ConfigError;
use crate::config::clusters::Cluster;
use crate::config::clusters::ClusterName;
use crate::config::duration;
use crate::config::estate::Estate;
use crate::config::keys;
use crate::config::table::Table;
use crate::config::tokens::TokenSettings;
use crate::config::tokens::TokenStore;
use crate::config::zone::MemberBy;
use crate::config::zone::Zone;

/// Holds a configuration to its policy: an issuer that is not allowed is refused by line, a store that is not allowed
/// gives way to memory, and every number that is lower than policy's is named.
pub(in crate::config) fn narrow(
    policy: &mut Policy,
    top: &Table<'_>,
    (estate, clusters, zones): (&mut Estate, &[Cluster], &[Zone]),
    tokens: &mut TokenSettings,
) -> Result<(), ConfigError> {
    issuers(policy, top)?;
    let mut said = Vec::new();
    said.extend(idle(policy, tokens));
    said.extend(store(policy, tokens));
    if !policy.is_self() {
        said.extend(zones.iter().filter_map(|zone| people(policy, zone)));
        for zone in zones {
            said.extend(members(policy, clusters, zone));
        }
        said.extend(outside(policy, clusters, estate));
    }
    policy.narrowed = said;
    Ok(())
}

fn issuers(policy: &Policy, top: &Table<'_>) -> Result<(), ConfigError> {
    if policy.issuers.is_empty() {
        return Ok(());
    }
    for table in top.tables("identity", &keys::IDENTITY)? {
        let issuer = table.need("issuer", "\"https://...\"")?;
        if !policy.issuers.iter().any(|one| one == issuer.value) {
            let sentence = format!(
                "policy does not let people sign in at {}; it lists {}",
                issuer.value,
                policy.issuers.join(", ")
            );
            return Err(table.error(issuer.at, sentence));
        }
    }
    Ok(())
}

fn idle(policy: &Policy, tokens: &TokenSettings) -> Option<String> {
    let holds = tokens.idle_s(policy.idle_s);
    let asked = tokens.idle_s.filter(|asked| *asked > holds)?;
    Some(format!(
        "idle = {:?} is longer than policy lets a console be left alone; {} holds",
        duration::words(asked),
        duration::words(holds)
    ))
}

fn store(policy: &Policy, tokens: &mut TokenSettings) -> Option<String> {
    let allowed = policy.token_stores.as_ref()?;
    let asked = tokens.store;
    if asked == TokenStore::Memory || allowed.contains(&asked) {
        return None;
    }
    tokens.store = TokenStore::Memory;
    tokens.recipient = None;
    Some(format!(
        "token_store = {:?} is not one that policy lists; tokens stay in memory",
        asked.word()
    ))
}

fn people(policy: &Policy, zone: &Zone) -> Option<String> {
    let holds = policy.people(zone);
    (zone.people < holds).then(|| {
        format!(
            "zone {} has people = {}, policy asks for {holds}; {holds} hold",
            zone.name, zone.people
        )
    })
}

/// The uid that a cluster is pinned to.
fn uid<'a>(clusters: &'a [Cluster], name: &ClusterName) -> Option<&'a str> {
    let cluster = clusters.iter().find(|one| one.name == *name);
    let print = cluster.and_then(|one| one.fingerprint.as_ref());
    print.and_then(|print| print.uid.as_deref())
}

/// Takes out of `outside` what policy counts to a zone: it stands in NO ZONE and is judged, whatever the file says.
fn outside(policy: &Policy, clusters: &[Cluster], estate: &mut Estate) -> Vec<String> {
    let mut said = Vec::new();
    for entry in &mut estate.outside {
        let (cluster, uid) = (&entry.cluster, uid(clusters, &entry.cluster));
        entry.namespaces.retain(|name| {
            let claim = policy.claim(uid, name);
            said.extend(claim.map(|claim| {
                format!(
                    "{name} on {cluster} stands in outside, policy counts it to {}; it is judged in NO ZONE",
                    claim.name
                )
            }));
            claim.is_none()
        });
    }
    estate.outside.retain(|entry| !entry.namespaces.is_empty());
    said
}

/// The namespaces of a zone that policy gives to a stricter one.
fn members(policy: &Policy, clusters: &[Cluster], zone: &Zone) -> Vec<String> {
    let mut said = Vec::new();
    for member in &zone.members {
        let MemberBy::Namespaces(names) = &member.by else {
            continue;
        };
        let uid = uid(clusters, &member.cluster);
        for name in names {
            let claim = policy.claim(uid, name);
            let stricter = claim.filter(|claim| claim.people > policy.people(zone));
            said.extend(stricter.map(|claim| {
                format!(
                    "{name} on {} stands in zone {}, policy counts it to {}; {} people hold",
                    member.cluster, zone.name, claim.name, claim.people
                )
            }));
        }
    }
    said
}

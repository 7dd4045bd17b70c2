//! Rights: what reading and each part of a runbook needs, which role grants it, what the server says that we may, and
//! what is too much.
//!
//! `role` (the roles and what is in them), `manifest` (as YAML), `confine` (the admission policy for Restores), `rules`
//! (the server's own list of what we may), `held` (what we may, with an age), `place` (what we may in a zone's
//! namespaces), `grant` (which binding would allow it), `grave` (what amounts to more than it says), `install` (what is
//! printed, object by object).
//! Nothing here asks anybody; the connection asks, and what it heard is folded into the world.

pub mod confine;
pub mod grant;
pub mod grave;
pub mod held;
pub mod install;
pub mod manifest;
pub mod place;
pub mod role;
pub mod rules;

use super::alerts;
use super::fact::Watch;
use super::op::Gvr;
use super::op::Op;

/// One right: a verb on a resource, in one namespace or everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// Namespace; `None` is everywhere.
    pub namespace: Option<String>,
    /// API group; empty for the core group.
    pub group: String,
    /// Resource, with a subresource after a slash.
    pub resource: String,
    /// Names it is limited to; empty is all.
    pub names: Vec<String>,
    /// Verb.
    pub verb: String,
}

impl Right {
    /// As RBAC and people write it: `create restores.velero.io in velero`.
    pub fn words(&self) -> String {
        let resource = match self.group.as_str() {
            "" => self.resource.clone(),
            group => format!("{}.{group}", self.resource),
        };
        let place = self.namespace.as_deref();
        let place = place.map_or("every namespace".to_owned(), str::to_owned);
        format!("{} {resource} in {place}", self.verb)
    }
}

/// Every right that reading needs.
pub fn reading() -> Vec<Right> {
    let mut rights: Vec<Right> = Watch::ALL.into_iter().flat_map(of_watch).collect();
    // The fingerprint: uid of kube-system. Namespaces are read anyway; a get of one is a verb of its own.
    rights.push(right(None, "", "namespaces", &[], "get"));
    rights
}

/// Every right that these operations need: to send them, and to look at what they made.
pub fn sending<'a>(ops: impl IntoIterator<Item = &'a Op>) -> Vec<Right> {
    let mut rights = Vec::new();
    for op in ops {
        if matches!(op, Op::Review { .. }) {
            // Everyone who is signed in may ask about himself (system:basic-user).
            continue;
        }
        let (Gvr { group, plural, .. }, namespace, _) = op.target();
        for verb in ["get", op.verb()] {
            rights.push(right(namespace, &group, &plural, &[], verb));
        }
    }
    rights
}

fn of_watch(watch: Watch) -> Vec<Right> {
    if watch == Watch::Alerts {
        let (namespace, names) = (Some(alerts::NAMESPACE), alerts::SERVICES);
        return vec![right(namespace, "", watch.resource(), &names, "get")];
    }
    let (resource, group) = watch
        .resource()
        .split_once('.')
        .unwrap_or((watch.resource(), ""));
    ["list", "watch"]
        .into_iter()
        .map(|verb| right(None, group, resource, &[], verb))
        .collect()
}

fn right(
    namespace: Option<&str>,
    group: &str,
    resource: &str,
    names: &[&str],
    verb: &str,
) -> Right {
    Right {
        namespace: namespace.map(str::to_owned),
        group: group.to_owned(),
        resource: resource.to_owned(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        verb: verb.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_changes_nothing_and_names_no_star() {
        for right in reading() {
            let verb = right.verb.as_str();
            assert!(["get", "list", "watch"].contains(&verb), "{right:?}");
            assert!(!right.words().contains('*') && !right.words().contains("secrets"));
        }
    }

    #[test]
    fn every_watch_has_its_right() {
        let rights = reading();
        for watch in Watch::ALL {
            let resource = watch.resource().split('.').next().unwrap_or_default();
            let granted = rights.iter().any(|right| right.resource == resource);
            assert!(granted, "{watch:?}");
        }
    }
}

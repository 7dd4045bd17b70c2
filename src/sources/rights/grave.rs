//! Rights that amount to more than they say: the list in `grave.toml`, read.
//!
//! Above an emitted role stands what each of its rights amounts to; of a person the session says which of them nobody who
//! works with crashcart needs. To add one: an entry in the file.

use serde::Deserialize;

use super::Right;
use super::rules::Rules;

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    #[serde(default)]
    everywhere: bool,
    amounts: String,
    excess: Option<String>,
}

/// The list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grave {
    grave: Vec<Entry>,
}

impl Grave {
    /// The list of this build. A test holds that it can be read.
    pub fn built_in() -> Grave {
        toml::from_str(include_str!("grave.toml")).unwrap_or_default()
    }

    /// What a right amounts to, in a sentence that follows the right's own words; `None` where it is what it says.
    pub fn amounts(&self, right: &Right) -> Option<&str> {
        let mut entries = self.grave.iter();
        let found = entries.find(|entry| {
            entry.verbs.contains(&right.verb)
                && has(&entry.groups, &right.group)
                && entry.resources.contains(&right.resource)
                && (!entry.everywhere || right.namespace.is_none())
        });
        found.map(|entry| entry.amounts.as_str())
    }

    /// What these rules give that nobody needs who works with crashcart, a clause each, said once.
    pub fn excess(&self, rules: &Rules) -> Vec<&str> {
        let mut found = Vec::new();
        for entry in &self.grave {
            let Some(words) = entry.excess.as_deref() else {
                continue;
            };
            let gives = |verb: &String| {
                let groups = entry.groups.iter();
                let pairs =
                    groups.flat_map(|group| entry.resources.iter().map(move |one| (group, one)));
                let mut pairs = pairs;
                pairs.any(|(group, resource)| rules.gives(verb, group, resource))
            };
            if !found.contains(&words) && entry.verbs.iter().any(gives) {
                found.push(words);
            }
        }
        found
    }
}

fn has(list: &[String], word: &str) -> bool {
    list.iter().any(|one| one == "*" || one == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::rights::rules::Rule;

    fn rules(verb: &str, group: &str, resource: &str, names: &[&str]) -> Rules {
        Rules {
            rules: vec![Rule {
                verbs: vec![verb.to_owned()],
                groups: vec![group.to_owned()],
                resources: vec![resource.to_owned()],
                names: names.iter().map(|name| (*name).to_owned()).collect(),
            }],
            incomplete: false,
        }
    }

    #[test]
    fn the_list_can_be_read_and_each_entry_says_something() {
        let read: Result<Grave, _> = toml::from_str(include_str!("grave.toml"));
        let list = read.unwrap();
        assert_eq!(list, Grave::built_in());
        assert!(list.grave.len() > 20);
        for entry in &list.grave {
            let lists = [&entry.verbs, &entry.groups, &entry.resources];
            assert!(lists.iter().all(|list| !list.is_empty()), "{entry:?}");
            assert!(entry.amounts.ends_with('.'), "{entry:?}");
            let excess = entry.excess.as_deref().unwrap_or("may");
            assert!(
                excess.starts_with("may") && !excess.ends_with('.'),
                "{entry:?}"
            );
        }
    }

    #[test]
    fn every_way_up_that_kubernetes_itself_warns_of_is_named() {
        let list = Grave::built_in();
        for (verb, group, resource) in [
            ("get", "", "secrets"),
            ("watch", "", "secrets"),
            ("create", "", "pods"),
            ("patch", "apps", "deployments"),
            ("create", "batch", "cronjobs"),
            ("create", "", "persistentvolumes"),
            ("get", "", "nodes/proxy"),
            ("escalate", "rbac.authorization.k8s.io", "clusterroles"),
            ("bind", "rbac.authorization.k8s.io", "roles"),
            ("impersonate", "", "users"),
            ("impersonate", "authentication.k8s.io", "userextras"),
            (
                "update",
                "certificates.k8s.io",
                "certificatesigningrequests/approval",
            ),
            ("create", "", "serviceaccounts/token"),
            (
                "patch",
                "admissionregistration.k8s.io",
                "mutatingwebhookconfigurations",
            ),
            (
                "update",
                "admissionregistration.k8s.io",
                "validatingwebhookconfigurations",
            ),
            ("patch", "", "namespaces"),
            ("create", "", "pods/exec"),
        ] {
            let held = rules(verb, group, resource, &[]);
            assert_eq!(list.excess(&held).len(), 1, "{verb} {resource}.{group}");
            let right = Right {
                namespace: None,
                group: group.to_owned(),
                resource: resource.to_owned(),
                names: Vec::new(),
                verb: verb.to_owned(),
            };
            assert!(list.amounts(&right).is_some(), "{verb} {resource}.{group}");
        }
        let one = rules(
            "create",
            "",
            "serviceaccounts/token",
            &["breakglass-restore"],
        );
        assert!(
            list.excess(&one).is_empty(),
            "one account is not all of them"
        );
        assert!(list.excess(&rules("list", "", "pods", &[])).is_empty());
    }
}

//! The server's own list of what we may do: it explains an answer, and shows what is more than the console needs. It may
//! be incomplete, and then says so; nothing is decided by it.

use serde_json::Value;

use super::grave::Grave;
use crate::text::SafeText;

/// One rule of the list. A `*` stands for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Verbs.
    pub verbs: Vec<String>,
    /// API groups; the empty one is the core group.
    pub groups: Vec<String>,
    /// Resources, with subresources after a slash.
    pub resources: Vec<String>,
    /// Names it is limited to; empty is all.
    pub names: Vec<String>,
}

impl Rule {
    fn on(&self, group: &str, resource: &str) -> bool {
        has(&self.groups, group) && has(&self.resources, resource)
    }

    fn gives(&self, verb: &str, group: &str, resource: &str) -> bool {
        has(&self.verbs, verb) && self.on(group, resource)
    }
}

fn has(list: &[String], word: &str) -> bool {
    list.iter().any(|one| one == "*" || one == word)
}

/// The list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Every rule that holds in the namespace it was asked for.
    pub rules: Vec<Rule>,
    /// True when the server says that there may be more: not every authoriser can list what it allows.
    pub incomplete: bool,
}

impl Rules {
    /// Reads the status of a `SelfSubjectRulesReview`; what is no rule is left out.
    pub fn of(answer: &Value) -> Rules {
        let texts = |rule: &Value, key: &str| -> Vec<String> {
            let list = rule.get(key).and_then(Value::as_array);
            let texts = list.into_iter().flatten().filter_map(Value::as_str);
            texts.map(|text| SafeText::new(text).to_string()).collect()
        };
        let all = answer.pointer("/status/resourceRules");
        let all = all.and_then(Value::as_array).into_iter().flatten();
        let rule = |rule: &Value| Rule {
            verbs: texts(rule, "verbs"),
            groups: texts(rule, "apiGroups"),
            resources: texts(rule, "resources"),
            names: texts(rule, "resourceNames"),
        };
        let incomplete = answer.pointer("/status/incomplete");
        Rules {
            rules: all.map(rule).collect(),
            incomplete: incomplete.and_then(Value::as_bool).unwrap_or(true),
        }
    }

    /// The verbs that some rule gives on every object of a resource, sorted, each once.
    pub fn verbs(&self, group: &str, resource: &str) -> Vec<&str> {
        let here = self.rules.iter().filter(|rule| rule.names.is_empty());
        let here = here.filter(|rule| rule.on(group, resource));
        let mut verbs: Vec<&str> = here
            .flat_map(|rule| rule.verbs.iter().map(String::as_str))
            .collect();
        verbs.sort_unstable();
        verbs.dedup();
        verbs
    }

    /// Whether some rule gives this on every object of a resource.
    pub fn gives(&self, verb: &str, group: &str, resource: &str) -> bool {
        let mut rules = self.rules.iter().filter(|rule| rule.names.is_empty());
        rules.any(|rule| rule.gives(verb, group, resource))
    }

    /// What is more than the console ever needs, a sentence each; `groups` are those that the server gives us.
    pub fn excess(&self, groups: &[SafeText]) -> Vec<String> {
        let mut found = Vec::new();
        if groups
            .iter()
            .any(|group| group.as_str() == "system:masters")
        {
            found.push(
                "is in system:masters, which no rule limits and no binding takes away".to_owned(),
            );
        }
        let star = |rule: &Rule| {
            let stars = [&rule.verbs, &rule.groups, &rule.resources];
            stars
                .iter()
                .filter(|list| list.iter().any(|one| one == "*"))
                .count()
        };
        match self.rules.iter().map(star).max() {
            Some(3) => {
                // Whoever may do everything may do each of the rest.
                found.push("may do everything (* on *)".to_owned());
                return found;
            }
            Some(1..) => {
                found.push("holds a rule with a *, which grows with the cluster".to_owned());
            }
            _ => {}
        }
        let grave = Grave::built_in();
        found.extend(grave.excess(self).into_iter().map(str::to_owned));
        found
    }

    /// True when the list gives `list` on Secrets, which is part of the operator's role and amounts to reading them.
    pub fn lists_secrets(&self) -> bool {
        self.gives("list", "", "secrets")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::rights::role;
    use crate::sources::rights::role::Role;
    use crate::sources::rights::role::Scope;

    fn excess(verbs: &[&str], group: &str, resource: &str) -> Vec<String> {
        let rule = json!({"verbs": verbs, "apiGroups": [group], "resources": [resource]});
        Rules::of(&json!({"status": {"resourceRules": [rule]}})).excess(&[])
    }

    #[test]
    fn what_is_too_much_is_named() {
        let table = [
            (
                &["get"][..],
                "",
                "secrets",
                "may get or watch Secrets with their values",
            ),
            (&["impersonate"], "", "users", "may impersonate"),
            (
                &["bind"],
                "rbac.authorization.k8s.io",
                "roles",
                "may give rights",
            ),
            (&["get"], "velero.io", "*", "holds a rule with a *"),
            (&["*"], "*", "*", "may do everything"),
        ];
        for (verbs, group, resource, words) in table {
            let found = excess(verbs, group, resource);
            assert!(found.iter().any(|one| one.contains(words)), "{found:?}");
        }
        let masters = Rules::default().excess(&[SafeText::new("system:masters")]);
        assert!(masters[0].contains("system:masters"));
    }

    #[test]
    fn no_role_of_ours_is_too_much() {
        for role in Role::ALL {
            let rights = role::rights(role, &Scope::default()).into_iter();
            let rule = |right: super::super::Right| Rule {
                verbs: vec![right.verb],
                groups: vec![right.group],
                resources: vec![right.resource],
                names: right.names,
            };
            let rules = Rules {
                rules: rights.map(rule).collect(),
                incomplete: false,
            };
            assert!(rules.excess(&[]).is_empty(), "{role:?}");
            assert_eq!(rules.lists_secrets(), role == Role::Operator);
        }
    }

    #[test]
    fn a_list_that_does_not_say_that_it_is_whole_is_not() {
        assert!(Rules::of(&json!({"status": {}})).incomplete);
        assert!(!Rules::of(&json!({"status": {"incomplete": false}})).incomplete);
    }
}

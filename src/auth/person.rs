//! A person, as an issuer names them.

use crate::config::Policy;
use crate::text::SafeText;

/// Who acts: known by issuer and subject, never by the operating system's user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The issuer's URL; for a client certificate, `x509:` and the cluster's name.
    pub issuer: String,
    /// The issuer's own id of the person; two logins with one subject are one person.
    pub subject: String,
    /// The name a person reads, such as `alice@meridian.test`.
    pub login: SafeText,
    /// The groups the issuer put them in.
    pub groups: Vec<SafeText>,
}

impl Person {
    /// The login before its `@`, as shown after the first time.
    pub fn short(&self) -> &str {
        let login = self.login.as_str();
        match login.split_once('@') {
            Some((name, _)) if !name.is_empty() => name,
            _ => login,
        }
    }

    /// What the header calls them: `operator`, `approver` or `viewer`. Whoever may operate is
    /// called so first; a group that policy lets approve counts whatever its name.
    pub fn role(&self, policy: &Policy) -> &'static str {
        let named = |word: &str| self.groups.iter().any(|one| one.as_str().contains(word));
        let approves = |group: &SafeText| {
            let known = policy.approvers.iter();
            known
                .map(|one| one.group.as_str())
                .any(|one| one == group.as_str())
        };
        if named("operator") {
            "operator"
        } else if named("approver") || self.groups.iter().any(approves) {
            "approver"
        } else {
            "viewer"
        }
    }

    /// Whether the two are the same person: the same issuer and subject.
    pub fn is(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.subject == other.subject
    }
}

#[cfg(test)]
mod tests {
    use super::Person;
    use crate::config::Approver;
    use crate::config::Policy;
    use crate::text::SafeText;

    fn person(login: &str, groups: &[&str]) -> Person {
        Person {
            issuer: "https://id.test".to_owned(),
            subject: "s-1".to_owned(),
            login: SafeText::new(login),
            groups: groups.iter().map(|group| SafeText::new(group)).collect(),
        }
    }

    #[test]
    fn a_person_is_short_before_the_at() {
        assert_eq!(person("alice@meridian.test", &[]).short(), "alice");
        assert_eq!(person("alice", &[]).short(), "alice");
        assert_eq!(person("@x", &[]).short(), "@x");
    }

    #[test]
    fn the_role_follows_the_groups() {
        let mut policy = Policy::own();
        let role = |groups: &[&str], policy: &Policy| person("a", groups).role(policy);
        assert_eq!(
            role(&["crashcart-operator", "crashcart-approver"], &policy),
            "operator"
        );
        assert_eq!(role(&["crashcart-approver"], &policy), "approver");
        assert_eq!(role(&["sre"], &policy), "viewer");
        policy.approvers.push(Approver {
            group: "sre".to_owned(),
            zones: Vec::new(),
        });
        assert_eq!(role(&["sre"], &policy), "approver");
    }

    #[test]
    fn the_same_person_is_the_same_subject_of_the_same_issuer() {
        let alice = person("alice", &[]);
        assert!(alice.is(&person("alice@other-name", &["x"])));
        let mut other = alice.clone();
        other.issuer = "https://elsewhere.test".to_owned();
        assert!(!alice.is(&other));
    }
}

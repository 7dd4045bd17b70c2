//! Roles as YAML: what `rbac emit` prints, with what they amount to above them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Right;
use super::confine;
use super::confine::Confined;
use super::grave::Grave;
use super::role;
use super::role::Role;
use super::role::Scope;

/// What stands above a role that may list Secrets.
const WITH_SECRETS: &str = "\
# crashcart lists Secrets for their names and uids, because a run ends as completed only when every object of its plan was
# seen; it asks for metadata only, so that no value enters it. --without-secrets leaves the rights on Secrets out.
";

/// What stands above a role that may not.
const WITHOUT_SECRETS: &str = "\
# This role may not list Secrets. What then cannot be proved: that a restore brought back the Secrets of its plan. verify
# stays open and names them, until somebody who may list them looks or the check is skipped with a reason; such a run
# ends with a check skipped and not as completed. The undo leaves the Secrets that a restore created where they are.
";

/// What stands above the opener of break-glass.
const OPENER: &str = "\
# The opener is sealed and used when nobody can sign in: it makes a Secret for the session and a token of the account
# breakglass-restore that ends with this Secret. All work is done with that token.
";

/// What stands where no admission policy is printed.
const OPEN: &str = "\
# No admission policy is printed: name the namespaces that a Restore may write to with --restore-into, once for each, and
# a ValidatingAdmissionPolicy follows that refuses every other Restore, whoever sends it.
";

/// Whom a role is given to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// A group of the issuer.
    pub group: Option<&'a str>,
    /// A user.
    pub user: Option<&'a str>,
}

/// What `rbac emit` prints: what the role amounts to, the admission policy where namespaces are named, the roles, and
/// bindings where a group or a user is named. What confines comes before what gives, so that whatever stops in the middle
/// leaves nobody with rights that nothing confines yet.
pub fn manifest(
    role: Role,
    scope: &Scope,
    subject: Subject<'_>,
    confined: Option<&Confined>,
) -> String {
    let mut subjects: Vec<(&str, &str)> = Vec::new();
    subjects.extend(subject.group.map(|group| ("Group", group)));
    subjects.extend(subject.user.map(|user| ("User", user)));
    let rights = role::rights(role, scope);
    let mut opened = Vec::new();
    if role == Role::BreakGlass {
        opened = role::operating(scope);
    }
    let all = [&rights[..], &opened[..]].concat();
    let mut out = about(role, scope, &all);
    if role == Role::BreakGlass {
        out.push_str(&account());
    }
    if let Some(confined) = confined {
        out.push_str(&confine::yaml(confined));
    }
    let account = [("ServiceAccount", role::ACCOUNT)];
    let given = [
        (role.name(), &rights, &subjects[..]),
        (role::ACCOUNT, &opened, &account[..]),
    ];
    for (name, rights, _) in &given {
        out.push_str(&yaml(name, rights));
    }
    for (name, rights, subjects) in given {
        bindings(&mut out, name, rights, subjects);
    }
    let restores =
        |right: &Right| (right.resource.as_str(), right.verb.as_str()) == ("restores", "create");
    if confined.is_none() && all.iter().any(restores) {
        out.push_str("---\n");
        out.push_str(OPEN);
    }
    out
}

/// What stands above the roles: what they amount to, a sentence each.
fn about(role: Role, scope: &Scope, rights: &[Right]) -> String {
    let mut out = String::new();
    let grave = Grave::built_in();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for right in rights {
        let Some(sentence) = grave
            .amounts(right)
            .filter(|sentence| told.insert(sentence))
        else {
            continue;
        };
        let words = right.words();
        // Writing into a String cannot fail.
        let _ = writeln!(out, "# {words}\n#   {sentence}");
    }
    if !out.is_empty() {
        out.insert_str(0, "# Rights that amount to more than they say:\n");
    }
    out.push_str(match role {
        Role::Viewer | Role::Approver => "",
        Role::BreakGlass => OPENER,
        Role::Operator if scope.secrets => WITH_SECRETS,
        Role::Operator => WITHOUT_SECRETS,
    });
    out
}

/// The namespace of break-glass, and its one account.
fn account() -> String {
    let (space, account) = (role::BREAK_GLASS, role::ACCOUNT);
    format!(
        "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {space}\n\
         ---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {account}\n  namespace: {space}\n\
         automountServiceAccountToken: false\n"
    )
}

/// Binds the roles with these rights to these subjects.
fn bindings(out: &mut String, name: &str, rights: &[Right], subjects: &[(&str, &str)]) {
    let rights = rights.iter();
    let places: BTreeSet<Option<&str>> = rights.map(|right| right.namespace.as_deref()).collect();
    for namespace in places.into_iter().filter(|_| !subjects.is_empty()) {
        bind(out, name, namespace, subjects);
    }
}

fn bind(out: &mut String, name: &str, namespace: Option<&str>, subjects: &[(&str, &str)]) {
    let (kind, place) = place(namespace);
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\nmetadata:\n  name: {name}\n{place}\
         roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {name}\nsubjects:\n"
    );
    for (kind, subject) in subjects {
        let subject = serde_json::Value::from(*subject);
        let _ = match *kind {
            "ServiceAccount" => writeln!(
                out,
                "- kind: {kind}\n  name: {subject}\n  namespace: {}",
                role::BREAK_GLASS
            ),
            _ => writeln!(
                out,
                "- kind: {kind}\n  apiGroup: rbac.authorization.k8s.io\n  name: {subject}"
            ),
        };
    }
}

/// `Role` and its line in the metadata, or `ClusterRole` and none.
fn place(namespace: Option<&str>) -> (&'static str, String) {
    match namespace {
        Some(namespace) => ("Role", format!("  namespace: {namespace}\n")),
        None => ("ClusterRole", String::new()),
    }
}

/// The `ClusterRole` and Roles that grant these rights and no more, as YAML documents; the roles are called `name`.
pub fn yaml(name: &str, rights: &[Right]) -> String {
    let mut roles: BTreeMap<Option<&str>, Vec<&Right>> = BTreeMap::new();
    for right in rights {
        roles
            .entry(right.namespace.as_deref())
            .or_default()
            .push(right);
    }
    let mut out = String::new();
    for (namespace, rights) in roles {
        let mut verbs_of: BTreeMap<(&str, &str, &[String]), BTreeSet<&str>> = BTreeMap::new();
        for right in rights {
            let rule = verbs_of
                .entry((&right.group, &right.resource, &right.names))
                .or_default();
            rule.insert(&right.verb);
        }
        let (kind, place) = place(namespace);
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n{place}rules:\n"
        );
        for ((group, resource, names), verbs) in verbs_of {
            let verbs: Vec<&str> = verbs.into_iter().collect();
            let _ = write!(
                out,
                "- apiGroups: [\"{group}\"]\n  resources: [\"{resource}\"]\n  verbs: [\"{}\"]\n",
                verbs.join("\", \"")
            );
            if !names.is_empty() {
                let _ = writeln!(out, "  resourceNames: [\"{}\"]", names.join("\", \""));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(role: Role) -> String {
        let subject = Subject {
            group: Some("sre"),
            user: Some("alice"),
        };
        manifest(role, &Scope::default(), subject, None)
    }

    #[test]
    fn every_role_is_bound_where_it_grants_something_and_by_no_star() {
        for role in Role::ALL {
            let text = of(role);
            assert!(!text.contains("\"*\""), "{role:?}");
            assert!(text.contains("name: \"sre\"") && text.contains("name: \"alice\""));
            let count = |kind: &str| text.matches(&format!("\nkind: {kind}\n")).count();
            assert_eq!(count("Role"), count("RoleBinding"), "{role:?}");
            assert_eq!(
                count("ClusterRole"),
                count("ClusterRoleBinding"),
                "{role:?}"
            );
        }
        let nobody = manifest(Role::Operator, &Scope::default(), Subject::default(), None);
        assert!(!nobody.contains("Binding\n"));
    }

    #[test]
    fn what_confines_comes_before_what_gives() {
        let subject = Subject {
            group: Some("sre"),
            user: None,
        };
        let confined = Confined::new("velero", vec!["emr".to_owned()], false).unwrap();
        let rank = |kind: &str| match kind {
            "Namespace" | "ServiceAccount" => 0,
            "ConfigMap" => 1,
            kind if kind.starts_with("Validating") => 2,
            "Role" | "ClusterRole" => 3,
            _ => 4,
        };
        for role in Role::ALL {
            let text = manifest(role, &Scope::default(), subject, Some(&confined));
            let kinds = text.lines().filter_map(|line| line.strip_prefix("kind: "));
            let ranks: Vec<u8> = kinds.map(rank).collect();
            assert!(
                ranks.is_sorted() && ranks.contains(&2),
                "{role:?}: {ranks:?}"
            );
        }
    }

    #[test]
    fn what_amounts_to_more_is_said_above_the_role() {
        let text = of(Role::Operator);
        let head = text.split("---").next().unwrap_or_default();
        for right in [
            "create restores.velero.io in velero",
            "list secrets in every namespace",
        ] {
            assert!(head.contains(&format!("# {right}\n#   ")), "{head}");
        }
        assert!(head.contains("amounts to an administrator"));
        assert!(
            of(Role::Viewer).starts_with("---\n"),
            "a viewer's rights are what they say"
        );
        let without = Scope {
            secrets: false,
            ..Scope::default()
        };
        let text = manifest(Role::Operator, &without, Subject::default(), None);
        assert!(text.contains("# This role may not list Secrets") && !text.contains("\"secrets\""));
    }

    #[test]
    fn a_role_that_restores_is_printed_with_its_policy_or_with_the_way_to_it() {
        assert!(of(Role::Operator).contains("--restore-into"));
        assert!(!of(Role::Approver).contains("--restore-into"));
        let confined = Confined::new("velero", vec!["emr".to_owned()], false).unwrap();
        let scope = Scope::default();
        let text = manifest(Role::Operator, &scope, Subject::default(), Some(&confined));
        assert!(text.contains("kind: ValidatingAdmissionPolicyBinding"));
        assert!(!text.contains("--restore-into"));
    }
}

//! The least rights: for reading what is watched, and for sending what some operations send.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

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

/// Kinds that a restore may create: their names are compared with the backup, and an undo deletes what was created.
///
/// Secrets are apart, see [`SECRETS`].
const RESTORED: [(&str, &str); 17] = [
    ("", "configmaps"),
    ("", "limitranges"),
    ("", "persistentvolumeclaims"),
    ("", "resourcequotas"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("rbac.authorization.k8s.io", "roles"),
];

/// What verify and undo need of Secrets: their names and uids, and to take back what a run brought. No `get`: a value is
/// never asked for. Nobody can be given the names without the values, which the manifest says.
const SECRETS: [&str; 2] = ["delete", "list"];

/// What stands above a role that may list Secrets.
const WITH_SECRETS: &str = "\
# This role may list Secrets in every namespace, and who may list them can read every value in them: Kubernetes has no
# right to see names alone. crashcart needs the names and uids, because a run ends as completed only when every object
# of its plan was seen; it asks for metadata only, so that no value enters it. The right to create a Restore, which a
# repair needs anyway, amounts to as much: whoever may restore a backup can have its Secrets written where he reads them.
# crashcart rbac emit --without-secrets leaves this right out, and says what then cannot be proved.
";

/// What stands above a role that may not.
const WITHOUT_SECRETS: &str = "\
# This role may not list Secrets. What then cannot be proved: that a restore brought back the Secrets of its plan. verify
# stays open and names them, until somebody who may list them looks or the check is skipped with a reason; such a run
# ends with a check skipped and not as completed. The undo leaves the Secrets that a restore created where they are.
# The right to create a Restore still amounts to reading the Secrets of every backup.
";

/// Rights that the runbooks of this estate's Velero and Flux need, wherever these live; `secrets` adds those on Secrets.
pub fn operating(secrets: bool) -> Vec<Right> {
    let mut rights = Vec::new();
    for (group, resource, verb) in [
        ("velero.io", "serverstatusrequests", "create"),
        ("velero.io", "serverstatusrequests", "delete"),
        ("velero.io", "downloadrequests", "create"),
        ("velero.io", "downloadrequests", "delete"),
        ("velero.io", "backups", "create"),
        ("velero.io", "restores", "create"),
        ("kustomize.toolkit.fluxcd.io", "kustomizations", "patch"),
    ] {
        rights.push(right(None, group, resource, &[], "get"));
        rights.push(right(None, group, resource, &[], verb));
    }
    for (group, resource) in RESTORED {
        let verbs = ["delete", "get", "list"].into_iter();
        rights.extend(verbs.map(|verb| right(None, group, resource, &[], verb)));
    }
    if secrets {
        rights.extend(SECRETS.map(|verb| right(None, "", "secrets", &[], verb)));
    }
    rights
}

/// Which role is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads what is watched and changes nothing.
    Viewer,
    /// Runs runbooks to their proof.
    Operator,
    /// Runs runbooks and is never shown Secrets.
    OperatorWithoutSecrets,
}

/// What `rbac emit` prints: the roles, and bindings where a group or a user is named.
pub fn manifest(role: Role, group: Option<&str>, user: Option<&str>) -> String {
    let (name, about) = match role {
        Role::Viewer => ("crashcart-viewer", ""),
        Role::Operator => ("crashcart-operator", WITH_SECRETS),
        Role::OperatorWithoutSecrets => ("crashcart-operator", WITHOUT_SECRETS),
    };
    let mut rights = reading();
    if role != Role::Viewer {
        rights.extend(operating(role == Role::Operator));
    }
    let mut out = about.to_owned() + &yaml(name, &rights);
    let subjects: Vec<(&str, &str)> = group
        .map(|group| ("Group", group))
        .into_iter()
        .chain(user.map(|user| ("User", user)))
        .collect();
    let places: BTreeSet<Option<&str>> = rights
        .iter()
        .map(|right| right.namespace.as_deref())
        .collect();
    for namespace in places.into_iter().filter(|_| !subjects.is_empty()) {
        bind(&mut out, name, namespace, &subjects);
    }
    out
}

fn bind(out: &mut String, name: &str, namespace: Option<&str>, subjects: &[(&str, &str)]) {
    let kind = if namespace.is_some() {
        "Role"
    } else {
        "ClusterRole"
    };
    let place = namespace
        .map(|namespace| format!("  namespace: {namespace}\n"))
        .unwrap_or_default();
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\nmetadata:\n  name: {name}\n{place}\
         roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {name}\nsubjects:\n"
    );
    for (kind, subject) in subjects {
        let subject = serde_json::Value::from(*subject);
        let _ = writeln!(
            out,
            "- kind: {kind}\n  apiGroup: rbac.authorization.k8s.io\n  name: {subject}"
        );
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
        let kind = if namespace.is_some() {
            "Role"
        } else {
            "ClusterRole"
        };
        let place = namespace
            .map(|namespace| format!("  namespace: {namespace}\n"))
            .unwrap_or_default();
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
    use crate::sources::op::Mark;

    fn ops() -> Vec<Op> {
        let velero = "velero".to_owned();
        let mark = Mark {
            run: "7f3a".into(),
            step: 9,
            ticket: "INC-1".into(),
        };
        vec![
            Op::Review {
                verb: "create".into(),
                gvr: Gvr::new("", "v1", "configmaps"),
                namespace: None,
            },
            Op::StatusRequest {
                velero: velero.clone(),
                name: "s".into(),
            },
            Op::DownloadRequest {
                velero: velero.clone(),
                name: "d".into(),
                artefact: "BackupLog".into(),
                target: "b".into(),
            },
            Op::Suspend {
                namespace: "flux-system".into(),
                name: "emr".into(),
                suspend: true,
            },
            Op::Backup {
                velero: velero.clone(),
                name: "pre".into(),
                namespace: "emr".into(),
                store: "eu".into(),
                ttl: "72h0m0s".into(),
                mark: mark.clone(),
            },
            Op::Restore {
                velero,
                name: "r".into(),
                namespace: "emr".into(),
                backup: "b".into(),
                mark,
            },
            Op::Delete {
                gvr: Gvr::new("", "v1", "configmaps"),
                namespace: Some("emr".into()),
                name: "forms".into(),
                uid: "u".into(),
                resource_version: None,
            },
        ]
    }

    #[test]
    fn every_watch_and_every_operation_has_its_right() {
        let rights: Vec<Right> = reading().into_iter().chain(sending(&ops())).collect();
        let text = yaml("crashcart", &rights);
        for watch in Watch::ALL {
            let resource = watch.resource().split('.').next().unwrap_or_default();
            assert!(
                text.contains(&format!("resources: [\"{resource}\"]")),
                "{watch:?}"
            );
        }
        for op in ops().iter().filter(|op| !matches!(op, Op::Review { .. })) {
            let (gvr, namespace, _) = op.target();
            let granted = rights.iter().any(|right| {
                right.namespace.as_deref() == namespace
                    && right.resource == gvr.plural
                    && right.verb == op.verb()
            });
            assert!(granted, "{op:?}");
        }
        assert!(!text.contains('*'), "nothing is granted by a star");
        assert!(!text.contains("secrets"));
    }

    #[test]
    fn a_restore_is_looked_at_kind_by_kind() {
        let text = manifest(Role::Operator, None, Some("alice"));
        for (_, resource) in RESTORED {
            assert!(
                text.contains(&format!("resources: [\"{resource}\"]")),
                "{resource}"
            );
        }
        assert!(!manifest(Role::Viewer, None, Some("alice")).contains("configmaps"));
    }

    #[test]
    fn secrets_are_listed_and_deleted_never_read_and_the_manifest_says_what_that_means() {
        let rule = "resources: [\"secrets\"]";
        let with = manifest(Role::Operator, None, Some("alice"));
        assert!(with.contains(&format!("{rule}\n  verbs: [\"delete\", \"list\"]\n")));
        assert!(with.contains("# This role may list Secrets"));
        assert!(with.contains("create a Restore"));
        let without = manifest(Role::OperatorWithoutSecrets, None, Some("alice"));
        assert!(!without.contains(rule));
        assert!(without.contains("# This role may not list Secrets. What then cannot be proved"));
        assert!(!manifest(Role::Viewer, None, Some("alice")).contains("ecrets"));
    }

    #[test]
    fn the_operator_of_the_manifest_may_send_every_operation() {
        let rights = operating(false);
        for op in ops().iter().filter(|op| !matches!(op, Op::Review { .. })) {
            let (gvr, ..) = op.target();
            let granted = |right: &&Right| {
                (&right.group, &right.resource, right.verb.as_str())
                    == (&gvr.group, &gvr.plural, op.verb())
            };
            assert!(rights.iter().any(|right| granted(&right)), "{op:?}");
        }
        let text = manifest(Role::Operator, Some("sre-operators"), Some("alice"));
        assert_eq!(text.matches("kind: ClusterRoleBinding").count(), 1);
        assert_eq!(text.matches("kind: RoleBinding").count(), 1);
        assert!(!manifest(Role::Viewer, None, None).contains("create"));
    }

    #[test]
    fn reading_changes_nothing() {
        assert!(
            reading()
                .iter()
                .all(|right| ["get", "list", "watch"].contains(&right.verb.as_str()))
        );
    }
}

//! The roles that `rbac emit` prints: what each may do.

use super::Right;
use super::reading;
use super::right;

/// Kinds that a restore may create: their names are compared with the backup, and an undo deletes what was created.
///
/// Secrets are apart, see [`SECRETS`].
pub const RESTORED: [(&str, &str); 17] = [
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
pub const SECRETS: &str = "secrets";

/// Namespace of the account that break-glass opens; nothing else may live in it.
pub const BREAK_GLASS: &str = "crashcart-breakglass";
/// The account that break-glass opens.
pub const ACCOUNT: &str = "breakglass-restore";

/// One of the four roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads what is watched and changes nothing.
    Viewer,
    /// Runs runbooks to their proof.
    Operator,
    /// Reads what a plan rests on, and changes nothing.
    Approver,
    /// Opens one account for a short time, which may do what an operator may.
    BreakGlass,
}

impl Role {
    /// Every role, the smallest first.
    pub const ALL: [Role; 4] = [
        Role::Viewer,
        Role::Approver,
        Role::Operator,
        Role::BreakGlass,
    ];

    /// The name of the Role, `ClusterRole` and bindings.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "crashcart-viewer",
            Role::Operator => "crashcart-operator",
            Role::Approver => "crashcart-approver",
            Role::BreakGlass => "crashcart-opener",
        }
    }

    /// The word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::BreakGlass => "break-glass",
        }
    }
}

/// What a part of a runbook does to a cluster; the kinds of steps are made of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Asks Velero for a sign of life.
    SignOfLife,
    /// Asks Velero for its list of a backup.
    BackupList,
    /// Lists the names of what a backup holds.
    Names,
    /// Suspends a Kustomization, and resumes it.
    Hold,
    /// Makes a safety copy.
    SafetyCopy,
    /// Restores a namespace, and deletes what that created when it is taken back.
    Restore,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 6] = [
        Part::SignOfLife,
        Part::BackupList,
        Part::Names,
        Part::Hold,
        Part::SafetyCopy,
        Part::Restore,
    ];
}

/// What the roles are made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Velero's namespace: rights on Velero's objects are given there and nowhere else.
    pub velero: String,
    /// Which parts of runbooks; all of them unless one runbook is named.
    pub parts: Vec<Part>,
    /// Whether Secrets may be listed and deleted.
    pub secrets: bool,
}

impl Default for Scope {
    fn default() -> Scope {
        Scope {
            velero: "velero".to_owned(),
            parts: Part::ALL.to_vec(),
            secrets: true,
        }
    }
}

/// Rights of one part of a runbook.
pub fn of_part(part: Part, scope: &Scope) -> Vec<Right> {
    let velero = |resource: &str, verbs: &[&str]| -> Vec<Right> {
        let one = |verb: &&str| right(Some(&scope.velero), "velero.io", resource, &[], verb);
        verbs.iter().map(one).collect()
    };
    match part {
        Part::SignOfLife => velero("serverstatusrequests", &["create", "delete", "get"]),
        Part::BackupList => velero("downloadrequests", &["create", "delete", "get"]),
        Part::SafetyCopy => velero("backups", &["create", "get"]),
        Part::Names => every(scope, "list"),
        Part::Restore => {
            let mut rights = velero("restores", &["create", "get"]);
            rights.extend(every(scope, "delete"));
            rights
        }
        Part::Hold => {
            let (group, resource) = ("kustomize.toolkit.fluxcd.io", "kustomizations");
            let one = |verb| right(None, group, resource, &[], verb);
            ["get", "patch"].into_iter().map(one).collect()
        }
    }
}

/// This verb on every kind that a restore may create.
fn every(scope: &Scope, verb: &str) -> Vec<Right> {
    let secrets = scope.secrets.then_some(("", SECRETS));
    let kinds = RESTORED.into_iter().chain(secrets);
    let one = |(group, resource)| right(None, group, resource, &[], verb);
    kinds.map(one).collect()
}

/// What the account that break-glass opens may do, and an operator.
pub fn operating(scope: &Scope) -> Vec<Right> {
    let mut rights = reading();
    let parts = scope.parts.iter();
    rights.extend(parts.flat_map(|part| of_part(*part, scope)));
    rights.sort();
    rights.dedup();
    rights
}

/// Every right of a role; of break-glass those of the opener, see [`operating`] for the account that it opens.
pub fn rights(role: Role, scope: &Scope) -> Vec<Right> {
    match role {
        Role::Viewer => reading(),
        Role::Operator => operating(scope),
        Role::Approver => {
            let scope = Scope {
                parts: vec![Part::Names],
                secrets: false,
                ..scope.clone()
            };
            operating(&scope)
        }
        Role::BreakGlass => {
            let here = Some(BREAK_GLASS);
            let token = right(here, "", "serviceaccounts/token", &[ACCOUNT], "create");
            let mut rights = vec![token];
            let session = ["create", "delete"].into_iter();
            rights.extend(session.map(|verb| right(here, "", SECRETS, &[], verb)));
            rights
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::op::Gvr;
    use crate::sources::op::Mark;
    use crate::sources::op::Op;
    use crate::sources::rights::grave::Grave;

    fn ops() -> Vec<Op> {
        let velero = "velero".to_owned();
        let mark = Mark {
            run: "7f3a".into(),
            step: 9,
            ticket: "INC-1".into(),
        };
        let name = || "n".to_owned();
        vec![
            Op::StatusRequest {
                velero: velero.clone(),
                name: name(),
            },
            Op::DownloadRequest {
                velero: velero.clone(),
                name: name(),
                artefact: "BackupLog".into(),
                target: "b".into(),
            },
            Op::Suspend {
                namespace: "flux-system".into(),
                name: name(),
                suspend: true,
            },
            Op::Backup {
                velero: velero.clone(),
                name: name(),
                namespace: "emr".into(),
                store: "eu".into(),
                ttl: "72h0m0s".into(),
                mark: mark.clone(),
            },
            Op::Restore {
                velero,
                name: name(),
                namespace: "emr".into(),
                backup: "b".into(),
                mark,
                volumes: false,
                roles: false,
            },
            Op::Delete {
                gvr: Gvr::new("", "v1", "configmaps"),
                namespace: Some("emr".into()),
                name: name(),
                uid: "u".into(),
                resource_version: None,
            },
        ]
    }

    #[test]
    fn an_operator_may_send_every_operation_and_nobody_else_may_send_any() {
        let scope = Scope::default();
        let may = |role: Role, op: &Op| {
            let (gvr, namespace, _) = op.target();
            rights(role, &scope).iter().any(|right| {
                (&right.group, &right.resource, right.verb.as_str())
                    == (&gvr.group, &gvr.plural, op.verb())
                    && (right.namespace.is_none() || right.namespace.as_deref() == namespace)
            })
        };
        for op in ops() {
            assert!(may(Role::Operator, &op), "{op:?}");
            for role in [Role::Viewer, Role::Approver, Role::BreakGlass] {
                assert!(!may(role, &op), "{role:?} {op:?}");
            }
        }
    }

    #[test]
    fn secrets_are_listed_and_deleted_by_operators_only_and_read_by_nobody() {
        let of = |role, secrets| {
            let scope = Scope {
                secrets,
                ..Scope::default()
            };
            let rights = rights(role, &scope).into_iter();
            let verbs = rights.filter(|right| right.resource == SECRETS);
            verbs.map(|right| right.verb).collect::<Vec<_>>()
        };
        assert_eq!(of(Role::Operator, true), ["delete", "list"]);
        assert_eq!(of(Role::BreakGlass, true), ["create", "delete"]);
        assert!(of(Role::Operator, false).is_empty());
        assert!(of(Role::Viewer, true).is_empty() && of(Role::Approver, true).is_empty());
    }

    #[test]
    fn what_amounts_to_more_is_named_for_all_that_changes_something_large() {
        let scope = Scope::default();
        let grave = Grave::built_in();
        let amounts = |right: &Right| grave.amounts(right).map(str::to_owned);
        let silent: Vec<String> = operating(&scope)
            .iter()
            .chain(&rights(Role::BreakGlass, &scope))
            .filter(|right| ["create", "patch"].contains(&right.verb.as_str()))
            .filter(|right| amounts(right).is_none())
            .map(Right::words)
            .collect();
        assert_eq!(silent, ["create serverstatusrequests.velero.io in velero"]);
        assert!(reading().iter().all(|right| amounts(right).is_none()));
    }
}

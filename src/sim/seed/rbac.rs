//! What people may do in a simulated cluster: the least that reading and a restore need.

use serde_json::{Value, json};

use crate::sim::people::{OPERATORS, VIEWERS};
use crate::sim::store::Refusal;
use crate::sim::store::resources::{CLUSTERROLEBINDINGS, CLUSTERROLES, ROLEBINDINGS, ROLES};

use super::{DAY, Story};

/// The group of the RBAC objects.
const GROUP: &str = "rbac.authorization.k8s.io";
/// What reading means.
const READ: [&str; 3] = ["get", "list", "watch"];

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
}

/// The rules for reading what the console shows.
fn reading() -> Vec<Value> {
    let core = [
        "namespaces",
        "nodes",
        "pods",
        "pods/log",
        "events",
        "persistentvolumeclaims",
        "resourcequotas",
    ];
    vec![
        rule("", &core, &READ),
        rule(
            "apps",
            &["deployments", "replicasets", "statefulsets", "daemonsets"],
            &READ,
        ),
        rule("batch", &["jobs", "cronjobs"], &READ),
        rule("velero.io", &["*"], &READ),
        rule("kustomize.toolkit.fluxcd.io", &["kustomizations"], &READ),
        rule("source.toolkit.fluxcd.io", &["gitrepositories"], &READ),
        rule("coordination.k8s.io", &["leases"], &READ),
    ]
}

/// The rules for a restore and its undo, on top of reading.
fn operating() -> Vec<Value> {
    let undo = ["get", "list", "delete"];
    vec![
        rule(
            "velero.io",
            &[
                "backups",
                "restores",
                "downloadrequests",
                "serverstatusrequests",
            ],
            &["create"],
        ),
        rule(
            "velero.io",
            &["restores", "downloadrequests", "serverstatusrequests"],
            &["delete"],
        ),
        rule(
            "kustomize.toolkit.fluxcd.io",
            &["kustomizations"],
            &["patch"],
        ),
        rule(
            "",
            &[
                "configmaps",
                "limitranges",
                "secrets",
                "services",
                "serviceaccounts",
                "pods",
                "persistentvolumeclaims",
                "resourcequotas",
            ],
            &undo,
        ),
        rule(
            "apps",
            &["daemonsets", "deployments", "replicasets", "statefulsets"],
            &undo,
        ),
        rule("batch", &["jobs", "cronjobs"], &undo),
        rule("autoscaling", &["horizontalpodautoscalers"], &undo),
        rule(
            "networking.k8s.io",
            &["ingresses", "networkpolicies"],
            &undo,
        ),
        rule("policy", &["poddisruptionbudgets"], &undo),
        rule(GROUP, &["rolebindings", "roles"], &undo),
    ]
}

/// Writes roles and bindings for the groups of the people; nobody is of `system:masters`.
pub(super) fn fill(story: &Story<'_>) -> Result<(), Refusal> {
    let made = story.stamp(300 * DAY);
    let role = |name: &str, space: Option<&str>, rules: Vec<Value>| {
        let mut metadata = json!({"name": name, "creationTimestamp": made});
        if let Some(space) = space {
            metadata["namespace"] = json!(space);
        }
        json!({"metadata": metadata, "rules": rules})
    };
    let binding = |name: &str, space: Option<&str>, kind: &str, groups: &[&str]| {
        let subjects: Vec<_> = groups
            .iter()
            .map(|group| json!({"apiGroup": GROUP, "kind": "Group", "name": group}))
            .collect();
        let mut metadata = json!({"name": name, "creationTimestamp": made});
        if let Some(space) = space {
            metadata["namespace"] = json!(space);
        }
        json!({
            "metadata": metadata,
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": name},
            "subjects": subjects,
        })
    };
    let (viewer, operator) = ("crashcart-viewer", "crashcart-operator");
    story.add(&CLUSTERROLES, role(viewer, None, reading()))?;
    story.add(&CLUSTERROLES, role(operator, None, operating()))?;
    let readers = [OPERATORS, VIEWERS];
    story.add(
        &CLUSTERROLEBINDINGS,
        binding(viewer, None, "ClusterRole", &readers),
    )?;
    let operators = [OPERATORS];
    story.add(
        &CLUSTERROLEBINDINGS,
        binding(operator, None, "ClusterRole", &operators),
    )?;
    platform(story, &made)?;
    let alerts = "crashcart-alerts";
    let space = Some("monitoring");
    let rules = vec![rule("", &["services/proxy"], &["get"])];
    story.add(&ROLES, role(alerts, space, rules))?;
    story.add(&ROLEBINDINGS, binding(alerts, space, "Role", &readers))?;
    let records = "crashcart-records";
    let space = Some("crashcart");
    let verbs = [
        "get", "list", "watch", "create", "update", "patch", "delete",
    ];
    let rules = vec![rule("coordination.k8s.io", &["leases"], &verbs)];
    story.add(&ROLES, role(records, space, rules))?;
    let binding = binding(records, space, "Role", &operators);
    story.add(&ROLEBINDINGS, binding).map(drop)
}

/// Dana runs the platform: she may mend what no runbook mends, and delete a whole namespace, which a story may let her
/// do by mistake; she edits `ConfigMaps` by hand and ends pods.
fn platform(story: &Story<'_>, made: &str) -> Result<(), Refusal> {
    let name = "platform-admin";
    let metadata = json!({"name": name, "creationTimestamp": made});
    let rules = [
        rule("", &["namespaces"], &["delete"]),
        rule("", &["nodes"], &["patch"]),
        rule("apps", &["deployments", "statefulsets"], &["patch"]),
        rule(
            "velero.io",
            &["backupstoragelocations", "schedules"],
            &["patch"],
        ),
        rule("velero.io", &["schedules"], &["create"]),
        rule("source.toolkit.fluxcd.io", &["gitrepositories"], &["patch"]),
        rule("", &["configmaps"], &["patch"]),
        rule("", &["pods"], &["delete", "deletecollection"]),
    ];
    story.add(&CLUSTERROLES, json!({"metadata": metadata, "rules": rules}))?;
    let bound = json!({
        "metadata": metadata,
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": GROUP, "kind": "User", "name": "dana@meridian.test"}],
    });
    story.add(&CLUSTERROLEBINDINGS, bound).map(drop)
}

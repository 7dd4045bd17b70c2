//! Each role of `rbac emit` on a real API server: enough for its verbs, and 403 for every other one of the matrix.
//!
//! The requests are sent with nothing in them, to objects that are not there, as a dry run: what is allowed fails for
//! another reason than 403. The table below is written by hand, so that a right which slips into a role shows here.

use futures_util::StreamExt;
use futures_util::stream;
use http::Request;
use kube::client::Body;

use crate::bed::Bed;
use crate::cluster::Cluster;

/// What everybody but the opener reads.
const READ: [&str; 10] = [
    "namespaces",
    "nodes",
    "pods",
    "deployments.apps",
    "backups.velero.io",
    "restores.velero.io",
    "schedules.velero.io",
    "backupstoragelocations.velero.io",
    "deletebackuprequests.velero.io",
    "kustomizations.kustomize.toolkit.fluxcd.io",
];
/// What a restore may bring.
const BROUGHT: [&str; 18] = [
    "configmaps",
    "limitranges",
    "persistentvolumeclaims",
    "resourcequotas",
    "secrets",
    "serviceaccounts",
    "services",
    "daemonsets.apps",
    "deployments.apps",
    "statefulsets.apps",
    "horizontalpodautoscalers.autoscaling",
    "cronjobs.batch",
    "jobs.batch",
    "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io",
    "poddisruptionbudgets.policy",
    "rolebindings.rbac.authorization.k8s.io",
    "roles.rbac.authorization.k8s.io",
];
/// What nobody touches, and what some do.
const OTHERS: [&str; 17] = [
    "events",
    "replicationcontrollers",
    "serviceaccounts/token",
    "pods/exec",
    "pods/log",
    "pods/ephemeralcontainers",
    "services/proxy",
    "persistentvolumes",
    "deployments/scale.apps",
    "leases.coordination.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "certificatesigningrequests.certificates.k8s.io",
    "validatingadmissionpolicies.admissionregistration.k8s.io",
    "customresourcedefinitions.apiextensions.k8s.io",
    "downloadrequests.velero.io",
    "serverstatusrequests.velero.io",
];
/// Kinds that belong to no namespace.
const WIDE: [&str; 8] = [
    "namespaces",
    "nodes",
    "persistentvolumes",
    "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "certificatesigningrequests.certificates.k8s.io",
    "validatingadmissionpolicies.admissionregistration.k8s.io",
    "customresourcedefinitions.apiextensions.k8s.io",
];
const VERBS: [&str; 8] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
];
const HATCH: &str = "crashcart-breakglass";
const ACCOUNT: &str = "breakglass-restore";
/// Requests under way at once: few enough that the server queues none of them away.
const AT_ONCE: usize = 8;

/// Who asks: a role by its word, or the account that break-glass opens.
const ROLES: [&str; 5] = ["viewer", "approver", "operator", "break-glass", ACCOUNT];

/// One cell: who, verb, kind and namespace (empty: none, or all of them).
type Cell = (&'static str, &'static str, &'static str, &'static str);

/// What each role may do, by hand.
fn may((role, verb, kind, space): Cell) -> bool {
    if role == "break-glass" {
        return space == HATCH
            && match kind {
                "secrets" => ["create", "delete"].contains(&verb),
                "serviceaccounts/token" => verb == "create",
                _ => false,
            };
    }
    let reads = READ.contains(&kind) && ["list", "watch"].contains(&verb);
    if reads || (kind, verb) == ("namespaces", "get") {
        return true;
    }
    let brought = BROUGHT.contains(&kind);
    match role {
        "approver" => brought && verb == "list" && kind != "secrets",
        "operator" | ACCOUNT => {
            let here = space == "velero";
            brought && ["list", "delete"].contains(&verb)
                || match kind {
                    "restores.velero.io" | "backups.velero.io" => {
                        here && ["create", "get"].contains(&verb)
                    }
                    "downloadrequests.velero.io" | "serverstatusrequests.velero.io" => {
                        here && ["create", "get", "delete"].contains(&verb)
                    }
                    "kustomizations.kustomize.toolkit.fluxcd.io" => {
                        ["get", "patch"].contains(&verb)
                    }
                    _ => false,
                }
        }
        _ => false,
    }
}

/// Every cell of the matrix.
fn cells() -> Vec<Cell> {
    let kinds = READ.iter().chain(&BROUGHT).chain(&OTHERS);
    let mut cells = Vec::new();
    for kind in kinds {
        let spaces: &[&str] = match *kind {
            wide if WIDE.contains(&wide) => &[""],
            "secrets" | "serviceaccounts/token" => &["shop", "velero", HATCH, ""],
            _ => &["shop", "velero", ""],
        };
        for (space, verb) in spaces.iter().flat_map(|one| VERBS.map(|verb| (*one, verb))) {
            // Without a namespace one can only list and watch what lives in namespaces.
            let wide = WIDE.contains(kind) || !space.is_empty();
            let whole = !kind.contains('/');
            if whole && (wide || ["list", "watch"].contains(&verb)) {
                cells.extend(ROLES.map(|role| (role, verb, *kind, space)));
            } else if !whole && !space.is_empty() && ["get", "create"].contains(&verb) {
                cells.extend(ROLES.map(|role| (role, verb, *kind, space)));
            }
        }
    }
    cells.sort_unstable();
    cells.dedup();
    cells
}

/// The request of a cell.
fn request((role, verb, kind, space): Cell) -> Request<Body> {
    let (resource, group) = kind.split_once('.').unwrap_or((kind, ""));
    let (plural, sub) = resource.split_once('/').unwrap_or((resource, ""));
    let version = if group == "autoscaling" { "v2" } else { "v1" };
    let mut path = match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    if !space.is_empty() {
        path = format!("{path}/namespaces/{space}");
    }
    path = format!("{path}/{plural}");
    let named = ["get", "update", "patch", "delete"].contains(&verb) || !sub.is_empty();
    if named {
        let name = if plural == "serviceaccounts" && !sub.is_empty() {
            ACCOUNT
        } else {
            "nobody"
        };
        path = format!("{path}/{name}");
    }
    if !sub.is_empty() {
        path = format!("{path}/{sub}");
    }
    let (method, query) = match verb {
        "get" => ("GET", ""),
        "list" => ("GET", "?limit=1"),
        "watch" => ("GET", "?watch=true&resourceVersion=none"),
        "create" => ("POST", "?dryRun=All"),
        "update" => ("PUT", "?dryRun=All"),
        "patch" => ("PATCH", "?dryRun=All"),
        _ => ("DELETE", "?dryRun=All"),
    };
    let (user, groups) = match role {
        ACCOUNT => (
            format!("system:serviceaccount:{HATCH}:{ACCOUNT}"),
            vec!["system:authenticated".to_owned()],
        ),
        role => (
            format!("matrix-{role}"),
            vec![format!("matrix-{role}"), "system:authenticated".to_owned()],
        ),
    };
    let kind = if verb == "patch" {
        "application/merge-patch+json"
    } else {
        "application/json"
    };
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{path}{query}"))
        .header("content-type", kind)
        .header("impersonate-user", user);
    for group in groups {
        request = request.header("impersonate-group", group);
    }
    let body = if method == "GET" { "" } else { "{}" };
    request.body(Body::from(body.as_bytes().to_vec())).unwrap()
}

/// Sends every cell and compares the answers with the table.
pub(crate) fn each_role_may_do_its_verbs_and_no_other(bed: &Bed) {
    // The operator's role stands already, and is bound to alice by other hands.
    bed.emit(&["--group", "matrix-operator"]);
    for role in ["viewer", "approver", "break-glass"] {
        let group = format!("matrix-{role}");
        let (code, said) = bed.install(&["--role", role, "--group", &group]);
        assert_eq!(code, 0, "{said}");
    }
    let cluster = Cluster::of(bed);
    let cells = cells();
    let count = cells.len();
    let cluster = &cluster;
    let asked = stream::iter(cells)
        .map(|cell| async move { (cell, cluster.send(request(cell)).await.0) })
        .buffer_unordered(AT_ONCE)
        .filter_map(|(cell, status)| async move {
            let wrong = (status != 403) != may(cell) || status == 429;
            wrong.then(|| format!("{cell:?} was answered {status}"))
        });
    let wrong: Vec<String> = cluster.wait(asked.collect());
    // Her role was bound to the matrix's group instead.
    bed.give_alice_her_role();
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

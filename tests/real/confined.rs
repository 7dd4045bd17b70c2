//! The admission policy of `rbac emit` on a real API server: every other Restore than the allowed ones is refused, with
//! its sentence, whoever sends it.

use std::time::Instant;

use crashcart::sources::op::Mark;
use crashcart::sources::op::Op;
use http::Request;
use kube::client::Body;
use serde_json::Value;
use serde_json::json;

use crate::bed::Bed;
use crate::cluster::Cluster;
use crate::pty::LIMIT;

/// A Restore as the console sends it where no claims and no Roles are brought.
fn allowed() -> Value {
    let op = Op::Restore {
        velero: "velero".to_owned(),
        name: "r-matrix".to_owned(),
        namespace: "shop".to_owned(),
        backup: "shop-daily-1".to_owned(),
        mark: Mark {
            run: "7f3a".to_owned(),
            step: 9,
            ticket: "INC-1".to_owned(),
        },
        volumes: false,
        roles: false,
    };
    serde_json::from_slice(&op.request().body).unwrap()
}

/// The same with other fields in its spec; `null` takes a field away.
fn with(fields: &Value) -> Value {
    let mut body = allowed();
    for (key, value) in fields.as_object().unwrap() {
        if value.is_null() {
            body["spec"].as_object_mut().unwrap().remove(key);
        } else {
            body["spec"][key] = value.clone();
        }
    }
    body
}

/// What is refused, and a part of the sentence.
fn refused() -> Vec<(Value, &'static str)> {
    let hook = json!({"resources": [{"name": "h", "postHooks": [{"exec": {"command": ["sh"]}}]}]});
    let spaces = "includedNamespaces must name namespaces";
    let mapping = "namespaceMapping must lead";
    let wide = "includeClusterResources must be false";
    let existing = "existingResourcePolicy must be none";
    let backup = "must name one Backup";
    vec![
        (json!({"includedNamespaces": null}), spaces),
        (json!({"includedNamespaces": []}), spaces),
        (json!({"includedNamespaces": ["*"]}), spaces),
        (
            json!({"includedNamespaces": ["shop", "kube-system"]}),
            spaces,
        ),
        (json!({"includedNamespaces": ["sho*"]}), spaces),
        (json!({"includedNamespaces": ["velero"]}), spaces),
        (
            json!({"namespaceMapping": {"shop": "kube-system"}}),
            mapping,
        ),
        (json!({"includeClusterResources": null}), wide),
        (json!({"includeClusterResources": true}), wide),
        (json!({"existingResourcePolicy": "update"}), existing),
        (json!({"hooks": hook}), "hooks are refused"),
        (
            json!({"resourceModifier": {"kind": "ConfigMap", "name": "m"}}),
            "resourceModifier is refused",
        ),
        (json!({"backupName": null}), backup),
        (
            json!({"backupName": "", "scheduleName": "shop-daily"}),
            backup,
        ),
        (json!({"scheduleName": "shop-daily"}), backup),
    ]
}

/// What is refused because it could bring Roles, under either of their names.
fn giving_rights() -> Vec<(Value, &'static str)> {
    let rights = "must leave out the kinds that give rights";
    vec![
        (json!({"excludedResources": null}), rights),
        (
            json!({"excludedResources": ["roles", "rolebindings"]}),
            rights,
        ),
        // One of the two names that the same object may be served by is not enough.
        (
            json!({"excludedResources": ["role*.rbac.authorization.k8s.io"]}),
            rights,
        ),
        (
            json!({"includedResources": ["rolebindings.authorization.openshift.io"]}),
            rights,
        ),
        (
            json!({"includedResources": ["configmaps", "Roles.authorization.openshift.io"]}),
            rights,
        ),
        (
            json!({"includedResources": ["*"], "excludedResources": []}),
            rights,
        ),
        (json!({"includedResources": ["rolebindings"]}), rights),
        (json!({"includedResources": ["configmaps", "Role"]}), rights),
        (
            json!({"includedResources": ["clusterrolebindings.rbac.authorization.k8s.io"]}),
            rights,
        ),
        (
            json!({"includedResources": ["*.rbac.authorization.k8s.io"]}),
            rights,
        ),
    ]
}

/// What is accepted beside it.
fn accepted() -> Vec<Value> {
    let kinds = ["configmaps", "deployments.apps"];
    vec![
        json!({}),
        json!({"namespaceMapping": {"shop": "shop"}}),
        json!({"includedResources": kinds, "excludedResources": null}),
        json!({"existingResourcePolicy": null, "hooks": {}}),
    ]
}

/// A dry run of that object; every person is refused alike, so it is sent by an administrator.
async fn tried(cluster: &Cluster, plural: &str, body: &Value) -> (u16, String) {
    let path = format!("/apis/velero.io/v1/namespaces/velero/{plural}?dryRun=All");
    let request = Request::post(path).header("content-type", "application/json");
    let body = Body::from(body.to_string().into_bytes());
    cluster.send(request.body(body).unwrap()).await
}

fn download(kind: &str) -> Value {
    json!({"apiVersion": "velero.io/v1", "kind": "DownloadRequest", "metadata": {"name": "d-matrix"},
           "spec": {"target": {"kind": kind, "name": "shop-daily-1"}}})
}

/// Every shape, once the policy and its data have reached the server.
pub(crate) fn a_restore_stays_where_the_policy_keeps_it(bed: &Bed) {
    let cluster = Cluster::of(bed);
    let all = async {
        let began = Instant::now();
        let (star, contents) = (
            with(&json!({"includedNamespaces": ["*"]})),
            download("BackupContents"),
        );
        loop {
            let restore = tried(&cluster, "restores", &star).await;
            let address = tried(&cluster, "downloadrequests", &contents).await;
            let known = |said: &(u16, String)| said.0 == 422 && !said.1.contains("params");
            if known(&restore) && known(&address) {
                assert!(
                    address.1.contains("only lists, logs and results"),
                    "{address:?}"
                );
                break;
            }
            assert!(
                began.elapsed() < LIMIT,
                "the policy does not hold: {restore:?} {address:?}"
            );
        }
        for fields in accepted() {
            let (status, said) = tried(&cluster, "restores", &with(&fields)).await;
            assert_eq!(status, 201, "{fields}: {said}");
        }
        for (fields, sentence) in refused().into_iter().chain(giving_rights()) {
            let (status, said) = tried(&cluster, "restores", &with(&fields)).await;
            assert_eq!(status, 422, "{fields}: {said}");
            assert!(said.contains(sentence), "{fields}: {said}");
        }
        let (status, said) = tried(
            &cluster,
            "downloadrequests",
            &download("BackupResourceList"),
        )
        .await;
        assert_eq!(status, 201, "{said}");
    };
    cluster.wait(all);
}

//! What an API server makes by itself at its first start: system namespaces, default roles and
//! the definitions of its custom resources.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::sim::api::schema::Schemas;
use crate::sim::clock::seconds;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::Store;
use crate::sim::store::resources;

const NAMESPACES: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

/// How old a simulated cluster is when it starts.
const AGE: SignedDuration = SignedDuration::from_hours(412 * 24);

/// Fills an empty store with what every cluster has.
///
/// # Errors
/// An object exists already: the store was not empty.
pub fn fill(store: &Store) -> Result<(), Refusal> {
    for name in NAMESPACES {
        store.create(
            &resources::NAMESPACES,
            None,
            json!({ "metadata": { "name": name } }),
        )?;
    }
    let everything = json!([
        { "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] },
        { "verbs": ["*"], "nonResourceURLs": ["*"] },
    ]);
    role(store, "cluster-admin", &everything, &["system:masters"])?;
    let discovery = json!([{
        "verbs": ["get"],
        "nonResourceURLs": [
            "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
            "/openapi/*", "/readyz", "/version", "/version/",
        ],
    }]);
    role(
        store,
        "system:discovery",
        &discovery,
        &["system:authenticated"],
    )?;
    let basic = json!([
        {
            "verbs": ["create"],
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        },
        {
            "verbs": ["create"],
            "apiGroups": ["authentication.k8s.io"],
            "resources": ["selfsubjectreviews"],
        },
    ]);
    role(
        store,
        "system:basic-user",
        &basic,
        &["system:authenticated"],
    )?;
    let public = json!([{
        "verbs": ["get"],
        "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"],
    }]);
    let all = ["system:authenticated", "system:unauthenticated"];
    role(store, "system:public-info-viewer", &public, &all)?;
    let schemas = Schemas::read();
    for res in resources::ALL.iter().filter(|res| res.custom) {
        let mut definition = definition(res, &schemas);
        definition["metadata"]["creationTimestamp"] = born(store).into();
        store.create(&resources::CUSTOMRESOURCEDEFINITIONS, None, definition)?;
    }
    Ok(())
}

/// When the cluster was set up.
fn born(store: &Store) -> String {
    let now = store.clock().now();
    seconds(now.checked_sub(AGE).unwrap_or(now))
}

fn role(store: &Store, name: &str, rules: &Value, groups: &[&str]) -> Result<(), Refusal> {
    let labels = json!({ "kubernetes.io/bootstrapping": "rbac-defaults" });
    let metadata = json!({
        "name": name,
        "labels": labels,
        "annotations": { "rbac.authorization.kubernetes.io/autoupdate": "true" },
        "creationTimestamp": born(store),
    });
    let role = json!({ "metadata": metadata, "rules": rules });
    store.create(&resources::CLUSTERROLES, None, role)?;
    let api = "rbac.authorization.k8s.io";
    let subjects: Vec<Value> = groups
        .iter()
        .map(|group| json!({ "kind": "Group", "apiGroup": api, "name": group }))
        .collect();
    let binding = json!({
        "metadata": metadata,
        "roleRef": { "apiGroup": api, "kind": "ClusterRole", "name": name },
        "subjects": subjects,
    });
    store.create(&resources::CLUSTERROLEBINDINGS, None, binding)?;
    Ok(())
}

fn definition(res: &Resource, schemas: &Schemas) -> Value {
    let names = json!({
        "plural": res.plural,
        "singular": res.singular,
        "kind": res.kind,
        "listKind": format!("{}List", res.kind),
        "shortNames": res.short,
    });
    let mut version = json!({
        "name": res.version,
        "served": true,
        "storage": true,
        "schema": { "openAPIV3Schema": schemas.of(res) },
    });
    if res.status_subresource {
        version["subresources"] = json!({ "status": {} });
    }
    json!({
        "metadata": { "name": res.qualified() },
        "spec": {
            "group": res.group,
            "names": names,
            "scope": if res.namespaced { "Namespaced" } else { "Cluster" },
            "versions": [version],
        },
        "status": {
            "acceptedNames": names,
            "storedVersions": [res.version],
            "conditions": [
                { "type": "NamesAccepted", "status": "True", "reason": "NoConflicts" },
                { "type": "Established", "status": "True", "reason": "InitialNamesAccepted" },
            ],
        },
    })
}

//! What the server offers: versions, groups and resources, in the old and the aggregated form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::ACCEPT;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::sim::api::path::REVIEWS;
use crate::sim::store::Resource;
use crate::sim::store::resources;

/// The media type of aggregated discovery.
pub(super) const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The version the simulated server gives itself.
pub(super) const VERSION: &str = "v1.36.3";

/// True when the client prefers aggregated discovery.
pub(super) fn wants_aggregated(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| {
            accept.split(',').any(|range| {
                let parts: Vec<&str> = range.split(';').map(str::trim).collect();
                ["g=apidiscovery.k8s.io", "v=v2", "as=APIGroupDiscoveryList"]
                    .iter()
                    .all(|part| parts.contains(part))
            })
        })
}

/// The answer of `/version`.
pub(super) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "gitVersion": VERSION,
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "2026-08-01T00:00:00Z",
        "goVersion": "",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

/// A subresource: name, group and version and kind of its object, verbs.
type Subresource = (&'static str, [&'static str; 3], &'static [&'static str]);

/// The subresources served for a resource.
pub(super) fn subresources(res: &Resource) -> Vec<Subresource> {
    const READ_WRITE: &[&str] = &["get", "patch", "update"];
    const PROXY: &[&str] = &["create", "delete", "get", "patch", "update"];
    let own = [res.group, res.version, res.kind];
    let mut all: Vec<Subresource> = Vec::new();
    if res.status_subresource {
        all.push(("status", own, READ_WRITE));
    }
    match (res.group, res.plural) {
        ("", "pods") => {
            all.push(("eviction", ["policy", "v1", "Eviction"], &["create"]));
            all.push(("log", own, &["get"]));
            all.push(("proxy", ["", "v1", "PodProxyOptions"], PROXY));
        }
        ("", "services") => {
            all.push(("proxy", ["", "v1", "ServiceProxyOptions"], PROXY));
        }
        ("apps", "deployments" | "replicasets" | "statefulsets") => {
            all.push(("scale", ["autoscaling", "v1", "Scale"], READ_WRITE));
        }
        _ => {}
    }
    all.sort_by_key(|sub| sub.0);
    all
}

/// Every group but the core one, in the order of the table.
fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = Vec::new();
    let named = resources::ALL.iter().map(|res| res.group);
    for group in named.chain(REVIEWS.iter().map(|review| review.0)) {
        if !group.is_empty() && !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// The answer of a discovery path in the old form; `None` when there is no such path.
pub(super) fn legacy(path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["api"] => Some(json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [
                { "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:443" },
            ],
        })),
        ["apis"] => Some(json!({
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": groups().into_iter().map(group).collect::<Vec<_>>(),
        })),
        ["apis", name] => groups().contains(name).then(|| {
            let mut group = group(name);
            group["kind"] = "APIGroup".into();
            group["apiVersion"] = "v1".into();
            group
        }),
        ["api", "v1"] => Some(resource_list("")),
        ["apis", name, "v1"] => groups().contains(name).then(|| resource_list(name)),
        _ => None,
    }
}

fn group(name: &str) -> Value {
    let version = json!({ "groupVersion": format!("{name}/v1"), "version": "v1" });
    json!({ "name": name, "versions": [version], "preferredVersion": version })
}

fn resource_list(group: &str) -> Value {
    let mut list = Vec::new();
    for res in members(group) {
        let mut entry = json!({
            "name": res.plural,
            "singularName": res.singular,
            "namespaced": res.namespaced,
            "kind": res.kind,
            "verbs": verbs(res),
            "storageVersionHash": stored(res),
        });
        if !res.short.is_empty() {
            entry["shortNames"] = json!(res.short);
        }
        if res.in_all {
            entry["categories"] = json!(["all"]);
        }
        list.push(entry);
        for (name, [group, version, kind], verbs) in subresources(res) {
            let mut entry = json!({
                "name": format!("{}/{name}", res.plural),
                "singularName": "",
                "namespaced": res.namespaced,
                "kind": kind,
                "verbs": verbs,
            });
            if group != res.group {
                entry["group"] = group.into();
                entry["version"] = version.into();
            }
            list.push(entry);
        }
    }
    for (_, plural, kind, namespaced, _) in REVIEWS.iter().filter(|review| review.0 == group) {
        list.push(json!({
            "name": plural,
            "singularName": kind.to_lowercase(),
            "namespaced": namespaced,
            "kind": kind,
            "verbs": ["create"],
        }));
    }
    let version = if group.is_empty() {
        "v1".to_owned()
    } else {
        format!("{group}/v1")
    };
    let mut all = json!({
        "kind": "APIResourceList",
        "groupVersion": version,
        "resources": list,
    });
    // The core group's list is older than the field.
    if !group.is_empty() {
        all["apiVersion"] = "v1".into();
    }
    all
}

/// The answer of `/api` (`core`) or `/apis` in the aggregated form.
pub(super) fn aggregated(core: bool) -> Value {
    let groups = if core { vec![""] } else { groups() };
    let items: Vec<Value> = groups
        .into_iter()
        .map(|group| {
            json!({
                "metadata": metadata(group),
                "versions": [{
                    "version": "v1",
                    "resources": discoveries(group),
                    "freshness": "Current",
                }],
            })
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn metadata(group: &str) -> Value {
    if group.is_empty() {
        json!({})
    } else {
        json!({ "name": group })
    }
}

/// The kind behind a path; a built-in one of the path's own group names neither group nor version.
fn own_kind(kind: [&str; 3], group: &str, custom: bool) -> Value {
    match kind {
        [own, _, kind] if own == group && !custom => kind_of(["", "", kind]),
        kind => kind_of(kind),
    }
}

/// A short hash of what a resource is stored as, as discovery tells it.
fn stored(res: &Resource) -> String {
    let kind = format!("{}/{}/{}", res.group, res.version, res.kind);
    STANDARD.encode(&Sha256::digest(kind)[..8])
}

/// The resources of a group, by name.
fn members(group: &str) -> Vec<&'static Resource> {
    let mut list: Vec<&Resource> = resources::ALL
        .iter()
        .copied()
        .filter(|res| res.group == group)
        .collect();
    list.sort_by_key(|res| res.plural);
    list
}

/// The verbs of a resource, in the order a server tells them.
fn verbs(res: &Resource) -> Vec<&'static str> {
    if res.custom {
        return vec![
            "delete",
            "deletecollection",
            "get",
            "list",
            "patch",
            "create",
            "update",
            "watch",
        ];
    }
    res.verbs.to_vec()
}

fn kind_of([group, version, kind]: [&str; 3]) -> Value {
    json!({ "group": group, "version": version, "kind": kind })
}

fn scope(namespaced: bool) -> &'static str {
    if namespaced { "Namespaced" } else { "Cluster" }
}

fn discoveries(group: &str) -> Vec<Value> {
    let mut list: Vec<Value> = members(group)
        .into_iter()
        .map(|res| {
            let subresources: Vec<Value> = subresources(res)
                .into_iter()
                .map(|(name, kind, verbs)| {
                    let kind = own_kind(kind, res.group, res.custom);
                    json!({ "subresource": name, "responseKind": kind, "verbs": verbs })
                })
                .collect();
            let mut entry = json!({
                "resource": res.plural,
                "responseKind": own_kind([res.group, res.version, res.kind], group, res.custom),
                "scope": scope(res.namespaced),
                "singularResource": res.singular,
                "verbs": verbs(res),
            });
            if !res.short.is_empty() {
                entry["shortNames"] = json!(res.short);
            }
            if res.in_all {
                entry["categories"] = json!(["all"]);
            }
            if !subresources.is_empty() {
                entry["subresources"] = subresources.into();
            }
            entry
        })
        .collect();
    for (_, plural, kind, namespaced, _) in REVIEWS.iter().filter(|review| review.0 == group) {
        list.push(json!({
            "resource": plural,
            "responseKind": own_kind([group, "v1", kind], group, false),
            "scope": scope(*namespaced),
            "singularResource": kind.to_lowercase(),
            "verbs": ["create"],
        }));
    }
    list
}

/// The index of API descriptions, one for each group.
pub(super) fn openapi_index() -> Value {
    let mut paths = json!({
        "api/v1": { "serverRelativeURL": "/openapi/v3/api/v1" },
    });
    for group in groups() {
        let path = format!("apis/{group}/v1");
        paths[&path] = json!({ "serverRelativeURL": format!("/openapi/v3/{path}") });
    }
    json!({ "paths": paths })
}

/// The description of one group: enough for a client to see that the server validates fields.
pub(super) fn openapi(path: &str) -> Option<Value> {
    let group = match path.strip_prefix("/openapi/v3/")? {
        "api/v1" => "",
        other => other.strip_prefix("apis/")?.strip_suffix("/v1")?,
    };
    let root = if group.is_empty() {
        "/api/v1".to_owned()
    } else {
        format!("/apis/{group}/v1")
    };
    let mut paths = json!({});
    for res in resources::ALL.iter().filter(|res| res.group == group) {
        let place = if res.namespaced {
            "namespaces/{namespace}/"
        } else {
            ""
        };
        let path = format!("{root}/{place}{}/{{name}}", res.plural);
        paths[&path] = json!({
            "patch": {
                "parameters": [
                    { "name": "dryRun", "in": "query" },
                    { "name": "fieldManager", "in": "query" },
                    { "name": "fieldValidation", "in": "query" },
                ],
                "x-kubernetes-action": "patch",
                "x-kubernetes-group-version-kind":
                    kind_of([res.group, res.version, res.kind]),
            },
        });
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes", "version": VERSION },
        "paths": paths,
        "components": { "schemas": {} },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_tell_of_the_same_resources() {
        for name in groups() {
            let path = format!("/apis/{name}/v1");
            let old = legacy(&path).unwrap();
            let old: Vec<&str> = old["resources"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|entry| entry["name"].as_str())
                .filter(|name| !name.contains('/'))
                .collect();
            let new = discoveries(name);
            let new: Vec<&str> = new.iter().filter_map(|e| e["resource"].as_str()).collect();
            assert_eq!(old, new, "{name}");
        }
    }

    #[test]
    fn unknown_groups_are_not_found() {
        assert!(legacy("/apis/nonsense").is_none());
        assert!(legacy("/apis/apps/v2").is_none());
        assert!(openapi("/openapi/v3/apis/apps/v1").is_some());
    }
}

//! What admission and the strategies of kinds give a new object: what no client owns.

use serde_json::{Value, json};

use crate::sim::api::fill::default;
use crate::sim::clock::seconds;
use crate::sim::store::Dice;
use crate::sim::store::Resource;
use crate::sim::store::Store;
use crate::sim::store::meta;

/// Adds to a new object what no client owns: admission's fields, addresses and the first status. What is random comes
/// from `dice`, which are not the store's own: the object may still be refused.
pub(super) fn admit(res: &Resource, object: &mut Value, store: &Store, dice: &mut Dice) {
    match (res.group, res.plural) {
        ("", "pods") => pod(object),
        ("apps", kind) => {
            let replicas = json!({ "replicas": 0 });
            object["status"] = match kind {
                "deployments" => json!({}),
                "statefulsets" => json!({ "replicas": 0, "availableReplicas": 0 }),
                "replicasets" => replicas,
                _ => json!({
                    "currentNumberScheduled": 0,
                    "numberMisscheduled": 0,
                    "desiredNumberScheduled": 0,
                    "numberReady": 0,
                }),
            };
        }
        ("batch", "jobs") => own_job(object, dice),
        ("batch", _) | ("", "resourcequotas") => object["status"] = json!({}),
        ("", "persistentvolumeclaims") => {
            hold(object, "kubernetes.io/pvc-protection");
            object["status"] = json!({ "phase": "Pending" });
        }
        ("", "persistentvolumes") => {
            hold(object, "kubernetes.io/pv-protection");
            let now = seconds(store.clock().now());
            object["status"] = json!({ "phase": "Pending", "lastPhaseTransitionTime": now });
        }
        ("", "services") => address(object, dice),
        ("", "nodes") => node(object),
        ("", "events") => {
            default(object, "eventTime", Value::Null);
            default(object, "reportingComponent", "".into());
            default(object, "reportingInstance", "".into());
        }
        ("rbac.authorization.k8s.io", "roles" | "clusterroles") => {
            default(object, "rules", Value::Null);
        }
        ("policy", _) => {
            object["status"] = json!({
                "currentHealthy": 0,
                "desiredHealthy": 0,
                "disruptionsAllowed": 0,
                "expectedPods": 0,
            });
        }
        _ => {}
    }
}

/// A job selects its pods by its own uid, unless it says that it selects by itself.
fn own_job(object: &mut Value, dice: &mut Dice) {
    object["status"] = json!({});
    let uid = Value::from(dice.uuid());
    meta::set(object, "uid", uid.clone());
    if object["spec"]["manualSelector"] == true {
        return;
    }
    let name = object["metadata"]["name"].clone();
    let spec = &mut object["spec"];
    let own = "batch.kubernetes.io/controller-uid";
    spec["selector"]["matchLabels"][own] = uid.clone();
    let labels = &mut spec["template"]["metadata"]["labels"];
    let marks = [
        (own, &uid),
        ("controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("job-name", &name),
    ];
    for (key, value) in marks {
        labels[key] = value.clone();
    }
    let labels = labels.clone();
    if object["metadata"]["labels"].is_null() {
        meta::set(object, "labels", labels);
    }
}

fn hold(object: &mut Value, finalizer: &str) {
    let mut held = meta::list(object, "/metadata/finalizers").to_vec();
    if !held.iter().any(|known| known == finalizer) {
        held.push(finalizer.into());
    }
    meta::set(object, "finalizers", held.into());
}

/// A new node is not ready until its kubelet says so.
fn node(object: &mut Value) {
    let taint = json!({ "effect": "NoSchedule", "key": "node.kubernetes.io/not-ready" });
    default(&mut object["spec"], "taints", json!([taint]));
    let info = [
        "architecture",
        "bootID",
        "containerRuntimeVersion",
        "kernelVersion",
        "kubeProxyVersion",
        "kubeletVersion",
        "machineID",
        "operatingSystem",
        "osImage",
        "systemUUID",
    ];
    let info: serde_json::Map<_, _> = info
        .iter()
        .map(|key| ((*key).to_owned(), "".into()))
        .collect();
    let endpoint = json!({ "kubeletEndpoint": { "Port": 0 } });
    object["status"] = json!({ "daemonEndpoints": endpoint, "nodeInfo": info });
}

fn pod(object: &mut Value) {
    let class = quality(object);
    object["status"] = json!({ "phase": "Pending", "qosClass": class });
    let spec = &mut object["spec"];
    default(spec, "serviceAccountName", "default".into());
    let account = spec["serviceAccountName"].clone();
    default(spec, "serviceAccount", account);
    default(spec, "preemptionPolicy", "PreemptLowerPriority".into());
    default(spec, "priority", json!(0));
    let stay = |key: &str| json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 });
    let tolerations = json!([
        stay("node.kubernetes.io/not-ready"),
        stay("node.kubernetes.io/unreachable")
    ]);
    default(spec, "tolerations", tolerations);
}

/// The class of service of a pod, by what its containers ask for.
fn quality(pod: &Value) -> &'static str {
    let containers = meta::list(pod, "/spec/containers");
    let asks = |container: &Value, pointer: &str| {
        let asked = container.pointer(pointer).and_then(Value::as_object);
        asked.cloned().unwrap_or_default()
    };
    let none = |container: &Value| {
        asks(container, "/resources/requests").is_empty()
            && asks(container, "/resources/limits").is_empty()
    };
    let full = |container: &Value| {
        let limits = asks(container, "/resources/limits");
        let requests = asks(container, "/resources/requests");
        ["cpu", "memory"].iter().all(|kind| {
            limits.contains_key(*kind)
                && requests
                    .get(*kind)
                    .is_none_or(|asked| limits.get(*kind) == Some(asked))
        })
    };
    if containers.iter().all(none) {
        "BestEffort"
    } else if containers.iter().all(full) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

fn address(object: &mut Value, dice: &mut Dice) {
    if object["spec"]["type"] == "ExternalName" {
        object["status"] = json!({ "loadBalancer": {} });
        return;
    }
    let [a, b] = [dice.below(255), dice.below(253) + 1];
    let spec = &mut object["spec"];
    default(spec, "clusterIP", format!("10.96.{a}.{b}").into());
    let address = spec["clusterIP"].clone();
    default(spec, "clusterIPs", json!([address]));
    default(spec, "ipFamilies", json!(["IPv4"]));
    default(spec, "ipFamilyPolicy", "SingleStack".into());
    object["status"] = json!({ "loadBalancer": {} });
}

#[cfg(test)]
mod tests {
    use super::quality;
    use serde_json::Value;
    use serde_json::json;

    #[test]
    fn the_class_of_a_pod_follows_from_its_requests() {
        let of = |resources: Value| {
            quality(&json!({"spec": {"containers": [{"resources": resources}]}}))
        };
        assert_eq!(of(json!({})), "BestEffort");
        assert_eq!(of(json!({"requests": {"cpu": "1"}})), "Burstable");
        let all = json!({"cpu": "1", "memory": "1Gi"});
        assert_eq!(of(json!({"limits": all, "requests": all})), "Guaranteed");
    }
}

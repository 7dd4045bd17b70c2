//! What a server adds to an object where the client says nothing.
//!
//! Defaults belong to whoever wrote the object; what admission and strategies set besides (`admit`) belongs to nobody.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::sim::store::Resource;
use crate::sim::store::meta;

/// Adds defaults to a written object; `before` is the object it replaces, or null.
pub(super) fn complete(res: &Resource, before: &Value, object: &mut Value) {
    let spec = &mut object["spec"];
    match (res.group, res.plural) {
        ("", "pods") => {
            pod_spec(spec);
            default(spec, "restartPolicy", "Always".into());
            default(spec, "enableServiceLinks", true.into());
            pod_status(object);
        }
        ("", "nodes") => {
            conditions(object, &["lastHeartbeatTime", "lastTransitionTime"]);
        }
        ("", "namespaces") => {
            let name = meta::name(object).to_owned();
            if !name.is_empty() {
                object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
            }
        }
        ("", "secrets") => secret(object),
        ("", "services") => service(before, spec),
        ("", "persistentvolumeclaims") => default(spec, "volumeMode", "Filesystem".into()),
        ("", "persistentvolumes") => {
            default(spec, "volumeMode", "Filesystem".into());
            default(spec, "persistentVolumeReclaimPolicy", "Retain".into());
            if spec["hostPath"].is_object() {
                default(&mut spec["hostPath"], "type", "".into());
            }
        }
        ("apps", kind) => {
            workload(kind, spec);
            if kind == "daemonsets" && before.is_null() {
                let generation = "deprecated.daemonset.template.generation";
                meta::map(object, "metadata");
                object["metadata"]["annotations"][generation] = "1".into();
            }
        }
        ("batch", "jobs") => {
            job(spec);
            let labels = spec["template"]["metadata"]["labels"].clone();
            if object["metadata"]["labels"].is_null() && labels.is_object() {
                meta::set(object, "labels", labels);
            }
        }
        ("batch", "cronjobs") => cron_job(spec),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => binding(object),
        _ => {}
    }
    strip_spec(object);
}

/// What is written out even where nothing is known.
fn conditions(object: &mut Value, times: &[&str]) {
    let list = object.pointer_mut("/status/conditions");
    for condition in list.and_then(Value::as_array_mut).into_iter().flatten() {
        for time in times {
            default(condition, time, Value::Null);
        }
    }
}

fn pod_status(object: &mut Value) {
    conditions(object, &["lastProbeTime", "lastTransitionTime"]);
    let list = object.pointer_mut("/status/containerStatuses");
    for status in list.and_then(Value::as_array_mut).into_iter().flatten() {
        default(status, "lastState", json!({}));
    }
}

/// Undoes what asking for a field that is not there leaves behind.
fn strip_spec(object: &mut Value) {
    if object["spec"].is_null()
        && let Some(map) = object.as_object_mut()
    {
        map.remove("spec");
    }
}

pub(super) fn default(object: &mut Value, key: &str, value: Value) {
    if object.is_null() {
        *object = json!({});
    }
    if let Some(map) = object.as_object_mut() {
        map.entry(key.to_owned()).or_insert(value);
    }
}

fn workload(kind: &str, spec: &mut Value) {
    if kind != "daemonsets" {
        default(spec, "replicas", json!(1));
    }
    if kind != "replicasets" {
        default(spec, "revisionHistoryLimit", json!(10));
    }
    match kind {
        "deployments" => {
            default(spec, "progressDeadlineSeconds", json!(600));
            let quarter = json!({ "maxUnavailable": "25%", "maxSurge": "25%" });
            rolling(spec, "strategy", quarter);
        }
        "statefulsets" => {
            default(spec, "podManagementPolicy", "OrderedReady".into());
            let keep = json!({ "whenDeleted": "Retain", "whenScaled": "Retain" });
            default(spec, "persistentVolumeClaimRetentionPolicy", keep);
            rolling(spec, "updateStrategy", json!({ "partition": 0 }));
        }
        "daemonsets" => {
            let one = json!({ "maxUnavailable": 1, "maxSurge": 0 });
            rolling(spec, "updateStrategy", one);
        }
        _ => {}
    }
    template(spec);
}

fn rolling(spec: &mut Value, key: &str, update: Value) {
    default(spec, key, json!({}));
    default(&mut spec[key], "type", "RollingUpdate".into());
    if spec[key]["type"] == "RollingUpdate" {
        default(&mut spec[key], "rollingUpdate", update);
    }
}

fn template(spec: &mut Value) {
    default(spec, "template", json!({}));
    let template = &mut spec["template"];
    default(template, "metadata", json!({}));
    pod_spec(&mut template["spec"]);
    default(&mut template["spec"], "restartPolicy", "Always".into());
}

fn job(spec: &mut Value) {
    // How many are wanted is known only where nobody says how many may run at once.
    if spec["parallelism"].is_null() {
        default(spec, "completions", json!(1));
    }
    default(spec, "parallelism", json!(1));
    default(spec, "backoffLimit", json!(6));
    default(spec, "completionMode", "NonIndexed".into());
    default(spec, "suspend", false.into());
    default(spec, "manualSelector", false.into());
    default(spec, "podReplacementPolicy", "TerminatingOrFailed".into());
    template(spec);
}

fn cron_job(spec: &mut Value) {
    default(spec, "concurrencyPolicy", "Allow".into());
    default(spec, "suspend", false.into());
    default(spec, "successfulJobsHistoryLimit", json!(3));
    default(spec, "failedJobsHistoryLimit", json!(1));
    default(&mut spec["jobTemplate"], "metadata", json!({}));
    template(&mut spec["jobTemplate"]["spec"]);
}

fn pod_spec(spec: &mut Value) {
    default(spec, "terminationGracePeriodSeconds", json!(30));
    default(spec, "dnsPolicy", "ClusterFirst".into());
    default(spec, "schedulerName", "default-scheduler".into());
    default(spec, "securityContext", json!({}));
    for list in ["initContainers", "containers"] {
        let list = spec.get_mut(list).and_then(Value::as_array_mut);
        list.into_iter().flatten().for_each(container);
    }
}

fn container(container: &mut Value) {
    let image = meta::text(container, "/image");
    let tag = image.rsplit('/').next().unwrap_or("");
    let newest = !tag.contains(['@', ':']) || tag.ends_with(":latest");
    let pull = if newest { "Always" } else { "IfNotPresent" };
    default(container, "imagePullPolicy", pull.into());
    default(container, "resources", json!({}));
    let log = "/dev/termination-log";
    default(container, "terminationMessagePath", log.into());
    default(container, "terminationMessagePolicy", "File".into());
    for port in container
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        default(port, "protocol", "TCP".into());
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get_mut(probe) else {
            continue;
        };
        default(probe, "timeoutSeconds", json!(1));
        default(probe, "periodSeconds", json!(10));
        default(probe, "successThreshold", json!(1));
        default(probe, "failureThreshold", json!(3));
        if let Some(get) = probe.get_mut("httpGet") {
            default(get, "scheme", "HTTP".into());
        }
    }
}

fn secret(object: &mut Value) {
    default(object, "type", "Opaque".into());
    let plain = object
        .as_object_mut()
        .and_then(|map| map.remove("stringData"));
    for (key, value) in plain
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let encoded = STANDARD.encode(value.as_str().unwrap_or(""));
        meta::map(object, "data").insert(key.clone(), encoded.into());
    }
}

fn service(before: &Value, spec: &mut Value) {
    default(spec, "type", "ClusterIP".into());
    default(spec, "sessionAffinity", "None".into());
    default(spec, "internalTrafficPolicy", "Cluster".into());
    // What was once given stays when a client leaves it out.
    for given in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if let Some(value) = before["spec"].get(given) {
            default(spec, given, value.clone());
        }
    }
    for port in spec["ports"].as_array_mut().into_iter().flatten() {
        default(port, "protocol", "TCP".into());
        let same = port["port"].clone();
        default(port, "targetPort", same);
    }
}

fn binding(object: &mut Value) {
    for subject in object["subjects"].as_array_mut().into_iter().flatten() {
        if subject["kind"] != "ServiceAccount" {
            default(subject, "apiGroup", "rbac.authorization.k8s.io".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::{CONFIGMAPS, PODS};

    #[test]
    fn an_image_without_a_tag_is_always_pulled() {
        let mut pod =
            json!({"spec": {"containers": [{"image": "a:5000/nginx"}, {"image": "nginx:1"}]}});
        complete(&PODS, &Value::Null, &mut pod);
        assert_eq!(pod["spec"]["containers"][0]["imagePullPolicy"], "Always");
        assert_eq!(
            pod["spec"]["containers"][1]["imagePullPolicy"],
            "IfNotPresent"
        );
    }

    #[test]
    fn what_has_no_defaults_stays_as_it_is() {
        let mut map = json!({"data": {"a": "b"}});
        complete(&CONFIGMAPS, &Value::Null, &mut map);
        assert_eq!(map, json!({"data": {"a": "b"}}));
    }
}

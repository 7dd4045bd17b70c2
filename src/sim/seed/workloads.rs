//! Nodes and workloads as they look after they have run for a long time.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::controllers::{deployments, kubelet, pods, template_hash};
use crate::sim::store::resources::{
    DEPLOYMENTS, NODES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS, REPLICASETS, SERVICES,
    STATEFULSETS,
};
use crate::sim::store::{Refusal, meta};

use super::{DAY, Story};

/// One workload: a deployment, or a stateful set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Workload<'a> {
    pub(super) space: &'a str,
    pub(super) name: &'a str,
    pub(super) replicas: i64,
    pub(super) image: &'a str,
}

impl<'a> Workload<'a> {
    pub(super) const fn new(space: &'a str, name: &'a str, replicas: i64, image: &'a str) -> Self {
        Self {
            space,
            name,
            replicas,
            image,
        }
    }

    /// The pod template: one container named after the last word of the workload.
    pub(super) fn template(&self) -> Value {
        let container = self.name.rsplit('-').next().unwrap_or(self.name);
        json!({
            "metadata": {"labels": {"app": self.name}},
            "spec": {
                "containers": [{
                    "name": container,
                    "image": self.image,
                    "imagePullPolicy": "IfNotPresent",
                    "resources": {
                        "requests": {"cpu": "250m", "memory": "256Mi"},
                        "limits": {"memory": "512Mi"},
                    },
                }],
                "restartPolicy": "Always",
                "dnsPolicy": "ClusterFirst",
                "schedulerName": "default-scheduler",
                "serviceAccountName": "default",
                "terminationGracePeriodSeconds": 30,
            },
        })
    }

    fn selector(&self) -> Value {
        json!({"matchLabels": {"app": self.name}})
    }

    /// The Deployment with this template, made `age` minutes ago.
    pub(super) fn deployment(&self, story: &Story<'_>, template: &Value, age: i64) -> Value {
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": self.name, "namespace": self.space, "labels": {"app": self.name},
                "annotations": {"deployment.kubernetes.io/revision": "1"},
                "creationTimestamp": story.stamp(age),
            },
            "spec": {
                "replicas": self.replicas,
                "selector": self.selector(),
                "template": template,
                "strategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
                },
                "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": 600,
            },
        })
    }

    /// Writes a healthy deployment with its replica set, pods and service.
    pub(super) fn run(&self, story: &Story<'_>) -> Result<(), Refusal> {
        let set = self.begin(story, &self.template(), None, 0)?;
        for place in 0..self.replicas {
            run_pod(story, &set, None, place, story.ago(3 * DAY))?;
        }
        Ok(())
    }

    /// Writes a deployment, its replica set and its service, without pods; `down` replicas are
    /// noted as unavailable.
    pub(super) fn begin(
        &self,
        story: &Story<'_>,
        template: &Value,
        hash: Option<&str>,
        down: i64,
    ) -> Result<Value, Refusal> {
        let mut deployment = self.deployment(story, template, 120 * DAY);
        let hash = hash.map_or_else(|| template_hash(template), str::to_owned);
        let whole = down * 4 <= self.replicas;
        let words = format!(
            "ReplicaSet \"{}-{hash}\" has successfully progressed.",
            self.name
        );
        let (status, reason, message) = if whole {
            (
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
            )
        } else {
            (
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
            )
        };
        let since = story.stamp(if whole { 3 * DAY } else { 19 });
        deployment["status"] = json!({"observedGeneration": 1, "conditions": [
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable",
                "message": words, "lastTransitionTime": story.stamp(120 * DAY),
                "lastUpdateTime": story.stamp(3 * DAY)},
            {"type": "Available", "status": status, "reason": reason, "message": message,
                "lastTransitionTime": since, "lastUpdateTime": since},
        ]});
        let deployment = story.add(&DEPLOYMENTS, deployment)?;
        let mut set = deployments::replica_set(&deployment, &hash, self.replicas, 1);
        set["metadata"]["creationTimestamp"] = json!(story.stamp(3 * DAY));
        let set = story.add(&REPLICASETS, set)?;
        self.service(story)?;
        Ok(Value::clone(&set))
    }

    fn service(&self, story: &Story<'_>) -> Result<(), Refusal> {
        let [.., third, last] = self.name.bytes().fold([0_u8, 0], |[a, b], c| {
            [a.wrapping_add(b), b.wrapping_add(c)]
        });
        let service = json!({
            "metadata": {
                "name": self.name, "namespace": self.space, "labels": {"app": self.name},
                "creationTimestamp": story.stamp(120 * DAY),
            },
            "spec": {
                "type": "ClusterIP",
                "clusterIP": format!("10.96.{third}.{last}"),
                "selector": {"app": self.name},
                "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
            },
            "status": {"loadBalancer": {}},
        });
        story.add(&SERVICES, service).map(drop)
    }

    /// Writes a healthy stateful set with its pods, and a claim for each.
    pub(super) fn run_numbered(&self, story: &Story<'_>, size: &str) -> Result<Value, Refusal> {
        let set = json!({
            "metadata": {
                "name": self.name, "namespace": self.space, "labels": {"app": self.name},
                "creationTimestamp": story.stamp(200 * DAY),
            },
            "spec": {
                "replicas": self.replicas, "serviceName": self.name,
                "selector": self.selector(), "template": self.template(),
                "podManagementPolicy": "OrderedReady",
            },
        });
        let set = Value::clone(&*story.add(&STATEFULSETS, set)?);
        for number in 0..self.replicas {
            let name = format!("{}-{number}", self.name);
            run_pod(story, &set, Some(&name), number, story.ago(9 * DAY))?;
            if !size.is_empty() {
                claim(story, self.space, &format!("data-{name}"), size, &json!({}))?;
            }
        }
        self.service(story)?;
        Ok(set)
    }
}

/// Writes a pod that runs and is ready since an instant, on the node at that place.
pub(super) fn run_pod(
    story: &Story<'_>,
    owner: &Value,
    name: Option<&str>,
    place: i64,
    since: Timestamp,
) -> Result<Value, Refusal> {
    let (nodes, _) = story.store().list(&NODES, None);
    let count = i64::try_from(nodes.len()).unwrap_or(1).max(1);
    let mut pod = pods::from_template(owner, name);
    if let Some(name) = name {
        pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = json!(name);
    }
    let shift = i64::from(meta::name(owner).bytes().fold(0_u8, u8::wrapping_add));
    let shift = if meta::name(owner).starts_with("ehr-api") {
        0
    } else {
        shift
    };
    let node = usize::try_from((place + shift) % count).unwrap_or(0);
    let node = nodes
        .get(node)
        .map_or("", |node| meta::name(node))
        .to_owned();
    pod["spec"]["nodeName"] = json!(node);
    pod["metadata"]["creationTimestamp"] = json!(seconds(since));
    let pod = story.add(&PODS, pod)?;
    bring_up(story, &pod, since)
}

/// Gives a pod the status of one that is ready since an instant.
fn bring_up(story: &Story<'_>, pod: &Value, since: Timestamp) -> Result<Value, Refusal> {
    let node = story
        .store()
        .get(&NODES, None, meta::text(pod, "/spec/nodeName"));
    let node = node.as_deref().cloned().unwrap_or_default();
    let (pod_ip, host_ip) = kubelet::addresses(pod, &node);
    let ready = |container: &Value| {
        let mut status = pods::running(container, meta::uid(pod), since);
        status["ready"] = json!(true);
        status
    };
    let containers = meta::list(pod, "/spec/containers");
    let statuses: Vec<_> = containers.iter().map(ready).collect();
    let change = |value: &mut Value| {
        value["status"] = json!({
            "phase": "Running", "qosClass": "Burstable", "startTime": seconds(since),
            "hostIP": host_ip, "hostIPs": [{"ip": host_ip}],
            "podIP": pod_ip, "podIPs": [{"ip": pod_ip}],
            "containerStatuses": statuses,
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": seconds(since)},
                {"type": "Initialized", "status": "True", "lastTransitionTime": seconds(since)},
            ],
        });
        kubelet::readiness(value, since, "");
    };
    let space = Some(meta::namespace(pod));
    let written = story
        .store()
        .update(&PODS, space, meta::name(pod), change)?;
    Ok(Value::clone(&written))
}

/// Writes ready nodes; `labels` go on each.
pub(super) fn nodes(
    story: &Story<'_>,
    names: &[String],
    labels: &Value,
    image: (&str, &[&str]),
) -> Result<(), Refusal> {
    for (place, name) in names.iter().enumerate() {
        let mut labels = labels.clone();
        labels["kubernetes.io/hostname"] = json!(name);
        labels["kubernetes.io/os"] = json!("linux");
        labels["node-role.kubernetes.io/worker"] = json!("");
        let condition = |kind: &str, status: &str, reason: &str| {
            json!({"type": kind, "status": status, "reason": reason,
                "lastHeartbeatTime": story.stamp(2), "lastTransitionTime": story.stamp(40 * DAY)})
        };
        let mut names = vec!["registry.meridian.test/pause:3.10".to_owned()];
        if !image.0.is_empty() && !image.1.contains(&name.as_str()) {
            names.push(image.0.to_owned());
        }
        let images: Vec<_> = names.iter().map(|n| json!({"names": [n]})).collect();
        let amounts = json!({"cpu": "16", "memory": "65805312Ki", "pods": "110"});
        let mut node = json!({
            "metadata": {
                "name": name, "labels": labels, "creationTimestamp": story.stamp(400 * DAY),
            },
            "spec": {"podCIDR": format!("10.244.{place}.0/24")},
            "status": {
                "capacity": amounts, "allocatable": amounts,
                "addresses": [
                    {"type": "InternalIP", "address": format!("10.20.0.{}", place + 11)},
                    {"type": "Hostname", "address": name},
                ],
                "conditions": [
                    condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                    condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                    condition("PIDPressure", "False", "KubeletHasSufficientPID"),
                    condition("Ready", "True", "KubeletReady"),
                ],
                "images": images,
                "nodeInfo": {
                    "kubeletVersion": "v1.36.3", "containerRuntimeVersion": "containerd://2.1.4",
                    "kernelVersion": "6.12.41", "osImage": "Debian GNU/Linux 13 (trixie)",
                    "operatingSystem": "linux", "architecture": "amd64",
                },
            },
        });
        if !image.0.is_empty() {
            let registry = image.0.split('/').next().unwrap_or("");
            let key = format!("{}/unreachable", crate::sim::controllers::TROUBLE);
            node["metadata"]["annotations"] = json!({key: registry});
        }
        story.add(&NODES, node)?;
    }
    Ok(())
}

/// Writes a bound claim and its volume.
pub(super) fn claim(
    story: &Story<'_>,
    space: &str,
    name: &str,
    size: &str,
    labels: &Value,
) -> Result<(), Refusal> {
    let volume = format!("pv-{space}-{name}");
    let made = story.stamp(200 * DAY);
    let claim = json!({
        "metadata": {
            "name": name, "namespace": space, "labels": labels, "creationTimestamp": made,
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "volumeMode": "Filesystem",
            "resources": {"requests": {"storage": size}}, "volumeName": volume,
        },
        "status": {
            "phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size},
        },
    });
    let claim = story.add(&PERSISTENTVOLUMECLAIMS, claim)?;
    let volume = json!({
        "metadata": {"name": volume, "creationTimestamp": made},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size},
            "persistentVolumeReclaimPolicy": "Retain", "storageClassName": "fast",
            "volumeMode": "Filesystem",
            "csi": {"driver": "csi.meridian.test", "volumeHandle": meta::uid(&claim)},
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": space,
                "name": name, "uid": meta::uid(&claim),
            },
        },
        "status": {"phase": "Bound"},
    });
    story.add(&PERSISTENTVOLUMES, volume).map(drop)
}

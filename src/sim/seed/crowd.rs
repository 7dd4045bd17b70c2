//! A crowd of running pods that belong to nobody, for measurements.

use serde_json::{Value, json};

use crate::sim::Cluster;
use crate::sim::seed::Story;
use crate::sim::store::Refusal;
use crate::sim::store::resources::{NODES, PODS};

/// The namespace of the crowd.
const SPACE: &str = "crowd";

/// Adds so many pods to a cluster, spread over its nodes.
pub(in crate::sim) fn fill(cluster: &Cluster, pods: u32) -> Result<(), Refusal> {
    if pods == 0 {
        return Ok(());
    }
    let story = Story::new(cluster);
    story.namespace(SPACE, &json!({"zone": "crowd"}))?;
    let nodes = cluster.store.list(&NODES, None).0;
    let names: Vec<&str> = nodes
        .iter()
        .filter_map(|node| node["metadata"]["name"].as_str())
        .collect();
    for (number, node) in (0..pods).zip(names.iter().cycle()) {
        story.add(&PODS, pod(&story, number, node))?;
    }
    Ok(())
}

fn pod(story: &Story<'_>, number: u32, node: &str) -> Value {
    let since = story.stamp(60);
    let ready = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": since});
    let conditions: Vec<Value> = ["Initialized", "PodScheduled", "ContainersReady", "Ready"]
        .into_iter()
        .map(ready)
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("crowd-{number:06}"), "namespace": SPACE, "creationTimestamp": since,
            "labels": {"app": "crowd", "part": format!("{}", number % 30)},
        },
        "spec": {
            "nodeName": node,
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "serviceAccountName": "default",
            "terminationGracePeriodSeconds": 30,
            "containers": [{
                "name": "app",
                "image": "registry.meridian.test/crowd/app:1.4.2",
                "imagePullPolicy": "IfNotPresent",
                "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
                "env": [{"name": "PART", "value": format!("{}", number % 30)}],
            }],
        },
        "status": {
            "phase": "Running",
            "podIP": format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255),
            "startTime": since,
            "conditions": conditions,
            "containerStatuses": [{
                "name": "app",
                "image": "registry.meridian.test/crowd/app:1.4.2",
                "ready": true,
                "started": true,
                "restartCount": 0,
                "state": {"running": {"startedAt": since}},
                "lastState": {},
            }],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::clock::Clock;

    #[test]
    fn a_crowd_runs_on_the_nodes_there_are() {
        let clock = Clock::manual("2026-08-15T04:31:00Z".parse().unwrap());
        let cluster = Cluster::new("lab-1", &clock, 1).unwrap();
        crate::sim::seed::fill(&cluster).unwrap();
        fill(&cluster, 40).unwrap();
        let pods = cluster.store.list(&PODS, Some(SPACE)).0;
        assert_eq!(pods.len(), 40);
        assert!(pods.iter().all(|pod| pod["status"]["phase"] == "Running"));
    }
}

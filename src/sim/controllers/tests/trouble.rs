//! Pods, nodes and volumes in trouble, and out of it again.

use super::*;
use crate::sim::store::resources::{
    NODES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, STATEFULSETS,
};

fn mark(lab: &Lab, node: &str, key: &str, words: &str) {
    let key = format!("{TROUBLE}/{key}");
    let change = |value: &mut Value| {
        value["metadata"]["annotations"] = if words.is_empty() {
            json!({})
        } else {
            json!({key: words})
        };
    };
    lab.store().update(&NODES, None, node, change).unwrap();
}

fn node(lab: &Lab, name: &str) -> Arc<Value> {
    lab.store().get(&NODES, None, name).unwrap()
}

fn taints(node: &Value) -> Vec<String> {
    let text = |taint: &Value| {
        let key = taint["key"]
            .as_str()
            .unwrap()
            .trim_start_matches("node.kubernetes.io/")
            .to_owned();
        format!("{key}:{}", taint["effect"].as_str().unwrap())
    };
    meta::list(node, "/spec/taints").iter().map(text).collect()
}

#[test]
fn a_failing_probe_keeps_a_pod_from_serving_and_says_so() {
    let mut lab = Lab::new();
    lab.deploy(&web(), &json!({format!("{TROUBLE}/probe"): "503"}));
    lab.play(200);
    let pod = &lab.pods()[0];
    assert_eq!(pod["status"]["phase"], "Running");
    assert_eq!(conditions::status(pod, "Ready"), "False");
    let (events, _) = lab.store().list(&EVENTS, Some("shop"));
    let said = events
        .iter()
        .find(|event| {
            event["reason"] == "Unhealthy"
                && event["involvedObject"]["name"] == pod["metadata"]["name"]
        })
        .unwrap();
    assert!(
        (3..=5).contains(&meta::number(said, "/count")),
        "{}",
        said["count"]
    );
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .ends_with("statuscode: 503")
    );
}

#[test]
fn a_silent_node_is_given_up_and_its_pods_stay_terminating() {
    let mut lab = Lab::new();
    lab.deploy(&web(), &json!({}));
    lab.play(7);
    let pod = lab.pods()[0].clone();
    let name = meta::text(&pod, "/spec/nodeName").to_owned();
    mark(&lab, &name, "down", "unreachable");
    lab.play(30);
    assert_eq!(
        conditions::status(&node(&lab, &name), "Ready"),
        "True",
        "not yet"
    );
    lab.play(40);
    let lost = node(&lab, &name);
    assert_eq!(conditions::status(&lost, "Ready"), "Unknown");
    assert_eq!(conditions::status(&lost, "DiskPressure"), "Unknown");
    assert_eq!(
        taints(&lost),
        ["unreachable:NoSchedule", "unreachable:NoExecute"]
    );
    let there = |lab: &Lab| lab.store().get(&PODS, Some("shop"), meta::name(&pod));
    assert_eq!(conditions::status(&there(&lab).unwrap(), "Ready"), "False");
    lab.play(400);
    assert!(
        meta::is_going(&there(&lab).unwrap()),
        "nobody there hears it"
    );
    assert_eq!(
        lab.deployment()["status"]["availableReplicas"],
        2,
        "made again elsewhere"
    );
    mark(&lab, &name, "down", "");
    lab.play(15);
    assert_eq!(conditions::status(&node(&lab, &name), "Ready"), "True");
    assert_eq!(taints(&node(&lab, &name)), Vec::<String>::new());
    assert!(there(&lab).is_none());
}

#[test]
fn a_node_that_says_it_is_not_ready_is_believed_at_once() {
    let mut lab = Lab::new();
    mark(
        &lab,
        "lab-n2",
        "down",
        "container runtime network not ready: cni config uninitialized",
    );
    lab.play(1);
    let down = node(&lab, "lab-n2");
    assert_eq!(conditions::status(&down, "Ready"), "False");
    assert_eq!(
        taints(&down),
        ["not-ready:NoSchedule", "not-ready:NoExecute"]
    );
    let (events, _) = lab.store().list(&EVENTS, Some("default"));
    assert!(events.iter().any(|event| event["reason"] == "NodeNotReady"));
}

#[test]
fn a_node_under_pressure_evicts_its_youngest_pod() {
    let mut lab = Lab::new();
    lab.deploy(&web(), &json!({}));
    lab.play(7);
    let pod = lab.pods()[0].clone();
    let name = meta::text(&pod, "/spec/nodeName").to_owned();
    mark(&lab, &name, "pressure", "memory");
    lab.play(20);
    let pressed = node(&lab, &name);
    assert_eq!(conditions::status(&pressed, "MemoryPressure"), "True");
    assert_eq!(conditions::status(&pressed, "Ready"), "True");
    assert_eq!(taints(&pressed), ["memory-pressure:NoSchedule"]);
    let gone = lab
        .store()
        .get(&PODS, Some("shop"), meta::name(&pod))
        .unwrap();
    assert_eq!(gone["status"]["phase"], "Failed");
    assert_eq!(gone["status"]["reason"], "Evicted");
    assert_eq!(lab.deployment()["status"]["availableReplicas"], 2);
}

#[test]
fn a_pod_that_waits_says_why_in_the_schedulers_words() {
    let mut lab = Lab::new();
    mark(&lab, "lab-n1", "pressure", "disk");
    let cordon = |node: &mut Value| node["spec"]["unschedulable"] = json!(true);
    lab.store().update(&NODES, None, "lab-n2", cordon).unwrap();
    lab.play(1);
    let mut container = web();
    container["resources"] = json!({"requests": {"cpu": "17"}});
    let pod = json!({"metadata": {"name": "big"}, "spec": {"containers": [container]}});
    lab.store().create(&PODS, Some("shop"), pod).unwrap();
    lab.play(2);
    let why = |lab: &Lab| {
        let pod = lab.store().get(&PODS, Some("shop"), "big").unwrap();
        let list = meta::list(&pod, "/status/conditions");
        list.iter().find(|c| c["type"] == "PodScheduled").unwrap()["message"].clone()
    };
    assert_eq!(
        why(&lab),
        "0/4 nodes are available: 1 node(s) had untolerated taint(s) \
         {node.kubernetes.io/disk-pressure: }, 1 node(s) were unschedulable, 2 Insufficient cpu. \
         preemption: 0/4 nodes are available: 2 No preemption victims found for incoming pod, 2 \
         Preemption is not helpful for scheduling."
    );
    let claim = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "none"}}]);
    let pod = json!({
        "metadata": {"name": "big2"}, "spec": {"containers": [web()], "volumes": claim},
    });
    lab.store().create(&PODS, Some("shop"), pod).unwrap();
    lab.play(2);
    let pod = lab.store().get(&PODS, Some("shop"), "big2").unwrap();
    let said = pod["status"].to_string();
    assert!(
        said.contains("persistentvolumeclaim \\\"none\\\" not found"),
        "{said}"
    );
}

#[test]
fn a_claim_waits_with_its_reason_and_is_then_bound() {
    let mut lab = Lab::new();
    let claim = json!({
        "metadata": {"name": "data", "annotations": {format!("{TROUBLE}/stuck"): "quota exceeded"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    lab.store()
        .create(&PERSISTENTVOLUMECLAIMS, Some("shop"), claim)
        .unwrap();
    lab.play(70);
    let claim = |lab: &Lab| {
        lab.store()
            .get(&PERSISTENTVOLUMECLAIMS, Some("shop"), "data")
            .unwrap()
    };
    assert_eq!(claim(&lab)["status"]["phase"], "Pending");
    let (events, _) = lab.store().list(&EVENTS, Some("shop"));
    let said = events
        .iter()
        .find(|event| event["reason"] == "ProvisioningFailed")
        .unwrap();
    assert_eq!(
        (said["message"].as_str(), said["count"].as_u64()),
        (Some("quota exceeded"), Some(2))
    );
    let cure = |value: &mut Value| value["metadata"]["annotations"] = json!({});
    lab.store()
        .update(&PERSISTENTVOLUMECLAIMS, Some("shop"), "data", cure)
        .unwrap();
    lab.play(1);
    let bound = claim(&lab);
    assert_eq!(bound["status"]["phase"], "Bound");
    let volume = meta::text(&bound, "/spec/volumeName").to_owned();
    assert!(lab.store().get(&PERSISTENTVOLUMES, None, &volume).is_some());
    lab.store()
        .delete(
            &PERSISTENTVOLUMECLAIMS,
            Some("shop"),
            "data",
            Preconditions::now(),
        )
        .unwrap();
    lab.play(1);
    assert!(lab.store().get(&PERSISTENTVOLUMES, None, &volume).is_none());
}

#[test]
fn a_finalizer_holds_a_pod_that_has_stopped() {
    let mut lab = Lab::new();
    lab.deploy(&web(), &json!({}));
    lab.play(7);
    let name = meta::name(&lab.pods()[0]).to_owned();
    let hold =
        |pod: &mut Value| pod["metadata"]["finalizers"] = json!(["backup.meridian.test/hold"]);
    lab.store()
        .update(&PODS, Some("shop"), &name, hold)
        .unwrap();
    let grace = Preconditions {
        grace: 30,
        ..Preconditions::default()
    };
    lab.store()
        .delete(&PODS, Some("shop"), &name, grace)
        .unwrap();
    lab.play(60);
    let held = lab.store().get(&PODS, Some("shop"), &name).unwrap();
    assert!(meta::is_going(&held));
}

#[test]
fn a_stateful_set_replaces_its_pods_one_by_one() {
    let mut lab = Lab::new();
    let set = json!({
        "metadata": {"name": "db"},
        "spec": {
            "replicas": 3, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [web()]}},
        },
    });
    lab.store()
        .create(&STATEFULSETS, Some("shop"), set)
        .unwrap();
    lab.play(8);
    let image = |value: &mut Value| {
        value["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:2");
    };
    lab.store()
        .update(&STATEFULSETS, Some("shop"), "db", image)
        .unwrap();
    let mut least = 3;
    for _ in 0..30 {
        lab.play(1);
        let ready = lab
            .pods()
            .iter()
            .filter(|pod| conditions::status(pod, "Ready") == "True")
            .count();
        least = least.min(ready);
    }
    assert_eq!(least, 2);
    assert!(
        lab.pods()
            .iter()
            .all(|pod| pod["spec"]["containers"][0]["image"] == "web:2")
    );
}

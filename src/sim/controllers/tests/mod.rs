//! Controllers on a manual clock: each test fills a small cluster and lets time pass.

mod budgets;
mod flux;
mod journal;
mod trouble;
mod velero;
mod volumes;

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::sim::clock::Clock;
use crate::sim::store::resources::{
    BACKUPSTORAGELOCATIONS, CONFIGMAPS, DEPLOYMENTS, EVENTS, KUSTOMIZATIONS, NAMESPACES, PODS,
};
use crate::sim::store::{Preconditions, Store, meta};

const VELERO: Option<&str> = Some("velero");

/// The research cluster with one more namespace, `shop`, and its controllers.
struct Lab {
    cluster: Cluster,
    controllers: Controllers,
}

impl Lab {
    fn new() -> Self {
        let clock = Clock::manual("2026-08-15T04:53:17Z".parse().unwrap());
        let cluster = Cluster::new("lab-1", &clock, 7).unwrap();
        crate::sim::seed::fill(&cluster).unwrap();
        let shop = json!({"metadata": {"name": "shop"}});
        cluster.store.create(&NAMESPACES, None, shop).unwrap();
        let mut controllers = Controllers::new(cluster.clone());
        controllers.pass();
        Self {
            cluster,
            controllers,
        }
    }

    fn store(&self) -> &Store {
        &self.cluster.store
    }

    fn play(&mut self, seconds: i64) {
        let end = self.cluster.clock.now() + SignedDuration::from_secs(seconds);
        loop {
            let next = self.controllers.pass().min(end);
            let now = self.cluster.clock.now();
            if now >= end {
                return;
            }
            let step = Duration::try_from(next.duration_since(now)).unwrap_or_default();
            self.cluster
                .clock
                .advance(step.max(Duration::from_millis(50)));
        }
    }

    fn velero(&self, res: &'static crate::sim::store::Resource, name: &str, spec: &Value) {
        let object = json!({"metadata": {"name": name, "namespace": "velero"}, "spec": spec});
        self.store().create(res, VELERO, object).unwrap();
    }

    fn phase(&self, res: &'static crate::sim::store::Resource, name: &str) -> String {
        let object = self.store().get(res, VELERO, name).unwrap();
        meta::text(&object, "/status/phase").to_owned()
    }

    fn map(&self, name: &str) {
        let map = json!({"metadata": {"name": name}, "data": {"a": "b"}});
        self.store().create(&CONFIGMAPS, Some("shop"), map).unwrap();
    }

    fn deploy(&self, container: &Value, annotations: &Value) {
        let template = json!({
            "metadata": {"labels": {"app": "web"}, "annotations": annotations},
            "spec": {"containers": [container]},
        });
        let deployment = json!({
            "metadata": {"name": "web"},
            "spec": {
                "replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template,
            },
        });
        self.store()
            .create(&DEPLOYMENTS, Some("shop"), deployment)
            .unwrap();
    }

    fn pods(&self) -> Vec<Arc<Value>> {
        self.store().list(&PODS, Some("shop")).0
    }

    fn deployment(&self) -> Arc<Value> {
        self.store().get(&DEPLOYMENTS, Some("shop"), "web").unwrap()
    }

    fn refuse(&self, words: &str) {
        let key = format!("{TROUBLE}/refuses");
        let change = |value: &mut Value| value["metadata"]["annotations"] = json!({key: words});
        self.store()
            .update(&BACKUPSTORAGELOCATIONS, VELERO, "lab-s3", change)
            .unwrap();
    }
}

fn web() -> Value {
    json!({"name": "web", "image": "registry.meridian.test/web:1"})
}

#[test]
fn a_deployment_becomes_pods_that_get_ready() {
    let mut lab = Lab::new();
    lab.deploy(&web(), &json!({}));
    lab.play(1);
    assert_eq!(conditions::status(&lab.deployment(), "Available"), "False");
    lab.play(6);
    let deployment = lab.deployment();
    assert_eq!(deployment["status"]["availableReplicas"], 2);
    assert_eq!(conditions::status(&deployment, "Available"), "True");
    let pods = lab.pods();
    assert_eq!(pods.len(), 2);
    let parts: Vec<_> = meta::name(&pods[0]).split('-').collect();
    assert_eq!(
        parts.iter().map(|p| p.len()).collect::<Vec<_>>(),
        [3, 10, 5]
    );
    let nodes = (&pods[0]["spec"]["nodeName"], &pods[1]["spec"]["nodeName"]);
    assert_ne!(nodes.0, nodes.1);
}

#[test]
fn a_deleted_pod_is_made_again_and_scaling_down_removes_one() {
    let mut lab = Lab::new();
    lab.deploy(&web(), &json!({}));
    lab.play(7);
    let gone = meta::name(&lab.pods()[0]).to_owned();
    let grace = Preconditions {
        grace: 30,
        ..Preconditions::default()
    };
    lab.store()
        .delete(&PODS, Some("shop"), &gone, grace)
        .unwrap();
    lab.play(8);
    let names: Vec<_> = lab
        .pods()
        .iter()
        .map(|pod| meta::name(pod).to_owned())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(!names.contains(&gone));
    let one = |value: &mut Value| value["spec"]["replicas"] = json!(1);
    lab.store()
        .update(&DEPLOYMENTS, Some("shop"), "web", one)
        .unwrap();
    lab.play(5);
    assert_eq!(lab.pods().len(), 1);
    assert_eq!(lab.deployment()["status"]["readyReplicas"], 1);
}

#[test]
fn a_new_template_replaces_all_pods() {
    let mut lab = Lab::new();
    lab.deploy(&web(), &json!({}));
    lab.play(7);
    let image = |value: &mut Value| {
        value["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:2");
    };
    lab.store()
        .update(&DEPLOYMENTS, Some("shop"), "web", image)
        .unwrap();
    lab.play(12);
    let pods = lab.pods();
    assert_eq!(pods.len(), 2);
    assert!(
        pods.iter()
            .all(|pod| pod["spec"]["containers"][0]["image"] == "web:2")
    );
}

#[test]
fn a_crash_is_counted_and_waits_longer_each_time() {
    let mut lab = Lab::new();
    lab.deploy(&web(), &json!({format!("{TROUBLE}/crash"): "3"}));
    lab.play(12);
    let status = lab.pods()[0]["status"]["containerStatuses"][0].clone();
    assert_eq!(status["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 3);
    assert_eq!(status["restartCount"], 0);
    lab.play(60);
    let restarts = meta::number(&lab.pods()[0], "/status/containerStatuses/0/restartCount");
    assert_eq!(restarts, 2);
    assert_eq!(lab.pods()[0]["status"]["phase"], "Running");
}

#[test]
fn a_missing_config_map_stops_a_container_until_it_is_there() {
    let mut lab = Lab::new();
    let mut container = web();
    container["envFrom"] = json!([{"configMapRef": {"name": "settings"}}]);
    lab.deploy(&container, &json!({}));
    lab.play(5);
    let waiting = lab.pods()[0]["status"]["containerStatuses"][0]["state"]["waiting"].clone();
    assert_eq!(waiting["reason"], "CreateContainerConfigError");
    assert_eq!(waiting["message"], "configmap \"settings\" not found");
    let (events, _) = lab.store().list(&EVENTS, Some("shop"));
    assert!(events.iter().any(|event| event["reason"] == "Failed"));
    lab.map("settings");
    lab.play(5);
    assert_eq!(lab.deployment()["status"]["availableReplicas"], 2);
}

#[test]
fn a_pod_that_fits_no_node_waits() {
    let mut lab = Lab::new();
    let pod = json!({
        "metadata": {"name": "big"},
        "spec": {"nodeSelector": {"size": "huge"}, "containers": [web()]},
        "status": {"phase": "Pending"},
    });
    lab.store().create(&PODS, Some("shop"), pod).unwrap();
    lab.play(3);
    let pod = lab.store().get(&PODS, Some("shop"), "big").unwrap();
    assert_eq!(conditions::status(&pod, "PodScheduled"), "False");
    assert_eq!(pod["status"]["phase"], "Pending");
}

#[test]
fn a_suspended_kustomization_hears_and_does_nothing() {
    let mut lab = Lab::new();
    let flux = Some("flux-system");
    let ask = |word: &'static str, suspend: bool| {
        move |value: &mut Value| {
            value["spec"]["suspend"] = json!(suspend);
            value["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"] = json!(word);
        }
    };
    lab.store()
        .update(&KUSTOMIZATIONS, flux, "cohort", ask("one", true))
        .unwrap();
    let count = |lab: &Lab| {
        let one = lab.store().get(&KUSTOMIZATIONS, flux, "cohort").unwrap();
        let total = meta::number(&one, "/status/history/0/totalReconciliations");
        (
            total,
            meta::text(&one, "/status/lastHandledReconcileAt").to_owned(),
        )
    };
    lab.play(900);
    assert_eq!(count(&lab), (4, "one".to_owned()));
    lab.store()
        .update(&KUSTOMIZATIONS, flux, "cohort", ask("two", false))
        .unwrap();
    lab.play(3);
    assert_eq!(count(&lab), (5, "two".to_owned()));
    let one = lab.store().get(&KUSTOMIZATIONS, flux, "cohort").unwrap();
    assert_eq!(conditions::status(&one, "Ready"), "True");
    assert_eq!(conditions::status(&one, "Reconciling"), "");
}

#[test]
fn a_set_of_a_million_grows_by_as_many_as_are_made_at_once() {
    let mut lab = Lab::new();
    lab.deploy(&web(), &json!({}));
    let grow = |value: &mut Value| value["spec"]["replicas"] = json!(1_000_000);
    lab.store()
        .update(&DEPLOYMENTS, Some("shop"), "web", grow)
        .unwrap();
    lab.controllers.pass();
    let first = lab.pods().len();
    assert!((400..=BURST).contains(&first), "{first}");
    lab.play(1);
    let second = lab.pods().len();
    assert!(second > first && second <= 3 * BURST, "{second}");
}

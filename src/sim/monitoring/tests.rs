//! The pipeline as it lives, ages and dies.

use std::time::Duration;

use super::*;
use crate::sim::controllers::Controllers;

fn cluster(name: &str) -> Cluster {
    let clock = Clock::manual("2026-08-15T04:53:17Z".parse().unwrap());
    let cluster = Cluster::new(name, clock, 7).unwrap();
    crate::sim::seed::fill(&cluster).unwrap();
    Controllers::new(cluster.clone()).pass();
    cluster
}

async fn alerts(cluster: &Cluster, query: &str) -> Vec<Value> {
    let call = Call {
        namespace: SPACE.to_owned(),
        service: "http:alertmanager-main:9093".to_owned(),
        method: Method::GET,
        path: "/api/v2/alerts".to_owned(),
        query: query.to_owned(),
        body: Bytes::new(),
    };
    let response = answer(cluster, call).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    serde_json::from_slice(response.body()).unwrap()
}

fn age(cluster: &Cluster, alert: &Value) -> i64 {
    let updated: Timestamp = alert["updatedAt"].as_str().unwrap().parse().unwrap();
    cluster.clock.now().as_second() - updated.as_second()
}

#[tokio::test]
async fn the_watchdog_is_refreshed_each_minute_and_dies_with_its_pipeline() {
    let cluster = cluster("lab-1");
    let only = "filter=alertname%3D%22Watchdog%22";
    for _ in 0..5 {
        let all = alerts(&cluster, only).await;
        assert_eq!(all.len(), 1);
        assert!((0..60).contains(&age(&cluster, &all[0])));
        cluster.clock.advance(Duration::from_secs(31));
    }
    cluster.monitoring.set_sending(false);
    cluster.clock.advance(Duration::from_secs(160));
    let all = alerts(&cluster, only).await;
    assert!(age(&cluster, &all[0]) >= 160);
    cluster.clock.advance(Duration::from_secs(80));
    assert_eq!(alerts(&cluster, "").await, Vec::<Value>::new());
    cluster.monitoring.set_sending(true);
    assert_eq!(alerts(&cluster, "").await.len(), 1);
}

#[tokio::test]
async fn alerts_follow_from_the_trouble_in_the_store() {
    let cluster = cluster("sth-prod");
    let all = alerts(&cluster, "filter=severity%3D%22critical%22").await;
    let mut names: Vec<_> = all
        .iter()
        .filter_map(|a| a["labels"]["alertname"].as_str())
        .collect();
    names.sort_unstable();
    let pull = "KubePodImagePull";
    assert_eq!(names, ["EhrApiReplicasLow", pull, pull, pull]);
    let quiet = alerts(&cluster_of_aws(), "filter=alertname!%3DWatchdog").await;
    assert_eq!(quiet, Vec::<Value>::new());
}

fn cluster_of_aws() -> Cluster {
    cluster("aws-prod")
}

#[tokio::test]
async fn another_service_has_no_backend() {
    let cluster = cluster("lab-1");
    let call = Call {
        namespace: SPACE.to_owned(),
        service: "grafana:80".to_owned(),
        method: Method::GET,
        path: "/".to_owned(),
        query: String::new(),
        body: Bytes::new(),
    };
    assert!(answer(&cluster, call).await.is_none());
}

#[test]
fn a_container_that_never_started_has_an_empty_log() {
    let cluster = cluster("sth-prod");
    let log = |pod: &str, container: &str| pod_log(&cluster, "ehr", pod, container);
    assert_eq!(log("ehr-api-7c9f4-2kx8p", "api").as_deref(), Some(""));
    assert_eq!(log("ehr-api-7c9f4-2kx8p", "other"), None);
    let first = log("ehr-db-0", "db").unwrap();
    assert!(first.lines().count() > 100);
    assert_eq!(Some(first), log("ehr-db-0", "db"));
}

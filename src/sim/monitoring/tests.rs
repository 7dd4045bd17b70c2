//! The pipeline as it lives, ages and dies.

use std::time::Duration;

use super::*;
use crate::sim::controllers::Controllers;

fn cluster(name: &str) -> Cluster {
    let clock = Clock::manual("2026-08-15T04:53:17Z".parse().unwrap());
    let cluster = Cluster::new(name, &clock, 7).unwrap();
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

async fn query(cluster: &Cluster, path: &str, query: &str) -> (StatusCode, Value) {
    let call = Call {
        namespace: SPACE.to_owned(),
        service: "http:prometheus-k8s:9090".to_owned(),
        method: Method::GET,
        path: path.to_owned(),
        query: query.to_owned(),
        body: Bytes::new(),
    };
    let response = answer(cluster, call).await.unwrap();
    (
        response.status(),
        serde_json::from_slice(response.body()).unwrap_or_default(),
    )
}

#[tokio::test]
async fn prometheus_tells_what_fires_and_since_when() {
    let cluster = cluster("sth-prod");
    let (_, alerts) = query(&cluster, "/api/v1/alerts", "").await;
    let count = alerts["data"]["alerts"].as_array().unwrap().len();
    let (_, all) = query(&cluster, "/api/v1/query", "query=ALERTS").await;
    assert_eq!(all["data"]["result"].as_array().unwrap().len(), count);
    let pull =
        "query=ALERTS%7Balertname%3D%22KubePodImagePull%22%2Cnamespace%3D~%22ehr%7Cpacs%22%7D";
    let (_, pulls) = query(&cluster, "/api/v1/query", pull).await;
    assert_eq!(pulls["data"]["result"].as_array().unwrap().len(), 3);
    assert_eq!(pulls["data"]["result"][0]["metric"]["alertstate"], "firing");
    assert_eq!(pulls["data"]["result"][0]["value"][1], "1");
    let range = format!("{pull}&start=2026-08-15T04:23:00Z&end=2026-08-15T04:53:00Z&step=5m");
    let (_, range) = query(&cluster, "/api/v1/query_range", &range).await;
    let points = range["data"]["result"][0]["values"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(points, 4, "it fires since 04:33");
    let (_, rules) = query(&cluster, "/api/v1/rules", "").await;
    let rules = rules["data"]["groups"][0]["rules"]
        .as_array()
        .unwrap()
        .clone();
    let state =
        |name: &str| rules.iter().find(|rule| rule["name"] == name).unwrap()["state"].clone();
    assert_eq!(state("Watchdog"), "firing");
    assert_eq!(state("KubePodCrashLooping"), "inactive");
    let (_, up) = query(
        &cluster,
        "/api/v1/query",
        "query=up%7Bjob%3D%22kubelet%22%7D",
    )
    .await;
    assert_eq!(up["data"]["result"].as_array().unwrap().len(), 12);
    let (_, nothing) = query(&cluster, "/api/v1/query", "query=no_such_metric").await;
    assert_eq!(nothing["data"]["result"], json!([]));
}

#[tokio::test]
async fn prometheus_refuses_what_it_cannot_read_and_dies_with_its_pipeline() {
    let cluster = cluster("lab-1");
    for text in ["query=", "query=sum(up)", "query=up%7Bjob%3Dx%7D"] {
        let (status, body) = query(&cluster, "/api/v1/query", text).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
        assert_eq!(body["errorType"], "bad_data");
    }
    let long = "query=up&start=0&end=1000000&step=1";
    let (status, body) = query(&cluster, "/api/v1/query_range", long).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        body["error"]
            .as_str()
            .unwrap()
            .starts_with("exceeded maximum resolution of 11,000 points")
    );
    cluster.monitoring.set_sending(false);
    let (status, _) = query(&cluster, "/api/v1/alerts", "").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_critical_alert_holds_the_warnings_of_its_name_back() {
    let cluster = cluster("lab-1");
    for (severity, count) in [("critical", 1), ("warning", 3)] {
        cluster.monitoring.fire(Fired {
            name: "QueueBacklog".to_owned(),
            severity: severity.to_owned(),
            namespace: "cohort".to_owned(),
            count,
            summary: "messages wait".to_owned(),
            cause: None,
        });
    }
    cluster.clock.advance(Duration::from_secs(60));
    let all = alerts(&cluster, "filter=alertname%3DQueueBacklog").await;
    let state = |alert: &&Value| alert["status"]["state"] == "suppressed";
    assert_eq!((all.len(), all.iter().filter(state).count()), (4, 3));
    let shown = alerts(&cluster, "filter=alertname%3DQueueBacklog&inhibited=false").await;
    assert_eq!(shown.len(), 1);
    let by = all.iter().find(state).unwrap()["status"]["inhibitedBy"][0].clone();
    assert_eq!(by, shown[0]["fingerprint"]);
    cluster.monitoring.resolve("QueueBacklog");
    assert_eq!(
        alerts(&cluster, "filter=alertname%3DQueueBacklog")
            .await
            .len(),
        0
    );
}

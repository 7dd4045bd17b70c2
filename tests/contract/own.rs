//! What cannot be asked of a real server in an exchange: history that is forgotten on demand, the record of requests,
//! and a client of Kubernetes that follows.

use crashcart::sim::store::resources;
use futures_util::StreamExt;
use kube::config::AuthInfo;
use kube::config::Config;
use kube::core::ApiResource;
use kube::core::DynamicObject;
use kube::core::GroupVersionKind;
use kube::runtime::watcher;
use kube::{Api, Client};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use serde_json::json;

use crate::servers::Bench;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn fill(bench: &Bench, names: &[&str]) {
    for name in names {
        let map = json!({"metadata": {"name": name}});
        let store = &bench.served().cluster.store;
        store
            .create(&resources::CONFIGMAPS, Some("default"), map)
            .unwrap();
    }
}

async fn get(bench: &Bench, path: &str) -> (u16, Value) {
    let ask = format!("GET {path}");
    let raw = bench.server().send(&ask, "alice", &[], None).await;
    (raw.status, serde_json::from_slice(&raw.body).unwrap())
}

#[tokio::test]
async fn a_page_or_watch_from_before_a_compaction_is_410() {
    let bench = Bench::start().await;
    fill(&bench, &["a", "b", "c"]);
    let (_, first) = get(&bench, &format!("{MAPS}?limit=1")).await;
    let page = first["metadata"]["continue"].as_str().unwrap();
    let version = first["metadata"]["resourceVersion"].as_str().unwrap();
    fill(&bench, &["d"]);
    bench.served().cluster.store.compact();
    for ask in [
        format!("{MAPS}?limit=1&continue={page}"),
        format!("{MAPS}?resourceVersion={version}&resourceVersionMatch=Exact"),
    ] {
        let (code, status) = get(&bench, &ask).await;
        assert_eq!((code, status["reason"].as_str()), (410, Some("Expired")));
    }
    let (code, told) = get(&bench, &format!("{MAPS}?watch=1&resourceVersion={version}")).await;
    assert_eq!((code, told["type"].as_str()), (200, Some("ERROR")));
    assert_eq!(told["object"]["code"], 410);
}

#[tokio::test]
async fn each_request_is_in_the_audit_log_under_its_own_id() {
    let bench = Bench::start().await;
    let headers = [
        ("audit-id".to_owned(), "an-id".to_owned()),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    let body = r#"{"metadata": {"name": "c"}}"#;
    let ask = format!("POST {MAPS}");
    let server = bench.server();
    server.send(&ask, "alice", &headers, Some(body)).await;
    let entries = bench.served().audit.entries();
    let entry = entries.iter().find(|entry| entry["auditID"] == "an-id");
    let entry = entry.unwrap();
    assert_eq!(entry["user"]["username"], "alice@meridian.test");
    assert_eq!(entry["verb"], "create");
    assert_eq!(entry["objectRef"]["resource"], "configmaps");
    assert_eq!(entry["objectRef"]["namespace"], "default");
    assert_eq!(entry["responseStatus"]["code"], 201);
    assert_eq!(entry["stage"], "ResponseComplete");
}

fn maps(bench: &Bench) -> Api<DynamicObject> {
    let mut config = Config::new(bench.served().url.parse().unwrap());
    let ca = CertificateDer::from_pem_slice(bench.served().ca.as_bytes()).unwrap();
    config.root_cert = Some(vec![ca.to_vec()]);
    let alice = bench.estate.people().find("alice").unwrap();
    config.auth_info = AuthInfo {
        token: Some(alice.token.clone().into()),
        ..AuthInfo::default()
    };
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
    Api::namespaced_with(Client::try_from(config).unwrap(), "default", &kind)
}

#[tokio::test]
async fn a_client_lists_then_follows_in_pages_and_in_streams() {
    for strategy in [
        watcher::Config::default().page_size(2),
        watcher::Config::default().streaming_lists(),
    ] {
        let bench = Bench::start().await;
        fill(&bench, &["a", "b", "c"]);
        let mut events = Box::pin(watcher(maps(&bench), strategy));
        let mut seen = 0;
        loop {
            match events.next().await.unwrap().unwrap() {
                watcher::Event::Init => {}
                watcher::Event::InitApply(_) => seen += 1,
                watcher::Event::InitDone => break,
                other => panic!("{other:?} before the first list is done"),
            }
        }
        assert_eq!(seen, 3);
        fill(&bench, &["later"]);
        let next = events.next().await.unwrap().unwrap();
        let watcher::Event::Apply(map) = next else {
            panic!("{next:?}")
        };
        assert_eq!(map.metadata.name.as_deref(), Some("later"));
    }
}

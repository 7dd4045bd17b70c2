//! Lists, pages, tables and watches.

use std::collections::BTreeSet;

use crashcart::sim::store::{Preconditions, resources};
use futures_util::StreamExt;
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::runtime::watcher;
use serde_json::{Value, json};

use crate::{Bench, refusal};

fn fill(bench: &Bench, count: usize) {
    for at in 0..count {
        let pod = json!({
            "metadata": {"name": format!("p{at:03}"), "labels": {"app": if at % 2 == 0 { "web" } else { "db" }}},
            "spec": {"containers": [{"name": "c"}]},
            "status": {"phase": "Running"},
        });
        let store = &bench.served().cluster.store;
        store.create(&resources::PODS, Some("shop"), pod).unwrap();
    }
}

#[tokio::test]
async fn pages_are_of_one_snapshot_and_expire_when_it_is_compacted() {
    let bench = Bench::start().await;
    fill(&bench, 25);
    let pods = bench.api("alice", &resources::PODS);
    let first = pods.list(&ListParams::default().limit(10)).await.unwrap();
    assert_eq!(first.items.len(), 10);
    assert_eq!(first.metadata.remaining_item_count, Some(15));
    let store = &bench.served().cluster.store;
    store
        .delete(&resources::PODS, Some("shop"), "p024", Preconditions::now())
        .unwrap();
    let mut names: BTreeSet<_> = first
        .items
        .iter()
        .map(|p| p.metadata.name.clone())
        .collect();
    let mut token = first.metadata.continue_.clone();
    while let Some(next) = token.take() {
        let params = ListParams::default().limit(10).continue_token(&next);
        let page = pods.list(&params).await.unwrap();
        assert_eq!(
            page.metadata.resource_version,
            first.metadata.resource_version
        );
        names.extend(page.items.iter().map(|p| p.metadata.name.clone()));
        token = page.metadata.continue_;
    }
    assert_eq!(names.len(), 25);
    store.compact();
    fill_one_more(&bench);
    let old = ListParams::default().continue_token(&first.metadata.continue_.unwrap());
    let (code, reason, _) = refusal(pods.list(&old).await);
    assert_eq!((code, reason.as_str()), (410, "Expired"));
}

fn fill_one_more(bench: &Bench) {
    let pod = json!({"metadata": {"name": "later"}});
    let store = &bench.served().cluster.store;
    store.create(&resources::PODS, Some("shop"), pod).unwrap();
}

#[tokio::test]
async fn selectors_choose_and_unknown_fields_are_refused() {
    let bench = Bench::start().await;
    fill(&bench, 6);
    let pods = bench.api("alice", &resources::PODS);
    let web = pods
        .list(&ListParams::default().labels("app in (web)"))
        .await
        .unwrap();
    assert_eq!(web.items.len(), 3);
    let one = ListParams::default().fields("metadata.name=p001,status.phase=Running");
    assert_eq!(pods.list(&one).await.unwrap().items.len(), 1);
    let (code, _, message) = refusal(pods.list(&ListParams::default().fields("spec.x=1")).await);
    assert_eq!(
        (code, message.as_str()),
        (400, "field label not supported: spec.x")
    );
}

#[tokio::test]
async fn a_watcher_lists_then_follows() {
    for strategy in [
        watcher::Config::default().page_size(2),
        watcher::Config::default().streaming_lists(),
    ] {
        let bench = Bench::start().await;
        fill(&bench, 5);
        let pods = bench.api("alice", &resources::PODS);
        let mut events = Box::pin(watcher(pods, strategy));
        let mut seen = 0;
        loop {
            match events.next().await.unwrap().unwrap() {
                watcher::Event::Init => {}
                watcher::Event::InitApply(_) => seen += 1,
                watcher::Event::InitDone => break,
                other => panic!("{other:?} before the first list is done"),
            }
        }
        assert_eq!(seen, 5);
        fill_one_more(&bench);
        let next = events.next().await.unwrap().unwrap();
        let watcher::Event::Apply(pod) = next else {
            panic!("{next:?}")
        };
        assert_eq!(pod.metadata.name.as_deref(), Some("later"));
    }
}

#[tokio::test]
async fn a_watch_ends_with_a_bookmark_and_tells_when_it_is_too_old() {
    let bench = Bench::start().await;
    fill(&bench, 1);
    let pods = bench.api("alice", &resources::PODS);
    let version = bench.served().cluster.store.rv().to_string();
    let params = WatchParams::default().timeout(3);
    let events: Vec<_> = pods.watch(&params, &version).await.unwrap().collect().await;
    let Some(Ok(WatchEvent::Bookmark(mark))) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(mark.metadata.resource_version, version);
    bench.served().cluster.store.compact();
    fill_one_more(&bench);
    bench.served().cluster.store.compact();
    let mut events = Box::pin(pods.watch(&params, &version).await.unwrap());
    let Some(Ok(WatchEvent::Error(status))) = events.next().await else {
        panic!("a watch from before the compaction goes on")
    };
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
}

async fn raw(bench: &Bench, path: &str, accept: &str) -> Value {
    let request = http::Request::get(path).header("accept", accept);
    let request = request.body(Vec::new()).unwrap();
    bench
        .client("alice")
        .request::<Value>(request)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_table_has_the_cells_of_the_real_printer() {
    let bench = Bench::start().await;
    fill(&bench, 1);
    let accept = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json";
    let table = raw(&bench, "/api/v1/pods", accept).await;
    assert_eq!(table["kind"], "Table");
    let names: Vec<&Value> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| &column["name"])
        .collect();
    assert_eq!(names[..5], ["Name", "Ready", "Status", "Restarts", "Age"]);
    let row = &table["rows"][0];
    assert_eq!(row["cells"][2], "Running");
    assert_eq!(row["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(row["object"]["metadata"]["namespace"], "shop");
}

#[tokio::test]
async fn discovery_answers_in_both_forms() {
    let bench = Bench::start().await;
    let client = bench.client("alice");
    let groups = client.list_api_groups().await.unwrap();
    assert!(groups.groups.iter().any(|group| group.name == "velero.io"));
    let list = client
        .list_api_group_resources("velero.io/v1")
        .await
        .unwrap();
    assert!(
        list.resources
            .iter()
            .any(|r| r.name == "backups" && r.namespaced)
    );
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let whole = raw(&bench, "/apis", accept).await;
    assert_eq!(whole["kind"], "APIGroupDiscoveryList");
    assert_eq!(
        client.apiserver_version().await.unwrap().git_version,
        "v1.36.3"
    );
}

#[tokio::test]
async fn items_of_builtin_lists_carry_no_kind_and_custom_ones_do() {
    let bench = Bench::start().await;
    fill(&bench, 1);
    let backup = json!({"metadata": {"name": "b"}});
    let store = &bench.served().cluster.store;
    store
        .create(&resources::BACKUPS, Some("shop"), backup)
        .unwrap();
    let pods = raw(&bench, "/api/v1/pods", "application/json").await;
    assert!(pods["items"][0].get("kind").is_none());
    let backups = raw(&bench, "/apis/velero.io/v1/backups", "application/json").await;
    assert_eq!(backups["items"][0]["kind"], "Backup");
}

#[tokio::test]
async fn an_empty_list_of_metadata_has_null_for_items_and_other_empty_lists_do_not() {
    let bench = Bench::start().await;
    let path = "/api/v1/namespaces/shop/configmaps";
    let metadata = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    assert_eq!(raw(&bench, path, metadata).await["items"], Value::Null);
    let whole = raw(&bench, path, "application/json").await;
    assert_eq!(whole["items"], json!([]));
    let table = "application/json;as=Table;g=meta.k8s.io;v=v1";
    assert_eq!(raw(&bench, path, table).await["rows"], json!([]));
}

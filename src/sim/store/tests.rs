//! Tests of the store's manners.

use std::sync::Arc;

use serde_json::json;

use super::resources::{BACKUPS, CONFIGMAPS, DEPLOYMENTS, NAMESPACES, PODS, REPLICASETS};
use super::*;

fn store() -> Store {
    let clock = Clock::manual("2026-08-15T04:31:00Z".parse().unwrap());
    let store = Store::new(clock, 1);
    for name in ["kube-system", "shop"] {
        let namespace = json!({"metadata": {"name": name}});
        store.create(&NAMESPACES, None, namespace).unwrap();
    }
    store
}

fn named(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

#[test]
fn create_fills_in_what_a_server_gives() {
    let store = store();
    let made = store
        .create(&DEPLOYMENTS, Some("shop"), named("web"))
        .unwrap();
    assert_eq!(made["apiVersion"], "apps/v1");
    assert_eq!(made["metadata"]["generation"], 1);
    assert_eq!(
        made["metadata"]["creationTimestamp"],
        "2026-08-15T04:31:00Z"
    );
    assert_eq!(meta::version(&made), store.rv());
    let again = store.create(&DEPLOYMENTS, Some("shop"), named("web"));
    assert_eq!(again.unwrap_err().reason, "AlreadyExists");
    let nowhere = store.create(&DEPLOYMENTS, Some("none"), named("web"));
    assert_eq!(
        nowhere.unwrap_err().message,
        "namespaces \"none\" not found"
    );
    let nameless = store.create(&DEPLOYMENTS, Some("shop"), json!({}));
    assert_eq!(nameless.unwrap_err().code, 422);
    let generated = json!({"metadata": {"generateName": "web-"}});
    let generated = store.create(&PODS, Some("shop"), generated).unwrap();
    assert_eq!(meta::name(&generated).len(), 9);
}

#[test]
fn the_uid_of_kube_system_is_of_version_8() {
    let store = store();
    let system = store.get(&NAMESPACES, None, "kube-system").unwrap();
    assert_eq!(meta::uid(&system).as_bytes()[14], b'8');
    let shop = store.get(&NAMESPACES, None, "shop").unwrap();
    assert_eq!(meta::uid(&shop).as_bytes()[14], b'4');
}

#[test]
fn generation_counts_intent_and_status_only_where_it_is_part_of_it() {
    let store = store();
    store
        .create(&DEPLOYMENTS, Some("shop"), named("web"))
        .unwrap();
    store.create(&BACKUPS, Some("shop"), named("b1")).unwrap();
    let generation = |object: Arc<Value>| meta::number(&object, "/metadata/generation");
    let status = |object: &mut Value| object["status"] = json!({"phase": "New"});
    let web = store
        .update(&DEPLOYMENTS, Some("shop"), "web", status)
        .unwrap();
    assert_eq!(generation(web), 1);
    let web = store.update(&DEPLOYMENTS, Some("shop"), "web", |o| {
        o["spec"] = json!({"replicas": 2});
    });
    assert_eq!(generation(web.unwrap()), 2);
    let backup = store.update(&BACKUPS, Some("shop"), "b1", status).unwrap();
    assert_eq!(generation(backup), 2);
}

#[test]
fn a_write_of_nothing_writes_nothing_and_a_stale_one_is_refused() {
    let store = store();
    let old = store.create(&CONFIGMAPS, Some("shop"), named("c")).unwrap();
    let same = store
        .update(&CONFIGMAPS, Some("shop"), "c", |_| ())
        .unwrap();
    assert!(Arc::ptr_eq(&old, &same));
    let uid = meta::uid(&old).to_owned();
    store
        .update(&CONFIGMAPS, Some("shop"), "c", |o| {
            o["data"] = json!({"a": "1"});
            meta::set(o, "creationTimestamp", "1999-01-01T00:00:00Z".into());
        })
        .unwrap();
    let new = store.get(&CONFIGMAPS, Some("shop"), "c").unwrap();
    assert_eq!(meta::uid(&new), uid);
    assert_eq!(new["metadata"]["creationTimestamp"], "2026-08-15T04:31:00Z");
    let stale = store.replace(&CONFIGMAPS, Some("shop"), "c", Value::clone(&old));
    assert_eq!(stale.unwrap_err().reason, "Conflict");
}

#[test]
fn preconditions_and_finalizers_hold_a_deletion_back() {
    let store = store();
    let held = json!({"metadata": {"name": "c", "finalizers": ["x/y"]}});
    store.create(&CONFIGMAPS, Some("shop"), held).unwrap();
    let other = Preconditions {
        uid: Some("no".to_owned()),
        ..Preconditions::default()
    };
    let refused = store.delete(&CONFIGMAPS, Some("shop"), "c", other);
    assert_eq!(refused.unwrap_err().code, 409);
    store
        .delete(&CONFIGMAPS, Some("shop"), "c", Preconditions::now())
        .unwrap();
    assert!(meta::is_going(
        &store.get(&CONFIGMAPS, Some("shop"), "c").unwrap()
    ));
    store
        .update(&CONFIGMAPS, Some("shop"), "c", |o| {
            o["metadata"]["finalizers"] = json!([]);
        })
        .unwrap();
    assert!(store.get(&CONFIGMAPS, Some("shop"), "c").is_none());
}

#[test]
fn a_namespace_goes_with_its_contents_and_takes_nothing_new() {
    let store = store();
    store.create(&CONFIGMAPS, Some("shop"), named("c")).unwrap();
    store
        .delete(&NAMESPACES, None, "shop", Preconditions::now())
        .unwrap();
    let going = store.get(&NAMESPACES, None, "shop").unwrap();
    assert_eq!(going["status"]["phase"], "Terminating");
    let refused = store
        .create(&CONFIGMAPS, Some("shop"), named("d"))
        .unwrap_err();
    assert_eq!(refused.code, 403);
    lifecycle::sweep(&store);
    assert!(store.get(&CONFIGMAPS, Some("shop"), "c").is_none());
    assert!(store.get(&NAMESPACES, None, "shop").is_none());
    let kept = store.delete(&NAMESPACES, None, "kube-system", Preconditions::now());
    assert_eq!(kept.unwrap_err().code, 403);
}

#[test]
fn dependents_follow_their_owner_unless_orphaned() {
    for (propagation, stays) in [
        (Propagation::Background, false),
        (Propagation::Foreground, false),
        (Propagation::Orphan, true),
    ] {
        let store = store();
        let owner = store
            .create(&DEPLOYMENTS, Some("shop"), named("web"))
            .unwrap();
        let dependent =
            json!({"metadata": {"name": "web-1", "ownerReferences": [{"uid": meta::uid(&owner)}]}});
        store.create(&REPLICASETS, Some("shop"), dependent).unwrap();
        let conditions = Preconditions {
            propagation,
            ..Preconditions::default()
        };
        store
            .delete(&DEPLOYMENTS, Some("shop"), "web", conditions)
            .unwrap();
        lifecycle::sweep(&store);
        lifecycle::sweep(&store);
        assert!(store.get(&DEPLOYMENTS, Some("shop"), "web").is_none());
        assert_eq!(
            store.get(&REPLICASETS, Some("shop"), "web-1").is_some(),
            stays
        );
    }
}

#[test]
fn a_pod_on_a_node_gets_time_to_stop() {
    let store = store();
    let pod = json!({"metadata": {"name": "p"}, "spec": {"nodeName": "n1"}});
    store.create(&PODS, Some("shop"), pod).unwrap();
    let graceful = Preconditions {
        grace: 30,
        ..Preconditions::default()
    };
    store.delete(&PODS, Some("shop"), "p", graceful).unwrap();
    assert!(meta::is_going(
        &store.get(&PODS, Some("shop"), "p").unwrap()
    ));
    store
        .delete(&PODS, Some("shop"), "p", Preconditions::now())
        .unwrap();
    assert!(store.get(&PODS, Some("shop"), "p").is_none());
}

#[tokio::test]
async fn a_subscription_sees_each_change_once_and_expires_after_compaction() {
    let store = store();
    let since = store.rv();
    let mut changes = store.subscribe(&CONFIGMAPS, since).unwrap();
    store.create(&PODS, Some("shop"), named("p")).unwrap();
    store.create(&CONFIGMAPS, Some("shop"), named("c")).unwrap();
    store
        .delete(&CONFIGMAPS, Some("shop"), "c", Preconditions::now())
        .unwrap();
    let batch = changes.next().await.unwrap();
    let kinds: Vec<Change> = batch.events.iter().map(|event| event.change).collect();
    assert_eq!(kinds, [Change::Added, Change::Deleted]);
    assert_eq!(batch.rv, store.rv());
    let gone = batch.events.last().unwrap();
    assert_eq!(meta::version(&gone.object.open()), store.rv());
    store.compact();
    assert_eq!(store.subscribe(&CONFIGMAPS, since).unwrap_err().code, 410);
}

#[test]
fn an_earlier_version_is_shown_as_it_stood_until_it_is_forgotten() {
    let store = store();
    let shop = Some("shop");
    store.create(&CONFIGMAPS, shop, named("a")).unwrap();
    let then = store.rv();
    let before = store.list(&CONFIGMAPS, None).0;
    store.create(&CONFIGMAPS, shop, named("b")).unwrap();
    let data = |object: &mut Value| object["data"] = json!({"k": "v"});
    store.update(&CONFIGMAPS, shop, "a", data).unwrap();
    store
        .delete(&CONFIGMAPS, shop, "b", Preconditions::now())
        .unwrap();
    store
        .delete(&CONFIGMAPS, shop, "a", Preconditions::now())
        .unwrap();
    let then_there = store.list_at(&CONFIGMAPS, shop, then).unwrap();
    let then_there: Vec<_> = then_there.iter().map(|kept| kept.open()).collect();
    assert_eq!(then_there, before);
    assert!(
        store
            .list_at(&CONFIGMAPS, Some("kube-system"), then)
            .unwrap()
            .is_empty()
    );
    store.compact();
    assert_eq!(
        store.list_at(&CONFIGMAPS, shop, then).unwrap_err().code,
        410
    );
}

/// Small objects, so that a kind of many is made quickly.
fn crowd(store: &Store) {
    for number in 0..=table::OPEN {
        let labels = json!({"even": (number % 2 == 0).to_string()});
        let one = json!({"metadata": {"name": format!("c{number:05}"), "labels": labels}});
        store.create(&CONFIGMAPS, Some("shop"), one).unwrap();
    }
}

#[test]
fn of_a_large_kind_what_was_not_written_lately_is_packed_and_stays_the_same() {
    let store = store();
    let first = store.create(&CONFIGMAPS, Some("shop"), named("a")).unwrap();
    let packed = || {
        let (all, _) = store.kept(&CONFIGMAPS, None);
        let packed = all.iter().filter(|kept| kept.is_packed());
        packed
            .map(|kept| meta::name(&kept.open()).to_owned())
            .collect::<Vec<_>>()
    };
    assert!(packed().is_empty());
    crowd(&store);
    assert_eq!(packed(), ["a", "c00000"]);
    assert_eq!(
        store.get(&CONFIGMAPS, Some("shop"), "a"),
        Some(first.clone())
    );
    assert_eq!(store.list(&CONFIGMAPS, None).0[0], first);
    let changes = store.subscribe(&CONFIGMAPS, meta::version(&first) - 1);
    let seen = changes.map(|_| store.changes(&CONFIGMAPS, meta::version(&first) - 1));
    let (events, _) = seen.unwrap().unwrap();
    assert_eq!(events[0].object.open(), first);
    let touch = |object: &mut Value| object["data"] = json!({"k": "v"});
    let again = store.update(&CONFIGMAPS, Some("shop"), "a", touch).unwrap();
    assert_eq!(meta::uid(&again), meta::uid(&first));
    assert_eq!(packed(), ["c00000", "c00001"]);
}

#[test]
fn an_index_has_what_was_there_and_follows_each_write() {
    static EVEN: Index = Index {
        res: &CONFIGMAPS,
        takes: |object| object["metadata"]["labels"]["even"] == "true",
    };
    let store = store();
    crowd(&store);
    let names = || -> Vec<String> {
        let all = store.those(&EVEN);
        let name = |kept: &Arc<Kept>| meta::name(&kept.open()).to_owned();
        all.iter().map(name).collect()
    };
    let before = names();
    assert_eq!(before.len(), table::OPEN / 2 + 1);
    let odd = |object: &mut Value| object["metadata"]["labels"]["even"] = json!("false");
    store
        .update(&CONFIGMAPS, Some("shop"), "c00000", odd)
        .unwrap();
    store
        .delete(&CONFIGMAPS, Some("shop"), "c00002", Preconditions::now())
        .unwrap();
    let made = json!({"metadata": {"name": "b", "labels": {"even": "true"}}});
    store.create(&CONFIGMAPS, Some("shop"), made).unwrap();
    let after = names();
    assert_eq!(after[..2], ["b", "c00004"]);
    assert_eq!(after.len(), before.len() - 1);
}

#[test]
fn what_rests_packed_follows_its_owner() {
    let store = store();
    let owner = store
        .create(&DEPLOYMENTS, Some("shop"), named("web"))
        .unwrap();
    let owned = json!({"metadata": {"name": "a", "ownerReferences": [{"uid": meta::uid(&owner)}]}});
    store.create(&CONFIGMAPS, Some("shop"), owned).unwrap();
    crowd(&store);
    store
        .delete(&DEPLOYMENTS, Some("shop"), "web", Preconditions::now())
        .unwrap();
    lifecycle::sweep(&store);
    assert!(store.get(&CONFIGMAPS, Some("shop"), "a").is_none());
    assert_eq!(store.kept(&CONFIGMAPS, None).0.len(), table::OPEN + 1);
}

#[test]
fn history_keeps_what_was_replaced_packed_and_what_stands_open() {
    let store = store();
    let first = store.create(&CONFIGMAPS, Some("shop"), named("a")).unwrap();
    store.create(&CONFIGMAPS, Some("shop"), named("b")).unwrap();
    let gone = store.delete(&CONFIGMAPS, Some("shop"), "b", Preconditions::now());
    for number in 0..300 {
        let count = |object: &mut Value| object["data"] = json!({"n": number.to_string()});
        store.update(&CONFIGMAPS, Some("shop"), "a", count).unwrap();
    }
    let (events, _) = store.changes(&CONFIGMAPS, 0).unwrap();
    let versions = [
        &events[0].object,
        &events[2].object,
        &events[303 - 1].object,
    ];
    assert_eq!(versions.map(|kept| kept.is_packed()), [true, true, false]);
    assert_eq!(versions[0].open(), first);
    assert_eq!(versions[1].open(), gone.unwrap());
    assert!(!events[302].before.as_ref().unwrap().is_packed());
}

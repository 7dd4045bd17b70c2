//! A small estate for the tests of this room: two zones on two clusters, and objects as a real API server writes them.

use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use super::fact::Delta;
use super::fact::Fact;
use super::fact::Greeting;
use super::fact::Watch;
use super::fact::WatchNews;
use super::moment::Moment;
use super::world::World;
use crate::config::Application;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::Criticality;
use crate::config::Estate;
use crate::config::Fingerprint;
use crate::config::LabelSelector;
use crate::config::Member;
use crate::config::MemberBy;
use crate::config::Owner;
use crate::config::Pem;
use crate::config::Policy;
use crate::config::Site;
use crate::config::Zone;
use crate::text::SafeText;

pub(super) const UID: &str = "5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11";

/// 2026-08-15 04:54:00Z plus some seconds, on both clocks.
pub(super) fn at(seconds: i64) -> Moment {
    let wall: Timestamp = "2026-08-15T04:54:00Z".parse().unwrap();
    let mono_ms = u64::try_from(10_000_000 + seconds * 1000).unwrap();
    Moment {
        mono_ms,
        wall: wall
            .checked_add(jiff::SignedDuration::from_secs(seconds))
            .unwrap(),
    }
}

/// The uid of a cluster: each its own.
pub(super) fn uid_of(cluster: &str) -> &'static str {
    if cluster == "one" {
        UID
    } else {
        "2d0b6c1f-9f60-4d1b-8b5e-3f0e5f2b7c44"
    }
}

pub(super) fn name(text: &str) -> ClusterName {
    ClusterName::from(text)
}

pub(super) fn cluster(text: &str) -> Cluster {
    Cluster {
        name: name(text),
        site: Site::OnPrem,
        server: "https://127.0.0.1:1".to_owned(),
        ca: Pem::new(
            Path::new("ca.crt"),
            include_bytes!("../../tests/config/good/ca.crt"),
        )
        .unwrap(),
        fingerprint: Some(Fingerprint {
            ca_key: "0".repeat(64),
            uid: Some(uid_of(text).to_owned()),
        }),
        auth: ClusterAuth::Oidc {
            identity: "keycloak".to_owned(),
        },
        fallback: None,
        audience: None,
        route: crate::config::Route::default(),
        copy_of: None,
    }
}

fn zone(text: &str, criticality: Criticality, rpo: Option<i64>, members: Vec<Member>) -> Zone {
    Zone {
        name: text.into(),
        criticality,
        rpo,
        rto: None,
        people: 1,
        owners: vec![Owner {
            name: "EHR on-call".to_owned(),
            phone: None,
        }],
        members,
        applications: Vec::new(),
    }
}

fn named(cluster: &str, names: &[&str]) -> Member {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Member {
        cluster: name(cluster),
        by: MemberBy::Namespaces(names),
    }
}

/// `clinical` (critical, 1h) by label on `one` and by name on `two`; `research` (low, no target) on `two`.
pub(super) fn config() -> Config {
    let labelled = MemberBy::Selector(LabelSelector::parse("zone=clinical").unwrap());
    let clinical = vec![
        Member {
            cluster: name("one"),
            by: labelled,
        },
        named("two", &["emr"]),
    ];
    let mut clinical = zone("clinical", Criticality::Critical, Some(3600), clinical);
    clinical.applications = vec![Application {
        name: "EHR".to_owned(),
        criticality: None,
        namespaces: vec!["ehr".to_owned()],
        rpo: Some(900),
        rto: None,
    }];
    Config {
        path: PathBuf::from("crashcart.toml"),
        estate: Estate {
            name: "t".to_owned(),
            id: uuid::Uuid::nil(),
            regimes: Vec::new(),
            outside: Vec::new(),
        },
        identities: Vec::new(),
        clusters: vec![cluster("one"), cluster("two")],
        zones: vec![
            zone(
                "research",
                Criticality::Low,
                None,
                vec![named("two", &["cohort"])],
            ),
            clinical,
        ],
        policy: Policy::own(),
        warnings: Vec::new(),
        tokens: crate::config::TokenSettings::default(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "called with literals")]
pub(super) fn parse<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_str(&value.to_string()).unwrap()
}

/// metadata with a uid made of namespace and name.
pub(super) fn meta(namespace: &str, name: &str) -> Value {
    json!({"namespace": namespace, "name": name, "uid": format!("u-{namespace}-{name}"), "resourceVersion": "7",
           "creationTimestamp": "2026-08-01T00:00:00Z", "managedFields": [{"fieldsV1": {"f:spec": {}}}]})
}

pub(super) fn namespace(name: &str, zone: &str) -> super::kinds::namespace::Namespace {
    let mut metadata = meta("", name);
    metadata["labels"] = json!({"zone": zone});
    parse(json!({"metadata": metadata, "status": {"phase": "Active"}}))
}

pub(super) fn store(phase: &str, checked: &str) -> super::kinds::store::Store {
    parse(
        json!({"metadata": meta("velero", "eu-main"), "spec": {"default": true, "validationFrequency": "1m0s"},
                 "status": {"phase": phase, "lastValidationTime": checked}}),
    )
}

/// A Completed backup of some namespaces that began at a time.
pub(super) fn backup(name: &str, started: &str, namespaces: &[&str]) -> Value {
    json!({"metadata": meta("velero", name), "spec": {"includedNamespaces": namespaces, "storageLocation": "eu-main"},
           "status": {"phase": "Completed", "startTimestamp": started, "completionTimestamp": started,
                      "expiration": "2026-09-13T00:00:00Z", "progress": {"itemsBackedUp": 9, "totalItems": 9}}})
}

pub(super) fn greeting(uid: &str) -> Fact {
    Fact::Greeting(Greeting {
        version: SafeText::new("v1.36.3"),
        uid: Some(SafeText::new(uid)),
        user: None,
        groups: Vec::new(),
        clock_ahead_s: Some(0),
    })
}

/// A cluster whose every watch is complete and empty but for its namespaces; no Flux, no Alertmanager.
pub(super) fn reach(
    world: &mut World,
    cluster: &str,
    namespaces: Vec<super::kinds::namespace::Namespace>,
    at: Moment,
) {
    let cluster = name(cluster);
    world.connect(cluster.clone(), 1);
    let facts = [
        greeting(uid_of(cluster.as_str())),
        Fact::Namespaces(Delta::Swap(namespaces)),
        Fact::Nodes(Delta::Swap(Vec::new())),
        Fact::Deployments(Delta::Swap(Vec::new())),
        Fact::Pods(Delta::Swap(Vec::new())),
        Fact::Stores(Delta::Swap(Vec::new())),
        Fact::Schedules(Delta::Swap(Vec::new())),
        Fact::Backups(Delta::Swap(Vec::new())),
        Fact::DeleteRequests(Delta::Swap(Vec::new())),
        Fact::Restores(Delta::Swap(Vec::new())),
        Fact::Watch(Watch::Kustomizations, WatchNews::NotInstalled),
        Fact::Watch(Watch::Alerts, WatchNews::NotInstalled),
    ];
    for fact in facts {
        world.fold(&cluster, 1, fact, at);
    }
}

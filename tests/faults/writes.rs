//! Every fault against every kind of change: it is sent once at most, and what is said of it is what became of it.

use std::cell::Cell;
use std::pin::pin;

use crashcart::config::ClusterName;
use crashcart::config::Secret;
use crashcart::sim::store::resources;
use crashcart::sources::apply;
use crashcart::sources::apply::Applied;
use crashcart::sources::apply::Class;
use crashcart::sources::cluster::Link;
use crashcart::sources::cluster::TokenSlot;
use crashcart::sources::op::Gvr;
use crashcart::sources::op::Mark;
use crashcart::sources::op::Op;
use crashcart::sources::op::Targeted;
use crashcart::sources::seen::Freshness;
use serde_json::Value;
use serde_json::json;

use crate::night::Night;
use crate::night::SICK;
use crate::night::WELL;
use crate::night::play;
use crate::permit_on;

/// What may be said of a change, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Applied,
    Refused,
    NotSent,
    Unknown,
}

fn said(applied: &Applied) -> Said {
    match applied.class {
        Class::Applied => Said::Applied,
        Class::Refused(_) => Said::Refused,
        Class::NotSent(_) => Said::NotSent,
        Class::Unknown(_) => Said::Unknown,
    }
}

/// The changes that exist, each with names of its own.
fn changes(round: usize) -> Vec<Op> {
    let name = |kind: &str| format!("{kind}-{round}");
    let velero = || "velero".to_owned();
    let mark = || Mark {
        run: "7f3a".to_owned(),
        step: 3,
        ticket: "INC-4411".to_owned(),
    };
    vec![
        Op::StatusRequest {
            velero: velero(),
            name: name("alive"),
        },
        Op::DownloadRequest {
            velero: velero(),
            name: name("download"),
            artefact: "BackupResourceList".to_owned(),
            target: "nightly".to_owned(),
        },
        Op::Suspend {
            namespace: "flux-system".to_owned(),
            name: name("app"),
            suspend: true,
        },
        Op::Backup {
            velero: velero(),
            name: name("copy"),
            namespace: "emr".to_owned(),
            store: "eu-dr".to_owned(),
            ttl: "72h0m0s".to_owned(),
            mark: mark(),
        },
        Op::Restore {
            velero: velero(),
            name: name("restore"),
            namespace: "emr".to_owned(),
            backup: "nightly".to_owned(),
            mark: mark(),
            volumes: false,
            roles: false,
        },
        Op::Delete {
            gvr: Gvr::new("", "v1", "configmaps"),
            namespace: Some("emr".to_owned()),
            name: name("made"),
            uid: String::new(),
            resource_version: None,
        },
    ]
}

/// Makes what a change needs to be there, and fills in the uid it is bound to.
fn prepared(night: &Night, mut op: Op) -> Op {
    let store = &night.served(SICK).cluster.store;
    match &mut op {
        Op::Suspend {
            namespace, name, ..
        } => {
            let made = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                "metadata": {"name": name}, "spec": {"interval": "10m", "prune": true, "suspend": false,
                "sourceRef": {"kind": "GitRepository", "name": "platform"}}});
            store
                .create(&resources::KUSTOMIZATIONS, Some(namespace), made)
                .unwrap();
        }
        Op::Delete { name, uid, .. } => {
            let made = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
            let made = store
                .create(&resources::CONFIGMAPS, Some("emr"), made)
                .unwrap();
            made["metadata"]["uid"].as_str().unwrap().clone_into(uid);
        }
        _ => {}
    }
    op
}

/// True when the change was made.
fn is_done(night: &Night, op: &Op) -> bool {
    let (gvr, namespace, name) = op.target();
    let res = resources::find(&gvr.group, &gvr.version, &gvr.plural).unwrap();
    let found = night.served(SICK).cluster.store.get(res, namespace, name);
    match op {
        Op::Delete { .. } => found.is_none(),
        Op::Suspend { .. } => found.is_some_and(|found| found["spec"]["suspend"] == true),
        _ => found.is_some(),
    }
}

/// What arrived under an Audit-ID.
fn arrived(night: &Night, id: &str) -> Vec<Value> {
    let all = night.served(SICK).audit.entries();
    all.into_iter()
        .filter(|entry| entry["auditID"] == id)
        .collect()
}

/// Alice's own connection for changes; `warm` when it has been used before.
async fn link(night: &mut Night, warm: bool) -> Link {
    let token = night.estate.people().find("alice").unwrap().token.clone();
    let cluster = night
        .engine
        .state
        .config
        .cluster(&ClusterName::from(SICK))
        .unwrap();
    let link = Link::open(cluster, 7, TokenSlot::new(Secret::new(&token))).unwrap();
    let now = night.engine.state.now.wall;
    during(night, link.greet(now)).await.unwrap();
    if warm {
        let op = Op::StatusRequest {
            velero: "velero".to_owned(),
            name: format!("warm-{}", night.served(SICK).cluster.store.rv()),
        };
        assert_eq!(said(&send(night, &link, op).await), Said::Applied);
    }
    link
}

/// Time goes on until something is done.
async fn during<T>(night: &mut Night, deed: impl Future<Output = T>) -> T {
    let mut deed = pin!(deed);
    loop {
        tokio::select! {
            biased;
            done = &mut deed => return done,
            () = night.step() => {}
        }
    }
}

async fn send(night: &mut Night, link: &Link, op: Op) -> Applied {
    let folder = tempfile::tempdir().unwrap();
    let permit = permit_on(&folder, SICK, &link.uid().unwrap(), &op, 7);
    let targeted = Targeted {
        cluster: ClusterName::from(SICK),
        op,
    };
    let applied = apply::apply(link, &targeted, permit, 2_000_000_000);
    during(night, applied).await
}

#[test]
fn a_connection_that_was_given_up_changes_nothing_whoever_still_holds_it() {
    play(async |mut night| {
        let link = link(&mut night, true).await;
        link.close();
        let op = Op::StatusRequest {
            velero: "velero".to_owned(),
            name: "after-the-end".to_owned(),
        };
        let applied = send(&mut night, &link, op.clone()).await;
        let words = "its connection was given up meanwhile";
        assert!(
            matches!(&applied.class, Class::NotSent(why) if why.as_str().contains(words)),
            "{:?}",
            applied.class
        );
        assert!(!is_done(&night, &op), "nothing was sent");
    });
}

/// Plays a fault against every change, on a new connection and on one that was used before.
fn against(table: &[(&str, Said, Said)]) {
    play(async |mut night| {
        let admin = json!({"metadata": {"name": "alice-may-all"},
            "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "User", "name": "alice@meridian.test"}]});
        let store = night.served(SICK).cluster.store.clone();
        store
            .create(&resources::CLUSTERROLEBINDINGS, None, admin)
            .unwrap();
        let mut sent: Vec<(String, usize)> = Vec::new();
        let round = Cell::new(0);
        for (words, cold, warm) in table {
            for (is_warm, want) in [(false, cold), (true, warm)] {
                round.set(round.get() + 1);
                for op in changes(round.get()) {
                    let op = prepared(&night, op);
                    let link = link(&mut night, is_warm).await;
                    night
                        .estate
                        .faults()
                        .add(format!("cluster={SICK} {words}").parse().unwrap());
                    let applied = send(&mut night, &link, op.clone()).await;
                    night.estate.faults().clear();
                    let what = format!("{words} warm {is_warm}: {} {applied:?}", op.line());
                    assert_eq!(said(&applied), *want, "{what}");
                    let id = applied.audit_id.clone().unwrap();
                    let entries = arrived(&night, id.as_str());
                    assert!(entries.len() <= 1, "{what}: {entries:?}");
                    let done = is_done(&night, &op);
                    match want {
                        Said::Applied => assert!(done && entries.len() == 1, "{what}"),
                        Said::Refused => assert!(!done, "{what}"),
                        Said::NotSent => assert!(!done && entries.is_empty(), "{what}"),
                        Said::Unknown => {}
                    }
                    assert_eq!(night.freshness(WELL), Freshness::Live, "{what}");
                    sent.push((id.to_string(), entries.len()));
                }
            }
        }
        // Nothing is sent again, however long one waits.
        night.pass(90, |_, _| {}).await;
        for (id, count) in sent {
            assert_eq!(arrived(&night, &id).len(), count, "{id} came again");
        }
    });
}

#[test]
fn changes_over_a_slow_or_spoiled_line_are_made_once() {
    against(&[
        ("fault=latency", Said::Applied, Said::Applied),
        ("fault=jitter", Said::Applied, Said::Applied),
        ("fault=oversized", Said::Applied, Said::Applied),
        ("fault=hostile", Said::Applied, Said::Applied),
        ("fault=skew", Said::Applied, Said::Applied),
        ("fault=410", Said::Applied, Said::Applied),
    ]);
}

#[test]
fn changes_over_a_line_that_breaks_are_in_doubt() {
    against(&[
        ("fault=cut", Said::Unknown, Said::Unknown),
        ("fault=reset bytes=1", Said::Unknown, Said::Unknown),
        ("fault=reset", Said::NotSent, Said::Unknown),
        ("fault=wrong-certificate", Said::NotSent, Said::Applied),
        ("fault=expired-certificate", Said::NotSent, Said::Applied),
    ]);
}

#[test]
fn changes_that_are_not_answered_are_in_doubt() {
    against(&[
        ("fault=stall", Said::Unknown, Said::Unknown),
        ("fault=late-answer", Said::Unknown, Said::Unknown),
        ("fault=dead", Said::NotSent, Said::Unknown),
    ]);
}

#[test]
fn changes_that_are_refused_are_not_made_and_errors_leave_doubt() {
    against(&[
        ("fault=401", Said::Refused, Said::Refused),
        ("fault=403", Said::Refused, Said::Refused),
        ("fault=429", Said::Refused, Said::Refused),
        ("fault=500", Said::Unknown, Said::Unknown),
        ("fault=html", Said::Unknown, Said::Unknown),
    ]);
}

#[test]
fn a_change_whose_answer_is_late_was_made() {
    play(async |mut night| {
        let link = link(&mut night, true).await;
        let words = format!("cluster={SICK} verb=create fault=late-answer");
        night.estate.faults().add(words.parse().unwrap());
        let op = changes(1).remove(4);
        let applied = send(&mut night, &link, op.clone()).await;
        assert_eq!(said(&applied), Said::Unknown);
        assert!(is_done(&night, &op), "it was made, and nobody was told");
        let entries = arrived(&night, applied.audit_id.unwrap().as_str());
        assert_eq!(entries[0]["responseStatus"]["code"], 201);
    });
}

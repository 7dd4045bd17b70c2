//! Scenarios: each built-in one is played on a clock that stands, untreated and treated, and scored; then crashcart's
//! own board is asked which finding leads.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use crashcart::sim::Faults;
use crashcart::sim::api;
use crashcart::sim::api::AuditLog;
use crashcart::sim::clock::Clock;
use crashcart::sim::issuer::Issuer;
use crashcart::sim::issuer::Settings;
use crashcart::sim::people::People;
use crashcart::sim::scenario::BUILT_IN;
use crashcart::sim::scenario::Scenario;
use crashcart::sim::scenario::goals::Records;
use crashcart::sim::scenario::goals::Standing;
use crashcart::sim::scenario::goals::Verdict;
use crashcart::sim::scenario::stage::Stage;
use crashcart::sim::store::resources::ALL;
use http::Method;
use http::Request;
use serde_json::Value;
use serde_json::json;
use tower::ServiceExt;

/// Backups, restores and what they need live here.
const VELERO: &str = "/apis/velero.io/v1/namespaces/velero";

/// The clusters that a story is about; the others would only cost time.
fn clusters(name: &str) -> [&'static str; 2] {
    match name {
        "quiet-night" | "region-lost" => ["sth-prod", "aws-prod"],
        "restore-that-lies" => ["aws-prod"; 2],
        _ => ["sth-prod"; 2],
    }
}

/// A story that is played, and people who act in it through the API servers.
struct Drill {
    runtime: tokio::runtime::Runtime,
    stage: Stage,
    people: Arc<People>,
    servers: Vec<(String, Router, AuditLog)>,
    /// What crashcart's log would hold.
    log: String,
    asked: u32,
    /// The cluster in which people act.
    on: &'static str,
}

impl Drill {
    fn new(scenario: &Scenario) -> Drill {
        let clock = Clock::manual("2026-08-15T03:10:00Z".parse().unwrap());
        let only = clusters(&scenario.name).map(str::to_owned);
        let faults = Faults::new(clock.clone(), 7);
        let stage = Stage::set(Some(scenario), only.as_slice(), &faults, 7).unwrap();
        let people = Arc::new(People::new(7));
        let issuer = Issuer::new(
            "https://127.0.0.1:1".to_owned(),
            Arc::clone(&people),
            clock.clone(),
            7,
            Settings::default(),
        )
        .unwrap();
        let servers = stage
            .clusters()
            .into_iter()
            .map(|cluster| {
                let log = AuditLog::open(None).unwrap();
                let server = api::Server::new(
                    cluster.clone(),
                    Arc::clone(&people),
                    issuer.clone(),
                    log.clone(),
                );
                (cluster.name.clone(), api::router(server), log)
            })
            .collect();
        Drill {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            stage,
            people,
            servers,
            log: String::new(),
            asked: 0,
            on: "sth-prod",
        }
    }

    fn play_to(&mut self, minutes: u64) {
        self.stage.play_to(Duration::from_secs(minutes * 60));
    }

    /// A request with its record in the log; its answer must be good.
    fn ask(
        &mut self,
        person: &str,
        cluster: &str,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Value {
        self.asked += 1;
        let id = format!("drill-{}", self.asked);
        self.log
            .push_str(&format!("{{\"req\":{{\"audit_id\":\"{id}\"}}}}\n"));
        self.send(person, cluster, method, path, body, &id)
    }

    fn send(
        &self,
        person: &str,
        cluster: &str,
        method: &Method,
        path: &str,
        body: &Value,
        id: &str,
    ) -> Value {
        let (_, router, _) = self
            .servers
            .iter()
            .find(|(name, ..)| name == cluster)
            .unwrap();
        let kind = if *method == Method::PATCH {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        let token = &self.people.find(person).unwrap().token;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", kind)
            .header("audit-id", id)
            .body(Body::from(body.to_string()))
            .unwrap();
        let router = router.clone();
        self.runtime.block_on(async {
            let response = router.oneshot(request).await.unwrap();
            let status = response.status();
            let body = to_bytes(response.into_body(), 1 << 24).await.unwrap();
            let text = String::from_utf8_lossy(&body);
            assert!(
                status.is_success(),
                "{person} {method} {path}: {status} {text}"
            );
            serde_json::from_str(&text).unwrap()
        })
    }

    fn patch(&mut self, person: &str, path: &str, body: &Value) {
        let on = self.on;
        self.ask(person, on, &Method::PATCH, path, body);
    }

    fn create(&mut self, kind: &str, name: &str, spec: &Value) {
        let body = json!({
            "apiVersion": "velero.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec,
        });
        let path = format!("{VELERO}/{}s", kind.to_lowercase());
        let on = self.on;
        self.ask("alice", on, &Method::POST, &path, &body);
    }

    fn back_up(&mut self, namespace: &str, store: &str) {
        let spec = json!({"includedNamespaces": [namespace], "storageLocation": store});
        self.create("Backup", &format!("by-hand-{namespace}"), &spec);
    }

    /// The newest good backup of a schedule that began before a time, given as Kubernetes writes it.
    fn point(&self, schedule: &str, before: &str) -> String {
        let path = format!("{VELERO}/backups?labelSelector=velero.io/schedule-name={schedule}");
        let list = self.send("alice", self.on, &Method::GET, &path, &Value::Null, "look");
        let began = |backup: &Value| {
            backup["status"]["startTimestamp"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let newest = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|backup| backup["status"]["phase"] == "Completed")
            .filter(|backup| began(backup).as_str() < before)
            .max_by_key(|backup| began(backup))
            .unwrap_or_else(|| panic!("no point of {schedule} before {before}"));
        newest["metadata"]["name"].as_str().unwrap().to_owned()
    }

    fn restore(&mut self, name: &str, backup: &str, namespace: &str) {
        let spec = json!({
            "backupName": backup, "includedNamespaces": [namespace],
            "existingResourcePolicy": "update",
        });
        self.create("Restore", name, &spec);
    }

    fn unmark(&mut self, path: &str, mark: &str) {
        let key = format!("sim.crashcart.test/{mark}");
        self.patch(
            "dana",
            path,
            &json!({"metadata": {"annotations": {key: null}}}),
        );
    }

    fn score(&self) -> Vec<Verdict> {
        let mut records = Records::default();
        for (cluster, _, log) in &self.servers {
            records.add_audit(cluster, log.entries());
        }
        records.add_log(&self.log);
        self.stage.score(&records)
    }
}

/// What a good team does, until the end of the story.
#[expect(clippy::too_many_lines, reason = "one arm a story")]
fn treat(name: &str, drill: &mut Drill) {
    let store = format!("{VELERO}/backupstoragelocations/sth-s3");
    let apps = "/apis/apps/v1/namespaces";
    match name {
        "backup-store-locked-out" => {
            drill.play_to(30);
            drill.unmark(&store, "refuses");
            drill.play_to(32);
            drill.back_up("ehr", "sth-s3");
            drill.back_up("pacs", "sth-s3");
        }
        "registry-down" => {
            drill.play_to(20);
            for node in 1..=12 {
                drill.unmark(&format!("/api/v1/nodes/sth-w{node:02}"), "unreachable");
            }
        }
        "region-lost" => {
            drill.play_to(30);
            drill.back_up("ehr", "sth-vault");
            drill.back_up("pacs", "sth-vault");
        }
        "half-silent-cluster" => {
            drill.play_to(33);
            let healthy = json!({"spec": {"template": {"metadata": {"annotations": {
                "sim.crashcart.test/crash": null}}}}});
            drill.patch("dana", &format!("{apps}/ehr/deployments/ehr-hl7"), &healthy);
        }
        "alert-storm" => {
            drill.play_to(20);
            let healthy = json!({"spec": {"template": {"metadata": {"annotations": {
                "sim.crashcart.test/crash": null}}}}});
            drill.patch("dana", &format!("{apps}/ehr/statefulsets/ehr-db"), &healthy);
        }
        "restore-that-lies" => {
            drill.on = "aws-prod";
            drill.play_to(12);
            let point = drill.point("hourly-emr", "2026-08-15T03:12:00Z");
            drill.restore("first", &point, "emr");
            drill.play_to(14);
            let path = format!("{VELERO}/restores/first");
            let said = drill.send("alice", drill.on, &Method::GET, &path, &Value::Null, "look");
            assert_eq!(said["status"]["phase"], "Completed");
            assert_eq!(said["status"]["errors"], Value::Null);
            assert_eq!(drill.score()[0].standing, Standing::Open, "it is a lie");
            drill.unmark(&store.replace("sth-s3", "eu-main"), "lies");
            drill.restore("second", &point, "emr");
        }
        "ransomware-in-clinical" => {
            drill.play_to(20);
            for schedule in ["hourly-ehr", "hourly-pacs"] {
                let namespace = schedule.trim_start_matches("hourly-");
                let point = drill.point(schedule, "2026-08-15T03:12:00Z");
                drill.restore(&format!("clean-{namespace}"), &point, namespace);
            }
            let resumed = json!({"spec": {"suspend": false}});
            let path = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations";
            drill.patch("alice", &format!("{path}/ehr"), &resumed);
            drill.play_to(25);
            drill.back_up("ehr", "sth-s3");
            drill.back_up("pacs", "sth-s3");
        }
        _ => {}
    }
}

fn words(verdicts: &[Verdict]) -> String {
    let one = |verdict: &Verdict| {
        let (name, after, why) = (&verdict.name, verdict.after, &verdict.why);
        format!("{} {name} {after:?} {why}\n", verdict.standing.word())
    };
    verdicts.iter().map(one).collect()
}

fn minutes(scenario: &Scenario) -> u64 {
    scenario.length().as_secs() / 60 + 1
}

/// What is wrong with one story, in words; nothing when it is lost untreated and won by its treatment.
fn wrong(name: &str) -> String {
    let scenario = Scenario::load(name, None).unwrap();
    let mut wrong = String::new();
    let mut drill = Drill::new(&scenario);
    drill.play_to(minutes(&scenario));
    let lost = drill.score();
    let missed = lost.iter().any(|v| v.standing == Standing::Missed);
    if missed == (name == "quiet-night") {
        wrong.push_str(&format!("{name} untreated:\n{}", words(&lost)));
    }
    let mut drill = Drill::new(&scenario);
    treat(name, &mut drill);
    drill.play_to(minutes(&scenario));
    let won = drill.score();
    if won.iter().any(|v| v.standing != Standing::Met) {
        wrong.push_str(&format!("{name} treated:\n{}", words(&won)));
    }
    if drill.stage.told().len() != scenario.injects.len() {
        wrong.push_str(&format!("{name}: not every inject was told\n"));
    }
    wrong
}

#[test]
fn each_story_is_lost_untreated_and_won_by_its_treatment() {
    // Each in a thread of its own: they share nothing.
    let wrong: String = std::thread::scope(|scope| {
        let threads: Vec<_> = BUILT_IN
            .iter()
            .map(|(name, _)| scope.spawn(|| wrong(name)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn people_are_told_things_at_their_time() {
    for (name, _) in BUILT_IN {
        let scenario = Scenario::load(name, None).unwrap();
        let Some(first) = scenario.injects.first() else {
            continue;
        };
        let mut drill = Drill::new(&scenario);
        drill
            .stage
            .play_to(first.at.saturating_sub(Duration::from_secs(1)));
        assert!(drill.stage.told().is_empty(), "{name}");
        drill.stage.play_to(first.at);
        assert_eq!(drill.stage.told(), [first], "{name}");
    }
}

#[test]
fn a_change_without_a_record_loses_the_quiet_night() {
    let scenario = Scenario::load("quiet-night", None).unwrap();
    let mut drill = Drill::new(&scenario);
    drill.play_to(5);
    drill.back_up("hr", "sth-s3");
    let verdicts = drill.score();
    let why = &verdicts[1].why;
    assert_eq!(verdicts[1].standing, Standing::Missed);
    assert!(
        why.starts_with("1 change where none may be, the first: create /apis/velero.io/"),
        "{why}"
    );

    let scenario = Scenario::load("region-lost", None).unwrap();
    let mut drill = Drill::new(&scenario);
    drill.play_to(5);
    let body = json!({
        "apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "quick"},
        "spec": {"includedNamespaces": ["hr"]},
    });
    let path = format!("{VELERO}/backups");
    drill.send(
        "alice",
        "sth-prod",
        &Method::POST,
        &path,
        &body,
        "by-kubectl",
    );
    let verdicts = drill.score();
    assert_eq!(verdicts[1].standing, Standing::Met, "{}", verdicts[1].why);
    assert_eq!(verdicts[2].standing, Standing::Missed);
}

/// Everything that was written in a drill, in order of versions; leases renew too often to be kept.
async fn journal(stage: &Stage) -> Vec<Value> {
    let mut all = Vec::new();
    for cluster in stage.clusters() {
        for res in ALL.iter().filter(|res| res.plural != "leases") {
            let mut changes = cluster.store.subscribe(res, 1000).unwrap();
            if cluster.store.list(res, None).0.is_empty() {
                continue;
            }
            for event in changes.next().await.unwrap().events {
                let kind = format!("{:?}", event.change);
                all.push(json!([cluster.name, event.rv, kind, *event.object.open()]));
            }
        }
    }
    all
}

#[test]
fn the_same_seed_and_the_same_writes_give_the_same_journal() {
    let scenario = Scenario::load("ransomware-in-clinical", None).unwrap();
    let play = || {
        let mut drill = Drill::new(&scenario);
        treat("ransomware-in-clinical", &mut drill);
        drill.play_to(30);
        drill.runtime.block_on(journal(&drill.stage))
    };
    let (one, two) = std::thread::scope(|scope| {
        let other = scope.spawn(play);
        (play(), other.join().unwrap())
    });
    assert!(one.len() > 1000, "{}", one.len());
    assert_eq!(one.len(), two.len());
    for (one, two) in one.iter().zip(&two) {
        assert_eq!(one, two);
    }
}

//! The night of the drawings, 2026-08-15 04:54Z, made by hand with a fixed clock.

use std::sync::Arc;

use crashcart::auth::person::Person;
use crashcart::auth::session::Session;
use crashcart::auth::sign_in;
use crashcart::auth::sign_in::DevicePrompt;
use crashcart::auth::sign_in::PagePrompt;
use crashcart::auth::sign_in::SignIn;
use crashcart::config;
use crashcart::config::ClusterName;
use crashcart::config::Config;
use crashcart::config::Criticality;
use crashcart::config::ZoneName;
use crashcart::runbook::library::Library;
use crashcart::runbook::plan::Frozen;
use crashcart::runbook::plan::Item;
use crashcart::runbook::plan::Mode;
use crashcart::runbook::plan::Plan;
use crashcart::runbook::plan::PlanStep;
use crashcart::runbook::plan::Undo;
use crashcart::runbook::run::Memory;
use crashcart::runbook::run::Run;
use crashcart::runbook::run::RunStatus;
use crashcart::runbook::run::StepState;
use crashcart::runbook::run::StepStatus;
use crashcart::sources::alerts::Alert;
use crashcart::sources::alerts::Answer;
use crashcart::sources::board::Board;
use crashcart::sources::board::Cell;
use crashcart::sources::board::ClusterRow;
use crashcart::sources::board::ZoneRow;
use crashcart::sources::fact::Fact;
use crashcart::sources::finding::Finding;
use crashcart::sources::finding::FindingKind;
use crashcart::sources::finding::ObjectRef;
use crashcart::sources::finding::Since;
use crashcart::sources::level::Level;
use crashcart::sources::moment::Moment;
use crashcart::sources::op::Gvr;
use crashcart::sources::op::Mark;
use crashcart::sources::op::Op;
use crashcart::sources::rights::held::Said;
use crashcart::sources::rights::place::Place;
use crashcart::sources::rights::place::VERBS;
use crashcart::sources::rights::rules::Rule;
use crashcart::sources::rights::rules::Rules;
use crashcart::sources::seen::Freshness;
use crashcart::sources::traffic::Traffic;
use crashcart::state::LogRow;
use crashcart::state::State;
use crashcart::state::nav::Screen;
use crashcart::text::SafeText;

const CA: &str = include_str!("../config/good/ca.crt");
const CONFIG: &str = r#"
[estate]
name = "meridian-health"
id = "0197c1f2-7a52-7f0e-9a36-0d6c4a9f6b11"
outside = []

[[identity]]
name = "keycloak"
issuer = "https://id.meridian.test/realms/meridian"
ca = "ca.crt"
client_id = "crashcart"
flow = "device"
groups_claim = "groups"
"#;
const ZONES: &str = r#"
[[zone]]
name = "clinical"
criticality = "critical"
rpo = "1h"
rto = "4h"
people = 2
members = [{ cluster = "sth-prod", namespaces = ["ehr", "pacs"] }, { cluster = "aws-prod", namespaces = ["emr", "fhir"] }]

[[zone]]
name = "administrative"
criticality = "high"
rpo = "4h"
people = 1
members = [{ cluster = "sth-prod", namespaces = ["hr"] }, { cluster = "mal-prod", namespaces = ["billing"] }]

[[zone]]
name = "research"
criticality = "medium"
people = 1
members = [{ cluster = "lab-1", namespaces = ["cohort"] }]
"#;

/// A moment of the night; the monotonic clock goes with it.
pub(crate) fn moment(time: &str) -> Moment {
    let wall: jiff::Timestamp = at(time);
    let start = at("04:00:00");
    let mono_ms = u64::try_from(wall.duration_since(start).as_millis()).unwrap();
    Moment { mono_ms, wall }
}

/// A time of that day, `04:54:00`, or with its day, `08-14 23:42:00`.
pub(crate) fn at(time: &str) -> jiff::Timestamp {
    let text = match time.split_once(' ') {
        Some((day, time)) => format!("2026-{day}T{time}Z"),
        None => format!("2026-08-15T{time}Z"),
    };
    text.parse().unwrap()
}

/// The configuration: five clusters, three zones.
pub(crate) fn config() -> Config {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.crt"), CA).unwrap();
    let mut text = CONFIG.to_owned();
    for (index, name) in crate::world::CLUSTERS.iter().enumerate() {
        let uid = crate::world::uid(name);
        text.push_str(&format!(
            "[[cluster]]\nname = \"{name}\"\nsite = \"on-prem\"\nserver = \"https://10.0.{index}.1:6443\"\nca = \"ca.crt\"\nauth = \"oidc:keycloak\"\naudience = \"crashcart\"\nfingerprint = \"sha256:4e1a7337b609deae68d0d8200e091cf735589623a5b6179b163cf5d782f2ee0d/{uid}\"\n"
        ));
    }
    text.push_str(ZONES);
    let path = folder.path().join("crashcart.toml");
    std::fs::write(&path, text).unwrap();
    let mut config = config::load(&path, None).unwrap();
    config.path = "crashcart.toml".into();
    "/etc/crashcart/policy.toml".clone_into(&mut config.policy.label);
    config
}

fn judged(level: Level, figure: &str, wide: &str) -> Cell {
    Cell::judged(level, figure, wide)
}

fn was(level: Level) -> Cell {
    let words = format!("was {}", level.word());
    Cell {
        level: Level::Unknown,
        figure: words.as_str().into(),
        wide: words.as_str().into(),
        was: Some(level),
        age_s: Some(14 * 60),
    }
}

fn cluster(name: &str, freshness: Freshness, cells: [Cell; 4]) -> ClusterRow {
    let level = Level::worst(cells.iter().map(|cell| cell.level));
    ClusterRow {
        cluster: name.into(),
        level,
        freshness,
        cells,
    }
}

fn zone(name: Option<&str>, criticality: Criticality, clusters: Vec<ClusterRow>) -> ZoneRow {
    let column = |place: usize| Level::worst(clusters.iter().map(|row| row.cells[place].level));
    let columns = [column(0), column(1), column(2), column(3)];
    ZoneRow {
        zone: name.map(ZoneName::from),
        criticality,
        level: Level::worst(columns),
        columns,
        clusters,
    }
}

/// The board of the drawings.
pub(crate) fn board() -> Board {
    use Level::{Absent, Crit, Ok, Unknown, Warn};
    let live = Freshness::Live;
    let fine = || judged(Ok, "", "");
    let zones = vec![
        zone(
            Some("clinical"),
            Criticality::Critical,
            vec![
                cluster(
                    "sth-prod",
                    live,
                    [
                        judged(Crit, "3/212", "3 of 212"),
                        judged(Ok, "38m", "38m of 1h"),
                        judged(Ok, "", "14 in step"),
                        judged(Crit, "2", "2 page"),
                    ],
                ),
                cluster(
                    "aws-prod",
                    live,
                    [
                        judged(Ok, "96", "96"),
                        judged(Crit, "5h12", "5h12 of 1h"),
                        judged(Warn, "1", "1 held"),
                        fine(),
                    ],
                ),
            ],
        ),
        zone(
            Some("administrative"),
            Criticality::High,
            vec![
                cluster(
                    "sth-prod",
                    live,
                    [
                        judged(Ok, "88", "88"),
                        judged(Ok, "51m", "51m of 4h"),
                        judged(Ok, "", "6 in step"),
                        fine(),
                    ],
                ),
                cluster(
                    "mal-prod",
                    live,
                    [
                        judged(Ok, "141", "141"),
                        judged(Ok, "1h22", "1h22 of 4h"),
                        judged(Absent, "", "no GitOps"),
                        judged(Unknown, "dead 6m", "dead 6m"),
                    ],
                ),
            ],
        ),
        zone(
            Some("research"),
            Criticality::Medium,
            vec![cluster(
                "lab-1",
                Freshness::Silent(14 * 60),
                [
                    Cell {
                        was: Some(Ok),
                        wide: "silent 14m".into(),
                        ..Cell::unknown("silent")
                    },
                    was(Ok),
                    was(Ok),
                    was(Ok),
                ],
            )],
        ),
        zone(
            None,
            Criticality::Low,
            vec![cluster(
                "sth-dr",
                live,
                [
                    judged(Ok, "34", "34"),
                    judged(Absent, "no RPO", "no RPO"),
                    judged(Ok, "", "9 in step"),
                    fine(),
                ],
            )],
        ),
    ];
    let clusters = [
        ("sth-prod", live),
        ("aws-prod", live),
        ("mal-prod", live),
        ("sth-dr", live),
    ]
    .into_iter()
    .chain([("lab-1", Freshness::Silent(14 * 60))])
    .map(|(name, freshness)| (ClusterName::from(name), freshness))
    .collect();
    Board {
        zones,
        findings: findings(),
        clusters,
    }
}

fn finding(
    kind: &'static str,
    level: Level,
    place: (&str, &str),
    object: &str,
    sentence: &str,
    since: &str,
    why: &[&str],
) -> Finding {
    let (namespace, name) = object.split_once('/').unwrap_or(("", object));
    let (zone, cluster) = place;
    Finding {
        kind: FindingKind(kind),
        level,
        zone: Some(ZoneName::from(zone)),
        cluster: cluster.into(),
        criticality: Criticality::Critical,
        object: ObjectRef {
            kind: "Deployment".into(),
            namespace: namespace.into(),
            name: name.into(),
            uid: SafeText::default(),
        },
        sentence: sentence.into(),
        why: why.iter().map(|why| SafeText::from(*why)).collect(),
        since: Since::Object(at(since)),
        owner: "EHR on-call, +46 8 123 456".into(),
    }
}

/// The findings of the drawings.
fn findings() -> Vec<Finding> {
    use Level::{Crit, Unknown, Warn};
    let (sth, aws) = (("clinical", "sth-prod"), ("clinical", "aws-prod"));
    vec![
        finding(
            "backup.rpo-breach",
            Crit,
            aws,
            "emr/emr-db",
            "emr/emr-db has no restorable backup newer than 5h12; the target is 1h",
            "00:42:00",
            &[
                "Schedule hourly-emr last succeeded 23:42Z; 5 runs since then Failed: store \"eu-dr\" unavailable (AccessDenied)",
            ],
        ),
        finding(
            "workload.down",
            Crit,
            sth,
            "ehr/ehr-api",
            "ehr-api: 3 of 12 pods down (ImagePullBackOff, harbor.sth refuses)",
            "04:31:00",
            &["cannot pull harbor.sth/ehr/api:4.2.1: connection refused by harbor.sth:443"],
        ),
        finding(
            "alerts.dead",
            Unknown,
            ("administrative", "mal-prod"),
            "mal-prod",
            "alerts unknown: Watchdog not refreshed for 6m, limit 2m30",
            "04:48:00",
            &["Watchdog was last refreshed 04:48Z"],
        ),
        finding(
            "cluster.silent",
            Unknown,
            ("research", "lab-1"),
            "lab-1",
            "nothing heard for 14m: TCP connects, TLS times out",
            "04:40:00",
            &["10.0.4.1:6443 accepts connections and says nothing"],
        ),
        finding(
            "drift.suspended",
            Warn,
            aws,
            "flux-system/backups",
            "Kustomization backups is suspended since 9d by carol; not repaired",
            "08-06 04:00:00",
            &["spec.suspend is true"],
        ),
        finding(
            "node.not-ready",
            Warn,
            sth,
            "sth-w07",
            "node sth-w07 takes no new pods: memory pressure",
            "08-13 02:00:00",
            &["MemoryPressure is True"],
        ),
        finding(
            "workload.restarts",
            Warn,
            sth,
            "pacs/pacs-index",
            "pacs-index restarted 4 times in 1h: OOMKilled at 512Mi",
            "04:05:00",
            &["index was killed for memory 4 times in 1h: limit 512Mi"],
        ),
    ]
}

/// Alice, operator.
pub(crate) fn alice() -> Person {
    Person {
        issuer: "https://id.meridian.test/realms/meridian".to_owned(),
        subject: "a-1".to_owned(),
        login: "alice@meridian.test".into(),
        groups: vec!["sre-oncall".into(), "sre-operators".into()],
    }
}

/// The console in the middle of the night, on the board, signed in.
pub(crate) fn night() -> State {
    let now = moment("04:54:00");
    let mut state = State::new(Arc::new(config()), Arc::new(Library::built_in()), now);
    state.world = crate::world::world();
    state.board = board();
    state.here.host = "jump-1".into();
    state.here.log_dir = "/var/lib/crashcart/log".into();
    state.here.version = "0.1.0";
    let session = Session {
        person: alice(),
        expires_at: at("05:36:00"),
        acr: Some("otp".to_owned()),
        auth_time: Some(at("04:11:52")),
    };
    if let Some(audience) = state.sign_ins.shown().cloned() {
        for (event, time) in [
            (
                sign_in::Event::Asked {
                    issuer: "id".into(),
                },
                "04:11:40",
            ),
            (sign_in::Event::TakenUp(session.clone()), "04:11:52"),
            (sign_in::Event::SignedIn(session), "04:51:00"),
        ] {
            state.sign_ins.step(&audience, event, moment(time));
        }
    }
    if let Some(audience) = state.sign_ins.shown().cloned() {
        state.sign_ins.renews(&audience, at("04:55:00"));
    }
    state.person = Some(alice());
    state.here.tty = "pts/3".into();
    state.here.remote = "10.2.0.14".into();
    for (name, bytes_s) in [("sth-prod", 1200), ("aws-prod", 860), ("sth-dr", 30)] {
        let carried = Traffic {
            bytes_s,
            bytes: 4_120_000,
            connections: 12,
            latency_ms: Some(11),
        };
        state.traffic.insert(name.into(), (1, carried));
    }
    state.log.custody = "chained";
    state.log.entries = 1284;
    state.log.following = true;
    state.log.rows = log_rows();
    state
}

fn log_rows() -> Vec<LogRow> {
    let rows = [
        (1275, "04:51:30", "alice", "-", "sign-in answered", "alice"),
        (1276, "04:51:31", "alice", "-", "console opened, jump-1", ""),
        (
            1280,
            "04:52:01",
            "alice",
            "7f3a",
            "opened restore-namespace v1",
            "",
        ),
        (
            1281,
            "04:52:40",
            "alice",
            "7f3a",
            "7 intent PATCH kustomizations/emr",
            "",
        ),
        (
            1282,
            "04:52:40",
            "alice",
            "7f3a",
            "7 outcome PATCH kustomizations/emr",
            "200 77c0",
        ),
        (
            1283,
            "04:53:20",
            "alice",
            "7f3a",
            "9 intent POST restores/r-7f3a",
            "no outcome",
        ),
        (1284, "04:53:40", "alice", "-", "log verify", "whole"),
    ];
    rows.map(|(entry, time, who, run, what, result)| LogRow {
        entry,
        at: at(time),
        who: who.into(),
        run: run.into(),
        what: what.into(),
        result: result.into(),
    })
    .to_vec()
}

/// The one sign-in of the estate stands so.
pub(crate) fn signs_in(state: &mut State, stands: SignIn) {
    if let Some(audience) = state.sign_ins.shown().cloned() {
        state.sign_ins.put(&audience, stands);
    }
}

/// Before anybody signed in: a code is shown.
pub(crate) fn device() -> SignIn {
    SignIn::Waiting {
        device: DevicePrompt {
            issuer_host: "id.meridian.test".into(),
            client_id: "crashcart".into(),
            verification_uri: "https://id.meridian.test/realms/meridian/device".into(),
            verification_uri_complete: Some(
                "https://id.meridian.test/realms/meridian/device?user_code=WDJB-MJHT".into(),
            ),
            user_code: "WDJB-MJHT".into(),
            expires_at: at("05:04:00"),
            interval_s: 5,
            since: at("04:53:40"),
            simulated: None,
        },
        notice: None,
    }
}

/// Before anybody signed in: an address for a browser is shown.
pub(crate) fn page(listens: bool) -> SignIn {
    let redirect = if listens {
        "http://127.0.0.1:41234/callback"
    } else {
        "http://127.0.0.1:18250/callback"
    };
    let coded = redirect.replace(':', "%3A").replace('/', "%2F");
    let address = format!(
        "https://id.meridian.test/realms/meridian/protocol/openid-connect/auth?response_type=code\
         &client_id=crashcart&redirect_uri={coded}&scope=openid%20profile%20email%20groups\
         &state=Wm3yqHhJ0m1oQeSxX2a6Uw&nonce=0aK4mPq1t7sZbC3dE5fG6h&code_challenge_method=S256\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
    SignIn::Browser {
        page: PagePrompt {
            issuer_host: "id.meridian.test".into(),
            client_id: "crashcart".into(),
            address: address.as_str().into(),
            redirect: redirect.into(),
            listens,
            expires_at: at("05:08:40"),
            since: at("04:53:40"),
        },
        notice: None,
        redeeming: false,
    }
}

/// An answer of Alertmanager from its JSON.
pub(crate) fn answer(alerts: Vec<serde_json::Value>) -> Answer {
    let text = |value: &serde_json::Value| SafeText::from(value.as_str().unwrap_or_default());
    let time = |value: &serde_json::Value| value.as_str().and_then(|text| text.parse().ok());
    let alerts = alerts
        .iter()
        .map(|alert| Alert {
            fingerprint: text(&alert["fingerprint"]),
            name: text(&alert["labels"]["alertname"]),
            severity: text(&alert["labels"]["severity"]),
            namespace: text(&alert["labels"]["namespace"]),
            object: text(&alert["labels"]["deployment"]),
            summary: text(&alert["annotations"]["summary"]),
            starts_at: time(&alert["startsAt"]),
            updated_at: time(&alert["updatedAt"]),
            ends_at: time(&alert["endsAt"]),
            state: text(&alert["status"]["state"]),
            silenced: false,
            inhibited: false,
        })
        .collect();
    Answer { alerts }
}

fn step(
    number: u32,
    id: &str,
    kind: &str,
    title: &str,
    status: StepStatus,
    seen: (&str, &str),
) -> StepState {
    let over = !seen.1.is_empty();
    StepState {
        number,
        id: id.to_owned(),
        kind: kind.to_owned(),
        title: title.to_owned(),
        status,
        evidence: seen.0.into(),
        at: over.then(|| at(seen.1)),
        entry: over.then(|| 1288 + u64::from(number)),
        took_ms: None,
    }
}

/// The steps of the drawing of a run, step 6 as the one whose turn it is.
fn steps() -> Vec<StepState> {
    use StepStatus::{Done, Next, Now};
    vec![
        step(
            1,
            "may-i",
            "may-i",
            "Ask for every right that a later step needs",
            Done,
            ("9 of 9 verbs allowed", "04:52:11"),
        ),
        step(
            2,
            "server-alive",
            "server-alive",
            "Ask Velero for a sign of life",
            Done,
            ("Velero 1.18.1 answered in 0.4s", "04:52:12"),
        ),
        step(
            3,
            "choose-backup",
            "choose-backup",
            "Take the newest restorable point",
            Done,
            ("6 looked at, newest restorable 08-14 23:42Z", "04:52:40"),
        ),
        step(
            4,
            "plan",
            "survey",
            "Compare backup and namespace",
            Done,
            ("create 2  skip 1  collide 0", "04:52:44"),
        ),
        step(
            5,
            "confirm-cluster",
            "confirm-target",
            "Type the cluster's name",
            Done,
            ("typed aws-prod", "04:53:03"),
        ),
        step(
            6,
            "hold-automation",
            "hold-automation",
            "suspend Kustomization emr in flux-system",
            Now,
            ("", ""),
        ),
        step(
            7,
            "safety-copy",
            "safety-copy",
            "backup pre-7f3a of emr to eu-main, kept 72h",
            Next,
            ("", ""),
        ),
        step(
            8,
            "restore",
            "restore",
            "r-7f3a, 2 ConfigMaps",
            Next,
            ("", ""),
        ),
        step(
            9,
            "watch",
            "watch",
            "until the Restore has ended, at most 45m",
            Next,
            ("", ""),
        ),
        step(
            10,
            "verify",
            "verify",
            "2 planned against what was created",
            Next,
            ("", ""),
        ),
        step(11, "give-back", "give-back", "undoes 6", Next, ("", "")),
    ]
}

fn plan() -> Plan {
    let config_map = |name: &str| Item {
        gvr: Gvr::new("", "v1", "configmaps"),
        kind: "ConfigMap".to_owned(),
        name: name.to_owned(),
        uid: None,
    };
    let mark = |step| Mark {
        run: "7f3a9c2e".to_owned(),
        step,
        ticket: "INC-4411".to_owned(),
    };
    let suspend = |suspend| Op::Suspend {
        namespace: "flux-system".to_owned(),
        name: "emr".to_owned(),
        suspend,
    };
    let copy = Op::Backup {
        velero: "velero".to_owned(),
        name: "pre-7f3a".to_owned(),
        namespace: "emr".to_owned(),
        store: "eu-main".to_owned(),
        ttl: "72h0m0s".to_owned(),
        mark: mark(7),
    };
    let restore = Op::Restore {
        velero: "velero".to_owned(),
        name: "r-7f3a".to_owned(),
        namespace: "emr".to_owned(),
        backup: "hourly-emr-20260814234200".to_owned(),
        mark: mark(8),
        volumes: false,
        roles: false,
    };
    let one = |number, id: &str, kind: &str, op, undo, typed: Option<&str>, words: (&str, &str)| {
        PlanStep {
            number,
            id: id.to_owned(),
            kind: kind.to_owned(),
            title: id.to_owned(),
            op,
            before: words.0.to_owned(),
            done_when: words.1.to_owned(),
            undo,
            typed: typed.map(str::to_owned),
            timeout_s: 2700,
            skip: true,
        }
    };
    Plan {
        run: "7f3a9c2e".to_owned(),
        book: "restore-namespace".to_owned(),
        version: 4,
        book_digest: "0".repeat(64),
        mode: Mode::Live,
        policy: "self".to_owned(),
        cluster: "aws-prod".into(),
        cluster_uid: crate::world::uid("aws-prod"),
        namespace: "emr".to_owned(),
        params: std::collections::BTreeMap::new(),
        frozen: Frozen {
            backup: "hourly-emr-20260814234200".to_owned(),
            started: "2026-08-14T23:42:00Z".to_owned(),
            store: "eu-main".to_owned(),
            velero: "velero".to_owned(),
            create: vec![config_map("form-a"), config_map("form-b")],
            skip: vec![config_map("kube-root-ca.crt")],
            kustomization: Some(("flux-system".to_owned(), "emr".to_owned())),
            exists: true,
            ..Frozen::default()
        },
        steps: vec![
            one(
                5,
                "confirm-cluster",
                "confirm-target",
                None,
                Undo::Nothing,
                Some("aws-prod"),
                ("", "aws-prod is typed"),
            ),
            one(
                6,
                "hold-automation",
                "hold-automation",
                Some(suspend(true)),
                Undo::Op(Box::new(suspend(false))),
                None,
                ("suspend is false", "suspend is true"),
            ),
            one(
                7,
                "safety-copy",
                "safety-copy",
                Some(copy),
                Undo::Expires("in 72h".to_owned()),
                None,
                ("no Backup pre-7f3a", "the Backup is Completed"),
            ),
            one(
                8,
                "restore",
                "restore",
                Some(restore),
                Undo::DeleteCreated,
                Some("emr"),
                (
                    "no Restore r-7f3a",
                    "the Restore is there, marked run 7f3a step 8",
                ),
            ),
            one(
                11,
                "give-back",
                "give-back",
                Some(suspend(false)),
                Undo::Nothing,
                None,
                ("suspend is true", "suspend is false"),
            ),
        ],
    }
}

/// The run of the drawings, at its first request.
pub(crate) fn run() -> Run {
    Run {
        id: "7f3a9c2e".to_owned(),
        book: "restore-namespace".to_owned(),
        version: 4,
        trusted: true,
        mode: Mode::Live,
        cluster: "aws-prod".into(),
        namespace: "emr".to_owned(),
        params: std::collections::BTreeMap::new(),
        ticket: "INC-4411".to_owned(),
        reason: "cleanup job deleted form templates in emr at 04:20Z".to_owned(),
        by: "alice@meridian.test".into(),
        opened: at("04:52:01"),
        status: RunStatus::Running,
        steps: steps(),
        plan: Some(plan()),
        digest: "9c1e77f04ab2d3c80e5591b76a2fc40458d1e9a31f70b62ca7d83304cb195ee6".to_owned(),
        owed: Vec::new(),
        ending: SafeText::default(),
        memory: Memory {
            cluster_uid: crate::world::uid("aws-prod"),
            frozen: plan().frozen,
            started: true,
            since: Some(at("04:52:50")),
            typed: [5, 8].into(),
            ..Memory::default()
        },
    }
}

/// The run on its screen, with the world it acts on.
pub(crate) fn running() -> State {
    let mut state = night();
    state.runs = vec![run()];
    state.open_run = Some("7f3a9c2e".to_owned());
    state.nav.screen = Screen::Run;
    state.nav.back = vec![Screen::Board];
    state
}

/// One namespace in which these verbs are given on everything, and the others are denied.
fn place(namespace: &str, verbs: &[&str]) -> Place {
    let rules = Rules {
        rules: vec![Rule {
            verbs: verbs.iter().map(ToString::to_string).collect(),
            groups: vec!["*".to_owned()],
            resources: vec!["*".to_owned()],
            names: Vec::new(),
        }],
        incomplete: false,
    };
    let lacks = VERBS
        .iter()
        .filter_map(|verb| Place::lacks(namespace, &rules, verb));
    Place {
        namespace: namespace.to_owned(),
        reviews: lacks
            .map(|op| (op, Ok(false), SafeText::default()))
            .collect(),
        rules: Ok(rules),
    }
}

/// What the first two clusters said that may be done; the second takes alice for somebody else.
pub(crate) fn rights(state: &mut State) {
    let review = |verb: &str, group: &str, plural: &str, namespace: &str| Op::Review {
        verb: verb.to_owned(),
        gvr: Gvr::new(group, "v1", plural),
        namespace: Some(namespace.to_owned()),
    };
    let flux = "kustomize.toolkit.fluxcd.io";
    let reviews = vec![
        (
            review("create", "velero.io", "backups", "velero"),
            Ok(true),
            SafeText::default(),
        ),
        (
            review("create", "velero.io", "restores", "velero"),
            Ok(false),
            SafeText::default(),
        ),
        (
            review("patch", flux, "kustomizations", "flux-system"),
            Ok(true),
            SafeText::default(),
        ),
    ];
    let said = Said {
        reviews,
        namespace: "velero".to_owned(),
        rules: Err("create selfsubjectrulesreviews is not yours".into()),
        places: vec![
            place("ehr", &["list", "delete"]),
            place("pacs", &["list", "delete"]),
            place("hr", &["list"]),
        ],
    };
    let name = ClusterName::from("sth-prod");
    let asked = moment("04:53:12");
    state.world.fold(&name, 1, Fact::Rights(said), asked);
    let lab = ClusterName::from("lab-1");
    state.world.connect(lab.clone(), 1);
    for second in 0..42 {
        let at = moment(&format!("04:53:{second:02}"));
        let fact = Fact::Unreachable("TLS times out".into());
        state.world.fold(&lab, 1, fact, at);
    }
    let aws = ClusterName::from("aws-prod");
    let found = state
        .world
        .cluster(&aws)
        .and_then(|world| world.greeting().cloned());
    if let Some(mut greeting) = found {
        greeting.user = Some("oidc:alice".into());
        state.world.fold(&aws, 1, Fact::Greeting(greeting), asked);
    }
}

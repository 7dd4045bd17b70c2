//! The night of the drawings, 2026-08-15 04:54Z, made by hand with a fixed clock.

use std::sync::Arc;

use crashcart::auth::person::Person;
use crashcart::auth::session::Session;
use crashcart::auth::sign_in::DevicePrompt;
use crashcart::auth::sign_in::SignIn;
use crashcart::config;
use crashcart::config::ClusterName;
use crashcart::config::Config;
use crashcart::config::Criticality;
use crashcart::config::ZoneName;
use crashcart::runbook::library::Library;
use crashcart::sources::board::Board;
use crashcart::sources::board::Cell;
use crashcart::sources::board::ClusterRow;
use crashcart::sources::board::ZoneRow;
use crashcart::sources::finding::Finding;
use crashcart::sources::finding::FindingKind;
use crashcart::sources::finding::ObjectRef;
use crashcart::sources::finding::Since;
use crashcart::sources::level::Level;
use crashcart::sources::moment::Moment;
use crashcart::sources::seen::Freshness;
use crashcart::state::LogRow;
use crashcart::state::State;
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
pub fn moment(time: &str) -> Moment {
    let wall: jiff::Timestamp = at(time);
    let start = at("04:00:00");
    let mono_ms = u64::try_from(wall.duration_since(start).as_millis()).unwrap();
    Moment { mono_ms, wall }
}

/// A time of that day, `04:54:00`, or with its day, `08-14 23:42:00`.
pub fn at(time: &str) -> jiff::Timestamp {
    let text = match time.split_once(' ') {
        Some((day, time)) => format!("2026-{day}T{time}Z"),
        None => format!("2026-08-15T{time}Z"),
    };
    text.parse().unwrap()
}

/// The configuration: five clusters, three zones.
pub fn config() -> Config {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.crt"), CA).unwrap();
    let mut text = CONFIG.to_owned();
    for (index, name) in ["sth-prod", "aws-prod", "mal-prod", "sth-dr", "lab-1"]
        .iter()
        .enumerate()
    {
        text.push_str(&format!(
            "[[cluster]]\nname = \"{name}\"\nsite = \"on-prem\"\nserver = \"https://10.0.{index}.1:6443\"\nca = \"ca.crt\"\nauth = \"oidc:keycloak\"\naudience = \"crashcart\"\n"
        ));
    }
    text.push_str(ZONES);
    let path = folder.path().join("crashcart.toml");
    std::fs::write(&path, text).unwrap();
    let mut config = config::load(&path, None).unwrap();
    config.path = "crashcart.toml".into();
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
pub fn board() -> Board {
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
pub fn alice() -> Person {
    Person {
        issuer: "https://id.meridian.test/realms/meridian".to_owned(),
        subject: "a-1".to_owned(),
        login: "alice@meridian.test".into(),
        groups: vec!["sre-oncall".into(), "sre-operators".into()],
    }
}

/// The console in the middle of the night, on the board, signed in.
pub fn night() -> State {
    let now = moment("04:54:00");
    let mut state = State::new(Arc::new(config()), Arc::new(Library::built_in()), now);
    state.board = board();
    state.here.host = "jump-1".into();
    state.here.log_dir = "/var/lib/crashcart/log".into();
    state.here.version = "0.1.0";
    let session = Session {
        person: alice(),
        expires_at: at("05:36:00"),
        acr: None,
        auth_time: None,
    };
    state.sign_in = SignIn::SignedIn(session);
    state.person = Some(alice());
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

/// Before anybody signed in: a code is shown.
pub fn device() -> SignIn {
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

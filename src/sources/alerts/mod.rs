//! Alerts: what is firing, and is silence proof of calm?
//!
//! No alert is good news only while a Watchdog is fresh: a dead Prometheus leaves its alerts standing for minutes
//! and then an empty list that looks like peace.

mod judge;
mod read;
pub(super) mod watch;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::config::ClusterName;
use crate::config::Config;
use crate::config::ZoneName;
use crate::sources::board::Cell;
use crate::sources::fact::Watch;
use crate::sources::finding::Finding;
use crate::sources::finding::ObjectRef;
use crate::sources::finding::Since;
use crate::sources::ground::Ground;
use crate::sources::level::Level;
use crate::sources::moment::Moment;
use crate::sources::seen::Freshness;
use crate::sources::world::ClusterWorld;
use crate::sources::world::World;
use crate::text::SafeText;

pub use read::read;

/// The namespace in which an Alertmanager is looked for.
pub const NAMESPACE: &str = "monitoring";
/// The services it is looked for under, in this order; the same words stand in RBAC's `resourceNames`.
pub const SERVICES: [&str; 3] = [
    "http:alertmanager:9093",
    "http:alertmanager-main:9093",
    "http:alertmanager-operated:9093",
];

/// One alert as Alertmanager gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Alertmanager's fingerprint.
    pub fingerprint: SafeText,
    /// `alertname`.
    pub name: SafeText,
    /// `severity`, empty when it has none.
    pub severity: SafeText,
    /// `namespace`, empty when it has none.
    pub namespace: SafeText,
    /// What it is about, from the usual labels.
    pub object: SafeText,
    /// Its summary or description.
    pub summary: SafeText,
    /// `startsAt`.
    pub starts_at: Option<Timestamp>,
    /// `updatedAt`: freezes the moment its sender dies.
    pub updated_at: Option<Timestamp>,
    /// `endsAt`; `endsAt - updatedAt` is four times the sender's cadence.
    pub ends_at: Option<Timestamp>,
    /// `active`, `suppressed`, `unprocessed`.
    pub state: SafeText,
    /// True when a silence hides it.
    pub silenced: bool,
    /// True when another alert inhibits it.
    pub inhibited: bool,
}

/// One answer of one Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Every alert it lists.
    pub alerts: Vec<Alert>,
}

impl Answer {
    /// The Watchdog that was refreshed last, if any is there.
    pub fn watchdog(&self) -> Option<&Alert> {
        self.alerts
            .iter()
            .filter(|alert| alert.name == WATCHDOG)
            .max_by_key(|alert| alert.updated_at)
    }
}

/// Name of the alert that always fires, in every common rule set.
const WATCHDOG: &str = "Watchdog";

/// Whether an alert pipeline can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pipeline {
    /// Its Watchdog is gone, or older than four times its cadence.
    Dead,
    /// It cannot be reached.
    Unreachable,
    /// 403.
    NoAccess,
    /// Its Watchdog is older than 2.5 times its cadence.
    Stale,
    /// It has no Watchdog rule.
    NotWired,
    /// Its Watchdog is fresh.
    Live,
    /// No Alertmanager.
    Absent,
}

/// One line of the pipelines pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineRow {
    /// Whether it can be believed.
    pub state: Pipeline,
    /// Where.
    pub cluster: ClusterName,
    /// `yes: Watchdog refreshed 04:48Z` or `no: ...`.
    pub words: SafeText,
}

/// One group of alerts of one name on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// From its severity; an unknown severity is above WARN.
    pub level: Level,
    /// Where.
    pub cluster: ClusterName,
    /// `alertname`.
    pub name: SafeText,
    /// `namespace/object`.
    pub object: SafeText,
    /// How many fire.
    pub fires: usize,
    /// Oldest start.
    pub since: Option<Timestamp>,
    /// Its summary.
    pub summary: SafeText,
}

/// What the alerts screen shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Pipelines, worst first.
    pub pipelines: Vec<PipelineRow>,
    /// Firing groups by level, then oldest, then name.
    pub firing: Vec<AlertRow>,
    /// How many are hidden: silenced, inhibited, info.
    pub hidden: (usize, usize, usize),
}

impl Pipeline {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Pipeline::Dead => "DEAD",
            Pipeline::Unreachable => "UNREACHABLE",
            Pipeline::NoAccess => "NO ACCESS",
            Pipeline::Stale => "STALE",
            Pipeline::NotWired => "NOT WIRED",
            Pipeline::Live => "LIVE",
            Pipeline::Absent => "-",
        }
    }
}

/// The alerts of one zone on one cluster; `?` unless its pipeline is proved to live.
pub fn headline(ground: &Ground<'_>, zone: Option<&ZoneName>) -> Cell {
    let judged = judge::pipeline(ground);
    let age_s = ground
        .world
        .watch(Watch::Alerts)
        .last_heard
        .map(|heard| ground.now.seconds_since(heard));
    let (level, words) = firing(ground, zone);
    match judged.state {
        Pipeline::Absent => Cell {
            age_s: None,
            ..Cell::judged(Level::Absent, "", "no Alertmanager")
        },
        Pipeline::NotWired => {
            let level = level.min(Level::Warn);
            Cell {
                age_s,
                ..Cell::judged(
                    level,
                    if level == Level::Warn {
                        judged.figure
                    } else {
                        words
                    },
                    "not wired",
                )
            }
        }
        Pipeline::Live => Cell {
            age_s,
            ..Cell::judged(level, words.clone(), words)
        },
        Pipeline::Unreachable if judged.figure == "silent" && age_s.is_some() => Cell {
            was: Some(level),
            age_s,
            ..Cell::unknown("silent")
        },
        _ => Cell {
            age_s,
            ..Cell::unknown(judged.figure)
        },
    }
}

fn firing(ground: &Ground<'_>, zone: Option<&ZoneName>) -> (Level, String) {
    let here = |row: &&AlertRow| match ground.zone_of(namespace(row)) {
        Some(at) => zone == Some(&at.name),
        None => zone.is_none(),
    };
    let (rows, _) = groups(ground);
    let rows: Vec<&AlertRow> = rows.iter().filter(here).collect();
    let level = rows.iter().map(|row| row.level).fold(Level::Ok, Ord::min);
    let fires = rows.iter().filter(|row| row.level == level).count();
    (
        level,
        if fires == 0 {
            String::new()
        } else {
            fires.to_string()
        },
    )
}

fn namespace(row: &AlertRow) -> &str {
    row.object.as_str().split('/').next().unwrap_or_default()
}

/// Firing groups of one cluster, and how many alerts are silenced, inhibited and only inform.
fn groups(ground: &Ground<'_>) -> (Vec<AlertRow>, (usize, usize, usize)) {
    let seen = ground.world.alerts(ground.now);
    let mut groups: BTreeMap<(SafeText, SafeText), AlertRow> = BTreeMap::new();
    let mut hidden = (0, 0, 0);
    for alert in seen
        .known()
        .into_iter()
        .flat_map(|answer| &answer.alerts)
        .filter(|alert| alert.name != WATCHDOG)
    {
        let level = judge::severity(alert.severity.as_str());
        match (alert.silenced, alert.inhibited, level) {
            (true, ..) => hidden.0 += 1,
            (_, true, _) => hidden.1 += 1,
            (_, _, None) => hidden.2 += 1,
            (_, _, Some(level)) => {
                let key = (alert.name.clone(), alert.namespace.clone());
                let row = groups.entry(key).or_insert_with(|| AlertRow {
                    level,
                    cluster: ground.cluster.clone(),
                    name: alert.name.clone(),
                    object: alert.object.clone(),
                    fires: 0,
                    since: alert.starts_at,
                    summary: alert.summary.clone(),
                });
                row.object = common(&row.object, &alert.object);
                row.fires += 1;
                row.level = row.level.min(level);
                row.since = row.since.into_iter().chain(alert.starts_at).min();
            }
        }
    }
    (groups.into_values().collect(), hidden)
}

/// What two objects have in common: themselves, `namespace/beginning*`, or the namespace.
fn common(one: &SafeText, other: &SafeText) -> SafeText {
    let (one, other) = (one.as_str().trim_end_matches('*'), other.as_str());
    if one == other {
        return SafeText::new(one);
    }
    let shared: String = one
        .chars()
        .zip(other.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a)
        .collect();
    match shared.rsplit_once(['-', '/']) {
        Some((beginning, _)) if beginning.contains('/') => SafeText::from(format!("{beginning}*")),
        _ => SafeText::new(one.split('/').next().unwrap_or_default()),
    }
}

/// What is firing, and pipelines that cannot be believed, on one cluster.
pub fn findings(ground: &Ground<'_>) -> Vec<Finding> {
    let judged = judge::pipeline(ground);
    let pipeline = match judged.state {
        Pipeline::NotWired => Some(("alerts.not-wired", Level::Warn)),
        // A silent cluster says so once; a right that is missing is told with the others.
        Pipeline::Live | Pipeline::Absent | Pipeline::NoAccess => None,
        Pipeline::Unreachable if judged.figure != "no answer" || silent(ground) => None,
        Pipeline::Dead | Pipeline::Stale | Pipeline::Unreachable => {
            Some(("alerts.dead", Level::Unknown))
        }
    };
    let mut found = Vec::new();
    if let Some((kind, level)) = pipeline {
        let words = judged.words.trim_start_matches("no: ");
        let finding = ground.cluster_finding(kind, level, format!("alerts unknown: {words}"));
        let why = SafeText::new("an empty list of alerts proves nothing without a fresh Watchdog");
        found.push(Finding {
            why: vec![why],
            since: judged.since.map_or(finding.since, Since::Object),
            ..finding
        });
    }
    if matches!(judged.state, Pipeline::Live | Pipeline::NotWired) {
        found.extend(groups(ground).0.iter().map(|row| fires(ground, row)));
    }
    found
}

/// True when nothing at all is heard of the cluster, which explains that its alerts are not.
fn silent(ground: &Ground<'_>) -> bool {
    matches!(
        ground.world.freshness(ground.now),
        Freshness::Silent(_) | Freshness::Never
    )
}

fn fires(ground: &Ground<'_>, row: &AlertRow) -> Finding {
    let namespace = row.object.as_str().split('/').next().unwrap_or_default();
    let object = ObjectRef {
        kind: SafeText::new("Alert"),
        namespace: SafeText::new(namespace),
        name: row.name.clone(),
        uid: SafeText::default(),
    };
    let times = if row.fires > 1 {
        format!(" fires {} times", row.fires)
    } else {
        " fires".to_owned()
    };
    let place = if row.object.is_empty() {
        String::new()
    } else {
        format!(" on {}", row.object)
    };
    let finding = ground.finding(
        "alerts.firing",
        row.level,
        object,
        format!("{}{times}{place}", row.name),
    );
    let why = if row.summary.is_empty() {
        Vec::new()
    } else {
        vec![row.summary.clone()]
    };
    Finding {
        why,
        since: row.since.map_or(finding.since, Since::Object),
        ..finding
    }
}

/// Everything the alerts screen shows.
pub fn detail(config: &Config, world: &World, now: Moment) -> Detail {
    let nothing = ClusterWorld::default();
    let mut detail = Detail::default();
    for cluster in &config.clusters {
        let ground = Ground::new(config, world, &cluster.name, now, &nothing);
        let judged = judge::pipeline(&ground);
        let (state, words) = (judged.state, SafeText::from(judged.words));
        detail.pipelines.push(PipelineRow {
            state,
            cluster: cluster.name.clone(),
            words,
        });
        let (rows, hidden) = groups(&ground);
        detail.hidden.0 += hidden.0;
        detail.hidden.1 += hidden.1;
        detail.hidden.2 += hidden.2;
        detail.firing.extend(rows);
    }
    detail.pipelines.sort_by_key(|a| a.state);
    detail.firing.sort_by(|a, b| {
        (a.level, a.since, &a.name, &a.object).cmp(&(b.level, b.since, &b.name, &b.object))
    });
    detail
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::sources::fact::Fact;
    use crate::sources::fact::WatchNews;
    use crate::sources::fixtures::at;
    use crate::sources::fixtures::config;
    use crate::sources::fixtures::name;
    use crate::sources::fixtures::namespace;
    use crate::sources::fixtures::reach;

    fn alert(name: &str, severity: &str, updated: &str, ends: &str) -> Value {
        json!({"fingerprint": name, "labels": {"alertname": name, "severity": severity, "namespace": "pacs", "pod": "p-1"},
            "annotations": {"summary": "s"}, "startsAt": "2026-08-15T04:33:00Z", "updatedAt": updated, "endsAt": ends,
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": []}})
    }

    fn watchdog(updated: &str, ends: &str) -> Value {
        alert("Watchdog", "none", updated, ends)
    }

    fn judged(answers: &[Value], news: Option<WatchNews>) -> (Pipeline, Cell, Vec<&'static str>) {
        let mut world = World::default();
        reach(
            &mut world,
            "one",
            vec![namespace("pacs", "clinical")],
            at(0),
        );
        for answer in answers {
            let answer = read(answer.to_string().as_bytes()).unwrap();
            world.fold(&name("one"), 1, Fact::Alerts(answer), at(0));
        }
        if let Some(news) = news {
            world.fold(&name("one"), 1, Fact::Watch(Watch::Alerts, news), at(0));
        }
        let (config, nothing, cluster) = (config(), ClusterWorld::default(), name("one"));
        let ground = Ground::new(&config, &world, &cluster, at(0), &nothing);
        let kinds = findings(&ground)
            .iter()
            .map(|finding| finding.kind.0)
            .collect();
        let state = detail(&config, &world, at(0))
            .pipelines
            .into_iter()
            .find(|row| row.cluster == cluster)
            .unwrap()
            .state;
        (state, headline(&ground, Some(&"clinical".into())), kinds)
    }

    #[test]
    fn no_alert_is_good_news_only_while_a_watchdog_is_fresh() {
        // The cadence is read from the alert: 240 s between update and end are four of 60 s.
        let fresh = watchdog("2026-08-15T04:51:30Z", "2026-08-15T04:55:30Z");
        let stale = watchdog("2026-08-15T04:51:29Z", "2026-08-15T04:55:29Z");
        let dead = watchdog("2026-08-15T04:49:59Z", "2026-08-15T04:53:59Z");
        let table = [
            (vec![json!([fresh])], Pipeline::Live, Level::Ok, vec![]),
            (
                vec![json!([stale])],
                Pipeline::Stale,
                Level::Unknown,
                vec!["alerts.dead"],
            ),
            (
                vec![json!([dead])],
                Pipeline::Dead,
                Level::Unknown,
                vec!["alerts.dead"],
            ),
            (
                vec![json!([fresh]), json!([])],
                Pipeline::Dead,
                Level::Unknown,
                vec!["alerts.dead"],
            ),
            (
                vec![json!([])],
                Pipeline::NotWired,
                Level::Warn,
                vec!["alerts.not-wired"],
            ),
            (vec![], Pipeline::Absent, Level::Absent, vec![]),
        ];
        for (answers, pipeline, level, kinds) in table {
            let (state, cell, found) = judged(&answers, None);
            assert_eq!((state, cell.level, found), (pipeline, level, kinds));
        }
    }

    #[test]
    fn what_fires_is_counted_by_zone_and_an_odd_severity_is_not_well() {
        let times = ("2026-08-15T04:53:30Z", "2026-08-15T04:57:30Z");
        let fires = |severity| {
            json!([
                watchdog(times.0, times.1),
                alert("A", severity, times.0, times.1)
            ])
        };
        for (severity, level) in [
            ("critical", Level::Crit),
            ("warning", Level::Warn),
            ("purple", Level::Unknown),
            ("info", Level::Ok),
        ] {
            assert_eq!(
                judged(&[fires(severity)], None).1.level,
                level,
                "{severity}"
            );
        }
    }

    #[test]
    fn calm_is_history_once_every_watch_of_the_cluster_is_refused() {
        let answer = json!([watchdog("2026-08-15T04:53:30Z", "2026-08-15T04:57:30Z")]);
        let (config, nothing, cluster) = (config(), ClusterWorld::default(), name("one"));
        let mut world = World::default();
        let pacs = vec![namespace("pacs", "clinical")];
        reach(&mut world, "one", pacs, at(0));
        let answer = read(answer.to_string().as_bytes()).unwrap();
        world.fold(&cluster, 1, Fact::Alerts(answer), at(0));
        let level = |world: &World| {
            let ground = Ground::new(&config, world, &cluster, at(10), &nothing);
            headline(&ground, Some(&"clinical".into())).level
        };
        assert_eq!(level(&world), Level::Ok);
        // Kustomizations are not installed here: nothing is heard of them either way.
        let heard = |one: &Watch| !matches!(one, Watch::Alerts | Watch::Kustomizations);
        for watch in Watch::ALL.into_iter().filter(heard) {
            assert_eq!(level(&world), Level::Ok, "before {watch:?}");
            for second in [5, 6] {
                let refused = WatchNews::Refused(SafeText::new("connection refused"));
                world.fold(&cluster, 1, Fact::Watch(watch, refused), at(second));
            }
        }
        assert_eq!(level(&world), Level::Unknown);
    }

    #[test]
    fn an_alertmanager_that_cannot_be_asked_is_unknown() {
        let fresh = json!([watchdog("2026-08-15T04:53:30Z", "2026-08-15T04:57:30Z")]);
        let failed = WatchNews::Failed(SafeText::new("the server answered 503: x"));
        let (state, cell, kinds) = judged(std::slice::from_ref(&fresh), Some(failed));
        assert_eq!(
            (state, cell.level, kinds),
            (Pipeline::Unreachable, Level::Unknown, vec!["alerts.dead"])
        );
        let forbidden = WatchNews::Forbidden(SafeText::new(
            "get services/proxy in monitoring is not yours",
        ));
        let (state, cell, _) = judged(&[fresh], Some(forbidden));
        assert_eq!(
            (state, cell.figure.as_str()),
            (Pipeline::NoAccess, "no right")
        );
    }

    #[test]
    fn a_silent_cluster_says_so_once_and_not_of_its_alerts_as_well() {
        let mut world = World::default();
        let pacs = vec![namespace("pacs", "clinical")];
        reach(&mut world, "one", pacs, at(0));
        let failed = WatchNews::Failed(SafeText::new("no answer in time"));
        world.fold(&name("one"), 1, Fact::Watch(Watch::Alerts, failed), at(40));
        let (config, nothing, cluster) = (config(), ClusterWorld::default(), name("one"));
        let kinds = |now| {
            let ground = Ground::new(&config, &world, &cluster, now, &nothing);
            let all = findings(&ground);
            all.iter().map(|one| one.kind.0).collect::<Vec<_>>()
        };
        assert_eq!(kinds(at(50)), ["alerts.dead"]);
        assert_eq!(kinds(at(500)), Vec::<&str>::new());
    }
}

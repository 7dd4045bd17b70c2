//! One application of a zone on one cluster: its newest restorable point against its target.

use std::cmp::Reverse;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Grade;
use super::Row;
use super::cron;
use super::include::Included;
use super::include::included;
use super::point;
use super::point::Verdict;
use crate::config::Criticality;
use crate::config::Zone;
use crate::config::ZoneName;
use crate::sources::ground::Ground;
use crate::sources::ground::SKEW_S;
use crate::sources::ground::application;
use crate::sources::kinds::backup::Backup;
use crate::sources::level::Level;
use crate::text::SafeText;
use crate::text::age;
use crate::text::clock;

/// Share of the target, in percent, above which a point is at risk.
const RISK_PERCENT: i64 = 80;

/// Every application of one zone on one cluster, judged at one time; those without an application stand by namespace.
pub(super) fn all(ground: &Ground<'_>, zone: Option<&ZoneName>, at: Timestamp) -> Vec<Row> {
    let known = zone.and_then(|name| ground.config.zone(name));
    // What the cluster wrote is compared with the cluster's own clock where the two differ.
    let ahead = SignedDuration::from_secs(ground.skew_s().unwrap_or(0));
    let at = at.checked_add(ahead).unwrap_or(at);
    let mut rows: Vec<Row> = Vec::new();
    for namespace in ground.namespaces(zone).iter().chain(ground.missing(zone)) {
        let row = of_namespace(ground, known, namespace, at);
        match rows
            .iter_mut()
            .find(|old| old.application == row.application)
        {
            Some(old) if urgency(&row) < urgency(old) => *old = row,
            Some(_) => {}
            None => rows.push(row),
        }
    }
    rows.sort_by(|a, b| (urgency(a), &a.application).cmp(&(urgency(b), &b.application)));
    rows
}

/// The order of rows: level, then age against target.
pub(super) fn urgency(row: &Row) -> (Level, Reverse<i64>) {
    let percent = row
        .age_s
        .zip(row.rpo_s)
        .map_or(0, |(age, rpo)| age.saturating_mul(100) / rpo.max(1));
    (row.level, Reverse(percent))
}

fn of_namespace(
    ground: &Ground<'_>,
    zone: Option<&Zone>,
    namespace: &SafeText,
    at: Timestamp,
) -> Row {
    let application = zone.and_then(|zone| application(zone, namespace.as_str()));
    let rpo_s = application
        .and_then(|application| application.rpo)
        .or(zone.and_then(|zone| zone.rpo));
    let criticality = application
        .and_then(|application| application.criticality)
        .or(zone.map(|zone| zone.criticality));
    let judged = judge_all(ground, namespace, at);
    let newest = judged
        .iter()
        .find(|(_, verdict)| *verdict == Verdict::Counts)
        .map(|(backup, _)| *backup);
    let grade = newest.map_or(Grade::None, |backup| {
        grade(ground, backup, namespace.as_str())
    });
    let age_s = newest
        .and_then(|backup| backup.started)
        .map(|started| (at.as_second() - started.as_second()).max(0));
    let (mut level, mut why) = level(&judged, newest, age_s, rpo_s, at);
    let future = newest.is_some_and(|backup| in_future(backup, at));
    if level == Level::Ok && (future || ground.skew_s().is_some()) {
        level = Level::Unknown;
        why.push(SafeText::new(
            "its age is not known: the clocks differ by more than 1m",
        ));
    }
    let unsafe_data =
        grade == Grade::Taken && criticality == Some(Criticality::Critical) && rpo_s.is_some();
    if unsafe_data {
        why.push(SafeText::new(
            "the data of its volumes is not shown to be kept off the cluster",
        ));
    }
    Row {
        level: if unsafe_data {
            level.min(Level::Warn)
        } else {
            level
        },
        zone: zone.map(|zone| zone.name.clone()),
        cluster: ground.cluster.clone(),
        application: application.map_or_else(
            || namespace.clone(),
            |application| SafeText::new(&application.name),
        ),
        namespace: namespace.clone(),
        newest: newest.map(|backup| point::point(backup, &Verdict::Counts)),
        age_s,
        rpo_s,
        grade,
        next: next(ground, namespace.as_str(), at),
        points: judged
            .iter()
            .map(|(backup, verdict)| point::point(backup, verdict))
            .collect(),
        why,
    }
}

/// True when a backup began more than a minute after `at`: one of the two clocks is wrong.
pub(in crate::sources) fn in_future(backup: &Backup, at: Timestamp) -> bool {
    backup
        .started
        .is_some_and(|started| started.as_second() - at.as_second() > SKEW_S)
}

/// Every backup that holds the namespace, newest first, with its verdict.
fn judge_all<'a>(
    ground: &'a Ground<'_>,
    namespace: &SafeText,
    at: Timestamp,
) -> Vec<(&'a Backup, Verdict)> {
    let seen = ground.world.backups(ground.now);
    let left_out = ground
        .world
        .namespaces(ground.now)
        .known()
        .is_some_and(|table| {
            let labels = table.by_name("", namespace.as_str()).map(|row| &row.labels);
            labels
                .and_then(|labels| labels.get("velero.io/exclude-from-backup"))
                .is_some_and(|value| value == "true")
        });
    let backups = seen
        .known()
        .copied()
        .into_iter()
        .flat_map(super::super::table::Table::iter)
        .filter(|_| !left_out);
    let mut judged: Vec<(&Backup, Verdict)> = backups
        .filter_map(|backup| {
            Some((
                backup,
                point::judge(ground, backup, namespace.as_str(), at)?,
            ))
        })
        .collect();
    judged.sort_by_key(|(backup, _)| {
        Reverse((
            backup.started.or(backup.meta.created),
            backup.meta.name.clone(),
        ))
    });
    judged
}

fn level(
    judged: &[(&Backup, Verdict)],
    newest: Option<&Backup>,
    age_s: Option<i64>,
    rpo_s: Option<i64>,
    at: Timestamp,
) -> (Level, Vec<SafeText>) {
    let Some(rpo) = rpo_s else {
        return (Level::Absent, Vec::new());
    };
    let by_age = match age_s {
        Some(age) if age > rpo => Level::Crit,
        Some(age) if age.saturating_mul(100) > rpo.saturating_mul(RISK_PERCENT) => Level::Warn,
        Some(_) => Level::Ok,
        None => Level::Crit,
    };
    if by_age == Level::Ok {
        return (by_age, Vec::new());
    }
    let newer = |backup: &Backup| newest.is_none_or(|newest| backup.started > newest.started);
    let mut later = judged
        .iter()
        .filter(|(_, verdict)| !matches!(verdict, Verdict::Copy(_)))
        .filter(|(backup, _)| newer(backup));
    if let Some((backup, why)) = later.clone().find_map(|(backup, verdict)| match verdict {
        Verdict::Unknown(why) => Some((backup, why)),
        _ => None,
    }) {
        return (
            Level::Unknown,
            vec![SafeText::from(format!(
                "{} may count: {why}",
                backup.meta.name
            ))],
        );
    }
    let failed = later.clone().count();
    let words = later.find_map(|(_, verdict)| match verdict {
        Verdict::No(why) => Some(why.clone()),
        _ => None,
    });
    let since = newest
        .and_then(|newest| newest.started)
        .map(|at_| format!(" since {}", clock(at_, at)))
        .unwrap_or_default();
    let why = match words {
        Some(words) if failed == 1 => format!("1 run{since} does not count: {words}"),
        Some(words) => format!("{failed} runs{since} do not count; the newest: {words}"),
        None if judged.is_empty() => "no backup holds it".to_owned(),
        None => format!("no run{since}"),
    };
    (by_age, vec![SafeText::from(why)])
}

fn grade(ground: &Ground<'_>, backup: &Backup, namespace: &str) -> Grade {
    let pods = ground.world.pods(ground.now);
    let claims = pods
        .known()
        .is_none_or(|pods| pods.within(namespace).any(|pod| pod.claims));
    let moved = backup.scope.snapshot_move_data == Some(true) && backup.moves > 0;
    let copied = backup.scope.default_volumes_to_fs_backup == Some(true);
    let complete = moved || copied || (!claims && backup.snapshots.1 == 0);
    let restores = ground.world.restores(ground.now);
    let proved = restores.known().is_some_and(|restores| {
        restores.iter().any(|restore| {
            let named = restore.namespaces.iter().any(|name| name == namespace);
            restore.good()
                && (named || (restore.namespaces.is_empty() && restore.backup == backup.meta.name))
        })
    });
    match (complete, proved) {
        (true, true) => Grade::RestoredOnce,
        (true, false) => Grade::Complete,
        (false, _) => Grade::Taken,
    }
}

fn next(ground: &Ground<'_>, namespace: &str, at: Timestamp) -> Option<Timestamp> {
    let seen = ground.world.schedules(ground.now);
    let schedules = seen
        .known()
        .copied()
        .into_iter()
        .flat_map(super::super::table::Table::iter);
    schedules
        .filter(|schedule| schedule.runs() && included(&schedule.scope, namespace) != Included::No)
        .filter_map(|schedule| {
            cron::next(
                schedule.cron.as_str(),
                at,
                schedule.asked.or(schedule.meta.created),
            )
        })
        .min()
}

/// `5h12 of 1h` in full.
pub(super) fn of_target(row: &Row) -> Option<String> {
    Some(format!("{} of {}", age(row.age_s?), target(row.rpo_s?)))
}

/// A target as the configuration writes it.
pub(super) fn target(seconds: i64) -> String {
    crate::config::words(seconds)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::sources::fact::Delta;
    use crate::sources::fact::Fact;
    use crate::sources::fact::Greeting;
    use crate::sources::fixtures::at;
    use crate::sources::fixtures::backup;
    use crate::sources::fixtures::config;
    use crate::sources::fixtures::meta;
    use crate::sources::fixtures::name;
    use crate::sources::fixtures::namespace;
    use crate::sources::fixtures::parse;
    use crate::sources::fixtures::reach;
    use crate::sources::fixtures::store;
    use crate::sources::world::ClusterWorld;
    use crate::sources::world::World;

    /// The row of `pacs` (target 1h) with a good store, these backups and whatever else is folded in.
    fn row(backups: Vec<Value>, more: Vec<Fact>) -> Row {
        of_pacs(&world(backups, more))
    }

    fn world(backups: Vec<Value>, more: Vec<Fact>) -> World {
        let mut world = World::default();
        reach(
            &mut world,
            "one",
            vec![namespace("pacs", "clinical")],
            at(0),
        );
        let backups = backups.into_iter().map(parse).collect();
        let facts = [
            Fact::Stores(Delta::Swap(vec![store(
                "Available",
                "2026-08-15T04:53:00Z",
            )])),
            Fact::Backups(Delta::Swap(backups)),
        ];
        for fact in facts.into_iter().chain(more) {
            world.fold(&name("one"), 1, fact, at(0));
        }
        world
    }

    fn of_pacs(world: &World) -> Row {
        let (config, nothing, cluster) = (config(), ClusterWorld::default(), name("one"));
        let ground = Ground::new(&config, world, &cluster, at(0), &nothing);
        all(&ground, Some(&"clinical".into()), at(0).wall).remove(0)
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table, a row for each clock")]
    fn clocks_that_differ_are_said_and_never_ok() {
        // Seconds the cluster is ahead, when the backup began, and the level; the target is 1h.
        let table = [
            (60, "2026-08-15T04:50:00Z", Level::Ok, 240, ""),
            (0, "2026-08-15T04:55:00Z", Level::Ok, 0, ""),
            (
                0,
                "2026-08-15T04:55:01Z",
                Level::Unknown,
                0,
                "a backup of one began 1m ahead",
            ),
            (
                61,
                "2026-08-15T04:50:00Z",
                Level::Unknown,
                301,
                "the clock of one is 1m ahead of",
            ),
            (
                -120,
                "2026-08-15T04:50:00Z",
                Level::Unknown,
                120,
                "the clock of one is 2m behind",
            ),
            (
                7200,
                "2026-08-15T04:50:00Z",
                Level::Crit,
                7440,
                "the clock of one is 2h",
            ),
        ];
        for (ahead, started, level, age_s, said) in table {
            let greeting = Greeting {
                version: SafeText::new("v1.36.3"),
                uid: None,
                user: None,
                groups: Vec::new(),
                clock_ahead_s: Some(ahead),
            };
            // The store is checked by the cluster's own clock.
            let checked = at(ahead).wall.to_string();
            let facts = vec![
                Fact::Greeting(greeting),
                Fact::Stores(Delta::Swap(vec![store("Available", &checked)])),
            ];
            let world = world(vec![backup("b", started, &["pacs"])], facts);
            let row = of_pacs(&world);
            assert_eq!(
                (row.level, row.age_s),
                (level, Some(age_s)),
                "{ahead} {started}"
            );
            let board = crate::sources::board::judge(&config(), &world, at(0));
            let told = (board.findings.iter()).find(|finding| finding.kind.0 == "cluster.clock");
            assert_eq!(told.is_some(), !said.is_empty(), "{ahead} {started}");
            if let Some(told) = told {
                assert_eq!(told.level, Level::Unknown);
                assert!(
                    told.sentence.as_str().starts_with(said),
                    "{}",
                    told.sentence
                );
            }
        }
    }

    fn with(path: &str, value: Value) -> Value {
        let mut backup = backup("b", "2026-08-15T04:50:00Z", &["pacs"]);
        let (parent, key) = path.rsplit_once('/').unwrap();
        backup.pointer_mut(parent).unwrap()[key] = value;
        backup
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table, a row for each fact")]
    fn one_fact_takes_a_point_out_and_says_why() {
        let request = json!({"metadata": meta("velero", "d"), "spec": {"backupName": "b"}, "status": {"phase": "New"}});
        let down = store("Unavailable", "2026-08-15T04:53:00Z");
        let stale = store("Available", "2026-08-15T04:50:59Z");
        let good = || backup("b", "2026-08-15T04:50:00Z", &["pacs"]);
        let table = [
            (good(), None, None),
            (
                with(
                    "/metadata/annotations",
                    json!({"crashcart/run": "056c520d1a92", "crashcart/step": "6"}),
                ),
                None,
                Some("copy of what was left before run 056c"),
            ),
            (with("/status/phase", json!("Failed")), None, Some("Failed")),
            (
                with("/status/phase", json!("PartiallyFailed")),
                None,
                Some("PartiallyFailed: 0 errors"),
            ),
            (
                with("/status/phase", json!("InProgress")),
                None,
                Some("still InProgress"),
            ),
            (
                with("/status/phase", json!("Finalizing")),
                None,
                Some("not final yet"),
            ),
            (
                with("/status/phase", json!("Splendid")),
                None,
                Some("? its phase Splendid is not known"),
            ),
            (
                with("/status/expiration", json!("2026-08-15T04:54:00Z")),
                None,
                Some("ended 04:54Z"),
            ),
            (with("/status/errors", json!(2)), None, Some("2 errors")),
            (
                with("/status/csiVolumeSnapshotsAttempted", json!(1)),
                None,
                Some("1 of 1 volumes skipped"),
            ),
            (
                with("/status/hookStatus", json!({"hooksFailed": 1})),
                None,
                Some("hooks failed"),
            ),
            (
                with("/spec/storageLocation", json!("gone")),
                None,
                Some("store gone is not there"),
            ),
            (
                with("/spec/labelSelector", json!({"matchLabels": {"a": "b"}})),
                None,
                Some("? only objects with a label are in it"),
            ),
            (
                good(),
                Some(Fact::DeleteRequests(Delta::Swap(vec![parse(request)]))),
                Some("deletion asked 08-01 00:00Z"),
            ),
            (
                good(),
                Some(Fact::Stores(Delta::Swap(vec![down]))),
                Some("store unavailable"),
            ),
            (
                good(),
                Some(Fact::Stores(Delta::Swap(vec![stale]))),
                Some("? store eu-main was last checked 3m ago"),
            ),
        ];
        for (backup, more, expected) in table {
            let row = row(vec![backup], more.into_iter().collect());
            let why = row.points[0].why_not.as_ref().map(SafeText::as_str);
            assert_eq!(why, expected);
            let level = match expected {
                None => Level::Ok,
                Some(why) if why.starts_with('?') => Level::Unknown,
                Some(_) => Level::Crit,
            };
            assert_eq!(row.level, level, "{expected:?}");
        }
    }

    #[test]
    fn the_age_is_counted_from_the_start_against_the_target() {
        let table = [
            ("2026-08-15T04:06:00Z", Level::Ok),
            ("2026-08-15T04:05:59Z", Level::Warn),
            ("2026-08-15T03:54:00Z", Level::Warn),
            ("2026-08-15T03:53:59Z", Level::Crit),
        ];
        for (started, level) in table {
            assert_eq!(
                row(vec![backup("b", started, &["*"])], Vec::new()).level,
                level,
                "{started}"
            );
        }
    }

    #[test]
    fn a_backup_of_other_namespaces_is_no_point() {
        let row = row(
            vec![backup("b", "2026-08-15T04:50:00Z", &["ehr"])],
            Vec::new(),
        );
        assert_eq!(
            (row.level, row.points.len(), row.grade),
            (Level::Crit, 0, Grade::None)
        );
    }

    #[test]
    fn volumes_whose_data_stays_in_the_cluster_are_said_for_critical_zones() {
        let pod = json!({"metadata": meta("pacs", "p"), "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "c"}}]}});
        let pods = || vec![Fact::Pods(Delta::Swap(vec![parse(pod.clone())]))];
        let kept = row(vec![backup("b", "2026-08-15T04:50:00Z", &["pacs"])], pods());
        assert_eq!((kept.level, kept.grade), (Level::Warn, Grade::Taken));
        let moved = row(
            vec![with("/spec/defaultVolumesToFsBackup", json!(true))],
            pods(),
        );
        assert_eq!((moved.level, moved.grade), (Level::Ok, Grade::Complete));
    }

    #[test]
    fn a_good_restore_is_remembered_and_an_empty_one_is_not() {
        let restore = |items: i64| {
            json!({"metadata": meta("velero", "r"), "spec": {"backupName": "b", "includedNamespaces": ["pacs"]},
                   "status": {"phase": "Completed", "progress": {"itemsRestored": items, "totalItems": items}}})
        };
        let grade = |items| {
            let restores = Fact::Restores(Delta::Swap(vec![parse(restore(items))]));
            row(
                vec![backup("b", "2026-08-15T04:50:00Z", &["pacs"])],
                vec![restores],
            )
            .grade
        };
        assert_eq!(grade(9), Grade::RestoredOnce);
        assert_eq!(grade(0), Grade::Complete);
    }
}

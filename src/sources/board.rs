//! What the board shows: zones by clusters by columns, and every finding in order.

use super::alerts;
use super::backups;
use super::cluster_findings;
use super::drift;
use super::finding::Finding;
use super::finding::Since;
use super::ground::Ground;
use super::level::Level;
use super::moment::Moment;
use super::seen::Freshness;
use super::world::ClusterWorld;
use super::world::World;
use super::zones;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::Criticality;
use crate::config::Zone;
use crate::config::ZoneName;
use crate::text::SafeText;

/// A column of the board; each is one source's headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Workloads and nodes.
    Health,
    /// The newest restorable recovery point against its RPO.
    Backup,
    /// GitOps.
    Drift,
    /// Alertmanager.
    Alerts,
}

impl Column {
    /// The columns that exist, in the order of the board.
    pub const ALL: [Column; 4] = [
        Column::Health,
        Column::Backup,
        Column::Drift,
        Column::Alerts,
    ];

    /// The key in `status -o json` and the value of `--only`.
    pub fn key(self) -> &'static str {
        match self {
            Column::Health => "health",
            Column::Backup => "backup",
            Column::Drift => "drift",
            Column::Alerts => "alerts",
        }
    }
}

/// One cell: a level, one figure, and what was known when the source fell silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The level that counts; `Unknown` as soon as the source is silent.
    pub level: Level,
    /// One figure that fits beside the level in 7 columns: `3/212`, `38m`, `silent`, `no right`; may be empty.
    pub figure: SafeText,
    /// The longer form for wide screens: `3 of 212`, `38m of 1h`, `14 in step`; equals `figure` where there is none.
    pub wide: SafeText,
    /// History: the last level that was judged from a live source. Only set when `level` is `Unknown` for staleness.
    pub was: Option<Level>,
    /// Seconds since the source was heard; `None` when never.
    pub age_s: Option<i64>,
}

impl Cell {
    /// A cell that was judged now.
    pub fn judged(level: Level, figure: impl Into<SafeText>, wide: impl Into<SafeText>) -> Cell {
        Cell {
            level,
            figure: figure.into(),
            wide: wide.into(),
            was: None,
            age_s: Some(0),
        }
    }

    /// A cell whose source cannot say, with the reason (`asked`, `no right`, `never`).
    pub fn unknown(reason: impl Into<SafeText>) -> Cell {
        let reason = reason.into();
        Cell {
            level: Level::Unknown,
            figure: reason.clone(),
            wide: reason,
            was: None,
            age_s: None,
        }
    }
}

/// One cluster's line inside a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRow {
    /// The cluster.
    pub cluster: ClusterName,
    /// The worst of its cells.
    pub level: Level,
    /// As fresh as its worst needed watch.
    pub freshness: Freshness,
    /// One cell for each of `Column::ALL`, in that order.
    pub cells: [Cell; 4],
}

/// One zone; `zone` is `None` for `NO ZONE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneRow {
    /// The zone; `None` is `NO ZONE`.
    pub zone: Option<ZoneName>,
    /// Its criticality (`Low` for `NO ZONE`).
    pub criticality: Criticality,
    /// The worst of its clusters.
    pub level: Level,
    /// The worst level of each column.
    pub columns: [Level; 4],
    /// Its clusters, in the configuration's order.
    pub clusters: Vec<ClusterRow>,
}

/// Everything the board shows, judged at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// Zones by criticality, then name; `NO ZONE` last and only when a namespace stands in it.
    pub zones: Vec<ZoneRow>,
    /// Findings in their one order.
    pub findings: Vec<Finding>,
    /// Every configured cluster with its freshness, in the configuration's order.
    pub clusters: Vec<(ClusterName, Freshness)>,
}

impl Board {
    /// The worst level of all zones and findings; `Unknown` when there is no zone at all.
    pub fn level(&self) -> Level {
        let zones = self.zones.iter().map(|zone| zone.level);
        let findings = self.findings.iter().map(|finding| finding.level);
        match Level::worst(zones.chain(findings)) {
            Level::Absent => Level::Unknown,
            level => level,
        }
    }

    /// How many findings have this level.
    pub fn count(&self, level: Level) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    }
}

impl Board {
    /// What this console only saw is as old as its first look: a later judgement does not make it younger.
    pub fn remember(&mut self, before: &Board) {
        for finding in &mut self.findings {
            let Since::Seen(now) = finding.since else {
                continue;
            };
            let id = finding.id();
            let same = |one: &&Finding| one.level == finding.level && one.id() == id;
            if let Some(Since::Seen(first)) = before.findings.iter().find(same).map(|one| one.since)
            {
                finding.since = Since::Seen(first.min(now));
            }
        }
        self.order();
    }

    fn order(&mut self) {
        self.findings.sort_by_cached_key(Finding::order);
        cluster_findings::lead(&mut self.findings);
    }
}

/// Judges everything at one moment: each source's headline for each zone and cluster, and all findings in their order.
pub fn judge(config: &Config, world: &World, now: Moment) -> Board {
    let nothing = ClusterWorld::default();
    let grounds: Vec<Ground<'_>> = config
        .clusters
        .iter()
        .map(|cluster| Ground::new(config, world, &cluster.name, now, &nothing))
        .collect();
    let mut zones: Vec<&Zone> = config.zones.iter().collect();
    zones.sort_by(|a, b| (a.criticality, &a.name).cmp(&(b.criticality, &b.name)));
    let mut rows: Vec<ZoneRow> = zones
        .into_iter()
        .map(|zone| zone_row(&grounds, Some(zone), now))
        .collect();
    rows.extend(Some(zone_row(&grounds, None, now)).filter(|row| !row.clusters.is_empty()));
    let mut findings: Vec<Finding> = Vec::new();
    for ground in &grounds {
        findings.extend(zones::findings(ground));
        findings.extend(backups::findings(ground));
        findings.extend(drift::findings(ground));
        findings.extend(alerts::findings(ground));
    }
    findings.extend(cluster_findings::findings(config, world, &grounds));
    let clusters = grounds
        .iter()
        .map(|ground| (ground.cluster.clone(), ground.world.freshness(now)))
        .collect();
    let mut board = Board {
        zones: rows,
        findings,
        clusters,
    };
    board.order();
    board
}

fn zone_row(grounds: &[Ground<'_>], zone: Option<&Zone>, now: Moment) -> ZoneRow {
    let name = zone.map(|zone| &zone.name);
    let member = |ground: &&Ground<'_>| match name {
        Some(name) => ground.zones().any(|zone| zone.name == *name),
        None => !ground.namespaces(None).is_empty(),
    };
    let clusters: Vec<ClusterRow> = grounds
        .iter()
        .filter(member)
        .map(|ground| cluster_row(ground, name, now))
        .collect();
    let columns =
        std::array::from_fn(|at| Level::worst(clusters.iter().map(|row| row.cells[at].level)));
    ZoneRow {
        zone: name.cloned(),
        criticality: zone.map_or(Criticality::Low, |zone| zone.criticality),
        level: Level::worst(columns),
        columns,
        clusters,
    }
}

fn cluster_row(ground: &Ground<'_>, zone: Option<&ZoneName>, now: Moment) -> ClusterRow {
    let health = zones::headline(ground, zone);
    let rest = [
        backups::headline(ground, zone),
        drift::headline(ground, zone),
        alerts::headline(ground, zone),
    ];
    // A silent cluster says so once, in its first cell; beside it stands what was.
    let silent = health.figure.as_str() == "silent";
    let [backup, drift, alerts] = rest.map(|cell| if silent { history(cell) } else { cell });
    let cells = [health, backup, drift, alerts];
    ClusterRow {
        cluster: ground.cluster.clone(),
        level: Level::worst(cells.iter().map(|cell| cell.level)),
        freshness: ground.world.freshness(now),
        cells,
    }
}

/// The cell with what it was in place of why it is unknown.
fn history(cell: Cell) -> Cell {
    match (cell.level, cell.was) {
        (Level::Unknown, Some(was)) => {
            let words = SafeText::from(format!("was {}", was.word()));
            Cell {
                figure: words.clone(),
                wide: words,
                ..cell
            }
        }
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fact::Delta;
    use super::super::fact::Fact;
    use super::super::fact::Watch;
    use super::super::fact::WatchNews;
    use super::super::fixtures::at;
    use super::super::fixtures::backup;
    use super::super::fixtures::config;
    use super::super::fixtures::greeting;
    use super::super::fixtures::meta;
    use super::super::fixtures::name;
    use super::super::fixtures::namespace;
    use super::super::fixtures::parse;
    use super::super::fixtures::reach;
    use super::super::fixtures::uid_of;
    use super::*;

    fn world() -> World {
        let mut world = World::default();
        reach(
            &mut world,
            "one",
            vec![namespace("pacs", "clinical"), namespace("stray", "none")],
            at(0),
        );
        reach(
            &mut world,
            "two",
            vec![namespace("emr", ""), namespace("cohort", "")],
            at(0),
        );
        world
    }

    fn kinds(board: &Board) -> Vec<&'static str> {
        board
            .findings
            .iter()
            .map(|finding| finding.kind.0)
            .collect()
    }

    #[test]
    fn what_was_only_seen_does_not_grow_younger_with_each_judgement() {
        let mut world = world();
        let mut failed = backup("daily", "2026-08-15T03:00:00Z", &["pacs"]);
        failed["status"]["phase"] = json!("Failed");
        let tried = Fact::Backups(Delta::Swap(vec![parse(failed)]));
        world.fold(&name("one"), 1, tried, at(1));
        let first = judge(&config(), &world, at(1));
        let mut later = judge(&config(), &world, at(41));
        let since = |board: &Board| {
            board
                .findings
                .iter()
                .map(|one| one.since)
                .collect::<Vec<_>>()
        };
        let seen = |one: &Since| matches!(one, Since::Seen(_));
        assert!(since(&first).iter().any(seen), "{first:?}");
        assert_ne!(since(&later), since(&first));
        later.remember(&first);
        assert_eq!(since(&later), since(&first));
        // What was gone in between is new.
        let mut again = judge(&config(), &world, at(41));
        again.remember(&Board::default());
        assert_ne!(since(&again), since(&first));
    }

    #[test]
    fn zones_stand_by_criticality_and_no_zone_last() {
        let board = judge(&config(), &world(), at(1));
        let zones: Vec<_> = board
            .zones
            .iter()
            .map(|row| row.zone.as_ref().map(ToString::to_string))
            .collect();
        assert_eq!(
            zones,
            [
                Some("clinical".to_owned()),
                Some("research".to_owned()),
                None
            ]
        );
        assert_eq!(board.zones[0].clusters.len(), 2);
        assert_eq!(
            board.zones[0].columns,
            [Level::Ok, Level::Crit, Level::Absent, Level::Absent]
        );
        assert_eq!(board.zones[1].columns[1], Level::Absent, "no target");
        assert_eq!(
            kinds(&board),
            ["backup.none", "backup.none", "zone.unclaimed"]
        );
    }

    #[test]
    fn what_policy_gives_to_drills_needs_no_zone() {
        let mut config = config();
        let target = |uid: &str| crate::config::DrillTarget {
            cluster_uid: uid.parse().unwrap(),
            namespaces: vec!["str*".to_owned()],
        };
        config.policy.drill_targets = vec![target(uid_of("two"))];
        let board = judge(&config, &world(), at(1));
        assert!(kinds(&board).contains(&"zone.unclaimed"), "another cluster");
        config.policy.drill_targets = vec![target(uid_of("one"))];
        let board = judge(&config, &world(), at(1));
        assert!(!kinds(&board).contains(&"zone.unclaimed"));
        assert!(board.zones.iter().all(|row| row.zone.is_some()));
    }

    #[test]
    fn a_silent_cluster_is_one_finding_and_history_everywhere() {
        let mut world = world();
        for watch in Watch::ALL {
            world.fold(
                &name("one"),
                1,
                Fact::Watch(watch, WatchNews::Heard),
                at(840),
            );
        }
        let board = judge(&config(), &world, at(840));
        let silent = board
            .findings
            .iter()
            .filter(|finding| finding.cluster == name("two"));
        assert_eq!(
            silent.map(|finding| finding.kind.0).collect::<Vec<_>>(),
            ["cluster.silent"]
        );
        let two = &board.zones[0].clusters[1];
        assert_eq!(two.freshness, Freshness::Silent(840));
        assert_eq!(two.cells[0].level, Level::Unknown);
        assert_eq!(
            (two.cells[0].was, two.cells[1].was),
            (Some(Level::Ok), Some(Level::Crit))
        );
    }

    #[test]
    fn a_relist_that_fails_for_ever_grows_late_and_silent_whatever_bytes_arrive() {
        let mut world = world();
        let one = name("one");
        for watch in Watch::ALL {
            world.fold(&one, 1, Fact::Watch(watch, WatchNews::Heard), at(10));
        }
        let failed = || WatchNews::Failed(SafeText::new("the server answered 500: page 2"));
        for seconds in 11..=131 {
            for watch in Watch::ALL {
                let news = match watch {
                    Watch::Pods if seconds % 5 == 1 => failed(),
                    _ => WatchNews::Heard,
                };
                world.fold(&one, 1, Fact::Watch(watch, news), at(seconds));
            }
            let cell = judge(&config(), &world, at(seconds)).zones[0].clusters[0].clone();
            match seconds {
                ..70 => assert_eq!(cell.freshness, Freshness::Live, "{seconds}"),
                70..=130 => assert_eq!(cell.freshness, Freshness::Late(seconds - 10)),
                _ => assert_eq!(cell.freshness, Freshness::Silent(seconds - 10)),
            }
            if seconds > 130 {
                assert_eq!(cell.cells[0].level, Level::Unknown);
                assert_eq!(cell.cells[0].was, Some(Level::Ok));
            }
        }
        world.fold(&one, 1, Fact::Pods(Delta::Swap(Vec::new())), at(132));
        let row = judge(&config(), &world, at(132)).zones[0].clusters[0].clone();
        assert_eq!(row.freshness, Freshness::Live, "a complete list mends it");
    }

    #[test]
    fn a_watch_that_was_never_read_is_unknown_and_says_why() {
        let (mut other, one) = (World::default(), name("one"));
        other.connect(one.clone(), 2);
        other.fold(&one, 2, greeting(super::super::fixtures::UID), at(1));
        for watch in [Watch::Nodes, Watch::Restores] {
            let why = SafeText::new("the server answered 500: x");
            let failed = Fact::Watch(watch, WatchNews::Failed(why));
            other.fold(&one, 2, failed, at(1));
        }
        let spaces = vec![namespace("pacs", "clinical")];
        for fact in [
            Fact::Namespaces(Delta::Swap(spaces)),
            Fact::Deployments(Delta::Swap(Vec::new())),
            Fact::Pods(Delta::Swap(Vec::new())),
        ] {
            other.fold(&one, 2, fact, at(1));
        }
        let board = judge(&config(), &other, at(2));
        let cell = &board.zones[0].clusters[0].cells[0];
        assert_eq!(
            (cell.level, cell.figure.as_str()),
            (Level::Unknown, "never")
        );
        let unread: Vec<&Finding> = (board.findings.iter())
            .filter(|finding| finding.kind.0 == "cluster.unread")
            .collect();
        assert_eq!(unread.len(), 2, "one for each cluster");
        let of = |cluster: &str| unread.iter().find(|one| one.cluster == name(cluster));
        assert_eq!(
            of("one").unwrap().sentence.as_str(),
            "nodes, restores.velero.io could not be read on one"
        );
        assert_eq!(of("one").unwrap().why.len(), 1);
        assert_eq!(
            of("two").unwrap().sentence.as_str(),
            "two is not known: not asked yet"
        );
    }

    #[test]
    fn a_cluster_that_no_zone_names_and_that_never_answered_is_unknown() {
        let mut config = config();
        config.zones.retain(|zone| zone.name.as_str() == "research");
        let mut world = world();
        world.connect(name("one"), 2);
        let board = judge(&config, &world, at(2));
        assert_eq!(board.level(), Level::Unknown);
        assert!(kinds(&board).contains(&"cluster.unread"));
    }

    #[test]
    fn when_all_fail_alike_the_first_finding_says_to_look_on_this_side() {
        let mut world = world();
        for cluster in ["one", "two"] {
            let why = SafeText::new("no route to host");
            world.fold(&name(cluster), 1, Fact::Unreachable(why), at(300));
        }
        let board = judge(&config(), &world, at(300));
        assert_eq!(kinds(&board), ["cluster.silent"]);
        assert_eq!(board.findings[0].cluster.as_str(), "all 2");
        assert!(
            board.findings[0].why[0]
                .as_str()
                .contains("look on this side first")
        );
        assert_eq!(board.level(), Level::Unknown);
    }

    #[test]
    fn what_may_not_be_read_or_was_never_asked_is_never_well() {
        let mut world = world();
        let why = SafeText::new("list pods is not yours");
        world.fold(
            &name("one"),
            1,
            Fact::Watch(Watch::Pods, WatchNews::Forbidden(why)),
            at(1),
        );
        let board = judge(&config(), &world, at(2));
        let cell = &board.zones[0].clusters[0].cells[0];
        assert_eq!(
            (cell.level, cell.figure.as_str()),
            (Level::Unknown, "no right")
        );
        assert!(kinds(&board).contains(&"cluster.forbidden"));
        let board = judge(&config(), &World::default(), at(2));
        let cells = board
            .zones
            .iter()
            .flat_map(|zone| &zone.clusters)
            .flat_map(|row| &row.cells);
        assert!(cells.into_iter().all(|cell| cell.level == Level::Unknown));
    }

    #[test]
    fn another_uid_and_another_key_are_critical() {
        let mut world = world();
        world.fold(&name("one"), 1, greeting("other"), at(1));
        let keys = Fact::OtherCa {
            expected: SafeText::new("aa"),
            found: SafeText::new("bb"),
        };
        world.fold(&name("two"), 1, keys, at(1));
        let board = judge(&config(), &world, at(2));
        assert!(
            kinds(&board).contains(&"cluster.other-uid")
                && kinds(&board).contains(&"cluster.other-ca")
        );
        assert!(!kinds(&board).contains(&"cluster.silent"));
    }

    #[test]
    fn a_clock_that_goes_wrong_later_is_a_finding_and_goes_when_it_is_set() {
        let mut world = world();
        assert!(!kinds(&judge(&config(), &world, at(1))).contains(&"cluster.clock"));
        world.fold(&name("one"), 1, Fact::Clock(-94), at(2));
        assert!(kinds(&judge(&config(), &world, at(2))).contains(&"cluster.clock"));
        world.fold(&name("one"), 1, Fact::Clock(0), at(3));
        assert!(!kinds(&judge(&config(), &world, at(3))).contains(&"cluster.clock"));
    }

    #[test]
    fn a_cluster_that_nobody_is_signed_in_to_is_unknown_and_says_so() {
        let mut world = world();
        world.sign_out(name("two"));
        let late = Fact::Watch(Watch::Pods, WatchNews::Heard);
        world.fold(&name("two"), 1, late, at(1));
        let board = judge(&config(), &world, at(2));
        let two = &board.zones[0].clusters[1];
        let known = |cell: &&Cell| !matches!(cell.level, Level::Unknown | Level::Absent);
        assert_eq!(two.cells.iter().find(known), None);
        assert_eq!(two.cells[0].level, Level::Unknown);
        let said = (board.findings.iter()).filter(|one| one.cluster == name("two"));
        let said: Vec<&str> = said.map(|one| one.sentence.as_str()).collect();
        assert_eq!(said, ["two is not read: not signed in"]);
    }

    #[test]
    fn a_namespace_that_a_zone_names_and_that_is_gone_is_critical() {
        let mut world = world();
        world.fold(
            &name("two"),
            1,
            Fact::Namespaces(Delta::Delete(vec![namespace("emr", "")])),
            at(7),
        );
        let board = judge(&config(), &world, at(9));
        let gone = board
            .findings
            .iter()
            .find(|finding| finding.kind.0 == "zone.namespace-missing")
            .unwrap();
        assert_eq!(
            (gone.object.namespace.as_str(), gone.since.at()),
            ("emr", at(7).wall)
        );
        assert_eq!(board.zones[0].clusters[1].cells[0].figure, "1 gone");
    }

    #[test]
    fn an_applications_namespace_that_only_a_backup_remembers_is_missing_there() {
        let mut world = world();
        let missing = |world: &World| {
            let board = judge(&config(), world, at(9));
            let of = |one: &Finding| one.object.namespace == "ehr" && one.cluster == name("one");
            let mut told = board.findings.into_iter().filter(of);
            told.any(|one| one.kind.0 == "zone.namespace-missing")
        };
        assert!(!missing(&world), "it may live on the other cluster");
        let kept = backup("daily", "2026-08-15T03:00:00Z", &["ehr"]);
        world.fold(
            &name("one"),
            1,
            Fact::Backups(Delta::Swap(vec![parse(kept)])),
            at(8),
        );
        assert!(missing(&world), "its backup says that it was here");
    }

    #[test]
    fn a_namespace_that_is_being_deleted_is_critical_and_says_what_holds_it() {
        let mut world = world();
        let mut leaving = json!({"metadata": meta("", "emr"), "status": {"phase": "Terminating", "conditions": [
            {"type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining: configmaps."},
            {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "All content deleted"},
            {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "example.com/hold in 1 resource instances"}
        ]}});
        leaving["metadata"]["deletionTimestamp"] = json!("2026-08-15T04:54:05Z");
        let seen = Fact::Namespaces(Delta::Apply(vec![parse(leaving)]));
        world.fold(&name("two"), 1, seen, at(7));
        let board = judge(&config(), &world, at(9));
        let mut told = board.findings.iter();
        let told = told
            .find(|finding| finding.kind.0 == "zone.namespace-leaving")
            .unwrap();
        assert_eq!((told.level, told.since.at()), (Level::Crit, at(5).wall));
        let why: Vec<&str> = told.why.iter().map(SafeText::as_str).collect();
        assert_eq!(why[0], "example.com/hold in 1 resource instances");
        assert_eq!(why[1], "Some resources are remaining: configmaps.");
        let cell = &board.zones[0].clusters[1].cells[0];
        assert_eq!((cell.level, cell.figure.as_str()), (Level::Crit, "1 going"));
    }

    #[test]
    fn a_server_that_lost_its_store_is_not_live_however_much_its_watches_say() {
        let mut world = world();
        let hear = |world: &mut World, at| {
            for watch in Watch::ALL {
                let heard = Fact::Watch(watch, WatchNews::Heard);
                world.fold(&name("one"), 1, heard, at);
            }
        };
        let why = SafeText::new("no answer in time");
        world.fold(&name("one"), 1, Fact::Quorum(None), at(20));
        world.fold(&name("one"), 1, Fact::Quorum(Some(why)), at(50));
        hear(&mut world, at(150));
        let board = judge(&config(), &world, at(150));
        let told = (board.findings.iter())
            .find(|one| one.kind.0 == "cluster.silent" && one.cluster == name("one"));
        let told = told.unwrap();
        assert_eq!(
            (told.cluster.as_str(), told.since.at()),
            ("one", at(20).wall)
        );
        assert!(
            told.sentence.as_str().contains("(etcd)"),
            "{}",
            told.sentence
        );
        assert_eq!(board.zones[0].clusters[0].cells[0].figure, "silent");
        world.fold(&name("one"), 1, Fact::Quorum(None), at(151));
        hear(&mut world, at(151));
        let board = judge(&config(), &world, at(152));
        let silent = |one: &&Finding| one.kind.0 == "cluster.silent" && one.cluster == name("one");
        assert_eq!(board.findings.iter().find(silent), None, "it is back");
    }

    #[test]
    fn many_kinds_that_may_not_be_read_are_counted_and_what_to_do_comes_second() {
        let mut world = world();
        for watch in [Watch::Nodes, Watch::Pods, Watch::Deployments] {
            let why = SafeText::from(format!("list {} is not yours", watch.resource()));
            let news = Fact::Watch(watch, WatchNews::Forbidden(why));
            world.fold(&name("one"), 1, news, at(1));
        }
        let board = judge(&config(), &world, at(2));
        let told = (board.findings.iter()).find(|one| one.kind.0 == "cluster.forbidden");
        let told = told.unwrap();
        assert_eq!(
            told.sentence.as_str(),
            "3 kinds cannot be read on one: nodes, deployments.apps, pods"
        );
        assert!(told.why[1].as_str().contains("rbac emit"), "{:?}", told.why);
    }
}

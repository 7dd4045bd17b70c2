//! What the zone screen shows, cluster by cluster.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Cause;
use super::Detail;
use super::NodeLine;
use super::WORKLOADS;
use super::WorkloadRow;
use super::workload;
use super::workload::Workload;
use crate::config::Config;
use crate::config::ZoneName;
use crate::sources::fact::Watch;
use crate::sources::ground::Ground;
use crate::sources::kinds::namespace::Namespace;
use crate::sources::level::Level;
use crate::sources::moment::Moment;
use crate::sources::world::ClusterWorld;
use crate::sources::world::Standing;
use crate::sources::world::World;
use crate::text::SafeText;
use crate::text::age;

/// Everything about one zone; `None` is `NO ZONE`.
pub fn detail(config: &Config, world: &World, zone: Option<&ZoneName>, now: Moment) -> Detail {
    let nothing = ClusterWorld::default();
    let mut detail = Detail {
        zone: zone.cloned(),
        bad: Vec::new(),
        good: Vec::new(),
        causes: Vec::new(),
        nodes: Vec::new(),
        gaps: Vec::new(),
    };
    let mut causes: BTreeMap<SafeText, Cause> = BTreeMap::new();
    for cluster in &config.clusters {
        let ground = Ground::new(config, world, &cluster.name, now, &nothing);
        let member = match zone {
            Some(name) => ground.zones().any(|zone| zone.name == *name),
            None => !ground.namespaces(None).is_empty(),
        };
        if member {
            add(&ground, zone, &mut detail, &mut causes);
        }
    }
    detail.bad.sort_by(|a, b| order(a).cmp(&order(b)));
    detail.good.sort_by(|a, b| order(a).cmp(&order(b)));
    detail.causes = causes.into_values().collect();
    detail
        .causes
        .sort_by_key(|cause| std::cmp::Reverse(cause.pods.len()));
    detail
}

fn order(row: &WorkloadRow) -> (Level, &SafeText, &SafeText, &SafeText) {
    (row.level, &row.namespace, &row.name, &row.uid)
}

fn add(
    ground: &Ground<'_>,
    zone: Option<&ZoneName>,
    detail: &mut Detail,
    causes: &mut BTreeMap<SafeText, Cause>,
) {
    let standing = ground.world.standing(&WORKLOADS, ground.now);
    let (at, silent) = match &standing {
        Standing::Now(_) => (ground.now.wall, None),
        Standing::Silent(s) => (ground.heard_at(*s), Some(*s)),
        other => {
            detail.gaps.extend(gap(ground, other));
            detail.nodes.push(node_line(ground));
            return;
        }
    };
    for name in ground.missing(zone) {
        detail.bad.push(WorkloadRow {
            level: if silent.is_some() {
                Level::Unknown
            } else {
                Level::Crit
            },
            cluster: ground.cluster.clone(),
            namespace: name.clone(),
            name: SafeText::default(),
            uid: SafeText::default(),
            ready: SafeText::new("gone"),
            why: SafeText::new("the namespace is not there"),
        });
    }
    detail.bad.extend(leaving(ground, zone, silent.is_some()));
    for workload in workload::all(ground, zone, at) {
        if silent.is_none() {
            collect(&workload, at, causes);
        }
        let row = row(ground, &workload, silent);
        if workload.level == Level::Ok {
            detail.good.push(row);
        } else {
            detail.bad.push(row);
        }
    }
    detail.nodes.push(node_line(ground));
    detail.gaps.extend(odd(ground));
}

/// A row for each namespace that is on its way out.
fn leaving(ground: &Ground<'_>, zone: Option<&ZoneName>, silent: bool) -> Vec<WorkloadRow> {
    let level = match (silent, zone) {
        (true, _) => Level::Unknown,
        (false, Some(_)) => Level::Crit,
        (false, None) => Level::Warn,
    };
    let row = |namespace: &Namespace| WorkloadRow {
        level,
        cluster: ground.cluster.clone(),
        namespace: namespace.meta.name.clone(),
        name: SafeText::default(),
        uid: SafeText::default(),
        ready: SafeText::new("going"),
        why: match namespace.held.first() {
            Some(why) => SafeText::from(format!("being deleted: {why}")),
            None => SafeText::new("the namespace is being deleted"),
        },
    };
    ground.leaving(zone).into_iter().map(row).collect()
}

/// Objects that could not be understood, counted.
fn odd(ground: &Ground<'_>) -> Vec<SafeText> {
    let (pods, deployments) = (
        ground.world.pods(ground.now),
        ground.world.deployments(ground.now),
    );
    let counts = [
        (Watch::Pods, pods.known().map_or(0, |table| table.gaps())),
        (
            Watch::Deployments,
            deployments.known().map_or(0, |table| table.gaps()),
        ),
    ];
    let told = counts
        .into_iter()
        .filter(|(_, gaps)| *gaps > 0)
        .map(|(watch, gaps)| {
            format!(
                "{gaps} {} of {} cannot be understood",
                watch.resource(),
                ground.cluster
            )
        });
    told.map(SafeText::from).collect()
}

fn row(ground: &Ground<'_>, workload: &Workload<'_>, silent: Option<i64>) -> WorkloadRow {
    let ready = format!("{} of {}", workload.up, workload.wanted);
    let (level, ready, why) = match silent {
        None => (workload.level, ready, workload.clause.clone()),
        Some(s) => (
            Level::Unknown,
            format!("was {ready}"),
            SafeText::from(format!("{} ago", age(s))),
        ),
    };
    WorkloadRow {
        level,
        cluster: ground.cluster.clone(),
        namespace: workload.namespace.clone(),
        name: workload.name.clone(),
        uid: workload.uid.clone(),
        ready: SafeText::from(ready),
        why,
    }
}

fn collect(workload: &Workload<'_>, at: Timestamp, causes: &mut BTreeMap<SafeText, Cause>) {
    for (pod, why) in &workload.down {
        let since = why.since.unwrap_or(at);
        let cause = causes.entry(why.sentence.clone()).or_insert_with(|| Cause {
            sentence: why.sentence.clone(),
            pods: Vec::new(),
            since,
        });
        cause.since = cause.since.min(since);
        cause.pods.push((pod.meta.name.clone(), pod.node.clone()));
        cause.pods.sort();
    }
}

/// Why a cluster's rows are not there, in a sentence.
fn gap(ground: &Ground<'_>, standing: &Standing) -> Option<SafeText> {
    let cluster = ground.cluster;
    Some(SafeText::from(match standing {
        Standing::Asked => format!("asked {cluster}, no answer yet"),
        Standing::NoRight(why) => format!("workloads of {cluster} cannot be read: {why}"),
        Standing::Never(why) => format!("nothing is known of {cluster}: {why}"),
        _ => return None,
    }))
}

fn node_line(ground: &Ground<'_>) -> NodeLine {
    let seen = ground.world.nodes(ground.now);
    let known = seen
        .known()
        .map(|table| (table.iter().filter(|node| node.ready).count(), table.len()));
    let (level, words) = match (ground.world.standing(&[Watch::Nodes], ground.now), known) {
        (Standing::Now(_), Some((ready, all))) if ready == all => {
            (Level::Ok, format!("{ready} of {all} ready"))
        }
        (Standing::Now(_), Some((ready, all))) => {
            let lost = seen
                .known()
                .into_iter()
                .flat_map(|table| table.iter())
                .filter(|node| !node.ready);
            let lost: Vec<String> = lost
                .map(|node| format!("{}: {}", node.meta.name, node.why))
                .collect();
            (
                Level::Warn,
                format!("{ready} of {all} ready; {}", lost.join("; ")),
            )
        }
        (Standing::Silent(s), Some((ready, all))) => (
            Level::Unknown,
            format!("was {ready} of {all} ready, {} ago", age(s)),
        ),
        (Standing::NoRight(why), _) => (Level::Unknown, format!("nodes cannot be read: {why}")),
        (Standing::Never(why), _) => (Level::Unknown, why.to_string()),
        _ => (Level::Unknown, "asked".to_owned()),
    };
    NodeLine {
        level,
        cluster: ground.cluster.clone(),
        words: SafeText::from(words),
    }
}

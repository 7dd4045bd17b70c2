//! The sentences about zones, workloads and nodes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::WORKLOADS;
use super::cause::Fault;
use super::workload;
use super::workload::Workload;
use crate::config::ZoneName;
use crate::sources::fact::Watch;
use crate::sources::finding::Finding;
use crate::sources::finding::ObjectRef;
use crate::sources::finding::Since;
use crate::sources::ground::Ground;
use crate::sources::level::Level;
use crate::sources::world::Standing;
use crate::text::SafeText;

/// Most causes that one finding lists.
const CAUSES: usize = 3;

/// What is wrong with zones, workloads and nodes of one cluster; nothing while the cluster is silent.
pub fn findings(ground: &Ground<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if !matches!(
        ground.world.standing(&[Watch::Namespaces], ground.now),
        Standing::Now(_)
    ) {
        return found;
    }
    membership(ground, &mut found);
    if matches!(
        ground.world.standing(&WORKLOADS, ground.now),
        Standing::Now(_)
    ) {
        let zones: Vec<Option<ZoneName>> = ground
            .zones()
            .map(|zone| Some(zone.name.clone()))
            .chain(std::iter::once(None))
            .collect();
        let mut told = BTreeSet::new();
        for zone in &zones {
            for workload in workload::all(ground, zone.as_ref(), ground.now.wall) {
                if workload.level != Level::Ok
                    && told.insert((
                        workload.kind.clone(),
                        workload.namespace.clone(),
                        workload.name.clone(),
                    ))
                {
                    found.push(of_workload(ground, &workload));
                }
            }
        }
    }
    found.extend(nodes(ground));
    found
}

fn membership(ground: &Ground<'_>, found: &mut Vec<Finding>) {
    for zone in ground.zones() {
        for name in ground.missing(Some(&zone.name)) {
            let sentence = format!(
                "{name}: the namespace is not there; zone {} names it",
                zone.name
            );
            let finding = ground.finding(
                "zone.namespace-missing",
                Level::Crit,
                namespace(ground, name),
                sentence,
            );
            let since = ground
                .world
                .missing_since(name.as_str())
                .unwrap_or(ground.now.wall);
            let why = SafeText::from(format!(
                "{} lists its namespaces without it",
                ground.cluster
            ));
            found.push(Finding {
                since: Since::Seen(since),
                why: vec![why],
                ..finding
            });
        }
    }
    leaving(ground, found);
    for (name, zones) in ground.overlaps() {
        let zones: Vec<String> = zones.iter().map(ToString::to_string).collect();
        let sentence = format!(
            "{name} stands in {} zones: {}",
            zones.len(),
            zones.join(", ")
        );
        let finding = ground.finding(
            "zone.overlap",
            Level::Warn,
            namespace(ground, &name),
            sentence,
        );
        let why =
            SafeText::new("it is judged in each; take it out of all but one in the configuration");
        found.push(Finding {
            since: created(ground, &name),
            why: vec![why],
            ..finding
        });
    }
    found.extend(unclaimed(ground));
}

/// Namespaces on their way out: what is in them is being taken, and a restore must wait until they are gone.
fn leaving(ground: &Ground<'_>, found: &mut Vec<Finding>) {
    let zones = ground.zones().map(|zone| (Some(&zone.name), Level::Crit));
    let mut told = BTreeSet::new();
    for (zone, level) in zones.chain(std::iter::once((None, Level::Warn))) {
        for leaving in ground.leaving(zone) {
            let name = &leaving.meta.name;
            if !told.insert(name) {
                continue;
            }
            let sentence =
                format!("{name}: the namespace is being deleted, with all that is in it");
            let object = namespace(ground, name);
            let finding = ground.finding("zone.namespace-leaving", level, object, sentence);
            let mut why = leaving.held.clone();
            why.push(SafeText::new(
                "a restore waits until it is gone: a deletion cannot be called back",
            ));
            let since = leaving.meta.deleted.map_or(finding.since, Since::Object);
            found.push(Finding {
                why,
                since,
                ..finding
            });
        }
    }
}

/// Namespaces that no zone claims, in one finding.
fn unclaimed(ground: &Ground<'_>) -> Option<Finding> {
    let unclaimed = ground.namespaces(None);
    if unclaimed.is_empty() {
        return None;
    }
    let names: Vec<&str> = unclaimed.iter().map(SafeText::as_str).collect();
    let sentence = format!("{} in no zone: {}", counted(names.len()), names.join(", "));
    let finding = ground.finding(
        "zone.unclaimed",
        Level::Warn,
        ObjectRef::default(),
        sentence,
    );
    let why = SafeText::new("name them in a zone, or in outside of [estate]");
    let since = unclaimed
        .iter()
        .map(|name| created(ground, name))
        .max_by_key(|since| since.at());
    Some(Finding {
        since: since.unwrap_or(finding.since),
        why: vec![why],
        ..finding
    })
}

fn counted(names: usize) -> String {
    if names == 1 {
        "1 namespace is".to_owned()
    } else {
        format!("{names} namespaces are")
    }
}

fn namespace(ground: &Ground<'_>, name: &SafeText) -> ObjectRef {
    let uid = ground
        .world
        .namespaces(ground.now)
        .known()
        .and_then(|table| Some(table.by_name("", name.as_str())?.meta.uid.clone()));
    ObjectRef {
        kind: SafeText::new("Namespace"),
        namespace: name.clone(),
        uid: uid.unwrap_or_default(),
        ..ObjectRef::default()
    }
}

fn created(ground: &Ground<'_>, name: &SafeText) -> Since {
    let namespaces = ground.world.namespaces(ground.now);
    let created = namespaces
        .known()
        .and_then(|table| table.by_name("", name.as_str())?.meta.created);
    created.map_or(Since::Seen(ground.now.wall), Since::Object)
}

fn of_workload(ground: &Ground<'_>, workload: &Workload<'_>) -> Finding {
    let (namespace, name) = (&workload.namespace, &workload.name);
    let down = workload.wanted - workload.up;
    let kind = match workload.fault {
        Some(Fault::ConfigMissing) => "workload.config-missing",
        Some(_) => "workload.down",
        None => "workload.restarts",
    };
    let what = match (workload.fault, down) {
        (None, _) | (_, 0) => format!("{namespace}/{name}: {}", workload.clause),
        (_, down) => format!(
            "{namespace}/{name}: {down} of {} pods down, {}",
            workload.wanted, workload.clause
        ),
    };
    let object = ObjectRef {
        kind: workload.kind.clone(),
        namespace: namespace.clone(),
        name: name.clone(),
        uid: workload.uid.clone(),
    };
    let mut why: Vec<SafeText> = Vec::new();
    for (_, cause) in &workload.down {
        if !why.contains(&cause.sentence) && why.len() < CAUSES {
            why.push(cause.sentence.clone());
        }
    }
    if why.is_empty() {
        // A long name pushes the clause out of a narrow line.
        why.push(workload.clause.clone());
    }
    let finding = ground.finding(kind, workload.level, object, what);
    Finding {
        why,
        since: workload.since.map_or(finding.since, Since::Object),
        ..finding
    }
}

fn nodes(ground: &Ground<'_>) -> Vec<Finding> {
    let seen = ground.world.nodes(ground.now);
    let Some(table) = seen.now() else {
        return Vec::new();
    };
    let lost: Vec<_> = table.iter().filter(|node| !node.ready).collect();
    let level = if lost.len() * 2 > table.len() {
        Level::Crit
    } else {
        Level::Warn
    };
    lost.into_iter()
        .map(|node| {
            let object = ObjectRef {
                kind: SafeText::new("Node"),
                name: node.meta.name.clone(),
                uid: node.meta.uid.clone(),
                ..ObjectRef::default()
            };
            let finding = ground.cluster_finding(
                "node.not-ready",
                level,
                format!("node {} is not ready", node.meta.name),
            );
            let since: Option<Timestamp> = node.since.or(node.meta.created);
            let since = since.map_or(finding.since, Since::Object);
            Finding {
                object,
                why: vec![node.why.clone()],
                since,
                ..finding
            }
        })
        .collect()
}

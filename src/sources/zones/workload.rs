//! Workloads of one zone on one cluster: Deployments, and pods that something else or nothing owns.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::cause;
use super::cause::Fault;
use super::cause::Why;
use crate::config::ZoneName;
use crate::sources::ground::Ground;
use crate::sources::kinds::Kind;
use crate::sources::kinds::deployment::Deployment;
use crate::sources::kinds::meta::Condition;
use crate::sources::kinds::pod::Pod;
use crate::sources::level::Level;
use crate::text::SafeText;

/// Restarts from which a workload is a WARN when the last one is under an hour ago.
const RESTARTS: u32 = 3;
/// Seconds in which a restart counts.
const RECENT_S: i64 = 3600;

/// One workload, judged.
#[derive(Clone, Debug)]
pub(super) struct Workload<'a> {
    /// `Deployment`, `StatefulSet`, `Pod`.
    pub(super) kind: SafeText,
    pub(super) namespace: SafeText,
    pub(super) name: SafeText,
    pub(super) uid: SafeText,
    /// Pods wanted.
    pub(super) wanted: i64,
    /// Pods that serve.
    pub(super) up: i64,
    pub(super) level: Level,
    /// What the level stands for; `None` for restarts and for what is well.
    pub(super) fault: Option<Fault>,
    /// Why, in one clause.
    pub(super) clause: SafeText,
    /// Every pod that is down, with why.
    pub(super) down: Vec<(&'a Pod, Why)>,
    /// Since when, from the objects.
    pub(super) since: Option<Timestamp>,
}

/// Every workload of one zone on one cluster, by namespace and name.
pub(super) fn all<'a>(
    ground: &'a Ground<'_>,
    zone: Option<&ZoneName>,
    at: Timestamp,
) -> Vec<Workload<'a>> {
    let nodes = ground.world.nodes(ground.now);
    let lost: BTreeMap<SafeText, SafeText> =
        (nodes.known().into_iter().flat_map(|table| table.iter()))
            .filter(|node| !node.ready)
            .map(|node| (node.meta.name.clone(), node.why.clone()))
            .collect();
    let mut found = Vec::new();
    for namespace in ground.namespaces(zone) {
        within(ground, namespace, &lost, at, &mut found);
    }
    found
}

fn within<'a>(
    ground: &'a Ground<'_>,
    namespace: &SafeText,
    lost: &BTreeMap<SafeText, SafeText>,
    at: Timestamp,
    found: &mut Vec<Workload<'a>>,
) {
    let (pods, deployments) = (
        ground.world.pods(ground.now),
        ground.world.deployments(ground.now),
    );
    let mut groups: BTreeMap<(SafeText, SafeText), Vec<&Pod>> = BTreeMap::new();
    let pods = pods.known().copied();
    for pod in pods
        .into_iter()
        .flat_map(|table| table.within(namespace.as_str()))
    {
        groups.entry(group(pod)).or_default().push(pod);
    }
    let deployments = deployments.known().copied();
    for deployment in deployments
        .into_iter()
        .flat_map(|table| table.within(namespace.as_str()))
    {
        let key = (SafeText::new("Deployment"), deployment.meta.name.clone());
        let pods = groups.remove(&key).unwrap_or_default();
        found.push(of_deployment(deployment, &pods, lost, at));
    }
    found.extend(
        groups
            .into_iter()
            .filter_map(|((kind, name), pods)| of_pods(kind, name, &pods, lost, at)),
    );
}

/// What a pod is counted under: its Deployment, its other owner, or itself.
fn group(pod: &Pod) -> (SafeText, SafeText) {
    match (pod.deployment(), &pod.meta.owner) {
        (Some(name), _) => (SafeText::new("Deployment"), SafeText::new(name)),
        (None, Some(owner)) => (owner.kind.clone(), owner.name.clone()),
        (None, None) => (SafeText::new("Pod"), pod.meta.name.clone()),
    }
}

fn judge<'a>(
    pods: &[&'a Pod],
    lost: &BTreeMap<SafeText, SafeText>,
    at: Timestamp,
) -> Vec<(&'a Pod, Why)> {
    let mut down: Vec<(&Pod, Why)> = pods
        .iter()
        .filter_map(|pod| Some((*pod, cause::of(pod, lost.get(&pod.node), at)?)))
        .collect();
    down.sort_by(|(a, why_a), (b, why_b)| {
        (why_a.fault, &a.meta.name).cmp(&(why_b.fault, &b.meta.name))
    });
    down
}

fn of_deployment<'a>(
    deployment: &Deployment,
    pods: &[&'a Pod],
    lost: &BTreeMap<SafeText, SafeText>,
    at: Timestamp,
) -> Workload<'a> {
    let down = judge(pods, lost, at);
    let first = down.first().map(|(_, why)| why.clone());
    let (level, fault, clause) = match (deployment.whole(), &first) {
        (true, Some(why)) if why.fault != Fault::Moving => (
            Level::Warn,
            Some(why.fault),
            SafeText::from(format!("its new pods do not start: {}", why.clause)),
        ),
        (true, _) => (Level::Ok, None, SafeText::default()),
        (false, Some(why)) if why.fault != Fault::Moving => {
            (Level::Crit, Some(why.fault), why.clause.clone())
        }
        (false, why) => stuck(deployment, why.as_ref()),
    };
    let restarts = restarted(pods, at).filter(|_| level == Level::Ok);
    let available =
        Condition::find(&deployment.conditions, "Available").filter(|condition| !condition.holds());
    let workload = Workload {
        kind: SafeText::new(Deployment::KIND),
        namespace: deployment.meta.namespace.clone(),
        name: deployment.meta.name.clone(),
        uid: deployment.meta.uid.clone(),
        wanted: deployment.wanted,
        up: deployment.available.min(deployment.wanted),
        level,
        fault,
        clause,
        since: earliest(&down).or(available.and_then(|condition| condition.since)),
        down,
    };
    with_restarts(workload, restarts)
}

/// A Deployment that is short of pods although none of its pods has a fault.
fn stuck(deployment: &Deployment, why: Option<&Why>) -> (Level, Option<Fault>, SafeText) {
    let refused = Condition::find(&deployment.conditions, "ReplicaFailure")
        .filter(|condition| condition.holds());
    let late = Condition::find(&deployment.conditions, "Progressing")
        .filter(|condition| condition.status == "False");
    match (refused, late, why) {
        (Some(refused), _, _) => (
            Level::Crit,
            Some(Fault::Down),
            SafeText::from(format!("pods cannot be made: {}", refused.message)),
        ),
        (None, Some(late), _) => (Level::Crit, Some(Fault::Down), late.message.clone()),
        (None, None, Some(why)) => (Level::Warn, Some(Fault::Moving), why.clause.clone()),
        (None, None, None) => (
            Level::Warn,
            Some(Fault::Moving),
            SafeText::new("its pods are being made"),
        ),
    }
}

fn of_pods<'a>(
    kind: SafeText,
    name: SafeText,
    pods: &[&'a Pod],
    lost: &BTreeMap<SafeText, SafeText>,
    at: Timestamp,
) -> Option<Workload<'a>> {
    let judged: Vec<&Pod> = pods
        .iter()
        .copied()
        .filter(|pod| !pod.completed())
        .collect();
    let first = judged.first()?;
    let (namespace, down) = (first.meta.namespace.clone(), judge(&judged, lost, at));
    let uid = if kind == "Pod" {
        first.meta.uid.clone()
    } else {
        SafeText::default()
    };
    let worst = down.first().map(|(_, why)| (why.fault, why.clause.clone()));
    let level = match (&worst, kind.as_str()) {
        (None, _) => Level::Ok,
        (Some((Fault::Moving, _)), _) | (Some(_), "Job") => Level::Warn,
        (Some(_), _) => Level::Crit,
    };
    let wanted = i64::try_from(judged.len()).unwrap_or(i64::MAX);
    let restarts = restarted(&judged, at).filter(|_| level == Level::Ok);
    let (fault, clause) = worst.map_or((None, SafeText::default()), |(fault, clause)| {
        (Some(fault), clause)
    });
    let up = wanted - i64::try_from(down.len()).unwrap_or(0);
    let since = earliest(&down);
    Some(with_restarts(
        Workload {
            kind,
            namespace,
            name,
            uid,
            wanted,
            up,
            level,
            fault,
            clause,
            down,
            since,
        },
        restarts,
    ))
}

fn earliest(down: &[(&Pod, Why)]) -> Option<Timestamp> {
    down.iter()
        .filter(|(_, why)| why.fault != Fault::Moving)
        .filter_map(|(_, why)| why.since)
        .min()
}

/// The pod that restarted most, when it did so at least `RESTARTS` times and under an hour ago.
fn restarted(pods: &[&Pod], at: Timestamp) -> Option<(SafeText, Timestamp)> {
    let troubles = pods.iter().flat_map(|pod| pod.troubles.iter());
    let worst = troubles
        .filter(|trouble| trouble.restarts >= RESTARTS)
        .max_by_key(|trouble| trouble.restarts)?;
    let last = worst
        .ended_at
        .filter(|last| at.as_second() - last.as_second() <= RECENT_S)?;
    let why = cause::ended(worst)
        .map(|why| format!(": {}", why.clause))
        .unwrap_or_default();
    Some((
        SafeText::from(format!("restarted {} times{why}", worst.restarts)),
        last,
    ))
}

fn with_restarts(workload: Workload<'_>, restarts: Option<(SafeText, Timestamp)>) -> Workload<'_> {
    match restarts {
        Some((clause, last)) => Workload {
            level: Level::Warn,
            clause,
            since: Some(last),
            ..workload
        },
        None => workload,
    }
}

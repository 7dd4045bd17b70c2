//! Compares the backup with what is there: what a restore would create and what it would skip.
//!
//! Velero has no dry run, so its own list of the backup is compared with the names that exist now. What controllers
//! make anew by themselves is left out: it would come back with another name or be there already.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Turn;
use super::Verdict;
use super::restore;
use super::velero;
use crate::runbook::event::OutcomeClass;
use crate::runbook::plan::Frozen;
use crate::runbook::plan::Item;
use crate::runbook::reading::Answer;
use crate::runbook::reading::Gvk;
use crate::runbook::reading::Listed;
use crate::runbook::reading::Named;
use crate::runbook::reading::Reading;
use crate::runbook::reading::ResourceList;
use crate::runbook::steps::Found;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::text::SafeText;

/// Kinds whose objects are made by controllers.
const MADE_ANEW: [&str; 8] = [
    "Pod",
    "ReplicaSet",
    "Endpoints",
    "EndpointSlice",
    "Event",
    "ControllerRevision",
    "Lease",
    "PodMetrics",
];

pub(super) fn rights(ns: &str) -> Vec<(&'static str, Gvr, String)> {
    vec![
        ("create", velero("downloadrequests"), ns.to_owned()),
        ("get", velero("downloadrequests"), ns.to_owned()),
    ]
}

pub(super) fn op(turn: &Turn<'_>) -> Op {
    let frozen = turn.frozen();
    Op::DownloadRequest {
        velero: frozen.velero.clone(),
        name: format!("list-{}", turn.run.short()),
        artefact: "BackupResourceList".to_owned(),
        target: frozen.backup.clone(),
    }
}

/// Done when every object of the backup is counted.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    let Some(attempt) = turn.attempt() else {
        return Verdict::Send(op(turn));
    };
    if let Some((OutcomeClass::Refused, _, words)) = &attempt.outcome
        && !attempt.arrived
    {
        return Verdict::failed(format!(
            "{} was refused on {}: {words}",
            op(turn).line(),
            turn.run.cluster
        ));
    }
    if turn
        .sight
        .terminating(&turn.run.cluster, &turn.run.namespace, turn.now)
    {
        return Verdict::pending(format!(
            "{} is being deleted: wait until it is gone",
            turn.run.namespace
        ));
    }
    let frozen = turn.frozen();
    if frozen.create.is_empty() && frozen.left == 0 {
        return listed(turn, &attempt.name);
    }
    let reading = turn.names();
    match turn.sight.answer(&reading, turn.now) {
        Some(Answer::Names(listed)) => compared(turn, listed),
        Some(Answer::Failed(why)) => Verdict::failed(format!(
            "what exists in {} could not be listed: {why}",
            turn.run.namespace
        )),
        _ => Verdict::Need(reading),
    }
}

/// First half: what the backup holds of the namespace.
fn listed(turn: &Turn<'_>, request: &str) -> Verdict {
    let (run, frozen) = (turn.run, turn.frozen());
    let reading = Reading::Artefact {
        velero: frozen.velero.clone(),
        download_request: request.to_owned(),
    };
    let list = match turn.sight.answer(&reading, turn.now) {
        Some(Answer::Artefact(list)) => list,
        Some(Answer::Failed(why)) => {
            return Verdict::pending(format!(
                "the list of {} could not be fetched: {why}",
                frozen.backup
            ));
        }
        _ => return Verdict::Need(reading),
    };
    let (create, left) = planned(list, &run.namespace);
    if create.is_empty() && left == 0 {
        return Verdict::failed(format!(
            "backup {} holds no object of {}",
            frozen.backup, run.namespace
        ));
    }
    let words = SafeText::new(&format!(
        "{} objects in {}, {left} left to controllers",
        create.len() + left,
        frozen.backup
    ));
    let frozen = Frozen {
        create,
        left,
        ..frozen.clone()
    };
    Verdict::Done(Found {
        words,
        frozen: Some(frozen),
        through: false,
        created: Vec::new(),
    })
}

/// The objects of one namespace that a restore would bring, and how many are left to controllers.
fn planned(list: &ResourceList, namespace: &str) -> (Vec<Item>, usize) {
    let mut items = Vec::new();
    let mut left = 0;
    let accounts: Vec<&str> = objects(list, "v1/ServiceAccount", namespace).collect();
    for key in list.keys() {
        let Some(Gvk {
            group,
            version,
            kind,
        }) = Gvk::parse(key)
        else {
            continue;
        };
        for name in objects(list, key, namespace) {
            if made_anew(&kind, name, &accounts) {
                left += 1;
                continue;
            }
            let gvr = Gvr::new(&group, &version, "");
            items.push(Item {
                gvr,
                kind: kind.clone(),
                name: name.to_owned(),
                uid: None,
            });
        }
    }
    items.sort();
    (items, left)
}

/// Names of one kind in one namespace; cluster-scoped objects have no `/` and are never planned.
fn objects<'a>(
    list: &'a ResourceList,
    key: &str,
    namespace: &'a str,
) -> impl Iterator<Item = &'a str> {
    let all = list.get(key).into_iter().flatten();
    all.filter_map(move |name| name.strip_prefix(namespace)?.strip_prefix('/'))
}

/// True for what comes by itself: kinds of controllers, the root CA, the default account and its tokens.
fn made_anew(kind: &str, name: &str, accounts: &[&str]) -> bool {
    let token = |account: &&str| {
        let rest = name
            .strip_prefix(*account)
            .and_then(|rest| rest.strip_prefix("-token-"));
        rest.is_some_and(|rest| {
            rest.len() == 5 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    match kind {
        "ConfigMap" => matches!(name, "kube-root-ca.crt" | "openshift-service-ca.crt"),
        "ServiceAccount" => name == "default",
        "Secret" => accounts.iter().chain(&["default"]).any(token),
        _ => MADE_ANEW.contains(&kind),
    }
}

/// Second half: what of it exists now.
fn compared(turn: &Turn<'_>, listed: &[Listed]) -> Verdict {
    let (run, frozen) = (turn.run, turn.frozen());
    let Some(exists) = turn.sight.exists(&run.cluster, &run.namespace, turn.now) else {
        return Verdict::pending(format!("namespaces of {} are not seen", run.cluster));
    };
    if let Some(why) = turn.sight.keepers_hidden(&run.cluster, turn.now) {
        return Verdict::failed(format!(
            "whether a Kustomization keeps {} is not known on {}: {why}; ask for the role of `rbac emit`",
            run.namespace, run.cluster
        ));
    }
    let by_kind: BTreeMap<&Gvk, &Listed> =
        listed.iter().map(|listed| (&listed.gvk, listed)).collect();
    let mut found = Frozen {
        create: Vec::new(),
        skip: Vec::new(),
        collide: Vec::new(),
        unknown: Vec::new(),
        exists,
        ..frozen.clone()
    };
    for item in &frozen.create {
        let gvk = Gvk {
            group: item.gvr.group.clone(),
            version: item.gvr.version.clone(),
            kind: item.kind.clone(),
        };
        let Some(listed) = by_kind.get(&gvk) else {
            found.unknown.push(item.clone());
            continue;
        };
        let here = listed
            .objects
            .iter()
            .find(|object| object.name == item.name);
        let place = match here {
            None => &mut found.create,
            Some(object) if other(object, frozen) => &mut found.collide,
            Some(_) => &mut found.skip,
        };
        place.push(Item {
            gvr: listed.gvr.clone(),
            uid: here.map(|object| object.uid.clone()),
            ..item.clone()
        });
    }
    let unseen = |item: &&Item| found.exists && restore::unseen(listed, item);
    found.unseen = found.create.iter().filter(unseen).cloned().collect();
    let keepers = (turn.sight).keepers(&run.cluster, &run.namespace, turn.now);
    let mut keepers = keepers.into_iter().map(|one| &one.meta);
    found.kustomization = keepers
        .next()
        .map(|one| (one.namespace.to_string(), one.name.to_string()));
    found.not_held = keepers
        .map(|one| format!("{}/{}", one.namespace, one.name))
        .collect();
    let words = counted(&found, run.cluster.as_str());
    Verdict::found(words, found)
}

/// True when the object is another one than the backup holds under that name: made after the backup was taken, and not
/// restored from it. What it holds is not compared; that would need its content, a Secret's too.
fn other(object: &Named, frozen: &Frozen) -> bool {
    let taken: Option<Timestamp> = frozen.started.parse().ok();
    let later = object
        .created
        .zip(taken)
        .is_some_and(|(made, taken)| made > taken);
    later && object.backup.as_ref() != Some(&frozen.backup)
}

/// What was counted, and what of it could not be looked for.
fn counted(found: &Frozen, cluster: &str) -> String {
    let mut words = found.counts("  ");
    if found.left > 0 {
        words = format!("{words}  left to controllers {}", found.left);
    }
    let hidden = found.unseen.len();
    if hidden > 0 {
        words = format!(
            "{words} (of create, {hidden} may be there already: listing their kind is not yours)"
        );
    }
    if !found.unknown.is_empty() {
        words = format!(
            "{words}  of kinds that {cluster} does not have {}",
            found.unknown.len()
        );
    }
    if !found.not_held.is_empty() {
        words = format!(
            "{words}  Kustomizations that go on {}",
            found.not_held.len()
        );
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controllers_make_anew_is_counted_and_not_planned() {
        let list = ResourceList::from([
            (
                "v1/ConfigMap".to_owned(),
                vec!["emr/forms".to_owned(), "emr/kube-root-ca.crt".to_owned()],
            ),
            ("v1/Pod".to_owned(), vec!["emr/api-1".to_owned()]),
            (
                "v1/ServiceAccount".to_owned(),
                vec!["emr/default".to_owned(), "emr/api".to_owned()],
            ),
            (
                "v1/Secret".to_owned(),
                vec!["emr/api-token-x7k2p".to_owned(), "emr/db".to_owned()],
            ),
            (
                "apps/v1/Deployment".to_owned(),
                vec!["emr/api".to_owned(), "emr2/api".to_owned()],
            ),
            ("v1/PersistentVolume".to_owned(), vec!["pvc-1".to_owned()]),
        ]);
        let (items, left) = planned(&list, "emr");
        let names: Vec<String> = items
            .iter()
            .map(|item| format!("{}/{}", item.kind, item.name))
            .collect();
        assert_eq!(
            names,
            [
                "ConfigMap/forms",
                "Secret/db",
                "ServiceAccount/api",
                "Deployment/api"
            ]
        );
        assert_eq!(left, 4);
    }
}

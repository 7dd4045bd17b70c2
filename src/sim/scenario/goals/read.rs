//! Reads the goals of a scenario file.

use crate::sim::store::resources::{BACKUPSTORAGELOCATIONS, KUSTOMIZATIONS};

use super::super::ScenarioError;
use super::super::act::known_cluster;
use super::super::model::Model;
use super::super::objects::Reader;
use super::super::read::Keys;
use super::{Goal, What};

/// Every word of `is` with the keys it takes besides `name` and `is`.
const GOALS: &[(&str, &[&str])] = &[
    ("restorable", &["within", "zone", "cluster"]),
    ("ready", &["within", "cluster", "namespace"]),
    ("intact", &["within", "cluster", "namespace"]),
    ("store-available", &["within", "cluster", "store"]),
    ("in-step", &["within", "cluster", "kustomization"]),
    ("recorded", &[]),
    ("untouched", &["cluster"]),
];

/// Reads one goal.
pub(in crate::sim::scenario) fn read(
    keys: &Keys<'_>,
    model: &Model,
) -> Result<Goal, ScenarioError> {
    let word = keys.need("is", "\"restorable\"")?;
    let Some((is, own)) = GOALS.iter().find(|(is, _)| *is == word.value) else {
        let known: Vec<&str> = GOALS.iter().map(|(is, _)| *is).collect();
        let sentence = format!(
            "is = {:?} is no goal; choose from {}",
            word.value,
            known.join(", ")
        );
        return Err(keys.origin.error(word.at, sentence));
    };
    let mut known = vec!["name", "is"];
    known.extend(*own);
    let mut named = keys.clone();
    named.name = format!("[[goal]] {is}");
    named.only(&known)?;
    let what = match *is {
        "recorded" => What::Recorded,
        "untouched" => What::Untouched {
            cluster: cluster(&named, model)?,
        },
        "restorable" => restorable(&named, model)?,
        is => of_object(is, &named, model)?,
    };
    let within = if own.contains(&"within") {
        Some(named.need_time("within")?)
    } else {
        None
    };
    Ok(Goal {
        name: named.need("name", "\"EHR serves again\"")?.value.to_owned(),
        within,
        what,
    })
}

fn cluster(keys: &Keys<'_>, model: &Model) -> Result<Option<String>, ScenarioError> {
    let found = keys.text("cluster")?;
    if let Some(found) = found {
        known_cluster(keys, found, model)?;
    }
    Ok(found.map(|found| found.value.to_owned()))
}

fn restorable(keys: &Keys<'_>, model: &Model) -> Result<What, ScenarioError> {
    let found = keys.need("zone", "\"clinical\"")?;
    let zone = model.zones.iter().find(|zone| zone.name == found.value);
    let Some(zone) = zone else {
        let names: Vec<&str> = model.zones.iter().map(|zone| zone.name.as_str()).collect();
        let sentence = format!(
            "there is no zone {:?} in the simulated estate; choose from {}",
            found.value,
            names.join(", ")
        );
        return Err(keys.origin.error(found.at, sentence));
    };
    Ok(What::Restorable {
        zone: zone.clone(),
        cluster: cluster(keys, model)?,
    })
}

fn of_object(is: &str, keys: &Keys<'_>, model: &Model) -> Result<What, ScenarioError> {
    let place = keys.need("cluster", "\"sth-prod\"")?;
    known_cluster(keys, place, model)?;
    let reader = Reader {
        keys: keys.clone(),
        model,
        cluster: place.value,
    };
    let cluster = place.value.to_owned();
    let named = |key: &str, res, ns: &str| {
        let found = keys.need(key, "\"name\"")?;
        if model.has(place.value, res, Some(ns), found.value) {
            return Ok(found.value.to_owned());
        }
        Err(reader.absent(found, res, Some(ns)))
    };
    Ok(match is {
        "ready" => What::Ready {
            cluster,
            namespace: reader.namespace()?,
        },
        "intact" => What::Intact {
            cluster,
            namespace: reader.namespace()?,
        },
        "store-available" => What::Store {
            cluster,
            store: named("store", &BACKUPSTORAGELOCATIONS, "velero")?,
        },
        _ => What::InStep {
            cluster,
            kustomization: named("kustomization", &KUSTOMIZATIONS, "flux-system")?,
        },
    })
}

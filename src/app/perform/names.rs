//! What a run asks about many objects: which of them are there, and what a backup holds.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::config::Pem;
use crate::runbook::reading::Answer;
use crate::runbook::reading::Gvk;
use crate::runbook::reading::Listed;
use crate::runbook::reading::Named;
use crate::runbook::reading::ResourceList;
use crate::sources::cluster::Link;
use crate::sources::cluster::Named as Metadata;
use crate::sources::cluster::artefact::fetch_artefact;
use crate::sources::cluster::fault::Fault;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::text::SafeText;

/// Label that Velero puts on what it restores.
const RESTORE_LABEL: &str = "velero.io/restore-name";
/// The same, with the backup that it came from.
const BACKUP_LABEL: &str = "velero.io/backup-name";

/// The objects of these kinds in one namespace. Kinds that the cluster does not serve are left out;
/// what this person may not list is not asked for and is marked so.
pub(super) async fn names(link: &Link, namespace: &str, kinds: &[Gvk]) -> Answer {
    let mut listed = Vec::new();
    for gvk in kinds {
        match one_kind(link, namespace, gvk).await {
            Ok(Some(found)) => listed.push(found),
            Ok(None) => {}
            Err(fault) => {
                return Answer::Failed(SafeText::new(&format!(
                    "{} of {namespace} could not be listed: {fault}",
                    gvk.kind
                )));
            }
        }
    }
    Answer::Names(listed)
}

async fn one_kind(link: &Link, namespace: &str, gvk: &Gvk) -> Result<Option<Listed>, Fault> {
    let Some(resource) = link
        .reader()
        .resource(&gvk.group, &gvk.version, &gvk.kind)
        .await?
    else {
        return Ok(None);
    };
    let (allowed, _) = link
        .review(&Op::Review {
            verb: "list".to_owned(),
            gvr: resource.gvr.clone(),
            namespace: Some(namespace.to_owned()),
        })
        .await;
    if allowed == Ok(false) {
        return Ok(Some(Listed {
            gvk: gvk.clone(),
            gvr: resource.gvr,
            allowed: false,
            objects: Vec::new(),
        }));
    }
    let found = match link.reader().names(&resource.gvr, Some(namespace)).await {
        Ok(found) => found,
        Err(Fault::NotFound) => Vec::new(),
        Err(fault) => return Err(fault),
    };
    let objects = found.into_iter().map(named).collect();
    Ok(Some(Listed {
        gvk: gvk.clone(),
        gvr: resource.gvr,
        allowed: true,
        objects,
    }))
}

fn named(mut one: Metadata) -> Named {
    Named {
        restore: one.labels.remove(RESTORE_LABEL),
        backup: one.labels.remove(BACKUP_LABEL),
        created: one.creation_timestamp.parse().ok(),
        name: one.name,
        uid: one.uid,
        resource_version: one.resource_version,
        going: one.going,
        written: one.written,
    }
}

/// One object by its name; an empty list when it is not there.
pub(super) async fn one(
    link: &Link,
    namespace: &str,
    (kind, gvr): (&Gvk, &Gvr),
    name: &str,
) -> Answer {
    let (allowed, found) = match link.reader().named(gvr, namespace, name).await {
        Ok(found) => (true, found),
        Err(Fault::NotFound) => (true, None),
        Err(Fault::Forbidden(_)) => (false, None),
        Err(fault) => {
            let words = format!("{} {name} could not be looked at: {fault}", kind.kind);
            return Answer::Failed(SafeText::new(&words));
        }
    };
    Answer::Names(vec![Listed {
        gvk: kind.clone(),
        gvr: gvr.clone(),
        allowed,
        objects: found.into_iter().map(named).collect(),
    }])
}

/// What stands at the address that Velero gave. The address is a secret: it is neither shown nor kept.
pub(super) async fn artefact(link: &Link, velero: &str, name: &str) -> Answer {
    let gvr = Gvr::new("velero.io", "v1", "downloadrequests");
    let object = match link.object(&gvr, Some(velero), name).await {
        Ok(Some(object)) => object,
        Ok(None) => {
            return Answer::Failed(SafeText::new(&format!(
                "DownloadRequest {name} is gone; Velero forgets them after ten minutes"
            )));
        }
        Err(why) => return Answer::Failed(why),
    };
    let Some(url) = object
        .pointer("/status/downloadURL")
        .and_then(Value::as_str)
    else {
        return Answer::Failed(SafeText::new(&format!(
            "Velero has not yet answered DownloadRequest {name}"
        )));
    };
    // The stores' authorities only add to what is trusted; where they cannot be read the system's own must do.
    let stores = Gvr::new("velero.io", "v1", "backupstoragelocations");
    let path = stores.path(Some(velero), None);
    let authorities = link
        .reader()
        .get_json(&path)
        .await
        .map(|list| authorities(&list))
        .unwrap_or_default();
    match fetch_artefact(url, &authorities).await {
        Ok(bytes) => match serde_json::from_slice(&bytes).map(listed) {
            Ok(list) => Answer::Artefact(list),
            Err(_) => Answer::Failed(SafeText::new(
                "what Velero keeps about the backup is not a list of objects",
            )),
        },
        Err(fault) => Answer::Failed(SafeText::new(&format!(
            "what Velero keeps about the backup could not be fetched from its store: {fault}"
        ))),
    }
}

/// A list of what a backup holds, its texts safe.
fn listed(list: BTreeMap<SafeText, Vec<SafeText>>) -> ResourceList {
    let each = |(kind, names): (SafeText, Vec<SafeText>)| {
        let names = names.iter().map(SafeText::to_string);
        (kind.to_string(), names.collect())
    };
    list.into_iter().map(each).collect()
}

/// The certificates, DER, of every authority that a list of stores names; what is no certificate is left out.
fn authorities(stores: &Value) -> Vec<Vec<u8>> {
    let items = stores.pointer("/items").and_then(Value::as_array);
    let certificates = (items.into_iter().flatten())
        .filter_map(|store| store.pointer("/spec/objectStorage/caCert")?.as_str())
        .filter_map(|encoded| STANDARD.decode(encoded.trim()).ok())
        .filter_map(|pem| Pem::new(Path::new("caCert"), &pem).ok());
    let mut found: Vec<Vec<u8>> = certificates
        .flat_map(|pem| {
            let each = pem.certificates().into_iter();
            each.map(|one| one.to_vec()).collect::<Vec<_>>()
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_authorities_of_all_stores_are_found_once() {
        let pem = include_bytes!("../../../tests/config/good/ca.crt");
        let expected = Pem::new(Path::new("ca.crt"), pem).unwrap();
        let store = |authority: Value| json!({"spec": {"objectStorage": {"bucket": "b", "caCert": authority}}});
        let list = json!({"items": [
            store(json!(STANDARD.encode(pem))),
            store(json!(STANDARD.encode(pem))),
            store(json!(STANDARD.encode("no certificate"))),
            store(json!("?")),
            store(Value::Null),
            json!({"spec": {}}),
        ]});
        assert_eq!(authorities(&list), [expected.certificates()[0].to_vec()]);
        assert!(authorities(&Value::Null).is_empty());
    }
}

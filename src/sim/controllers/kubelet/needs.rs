//! What a pod needs before it can start: the config maps and secrets it names.

use serde_json::Value;

use crate::sim::store::resources::{CONFIGMAPS, EVENTS, SECRETS};
use crate::sim::store::{Resource, Store, meta};

use super::super::events::{self, Said};
use super::Desk;

/// The sentence about a volume whose config map or secret is not there.
pub(super) fn missing_volume(store: &Store, pod: &Value) -> Option<String> {
    meta::list(pod, "/spec/volumes").iter().find_map(|volume| {
        let map = (
            &volume["configMap"]["name"],
            &volume["configMap"]["optional"],
        );
        let secret = (
            &volume["secret"]["secretName"],
            &volume["secret"]["optional"],
        );
        let words = absent(store, pod, &CONFIGMAPS, map)
            .or_else(|| absent(store, pod, &SECRETS, secret))?;
        let name = volume["name"].as_str().unwrap_or("");
        Some(format!(
            "MountVolume.SetUp failed for volume \"{name}\" : {words}"
        ))
    })
}

/// The sentence about an environment whose config map or secret is not there.
pub(super) fn missing_config(store: &Store, pod: &Value, container: &Value) -> Option<String> {
    let whole = meta::list(container, "/envFrom").iter().find_map(|from| {
        let map = (
            &from["configMapRef"]["name"],
            &from["configMapRef"]["optional"],
        );
        let secret = (&from["secretRef"]["name"], &from["secretRef"]["optional"]);
        absent(store, pod, &CONFIGMAPS, map).or_else(|| absent(store, pod, &SECRETS, secret))
    });
    whole.or_else(|| {
        meta::list(container, "/env").iter().find_map(|one| {
            let map = &one["valueFrom"]["configMapKeyRef"];
            let secret = &one["valueFrom"]["secretKeyRef"];
            absent(store, pod, &CONFIGMAPS, (&map["name"], &map["optional"]))
                .or_else(|| absent(store, pod, &SECRETS, (&secret["name"], &secret["optional"])))
        })
    })
}

fn absent(
    store: &Store,
    pod: &Value,
    res: &'static Resource,
    (name, optional): (&Value, &Value),
) -> Option<String> {
    let name = name.as_str().filter(|name| !name.is_empty())?;
    if *optional == true || store.get(res, Some(meta::namespace(pod)), name).is_some() {
        return None;
    }
    Some(format!("{} \"{name}\" not found", res.singular))
}

/// True when the pod's kubelet has already said that a volume is missing.
pub(super) fn said(desk: &Desk<'_>, words: &str) -> bool {
    let said = Said {
        by: "kubelet",
        host: "",
        warning: true,
        reason: "FailedMount",
        message: words,
    };
    let name = events::name(&desk.pod, &said);
    let space = Some(meta::namespace(&desk.pod));
    desk.store.get(&EVENTS, space, &name).is_some()
}

//! Who controls an object, adoption of orphans, and the hash in a pod's name.

use serde_json::{Value, json};

use crate::sim::store::{Resource, Store, meta};

use super::selector;

/// The letters of a hash in a name: no vowels, so that no words appear.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The uid of the object's controller; empty when it has none.
pub(in crate::sim) fn controller(object: &Value) -> &str {
    let owners = meta::list(object, "/metadata/ownerReferences");
    let found = owners.iter().find(|owner| owner["controller"] == true);
    found.and_then(|owner| owner["uid"].as_str()).unwrap_or("")
}

/// The owner reference that names `owner` as the controller.
pub(super) fn reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// Names `owner` as the controller of `object`.
pub(in crate::sim) fn owned(mut object: Value, owner: &Value) -> Value {
    object["metadata"]["ownerReferences"] = json!([reference(owner)]);
    object
}

/// The objects that `owner` controls; orphans that its selector takes are adopted first.
pub(super) fn claimed(
    store: &Store,
    res: &'static Resource,
    owner: &Value,
) -> Vec<std::sync::Arc<Value>> {
    let space = meta::namespace(owner);
    let uid = meta::uid(owner);
    let wanted = &owner["spec"]["selector"];
    let (all, _) = store.kept(res, Some(space));
    let mut mine = Vec::new();
    for kept in all {
        let owned = kept.owners().iter().any(|owner| **owner == *uid);
        if !owned && !kept.labels(|labels| selector::matches(wanted, labels)) {
            continue;
        }
        let object = kept.open();
        match controller(&object) {
            known if known == uid => mine.push(object),
            "" if !meta::is_going(&object)
                && selector::matches(wanted, &object["metadata"]["labels"]) =>
            {
                let adopt = |value: &mut Value| {
                    value["metadata"]["ownerReferences"] = json!([reference(owner)]);
                };
                mine.extend(store.update(res, Some(space), meta::name(&object), adopt));
            }
            _ => {}
        }
    }
    mine
}

/// A stable hash of any text (FNV-1a, 64 bits).
pub(in crate::sim) fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The hash of a pod template, as it stands in the names of replica sets: ten letters.
pub(in crate::sim) fn template_hash(template: &Value) -> String {
    let mut left = digest(&template.to_string());
    let mut name = String::new();
    for _ in 0..10 {
        let count = u64::try_from(LETTERS.len()).unwrap_or(1);
        let at = usize::try_from(left % count).unwrap_or(0);
        name.push(char::from(*LETTERS.get(at).unwrap_or(&b'x')));
        left /= count;
    }
    name
}

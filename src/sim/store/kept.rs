//! One version of an object as the store keeps it: open, or packed when it rests.
//!
//! An open pod takes about ten times the bytes of a packed one, because each of its maps has room
//! for eleven entries whatever it holds.

use std::sync::{Arc, Mutex, PoisonError};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::sim::store::Resource;
use crate::sim::store::meta;

/// One version of an object. It never changes; only the form in which it is kept does.
#[derive(Debug)]
pub struct Kept {
    res: &'static Resource,
    form: Mutex<Form>,
    uid: Box<str>,
    owners: Box<[Box<str>]>,
    going: bool,
}

#[derive(Debug)]
enum Form {
    Open(Arc<Value>),
    Packed(Packed),
}

/// An object at rest, as JSON.
#[derive(Debug)]
struct Packed {
    /// The object as an item of a list carries it.
    item: Box<[u8]>,
    /// Its labels once more, because most questions about many objects are about those.
    labels: Box<[u8]>,
}

impl Kept {
    /// Keeps an object open. It must carry the apiVersion and kind of its resource.
    pub(super) fn new(res: &'static Resource, object: Arc<Value>) -> Kept {
        let owners = meta::list(&object, "/metadata/ownerReferences")
            .iter()
            .map(|owner| meta::text(owner, "/uid").into());
        Kept {
            res,
            uid: meta::uid(&object).into(),
            owners: owners.collect(),
            going: meta::is_going(&object),
            form: Mutex::new(Form::Open(object)),
        }
    }

    /// The object; one that rests packed is read anew each time.
    pub fn open(&self) -> Arc<Value> {
        match &*self.form.lock().unwrap_or_else(PoisonError::into_inner) {
            Form::Open(object) => Arc::clone(object),
            Form::Packed(packed) => Arc::new(unpack(self.res, &packed.item)),
        }
    }

    /// Looks at the object's labels without opening the rest; null when it has none.
    pub fn labels<T>(&self, look: impl FnOnce(&Value) -> T) -> T {
        match &*self.form.lock().unwrap_or_else(PoisonError::into_inner) {
            Form::Open(object) => look(&object["metadata"]["labels"]),
            Form::Packed(packed) => {
                look(&serde_json::from_slice(&packed.labels).unwrap_or_default())
            }
        }
    }

    /// Appends the object as JSON, as an item of a list: only custom resources carry their kind there.
    ///
    /// # Errors
    /// The object cannot be written as JSON, which none that was read from JSON is.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        match &*self.form.lock().unwrap_or_else(PoisonError::into_inner) {
            Form::Open(object) => serde_json::to_writer(out, &Item::of(self.res, object))?,
            Form::Packed(packed) => out.extend_from_slice(&packed.item),
        }
        Ok(())
    }

    /// Lets the object rest packed.
    pub(super) fn pack(&self) {
        let mut form = self.form.lock().unwrap_or_else(PoisonError::into_inner);
        if let Form::Open(object) = &*form
            && let Ok(item) = serde_json::to_vec(&Item::of(self.res, object))
            && let Ok(labels) = serde_json::to_vec(&object["metadata"]["labels"])
        {
            let (item, labels) = (item.into(), labels.into());
            *form = Form::Packed(Packed { item, labels });
        }
    }

    /// The object's uid.
    pub(super) fn uid(&self) -> &str {
        &self.uid
    }

    /// The uids of the objects that own it.
    pub(in crate::sim) fn owners(&self) -> &[Box<str>] {
        &self.owners
    }

    /// True when the object is on its way out.
    pub(super) fn is_going(&self) -> bool {
        self.going
    }

    #[cfg(test)]
    pub(super) fn is_packed(&self) -> bool {
        matches!(&*self.form.lock().unwrap(), Form::Packed(_))
    }
}

fn unpack(res: &Resource, bytes: &[u8]) -> Value {
    let mut object: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if !res.custom {
        object["apiVersion"] = res.api_version().into();
        object["kind"] = res.kind.into();
    }
    object
}

/// An object as an item of a list, written without copying it.
struct Item<'a> {
    object: &'a Value,
    typed: bool,
}

impl<'a> Item<'a> {
    fn of(res: &Resource, object: &'a Value) -> Item<'a> {
        Item {
            object,
            typed: res.custom,
        }
    }
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(object) = self.object.as_object().filter(|_| !self.typed) else {
            return self.object.serialize(serializer);
        };
        let mut item = serializer.serialize_map(None)?;
        for (key, value) in object {
            if key != "kind" && key != "apiVersion" {
                item.serialize_entry(key, value)?;
            }
        }
        item.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::{BACKUPS, PODS};
    use serde_json::json;

    #[test]
    fn a_packed_object_is_the_same_object() {
        for (res, version, kind) in [(&PODS, "v1", "Pod"), (&BACKUPS, "velero.io/v1", "Backup")] {
            let object = Arc::new(json!({
                "apiVersion": version, "kind": kind,
                "metadata": {"name": "a", "uid": "u", "labels": {"app": "web"}, "ownerReferences": [{"uid": "o"}]},
                "spec": {"text": "\u{1b}[31m\"\u{202e}", "list": [1, -2, 0.5, null, true, {}]},
            }));
            let kept = Kept::new(res, Arc::clone(&object));
            let mut open = Vec::new();
            kept.write(&mut open).unwrap();
            kept.pack();
            let mut packed = Vec::new();
            kept.write(&mut packed).unwrap();
            assert!(kept.is_packed());
            assert_eq!(open, packed);
            assert_eq!(kept.open(), object);
            assert!(kept.labels(|labels| labels["app"] == "web"));
            let item: Value = serde_json::from_slice(&packed).unwrap();
            assert_eq!(item.get("kind").is_some(), res.custom);
            assert_eq!((kept.uid(), &*kept.owners()[0]), ("u", "o"));
        }
    }
}

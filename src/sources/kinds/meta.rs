//! What every object has: who it is, since when, and who owns it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::lenient;
use crate::text::SafeText;

/// Name, identity and age of an object. An object without a uid is a gap: it is counted, not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: SafeText,
    /// Namespace; empty for cluster-scoped objects.
    #[serde(deserialize_with = "lenient::text")]
    pub namespace: SafeText,
    /// uid; empty when the server gave none.
    #[serde(deserialize_with = "lenient::text")]
    pub uid: SafeText,
    /// `resourceVersion`.
    #[serde(rename = "resourceVersion", deserialize_with = "lenient::text")]
    pub version: SafeText,
    /// `generation`, which goes up with every change of the spec.
    #[serde(deserialize_with = "lenient::number")]
    pub generation: Option<i64>,
    /// `creationTimestamp`.
    #[serde(rename = "creationTimestamp", deserialize_with = "lenient::when")]
    pub created: Option<Timestamp>,
    /// `deletionTimestamp`: when its grace ends; set while it is on its way out.
    #[serde(rename = "deletionTimestamp", deserialize_with = "lenient::when")]
    pub deleted: Option<Timestamp>,
    /// The controller that owns it.
    #[serde(rename = "ownerReferences", deserialize_with = "Owner::controller")]
    pub owner: Option<Owner>,
}

/// Metadata with labels, annotations and one field's owner, for the few kinds that are judged by them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WideMeta {
    #[serde(deserialize_with = "lenient::text")]
    name: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    namespace: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    uid: SafeText,
    #[serde(rename = "resourceVersion", deserialize_with = "lenient::text")]
    version: SafeText,
    #[serde(deserialize_with = "lenient::number")]
    generation: Option<i64>,
    #[serde(rename = "creationTimestamp", deserialize_with = "lenient::when")]
    created: Option<Timestamp>,
    #[serde(rename = "deletionTimestamp", deserialize_with = "lenient::when")]
    deleted: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::raw_map")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "lenient::raw_map")]
    pub(super) annotations: BTreeMap<String, String>,
}

impl WideMeta {
    /// The part that every object has.
    pub(super) fn meta(self) -> Meta {
        Meta {
            name: self.name,
            namespace: self.namespace,
            uid: self.uid,
            version: self.version,
            generation: self.generation,
            created: self.created,
            deleted: self.deleted,
            owner: None,
        }
    }
}

/// The run and step that an object of ours is marked with, so that it can be found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// `crashcart/run`.
    pub run: SafeText,
    /// `crashcart/step`.
    pub step: SafeText,
}

impl Owner {
    /// Keeps only the one owner that manages the object.
    fn controller<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Owner>, D::Error> {
        let owners: Vec<Owner> = lenient::list(from)?;
        Ok(owners
            .into_iter()
            .find(|owner| owner.controller == Some(true)))
    }
}

impl Marked {
    /// Reads the mark from annotations; `None` when there is none.
    pub(super) fn read(annotations: &BTreeMap<String, String>) -> Option<Marked> {
        let of = |key: &str| annotations.get(key).map(|value| SafeText::new(value));
        Some(Marked {
            run: of("crashcart/run")?,
            step: of("crashcart/step").unwrap_or_default(),
        })
    }
}

/// The controller that owns an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// Kind, `ReplicaSet`.
    #[serde(deserialize_with = "lenient::text")]
    pub kind: SafeText,
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: SafeText,
    /// True for the one owner that manages it.
    #[serde(deserialize_with = "lenient::flag")]
    pub controller: Option<bool>,
}

/// One entry of `status.conditions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// `Ready`, `Available`.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    pub kind: SafeText,
    /// `True`, `False`, `Unknown`.
    #[serde(deserialize_with = "lenient::text")]
    pub status: SafeText,
    /// One word.
    #[serde(deserialize_with = "lenient::text")]
    pub reason: SafeText,
    /// A sentence.
    #[serde(deserialize_with = "lenient::text")]
    pub message: SafeText,
    /// `lastTransitionTime`.
    #[serde(rename = "lastTransitionTime", deserialize_with = "lenient::when")]
    pub since: Option<Timestamp>,
}

impl Condition {
    /// Finds a condition by its type.
    pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
        conditions
            .iter()
            .find(|condition| condition.kind.as_str() == kind)
    }

    /// True when its status is `True`.
    pub fn holds(&self) -> bool {
        self.status.as_str() == "True"
    }
}

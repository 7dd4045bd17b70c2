//! Flux `Kustomization`: what Git says should be there, and whether it is kept so.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

use super::Kind;
use super::lenient;
use super::meta::Condition;
use super::meta::Meta;
use super::schedule::go_seconds;
use crate::text::SafeText;

/// A Kustomization, slim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Kustomization {
    /// Who it is.
    pub meta: Meta,
    /// True when nothing is put back; its status does not show it.
    pub suspend: bool,
    /// The program that owns `spec.suspend`, and since when; from the field owners.
    pub suspended_by: Option<(SafeText, Option<Timestamp>)>,
    /// Seconds between two runs.
    pub interval_s: Option<i64>,
    /// Every namespace it keeps objects in, by its inventory and target.
    pub keeps: BTreeSet<SafeText>,
    /// The revision that is applied, as Flux writes it.
    pub applied: SafeText,
    /// The revision it last tried.
    pub attempted: SafeText,
    /// `Ready`.
    pub ready: Option<Condition>,
    /// When it last ran, whatever came of it.
    pub ran: Option<Timestamp>,
    /// A run was asked for and its controller has not taken note.
    pub unheard: bool,
}

impl Kustomization {
    /// True when it keeps objects in this namespace, or the namespace itself.
    pub fn keeps(&self, namespace: &str) -> bool {
        self.keeps.iter().any(|kept| kept.as_str() == namespace)
    }
}

impl Kind for Kustomization {
    const GROUP: &'static str = "kustomize.toolkit.fluxcd.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Kustomization";
    const PLURAL: &'static str = "kustomizations";
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

const ASKED: &str = "reconcile.fluxcd.io/requestedAt";

type Raw = lenient::Object<RawMeta, RawSpec, RawStatus>;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawMeta {
    #[serde(deserialize_with = "lenient::text")]
    name: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    namespace: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    uid: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    resource_version: SafeText,
    #[serde(deserialize_with = "lenient::number")]
    generation: Option<i64>,
    #[serde(deserialize_with = "lenient::when")]
    creation_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::when")]
    deletion_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::raw_map")]
    annotations: BTreeMap<String, String>,
    #[serde(deserialize_with = "lenient::list")]
    managed_fields: Vec<RawWriter>,
}

/// One field owner, of which only `spec.suspend` is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawWriter {
    #[serde(deserialize_with = "lenient::text")]
    manager: SafeText,
    #[serde(deserialize_with = "lenient::when")]
    time: Option<Timestamp>,
    #[serde(rename = "fieldsV1", deserialize_with = "lenient::part")]
    fields: RawFields,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawFields {
    #[serde(rename = "f:spec", deserialize_with = "lenient::part")]
    spec: RawSpecFields,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawSpecFields {
    #[serde(rename = "f:suspend")]
    suspend: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSpec {
    #[serde(deserialize_with = "lenient::flag")]
    suspend: Option<bool>,
    #[serde(deserialize_with = "lenient::text")]
    interval: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    target_namespace: SafeText,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStatus {
    #[serde(deserialize_with = "lenient::text")]
    last_applied_revision: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    last_attempted_revision: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    last_handled_reconcile_at: SafeText,
    #[serde(deserialize_with = "lenient::list")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "lenient::list")]
    history: Vec<RawHistory>,
    #[serde(deserialize_with = "lenient::part")]
    inventory: RawInventory,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawHistory {
    #[serde(deserialize_with = "lenient::when")]
    last_reconciled: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawInventory {
    #[serde(deserialize_with = "lenient::list")]
    entries: Vec<RawEntry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawEntry {
    #[serde(deserialize_with = "lenient::text")]
    id: SafeText,
}

/// Namespace of one inventory entry, `namespace_name_group_Kind`; of a Namespace its own name.
fn kept(id: &str) -> Option<SafeText> {
    let mut parts = id.split('_');
    let (namespace, name, _group, kind) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    match (namespace, kind) {
        ("", "Namespace") => Some(SafeText::new(name)),
        ("", _) => None,
        (namespace, _) => Some(SafeText::new(namespace)),
    }
}

impl From<Raw> for Kustomization {
    fn from(raw: Raw) -> Kustomization {
        let (metadata, status) = (raw.metadata, raw.status);
        let mut keeps: BTreeSet<SafeText> = status
            .inventory
            .entries
            .iter()
            .filter_map(|entry| kept(entry.id.as_str()))
            .collect();
        if !raw.spec.target_namespace.is_empty() {
            keeps.insert(raw.spec.target_namespace);
        }
        let owner = metadata
            .managed_fields
            .into_iter()
            .filter(|entry| entry.fields.spec.suspend.is_some());
        let ready = Condition::find(&status.conditions, "Ready").cloned();
        let newest = status
            .history
            .iter()
            .filter_map(|run| run.last_reconciled)
            .max();
        Kustomization {
            suspend: raw.spec.suspend == Some(true),
            suspended_by: owner
                .max_by_key(|entry| entry.time)
                .map(|entry| (entry.manager, entry.time)),
            interval_s: go_seconds(raw.spec.interval.as_str()),
            keeps,
            applied: status.last_applied_revision,
            attempted: status.last_attempted_revision,
            ran: newest.max(ready.as_ref().and_then(|ready| ready.since)),
            unheard: metadata
                .annotations
                .get(ASKED)
                .is_some_and(|asked| SafeText::new(asked) != status.last_handled_reconcile_at),
            ready,
            meta: Meta {
                name: metadata.name,
                namespace: metadata.namespace,
                uid: metadata.uid,
                version: metadata.resource_version,
                generation: metadata.generation,
                created: metadata.creation_timestamp,
                deleted: metadata.deletion_timestamp,
                owner: None,
            },
        }
    }
}

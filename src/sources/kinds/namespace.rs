//! Namespace: the unit that zones claim and backups hold.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Kind;
use super::lenient;
use super::meta::Condition;
use super::meta::Meta;
use super::meta::WideMeta;
use crate::text::SafeText;

/// A namespace, slim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Namespace {
    /// Who it is.
    pub meta: Meta,
    /// Its labels as they are, for selectors only; never shown.
    pub labels: BTreeMap<String, String>,
    /// `Active` or `Terminating`.
    pub phase: SafeText,
    /// While it is on its way out: what keeps it, in the server's words, the nearest cause first.
    pub held: Vec<SafeText>,
}

impl Namespace {
    /// True when it is on its way out.
    pub fn terminating(&self) -> bool {
        self.phase.as_str() == "Terminating" || self.meta.deleted.is_some()
    }
}

impl Kind for Namespace {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Namespace";
    const PLURAL: &'static str = "namespaces";
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

type Raw = lenient::Object<WideMeta, lenient::Nothing, RawStatus>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawStatus {
    #[serde(deserialize_with = "lenient::text")]
    phase: SafeText,
    #[serde(deserialize_with = "lenient::list")]
    conditions: Vec<Condition>,
}

/// Conditions of a namespace that cannot go, the nearest cause first.
const HOLDS: [&str; 5] = [
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
];

/// What keeps a namespace from going.
fn held(conditions: &[Condition]) -> Vec<SafeText> {
    let holding = |kind: &&str| Condition::find(conditions, kind).filter(|one| one.holds());
    let all = HOLDS.iter().filter_map(holding);
    all.map(|one| one.message.clone()).collect()
}

impl From<Raw> for Namespace {
    fn from(mut raw: Raw) -> Namespace {
        let labels = std::mem::take(&mut raw.metadata.labels);
        Namespace {
            meta: raw.metadata.meta(),
            labels,
            phase: raw.status.phase,
            held: held(&raw.status.conditions),
        }
    }
}

//! Namespace: the unit that zones claim and backups hold.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Kind;
use super::lenient;
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
}

impl From<Raw> for Namespace {
    fn from(mut raw: Raw) -> Namespace {
        let labels = std::mem::take(&mut raw.metadata.labels);
        Namespace {
            meta: raw.metadata.meta(),
            labels,
            phase: raw.status.phase,
        }
    }
}

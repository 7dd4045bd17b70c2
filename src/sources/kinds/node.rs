//! Node: where pods run, and whether it can be believed.

use jiff::Timestamp;
use serde::Deserialize;

use super::Kind;
use super::lenient;
use super::meta::Condition;
use super::meta::Meta;
use crate::text::SafeText;

/// A node, slim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Node {
    /// Who it is.
    pub meta: Meta,
    /// True when its Ready condition is `True`.
    pub ready: bool,
    /// Since when its Ready condition is as it is.
    pub since: Option<Timestamp>,
    /// Why it is not ready, in the words of its condition; empty when it is.
    pub why: SafeText,
    /// True when nothing new is placed on it.
    pub cordoned: bool,
    /// Pressures that hold now, `MemoryPressure`.
    pub pressures: Vec<SafeText>,
}

impl Kind for Node {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Node";
    const PLURAL: &'static str = "nodes";
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

type Raw = lenient::Object<Meta, RawSpec, RawStatus>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawSpec {
    #[serde(deserialize_with = "lenient::flag")]
    unschedulable: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawStatus {
    #[serde(deserialize_with = "lenient::list")]
    conditions: Vec<Condition>,
}

impl From<Raw> for Node {
    fn from(raw: Raw) -> Node {
        let conditions = &raw.status.conditions;
        let ready = Condition::find(conditions, "Ready");
        let holds = ready.is_some_and(Condition::holds);
        let why = match ready {
            _ if holds => SafeText::default(),
            Some(ready) if !ready.message.is_empty() => ready.message.clone(),
            Some(ready) => ready.reason.clone(),
            None => SafeText::new("it reports no Ready condition"),
        };
        let pressure = |c: &&Condition| c.kind.as_str().ends_with("Pressure") && c.holds();
        Node {
            ready: holds,
            since: ready.and_then(|ready| ready.since),
            why,
            cordoned: raw.spec.unschedulable == Some(true),
            pressures: conditions
                .iter()
                .filter(pressure)
                .map(|c| c.kind.clone())
                .collect(),
            meta: raw.metadata,
        }
    }
}

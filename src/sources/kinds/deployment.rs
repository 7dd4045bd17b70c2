//! Deployment: how many pods are wanted and how many serve.

use serde::Deserialize;

use super::Kind;
use super::lenient;
use super::meta::Condition;
use super::meta::Meta;

/// A Deployment, slim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Deployment {
    /// Who it is.
    pub meta: Meta,
    /// `spec.replicas`; 1 when it is not given.
    pub wanted: i64,
    /// `status.readyReplicas`.
    pub ready: i64,
    /// `status.availableReplicas`.
    pub available: i64,
    /// True when the controller has seen the newest spec.
    pub observed: bool,
    /// Available, Progressing, `ReplicaFailure`.
    pub conditions: Vec<Condition>,
}

impl Deployment {
    /// True when the controller has seen the spec and every wanted pod is available.
    pub fn whole(&self) -> bool {
        self.observed && self.available >= self.wanted
    }
}

impl Kind for Deployment {
    const GROUP: &'static str = "apps";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Deployment";
    const PLURAL: &'static str = "deployments";
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

type Raw = lenient::Object<Meta, RawSpec, RawStatus>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawSpec {
    #[serde(deserialize_with = "lenient::number")]
    replicas: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStatus {
    #[serde(deserialize_with = "lenient::number")]
    ready_replicas: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    available_replicas: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    observed_generation: Option<i64>,
    #[serde(deserialize_with = "lenient::list")]
    conditions: Vec<Condition>,
}

impl From<Raw> for Deployment {
    fn from(raw: Raw) -> Deployment {
        let observed = match (raw.status.observed_generation, raw.metadata.generation) {
            (Some(observed), Some(generation)) => observed >= generation,
            (None, Some(_)) => false,
            (_, None) => true,
        };
        Deployment {
            meta: raw.metadata,
            wanted: raw.spec.replicas.unwrap_or(1),
            ready: raw.status.ready_replicas.unwrap_or(0),
            available: raw.status.available_replicas.unwrap_or(0),
            observed,
            conditions: raw.status.conditions,
        }
    }
}

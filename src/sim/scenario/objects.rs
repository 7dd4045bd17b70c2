//! Objects that a scenario names: read, and refused when the estate does not have them.

use crate::sim::store::Resource;
use crate::sim::store::resources::{
    self, BACKUPSTORAGELOCATIONS, DEPLOYMENTS, NAMESPACES, NODES, STATEFULSETS,
};

use super::ScenarioError;
use super::model::Model;
use super::read::{Found, Keys};

/// An object, or several of one kind.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) res: &'static Resource,
    pub(super) ns: Option<String>,
    pub(super) names: Vec<String>,
}

/// Reads objects of one cluster and refuses those that are not there.
pub(super) struct Reader<'a> {
    pub(super) keys: Keys<'a>,
    pub(super) model: &'a Model,
    pub(super) cluster: &'a str,
}

impl Reader<'_> {
    /// The complaint about an object that is not there.
    pub(super) fn absent(
        &self,
        found: Found<&str>,
        res: &'static Resource,
        ns: Option<&str>,
    ) -> ScenarioError {
        let (cluster, kind) = (self.cluster, res.kind);
        let place = ns.map_or_else(String::new, |ns| format!(" in {ns}"));
        let mut names = self.model.names(cluster, res, ns);
        names.truncate(12);
        let there = match names.as_slice() {
            [] => "there is none".to_owned(),
            names => format!("there is {}", names.join(", ")),
        };
        let value = found.value;
        let sentence = format!("{cluster} has no {kind} {value:?}{place}; {there}");
        self.keys.origin.error(found.at, sentence)
    }

    pub(super) fn named(
        &self,
        key: &str,
        res: &'static Resource,
        ns: &str,
    ) -> Result<Target, ScenarioError> {
        let found = self.keys.need(key, "\"name\"")?;
        if !self.model.has(self.cluster, res, Some(ns), found.value) {
            return Err(self.absent(found, res, Some(ns)));
        }
        Ok(Target {
            res,
            ns: Some(ns.to_owned()),
            names: vec![found.value.to_owned()],
        })
    }

    pub(super) fn store(&self) -> Result<Target, ScenarioError> {
        self.named("store", &BACKUPSTORAGELOCATIONS, "velero")
    }

    pub(super) fn namespace(&self) -> Result<String, ScenarioError> {
        let found = self.keys.need("namespace", "\"ehr\"")?;
        if self.model.has(self.cluster, &NAMESPACES, None, found.value) {
            return Ok(found.value.to_owned());
        }
        Err(self.absent(found, &NAMESPACES, None))
    }

    pub(super) fn workload(&self) -> Result<Target, ScenarioError> {
        let ns = self.namespace()?;
        let found = self.keys.need("workload", "\"ehr-api\"")?;
        for res in [&DEPLOYMENTS, &STATEFULSETS] {
            if self.model.has(self.cluster, res, Some(&ns), found.value) {
                return Ok(Target {
                    res,
                    ns: Some(ns),
                    names: vec![found.value.to_owned()],
                });
            }
        }
        Err(self.absent(found, &DEPLOYMENTS, Some(&ns)))
    }

    /// The nodes that are named; with `all`, every node when none is.
    pub(super) fn nodes(&self, all: bool) -> Result<Target, ScenarioError> {
        let mut names = Vec::new();
        for found in self.keys.texts("nodes")? {
            if !self.model.has(self.cluster, &NODES, None, found.value) {
                return Err(self.absent(found, &NODES, None));
            }
            names.push(found.value.to_owned());
        }
        if names.is_empty() && !all {
            self.keys.need("nodes", "[\"sth-w01\"]")?;
        }
        if names.is_empty() {
            names = self.model.names(self.cluster, &NODES, None);
        }
        Ok(Target {
            res: &NODES,
            ns: None,
            names,
        })
    }

    /// The object of `kind`, `namespace` and `name`.
    pub(super) fn object(&self) -> Result<Target, ScenarioError> {
        let kind = self.keys.need("kind", "\"ConfigMap\"")?;
        let Some(res) = resources::ALL.iter().find(|res| res.kind == kind.value) else {
            let kinds: Vec<&str> = resources::ALL.iter().map(|res| res.kind).collect();
            let sentence = format!(
                "kind = {:?} is not simulated; choose from {}",
                kind.value,
                kinds.join(", ")
            );
            return Err(self.keys.origin.error(kind.at, sentence));
        };
        let ns = if res.namespaced {
            Some(self.namespace()?)
        } else {
            None
        };
        let name = self.keys.need("name", "\"ehr-app\"")?;
        if !self.model.has(self.cluster, res, ns.as_deref(), name.value) {
            return Err(self.absent(name, res, ns.as_deref()));
        }
        Ok(Target {
            res,
            ns,
            names: vec![name.value.to_owned()],
        })
    }
}

//! What stands in the estate when a story begins: a scenario may name nothing else.

use jiff::Timestamp;

use crate::config;
use crate::sim::clock::Clock;
use crate::sim::seed::{self, Base};
use crate::sim::store::resources::NAMESPACES;
use crate::sim::store::{Resource, meta};
use crate::sim::{CLUSTERS, Cluster, SimError};

/// A zone of the estate, as its configuration has it.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    /// The recovery point objective, in seconds.
    pub(super) rpo: i64,
    members: Vec<toml::Table>,
}

impl Zone {
    /// The zones of the simulated estate.
    pub(super) fn all() -> Result<Vec<Zone>, SimError> {
        let table: toml::Table = seed::zones_toml().parse().map_err(SimError::Zones)?;
        let list = table.get("zone").and_then(toml::Value::as_array);
        let tables = list
            .into_iter()
            .flatten()
            .filter_map(|zone| zone.as_table());
        let zone = |table: &toml::Table| {
            let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
            let members = table.get("members").and_then(toml::Value::as_array);
            let members = members.into_iter().flatten();
            Zone {
                name: text("name").unwrap_or_default().to_owned(),
                rpo: text("rpo").and_then(config::seconds).unwrap_or(3600),
                members: members.filter_map(|m| m.as_table().cloned()).collect(),
            }
        };
        Ok(tables.map(zone).collect())
    }

    /// The namespaces of the zone on a cluster, by name.
    pub(super) fn namespaces(&self, cluster: &Cluster) -> Vec<String> {
        let text = |member: &toml::Table, key: &str| {
            let value = member.get(key).and_then(toml::Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let mut names = Vec::new();
        for member in &self.members {
            if text(member, "cluster") != cluster.name {
                continue;
            }
            let listed = member.get("namespaces").and_then(toml::Value::as_array);
            let listed = listed.into_iter().flatten().filter_map(|one| one.as_str());
            names.extend(listed.map(str::to_owned));
            let selector = text(member, "selector");
            let Some((key, value)) = selector.split_once('=') else {
                continue;
            };
            let (all, _) = cluster.store.list(&NAMESPACES, None);
            let labelled = all
                .iter()
                .filter(|one| one["metadata"]["labels"][key] == value);
            names.extend(labelled.map(|one| meta::name(one).to_owned()));
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The clusters of a base, as they are before anything happens.
pub(super) struct Model {
    clusters: Vec<Cluster>,
    pub(super) zones: Vec<Zone>,
}

impl Model {
    /// Makes the clusters of a base.
    pub(super) fn new(base: Base) -> Result<Model, SimError> {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let mut clusters = Vec::new();
        for name in CLUSTERS {
            let failed = |source| SimError::Seed {
                name: (*name).to_owned(),
                source: Box::new(source),
            };
            let mut cluster = Cluster::new(name, &clock, 0).map_err(failed)?;
            cluster.base = base;
            seed::fill(&cluster).map_err(failed)?;
            clusters.push(cluster);
        }
        let zones = Zone::all()?;
        Ok(Model { clusters, zones })
    }

    /// The cluster of that name.
    pub(super) fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// Whether an object is there.
    pub(super) fn has(
        &self,
        cluster: &str,
        res: &'static Resource,
        ns: Option<&str>,
        name: &str,
    ) -> bool {
        let cluster = self.cluster(cluster);
        cluster.is_some_and(|cluster| cluster.store.get(res, ns, name).is_some())
    }

    /// The names of the objects of a resource, for a complaint that says what there is.
    pub(super) fn names(
        &self,
        cluster: &str,
        res: &'static Resource,
        ns: Option<&str>,
    ) -> Vec<String> {
        let Some(cluster) = self.cluster(cluster) else {
            return Vec::new();
        };
        let (all, _) = cluster.store.list(res, ns);
        all.iter().map(|one| meta::name(one).to_owned()).collect()
    }
}

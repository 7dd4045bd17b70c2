//! What a sign-in is for: one audience of one issuer. It serves every cluster that takes such tokens, and no other.

use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::Criticality;
use crate::config::Flow;
use crate::config::Identity;
use crate::config::Zone;

/// Before a cluster's name: the place of an identity, where a cluster has an OAuth server of its own. No identity of
/// the configuration has a name with a colon.
const OPENSHIFT: &str = "openshift-oauth:";
/// The client that OpenShift has for command lines.
const CLI_CLIENT: &str = "openshift-cli-client";

/// One audience of one identity of the configuration; each has a sign-in and tokens of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Audience {
    /// The identity's name.
    pub identity: String,
    /// The client that asks, which is whom the tokens are made for: a cluster's `audience`, else the identity's
    /// `client_id`.
    pub client_id: String,
}

impl Audience {
    /// The audience whose tokens a cluster takes; `None` for one that is entered by a kubeconfig.
    pub fn of(cluster: &Cluster, config: &Config) -> Option<Audience> {
        let name = match &cluster.auth {
            ClusterAuth::Oidc { identity } => identity,
            ClusterAuth::OpenShift { .. } => {
                return Some(Audience {
                    identity: format!("{OPENSHIFT}{}", cluster.name),
                    client_id: CLI_CLIENT.to_owned(),
                });
            }
            ClusterAuth::Kubeconfig(_) | ClusterAuth::Eks(_) => return None,
        };
        let identity = config.identities.iter().find(|one| one.name == *name)?;
        let named = cluster.audience.as_ref().unwrap_or(&identity.client_id);
        Some(Audience {
            identity: name.clone(),
            client_id: named.clone(),
        })
    }

    /// The audiences that some cluster takes, in the order in which the clusters name them.
    pub fn all(config: &Config) -> Vec<Audience> {
        let mut all = Vec::new();
        for one in config
            .clusters
            .iter()
            .filter_map(|one| Self::of(one, config))
        {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        all
    }

    /// The clusters that one sign-in serves, in the configuration's order.
    pub fn clusters<'c>(&self, config: &'c Config) -> Vec<&'c Cluster> {
        let takes = |one: &&Cluster| Self::of(one, config).as_ref() == Some(self);
        config.clusters.iter().filter(takes).collect()
    }

    /// The identity as it is asked for this audience: the audience is the client. `None` when the configuration has
    /// no such identity.
    pub fn asked(&self, config: &Config) -> Option<Identity> {
        if let Some(cluster) = self.openshift(config) {
            return Some(Identity {
                name: cluster.name.to_string(),
                issuer: cluster.server.clone(),
                place: format!("cluster {}", cluster.name),
                ca: cluster.authority(),
                client_id: self.client_id.clone(),
                flow: Flow::Paste,
                loopback_on_shared_host: false,
                groups_claim: String::new(),
                person_claim: None,
            });
        }
        let found = config
            .identities
            .iter()
            .find(|one| one.name == self.identity)?;
        Some(Identity {
            client_id: self.client_id.clone(),
            ..found.clone()
        })
    }

    /// The clusters that one sign-in serves, each with the criticality of the worst zone on it; those of no zone are left
    /// out.
    pub fn criticalities(&self, config: &Config) -> Vec<(ClusterName, Criticality)> {
        let highest = |cluster: &Cluster| {
            let on_it = |zone: &&Zone| zone.members.iter().any(|one| one.cluster == cluster.name);
            let zones = config.zones.iter().filter(on_it);
            zones.map(|zone| zone.criticality).min()
        };
        let clusters = self.clusters(config).into_iter();
        let known = clusters.filter_map(|one| Some((one.name.clone(), highest(one)?)));
        known.collect()
    }

    /// The cluster whose own OAuth server one signs in at; `None` for an identity.
    pub fn openshift<'c>(&self, config: &'c Config) -> Option<&'c Cluster> {
        let name = self.identity.strip_prefix(OPENSHIFT)?;
        let mut clusters = config.clusters.iter();
        clusters.find(|one| one.name.as_str() == name)
    }

    /// The issuer's host and port, as the sign-in's sentences name it; empty when the configuration has no such
    /// identity.
    pub fn host(&self, config: &Config) -> String {
        let found = config
            .identities
            .iter()
            .find(|one| one.name == self.identity);
        let issuer = found.map_or("", |one| one.issuer.as_str());
        let issuer = self.openshift(config).map_or(issuer, |one| &one.server);
        let rest = issuer.strip_prefix("https://").unwrap_or(issuer);
        rest.split('/').next().unwrap_or_default().to_owned()
    }

    /// The name a person types: the identity's, with the audience where the identity has several.
    pub fn name(&self, config: &Config) -> String {
        if let Some(cluster) = self.openshift(config) {
            return cluster.name.to_string();
        }
        let all = Self::all(config);
        let several = all
            .iter()
            .filter(|one| one.identity == self.identity)
            .count()
            > 1;
        if several {
            format!("{}/{}", self.identity, self.client_id)
        } else {
            self.identity.clone()
        }
    }
}

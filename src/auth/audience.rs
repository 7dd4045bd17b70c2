//! What a sign-in is for: one audience of one issuer. It serves every cluster that takes such tokens, and no other.

use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::Config;
use crate::config::Identity;

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
        let ClusterAuth::Oidc { identity: name } = &cluster.auth else {
            return None;
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
        let found = config
            .identities
            .iter()
            .find(|one| one.name == self.identity)?;
        Some(Identity {
            client_id: self.client_id.clone(),
            ..found.clone()
        })
    }

    /// The issuer's host and port, as the sign-in's sentences name it; empty when the configuration has no such
    /// identity.
    pub fn host(&self, config: &Config) -> String {
        let found = config
            .identities
            .iter()
            .find(|one| one.name == self.identity);
        let issuer = found.map_or("", |one| one.issuer.as_str());
        let rest = issuer.strip_prefix("https://").unwrap_or(issuer);
        rest.split('/').next().unwrap_or_default().to_owned()
    }

    /// The name a person types: the identity's, with the audience where the identity has several.
    pub fn name(&self, config: &Config) -> String {
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

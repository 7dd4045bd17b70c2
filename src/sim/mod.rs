//! What if? A simulated estate that speaks only HTTP to the rest.
//!
//! Here live simulated API servers, an OIDC issuer, and the controllers that move their objects.
//! It is no mock of this program's traits: any Kubernetes client can talk to it.

pub mod clock;
pub mod controllers;
pub mod issuer;
pub mod monitoring;
pub mod people;
pub mod seed;
pub mod store;

use std::sync::Arc;

use crate::sim::clock::Clock;
use crate::sim::monitoring::Monitoring;
use crate::sim::store::Store;

/// The clusters of the simulated estate.
pub const CLUSTERS: &[&str] = &["sth-prod", "aws-prod", "lab-1"];

/// One simulated cluster; clones share its objects.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name in the configuration.
    pub name: String,
    /// Its objects.
    pub store: Store,
    /// Its time.
    pub clock: Clock,
    /// What its story follows from.
    pub seed: u64,
    /// What answers behind its service proxy.
    pub monitoring: Arc<Monitoring>,
}

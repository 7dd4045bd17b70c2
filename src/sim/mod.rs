//! What if? A simulated estate that speaks only HTTP to the rest.
//!
//! Here live simulated API servers (`api` over `store`), an OIDC issuer, and the controllers that
//! move their objects. It is no mock of this program's traits: any Kubernetes client can talk to
//! it. Everything listens on 127.0.0.1; nothing here reads a real cluster.

pub mod api;
pub mod clock;
pub mod controllers;
pub mod estate;
pub mod faults;
mod folder;
pub mod issuer;
pub mod monitoring;
pub mod people;
pub mod scenario;
pub mod seed;
pub mod store;
pub mod tls;
mod written;

use std::path::PathBuf;
use std::sync::Arc;

pub use crate::sim::estate::Estate;
pub use crate::sim::estate::Options;
pub use crate::sim::estate::Served;
pub use crate::sim::faults::Fault;
pub use crate::sim::faults::Faults;

use crate::sim::clock::Clock;
use crate::sim::controllers::turn::Turn;
use crate::sim::monitoring::Monitoring;
use crate::sim::seed::Base;
use crate::sim::store::Refusal;
use crate::sim::store::Store;

/// The clusters of the simulated estate.
pub const CLUSTERS: &[&str] = &["sth-prod", "aws-prod", "lab-1"];

/// One simulated cluster; clones share its objects.
#[derive(Clone)]
pub struct Cluster {
    /// Its name in the configuration.
    pub name: String,
    /// Its objects.
    pub store: Store,
    /// Its time.
    pub clock: Clock,
    /// What its story follows from.
    pub seed: u64,
    /// How it stands when its story begins.
    pub base: Base,
    /// What answers behind its service proxy.
    pub monitoring: Arc<Monitoring>,
    /// What goes wrong between it and those who ask it.
    pub faults: Faults,
    /// Whose turn it is to write: its controllers', or a client's.
    pub(in crate::sim) turn: Turn,
}

impl Cluster {
    /// A cluster that holds what an API server makes by itself, and nothing else.
    ///
    /// # Errors
    /// 409 when the bootstrap objects clash, which they do not.
    pub fn new(name: &str, clock: &Clock, seed: u64) -> Result<Cluster, Refusal> {
        // Clusters of one estate must not share uids.
        let own = name.bytes().fold(seed, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        });
        let clock = clock.apart();
        let store = Store::new(clock.clone(), own);
        store.begin(&controllers::INDEXES);
        store.begin(&[&monitoring::ALARMING]);
        api::bootstrap::fill(&store)?;
        Ok(Cluster {
            name: name.to_owned(),
            store,
            monitoring: Arc::new(Monitoring::new(name, clock.clone())),
            faults: Faults::new(clock.clone(), own),
            clock,
            seed: own,
            base: Base::Night,
            turn: Turn::default(),
        })
    }
}

/// Why the simulated estate could not be started or written down.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// No port on loopback could be had.
    #[error("the simulated server {name} cannot listen on 127.0.0.1; check that loopback is up")]
    Listen {
        /// The cluster, or `issuer`.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate could not be made.
    #[error("a certificate for the simulated estate could not be made")]
    Certificate(#[source] rcgen::Error),
    /// TLS could not be set up.
    #[error("TLS for the simulated estate could not be set up")]
    Tls(#[source] rustls::Error),
    /// The issuer could not be set up.
    #[error("the simulated issuer could not be set up: {0}")]
    Issuer(String),
    /// The objects of a cluster could not be made.
    #[error("the objects of the simulated cluster {name} could not be made")]
    Seed {
        /// The cluster.
        name: String,
        /// What the store said.
        source: Box<Refusal>,
    },
    /// There is no such simulated cluster.
    #[error("there is no simulated cluster named {0}; choose from sth-prod, aws-prod, lab-1")]
    NoSuchCluster(String),
    /// A file of the estate could not be written.
    #[error("{} could not be written; choose a folder that you own", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The configuration of the zones is not what it should be.
    #[error("the zones of the simulated estate are not valid TOML")]
    Zones(#[source] toml::de::Error),
}

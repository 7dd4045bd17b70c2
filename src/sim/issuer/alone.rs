//! An issuer on a loopback port, without an estate around it.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::sim::SimError;
use crate::sim::clock::Clock;
use crate::sim::estate::listen;
use crate::sim::faults::Faults;
use crate::sim::people::People;

use super::Issuer;
use super::Settings;
use super::served::IDENTITY;
use super::served::ISSUER;
use super::served::ServedIssuer;

/// A served issuer; dropping it ends it.
pub struct Alone {
    served: ServedIssuer,
    faults: Faults,
    _tasks: JoinSet<()>,
}

impl Alone {
    /// Starts one on a free port; must be called within a Tokio runtime.
    ///
    /// # Errors
    /// No port, no certificate, or no key.
    pub async fn start(
        people: Arc<People>,
        clock: Clock,
        seed: u64,
        settings: Settings,
    ) -> Result<Alone, SimError> {
        let faults = Faults::new(clock.clone(), seed);
        let (listener, url) = listen(ISSUER).await?;
        let issuer = Issuer::new(url, people, clock, seed, settings).map_err(SimError::Issuer)?;
        let line = faults.line(ISSUER);
        let (served, serving) = ServedIssuer::new(IDENTITY, issuer, listener, line)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(serving);
        Ok(Alone {
            served,
            faults,
            _tasks: tasks,
        })
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        self.served.url()
    }

    /// The certificate of its authority, PEM.
    pub fn ca(&self) -> &str {
        &self.served.ca
    }

    /// The issuer itself.
    pub fn issuer(&self) -> &Issuer {
        &self.served.issuer
    }

    /// Its fault plan, in which it is called `issuer`.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }
}

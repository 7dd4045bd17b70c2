//! What every task outside the loop needs: the clock, the desk, the way back as events, and who acts.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::actors::Actors;
use super::attendance::Attendance;
use super::keeper::Keeper;
use crate::app::clock::Clock;
use crate::app::desk::Desk;
use crate::audit::Actor;
use crate::audit::Draft;
use crate::audit::Kind;
use crate::auth::Audience;
use crate::config::Cluster;
use crate::config::ClusterName;
use crate::config::Config;
use crate::sources::cluster::TokenSlot;
use crate::state::event::Event;
use crate::state::event::What;
use crate::text::SafeText;

/// What tasks share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The way back.
    pub events: Sender<Event>,
    /// The clock.
    pub clock: Clock,
    /// The log.
    pub desk: Desk,
    /// What we were told.
    pub config: Arc<Config>,
    /// The bearer token of each sign-in; empty while nobody is signed in there.
    pub tokens: Arc<BTreeMap<Audience, TokenSlot>>,
    /// Who acts, as entries keep it.
    pub actors: Actors,
    /// When a key was last pressed.
    pub attendance: Attendance,
    /// What keeps refresh tokens.
    pub keeper: Keeper,
}

impl Tools {
    /// Sends one event into the loop; when the loop has ended, nobody needs it any more.
    pub async fn tell(&self, what: What) {
        drop(
            self.events
                .send(Event {
                    at: self.clock.now(),
                    what,
                })
                .await,
        );
    }

    /// The token that a cluster takes: that of its own issuer and audience, and never another's.
    pub fn token_for(&self, cluster: &Cluster) -> TokenSlot {
        let audience = Audience::of(cluster, &self.config);
        let slot = audience.and_then(|audience| self.tokens.get(&audience));
        slot.cloned().unwrap_or_default()
    }

    /// A draft about no cluster, in the name of everybody who acts.
    pub fn draft(&self, kind: Kind) -> Draft {
        Draft {
            actor: self.actors.all(),
            ..Draft::new(kind)
        }
    }

    /// A draft about a cluster, in the name of whoever acts there, as the cluster knows them.
    pub fn draft_on(&self, kind: Kind, cluster: &ClusterName) -> Draft {
        Draft {
            actor: self.actors.on(cluster),
            ..Draft::new(kind)
        }
    }
}

/// An empty slot for each audience that a cluster takes.
pub fn slots(config: &Config) -> Arc<BTreeMap<Audience, TokenSlot>> {
    let all = Audience::all(config).into_iter();
    Arc::new(all.map(|one| (one, TokenSlot::of_sign_in())).collect())
}

/// What this process knows of its person without any issuer.
pub fn actor(host: &SafeText) -> Actor {
    let variable = |name: &str| std::env::var(name).ok().map(|value| SafeText::new(&value));
    let tty = rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new()).ok();
    Actor {
        uid: Some(rustix::process::getuid().as_raw()),
        loginuid: std::fs::read_to_string("/proc/self/loginuid")
            .ok()
            .and_then(|id| id.trim().parse().ok())
            .filter(|id| *id != u32::MAX),
        host: Some(host.clone()),
        tty: tty.map(|tty| SafeText::new(&tty.to_string_lossy())),
        remote: variable("SSH_CONNECTION")
            .map(|ssh| SafeText::new(ssh.as_str().split(' ').next().unwrap_or_default())),
        session: Some(SafeText::new(&uuid::Uuid::new_v4().to_string()[..8])),
        ..Actor::default()
    }
}

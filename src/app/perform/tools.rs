//! What every task outside the loop needs: the clock, the desk, the way back as events, and who acts.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::mpsc::Sender;

use crate::app::clock::Clock;
use crate::app::desk::Desk;
use crate::audit::Actor;
use crate::audit::Draft;
use crate::audit::Kind;
use crate::auth::Person;
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
    /// The bearer token of the one sign-in; empty while nobody is signed in.
    pub token: TokenSlot,
    /// Who acts, as entries keep it.
    pub actor: Arc<Mutex<Actor>>,
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

    /// A draft in the name of whoever acts now.
    pub fn draft(&self, kind: Kind) -> Draft {
        let mut draft = Draft::new(kind);
        draft.actor = self
            .actor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        draft
    }

    /// This person acts, unless another cluster has named one already.
    pub fn acts_first(&self, person: &Person) {
        let known = self
            .actor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .login
            .is_some();
        if !known {
            self.acts(Some(person));
        }
    }

    /// From now on this person acts.
    pub fn acts(&self, person: Option<&Person>) {
        let mut actor = self.actor.lock().unwrap_or_else(PoisonError::into_inner);
        actor.login = person.map(|person| person.login.clone());
        actor.groups = person
            .map(|person| person.groups.clone())
            .unwrap_or_default();
    }
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

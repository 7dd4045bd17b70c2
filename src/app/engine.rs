//! The loop without a terminal: events in, `update`, effects out. The console draws after each turn; `status`, `run`
//! and the tests wait for what they need.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio::time::timeout_at;

use super::clock::Clock;
use super::perform::Perform;
use super::perform::install::Installer;
use super::turn::Turn;
use super::turn::worst;
use crate::audit::Kind;
use crate::config::ClusterName;
use crate::state::State;
use crate::state::action::Action;
use crate::state::event::Event;
use crate::state::event::What;
use crate::state::update::update;

/// Events that may wait; beyond, sources wait.
pub const EVENTS: usize = 1024;
/// Events folded before a frame is owed, so that a flood cannot starve the screen.
const BATCH: usize = 512;
/// The rest between two judgements that only sources asked for. Judging ten thousand pods takes some 10 ms: on a
/// cluster where pods change all the time it would otherwise take a quarter of a core.
const REST: Duration = Duration::from_millis(250);

/// The state, the hands and the way between them.
#[derive(Debug)]
pub struct Engine {
    /// What is true now.
    pub state: State,
    perform: Perform,
    events: mpsc::Receiver<Event>,
    clock: Clock,
    /// When the board may be judged again unasked.
    rested: Instant,
}

impl Engine {
    /// Joins a state, the hands and their events.
    pub fn new(
        state: State,
        perform: Perform,
        events: mpsc::Receiver<Event>,
        clock: Clock,
    ) -> Engine {
        Engine {
            state,
            perform,
            events,
            rested: clock.deadline(Duration::ZERO),
            clock,
        }
    }

    /// Waits until something happened (or the deadline passed, or the board is due), folds all that waits, and judges
    /// the board unless that was done a moment ago.
    pub async fn turn(&mut self, deadline: Instant) -> Turn {
        let mut turn = Turn::On;
        let until = if self.state.stale {
            deadline.min(self.rested)
        } else {
            deadline
        };
        if let Ok(Some(event)) = timeout_at(until, self.events.recv()).await {
            turn = self.feed(event);
        }
        for _ in 0..BATCH {
            match self.events.try_recv() {
                Ok(event) => turn = worst(turn, self.feed(event)),
                Err(_) => break,
            }
        }
        self.settle();
        turn
    }

    /// Judges the board if something changed: at once after a rest, else when the rest is over.
    pub fn settle(&mut self) {
        if self.state.stale && self.deadline(Duration::ZERO) >= self.rested {
            self.state.settle();
            self.rested = self.deadline(REST);
        }
    }

    /// A person did something: what is shown then is judged now.
    pub fn act(&mut self, action: Action, alone: bool) -> Turn {
        let at = self.clock.now();
        let what = What::Action { action, alone };
        let turn = self.feed(Event { at, what });
        // A key that found nobody here any more holds no tokens either.
        if self.state.presence.is_here() {
            self.perform.touched(at.mono_ms);
        }
        self.state.settle();
        turn
    }

    /// A console begins: from now on it is noticed when nobody presses a key.
    pub fn attend(&mut self) {
        self.perform.touch(self.clock.now().mono_ms);
        self.happen(What::Attended);
    }

    /// Something happened now.
    pub fn happen(&mut self, what: What) -> Turn {
        let at = self.clock.now();
        self.feed(Event { at, what })
    }

    /// Records that the session began.
    pub fn record_session(&self, kind: Kind) {
        self.perform.record_session(kind);
    }

    fn feed(&mut self, event: Event) -> Turn {
        let mut turn = Turn::On;
        for effect in update(&mut self.state, event) {
            turn = worst(turn, self.perform.perform(effect, &self.state));
        }
        turn
    }

    /// Turns until `done` says so or the time is over; false when it was over first.
    pub async fn until(&mut self, wait: Duration, mut done: impl FnMut(&State) -> bool) -> bool {
        let end = self.deadline(wait);
        self.state.settle();
        loop {
            if done(&self.state) {
                return true;
            }
            if self.deadline(Duration::ZERO) >= end {
                return false;
            }
            let next = end.min(self.deadline(Duration::from_secs(1)));
            self.turn(next).await;
            self.happen(What::Tick);
            self.state.settle();
        }
    }

    /// What installs roles and policies on a cluster, while it is connected.
    pub fn installer(&self, cluster: &ClusterName) -> Option<Installer> {
        self.perform.installer(cluster)
    }

    /// Waits for something outside the loop while the loop goes on, so that nobody who tells it something is held up.
    pub async fn beside<T>(&mut self, something: impl Future<Output = T>) -> T {
        let mut something = std::pin::pin!(something);
        loop {
            let next = self.deadline(Duration::from_secs(1));
            tokio::select! {
                done = &mut something => return done,
                _ = self.turn(next) => {}
            }
        }
    }

    /// The tokio moment that lies so far ahead.
    pub fn deadline(&self, wait: Duration) -> Instant {
        self.clock.deadline(wait)
    }

    /// Ends every task, and waits until what was being sent has its outcome in the log (at most `wait`).
    pub async fn end(mut self, wait: Duration) -> State {
        let end = self.deadline(wait);
        while self.state.busy.is_some() && self.deadline(Duration::ZERO) < end {
            self.turn(end).await;
        }
        self.perform.end().await;
        self.state
    }
}

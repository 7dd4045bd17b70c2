//! The simulated clock: the only place in the simulator that reads the time.
//!
//! A real clock runs from the moment it was made at a given speed; a manual clock stands still
//! until a test moves it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

/// Tells and waits for simulated time; clones share the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Real {
        start: Timestamp,
        since: Instant,
        speed: u32,
    },
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// A clock that starts at the wall clock's time and runs `speed` times as fast (0 counts as 1).
    pub fn real(speed: u32) -> Clock {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the simulator's one reader of the clock"
        )]
        let kind = Kind::Real {
            start: Timestamp::now(),
            since: Instant::now(),
            speed: speed.max(1),
        };
        Clock { kind }
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Clock {
        Clock {
            kind: Kind::Manual(Arc::new(watch::Sender::new(start))),
        }
    }

    /// The simulated instant.
    pub fn now(&self) -> Timestamp {
        match &self.kind {
            Kind::Real {
                start,
                since,
                speed,
            } => later(*start, since.elapsed().saturating_mul(*speed)),
            Kind::Manual(time) => *time.borrow(),
        }
    }

    /// Waits until `length` of simulated time has passed.
    pub async fn wait(&self, length: Duration) {
        match &self.kind {
            Kind::Real { speed, .. } => tokio::time::sleep(length / *speed).await,
            Kind::Manual(time) => {
                let until = later(self.now(), length);
                // The sender lives as long as this clone, so the wait can only end by the time.
                let _ = time.subscribe().wait_for(|now| *now >= until).await;
            }
        }
    }

    /// Moves a manual clock forward and wakes those whose wait is over; a real clock ignores it.
    pub fn advance(&self, length: Duration) {
        if let Kind::Manual(time) = &self.kind {
            time.send_modify(|now| *now = later(*now, length));
        }
    }
}

fn later(start: Timestamp, length: Duration) -> Timestamp {
    SignedDuration::try_from(length)
        .ok()
        .and_then(|length| start.checked_add(length).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The instant as Kubernetes writes it in metadata: whole seconds, UTC (`2026-08-14T23:01:00Z`).
pub fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The instant as Kubernetes writes a micro time (`2026-08-14T23:01:00.123456Z`).
pub fn micros(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Timestamp {
        "2026-08-15T04:31:00Z".parse().unwrap()
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(start());
        assert_eq!(clock.now(), start());
        clock.clone().advance(Duration::from_secs(90));
        assert_eq!(seconds(clock.now()), "2026-08-15T04:32:30Z");
        assert_eq!(micros(clock.now()), "2026-08-15T04:32:30.000000Z");
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_time_is_reached() {
        let clock = Clock::manual(start());
        let other = clock.clone();
        let wait = async move { other.wait(Duration::from_secs(10)).await };
        let push = async {
            clock.advance(Duration::from_secs(4));
            clock.advance(Duration::from_secs(6));
        };
        tokio::join!(wait, push);
    }

    #[test]
    fn a_real_clock_does_not_run_backwards() {
        let clock = Clock::real(60);
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}

//! The simulated clock: the only place in the simulator that reads the time.
//!
//! A clock that runs does so at a given speed; one that stands is moved by hand, and may be let
//! run later: a story that is to be half told when the first client looks is told that way.
//! Each cluster has its own view of it, which can be held at the instant at which something is due:
//! what a busy host does too late still bears the time at which it should have been done.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

/// Tells and waits for simulated time; clones share the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    time: Arc<watch::Sender<Time>>,
    /// The instant at which this view is held, if it is.
    held: Arc<Mutex<Option<Timestamp>>>,
}

#[derive(Clone, Copy, Debug)]
enum Time {
    Stands(Timestamp),
    Runs {
        start: Timestamp,
        since: Instant,
        speed: u32,
    },
}

impl Time {
    fn now(self) -> Timestamp {
        match self {
            Time::Stands(at) => at,
            Time::Runs {
                start,
                since,
                speed,
            } => later(start, since.elapsed().saturating_mul(speed)),
        }
    }
}

impl Clock {
    /// A clock that starts at the wall clock's time and runs `speed` times as fast (0 counts as 1).
    pub fn real(speed: u32) -> Clock {
        let clock = Clock::behind(Duration::ZERO);
        clock.run(speed);
        clock
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Clock {
        Clock {
            time: Arc::new(watch::Sender::new(Time::Stands(start))),
            held: Arc::default(),
        }
    }

    /// A view of the same time that can be held without holding this one.
    #[must_use]
    pub fn apart(&self) -> Clock {
        Clock {
            time: Arc::clone(&self.time),
            held: Arc::default(),
        }
    }

    /// Does something at an instant: until it is over, this view and its clones stand there.
    pub(in crate::sim) fn at<T>(&self, instant: Timestamp, act: impl FnOnce() -> T) -> T {
        *self.held() = Some(instant);
        // Also when `act` panics: a view that stood still for ever would stop its cluster.
        let _held = Held(self);
        act()
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A clock that stands `length` before the wall clock's time, for a story that has begun already.
    pub fn behind(length: Duration) -> Clock {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the simulator's one reader of the clock"
        )]
        let now = Timestamp::now();
        let length = SignedDuration::try_from(length).unwrap_or_default();
        Clock::manual(now.saturating_sub(length).unwrap_or(now))
    }

    /// Lets a clock that stands run from where it is, `speed` times as fast as real time (0 counts as 1).
    pub fn run(&self, speed: u32) {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the simulator's one reader of the clock"
        )]
        let since = Instant::now();
        self.time.send_modify(|time| {
            *time = Time::Runs {
                start: time.now(),
                since,
                speed: speed.max(1),
            };
        });
    }

    /// The simulated instant.
    pub fn now(&self) -> Timestamp {
        let held = *self.held();
        held.unwrap_or_else(|| self.time.borrow().now())
    }

    /// Waits until `length` of simulated time has passed.
    pub async fn wait(&self, length: Duration) {
        let until = later(self.now(), length);
        let mut times = self.time.subscribe();
        loop {
            let time = *times.borrow_and_update();
            let left = until.duration_since(time.now());
            let Some(left) = Duration::try_from(left).ok().filter(|left| !left.is_zero()) else {
                return;
            };
            match time {
                Time::Runs { speed, .. } => return tokio::time::sleep(left / speed).await,
                // The sender lives as long as this clone, so the wait can only end by the time.
                Time::Stands(_) => drop(times.changed().await),
            }
        }
    }

    /// Moves a clock that stands forward and wakes those whose wait is over; one that runs ignores it.
    pub fn advance(&self, length: Duration) {
        self.time.send_if_modified(|time| {
            let Time::Stands(at) = time else { return false };
            *at = later(*at, length);
            true
        });
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

/// Lets a view of the time go on when it is dropped.
struct Held<'a>(&'a Clock);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.0.held() = None;
    }
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

    #[test]
    fn a_view_that_broke_off_in_the_middle_goes_on() {
        let clock = Clock::manual(start());
        let view = clock.clone();
        let late = start() + jiff::SignedDuration::from_secs(90);
        let broke = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            view.at(late, || panic!("as a controller may"));
        }));
        assert!(broke.is_err());
        assert_eq!(view.now(), start(), "it does not stand at {late}");
        assert_eq!(view.at(late, || view.now()), late);
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

    #[tokio::test]
    async fn a_clock_that_stood_runs_on_from_where_it_was() {
        let clock = Clock::manual(start());
        clock.advance(Duration::from_secs(60));
        clock.run(1000);
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() < start() + SignedDuration::from_mins(59));
        clock.wait(Duration::from_millis(5)).await;
        assert!(clock.now() > start() + SignedDuration::from_secs(60));
    }

    #[test]
    fn a_view_is_held_while_the_others_go_on() {
        let clock = Clock::manual(start());
        let view = clock.apart();
        let same = view.clone();
        let due = start() - SignedDuration::from_secs(3);
        view.at(due, || {
            clock.advance(Duration::from_secs(9));
            assert_eq!(same.now(), due);
            assert_eq!(clock.now(), start() + SignedDuration::from_secs(9));
        });
        assert_eq!(same.now(), clock.now());
    }

    #[test]
    fn a_real_clock_does_not_run_backwards() {
        let clock = Clock::real(60);
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}

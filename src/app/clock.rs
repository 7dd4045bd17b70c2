//! The clock: the one place outside the simulator that reads the time.
//!
//! The monotonic clock is the one that goes on while this host sleeps: after a suspend nothing on screen is as fresh
//! as it looks, and a permit is as old as the night was long.

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::ClockId;
use rustix::time::clock_gettime;

use crate::audit::Stamp;
use crate::sources::moment::Moment;

/// Reads both clocks of this host.
#[derive(Clone, Debug)]
pub struct Clock {
    boot: String,
    /// When this clock was made, by the clock that timers go by; only where that one counts.
    paced: Option<(Timestamp, tokio::time::Instant)>,
}

impl Clock {
    /// Takes note of which boot the monotonic clock counts from.
    pub fn start() -> Clock {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let boot = boot.trim().to_owned();
        Clock { boot, paced: None }
    }

    /// A clock that begins now and goes as timers go: where a test holds those, time stands still.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn as_timers_go() -> Clock {
        Clock {
            paced: Some((Timestamp::now(), tokio::time::Instant::now())),
            ..Clock::start()
        }
    }

    /// This moment.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Moment {
        let wall = match &self.paced {
            Some((start, since)) => *start + since.elapsed(),
            None => Timestamp::now(),
        };
        Moment {
            mono_ms: self.mono_ns() / 1_000_000,
            wall,
        }
    }

    /// This moment as a log entry keeps it.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            ts: self.now().wall,
            mono_ns: self.mono_ns(),
            boot: self.boot.clone(),
        }
    }

    /// Nanoseconds since this host booted, as permits count them.
    pub fn mono_ns(&self) -> u64 {
        if let Some((_, since)) = &self.paced {
            return u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        }
        let read = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(read.tv_sec).unwrap_or_default();
        let nanos = u64::try_from(read.tv_nsec).unwrap_or_default();
        seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
    }

    /// The tokio moment that lies so far ahead.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn deadline(&self, wait: Duration) -> tokio::time::Instant {
        tokio::time::Instant::now() + wait
    }
}

//! The clock: the one place outside the simulator that reads the time.

use std::time::Instant;

use jiff::Timestamp;

use crate::audit::Stamp;
use crate::sources::moment::Moment;

/// Reads both clocks of this host.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    boot: String,
}

impl Clock {
    /// Begins to count.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn start() -> Clock {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Clock {
            start: Instant::now(),
            boot: boot.trim().to_owned(),
        }
    }

    /// This moment.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Moment {
        let mono_ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Moment {
            mono_ms,
            wall: Timestamp::now(),
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

    /// Nanoseconds on the monotonic clock, as permits count them.
    pub fn mono_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The tokio moment that lies so far ahead.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn deadline(&self, wait: std::time::Duration) -> tokio::time::Instant {
        tokio::time::Instant::now() + wait
    }
}

//! When something was seen: both clocks of this host, read once by the app and carried by the event.

use jiff::Timestamp;

/// One reading of the wall clock and of the monotonic clock.
///
/// Ages are counted on the monotonic clock, so that a clock set back cannot make old data look new;
/// the wall clock is compared only with times that a cluster wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Milliseconds since this process began to count.
    pub mono_ms: u64,
    /// Universal time of this host.
    pub wall: Timestamp,
}

impl Moment {
    /// Whole seconds from `earlier` to this moment, never negative.
    pub fn seconds_since(self, earlier: Moment) -> i64 {
        i64::try_from(self.mono_ms.saturating_sub(earlier.mono_ms) / 1000).unwrap_or(i64::MAX)
    }

    /// Whole seconds from a time that somebody else wrote to this moment; negative when it lies ahead.
    pub fn seconds_after(self, written: Timestamp) -> i64 {
        self.wall.as_second() - written.as_second()
    }
}

//! When something was seen: both clocks of this host, read once by the app and carried by the event.

use jiff::SignedDuration;
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

    /// What the wall clock would show at `later` had nobody set it since this moment: what was measured now ends then,
    /// whatever the clock is set to.
    pub fn wall_at(self, later: Moment) -> Timestamp {
        let passed = later.mono_ms.saturating_sub(self.mono_ms);
        let passed = SignedDuration::from_millis(i64::try_from(passed).unwrap_or(i64::MAX));
        self.wall.saturating_add(passed).unwrap_or(self.wall)
    }

    /// Whole seconds from a time that somebody else wrote to this moment; negative when it lies ahead.
    pub fn seconds_after(self, written: Timestamp) -> i64 {
        self.wall.as_second() - written.as_second()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_was_learned_goes_on_whatever_the_wall_clock_is_set_to() {
        let wall: Timestamp = "2026-08-15T04:52:10Z".parse().unwrap();
        let learned = Moment {
            mono_ms: 5_000,
            wall,
        };
        for set in ["2026-08-15T03:00:00Z", "2026-08-16T03:00:00Z"] {
            let later = Moment {
                mono_ms: 65_000,
                wall: set.parse().unwrap(),
            };
            assert_eq!(learned.wall_at(later).as_second(), wall.as_second() + 60);
        }
    }
}

//! When a key was last pressed, for the tasks that hold tokens: a terminal that takes no more output (it was stopped, or
//! its line hangs) holds up the loop that would notice that nobody is there.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::tools::Tools;

/// How much later than the loop these tasks act by themselves: the loop waits for what is under way.
const LATER: Duration = Duration::from_secs(90);
/// How often the clock is looked at: timers stand still while the host sleeps.
const LOOK: Duration = Duration::from_secs(60);

/// When a key was last pressed. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Attendance(Arc<AtomicU64>);

impl Attendance {
    /// A key was pressed, or the console began, at so many milliseconds after boot.
    pub fn touch(&self, mono_ms: u64) {
        self.0.store(mono_ms.max(1), Ordering::Relaxed);
    }

    /// Whether somebody is watched for at all.
    pub fn is_watched(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// How long tokens may still be held when nobody presses a key; `None` where nobody is watched for.
    pub(super) fn left(&self, now_ms: u64, idle_s: i64) -> Option<Duration> {
        let touched = self.0.load(Ordering::Relaxed);
        let idle = Duration::from_secs(u64::try_from(idle_s).unwrap_or_default());
        let gone = Duration::from_millis(now_ms.saturating_sub(touched));
        (touched != 0).then(|| (idle + LATER).saturating_sub(gone))
    }
}

/// Waits until nobody is there any more and the loop should have noticed; for ever where nobody is watched for.
pub(super) async fn left_alone(tools: &Tools) {
    let idle_s = tools.config.idle_s();
    loop {
        let left = tools.attendance.left(tools.clock.now().mono_ms, idle_s);
        if left.is_some_and(|left| left.is_zero()) {
            return;
        }
        tokio::time::sleep(left.unwrap_or(LOOK).min(LOOK)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::Attendance;
    use std::time::Duration;

    #[test]
    fn tokens_are_given_up_a_little_later_than_the_loop_would() {
        let seen = Attendance::default();
        assert_eq!(seen.left(9_000_000, 900), None, "nobody is watched for");
        seen.touch(1_000);
        let left = |now_ms| seen.left(now_ms, 900);
        assert_eq!(left(1_000), Some(Duration::from_secs(990)));
        assert_eq!(left(990_999), Some(Duration::from_millis(1)));
        assert_eq!(left(2_000_000), Some(Duration::ZERO));
        seen.touch(2_000_000);
        assert_eq!(left(2_000_000), Some(Duration::from_secs(990)));
    }
}

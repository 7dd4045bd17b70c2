//! What one connection carries, as our own counters tell it: figures that stand still until they mean something else.

use std::fmt;

/// What a connection to one cluster carries, over the last look at its counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes a second in both directions, below TLS.
    pub bytes_s: u64,
    /// Bytes in both directions since it was connected.
    pub bytes: u64,
    /// TCP connections that are open.
    pub connections: u64,
    /// Milliseconds that the last small read took; `None` before the first.
    pub latency_ms: Option<u64>,
}

impl Traffic {
    /// The newer figures, where each that hardly moved stays as it was: no word changes for a breath of wind.
    #[must_use]
    pub fn then(self, newer: Traffic) -> Traffic {
        let latency = |new| self.latency_ms.map_or(new, |old| steady(old, new, 10));
        Traffic {
            bytes_s: steady(self.bytes_s, newer.bytes_s, 100),
            bytes: steady(self.bytes, newer.bytes, 100),
            connections: newer.connections,
            latency_ms: newer.latency_ms.map(latency),
        }
    }

    /// The DATA column: `1.2 KB/s`, in thousands of bytes.
    pub fn rate(&self) -> Rate {
        Rate(self.bytes_s)
    }

    /// What was carried altogether, about: `4.1 MB`.
    pub fn carried(&self) -> String {
        thousands(self.bytes)
    }

    /// `latency 11ms`, or that none was measured yet.
    pub fn latency(&self) -> String {
        match self.latency_ms {
            Some(ms) => format!("latency {ms}ms"),
            None => "latency ? not measured yet".to_owned(),
        }
    }
}

/// Bytes a second, as words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(u64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", thousands(self.0))
    }
}

/// Bytes in thousands, with one decimal where there is room.
fn thousands(bytes: u64) -> String {
    let tenths = |unit: u64| (bytes + unit / 20) / (unit / 10);
    let (tenths, unit) = match bytes {
        0 => return "0 KB".to_owned(),
        1..50 => return "<0.1 KB".to_owned(),
        50..100_000 => (tenths(1000), "KB"),
        100_000..999_500 => return format!("{} KB", (bytes + 500) / 1000),
        999_500..999_950_000 => (tenths(1_000_000), "MB"),
        _ => (tenths(1_000_000_000), "GB"),
    };
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// The figure that is shown, unless the new one is away from it by more than a quarter and by more than the noise.
fn steady(shown: u64, new: u64, noise: u64) -> u64 {
    let away = shown.abs_diff(new);
    if away <= noise || away.saturating_mul(4) <= shown {
        shown
    } else {
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_said_in_thousands_of_bytes() {
        let table = [
            (0, "0 KB/s"),
            (49, "<0.1 KB/s"),
            (50, "0.1 KB/s"),
            (1_249, "1.2 KB/s"),
            (99_999, "100.0 KB/s"),
            (123_456, "123 KB/s"),
            (999_499, "999 KB/s"),
            (1_250_000, "1.3 MB/s"),
            (2_000_000_000, "2.0 GB/s"),
        ];
        for (bytes_s, words) in table {
            assert_eq!(Rate(bytes_s).to_string(), words);
        }
    }

    #[test]
    fn a_figure_stands_still_until_it_is_away_by_a_quarter() {
        let of = |bytes_s, latency_ms| Traffic {
            bytes_s,
            bytes: 0,
            connections: 12,
            latency_ms,
        };
        let shown = of(1_000, Some(11));
        assert_eq!(shown.then(of(1_250, Some(20))), shown);
        assert_eq!(shown.then(of(750, Some(2))), shown);
        assert_eq!(shown.then(of(1_251, None)), of(1_251, None));
        assert_eq!(of(40, None).then(of(120, Some(3))), of(40, Some(3)));
    }
}

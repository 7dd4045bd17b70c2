//! Figures: medians, what the machine was doing beside, and what a process has used.

use std::fs;

use anyhow::Context;

/// Clock ticks of one second in `/proc/PID/stat`; the kernel shows every program this one (proc(5), `USER_HZ`).
const TICKS: f64 = 100.0;

/// Measured values in order.
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    /// Puts the values in order.
    pub(crate) fn of(mut values: Vec<f64>) -> Figures {
        values.sort_by(f64::total_cmp);
        Figures(values)
    }

    /// The value below which this share of them lies; 0 when there are none.
    pub(crate) fn quantile(&self, per_cent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0
            .get((last * per_cent).div_ceil(100))
            .copied()
            .unwrap_or(0.0)
    }

    /// The one in the middle.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(50)
    }

    /// `median 12.1 ms, p95 13.0 ms (10.9 to 14.0, 20 values)`.
    pub(crate) fn words(&self, unit: &str) -> String {
        format!(
            "median {:.1} {unit}, p95 {:.1} {unit} ({:.1} to {:.1}, {} values)",
            self.median(),
            self.quantile(95),
            self.quantile(0),
            self.quantile(100),
            self.0.len()
        )
    }
}

/// The load of the last minute, of five and of fifteen.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Seconds of processor time that a process has used, all its threads together.
pub(crate) fn cpu_s(process: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    // The name in brackets may hold blanks; user and system time are fields 14 and 15, 12 and 13 after it.
    let rest = text.rsplit_once(')').context("a stat line")?.1;
    let ticks: f64 = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    Ok(ticks / TICKS)
}

/// The most memory that a process has held so far, and what it holds now, in MB of 1,000,000 bytes.
pub(crate) fn memory_mb(process: u32) -> anyhow::Result<(f64, f64)> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
            .map(|kib| kib * 1024.0 / 1e6)
            .with_context(|| format!("no {name} in {path}"))
    };
    Ok((field("VmHWM:")?, field("VmRSS:")?))
}

//! Ages, durations, clock times and counts, as the screens write them: short, rounded down, UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Says how old something is, rounded down: `4s`, `38m`, `5h12`, `9d`; an age below zero is `0s`.
pub fn age(seconds: i64) -> String {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    match seconds {
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..DAY => hours(seconds),
        _ => format!("{}d", seconds / DAY),
    }
}

/// Says how long something took, rounded down: `0.4s`, `12s`, `2m38`, `5h12`.
pub fn took(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..10 => format!("{seconds}.{}s", millis % 1000 / 100),
        10..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m{:02}", seconds / MINUTE, seconds % MINUTE),
        _ => hours(seconds),
    }
}

/// Says how much time is left, in steps that do not tick: `6d`, `1h10`, `40m`, `6m`; never more than is left.
pub fn left(seconds: i64) -> String {
    let minutes = u64::try_from(seconds).unwrap_or(0) / MINUTE;
    let stepped = if minutes > 10 {
        minutes / 5 * 5
    } else {
        minutes
    };
    match stepped * MINUTE {
        0..HOUR => format!("{stepped}m"),
        HOUR..DAY => hours(stepped * MINUTE),
        _ => format!("{}d", stepped * MINUTE / DAY),
    }
}

/// Writes whole hours and two digits of minutes: `5h12`.
fn hours(seconds: u64) -> String {
    format!("{}h{:02}", seconds / HOUR, seconds % HOUR / MINUTE)
}

/// Writes a clock time in UTC: `04:52Z` today, `08-14 23:42Z` on another day, with the year in another year.
pub fn clock(at: Timestamp, now: Timestamp) -> String {
    let t = utc(at);
    format!("{}{:02}:{:02}Z", day_prefix(at, now), t.hour(), t.minute())
}

/// Writes a clock time in UTC to the second: `04:52:10Z`, `08-14 23:42:10Z` on another day.
pub fn clock_seconds(at: Timestamp, now: Timestamp) -> String {
    let t = utc(at);
    format!(
        "{}{:02}:{:02}:{:02}Z",
        day_prefix(at, now),
        t.hour(),
        t.minute(),
        t.second()
    )
}

/// Writes a clock time for a narrow column: `04:52Z` today, `08-14` on another day, `2031-02` in another year.
pub fn column_clock(at: Timestamp, now: Timestamp) -> String {
    let (t, n) = (utc(at), utc(now));
    if t.year() != n.year() {
        format!("{:04}-{:02}", t.year(), t.month())
    } else if t.date() == n.date() {
        clock(at, now)
    } else {
        format!("{:02}-{:02}", t.month(), t.day())
    }
}

/// Writes the day before a time of another day, with its year where that differs too.
fn day_prefix(at: Timestamp, now: Timestamp) -> String {
    let (t, n) = (utc(at), utc(now));
    if t.date() == n.date() {
        String::new()
    } else if t.year() == n.year() {
        format!("{:02}-{:02} ", t.month(), t.day())
    } else {
        format!("{:04}-{:02}-{:02} ", t.year(), t.month(), t.day())
    }
}

/// Reads an instant as a calendar time in UTC.
fn utc(at: Timestamp) -> DateTime {
    at.to_zoned(TimeZone::UTC).datetime()
}

/// Writes a count with a space between thousands: `1 284`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// Writes a size in binary units, rounded down: `414B`, `1.5Ki`, `512Mi`, `14Gi`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    if n < 1024 {
        return format!("{n}B");
    }
    let step = (n.ilog2() / 10) as usize;
    let unit = 1u64 << (10 * step);
    let (whole, rest) = (n / unit, n % unit);
    // The rest is under 2^60, so ten times it still fits.
    let tenth = rest * 10 / unit;
    if whole >= 10 || tenth == 0 {
        format!("{whole}{}", UNITS[step - 1])
    } else {
        format!("{whole}.{tenth}{}", UNITS[step - 1])
    }
}

/// Writes a share, rounded down: `71 %`; a share of nothing is `-`.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    format!("{} %", u128::from(part) * 100 / u128::from(whole))
}

/// Bytes as lower-case hexadecimal digits, two a byte.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn ages_round_down() {
        let cases = [
            (-5, "0s"),
            (0, "0s"),
            (4, "4s"),
            (59, "59s"),
            (60, "1m"),
            (38 * 60 + 59, "38m"),
            (3599, "59m"),
            (3600, "1h00"),
            (18000, "5h00"),
            (5 * 3600 + 12 * 60 + 59, "5h12"),
            (86399, "23h59"),
            (86400, "1d"),
            (9 * 86400 + 5, "9d"),
        ];
        for (seconds, words) in cases {
            assert_eq!(age(seconds), words, "{seconds}");
        }
    }

    #[test]
    fn durations_round_down() {
        let cases = [
            (0, "0.0s"),
            (499, "0.4s"),
            (9999, "9.9s"),
            (12_900, "12s"),
            (158_999, "2m38"),
            (60_000, "1m00"),
            (18_720_000, "5h12"),
        ];
        for (millis, words) in cases {
            assert_eq!(took(millis), words, "{millis}");
        }
    }

    #[test]
    fn time_left_goes_in_steps() {
        let cases = [
            (-1, "0m"),
            (59, "0m"),
            (6 * 60 + 30, "6m"),
            (10 * 60, "10m"),
            (11 * 60, "10m"),
            (14 * 60, "10m"),
            (44 * 60, "40m"),
            (74 * 60, "1h10"),
            (6 * 86400 + 3600, "6d"),
        ];
        for (seconds, words) in cases {
            assert_eq!(left(seconds), words, "{seconds}");
        }
    }

    #[test]
    fn clocks_name_the_day_only_where_it_differs() {
        let now = at("2026-08-15T05:30:00Z");
        assert_eq!(clock(at("2026-08-15T04:52:10Z"), now), "04:52Z");
        assert_eq!(clock(at("2026-08-14T23:42:59Z"), now), "08-14 23:42Z");
        assert_eq!(clock(at("2025-08-15T04:52:10Z"), now), "2025-08-15 04:52Z");
        assert_eq!(
            clock_seconds(at("2026-08-15T04:52:10.9Z"), now),
            "04:52:10Z"
        );
        assert_eq!(column_clock(at("2026-08-15T04:52:10Z"), now), "04:52Z");
        assert_eq!(column_clock(at("2026-08-14T04:52:10Z"), now), "08-14");
        assert_eq!(column_clock(at("2031-02-14T04:52:10Z"), now), "2031-02");
    }

    #[test]
    fn counts_and_sizes_read_at_a_glance() {
        for (n, words) in [
            (0, "0"),
            (999, "999"),
            (1284, "1 284"),
            (1_000_000, "1 000 000"),
        ] {
            assert_eq!(count(n), words);
        }
        for (n, words) in [
            (414, "414B"),
            (1536, "1.5Ki"),
            (512 << 20, "512Mi"),
            (14 << 30, "14Gi"),
            (u64::MAX, "15Ei"),
        ] {
            assert_eq!(bytes(n), words);
        }
        assert_eq!(percent(71, 100), "71 %");
        assert_eq!(percent(0, 0), "-");
        assert_eq!(percent(u64::MAX, u64::MAX), "100 %");
    }
}

//! When a schedule runs next: five cron fields or `@every`, in UTC as Velero's server runs.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::sources::kinds::schedule::go_seconds;

/// Days searched for the next run: four years and a day hold every 29 February.
const DAYS: i32 = 1462;

/// The first run after `after`; for `@every`, counted from `last`. `None` when the expression cannot be read.
pub fn next(expression: &str, after: Timestamp, last: Option<Timestamp>) -> Option<Timestamp> {
    let expression = match expression.trim() {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        other => other,
    };
    if let Some(every) = expression.strip_prefix("@every ") {
        let every = go_seconds(every.trim()).filter(|every| *every > 0)?;
        let from = last.unwrap_or(after);
        let passed = (after.as_second() - from.as_second()).div_euclid(every) + 1;
        return from
            .checked_add(SignedDuration::from_secs(every.checked_mul(passed.max(1))?))
            .ok();
    }
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let &[minutes, hours, days, months, weekdays] = fields.as_slice() else {
        return None;
    };
    let cron = Cron {
        minutes: field(minutes, 0, 59)?,
        hours: field(hours, 0, 23)?,
        days: field(days, 1, 31)?,
        months: field(months, 1, 12)?,
        weekdays: field(weekdays, 0, 7)?,
        either: !days.starts_with('*') && !weekdays.starts_with('*'),
    };
    cron.next(after)
}

/// Five sets of numbers, as bits.
struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Both days are restricted: one that matches is enough.
    either: bool,
}

impl Cron {
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let start = after.to_zoned(TimeZone::UTC).datetime();
        let mut day = start.date();
        for offset in 0..DAYS {
            if offset > 0 {
                day = day.tomorrow().ok()?;
            }
            if !self.on(day) {
                continue;
            }
            let minutes = (0..24)
                .filter(|hour| has(self.hours, *hour))
                .flat_map(|hour| {
                    (0..60)
                        .filter(|minute| has(self.minutes, *minute))
                        .map(move |minute| (hour, minute))
                });
            for (hour, minute) in minutes {
                let at = day
                    .at(hour, minute, 0, 0)
                    .to_zoned(TimeZone::UTC)
                    .ok()?
                    .timestamp();
                if at > after {
                    return Some(at);
                }
            }
        }
        None
    }

    fn on(&self, day: Date) -> bool {
        let number = match day.weekday() {
            Weekday::Sunday => 0,
            weekday => weekday.to_monday_one_offset(),
        };
        let by_day = has(self.days, day.day());
        let by_weekday = has(self.weekdays, number) || (number == 0 && has(self.weekdays, 7));
        has(self.months, day.month())
            && if self.either {
                by_day || by_weekday
            } else {
                by_day && by_weekday
            }
    }
}

fn has(bits: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| bits & (1 << number) != 0)
}

/// `*`, `*/5`, `1-5`, `1-30/2`, `1,2,3`, or names of months and days.
fn field(text: &str, low: u32, high: u32) -> Option<u64> {
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*" | "?", _) => (low, high),
            (_, Some((from, to))) => (number(from)?, number(to)?),
            (one, None) if part.contains('/') => (number(one)?, high),
            (one, None) => (number(one)?, number(one)?),
        };
        if from < low || to > high || from > to {
            return None;
        }
        let step = usize::try_from(step).ok()?;
        bits |= (from..=to)
            .step_by(step)
            .fold(0, |bits, number| bits | 1 << number);
    }
    Some(bits)
}

fn number(text: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let word = text.to_ascii_lowercase();
    let month = MONTHS
        .iter()
        .position(|name| *name == word)
        .map(|at| at + 1);
    let found = month.or_else(|| DAYS.iter().position(|name| *name == word));
    found
        .and_then(|at| u32::try_from(at).ok())
        .or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn the_next_run_is_the_first_minute_that_matches() {
        let table = [
            ("42 * * * *", Some("2026-08-15T05:42:00Z")),
            ("*/15 * * * *", Some("2026-08-15T05:00:00Z")),
            ("0 3 * * *", Some("2026-08-16T03:00:00Z")),
            ("0 3 * * sun", Some("2026-08-16T03:00:00Z")),
            ("0 3 * * 7", Some("2026-08-16T03:00:00Z")),
            ("0 0 1 jan *", Some("2027-01-01T00:00:00Z")),
            ("0 0 29 2 *", Some("2028-02-29T00:00:00Z")),
            ("0 0 1 * mon", Some("2026-08-17T00:00:00Z")),
            ("10-20/5 4 * * *", Some("2026-08-16T04:10:00Z")),
            ("@hourly", Some("2026-08-15T05:00:00Z")),
            ("@every 4h", Some("2026-08-15T08:30:00Z")),
            ("0 0 31 2 *", None),
            ("61 * * * *", None),
            ("* * * *", None),
            ("TZ=Europe/Stockholm 0 3 * * *", None),
        ];
        let now = "2026-08-15T04:52:10Z".parse().unwrap();
        let last = "2026-08-15T00:30:00Z".parse().ok();
        for (expression, expected) in table {
            let found = next(expression, now, last).map(|at| at.to_string());
            assert_eq!(found.as_deref(), expected, "{expression}");
        }
    }
}

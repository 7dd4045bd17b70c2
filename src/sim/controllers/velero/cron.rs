//! Schedules in cron's five fields, in UTC.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// A schedule: which minutes, hours, days, months and weekdays it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Option<Vec<i8>>,
    months: Vec<i8>,
    weekdays: Option<Vec<i8>>,
}

impl Cron {
    /// Reads five fields or one of the usual short words; none when it makes no sense.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            text => text,
        };
        let fields: Vec<_> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return None;
        };
        let open = |field: &str| field.starts_with('*');
        let weekdays: Vec<_> = numbers(weekday, 0, 7)?.iter().map(|n| n % 7).collect();
        let days = numbers(day, 1, 31)?;
        Some(Self {
            minutes: numbers(minute, 0, 59)?,
            hours: numbers(hour, 0, 23)?,
            days: (!open(day)).then_some(days),
            months: numbers(month, 1, 12)?,
            weekdays: (!open(weekday)).then_some(weekdays),
        })
    }

    /// The first instant after `at` that the schedule takes; none within four years.
    pub(super) fn next(&self, at: Timestamp) -> Option<Timestamp> {
        let minute = at.as_second().div_euclid(60) + 1;
        let start = Timestamp::from_second(minute * 60).ok()?;
        let mut time = start.to_zoned(TimeZone::UTC).datetime();
        let last = at
            .checked_add(SignedDuration::from_hours(4 * 366 * 24))
            .ok()?;
        loop {
            let instant = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
            if instant > last {
                return None;
            }
            time = if !self.takes_day(time) {
                let morning = time.date().checked_add(1.day()).ok()?;
                morning.at(0, 0, 0, 0)
            } else if !self.hours.contains(&time.hour()) {
                let hour = time.date().at(time.hour(), 0, 0, 0);
                hour.checked_add(1.hour()).ok()?
            } else if !self.minutes.contains(&time.minute()) {
                time.checked_add(1.minute()).ok()?
            } else {
                return Some(instant);
            };
        }
    }

    /// Whether a day is taken: when both day fields are closed, either is enough.
    fn takes_day(&self, time: DateTime) -> bool {
        if !self.months.contains(&time.month()) {
            return false;
        }
        let weekday = time.weekday().to_sunday_zero_offset();
        let day = self.days.as_ref().map(|days| days.contains(&time.day()));
        let week = self.weekdays.as_ref().map(|days| days.contains(&weekday));
        match (day, week) {
            (Some(day), Some(week)) => day || week,
            (day, week) => day.unwrap_or(true) && week.unwrap_or(true),
        }
    }
}

/// Reads one field: numbers, ranges and steps, joined by commas.
fn numbers(field: &str, low: i8, high: i8) -> Option<Vec<i8>> {
    let mut all = Vec::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|s| *s > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None if part.contains('/') => (range.parse().ok()?, high),
            None => {
                let one = range.parse().ok()?;
                (one, one)
            }
        };
        if from < low || to > high || from > to {
            return None;
        }
        all.extend((from..=to).step_by(step));
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, at: &str) -> String {
        let cron = Cron::parse(cron).unwrap();
        cron.next(at.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_next_run_is_after_now() {
        let at = "2026-08-15T04:42:00Z";
        assert_eq!(next("42 * * * *", at), "2026-08-15T05:42:00Z");
        assert_eq!(next("@hourly", at), "2026-08-15T05:00:00Z");
        assert_eq!(next("*/15 * * * *", at), "2026-08-15T04:45:00Z");
        assert_eq!(next("3 */4 * * *", at), "2026-08-15T08:03:00Z");
        assert_eq!(next("0 2 * * 1-5", at), "2026-08-17T02:00:00Z");
        assert_eq!(next("0 0 29 2 *", at), "2028-02-29T00:00:00Z");
        assert_eq!(next("0 0 1,20 * 0", at), "2026-08-16T00:00:00Z");
        assert_eq!(next("@monthly", at), "2026-09-01T00:00:00Z");
    }

    #[test]
    fn nonsense_is_no_schedule() {
        for text in [
            "",
            "* * * *",
            "60 * * * *",
            "5-2 * * * *",
            "*/0 * * * *",
            "x * * * *",
        ] {
            assert_eq!(Cron::parse(text), None, "{text}");
        }
        let never = Cron::parse("0 0 31 2 *").unwrap();
        assert_eq!(never.next("2026-08-15T04:42:00Z".parse().unwrap()), None);
    }
}

//! Durations as people write them: `15m`, `1h`, `24h`, `7d`, `1h30m`.

/// Seconds of a duration; `None` when it is not one, is zero or does not fit.
///
/// Units are `s`, `m`, `h` and `d`, each at most once, the largest first.
pub fn seconds(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut last_unit = i64::MAX;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let mut letters = tail.chars();
        let unit = match letters.next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        if unit >= last_unit {
            return None;
        }
        let number: i64 = number.parse().ok()?;
        total = total.checked_add(number.checked_mul(unit)?)?;
        last_unit = unit;
        rest = letters.as_str();
    }
    (total > 0).then_some(total)
}

/// A duration in seconds as the file would write it, exact: `5400` is `1h30m`.
pub fn words(seconds: i64) -> String {
    let mut rest = seconds.max(0);
    let mut text = String::new();
    for (size, unit) in [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')] {
        if rest >= size {
            text.push_str(&(rest / size).to_string());
            text.push(unit);
            rest %= size;
        }
    }
    if text.is_empty() {
        text.push_str("0s");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::seconds;
    use super::words;

    #[test]
    fn durations_are_read() {
        let table = [
            ("15m", 900),
            ("1h", 3_600),
            ("24h", 86_400),
            ("7d", 604_800),
            ("90s", 90),
            ("1h30m", 5_400),
            ("1d2h3m4s", 93_784),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in [
            "",
            "1",
            "h",
            "1 h",
            "-1h",
            "1.5h",
            "0m",
            "30m1h",
            "1h1h",
            "1w",
            "1H",
            "1hm",
            "99999999999999999999d",
            "9223372036854775807d",
            "1é",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn words_read_back() {
        for value in [1, 59, 60, 900, 3_600, 5_400, 86_400, 93_784, 604_800] {
            assert_eq!(seconds(&words(value)), Some(value));
        }
        assert_eq!(words(0), "0s");
    }
}

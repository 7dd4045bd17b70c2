//! Quantities as Kubernetes writes them: `250m`, `16`, `256Mi`, `2G`.

/// The multipliers of the suffixes, longest first.
const SUFFIXES: [(&str, i64); 9] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("", 1),
];

/// A quantity in thousandths; none when it is not one or does not fit.
pub(super) fn read(text: &str) -> Option<i64> {
    if let Some(thousandths) = text.strip_suffix('m') {
        return thousandths.parse().ok();
    }
    let split = |(suffix, factor): &(&str, i64)| Some((text.strip_suffix(suffix)?, *factor));
    let (number, factor) = SUFFIXES.iter().find_map(split)?;
    if number.is_empty() {
        return None;
    }
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let part = format!("{part:0<3}");
    let thousandths: i64 = format!("{whole}{}", part.get(..3)?).parse().ok()?;
    thousandths.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn quantities_are_read_in_thousandths() {
        for (text, wanted) in [
            ("250m", Some(250)),
            ("16", Some(16_000)),
            ("0.5", Some(500)),
            ("2k", Some(2_000_000)),
            ("1Ki", Some(1_024_000)),
            ("1.5Mi", Some(1_572_864_000)),
            ("65805312Ki", Some(67_384_639_488_000)),
            ("", None),
            ("much", None),
            ("99999999999Ti", None),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }
}

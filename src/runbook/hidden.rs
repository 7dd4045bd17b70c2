//! What a runbook may not hold: a character that is not seen, or that a terminal obeys. Who signs a runbook, and who
//! follows it at night, must have read all of it.

use crate::text::safe;

/// The first such character: its line, from 0, and how it is shown. Tabs and blanks of any width are seen well enough.
pub(crate) fn hidden(text: &str) -> Option<(usize, String)> {
    if text.bytes().all(is_plain) {
        return None;
    }
    let lines = text.split('\n').enumerate();
    lines
        .filter(|(_, line)| !line.bytes().all(is_plain))
        .find_map(|(at, line)| {
            let line: String = line.chars().map(as_blank).collect();
            let shown = safe::lines(&line);
            let same = line
                .bytes()
                .zip(shown.bytes())
                .take_while(|(one, other)| one == other);
            let from = (0..=same.count())
                .rev()
                .find(|at| shown.is_char_boundary(*at));
            let rest = &shown[from.unwrap_or(0)..];
            let end = rest.find('>').map_or(2, |end| end + 1);
            let sign = if rest.starts_with('^') {
                rest.chars().take(2).collect()
            } else {
                rest.chars().take(end).collect()
            };
            (shown != line).then_some((at, sign))
        })
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\t' | b' '..=b'~')
}

fn as_blank(c: char) -> char {
    let blank = !c.is_ascii() && safe::lines(&format!("a{c}")) == "a ";
    if blank || c == '\t' { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::hidden;

    #[test]
    fn what_is_not_seen_is_named_with_its_line() {
        for (text, found) in [
            ("plain\n\ttext, åäö\u{a0}日本 e\u{301}\n", None),
            ("a\nb\u{202e}c\u{200b}", Some((1, "<U+202E>"))),
            ("a\r\nb", Some((0, "^M"))),
            ("ö\u{9b}2J", Some((0, "<U+009B>"))),
            ("one\u{2028}two", Some((0, "<U+2028>"))),
        ] {
            let found = found.map(|(line, sign): (usize, &str)| (line, sign.to_owned()));
            assert_eq!(hidden(text), found, "{text:?}");
        }
    }
}

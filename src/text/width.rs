//! Widths in terminal cells: measure, pad, cut and wrap without ever splitting what is drawn as one.
//!
//! A cluster is a letter with all that is drawn over or joined to it. Its width is asked of
//! `unicode-width` as a whole, as the terminal library does, so that both count alike.

use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

/// The sign that something was left out.
const MARK: char = '~';

/// Gives the width of a text in terminal cells.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.bytes().filter(|b| !b.is_ascii_control()).count();
    }
    clusters(text).map(UnicodeWidthStr::width).sum()
}

/// Fills a text up to `cells` with spaces at its end; a wider text stays as it is.
pub fn pad(text: &str, cells: usize) -> String {
    let gap = cells.saturating_sub(width(text));
    format!("{text}{:gap$}", "")
}

/// Fills a text up to `cells` with spaces before it, as figures stand; a wider text stays as it is.
pub fn pad_left(text: &str, cells: usize) -> String {
    let gap = cells.saturating_sub(width(text));
    format!("{:gap$}{text}", "")
}

/// Cuts the end of a sentence so that it fits `cells`, at a word where there is one, marked `~`.
pub fn cut_end(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    if cells == 0 {
        return String::new();
    }
    let head = &text[..prefix(text, cells - 1)];
    let at_word = text[head.len()..].starts_with(' ');
    let kept = match head.rfind(' ') {
        Some(space) if !at_word && !head[..space].trim_end().is_empty() => &head[..space],
        _ => head,
    };
    format!("{}{MARK}", kept.trim_end())
}

/// Cuts the middle out of a name so that it fits `cells`, marked `~`: `ehr-api-7~2kx8p`.
pub fn cut_middle(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    if cells == 0 {
        return String::new();
    }
    // The end of a name tells siblings apart, its beginning says what it is: three parts of eight and five of eight.
    let tail = (cells - 1) * 3 / 8;
    let head = prefix(text, cells - 1 - tail);
    format!("{}{MARK}{}", &text[..head], &text[suffix(text, tail)..])
}

/// Breaks a text into lines of at most `cells`, at words; only a word wider than a line is broken.
///
/// A character wider than the line stands alone and stays whole. An empty text is one empty line.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!line.is_empty());
        if width(&line) + gap + width(word) <= cells {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while width(rest) > cells {
            let at = match prefix(rest, cells) {
                0 => clusters(rest).next().map_or(rest.len(), str::len),
                at => at,
            };
            lines.push(rest[..at].to_owned());
            rest = &rest[at..];
        }
        rest.clone_into(&mut line);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Gives the length in bytes of the longest beginning that fits `cells`.
fn prefix(text: &str, cells: usize) -> usize {
    let mut used = 0;
    let mut end = 0;
    for cluster in clusters(text) {
        used += cluster.width();
        if used > cells {
            break;
        }
        end += cluster.len();
    }
    end
}

/// Gives the offset in bytes at which the longest end that fits `cells` begins.
fn suffix(text: &str, cells: usize) -> usize {
    let parts: Vec<&str> = clusters(text).collect();
    let mut used = 0;
    let mut start = text.len();
    for cluster in parts.iter().rev() {
        used += cluster.width();
        if used > cells {
            break;
        }
        start -= cluster.len();
    }
    start
}

/// Splits a text into what is drawn as one.
fn clusters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = cluster_end(rest)?;
        let (cluster, tail) = rest.split_at(end);
        rest = tail;
        Some(cluster)
    })
}

/// Gives the length in bytes of the first cluster, or nothing at the end of the text.
fn cluster_end(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, first) = chars.next()?;
    let mut before = first;
    let mut flag = is_flag_half(first);
    for (at, c) in chars {
        let second_half = flag && is_flag_half(c);
        flag = false;
        let joined = before == '\u{200d}' || second_half || is_skin_tone(c) || is_drawn_over(c);
        if !joined {
            return Some(at);
        }
        before = c;
    }
    Some(text.len())
}

/// Tells whether a character takes no cell of its own (marks, joiners, jamo vowels and finals).
fn is_drawn_over(c: char) -> bool {
    !c.is_control() && c.width() == Some(0)
}

/// Tells whether a character is one of the two letters that make a flag.
fn is_flag_half(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Tells whether a character colours the picture before it.
fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn widths_count_cells() {
        for (text, cells) in [
            ("", 0),
            ("abc", 3),
            ("日本", 4),
            ("e\u{301}", 1),
            ("👨\u{200d}👩\u{200d}👧", 2),
            ("🇸🇪", 2),
            ("👍🏽", 2),
        ] {
            assert_eq!(width(text), cells, "{text}");
        }
    }

    #[test]
    fn pads_to_cells_not_bytes() {
        assert_eq!(pad("日", 4), "日  ");
        assert_eq!(pad_left("1 284", 6), " 1 284");
        assert_eq!(pad("wide", 2), "wide");
    }

    #[test]
    fn sentences_are_cut_at_a_word() {
        assert_eq!(cut_end("no restorable backup", 20), "no restorable backup");
        assert_eq!(cut_end("no restorable backup", 19), "no restorable~");
        assert_eq!(cut_end("no restorable backup", 14), "no restorable~");
        assert_eq!(cut_end("no restorable backup", 13), "no~");
        assert_eq!(cut_end("ImagePullBackOff", 6), "Image~");
        assert_eq!(cut_end("日本語", 4), "日~");
        assert_eq!(cut_end("abc", 0), "");
    }

    #[test]
    fn names_are_cut_in_the_middle() {
        assert_eq!(cut_middle("ehr-api-7d9f8b6c5-2kx8p", 15), "ehr-api-7~2kx8p");
        assert_eq!(cut_middle("short", 15), "short");
        assert_eq!(cut_middle("abcdef", 1), "~");
    }

    #[test]
    fn wrapping_loses_no_word() {
        assert_eq!(
            wrap("the cluster is silent", 11),
            ["the cluster", "is silent"]
        );
        assert_eq!(wrap("a 0123456789 b", 4), ["a", "0123", "4567", "89 b"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
    }

    proptest! {
        #[test]
        fn cuts_fit_and_split_nothing(text in "[a-z 日本é\u{301}👍🏽🇸🇪-]{0,40}", cells in 0usize..30) {
            for cut in [cut_end(&text, cells), cut_middle(&text, cells)] {
                prop_assert!(width(&cut) <= cells, "{cut:?}");
                let whole: Vec<&str> = clusters(&text).collect();
                for cluster in clusters(&cut).filter(|c| !c.contains(MARK)) {
                    prop_assert!(whole.contains(&cluster), "{cluster:?} of {text:?}");
                }
            }
        }

        #[test]
        fn wrapped_lines_fit_and_hold_every_letter(text in "[a-z 日本é👍-]{0,60}", cells in 2usize..20) {
            let lines = wrap(&text, cells);
            for line in &lines {
                prop_assert!(width(line) <= cells, "{line:?}");
            }
            let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}

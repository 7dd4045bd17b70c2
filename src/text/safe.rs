//! `SafeText`: text that can do nothing to a terminal and hides nothing from a reader.
//!
//! Terminals obey control bytes, and readers are fooled by characters that draw nothing or turn
//! the writing round. Each of them becomes a visible stand-in here, once, where text enters.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde_json::Value;
use unicode_width::UnicodeWidthChar;

/// The longest text kept, in bytes; what is longer ends in `~`.
pub const MAX_BYTES: usize = 4096;

/// Marks of one letter that are kept; writing needs two or three, a stack of them climbs over its neighbours.
const MAX_MARKS: usize = 4;

/// Text that is safe to print anywhere and shows all it holds.
///
/// Control bytes are written `^[`, invisible and direction-turning characters `<U+202E>`; a line
/// break or a tab is a space. Making it twice changes nothing. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeText(Arc<str>);

impl SafeText {
    /// Makes any text safe; what is longer than [`MAX_BYTES`] is cut and ends in `~`.
    pub fn new(raw: &str) -> Self {
        if raw.len() <= MAX_BYTES && raw.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Self(Arc::from(raw));
        }
        Self(Arc::from(sanitise(raw, MAX_BYTES)))
    }

    /// Gives the safe text as a string slice.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Makes a text of several lines safe, of any length: its line ends stay, everything else is as in [`SafeText`].
///
/// For what is printed whole: a report, a message of a library, a file as it was written.
pub fn lines(raw: &str) -> String {
    if raw
        .bytes()
        .all(|b| b == b'\n' || (b' '..=b'~').contains(&b))
    {
        return raw.to_owned();
    }
    let line = |line| sanitise(line, usize::MAX);
    raw.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Makes every text of a JSON document safe, the names of its members too. Nothing is cut: one may be an address.
pub fn document(found: Value) -> Value {
    let whole = |raw: &str| sanitise(raw, usize::MAX);
    match found {
        Value::String(raw) => Value::String(whole(&raw)),
        Value::Array(items) => items.into_iter().map(document).collect(),
        Value::Object(members) => {
            let safe = members
                .into_iter()
                .map(|(name, one)| (whole(&name), document(one)));
            Value::Object(safe.collect())
        }
        plain => plain,
    }
}

/// Writes `raw` with every dangerous character replaced, at most `most` bytes long.
fn sanitise(raw: &str, most: usize) -> String {
    let mut out = String::with_capacity(raw.len().min(most) + 16);
    let mut fits = 0;
    let mut marks = MAX_MARKS; // a mark with no letter before it would sit on what is drawn to its left
    for c in raw.chars() {
        marks = push(&mut out, c, marks);
        if out.len() > most {
            out.truncate(fits);
            out.push('~');
            break;
        }
        if out.len() < most {
            fits = out.len();
        }
    }
    out
}

/// Writes one character or its stand-in, and returns how many marks the letter before carries now.
fn push(out: &mut String, c: char, marks: usize) -> usize {
    let standin = match c {
        '\n' | '\t' => return blank(out),
        '\0'..='\x1f' | '\x7f' => {
            out.push('^');
            out.push(char::from((c as u8) ^ 0x40));
            return 0;
        }
        _ if is_blank(c) => return blank(out),
        _ if is_hidden(c) => true,
        _ => false,
    };
    let mark = !standin && c.width().unwrap_or(0) == 0;
    if standin || (mark && marks >= MAX_MARKS) {
        // Writing to a String cannot fail.
        let _ = write!(out, "<U+{:04X}>", u32::from(c));
        return 0;
    }
    out.push(c);
    if mark { marks + 1 } else { 0 }
}

/// Writes a plain space, which carries no marks.
fn blank(out: &mut String) -> usize {
    out.push(' ');
    MAX_MARKS
}

/// Tells whether the character is a blank of some width (Unicode category Zs, the ordinary space included).
fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Tells whether the character draws nothing, steers what is drawn, or has no agreed look.
///
/// C1 controls; category Cf; line and paragraph separators; Unicode's default-ignorable code points
/// (fillers, joiners, variation selectors, tags); private use; non-characters; the halves of flags and the colours of
/// skin, which some terminals join to what stands before and others draw as pictures of their own; the voice marks of half
/// width, which are marks to some and letters to others.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ff9e}'..='\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{10ffff}')
        || (u32::from(c) & 0xfffe) == 0xfffe
}

impl Default for SafeText {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for SafeText {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for SafeText {
    fn from(raw: String) -> Self {
        Self::new(&raw)
    }
}

impl From<&String> for SafeText {
    fn from(raw: &String) -> Self {
        Self::new(raw)
    }
}

impl AsRef<str> for SafeText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for SafeText {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for SafeText {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl Serialize for SafeText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SafeText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Raw;
        impl serde::de::Visitor<'_> for Raw {
            type Value = SafeText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: serde::de::Error>(self, raw: &str) -> Result<SafeText, E> {
                Ok(SafeText::new(raw))
            }
        }
        deserializer.deserialize_str(Raw)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Judges by another road than `is_hidden`: what a terminal obeys or does not draw.
    fn dangerous(c: char) -> bool {
        c.is_control()
            || matches!(u32::from(c),
                0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe0000..=0xe007f | 0xfe00..=0xfe0f)
    }

    #[test]
    fn replaces_what_terminals_obey_and_readers_miss() {
        let cases = [
            ("plain text, åäö 日本", "plain text, åäö 日本"),
            ("\x1b[31mred\x1b[0m", "^[[31mred^[[0m"),
            ("\x1b]0;title\x07", "^[]0;title^G"),
            ("a\u{9b}31m", "a<U+009B>31m"),
            ("two\nlines\tand\rmore", "two lines and^Mmore"),
            ("abc\u{202e}gpj.exe", "abc<U+202E>gpj.exe"),
            ("pay\u{200b}pal", "pay<U+200B>pal"),
            ("del\x7f nul\0", "del^? nul^@"),
            ("1\u{a0}284", "1 284"),
            ("e\u{301}", "e\u{301}"),
            ("\u{301}e", "<U+0301>e"),
            ("tag\u{e0041}", "tag<U+E0041>"),
            ("\u{1f1f8}\u{1f1ea}", "<U+1F1F8><U+1F1EA>"),
            ("\u{1f44d}\u{1f3fd}", "\u{1f44d}<U+1F3FD>"),
        ];
        for (raw, safe) in cases {
            assert_eq!(SafeText::new(raw), safe, "{raw:?}");
        }
    }

    #[test]
    fn lines_keep_their_ends_and_their_length() {
        assert_eq!(lines("a\n\tb\r\n\u{202e}c\n"), "a\n b^M\n<U+202E>c\n");
        let long = format!("å{}\n", "a".repeat(2 * MAX_BYTES));
        assert_eq!(lines(&long), long);
    }

    #[test]
    fn cuts_long_text_and_marks_the_cut() {
        let long = SafeText::new(&"a".repeat(MAX_BYTES + 1));
        assert_eq!(long.as_str().len(), MAX_BYTES);
        assert!(long.as_str().ends_with("a~"));
        assert_eq!(
            SafeText::new(&"a".repeat(MAX_BYTES)).as_str().len(),
            MAX_BYTES
        );
        let controls = SafeText::new(&"\u{202e}".repeat(MAX_BYTES));
        assert!(controls.as_str().len() <= MAX_BYTES);
        assert!(controls.as_str().ends_with("<U+202E>~"));
    }

    #[test]
    fn a_letter_keeps_four_marks() {
        let stacked = SafeText::new(&format!("e{}", "\u{301}".repeat(6)));
        assert_eq!(
            stacked,
            format!("e{}<U+0301>\u{301}", "\u{301}".repeat(4)).as_str()
        );
    }

    #[test]
    fn reading_json_makes_it_safe() {
        let text: SafeText = serde_json::from_str(r#""a\u001b[2Jb""#).unwrap();
        assert_eq!(text, "a^[[2Jb");
        assert_eq!(serde_json::to_string(&text).unwrap(), r#""a^[[2Jb""#);
    }

    #[test]
    fn a_document_is_safe_in_every_corner_and_whole() {
        let long = "x".repeat(2 * MAX_BYTES);
        let raw = serde_json::json!({"a\u{202e}": ["\u{9b}2J", {"b": "\r", "url": long}], "n": 7, "t": true, "z": null});
        let safe = serde_json::json!({"a<U+202E>": ["<U+009B>2J", {"b": "^M", "url": long}], "n": 7, "t": true, "z": null});
        assert_eq!(document(raw), safe);
    }

    proptest! {
        #[test]
        fn nothing_dangerous_comes_out(raw in any::<String>()) {
            let safe = SafeText::new(&raw);
            prop_assert!(!safe.as_str().chars().any(dangerous), "{:?}", safe);
            prop_assert_eq!(SafeText::new(safe.as_str()), safe.clone());
            prop_assert!(safe.as_str().len() <= MAX_BYTES);
            let one_by_one: usize = safe.as_str().chars().filter_map(UnicodeWidthChar::width).sum();
            prop_assert_eq!(crate::text::width(safe.as_str()), one_by_one, "no letters are joined: {:?}", safe);
        }

        #[test]
        fn nothing_dangerous_comes_out_of_a_hostile_mix(
            picks in proptest::collection::vec(0usize..12, 0..2000)
        ) {
            let hostile = ['\x1b', '\u{9d}', '\u{202e}', '\u{200d}', '\u{301}', '\n', '\u{fe0f}', 'a', '日', '\u{e0020}', '\r', ' '];
            let raw: String = picks.iter().map(|i| hostile[*i]).collect();
            let safe = SafeText::new(&raw);
            prop_assert!(!safe.as_str().chars().any(dangerous));
            prop_assert_eq!(SafeText::new(safe.as_str()), safe.clone());
            prop_assert!(safe.as_str().len() <= MAX_BYTES);
        }
    }
}

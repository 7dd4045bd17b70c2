//! A label selector as Kubernetes reads it.

use std::collections::BTreeMap;
use std::fmt;

/// Requirements on labels, all of which must hold; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

/// One requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    /// `key`
    Exists(String),
    /// `!key`
    Absent(String),
    /// `key=value`, `key in (a, b)`
    In(String, Vec<String>),
    /// `key!=value`, `key notin (a, b)`; an absent label matches
    NotIn(String, Vec<String>),
}

impl LabelSelector {
    /// Reads a selector: `a=b`, `a==b`, `a!=b`, `a in (b, c)`, `a notin (b, c)`, `a`, `!a`,
    /// joined by commas.
    ///
    /// # Errors
    /// A phrase that says which part is wrong and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let requirements = parts(text)?
            .into_iter()
            .map(requirement)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { requirements })
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements
            .iter()
            .all(|requirement| match requirement {
                Requirement::Exists(key) => labels.contains_key(key),
                Requirement::Absent(key) => !labels.contains_key(key),
                Requirement::In(key, values) => {
                    labels.get(key).is_some_and(|value| values.contains(value))
                }
                Requirement::NotIn(key, values) => {
                    labels.get(key).is_none_or(|value| !values.contains(value))
                }
            })
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match requirement {
                Requirement::Exists(key) => f.write_str(key)?,
                Requirement::Absent(key) => write!(f, "!{key}")?,
                Requirement::In(key, values) => match values.as_slice() {
                    [value] => write!(f, "{key}={value}")?,
                    _ => write!(f, "{key} in ({})", values.join(","))?,
                },
                Requirement::NotIn(key, values) => match values.as_slice() {
                    [value] => write!(f, "{key}!={value}")?,
                    _ => write!(f, "{key} notin ({})", values.join(","))?,
                },
            }
        }
        Ok(())
    }
}

/// The text cut at commas that stand in no parentheses.
fn parts(text: &str) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut inside = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' if inside => return Err("a parenthesis inside a parenthesis".to_owned()),
            '(' => inside = true,
            ')' if !inside => return Err("a parenthesis is closed that was not opened".to_owned()),
            ')' => inside = false,
            ',' if !inside => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if inside {
        return Err("a parenthesis is not closed".to_owned());
    }
    parts.push(&text[start..]);
    Ok(parts)
}

/// One requirement.
fn requirement(part: &str) -> Result<Requirement, String> {
    let part = part.trim();
    if part.is_empty() {
        return Err("an empty requirement would select everything".to_owned());
    }
    if let Some(list) = part.strip_suffix(')') {
        return set(part, list);
    }
    for (sign, equal) in [("!=", false), ("==", true), ("=", true)] {
        if let Some((name, text)) = part.split_once(sign) {
            let (name, values) = (key(name)?, vec![value(text)?]);
            return Ok(if equal {
                Requirement::In(name, values)
            } else {
                Requirement::NotIn(name, values)
            });
        }
    }
    match part.strip_prefix('!') {
        Some(name) => Ok(Requirement::Absent(key(name)?)),
        None => Ok(Requirement::Exists(key(part)?)),
    }
}

/// `key in (a, b` or `key notin (a, b`, the closing parenthesis already taken off.
fn set(part: &str, list: &str) -> Result<Requirement, String> {
    let wrong = || format!("{part:?} is neither \"key in (a, b)\" nor \"key notin (a, b)\"");
    let (head, list) = list.split_once('(').ok_or_else(wrong)?;
    let values = list.split(',').map(value).collect::<Result<Vec<_>, _>>()?;
    let mut words = head.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(name), Some("in"), None) => Ok(Requirement::In(key(name)?, values)),
        (Some(name), Some("notin"), None) => Ok(Requirement::NotIn(key(name)?, values)),
        _ => Err(wrong()),
    }
}

/// A label key: an optional DNS prefix and a slash, then a name of at most 63 letters.
fn key(text: &str) -> Result<String, String> {
    let text = text.trim();
    let (prefix, name) = text.split_once('/').unwrap_or(("x", text));
    let prefix_fits = !prefix.is_empty() && prefix.len() <= 253 && prefix.bytes().all(is_name);
    if prefix_fits && !name.is_empty() && fits(name) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a label key"))
    }
}

/// A label value: empty, or at most 63 letters.
fn value(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || fits(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a label value"))
    }
}

/// At most 63 of letters, digits, `-._`, the first and last a letter or digit.
fn fits(name: &str) -> bool {
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    name.len() <= 63
        && name.bytes().all(is_name)
        && ends(name.bytes().next())
        && ends(name.bytes().last())
}

/// A letter of a label's name.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::LabelSelector;
    use std::collections::BTreeMap;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn selectors_match_as_kubernetes_does() {
        let clinical = labels(&[
            ("zone", "clinical"),
            ("example.org/tier", "1"),
            ("bare", ""),
        ]);
        let table = [
            ("zone=clinical", true),
            ("zone==clinical", true),
            ("zone = clinical , bare", true),
            ("zone=research", false),
            ("zone!=research", true),
            ("zone!=clinical", false),
            ("other!=x", true),
            ("zone in (research, clinical)", true),
            ("zone in (research)", false),
            ("zone notin (research,admin)", true),
            ("zone notin (clinical)", false),
            ("other notin (x)", true),
            ("other in (x)", false),
            ("zone", true),
            ("!zone", false),
            ("!other", true),
            ("! other", true),
            ("bare=", true),
            ("example.org/tier=1,zone in (clinical),!gone", true),
            ("example.org/tier=1,zone in (research),!gone", false),
        ];
        for (text, expected) in table {
            let selector = LabelSelector::parse(text).unwrap();
            assert_eq!(selector.matches(&clinical), expected, "{text}");
            let again = LabelSelector::parse(&selector.to_string()).unwrap();
            assert_eq!(again, selector, "{text}");
        }
    }

    #[test]
    fn broken_selectors_are_refused() {
        for text in [
            "",
            " ",
            "a,,b",
            "a=b,",
            "a in b",
            "a in (b",
            "a b)",
            "a of (b)",
            "in (b)",
            "=b",
            "!",
            "a=b=c",
            "a in ((b))",
            "-a=b",
            "a=b c",
            "/a=b",
            "a/b/c=d",
            "a=é",
        ] {
            assert!(LabelSelector::parse(text).is_err(), "{text:?}");
        }
    }
}

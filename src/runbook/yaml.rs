//! The YAML of a runbook: typed structs only; duplicate keys, unknown keys, tags, anchors and aliases are refused.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Value;

use super::book::ParamType;
use super::hidden::hidden;
use super::parse::unseen;
use super::problem::Problems;
use crate::text::SafeText;

/// The front matter as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Front {
    /// Version of this format; only 1 is known.
    pub(crate) crashcart: u32,
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) version: u32,
    pub(crate) owner: String,
    #[serde(default)]
    pub(crate) treats: Vec<String>,
    pub(crate) params: FrontParams,
    pub(crate) people: FrontPeople,
    pub(crate) review_by: String,
    pub(crate) lock: String,
}

/// `people: {live: 1, drill: 1}`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FrontPeople {
    pub(crate) live: u32,
    pub(crate) drill: u32,
}

/// One parameter as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FrontParam {
    #[serde(rename = "type")]
    pub(crate) kind: ParamType,
    #[serde(default)]
    pub(crate) optional: bool,
    #[serde(default)]
    pub(crate) help: String,
}

/// Parameters in the order of the file, which a sorted map would lose.
#[derive(Debug)]
pub(crate) struct FrontParams(pub(crate) Vec<(String, FrontParam)>);

impl<'de> Deserialize<'de> for FrontParams {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = FrontParams;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameters by name, each with a type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FrontParams, A::Error> {
        let mut params = Vec::new();
        while let Some(pair) = map.next_entry()? {
            params.push(pair);
        }
        Ok(FrontParams(params))
    }
}

/// `undo: {by: resume}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlockUndo {
    pub(crate) by: String,
    #[serde(default)]
    pub(crate) why: String,
}

/// One step's block as written; which keys a kind may have is the linter's business.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) timeout: Option<String>,
    pub(crate) done: Option<String>,
    pub(crate) undo: Option<BlockUndo>,
    #[serde(default)]
    pub(crate) skip: bool,
    pub(crate) typed: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) keep: Option<String>,
    pub(crate) backup: Option<String>,
    pub(crate) of: Option<String>,
}

/// Reads `text`, which begins on line `first` of its file, or says in one sentence why not.
pub(crate) fn read<T: DeserializeOwned>(
    text: &str,
    first: usize,
    problems: &mut Problems<'_>,
) -> Option<T> {
    if let Some((line, sign)) = forbidden(text) {
        let words = format!(
            "`{sign}` begins a YAML tag, anchor or alias; runbooks have none of them: write the value out, or quote it"
        );
        problems.error("yaml.tag-or-alias", first + line, words);
        return None;
    }
    match serde_saphyr::from_str_with_options::<T>(text, options()) {
        Ok(value) => match escaped(text) {
            Some(sign) => {
                problems.error("text.hidden", first, unseen(&sign));
                None
            }
            None => Some(value),
        },
        Err(error) => {
            let line = error.location().map_or(0, |at| {
                usize::try_from(at.line()).unwrap_or(1).saturating_sub(1)
            });
            let (rule, words) = sentence(&error.without_snippet().to_string());
            problems.error(rule, first + line, words);
            None
        }
    }
}

/// How the first character is shown that is hidden in a value, written as an escape: `"\u202e"` is seen, what it says is not.
fn escaped(text: &str) -> Option<String> {
    fn within(value: &Value) -> Option<String> {
        match value {
            Value::String(text) => hidden(text).map(|(_, sign)| sign),
            Value::Array(items) => items.iter().find_map(within),
            Value::Object(members) => members.iter().find_map(|(name, member)| {
                hidden(name)
                    .map(|(_, sign)| sign)
                    .or_else(|| within(member))
            }),
            _ => None,
        }
    }
    let value = serde_saphyr::from_str_with_options::<Value>(text, options());
    value.ok().as_ref().and_then(within)
}

fn options() -> serde_saphyr::Options {
    let mut options = serde_saphyr::Options::default();
    options.strict_booleans = true;
    options.reject_unsupported_tags = true;
    options.with_snippet = false;
    options
}

/// One sentence and the rule it stands under, from the parser's own words.
fn sentence(raw: &str) -> (&'static str, String) {
    let line = raw.lines().next().unwrap_or(raw);
    let words = line
        .split(" at line ")
        .next()
        .unwrap_or(line)
        .trim_end_matches([':', ',', ' ']);
    let words = words.split(", set ").next().unwrap_or(words);
    let words = words.strip_prefix("error: ").unwrap_or(words);
    let rule = match words {
        _ if words.contains("duplicate") => "yaml.duplicate-key",
        _ if words.contains("unknown field") => "yaml.unknown-key",
        _ if words.contains("missing field") => "yaml.missing-key",
        _ => "yaml.invalid",
    };
    (rule, SafeText::new(words).to_string())
}

/// Line (from 0) and sign of the first tag, anchor or alias outside of quotes and comments.
fn forbidden(text: &str) -> Option<(usize, char)> {
    for (number, line) in text.lines().enumerate() {
        let mut quote = None;
        let mut before = ':';
        let mut space = true;
        for sign in line.chars() {
            match (quote, sign) {
                (Some(open), _) if open == sign => quote = None,
                (None, '"' | '\'') if space || "[{,:".contains(before) => quote = Some(sign),
                (None, '#') if space => break,
                (None, '!' | '&' | '*')
                    if "[{,".contains(before) || (space && ":-?".contains(before)) =>
                {
                    return Some((number, sign));
                }
                _ => {}
            }
            space = sign == ' ';
            if !space {
                before = sign;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::forbidden;

    #[test]
    fn tags_anchors_and_aliases_are_seen_only_where_a_value_begins() {
        assert_eq!(forbidden("a: 1\nb: !!str x"), Some((1, '!')));
        assert_eq!(forbidden("a: &x 1"), Some((0, '&')));
        assert_eq!(forbidden("a: [1, *x]"), Some((0, '*')));
        assert_eq!(forbidden("- *x"), Some((0, '*')));
        assert_eq!(forbidden("a: this & that, 3*4! # &x"), None);
        assert_eq!(forbidden("a: \"*x\"\nb: '&y'"), None);
    }
}

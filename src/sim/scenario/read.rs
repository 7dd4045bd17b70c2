//! Reads the tables of a scenario file key by key, so that every complaint knows its line.

use std::time::Duration;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config;

use super::ScenarioError;

/// A file's name and text, for its lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Origin<'_> {
    /// The complaint about what stands at a byte offset.
    pub(super) fn error(&self, at: usize, sentence: impl Into<String>) -> ScenarioError {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        ScenarioError::Line {
            file: self.file.to_owned(),
            line: before.split(|byte| *byte == b'\n').count(),
            sentence: sentence.into(),
        }
    }
}

/// A value and the byte offset where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<T> {
    pub(super) at: usize,
    pub(super) value: T,
}

/// One table of the file.
#[derive(Clone, Debug)]
pub(super) struct Keys<'a> {
    pub(super) origin: Origin<'a>,
    /// What the table is, as a complaint names it: `[[event]]`.
    pub(super) name: String,
    at: usize,
    table: &'a DeTable<'a>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(origin: Origin<'a>, name: &str, at: usize, table: &'a DeTable<'a>) -> Self {
        let name = name.to_owned();
        Self {
            origin,
            name,
            at,
            table,
        }
    }

    /// Refuses the first key that is not among those.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ScenarioError> {
        let strange = |key: &&Spanned<_>| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            !known.contains(&key.as_ref())
        };
        let first = self.table.keys().filter(strange);
        let Some(key) = first.min_by_key(|key| key.span().start) else {
            return Ok(());
        };
        let (name, word) = (&self.name, key.get_ref());
        let sentence = format!(
            "unknown key {word:?} in {name}; it may hold {}",
            known.join(", ")
        );
        Err(self.origin.error(key.span().start, sentence))
    }

    fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    /// A complaint about the table as a whole.
    pub(super) fn error(&self, sentence: impl Into<String>) -> ScenarioError {
        self.origin.error(self.at, sentence)
    }

    fn missing(&self, key: &str, example: &str) -> ScenarioError {
        let name = &self.name;
        self.error(format!("{name} has no {key:?}; add {key} = {example}"))
    }

    /// A text, if the key is there.
    pub(super) fn text(&self, key: &str) -> Result<Option<Found<&'a str>>, ScenarioError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let at = value.span().start;
        match value
            .get_ref()
            .as_str()
            .filter(|text| !text.trim().is_empty())
        {
            Some(value) => Ok(Some(Found { at, value })),
            None => Err(self
                .origin
                .error(at, format!("{key} must be text in quotes"))),
        }
    }

    /// A text that must be there.
    pub(super) fn need(&self, key: &str, example: &str) -> Result<Found<&'a str>, ScenarioError> {
        self.text(key)?.ok_or_else(|| self.missing(key, example))
    }

    /// A text, or what stands for it.
    pub(super) fn or(&self, key: &str, otherwise: &str) -> Result<String, ScenarioError> {
        let found = self.text(key)?;
        Ok(found.map_or(otherwise, |found| found.value).to_owned())
    }

    /// A length of time, if the key is there.
    pub(super) fn time(&self, key: &str) -> Result<Option<Duration>, ScenarioError> {
        let Some(found) = self.text(key)? else {
            return Ok(None);
        };
        if found.value == "0s" {
            return Ok(Some(Duration::ZERO));
        }
        let seconds = config::seconds(found.value).and_then(|s| u64::try_from(s).ok());
        let seconds = seconds.filter(|seconds| *seconds <= 7 * 86_400);
        seconds
            .map(|s| Some(Duration::from_secs(s)))
            .ok_or_else(|| {
                let value = found.value;
                let sentence = format!(
                    "{key} = {value:?} is no time; write it as 90s, 5m or 1h30m, at most 7d"
                );
                self.origin.error(found.at, sentence)
            })
    }

    /// A length of time that must be there.
    pub(super) fn need_time(&self, key: &str) -> Result<Duration, ScenarioError> {
        let found = self.time(key)?;
        found.ok_or_else(|| self.missing(key, "\"5m\""))
    }

    /// A whole number within bounds, if the key is there.
    pub(super) fn number(
        &self,
        key: &str,
        (least, most): (u32, u32),
    ) -> Result<Option<u32>, ScenarioError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let number = value.get_ref().as_integer();
        let number = number.and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| {
            let sentence = format!("{key} must be a whole number from {least} to {most}");
            self.origin.error(value.span().start, sentence)
        })
    }

    /// Texts: a list, or one by itself; empty when the key is absent.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<Found<&'a str>>, ScenarioError> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let Some(list) = value.get_ref().as_array() else {
            return Ok(self.text(key)?.into_iter().collect());
        };
        let one = |value: &'a Spanned<DeValue<'a>>| {
            let at = value.span().start;
            let text = value.get_ref().as_str();
            text.map(|value| Found { at, value }).ok_or_else(|| {
                self.origin
                    .error(at, format!("{key} must be a list of texts"))
            })
        };
        list.iter().map(one).collect()
    }

    /// Tables, `[[key]]`; empty when the key is absent.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<Keys<'a>>, ScenarioError> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let wrong = |at| {
            self.origin
                .error(at, format!("{key} must be a list of tables, [[{key}]]"))
        };
        let list = value.get_ref().as_array();
        let list = list.ok_or_else(|| wrong(value.span().start))?;
        let one = |value: &'a Spanned<DeValue<'a>>| {
            let at = value.span().start;
            let table = value.get_ref().as_table().ok_or_else(|| wrong(at))?;
            Ok(Keys::new(self.origin, &format!("[[{key}]]"), at, table))
        };
        list.iter().map(one).collect()
    }

    /// A table, `[key]`, if it is there.
    pub(super) fn table(&self, key: &str) -> Result<Option<Keys<'a>>, ScenarioError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let at = value.span().start;
        match value.get_ref().as_table() {
            Some(table) => Ok(Some(Keys::new(self.origin, &format!("[{key}]"), at, table))),
            None => Err(self.origin.error(at, format!("{key} must be a table"))),
        }
    }

    /// A table as JSON; a text `null` in it stands for JSON's null, which TOML does not have.
    pub(super) fn json(&self, key: &str) -> Result<Value, ScenarioError> {
        let example = "{ spec = { replicas = 2 } }";
        let value = self.get(key).ok_or_else(|| self.missing(key, example))?;
        Ok(json(value.get_ref()))
    }
}

fn json(value: &DeValue<'_>) -> Value {
    if let Some(table) = value.as_table() {
        let pairs = table.iter();
        let pair = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            (key.to_string(), json(value.get_ref()))
        };
        return Value::Object(pairs.map(pair).collect());
    }
    if let Some(list) = value.as_array() {
        return list.iter().map(|one| json(one.get_ref())).collect();
    }
    if let Some(flag) = value.as_bool() {
        return flag.into();
    }
    if let Some(number) = value.as_integer() {
        let number = i64::from_str_radix(number.as_str(), number.radix());
        return number.map_or(Value::Null, Value::from);
    }
    match value.as_str() {
        Some("null") | None => Value::Null,
        Some(text) => text.into(),
    }
}

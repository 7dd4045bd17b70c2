//! Reading TOML tables key by key, so that every complaint knows its line.

use super::ConfigError;
use super::duration;
use super::file;
use super::keys;
use super::keys::Section;
use crate::text::SafeText;
use std::path::Path;
use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

/// A file's path and text, for its lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    /// The file.
    pub(super) path: &'a Path,
    /// Its whole text.
    pub(super) text: &'a str,
}

impl<'a> Origin<'a> {
    /// The file as a table, or the first thing that is not TOML.
    pub(super) fn parse(self) -> Result<DeTable<'a>, ConfigError> {
        DeTable::parse(self.text)
            .map(Spanned::into_inner)
            .map_err(|error| {
                let at = error.span().map_or(0, |span| span.start);
                self.error(at, format!("this is not TOML: {}", error.message()))
            })
    }

    /// An error at a byte offset of the file.
    pub(super) fn error(self, at: usize, sentence: impl Into<String>) -> ConfigError {
        ConfigError::Line {
            file: self.path.to_path_buf(),
            line: file::line_of(self.text.as_bytes(), at),
            sentence: sentence.into(),
        }
    }
}

/// A value and the byte offset where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<T> {
    /// The byte offset.
    pub(super) at: usize,
    /// The value.
    pub(super) value: T,
}

/// A table all of whose keys are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    origin: Origin<'a>,
    section: &'static Section,
    at: usize,
    entries: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    /// Takes a table that starts at a byte offset, and refuses keys its section does not have.
    pub(super) fn new(
        origin: Origin<'a>,
        section: &'static Section,
        at: usize,
        table: &'a DeTable<'a>,
    ) -> Result<Self, ConfigError> {
        let mut unknown: Vec<_> = table
            .keys()
            .filter(|key| !section.keys.contains(&key.get_ref().as_ref()))
            .collect();
        unknown.sort_by_key(|key| key.span().start);
        if let Some(key) = unknown.first() {
            let (name, word) = (section.name, key.get_ref());
            let advice = match keys::nearest(word, section.keys) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("it may hold {}", section.keys.join(", ")),
            };
            let sentence = format!("unknown key {word:?} in {name}; {advice}");
            return Err(origin.error(key.span().start, sentence));
        }
        Ok(Self {
            origin,
            section,
            at,
            entries: table,
        })
    }

    /// Where the table starts, as a byte offset.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The line, counted from 1, of a byte offset of this table's file.
    pub(super) fn line(&self, at: usize) -> usize {
        file::line_of(self.origin.text.as_bytes(), at)
    }

    /// The file's name and the line of a byte offset: `crashcart.toml line 6`.
    pub(super) fn place(&self, at: usize) -> String {
        let name = self.origin.path.file_name().unwrap_or_default();
        format!("{} line {}", name.display(), self.line(at))
    }

    /// An error at a byte offset of this table's file.
    pub(super) fn error(&self, at: usize, sentence: impl Into<String>) -> ConfigError {
        self.origin.error(at, sentence)
    }

    /// The error of a key that must be there.
    pub(super) fn missing(&self, key: &str, example: &str) -> ConfigError {
        let name = self.section.name;
        self.error(
            self.at,
            format!("{name} has no {key:?}; add {key} = {example}"),
        )
    }

    /// A text, if the key is there; empty or unprintable text is refused.
    pub(super) fn text(&self, key: &str) -> Result<Option<Found<&'a str>>, ConfigError> {
        self.get(key)
            .map(|value| self.as_text(key, value))
            .transpose()
    }

    /// A text that must be there.
    pub(super) fn need(&self, key: &str, example: &str) -> Result<Found<&'a str>, ConfigError> {
        self.text(key)?.ok_or_else(|| self.missing(key, example))
    }

    /// A text that is used as a name: at most 63 of letters, digits and `-._`.
    pub(super) fn name(&self) -> Result<Found<&'a str>, ConfigError> {
        let found = self.need("name", "\"...\"")?;
        let fits = found.value.len() <= 63
            && found
                .value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if fits {
            return Ok(found);
        }
        let (name, value) = (self.section.name, found.value);
        let sentence = format!(
            "{value:?} cannot name a {name}; take at most 63 letters, digits, '-', '.' or '_'"
        );
        Err(self.error(found.at, sentence))
    }

    /// A text that stands for one of a few things.
    pub(super) fn word<T>(
        &self,
        key: &str,
        read: impl Fn(&str) -> Option<T>,
        choices: &str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(found) = self.text(key)? else {
            return Ok(None);
        };
        let value = found.value;
        let sentence = || format!("{key} = {value:?} is not one of {choices}");
        read(value)
            .map(Some)
            .ok_or_else(|| self.error(found.at, sentence()))
    }

    /// A duration in seconds.
    pub(super) fn seconds(&self, key: &str) -> Result<Option<i64>, ConfigError> {
        let Some(found) = self.text(key)? else {
            return Ok(None);
        };
        let value = found.value;
        let sentence = || {
            format!("{key} = {value:?} is not a duration; write it like 15m, 1h, 24h, 7d or 1h30m")
        };
        duration::seconds(value)
            .map(Some)
            .ok_or_else(|| self.error(found.at, sentence()))
    }

    /// A number of people: a whole number from 1 to 9.
    pub(super) fn people(&self, key: &str) -> Result<Option<u32>, ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let number = value.get_ref().as_integer();
        number
            .and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|people| (1..=9).contains(people))
            .map(Some)
            .ok_or_else(|| {
                let sentence = format!("{key} must be a whole number from 1 to 9");
                self.error(value.span().start, sentence)
            })
    }

    /// A whole number from 0 on.
    pub(super) fn whole(&self, key: &str) -> Result<Option<u64>, ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let number = value.get_ref().as_integer();
        number
            .and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok())
            .map(Some)
            .ok_or_else(|| {
                let sentence = format!("{key} must be a whole number from 0 on");
                self.error(value.span().start, sentence)
            })
    }

    /// True or false, false when the key is absent.
    pub(super) fn flag(&self, key: &str) -> Result<bool, ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(false);
        };
        let sentence = || format!("{key} must be true or false");
        value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.error(value.span().start, sentence()))
    }

    /// A list of texts, empty when the key is absent.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<Found<&'a str>>, ConfigError> {
        self.array(key, "a list of texts")?
            .iter()
            .map(|value| self.as_text(key, value))
            .collect()
    }

    /// A list of tables, `[[key]]` or inline, empty when the key is absent.
    pub(super) fn tables(
        &self,
        key: &str,
        section: &'static Section,
    ) -> Result<Vec<Self>, ConfigError> {
        self.array(key, "a list of tables")?
            .iter()
            .map(|value| self.as_table(key, value, section))
            .collect()
    }

    /// A table, if the key is there.
    pub(super) fn table(
        &self,
        key: &str,
        section: &'static Section,
    ) -> Result<Option<Self>, ConfigError> {
        self.get(key)
            .map(|value| self.as_table(key, value, section))
            .transpose()
    }

    fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.entries.get(key)
    }

    fn array(&self, key: &str, what: &str) -> Result<&'a [Spanned<DeValue<'a>>], ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(&[]);
        };
        match value.get_ref().as_array() {
            Some(array) => Ok(array.as_ref()),
            None => Err(self.error(value.span().start, format!("{key} must be {what}"))),
        }
    }

    fn as_table(
        &self,
        key: &str,
        value: &'a Spanned<DeValue<'a>>,
        section: &'static Section,
    ) -> Result<Self, ConfigError> {
        let at = value.span().start;
        match value.get_ref().as_table() {
            Some(table) => Self::new(self.origin, section, at, table),
            None => Err(self.error(at, format!("{key} must be a table, {{ ... }}"))),
        }
    }

    fn as_text(
        &self,
        key: &str,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Result<Found<&'a str>, ConfigError> {
        let at = value.span().start;
        let Some(text) = value.get_ref().as_str() else {
            return Err(self.error(at, format!("{key} must be text in quotes")));
        };
        // What Debug would escape is not text a person can check on a screen.
        let printable = |c: char| matches!(c, '"' | '\'' | '\\') || c.escape_debug().len() == 1;
        let shown = SafeText::new(text) == *text;
        if text.trim().is_empty() || !shown || !text.chars().all(printable) {
            let sentence = format!("{key} = {text:?} must be visible text on one line");
            return Err(self.error(at, sentence));
        }
        Ok(Found { at, value: text })
    }
}

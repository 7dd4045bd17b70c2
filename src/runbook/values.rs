//! Filling `${...}` in: typed values into one scalar, after the file was parsed, never into text that is parsed again.

use std::collections::BTreeMap;

use thiserror::Error;

use super::plan::Frozen;

/// Why a pattern could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// A `${` without its `}`.
    #[error("`${{` is never closed in \"{0}\"")]
    Open(String),
    /// A name that nothing defines.
    #[error(
        "`${{{0}}}` is not known; known are params.NAME, run.short and frozen.{{backup, store, velero, started}}"
    )]
    Unknown(String),
}

/// The names inside a pattern, in order.
pub fn names(pattern: &str) -> Result<Vec<&str>, ValueError> {
    let mut found = Vec::new();
    let mut rest = pattern;
    while let Some(start) = rest.find("${") {
        let inside = &rest[start + 2..];
        let end = inside
            .find('}')
            .ok_or_else(|| ValueError::Open(pattern.to_owned()))?;
        found.push(&inside[..end]);
        rest = &inside[end + 1..];
    }
    Ok(found)
}

/// True when the name can be filled in for a book with these parameters.
pub fn known(name: &str, params: &[&str]) -> bool {
    match name.split_once('.') {
        Some(("params", param)) => params.contains(&param),
        Some(("run", field)) => field == "short",
        Some(("frozen", field)) => ["backup", "store", "velero", "started"].contains(&field),
        _ => false,
    }
}

/// What the names of patterns stand for in one run.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// Parameters as given.
    pub params: &'a BTreeMap<String, String>,
    /// The first four of the run's id.
    pub short: &'a str,
    /// What prepare found.
    pub frozen: &'a Frozen,
}

impl Values<'_> {
    /// The pattern with every name replaced by its value.
    ///
    /// # Errors
    /// A name that nothing defines, and a `${` that is never closed.
    pub fn fill(&self, pattern: &str) -> Result<String, ValueError> {
        let mut text = pattern.to_owned();
        let mut done = String::new();
        for name in names(pattern)? {
            let value = self
                .value(name)
                .ok_or_else(|| ValueError::Unknown(name.to_owned()))?;
            let mark = format!("${{{name}}}");
            if let Some(at) = text.find(&mark) {
                done.push_str(&text[..at]);
                done.push_str(value);
                text = text[at + mark.len()..].to_owned();
            }
        }
        done.push_str(&text);
        Ok(done)
    }

    fn value(&self, name: &str) -> Option<&str> {
        match name.split_once('.')? {
            ("params", param) => self.params.get(param).map(String::as_str),
            ("run", "short") => Some(self.short),
            ("frozen", "backup") => Some(&self.frozen.backup),
            ("frozen", "store") => Some(&self.frozen.store),
            ("frozen", "velero") => Some(&self.frozen.velero),
            ("frozen", "started") => Some(&self.frozen.started),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_looks_like_a_pattern_is_never_filled_in_again() {
        let params = BTreeMap::from([
            ("a".to_owned(), "${params.b}".to_owned()),
            ("b".to_owned(), "secret".to_owned()),
        ]);
        let frozen = Frozen::default();
        let values = Values {
            params: &params,
            short: "7f3a",
            frozen: &frozen,
        };
        assert_eq!(
            values.fill("x-${params.a}-${run.short}").unwrap(),
            "x-${params.b}-7f3a"
        );
        assert_eq!(
            values.fill("${params.c}"),
            Err(ValueError::Unknown("params.c".to_owned()))
        );
        assert_eq!(
            values.fill("${params.b"),
            Err(ValueError::Open("${params.b".to_owned()))
        );
    }
}

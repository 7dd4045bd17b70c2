//! Field by field: where two answers differ, and the one table of differences that may stand.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::play::Answers;
use crate::story;

/// A place where two answers differ; null stands for nothing there.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) exchange: String,
    pub(crate) path: String,
    pub(crate) real: Value,
    pub(crate) other: Value,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}\n    real:  {}\n    other: {}",
            self.exchange, self.path, self.real, self.other
        )
    }
}

/// The table, `differences.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    #[serde(default)]
    pub(crate) difference: Vec<Known>,
}

/// A difference that may stand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    /// `story/id`; a part may be or end with `*`.
    pub(crate) exchange: String,
    /// The place, and everything below it; a part may be `*`.
    pub(crate) path: String,
    /// Why it may stand.
    pub(crate) reason: String,
    /// True when the simulator should learn it.
    #[serde(default)]
    pub(crate) open: bool,
}

impl Known {
    fn covers(&self, difference: &Difference) -> bool {
        fits(&self.exchange, &difference.exchange, false)
            && fits(&self.path, &difference.path, true)
    }
}

fn fits(pattern: &str, text: &str, below: bool) -> bool {
    let mut parts = text.split('/');
    for wanted in pattern.split('/') {
        let Some(part) = parts.next() else {
            return false;
        };
        let fits = match wanted.strip_suffix('*') {
            Some(start) => part.starts_with(start),
            None => part == wanted,
        };
        if !fits {
            return false;
        }
    }
    below || parts.next().is_none()
}

impl Table {
    /// Reads the table.
    pub(crate) fn read() -> Table {
        let file = story::folder().join("differences.toml");
        let table: Table = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let bare = table
            .difference
            .iter()
            .find(|known| known.reason.len() < 20);
        assert!(
            bare.is_none(),
            "a difference stands with its reason: {bare:?}"
        );
        table
    }

    /// What is neither equal nor in the table, and what is in the table for nothing.
    pub(crate) fn judge(&self, differences: Vec<Difference>) -> (Vec<Difference>, Vec<&Known>) {
        let mut used = BTreeSet::new();
        let mut left = Vec::new();
        for difference in differences {
            let known = self
                .difference
                .iter()
                .position(|known| known.covers(&difference));
            match known {
                Some(at) => drop(used.insert(at)),
                None => left.push(difference),
            }
        }
        let unused = self.difference.iter().enumerate();
        let unused = unused
            .filter(|(at, _)| !used.contains(at))
            .map(|(_, known)| known);
        (left, unused.collect())
    }
}

/// Where answers differ from those of a real server.
pub(crate) fn answers(real: &Answers, other: &Answers) -> Vec<Difference> {
    let names: BTreeSet<&String> = real.keys().chain(other.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        let none = Value::Null;
        let (one, two) = (
            real.get(name).unwrap_or(&none),
            other.get(name).unwrap_or(&none),
        );
        if one["status"] != two["status"] {
            // A refusal and an object have nothing to compare below.
            found.push(at(name, "", Some(one.clone()), Some(two.clone())));
            continue;
        }
        values(name, "", one, two, &mut found);
    }
    found
}

fn values(exchange: &str, path: &str, real: &Value, other: &Value, found: &mut Vec<Difference>) {
    match (real, other) {
        (Value::Object(one), Value::Object(two)) => {
            let keys: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
            for key in keys {
                let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned();
                match (of(one), of(two)) {
                    (Some(one), Some(two)) => values(exchange, &path, &one, &two, found),
                    (one, two) => found.push(at(exchange, &path, one, two)),
                }
            }
        }
        (Value::Array(one), Value::Array(two)) => {
            for place in 0..one.len().max(two.len()) {
                let path = format!("{path}/{place}");
                match (one.get(place), two.get(place)) {
                    (Some(one), Some(two)) => values(exchange, &path, one, two, found),
                    (one, two) => found.push(at(exchange, &path, one.cloned(), two.cloned())),
                }
            }
        }
        (one, two) if one == two => {}
        (one, two) => found.push(at(exchange, path, Some(one.clone()), Some(two.clone()))),
    }
}

fn at(exchange: &str, path: &str, real: Option<Value>, other: Option<Value>) -> Difference {
    let absent = || Value::from("(absent)");
    Difference {
        exchange: exchange.to_owned(),
        path: path.to_owned(),
        real: real.unwrap_or_else(absent),
        other: other.unwrap_or_else(absent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(name: &str, value: Value) -> Answers {
        Answers::from([(name.to_owned(), value)])
    }

    #[test]
    fn a_field_that_is_other_or_missing_is_a_difference() {
        let real = one("a/b", json!({"body": {"x": 1, "l": [1, 2]}}));
        let other = one("a/b", json!({"body": {"x": 2, "l": [1], "y": null}}));
        let found = answers(&real, &other);
        let paths: Vec<&str> = found.iter().map(|d| d.path.as_str()).collect();
        assert_eq!(paths, ["/body/l/1", "/body/x", "/body/y"]);
        assert!(answers(&real, &real).is_empty());
    }

    #[test]
    fn the_table_covers_what_it_names_and_tells_what_it_names_for_nothing() {
        let known = |exchange: &str, path: &str| Known {
            exchange: exchange.to_owned(),
            path: path.to_owned(),
            reason: String::new(),
            open: false,
        };
        let table = Table {
            difference: vec![known("a/*", "/body/*/x"), known("a/b", "/status")],
        };
        let real = one("a/b", json!({"body": [{"x": {"y": 1}, "z": 1}]}));
        let other = one("a/b", json!({"body": [{"x": {"y": 2}, "z": 2}]}));
        let (left, unused) = table.judge(answers(&real, &other));
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].path, "/body/0/z");
        assert_eq!(unused.len(), 1);
        assert_eq!(unused[0].path, "/status");
    }
}

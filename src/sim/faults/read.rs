//! Faults as people write them: `cluster=lab-1 kind=pods verb=watch fault=stall after=3s for=30s`.
//!
//! A file holds the same words as `[[fault]]` tables; both go through one reader.

use std::str::FromStr;
use std::time::Duration;

use crate::config::seconds;
use crate::sim::faults::Fault;
use crate::sim::faults::fault::WORDS;
use crate::sim::issuer::served::IDENTITY;
use crate::sim::issuer::served::ISSUER;

/// What a fault may be told, for the sentence that refuses anything else.
const KEYS: &str = "cluster or identity, kind, verb, fault, after, for, times, chance, by, bytes";

/// Why the words are no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// A word without `=`.
    #[error("the fault \"{0}\" is not key=value; write cluster=lab-1 kind=pods fault=stall")]
    NoPair(String),
    /// A key that no fault has.
    #[error("a fault has no \"{0}\"; it has {KEYS}")]
    NoSuchKey(String),
    /// A key that stands there twice.
    #[error("\"{0}\" stands twice in one fault; name it once")]
    Twice(String),
    /// A fault that does not exist.
    #[error("there is no fault \"{0}\"; there are {names}", names = names())]
    NoSuchFault(String),
    /// A value that cannot be read.
    #[error("\"{key}={value}\" of a fault cannot be read; {want}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was given.
        value: String,
        /// What may be given.
        want: &'static str,
    },
    /// No `fault=`.
    #[error("a fault must say what goes wrong: fault=NAME with one of {names}", names = names())]
    Nothing,
    /// The file is not TOML, or not of `[[fault]]` tables.
    #[error("the faults are not TOML of [[fault]] tables: {0}")]
    Toml(String),
}

fn names() -> String {
    let names: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
    names.join(", ")
}

/// Reads a file of `[[fault]]` tables.
///
/// # Errors
/// What is wrong, in one sentence.
pub fn faults(text: &str) -> Result<Vec<Fault>, FaultError> {
    let file: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| FaultError::Toml(error.message().to_owned()))?;
    let wrong = |words: &str| FaultError::Toml(words.to_owned());
    if let Some(other) = file.keys().find(|key| *key != "fault") {
        return Err(FaultError::Toml(format!("\"{other}\" is not known")));
    }
    let Some(tables) = file.get("fault") else {
        return Ok(Vec::new());
    };
    let tables = tables
        .as_array()
        .ok_or_else(|| wrong("\"fault\" is not a list of tables"))?;
    tables
        .iter()
        .map(|table| {
            let table = table
                .as_table()
                .ok_or_else(|| wrong("\"fault\" is not a list of tables"))?;
            let pairs = table.iter().map(|(key, value)| {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                (key.clone(), value)
            });
            fault(pairs.collect())
        })
        .collect()
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Fault, FaultError> {
        let pairs = text.split_whitespace().map(|word| {
            word.split_once('=')
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .ok_or_else(|| FaultError::NoPair(text.to_owned()))
        });
        fault(pairs.collect::<Result<_, _>>()?)
    }
}

fn fault(pairs: Vec<(String, String)>) -> Result<Fault, FaultError> {
    for (at, (key, _)) in pairs.iter().enumerate() {
        if pairs[..at].iter().any(|(other, _)| other == key) {
            return Err(FaultError::Twice(key.clone()));
        }
    }
    let (_, word) = pairs
        .iter()
        .find(|(key, _)| key == "fault")
        .ok_or(FaultError::Nothing)?;
    let (_, what) = WORDS
        .iter()
        .find(|(name, _)| name == word)
        .ok_or_else(|| FaultError::NoSuchFault(word.clone()))?;
    let mut fault = Fault::of(*what);
    for (key, value) in pairs {
        set(&mut fault, &key, value)?;
    }
    Ok(fault)
}

fn set(fault: &mut Fault, key: &str, value: String) -> Result<(), FaultError> {
    let number = "write a whole number";
    match key {
        "fault" => {}
        "cluster" | "identity" if fault.cluster.is_some() => {
            return Err(FaultError::Twice("cluster or identity".to_owned()));
        }
        // The usual identity is called by what it is; another by its name.
        "identity" if value == IDENTITY => fault.cluster = Some(ISSUER.to_owned()),
        "cluster" | "identity" => fault.cluster = Some(value),
        "kind" => fault.kind = Some(value),
        "verb" => fault.verb = Some(value),
        "after" => fault.after = length("after", &value)?,
        "for" => fault.length = Some(length("for", &value)?),
        "by" => fault.by_ms = millis(&value)?,
        "times" => fault.times = Some(whole("times", value, number)?),
        "bytes" => fault.bytes = whole("bytes", value, number)?,
        "chance" => {
            let want = "write a share of a hundred, 1 to 100";
            let chance: u8 = whole("chance", value.clone(), want)?;
            if !(1..=100).contains(&chance) {
                return Err(FaultError::Value {
                    key: "chance",
                    value,
                    want,
                });
            }
            fault.chance = chance;
        }
        other => return Err(FaultError::NoSuchKey(other.to_owned())),
    }
    Ok(())
}

fn whole<N: FromStr>(
    key: &'static str,
    value: String,
    want: &'static str,
) -> Result<N, FaultError> {
    value
        .parse()
        .map_err(|_| FaultError::Value { key, value, want })
}

fn length(key: &'static str, value: &str) -> Result<Duration, FaultError> {
    let seconds = seconds(value).and_then(|seconds| u64::try_from(seconds).ok());
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| FaultError::Value {
            key,
            value: value.to_owned(),
            want: "write 3s, 2m or 1h",
        })
}

/// Milliseconds of `250ms`, `3s` or `-10m`.
fn millis(value: &str) -> Result<i64, FaultError> {
    let (sign, bare) = value
        .strip_prefix('-')
        .map_or((1, value), |bare| (-1, bare));
    let read = match bare.strip_suffix("ms") {
        Some(number) => number.parse().ok(),
        None => seconds(bare).and_then(|seconds| seconds.checked_mul(1_000)),
    };
    read.filter(|ms: &i64| *ms >= 0)
        .map(|ms| sign * ms)
        .ok_or_else(|| FaultError::Value {
            key: "by",
            value: value.to_owned(),
            want: "write 250ms, 3s or -10m",
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::faults::What;

    #[test]
    fn the_words_of_a_line_and_of_a_file_are_the_same_fault() {
        let line: Fault = "cluster=lab-1 kind=pods verb=watch fault=stall after=3s for=30s bytes=7"
            .parse()
            .unwrap();
        let file = faults(
            "[[fault]]\ncluster = \"lab-1\"\nkind = \"pods\"\nverb = \"watch\"\nfault = \"stall\"\nafter = \"3s\"\nfor = \"30s\"\nbytes = 7\n",
        );
        assert_eq!(file.unwrap(), std::slice::from_ref(&line));
        assert_eq!(line.what, What::Stall);
        assert_eq!(line.length, Some(Duration::from_secs(30)));
        assert_eq!(
            "fault=skew by=-10m".parse::<Fault>().unwrap().by_ms,
            -600_000
        );
        assert_eq!(
            "fault=latency by=250ms".parse::<Fault>().unwrap().by_ms,
            250
        );
    }

    #[test]
    fn an_identity_is_named_as_in_the_configuration() {
        let read = |text: &str| text.parse::<Fault>().unwrap().cluster;
        let usual = read("identity=sim fault=outage for=5m");
        assert_eq!(usual.as_deref(), Some("issuer"));
        assert_eq!(read("identity=apart fault=503").as_deref(), Some("apart"));
    }

    #[test]
    fn every_fault_has_a_word_and_a_layer() {
        for (word, what) in WORDS {
            let read: Fault = format!("fault={word}").parse().unwrap();
            assert_eq!((read.what, what.word()), (*what, *word));
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_one_sentence() {
        let table = [
            ("stall", "is not key=value"),
            ("kind=pods", "must say what goes wrong"),
            ("fault=melt", "no fault \"melt\"; there are latency, jitter"),
            ("fault=cut hour=3", "has no \"hour\""),
            ("fault=cut fault=cut", "stands twice"),
            ("fault=cut cluster=lab-1 identity=sim", "stands twice"),
            (
                "fault=cut for=soon",
                "\"for=soon\" of a fault cannot be read; write 3s",
            ),
            ("fault=cut times=-1", "write a whole number"),
            ("fault=500 chance=0", "1 to 100"),
            ("fault=skew by=-", "write 250ms"),
        ];
        for (text, words) in table {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        for text in ["fault = 3", "[other]", "nonsense", "fault = [3]"] {
            let error = faults(text).unwrap_err().to_string();
            assert!(error.contains("[[fault]]"), "{text}: {error}");
        }
    }
}

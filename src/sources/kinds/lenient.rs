//! Readers that never fail on a value of another shape: it is skipped and the field stays empty.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;

use crate::text::SafeText;

/// An object as the API server writes it: metadata, spec and status, each read as far as its shape fits.
#[derive(Default, Deserialize)]
#[serde(
    default,
    bound = "M: Deserialize<'de> + Default, S: Deserialize<'de> + Default, T: Deserialize<'de> + Default"
)]
pub(super) struct Object<M, S, T> {
    #[serde(deserialize_with = "part")]
    pub(super) metadata: M,
    #[serde(deserialize_with = "part")]
    pub(super) spec: S,
    #[serde(deserialize_with = "part")]
    pub(super) status: T,
}

/// A part of an object of which nothing is kept.
#[derive(Default, Deserialize)]
pub(super) struct Nothing {}

/// Reads a string; a number or truth value becomes its text, anything else is empty.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<SafeText, D::Error> {
    read(from, Scalar(SafeText::new))
}

/// Reads a whole number; a string of digits counts, anything else is `None`.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    read(from, Scalar(|text: &str| text.parse().ok()))
}

/// Reads a truth value; anything else is `None`.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    read(from, Scalar(|text: &str| text.parse().ok()))
}

/// Reads an RFC 3339 instant; anything else is `None`.
pub(super) fn when<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    read(from, Scalar(|text: &str| text.parse().ok()))
}

/// Reads an object; anything else gives the default.
pub(super) fn part<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    maybe(from).map(Option::unwrap_or_default)
}

/// Reads an object; anything else is `None`.
pub(super) fn maybe<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    read(from, Part(PhantomData))
}

/// Reads an array of objects; members of another shape are left out, anything else is empty.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    let members: Vec<Member<T>> = read(from, List(PhantomData))?;
    Ok(members.into_iter().filter_map(|member| member.0).collect())
}

/// Reads an array of strings; anything else is empty.
pub(super) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SafeText>, D::Error> {
    let words: Vec<Word> = read(from, List(PhantomData))?;
    Ok(words.into_iter().map(|word| word.0).collect())
}

/// Reads an object of strings, such as labels, as it is: only for matching, never to be shown.
pub(super) fn raw_map<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    read(from, RawMap)
}

/// True when there is an object or array with something in it.
pub(super) fn present<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    read(from, Present)
}

/// What one reader makes of each shape; what it does not name is skipped and gives the default.
trait Shape<'de>: Sized {
    type Value: Default;

    fn scalar(self, _text: &str) -> Self::Value {
        Self::Value::default()
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Value::default())
    }

    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::Value::default())
    }
}

fn read<'de, D: Deserializer<'de>, S: Shape<'de>>(from: D, shape: S) -> Result<S::Value, D::Error> {
    from.deserialize_any(Any(shape))
}

struct Any<S>(S);

impl<'de, S: Shape<'de>> Visitor<'de> for Any<S> {
    type Value = S::Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<S::Value, E> {
        Ok(self.0.scalar(v))
    }
    fn visit_bool<E: Error>(self, v: bool) -> Result<S::Value, E> {
        Ok(self.0.scalar(if v { "true" } else { "false" }))
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<S::Value, E> {
        Ok(self.0.scalar(&v.to_string()))
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<S::Value, E> {
        Ok(self.0.scalar(&v.to_string()))
    }
    fn visit_f64<E: Error>(self, v: f64) -> Result<S::Value, E> {
        Ok(self.0.scalar(&v.to_string()))
    }
    fn visit_unit<E: Error>(self) -> Result<S::Value, E> {
        Ok(S::Value::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<S::Value, A::Error> {
        self.0.map(map)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<S::Value, A::Error> {
        self.0.seq(seq)
    }
}

struct Scalar<F>(F);

impl<T: Default, F: FnOnce(&str) -> T> Shape<'_> for Scalar<F> {
    type Value = T;
    fn scalar(self, text: &str) -> T {
        (self.0)(text)
    }
}

struct Part<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Shape<'de> for Part<T> {
    type Value = Option<T>;
    fn map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Shape<'de> for List<T> {
    type Value = Vec<T>;
    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut found = Vec::new();
        while let Some(member) = seq.next_element()? {
            found.push(member);
        }
        Ok(found)
    }
}

struct RawMap;

impl<'de> Shape<'de> for RawMap {
    type Value = BTreeMap<String, String>;
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = BTreeMap::new();
        while let Some((key, RawWord(value))) = map.next_entry::<String, RawWord>()? {
            found.insert(key, value);
        }
        Ok(found)
    }
}

struct Present;

impl<'de> Shape<'de> for Present {
    type Value = bool;
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut any = false;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(any)
    }
    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let mut any = false;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(any)
    }
}

/// One member of a list of objects: read, or left out.
struct Member<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        maybe(from).map(Member)
    }
}

struct Word(SafeText);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text(from).map(Word)
    }
}

struct RawWord(String);

impl<'de> Deserialize<'de> for RawWord {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read(from, Scalar(str::to_owned)).map(RawWord)
    }
}

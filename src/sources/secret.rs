//! The names of a Secret's keys. Nothing here can hold a value: each is measured while it is read, and dropped.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::Visitor;

use crate::config::ClusterName;
use crate::text::SafeText;

/// Which Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretRef {
    /// Its cluster.
    pub cluster: ClusterName,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl SecretRef {
    /// Names a Secret as it is typed: `emr/db`, or `aws-prod/emr/db`; without a cluster it is on `here`. `None` where
    /// that is no Secret's name, or nothing says which cluster.
    pub fn parse(text: &str, here: Option<&ClusterName>) -> Option<SecretRef> {
        let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        let parts: Vec<&str> = text.trim().split('/').collect();
        let (cluster, namespace, name) = match parts.as_slice() {
            [namespace, name] => (here?.clone(), *namespace, *name),
            [cluster, namespace, name] => (ClusterName::from(*cluster), *namespace, *name),
            _ => return None,
        };
        let good = |part: &str| {
            (1..=253).contains(&part.len()) && part.chars().all(label) && !part.starts_with('.')
        };
        (good(namespace) && good(name)).then(|| SecretRef {
            cluster,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} on {}", self.namespace, self.name, self.cluster)
    }
}

/// What may be known of a Secret's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SecretKeys {
    /// Its type, `Opaque`.
    #[serde(default, rename = "type")]
    pub kind: SafeText,
    /// The name of each key, and how many bytes its value has. The metadata is left out: an annotation of kubectl repeats
    /// the values there.
    #[serde(default, rename = "data", deserialize_with = "sizes")]
    pub keys: BTreeMap<SafeText, u64>,
}

/// Bytes of a value that was base64; the value itself is not kept.
struct Size(u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
        struct Measure;
        impl Visitor<'_> for Measure {
            type Value = Size;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value as base64")
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Size, E> {
                let digits = value.trim_end_matches('=').len() as u64;
                Ok(Size(digits * 3 / 4))
            }
        }
        deserializer.deserialize_str(Measure)
    }
}

fn sizes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<SafeText, u64>, D::Error> {
    let sizes: Option<BTreeMap<SafeText, Size>> = Option::deserialize(deserializer)?;
    let sizes = sizes.unwrap_or_default().into_iter();
    Ok(sizes.map(|(key, size)| (key, size.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_measured_and_not_kept() {
        let body = r#"{"kind":"Secret","type":"Opaque","metadata":{"name":"db","annotations":{"last":"Y2FuYXJ5"}},
            "data":{"password":"Y2FuYXJ5","empty":"","one":"YQ=="}}"#;
        let keys: SecretKeys = serde_json::from_str(body).unwrap();
        let sizes: Vec<_> = keys
            .keys
            .iter()
            .map(|(key, size)| (key.as_str(), *size))
            .collect();
        assert_eq!(sizes, [("empty", 0), ("one", 1), ("password", 6)]);
        assert!(!format!("{keys:?}").contains("Y2FuYXJ5"));
        let none: SecretKeys = serde_json::from_str(r#"{"data":null}"#).unwrap();
        assert!(none.keys.is_empty());
        let wrong = serde_json::from_str::<SecretKeys>(r#"{"data":{"password":7}}"#).unwrap_err();
        assert!(!wrong.to_string().contains("password"), "{wrong}");
    }

    #[test]
    fn a_secret_is_named_by_namespace_and_name_and_nothing_that_leaves_its_path() {
        let here = ClusterName::from("aws-prod");
        let of = |text| SecretRef::parse(text, Some(&here)).map(|found| found.to_string());
        assert_eq!(of("emr/db").as_deref(), Some("emr/db on aws-prod"));
        assert_eq!(of("sth-prod/ehr/db").as_deref(), Some("ehr/db on sth-prod"));
        for wrong in [
            "",
            "emr",
            "emr/",
            "emr/../db",
            "emr/db?x=1",
            "a/b/c/d",
            "Emr/db",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert_eq!(SecretRef::parse("emr/db", None), None);
    }
}

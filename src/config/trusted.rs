//! The configuration with another fingerprint of one cluster: that value alone changes, every other byte stays.

use super::ConfigError;
use super::clusters::ClusterName;
use super::clusters::Fingerprint;
use super::file;
use super::table::Origin;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

/// The text of a configuration file in which a cluster is pinned to a fingerprint.
///
/// # Errors
/// When the file cannot be read, or has no such cluster.
pub fn trusted(
    path: &Path,
    cluster: &ClusterName,
    print: &Fingerprint,
) -> Result<String, ConfigError> {
    let text = file::read_own(path, "correct its path or rights")?;
    let origin = Origin { path, text: &text };
    let table = origin.parse()?;
    let clusters = table
        .get("cluster")
        .and_then(|list| list.get_ref().as_array());
    let tables = clusters.into_iter().flat_map(|list| list.iter());
    let one = tables
        .filter_map(|one| one.get_ref().as_table())
        .find(|one| text_of(one, "name").is_some_and(|(name, _)| name == cluster.as_str()));
    let Some(one) = one else {
        let sentence = format!(
            "it has no [[cluster]] called {:?} any more",
            cluster.as_str()
        );
        return Err(ConfigError::file(path, sentence));
    };
    let (at, new) = match (text_of(one, "fingerprint"), text_of(one, "name")) {
        (Some((_, at)), _) => (at, format!("\"{print}\"")),
        (None, Some((_, name))) => {
            // A table of its own takes one key a line, one in braces takes commas.
            let line = text
                .get(..name.start)
                .and_then(|before| before.lines().next_back());
            let own = line.is_some_and(|line| line.trim_start().starts_with("name"));
            let gap = if own { "\n" } else { ", " };
            (
                name.end..name.end,
                format!("{gap}fingerprint = \"{print}\""),
            )
        }
        (None, None) => (0..0, String::new()),
    };
    let (before, after) = (text.get(..at.start), text.get(at.end..));
    Ok([before.unwrap_or_default(), &new, after.unwrap_or_default()].concat())
}

fn text_of<'a>(table: &'a DeTable<'_>, key: &str) -> Option<(&'a str, Range<usize>)> {
    let value: &Spanned<DeValue<'_>> = table.get(key)?;
    Some((value.get_ref().as_str()?, value.span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print() -> Fingerprint {
        Fingerprint {
            ca_key: "ab".repeat(32),
            uid: Some("5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11".to_owned()),
        }
    }

    fn pinned(text: &str) -> String {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("crashcart.toml");
        std::fs::write(&path, text).unwrap();
        trusted(&path, &ClusterName::from("b"), &print()).unwrap()
    }

    #[test]
    fn only_the_value_changes() {
        let text = |value: &str| {
            format!(
                "# kept\n[[cluster]]\nname = \"a\"\nfingerprint = \"sha256:00\"\n\n[[cluster]]\nname = \"b\" # b\nfingerprint = {value} # why\nsite = \"cloud\"\n"
            )
        };
        assert_eq!(
            pinned(&text("'sha256:11'")),
            text(&format!("\"{}\"", print()))
        );
    }

    #[test]
    fn a_cluster_without_one_gets_it_after_its_name() {
        let line = format!("fingerprint = \"{}\"", print());
        assert_eq!(
            pinned("[[cluster]]\n  name = \"b\"\nsite = \"cloud\"\n"),
            format!("[[cluster]]\n  name = \"b\"\n{line}\nsite = \"cloud\"\n")
        );
        assert_eq!(
            pinned("cluster = [{ site = \"cloud\", name = \"b\" }]\n"),
            format!("cluster = [{{ site = \"cloud\", name = \"b\", {line} }}]\n")
        );
    }
}

//! The configuration file, from text to checked nouns; one file per kind of section.

mod access;
mod clusters;
mod tokens;
mod zones;

use super::Config;
use super::ConfigError;
use super::clusters::Cluster;
use super::clusters::ClusterName;
use super::estate::Estate;
use super::estate::Outside;
use super::file;
use super::keys;
use super::policy;
use super::table::Found;
use super::table::Origin;
use super::table::Table;
use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use uuid::Uuid;

/// What to do when the configuration file itself cannot be read.
const ADVICE: &str = "crashcart init writes one, --config names another, crashcart demo needs none";

/// Reads and checks a configuration file, every file it names, and the policy that holds for it.
///
/// `policy` is where the system's policy would be; `None` is `/etc/crashcart/policy.toml`.
/// Wherever it is, it must belong to root and be writable by nobody else.
///
/// # Errors
/// The first thing that is wrong, as one sentence with its file and line.
pub fn load(path: &Path, policy: Option<&Path>) -> Result<Config, ConfigError> {
    let text = file::read_own(path, ADVICE)?;
    let origin = Origin { path, text: &text };
    let table = origin.parse()?;
    let top = Table::new(origin, &keys::FILE, 0, &table)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut identities = clusters::identities(&top, folder)?;
    let bundle = bundle(&top, folder)?;
    let mut policy = policy::load(folder, bundle.as_deref(), policy)?;
    for identity in &mut identities {
        identity.person_claim.clone_from(&policy.person_claim);
    }
    let mut warnings = Vec::new();
    let told = clusters::Told {
        folder,
        identities: &identities,
        programs: &policy.programs,
    };
    let clusters = clusters::clusters(&top, &told, &mut warnings)?;
    let mut estate = estate(&top, &clusters)?;
    let zones = zones::zones(&top, &clusters, &estate)?;
    let mut tokens = tokens::tokens(&top)?;
    let held = (&mut estate, clusters.as_slice(), zones.as_slice());
    policy::narrow(&mut policy, &top, held, &mut tokens)?;
    Ok(Config {
        path: path.to_path_buf(),
        estate,
        identities,
        clusters,
        zones,
        policy,
        warnings,
        tokens,
    })
}

/// The signed policy that the `[estate]` section names.
fn bundle(top: &Table<'_>, folder: &Path) -> Result<Option<PathBuf>, ConfigError> {
    let Some(table) = top.table("estate", &keys::ESTATE)? else {
        return Ok(None);
    };
    let found = table.text("policy_bundle")?;
    Ok(found.map(|found| folder.join(found.value)))
}

/// The `[estate]` section.
fn estate(top: &Table<'_>, clusters: &[Cluster]) -> Result<Estate, ConfigError> {
    let Some(table) = top.table("estate", &keys::ESTATE)? else {
        let sentence = "there is no [estate]; add it with its name and id, or run crashcart init";
        return Err(top.error(0, sentence));
    };
    let id = table.need("id", "\"...\" (crashcart init makes one)")?;
    let Ok(uuid) = Uuid::try_parse(id.value) else {
        let sentence = format!(
            "id = {:?} is not a UUID; state and log are kept by it, so write the one init made",
            id.value
        );
        return Err(table.error(id.at, sentence));
    };
    let mut outside = Vec::new();
    for entry in table.tables("outside", &keys::OUTSIDE)? {
        outside.push(Outside {
            cluster: known_cluster(&entry, clusters)?,
            namespaces: values(namespaces(&entry)?),
        });
    }
    Ok(Estate {
        name: table.need("name", "\"...\"")?.value.to_owned(),
        id: uuid,
        regimes: values(table.texts("regimes")?),
        outside,
    })
}

/// The `cluster` key of a table, which must name a cluster of this file.
fn known_cluster(table: &Table<'_>, clusters: &[Cluster]) -> Result<ClusterName, ConfigError> {
    let found = table.need("cluster", "\"...\"")?;
    let known = clusters
        .iter()
        .find(|cluster| cluster.name.as_str() == found.value);
    known.map(|cluster| cluster.name.clone()).ok_or_else(|| {
        let names: Vec<&str> = clusters.iter().map(|one| one.name.as_str()).collect();
        let sentence = unknown("cluster", found.value, &names);
        table.error(found.at, sentence)
    })
}

/// The sentence for a name nothing has.
fn unknown(what: &str, name: &str, names: &[&str]) -> String {
    let advice = match (keys::nearest(name, names), names) {
        (Some(near), _) => format!("did you mean {near:?}?"),
        (None, []) => format!("this file has no [[{what}]]; add it"),
        (None, _) => format!("this file has {}", names.join(", ")),
    };
    format!("no {what} is called {name:?}; {advice}")
}

/// The `namespaces` key of a table: at least one, each a name Kubernetes could give.
pub(super) fn namespaces<'a>(table: &Table<'a>) -> Result<Vec<Found<&'a str>>, ConfigError> {
    let found = table.texts("namespaces")?;
    if found.is_empty() {
        let sentence = "namespaces must name at least one namespace";
        return Err(table.error(table.at(), sentence));
    }
    for one in &found {
        namespace(table, one.at, one.value)?;
    }
    Ok(found)
}

/// Refuses what Kubernetes could give no namespace as its name.
pub(super) fn namespace(table: &Table<'_>, at: usize, name: &str) -> Result<(), ConfigError> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = name.is_empty() || name.starts_with('-') || name.ends_with('-');
    if ends || name.len() > 63 || !name.bytes().all(letter) {
        let sentence = format!("{name:?} cannot be the name of a namespace");
        return Err(table.error(at, sentence));
    }
    Ok(())
}

/// Texts without their places.
pub(super) fn values(found: Vec<Found<&str>>) -> Vec<String> {
    found.into_iter().map(|one| one.value.to_owned()).collect()
}

/// Names that must differ, and where each stood first.
#[derive(Default)]
struct Names<'a>(BTreeMap<&'a str, usize>);

impl<'a> Names<'a> {
    /// Takes the name of a table in, or refuses it because another has it.
    fn take(
        &mut self,
        what: &str,
        table: &Table<'_>,
        name: Found<&'a str>,
    ) -> Result<(), ConfigError> {
        match self.0.insert(name.value, name.at) {
            None => Ok(()),
            Some(first) => {
                let line = table.line(first);
                let sentence = format!(
                    "a second {what} is called {:?}, the first is at line {line}; rename one",
                    name.value
                );
                Err(table.error(name.at, sentence))
            }
        }
    }
}

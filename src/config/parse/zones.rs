//! The `[[zone]]` sections.

use super::Names;
use super::known_cluster;
use super::namespaces;
use super::values;
use crate::config::ConfigError;
use crate::config::clusters::Cluster;
use crate::config::clusters::ClusterName;
use crate::config::estate::Estate;
use crate::config::keys;
use crate::config::selector::LabelSelector;
use crate::config::table::Found;
use crate::config::table::Table;
use crate::config::zone::Application;
use crate::config::zone::Criticality;
use crate::config::zone::Member;
use crate::config::zone::MemberBy;
use crate::config::zone::Owner;
use crate::config::zone::Zone;
use crate::config::zone::ZoneName;
use std::collections::BTreeMap;

/// The words a criticality may be.
const CRITICALITIES: &str = "critical, high, medium, low";

/// All zones. What two zones claim by name is refused here; what two selectors claim can only be
/// seen when the namespaces are.
pub(super) fn zones(
    top: &Table<'_>,
    clusters: &[Cluster],
    estate: &Estate,
) -> Result<Vec<Zone>, ConfigError> {
    let mut names = Names::default();
    let mut claims = Claims::of(estate);
    let mut zones = Vec::new();
    for table in top.tables("zone", &keys::ZONE)? {
        let name = table.name()?;
        names.take("zone", &table, name)?;
        zones.push(Zone {
            name: ZoneName::from(name.value),
            criticality: table
                .word("criticality", Criticality::from_word, CRITICALITIES)?
                .ok_or_else(|| table.missing("criticality", "\"critical\", high, medium or low"))?,
            rpo: table.seconds("rpo")?,
            rto: table.seconds("rto")?,
            people: table.people("people")?.unwrap_or(1),
            owners: owners(&table)?,
            members: members(&table, name.value, clusters, &mut claims)?,
            applications: applications(&table)?,
        });
    }
    Ok(zones)
}

fn owners(table: &Table<'_>) -> Result<Vec<Owner>, ConfigError> {
    let mut owners = Vec::new();
    for owner in table.tables("owners", &keys::OWNER)? {
        owners.push(Owner {
            name: owner.need("name", "\"...\"")?.value.to_owned(),
            phone: owner.text("phone")?.map(|found| found.value.to_owned()),
        });
    }
    Ok(owners)
}

fn members(
    table: &Table<'_>,
    zone: &str,
    clusters: &[Cluster],
    claims: &mut Claims,
) -> Result<Vec<Member>, ConfigError> {
    let mut members = Vec::new();
    for entry in table.tables("members", &keys::MEMBER)? {
        let cluster = known_cluster(&entry, clusters)?;
        let by = match (entry.text("selector")?, entry.texts("namespaces")?) {
            (Some(found), list) if !list.is_empty() => {
                let sentence = "this member has both selector and namespaces; write two members";
                return Err(entry.error(found.at, sentence));
            }
            (Some(found), _) => MemberBy::Selector(selector(&entry, found)?),
            (None, _) => {
                let found = namespaces(&entry)?;
                for namespace in &found {
                    claims.take(&entry, &cluster, zone, *namespace)?;
                }
                MemberBy::Namespaces(values(found))
            }
        };
        members.push(Member { cluster, by });
    }
    if members.is_empty() {
        let example = "[{ cluster = \"...\", selector = \"zone=...\" }]";
        let sentence = format!("zone {zone:?} has no members; add members = {example}");
        return Err(table.error(table.at(), sentence));
    }
    Ok(members)
}

fn selector(table: &Table<'_>, found: Found<&str>) -> Result<LabelSelector, ConfigError> {
    LabelSelector::parse(found.value).map_err(|reason| {
        let sentence = format!(
            "selector {:?} cannot be read: {reason}; write it like \"zone=clinical\"",
            found.value
        );
        table.error(found.at, sentence)
    })
}

fn applications(zone: &Table<'_>) -> Result<Vec<Application>, ConfigError> {
    let mut names = Names::default();
    let mut applications = Vec::new();
    for table in zone.tables("application", &keys::APPLICATION)? {
        let name = table.name()?;
        names.take("application", &table, name)?;
        applications.push(Application {
            name: name.value.to_owned(),
            criticality: table.word("criticality", Criticality::from_word, CRITICALITIES)?,
            namespaces: values(namespaces(&table)?),
            rpo: table.seconds("rpo")?,
            rto: table.seconds("rto")?,
        });
    }
    Ok(applications)
}

/// Which zone has claimed which namespace by name.
struct Claims(BTreeMap<(ClusterName, String), Claim>);

/// Who has a namespace already.
#[derive(Clone, PartialEq)]
enum Claim {
    /// The `outside` list of the estate.
    Outside,
    /// A zone, and the byte offset where it says so.
    Zone(String, usize),
}

impl Claims {
    /// Starts with what the estate keeps outside.
    fn of(estate: &Estate) -> Self {
        let outside = estate.outside.iter().flat_map(|outside| {
            let key = |name: &String| (outside.cluster.clone(), name.clone());
            outside.namespaces.iter().map(key)
        });
        Self(outside.map(|key| (key, Claim::Outside)).collect())
    }

    /// Takes a namespace for a zone, or refuses it because it stands elsewhere.
    fn take(
        &mut self,
        table: &Table<'_>,
        cluster: &ClusterName,
        zone: &str,
        namespace: Found<&str>,
    ) -> Result<(), ConfigError> {
        let key = (cluster.clone(), namespace.value.to_owned());
        let claim = Claim::Zone(zone.to_owned(), namespace.at);
        let name = namespace.value;
        let sentence = match self.0.insert(key, claim) {
            None => return Ok(()),
            Some(Claim::Zone(other, _)) if other == zone => return Ok(()),
            Some(Claim::Zone(other, at)) => format!(
                "namespace {name:?} of {cluster} is in zone {zone:?} and, at line {}, in zone \
                 {other:?}; a namespace has one zone: take it out of one",
                table.line(at)
            ),
            Some(Claim::Outside) => format!(
                "namespace {name:?} of {cluster} is in zone {zone:?} and in outside of [estate]; \
                 take it out of one"
            ),
        };
        Err(table.error(namespace.at, sentence))
    }
}

//! The ground a source judges on: one cluster at one moment, its namespaces put into their zones.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::board::Cell;
use super::fact::Watch;
use super::finding::Finding;
use super::finding::FindingKind;
use super::finding::ObjectRef;
use super::finding::Since;
use super::kinds::namespace::Namespace;
use super::level::Level;
use super::moment::Moment;
use super::table::Table;
use super::world::ClusterWorld;
use super::world::Standing;
use super::world::World;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::Criticality;
use crate::config::MemberBy;
use crate::config::Zone;
use crate::config::ZoneName;
use crate::text::SafeText;
use crate::text::age;

/// Seconds by which a cluster's clock may differ from this host's before ages are not believed.
pub const SKEW_S: i64 = 60;

/// One cluster at one moment, its namespaces in their zones.
#[derive(Debug)]
pub struct Ground<'a> {
    /// What we were told.
    pub config: &'a Config,
    /// The cluster.
    pub cluster: &'a ClusterName,
    /// What is known of it.
    pub world: &'a ClusterWorld,
    /// The moment of judging.
    pub now: Moment,
    /// Zones that have this cluster as a member, with the namespaces they name or select.
    places: Vec<Place<'a>>,
    /// Namespaces that no zone claims and that do not stand outside on purpose.
    unclaimed: Vec<SafeText>,
}

/// One zone's part of one cluster.
#[derive(Debug)]
struct Place<'a> {
    zone: &'a Zone,
    namespaces: Vec<SafeText>,
    missing: Vec<SafeText>,
}

/// What a judge says of one zone on one cluster before the freshness of its source is put on it.
pub struct Judged {
    /// The level.
    pub level: Level,
    /// One figure of at most 7 columns.
    pub figure: String,
    /// The longer form.
    pub wide: String,
}

impl Judged {
    /// A level with its figure and the longer form.
    pub fn new(level: Level, figure: impl Into<String>, wide: impl Into<String>) -> Judged {
        Judged {
            level,
            figure: figure.into(),
            wide: wide.into(),
        }
    }
}

impl<'a> Ground<'a> {
    /// Puts one cluster's namespaces into their zones; `nothing` stands in where no connection was begun.
    pub fn new(
        config: &'a Config,
        world: &'a World,
        cluster: &'a ClusterName,
        now: Moment,
        nothing: &'a ClusterWorld,
    ) -> Ground<'a> {
        let world = world.cluster(cluster).unwrap_or(nothing);
        let places: Vec<Place<'a>> = config
            .zones
            .iter()
            .filter_map(|zone| Place::of(zone, cluster, world, now))
            .collect();
        let outside: Vec<&str> = (config.estate.outside.iter())
            .filter(|outside| outside.cluster == *cluster)
            .flat_map(|outside| outside.namespaces.iter().map(String::as_str))
            .collect();
        let greeted = world.greeting().and_then(|one| one.uid.as_ref());
        let uid = greeted.and_then(|uid| uid.as_str().parse().ok());
        let drills = |name: &SafeText| {
            let mut targets = config.policy.drill_targets.iter();
            uid.is_some_and(|uid| targets.any(|one| one.holds(uid, name.as_str())))
        };
        let namespaces = world.namespaces(now);
        let claimed = |name: &SafeText| places.iter().any(|place| place.namespaces.contains(name));
        let unclaimed = (namespaces
            .known()
            .into_iter()
            .flat_map(|table| table.iter()))
        .map(|namespace| namespace.meta.name.clone())
        .filter(|name| !outside.contains(&name.as_str()) && !claimed(name) && !drills(name))
        .collect();
        Ground {
            config,
            cluster,
            world,
            now,
            places,
            unclaimed,
        }
    }

    /// Zones that have this cluster as a member, in the order of the configuration.
    pub fn zones(&self) -> impl Iterator<Item = &'a Zone> {
        self.places.iter().map(|place| place.zone)
    }

    /// Namespaces that are there and stand in a zone; `None` asks for those in no zone.
    pub fn namespaces(&self, zone: Option<&ZoneName>) -> &[SafeText] {
        match zone {
            None => &self.unclaimed,
            Some(_) => self
                .place(zone)
                .map(|place| place.namespaces.as_slice())
                .unwrap_or_default(),
        }
    }

    /// Namespaces that a zone names and that are not there; empty until the list of namespaces was complete.
    pub fn missing(&self, zone: Option<&ZoneName>) -> &[SafeText] {
        self.place(zone)
            .map(|place| place.missing.as_slice())
            .unwrap_or_default()
    }

    /// Namespaces of a zone that are there and on their way out.
    pub fn leaving(&self, zone: Option<&ZoneName>) -> Vec<&'a Namespace> {
        let namespaces = self.world.namespaces(self.now);
        let Some(table) = namespaces.known() else {
            return Vec::new();
        };
        let here = self.namespaces(zone).iter();
        here.filter_map(|name| table.by_name("", name.as_str()))
            .filter(|namespace| namespace.terminating())
            .collect()
    }

    /// The first zone a namespace stands in, or is named by.
    pub fn zone_of(&self, namespace: &str) -> Option<&'a Zone> {
        let holds = |place: &&Place<'_>| {
            place
                .namespaces
                .iter()
                .chain(&place.missing)
                .any(|name| name.as_str() == namespace)
        };
        self.places.iter().find(holds).map(|place| place.zone)
    }

    /// Namespaces that stand in more than one zone, with those zones.
    pub fn overlaps(&self) -> BTreeMap<SafeText, Vec<ZoneName>> {
        let mut zones: BTreeMap<SafeText, Vec<ZoneName>> = BTreeMap::new();
        for place in &self.places {
            for namespace in &place.namespaces {
                zones
                    .entry(namespace.clone())
                    .or_default()
                    .push(place.zone.name.clone());
            }
        }
        zones.retain(|_, zones| zones.len() > 1);
        zones
    }

    /// The only zone of this cluster, for findings about the cluster as a whole.
    pub fn sole_zone(&self) -> Option<ZoneName> {
        match self.places.as_slice() {
            [place] => Some(place.zone.name.clone()),
            _ => None,
        }
    }

    /// The worst criticality of the cluster's zones.
    pub fn criticality(&self) -> Criticality {
        self.places
            .iter()
            .map(|place| place.zone.criticality)
            .min()
            .unwrap_or(Criticality::Low)
    }

    /// The level and figures of one cell: judged at the moment its source was last heard, honest about the rest.
    pub fn cell(
        &self,
        watches: &[Watch],
        absent: &str,
        judge: impl FnOnce(Timestamp) -> Judged,
    ) -> Cell {
        match self.world.standing(watches, self.now) {
            Standing::Now(s) => {
                let judged = judge(self.now.wall);
                Cell {
                    age_s: Some(s),
                    ..Cell::judged(judged.level, judged.figure, judged.wide)
                }
            }
            Standing::Silent(s) => Cell {
                was: Some(judge(self.heard_at(s)).level),
                age_s: Some(s),
                wide: SafeText::from(format!("silent {}", age(s))),
                ..Cell::unknown("silent")
            },
            Standing::Asked => Cell::unknown("asked"),
            Standing::NoRight(why) => Cell {
                wide: why,
                ..Cell::unknown("no right")
            },
            Standing::Never(why) => Cell {
                wide: why,
                ..Cell::unknown("never")
            },
            Standing::NotInstalled => Cell {
                age_s: None,
                ..Cell::judged(Level::Absent, "", absent)
            },
        }
    }

    /// The wall clock at the moment a source was last heard.
    pub fn heard_at(&self, silent_s: i64) -> Timestamp {
        self.now
            .wall
            .checked_sub(SignedDuration::from_secs(silent_s))
            .unwrap_or(self.now.wall)
    }

    /// Seconds by which the cluster's clock is ahead of this host's, when that is more than a minute either way.
    pub fn skew_s(&self) -> Option<i64> {
        let ahead = self.world.greeting()?.clock_ahead_s?;
        (ahead.saturating_abs() > SKEW_S).then_some(ahead)
    }

    /// A finding about a namespace, with zone, criticality and owner filled in.
    pub fn finding(
        &self,
        kind: &'static str,
        level: Level,
        object: ObjectRef,
        sentence: impl Into<SafeText>,
    ) -> Finding {
        let namespace = object.namespace.as_str();
        let zone = self.zone_of(namespace);
        let application = zone.and_then(|zone| application(zone, namespace));
        Finding {
            kind: FindingKind(kind),
            level,
            zone: zone.map(|zone| zone.name.clone()),
            cluster: self.cluster.clone(),
            criticality: application
                .and_then(|application| application.criticality)
                .or(zone.map(|zone| zone.criticality))
                .unwrap_or(Criticality::Low),
            object,
            sentence: sentence.into(),
            why: Vec::new(),
            since: Since::Seen(self.now.wall),
            owner: zone.map(owner).unwrap_or_default(),
        }
    }

    /// A finding about the cluster as a whole; it stands in its zone when it has only one.
    pub fn cluster_finding(
        &self,
        kind: &'static str,
        level: Level,
        sentence: impl Into<SafeText>,
    ) -> Finding {
        let zone = self.sole_zone();
        let owner = zone
            .as_ref()
            .and_then(|name| self.config.zone(name))
            .map(owner)
            .unwrap_or_default();
        let finding = self.finding(kind, level, ObjectRef::default(), sentence);
        Finding {
            zone,
            owner,
            criticality: self.criticality(),
            ..finding
        }
    }

    fn place(&self, zone: Option<&ZoneName>) -> Option<&Place<'a>> {
        self.places
            .iter()
            .find(|place| Some(&place.zone.name) == zone)
    }
}

impl<'a> Place<'a> {
    fn of(
        zone: &'a Zone,
        cluster: &ClusterName,
        world: &ClusterWorld,
        now: Moment,
    ) -> Option<Place<'a>> {
        let members: Vec<_> = zone
            .members
            .iter()
            .filter(|member| member.cluster == *cluster)
            .collect();
        if members.is_empty() {
            return None;
        }
        let (empty, seen) = (Table::default(), world.namespaces(now));
        let table = seen.known().copied().unwrap_or(&empty);
        let named: Vec<&String> = members
            .iter()
            .flat_map(|member| match &member.by {
                MemberBy::Namespaces(names) => names.as_slice(),
                MemberBy::Selector(_) => &[],
            })
            .collect();
        let selected = |labels: &BTreeMap<String, String>| {
            members
                .iter()
                .any(|member| matches!(&member.by, MemberBy::Selector(by) if by.matches(labels)))
        };
        let namespaces: Vec<SafeText> = (table.iter())
            .filter(|row| {
                named.iter().any(|name| row.meta.name == name.as_str()) || selected(&row.labels)
            })
            .map(|row| row.meta.name.clone())
            .collect();
        let mut expected: Vec<SafeText> = named.into_iter().map(SafeText::from).collect();
        let alone = zone.members.iter().all(|member| member.cluster == *cluster);
        let lived = |name: &SafeText| alone || held(world, name, now);
        let applications = zone.applications.iter().flat_map(|app| &app.namespaces);
        expected.extend(applications.map(SafeText::from).filter(lived));
        expected.retain(|name| seen.known().is_some() && !namespaces.contains(name));
        expected.sort();
        expected.dedup();
        Some(Place {
            zone,
            namespaces,
            missing: expected,
        })
    }
}

/// True when a cluster had a namespace, as far as it can be known: it was seen to go, or a schedule or backup here names it.
fn held(world: &ClusterWorld, name: &SafeText, now: Moment) -> bool {
    let (schedules, backups) = (world.schedules(now), world.backups(now));
    let schedules = schedules.known().into_iter().flat_map(|table| table.iter());
    let backups = backups.known().into_iter().flat_map(|table| table.iter());
    let mut scopes = (schedules.map(|one| &one.scope)).chain(backups.map(|one| &one.scope));
    world.went(name) || scopes.any(|scope| scope.included_namespaces.contains(name))
}

/// The application of a zone that a namespace belongs to.
pub fn application<'a>(zone: &'a Zone, namespace: &str) -> Option<&'a crate::config::Application> {
    zone.applications
        .iter()
        .find(|application| application.namespaces.iter().any(|name| name == namespace))
}

/// Whom to call for a zone, in words.
pub fn owner(zone: &Zone) -> SafeText {
    let one = |owner: &crate::config::Owner| match &owner.phone {
        Some(phone) => format!("{} {phone}", owner.name),
        None => owner.name.clone(),
    };
    SafeText::from(zone.owners.iter().map(one).collect::<Vec<_>>().join(", "))
}

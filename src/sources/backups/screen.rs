//! What the backups screen shows, cluster by cluster.

use jiff::Timestamp;

use super::Detail;
use super::NEEDS;
use super::Row;
use super::StoreRow;
use super::code;
use super::point::unchecked;
use super::row;
use crate::config::Config;
use crate::config::Criticality;
use crate::config::ZoneName;
use crate::sources::fact::Watch;
use crate::sources::ground::Ground;
use crate::sources::kinds::store::Store;
use crate::sources::level::Level;
use crate::sources::moment::Moment;
use crate::sources::world::ClusterWorld;
use crate::sources::world::Standing;
use crate::sources::world::World;
use crate::text::SafeText;
use crate::text::age;
use crate::text::clock;

/// Every application of every zone, every store, and what cannot be said.
pub fn detail(config: &Config, world: &World, now: Moment) -> Detail {
    let nothing = ClusterWorld::default();
    let mut detail = Detail::default();
    for cluster in &config.clusters {
        let ground = Ground::new(config, world, &cluster.name, now, &nothing);
        let standing = ground.world.standing(&NEEDS, now);
        match &standing {
            Standing::Now(_) => {
                detail.rows.extend(rows(&ground, now.wall));
                detail.stores.extend(stores(&ground, now.wall, None));
            }
            Standing::Silent(s) => {
                let at = ground.heard_at(*s);
                detail.rows.extend(
                    rows(&ground, at)
                        .into_iter()
                        .map(|row| history(row, at, now.wall)),
                );
                detail.stores.extend(stores(&ground, at, Some(*s)));
                detail.gaps.push(SafeText::from(format!(
                    "{} is silent {}",
                    cluster.name,
                    age(*s)
                )));
            }
            Standing::Asked => detail.gaps.push(SafeText::from(format!(
                "asked {}, no answer yet",
                cluster.name
            ))),
            Standing::NoRight(why) => {
                detail.gaps.push(SafeText::from(format!(
                    "backups on {} cannot be read: {why}",
                    cluster.name
                )));
            }
            Standing::Never(why) => detail.gaps.push(SafeText::from(format!(
                "nothing is known of {}: {why}",
                cluster.name
            ))),
            Standing::NotInstalled => detail.gaps.push(SafeText::from(format!(
                "no Velero on {} (looked in all namespaces)",
                cluster.name
            ))),
        }
        detail.gaps.extend(partial(&ground));
    }
    sort(config, &mut detail);
    detail
}

/// Zones by criticality, `NO ZONE` last; the worst first inside, and of the stores.
fn sort(config: &Config, detail: &mut Detail) {
    let rank = |zone: &Option<ZoneName>| {
        let zone = zone.as_ref().and_then(|name| config.zone(name));
        (
            zone.map_or((1, Criticality::Low), |zone| (0, zone.criticality)),
            zone.map(|zone| zone.name.clone()),
        )
    };
    detail.rows.sort_by(|a, b| {
        let key = |row: &Row| {
            (
                rank(&row.zone),
                row::urgency(row),
                row.cluster.clone(),
                row.application.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    detail
        .stores
        .sort_by(|a, b| (a.level, &a.cluster, &a.name).cmp(&(b.level, &b.cluster, &b.name)));
}

fn rows(ground: &Ground<'_>, at: Timestamp) -> Vec<Row> {
    let zones = ground
        .zones()
        .map(|zone| Some(zone.name.clone()))
        .chain(std::iter::once(None));
    zones
        .flat_map(|zone| row::all(ground, zone.as_ref(), at))
        .collect()
}

/// A row of a silent cluster: what it was, counted as unknown.
fn history(row: Row, at: Timestamp, now: Timestamp) -> Row {
    let was = SafeText::from(format!("was {} at {}", row.level.word(), clock(at, now)));
    Row {
        level: Level::Unknown,
        why: std::iter::once(was).chain(row.why).collect(),
        ..row
    }
}

fn stores(ground: &Ground<'_>, at: Timestamp, silent: Option<i64>) -> Vec<StoreRow> {
    let seen = ground.world.stores(ground.now);
    let backups = ground.world.backups(ground.now);
    let table = seen.known().copied();
    let stores = table.into_iter().flat_map(super::super::table::Table::iter);
    stores
        .map(|store| {
            let points = backups.known().map_or(0, |backups| {
                let here = |b: &&crate::sources::kinds::backup::Backup| {
                    b.scope.storage_location == store.meta.name && b.phase == "Completed"
                };
                backups
                    .within(store.meta.namespace.as_str())
                    .filter(here)
                    .count()
            });
            let (level, words) = store_words(store, at);
            let (level, words) = match silent {
                Some(s) => (Level::Unknown, format!("was {words}, silent {}", age(s))),
                None => (level, words),
            };
            let words = SafeText::from(words);
            StoreRow {
                level,
                cluster: ground.cluster.clone(),
                name: store.meta.name.clone(),
                words,
                points,
            }
        })
        .collect()
}

fn store_words(store: &Store, at: Timestamp) -> (Level, String) {
    let checked = store.checked.map_or_else(
        || "not checked yet".to_owned(),
        |checked| format!("checked {}", clock(checked, at)),
    );
    if !store.available() {
        let phase = if store.phase.is_empty() {
            "not looked at"
        } else {
            store.phase.as_str()
        };
        let level = if store.phase.is_empty() {
            Level::Unknown
        } else {
            Level::Crit
        };
        let message = if store.message.is_empty() {
            String::new()
        } else {
            let message = store.message.as_str();
            format!(": {}", code(message).unwrap_or(message))
        };
        return (level, format!("{phase}, {checked}{message}"));
    }
    let only = if store.read_only { ", read only" } else { "" };
    match unchecked(store, at) {
        Some(why) => (Level::Unknown, format!("Available{only}, but {why}")),
        None => (Level::Ok, format!("Available, {checked}{only}")),
    }
}

/// What only part of the judgement rests on and cannot be read.
fn partial(ground: &Ground<'_>) -> Vec<SafeText> {
    let parts = [
        (Watch::Schedules, "when the next backup is due"),
        (Watch::Restores, "whether one was ever restored"),
        (Watch::Pods, "whether volumes are in use"),
    ];
    let told = parts.into_iter().filter_map(|(watch, what)| {
        match ground.world.standing(&[watch], ground.now) {
            Standing::NoRight(why) => {
                Some(format!("{what} on {} is not known: {why}", ground.cluster))
            }
            _ => None,
        }
    });
    told.map(SafeText::from).collect()
}

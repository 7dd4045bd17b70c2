//! A cluster without Velero, or with only a part of it, where a zone promises a recovery point: that is no pass.

use super::NEEDS;
use crate::config::Zone;
use crate::config::ZoneName;
use crate::sources::board::Cell;
use crate::sources::fact::Watch;
use crate::sources::fact::WatchNews;
use crate::sources::finding::Finding;
use crate::sources::finding::Since;
use crate::sources::ground::Ground;
use crate::sources::level::Level;
use crate::sources::world::Standing;
use crate::text::SafeText;

/// The cell of a zone with a target on a cluster where the kinds of Velero are not all there; `None` elsewhere.
pub(super) fn cell(ground: &Ground<'_>, zone: Option<&ZoneName>) -> Option<Cell> {
    let zone = ground.config.zone(zone?)?;
    if !promises(zone) {
        return None;
    }
    match gone(ground)?.as_slice() {
        [] => None,
        all if all.contains(&Watch::Backups) => {
            Some(Cell::judged(Level::Crit, "none", "no Velero"))
        }
        _ => Some(Cell {
            wide: SafeText::new("part of Velero is not there"),
            ..Cell::unknown("unclear")
        }),
    }
}

/// The same as a sentence, once for the cluster.
pub(super) fn finding(ground: &Ground<'_>) -> Option<Finding> {
    let gone = gone(ground)?;
    let zones: Vec<&str> = ground
        .zones()
        .filter(|zone| promises(zone))
        .map(|zone| zone.name.as_str())
        .collect();
    if gone.is_empty() || zones.is_empty() {
        return None;
    }
    let (cluster, zones) = (ground.cluster, zones.join(", "));
    let (kind, level, sentence) = if gone.contains(&Watch::Backups) {
        let words = format!("no Velero on {cluster}: nothing of {zones} has a restorable backup");
        ("backup.none", Level::Crit, words)
    } else {
        let words = format!(
            "part of Velero is not there on {cluster}: not known what of {zones} can be restored"
        );
        ("backup.unknown", Level::Unknown, words)
    };
    let finding = ground.cluster_finding(kind, level, sentence);
    let names: Vec<&str> = gone.iter().map(|watch| watch.resource()).collect();
    let since = gone
        .iter()
        .filter_map(|watch| ground.world.watch(*watch).since)
        .map(|since| since.wall)
        .min();
    Some(Finding {
        why: vec![
            SafeText::from(format!("{cluster} has no {}", names.join(", "))),
            SafeText::new("put Velero back, with its store: backups kept there are read in again"),
        ],
        since: since.map_or(finding.since, Since::Seen),
        ..finding
    })
}

/// True when a zone, or a system in it, has a target.
fn promises(zone: &Zone) -> bool {
    zone.rpo.is_some() || zone.applications.iter().any(|one| one.rpo.is_some())
}

/// Kinds of Velero that the server says it does not have; `None` unless all else is known now.
fn gone(ground: &Ground<'_>) -> Option<Vec<Watch>> {
    let not_there = |watch: &Watch| {
        let health = ground.world.watch(*watch);
        health.news == Some(WatchNews::NotInstalled)
    };
    let (gone, rest): (Vec<Watch>, Vec<Watch>) = NEEDS.into_iter().partition(not_there);
    let standing = ground.world.standing(&rest, ground.now);
    matches!(standing, Standing::Now(_)).then_some(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::board::Column;
    use crate::sources::board::judge;
    use crate::sources::fact::Fact;
    use crate::sources::fixtures::at;
    use crate::sources::fixtures::config;
    use crate::sources::fixtures::name;
    use crate::sources::fixtures::namespace;
    use crate::sources::fixtures::reach;
    use crate::sources::world::World;

    #[test]
    fn a_promise_is_not_kept_by_the_absence_of_velero() {
        let all = [Watch::Stores, Watch::Backups, Watch::DeleteRequests];
        let one = [Watch::DeleteRequests];
        let table = [
            (all.as_slice(), Level::Crit, "backup.none"),
            (one.as_slice(), Level::Unknown, "backup.unknown"),
        ];
        for (gone, level, kind) in table {
            let mut world = World::default();
            let pacs = vec![namespace("pacs", "clinical")];
            reach(&mut world, "one", pacs, at(0));
            for watch in gone {
                let news = Fact::Watch(*watch, WatchNews::NotInstalled);
                world.fold(&name("one"), 1, news, at(1));
            }
            let board = judge(&config(), &world, at(2));
            let at_backup = (Column::ALL.iter()).position(|column| *column == Column::Backup);
            let cell = &board.zones[0].clusters[0].cells[at_backup.unwrap()];
            assert_eq!(cell.level, level, "{gone:?}");
            let told = (board.findings.iter()).find(|one| one.kind.0.starts_with("backup."));
            let told = told.unwrap();
            assert_eq!((told.kind.0, told.level), (kind, level));
            assert_eq!(told.since.at(), at(1).wall);
            assert!(told.sentence.as_str().contains("clinical"), "{told:?}");
        }
    }
}

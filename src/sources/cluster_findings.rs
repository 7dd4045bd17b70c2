//! Findings about a cluster as a whole: silence, another key or uid, what could not be read, rights that are missing.

use std::collections::BTreeSet;

use super::backups;
use super::fact::Watch;
use super::fact::WatchNews;
use super::finding::Finding;
use super::finding::Since;
use super::ground::Ground;
use super::level::Level;
use super::op::Gvr;
use super::rights::grant;
use super::seen::Freshness;
use super::twins::twin;
use super::world::Reach;
use super::world::World;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::Criticality;
use crate::text::SafeText;
use crate::text::age;
use crate::text::clock;

/// Everything that concerns a whole cluster; one finding when all clusters fail alike.
pub(super) fn findings(config: &Config, world: &World, grounds: &[Ground<'_>]) -> Vec<Finding> {
    let mut found = Vec::new();
    let silent: Vec<(&Ground<'_>, Finding, SafeText)> = grounds
        .iter()
        .filter_map(|ground| silence(ground).map(|(finding, why)| (ground, finding, why)))
        .collect();
    let reasons: BTreeSet<&SafeText> = silent.iter().map(|(.., why)| why).collect();
    match (silent.as_slice(), reasons.len()) {
        ([(ground, first, why), ..], 1) if grounds.len() > 1 && silent.len() == grounds.len() => {
            let since = silent
                .iter()
                .map(|(_, finding, _)| finding.since.at())
                .max();
            found.push(all_alike(
                ground,
                first,
                why,
                grounds.len(),
                since.unwrap_or(first.since.at()),
            ));
        }
        _ => found.extend(silent.iter().map(|(_, finding, _)| finding.clone())),
    }
    for ground in grounds {
        found.extend(other_ca(ground));
        found.extend(other_uid(config, ground));
        found.extend(same_uid(config, world, ground));
        found.extend(forbidden(ground));
        found.extend(clocks(ground));
        let told = silent.iter().any(|(one, ..)| one.cluster == ground.cluster);
        found.extend(Some(ground).filter(|_| !told).and_then(unread));
    }
    found
}

/// Puts what explains the rest first: one finding about all clusters at once.
pub(super) fn lead(findings: &mut [Finding]) {
    if let Some(at) = findings
        .iter()
        .position(|finding| finding.cluster.as_str().starts_with("all "))
    {
        findings[..=at].rotate_right(1);
    }
}

/// What the connection of a silent cluster says; `None` while it is not silent.
fn silence(ground: &Ground<'_>) -> Option<(Finding, SafeText)> {
    let world = ground.world;
    let silent = match (world.freshness(ground.now), world.reach()) {
        (_, Reach::NotAsked | Reach::NotSignedIn | Reach::OtherCa { .. }) => return None,
        (_, Reach::Unreachable(_)) | (Freshness::Silent(_), _) => true,
        (Freshness::Never, _) => Watch::ALL
            .into_iter()
            .any(|watch| world.watch(watch).refused >= 2),
        (Freshness::Live | Freshness::Late(_), _) => false,
    };
    if !silent {
        return None;
    }
    let news = Watch::ALL
        .into_iter()
        .filter(|watch| *watch != Watch::Alerts)
        .find_map(|watch| match &world.watch(watch).news {
            Some(WatchNews::Refused(why) | WatchNews::Failed(why)) => Some(why.clone()),
            _ => None,
        });
    let why = match (world.reach(), world.stalled(), news) {
        (Reach::Unreachable(why), ..) => why.clone(),
        (_, _, Some(why)) => why,
        (_, Some(why), None) => SafeText::from(format!(
            "it answers from memory, its own store (etcd) does not: {why}"
        )),
        (_, None, None) => SafeText::new("no byte arrives on any watch"),
    };
    let (for_how_long, since) = match world.freshness(ground.now) {
        Freshness::Silent(s) => (format!(" for {}", age(s)), ground.heard_at(s)),
        _ => (String::new(), ground.now.wall),
    };
    let finding = ground.cluster_finding(
        "cluster.silent",
        Level::Unknown,
        format!("nothing heard{for_how_long}: {why}"),
    );
    let fix = SafeText::from(format!(
        "what is shown of {} is history; R tries now",
        ground.cluster
    ));
    Some((
        Finding {
            why: vec![why.clone(), fix],
            since: Since::Seen(since),
            ..finding
        },
        why,
    ))
}

fn all_alike(
    ground: &Ground<'_>,
    first: &Finding,
    why: &SafeText,
    all: usize,
    since: jiff::Timestamp,
) -> Finding {
    let at = clock(since, ground.now.wall);
    let look = format!(
        "{all} of {all} clusters fail alike, so look on this side first: this host's VPN, route or firewall"
    );
    Finding {
        cluster: ClusterName::from(format!("all {all}").as_str()),
        zone: None,
        criticality: Criticality::Critical,
        sentence: SafeText::from(format!("nothing reached since {at}: {why}, {all} of {all}")),
        why: vec![SafeText::from(look)],
        since: Since::Seen(since),
        owner: SafeText::default(),
        ..first.clone()
    }
}

fn other_ca(ground: &Ground<'_>) -> Option<Finding> {
    let Reach::OtherCa { expected, found } = ground.world.reach() else {
        return None;
    };
    let (cluster, short) = (ground.cluster, |key: &SafeText| {
        key.as_str().get(..8).unwrap_or(key.as_str()).to_owned()
    });
    let sentence = format!("{cluster} shows another CA key; nothing is sent to it");
    let why = format!(
        "expected {}, found {}; if it was renewed on purpose: crashcart trust {cluster}",
        short(expected),
        short(found)
    );
    let finding = ground.cluster_finding("cluster.other-ca", Level::Crit, sentence);
    Some(Finding {
        why: vec![SafeText::from(why)],
        ..finding
    })
}

fn other_uid(config: &Config, ground: &Ground<'_>) -> Option<Finding> {
    let cluster = config.cluster(ground.cluster)?;
    if ground.world.uid_matches(cluster) != Some(false) {
        return None;
    }
    let expected = cluster.fingerprint.as_ref()?.uid.as_deref()?;
    let found = ground.world.greeting()?.uid.as_ref()?;
    let short = |uid: &str| uid.get(..8).unwrap_or(uid).to_owned();
    let name = ground.cluster;
    let sentence =
        format!("{name} is not the {name} of the configuration; changes are off, reading goes on");
    let why = format!(
        "kube-system is {} there, expected {}; if it was built anew on purpose: crashcart trust {name}",
        short(found.as_str()),
        short(expected)
    );
    let finding = ground.cluster_finding("cluster.other-uid", Level::Crit, sentence);
    Some(Finding {
        why: vec![SafeText::from(why)],
        ..finding
    })
}

/// Two clusters that answer with one uid: which is meant cannot be told, so neither is changed.
fn same_uid(config: &Config, world: &World, ground: &Ground<'_>) -> Option<Finding> {
    let name = ground.cluster;
    let other = twin(config, world, name)?;
    let sentence = format!("{name} and {other} have one kube-system uid; changes are off on both");
    let why = "one was restored from the other's etcd: give the copy a CA of its own, pin both keys, and write copy_of at the copy";
    let finding = ground.cluster_finding("cluster.same-uid", Level::Crit, sentence);
    Some(Finding {
        why: vec![SafeText::new(why)],
        ..finding
    })
}

/// What was never read although it is neither absent nor refused: all of the cluster, or watches that fail.
/// The alerts' poll says so in its own finding.
fn unread(ground: &Ground<'_>) -> Option<Finding> {
    let (cluster, world) = (ground.cluster, ground.world);
    match (world.reach(), world.greeting()) {
        (Reach::Unreachable(_) | Reach::OtherCa { .. }, _) => return None,
        (Reach::NotSignedIn, _) => {
            let sentence = format!("{cluster} is not read: not signed in");
            let finding = ground.cluster_finding("cluster.unread", Level::Unknown, sentence);
            let fix = "0 shows the session; Enter on the cluster there signs in to its issuer";
            return Some(Finding {
                why: vec![SafeText::new(fix)],
                ..finding
            });
        }
        (reach, None) => {
            let sentence = format!("{cluster} is not known: {}", reach.words());
            return Some(ground.cluster_finding("cluster.unread", Level::Unknown, sentence));
        }
        (_, Some(_)) => {}
    }
    let failed: Vec<(Watch, &SafeText)> = Watch::ALL
        .into_iter()
        .filter(|watch| *watch != Watch::Alerts && !world.watch(*watch).synced)
        .filter_map(|watch| match &world.watch(watch).news {
            Some(WatchNews::Failed(why) | WatchNews::Refused(why)) => Some((watch, why)),
            _ => None,
        })
        .collect();
    let since = failed
        .iter()
        .filter_map(|(watch, _)| world.watch(*watch).since)
        .map(|since| since.wall)
        .min()?;
    let names: Vec<&str> = failed.iter().map(|(watch, _)| watch.resource()).collect();
    let sentence = format!("{} could not be read on {cluster}", names.join(", "));
    let finding = ground.cluster_finding("cluster.unread", Level::Unknown, sentence);
    let mut why: Vec<SafeText> = failed.iter().map(|(_, why)| (*why).clone()).collect();
    why.dedup();
    Some(Finding {
        why,
        since: Since::Seen(since),
        ..finding
    })
}

/// Two clocks that differ by more than a minute, by what the server says or by backups of the future.
fn clocks(ground: &Ground<'_>) -> Option<Finding> {
    let (cluster, now) = (ground.cluster, ground.now);
    let backups = ground.world.backups(now);
    let future = (backups.now().into_iter())
        .flat_map(|table| table.iter())
        .filter(|backup| backups::in_future(backup, now.wall))
        .filter_map(|backup| backup.started)
        .max();
    let sentence = match (ground.skew_s(), future) {
        (Some(ahead), _) => {
            let way = if ahead > 0 { "ahead of" } else { "behind" };
            let apart = age(ahead.saturating_abs());
            format!("the clock of {cluster} is {apart} {way} this host's; ages are in doubt")
        }
        (None, Some(started)) => {
            let apart = age(started.as_second() - now.wall.as_second());
            format!(
                "a backup of {cluster} began {apart} ahead of this host's clock; ages are in doubt"
            )
        }
        (None, None) => return None,
    };
    let finding = ground.cluster_finding("cluster.clock", Level::Unknown, sentence);
    let why = format!("set the clock of this host or of {cluster}, whichever is wrong; then R");
    Some(Finding {
        why: vec![SafeText::from(why)],
        ..finding
    })
}

/// What cannot be read, with the number first where the names would fill the line.
fn cannot_read(names: &[&str], cluster: &ClusterName) -> String {
    let all = names.join(", ");
    match names.len() {
        ..=2 => format!("{all} cannot be read on {cluster}"),
        many => format!("{many} kinds cannot be read on {cluster}: {all}"),
    }
}

/// The binding that would allow to read what may not be read.
fn ask_for(resource: &str, ground: &Ground<'_>) -> String {
    let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
    let groups = ground
        .world
        .greeting()
        .map_or(&[][..], |greeting| &greeting.groups);
    let gvr = Gvr::new(group, "v1", plural);
    let (verb, namespace) = if resource == Watch::Alerts.resource() {
        ("get", Some(super::alerts::NAMESPACE))
    } else {
        ("list", None)
    };
    grant::ask_for(verb, &gvr, namespace, groups)
}

fn forbidden(ground: &Ground<'_>) -> Option<Finding> {
    let refused: Vec<(&'static str, &SafeText, Option<jiff::Timestamp>)> = Watch::ALL
        .into_iter()
        .filter_map(|watch| match &ground.world.watch(watch).news {
            Some(WatchNews::Forbidden(why)) => Some((
                watch.resource(),
                why,
                ground.world.watch(watch).since.map(|since| since.wall),
            )),
            _ => None,
        })
        .collect();
    let since = refused.iter().filter_map(|(.., since)| *since).min()?;
    let names: Vec<&str> = refused.iter().map(|(name, ..)| *name).collect();
    let sentence = cannot_read(&names, ground.cluster);
    let finding = ground.cluster_finding("cluster.forbidden", Level::Unknown, sentence);
    let mut why: Vec<SafeText> = refused.iter().map(|(_, why, _)| (*why).clone()).collect();
    why.dedup();
    // The narrow board shows two reasons: what to do is one of them.
    why.insert(1, SafeText::from(ask_for(names[0], ground)));
    Some(Finding {
        why,
        since: Since::Seen(since),
        ..finding
    })
}

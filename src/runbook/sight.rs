//! What a run may see: the configuration, the watched world, and the answer to its last question.
//!
//! The only file of this room that looks into the world. What is silent is not seen: a step never goes on by history.

use jiff::Timestamp;

use super::library::Library;
use super::plan::Item;
use super::reading::Answer;
use super::reading::Heard;
use super::reading::Reading;
use crate::auth::Person;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::MemberBy;
use crate::config::Zone;
use crate::sources::backups::Point;
use crate::sources::backups::point::judge;
use crate::sources::backups::point::point;
use crate::sources::fact::Watch;
use crate::sources::ground::Ground;
use crate::sources::kinds::backup::Backup;
use crate::sources::kinds::kustomization::Kustomization;
use crate::sources::kinds::namespace::Namespace;
use crate::sources::kinds::restore::Restore;
use crate::sources::moment::Moment;
use crate::sources::op::Op;
use crate::sources::rights::grant;
use crate::sources::rights::held;
use crate::sources::rights::held::May;
use crate::sources::seen::Freshness;
use crate::sources::twins::twin;
use crate::sources::world::ClusterWorld;
use crate::sources::world::Standing;
use crate::sources::world::World;
use crate::text::SafeText;

/// Everything a run may look at.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// What we were told.
    pub config: &'a Config,
    /// What is out there.
    pub world: &'a World,
    /// The runbooks there are.
    pub library: &'a Library,
    /// The answer to the last reading of this run, if any came.
    pub heard: Option<&'a Heard>,
    /// Who sits here.
    pub person: &'a Person,
}

/// Seconds for which an answer is fresh enough to act on.
const FRESH_S: i64 = 20;
/// Seconds after which such an answer is renewed.
const FADES_S: i64 = 10;
/// Seconds after which a question may be asked again.
const AGAIN_S: i64 = 2;

impl<'a> Sight<'a> {
    /// The cluster's world, if it is connected at all.
    pub fn cluster(&self, name: &ClusterName) -> Option<&'a ClusterWorld> {
        self.world.cluster(name)
    }

    /// Says why nothing may be sent to this cluster now; `uid` is that of its `kube-system` when the run was opened.
    ///
    /// # Errors
    /// The cluster is not configured, not reached, another one than before, or not seen for a while.
    pub fn ready(&self, name: &ClusterName, uid: &str, now: Moment) -> Result<(), SafeText> {
        let no = |words: String| Err(SafeText::new(&words));
        let Some(config) = self.config.cluster(name) else {
            return no(format!(
                "{name} is not in the configuration any more; nothing is sent"
            ));
        };
        let Some(world) = self.cluster(name) else {
            return no(format!(
                "{name} has not answered: its estate is gone or not reached; nothing is sent"
            ));
        };
        let found = world.greeting().and_then(|greeting| greeting.uid.as_ref());
        match found {
            Some(found) if !uid.is_empty() && found.as_str() != uid => {
                return no(format!(
                    "{name} is another cluster now: kube-system was {uid}, is {found}; nothing is sent"
                ));
            }
            None => {
                return no(format!(
                    "{name} has not said who it is: its estate is gone or not reached; nothing is sent"
                ));
            }
            Some(_) => {}
        }
        if world.uid_matches(config).is_none() {
            return no(format!(
                "{name} has no uid in its fingerprint, so it could be any cluster: nothing is sent; crashcart doctor shows the fingerprint to write into the configuration"
            ));
        }
        if world.uid_matches(config) == Some(false) {
            return no(format!(
                "{name} is not the cluster of the configuration (uid of kube-system); nothing is sent"
            ));
        }
        if let Some(twin) = twin(self.config, self.world, name) {
            return no(format!(
                "{name} and {twin} have one kube-system uid, so it could be either: nothing is sent; copy_of in the configuration tells a restored copy apart"
            ));
        }
        match world.freshness(now) {
            Freshness::Live => Ok(()),
            other => no(format!(
                "{name} is {}: Enter is off until it is seen again",
                other.words()
            )),
        }
    }

    /// uid of the cluster's `kube-system`, as it said itself.
    pub fn uid(&self, name: &ClusterName) -> Option<&'a SafeText> {
        self.cluster(name)?.greeting()?.uid.as_ref()
    }

    /// The groups that the cluster gives this person; none while it has not said.
    pub fn groups(&self, name: &ClusterName) -> &'a [SafeText] {
        let greeting = self.cluster(name).and_then(ClusterWorld::greeting);
        greeting.map_or(&[], |greeting| &greeting.groups)
    }

    /// Whether this person may send an operation there, as the cluster said last.
    pub fn may(&self, name: &ClusterName, op: &Op, now: Moment) -> May {
        match self.cluster(name) {
            Some(world) => world.may(&held::question(op), now),
            None => May::Unknown(SafeText::new("not connected")),
        }
    }

    /// Says why the cluster would refuse an operation for certain, and which binding to ask for; what is not known is let
    /// through, for the server to say.
    ///
    /// # Errors
    /// The right that an access review denied.
    pub fn allowed(&self, name: &ClusterName, op: &Op, now: Moment) -> Result<(), SafeText> {
        let May::No(why) = self.may(name, op, now) else {
            return Ok(());
        };
        let (gvr, namespace, _) = op.target();
        let ask = grant::ask_for(op.verb(), &gvr, namespace, self.groups(name));
        Err(SafeText::from(format!(
            "{name} would refuse it, so nothing is sent: {} {} in {} is not yours ({why}); {ask}",
            op.verb(),
            gvr.resource(),
            namespace.unwrap_or("the cluster")
        )))
    }

    /// Velero's namespace on this cluster: where its stores are; the first by name when there are several.
    pub fn velero(&self, name: &ClusterName, now: Moment) -> Option<&'a SafeText> {
        let stores = self.cluster(name)?.stores(now);
        let table = *stores.now()?;
        table.iter().map(|store| &store.meta.namespace).min()
    }

    /// Every recovery point of the namespace, newest first, with why each counts or not.
    pub fn points(&self, name: &ClusterName, namespace: &str, now: Moment) -> Vec<Point> {
        let nothing = ClusterWorld::default();
        let ground = Ground::new(self.config, self.world, name, now, &nothing);
        let backups = ground.world.backups(now);
        let mut points: Vec<Point> = backups
            .now()
            .into_iter()
            .flat_map(|table| table.iter())
            .filter_map(|backup| Some(point(backup, &judge(&ground, backup, namespace, now.wall)?)))
            .collect();
        points.sort_by(|a, b| (b.started, &a.backup).cmp(&(a.started, &b.backup)));
        points
    }

    /// The Backup of that name, while backups are seen.
    pub fn backup(
        &self,
        cluster: &ClusterName,
        velero: &str,
        name: &str,
        now: Moment,
    ) -> Option<&'a Backup> {
        let backups = self.cluster(cluster)?.backups(now);
        let table = *backups.now()?;
        table.by_name(velero, name)
    }

    /// The Restore of that name, while restores are seen.
    pub fn restore(
        &self,
        cluster: &ClusterName,
        velero: &str,
        name: &str,
        now: Moment,
    ) -> Option<&'a Restore> {
        let restores = self.cluster(cluster)?.restores(now);
        let table = *restores.now()?;
        table.by_name(velero, name)
    }

    /// True while restores are seen, so that one which is not among them is not there.
    pub fn sees_restores(&self, cluster: &ClusterName, now: Moment) -> bool {
        self.cluster(cluster)
            .is_some_and(|world| world.restores(now).now().is_some())
    }

    /// The Kustomization of that name, while they are seen.
    pub fn kustomization(
        &self,
        cluster: &ClusterName,
        at: (&str, &str),
        now: Moment,
    ) -> Option<&'a Kustomization> {
        let all = self.cluster(cluster)?.kustomizations(now);
        let table = *all.now()?;
        table.by_name(at.0, at.1)
    }

    /// The Kustomizations that keep this namespace and are not suspended, by namespace and name.
    pub fn keepers(
        &self,
        cluster: &ClusterName,
        target: &str,
        now: Moment,
    ) -> Vec<&'a Kustomization> {
        let all = self.cluster(cluster).map(|world| world.kustomizations(now));
        let Some(table) = all.as_ref().and_then(|all| all.now()) else {
            return Vec::new();
        };
        let keeping = table.iter().filter(|one| one.keeps(target) && !one.suspend);
        let mut keeping: Vec<&Kustomization> = keeping.collect();
        keeping.sort_by_key(|one| (&one.meta.namespace, &one.meta.name));
        keeping
    }

    /// Why Kustomizations may not be seen by this person, so that what keeps a namespace is not known; `None` where they
    /// may, or where there are none.
    pub fn keepers_hidden(&self, cluster: &ClusterName, now: Moment) -> Option<SafeText> {
        match self
            .cluster(cluster)?
            .standing(&[Watch::Kustomizations], now)
        {
            Standing::NoRight(why) => Some(why),
            _ => None,
        }
    }

    /// True when the namespace exists; `None` while namespaces are not seen.
    pub fn exists(&self, cluster: &ClusterName, namespace: &str, now: Moment) -> Option<bool> {
        let all = self.cluster(cluster)?.namespaces(now);
        let table = *all.now()?;
        Some(table.by_name("", namespace).is_some())
    }

    /// True when the namespace is there and is being deleted: a restore into it would hang.
    pub fn terminating(&self, cluster: &ClusterName, namespace: &str, now: Moment) -> bool {
        let all = self.cluster(cluster).map(|world| world.namespaces(now));
        let table = all.as_ref().and_then(|all| all.now());
        table
            .and_then(|table| table.by_name("", namespace))
            .is_some_and(Namespace::terminating)
    }

    /// Deployments of the namespace that are not available, in words; `None` while they are not seen.
    pub fn unavailable(
        &self,
        cluster: &ClusterName,
        namespace: &str,
        items: &[Item],
        now: Moment,
    ) -> Option<Vec<String>> {
        let all = self.cluster(cluster)?.deployments(now);
        let table = *all.now()?;
        let here = table
            .iter()
            .filter(|one| one.meta.namespace.as_str() == namespace);
        let mut bad: Vec<String> = here
            .filter(|one| !one.whole())
            .map(|one| one.meta.name.to_string())
            .collect();
        let planned = items
            .iter()
            .filter(|item| item.kind == "Deployment" && item.gvr.group == "apps");
        let gone = planned.filter(|item| table.by_name(namespace, &item.name).is_none());
        bad.extend(gone.map(|item| format!("{} (not there)", item.name)));
        bad.sort();
        Some(bad)
    }

    /// The zones that a namespace stands in or is named by, and, where its labels cannot be read because it is not
    /// there, every zone of the cluster that selects by label: it may have been theirs.
    pub fn zones(&self, cluster: &ClusterName, namespace: &str, now: Moment) -> Vec<&'a Zone> {
        let nothing = ClusterWorld::default();
        let ground = Ground::new(self.config, self.world, cluster, now, &nothing);
        let here: Vec<&Zone> = self
            .config
            .zones
            .iter()
            .filter(|zone| names_it(zone, cluster, namespace))
            .collect();
        let stands = self.config.zones.iter().filter(|zone| {
            ground
                .namespaces(Some(&zone.name))
                .iter()
                .any(|name| name.as_str() == namespace)
        });
        let mut zones: Vec<&Zone> = here.into_iter().chain(stands).collect();
        if zones.is_empty() && self.exists(cluster, namespace, now) != Some(true) {
            zones.extend(
                self.config
                    .zones
                    .iter()
                    .filter(|zone| selects(zone, cluster)),
            );
        }
        zones
    }

    /// The answer to this question, if it was the last one asked and is fresh enough to act on.
    pub fn answer(&self, reading: &Reading, now: Moment) -> Option<&'a Answer> {
        let heard = self.heard.filter(|heard| heard.reading == *reading)?;
        (now.seconds_since(heard.at) < FRESH_S).then_some(&heard.answer)
    }

    /// The same, if it was asked after a request had left.
    pub fn answer_after(
        &self,
        reading: &Reading,
        sent: Option<Timestamp>,
        now: Moment,
    ) -> Option<&'a Answer> {
        let after = self.asked(reading) > sent;
        self.answer(reading, now).filter(|_| after)
    }

    /// True when this question may be asked (again) now.
    pub fn may_ask(&self, reading: &Reading, now: Moment) -> bool {
        let heard = self.heard.filter(|heard| heard.reading == *reading);
        heard.is_none_or(|heard| now.seconds_since(heard.at) >= AGAIN_S)
    }

    /// True when this question was answered and the answer will soon be too old to act on.
    pub fn fades(&self, reading: &Reading, now: Moment) -> bool {
        let heard = self.heard.filter(|heard| heard.reading == *reading);
        heard.is_some_and(|heard| now.seconds_since(heard.at) >= FADES_S)
    }

    /// When this question was last asked, of those times that it was answered.
    pub fn asked(&self, reading: &Reading) -> Option<Timestamp> {
        self.heard
            .filter(|heard| heard.reading == *reading)
            .map(|heard| heard.asked.wall)
    }
}

/// True when the zone names the namespace, as a member or in an application, on this cluster.
fn names_it(zone: &Zone, cluster: &ClusterName, namespace: &str) -> bool {
    let here = || {
        zone.members
            .iter()
            .filter(|member| member.cluster == *cluster)
    };
    let named = here().any(|member| match &member.by {
        MemberBy::Namespaces(names) => names.iter().any(|name| name == namespace),
        MemberBy::Selector(_) => false,
    });
    let system = zone
        .applications
        .iter()
        .any(|one| one.namespaces.iter().any(|name| name == namespace));
    named || (system && here().next().is_some())
}

fn selects(zone: &Zone, cluster: &ClusterName) -> bool {
    let here = zone
        .members
        .iter()
        .filter(|member| member.cluster == *cluster);
    here.into_iter()
        .any(|member| matches!(member.by, MemberBy::Selector(_)))
}

//! What is known of every cluster: the fold of all facts, nothing else.
//!
//! Old rows stay until a new list is complete; how old they are is told by their watch, never by the rows.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::alerts;
use super::fact::Fact;
use super::fact::Greeting;
use super::fact::Watch;
use super::fact::WatchNews;
use super::health::Quorum;
use super::health::Tries;
use super::health::rank;
use super::kinds::backup::Backup;
use super::kinds::delete_request::DeleteRequest;
use super::kinds::deployment::Deployment;
use super::kinds::kustomization::Kustomization;
use super::kinds::namespace::Namespace;
use super::kinds::node::Node;
use super::kinds::pod::Pod;
use super::kinds::restore::Restore;
use super::kinds::schedule::Schedule;
use super::kinds::store::Store;
use super::moment::Moment;
use super::rights::held::Held;
use super::seen::Freshness;
use super::seen::Seen;
use super::table::Table;
use super::went::Went;
use crate::config::Cluster;
use crate::config::ClusterName;
use crate::text::SafeText;

pub use super::health::Reach;
pub use super::health::Standing;
pub use super::health::WatchHealth;

/// Everything that is known, by cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    clusters: BTreeMap<ClusterName, ClusterWorld>,
}

impl World {
    /// Begins a new connection to a cluster: facts of any other generation are dropped from now on. What is told late of
    /// one before it, or of one that was closed, begins nothing.
    pub fn connect(&mut self, cluster: ClusterName, generation: u64) {
        let world = self.clusters.entry(cluster).or_default();
        if generation <= world.newest && generation != world.generation {
            return;
        }
        world.newest = generation;
        world.generation = generation;
        world.reach = Reach::Asked;
        world.greeting = None;
        world.quorum = Quorum::default();
        world.tries = Tries::default();
        world.held = None;
        for health in world.health.values_mut() {
            *health = health.anew();
        }
    }

    /// Nobody is signed in to a cluster (any more): what was read is history, and no fact of an older connection counts.
    pub fn sign_out(&mut self, cluster: ClusterName) {
        let world = self.clusters.entry(cluster).or_default();
        world.generation = 0;
        world.reach = Reach::NotSignedIn;
        world.greeting = None;
        world.held = None;
    }

    /// Takes one fact in. The same fact twice changes nothing more; one of another connection changes nothing.
    pub fn fold(&mut self, cluster: &ClusterName, generation: u64, fact: Fact, at: Moment) {
        if let Some(world) = self
            .clusters
            .get_mut(cluster)
            .filter(|world| world.generation == generation)
        {
            world.fold(fact, at);
        }
    }

    /// What is known of one cluster; `None` when no connection was ever begun.
    pub fn cluster(&self, name: &ClusterName) -> Option<&ClusterWorld> {
        self.clusters.get(name)
    }
}

/// Everything that is known of one cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterWorld {
    generation: u64,
    /// The newest connection that was begun.
    newest: u64,
    reach: Reach,
    greeting: Option<Greeting>,
    health: BTreeMap<Watch, WatchHealth>,
    nothing: WatchHealth,
    quorum: Quorum,
    tries: Tries,
    namespaces: Table<Namespace>,
    nodes: Table<Node>,
    deployments: Table<Deployment>,
    pods: Table<Pod>,
    stores: Table<Store>,
    schedules: Table<Schedule>,
    backups: Table<Backup>,
    delete_requests: Table<DeleteRequest>,
    restores: Table<Restore>,
    kustomizations: Table<Kustomization>,
    alerts: Option<alerts::Answer>,
    watchdog: Option<Timestamp>,
    went: Went,
    held: Option<Held>,
}

impl ClusterWorld {
    /// Why the API server does not reach its own store; `None` while nothing says so.
    pub fn stalled(&self) -> Option<&SafeText> {
        self.quorum.lost.as_ref()
    }

    /// The connection whose facts count.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// True when the last try to connect failed.
    pub fn unreachable(&self) -> bool {
        matches!(self.reach, Reach::Unreachable(_) | Reach::OtherCa { .. })
    }

    /// How far the connection has come.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Tries in a row that reached nobody: those to connect, or those of the watch that tried most.
    pub fn tries(&self) -> u32 {
        let watches = self.health.values().map(|health| health.refused);
        watches.max().unwrap_or(0).max(self.tries.count)
    }

    /// What the API server said of itself; `None` until it has.
    pub fn greeting(&self) -> Option<&Greeting> {
        self.greeting.as_ref()
    }

    /// How one watch fares.
    pub fn watch(&self, watch: Watch) -> &WatchHealth {
        self.health.get(&watch).unwrap_or(&self.nothing)
    }

    /// Whether it is the cluster of the configuration, by the uid of `kube-system`; `None` while either is not known.
    pub fn uid_matches(&self, cluster: &Cluster) -> Option<bool> {
        let expected = cluster.fingerprint.as_ref()?.uid.as_ref()?;
        let found = self.greeting.as_ref()?.uid.as_ref()?;
        Some(expected.as_str() == found.as_str())
    }

    /// How fresh one watch is.
    pub fn watch_freshness(&self, watch: Watch, now: Moment) -> Freshness {
        let health = self.watch(watch);
        let silence = self
            .quorum
            .heard(health)
            .map(|heard| now.seconds_since(heard));
        match (Freshness::judge(silence, health.refused), &self.reach) {
            (
                Freshness::Live | Freshness::Late(_),
                Reach::Unreachable(_) | Reach::OtherCa { .. } | Reach::NotSignedIn,
            ) => Freshness::Silent(silence.unwrap_or(0)),
            (freshness, _) => freshness,
        }
    }

    /// The worst freshness of the watches that are needed: all but the alerts' poll and those that are shut.
    pub fn freshness(&self, now: Moment) -> Freshness {
        let needed = Watch::ALL
            .into_iter()
            .filter(|watch| *watch != Watch::Alerts && !self.watch(*watch).shut());
        let worst = needed.map(|watch| self.watch_freshness(watch, now)).max();
        worst.unwrap_or(if self.greeting.is_some() {
            Freshness::Live
        } else {
            Freshness::Never
        })
    }

    /// True when not one watch that is needed is heard any more: then a poll's last answer is history too.
    pub fn is_silent(&self, now: Moment) -> bool {
        let needed = Watch::ALL
            .into_iter()
            .filter(|watch| *watch != Watch::Alerts && !self.watch(*watch).shut());
        let best = needed.map(|watch| self.watch_freshness(watch, now)).min();
        matches!(best, Some(Freshness::Silent(_)))
    }

    /// When any watch was last heard.
    pub fn last_heard(&self) -> Option<Moment> {
        self.health
            .values()
            .filter_map(|health| health.last_heard)
            .max()
    }

    /// What a source that needs these watches rests on: the worst of them.
    pub fn standing(&self, watches: &[Watch], now: Moment) -> Standing {
        let each = watches.iter().map(|watch| self.one_standing(*watch, now));
        each.max_by_key(rank).unwrap_or(Standing::Asked)
    }

    fn one_standing(&self, watch: Watch, now: Moment) -> Standing {
        let health = self.watch(watch);
        match (&health.news, &self.reach) {
            (Some(WatchNews::NotInstalled), _) => return Standing::NotInstalled,
            (Some(WatchNews::Forbidden(why)), _) => return Standing::NoRight(why.clone()),
            (Some(WatchNews::Failed(why) | WatchNews::Refused(why)), _)
            | (_, Reach::Unreachable(why))
                if !health.synced =>
            {
                return Standing::Never(why.clone());
            }
            (_, Reach::OtherCa { .. }) if !health.synced => {
                return Standing::Never(SafeText::new("other CA key"));
            }
            (_, Reach::NotAsked) if !health.synced => {
                return Standing::Never(SafeText::new("not asked"));
            }
            (_, Reach::NotSignedIn) if !health.synced => {
                return Standing::Never(SafeText::new("not signed in"));
            }
            _ if !health.synced => return Standing::Asked,
            _ => {}
        }
        match self.watch_freshness(watch, now) {
            Freshness::Live => Standing::Now(0),
            Freshness::Late(s) => Standing::Now(s),
            Freshness::Silent(s) => Standing::Silent(s),
            Freshness::Never => Standing::Asked,
        }
    }

    /// Namespaces.
    pub fn namespaces(&self, now: Moment) -> Seen<&Table<Namespace>> {
        self.seen(&self.namespaces, Watch::Namespaces, now)
    }

    /// Nodes.
    pub fn nodes(&self, now: Moment) -> Seen<&Table<Node>> {
        self.seen(&self.nodes, Watch::Nodes, now)
    }

    /// Deployments.
    pub fn deployments(&self, now: Moment) -> Seen<&Table<Deployment>> {
        self.seen(&self.deployments, Watch::Deployments, now)
    }

    /// Pods.
    pub fn pods(&self, now: Moment) -> Seen<&Table<Pod>> {
        self.seen(&self.pods, Watch::Pods, now)
    }

    /// Velero's stores.
    pub fn stores(&self, now: Moment) -> Seen<&Table<Store>> {
        self.seen(&self.stores, Watch::Stores, now)
    }

    /// Velero's schedules.
    pub fn schedules(&self, now: Moment) -> Seen<&Table<Schedule>> {
        self.seen(&self.schedules, Watch::Schedules, now)
    }

    /// Velero's backups.
    pub fn backups(&self, now: Moment) -> Seen<&Table<Backup>> {
        self.seen(&self.backups, Watch::Backups, now)
    }

    /// Velero's delete requests.
    pub fn delete_requests(&self, now: Moment) -> Seen<&Table<DeleteRequest>> {
        self.seen(&self.delete_requests, Watch::DeleteRequests, now)
    }

    /// Velero's restores.
    pub fn restores(&self, now: Moment) -> Seen<&Table<Restore>> {
        self.seen(&self.restores, Watch::Restores, now)
    }

    /// Flux's kustomizations.
    pub fn kustomizations(&self, now: Moment) -> Seen<&Table<Kustomization>> {
        self.seen(&self.kustomizations, Watch::Kustomizations, now)
    }

    /// Alertmanager's newest answer.
    pub fn alerts(&self, now: Moment) -> Seen<&alerts::Answer> {
        Seen::bind(
            self.alerts
                .as_ref()
                .filter(|_| self.watch(Watch::Alerts).synced),
            self.watch_freshness(Watch::Alerts, now),
        )
    }

    /// The newest `updatedAt` of a Watchdog that was ever seen here; it stays when the alert goes.
    pub fn watchdog(&self) -> Option<Timestamp> {
        self.watchdog
    }

    /// When a namespace was seen to go, or a list was first complete without it.
    pub fn missing_since(&self, namespace: &str) -> Option<Timestamp> {
        self.went.since(namespace)
    }

    /// True when a namespace was seen to go.
    pub fn went(&self, namespace: &SafeText) -> bool {
        self.went.saw(namespace)
    }

    /// What the server said that we may do; `None` while it was not asked on this connection.
    pub fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    fn seen<'a, K>(&self, table: &'a Table<K>, watch: Watch, now: Moment) -> Seen<&'a Table<K>> {
        Seen::bind(
            self.watch(watch).synced.then_some(table),
            self.watch_freshness(watch, now),
        )
    }

    fn fold(&mut self, fact: Fact, at: Moment) {
        match fact {
            Fact::Greeting(greeting) => {
                self.reach = Reach::Reached;
                self.tries = Tries::default();
                self.quorum.take(None, at);
                self.greeting = Some(greeting);
            }
            Fact::Clock(ahead) => {
                if let Some(greeting) = &mut self.greeting {
                    greeting.clock_ahead_s = Some(ahead);
                }
            }
            Fact::Rights(said) => self.held = Some(Held { said, at }),
            Fact::Quorum(lost) => self.quorum.take(lost, at),
            Fact::Unreachable(why) => {
                self.tries.failed(at);
                self.reach = Reach::Unreachable(why);
            }
            Fact::OtherCa { expected, found } => self.reach = Reach::OtherCa { expected, found },
            Fact::Watch(watch, news) => self.health.entry(watch).or_default().take(news, at),
            Fact::Namespaces(delta) => {
                self.went.take(&delta, &self.namespaces, at.wall);
                self.namespaces.fold(delta);
                self.moved(Watch::Namespaces, at);
            }
            Fact::Nodes(delta) => moved(self, Watch::Nodes, at).nodes.fold(delta),
            Fact::Deployments(delta) => moved(self, Watch::Deployments, at).deployments.fold(delta),
            Fact::Pods(delta) => moved(self, Watch::Pods, at).pods.fold(delta),
            Fact::Stores(delta) => moved(self, Watch::Stores, at).stores.fold(delta),
            Fact::Schedules(delta) => moved(self, Watch::Schedules, at).schedules.fold(delta),
            Fact::Backups(delta) => moved(self, Watch::Backups, at).backups.fold(delta),
            Fact::DeleteRequests(delta) => moved(self, Watch::DeleteRequests, at)
                .delete_requests
                .fold(delta),
            Fact::Restores(delta) => moved(self, Watch::Restores, at).restores.fold(delta),
            Fact::Kustomizations(delta) => moved(self, Watch::Kustomizations, at)
                .kustomizations
                .fold(delta),
            Fact::Alerts(answer) => {
                self.moved(Watch::Alerts, at);
                self.watchdog = self
                    .watchdog
                    .max(answer.watchdog().and_then(|watchdog| watchdog.updated_at));
                self.alerts = Some(answer);
            }
        }
    }

    fn moved(&mut self, watch: Watch, at: Moment) {
        self.health
            .entry(watch)
            .or_default()
            .take(WatchNews::Synced, at);
    }
}

fn moved(world: &mut ClusterWorld, watch: Watch, at: Moment) -> &mut ClusterWorld {
    world.moved(watch, at);
    world
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::sources::fact::Delta;
    use crate::sources::fixtures::at;
    use crate::sources::fixtures::greeting;
    use crate::sources::fixtures::meta;
    use crate::sources::fixtures::name;
    use crate::sources::fixtures::namespace;
    use crate::sources::fixtures::parse;

    fn fact() -> impl Strategy<Value = Fact> {
        let names = proptest::sample::select(vec!["ehr", "emr", "pacs"]);
        let some = proptest::collection::vec(names, 0..3).prop_map(|names| {
            names
                .into_iter()
                .map(|name| namespace(name, "clinical"))
                .collect::<Vec<_>>()
        });
        let pods = proptest::sample::select(vec!["a", "b"]).prop_map(|name| {
            parse::<Pod>(json!({"metadata": meta("ehr", name), "status": {"phase": "Running"}}))
        });
        let words = SafeText::new("w");
        prop_oneof![
            some.clone()
                .prop_map(|all| Fact::Namespaces(Delta::Swap(all))),
            some.clone()
                .prop_map(|all| Fact::Namespaces(Delta::Apply(all))),
            some.prop_map(|all| Fact::Namespaces(Delta::Delete(all))),
            pods.prop_map(|pod| Fact::Pods(Delta::Apply(vec![pod]))),
            Just(Fact::Watch(Watch::Pods, WatchNews::Refused(words.clone()))),
            Just(Fact::Watch(Watch::Pods, WatchNews::Heard)),
            Just(Fact::Watch(
                Watch::Pods,
                WatchNews::Forbidden(words.clone())
            )),
            Just(Fact::Watch(Watch::Backups, WatchNews::NotInstalled)),
            Just(Fact::Unreachable(words)),
            Just(greeting("u")),
        ]
    }

    proptest! {
        #[test]
        fn the_same_fact_twice_is_once(facts in proptest::collection::vec(fact(), 0..30)) {
            let (mut once, mut twice) = (World::default(), World::default());
            for world in [&mut once, &mut twice] {
                world.connect(name("one"), 1);
            }
            for (step, fact) in facts.into_iter().enumerate() {
                let moment = at(i64::try_from(step).unwrap());
                once.fold(&name("one"), 1, fact.clone(), moment);
                twice.fold(&name("one"), 1, fact.clone(), moment);
                twice.fold(&name("one"), 1, fact, moment);
            }
            prop_assert_eq!(once, twice);
        }

        #[test]
        fn facts_of_another_connection_change_nothing(facts in proptest::collection::vec(fact(), 0..10)) {
            let mut world = World::default();
            world.connect(name("one"), 2);
            let before = world.clone();
            for fact in facts {
                world.fold(&name("one"), 1, fact.clone(), at(0));
                world.fold(&name("two"), 2, fact, at(0));
            }
            prop_assert_eq!(before, world);
        }
    }

    fn synced() -> World {
        let mut world = World::default();
        crate::sources::fixtures::reach(
            &mut world,
            "one",
            vec![namespace("ehr", "clinical")],
            at(0),
        );
        world
    }

    fn freshness(world: &World, seconds: i64) -> Freshness {
        world.cluster(&name("one")).unwrap().freshness(at(seconds))
    }

    #[test]
    fn a_cluster_is_as_fresh_as_its_worst_needed_watch() {
        let mut world = synced();
        assert_eq!(freshness(&world, 59), Freshness::Live);
        for watch in Watch::ALL
            .into_iter()
            .filter(|watch| *watch != Watch::Restores)
        {
            world.fold(
                &name("one"),
                1,
                Fact::Watch(watch, WatchNews::Heard),
                at(100),
            );
        }
        assert_eq!(
            freshness(&world, 110),
            Freshness::Late(110),
            "restores were not heard"
        );
        assert_eq!(freshness(&world, 121), Freshness::Silent(121));
    }

    #[test]
    fn two_refused_connections_are_silence_at_once_and_a_byte_ends_it() {
        let mut world = synced();
        let refused = || {
            Fact::Watch(
                Watch::Pods,
                WatchNews::Refused(SafeText::new("connection refused")),
            )
        };
        world.fold(&name("one"), 1, refused(), at(1));
        assert_eq!(freshness(&world, 2), Freshness::Live);
        world.fold(&name("one"), 1, refused(), at(2));
        assert_eq!(freshness(&world, 3), Freshness::Silent(3));
        world.fold(
            &name("one"),
            1,
            Fact::Watch(Watch::Pods, WatchNews::Heard),
            at(4),
        );
        assert_eq!(freshness(&world, 5), Freshness::Live);
    }

    #[test]
    fn tries_are_counted_until_somebody_answers() {
        let mut world = World::default();
        world.connect(name("one"), 1);
        let tries = |world: &World| world.cluster(&name("one")).unwrap().tries();
        for second in [1, 2, 2, 3] {
            let lost = Fact::Unreachable(SafeText::new("connection refused"));
            world.fold(&name("one"), 1, lost, at(second));
        }
        assert_eq!(tries(&world), 3, "the same failure told twice is one");
        world.fold(&name("one"), 1, greeting("u"), at(4));
        assert_eq!(tries(&world), 0);
        for second in 5..400 {
            let lost = WatchNews::Refused(SafeText::new("connection refused"));
            world.fold(&name("one"), 1, Fact::Watch(Watch::Pods, lost), at(second));
        }
        assert_eq!(tries(&world), 395, "a night of them is not cut short");
        world.fold(
            &name("one"),
            1,
            Fact::Watch(Watch::Pods, WatchNews::Heard),
            at(401),
        );
        assert_eq!(tries(&world), 0);
    }

    #[test]
    fn an_older_connection_that_is_told_late_begins_nothing() {
        let mut world = World::default();
        world.connect(name("one"), 7);
        world.connect(name("one"), 6);
        let generation = |world: &World| world.cluster(&name("one")).unwrap().generation();
        assert_eq!(generation(&world), 7);
        world.sign_out(name("one"));
        for closed in [6, 7] {
            world.connect(name("one"), closed);
            assert_eq!(generation(&world), 0, "it was closed");
        }
        world.connect(name("one"), 8);
        assert_eq!(generation(&world), 8);
    }

    #[test]
    fn a_new_connection_keeps_the_rows_as_history_until_its_list_is_complete() {
        let mut world = synced();
        world.connect(name("one"), 2);
        let one = world.cluster(&name("one")).unwrap();
        assert!(matches!(one.namespaces(at(30)), Seen::Live(table) if table.len() == 1));
        assert!(matches!(one.namespaces(at(300)), Seen::Silent(table, 300) if table.len() == 1));
        world.fold(
            &name("one"),
            2,
            Fact::Namespaces(Delta::Swap(Vec::new())),
            at(301),
        );
        let one = world.cluster(&name("one")).unwrap();
        assert!(matches!(one.namespaces(at(301)), Seen::Live(table) if table.is_empty()));
    }

    #[test]
    fn an_object_without_a_uid_is_a_gap_and_not_a_row() {
        let mut world = synced();
        let odd: Pod =
            parse(json!({"metadata": {"name": "x", "labels": 7}, "spec": "?", "status": [1]}));
        let good: Pod = parse(json!({"metadata": meta("ehr", "a")}));
        world.fold(
            &name("one"),
            1,
            Fact::Pods(Delta::Swap(vec![odd, good])),
            at(1),
        );
        let one = world.cluster(&name("one")).unwrap();
        assert!(matches!(one.pods(at(1)), Seen::Live(pods) if pods.len() == 1 && pods.gaps() == 1));
    }

    #[test]
    fn standings_say_why_something_is_not_known() {
        let mut world = synced();
        let standing = |world: &World, seconds| {
            world
                .cluster(&name("one"))
                .unwrap()
                .standing(&[Watch::Pods], at(seconds))
        };
        assert_eq!(standing(&world, 1), Standing::Now(0));
        assert_eq!(standing(&world, 200), Standing::Silent(200));
        let why = SafeText::new("list pods is not yours");
        world.fold(
            &name("one"),
            1,
            Fact::Watch(Watch::Pods, WatchNews::Forbidden(why.clone())),
            at(2),
        );
        assert_eq!(standing(&world, 3), Standing::NoRight(why));
        world.fold(
            &name("one"),
            1,
            Fact::Watch(Watch::Pods, WatchNews::NotInstalled),
            at(4),
        );
        assert_eq!(standing(&world, 5), Standing::NotInstalled);
        let mut fresh = World::default();
        fresh.connect(name("one"), 1);
        assert_eq!(standing(&fresh, 5), Standing::Asked);
        fresh.fold(
            &name("one"),
            1,
            Fact::Unreachable(SafeText::new("no route to host")),
            at(5),
        );
        assert_eq!(
            standing(&fresh, 5),
            Standing::Never(SafeText::new("no route to host"))
        );
    }
}

//! What is true in the simulator against what the console believes: whatever is shown as live must hold what was
//! written a minute ago.

use std::sync::Arc;

use crashcart::sim::Cluster;
use crashcart::sim::store::Resource;
use crashcart::sim::store::meta;
use crashcart::sim::store::resources;
use crashcart::sources::fact::Watch;
use crashcart::sources::kinds::Kind;
use crashcart::sources::moment::Moment;
use crashcart::sources::seen::Seen;
use crashcart::sources::table::Table;
use crashcart::sources::world::ClusterWorld;
use serde_json::Value;
use serde_json::json;

use crate::night::Night;
use crate::night::SICK;

/// Seconds below which a watch is live and up to which it counts, as the product promises; a byte is noticed up to
/// five seconds and a tick later.
const LIVE_S: f64 = 60.0 + 7.0;
const COUNTS_S: f64 = 120.0 + 7.0;

/// What was written last into each kind of the sick cluster.
pub(crate) struct Truth {
    written: Vec<(Watch, Arc<Value>)>,
}

impl Truth {
    /// Writes something into every kind that is watched.
    pub(crate) fn write(night: &Night) -> Truth {
        let cluster = &night.served(SICK).cluster;
        let kinds = Watch::ALL
            .into_iter()
            .filter(|watch| *watch != Watch::Alerts);
        let written = kinds
            .map(|watch| (watch, touched(cluster, watch)))
            .collect();
        Truth { written }
    }

    /// Nothing that is old is shown as live, so many seconds after it was written.
    pub(crate) fn holds(&self, night: &Night, past: f64) {
        for (watch, _) in &self.written {
            let stale = match self.seen(night, *watch) {
                Seen::Live(true) | Seen::Late(true, _) | Seen::Silent(..) | Seen::Never => false,
                Seen::Live(false) => past > LIVE_S,
                Seen::Late(false, _) => past > COUNTS_S,
            };
            assert!(
                !stale,
                "{watch:?} is old {past} s after and shown as live: {}",
                night.words()
            );
        }
        let now = night.engine.state.now;
        let world = night.world(SICK);
        if let Seen::Live(answer) = world.alerts(now)
            && let Some(sent) = answer.watchdog().and_then(|one| one.updated_at)
        {
            // Prometheus sends again every minute.
            let age = now.wall.duration_since(sent).as_secs_f64();
            assert!(
                age < 60.0 + LIVE_S,
                "alerts of {age} s ago are shown as live"
            );
        }
    }

    /// True when the console has everything that was written, and as live.
    pub(crate) fn is_seen(&self, night: &Night) -> bool {
        let alerts = night
            .world(SICK)
            .alerts(night.engine.state.now)
            .now()
            .is_some();
        alerts
            && self
                .written
                .iter()
                .all(|(watch, _)| self.seen(night, *watch) == Seen::Live(true))
    }

    /// The kinds that may be believed now.
    pub(crate) fn believed(&self, night: &Night) -> Vec<Watch> {
        let kinds = self.written.iter().map(|(watch, _)| *watch);
        let mut all: Vec<Watch> = kinds
            .filter(|watch| self.seen(night, *watch).now().is_some())
            .collect();
        if night
            .world(SICK)
            .alerts(night.engine.state.now)
            .now()
            .is_some()
        {
            all.push(Watch::Alerts);
        }
        all
    }

    /// Whether the console has what was written into a kind, and how old what it has is.
    pub(crate) fn seen(&self, night: &Night, watch: Watch) -> Seen<bool> {
        let Some((_, written)) = self.written.iter().find(|(one, _)| *one == watch) else {
            return Seen::Never;
        };
        let (uid, version) = (meta::uid(written), version(written));
        let now = night.engine.state.now;
        let world = night.world(SICK);
        has(world, watch, now, uid, version)
    }
}

fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// Writes an annotation on the first object of a kind, or makes one.
fn touched(cluster: &Cluster, watch: Watch) -> Arc<Value> {
    let res = of(watch);
    let store = &cluster.store;
    let Some(first) = store.list(res, None).0.into_iter().next() else {
        let spec = json!({"backupName": "none"});
        let made = json!({"apiVersion": res.api_version(), "kind": res.kind, "metadata": {"name": "touched"}, "spec": spec});
        return store.create(res, Some("velero"), made).unwrap();
    };
    let ns = Some(meta::namespace(&first)).filter(|ns| !ns.is_empty());
    let name = meta::name(&first);
    let now = store.rv().to_string();
    let touch =
        |object: &mut Value| object["metadata"]["annotations"]["example.test/touched"] = now.into();
    store.update(res, ns, name, touch).unwrap()
}

/// The resource of a watch.
pub(crate) fn of(watch: Watch) -> &'static Resource {
    let mut all = resources::ALL.iter();
    all.find(|res| res.qualified() == watch.resource()).unwrap()
}

fn has(world: &ClusterWorld, watch: Watch, now: Moment, uid: &str, version: u64) -> Seen<bool> {
    match watch {
        Watch::Namespaces => in_table(&world.namespaces(now), uid, version),
        Watch::Nodes => in_table(&world.nodes(now), uid, version),
        Watch::Deployments => in_table(&world.deployments(now), uid, version),
        Watch::Pods => in_table(&world.pods(now), uid, version),
        Watch::Stores => in_table(&world.stores(now), uid, version),
        Watch::Schedules => in_table(&world.schedules(now), uid, version),
        Watch::Backups => in_table(&world.backups(now), uid, version),
        Watch::DeleteRequests => in_table(&world.delete_requests(now), uid, version),
        Watch::Restores => in_table(&world.restores(now), uid, version),
        Watch::Kustomizations => in_table(&world.kustomizations(now), uid, version),
        Watch::Alerts => Seen::Never,
    }
}

fn in_table<K: Kind>(seen: &Seen<&Table<K>>, uid: &str, version: u64) -> Seen<bool> {
    let has = |table: &Table<K>| {
        let found = table
            .get(uid)
            .and_then(|object| object.meta().version.as_str().parse().ok());
        found.is_some_and(|found: u64| found >= version)
    };
    match seen {
        Seen::Live(table) => Seen::Live(has(table)),
        Seen::Late(table, s) => Seen::Late(has(table), *s),
        Seen::Silent(table, s) => Seen::Silent(has(table), *s),
        Seen::Never => Seen::Never,
    }
}

//! Drift: does GitOps keep what it should? One honest row for each Kustomization.
//!
//! A suspended Kustomization keeps its old `Ready: True`, and one whose controller died does too: `spec.suspend`,
//! requests that nobody took note of and the age of the last run are read beside the condition.

use jiff::Timestamp;

use crate::config::ClusterName;
use crate::config::Config;
use crate::config::ZoneName;
use crate::sources::board::Cell;
use crate::sources::fact::Watch;
use crate::sources::finding::Finding;
use crate::sources::finding::ObjectRef;
use crate::sources::finding::Since;
use crate::sources::ground::Ground;
use crate::sources::ground::Judged;
use crate::sources::kinds::Kind;
use crate::sources::kinds::kustomization::Kustomization;
use crate::sources::level::Level;
use crate::sources::moment::Moment;
use crate::sources::world::ClusterWorld;
use crate::sources::world::Standing;
use crate::sources::world::World;
use crate::text::SafeText;
use crate::text::age;
use crate::text::clock;
use crate::text::column_clock;

/// What the drift column rests on.
pub const NEEDS: [Watch; 2] = [Watch::Namespaces, Watch::Kustomizations];
/// Seconds after which the first run is due where no interval is set.
const FIRST_S: i64 = 60;
/// Seconds that one run may take beyond its interval before its controller is thought dead.
const RUN_S: i64 = 300;

/// One Flux object, or one line about a cluster that has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// WARN when held or failing, `?` when not known, `-` when there is no GitOps.
    pub level: Level,
    /// Where.
    pub cluster: ClusterName,
    /// `Kust flux-system/emr`.
    pub object: SafeText,
    /// uid, to which the mark binds; empty for a line about a cluster.
    pub uid: SafeText,
    /// `in step`, `suspended`, `failing`, `behind`, `was OK`.
    pub state: SafeText,
    /// Applied revision, short.
    pub applied: SafeText,
    /// Why, in one clause.
    pub why: SafeText,
}

/// How one Kustomization stands, in the order of worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// `spec.suspend`: nothing is put back.
    Suspended,
    /// Its last run failed.
    Failing,
    /// Its controller gives no sign: what it says is history.
    Stale,
    /// It is older than its interval and has no status: nothing has ever acted on it.
    Unrun,
    /// It is new and has no status yet.
    Waiting,
    /// A run is on its way.
    Behind,
    /// What Git says is applied.
    InStep,
}

impl State {
    /// Judges one Kustomization.
    pub fn of(row: &Kustomization, at: Timestamp) -> State {
        let ready = row.ready.as_ref().map(|ready| ready.status.as_str());
        let overdue = row.ran.zip(row.interval_s).is_some_and(|(ran, interval)| {
            at.as_second() - ran.as_second() > interval.saturating_add(RUN_S)
        });
        match ready {
            _ if row.suspend => State::Suspended,
            Some("False") => State::Failing,
            _ if overdue => State::Stale,
            None if first_due(row).is_none_or(|due| at.as_second() > due) => State::Unrun,
            None => State::Waiting,
            Some("True") if row.applied == row.attempted => State::InStep,
            _ => State::Behind,
        }
    }

    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            State::Suspended => "suspended",
            State::Failing => "failing",
            State::Stale => "stale",
            State::Unrun => "never ran",
            State::Waiting => "asked",
            State::Behind => "behind",
            State::InStep => "in step",
        }
    }

    /// How bad.
    pub fn level(self) -> Level {
        match self {
            State::Suspended | State::Failing => Level::Warn,
            State::Stale | State::Unrun | State::Waiting => Level::Unknown,
            State::Behind | State::InStep => Level::Ok,
        }
    }
}

/// When the first run should have left a status, in seconds of Unix time; `None` when it says not when it was made.
fn first_due(row: &Kustomization) -> Option<i64> {
    let made = row.meta.created?.as_second();
    Some(made.saturating_add(row.interval_s.unwrap_or(FIRST_S)))
}

/// The drift of one zone on one cluster: what is held, failing or in step.
pub fn headline(ground: &Ground<'_>, zone: Option<&ZoneName>) -> Cell {
    ground.cell(&NEEDS, "no GitOps", |at| judge(ground, zone, at))
}

fn judge(ground: &Ground<'_>, zone: Option<&ZoneName>, at: Timestamp) -> Judged {
    let seen = ground.world.kustomizations(ground.now);
    let rows = seen.known().into_iter().flat_map(|table| table.iter());
    let states: Vec<State> = rows
        .filter(|row| stands_in(ground, row, zone))
        .map(|row| State::of(row, at))
        .collect();
    let count = |state: State| states.iter().filter(|one| **one == state).count();
    let unknown = [
        (State::Stale, "stale", "stale"),
        (State::Unrun, "never", "never ran"),
        (State::Waiting, "asked", "asked, never ran"),
    ];
    let unknown = unknown.into_iter().find(|(state, ..)| count(*state) > 0);
    if let Some((state, figure, words)) = unknown {
        return Judged::new(state.level(), figure, format!("{} {words}", count(state)));
    }
    let (held, failing) = (count(State::Suspended), count(State::Failing));
    let wide = match (held, failing, count(State::Behind)) {
        _ if states.is_empty() => return Judged::new(Level::Absent, "", "none here"),
        (0, 0, 0) => format!("{} in step", states.len()),
        (0, 0, _) => format!("{} of {} in step", count(State::InStep), states.len()),
        (held, 0, _) => format!("{held} held"),
        (0, failing, _) => format!("{failing} failing"),
        (held, failing, _) => format!("{held} held, {failing} failing"),
    };
    match held + failing {
        0 => Judged::new(Level::Ok, "", wide),
        bad => Judged::new(Level::Warn, bad.to_string(), wide),
    }
}

/// True when a Kustomization keeps something in this zone, or, keeping nothing anywhere, lives there. What stands in
/// no row at all, such as the schedules of the backups, serves every zone of its cluster.
fn stands_in(ground: &Ground<'_>, row: &Kustomization, zone: Option<&ZoneName>) -> bool {
    let (here, missing) = (ground.namespaces(zone), ground.missing(zone));
    let within = |name: &SafeText| here.contains(name) || missing.contains(name);
    if is_outside(ground, row) {
        return zone.is_some();
    }
    places(row).any(within)
}

/// True when neither a zone nor `NO ZONE` holds anything that a Kustomization keeps.
fn is_outside(ground: &Ground<'_>, row: &Kustomization) -> bool {
    !places(row).any(|name| {
        ground.zone_of(name.as_str()).is_some() || ground.namespaces(None).contains(name)
    })
}

/// The namespaces that a Kustomization keeps something in; its own while it keeps nothing.
fn places(row: &Kustomization) -> impl Iterator<Item = &SafeText> {
    let own = row.keeps.is_empty().then_some(&row.meta.namespace);
    row.keeps.iter().chain(own)
}

/// What is held, failing or stale on one cluster; nothing while it is silent.
pub fn findings(ground: &Ground<'_>) -> Vec<Finding> {
    let seen = ground.world.kustomizations(ground.now);
    let rows = seen.now().into_iter().flat_map(|table| table.iter());
    rows.filter_map(|row| finding(ground, row)).collect()
}

fn finding(ground: &Ground<'_>, row: &Kustomization) -> Option<Finding> {
    let (at, name) = (ground.now.wall, &row.meta.name);
    let state = State::of(row, at);
    let (kind, sentence, since) = match state {
        State::Suspended => {
            let (by, since) = held(row, at);
            (
                "drift.suspended",
                format!("Kustomization {name} is suspended{by}; drift is not being repaired"),
                since,
            )
        }
        State::Failing => {
            let ready = row.ready.as_ref();
            let reason = ready.map_or("", |ready| ready.reason.as_str());
            let since = ready.and_then(|ready| ready.since);
            (
                "drift.failing",
                format!("Kustomization {name} fails: {reason}"),
                since,
            )
        }
        State::Stale => (
            "drift.failing",
            format!("Kustomization {name} did not run when it was due; is its controller alive?"),
            row.ran,
        ),
        State::Unrun => (
            "drift.failing",
            format!("Kustomization {name} has never run; is its controller alive?"),
            row.meta.created,
        ),
        State::Waiting | State::Behind | State::InStep => return None,
    };
    let zoned = row
        .keeps
        .iter()
        .find(|kept| ground.zone_of(kept.as_str()).is_some());
    let place = zoned.unwrap_or(&row.meta.namespace).clone();
    let base = if is_outside(ground, row) {
        ground.cluster_finding(kind, state.level(), sentence)
    } else {
        let place = ObjectRef {
            namespace: place,
            ..ObjectRef::default()
        };
        ground.finding(kind, state.level(), place, sentence)
    };
    let object = ObjectRef {
        kind: SafeText::new(Kustomization::KIND),
        namespace: row.meta.namespace.clone(),
        name: name.clone(),
        uid: row.meta.uid.clone(),
    };
    Some(Finding {
        object,
        why: vec![why(row, state, at)],
        since: since.map_or(base.since, Since::Object),
        ..base
    })
}

/// ` since 9d by kubectl-edit`, and when, as far as the field owners say.
fn held(row: &Kustomization, at: Timestamp) -> (String, Option<Timestamp>) {
    match &row.suspended_by {
        Some((manager, Some(since))) => {
            let ago = age(at.as_second() - since.as_second());
            (format!(" since {ago} by {manager}"), Some(*since))
        }
        Some((manager, None)) => (format!(" by {manager}"), None),
        None => (String::new(), None),
    }
}

fn why(row: &Kustomization, state: State, at: Timestamp) -> SafeText {
    let ran = row
        .ran
        .map_or_else(|| "never".to_owned(), |ran| clock(ran, at));
    let message = row
        .ready
        .as_ref()
        .map(|ready| ready.message.as_str().trim_end())
        .unwrap_or_default();
    SafeText::from(match state {
        State::Suspended => match &row.suspended_by {
            Some((manager, Some(since))) => {
                let ago = age(at.as_second() - since.as_second());
                format!("by {manager}, {ago} ago")
            }
            Some((manager, None)) => format!("by {manager}"),
            None => String::new(),
        },
        State::Stale => format!("last ran {ran}"),
        State::Unrun | State::Waiting => "it has no status".to_owned(),
        State::Behind if row.unheard => "asked to run; not taken note of yet".to_owned(),
        State::Failing | State::Behind => message.to_owned(),
        State::InStep => String::new(),
    })
}

/// One row for each Kustomization of every cluster, and one for each cluster that has none or cannot say.
pub fn rows(config: &Config, world: &World, now: Moment) -> Vec<Row> {
    let nothing = ClusterWorld::default();
    let mut rows: Vec<(Option<State>, Row)> = Vec::new();
    for cluster in &config.clusters {
        let ground = Ground::new(config, world, &cluster.name, now, &nothing);
        let seen = ground.world.kustomizations(now);
        let table = seen.known().copied();
        let line = |level, state: &str, why: String| Row {
            level,
            cluster: cluster.name.clone(),
            object: SafeText::default(),
            uid: SafeText::default(),
            state: SafeText::new(state),
            applied: SafeText::default(),
            why: SafeText::from(why),
        };
        match ground.world.standing(&[Watch::Kustomizations], now) {
            Standing::Now(_) if table.is_some_and(super::table::Table::is_empty) => {
                rows.push((
                    None,
                    line(
                        Level::Absent,
                        "",
                        "Flux is there and keeps nothing".to_owned(),
                    ),
                ));
            }
            Standing::Now(_) => {
                rows.extend(
                    table
                        .into_iter()
                        .flat_map(super::table::Table::iter)
                        .map(|one| row(&ground, one, now.wall)),
                );
            }
            Standing::Silent(s) => {
                let count = table.map_or(0, super::table::Table::len);
                let mut row = line(Level::Unknown, "was read", format!("silent {}", age(s)));
                row.object = SafeText::from(format!("{count} objects"));
                rows.push((None, row));
            }
            Standing::Asked => rows.push((None, line(Level::Unknown, "asked", String::new()))),
            Standing::NoRight(why) => {
                rows.push((None, line(Level::Unknown, "no right", why.to_string())));
            }
            Standing::Never(why) => {
                rows.push((None, line(Level::Unknown, "never", why.to_string())));
            }
            Standing::NotInstalled => {
                rows.push((None, line(Level::Absent, "", "no Flux found".to_owned())));
            }
        }
    }
    rows.sort_by(|(a, x), (b, y)| {
        (x.level, a, &x.cluster, &x.object).cmp(&(y.level, b, &y.cluster, &y.object))
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

fn row(ground: &Ground<'_>, one: &Kustomization, at: Timestamp) -> (Option<State>, Row) {
    let state = State::of(one, at);
    let ran = one
        .ran
        .map(|ran| format!(" {}", column_clock(ran, at)))
        .unwrap_or_default();
    let row = Row {
        level: state.level(),
        cluster: ground.cluster.clone(),
        object: SafeText::from(format!("Kust {}/{}", one.meta.namespace, one.meta.name)),
        uid: one.meta.uid.clone(),
        state: SafeText::new(state.word()),
        applied: SafeText::from(format!("{}{ran}", short(one.applied.as_str()))),
        why: why(one, state, at),
    };
    (Some(state), row)
}

/// Seven digits of the commit in `main@sha1:6189abc…`, or the whole when it is none.
fn short(revision: &str) -> &str {
    let commit = revision
        .rsplit_once(':')
        .map_or(revision, |(_, commit)| commit);
    let hex = commit.len() > 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex { &commit[..7] } else { commit }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::sources::fact::Delta;
    use crate::sources::fact::Fact;
    use crate::sources::fixtures::at;
    use crate::sources::fixtures::config;
    use crate::sources::fixtures::meta;
    use crate::sources::fixtures::name;
    use crate::sources::fixtures::namespace;
    use crate::sources::fixtures::parse;
    use crate::sources::fixtures::reach;

    fn kustomization(suspend: bool, ready: &str, reason: &str, ran: &str) -> Value {
        let mut metadata = meta("flux-system", "emr");
        metadata["managedFields"] = json!([
            {"manager": "kustomize-controller", "time": "2026-08-15T04:50:00Z", "fieldsV1": {"f:status": {}}},
            {"manager": "kubectl-edit", "time": "2026-08-06T04:54:00Z", "fieldsV1": {"f:spec": {"f:suspend": {}}}}]);
        json!({"metadata": metadata, "spec": {"suspend": suspend, "interval": "10m0s"},
            "status": {"lastAppliedRevision": "main@sha1:6189abcdef0123", "lastAttemptedRevision": "main@sha1:6189abcdef0123",
                "conditions": [{"type": "Ready", "status": ready, "reason": reason, "message": "m\n", "lastTransitionTime": ran}],
                "history": [{"lastReconciled": ran}],
                "inventory": {"entries": [{"id": "emr_web_apps_Deployment", "v": "v1"}, {"id": "_pacs__Namespace", "v": "v1"}]}}})
    }

    #[test]
    fn the_state_is_read_beside_the_condition() {
        let fresh = "2026-08-15T04:50:00Z";
        let table = [
            (
                kustomization(false, "True", "ReconciliationSucceeded", fresh),
                State::InStep,
                Level::Ok,
            ),
            (
                kustomization(true, "True", "ReconciliationSucceeded", fresh),
                State::Suspended,
                Level::Warn,
            ),
            (
                kustomization(false, "False", "BuildFailed", fresh),
                State::Failing,
                Level::Warn,
            ),
            (
                kustomization(false, "Unknown", "Progressing", fresh),
                State::Behind,
                Level::Ok,
            ),
            // Its controller died: Ready stays True for ever, and only the age of the last run tells.
            (
                kustomization(
                    false,
                    "True",
                    "ReconciliationSucceeded",
                    "2026-08-15T04:38:59Z",
                ),
                State::Stale,
                Level::Unknown,
            ),
        ];
        for (value, state, level) in table {
            let found = State::of(&parse(value), at(0).wall);
            assert_eq!((found, found.level()), (state, level));
        }
    }

    #[test]
    fn one_without_a_status_is_never_in_step() {
        let made = |created: &str, interval: Value| {
            let mut metadata = meta("emr", "emr");
            metadata["creationTimestamp"] = json!(created);
            json!({"metadata": metadata, "spec": {"interval": interval, "targetNamespace": "pacs"}})
        };
        let table = [
            (made("2026-08-15T04:44:00Z", json!("10m0s")), State::Waiting),
            (made("2026-08-15T04:43:59Z", json!("10m0s")), State::Unrun),
            (made("2026-08-15T04:53:00Z", json!(null)), State::Waiting),
            (made("2026-08-15T04:52:59Z", json!(null)), State::Unrun),
            (made("soon", json!("10m0s")), State::Unrun),
        ];
        for (value, state) in table {
            let found = State::of(&parse(value.clone()), at(0).wall);
            assert_eq!((found, found.level()), (state, Level::Unknown), "{value}");
            let mut world = World::default();
            reach(
                &mut world,
                "one",
                vec![namespace("pacs", "clinical")],
                at(0),
            );
            let rows = Fact::Kustomizations(Delta::Swap(vec![parse(value)]));
            world.fold(&name("one"), 1, rows, at(0));
            let (config, nothing, cluster) = (config(), ClusterWorld::default(), name("one"));
            let ground = Ground::new(&config, &world, &cluster, at(0), &nothing);
            let cell = headline(&ground, Some(&"clinical".into()));
            assert_eq!(cell.level, Level::Unknown);
            assert!(cell.wide.as_str().ends_with("never ran"), "{}", cell.wide);
            let told = findings(&ground);
            assert_eq!(told.len(), usize::from(state == State::Unrun));
        }
    }

    #[test]
    fn what_keeps_nothing_in_any_row_counts_in_every_zone_of_its_cluster() {
        let mut value = kustomization(true, "True", "x", "2026-08-15T04:50:00Z");
        value["status"]["inventory"]["entries"] =
            json!([{"id": "velero_hourly_velero.io_Schedule", "v": "v1"}]);
        let mut world = World::default();
        let pacs = vec![namespace("pacs", "clinical")];
        reach(&mut world, "one", pacs, at(0));
        let rows = Fact::Kustomizations(Delta::Swap(vec![parse(value)]));
        world.fold(&name("one"), 1, rows, at(0));
        let (config, nothing, cluster) = (config(), ClusterWorld::default(), name("one"));
        let ground = Ground::new(&config, &world, &cluster, at(0), &nothing);
        let clinical = headline(&ground, Some(&"clinical".into()));
        assert_eq!(
            (clinical.level, clinical.wide.as_str()),
            (Level::Warn, "1 held")
        );
        assert_eq!(findings(&ground).len(), 1);
    }

    #[test]
    fn the_field_owners_say_since_when_it_is_suspended_and_by_what() {
        let row: Kustomization = parse(kustomization(true, "True", "x", "2026-08-15T04:50:00Z"));
        assert_eq!(held(&row, at(0).wall).0, " since 9d by kubectl-edit");
        assert!(row.keeps("emr") && row.keeps("pacs") && !row.keeps("flux-system"));
        assert_eq!(short(row.applied.as_str()), "6189abc");
    }
}

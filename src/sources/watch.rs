//! Every watch of a cluster, driven side by side without a task of its own: kube's watcher to facts.

use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher;
use kube::runtime::watcher::Event;
use serde::Deserialize;
use serde::Deserializer;
use tokio::sync::mpsc::Sender;

use super::alerts;
use super::cluster::Link;
use super::cluster::fault::Fault;
use super::fact::Delta;
use super::fact::Fact;
use super::fact::Watch;
use super::fact::WatchNews;
use super::kinds::Kind;
use crate::text::SafeText;

/// Seconds after which the server ends a watch, so that a dead line shows; the client gives up 5 s later.
const RENEW_S: u32 = 45;
/// Objects on one page of a list.
const PAGE: u32 = 500;
/// How many events are taken at once into one fact.
const BATCH: usize = 512;
/// How soon a kind that is not installed, or not ours to read, is asked for again: at first, and at most. Soon at first,
/// because an API server that has just started refuses everything until it has read its roles.
const SHUT: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));
/// How long a failed watch waits at first, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Follows everything that is watched in a cluster until the receiver is gone.
pub async fn follow_all(link: &Link, tx: Sender<Fact>) {
    let mut all: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
    all.push(follow(link, &tx, Watch::Namespaces, Fact::Namespaces).boxed());
    all.push(follow(link, &tx, Watch::Nodes, Fact::Nodes).boxed());
    all.push(follow(link, &tx, Watch::Deployments, Fact::Deployments).boxed());
    all.push(follow(link, &tx, Watch::Pods, Fact::Pods).boxed());
    all.push(follow(link, &tx, Watch::Stores, Fact::Stores).boxed());
    all.push(follow(link, &tx, Watch::Schedules, Fact::Schedules).boxed());
    all.push(follow(link, &tx, Watch::Backups, Fact::Backups).boxed());
    all.push(follow(link, &tx, Watch::DeleteRequests, Fact::DeleteRequests).boxed());
    all.push(follow(link, &tx, Watch::Restores, Fact::Restores).boxed());
    all.push(follow(link, &tx, Watch::Kustomizations, Fact::Kustomizations).boxed());
    all.push(alerts::watch::poll(link, &tx).boxed());
    while all.next().await.is_some() {
        if tx.is_closed() {
            return;
        }
    }
}

/// Follows one kind; ends only when the receiver is gone.
async fn follow<K: Kind>(link: &Link, tx: &Sender<Fact>, watch: Watch, fact: fn(Delta<K>) -> Fact) {
    let mut shut = Pauses::between(SHUT);
    loop {
        let ended = follow_until_ended(link, tx, watch, fact).await;
        let Some(Ended { news, listed }) = ended else {
            return;
        };
        if listed {
            shut.reset();
        }
        let pause = match news {
            WatchNews::NotInstalled | WatchNews::Forbidden(_) => shut.next(),
            _ => None,
        };
        if tx.send(Fact::Watch(watch, news)).await.is_err() {
            return;
        }
        tokio::time::sleep(pause.unwrap_or(BACKOFF.1)).await;
    }
}

/// Why a kind is not followed any more, and whether a list of it was complete before.
struct Ended {
    news: WatchNews,
    listed: bool,
}

/// Follows one kind until the server says that it is not there or not ours, or until its watch fails so that only a new
/// list tells what is there. `None` when the receiver is gone.
async fn follow_until_ended<K: Kind>(
    link: &Link,
    tx: &Sender<Fact>,
    watch: Watch,
    fact: fn(Delta<K>) -> Fact,
) -> Option<Ended> {
    let config = watcher::Config::default().timeout(RENEW_S).page_size(PAGE);
    let events = watcher(Api::<Wire<K>>::all(link.reader().kube()), config)
        .backoff(Pauses::between(BACKOFF));
    let mut batches = pin!(events.ready_chunks(BATCH));
    let mut list: Vec<K> = Vec::new();
    let (mut expired, mut listed) = (0_u32, false);
    while let Some(batch) = batches.next().await {
        for step in fold(batch, &mut list) {
            let out = match step {
                Step::Delta(delta) => {
                    listed = true;
                    if !matches!(delta, Delta::Swap(_)) {
                        expired = 0;
                    }
                    fact(delta)
                }
                Step::Expired => {
                    // A server whose every list is too old to watch is not asked for the next one at once.
                    expired = expired.saturating_add(1);
                    if expired > 1 {
                        tokio::time::sleep(BACKOFF.1).await;
                    }
                    continue;
                }
                Step::Failed(fault, phase) => match news::<K>(fault) {
                    news @ (WatchNews::NotInstalled | WatchNews::Forbidden(_)) => {
                        return Some(Ended { news, listed });
                    }
                    news @ WatchNews::Failed(_) if phase == Phase::Watch => {
                        return Some(Ended { news, listed });
                    }
                    news => Fact::Watch(watch, news),
                },
            };
            if tx.send(out).await.is_err() {
                return None;
            }
        }
    }
    None
}

/// What a fault is for a watch of this kind. No API server is without the core kinds and those of `apps`: a 404 for them
/// comes from something else, and says nothing of what is there.
fn news<K: Kind>(fault: Fault) -> WatchNews {
    match fault.news() {
        WatchNews::NotInstalled if matches!(K::GROUP, "" | "apps") => {
            WatchNews::Failed(SafeText::from(format!(
                "it answers 404 for {}, which every API server has; look at its address",
                K::PLURAL
            )))
        }
        news => news,
    }
}

/// Pauses between two tries: each twice the one before, up to the longest.
struct Pauses {
    next: Duration,
    limits: (Duration, Duration),
}

impl Pauses {
    fn between(limits: (Duration, Duration)) -> Pauses {
        Pauses {
            next: limits.0,
            limits,
        }
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.next;
        self.next = (pause * 2).min(self.limits.1);
        Some(pause)
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.next = self.limits.0;
    }
}

/// What one batch comes to, in order.
enum Step<K> {
    Delta(Delta<K>),
    Failed(Fault, Phase),
    /// The version of the watch is too old; the watcher lists again by itself.
    Expired,
}

/// What was under way when a watch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The list; the watcher begins it again by itself.
    List,
    /// The watch that follows it.
    Watch,
}

/// Puts a batch of events together: neighbours of one sort become one delta, a list is handed on only when complete.
fn fold<K: Kind>(batch: Vec<watcher::Result<Event<Wire<K>>>>, list: &mut Vec<K>) -> Vec<Step<K>> {
    let mut steps: Vec<Step<K>> = Vec::new();
    for event in batch {
        match event {
            Ok(Event::Init) => list.clear(),
            Ok(Event::InitApply(wire)) => list.push(wire.object),
            Ok(Event::InitDone) => {
                list.shrink_to_fit();
                steps.push(Step::Delta(Delta::Swap(std::mem::take(list))));
            }
            Ok(Event::Apply(wire)) => match steps.last_mut() {
                Some(Step::Delta(Delta::Apply(objects))) => objects.push(wire.object),
                _ => steps.push(Step::Delta(Delta::Apply(vec![wire.object]))),
            },
            Ok(Event::Delete(wire)) => match steps.last_mut() {
                Some(Step::Delta(Delta::Delete(objects))) => objects.push(wire.object),
                _ => steps.push(Step::Delta(Delta::Delete(vec![wire.object]))),
            },
            Err(error) => {
                let failed = |(fault, phase)| Step::Failed(fault, phase);
                steps.push(fault(&error).map_or(Step::Expired, failed));
            }
        }
    }
    steps
}

/// Why a watch failed; `None` for what the watcher mends by itself (a watch whose resource version is too old).
fn fault(error: &watcher::Error) -> Option<(Fault, Phase)> {
    match error {
        watcher::Error::InitialListFailed(error) => Some((Fault::of(error), Phase::List)),
        watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => match error
        {
            kube::Error::Api(status) if status.code == 410 => None,
            error => Some((Fault::of(error), Phase::Watch)),
        },
        watcher::Error::WatchError(status) if status.code == 410 => None,
        watcher::Error::WatchError(status) => {
            Some((Fault::status(status.code, &status.message), Phase::Watch))
        }
        watcher::Error::NoResourceVersion => Some((
            Fault::Failed("its list has no resourceVersion".into()),
            Phase::List,
        )),
    }
}

/// A slim kind as kube wants it: with just enough metadata for its watcher.
#[derive(Clone, Debug)]
struct Wire<K> {
    meta: ObjectMeta,
    object: K,
}

impl<'de, K: Kind> Deserialize<'de> for Wire<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let object = K::deserialize(from)?;
        let version = object.meta().version.as_str().to_owned();
        Ok(Wire {
            meta: ObjectMeta {
                resource_version: Some(version),
                ..ObjectMeta::default()
            },
            object,
        })
    }
}

impl<K: Kind> kube::Resource for Wire<K> {
    type DynamicType = ();
    type Scope = kube::core::ClusterResourceScope;

    fn kind((): &()) -> std::borrow::Cow<'_, str> {
        K::KIND.into()
    }
    fn group((): &()) -> std::borrow::Cow<'_, str> {
        K::GROUP.into()
    }
    fn version((): &()) -> std::borrow::Cow<'_, str> {
        K::VERSION.into()
    }
    fn plural((): &()) -> std::borrow::Cow<'_, str> {
        K::PLURAL.into()
    }
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::kinds::backup::Backup;
    use crate::sources::kinds::deployment::Deployment;
    use crate::sources::kinds::namespace::Namespace;
    use crate::sources::kinds::pod::Pod;

    fn wire(name: &str) -> Wire<Namespace> {
        let text = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "uid": name, "resourceVersion": "7", "managedFields": [{"fieldsV1": {"f:a": {}}}]}});
        serde_json::from_str(&text.to_string()).unwrap()
    }

    #[test]
    fn a_list_is_handed_on_only_when_it_is_complete_and_neighbours_go_together() {
        let mut list = Vec::new();
        let first = fold(
            vec![Ok(Event::Init), Ok(Event::InitApply(wire("a")))],
            &mut list,
        );
        assert!(first.is_empty());
        let events = vec![
            Ok(Event::InitApply(wire("b"))),
            Ok(Event::InitDone),
            Ok(Event::Apply(wire("c"))),
            Ok(Event::Apply(wire("d"))),
            Ok(Event::Delete(wire("c"))),
        ];
        let sizes: Vec<(&str, usize)> = fold(events, &mut list)
            .iter()
            .map(|step| match step {
                Step::Delta(Delta::Swap(all)) => ("swap", all.len()),
                Step::Delta(Delta::Apply(some)) => ("apply", some.len()),
                Step::Delta(Delta::Delete(some)) => ("delete", some.len()),
                Step::Failed(..) | Step::Expired => ("failed", 0),
            })
            .collect();
        assert_eq!(sizes, [("swap", 2), ("apply", 2), ("delete", 1)]);
    }

    #[test]
    fn a_kind_that_every_server_has_is_never_not_installed() {
        let of_pods = news::<Pod>(Fault::NotFound);
        assert!(matches!(of_pods, WatchNews::Failed(_)), "{of_pods:?}");
        let of_deployments = news::<Deployment>(Fault::NotFound);
        assert!(matches!(of_deployments, WatchNews::Failed(_)));
        assert_eq!(news::<Backup>(Fault::NotFound), WatchNews::NotInstalled);
    }

    #[test]
    fn a_kind_that_is_shut_is_asked_for_soon_at_first_and_then_seldom() {
        let mut pauses = Pauses::between(SHUT);
        let seconds = |pauses: &mut Pauses| pauses.take(6).map(|pause| pause.as_secs()).collect();
        let first: Vec<u64> = seconds(&mut pauses);
        assert_eq!(first, [5, 10, 20, 40, 60, 60]);
        pauses.reset();
        let anew: Vec<u64> = seconds(&mut pauses);
        assert_eq!(anew, first, "it was ours for a while");
    }

    #[test]
    fn kube_sees_the_version_and_nothing_else() {
        let wire = wire("a");
        assert_eq!(wire.meta.resource_version.as_deref(), Some("7"));
        assert_eq!(wire.object.meta.name, "a");
        assert!(wire.meta.managed_fields.is_none());
    }
}

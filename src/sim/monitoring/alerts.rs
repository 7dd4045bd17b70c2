//! The alert rules: what fires follows from the objects, with since when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::sim::controllers::{controller, digest};
use crate::sim::store::resources::{DEPLOYMENTS, NAMESPACES, PODS, STATEFULSETS};
use crate::sim::store::{Index, Store, meta};

use super::Fired;

/// One alert that fires.
#[derive(Debug, Clone)]
pub(super) struct Alert {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) receiver: &'static str,
    pub(super) since: Timestamp,
}

impl Alert {
    fn new(name: &str, severity: &str, since: Timestamp, summary: String) -> Self {
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        Self {
            name: name.to_owned(),
            labels: BTreeMap::from([
                label("alertname", name),
                label("severity", severity),
                label("prometheus", "monitoring/k8s"),
            ]),
            annotations: BTreeMap::from([("summary".to_owned(), summary)]),
            receiver: match severity {
                "critical" => "pager",
                "none" => "watchdog",
                _ => "mail",
            },
            since,
        }
    }

    fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The fingerprint: the same labels give the same sixteen digits.
    pub(super) fn fingerprint(&self) -> String {
        format!("{:016x}", digest(&format!("{:?}", self.labels)))
    }

    /// Whether a matcher such as `severity="critical"` holds; one that cannot be read does not.
    pub(super) fn passes(&self, filter: &str) -> bool {
        let operators = [("=~", true), ("!~", true), ("!=", false), ("=", false)];
        let split = operators.iter().find_map(|(sign, several)| {
            let (name, value) = filter.split_once(sign)?;
            Some((name.trim(), value.trim().trim_matches('"'), *sign, *several))
        });
        let Some((name, value, sign, several)) = split else {
            return false;
        };
        let label = self.labels.get(name).map_or("", String::as_str);
        let equal = if several {
            value.split('|').any(|one| one == label || one == ".*")
        } else {
            value == label
        };
        equal != sign.starts_with('!')
    }
}

/// Pods of which a rule may say something: not ready, or ended before.
pub(in crate::sim) static ALARMING: Index = Index {
    res: &PODS,
    takes: |pod| {
        let state = first_container(pod);
        unready_since(pod, 0).is_some()
            || !state["state"]["waiting"].is_null()
            || !state["lastState"]["terminated"].is_null()
    },
};

/// All alerts that fire at `now`; the Watchdog fires since long before `began`.
pub(super) fn derive(store: &Store, now: Timestamp, began: Timestamp) -> Vec<Alert> {
    let long_ago = SignedDuration::from_hours(9 * 24);
    let watchdog = Alert::new(
        "Watchdog",
        "none",
        began.saturating_sub(long_ago).unwrap_or(began),
        "An alert that should always be firing to certify that Alertmanager is working properly."
            .to_owned(),
    );
    let pods = store.those(&ALARMING);
    let pods: Vec<_> = pods.iter().map(|kept| kept.open()).collect();
    let mut all = vec![watchdog];
    all.extend(pods.iter().filter_map(|pod| stuck(pod)));
    all.extend(near_limit(store, &pods));
    let (deployments, _) = store.list(&DEPLOYMENTS, None);
    let low = |one: &Arc<Value>| replicas_low(store, one, &pods);
    all.extend(deployments.iter().filter_map(low));
    all.retain(|alert| alert.since <= now);
    all
}

/// The fingerprints of the alerts that hold an alert back: critical ones of its name and namespace.
pub(super) fn inhibited(alert: &Alert, all: &[Alert]) -> Vec<String> {
    let label = |alert: &Alert, name: &str| alert.labels.get(name).cloned();
    let severity = label(alert, "severity").unwrap_or_default();
    if !matches!(severity.as_str(), "warning" | "info") {
        return Vec::new();
    }
    let same = |other: &&Alert| {
        label(other, "severity").as_deref() == Some("critical")
            && other.name == alert.name
            && label(other, "namespace") == label(alert, "namespace")
    };
    all.iter().filter(same).map(Alert::fingerprint).collect()
}

/// The alerts of a rule that a story fires, one for each series.
pub(super) fn fired(store: &Store, since: Timestamp, fired: &Fired) -> Vec<Alert> {
    if let Some((space, name)) = &fired.cause
        && !is_short(store, space, name)
    {
        return Vec::new();
    }
    let one = |series: u32| {
        let summary = fired.summary.clone();
        let mut alert = Alert::new(&fired.name, &fired.severity, since, summary);
        if !fired.namespace.is_empty() {
            alert = alert.label("namespace", &fired.namespace);
        }
        if fired.count > 1 {
            alert = alert.label("instance", &format!("{}-{series:03}", fired.namespace));
        }
        alert
    };
    (1..=fired.count).map(one).collect()
}

/// Whether a workload has fewer pods that serve than it wants.
fn is_short(store: &Store, space: &str, name: &str) -> bool {
    let ready = [&DEPLOYMENTS, &STATEFULSETS].iter().find_map(|res| {
        let one = store.get(res, Some(space), name)?;
        let wanted = one["spec"]["replicas"].as_i64().unwrap_or(1);
        Some(meta::number(&one, "/status/readyReplicas") >= wanted)
    });
    ready != Some(true)
}

/// Since when a pod is not ready, and how long a rule waits after that.
fn unready_since(pod: &Value, wait: i64) -> Option<Timestamp> {
    let list = meta::list(pod, "/status/conditions");
    let ready = list.iter().find(|c| c["type"] == "Ready")?;
    if ready["status"] == "True" {
        return None;
    }
    let since: Timestamp = ready["lastTransitionTime"].as_str()?.parse().ok()?;
    since.checked_add(SignedDuration::from_secs(wait)).ok()
}

fn first_container(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]
}

/// A pod whose container cannot start.
fn stuck(pod: &Value) -> Option<Alert> {
    let waiting = &first_container(pod)["state"]["waiting"];
    let (space, name) = (meta::namespace(pod), meta::name(pod));
    let image = first_container(pod)["image"].as_str().unwrap_or("");
    let (rule, severity, wait, summary) = match waiting["reason"].as_str()? {
        "ImagePullBackOff" | "ErrImagePull" => (
            "KubePodImagePull",
            "critical",
            120,
            format!("{name} cannot pull {image}"),
        ),
        "CreateContainerConfigError" => (
            "KubePodConfigError",
            "warning",
            300,
            format!(
                "{name} cannot start: {}",
                waiting["message"].as_str().unwrap_or("")
            ),
        ),
        "CrashLoopBackOff" => (
            "KubePodCrashLooping",
            "warning",
            300,
            format!("{name} keeps crashing"),
        ),
        _ => return None,
    };
    let alert = Alert::new(rule, severity, unready_since(pod, wait)?, summary);
    Some(alert.label("namespace", space).label("pod", name))
}

/// Pods of a set in which one of these was killed for its memory.
fn near_limit(store: &Store, pods: &[Arc<Value>]) -> Vec<Alert> {
    let ended = |pod: &Value| {
        let last = &first_container(pod)["lastState"]["terminated"];
        (last["reason"] == "OOMKilled").then(|| last["finishedAt"].as_str().map(str::to_owned))
    };
    let mut sets: BTreeMap<&str, Timestamp> = BTreeMap::new();
    let mut spaces: BTreeSet<&str> = BTreeSet::new();
    for pod in pods {
        let at = ended(pod).flatten().and_then(|at| at.parse().ok());
        if let Some(at) = at {
            // It is near its limit for a while before it is killed.
            let Ok(since) = Timestamp::checked_sub(at, SignedDuration::from_mins(6)) else {
                continue;
            };
            sets.insert(controller(pod), since);
            spaces.insert(meta::namespace(pod));
        }
    }
    let alert = |pod: Arc<Value>| {
        let (space, name) = (meta::namespace(&pod), meta::name(&pod));
        let since = *sets.get(controller(&pod))?;
        let words = format!("{name} uses more than 95 % of its memory limit");
        let alert = Alert::new("KubeMemoryNearLimit", "warning", since, words);
        Some(alert.label("namespace", space).label("pod", name))
    };
    let of_sets =
        |space: &str| store.select(&PODS, Some(space), |pod| sets.contains_key(controller(pod)));
    let all = spaces.into_iter().flat_map(of_sets);
    all.filter_map(alert).collect()
}

/// A deployment that has fewer pods than it wants.
fn replicas_low(store: &Store, deployment: &Value, pods: &[Arc<Value>]) -> Option<Alert> {
    let missing = meta::number(deployment, "/status/unavailableReplicas");
    if missing == 0 {
        return None;
    }
    let (space, name) = (meta::namespace(deployment), meta::name(deployment));
    let labels = &deployment["spec"]["selector"]["matchLabels"];
    let mine = pods.iter().filter(|pod| {
        let app = &pod["metadata"]["labels"]["app"];
        meta::namespace(pod) == space && *app == labels["app"]
    });
    let since = mine.filter_map(|pod| unready_since(pod, 180)).min()?;
    let zone = store.get(&NAMESPACES, None, space);
    let critical = zone.is_some_and(|zone| zone["metadata"]["labels"]["zone"] == "clinical");
    let wanted = deployment["spec"]["replicas"].as_i64().unwrap_or(1);
    let words = format!("{name} has {} of {wanted} replicas", wanted - missing);
    let alert = if critical {
        Alert::new(
            &format!("{}ReplicasLow", pascal(name)),
            "critical",
            since,
            words,
        )
    } else {
        Alert::new("KubeDeploymentReplicasMismatch", "warning", since, words)
    };
    Some(alert.label("namespace", space).label("deployment", name))
}

/// `ehr-api` as `EhrApi`.
fn pascal(name: &str) -> String {
    let words: BTreeSet<usize> = name
        .match_indices('-')
        .map(|(at, _)| at + 1)
        .chain([0])
        .collect();
    let letters = name.char_indices().filter(|(_, letter)| *letter != '-');
    letters
        .map(|(at, letter)| {
            if words.contains(&at) {
                letter.to_ascii_uppercase()
            } else {
                letter
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matcher_is_equal_unequal_or_one_of() {
        let now = "2026-08-15T04:11:00Z".parse().unwrap();
        let alert = Alert::new("KubePodImagePull", "critical", now, String::new());
        for filter in [
            "severity=critical",
            "severity=\"critical\"",
            "severity=~\"warning|critical\"",
            "severity!=\"none\"",
            "zone=\"\"",
        ] {
            assert!(alert.passes(filter), "{filter}");
        }
        for filter in [
            "severity!=critical",
            "alertname=Watchdog",
            "critical",
            "severity!~.*",
        ] {
            assert!(!alert.passes(filter), "{filter}");
        }
    }

    #[test]
    fn rule_names_are_in_one_word() {
        assert_eq!(pascal("ehr-api"), "EhrApi");
    }
}

//! Why a pod is down: the one fact nearest to the world, in a clause and in a sentence.

use jiff::Timestamp;

use crate::sources::kinds::pod::Pod;
use crate::sources::kinds::pod::Trouble;
use crate::text::SafeText;
use crate::text::clock;

/// Seconds that a pod may take to start before waiting is a fault (images are pulled, probes begin).
pub(super) const START_S: i64 = 120;
/// Seconds past the end of its grace after which a pod that is still going away is a fault.
pub(super) const LEAVE_S: i64 = 300;

/// Which of the finding kinds a cause stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// It waits for a ConfigMap or Secret that is not there.
    ConfigMissing,
    /// Any other reason to be down.
    Down,
    /// It only starts, or goes away; nothing is wrong yet.
    Moving,
}

/// Why one pod is down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Why {
    /// What it stands for.
    pub(super) fault: Fault,
    /// In a clause: `image cannot be pulled (harbor.sth)`.
    pub(super) clause: SafeText,
    /// In a sentence; equal for all pods of one cause.
    pub(super) sentence: SafeText,
    /// Since when, from the objects.
    pub(super) since: Option<Timestamp>,
}

impl Why {
    fn new(fault: Fault, clause: impl Into<SafeText>, sentence: impl Into<SafeText>) -> Why {
        Why {
            fault,
            clause: clause.into(),
            sentence: sentence.into(),
            since: None,
        }
    }
}

/// Judges one pod; `None` when it is as it should be. `node_down` says why its node is not ready, when it is not.
pub(super) fn of(pod: &Pod, node_down: Option<&SafeText>, at: Timestamp) -> Option<Why> {
    if pod.completed() {
        return None;
    }
    let since = pod.since.or(pod.meta.created);
    let cause = match pod.meta.deleted {
        Some(deleted) => leaving(pod, deleted, node_down, at),
        None if pod.serves => None,
        None => Some(down(pod, node_down, at)),
    };
    cause.map(|cause| Why {
        since: cause.since.or(since),
        ..cause
    })
}

fn leaving(
    pod: &Pod,
    deleted: Timestamp,
    node_down: Option<&SafeText>,
    at: Timestamp,
) -> Option<Why> {
    if at.as_second() - deleted.as_second() <= LEAVE_S {
        return None;
    }
    let until = clock(deleted, at);
    let why = match node_down {
        Some(why) => format!("its node {} is not ready: {why}", pod.node),
        None => "a finalizer or its node holds it".to_owned(),
    };
    let late = Why::new(
        Fault::Down,
        format!("still going away, due {until}"),
        format!("going away since before {until} and not gone; {why}"),
    );
    Some(Why {
        since: Some(deleted),
        ..late
    })
}

fn down(pod: &Pod, node_down: Option<&SafeText>, at: Timestamp) -> Why {
    if let Some(why) = node_down {
        let clause = format!("node {} is not ready", pod.node);
        return Why::new(Fault::Down, clause.clone(), format!("{clause}: {why}"));
    }
    if let Some(cause) = pod.troubles.iter().find_map(waits) {
        return cause;
    }
    if let Some(cause) = pod.troubles.iter().find_map(ended) {
        return cause;
    }
    if pod.phase == "Failed" {
        let reason = if pod.reason.is_empty() {
            "Failed"
        } else {
            pod.reason.as_str()
        };
        return Why::new(Fault::Down, reason, joined(reason, &pod.message));
    }
    if !pod.unplaced.is_empty() {
        let clause = format!("not placed on a node: {}", first_clause(&pod.unplaced));
        return Why::new(
            Fault::Down,
            clause,
            format!("not placed on a node: {}", pod.unplaced),
        );
    }
    phase(pod, at)
}

/// A pod without any better reason: by its phase, and how long it has had.
fn phase(pod: &Pod, at: Timestamp) -> Why {
    let begun = pod.since.or(pod.meta.created);
    let young = begun.is_some_and(|begun| at.as_second() - begun.as_second() <= START_S);
    let (fault, word) = if young {
        (Fault::Moving, "starting")
    } else {
        (Fault::Down, "not ready")
    };
    match pod.phase.as_str() {
        "Running" => Why::new(
            fault,
            word,
            format!(
                "{word}: {} of {} containers ready",
                pod.ready, pod.containers
            ),
        ),
        "Pending" if pod.node.is_empty() => {
            Why::new(fault, "waits for a node", "waits to be placed on a node")
        }
        "Pending" => Why::new(
            fault,
            "its containers are being made",
            "its containers are being made",
        ),
        "Unknown" => Why::new(
            Fault::Down,
            "its node does not answer",
            "its state is unknown: its node does not answer",
        ),
        other => Why::new(
            Fault::Down,
            format!("phase {other}"),
            format!("its phase is {other}, which is not known"),
        ),
    }
}

fn waits(trouble: &Trouble) -> Option<Why> {
    let (container, message) = (&trouble.container, &trouble.message);
    Some(match trouble.reason.as_str() {
        "ImagePullBackOff"
        | "ErrImagePull"
        | "ErrImageNeverPull"
        | "InvalidImageName"
        | "RegistryUnavailable" => {
            let host = registry(trouble.image.as_str());
            let clause = format!("image cannot be pulled ({host})");
            Why::new(
                Fault::Down,
                clause,
                joined(
                    &format!("cannot pull {}", trouble.image),
                    &pull_reason(message),
                ),
            )
        }
        "CreateContainerConfigError" => {
            let words = missing(message.as_str());
            Why::new(
                Fault::ConfigMissing,
                words.clone(),
                format!("{container} cannot be made: {words}"),
            )
        }
        "CrashLoopBackOff" => return ended(trouble).or_else(|| Some(crash(trouble))),
        "CreateContainerError" | "RunContainerError" | "StartError" => {
            let clause = format!("{container} cannot be started");
            Why::new(Fault::Down, clause.clone(), joined(&clause, message))
        }
        "" | "ContainerCreating" | "PodInitializing" => return None,
        "Completed" | "Error" | "OOMKilled" | "ContainerCannotRun" | "ContainerStatusUnknown" => {
            return None;
        }
        other => Why::new(Fault::Down, other, joined(other, message)),
    })
}

fn crash(trouble: &Trouble) -> Why {
    let clause = format!("{} restarts again and again", trouble.container);
    Why::new(
        Fault::Down,
        clause.clone(),
        format!("{clause}: {} times", trouble.restarts),
    )
}

/// How a container ended, in a clause and a sentence; `None` when it did not, or ended well.
pub(super) fn ended(trouble: &Trouble) -> Option<Why> {
    let (container, restarts) = (&trouble.container, trouble.restarts);
    let times = if restarts > 0 {
        format!(", restarted {restarts} times")
    } else {
        String::new()
    };
    let cause = match (trouble.ended.as_str(), trouble.exit) {
        ("OOMKilled", _) => {
            let limit = match trouble.memory.as_str() {
                "" => "no limit of its own".to_owned(),
                memory => format!("limit {memory}"),
            };
            Why::new(
                Fault::Down,
                format!("OOMKilled, {limit}"),
                format!("{container} was killed for memory ({limit}){times}"),
            )
        }
        (_, Some(0)) | ("", None) => return None,
        (reason, code) => {
            let code = code.map_or_else(|| reason.to_owned(), |code| format!("exit code {code}"));
            Why::new(
                Fault::Down,
                format!("{container} ends with {code}"),
                format!("{container} ends with {code}{times}"),
            )
        }
    };
    Some(cause)
}

/// The host of an image: what stands before the first slash when it looks like one.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

/// What the registry or the network said, without the runtime's wrapping around it.
fn pull_reason(message: &SafeText) -> SafeText {
    let text = message.as_str();
    for (sign, words) in [
        ("connection refused", "connection refused"),
        ("no such host", "its name is not known"),
        ("i/o timeout", "no answer in time"),
        ("x509:", "its certificate is not trusted"),
        ("unauthorized", "not authorised"),
        ("not found", "no such image"),
        ("toomanyrequests", "too many requests"),
    ] {
        if text.contains(sign) {
            return SafeText::new(words);
        }
    }
    if text.starts_with("Back-off") {
        SafeText::default()
    } else {
        message.clone()
    }
}

/// `configmap "forms" is missing`, from the runtime's sentence.
fn missing(message: &str) -> String {
    match message.strip_suffix(" not found") {
        Some(what) => format!("{what} is missing"),
        None => message.to_owned(),
    }
}

fn joined(head: &str, tail: &SafeText) -> String {
    if tail.is_empty() {
        head.to_owned()
    } else {
        format!("{head}: {tail}")
    }
}

/// What stands before the first full stop, for a clause.
fn first_clause(text: &SafeText) -> &str {
    text.as_str()
        .split(". ")
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::sources::fixtures::at;
    use crate::sources::fixtures::meta;
    use crate::sources::fixtures::parse;

    #[expect(clippy::needless_pass_by_value, reason = "a literal of each row")]
    fn pod(phase: &str, spec: Value, state: Value, restarts: u32) -> Pod {
        let containers = if spec.is_null() {
            json!([{"name": "api"}])
        } else {
            spec
        };
        parse(json!({"metadata": meta("ehr", "ehr-api-7c9f4-2kx8p"),
            "spec": {"nodeName": "w04", "containers": containers},
            "status": {"phase": phase,
                "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-08-15T04:31:00Z"}],
                "containerStatuses": [{"name": "api", "image": "harbor.sth/ehr/api:4.2.1", "ready": false,
                    "restartCount": restarts, "state": state["state"], "lastState": state["last"]}]}}))
    }

    fn waiting(reason: &str, message: &str) -> Value {
        json!({"state": {"waiting": {"reason": reason, "message": message}}, "last": {}})
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table, a row for each cause")]
    fn a_pod_that_is_down_says_the_fact_nearest_to_the_world() {
        let killed = json!({"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
            "last": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-08-15T04:50:00Z"}}});
        let exits = json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "last": {"terminated": {"reason": "Error", "exitCode": 3}}});
        let limit = json!([{"name": "api", "resources": {"limits": {"memory": "512Mi"}}}]);
        let table = [
            (
                pod(
                    "Pending",
                    Value::Null,
                    waiting(
                        "ImagePullBackOff",
                        "Back-off pulling image: dial tcp 10.0.0.9:443: connect: connection refused",
                    ),
                    0,
                ),
                Fault::Down,
                "image cannot be pulled (harbor.sth)",
                "cannot pull harbor.sth/ehr/api:4.2.1: connection refused",
            ),
            (
                pod(
                    "Pending",
                    Value::Null,
                    waiting(
                        "CreateContainerConfigError",
                        "configmap \"forms\" not found",
                    ),
                    0,
                ),
                Fault::ConfigMissing,
                "configmap \"forms\" is missing",
                "api cannot be made: configmap \"forms\" is missing",
            ),
            (
                pod("Running", limit, killed, 4),
                Fault::Down,
                "OOMKilled, limit 512Mi",
                "api was killed for memory (limit 512Mi), restarted 4 times",
            ),
            (
                pod("Running", Value::Null, exits, 2),
                Fault::Down,
                "api ends with exit code 3",
                "api ends with exit code 3, restarted 2 times",
            ),
            (
                pod(
                    "Running",
                    Value::Null,
                    json!({"state": {"running": {}}, "last": {}}),
                    0,
                ),
                Fault::Down,
                "not ready",
                "not ready: 0 of 1 containers ready",
            ),
            (
                pod("Odd", Value::Null, json!({"state": {}, "last": {}}), 0),
                Fault::Down,
                "phase Odd",
                "its phase is Odd, which is not known",
            ),
        ];
        for (pod, fault, clause, sentence) in table {
            let why = of(&pod, None, at(0).wall).unwrap();
            assert_eq!(
                (why.fault, why.clause.as_str(), why.sentence.as_str()),
                (fault, clause, sentence)
            );
            assert_eq!(why.since.unwrap().to_string(), "2026-08-15T04:31:00Z");
        }
    }

    #[test]
    fn a_node_that_is_lost_explains_its_pods() {
        let lost = SafeText::new("Kubelet stopped posting node status.");
        let why = of(
            &pod("Running", Value::Null, json!({}), 0),
            Some(&lost),
            at(0).wall,
        )
        .unwrap();
        assert_eq!(
            why.sentence,
            "node w04 is not ready: Kubelet stopped posting node status."
        );
    }

    #[test]
    fn a_pod_that_ended_well_or_serves_or_just_goes_away_is_well() {
        let well: Pod =
            parse(json!({"metadata": meta("ehr", "a"), "status": {"phase": "Succeeded"}}));
        assert_eq!(of(&well, None, at(0).wall), None);
        let mut leaving: Pod =
            parse(json!({"metadata": meta("ehr", "a"), "status": {"phase": "Running"}}));
        leaving.meta.deleted = Some(at(-300).wall);
        assert_eq!(of(&leaving, None, at(0).wall), None);
        assert!(
            of(&leaving, None, at(1).wall)
                .unwrap()
                .clause
                .as_str()
                .starts_with("still going away")
        );
    }

    #[test]
    fn a_pod_may_take_its_time_to_start() {
        let mut young = pod("Pending", Value::Null, waiting("ContainerCreating", ""), 0);
        young.since = Some(at(-119).wall);
        assert_eq!(of(&young, None, at(0).wall).unwrap().fault, Fault::Moving);
        assert_eq!(of(&young, None, at(2).wall).unwrap().fault, Fault::Down);
    }
}

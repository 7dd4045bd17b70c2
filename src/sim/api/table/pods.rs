//! The row of a pod: READY, STATUS and RESTARTS as the real printer reckons them.

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::api::table::Column;
use crate::sim::api::table::age_of;
use crate::sim::api::table::since;
use crate::sim::store::meta;

pub(super) const COLUMNS: &[Column] = &[
    ("Name", "string", 0),
    ("Ready", "string", 0),
    ("Status", "string", 0),
    ("Restarts", "string", 0),
    ("Age", "string", 0),
    ("IP", "string", 1),
    ("Node", "string", 1),
    ("Nominated Node", "string", 1),
    ("Readiness Gates", "string", 1),
];

#[derive(Default)]
struct Tally {
    ready: i64,
    restarts: i64,
    last: String,
    reason: String,
    initializing: bool,
}

impl Tally {
    fn restart(&mut self, container: &Value) {
        self.restarts += meta::number(container, "/restartCount");
        let at = meta::text(container, "/lastState/terminated/finishedAt");
        // RFC 3339 instants of one form sort as text.
        if at > self.last.as_str() {
            at.clone_into(&mut self.last);
        }
    }
}

pub(super) fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let mut tally = Tally {
        reason: meta::text(pod, "/status/phase").to_owned(),
        ..Tally::default()
    };
    let own = meta::text(pod, "/status/reason");
    if !own.is_empty() {
        own.clone_into(&mut tally.reason);
    }
    if condition(pod, "PodScheduled", "reason") == "SchedulingGated" {
        "SchedulingGated".clone_into(&mut tally.reason);
    }
    init_containers(pod, &mut tally);
    if !tally.initializing || condition(pod, "Initialized", "status") == "True" {
        containers(pod, &mut tally);
    }
    let phase = meta::text(pod, "/status/phase");
    if meta::is_going(pod) {
        if own == "NodeLost" {
            "Unknown".clone_into(&mut tally.reason);
        } else if !matches!(phase, "Succeeded" | "Failed") {
            "Terminating".clone_into(&mut tally.reason);
        }
    }
    let total = meta::list(pod, "/spec/containers").len() + sidecars(pod);
    let restarts = match tally.last.as_str() {
        "" => tally.restarts.to_string(),
        _ if tally.restarts == 0 => "0".to_owned(),
        last => format!("{} ({} ago)", tally.restarts, since(last, now)),
    };
    let or_none = |text: &str| {
        if text.is_empty() {
            "<none>".into()
        } else {
            text.into()
        }
    };
    vec![
        meta::name(pod).into(),
        format!("{}/{total}", tally.ready).into(),
        tally.reason.into(),
        restarts.into(),
        age_of(pod, now).into(),
        or_none(meta::text(pod, "/status/podIP")),
        or_none(meta::text(pod, "/spec/nodeName")),
        or_none(meta::text(pod, "/status/nominatedNodeName")),
        or_none(""),
    ]
}

fn init_containers(pod: &Value, tally: &mut Tally) {
    let declared = meta::list(pod, "/spec/initContainers");
    for (at, container) in meta::list(pod, "/status/initContainerStatuses")
        .iter()
        .enumerate()
    {
        tally.restart(container);
        let ended = container.pointer("/state/terminated");
        if ended.is_some_and(|ended| meta::number(ended, "/exitCode") == 0) {
            continue;
        }
        if is_sidecar(declared, container) && container["started"] == true {
            tally.ready += i64::from(container["ready"] == true);
            continue;
        }
        let waiting = meta::text(container, "/state/waiting/reason");
        tally.reason = if let Some(ended) = ended {
            format!("Init:{}", end(ended))
        } else if waiting.is_empty() || waiting == "PodInitializing" {
            format!("Init:{at}/{}", declared.len())
        } else {
            format!("Init:{waiting}")
        };
        tally.initializing = true;
        return;
    }
}

fn containers(pod: &Value, tally: &mut Tally) {
    // Restarts of init containers that are done no longer count.
    tally.restarts = 0;
    tally.last.clear();
    let declared = meta::list(pod, "/spec/initContainers");
    for container in meta::list(pod, "/status/initContainerStatuses") {
        if is_sidecar(declared, container) {
            tally.restart(container);
        }
    }
    let mut running = false;
    for container in meta::list(pod, "/status/containerStatuses").iter().rev() {
        tally.restart(container);
        let waiting = meta::text(container, "/state/waiting/reason");
        if !waiting.is_empty() {
            waiting.clone_into(&mut tally.reason);
        } else if let Some(ended) = container.pointer("/state/terminated") {
            tally.reason = end(ended);
        } else if container["ready"] == true && container.pointer("/state/running").is_some() {
            running = true;
            tally.ready += 1;
        }
    }
    if tally.reason == "Completed" && running {
        let ready = condition(pod, "Ready", "status") == "True";
        let word = if ready { "Running" } else { "NotReady" };
        word.clone_into(&mut tally.reason);
    }
}

fn end(ended: &Value) -> String {
    match meta::text(ended, "/reason") {
        "" => match meta::number(ended, "/signal") {
            0 => format!("ExitCode:{}", meta::number(ended, "/exitCode")),
            signal => format!("Signal:{signal}"),
        },
        reason => reason.to_owned(),
    }
}

fn is_sidecar(declared: &[Value], status: &Value) -> bool {
    declared
        .iter()
        .any(|c| c["name"] == status["name"] && c["restartPolicy"] == "Always")
}

fn sidecars(pod: &Value) -> usize {
    meta::list(pod, "/spec/initContainers")
        .iter()
        .filter(|container| container["restartPolicy"] == "Always")
        .count()
}

fn condition<'v>(pod: &'v Value, kind: &str, field: &str) -> &'v str {
    meta::list(pod, "/status/conditions")
        .iter()
        .find(|condition| condition["type"] == kind)
        .and_then(|condition| condition[field].as_str())
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(mut pod: Value) -> String {
        pod["metadata"]["name"] = "p".into();
        pod["metadata"]["creationTimestamp"] = "2026-08-15T04:00:00Z".into();
        let cells = cells(&pod, "2026-08-15T04:31:00Z".parse().unwrap());
        let text = |at: usize| cells[at].as_str().unwrap().to_owned();
        format!("{} {} {} {}", text(1), text(2), text(3), text(4))
    }

    fn spec(phase: &str, statuses: impl Into<Value>) -> Value {
        json!({
            "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
            "status": {"phase": phase, "containerStatuses": statuses.into()},
        })
    }

    fn up(name: &str) -> Value {
        json!({"name": name, "ready": true, "restartCount": 0, "state": {"running": {}}})
    }

    #[test]
    fn a_running_pod_counts_its_ready_containers() {
        assert_eq!(
            row(spec("Running", json!([up("a"), up("b")]))),
            "2/2 Running 0 31m"
        );
        assert_eq!(row(spec("Pending", json!([]))), "0/2 Pending 0 31m");
    }

    #[test]
    fn a_crashing_pod_tells_why_and_when() {
        let down = json!({
            "name": "b", "ready": false, "restartCount": 7,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-08-15T04:26:00Z"}},
        });
        assert_eq!(
            row(spec("Running", json!([up("a"), down]))),
            "1/2 CrashLoopBackOff 7 (5m ago) 31m"
        );
    }

    #[test]
    fn ends_are_told_by_reason_signal_or_code() {
        let ended = |state: Value| json!([{"name": "a", "state": {"terminated": state}}]);
        let status = |state| row(spec("Failed", ended(state)));
        assert_eq!(
            status(json!({"exitCode": 137, "reason": "OOMKilled"})),
            "0/2 OOMKilled 0 31m"
        );
        assert_eq!(status(json!({"exitCode": 2})), "0/2 ExitCode:2 0 31m");
        assert_eq!(status(json!({"signal": 9})), "0/2 Signal:9 0 31m");
        let done = ended(json!({"exitCode": 0, "reason": "Completed"}));
        assert_eq!(row(spec("Succeeded", done)), "0/2 Completed 0 31m");
    }

    #[test]
    fn init_containers_come_first() {
        let mut pod = spec("Pending", json!([]));
        pod["spec"]["initContainers"] = json!([{"name": "i"}, {"name": "j"}]);
        pod["status"]["initContainerStatuses"] = json!([
            {"name": "i", "state": {"terminated": {"exitCode": 0}}},
            {"name": "j", "restartCount": 2, "state": {"running": {}}},
        ]);
        assert_eq!(row(pod.clone()), "0/2 Init:1/2 2 31m");
        pod["status"]["initContainerStatuses"][1]["state"] =
            json!({"waiting": {"reason": "ImagePullBackOff"}});
        assert_eq!(row(pod), "0/2 Init:ImagePullBackOff 2 31m");
    }

    #[test]
    fn a_pod_on_its_way_out_is_terminating() {
        let mut pod = spec("Running", json!([up("a"), up("b")]));
        pod["metadata"] = json!({"deletionTimestamp": "2026-08-15T04:30:00Z"});
        assert_eq!(row(pod), "2/2 Terminating 0 31m");
    }

    #[test]
    fn an_evicted_pod_tells_the_reason_of_its_status() {
        let mut pod = spec("Failed", json!([]));
        pod["status"]["reason"] = "Evicted".into();
        assert_eq!(row(pod), "0/2 Evicted 0 31m");
    }
}

//! A small Prometheus behind the service proxy: rules, alerts, and queries of what it knows.
//!
//! It knows `ALERTS`, `up` and numbers, selected by labels; everything else has no series, as with
//! a metric that nobody exports. Its answers have the form of the real one's HTTP API.

use axum::body::Bytes;
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::Cluster;
use crate::sim::store::meta;
use crate::sim::store::resources::NODES;

use super::alerts::Alert;
use super::{Monitoring, json_answer, pairs, plain};

/// The Service of Prometheus, as a plain monitoring stack names it.
pub(in crate::sim) const SERVICE: &str = "prometheus-k8s";
/// The most points of one series, as the real one has it.
const MOST_POINTS: f64 = 11_000.0;
/// The rules: alert, severity, expression, and how many seconds it must hold.
const RULES: [(&str, &str, &str, u32); 6] = [
    ("Watchdog", "none", "vector(1)", 0),
    (
        "KubePodImagePull",
        "critical",
        "kube_pod_container_status_waiting_reason{reason=~\"ErrImagePull|ImagePullBackOff\"} > 0",
        120,
    ),
    (
        "KubePodConfigError",
        "warning",
        "kube_pod_container_status_waiting_reason{reason=\"CreateContainerConfigError\"} > 0",
        300,
    ),
    (
        "KubePodCrashLooping",
        "warning",
        "kube_pod_container_status_waiting_reason{reason=\"CrashLoopBackOff\"} > 0",
        300,
    ),
    (
        "KubeMemoryNearLimit",
        "warning",
        "container_memory_working_set_bytes / container_spec_memory_limit_bytes > 0.95",
        0,
    ),
    (
        "KubeDeploymentReplicasMismatch",
        "warning",
        "kube_deployment_spec_replicas != kube_deployment_status_replicas_available",
        180,
    ),
];

/// Answers a GET below the service; the path has no slash at its end.
pub(super) fn answer(cluster: &Cluster, path: &str, query: &str) -> Response<Bytes> {
    let monitoring = &cluster.monitoring;
    if monitoring.state().stopped.is_some() {
        let words = "error trying to reach service: dial tcp: connect: connection refused";
        return plain(StatusCode::SERVICE_UNAVAILABLE, words);
    }
    let now = monitoring.clock.now();
    let pairs = pairs(query);
    let given = |key: &str| {
        let found = pairs.iter().find(|(name, _)| name == key);
        found.map_or("", |(_, value)| value.as_str())
    };
    match path {
        "/api/v1/alerts" => good(&json!({"alerts": alerts(cluster, now)})),
        "/api/v1/rules" => good(&rules(cluster, now)),
        "/api/v1/query" => {
            let at = time(given("time")).unwrap_or(now);
            match vector(cluster, given("query"), at) {
                Ok(series) => good(&json!({
                    "resultType": "vector",
                    "result": series.iter().map(|(metric, value)| json!({
                        "metric": metric, "value": [unix(at), value],
                    })).collect::<Vec<_>>(),
                })),
                Err(words) => bad(&words),
            }
        }
        "/api/v1/query_range" => match range(cluster, &given) {
            Ok(matrix) => good(&json!({"resultType": "matrix", "result": matrix})),
            Err(words) => bad(&words),
        },
        "/api/v1/alertmanagers" => good(&json!({
            "activeAlertmanagers": [{
                "url": format!("http://10.244.0.9:9093/api/v2/alerts"),
            }],
            "droppedAlertmanagers": [],
        })),
        "/-/ready" => plain(StatusCode::OK, "Prometheus Server is Ready.\n"),
        "/-/healthy" => plain(StatusCode::OK, "Prometheus Server is Healthy.\n"),
        _ => plain(StatusCode::NOT_FOUND, "404 page not found\n"),
    }
}

fn good(data: &Value) -> Response<Bytes> {
    json_answer(StatusCode::OK, &json!({"status": "success", "data": data}))
}

fn bad(words: &str) -> Response<Bytes> {
    let body = json!({"status": "error", "errorType": "bad_data", "error": words});
    json_answer(StatusCode::BAD_REQUEST, &body)
}

fn alerts(cluster: &Cluster, at: Timestamp) -> Vec<Value> {
    let monitoring: &Monitoring = &cluster.monitoring;
    let all = monitoring.firing(&cluster.store, at);
    all.iter().map(alert_json).collect()
}

fn alert_json(alert: &Alert) -> Value {
    json!({
        "labels": alert.labels, "annotations": alert.annotations, "state": "firing",
        "activeAt": alert.since.to_string(), "value": "1e+00",
    })
}

fn rules(cluster: &Cluster, at: Timestamp) -> Value {
    let firing = alerts(cluster, at);
    let rule = |(name, severity, expression, length): &(&str, &str, &str, u32)| {
        let mine: Vec<&Value> = firing
            .iter()
            .filter(|alert| alert["labels"]["alertname"] == *name)
            .collect();
        json!({
            "name": name, "query": expression, "duration": length, "type": "alerting",
            "labels": {"severity": severity}, "annotations": {}, "health": "ok",
            "state": if mine.is_empty() { "inactive" } else { "firing" }, "alerts": mine,
            "evaluationTime": 0.000_4, "lastEvaluation": at.to_string(),
        })
    };
    let list: Vec<Value> = RULES.iter().map(rule).collect();
    json!({"groups": [{
        "name": "kubernetes", "file": "/etc/prometheus/rules/kubernetes.yaml", "interval": 30,
        "rules": list, "evaluationTime": 0.003, "lastEvaluation": at.to_string(),
    }]})
}

/// Series: their labels and values.
type Series = Vec<(Value, String)>;

/// What an instant query gives.
fn vector(cluster: &Cluster, query: &str, at: Timestamp) -> Result<Series, String> {
    let query = query.trim();
    if query.is_empty() {
        return Err("invalid parameter \"query\": unknown position: parse error: no expression found in input".to_owned());
    }
    let number = query
        .strip_prefix("vector(")
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(query);
    if let Ok(number) = number.parse::<f64>() {
        return Ok(vec![(json!({}), number.to_string())]);
    }
    let (name, matchers) = selector(query)?;
    let all: Series = match name {
        "ALERTS" => {
            let labelled = |mut alert: Value| {
                let labels = &mut alert["labels"];
                labels["__name__"] = json!("ALERTS");
                labels["alertstate"] = json!("firing");
                (labels.take(), "1".to_owned())
            };
            alerts(cluster, at).into_iter().map(labelled).collect()
        }
        "up" => up(cluster),
        _ => Vec::new(),
    };
    let passes = |metric: &Value| matchers.iter().all(|one| one.holds(metric));
    Ok(all
        .into_iter()
        .filter(|(metric, _)| passes(metric))
        .collect())
}

/// One for each kubelet and the API server: 1 when it answers.
fn up(cluster: &Cluster) -> Series {
    let (nodes, _) = cluster.store.list(&NODES, None);
    let kubelet = |node: &Value| {
        let conditions = meta::list(node, "/status/conditions");
        let ready = conditions.iter().find(|one| one["type"] == "Ready");
        let value = u8::from(ready.is_some_and(|one| one["status"] != "Unknown"));
        let name = meta::name(node);
        let metric = json!({
            "__name__": "up", "job": "kubelet", "node": name, "instance": format!("{name}:10250"),
        });
        (metric, value.to_string())
    };
    let mut all: Series = nodes.iter().map(|node| kubelet(node)).collect();
    let server = json!({"__name__": "up", "job": "apiserver", "instance": "10.20.0.2:6443"});
    all.push((server, "1".to_owned()));
    all
}

/// What a range query gives: a series for each set of labels, with a point at each step.
fn range<'q>(cluster: &Cluster, given: &dyn Fn(&str) -> &'q str) -> Result<Vec<Value>, String> {
    let wrong = |key: &str| {
        let value = given(key);
        format!("invalid parameter {key:?}: cannot parse {value:?} to a valid timestamp")
    };
    let start = time(given("start")).ok_or_else(|| wrong("start"))?;
    let end = time(given("end")).ok_or_else(|| wrong("end"))?;
    let step = seconds(given("step")).filter(|step| *step > 0.0);
    let step = step.ok_or("invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer")?;
    if end < start {
        return Err(
            "invalid parameter \"end\": end timestamp must not be before start time".to_owned(),
        );
    }
    let length = end.duration_since(start).as_secs_f64();
    if length / step > MOST_POINTS {
        return Err("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)".to_owned());
    }
    let mut matrix: Vec<(Value, Vec<Value>)> = Vec::new();
    let pause = SignedDuration::try_from_secs_f64(step).unwrap_or(SignedDuration::from_secs(1));
    let mut at = start;
    while at <= end {
        for (metric, value) in vector(cluster, given("query"), at)? {
            let point = json!([unix(at), value]);
            match matrix.iter_mut().find(|(known, _)| *known == metric) {
                Some((_, points)) => points.push(point),
                None => matrix.push((metric, vec![point])),
            }
        }
        let Ok(next) = at.checked_add(pause) else {
            break;
        };
        at = next;
    }
    let series = |(metric, values)| json!({"metric": metric, "values": values});
    Ok(matrix.into_iter().map(series).collect())
}

/// One matcher of a selector.
struct Matcher<'q> {
    label: &'q str,
    value: &'q str,
    sign: &'q str,
}

impl Matcher<'_> {
    fn holds(&self, metric: &Value) -> bool {
        let label = metric[self.label].as_str().unwrap_or("");
        let equal = if self.sign.ends_with('~') {
            self.value.split('|').any(|one| one == label || one == ".*")
                || (self.value == ".+" && !label.is_empty())
        } else {
            self.value == label
        };
        equal != self.sign.starts_with('!')
    }
}

/// A metric's name and its matchers: `ALERTS{alertname="x",severity!="none"}`.
fn selector(query: &str) -> Result<(&str, Vec<Matcher<'_>>), String> {
    let strange = || {
        format!(
            "invalid parameter \"query\": the simulated Prometheus reads a selector or a number, not {query:?}"
        )
    };
    let (name, rest) = query.split_once('{').unwrap_or((query, "}"));
    let named = |name: &str| {
        let good = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':');
        !name.is_empty() && name.chars().all(good)
    };
    let inside = rest.strip_suffix('}').ok_or_else(strange)?;
    if !named(name.trim()) {
        return Err(strange());
    }
    let mut matchers = Vec::new();
    for part in inside
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let signs = ["=~", "!~", "!=", "="];
        let split = signs
            .iter()
            .find_map(|sign| Some((part.split_once(sign)?, *sign)));
        let ((label, value), sign) = split.ok_or_else(strange)?;
        let value = value
            .trim()
            .strip_prefix('"')
            .and_then(|v| v.strip_suffix('"'));
        matchers.push(Matcher {
            label: label.trim(),
            value: value.ok_or_else(strange)?,
            sign,
        });
    }
    Ok((name.trim(), matchers))
}

/// A time as the HTTP API takes it: seconds since 1970, or RFC 3339.
fn time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let seconds: f64 = text.parse().ok()?;
    let length = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(length).ok()
}

/// A step: seconds, or a duration such as `30s`.
fn seconds(text: &str) -> Option<f64> {
    let plain = text.parse().ok();
    plain.or_else(|| Some(text.parse::<SignedDuration>().ok()?.as_secs_f64()))
}

fn unix(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

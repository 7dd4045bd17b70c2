//! What answers behind the service proxy: a Prometheus that judges the trouble in the store, and
//! the Alertmanager it feeds.
//!
//! The rules are `alerts.rs`, the resend is the minute in which `updatedAt` moves. Pod logs live
//! here too, since they are made up from the same trouble.

mod alerts;
mod logs;
pub(in crate::sim) mod prometheus;
mod silences;

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::Query;
use http::{Method, Response, StatusCode, Uri, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::Cluster;
use crate::sim::clock::Clock;
use crate::sim::store::Store;
use crate::sim::store::resources::SERVICES;

pub(in crate::sim) use alerts::ALARMING;

use alerts::Alert;
use silences::Silences;

pub use logs::log_between;
pub use logs::pod_log;

/// The Service of the Alertmanager, as a plain monitoring stack names it.
pub(in crate::sim) const SERVICE: &str = "alertmanager-main";
/// Its namespace.
pub(in crate::sim) const SPACE: &str = "monitoring";
/// Seconds after which Prometheus sends an alert again.
const RESEND: i64 = 60;
/// Resends after which an alert that is not sent again ends.
const LIVES: i64 = 4;

/// The monitoring of one cluster: what is not in its store.
#[derive(Debug)]
pub struct Monitoring {
    clock: Clock,
    /// Seconds into each minute at which this cluster's alerts are sent again.
    offset: i64,
    began: Timestamp,
    state: Mutex<State>,
}

/// Alerts of a rule of its own, that a story fires: no object tells of them.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Fired {
    /// `alertname`.
    pub(in crate::sim) name: String,
    /// `severity`.
    pub(in crate::sim) severity: String,
    /// Its namespace; empty for none.
    pub(in crate::sim) namespace: String,
    /// How many series fire.
    pub(in crate::sim) count: u32,
    /// The summary.
    pub(in crate::sim) summary: String,
    /// The workload, as namespace and name, without whose trouble it does not fire.
    pub(in crate::sim) cause: Option<(String, String)>,
}

#[derive(Debug, Default)]
struct State {
    silences: Silences,
    /// What a story fires, with since when.
    fired: Vec<(Timestamp, Fired)>,
    /// When Prometheus stopped sending; none while it sends.
    stopped: Option<Timestamp>,
}

/// A request that came through the API server's service proxy.
#[derive(Debug, Clone)]
pub struct Call {
    /// The namespace of the service.
    pub namespace: String,
    /// The service as in the path: `http:alertmanager-main:web`, scheme and port optional.
    pub service: String,
    /// The method.
    pub method: Method,
    /// What follows `/proxy`; it begins with a slash.
    pub path: String,
    /// The query without its question mark; empty when there is none.
    pub query: String,
    /// The body.
    pub body: Bytes,
}

impl Monitoring {
    /// Monitoring that sends, with no silences.
    pub fn new(cluster: &str, clock: Clock) -> Self {
        let sum: i64 = cluster.bytes().map(i64::from).sum();
        let began = clock.now();
        Self {
            clock,
            offset: sum.rem_euclid(RESEND),
            began,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops or resumes the sending of alerts: a stopped pipeline ages and then falls silent.
    pub fn set_sending(&self, sending: bool) {
        let now = self.clock.now();
        self.state().stopped = (!sending).then_some(now);
    }

    /// Lets a rule fire from now on.
    pub(in crate::sim) fn fire(&self, fired: Fired) {
        let now = self.clock.now();
        self.state().fired.push((now, fired));
    }

    /// Ends a rule that a story fired.
    pub(in crate::sim) fn resolve(&self, alert: &str) {
        self.state().fired.retain(|(_, fired)| fired.name != alert);
    }

    /// All alerts that fire at an instant.
    fn firing(&self, store: &Store, at: Timestamp) -> Vec<Alert> {
        let fired = self.state().fired.clone();
        let mut all = alerts::derive(store, at, self.began);
        let told = fired.iter().filter(|(since, _)| *since <= at);
        all.extend(told.flat_map(|(since, fired)| alerts::fired(store, *since, fired)));
        all
    }

    /// The last instant at which alerts were sent.
    fn sent(&self) -> Timestamp {
        let now = self.clock.now();
        let last = self.state().stopped.unwrap_or(now).min(now);
        let into = (last.as_second() - self.offset).rem_euclid(RESEND);
        Timestamp::from_second(last.as_second() - into).unwrap_or(last)
    }
}

/// Answers a call, or says that there is no such backend.
#[expect(clippy::unused_async, reason = "a backend that stalls will wait here")]
pub async fn answer(cluster: &Cluster, call: Call) -> Option<Response<Bytes>> {
    let mut parts: Vec<_> = call.service.split(':').collect();
    if parts.len() == 3 && parts.first() == Some(&"http") {
        parts.remove(0);
    }
    let name = *parts.first()?;
    let there = cluster.store.get(&SERVICES, Some(SPACE), name).is_some();
    if call.namespace != SPACE || !there {
        return None;
    }
    let path = call.path.trim_end_matches('/');
    match parts.as_slice() {
        [SERVICE, "web" | "9093"] => Some(alertmanager(cluster, &call, path)),
        [prometheus::SERVICE, "web" | "9090"] if call.method == Method::GET => {
            Some(prometheus::answer(cluster, path, &call.query))
        }
        [prometheus::SERVICE, "web" | "9090"] => {
            Some(plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        }
        _ => None,
    }
}

fn alertmanager(cluster: &Cluster, call: &Call, path: &str) -> Response<Bytes> {
    let monitoring = &cluster.monitoring;
    let get = call.method == Method::GET;
    match path {
        "/api/v2/alerts" if get => json_answer(StatusCode::OK, &list(cluster, &call.query)),
        "/api/v2/status" if get => json_answer(StatusCode::OK, &status(monitoring)),
        "/api/v2/receivers" if get => json_answer(
            StatusCode::OK,
            &json!([{"name": "mail"}, {"name": "pager"}, {"name": "watchdog"}]),
        ),
        "/api/v2/silences" if get => {
            let all = monitoring.state().silences.all(monitoring.clock.now());
            json_answer(StatusCode::OK, &all)
        }
        "/api/v2/silences" if call.method == Method::POST => {
            let now = monitoring.clock.now();
            let made = monitoring.state().silences.set(&call.body, now);
            made.map_or_else(
                |(status, words)| json_answer(status, &words),
                |id| json_answer(StatusCode::OK, &json!({"silenceID": id})),
            )
        }
        "/-/ready" | "/-/healthy" if get => plain(StatusCode::OK, "OK"),
        _ => match path.strip_prefix("/api/v2/silence/") {
            Some(id) => one_silence(monitoring, &call.method, id),
            None => plain(StatusCode::NOT_FOUND, "404 page not found\n"),
        },
    }
}

fn one_silence(monitoring: &Monitoring, method: &Method, id: &str) -> Response<Bytes> {
    let now = monitoring.clock.now();
    let mut state = monitoring.state();
    if *method == Method::DELETE {
        if state.silences.expire(id, now) {
            return plain(StatusCode::OK, "");
        }
        let words = json!("silence not found");
        return json_answer(StatusCode::INTERNAL_SERVER_ERROR, &words);
    }
    match state.silences.one(id, now) {
        Some(silence) => json_answer(StatusCode::OK, &silence),
        None => plain(StatusCode::NOT_FOUND, ""),
    }
}

/// The alerts that pass the query's filters, as Alertmanager lists them.
fn list(cluster: &Cluster, query: &str) -> Value {
    let monitoring = &cluster.monitoring;
    let now = monitoring.clock.now();
    let sent = monitoring.sent();
    let ends = sent.saturating_add(SignedDuration::from_secs(RESEND * LIVES));
    let ends = ends.unwrap_or(sent);
    if ends <= now {
        return json!([]);
    }
    let pairs = pairs(query);
    let off = |name: &str| {
        pairs
            .iter()
            .any(|(key, value)| key == name && value == "false")
    };
    let filters = pairs.iter().filter(|(key, _)| key == "filter");
    let filters: Vec<_> = filters.map(|(_, value)| value.as_str()).collect();
    let alerts = monitoring.firing(&cluster.store, sent);
    let all: Vec<Value> = alerts
        .iter()
        .filter(|alert| filters.iter().all(|filter| alert.passes(filter)))
        .filter_map(|alert| {
            let silenced = monitoring.state().silences.over(alert, now);
            let inhibited = alerts::inhibited(alert, &alerts);
            let active = silenced.is_empty() && inhibited.is_empty();
            let hidden = (!silenced.is_empty() && off("silenced"))
                || (!inhibited.is_empty() && off("inhibited"))
                || (active && off("active"));
            (!hidden).then(|| alert_json(alert, (&silenced, &inhibited), sent, ends))
        })
        .collect();
    json!(all)
}

fn alert_json(
    alert: &Alert,
    (silenced, inhibited): (&[String], &[String]),
    sent: Timestamp,
    ends: Timestamp,
) -> Value {
    let state = if silenced.is_empty() && inhibited.is_empty() {
        "active"
    } else {
        "suppressed"
    };
    json!({
        "annotations": alert.annotations,
        "endsAt": ends.to_string(),
        "fingerprint": alert.fingerprint(),
        "receivers": [{"name": alert.receiver}],
        "startsAt": alert.since.to_string(),
        "status": {"inhibitedBy": inhibited, "mutedBy": [], "silencedBy": silenced, "state": state},
        "updatedAt": sent.to_string(),
        "generatorURL": format!("http://prometheus-k8s-0:9090/graph?g0.expr={}&g0.tab=1", alert.name),
        "labels": alert.labels,
    })
}

fn status(monitoring: &Monitoring) -> Value {
    json!({
        "cluster": {"status": "ready", "name": "01J5A0", "peers": []},
        "config": {"original": "route:\n  receiver: pager\nreceivers:\n- name: pager\n- name: mail\n"},
        "uptime": monitoring
            .began
            .saturating_sub(SignedDuration::from_hours(9 * 24))
            .unwrap_or(monitoring.began)
            .to_string(),
        "versionInfo": {
            "branch": "HEAD", "buildDate": "20260804-10:11:12", "buildUser": "root@build",
            "goVersion": "go1.25.1", "revision": "5f1c7a2e", "version": "0.33.1",
        },
    })
}

/// The pairs of a query, in order.
fn pairs(query: &str) -> Vec<(String, String)> {
    let uri = format!("/?{query}").parse::<Uri>();
    let read = uri.map(|uri| Query::try_from_uri(&uri));
    read.ok()
        .and_then(Result::ok)
        .map_or_else(Vec::new, |Query(pairs)| pairs)
}

fn json_answer(status: StatusCode, body: &Value) -> Response<Bytes> {
    built(status, "application/json", body.to_string())
}

fn plain(status: StatusCode, body: &'static str) -> Response<Bytes> {
    built(status, "text/plain; charset=utf-8", body.to_owned())
}

fn built(status: StatusCode, kind: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests;

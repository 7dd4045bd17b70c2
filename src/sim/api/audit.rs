//! The simulated API server's own audit log: one JSON line for each answered request.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::api::User;
use crate::sim::api::path::Attributes;
use crate::sim::clock::Clock;
use crate::sim::clock::micros;

/// How many lines are kept in memory.
const KEPT: usize = 20_000;

/// An audit log in memory and, if a path was given, in a file; clones share it.
#[derive(Clone, Debug)]
pub struct AuditLog {
    inner: Arc<Mutex<Lines>>,
}

#[derive(Debug)]
struct Lines {
    kept: VecDeque<Value>,
    file: Option<File>,
}

impl AuditLog {
    /// A log that appends to a file as well when a path is given.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: Option<&Path>) -> std::io::Result<AuditLog> {
        let file = path
            .map(|path| {
                let mut options = File::options();
                options.append(true).create(true).mode(0o600).open(path)
            })
            .transpose()?;
        let lines = Lines {
            kept: VecDeque::new(),
            file,
        };
        Ok(AuditLog {
            inner: Arc::new(Mutex::new(lines)),
        })
    }

    /// The entries kept in memory, oldest first, as `audit.k8s.io/v1` events.
    pub fn entries(&self) -> Vec<Value> {
        let lines = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        lines.kept.iter().cloned().collect()
    }

    fn push(&self, entry: Value) {
        let mut lines = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = lines.file.as_mut() {
            // The simulated log is no evidence: a full disk must not stop the estate.
            // One write for a line: whoever reads along never sees half of one.
            let _ = file.write_all(format!("{entry}\n").as_bytes());
        }
        lines.kept.push_back(entry);
        if lines.kept.len() > KEPT {
            lines.kept.pop_front();
        }
    }
}

/// What is known of a request when it arrives.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) id: String,
    pub(super) uri: String,
    pub(super) agent: String,
    pub(super) user: Option<User>,
    pub(super) asked: Attributes,
    pub(super) at: Timestamp,
    /// Whether RBAC allowed it, and by which rule; none while nobody has judged it.
    pub(super) allowed: Option<(bool, String)>,
    /// Why it was refused, as a `Status`.
    pub(super) refused: Option<Value>,
}

impl Arrival {
    /// True for what a real server logs twice, when its answer begins and when it ends.
    fn is_long(&self) -> bool {
        self.asked.verb == "watch" || matches!(self.asked.sub.as_str(), "log" | "proxy")
    }
}

/// A long answer: its second line is written when it ends.
pub(super) struct Open {
    log: AuditLog,
    arrival: Arrival,
    clock: Clock,
}

impl Open {
    pub(super) fn new(log: AuditLog, arrival: Arrival, clock: Clock) -> Open {
        Open {
            log,
            arrival,
            clock,
        }
    }
}

/// Records that a request was answered. The second line of a long answer is written when its last byte has left, or
/// when nobody listens any more; a watch brings its own end.
pub(super) fn answered(
    log: &AuditLog,
    arrival: Arrival,
    clock: &Clock,
    response: Response,
) -> Response {
    let code = response.status().as_u16();
    if !arrival.is_long() || arrival.refused.is_some() {
        log.record(&arrival, "ResponseComplete", code, clock.now());
        return response;
    }
    log.record(&arrival, "ResponseStarted", code, clock.now());
    if arrival.asked.verb == "watch" {
        return response;
    }
    let open = Open::new(log.clone(), arrival, clock.clone());
    response.map(|body| {
        Body::from_stream(body.into_data_stream().inspect(move |_| {
            let _held = &open;
        }))
    })
}

impl Drop for Open {
    fn drop(&mut self) {
        let now = self.clock.now();
        self.log.record(&self.arrival, "ResponseComplete", 200, now);
    }
}

impl AuditLog {
    /// Writes the line of one stage of a request.
    pub(super) fn record(&self, arrival: &Arrival, stage: &str, code: u16, now: Timestamp) {
        let mut entry = json!({
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "auditID": arrival.id,
            "stage": stage,
            "requestURI": arrival.uri,
            "verb": arrival.asked.verb,
            "user": {},
            "sourceIPs": ["127.0.0.1"],
            "userAgent": arrival.agent,
            "responseStatus": { "metadata": {}, "code": code },
            "requestReceivedTimestamp": micros(arrival.at),
            "stageTimestamp": micros(now),
        });
        if let Some(user) = &arrival.user {
            entry["user"] = json!({ "username": user.name, "groups": user.groups });
        }
        if let Some((allowed, why)) = &arrival.allowed {
            let decision = if *allowed { "allow" } else { "forbid" };
            entry["annotations"] = json!({
                "authorization.k8s.io/decision": decision,
                "authorization.k8s.io/reason": why,
            });
        }
        if let Some(Value::Object(status)) = &arrival.refused {
            let mut status = status.clone();
            status.retain(|key, _| key != "kind" && key != "apiVersion");
            entry["responseStatus"] = status.into();
        }
        let asked = &arrival.asked;
        if !asked.resource.is_empty() {
            let mut object = json!({ "resource": asked.resource, "apiVersion": asked.version });
            for (key, value) in [
                ("namespace", &asked.ns),
                ("name", &asked.name),
                ("apiGroup", &asked.group),
                ("subresource", &asked.sub),
            ] {
                if !value.is_empty() {
                    object[key] = value.as_str().into();
                }
            }
            entry["objectRef"] = object;
        }
        self.push(entry);
    }
}

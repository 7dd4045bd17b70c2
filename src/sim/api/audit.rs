//! The simulated API server's own audit log: one JSON line for each answered request.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

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

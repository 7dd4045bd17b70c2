//! Asks a cluster for one change: what was recorded, byte for byte, once.
//!
//! The permit is spent against what is true now, on this connection; a mismatch sends nothing. Nothing here tries again.

use http::Request;
use http::header::ACCEPT;
use http::header::CONTENT_TYPE;
use kube::client::Body;
use serde_json::Value;

use super::cluster::Link;
use super::cluster::fault::Fault;
use super::cluster::fault::never_left;
use super::cluster::reader::METADATA_ONLY;
use super::op::Op;
use super::op::Targeted;
use super::rights::grant;
use super::rights::install;
use crate::audit::Actual;
use crate::audit::Permit;
use crate::text::SafeText;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// The server took it.
    Applied,
    /// It was sent and not done, for certain; the sentence says why.
    Refused(SafeText),
    /// Not a byte of it left this host; the sentence says why.
    NotSent(SafeText),
    /// It was sent and may or may not have been done: only looking tells.
    Unknown(SafeText),
}

impl Class {
    /// Why it was not done, or that it is not known; empty when it was done.
    pub fn words(&self) -> SafeText {
        match self {
            Class::Applied => SafeText::default(),
            Class::Refused(words) | Class::NotSent(words) | Class::Unknown(words) => words.clone(),
        }
    }
}

/// One request after it was sent, or not sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// What became of it.
    pub class: Class,
    /// HTTP status; `None` when no answer was seen.
    pub status: Option<u16>,
    /// The `Audit-ID` it carried; `None` when nothing was sent.
    pub audit_id: Option<SafeText>,
    /// The `Audit-ID` that came back.
    pub audit_id_echo: Option<SafeText>,
    /// metadata, spec and status of the object that was answered.
    pub object: Option<Value>,
    /// Its uid.
    pub uid: Option<SafeText>,
    /// Its resourceVersion.
    pub resource_version: Option<SafeText>,
}

impl Applied {
    fn only(class: Class) -> Applied {
        Applied {
            class,
            status: None,
            audit_id: None,
            audit_id_echo: None,
            object: None,
            uid: None,
            resource_version: None,
        }
    }
}

/// Sends the operation's request under its permit. `mono_ns` is the log's monotonic clock in nanoseconds.
pub async fn apply(link: &Link, op: &Targeted, permit: Permit, mono_ns: u64) -> Applied {
    let unsent = |why: String| Applied::only(Class::NotSent(SafeText::from(why)));
    if op.cluster != *link.cluster() {
        return unsent(format!(
            "nothing was sent: it is for {}, this connection is to {}",
            op.cluster,
            link.cluster()
        ));
    }
    if link.is_closed() {
        return unsent(format!(
            "nothing was sent to {}: its connection was given up meanwhile",
            op.cluster
        ));
    }
    if link.is_by_fallback() {
        return unsent(format!(
            "nothing was sent to {}: it is read by its fallback, and who acts is not proved; sign in",
            op.cluster
        ));
    }
    let Some(cluster_uid) = link.uid() else {
        return unsent(format!(
            "nothing was sent to {}: its kube-system could not be read",
            op.cluster
        ));
    };
    let wire = op.op.request();
    let actual = Actual {
        cluster_uid: &cluster_uid,
        generation: link.generation(),
        digest: wire.digest(),
        class: op.op.class(),
    };
    let audit_id = match permit.spend(&actual, mono_ns) {
        Ok(audit_id) => audit_id.to_string(),
        Err(why) => return unsent(why.to_string()),
    };
    let request = Request::builder()
        .method(wire.method)
        .uri(&wire.path)
        .header(CONTENT_TYPE, wire.content_type)
        .header("audit-id", &audit_id)
        .header(ACCEPT, accept(&op.op))
        .body(Body::from(wire.body));
    let request = match request {
        Ok(request) => request,
        Err(error) => return unsent(format!("nothing was sent to {}: {error}", op.cluster)),
    };
    let what = format!("{} on {}", op.op.line(), op.cluster);
    let applied = send(link, request, (&what, &op.op)).await;
    Applied {
        audit_id: Some(SafeText::from(audit_id)),
        ..applied
    }
}

/// A deletion may be answered with what is deleted, and that may be a Secret: only its metadata is asked for.
fn accept(op: &Op) -> &'static str {
    match op {
        Op::Delete { .. } => METADATA_ONLY,
        _ => "application/json",
    }
}

/// What to ask for where the server refuses with this message.
fn ask(op: &Op, message: &str) -> String {
    let (gvr, namespace, _) = op.target();
    match op {
        Op::Install { .. } => install::lacks(&gvr, message),
        _ => grant::ask_for(op.verb(), &gvr, namespace, &[]),
    }
}

async fn send(link: &Link, request: Request<Body>, (what, op): (&str, &Op)) -> Applied {
    let response = match link.writer().send(request).await {
        Ok(response) => response,
        Err(error) => return Applied::only(unanswered(&error, what)),
    };
    let status = response.status().as_u16();
    let echo = response
        .headers()
        .get("audit-id")
        .and_then(|id| id.to_str().ok())
        .map(SafeText::new);
    let from_api = super::cluster::is_json(response.headers());
    let body = response.into_body().collect_bytes().await;
    let (object, message) = match &body {
        Ok(bytes) => (object(op, bytes), super::cluster::message(bytes)),
        Err(_) => (None, "its answer broke off".to_owned()),
    };
    let of = |path: &str| {
        object
            .as_ref()
            .and_then(|found| found.pointer(path)?.as_str())
            .map(SafeText::new)
    };
    Applied {
        class: match class(status, &message, (what, &ask(op, &message))) {
            Class::Applied if !from_api => Class::Unknown(SafeText::from(format!(
                "{what} was sent, and what answered ({status}) is no API server; R looks, nothing is sent again"
            ))),
            class => class,
        },
        status: Some(status),
        audit_id: None,
        audit_id_echo: echo,
        uid: of("/metadata/uid"),
        resource_version: of("/metadata/resourceVersion"),
        object: object.filter(|_| status < 300),
    }
}

/// A request without an answer: not done only when the connection was never made.
fn unanswered(error: &kube::Error, line: &str) -> Class {
    let fault = Fault::of(error);
    if never_left(error) {
        return Class::NotSent(SafeText::from(format!("{line} was not sent: {fault}")));
    }
    let sentence =
        format!("{line} was sent and not answered: {fault}; R looks, nothing is sent again");
    Class::Unknown(SafeText::from(sentence))
}

/// What a status means for what was asked: one line of it, and what to ask for where the right is missing.
fn class(status: u16, message: &str, (line, ask): (&str, &str)) -> Class {
    let sentence = |what: &str| SafeText::from(format!("{line} {what} ({status}): {message}"));
    match status {
        200..=299 => Class::Applied,
        403 => Class::Refused(SafeText::from(format!(
            "{line} refused (403): {}; {ask}",
            Fault::status(403, message)
        ))),
        400 | 401 | 404 | 405 | 409 | 410 | 413 | 415 | 422 | 429 => {
            Class::Refused(sentence("refused"))
        }
        _ => Class::Unknown(sentence("was sent, and what became of it is not known")),
    }
}

/// What is kept of an answer; of what was installed all, because a role has neither spec nor status.
fn object(op: &Op, bytes: &[u8]) -> Option<Value> {
    let found = serde_json::from_slice(bytes).ok()?;
    match op {
        Op::Install { .. } => Some(found),
        _ => super::cluster::judged_part(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_that_proves_it_says_that_nothing_was_done() {
        for status in [200, 201, 202] {
            assert_eq!(class(status, "", ("POST x", "ask")), Class::Applied);
        }
        for status in [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429] {
            assert!(
                matches!(class(status, "m", ("POST x", "ask")), Class::Refused(_)),
                "{status}"
            );
        }
        for status in [301, 408, 500, 502, 503, 504] {
            assert!(
                matches!(class(status, "m", ("POST x", "ask")), Class::Unknown(_)),
                "{status}"
            );
        }
    }
}

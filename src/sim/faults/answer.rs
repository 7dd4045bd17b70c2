//! What goes wrong in what a server answers: refused, late, of another type, too large, hostile.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use futures_util::StreamExt;
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::sim::faults::Fault;
use crate::sim::faults::Hit;
use crate::sim::faults::Line;
use crate::sim::faults::What;
use crate::sim::faults::fault::Asked;
use crate::sim::faults::fault::Layer;
use crate::sim::faults::hostile::corrupt;
use crate::sim::store::Refusal;

/// What hits one request.
pub(in crate::sim) struct Trouble {
    hits: Vec<Hit>,
    line: Line,
}

impl Trouble {
    /// Draws what hits a request.
    pub(in crate::sim) fn draw(line: &Line, asked: &Asked) -> Trouble {
        Trouble {
            hits: line.hits(Layer::Answer, asked, &mut BTreeMap::new()),
            line: line.clone(),
        }
    }

    fn of(&self, what: What) -> Option<&Fault> {
        let hit = self.hits.iter().find(|hit| hit.fault.what == what);
        hit.map(|hit| &hit.fault)
    }

    /// True when nobody is to be believed to have signed in.
    pub(in crate::sim) fn unknown_token(&self) -> bool {
        self.of(What::Unauthorized).is_some()
    }

    /// True when RBAC is to say no.
    pub(in crate::sim) fn no_right(&self) -> bool {
        self.of(What::Forbidden).is_some()
    }

    /// True when what was known of the past is to be forgotten.
    pub(in crate::sim) fn too_old(&self) -> bool {
        self.of(What::Gone).is_some()
    }

    /// What is answered instead of an answer, before anything is looked at.
    pub(in crate::sim) fn instead(&self) -> Option<Result<Response, Refusal>> {
        if let Some(fault) = self.of(What::Busy) {
            let words = "Too many requests, please try again later.\n";
            let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "text/plain", words);
            let seconds = fault.by().as_secs().max(1);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            return Some(Ok(response));
        }
        if self.of(What::Error).is_some() {
            let words = "etcdserver: request timed out";
            return Some(Err(Refusal::new(500, "InternalError", words)));
        }
        if self.of(What::Unavailable).is_some() {
            let words = "<html><body><h1>503 Service Unavailable</h1></body></html>\n";
            return Some(Ok(plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "text/html",
                words,
            )));
        }
        let page = "<html><head><title>Sign in to the guest network</title></head></html>\n";
        let portal = || plain(StatusCode::OK, "text/html", page);
        self.of(What::Html).map(|_| Ok(portal()))
    }

    /// Takes from the request what would make its answer hard to change.
    pub(in crate::sim) fn prepare(&self, headers: &mut HeaderMap) {
        let changed = [What::Oversized, What::Hostile, What::HostileNames];
        if changed.into_iter().any(|what| self.of(what).is_some()) {
            headers.remove(ACCEPT_ENCODING);
        }
    }

    /// What becomes of the answer.
    pub(in crate::sim) async fn spoil(self, mut response: Response) -> Response {
        let late = self
            .hits
            .iter()
            .find(|hit| hit.fault.what == What::LateAnswer);
        if let Some(late) = late {
            self.line.clone().over(late.id).await;
        }
        if let Some(skew) = self.of(What::Skew) {
            let now = self.line.now() + SignedDuration::from_millis(skew.by_ms);
            let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            if let Ok(date) = HeaderValue::from_str(&date) {
                response.headers_mut().insert(DATE, date);
            }
        }
        let names = self.of(What::HostileNames).is_some();
        let hostile = names || self.of(What::Hostile).is_some();
        let size = self.of(What::Oversized).map(|fault| fault.bytes);
        if !hostile && size.is_none() {
            return response;
        }
        changed(response, move |value| {
            if hostile {
                corrupt(value, names);
            }
            if let Some(size) = size {
                swell(value, size);
            }
        })
        .await
    }
}

fn plain(status: StatusCode, kind: &'static str, words: &'static str) -> Response {
    let mut response = Response::new(Body::from(words));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Changes every JSON value of an answer: the one of a whole answer, or each line of a watch.
async fn changed(
    response: Response,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> Response {
    let json = response.headers().get(CONTENT_TYPE);
    if json.is_none_or(|kind| kind != "application/json") {
        return response;
    }
    let rewrite = move |bytes: &Bytes| -> Bytes {
        let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
            return bytes.clone();
        };
        change(&mut value);
        format!("{value}\n").into()
    };
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    if hyper::body::Body::size_hint(&body).exact().is_some() {
        let Ok(bytes) = to_bytes(body, usize::MAX).await else {
            return Response::from_parts(parts, Body::empty());
        };
        return Response::from_parts(parts, Body::from(rewrite(&bytes)));
    }
    // Each piece of a watch is one whole line.
    let lines = body
        .into_data_stream()
        .map(move |piece| piece.map(|line| rewrite(&line)));
    Response::from_parts(parts, Body::from_stream(lines))
}

/// Adds an annotation of that many bytes to the object, or to the first of a list.
fn swell(value: &mut Value, size: u64) {
    let object = match value {
        list if list["items"].is_array() => list.pointer_mut("/items/0"),
        event if event["object"].is_object() => event.pointer_mut("/object"),
        one => Some(one),
    };
    let size = usize::try_from(size).unwrap_or(0);
    let metadata = object.and_then(|object| object.get_mut("metadata"));
    if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        annotations["sim.example/oversized"] = "x".repeat(size).into();
    }
}

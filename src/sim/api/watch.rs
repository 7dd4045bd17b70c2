//! Watches: changes as lines of JSON, for as long as the client listens.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::time::{Sleep, sleep};

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::audit::Open;
use crate::sim::api::list;
use crate::sim::api::options;
use crate::sim::api::path::Target;
use crate::sim::api::selector::Selector;
use crate::sim::api::shape;
use crate::sim::api::shape::Shape;
use crate::sim::clock::Clock;
use crate::sim::store::Change;
use crate::sim::store::Event;
use crate::sim::store::Kept;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::Subscription;
use crate::sim::store::meta;

/// A real server sends a bookmark about once a minute,
const BOOKMARK: Duration = Duration::from_secs(60);
/// and one this long before a watch ends.
const BEFORE_END: Duration = Duration::from_secs(2);
/// How long a watch lasts when the client does not say.
const LENGTH: Duration = Duration::from_secs(1800);
/// Tells a client that it has seen everything there was when it began.
const INITIAL_END: &str = "k8s.io/initial-events-end";

#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of one thing of its own whether it was told"
)]
struct Watch {
    res: &'static Resource,
    ns: Option<String>,
    selector: Selector,
    shape: Shape,
    clock: Clock,
    changes: Subscription,
    lines: VecDeque<Bytes>,
    /// What was there at the beginning and is not told yet: told one by one, as the client reads.
    present: VecDeque<Arc<Kept>>,
    /// Whether the end of what was there is still to be told.
    initial_end: bool,
    bookmarks: bool,
    bookmark: Pin<Box<Sleep>>,
    end: Pin<Box<Sleep>>,
    columns_sent: bool,
    over: bool,
    /// Writes the second audit line when the watch ends.
    _open: Open,
}

/// Answers a watch request; a version that is too old is told inside the stream.
pub(super) fn watch(
    server: &Server,
    ask: &Ask,
    target: &Target,
    open: Open,
) -> Result<Response, Refusal> {
    let selector = Selector::parse(
        target.res,
        ask.query("labelSelector"),
        ask.query("fieldSelector"),
    )?;
    let shape = Shape::wanted(&ask.headers, ask.query("includeObject"))?;
    let initial = ask.flag("sendInitialEvents");
    let from = version(ask)?;
    let from_state = from == 0 && ask.query("sendInitialEvents") != "false";
    let (present, now) = server.store().kept(target.res, target.ns.as_deref());
    let start = if initial || from == 0 { now } else { from };
    let changes = match server.store().subscribe(target.res, start) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(expired(&refusal)),
    };
    let length = length(ask)?;
    let first_bookmark = BOOKMARK.min(length.saturating_sub(BEFORE_END));
    let bookmarks = ask.flag("allowWatchBookmarks");
    let watch = Watch {
        res: target.res,
        ns: target.ns.clone(),
        selector,
        shape,
        clock: server.clock().clone(),
        changes,
        lines: VecDeque::new(),
        present: if initial || from_state {
            present.into()
        } else {
            VecDeque::new()
        },
        initial_end: initial && bookmarks,
        bookmarks,
        bookmark: Box::pin(sleep(first_bookmark)),
        end: Box::pin(sleep(length)),
        columns_sent: false,
        over: false,
        _open: open,
    };
    let lines = stream::unfold(watch, |mut watch| async move {
        let line = watch.line().await?;
        Some((Ok::<_, Infallible>(line), watch))
    });
    Ok(shape::typed(
        200,
        "application/json",
        Body::from_stream(lines),
    ))
}

/// How long the watch lasts.
fn length(ask: &Ask) -> Result<Duration, Refusal> {
    let text = ask.query("timeoutSeconds");
    if text.is_empty() {
        return Ok(LENGTH);
    }
    let seconds: i64 = text
        .parse()
        .map_err(|_| Refusal::bad_request(list::unreadable("ParseInt", text)))?;
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    Ok(seconds.map_or(LENGTH, Duration::from_secs))
}

/// The version the watch starts from; 0 for what is there now.
fn version(ask: &Ask) -> Result<u64, Refusal> {
    options::watch(ask)?;
    match ask.query("resourceVersion") {
        "" | "0" => Ok(0),
        text => text.parse().map_err(|_| {
            let why = list::unreadable("ParseUint", text);
            let message = format!("resourceVersion: Invalid value: \"{text}\": {why}");
            Refusal::new(500, "", message)
        }),
    }
}

/// A watch that tells at once why there is none.
pub(super) fn expired(refusal: &Refusal) -> Response {
    stream_of(vec![error_line(refusal)])
}

/// What left the watch: the object as it was while it was in it, at the version that took it out.
fn left(event: &Event) -> Value {
    let was = match &event.before {
        Some(before) if event.change != Change::Deleted => before,
        _ => &event.object,
    };
    let mut was = Value::clone(&was.open());
    meta::set(&mut was, "resourceVersion", event.rv.to_string().into());
    was
}

fn stream_of(lines: Vec<Bytes>) -> Response {
    let lines = lines.into_iter().map(Ok::<_, Infallible>);
    shape::typed(
        200,
        "application/json",
        Body::from_stream(stream::iter(lines)),
    )
}

fn line(kind: &str, object: &Value) -> Bytes {
    format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n").into()
}

fn error_line(refusal: &Refusal) -> Bytes {
    line("ERROR", &refusal.status())
}

impl Watch {
    /// The next line; `None` when the watch is over.
    async fn line(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if let Some(kept) = self.present.pop_front() {
                if self.selector.takes_kept(&kept) {
                    self.push("ADDED", &kept.open());
                }
                continue;
            }
            if std::mem::take(&mut self.initial_end) {
                self.push_bookmark(true);
                continue;
            }
            if self.over {
                return None;
            }
            tokio::select! {
                batch = self.changes.next() => match batch {
                    Ok(batch) => batch.events.iter().for_each(|event| self.tell(event)),
                    Err(refusal) => {
                        self.lines.push_back(error_line(&refusal));
                        self.over = true;
                    }
                },
                () = &mut self.end => self.over = true,
                () = &mut self.bookmark => {
                    self.bookmark = Box::pin(sleep(BOOKMARK));
                    if self.bookmarks {
                        self.push_bookmark(false);
                    }
                }
            }
        }
    }

    /// What an event is to this watch: an object may enter or leave its selection.
    fn tell(&mut self, event: &Event) {
        let object = event.object.open();
        if self
            .ns
            .as_deref()
            .is_some_and(|ns| ns != meta::namespace(&object))
        {
            return;
        }
        let before = event.before.as_ref();
        let was = before.is_some_and(|kept| self.selector.takes_kept(kept));
        let is = event.change != Change::Deleted && self.selector.takes(&object);
        match (was, is) {
            (false, false) => {}
            (false, true) => self.push("ADDED", &object),
            (true, true) => self.push("MODIFIED", &object),
            (true, false) => self.push("DELETED", &left(event)),
        }
    }

    fn push(&mut self, kind: &str, object: &Value) {
        let line = if self.shape == Shape::Whole {
            line(kind, object)
        } else {
            let object = self
                .shape
                .one(self.res, object, &self.clock, !self.columns_sent);
            line(kind, &object)
        };
        self.columns_sent = true;
        self.lines.push_back(line);
    }

    fn push_bookmark(&mut self, initial_end: bool) {
        let mut mark = json!({
            "kind": self.res.kind,
            "apiVersion": self.res.api_version(),
            "metadata": {
                "resourceVersion": self.changes.rv().to_string(),
            },
        });
        if initial_end {
            mark["metadata"]["annotations"] = json!({ INITIAL_END: "true" });
        }
        self.push("BOOKMARK", &mark);
    }
}

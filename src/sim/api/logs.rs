//! The logs of pods: which container, from when, how much, and as they go on.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::Cluster;
use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::path::Target;
use crate::sim::api::shape;
use crate::sim::monitoring;
use crate::sim::store::Refusal;
use crate::sim::store::Store;
use crate::sim::store::meta;
use crate::sim::store::resources;

/// How often a log that is followed is looked at, in simulated time.
const LOOK: Duration = Duration::from_secs(5);

/// What of a log is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted {
    since: Option<Timestamp>,
    tail: Option<usize>,
    bytes: Option<usize>,
    stamped: bool,
}

/// One container's log.
struct Source {
    cluster: Cluster,
    ns: String,
    pod: String,
    uid: String,
    container: String,
}

/// Answers with the log of a container.
pub(super) fn log(
    server: &Server,
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Result<Response, Refusal> {
    let ns = target.ns.as_deref();
    let pod = server.store().get(target.res, ns, name);
    let wanted = wanted(ask, name, server.clock().now())?;
    let pod = pod.ok_or_else(|| Refusal::not_found(target.res, name))?;
    let container = container(&pod, ask.query("container"), name)?;
    if meta::text(&pod, "/spec/nodeName").is_empty() {
        // Where there is no kubelet to ask yet, a real server says nothing at all.
        let mut nothing = Response::new(Body::empty());
        *nothing.status_mut() = StatusCode::NO_CONTENT;
        return Ok(nothing);
    }
    let source = Source {
        cluster: server.cluster().clone(),
        ns: ns.unwrap_or("").to_owned(),
        pod: name.to_owned(),
        uid: meta::uid(&pod).to_owned(),
        container,
    };
    if ask.flag("previous") {
        let text = source.previous(&pod)?;
        return Ok(plain(Body::from(cut(&text, &wanted))));
    }
    source.refuse_waiting(&pod)?;
    let text = source.text().unwrap_or_default();
    let first = cut(&text, &wanted);
    if !ask.flag("follow") {
        return Ok(plain(Body::from(first)));
    }
    let last = stamps(&text).last();
    let lines = stream::unfold(
        (source, wanted.stamped, last, Some(first)),
        |(source, stamped, last, first)| async move {
            if let Some(first) = first {
                return Some((
                    Ok::<_, Infallible>(first.into()),
                    (source, stamped, last, None),
                ));
            }
            let (more, last) = source.more(stamped, last).await?;
            Some((Ok(more), (source, stamped, last, None)))
        },
    );
    Ok(plain(Body::from_stream(lines)))
}

fn plain(body: Body) -> Response {
    shape::typed(200, "text/plain", body)
}

/// Reads what is wanted; 422 for what a real server refuses.
fn wanted(ask: &Ask, pod: &str, now: Timestamp) -> Result<Wanted, Refusal> {
    let invalid = |field: &str, reason: &str, why: &str| {
        let mut options = resources::PODS;
        options.kind = "PodLogOptions";
        Refusal::invalid(&options, pod, field, reason, why)
    };
    let number = |field: &'static str, least: i64| -> Result<Option<i64>, Refusal> {
        let text = ask.query(field);
        if text.is_empty() {
            return Ok(None);
        }
        let number: i64 = text.parse().map_err(|_| {
            Refusal::bad_request(format!(
                "strconv.ParseInt: parsing \"{text}\": invalid syntax"
            ))
        })?;
        let bound = if least == 0 {
            "than or equal to 0"
        } else {
            "than 0"
        };
        if number < least {
            let why = format!("Invalid value: {number}: must be greater {bound}");
            return Err(invalid(field, "FieldValueInvalid", &why));
        }
        Ok(Some(number))
    };
    let seconds = number("sinceSeconds", 1)?;
    let time = ask.query("sinceTime");
    if seconds.is_some() && !time.is_empty() {
        let why = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified";
        return Err(invalid("[]", "FieldValueForbidden", why));
    }
    let since = match seconds {
        Some(seconds) => now.checked_sub(SignedDuration::from_secs(seconds)).ok(),
        None if time.is_empty() => None,
        None => Some(time.parse().map_err(|_| {
            Refusal::bad_request(format!(
                "parsing time \"{time}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{time}\" as \"2006\""
            ))
        })?),
    };
    let size = |number: Option<i64>| number.and_then(|number| usize::try_from(number).ok());
    Ok(Wanted {
        since,
        tail: size(number("tailLines", 0)?),
        bytes: size(number("limitBytes", 1)?),
        stamped: ask.flag("timestamps"),
    })
}

/// The container that is meant: the one that is named, or the only one.
fn container(pod: &Value, asked: &str, name: &str) -> Result<String, Refusal> {
    let names: Vec<&str> = ["/spec/initContainers", "/spec/containers"]
        .into_iter()
        .flat_map(|pointer| meta::list(pod, pointer))
        .filter_map(|container| container["name"].as_str())
        .collect();
    match (asked, names.as_slice()) {
        ("", [only]) => Ok((*only).to_owned()),
        ("", names) => Err(Refusal::bad_request(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            names.join(" ")
        ))),
        (asked, names) if names.contains(&asked) => Ok(asked.to_owned()),
        (asked, _) => Err(Refusal::bad_request(format!(
            "container {asked} is not valid for pod {name}"
        ))),
    }
}

/// What is wanted of a log whose lines each begin with their time.
fn cut(text: &str, wanted: &Wanted) -> String {
    let late_enough = |line: &&str| {
        let at = stamp(line);
        wanted
            .since
            .is_none_or(|since| at.is_some_and(|at| at >= since))
    };
    let mut lines: Vec<&str> = text.lines().filter(late_enough).collect();
    if let Some(tail) = wanted.tail {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let mut out = written(&lines, wanted.stamped);
    if let Some(bytes) = wanted.bytes {
        out.truncate(
            (0..=bytes.min(out.len()))
                .rev()
                .find(|at| out.is_char_boundary(*at))
                .unwrap_or(0),
        );
    }
    out
}

fn written(lines: &[&str], stamped: bool) -> String {
    let mut out = String::new();
    for line in lines {
        let words = line.split_once(' ').map_or(*line, |(_, words)| words);
        out.push_str(if stamped { line } else { words });
        out.push('\n');
    }
    out
}

fn stamp(line: &str) -> Option<Timestamp> {
    line.split(' ').next()?.parse().ok()
}

fn stamps(text: &str) -> impl Iterator<Item = Timestamp> + '_ {
    text.lines().filter_map(stamp)
}

impl Source {
    fn text(&self) -> Option<String> {
        monitoring::pod_log(&self.cluster, &self.ns, &self.pod, &self.container)
    }

    fn status<'p>(&self, pod: &'p Value) -> Option<&'p Value> {
        ["/status/containerStatuses", "/status/initContainerStatuses"]
            .into_iter()
            .flat_map(|pointer| meta::list(pod, pointer))
            .find(|status| status["name"] == self.container.as_str())
    }

    /// 400 while there is no log because the container has not started.
    fn refuse_waiting(&self, pod: &Value) -> Result<(), Refusal> {
        let (name, container) = (&self.pod, &self.container);
        let Some(status) = self.status(pod) else {
            return Ok(());
        };
        let waits = &status["state"]["waiting"]["reason"];
        let ran = !status["lastState"]["terminated"].is_null();
        let why = match waits.as_str() {
            None => return Ok(()),
            Some(_) if ran => return Ok(()),
            Some("ImagePullBackOff") => "trying and failing to pull image",
            Some("ErrImagePull") => "image can't be pulled",
            Some(other) => other,
        };
        Err(Refusal::bad_request(format!(
            "container \"{container}\" in pod \"{name}\" is waiting to start: {why}"
        )))
    }

    /// The log of the run before this one.
    fn previous(&self, pod: &Value) -> Result<String, Refusal> {
        let ended = self
            .status(pod)
            .map(|status| &status["lastState"]["terminated"]);
        let time = |field: &str| -> Option<Timestamp> { ended?[field].as_str()?.parse().ok() };
        let (Some(from), Some(until)) = (time("startedAt"), time("finishedAt")) else {
            return Err(Refusal::bad_request(format!(
                "previous terminated container \"{}\" in pod \"{}\" not found",
                self.container, self.pod
            )));
        };
        Ok(monitoring::log_between(&self.uid, from, until))
    }

    /// Waits for the next lines of a log that is followed; none when its pod is gone.
    async fn more(
        &self,
        stamped: bool,
        last: Option<Timestamp>,
    ) -> Option<(Bytes, Option<Timestamp>)> {
        loop {
            self.cluster.clock.wait(LOOK).await;
            if !self.is_there(&self.cluster.store) {
                return None;
            }
            let text = self.text()?;
            let new = |line: &&str| stamp(line).is_some_and(|at| last.is_none_or(|last| at > last));
            let lines: Vec<&str> = text.lines().filter(new).collect();
            if !lines.is_empty() {
                let newest = lines.iter().filter_map(|line| stamp(line)).next_back();
                return Some((written(&lines, stamped).into(), newest));
            }
        }
    }

    fn is_there(&self, store: &Store) -> bool {
        let pod = store.get(&resources::PODS, Some(&self.ns), &self.pod);
        pod.is_some_and(|pod| meta::uid(&pod) == self.uid)
    }
}

/// 503: nobody listens on a pod's port in a simulated cluster.
pub(super) fn no_port(name: &str) -> Refusal {
    let words =
        format!("error trying to reach service: dial tcp {name}: connect: connection refused");
    let mut refusal = Refusal::new(503, "ServiceUnavailable", words);
    refusal.details = json!({});
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "2026-08-15T04:30:00Z one\n2026-08-15T04:31:00Z two\n2026-08-15T04:32:00Z three\n";

    #[test]
    fn what_is_wanted_of_a_log_is_cut_out_of_it() {
        let all = Wanted::default();
        assert_eq!(cut(TEXT, &all), "one\ntwo\nthree\n");
        let tail = Wanted {
            tail: Some(1),
            stamped: true,
            ..all.clone()
        };
        assert_eq!(cut(TEXT, &tail), "2026-08-15T04:32:00Z three\n");
        let since = Wanted {
            since: "2026-08-15T04:31:00Z".parse().ok(),
            ..all.clone()
        };
        assert_eq!(cut(TEXT, &since), "two\nthree\n");
        assert_eq!(
            cut(
                TEXT,
                &Wanted {
                    bytes: Some(5),
                    ..all.clone()
                }
            ),
            "one\nt"
        );
        assert_eq!(
            cut(
                TEXT,
                &Wanted {
                    tail: Some(0),
                    ..all
                }
            ),
            ""
        );
    }
}

//! One container: waits, runs, gets ready, crashes, waits again.

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::meta;

use super::super::{after, events, pods};
use super::{Desk, image, needs};

/// Seconds a container runs before its probe succeeds.
const READY: f64 = 3.0;
/// Seconds between two sentences about a probe that fails.
const PROBED: f64 = 60.0;
/// Seconds a container with `crash` lives.
const SHORT: f64 = 8.0;
/// The first pause after a crash, in seconds; it doubles up to [`LONGEST`].
const PAUSE: f64 = 10.0;
/// The longest pause after a crash, in seconds.
const LONGEST: f64 = 300.0;
/// Seconds a container must live for its crashes to be forgotten.
const FORGIVEN: f64 = 600.0;

/// How a container will end.
struct Doom {
    seconds: f64,
    reason: &'static str,
    code: i64,
}

/// The state of a container now, from the state it had.
pub(super) fn next(desk: &mut Desk<'_>, container: &Value, first: bool, last: &Value) -> Value {
    if !last["state"]["running"].is_null() {
        return run_on(desk, container, first, last);
    }
    if last["state"]["waiting"]["reason"] == "CrashLoopBackOff" {
        let end = events::time(last, "/lastState/terminated/finishedAt");
        let end = end.unwrap_or(desk.agenda.now());
        if !desk.agenda.is_due(after(end, pause(last))) {
            return last.clone();
        }
        return start(desk, container, last);
    }
    if let Some((reason, message)) = image::refused(desk, container) {
        return pods::waiting(container, &reason, &message);
    }
    if let Some(words) = needs::missing_config(desk.store, &desk.pod, container) {
        let waits = pods::waiting(container, "CreateContainerConfigError", &words);
        if last["state"]["waiting"]["message"] != words.as_str() {
            desk.say(true, "Failed", &format!("Error: {words}"));
        }
        return waits;
    }
    start(desk, container, last)
}

fn doom(pod: &Value) -> Option<Doom> {
    if let Ok(code) = pods::trouble(pod, "crash").parse() {
        return Some(Doom {
            seconds: SHORT,
            reason: "Error",
            code,
        });
    }
    let seconds = pods::trouble(pod, "oom").parse().ok()?;
    Some(Doom {
        seconds,
        reason: "OOMKilled",
        code: 137,
    })
}

fn start(desk: &mut Desk<'_>, container: &Value, last: &Value) -> Value {
    let now = desk.agenda.now();
    let image = container["image"].as_str().unwrap_or("");
    let name = container["name"].as_str().unwrap_or("");
    let mut status = pods::running(container, meta::uid(&desk.pod), now);
    let ended = !last["lastState"]["terminated"].is_null();
    if ended {
        status["lastState"] = last["lastState"].clone();
        status["restartCount"] = json!(meta::number(last, "/restartCount") + 1);
    }
    let words = format!("Container image \"{image}\" already present on machine");
    desk.say(false, "Pulled", &words);
    desk.say(false, "Created", &format!("Created container: {name}"));
    desk.say(false, "Started", &format!("Started container {name}"));
    desk.agenda.is_due(after(now, READY));
    status
}

fn run_on(desk: &mut Desk<'_>, container: &Value, first: bool, last: &Value) -> Value {
    let doom = if first { doom(&desk.pod) } else { None };
    let doom = doom.as_ref();
    let now = desk.agenda.now();
    let begun = events::time(last, "/state/running/startedAt").unwrap_or(now);
    if let Some(doom) = doom
        && desk.agenda.is_due(after(begun, doom.seconds))
    {
        return end(desk, container, doom, last);
    }
    let mut status = last.clone();
    let probed = if first {
        pods::trouble(&desk.pod, "probe")
    } else {
        ""
    };
    if !probed.is_empty() {
        let words = format!("Readiness probe failed: HTTP probe failed with statuscode: {probed}");
        fail_probe(desk, &words);
        status["ready"] = json!(false);
    } else if status["ready"] != true
        && !doom.is_some_and(|doom| doom.seconds <= SHORT)
        && desk.agenda.is_due(after(begun, READY))
    {
        // What dies this soon never passes a probe.
        status["ready"] = json!(true);
    }
    status
}

/// Says that a probe fails, once in a while.
fn fail_probe(desk: &mut Desk<'_>, words: &str) {
    let now = desk.agenda.now();
    let last = desk.last_said(true, "Unhealthy", words);
    if last.is_none_or(|last| desk.agenda.is_due(after(last, PROBED))) {
        desk.say(true, "Unhealthy", words);
        desk.agenda.is_due(after(now, PROBED));
    }
}

fn end(desk: &mut Desk<'_>, container: &Value, doom: &Doom, last: &Value) -> Value {
    let now = desk.agenda.now();
    let name = container["name"].as_str().unwrap_or("");
    let mut status = last.clone();
    status["ready"] = json!(false);
    status["started"] = json!(false);
    status["lastState"] = json!({"terminated": {
        "exitCode": doom.code,
        "reason": doom.reason,
        "startedAt": last["state"]["running"]["startedAt"],
        "finishedAt": seconds(now),
        "containerID": last["containerID"],
    }});
    let wait = pause(&status);
    let pod = format!("{}_{}", meta::name(&desk.pod), meta::namespace(&desk.pod));
    let words = format!("back-off {wait:.0}s restarting failed container={name} pod={pod}");
    status["state"] = json!({"waiting": {"reason": "CrashLoopBackOff", "message": words}});
    let words = format!("Back-off restarting failed container {name} in pod {pod}");
    desk.say(true, "BackOff", &words);
    desk.agenda.is_due(after(now, wait));
    status
}

/// The pause after the last end: short after a long life, doubled with each quick crash.
fn pause(status: &Value) -> f64 {
    let ended = &status["lastState"]["terminated"];
    let life = events::time(ended, "/startedAt")
        .zip(events::time(ended, "/finishedAt"))
        .map_or(0.0, |(from, to)| to.duration_since(from).as_secs_f64());
    if life >= FORGIVEN {
        return PAUSE;
    }
    let crashes = meta::number(status, "/restartCount").clamp(0, 6);
    let doubled = PAUSE * 2_f64.powi(i32::try_from(crashes).unwrap_or(0));
    doubled.min(LONGEST)
}

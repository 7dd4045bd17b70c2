//! Asks Velero for a sign of life: a `ServerStatusRequest` that the server fills in.

use super::Turn;
use super::Verdict;
use super::text;
use super::velero;
use crate::runbook::event::OutcomeClass;
use crate::runbook::reading::Answer;
use crate::runbook::reading::Reading;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::text::took;

pub(super) fn rights(ns: &str) -> Vec<(&'static str, Gvr, String)> {
    let gvr = velero("serverstatusrequests");
    vec![
        ("create", gvr.clone(), ns.to_owned()),
        ("get", gvr, ns.to_owned()),
    ]
}

pub(super) fn op(turn: &Turn<'_>) -> Op {
    Op::StatusRequest {
        velero: turn.frozen().velero.clone(),
        name: format!("alive-{}", turn.run.short()),
    }
}

/// Done when the server has written its version into the request.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    let Some(attempt) = turn.attempt() else {
        return Verdict::Send(op(turn));
    };
    if let Some((OutcomeClass::Refused, _, words)) = &attempt.outcome
        && !attempt.arrived
    {
        return Verdict::failed(format!(
            "{} was refused on {}: {words}",
            op(turn).line(),
            turn.run.cluster
        ));
    }
    let reading = Reading::Object {
        gvr: attempt.gvr.clone(),
        namespace: attempt.namespace.clone(),
        name: attempt.name.clone(),
    };
    match turn.sight.answer(&reading, turn.now) {
        Some(Answer::Object(Some(object))) if text(object, "/status/phase") == "Processed" => {
            let version = text(object, "/status/serverVersion");
            Verdict::done(format!(
                "Velero {} answered{}",
                version.trim_start_matches('v'),
                after(turn)
            ))
        }
        Some(Answer::Object(_)) => Verdict::pending("asked; Velero has not answered yet"),
        Some(Answer::Failed(why)) => {
            Verdict::pending(format!("asked; its answer could not be read: {why}"))
        }
        _ => Verdict::Need(reading),
    }
}

/// How long it took, when it was asked by this process.
fn after(turn: &Turn<'_>) -> String {
    let Some(attempt) = turn.attempt() else {
        return String::new();
    };
    let millis = turn.now.wall.as_millisecond() - attempt.at.as_millisecond();
    u64::try_from(millis).map_or(String::new(), |millis| format!(" in {}", took(millis)))
}

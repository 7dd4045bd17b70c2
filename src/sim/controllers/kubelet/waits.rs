//! The init container that holds a restored pod until its volumes have their data.

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::meta;
use crate::sim::store::resources::PODS;

use super::super::conditions::{self, Condition};
use super::super::pods;
use super::super::velero::refill;
use super::Desk;

/// Starts the container when it has not run, and ends it when the data are there; true while it holds.
pub(super) fn is_held(desk: &mut Desk<'_>) -> bool {
    let pod = &desk.pod;
    let container = &meta::list(pod, "/spec/initContainers").first().cloned();
    let Some(container) = container
        .as_ref()
        .filter(|one| one["name"] == refill::HELPER)
    else {
        return false;
    };
    let old = &pod["status"]["initContainerStatuses"][0];
    if !old["state"]["terminated"].is_null() {
        return false;
    }
    let now = desk.agenda.now();
    let begins = old["state"]["running"].is_null();
    if !begins && !refill::has_come(desk.store, pod) {
        return true;
    }
    let mut status = old.clone();
    if begins {
        status = pods::running(container, meta::uid(pod), now);
    } else {
        status["ready"] = json!(true);
        status["started"] = json!(false);
        status["state"] = json!({"terminated": {
            "exitCode": 0, "reason": "Completed", "containerID": old["containerID"],
            "startedAt": old["state"]["running"]["startedAt"], "finishedAt": seconds(now),
        }});
    }
    let words = format!("containers with incomplete status: [{}]", refill::HELPER);
    let initialized = Condition {
        kind: "Initialized",
        status: if begins { "False" } else { "True" },
        reason: if begins {
            "ContainersNotInitialized"
        } else {
            ""
        },
        message: if begins { &words } else { "" },
    };
    let change = |value: &mut Value| {
        value["status"]["initContainerStatuses"] = json!([status]);
        conditions::set(value, now, initialized);
    };
    let space = Some(meta::namespace(pod));
    let _ = desk.store.update(&PODS, space, meta::name(pod), change);
    begins
}

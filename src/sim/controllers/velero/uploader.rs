//! The agents of the nodes: copy volumes of pods to a store and back, in the phases that both
//! kinds of request share.
//!
//! An agent works while its node is ready. A copy fails when the claim's annotation
//! `sim.crashcart.test/unsaved`, or on the way back `sim.crashcart.test/unrestored`, holds a sentence.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::store::resources::{
    NODES, PERSISTENTVOLUMECLAIMS, PODS, PODVOLUMEBACKUPS, PODVOLUMERESTORES,
};
use crate::sim::store::{Resource, Store, meta};

use super::super::{Agenda, after, conditions, events, nodes, owners, pods, quantity};
use super::refill::HELPER;
use super::{SPACE, phase};

/// Seconds from acceptance until the copy is prepared, and until it runs.
const STEPS: [f64; 2] = [1.0, 2.0];
/// Bytes that are copied in a second.
const RATE: i64 = 512 << 20;
/// Seconds between two notes of the progress.
const EVERY: i64 = 10;
/// Bytes of a volume whose claim does not tell its size.
const USUAL: i64 = 1 << 30;

/// Whether the agent of a node is there.
pub(super) fn works(store: &Store, node: &str) -> bool {
    let node = store.get(&NODES, None, node);
    node.is_some_and(|node| conditions::status(&node, "Ready") == "True")
}

/// Whether a node can tell nobody what its agent does, though it may still count as ready.
fn is_cut_off(store: &Store, node: &str) -> bool {
    let node = store.get(&NODES, None, node);
    node.is_some_and(|node| pods::trouble(&node, "down") == nodes::SILENT)
}

/// Whether nothing more comes of a request.
pub(super) fn is_over(request: &Value) -> bool {
    matches!(phase(request), "Completed" | "Failed" | "Canceled")
}

/// Moves every copy that is not over.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    for res in [&PODVOLUMEBACKUPS, &PODVOLUMERESTORES] {
        let (requests, _) = store.list(res, Some(SPACE));
        for request in requests.into_iter().filter(|one| !is_over(one)) {
            let copy = Copying {
                store,
                res,
                request,
            };
            copy.step(agenda);
        }
    }
}

/// One request, as the agent of its node looks at it.
struct Copying<'a> {
    store: &'a Store,
    res: &'static Resource,
    request: Arc<Value>,
}

impl Copying<'_> {
    fn step(&self, agenda: &mut Agenda) {
        let Some(node) = self.node() else {
            return;
        };
        if !works(self.store, &node) || is_cut_off(self.store, &node) {
            return;
        }
        let one = &self.request;
        let now = seconds(agenda.now());
        let accepted = events::time(one, "/status/acceptedTimestamp").unwrap_or(agenda.now());
        match phase(one) {
            "Canceling" => self.end(agenda, "Canceled", "PVB/PVR is canceled by its owner"),
            "InProgress" if one["spec"]["cancel"] == true => {
                self.write(|status| status["phase"] = json!("Canceling"));
            }
            "InProgress" => self.copy(agenda),
            _ if one["spec"]["cancel"] == true => {
                self.end(agenda, "Canceled", "canceled before it began");
            }
            "New" => self.write(|status| {
                status["phase"] = json!("Accepted");
                status["acceptedTimestamp"] = json!(now);
                if !self.saves() {
                    status["node"] = json!(node);
                }
            }),
            "Accepted" if agenda.is_due(after(accepted, STEPS[0])) => {
                self.write(|status| status["phase"] = json!("Prepared"));
            }
            "Prepared" if agenda.is_due(after(accepted, STEPS[1])) => {
                let total = self.total();
                self.write(|status| {
                    status["phase"] = json!("InProgress");
                    status["startTimestamp"] = json!(now);
                    status["progress"] = json!({"totalBytes": total});
                });
            }
            _ => {}
        }
    }

    fn saves(&self) -> bool {
        std::ptr::eq(self.res, &raw const PODVOLUMEBACKUPS)
    }

    /// The node that copies; none while the pod to fill does not wait there yet.
    fn node(&self) -> Option<String> {
        if self.saves() {
            return Some(meta::text(&self.request, "/spec/node").to_owned());
        }
        let space = Some(meta::text(&self.request, "/spec/pod/namespace"));
        let name = meta::text(&self.request, "/spec/pod/name");
        let pod = self.store.get(&PODS, space, name)?;
        let helper = &pod["status"]["initContainerStatuses"][0];
        let waits = helper["name"] == HELPER && !helper["state"]["running"].is_null();
        let ours = pod["metadata"]["uid"] == self.request["spec"]["pod"]["uid"];
        (waits && ours).then(|| meta::text(&pod, "/spec/nodeName").to_owned())
    }

    fn claim(&self) -> Option<Arc<Value>> {
        let space = Some(meta::text(&self.request, "/spec/pod/namespace"));
        let name = self.request["metadata"]["annotations"]["velero.io/pvc-name"].as_str()?;
        self.store.get(&PERSISTENTVOLUMECLAIMS, space, name)
    }

    /// The bytes to copy: a quarter of what the claim asks for, or what the snapshot holds.
    fn total(&self) -> i64 {
        if let Some(size) = self.request["spec"]["snapshotSize"].as_i64() {
            return size;
        }
        let claim = self.claim();
        let asked = claim
            .as_deref()
            .map(|claim| meta::text(claim, "/spec/resources/requests/storage"));
        let size = asked.and_then(quantity::read).map(|size| size / 4000);
        size.unwrap_or(USUAL)
    }

    fn copy(&self, agenda: &mut Agenda) {
        let one = &self.request;
        let begun = events::time(one, "/status/startTimestamp").unwrap_or(agenda.now());
        let total = meta::number(one, "/status/progress/totalBytes");
        let (trouble, failed) = if self.saves() {
            ("unsaved", "data path backup failed")
        } else {
            ("unrestored", "data path restore failed")
        };
        let claim = self.claim();
        let words = claim
            .as_deref()
            .map_or("", |one| pods::trouble(one, trouble));
        if !words.is_empty() {
            if agenda.is_due(after(begun, 1.0)) {
                self.end(agenda, "Failed", &format!("{failed}: {words}"));
            }
            return;
        }
        let whole = total.max(0).unsigned_abs().div_ceil(RATE.unsigned_abs());
        #[expect(clippy::cast_precision_loss, reason = "seconds of a copy are few")]
        if agenda.is_due(after(begun, whole as f64)) {
            self.end(agenda, "Completed", "");
            return;
        }
        let noted = agenda.now().duration_since(begun).as_secs() / EVERY * EVERY;
        if noted > 0 && meta::number(one, "/status/progress/bytesDone") != noted * RATE {
            self.write(|status| status["progress"]["bytesDone"] = json!(noted * RATE));
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds of a copy are few")]
        agenda.is_due(after(begun, (noted + EVERY) as f64));
    }

    fn end(&self, agenda: &Agenda, phase: &str, message: &str) {
        let now = seconds(agenda.now());
        let claim = self.claim();
        let volume = claim
            .as_deref()
            .map_or("", |claim| meta::text(claim, "/spec/volumeName"));
        let path = format!(
            "/host_pods/{}/volumes/kubernetes.io~csi/{volume}/mount",
            meta::text(&self.request, "/spec/pod/uid")
        );
        let id = owners::digest(meta::uid(&self.request));
        self.write(|status| {
            status["phase"] = json!(phase);
            status["completionTimestamp"] = json!(now);
            if !message.is_empty() {
                status["message"] = json!(message);
            }
            if phase != "Completed" {
                return;
            }
            let total = status["progress"]["totalBytes"].clone();
            status["progress"]["bytesDone"] = total.clone();
            if self.saves() {
                status["path"] = json!(path);
                status["snapshotID"] = json!(format!("{id:016x}{:016x}", id.rotate_left(29)));
                status["incrementalBytes"] = total;
            }
        });
    }

    fn write(&self, change: impl FnOnce(&mut Value)) {
        let name = meta::name(&self.request);
        let status = |value: &mut Value| change(&mut value["status"]);
        let _ = self.store.update(self.res, Some(SPACE), name, status);
    }
}

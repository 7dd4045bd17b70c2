//! The scheduler: gives each pod a node, spread by owner, or says why none fits.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::store::resources::{NODES, PODS};
use crate::sim::store::{Store, meta};

use super::conditions::{self, Condition};
use super::events::{self, Said};
use super::{Agenda, owners, pods};

/// Binds pods that wait for a node.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    let (all, _) = store.list(&PODS, None);
    let unbound = |pod: &&Arc<Value>| {
        meta::text(pod, "/spec/nodeName").is_empty()
            && !meta::is_going(pod)
            && !pods::is_over(pod)
            && matches!(
                meta::text(pod, "/spec/schedulerName"),
                "" | "default-scheduler"
            )
    };
    let waiting: Vec<_> = all.iter().filter(unbound).cloned().collect();
    if waiting.is_empty() {
        return;
    }
    let (nodes, _) = store.list(&NODES, None);
    let mut load = Load::of(&all);
    for pod in &waiting {
        match load.choose(&nodes, pod) {
            Some(node) => bind(store, agenda, pod, &node),
            None => refuse(store, agenda, pod, nodes.len()),
        }
    }
}

/// How many pods each node has: of one owner, and in all.
struct Load {
    by_owner: BTreeMap<(String, String), usize>,
    total: BTreeMap<String, usize>,
}

impl Load {
    fn of(pods: &[Arc<Value>]) -> Self {
        let mut load = Self {
            by_owner: BTreeMap::new(),
            total: BTreeMap::new(),
        };
        for pod in pods {
            let node = meta::text(pod, "/spec/nodeName");
            if !node.is_empty() && !meta::is_going(pod) {
                load.add(node, pod);
            }
        }
        load
    }

    fn add(&mut self, node: &str, pod: &Value) {
        let owner = owners::controller(pod).to_owned();
        *self.by_owner.entry((node.to_owned(), owner)).or_default() += 1;
        *self.total.entry(node.to_owned()).or_default() += 1;
    }

    fn choose(&mut self, nodes: &[Arc<Value>], pod: &Value) -> Option<String> {
        let owner = owners::controller(pod).to_owned();
        let fits = nodes.iter().filter(|node| takes(node, pod));
        let best = fits.min_by_key(|node| {
            let name = meta::name(node).to_owned();
            let key = (name.clone(), owner.clone());
            let same = self.by_owner.get(&key).copied().unwrap_or(0);
            (same, self.total.get(&name).copied().unwrap_or(0), name)
        });
        let name = meta::name(best?).to_owned();
        self.add(&name, pod);
        Some(name)
    }
}

/// True when the node is ready, not cordoned, and has the labels that the pod selects.
fn takes(node: &Value, pod: &Value) -> bool {
    let cordoned = node["spec"]["unschedulable"] == true;
    let wanted = pod["spec"]["nodeSelector"].as_object();
    let labels = &node["metadata"]["labels"];
    conditions::status(node, "Ready") == "True"
        && !cordoned
        && wanted.is_none_or(|wanted| wanted.iter().all(|(key, value)| labels[key] == *value))
}

fn bind(store: &Store, agenda: &Agenda, pod: &Value, node: &str) {
    let space = meta::namespace(pod);
    let name = meta::name(pod);
    let change = |value: &mut Value| {
        value["spec"]["nodeName"] = json!(node);
        let scheduled = Condition {
            kind: "PodScheduled",
            status: "True",
            reason: "",
            message: "",
        };
        conditions::set(value, agenda.now(), scheduled);
    };
    if store.update(&PODS, Some(space), name, change).is_err() {
        return;
    }
    let words = format!("Successfully assigned {space}/{name} to {node}");
    let said = Said {
        by: "default-scheduler",
        host: "",
        warning: false,
        reason: "Scheduled",
        message: &words,
    };
    events::note(store, agenda.now(), pod, said);
}

fn refuse(store: &Store, agenda: &Agenda, pod: &Value, count: usize) {
    let words = format!(
        "0/{count} nodes are available: {count} node(s) didn't match Pod's node affinity/selector."
    );
    let mut flipped = false;
    let change = |value: &mut Value| {
        let condition = Condition {
            kind: "PodScheduled",
            status: "False",
            reason: "Unschedulable",
            message: &words,
        };
        flipped = conditions::set(value, agenda.now(), condition);
    };
    let space = Some(meta::namespace(pod));
    let written = store.update(&PODS, space, meta::name(pod), change);
    if written.is_ok() && flipped {
        let said = Said {
            by: "default-scheduler",
            host: "",
            warning: true,
            reason: "FailedScheduling",
            message: &words,
        };
        events::note(store, agenda.now(), pod, said);
    }
}

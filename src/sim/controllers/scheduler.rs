//! The scheduler: gives each pod a node, spread by owner, or says why none fits.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::store::resources::{NODES, PODS};
use crate::sim::store::{Index, Store, meta};

use super::conditions::{self, Condition};
use super::events::{self, Said};
use super::{Agenda, owners, pods, quantity, volumes};

/// Pods that wait for this scheduler.
pub(super) static UNBOUND: Index = Index {
    res: &PODS,
    takes: |pod| {
        meta::text(pod, "/spec/nodeName").is_empty()
            && !meta::is_going(pod)
            && !pods::is_over(pod)
            && matches!(
                meta::text(pod, "/spec/schedulerName"),
                "" | "default-scheduler"
            )
    },
};

/// Binds pods that wait for a node.
pub(super) fn pass(store: &Store, agenda: &mut Agenda) {
    let waiting = store.those(&UNBOUND);
    if waiting.is_empty() {
        return;
    }
    let (nodes, _) = store.list(&NODES, None);
    let mut load = Load::of(store);
    for kept in waiting {
        let pod = &kept.open();
        if let Some(words) = volumes::unready(store, pod) {
            let count = nodes.len();
            refuse(
                store,
                agenda,
                pod,
                &format!("0/{count} nodes are available: {words}."),
            );
            continue;
        }
        match load.choose(&nodes, pod) {
            Ok(node) => bind(store, agenda, pod, &node),
            Err(words) => refuse(store, agenda, pod, &words),
        }
    }
}

/// How many pods each node has: of one owner, and in all.
struct Load {
    by_owner: BTreeMap<(String, String), usize>,
    total: BTreeMap<String, usize>,
    /// What the pods of a node ask for: processors and bytes, both in thousandths.
    asked: BTreeMap<String, (i64, i64)>,
}

impl Load {
    fn of(store: &Store) -> Self {
        let mut load = Self {
            by_owner: BTreeMap::new(),
            total: BTreeMap::new(),
            asked: BTreeMap::new(),
        };
        for kept in store.kept(&PODS, None).0 {
            let pod = kept.open();
            let node = meta::text(&pod, "/spec/nodeName");
            if !node.is_empty() && !meta::is_going(&pod) && !pods::is_over(&pod) {
                load.add(node, &pod);
            }
        }
        load
    }

    fn add(&mut self, node: &str, pod: &Value) {
        let owner = owners::controller(pod).to_owned();
        *self.by_owner.entry((node.to_owned(), owner)).or_default() += 1;
        *self.total.entry(node.to_owned()).or_default() += 1;
        let (cpu, memory) = needs(pod);
        let asked = self.asked.entry(node.to_owned()).or_default();
        *asked = (asked.0 + cpu, asked.1 + memory);
    }

    /// The node that takes the pod, or in the scheduler's words why none does.
    fn choose(&mut self, nodes: &[Arc<Value>], pod: &Value) -> Result<String, String> {
        let owner = owners::controller(pod).to_owned();
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let mut helpless = 0;
        let fits = nodes.iter().filter(|node| match self.refusal(node, pod) {
            None => true,
            Some(reason) => {
                helpless += usize::from(!reason.starts_with("Insufficient"));
                *reasons.entry(reason).or_default() += 1;
                false
            }
        });
        let best = fits.min_by_key(|node| {
            let name = meta::name(node).to_owned();
            let key = (name.clone(), owner.clone());
            let same = self.by_owner.get(&key).copied().unwrap_or(0);
            (same, self.total.get(&name).copied().unwrap_or(0), name)
        });
        let Some(best) = best else {
            return Err(sentence(nodes.len(), &reasons, helpless));
        };
        let name = meta::name(best).to_owned();
        self.add(&name, pod);
        Ok(name)
    }

    /// Why a node does not take a pod, as the scheduler says it; none when it does.
    fn refusal(&self, node: &Value, pod: &Value) -> Option<String> {
        let open = meta::list(node, "/spec/taints")
            .iter()
            .find(|taint| taint["effect"] != "PreferNoSchedule" && !tolerates(pod, taint));
        if node["spec"]["unschedulable"] == true {
            return Some("node(s) were unschedulable".to_owned());
        }
        if let Some(taint) = open {
            let text = |key: &str| taint[key].as_str().unwrap_or("");
            let (key, value) = (text("key"), text("value"));
            return Some(format!(
                "node(s) had untolerated taint(s) {{{key}: {value}}}"
            ));
        }
        let wanted = pod["spec"]["nodeSelector"].as_object();
        let labels = &node["metadata"]["labels"];
        if wanted.is_some_and(|all| all.iter().any(|(key, value)| labels[key] != *value)) {
            return Some("node(s) didn't match Pod's node affinity/selector".to_owned());
        }
        let room = |resource: &str| {
            let text = node["status"]["allocatable"][resource].as_str();
            text.and_then(quantity::read)
        };
        let asked = self
            .asked
            .get(meta::name(node))
            .copied()
            .unwrap_or_default();
        let (cpu, memory) = needs(pod);
        let lacks = |resource: &str, used: i64| room(resource).is_some_and(|room| used > room);
        let count = self.total.get(meta::name(node)).copied().unwrap_or(0) + 1;
        if lacks("pods", i64::try_from(count).unwrap_or(0) * 1000) {
            return Some("Too many pods".to_owned());
        }
        if cpu > 0 && lacks("cpu", asked.0 + cpu) {
            return Some("Insufficient cpu".to_owned());
        }
        (memory > 0 && lacks("memory", asked.1 + memory)).then(|| "Insufficient memory".to_owned())
    }
}

/// The whole sentence: how many nodes there are, how many refuse for which reason, and that
/// taking others away would not help.
fn sentence(count: usize, reasons: &BTreeMap<String, usize>, helpless: usize) -> String {
    let mut parts: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    parts.sort_unstable();
    let mut preempt = Vec::new();
    if count > helpless {
        let rest = count - helpless;
        preempt.push(format!(
            "{rest} No preemption victims found for incoming pod"
        ));
    }
    if helpless > 0 {
        preempt.push(format!(
            "{helpless} Preemption is not helpful for scheduling"
        ));
    }
    let all = format!("0/{count} nodes are available");
    if count == 0 {
        return "no nodes available to schedule pods".to_owned();
    }
    format!(
        "{all}: {}. preemption: {all}: {}.",
        parts.join(", "),
        preempt.join(", ")
    )
}

/// What the containers of a pod ask for: processors and bytes, both in thousandths.
fn needs(pod: &Value) -> (i64, i64) {
    let ask = |resource: &str| -> i64 {
        let containers = meta::list(pod, "/spec/containers").iter();
        let asked = containers.filter_map(|container| {
            let text = container["resources"]["requests"][resource].as_str()?;
            quantity::read(text)
        });
        asked.sum()
    };
    (ask("cpu"), ask("memory"))
}

fn tolerates(pod: &Value, taint: &Value) -> bool {
    meta::list(pod, "/spec/tolerations")
        .iter()
        .any(|toleration| {
            let key = toleration["key"].is_null() || toleration["key"] == taint["key"];
            let effect = toleration["effect"].is_null() || toleration["effect"] == taint["effect"];
            let value = toleration["operator"] == "Exists"
                || toleration["value"].as_str().unwrap_or("")
                    == taint["value"].as_str().unwrap_or("");
            key && effect && value
        })
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

fn refuse(store: &Store, agenda: &Agenda, pod: &Value, words: &str) {
    let mut flipped = false;
    let change = |value: &mut Value| {
        let condition = Condition {
            kind: "PodScheduled",
            status: "False",
            reason: "Unschedulable",
            message: words,
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
            message: words,
        };
        events::note(store, agenda.now(), pod, said);
    }
}

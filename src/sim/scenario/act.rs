//! What can happen in a story: the words of `do`, and the keys each takes.
//!
//! Most trouble is an annotation that a controller reads, so that taking it away is the cure. To
//! add a word: a line in [`ACTS`], an arm in `read`, and where it is no annotation an arm in
//! `carry`.

use std::time::Duration;

use serde_json::Value;

use crate::sim::faults::Fault;
use crate::sim::monitoring::Fired;
use crate::sim::store::resources::{DEPLOYMENTS, GITREPOSITORIES, KUSTOMIZATIONS, STATEFULSETS};

use super::ScenarioError;
use super::model::Model;
use super::objects::{Reader, Target};
use super::read::{Found, Keys};

/// Every word of `do` with the keys it takes besides `at`, `do` and `cluster`.
pub(super) const ACTS: &[(&str, &[&str])] = &[
    ("break-registry", &["registry", "nodes"]),
    ("mend-registry", &["nodes"]),
    ("break-image", &["namespace", "workload", "image"]),
    ("restart", &["namespace", "workload"]),
    ("crash", &["namespace", "workload"]),
    ("run-out-of-memory", &["namespace", "workload"]),
    ("fail-probe", &["namespace", "workload"]),
    ("node-down", &["nodes", "says"]),
    ("node-up", &["nodes"]),
    ("press-node", &["nodes", "for-lack-of"]),
    ("drain", &["nodes"]),
    ("break-store", &["store", "says"]),
    ("mend-store", &["store"]),
    ("add-store", &["store"]),
    ("lie", &["store", "leaves-out"]),
    ("erase-backups", &["namespace", "spares"]),
    ("encrypt", &["namespace", "note"]),
    ("suspend", &["kustomization", "by"]),
    ("resume", &["kustomization"]),
    ("fail-kustomization", &["kustomization", "reason", "says"]),
    ("break-source", &["repository", "says"]),
    ("mend-source", &["repository"]),
    ("delete", &["kind", "namespace", "name"]),
    ("patch", &["kind", "namespace", "name", "merge"]),
    (
        "fire",
        &["alert", "count", "severity", "namespace", "says", "while"],
    ),
    ("resolve", &["alert"]),
    ("stop-alerts", &[]),
    ("resume-alerts", &[]),
    ("fault", &["plan"]),
];

/// One thing that happens in one cluster.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Act {
    pub(in crate::sim) cluster: String,
    pub(super) what: What,
}

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// An annotation of the simulator on objects; an empty value takes it away.
    Mark(Target, &'static str, String),
    /// The same on a workload's template and its pods.
    Afflict(Target, &'static str, String),
    /// Another image in a workload's template.
    Image(Target, String),
    /// A rollout as `kubectl rollout restart` makes it.
    Restart(Target),
    /// Nodes lose an image registry, and what they had of it.
    Registry(Target, String),
    /// Nodes are cordoned and emptied.
    Drain(Target),
    /// One more backup store.
    AddStore(String),
    /// The backups of a namespace, objects and data; a lock spares those older than that.
    Erase(String, Option<Duration>),
    /// Config maps and secrets of a namespace become unreadable; the note is left behind.
    Encrypt(String, String),
    /// A Kustomization is held by a person, or let go.
    Suspend(Target, Option<String>),
    Delete(Target),
    Merge(Target, Value),
    Fire(Fired),
    Resolve(String),
    Sending(bool),
    Fault(Fault),
}

/// Reads one event.
pub(super) fn read(keys: &Keys<'_>, model: &Model) -> Result<Act, ScenarioError> {
    let word = keys.need("do", "\"break-store\"")?;
    let Some((name, own)) = ACTS.iter().find(|(name, _)| *name == word.value) else {
        let known: Vec<&str> = ACTS.iter().map(|(name, _)| *name).collect();
        let sentence = format!(
            "do = {:?} is not known; choose from {}",
            word.value,
            known.join(", ")
        );
        return Err(keys.origin.error(word.at, sentence));
    };
    let mut known = vec!["at", "do", "cluster"];
    known.extend(*own);
    let mut named = keys.clone();
    named.name = format!("[[event]] {name}");
    named.only(&known)?;
    let cluster = named.need("cluster", "\"sth-prod\"")?;
    known_cluster(&named, cluster, model)?;
    let reader = Reader {
        keys: named,
        model,
        cluster: cluster.value,
    };
    Ok(Act {
        cluster: cluster.value.to_owned(),
        what: reader.what(name)?,
    })
}

/// Refuses a cluster that the simulated estate does not have.
pub(super) fn known_cluster(
    keys: &Keys<'_>,
    found: Found<&str>,
    model: &Model,
) -> Result<(), ScenarioError> {
    if model.cluster(found.value).is_some() {
        return Ok(());
    }
    let sentence = format!(
        "there is no cluster {:?} in the simulated estate; choose from {}",
        found.value,
        crate::sim::CLUSTERS.join(", ")
    );
    Err(keys.origin.error(found.at, sentence))
}

impl Reader<'_> {
    fn what(&self, word: &str) -> Result<What, ScenarioError> {
        let keys = &self.keys;
        let says = |usual: &str| keys.or("says", usual);
        Ok(match word {
            "break-registry" => {
                let registry = keys.need("registry", "\"registry.meridian.test\"")?;
                What::Registry(self.nodes(true)?, registry.value.to_owned())
            }
            "mend-registry" => What::Mark(self.nodes(true)?, "unreachable", String::new()),
            "node-down" => {
                let words = says("unreachable")?;
                What::Mark(self.nodes(false)?, "down", words)
            }
            "node-up" => What::Mark(self.nodes(false)?, "down", String::new()),
            "press-node" => {
                let lack = keys.or("for-lack-of", "memory")?;
                What::Mark(self.nodes(false)?, "pressure", lack)
            }
            "drain" => What::Drain(self.nodes(false)?),
            "fire" => self.fire()?,
            "resolve" => What::Resolve(keys.need("alert", "\"Watchdog\"")?.value.to_owned()),
            "stop-alerts" => What::Sending(false),
            "resume-alerts" => What::Sending(true),
            "fault" => self.fault()?,
            "delete" => What::Delete(self.object()?),
            "patch" => What::Merge(self.object()?, keys.json("merge")?),
            _ => self.on_workload(word)?,
        })
    }

    fn on_workload(&self, word: &str) -> Result<What, ScenarioError> {
        Ok(match word {
            "break-image" => {
                let image = self
                    .keys
                    .need("image", "\"registry.meridian.test/ehr/api:0\"")?;
                What::Image(self.workload()?, image.value.to_owned())
            }
            "restart" => What::Restart(self.workload()?),
            "crash" => What::Afflict(self.workload()?, "crash", "1".to_owned()),
            "run-out-of-memory" => What::Afflict(self.workload()?, "oom", "20".to_owned()),
            "fail-probe" => What::Afflict(self.workload()?, "probe", "500".to_owned()),
            _ => self.on_backups(word)?,
        })
    }

    fn on_backups(&self, word: &str) -> Result<What, ScenarioError> {
        let keys = &self.keys;
        Ok(match word {
            "break-store" => {
                let words = keys.or("says", "AccessDenied: Access Denied")?;
                What::Mark(self.store()?, "refuses", words)
            }
            "mend-store" => What::Mark(self.store()?, "refuses", String::new()),
            "add-store" => What::AddStore(keys.need("store", "\"sth-vault\"")?.value.to_owned()),
            "lie" => {
                let kinds = keys.texts("leaves-out")?;
                let kinds: Vec<&str> = kinds.iter().map(|found| found.value).collect();
                What::Mark(self.store()?, "lies", kinds.join(","))
            }
            "erase-backups" => What::Erase(self.namespace()?, keys.time("spares")?),
            "encrypt" => {
                let note = keys.or("note", "Your files are encrypted.")?;
                What::Encrypt(self.namespace()?, note)
            }
            _ => self.on_flux(word)?,
        })
    }

    fn on_flux(&self, word: &str) -> Result<What, ScenarioError> {
        let keys = &self.keys;
        let repository = || self.named("repository", &GITREPOSITORIES, "flux-system");
        let kustomization = || self.named("kustomization", &KUSTOMIZATIONS, "flux-system");
        Ok(match word {
            "suspend" => {
                let by = keys.or("by", "carol@meridian.test")?;
                What::Suspend(kustomization()?, Some(by))
            }
            "resume" => What::Suspend(kustomization()?, None),
            "fail-kustomization" => {
                let reason = keys.or("reason", "ReconciliationFailed")?;
                let words = keys.or("says", "dry-run failed")?;
                What::Mark(kustomization()?, "fails", format!("{reason}: {words}"))
            }
            "break-source" => {
                let words = keys.or("says", "connection refused")?;
                What::Mark(repository()?, "refuses", words)
            }
            _ => What::Mark(repository()?, "refuses", String::new()),
        })
    }

    /// A line of a fault plan, for this cluster.
    fn fault(&self) -> Result<What, ScenarioError> {
        let plan = self
            .keys
            .need("plan", "\"verb=watch fault=stall for=10m\"")?;
        let fault = plan.value.parse::<Fault>();
        let mut fault =
            fault.map_err(|error| self.keys.origin.error(plan.at, error.to_string()))?;
        fault.cluster = Some(self.cluster.to_owned());
        Ok(What::Fault(fault))
    }

    fn fire(&self) -> Result<What, ScenarioError> {
        let keys = &self.keys;
        let severity = keys.or("severity", "warning")?;
        if !["critical", "warning", "info"].contains(&severity.as_str()) {
            let words = "severity must be critical, warning or info";
            return Err(keys.error(words));
        }
        let namespace = if keys.text("namespace")?.is_some() {
            self.namespace()?
        } else {
            String::new()
        };
        let cause = match keys.text("while")? {
            None => None,
            Some(found) => Some(self.cause(found)?),
        };
        let alert = keys.need("alert", "\"QueueBacklog\"")?.value;
        Ok(What::Fire(Fired {
            name: alert.to_owned(),
            severity,
            namespace,
            count: keys.number("count", (1, 5000))?.unwrap_or(1),
            summary: keys.or("says", alert)?,
            cause,
        }))
    }

    /// `namespace/workload`, whose trouble keeps alerts firing.
    fn cause(&self, found: Found<&str>) -> Result<(String, String), ScenarioError> {
        let (space, name) = found.value.split_once('/').unwrap_or(("", found.value));
        let there = [&DEPLOYMENTS, &STATEFULSETS]
            .iter()
            .any(|res| self.model.has(self.cluster, res, Some(space), name));
        if there {
            return Ok((space.to_owned(), name.to_owned()));
        }
        let sentence = format!(
            "while = {:?} names no workload of {}; write namespace/name",
            found.value, self.cluster
        );
        Err(self.keys.origin.error(found.at, sentence))
    }
}

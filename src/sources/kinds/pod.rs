//! Pod: small enough to keep ten thousand of, large enough to say why one is down.

use jiff::Timestamp;
use serde::Deserialize;

use super::Kind;
use super::lenient;
use super::meta::Condition;
use super::meta::Meta;
use crate::text::SafeText;

/// Longest message kept, in characters; a message is cut at its end.
const MESSAGE: usize = 240;

/// A pod, slim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Pod {
    /// Who it is and what owns it.
    pub meta: Meta,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    pub phase: SafeText,
    /// `status.reason`, such as `Evicted`.
    pub reason: SafeText,
    /// `status.message`, cut short.
    pub message: SafeText,
    /// The node it is placed on; empty while it waits.
    pub node: SafeText,
    /// Containers that are ready, without init containers.
    pub ready: u16,
    /// Containers it has, without init containers.
    pub containers: u16,
    /// Restarts of all its containers.
    pub restarts: u32,
    /// True when its Ready condition holds.
    pub serves: bool,
    /// Since when its Ready condition is as it is.
    pub since: Option<Timestamp>,
    /// Why it is not placed on a node; empty when it is.
    pub unplaced: SafeText,
    /// True when it mounts a `PersistentVolumeClaim`.
    pub claims: bool,
    /// Containers that are not as they should be, or once ended; boxed because most pods have none.
    pub troubles: Box<[Trouble]>,
}

/// What is wrong with one container, or how it ended before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Its name.
    pub container: SafeText,
    /// Its image as given.
    pub image: SafeText,
    /// Why it waits or ended, `ImagePullBackOff`; empty when it runs now.
    pub reason: SafeText,
    /// The sentence to it, cut short.
    pub message: SafeText,
    /// Exit code of the newest end.
    pub exit: Option<i64>,
    /// Reason of the newest end, `OOMKilled`, `Error`.
    pub ended: SafeText,
    /// When it newly ended.
    pub ended_at: Option<Timestamp>,
    /// Its memory limit as given, `512Mi`; empty when it has none.
    pub memory: SafeText,
    /// Restarts of this container.
    pub restarts: u32,
}

impl Pod {
    /// True when it has ended well and is not to be judged.
    pub fn completed(&self) -> bool {
        self.phase.as_str() == "Succeeded"
    }

    /// Name of the Deployment behind it: its `ReplicaSet`'s name without the hash.
    pub fn deployment(&self) -> Option<&str> {
        let owner = self
            .meta
            .owner
            .as_ref()
            .filter(|owner| owner.kind.as_str() == "ReplicaSet")?;
        owner.name.as_str().rsplit_once('-').map(|(name, _)| name)
    }
}

impl Kind for Pod {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Pod";
    const PLURAL: &'static str = "pods";
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

type Raw = lenient::Object<Meta, RawSpec, RawStatus>;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSpec {
    #[serde(deserialize_with = "lenient::text")]
    node_name: SafeText,
    #[serde(deserialize_with = "lenient::list")]
    containers: Vec<RawContainer>,
    #[serde(deserialize_with = "lenient::list")]
    volumes: Vec<RawVolume>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawContainer {
    #[serde(deserialize_with = "lenient::text")]
    name: SafeText,
    #[serde(deserialize_with = "lenient::part")]
    resources: RawResources,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawResources {
    #[serde(deserialize_with = "lenient::part")]
    limits: RawLimits,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawLimits {
    #[serde(deserialize_with = "lenient::text")]
    memory: SafeText,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawVolume {
    #[serde(
        rename = "persistentVolumeClaim",
        deserialize_with = "lenient::present"
    )]
    claim: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStatus {
    #[serde(deserialize_with = "lenient::text")]
    phase: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    reason: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    message: SafeText,
    #[serde(deserialize_with = "lenient::list")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "lenient::list")]
    container_statuses: Vec<RawState>,
    #[serde(deserialize_with = "lenient::list")]
    init_container_statuses: Vec<RawState>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawState {
    #[serde(deserialize_with = "lenient::text")]
    name: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    image: SafeText,
    #[serde(deserialize_with = "lenient::flag")]
    ready: Option<bool>,
    #[serde(deserialize_with = "lenient::number")]
    restart_count: Option<i64>,
    #[serde(deserialize_with = "lenient::part")]
    state: RawStates,
    #[serde(deserialize_with = "lenient::part")]
    last_state: RawStates,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawStates {
    #[serde(deserialize_with = "lenient::maybe")]
    waiting: Option<RawEnd>,
    #[serde(deserialize_with = "lenient::maybe")]
    terminated: Option<RawEnd>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawEnd {
    #[serde(deserialize_with = "lenient::text")]
    reason: SafeText,
    #[serde(deserialize_with = "lenient::text")]
    message: SafeText,
    #[serde(deserialize_with = "lenient::number")]
    exit_code: Option<i64>,
    #[serde(deserialize_with = "lenient::when")]
    finished_at: Option<Timestamp>,
}

impl From<Raw> for Pod {
    fn from(raw: Raw) -> Pod {
        let ready = Condition::find(&raw.status.conditions, "Ready");
        let placed = Condition::find(&raw.status.conditions, "PodScheduled");
        let states = &raw.status.container_statuses;
        let every = || raw.status.init_container_statuses.iter().chain(states);
        let troubles = every()
            .filter_map(|state| trouble(state, &raw.spec.containers))
            .collect();
        Pod {
            ready: small(
                states
                    .iter()
                    .filter(|state| state.ready == Some(true))
                    .count(),
            ),
            containers: small(raw.spec.containers.len()),
            restarts: every().map(restarts).fold(0, u32::saturating_add),
            serves: ready.is_some_and(Condition::holds),
            since: ready.and_then(|ready| ready.since),
            unplaced: placed
                .filter(|placed| !placed.holds())
                .map(|placed| cut(&placed.message))
                .unwrap_or_default(),
            claims: raw.spec.volumes.iter().any(|volume| volume.claim),
            troubles,
            phase: raw.status.phase,
            reason: raw.status.reason,
            message: cut(&raw.status.message),
            node: raw.spec.node_name,
            meta: raw.metadata,
        }
    }
}

fn trouble(state: &RawState, specs: &[RawContainer]) -> Option<Trouble> {
    let now = state
        .state
        .waiting
        .as_ref()
        .or(state.state.terminated.as_ref());
    let end = state
        .state
        .terminated
        .as_ref()
        .or(state.last_state.terminated.as_ref());
    let well = end.is_none_or(|end| end.exit_code == Some(0)) && state.state.waiting.is_none();
    if well && (state.ready == Some(true) || state.state.terminated.is_some() || now.is_none()) {
        return None;
    }
    let memory = specs
        .iter()
        .find(|spec| spec.name == state.name)
        .map(|spec| spec.resources.limits.memory.clone());
    Some(Trouble {
        container: state.name.clone(),
        image: state.image.clone(),
        reason: now.map(|now| now.reason.clone()).unwrap_or_default(),
        message: now.map(|now| cut(&now.message)).unwrap_or_default(),
        exit: end.and_then(|end| end.exit_code),
        ended: end.map(|end| end.reason.clone()).unwrap_or_default(),
        ended_at: end.and_then(|end| end.finished_at),
        memory: memory.unwrap_or_default(),
        restarts: restarts(state),
    })
}

fn restarts(state: &RawState) -> u32 {
    state
        .restart_count
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(0)
}

fn small(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn cut(text: &SafeText) -> SafeText {
    match text.as_str().char_indices().nth(MESSAGE) {
        Some((end, _)) => SafeText::from(format!("{}~", &text.as_str()[..end])),
        None => text.clone(),
    }
}

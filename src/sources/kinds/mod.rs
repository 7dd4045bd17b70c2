//! Slim Kubernetes kinds: one file each, only the fields that are judged, safe to show from the moment they are parsed.
//!
//! Pure serde structs; `watch.rs` wraps them for kube. Every field is read leniently (`lenient`): an odd value is
//! left out, it never costs the list it stands in. Field owners and everything not named are skipped unread.
//! To add a kind: a file with its noun and `impl Kind`, a variant in `fact`, a table in `world`.

pub mod backup;
pub mod delete_request;
pub mod deployment;
pub mod kustomization;
mod lenient;
pub mod meta;
pub mod namespace;
pub mod node;
pub mod pod;
pub mod restore;
pub mod schedule;
pub mod store;

use std::fmt::Debug;

use meta::Meta;
use serde::de::DeserializeOwned;

/// A kind that can be listed and watched.
pub trait Kind: Clone + Debug + DeserializeOwned + Send + 'static {
    /// API group; empty for the core group.
    const GROUP: &'static str;
    /// Version, `v1`.
    const VERSION: &'static str;
    /// Kind, `Pod`.
    const KIND: &'static str;
    /// Plural, `pods`.
    const PLURAL: &'static str;

    /// What every object has.
    fn meta(&self) -> &Meta;
}

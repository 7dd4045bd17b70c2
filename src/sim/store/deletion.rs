//! How an object is deleted, and under which conditions.

/// What becomes of the objects that a deleted object owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted after it.
    #[default]
    Background,
    /// They are deleted before it.
    Foreground,
    /// They stay, without an owner.
    Orphan,
}

/// What must hold for a deletion, and how it is done.
#[derive(Clone, Debug, Default)]
pub struct Preconditions {
    /// The uid the object must have.
    pub uid: Option<String>,
    /// The resourceVersion the object must have.
    pub resource_version: Option<String>,
    /// Seconds a pod on a node gets to stop; 0 removes it at once.
    pub grace: u64,
    /// What becomes of owned objects.
    pub propagation: Propagation,
}

impl Preconditions {
    /// No preconditions and no grace: the object goes at once unless finalizers hold it.
    pub fn now() -> Preconditions {
        Preconditions::default()
    }
}

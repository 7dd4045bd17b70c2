//! The permit (stand-in).

/// What kind of request a permit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Access reviews.
    Review,
    /// Services.
    Service,
    /// Changes.
    Change,
    /// Records kept in a cluster.
    Record,
}

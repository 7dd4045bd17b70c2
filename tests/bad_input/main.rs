//! Bad input to the real binary: each gives one clear sentence with file, line or cluster and what to do next;
//! nothing panics, nothing is sent.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test starts the program, measures its patience and fails by panicking"
)]

mod bench;
mod between;
mod clusters;
mod files;
mod folders;
mod mounts;
mod trust;
mod usage;

//! Bad input to the real binary: each gives one clear sentence with file, line or cluster and what to do next;
//! nothing panics, nothing is sent.

#![expect(
    clippy::expect_used,
    reason = "a test fails by panicking, and its benches are part of it"
)]

mod bench;
mod clusters;
mod files;
mod folders;
mod usage;

//! The life of tokens: renewed once, kept where it was asked for, given up when nobody is there.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what stands beside the tests is part of them"
)]

mod console;
mod live;
mod logout;
mod renewal;
mod shared;
mod step_up;

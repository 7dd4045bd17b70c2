//! The life of tokens: renewed once, kept where it was asked for, given up when nobody is there.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what stands beside the tests is part of them"
)]

mod console;
mod live;
mod logout;
#[path = "../auth/night.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of sign-in, which use all of it"
)]
mod night;
mod openshift;
mod renewal;
mod shared;
mod step_up;

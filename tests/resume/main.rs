//! Kill and resume: a console is killed at the worst moments of a run, against a simulated estate in its own
//! process, and the run is found again and settled by reading. Nothing is ever sent twice.
//!
//! No test waits for a time: each waits for the word, the byte or the entry that it needs.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and its benches are part of it"
)]

mod console;
mod gone;
mod held;
mod killed;
mod refused;
mod sim;
mod undone;
mod wire;

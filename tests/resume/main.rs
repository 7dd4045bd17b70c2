//! Kill and resume: a console is killed at the worst moments of a run, against a simulated estate in its own
//! process, and the run is found again and settled by reading. Nothing is ever sent twice.
//!
//! No test waits for a time: each waits for the word, the byte or the entry that it needs.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking; it starts programs and threads and keeps deadlines"
)]

mod console;
mod gone;
mod held;
mod killed;
mod refused;
mod sim;
mod undone;
mod wire;

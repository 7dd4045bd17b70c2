//! Journeys: a state that a simulated world has filled, keys, and what is then on screen or asked for outside.
//!
//! Each journey is a few lines of text; `play` says what each word means. Time is the test's own: after the world was
//! folded once, no clock is read.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and its benches are part of it"
)]

mod board;
mod idle;
mod keys;
mod left;
mod night;
mod play;
mod run;
mod session;
mod sign_in;
mod trouble;

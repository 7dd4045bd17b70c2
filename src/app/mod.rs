//! How does it run? The loop, the effects, the terminal and the clock.
//!
//! `clock.rs` is the only place that reads the time, `perform` the only one that changes the world, `out.rs` the
//! only one that writes to the terminal, `term.rs` the only one that changes the terminal's mode and puts it back.

pub mod clock;
pub mod out;
pub mod term;

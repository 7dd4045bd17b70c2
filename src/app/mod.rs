//! How does it run? The loop, the effects, the terminal and the clock.
//!
//! `clock.rs` is the only place that reads the time, `perform/` the only one that changes the world, `out.rs` the
//! only one that writes to the terminal, `term.rs` the only one that changes the terminal's mode and puts it back.
//! `desk.rs` is the one thread that writes the log, `others.rs` what it knows of other consoles', `input.rs` the one
//! that reads keys (`typed.rs` understands their bytes), `engine.rs` the loop without a terminal, `console.rs` the loop
//! with one.

pub mod clock;
pub mod console;
pub mod desk;
pub mod engine;
pub mod input;
pub mod log_rows;
mod others;
pub mod out;
pub mod own_memory;
pub mod perform;
pub mod start;
pub mod term;
pub mod turn;
mod typed;

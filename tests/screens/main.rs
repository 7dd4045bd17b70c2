//! Screens: the same frames in text and in roles as the golden files, at four sizes; never a panic at any size.
//!
//! `UPDATE_GOLDEN=1 cargo test --test screens` writes the golden files and the pictures anew.
#![expect(
    clippy::unwrap_used,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::format_push_string,
    reason = "a test that cannot make its night fails, and a night is long"
)]

mod drawings;
mod estate;
mod golden;
mod pictures;
mod sizes;
mod world;

//! stand-in
use super::State; use super::nav::Screen;
/// Rows.
pub fn rows(_: &State, _: Screen, _: usize) -> Vec<String> { Vec::new() }

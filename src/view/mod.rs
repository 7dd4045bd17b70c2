//! What is seen? Everything that stands on the screen, and the same as plain lines.
//!
//! `draw` puts a state into a buffer; `screens/` has one file for each screen, `widgets/` the grammar they share;
//! `role` names what a piece is, `theme` says how that looks; `lines` is the form without a screen, `svg` a picture.
//! To add a screen: one file with its `SCREEN`, one line in `screens/mod.rs`.

pub mod draw;
pub mod lines;
pub mod role;
pub mod screens;
pub mod svg;
pub mod theme;
pub mod widgets;

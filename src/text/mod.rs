//! Is it safe to show? Text from outside, widths, ages in words.
//!
//! Pure: no clock, no input, no other room. [`SafeText`] is the only form in which text from a
//! cluster, a file or a person travels through the house; [`words`] turns numbers and instants
//! into what the screens draw; [`mod@width`] measures, pads, cuts and wraps in terminal cells.
//! To add a way of saying a number, add a function and its table of examples to `words.rs`.

pub mod safe;
pub mod width;
pub mod words;

pub use safe::SafeText;
pub use width::{cut_end, cut_middle, pad, pad_left, width, wrap};
pub use words::{age, bytes, clock, clock_seconds, column_clock, count, hex, left, percent, took};

//! Screens: the same frames in text and in roles as the golden files, at four sizes; never a panic at any size.
//!
//! `UPDATE_GOLDEN=1 cargo test --test screens` writes the golden files and the pictures anew.

mod drawings;
mod estate;
mod golden;
mod pictures;
mod sizes;

//! What should we do? Runbooks (files), plans (expanded and digested) and runs (folds of log entries).
//!
//! No async, no clock, no I/O in this room. A step kind is one file in `steps/` with `brief`, `op` and `verdict`;
//! to add one, add the file and a variant in `steps/mod.rs`.
//!
//! A file becomes a [`book::Book`] (`parse`, `yaml`, `lint`); [`open::open`] begins a [`run::Run`]; `engine` and
//! `press` say what it does next; `fold` takes what became of it; `card` and `paper` put it into words.

pub mod book;
pub mod card;
mod doubt;
mod doubt_card;
pub mod engine;
pub mod event;
pub mod expand;
pub mod fold;
mod hidden;
mod holds;
pub mod journal;
pub mod library;
mod lint;
pub mod open;
mod owed;
pub mod paper;
pub mod parse;
pub mod plan;
pub mod press;
pub mod problem;
pub mod reading;
pub mod report;
pub mod run;
pub mod sight;
pub mod steps;
mod undo;
mod undo_card;
mod undo_item;
mod undo_list;
pub mod values;
mod yaml;

#[cfg(test)]
mod tests;

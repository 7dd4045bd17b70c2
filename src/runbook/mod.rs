//! What should we do? Runbooks (files), plans (expanded and digested) and runs (folds of log entries).
//!
//! No async, no clock, no I/O in this room. A step kind is one file in `steps/` with `brief`, `op` and `verdict`;
//! to add one, add the file and a variant in `steps/mod.rs`.

pub mod plan;
pub mod run;

//! The trouble on a cluster's wire that a story asks for: lines of a fault plan.
//!
//! The story only says what and when; what breaks the wire reads it here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// One line of a fault plan and the instant from which it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From when.
    pub at: Timestamp,
    /// The plan, such as `verb=watch fault=stall for=10m`.
    pub plan: String,
}

/// The lines that a story has asked for so far; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Wire {
    fn guard(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line.
    pub fn ask(&self, at: Timestamp, plan: &str) {
        let plan = plan.to_owned();
        self.guard().push(Line { at, plan });
    }

    /// All lines asked for so far, oldest first.
    pub fn lines(&self) -> Vec<Line> {
        self.guard().clone()
    }
}

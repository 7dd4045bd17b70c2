//! Other consoles on this host that write the same log: which runs they have taken further.

use std::collections::BTreeSet;

use crate::audit::AuditError;
use crate::audit::Entry;
use crate::text::SafeText;

/// What other consoles have written since this one began: what is remembered here of those runs is not the whole story
/// any more, so nothing is recorded or sent for them.
#[derive(Debug, Default)]
pub(super) struct Others {
    runs: BTreeSet<SafeText>,
    /// True once entries of theirs could not be read: any run may be among them.
    unread: bool,
}

impl Others {
    /// Takes note of entries that others wrote.
    pub(super) fn wrote(&mut self, entries: Result<Vec<Entry>, AuditError>) {
        match entries {
            Ok(entries) => {
                let runs = entries.into_iter().filter_map(|entry| entry.run);
                self.runs.extend(runs);
            }
            Err(_) => self.unread = true,
        }
    }

    /// Whether they left this run alone.
    ///
    /// # Errors
    /// One sentence, when they wrote about it or may have.
    pub(super) fn left(&self, run: &SafeText) -> Result<(), SafeText> {
        if !self.unread && !self.runs.contains(run) {
            return Ok(());
        }
        Err(SafeText::new(
            "another console on this host has taken this run further; nothing was sent. Leave with q and start anew.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_may_be_about_any_run() {
        let mut others = Others::default();
        assert!(others.left(&"7f3a".into()).is_ok());
        others.wrote(Err(AuditError::Stopped { path: "log".into() }));
        assert!(others.left(&"7f3a".into()).is_err());
    }
}

//! Entries as lines of the log screen.

use crate::audit::Entry;
use crate::audit::Kind;
use crate::state::LogRow;
use crate::text::SafeText;

/// Lines of the log screen. An intent shows `no outcome` until its outcome is among the entries.
pub fn rows(entries: &[Entry]) -> Vec<LogRow> {
    let answered = |intent: &Entry| {
        entries.iter().any(|entry| {
            entry.kind == Kind::ApiOutcome
                && entry.audit_id().is_some()
                && entry.audit_id() == intent.audit_id()
        })
    };
    let row = |entry: &Entry| LogRow {
        entry: entry.seq,
        at: entry.ts,
        who: entry.actor.login.as_ref().map_or_else(
            || SafeText::new("-"),
            |login| SafeText::new(short(login.as_str())),
        ),
        run: entry.run.as_ref().map_or_else(
            || SafeText::new("-"),
            |run| SafeText::new(run.as_str().get(..4).unwrap_or(run.as_str())),
        ),
        what: SafeText::new(&entry.what()),
        result: match entry.kind {
            Kind::ApiIntent if !answered(entry) => SafeText::new("no outcome"),
            Kind::ApiIntent => SafeText::default(),
            _ => SafeText::new(&entry.result().unwrap_or_default()),
        },
    };
    entries.iter().map(row).collect()
}

fn short(login: &str) -> &str {
    login.split_once('@').map_or(login, |(name, _)| name)
}

//! What an entry is about, as a dotted name.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::text::SafeText;

/// What an entry is about; a name this build does not know is kept as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each variant is its dotted name, listed once in NAMES and explained in docs/log-format.md"
)]
pub enum Kind {
    SessionOpened,
    SessionSignedIn,
    SessionRenewed,
    SessionSignedOut,
    SessionIdle,
    SessionRefused,
    SessionLost,
    SessionClosed,
    ViewSensitive,
    RunOpened,
    RunPlanned,
    RunStarted,
    RunHeld,
    RunResumed,
    RunEnded,
    RunAborted,
    StepBegun,
    StepAsked,
    StepAnswered,
    StepDone,
    StepFailed,
    StepSkipped,
    StepInDoubt,
    StepUndone,
    ApiIntent,
    ApiOutcome,
    ApprovalAsked,
    ApprovalGiven,
    ApprovalRefused,
    HandoverOffered,
    HandoverTaken,
    LogOpen,
    LogKey,
    LogTorn,
    LogClockRegressed,
    LogBreak,
    LogVerified,
    LogRedacted,
    LogExported,
    ConfigLoaded,
    ConfigTrusted,
    BreakglassOpened,
    BreakglassClosed,
    BreakglassReview,
    SinkLagging,
    SinkRejected,
    Other(SafeText),
}

/// Every kind with its name on disk.
const NAMES: &[(Kind, &str)] = &[
    (Kind::SessionOpened, "session.opened"),
    (Kind::SessionSignedIn, "session.signed_in"),
    (Kind::SessionRenewed, "session.renewed"),
    (Kind::SessionSignedOut, "session.signed_out"),
    (Kind::SessionIdle, "session.idle"),
    (Kind::SessionRefused, "session.refused"),
    (Kind::SessionLost, "session.lost"),
    (Kind::SessionClosed, "session.closed"),
    (Kind::ViewSensitive, "view.sensitive"),
    (Kind::RunOpened, "run.opened"),
    (Kind::RunPlanned, "run.planned"),
    (Kind::RunStarted, "run.started"),
    (Kind::RunHeld, "run.held"),
    (Kind::RunResumed, "run.resumed"),
    (Kind::RunEnded, "run.ended"),
    (Kind::RunAborted, "run.aborted"),
    (Kind::StepBegun, "step.begun"),
    (Kind::StepAsked, "step.asked"),
    (Kind::StepAnswered, "step.answered"),
    (Kind::StepDone, "step.done"),
    (Kind::StepFailed, "step.failed"),
    (Kind::StepSkipped, "step.skipped"),
    (Kind::StepInDoubt, "step.in_doubt"),
    (Kind::StepUndone, "step.undone"),
    (Kind::ApiIntent, "api.intent"),
    (Kind::ApiOutcome, "api.outcome"),
    (Kind::ApprovalAsked, "approval.asked"),
    (Kind::ApprovalGiven, "approval.given"),
    (Kind::ApprovalRefused, "approval.refused"),
    (Kind::HandoverOffered, "handover.offered"),
    (Kind::HandoverTaken, "handover.taken"),
    (Kind::LogOpen, "log.open"),
    (Kind::LogKey, "log.key"),
    (Kind::LogTorn, "log.torn"),
    (Kind::LogClockRegressed, "log.clock_regressed"),
    (Kind::LogBreak, "log.break"),
    (Kind::LogVerified, "log.verified"),
    (Kind::LogRedacted, "log.redacted"),
    (Kind::LogExported, "log.exported"),
    (Kind::ConfigLoaded, "config.loaded"),
    (Kind::ConfigTrusted, "config.trusted"),
    (Kind::BreakglassOpened, "breakglass.opened"),
    (Kind::BreakglassClosed, "breakglass.closed"),
    (Kind::BreakglassReview, "breakglass.review"),
    (Kind::SinkLagging, "sink.lagging"),
    (Kind::SinkRejected, "sink.rejected"),
];

impl Kind {
    /// Gives the dotted name, as it stands on disk.
    pub fn name(&self) -> &str {
        if let Self::Other(name) = self {
            return name.as_str();
        }
        NAMES
            .iter()
            .find(|(kind, _)| kind == self)
            .map_or("unnamed", |(_, name)| name)
    }

    /// Finds the kind of a dotted name; an unknown one is kept as [`Kind::Other`].
    pub fn from_name(name: &str) -> Self {
        NAMES.iter().find(|(_, known)| *known == name).map_or_else(
            || Self::Other(SafeText::new(name)),
            |(kind, _)| kind.clone(),
        )
    }

    /// Gives the part of the name after the dot, with spaces: `in doubt`.
    pub fn verb(&self) -> String {
        let name = self.name();
        name.split_once('.')
            .map_or(name, |(_, verb)| verb)
            .replace('_', " ")
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SafeText::deserialize(deserializer).map(|name| Self::from_name(name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_is_dotted_once() {
        for (kind, name) in NAMES {
            assert_eq!(&Kind::from_name(name), kind);
            assert_eq!(kind.name(), *name);
            assert_eq!(name.matches('.').count(), 1, "{name}");
        }
        assert_eq!(Kind::StepInDoubt.verb(), "in doubt");
    }

    #[test]
    fn an_entry_of_every_kind_says_under_which_policy_it_was_written() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("log");
        let stamp = crate::audit::Stamp {
            ts: jiff::Timestamp::UNIX_EPOCH,
            mono_ns: 1,
            boot: "b".to_owned(),
        };
        let mut log = crate::audit::Log::open_under(&dir, "jump-1/id", "self", &stamp).unwrap();
        for (kind, _) in NAMES {
            let draft = crate::audit::Draft::new(kind.clone());
            log.append(draft, None, &stamp).unwrap();
        }
        let entries = log.entries(1, log.size()).unwrap();
        assert_eq!(entries.len(), NAMES.len() + 1, "and how the log began");
        for entry in entries {
            let policy = entry.policy.as_ref().map(SafeText::as_str);
            assert_eq!(policy, Some("self"), "{}", entry.kind.name());
        }
    }

    #[test]
    fn a_later_name_is_kept() {
        let kind: Kind = serde_json::from_str("\"moon.landed\"").unwrap();
        assert_eq!(kind, Kind::Other(SafeText::new("moon.landed")));
        assert_eq!(serde_json::to_string(&kind).unwrap(), "\"moon.landed\"");
    }

    #[test]
    fn every_kind_has_a_name() {
        // `SinkRejected` is the last before `Other`; a variant left out of NAMES shifts the count.
        assert_eq!(NAMES.len(), 46);
        let mut names: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
    }
}

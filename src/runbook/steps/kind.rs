//! The closed list of step kinds, with what the linter and the engine must know of each.

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Asks for every right that a later step needs.
    MayI,
    /// Asks Velero for a sign of life.
    ServerAlive,
    /// Takes one recovery point.
    ChooseBackup,
    /// Compares the backup with what is there.
    Survey,
    /// Has the target's name typed.
    ConfirmTarget,
    /// Suspends the Kustomization that keeps the target.
    HoldAutomation,
    /// Backs up what is there.
    SafetyCopy,
    /// Sends a Restore.
    Restore,
    /// Waits until the Restore has ended.
    Watch,
    /// Checks that what was planned is there.
    Verify,
    /// Takes back what hold-automation did.
    GiveBack,
}

impl Kind {
    /// Every kind, in the usual order.
    pub const ALL: [Kind; 11] = [
        Kind::MayI,
        Kind::ServerAlive,
        Kind::ChooseBackup,
        Kind::Survey,
        Kind::ConfirmTarget,
        Kind::HoldAutomation,
        Kind::SafetyCopy,
        Kind::Restore,
        Kind::Watch,
        Kind::Verify,
        Kind::GiveBack,
    ];

    /// Its name in runbooks and plans.
    pub fn word(self) -> &'static str {
        match self {
            Kind::MayI => "may-i",
            Kind::ServerAlive => "server-alive",
            Kind::ChooseBackup => "choose-backup",
            Kind::Survey => "survey",
            Kind::ConfirmTarget => "confirm-target",
            Kind::HoldAutomation => "hold-automation",
            Kind::SafetyCopy => "safety-copy",
            Kind::Restore => "restore",
            Kind::Watch => "watch",
            Kind::Verify => "verify",
            Kind::GiveBack => "give-back",
        }
    }

    /// The kind of that name.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// True for the kinds that stand before the plan and change nothing.
    pub fn prepares(self) -> bool {
        matches!(
            self,
            Kind::MayI | Kind::ServerAlive | Kind::ChooseBackup | Kind::Survey
        )
    }

    /// True for the kinds that change the cluster.
    pub fn changes(self) -> bool {
        matches!(
            self,
            Kind::HoldAutomation | Kind::SafetyCopy | Kind::Restore | Kind::GiveBack
        )
    }

    /// The keys that its block must have, beyond kind, timeout, done, undo and skip.
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Kind::ConfirmTarget => &["typed"],
            Kind::SafetyCopy => &["name", "keep"],
            Kind::Restore => &["name", "backup", "typed"],
            Kind::Watch | Kind::Verify | Kind::GiveBack => &["of"],
            _ => &[],
        }
    }

    /// The one way in which it is taken back; `None` when it changes nothing.
    pub fn undo(self) -> Option<&'static str> {
        match self {
            Kind::HoldAutomation => Some("resume"),
            Kind::SafetyCopy => Some("expires"),
            Kind::Restore => Some("delete-created"),
            Kind::GiveBack => Some("none"),
            _ => None,
        }
    }

    /// True when a book may allow it to be left out with a reason.
    pub fn may_skip(self) -> bool {
        matches!(
            self,
            Kind::HoldAutomation | Kind::SafetyCopy | Kind::Verify | Kind::GiveBack
        )
    }
}

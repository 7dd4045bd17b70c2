//! What a person can do, each with one name that the palette, the footer and the help share.

use super::nav::Screen;
use crate::auth::audience::Audience;
use crate::sources::secret::SecretRef;

/// One thing a person can do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Switch to a screen.
    Go(Screen),
    /// Open what is marked.
    Open,
    /// Go back; on the board, leave.
    Back,
    /// Leave, from anywhere.
    Quit,
    /// Cancel; twice in two seconds leaves.
    Cancel,
    /// Draw the whole screen again.
    Redraw,
    /// Ask the sources again.
    Refresh,
    /// Open the palette.
    Palette,
    /// Filter the list.
    Filter,
    /// Show the keys.
    Help,
    /// Show the runbooks that treat the marked finding.
    Runbooks,
    /// Swap ages and clock times.
    Times,
    /// Show what is folded or hidden.
    Hidden,
    /// Move the mark or the text by lines; pages when `page`.
    Move {
        /// Lines or pages, negative upwards.
        by: i32,
        /// True for pages.
        page: bool,
    },
    /// To the first (`false`) or last (`true`) row.
    End(bool),
    /// Next (`true`) or previous pane.
    Pane(bool),
    /// The neighbour: next or previous zone, or request.
    Side(bool),
    /// Ask for a new code.
    CodeNew,
    /// Sign in by pasting the address that a browser ends on.
    CodePaste,
    /// Sign in to this audience as well, from the palette.
    SignInTo(Audience),
    /// Swap black and white of the QR code.
    CodeSwap,
    /// Sign out.
    SignOut,
    /// Sign out of this audience.
    SignOutOf(Audience),
    /// Fill in the runbook that is marked or read.
    Fill,
    /// Do what the run's pane shows.
    RunDo,
    /// Skip the step, with a reason.
    RunSkip,
    /// Take back, newest first.
    RunUndo,
    /// Put the run down.
    RunHold,
    /// End the run, with a reason.
    RunAbort,
    /// Show the plan.
    RunPlan,
    /// Check the log against itself.
    LogVerify,
    /// Follow the log.
    LogFollow,
    /// Text field: a character.
    Type(char),
    /// Text field: several characters at once, from a bracketed paste.
    Paste(String),
    /// Text field: Backspace.
    Backspace,
    /// Text field: Delete.
    Delete,
    /// Text field: erase the word before the cursor.
    EraseWord,
    /// Text field: erase to the left.
    EraseLeft,
    /// Text field: move the cursor by characters.
    Cursor(isize),
    /// Text field: to the start (`false`) or end.
    CursorEnd(bool),
    /// Text field: next (`true`) or previous field, or choice.
    Field(bool),
    /// Palette: mark this command.
    Choose(String),
    /// Text field: accept.
    Accept,
    /// Text field: leave.
    Leave,
    /// Run a runbook by its id, from the palette.
    RunBook(String),
    /// Look at the names of a Secret's keys, from the palette; `None` while it is not named.
    SecretKeys(Option<SecretRef>),
    /// Take up a run that was interrupted or held, by id.
    Resume(String),
}

//! What `update` asks for. Only `app/perform.rs` carries it out.

use crate::config::ClusterName;
use crate::runbook::engine::Reading;
use crate::runbook::event::Opened;
use crate::runbook::event::RunEvent;
use crate::runbook::run::Run;
use crate::sources::op::Op;

/// One thing to be done outside.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Begin to sign in with the first issuer, or anew.
    SignIn,
    /// In the demo: answer the sign-in as this person.
    AnswerSignIn {
        /// Name of the simulated person.
        person: String,
        /// Where the answer goes.
        endpoint: String,
        /// The code that was shown.
        user_code: String,
    },
    /// Give the token back and forget it.
    SignOut,
    /// Connect to these clusters again, with a new generation.
    Connect(Vec<ClusterName>),
    /// Write that a run was opened.
    Open {
        /// How it begins.
        opened: Box<Opened>,
    },
    /// Write what a run did.
    Record {
        /// The run as it stands (before this event).
        run: Box<Run>,
        /// What to write.
        event: RunEvent,
    },
    /// Read for a run; its answer comes back as an event.
    Read {
        /// Which run.
        run: Box<Run>,
        /// What.
        reading: Reading,
    },
    /// Record the intent, get a permit, send one request, record the outcome.
    Send {
        /// Which run.
        run: Box<Run>,
        /// Step number.
        step: u32,
        /// What to send.
        op: Op,
        /// True when it takes a step back.
        undo: bool,
        /// Generation of the connection it was previewed on.
        generation: u64,
    },
    /// Verify the log from disk.
    VerifyLog,
    /// Try to write the log again.
    TryLog,
    /// Keep the board for the next start.
    SaveLastKnown,
    /// Draw everything anew.
    Redraw,
    /// End the program.
    Quit,
}

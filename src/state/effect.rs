//! What `update` asks for. Only `app/perform.rs` carries it out.

use crate::auth::audience::Audience;
use crate::config::ClusterName;
use crate::config::Secret;
use crate::runbook::engine::Command;
use crate::runbook::event::RunEvent;
use crate::runbook::run::Run;
use crate::sources::op::Op;
use crate::sources::secret::SecretRef;

/// What a person saw of a request before the key that sends it: nothing else is sent by that key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Generation of the connection to the run's cluster at that frame.
    pub generation: u64,
    /// SHA-256 of the request on the card, hex; empty where the card held none.
    pub digest: String,
}

/// One thing to be done outside.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Begin to sign in to this audience, or anew.
    SignIn(Audience),
    /// Begin to sign in to this audience, whatever is kept: somebody must prove that they are here.
    ProveAnew(Audience),
    /// The console was left alone: record it, give these tokens back, close every connection.
    Leave(Vec<Audience>),
    /// Take up a sign-in to this audience that is kept from before; where nothing is, nobody is asked.
    TakeUp(Audience),
    /// Begin to sign in to this audience by an address that is pasted, whatever its flow is.
    SignInByPaste(Audience),
    /// The address that a browser ended on, for the sign-in that waits for it.
    Redirect {
        /// Which sign-in.
        audience: Audience,
        /// What was pasted; there is a code in it.
        address: Secret,
    },
    /// Give up a sign-in that is under way: nobody waits for its answer any more.
    CancelSignIn(Audience),
    /// In the demo: answer the sign-in as this person.
    AnswerSignIn {
        /// Which sign-in.
        audience: Audience,
        /// Name of the simulated person.
        person: String,
        /// Where the answer goes.
        endpoint: String,
        /// The code that was shown.
        user_code: String,
    },
    /// Give the tokens of this audience back and forget them.
    SignOut(Audience),
    /// Connect to these clusters again, with a new generation.
    Connect(Vec<ClusterName>),
    /// Close the connections to these clusters: nobody is signed in to them any more.
    Disconnect(Vec<ClusterName>),
    /// Write that a run was opened; it gets its id there.
    Open {
        /// How it begins, its id still empty.
        opened: Box<RunEvent>,
    },
    /// Carry out what a run wants, in order; the rest is dropped when one fails. `Carried` comes back at the end.
    Carry {
        /// The run as it stands.
        run: Box<Run>,
        /// What it wants.
        commands: Vec<Command>,
        /// Generation of the connection it was previewed on.
        generation: u64,
        /// SHA-256, hex, of the request that a person saw before the key; nothing for what goes on by itself.
        digest: Option<String>,
    },
    /// Ask a cluster what this person may do.
    AskRights {
        /// The cluster.
        cluster: ClusterName,
        /// Generation of the connection to ask on.
        generation: u64,
        /// Access reviews.
        questions: Vec<Op>,
        /// The namespace whose rules are listed.
        namespace: String,
        /// Namespaces of zones, whose rules are listed too.
        places: Vec<String>,
    },
    /// Record that the names of a Secret's keys are looked at, then read them.
    SecretKeys {
        /// Which Secret.
        which: SecretRef,
        /// Generation of the connection to ask on.
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

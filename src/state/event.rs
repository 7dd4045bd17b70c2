//! What happened. Every event carries its moment; what comes from a cluster carries cluster and generation.

use jiff::Timestamp;

use super::LogRow;
use super::action::Action;
use crate::auth::audience::Audience;
use crate::auth::given_back::GivenBack;
use crate::auth::person::Person;
use crate::auth::sign_in;
use crate::config::ClusterName;
use crate::runbook::event::RunEvent;
use crate::runbook::reading::Heard;
use crate::sources::fact::Fact;
use crate::sources::level::Level;
use crate::sources::moment::Moment;
use crate::sources::secret::SecretKeys;
use crate::sources::secret::SecretRef;
use crate::sources::traffic::Traffic;
use crate::text::SafeText;

/// One thing that happened, and when.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it reached us.
    pub at: Moment,
    /// What it is.
    pub what: What,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum What {
    /// A person did something. `alone` is false when the key came with other bytes in one read.
    Action {
        /// What.
        action: Action,
        /// Whether the key came alone.
        alone: bool,
    },
    /// A source saw something.
    Fact {
        /// Of which cluster.
        cluster: ClusterName,
        /// On which connection.
        generation: u64,
        /// What.
        fact: Fact,
    },
    /// A connection is being made.
    Connecting {
        /// To which cluster.
        cluster: ClusterName,
        /// Its generation.
        generation: u64,
    },
    /// The counters of a connection were looked at.
    Traffic {
        /// To which cluster.
        cluster: ClusterName,
        /// Its generation.
        generation: u64,
        /// What it carries.
        traffic: Traffic,
    },
    /// A console begins: from now on it is noticed when nobody presses a key.
    Attended,
    /// The console came to life: clusters that need no sign-in are connected.
    Begun,
    /// A sign-in moved on.
    SignIn {
        /// To which audience.
        audience: Audience,
        /// How.
        step: sign_in::Event,
    },
    /// It was looked whether a sign-in is kept from before, and none that is of use was found.
    NothingKept {
        /// To which audience.
        audience: Audience,
    },
    /// The tokens of a sign-in were to be given back.
    GivenBack {
        /// To which audience.
        audience: Audience,
        /// What became of them.
        how: GivenBack,
    },
    /// The tokens of a sign-in will be renewed.
    Renews {
        /// To which audience.
        audience: Audience,
        /// When.
        at: Timestamp,
    },
    /// Somebody is known without an issuer.
    Person {
        /// Who.
        person: Person,
        /// The cluster whose kubeconfig says so; `None` for everywhere (`--as`).
        cluster: Option<ClusterName>,
    },
    /// Tokens cannot be kept as the configuration says: why, in one sentence.
    TokensUnkept(SafeText),
    /// An entry was written (by us or by another console on this host).
    Logged {
        /// Entries in the log now.
        entries: u64,
        /// The newest ones.
        rows: Vec<LogRow>,
    },
    /// The log could not be written.
    LogStopped(super::Stopped),
    /// The log can be written again.
    LogBack,
    /// The log was verified.
    Verified(Vec<(Level, SafeText)>),
    /// An entry of a run was written: its number and time.
    RunLogged {
        /// Which run.
        run: String,
        /// What it says.
        event: Box<RunEvent>,
        /// Entry number.
        entry: u64,
        /// Its time.
        at: Timestamp,
    },
    /// What a run asked for came back.
    Answered {
        /// Which run.
        run: String,
        /// The question, the answer and when.
        heard: Heard,
    },
    /// Everything a run wanted was carried out, or given up.
    Carried {
        /// Which run; empty for one that has no id yet.
        run: String,
        /// True when all of it was reading.
        read: bool,
        /// Why the rest was given up, in words; `None` when all of it was carried out.
        failed: Option<SafeText>,
    },
    /// The names of a Secret's keys came, or why not.
    SecretKeys {
        /// Which Secret.
        which: SecretRef,
        /// The names, or why there are none.
        answer: Result<SecretKeys, SafeText>,
    },
    /// A second passed.
    Tick,
    /// A frame was drawn.
    Drawn {
        /// Identity of the card that it shows whole; `None` when it shows none, or not all of it.
        card: Option<String>,
    },
    /// The frame that was drawn shows a text that can be scrolled so far: its last first line.
    TextEnd(usize),
    /// The terminal has this size now.
    Resize(u16, u16),
    /// The terminal hung up or the system asks us to end.
    HangUp,
}

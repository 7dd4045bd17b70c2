//! What is true now? The state, the events that change it, the actions a person can take and the effects it asks for.
//!
//! Only `update` changes a [`State`]; it is synchronous and total, and knows no clock: every event carries its
//! moment. `update/` has one file per noun. What has to happen outside comes back as [`effect::Effect`]s.

pub mod action;
pub mod effect;
pub mod event;
pub mod nav;
pub mod presence;
pub mod prompt;
pub mod rows;
pub mod sign_ins;
pub mod update;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::auth::audience::Audience;
use crate::auth::person::Person;
use crate::auth::session::Session;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::Config;
use crate::runbook::library::Library;
use crate::runbook::reading::Heard;
use crate::runbook::run::Run;
use crate::sources::board;
use crate::sources::board::Board;
use crate::sources::moment::Moment;
use crate::sources::secret::SecretKeys;
use crate::sources::secret::SecretRef;
use crate::sources::traffic::Traffic;
use crate::sources::world::World;
use crate::sources::zones;
use crate::text::SafeText;

use nav::Nav;
use presence::Presence;
use prompt::Prompt;
use sign_ins::SignIns;

/// Columns and rows of the smallest window that shows a screen, and with it a request, whole.
pub const WHOLE: (u16, u16) = (80, 24);

/// Who and where this console is, as far as it does not change while it runs.
#[derive(Clone, Debug, Default)]
pub struct Here {
    /// Name of this host.
    pub host: SafeText,
    /// Terminal of this console, `pts/3`; empty where there is none.
    pub tty: SafeText,
    /// The address that terminal is used from, where SSH tells it; empty otherwise.
    pub remote: SafeText,
    /// True once the estate is known to be simulated: loopback servers and version-8 uids.
    pub simulated: bool,
    /// Where the log is kept, for sentences about it.
    pub log_dir: SafeText,
    /// Version of this program.
    pub version: &'static str,
}

/// What the console remembers of the log.
#[derive(Clone, Debug, Default)]
pub struct LogView {
    /// How it is kept: `chained` until checkpoints exist.
    pub custody: &'static str,
    /// Entries in it.
    pub entries: u64,
    /// The newest entries, newest last, at most 500.
    pub rows: Vec<LogRow>,
    /// What the last verification said: level word and sentences; empty before the first.
    pub verified: Vec<(crate::sources::level::Level, SafeText)>,
    /// Why it cannot be written, when it cannot; changes are off while this is set.
    pub stopped: Option<Stopped>,
    /// True while new entries move the mark.
    pub following: bool,
}

/// One line of the log screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Entry number.
    pub entry: u64,
    /// When.
    pub at: jiff::Timestamp,
    /// Who, short; `-` when nobody.
    pub who: SafeText,
    /// Run, four hex; `-` when none.
    pub run: SafeText,
    /// What.
    pub what: SafeText,
    /// Result; `no outcome` for an intent that has none.
    pub result: SafeText,
}

/// Why the log cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// What failed: `Entry 1 327 could not be written: no space left on device.`
    pub what: SafeText,
    /// Where.
    pub place: SafeText,
    /// What to do next, in order.
    pub next: Vec<SafeText>,
    /// Since when.
    pub since: Moment,
    /// True when the log itself is not as it was written: changes stay off in this folder.
    pub damaged: bool,
}

/// The last known board from disk, shown until something live replaces it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastKnown {
    /// When it was saved.
    pub saved: Option<jiff::Timestamp>,
    /// The board as it stood: its cells are shown as history.
    pub board: Board,
}

/// Everything that is true now.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, not a state of one machine"
)]
pub struct State {
    /// What we were told.
    pub config: Arc<Config>,
    /// The runbooks.
    pub library: Arc<Library>,
    /// This host and this program.
    pub here: Here,
    /// The moment of the last event.
    pub now: Moment,
    /// The moment at which `board` and every age on screen was judged: advanced by facts, and once a minute.
    pub judged_at: Moment,
    /// What is out there.
    pub world: World,
    /// The board, judged at `judged_at`.
    pub board: Board,
    /// The zone on screen, judged at `judged_at`; `None` while no zone is on screen.
    pub zone: Option<zones::Detail>,
    /// The board from disk.
    pub last_known: LastKnown,
    /// The sign-ins, one for each audience that some cluster takes.
    pub sign_ins: SignIns,
    /// Who acts, once signed in (or known from a certificate): the first one, where there are several.
    pub person: Option<Person>,
    /// Who acts on each cluster; a cluster that is missing here knows nobody. Empty while one person acts everywhere.
    pub people: BTreeMap<ClusterName, Person>,
    /// What each connection carries, with its generation.
    pub traffic: BTreeMap<ClusterName, (u64, Traffic)>,
    /// The clusters that are read by their fallback, because their issuer is down: who acts there is not proved.
    pub fallbacks: BTreeSet<ClusterName>,
    /// Whether somebody sits here.
    pub presence: Presence,
    /// Why tokens are not kept as the configuration says, when they are not.
    pub unkept: Option<SafeText>,
    /// The log.
    pub log: LogView,
    /// Every run in this estate's log, newest first.
    pub runs: Vec<Run>,
    /// Id of the run on screen.
    pub open_run: Option<String>,
    /// The run (by id) that something is being carried out for: no key sends meanwhile.
    pub busy: Option<String>,
    /// True while the open run is reading; keys do not wait for that.
    pub reading: bool,
    /// Why the last run could not be opened, for the line-by-line form.
    pub refusal: Option<SafeText>,
    /// The answer to the open run's last reading.
    pub heard: Option<Heard>,
    /// When each cluster was last asked what this person may do, and on which connection.
    pub rights_asked: BTreeMap<ClusterName, (u64, Moment)>,
    /// The Secret whose keys' names were looked at last.
    pub secret: Option<(SecretRef, SecretKeys)>,
    /// Where the person is.
    pub nav: Nav,
    /// What is being typed, when something is.
    pub prompt: Option<Prompt>,
    /// One sentence in the last body line until the next key.
    pub message: Option<SafeText>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// When the frame was drawn that first showed the present card whole; a sending key counts 300 ms later.
    pub card_shown: Option<(String, Moment)>,
    /// When Ctrl-C was last pressed.
    pub cancelled_at: Option<Moment>,
    /// True when the board must be judged anew before the next frame.
    pub stale: bool,
    /// Counts what may have changed a word on screen; a frame is drawn only when it moved.
    pub revision: u64,
    /// True when the QR code is drawn white on black.
    pub qr_swapped: bool,
    /// True when the program should end.
    pub quitting: bool,
}

impl State {
    /// A state that knows the configuration and the runbooks, and nothing of the world.
    pub fn new(config: Arc<Config>, library: Arc<Library>, now: Moment) -> State {
        let world = World::default();
        State {
            board: board::judge(&config, &world, now),
            sign_ins: SignIns::new(&config),
            config,
            library,
            here: Here::default(),
            now,
            judged_at: now,
            world,
            zone: None,
            last_known: LastKnown::default(),
            person: None,
            people: BTreeMap::new(),
            traffic: BTreeMap::new(),
            fallbacks: BTreeSet::new(),
            presence: Presence::default(),
            unkept: None,
            log: LogView::default(),
            runs: Vec::new(),
            open_run: None,
            busy: None,
            reading: false,
            refusal: None,
            heard: None,
            rights_asked: BTreeMap::new(),
            secret: None,
            nav: Nav::default(),
            prompt: None,
            message: None,
            size: WHOLE,
            card_shown: None,
            cancelled_at: None,
            stale: false,
            revision: 0,
            qr_swapped: false,
            quitting: false,
        }
    }

    /// Notes that a word on screen may have changed.
    pub(crate) fn changed(&mut self) {
        self.revision += 1;
    }

    /// Says one sentence in the last body line, until the next key.
    pub(crate) fn say(&mut self, sentence: impl Into<SafeText>) {
        self.message = Some(sentence.into());
        self.changed();
    }

    /// True when the window is large enough to show a request in full.
    pub fn roomy(&self) -> bool {
        self.size.0 >= WHOLE.0 && self.size.1 >= WHOLE.1
    }

    /// Who acts on a cluster; `None` where nobody is signed in.
    pub fn person_on(&self, cluster: &ClusterName) -> Option<&Person> {
        if self.fallbacks.contains(cluster) {
            return None;
        }
        if self.people.is_empty() {
            return self.person.as_ref();
        }
        self.people.get(cluster)
    }

    /// Who acts on the run on screen; without one, who acts at all.
    pub fn acting(&self) -> Option<&Person> {
        match self.run() {
            Some(run) => self.person_on(&run.cluster),
            None => self.person.as_ref(),
        }
    }

    /// The sign-in that serves a cluster; `None` while nobody is signed in there, or where none is needed.
    pub fn session_on(&self, cluster: &ClusterName) -> Option<&Session> {
        let found = self.config.cluster(cluster)?;
        self.sign_ins.session(&Audience::of(found, &self.config)?)
    }

    /// Seconds until the sign-in that serves a cluster ends, as last judged; `None` as for [`State::session_on`].
    pub fn session_left_s(&self, cluster: &ClusterName) -> Option<i64> {
        let found = self.config.cluster(cluster)?;
        let audience = Audience::of(found, &self.config)?;
        self.sign_ins.left_s(&audience, self.judged_at)
    }

    /// What the present connection to a cluster carries; `None` until its counters were looked at.
    pub fn traffic_on(&self, cluster: &ClusterName) -> Option<Traffic> {
        let generation = self.world.cluster(cluster)?.generation();
        let (of, traffic) = self.traffic.get(cluster)?;
        (*of == generation).then_some(*traffic)
    }

    /// Whether there is anything to show a cluster: a credential of its own, a sign-in, or its fallback.
    pub fn has_credential(&self, cluster: &Cluster) -> bool {
        let by_file = matches!(
            cluster.auth,
            ClusterAuth::Kubeconfig(_) | ClusterAuth::Eks(_)
        );
        let by_fallback = self.fallbacks.contains(&cluster.name);
        by_file || by_fallback || self.person_on(&cluster.name).is_some()
    }

    /// The run on screen.
    pub fn run(&self) -> Option<&Run> {
        let id = self.open_run.as_deref()?;
        self.runs.iter().find(|run| run.id == id)
    }
}

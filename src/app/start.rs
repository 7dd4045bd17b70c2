//! How a console comes to life: state from disk first, then the log, then whoever is to act. No network yet.

use std::path::PathBuf;
use std::sync::Arc;

use directories::ProjectDirs;
use tokio::sync::mpsc;

use super::clock::Clock;
use super::desk::Desk;
use super::desk::sentence;
use super::engine::EVENTS;
use super::engine::Engine;
use super::log_rows::rows;
use super::perform::Folders;
use super::perform::Perform;
use super::perform::actors::Actors;
use super::perform::attendance::Attendance;
use super::perform::keep;
use super::perform::keeper::Keeper;
use super::perform::tools;
use super::perform::tools::Tools;
use crate::audit;
use crate::audit::AuditError;
use crate::audit::Entry;
use crate::audit::Kind;
use crate::audit::Log;
use crate::audit::volume;
use crate::auth::Person;
use crate::auth::store::sealed::Key;
use crate::config::Config;
use crate::config::Secret;
use crate::runbook::library::Library;
use crate::runbook::run::Run;
use crate::sources::moment::Moment;
use crate::state::Here;
use crate::state::LogView;
use crate::state::State;
use crate::state::Stopped;
use crate::state::action::Action;
use crate::state::event::What;
use crate::state::nav::Screen;
use crate::text::SafeText;
use crate::text::count;

/// Entries of the log that the log screen begins with.
const NEWEST: usize = 500;

/// What a start needs to know.
#[derive(Debug)]
pub struct Start {
    /// The estate.
    pub config: Config,
    /// The runbooks: built in, and those of the user's folder.
    pub library: Library,
    /// Where things are kept.
    pub folders: Folders,
    /// True for a simulated estate.
    pub simulated: bool,
    /// Who acts without signing in, in a simulated estate: the person and their token.
    pub as_person: Option<(Person, Secret)>,
    /// True when the person should be asked to sign in; scripts never ask.
    pub ask: bool,
}

/// Why a start failed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A thread could not be started.
    #[error("a thread could not be started; this host is out of processes")]
    Thread(#[from] std::io::Error),
}

/// Brings an engine to life and asks for what comes first: a sign-in, or the clusters.
///
/// # Errors
/// When a thread cannot be started. A log that cannot be opened is no reason not to look: changes are off then.
pub fn start(start: &Start) -> Result<Engine, StartError> {
    start_by(start, Clock::start())
}

/// As [`start`], by a clock of the caller's.
///
/// # Errors
/// As [`start`].
pub fn start_by(start: &Start, clock: Clock) -> Result<Engine, StartError> {
    start_with(start, clock, None)
}

/// As [`start_by`], with what opens the encrypted file that refresh tokens are kept in.
///
/// # Errors
/// As [`start`].
pub fn start_with(start: &Start, clock: Clock, key: Option<Key>) -> Result<Engine, StartError> {
    let host = SafeText::new(&rustix::system::uname().nodename().to_string_lossy());
    let folder = start.folders.log.clone();
    let origin = format!("{host}/{}", start.config.estate.id);
    let opened = Log::open_under(&folder, &origin, start.config.policy.mark(), &clock.stamp());
    let opened = opened.and_then(|log| read(&log).map(|told| (log, told)));
    let mut state = state(start, &clock, host);

    let (events, waiting) = mpsc::channel(EVENTS);
    let desk = match opened {
        Ok((log, told)) => {
            (state.log, state.runs) = take(state.now, start, &log, told);
            Desk::start(log, clock.clone(), events.clone())?
        }
        Err(error) => {
            let shut = shut(&error, start, state.now);
            let desk = Desk::shut(shut.what.clone());
            state.log.stopped = Some(shut);
            desk
        }
    };
    let tools = Tools {
        events,
        clock: clock.clone(),
        desk,
        config: Arc::clone(&state.config),
        tokens: tools::slots(&state.config),
        actors: Actors::new(tools::actor(&state.here.host)),
        attendance: Attendance::default(),
        keeper: Keeper::new(&state.config, &folder, key),
    };
    if let Some((person, token)) = &start.as_person {
        for slot in tools.tokens.values() {
            slot.set(Some(token.clone()));
        }
        let clusters = state.config.clusters.iter().map(|one| &one.name);
        tools.actors.act(clusters, Some(person));
    }
    let perform = Perform::new(tools, start.folders.clone());
    let mut engine = Engine::new(state, perform, waiting, clock);
    begin(&mut engine, start);
    Ok(engine)
}

/// The first thing asked for: a session entry, the clusters that need no sign-in, then a sign-in.
fn begin(engine: &mut Engine, start: &Start) {
    engine.record_session(Kind::SessionOpened);
    if let Some((person, _)) = &start.as_person {
        engine.happen(What::Person {
            person: person.clone(),
            cluster: None,
        });
    }
    let needs_issuer = engine.state.sign_ins.missing().next().is_some();
    if needs_issuer && start.as_person.is_none() && start.ask {
        engine.act(Action::Go(Screen::SignIn), true);
        engine.act(Action::CodeNew, true);
    }
    engine.happen(What::Begun);
    engine.state.message = None;
}

/// What a start takes from the log.
struct Told {
    entries: Vec<Entry>,
    runs: Vec<Run>,
    /// The first entry that cannot be read.
    damaged: Option<u64>,
}

/// The newest entries, and every run that the log holds. A damaged entry is passed over and named.
fn read(log: &Log) -> Result<Told, AuditError> {
    let (of_runs, damaged) = audit::read::of_runs(log.folder())?;
    let newest = audit::read::tail(log.folder(), NEWEST)?;
    let entries = newest.into_iter().filter_map(|row| row.entry).collect();
    // A body that was erased or differs tells the run nothing; `log verify` says which.
    let told = of_runs.into_iter().map(|entry| {
        let body = audit::read::body(log.folder(), &entry).unwrap_or(None);
        (entry, body)
    });
    let mut runs: Vec<Run> = Run::fold(told)
        .into_iter()
        .map(Run::found_at_start)
        .collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.opened));
    Ok(Told {
        entries,
        runs,
        damaged,
    })
}

/// Changes are off in a folder whose log is not as it was written; reading goes on.
fn stopped(entry: u64, start: &Start, now: Moment) -> Stopped {
    let folder = start.folders.log.display().to_string();
    Stopped {
        what: SafeText::from(format!(
            "Entry {} of the log cannot be read: it is not as it was written.",
            count(entry)
        )),
        place: SafeText::new(&folder),
        next: vec![
            SafeText::from(format!(
                "Keep {folder} as it is: crashcart log verify says what is whole."
            )),
            SafeText::new(
                "To work meanwhile, start with --state and another folder; tell who keeps the log.",
            ),
        ],
        since: now,
        damaged: true,
    }
}

/// The log cannot be opened, so nothing can be recorded: changes are off until a new start finds it well.
fn shut(error: &AuditError, start: &Start, now: Moment) -> Stopped {
    let words = sentence(error);
    let anew = "Put that right, then start anew: until then this console only reads.".to_owned();
    let next = match (error, elsewhere()) {
        (AuditError::Remote { .. }, Some(folder)) => [
            format!(
                "This one is on a disk of this host and may be used: crashcart --state {}",
                folder.display()
            ),
            "Until you start with it this console only reads.".to_owned(),
        ],
        _ => [
            anew,
            "To work meanwhile, start with --state and another folder; tell who keeps the log."
                .to_owned(),
        ],
    };
    Stopped {
        what: SafeText::from(format!("The log cannot be opened: {words}.")),
        place: SafeText::new(&start.folders.log.display().to_string()),
        next: next.map(SafeText::from).to_vec(),
        since: now,
        damaged: true,
    }
}

/// A folder for the state that is on a disk of this host and that this user may write to; nothing is made.
fn elsewhere() -> Option<PathBuf> {
    let folders = ProjectDirs::from("", "", "crashcart");
    let own = folders.as_ref().and_then(|folders| folders.state_dir());
    let me = rustix::process::geteuid().as_raw();
    let shared =
        ["/var/lib", "/var/tmp"].map(|above| PathBuf::from(format!("{above}/crashcart-{me}")));
    let all: Vec<PathBuf> = own.map(PathBuf::from).into_iter().chain(shared).collect();
    volume::local(&all).cloned()
}

/// Takes over what the log told.
fn take(now: Moment, start: &Start, log: &Log, told: Told) -> (LogView, Vec<Run>) {
    let view = LogView {
        custody: log.custody(),
        entries: log.size(),
        rows: rows(&told.entries),
        stopped: told.damaged.map(|entry| stopped(entry, start, now)),
        following: true,
        ..LogView::default()
    };
    (view, told.runs)
}

fn state(start: &Start, clock: &Clock, host: SafeText) -> State {
    let now = clock.now();
    let mut state = State::new(
        Arc::new(start.config.clone()),
        Arc::new(start.library.clone()),
        now,
    );
    state.last_known = keep::load(&start.folders.last_known, &state.config, now.wall);
    let actor = tools::actor(&host);
    let tty = actor.tty.unwrap_or_default();
    state.here = Here {
        host,
        tty: SafeText::new(tty.as_str().trim_start_matches("/dev/")),
        remote: actor.remote.unwrap_or_default(),
        simulated: start.simulated,
        log_dir: SafeText::new(&start.folders.log.display().to_string()),
        version: env!("CARGO_PKG_VERSION"),
    };
    state
}

//! A simulated estate, and consoles on it that share one state folder.

use crashcart::app::clock::Clock;
use crashcart::app::engine::Engine;
use crashcart::app::perform::Folders;
use crashcart::app::perform::keeper;
use crashcart::app::start::Start;
use crashcart::app::start::start_with;
use crashcart::audit::Entry;
use crashcart::audit::read;
use crashcart::auth::Audience;
use crashcart::auth::store::Kept;
use crashcart::auth::store::Slot;
use crashcart::auth::store::Store;
use crashcart::auth::store::sealed::Key;
use crashcart::config;
use crashcart::config::Config;
use crashcart::config::Secret;
use crashcart::config::TokenStore;
use crashcart::runbook::library::Library;
use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::sim::issuer::Heard;
use crashcart::sim::issuer::Issuer;
use crashcart::sim::issuer::Settings;
use crashcart::state::State;
use crashcart::state::action::Action;
use crashcart::state::prompt::Prompt;
use std::path::PathBuf;
use std::time::Duration;

/// How long anything here may take on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// As little work as a passphrase can ask for: these are guessed by nobody.
const QUICK: Option<u8> = Some(1);

/// One simulated cluster and its issuer, and where consoles on them keep things.
pub(crate) struct Night {
    pub(crate) estate: Estate,
    pub(crate) config: Config,
    home: tempfile::TempDir,
}

impl Night {
    pub(crate) async fn start(issuer: Settings) -> Night {
        Night::of(Options {
            issuer,
            ..Options::default()
        })
        .await
    }

    /// A bare cluster, and whatever else is said of it.
    pub(crate) async fn of(options: Options) -> Night {
        let home = tempfile::tempdir().unwrap();
        let options = Options {
            seed: 7,
            only: vec!["lab-1".to_owned()],
            bare: true,
            ..options
        };
        let estate = Estate::start(options).await.unwrap();
        let folder = home.path().join("estate");
        estate.write_to(&folder).unwrap();
        let config = config::load(&folder.join("crashcart.toml"), None).unwrap();
        Night {
            estate,
            config,
            home,
        }
    }

    /// Tokens are kept there from the next console on.
    pub(crate) fn keep(&mut self, store: TokenStore) {
        self.config.tokens.store = store;
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home.path().join("state/log")
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        let rows = read::rows(&self.log(), 1, u64::MAX).unwrap();
        rows.into_iter().filter_map(|row| row.entry).collect()
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        self.estate.issuer_of_identity("sim").unwrap()
    }

    pub(crate) fn heard(&self) -> Heard {
        self.issuer().heard()
    }

    pub(crate) fn audience(&self) -> Audience {
        Audience::all(&self.config)[0].clone()
    }

    /// What opens the encrypted files of this night.
    pub(crate) fn key(&self) -> Option<Key> {
        if self.config.tokens.store != TokenStore::EncryptedFile {
            return None;
        }
        let folder = keeper::folder(&self.log());
        std::fs::create_dir_all(self.log().parent().unwrap()).unwrap();
        Some(Key::by_passphrase(&folder, &Secret::new("canary horse"), QUICK).unwrap())
    }

    /// What is kept for the next start.
    pub(crate) fn store(&self) -> (Store, Slot) {
        let folder = keeper::folder(&self.log());
        let store = Store::open(&self.config.tokens, &folder, self.key()).unwrap();
        let identity = self.audience().asked(&self.config).unwrap();
        let slot = Slot::of(&folder, &self.config.estate.id, &identity);
        (store, slot)
    }

    /// The entry that is kept, by the clock on the wall.
    pub(crate) fn kept(&self) -> Option<Kept> {
        let (store, slot) = self.store();
        store.read(&slot, Clock::start().now().wall).unwrap()
    }

    /// Puts another entry in its place; none with `None`.
    pub(crate) fn put(&self, kept: Option<&Kept>) {
        let (store, slot) = self.store();
        let now = Clock::start().now().wall;
        let put = kept.map_or_else(|| store.forget(&slot), |kept| store.keep(&slot, kept, now));
        put.unwrap();
    }

    /// A console; `ask` is whether somebody sits there who can be asked to sign in.
    pub(crate) fn console(&self, ask: bool) -> Engine {
        let start = Start {
            config: self.config.clone(),
            folders: Folders {
                log: self.log(),
                last_known: self.home.path().join("state/last-known.json"),
            },
            simulated: true,
            as_person: None,
            ask,
            library: Library::built_in(),
        };
        start_with(&start, Clock::start(), self.key()).unwrap()
    }

    /// A console that somebody has signed in to by a code.
    pub(crate) async fn signed_in(&self, name: &str) -> Engine {
        let mut engine = self.console(true);
        answer(&mut engine, name).await;
        self.session(&mut engine).await;
        engine
    }

    /// Waits until somebody is signed in.
    pub(crate) async fn session(&self, engine: &mut Engine) {
        let audience = self.audience();
        let done = |state: &State| state.sign_ins.session(&audience).is_some();
        let why = format!("{:?}", self.audience());
        assert!(
            engine.until(LIMIT, done).await,
            "nobody is signed in: {why}"
        );
    }
}

/// Waits for the code that is asked for, and answers it as this person.
pub(crate) async fn answer(engine: &mut Engine, name: &str) {
    let offered = |state: &State| matches!(state.prompt, Some(Prompt::WhoAnswers { .. }));
    assert!(engine.until(LIMIT, offered).await, "a code is shown");
    while let Some(Prompt::WhoAnswers { people, at }) = &engine.state.prompt {
        if people[*at] == name {
            break;
        }
        engine.act(Action::Field(true), true);
    }
    engine.act(Action::Accept, true);
}

//! What keeps the tokens of every sign-in of this process: the store of the configuration, opened at its first use.
//!
//! A store waits for a kernel, a bus or a disk: it is asked on a thread that may wait, and given two seconds. One that
//! fails is not asked again: tokens stay in memory, and the console says so. A start is never held up by it.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio::sync::OwnedRwLockReadGuard;
use tokio::sync::RwLock;

use super::tools::Tools;
use crate::auth::Session;
use crate::auth::Tokens;
use crate::auth::oidc::Issuer;
use crate::auth::store::Kept;
use crate::auth::store::Lock;
use crate::auth::store::Slot;
use crate::auth::store::Store;
use crate::auth::store::StoreError;
use crate::auth::store::sealed::Key;
use crate::config::Config;
use crate::config::Identity;
use crate::config::TokenSettings;
use crate::state::event::What;
use crate::text::SafeText;

/// How long a store may take.
const LIMIT: Duration = Duration::from_secs(2);
/// How often a lock that another process holds is tried.
const TRY_EVERY: Duration = Duration::from_millis(100);
/// How long a lock is waited for: longer than whoever holds it waits for an issuer.
const LOCK: Duration = Duration::from_secs(15);

/// Keeps sign-ins. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keeper(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: TokenSettings,
    estate: uuid::Uuid,
    folder: PathBuf,
    /// What opens the encrypted files.
    key: Option<Key>,
    store: OnceCell<Arc<Store>>,
    /// Why the store is not used any more.
    failed: Mutex<Option<StoreError>>,
    /// Held for reading by every renewal under way; the end of the program waits for all of them.
    renewing: Arc<RwLock<()>>,
}

impl Keeper {
    /// Keeps the tokens of an estate whose log is in `log`: encrypted files and locks lie beside it.
    pub fn new(config: &Config, log: &Path, key: Option<Key>) -> Keeper {
        Keeper(Arc::new(Inner {
            settings: config.tokens.clone(),
            estate: config.estate.id,
            folder: folder(log),
            key,
            store: OnceCell::new(),
            failed: Mutex::new(None),
            renewing: Arc::default(),
        }))
    }

    /// Whether anything outlives the process, as far as is known.
    pub fn outlives(&self) -> bool {
        let failed = self.0.failed.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.settings.store.outlives() && failed.is_none()
    }

    /// The slot of an identity as it is asked for one audience.
    pub fn slot(&self, identity: &Identity) -> Slot {
        Slot::of(&self.0.folder, &self.0.estate, identity)
    }

    /// What is kept in a slot; `None` when there is nothing, or the store has just failed.
    pub(super) async fn read(&self, tools: &Tools, slot: &Slot) -> Option<Kept> {
        let (slot, now) = (slot.clone(), tools.clock.now().wall);
        let read = self.ask(tools, move |store| store.read(&slot, now)).await;
        read.flatten()
    }

    /// Keeps what an issuer gave at a sign-in or renewal; `shift_ends` as it stood before, where there was one.
    pub(super) async fn keep(
        &self,
        tools: &Tools,
        slot: &Slot,
        issuer: &Issuer,
        given: (&Session, &Tokens),
        shift_ends: Option<Timestamp>,
    ) {
        let (session, tokens) = given;
        let now = tools.clock.now().wall;
        let shift = SignedDuration::from_secs(self.0.settings.shift_s);
        let shift_ends = shift_ends.unwrap_or_else(|| now.checked_add(shift).unwrap_or(now));
        let slot = slot.clone();
        let kept = Kept {
            refresh: tokens.refresh.clone(),
            subject: Some(session.person.subject.clone()),
            until: session.expires_at.min(shift_ends),
            shift_ends,
            live: issuer.live(tokens),
        };
        if kept.refresh.is_none() && kept.live.is_none() {
            return self.forget(tools, &slot).await;
        }
        self.put(tools, &slot, kept).await;
    }

    /// Keeps an entry as it is, in place of what is there.
    pub(super) async fn put(&self, tools: &Tools, slot: &Slot, kept: Kept) {
        let (slot, now) = (slot.clone(), tools.clock.now().wall);
        self.ask(tools, move |store| store.keep(&slot, &kept, now))
            .await;
    }

    /// Empties a slot.
    pub(super) async fn forget(&self, tools: &Tools, slot: &Slot) {
        let slot = slot.clone();
        self.ask(tools, move |store| store.forget(&slot)).await;
    }

    /// Waits for the right to renew what a slot holds; `None` when another process does not let go of it in time.
    pub(super) async fn lock(&self, tools: &Tools, slot: &Slot) -> Option<Lock> {
        let end = tools.clock.deadline(LOCK);
        let mut tries = tokio::time::interval(TRY_EVERY);
        loop {
            tries.tick().await;
            match Lock::take(&self.0.folder, slot) {
                Ok(Some(lock)) => return Some(lock),
                Ok(None) if tools.clock.deadline(Duration::ZERO) < end => {}
                Ok(None) => return None,
                Err(error) => {
                    self.fail(tools, error).await;
                    return None;
                }
            }
        }
    }

    /// Says that a renewal is under way until what is given back is dropped.
    pub(super) async fn renewing(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.0.renewing).read_owned().await
    }

    /// Waits until no renewal is under way: a token that the issuer has rotated must be kept before the process ends.
    pub(super) async fn rested(&self, at_most: Duration) {
        drop(tokio::time::timeout(at_most, self.0.renewing.write()).await);
    }

    /// Asks the store; `None` when it fails, which is said once.
    async fn ask<T: Send + 'static>(
        &self,
        tools: &Tools,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Option<T> {
        if !self.outlives() {
            return None;
        }
        let store = Arc::clone(self.0.store.get_or_init(|| self.open(tools)).await);
        if !store.outlives() {
            return None;
        }
        let asked = tokio::task::spawn_blocking(move || question(&store));
        match within(asked).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.fail(tools, error).await;
                None
            }
        }
    }

    async fn open(&self, tools: &Tools) -> Arc<Store> {
        // It stays here: whoever asks first may be broken off, and the next one opens the store.
        let key = self.0.key.clone();
        let (settings, folder) = (self.0.settings.clone(), self.0.folder.clone());
        let asked = tokio::task::spawn_blocking(move || Store::open(&settings, &folder, key));
        match within(asked).await {
            Ok(store) => Arc::new(store),
            Err(error) => {
                self.fail(tools, error).await;
                Arc::new(Store::Memory)
            }
        }
    }

    /// From now on tokens stay in memory; the console says why.
    async fn fail(&self, tools: &Tools, error: StoreError) {
        let first = {
            let failed = self.0.failed.lock();
            let mut failed = failed.unwrap_or_else(PoisonError::into_inner);
            failed.replace(error.clone()).is_none()
        };
        if first {
            let words = format!("Sign-ins end with this console: {error}.");
            tools.tell(What::TokensUnkept(SafeText::new(&words))).await;
        }
    }
}

/// Where encrypted files and locks lie, for a log in that folder. A path that reads otherwise but leads to the same
/// place is the same.
pub fn folder(log: &Path) -> PathBuf {
    let state = log.parent().unwrap_or(log);
    let state = state.canonicalize().unwrap_or_else(|_| state.to_path_buf());
    state.join("tokens")
}

/// What a thread that may wait answers, if it does so in time.
async fn within<T>(asked: tokio::task::JoinHandle<Result<T, StoreError>>) -> Result<T, StoreError> {
    match tokio::time::timeout(LIMIT, asked).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(gone()),
        Err(_) => Err(StoreError::new(
            "the store of tokens did not answer within 2s; see to it, or use another token_store",
        )),
    }
}

fn gone() -> StoreError {
    StoreError::new("the store of tokens broke off; use another token_store")
}

//! Keeping a sign-in fresh: one renewal at a time for each audience, of this process and of all that share what is kept.
//!
//! A renewal is a task of its own that nothing cuts short: the issuer may have rotated the token by then, and its answer
//! must be kept. Where a store outlives the process it is read again under the lock, so a token that another process has
//! spent is never used. No answer is no refusal: what there is stays good to its end.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::give_back::sign_out;
use super::sign_in::Ask;
use super::sign_in::DEADLINE;
use super::sign_in::SigningIn;
use super::spawn_with;
use super::tools::Tools;
use crate::audit::Kind;
use crate::auth::AuthError;
use crate::auth::Next;
use crate::auth::Person;
use crate::auth::Session;
use crate::auth::Tokens;
use crate::auth::oidc::Issuer;
use crate::auth::sign_in::Event as Step;
use crate::auth::store::Kept;
use crate::auth::store::Slot;
use crate::config::Identity;
use crate::config::Secret;
use crate::sources::moment::Moment;
use crate::state::event::What;
use crate::text::SafeText;

/// Why a renewal stops where somebody else has signed in from the same account.
const ANOTHERS: &str = "another person's sign-in is kept in this place by now; it was left alone";

/// What a sign-in holds while somebody is signed in.
pub(super) struct Held {
    pub(super) issuer: Issuer,
    pub(super) person: Person,
    pub(super) tokens: Tokens,
    /// When it got them: they end by the clock that nobody can set.
    pub(super) got: Moment,
    /// Whether the store has it: else nobody but this process can renew it.
    pub(super) kept: bool,
}

/// What this process itself could renew.
struct Own {
    refresh: Option<Secret>,
    person: Person,
    kept: bool,
}

/// What one renewal needs, and what comes back from it.
struct Renewal {
    tools: Tools,
    slot: Slot,
    issuer: Issuer,
}

/// Renews at three quarters of the token's life, until the issuer says no or the person leaves.
pub(super) async fn keep_fresh(
    this: &SigningIn,
    mut held: Held,
    asks: &mut mpsc::Receiver<Ask>,
) -> Result<(), AuthError> {
    loop {
        let here = this.tools.clock.now();
        let idle_s = this.tools.config.idle_s();
        let alone = this.tools.attendance.left(here.mono_ms, idle_s);
        if alone.is_some_and(|left| left.is_zero()) {
            // The loop should have done this, and hangs.
            sign_out(this, held).await;
            this.tell(Step::SignedOut).await;
            return Ok(());
        }
        let now = held.got.wall_at(here);
        let until = match held.tokens.state.what_next(now) {
            Next::Wait { until } => until,
            Next::Reauth => {
                this.tell(Step::Expired).await;
                return Ok(());
            }
            Next::Refresh => {
                held = renewed(this, held).await?;
                continue;
            }
        };
        if held.tokens.refresh.is_some() {
            let audience = this.audience.clone();
            let renews = What::Renews {
                audience,
                at: until,
            };
            this.tools.tell(renews).await;
        }
        tokio::select! {
            () = tokio::time::sleep(ahead(now, until).min(alone.unwrap_or(Duration::MAX))) => {}
            ask = asks.recv() => if !matches!(ask, Some(Ask::Answer(_) | Ask::Address(_))) {
                sign_out(this, held).await;
                return Ok(());
            },
        }
    }
}

/// What is held after one renewal; the same, to be renewed a little later, where there was no answer that says anything
/// about the sign-in.
async fn renewed(this: &SigningIn, mut held: Held) -> Result<Held, AuthError> {
    let renewal = Renewal {
        tools: this.tools.clone(),
        slot: this.keeping.clone(),
        issuer: held.issuer,
    };
    let own = Own {
        refresh: held.tokens.refresh.clone(),
        person: held.person.clone(),
        kept: held.kept,
    };
    let (back, renewed) = renewal.alone(Some(own)).await?;
    held.issuer = back;
    match renewed {
        Ok((session, fresh)) => {
            held.tokens = fresh;
            held.got = this.tools.clock.now();
            this.signed_in(&session, &held.tokens, Kind::SessionRenewed)
                .await;
        }
        Err(error) if error.is_verdict() => return Err(error),
        Err(error) => {
            let now = held.got.wall_at(this.tools.clock.now());
            held.tokens.state = held.tokens.state.unanswered(now);
            // That another console is at it says nothing about the issuer.
            if !matches!(error, AuthError::Held { .. }) {
                let rotated = held.issuer.rotated().cloned();
                held.tokens.refresh = rotated.or(held.tokens.refresh);
                this.tell(error.at_renewal()).await;
            }
        }
    }
    Ok(held)
}

/// Takes up a sign-in that is kept from before, with its token while that is good: the issuer is not asked anything.
/// `None` where it must be.
pub(super) fn live(
    this: &SigningIn,
    identity: &Identity,
    kept: &Kept,
) -> Option<(Issuer, Session, Tokens)> {
    Issuer::taken_up(identity, kept, DEADLINE, this.now())
}

/// Takes up a sign-in that is kept from before, by one renewal; `None` in place of the session when nothing is kept, or
/// the issuer takes it no more. Where somebody may be asked, they are also when the answer says nothing about it.
///
/// # Errors
/// When the issuer does not answer, or with something that is not accepted.
pub(super) async fn take_up(
    this: &SigningIn,
    issuer: Issuer,
    ask: bool,
) -> Result<(Issuer, Option<(Session, Tokens)>), AuthError> {
    let renewal = Renewal {
        tools: this.tools.clone(),
        slot: this.keeping.clone(),
        issuer,
    };
    let (issuer, renewed) = renewal.alone(None).await?;
    match renewed {
        Ok(done) => Ok((issuer, Some(done))),
        Err(error) if error.is_verdict() || ask && !error.is_passing() => Ok((issuer, None)),
        Err(error) => Err(error),
    }
}

/// Keeps what a new sign-in gave, in place of what this person had kept before; whether it is kept. What is somebody
/// else's stays: they go on with it.
pub(super) async fn keep_new(
    this: &SigningIn,
    issuer: &Issuer,
    given: (&Session, &Tokens),
) -> bool {
    let keeper = &this.tools.keeper;
    if !keeper.outlives() {
        return false;
    }
    let _under_way = keeper.renewing().await;
    // Without the lock it is kept all the same: it is newer than anything that another could keep.
    let _lock = keeper.lock(&this.tools, &this.keeping).await;
    let before = keeper.read(&this.tools, &this.keeping).await;
    if before.is_some_and(|kept| kept.is_of_another(&given.0.person)) {
        let why = "This sign-in ends with this console: another person's is kept in this place. Give --state a folder \
                   of your own to have yours kept.";
        this.tools.tell(What::TokensUnkept(why.into())).await;
        return false;
    }
    keeper
        .keep(&this.tools, &this.keeping, issuer, given, None)
        .await;
    true
}

impl Renewal {
    /// Renews as a task of its own; `own` is what this process holds, if somebody is signed in.
    async fn alone(
        mut self,
        own: Option<Own>,
    ) -> Result<(Issuer, Result<(Session, Tokens), AuthError>), AuthError> {
        let host = self.issuer.host().to_owned();
        let task = spawn_with(async move {
            let _under_way = self.tools.keeper.renewing().await;
            let renewed = self.renew(own).await;
            (self.issuer, renewed)
        });
        // A task that broke off gave no answer.
        task.await.map_err(|_| AuthError::Refused {
            host,
            reason: SafeText::new("the renewal broke off"),
        })
    }

    async fn renew(&mut self, own: Option<Own>) -> Result<(Session, Tokens), AuthError> {
        let keeper = self.tools.keeper.clone();
        let alone = own.as_ref().is_some_and(|own| !own.kept);
        if alone || !keeper.outlives() {
            return self.by_own(own).await;
        }
        let lock = keeper.lock(&self.tools, &self.slot).await;
        if lock.is_none() && keeper.outlives() {
            let host = self.issuer.host().to_owned();
            return Err(AuthError::Held { host });
        }
        let person = own.as_ref().map(|own| own.person.clone());
        let renewed = match keeper.read(&self.tools, &self.slot).await {
            Some(kept) => self.by_kept(kept, person.as_ref()).await,
            // The store failed just now: what is in memory goes on.
            None if !keeper.outlives() => self.by_own(own).await,
            None if own.is_some() => {
                Err(self.refused("the shift is over, or another console has signed out"))
            }
            None => Err(self.refused("nothing is kept")),
        };
        drop(lock);
        renewed
    }

    /// Renews what only this process holds.
    async fn by_own(&mut self, own: Option<Own>) -> Result<(Session, Tokens), AuthError> {
        let (refresh, person) = own.map(|own| (own.refresh, own.person)).unzip();
        let Some(refresh) = refresh.flatten() else {
            return Err(self.refused("it gave nothing to renew with"));
        };
        let subject = person.map(|person| person.subject);
        self.ask(&refresh, subject.as_deref()).await
    }

    /// Renews what is kept, under the lock, and keeps the answer. What is another person's is left as it is.
    async fn by_kept(
        &mut self,
        kept: Kept,
        person: Option<&Person>,
    ) -> Result<(Session, Tokens), AuthError> {
        if person.is_some_and(|person| kept.is_of_another(person)) {
            return Err(self.refused(ANOTHERS));
        }
        let now = self.tools.clock.now().wall;
        if let Some(fresh) = self.issuer.still_good(&kept, now) {
            // Another console has renewed it meanwhile.
            return Ok(fresh);
        }
        let Some(refresh) = &kept.refresh else {
            return Err(self.refused("it gave nothing to renew with"));
        };
        let (keeper, tools) = (self.tools.keeper.clone(), self.tools.clone());
        match self.ask(refresh, kept.subject.as_deref()).await {
            Ok((session, tokens)) => {
                let (given, ends) = ((&session, &tokens), Some(kept.shift_ends));
                keeper
                    .keep(&tools, &self.slot, &self.issuer, given, ends)
                    .await;
                // An entry of the form before does not say whose it is: it is kept for them, and not used.
                if person.is_some_and(|person| !person.is(&session.person)) {
                    return Err(self.refused(ANOTHERS));
                }
                Ok((session, tokens))
            }
            Err(error) => {
                if error.is_verdict() {
                    keeper.forget(&tools, &self.slot).await;
                } else if let Some(rotated) = self.issuer.rotated() {
                    let refresh = Some(rotated.clone());
                    let kept = Kept { refresh, ..kept };
                    keeper.put(&tools, &self.slot, kept).await;
                }
                Err(error)
            }
        }
    }

    async fn ask(
        &mut self,
        refresh: &Secret,
        subject: Option<&str>,
    ) -> Result<(Session, Tokens), AuthError> {
        let now = self.tools.clock.now().wall;
        self.issuer.renew(refresh, subject, now).await
    }

    fn refused(&self, reason: &str) -> AuthError {
        AuthError::Refused {
            host: self.issuer.host().to_owned(),
            reason: SafeText::new(reason),
        }
    }
}

fn ahead(now: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or(Duration::from_secs(1))
}

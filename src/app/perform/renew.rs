//! Keeping a sign-in fresh: one renewal at a time for each audience, of this process and of all that share what is kept.
//!
//! A renewal is a task of its own that nothing cuts short: the issuer may have rotated the token by then, and its answer
//! must be kept. Where a store outlives the process it is read again under the lock, so a token that another process has
//! spent is never used. No answer is no refusal: what there is stays good to its end.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::sign_in::Ask;
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
use crate::auth::store::Slot;
use crate::config::Secret;
use crate::state::event::What;
use crate::text::SafeText;

/// What one renewal needs, and what comes back from it.
struct Renewal {
    tools: Tools,
    slot: Slot,
    issuer: Issuer,
}

/// Renews at three quarters of the token's life, until the issuer says no or the person leaves.
pub(super) async fn keep_fresh(
    this: &SigningIn,
    mut issuer: Issuer,
    person: Person,
    mut tokens: Tokens,
    asks: &mut mpsc::Receiver<Ask>,
) -> Result<(), AuthError> {
    loop {
        let here = this.tools.clock.now();
        let idle_s = this.tools.config.idle_s();
        let alone = this.tools.attendance.left(here.mono_ms, idle_s);
        if alone.is_some_and(|left| left.is_zero()) {
            // The loop should have done this, and hangs.
            sign_out(this, issuer, tokens).await;
            this.tell(Step::SignedOut).await;
            return Ok(());
        }
        let now = here.wall;
        let until = match tokens.state.what_next(now) {
            Next::Wait { until } => until,
            Next::Reauth => {
                this.tell(Step::Tick).await;
                return Ok(());
            }
            Next::Refresh => {
                let renewal = Renewal {
                    tools: this.tools.clone(),
                    slot: this.keeping.clone(),
                    issuer,
                };
                let (own, who) = (tokens.refresh.clone(), person.clone());
                let (back, renewed) = renewal.alone(own, Some(who)).await?;
                issuer = back;
                match renewed {
                    Ok((session, fresh)) => {
                        tokens = fresh;
                        this.signed_in(&session, &tokens, Kind::SessionRenewed)
                            .await;
                    }
                    Err(error) if error.is_passing() => {
                        tokens.state = tokens.state.unanswered(this.tools.clock.now().wall);
                        this.tell(error.event()).await;
                    }
                    Err(error) => return Err(error),
                }
                continue;
            }
        };
        if tokens.refresh.is_some() {
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
                sign_out(this, issuer, tokens).await;
                return Ok(());
            },
        }
    }
}

/// Takes up a sign-in that is kept from before, by one renewal; `None` in place of the session when nothing is kept, or
/// the issuer takes it no more.
///
/// # Errors
/// When the issuer does not answer, or with something that is not accepted.
pub(super) async fn take_up(
    this: &SigningIn,
    issuer: Issuer,
) -> Result<(Issuer, Option<(Session, Tokens)>), AuthError> {
    let renewal = Renewal {
        tools: this.tools.clone(),
        slot: this.keeping.clone(),
        issuer,
    };
    let (issuer, renewed) = renewal.alone(None, None).await?;
    match renewed {
        Ok(done) => Ok((issuer, Some(done))),
        Err(error) if error.is_passing() => Err(error),
        Err(_) => Ok((issuer, None)),
    }
}

/// Keeps what a new sign-in gave, in place of whatever was kept before.
pub(super) async fn keep_new(this: &SigningIn, session: &Session, tokens: &Tokens) {
    let keeper = &this.tools.keeper;
    if !keeper.outlives() {
        return;
    }
    let _under_way = keeper.renewing().await;
    // Without the lock it is kept all the same: it is newer than anything that another could keep.
    let _lock = keeper.lock(&this.tools, &this.keeping).await;
    keeper
        .keep(&this.tools, &this.keeping, (session, tokens), None)
        .await;
}

impl Renewal {
    /// Renews as a task of its own; `own` is the token that this process holds, if it holds one.
    async fn alone(
        mut self,
        own: Option<Secret>,
        person: Option<Person>,
    ) -> Result<(Issuer, Result<(Session, Tokens), AuthError>), AuthError> {
        let host = self.issuer.host().to_owned();
        let task = spawn_with(async move {
            let _under_way = self.tools.keeper.renewing().await;
            let renewed = self.renew(own, person.as_ref()).await;
            (self.issuer, renewed)
        });
        // A task that broke off gave no answer.
        task.await
            .map_err(|_| unanswered(&host, "the renewal broke off"))
    }

    async fn renew(
        &mut self,
        own: Option<Secret>,
        person: Option<&Person>,
    ) -> Result<(Session, Tokens), AuthError> {
        let host = self.issuer.host().to_owned();
        let refused = |reason: &str| AuthError::Refused {
            host: host.clone(),
            reason: SafeText::new(reason),
        };
        let keeper = self.tools.keeper.clone();
        if !keeper.outlives() {
            let own = own.ok_or_else(|| refused("it gave nothing to renew with"))?;
            return self.ask(&own, person).await;
        }
        let lock = keeper.lock(&self.tools, &self.slot).await;
        if lock.is_none() && keeper.outlives() {
            return Err(unanswered(
                &host,
                "another console is renewing this sign-in",
            ));
        }
        let kept = keeper.read(&self.tools, &self.slot).await;
        let (refresh, shift_ends) = match (kept, own) {
            (Some(kept), _) => (kept.refresh, Some(kept.shift_ends)),
            // The store failed just now: what is in memory goes on.
            (None, Some(own)) if !keeper.outlives() => (own, None),
            (None, Some(_)) => {
                return Err(refused(
                    "the shift is over, or another console has signed out",
                ));
            }
            (None, None) => return Err(refused("nothing is kept")),
        };
        let renewed = self.ask(&refresh, person).await;
        match &renewed {
            Ok((session, tokens)) => {
                let given = (session, tokens);
                keeper
                    .keep(&self.tools, &self.slot, given, shift_ends)
                    .await;
            }
            Err(error) if error.is_passing() => {}
            // Whatever was wrong with it, it is of no use to a next start.
            Err(_) => keeper.forget(&self.tools, &self.slot).await,
        }
        drop(lock);
        renewed
    }

    async fn ask(
        &mut self,
        refresh: &Secret,
        person: Option<&Person>,
    ) -> Result<(Session, Tokens), AuthError> {
        let now = self.tools.clock.now().wall;
        self.issuer.renew(refresh, person, now).await
    }
}

/// Gives the tokens back, as far as the issuer lets us, and forgets what is kept of them. A new sign-in does not cut it
/// short.
async fn sign_out(this: &SigningIn, issuer: Issuer, mut tokens: Tokens) {
    let (tools, slot) = (this.tools.clone(), this.keeping.clone());
    // Made while it is known who leaves. From then on nobody acts by these tokens, however long log and issuer take.
    let draft = tools.draft(Kind::SessionSignedOut);
    this.act(None);
    let given_back = spawn_with(async move {
        let _under_way = tools.keeper.renewing().await;
        drop(tools.desk.append(draft, None).await);
        if tools.keeper.outlives() {
            let _lock = tools.keeper.lock(&tools, &slot).await;
            // Another process may have renewed it: the newest is what the issuer must take back.
            if let Some(kept) = tools.keeper.read(&tools, &slot).await {
                tokens.refresh = Some(kept.refresh);
            }
            tools.keeper.forget(&tools, &slot).await;
        }
        // An issuer that cannot be reached keeps its tokens until they end; ours are forgotten either way.
        (issuer.revoke(&tokens).await, issuer)
    });
    // A task that broke off has let go of its tokens as well.
    if let Ok((revoked, issuer)) = given_back.await
        && let Some(sentence) = unrevoked(issuer.host(), &revoked)
    {
        this.tell(Step::Unrevoked { sentence }).await;
    }
}

/// Why tokens that are forgotten here live on at their issuer, if they do.
pub(super) fn unrevoked(host: &str, revoked: &Result<bool, AuthError>) -> Option<SafeText> {
    let why = match revoked {
        Ok(true) => return None,
        Ok(false) => format!("{host} takes no tokens back"),
        Err(error) => error.to_string(),
    };
    Some(SafeText::from(format!(
        "Signed out here only: {why}. The tokens end there by themselves."
    )))
}

fn unanswered(host: &str, reason: &str) -> AuthError {
    AuthError::Unreachable {
        host: host.to_owned(),
        reason: reason.to_owned(),
    }
}

fn ahead(now: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or(Duration::from_secs(1))
}

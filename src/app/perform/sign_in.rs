//! Signing in, outside: take up what is kept, else ask the issuer for a code and wait for the answer. `renew` goes on
//! from there.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::acting::Acting;
use super::browser;
use super::browser::Page;
use super::openshift;
use super::renew;
use super::renew::Held;
use super::tools::Tools;
use crate::audit::Kind;
use crate::auth::Audience;
use crate::auth::AuthError;
use crate::auth::Session;
use crate::auth::Tokens;
use crate::auth::oidc;
use crate::auth::oidc::Anew;
use crate::auth::oidc::DeviceGrant;
use crate::auth::oidc::Issuer;
use crate::auth::oidc::Poll;
use crate::auth::sign_in::Event as Step;
use crate::auth::store::Kept;
use crate::auth::store::Slot;
use crate::config::ClusterName;
use crate::config::Flow;
use crate::config::Identity;
use crate::config::Secret;
use crate::state::event::What;
use crate::text::SafeText;

/// How long each call to an issuer may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);
/// RFC 8628 section 3.5: added to the pause each time the issuer asks to go slower.
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause between two questions.
const SLOWEST: Duration = Duration::from_secs(60);

/// What the loop asks of a sign-in that is under way.
#[derive(Debug)]
pub(super) enum Ask {
    /// In the demo: answer it as this person.
    Answer(String),
    /// The address that a browser ended on.
    Address(Secret),
    /// Give the tokens back and end.
    SignOut,
}

/// How a sign-in may come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By what is kept from before; else somebody is asked.
    Ask,
    /// By what is kept from before, or not at all.
    TakeUp,
    /// By somebody who is asked, whatever is kept.
    Prove,
    /// By an address that is pasted, whatever the flow is.
    Paste,
}

/// One sign-in: its audience, the clusters it serves and the slot their token lies in. Whichever way it ends, also
/// broken off in the middle, nobody acts by it afterwards.
pub(super) struct SigningIn {
    pub(super) tools: Tools,
    pub(super) audience: Audience,
    clusters: Vec<ClusterName>,
    /// Whether somebody acts by it.
    acting: Acting,
    /// Whether and since when whoever signs in has to prove it anew.
    pub(super) anew: Option<Anew>,
    /// Where its refresh token is kept, if it is.
    pub(super) keeping: Slot,
}

impl SigningIn {
    pub(super) async fn tell(&self, step: Step) {
        let audience = self.audience.clone();
        self.tools.tell(What::SignIn { audience, step }).await;
    }

    /// What is kept from before.
    async fn kept(&self) -> Option<Kept> {
        let keeper = &self.tools.keeper;
        keeper.read(&self.tools, &self.keeping).await
    }

    /// The time of the wall, for tokens.
    pub(super) fn now(&self) -> Timestamp {
        self.tools.clock.now().wall
    }

    /// From now on this person acts on the clusters, with this token; nobody and none with `None`. False where that
    /// changes nothing.
    pub(super) fn act(&self, signed_in: Option<(&Session, &Tokens)>) -> bool {
        let token = signed_in.map(|(_, tokens)| tokens.id.clone());
        let changes = self.acting.set(token);
        if changes {
            let person = signed_in.map(|(session, _)| &session.person);
            self.tools.actors.act(&self.clusters, person);
        }
        changes
    }

    /// Somebody is signed in, newly or still: their token is used, and the log and the screen are told. Nobody is told
    /// where they have left meanwhile; the sign-out that waits gives these tokens back.
    pub(super) async fn signed_in(&self, session: &Session, tokens: &Tokens, kind: Kind) {
        if !self.act(Some((session, tokens))) {
            return;
        }
        // A log that cannot be written says so by itself; reading goes on without this entry.
        drop(self.tools.desk.append(self.tools.draft(kind), None).await);
        self.tell(Step::SignedIn(session.clone())).await;
    }
}

impl Drop for SigningIn {
    fn drop(&mut self) {
        self.act(None);
    }
}

/// Signs in to one audience and keeps its token fresh. Ends when the sign-in ends, or at once
/// where it may only be taken up and nothing is kept.
pub(super) async fn sign_in(
    tools: Tools,
    audience: Audience,
    identity: Identity,
    mut asks: mpsc::Receiver<Ask>,
    (how, anew, acting): (How, Option<Anew>, Acting),
) {
    let clusters = audience.clusters(&tools.config).into_iter();
    let this = SigningIn {
        clusters: clusters.map(|one| one.name.clone()).collect(),
        keeping: tools.keeper.slot(&identity),
        acting,
        anew,
        audience,
        tools,
    };
    let kept = match how {
        How::Ask | How::TakeUp => this.kept().await,
        How::Prove | How::Paste => None,
    };
    if how == How::TakeUp && kept.is_none() {
        let audience = this.audience.clone();
        return this.tools.tell(What::NothingKept { audience }).await;
    }
    let issuer = SafeText::new(&this.audience.host(&this.tools.config));
    this.tell(Step::Asked { issuer }).await;
    let through = through(&this, &identity, &mut asks, (how, kept)).await;
    if let Err(error) = through {
        // Before anybody hears of it: what is not sent any more needs no answer.
        this.act(None);
        this.tell(error.event()).await;
    }
}

async fn through(
    this: &SigningIn,
    identity: &Identity,
    asks: &mut mpsc::Receiver<Ask>,
    (how, kept): (How, Option<Kept>),
) -> Result<(), AuthError> {
    if let Some(cluster) = this.audience.openshift(&this.tools.config) {
        return openshift::through(this, cluster, asks).await;
    }
    if let Some((issuer, session, tokens)) = kept
        .as_ref()
        .and_then(|kept| renew::live(this, identity, kept))
    {
        return taken_up(this, issuer, (session, tokens), asks).await;
    }
    let mut issuer = oidc::discover(identity, DEADLINE).await?;
    if kept.is_some() {
        let (back, renewed) = renew::take_up(this, issuer, how != How::TakeUp).await?;
        issuer = back;
        if let Some(renewed) = renewed {
            return taken_up(this, issuer, renewed, asks).await;
        }
        if how == How::TakeUp {
            this.tell(Step::SignedOut).await;
            return Ok(());
        }
    }
    let flow = match how {
        How::Paste => Flow::Paste,
        How::Ask | How::TakeUp | How::Prove => identity.flow,
    };
    let signed = match flow {
        Flow::Device => {
            let grant = issuer.start_device(this.now()).await?.anew(this.anew);
            this.tell(Step::Prompt(grant.prompt.clone())).await;
            wait_for_answer(this, &mut issuer, &grant, asks).await?
        }
        Flow::Paste => browser::pasted(this, Page::Issuer(&mut issuer), asks).await?,
        Flow::Loopback => browser::listened(this, &mut issuer, identity, asks).await?,
    };
    match signed {
        Some((session, tokens)) => {
            let kept = renew::keep_new(this, &issuer, (&session, &tokens)).await;
            this.signed_in(&session, &tokens, Kind::SessionSignedIn)
                .await;
            let held = Held {
                got: this.tools.clock.now(),
                issuer,
                person: session.person,
                tokens,
                kept,
            };
            renew::keep_fresh(this, held, asks).await
        }
        None => Ok(()),
    }
}

/// Goes on with a sign-in that was kept from before.
async fn taken_up(
    this: &SigningIn,
    issuer: Issuer,
    (session, tokens): (Session, Tokens),
    asks: &mut mpsc::Receiver<Ask>,
) -> Result<(), AuthError> {
    // Before anything is connected for it.
    if this.act(Some((&session, &tokens))) {
        this.tell(Step::TakenUp(session.clone())).await;
    }
    this.signed_in(&session, &tokens, Kind::SessionSignedIn)
        .await;
    let held = Held {
        got: this.tools.clock.now(),
        issuer,
        person: session.person,
        tokens,
        kept: true,
    };
    renew::keep_fresh(this, held, asks).await
}

/// Asks the issuer at its own pace until somebody answered.
async fn wait_for_answer(
    this: &SigningIn,
    issuer: &mut Issuer,
    grant: &DeviceGrant,
    asks: &mut mpsc::Receiver<Ask>,
) -> Result<Option<(Session, Tokens)>, AuthError> {
    let own = Duration::from_secs(u64::from(grant.prompt.interval_s.max(1)));
    let mut pause = own;
    let mut answered = false;
    loop {
        let next = this.tools.clock.deadline(pause);
        // The issuer is asked at its own pace, whatever is answered here meanwhile; a second answer is dropped.
        while let Ok(ask) = tokio::time::timeout_at(next, asks.recv()).await {
            match ask {
                Some(Ask::Answer(person)) if !answered => {
                    issuer
                        .answer_simulated(grant.prompt.user_code.as_str(), Some(&person))
                        .await?;
                    answered = true;
                }
                Some(Ask::Answer(_) | Ask::Address(_)) => {}
                Some(Ask::SignOut) | None => return Ok(None),
            }
        }
        match issuer.poll_once(grant, this.tools.clock.now().wall).await {
            Ok(Poll::Done(done)) => return Ok(Some(*done)),
            Ok(Poll::Pending) => this.tell(Step::Pending).await,
            Ok(Poll::SlowDown) => {
                pause = (pause + SLOWER).min(SLOWEST);
                this.tell(Step::SlowDown).await;
            }
            Ok(Poll::Denied) => return ended(this, Step::Denied).await,
            Ok(Poll::Expired) => return ended(this, Step::Expired).await,
            Err(error @ AuthError::Unreachable { .. }) => {
                pause = (pause * 2).min(SLOWEST);
                this.tell(error.event()).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn ended<T>(this: &SigningIn, step: Step) -> Result<Option<T>, AuthError> {
    this.tell(step).await;
    Ok(None)
}

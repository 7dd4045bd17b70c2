//! Signing in, outside: ask the issuer for a code, wait for the answer, keep the token fresh until it ends.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::browser;
use super::tools::Tools;
use crate::audit::Kind;
use crate::auth::Audience;
use crate::auth::AuthError;
use crate::auth::Next;
use crate::auth::Person;
use crate::auth::Session;
use crate::auth::Tokens;
use crate::auth::oidc;
use crate::auth::oidc::DeviceGrant;
use crate::auth::oidc::Issuer;
use crate::auth::oidc::Poll;
use crate::auth::sign_in::Event as Step;
use crate::config::ClusterName;
use crate::config::Flow;
use crate::config::Identity;
use crate::config::Secret;
use crate::sources::cluster::TokenSlot;
use crate::state::event::What;
use crate::text::SafeText;

/// How long each call to an issuer may take.
const DEADLINE: Duration = Duration::from_secs(10);
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

/// One sign-in: its audience, the clusters it serves and the slot their token lies in.
pub(super) struct SigningIn {
    tools: Tools,
    audience: Audience,
    clusters: Vec<ClusterName>,
    slot: TokenSlot,
}

impl SigningIn {
    pub(super) async fn tell(&self, step: Step) {
        let audience = self.audience.clone();
        self.tools.tell(What::SignIn { audience, step }).await;
    }

    /// The time of the wall, for tokens.
    pub(super) fn now(&self) -> Timestamp {
        self.tools.clock.now().wall
    }

    /// From now on this person acts on the clusters, with this token; nobody and none with `None`.
    fn act(&self, signed_in: Option<(&Session, &Tokens)>) {
        self.slot
            .set(signed_in.map(|(_, tokens)| tokens.id.clone()));
        let person = signed_in.map(|(session, _)| &session.person);
        self.tools.actors.act(&self.clusters, person);
    }
}

/// Signs in to one audience and keeps its token fresh. Ends when the sign-in ends.
pub(super) async fn sign_in(
    tools: Tools,
    audience: Audience,
    identity: Identity,
    by_paste: bool,
    mut asks: mpsc::Receiver<Ask>,
) {
    let clusters = audience.clusters(&tools.config).into_iter();
    let this = SigningIn {
        clusters: clusters.map(|one| one.name.clone()).collect(),
        slot: tools.tokens.get(&audience).cloned().unwrap_or_default(),
        audience,
        tools,
    };
    let issuer = SafeText::new(&this.audience.host(&this.tools.config));
    this.tell(Step::Asked { issuer }).await;
    let flow = if by_paste { Flow::Paste } else { identity.flow };
    let through = through(&this, &identity, flow, &mut asks).await;
    if let Err(error) = through {
        this.tell(error.event()).await;
    }
    // Said first: the connections are closed by it, and none asks again without a token.
    this.act(None);
}

async fn through(
    this: &SigningIn,
    identity: &Identity,
    flow: Flow,
    asks: &mut mpsc::Receiver<Ask>,
) -> Result<(), AuthError> {
    let mut issuer = oidc::discover(identity, DEADLINE).await?;
    let signed = match flow {
        Flow::Device => {
            let grant = issuer.start_device(this.now()).await?;
            this.tell(Step::Prompt(grant.prompt.clone())).await;
            wait_for_answer(this, &mut issuer, &grant, asks).await?
        }
        Flow::Paste => browser::pasted(this, &mut issuer, asks).await?,
        Flow::Loopback => browser::listened(this, &mut issuer, identity, asks).await?,
    };
    match signed {
        Some((session, tokens)) => {
            signed_in(this, &session, &tokens, Kind::SessionSignedIn).await;
            keep_fresh(this, &mut issuer, session.person, tokens, asks).await
        }
        None => Ok(()),
    }
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

async fn signed_in(this: &SigningIn, session: &Session, tokens: &Tokens, kind: Kind) {
    this.act(Some((session, tokens)));
    // A log that cannot be written says so by itself; reading goes on without this entry.
    drop(this.tools.desk.append(this.tools.draft(kind), None).await);
    this.tell(Step::SignedIn(session.clone())).await;
}

/// Renews at three quarters of the token's life, until the issuer says no or the person leaves.
async fn keep_fresh(
    this: &SigningIn,
    issuer: &mut Issuer,
    person: Person,
    mut tokens: Tokens,
    asks: &mut mpsc::Receiver<Ask>,
) -> Result<(), AuthError> {
    loop {
        let now = this.tools.clock.now().wall;
        let until = match tokens.state.what_next(now) {
            Next::Wait { until } => until,
            Next::Reauth => {
                this.tell(Step::Tick).await;
                return Ok(());
            }
            Next::Refresh => {
                match issuer.refresh(&tokens, &person, now).await {
                    Ok((session, fresh)) => {
                        tokens = fresh;
                        signed_in(this, &session, &tokens, Kind::SessionRenewed).await;
                    }
                    Err(error @ AuthError::Unreachable { .. }) => {
                        tokens.state = tokens.state.unanswered(now);
                        this.tell(error.event()).await;
                    }
                    Err(error) => return Err(error),
                }
                continue;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(ahead(now, until)) => {}
            ask = asks.recv() => if !matches!(ask, Some(Ask::Answer(_) | Ask::Address(_))) {
                sign_out(this, issuer, &tokens).await;
                return Ok(());
            },
        }
    }
}

/// Gives the tokens back, as far as the issuer lets us, and says so.
async fn sign_out(this: &SigningIn, issuer: &Issuer, tokens: &Tokens) {
    drop(
        this.tools
            .desk
            .append(this.tools.draft(Kind::SessionSignedOut), None)
            .await,
    );
    // An issuer that cannot be reached keeps its tokens until they end; ours are forgotten either way.
    drop(issuer.revoke(tokens).await);
    this.tell(Step::SignedOut).await;
}

fn ahead(now: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or(Duration::from_secs(1))
}

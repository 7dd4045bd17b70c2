//! Signing in with a browser, outside: its last address is pasted, or listened for on 127.0.0.1.

use super::sign_in::Ask;
use super::sign_in::SigningIn;
use crate::auth::AuthError;
use crate::auth::Session;
use crate::auth::Tokens;
use crate::auth::oidc::Anew;
use crate::auth::oidc::CodeGrant;
use crate::auth::oidc::Issuer;
use crate::auth::oidc::PASTE_REDIRECT;
use crate::auth::oidc::Return;
use crate::auth::oidc::loopback::Door;
use crate::auth::oidc::openshift::OpenShift;
use crate::auth::others::Others;
use crate::auth::sign_in::Event as Step;
use crate::config::Identity;
use crate::config::Secret;
use jiff::Timestamp;
use tokio::sync::mpsc;

/// Who is signed in, with the tokens; `None` when nobody is and that was said.
type Signed = Option<(Session, Tokens)>;

/// Whose page the browser is sent to.
pub(super) enum Page<'p> {
    /// An issuer's.
    Issuer(&'p mut Issuer),
    /// A cluster's own.
    OpenShift(&'p OpenShift),
}

impl Page<'_> {
    /// A cluster's own page cannot be asked to ask anew.
    fn start(&self, anew: Option<Anew>, now: Timestamp) -> Result<CodeGrant, AuthError> {
        match self {
            Page::Issuer(issuer) => {
                let grant = issuer.start_code(PASTE_REDIRECT, false, now)?;
                Ok(grant.anew(anew))
            }
            Page::OpenShift(cluster) => Ok(cluster.start_code(PASTE_REDIRECT, false, now)),
        }
    }

    async fn redeem(
        &mut self,
        grant: &CodeGrant,
        address: &Secret,
        now: Timestamp,
    ) -> Result<Return, AuthError> {
        match self {
            Page::Issuer(issuer) => issuer.redeem(grant, address.expose(), now).await,
            Page::OpenShift(cluster) => cluster.redeem(grant, address.expose(), now).await,
        }
    }
}

/// Shows the address of a page and takes what is pasted until it fits.
pub(super) async fn pasted(
    this: &SigningIn,
    mut page: Page<'_>,
    asks: &mut mpsc::Receiver<Ask>,
) -> Result<Signed, AuthError> {
    let grant = page.start(this.anew, this.now())?;
    this.tell(Step::Page(grant.prompt.clone())).await;
    loop {
        let address = match asks.recv().await {
            Some(Ask::Address(address)) => address,
            Some(Ask::Answer(_)) => continue,
            Some(Ask::SignOut) | None => return Ok(None),
        };
        if this.is_over(&grant).await {
            return Ok(None);
        }
        match page.redeem(&grant, &address, this.now()).await? {
            Return::Odd(sentence) => this.tell(Step::Odd { sentence }).await,
            Return::Denied => {
                this.tell(Step::Denied).await;
                return Ok(None);
            }
            Return::Done(done) => return Ok(Some(*done)),
        }
    }
}

/// Opens a door on 127.0.0.1 and waits for the browser; it is shut by the first answer that belongs to the sign-in.
pub(super) async fn listened(
    this: &SigningIn,
    issuer: &mut Issuer,
    identity: &Identity,
    asks: &mut mpsc::Receiver<Ask>,
) -> Result<Signed, AuthError> {
    let others = Others::on_this_host(rustix::process::getuid().as_raw()).refusal();
    if let Some(others) = others.filter(|_| !identity.loopback_on_shared_host) {
        return Err(AuthError::Shared {
            others,
            place: identity.place.clone(),
        });
    }
    let door = Door::open().await?;
    let grant = issuer.start_code(&door.redirect(), true, this.now())?;
    let grant = grant.anew(this.anew);
    this.tell(Step::Page(grant.prompt.clone())).await;
    loop {
        let visit = tokio::select! {
            visit = door.next() => visit,
            ask = asks.recv() => match ask {
                Some(Ask::Answer(_) | Ask::Address(_)) => continue,
                Some(Ask::SignOut) | None => return Ok(None),
            },
        };
        if this.is_over(&grant).await {
            return Ok(None);
        }
        // What was answered in time counts, however long the issuer takes for it.
        this.tell(Step::Redeeming).await;
        match issuer.redeem(&grant, &visit.address, this.now()).await {
            Ok(Return::Odd(sentence)) => {
                visit.answer(false, sentence.as_str()).await;
                this.tell(Step::Odd { sentence }).await;
            }
            Ok(Return::Denied) => {
                visit
                    .answer(true, "You pressed No. This window can be closed.")
                    .await;
                this.tell(Step::Denied).await;
                return Ok(None);
            }
            Ok(Return::Done(done)) => {
                visit
                    .answer(true, "You are signed in. This window can be closed.")
                    .await;
                return Ok(Some(*done));
            }
            Err(error) => {
                let words = "This did not go through: the console says why.";
                visit.answer(false, words).await;
                return Err(error);
            }
        }
    }
}

impl SigningIn {
    /// Whether the time for the page is over; says so when it is.
    async fn is_over(&self, grant: &CodeGrant) -> bool {
        let over = grant.prompt.expires_at <= self.now();
        if over {
            self.tell(Step::Expired).await;
        }
        over
    }
}

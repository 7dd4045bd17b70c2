//! Signing in at a cluster's own OAuth server, outside: a pasted redirect, a token that cannot be renewed, its deletion, also where
//! nobody is there any more and the loop hangs.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;

use super::SigningIn as UnderWay;
use super::attendance::left_alone;
use super::browser;
use super::browser::Page;
use super::sign_in::Ask;
use super::sign_in::DEADLINE;
use super::sign_in::SigningIn;
use crate::audit::Kind;
use crate::auth::Audience;
use crate::auth::AuthError;
use crate::auth::GivenBack;
use crate::auth::oidc::openshift::OpenShift;
use crate::auth::sign_in::Event as Step;
use crate::config::Cluster;
use crate::config::Config;
use crate::state::event::What;

/// How long an ending program waits for clusters to take their tokens back.
const LAST: Duration = Duration::from_secs(2);

/// The program ends: tokens that would be good on their clusters for the rest of a day are given back, as far as that goes
/// quickly.
pub(super) async fn all_given_back(config: &Config, sign_ins: &mut BTreeMap<Audience, UnderWay>) {
    let theirs = sign_ins.iter_mut();
    let theirs: Vec<_> = theirs
        .filter(|(audience, _)| audience.openshift(config).is_some())
        .map(|(_, sign_in)| sign_in)
        .collect();
    for sign_in in &theirs {
        // One that has ended holds nothing any more.
        drop(sign_in.asks.try_send(Ask::SignOut));
    }
    let all = async {
        for sign_in in theirs {
            if !sign_in.task.is_finished() {
                drop((&mut sign_in.task).await);
            }
        }
    };
    drop(tokio::time::timeout(LAST, all).await);
}

/// Signs in and stays until the token ends or the person leaves, said or not; then its object is deleted.
pub(super) async fn through(
    this: &SigningIn,
    cluster: &Cluster,
    asks: &mut mpsc::Receiver<Ask>,
) -> Result<(), AuthError> {
    let server = OpenShift::discover(cluster, DEADLINE).await?;
    let signed = browser::pasted(this, Page::OpenShift(&server), asks).await?;
    let Some((session, tokens)) = signed else {
        return Ok(());
    };
    this.signed_in(&session, &tokens, Kind::SessionSignedIn)
        .await;
    let left = tokens.state.good_until.duration_since(this.now());
    let left = Duration::try_from(left).unwrap_or_default();
    let leaves = async { while let Some(Ask::Answer(_) | Ask::Address(_)) = asks.recv().await {} };
    let alone = tokio::select! {
        asked = tokio::time::timeout(left, leaves) => {
            if asked.is_err() {
                this.tell(Step::Expired).await;
                return Ok(());
            }
            false
        }
        () = left_alone(&this.tools) => true,
    };
    let tools = &this.tools;
    let draft = tools.draft(Kind::SessionSignedOut);
    // From now on nobody acts by the token, however long log and cluster take.
    this.act(None);
    drop(tools.desk.append(draft, None).await);
    // A cluster that cannot be reached keeps the token until it ends; ours is forgotten either way.
    let how = GivenBack::of(&server.log_out(&tokens).await.map(|()| true));
    let audience = this.audience.clone();
    tools.tell(What::GivenBack { audience, how }).await;
    if alone {
        // Nobody asked for it, so nobody else says that it is over.
        this.tell(Step::SignedOut).await;
    }
    Ok(())
}

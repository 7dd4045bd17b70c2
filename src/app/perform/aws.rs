//! Tokens for EKS clusters, outside: signed with the keys that this process finds, or with those of a role.

use std::time::Duration;

use directories::BaseDirs;

use super::sign_in::DEADLINE;
use super::tools::Tools;
use crate::auth::eks;
use crate::auth::eks::EksError;
use crate::auth::eks::Keys;
use crate::auth::eks::Surroundings;
use crate::auth::oidc::sts;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::Eks;
use crate::config::Secret;
use crate::sources::cluster::Link;
use crate::sources::cluster::TokenSlot;
use crate::sources::fact::Fact;
use crate::state::event::What;
use crate::text::SafeText;

/// How often a token is signed: well before [`eks::GOOD`], and again when that failed.
const SIGN_EVERY: Duration = Duration::from_secs(6 * 60);
/// How long the keys that could not be had are left alone.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// Signs a token for an EKS cluster and puts it into its slot; nothing is done for a cluster that is entered otherwise.
///
/// # Errors
/// One sentence: why there is no token.
pub(super) async fn sign(
    tools: &Tools,
    cluster: &ClusterName,
    slot: &TokenSlot,
) -> Result<(), SafeText> {
    let Some(ClusterAuth::Eks(eks)) = tools.config.cluster(cluster).map(|one| &one.auth) else {
        return Ok(());
    };
    let token = signed(tools, eks).await;
    slot.set(Some(
        token.map_err(|error| SafeText::from(error.to_string()))?,
    ));
    Ok(())
}

/// Signs the first token of a connection; each failure is told, and tried again.
pub(super) async fn sign_first(tools: &Tools, link: &Link, told: impl Fn(Fact) -> What) {
    while let Err(why) = sign(tools, link.cluster(), link.token()).await {
        tools.tell(told(Fact::Unreachable(why))).await;
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

async fn signed(tools: &Tools, eks: &Eks) -> Result<Secret, EksError> {
    let found = {
        let variable = |name: &str| std::env::var(name).ok();
        let around = Surroundings {
            variable: &variable,
            home: BaseDirs::new().map(|folders| folders.home_dir().to_path_buf()),
        };
        eks::find(eks.profile.as_deref(), &around)?
    };
    let keys = match found {
        Keys::Own(keys) => keys,
        Keys::Role(role) => sts::assume(eks, &role, DEADLINE).await?,
    };
    eks::token(eks, &keys, tools.clock.now().wall)
}

/// Signs a new token before the old one ends, for as long as the connection lives. Keys that have gone leave the old
/// token to its end, which the cluster then says.
pub(super) async fn keep_signed(tools: &Tools, cluster: &ClusterName, slot: &TokenSlot) {
    let eks = tools.config.cluster(cluster).map(|one| &one.auth);
    if !matches!(eks, Some(ClusterAuth::Eks(_))) {
        return;
    }
    loop {
        tokio::time::sleep(SIGN_EVERY).await;
        drop(sign(tools, cluster, slot).await);
    }
}

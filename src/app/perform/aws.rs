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
use crate::sources::cluster::TokenSlot;
use crate::text::SafeText;

/// How often a token is signed: well before [`eks::GOOD`], and again when that failed.
const SIGN_EVERY: Duration = Duration::from_secs(6 * 60);

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

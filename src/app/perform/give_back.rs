//! Giving tokens back, outside: let go of first, then recorded, forgotten in the store, and revoked at their issuer.

use super::renew::Held;
use super::sign_in::DEADLINE;
use super::sign_in::SigningIn;
use super::spawn_with;
use super::tools::Tools;
use crate::audit::Kind;
use crate::auth::Audience;
use crate::auth::AuthError;
use crate::auth::GivenBack;
use crate::auth::oidc;
use crate::auth::oidc::Issuer;
use crate::auth::store::Kept;
use crate::config::Identity;
use crate::state::event::What;
use crate::text::SafeText;

/// Gives the tokens back, as far as the issuer lets us, forgets what is kept of them, and says what became of them. A new
/// sign-in does not cut it short.
pub(super) async fn sign_out(this: &SigningIn, held: Held) {
    let (tools, slot) = (this.tools.clone(), this.keeping.clone());
    // Made while it is known who leaves. From then on nobody acts by these tokens, however long log and issuer take.
    let draft = tools.draft(Kind::SessionSignedOut);
    this.act(None);
    let given_back = spawn_with(async move {
        let _under_way = tools.keeper.renewing().await;
        drop(tools.desk.append(draft, None).await);
        let mut tokens = held.tokens;
        if held.kept && tools.keeper.outlives() {
            let _lock = tools.keeper.lock(&tools, &slot).await;
            let kept = tools.keeper.read(&tools, &slot).await;
            let anothers = kept
                .as_ref()
                .is_some_and(|kept| kept.is_of_another(&held.person));
            if !anothers {
                // Another process may have renewed it: the newest is what the issuer must take back.
                tokens.refresh = kept.map_or(tokens.refresh, |kept| kept.refresh);
                tools.keeper.forget(&tools, &slot).await;
            }
        }
        // An issuer that cannot be reached keeps its tokens until they end; ours are forgotten either way.
        GivenBack::of(&held.issuer.revoke(&tokens).await)
    });
    // A task that broke off has let go of its tokens as well.
    let how = given_back.await.unwrap_or_else(|_| GivenBack::Refused {
        reason: SafeText::new("the sign-out broke off"),
    });
    let audience = this.audience.clone();
    this.tools.tell(What::GivenBack { audience, how }).await;
}

/// Gives what is kept of a sign-in back that nobody took up, and forgets it whatever the issuer says.
pub(super) async fn give_back(tools: &Tools, audience: &Audience) {
    let Some(identity) = audience.asked(&tools.config) else {
        return;
    };
    let _under_way = tools.keeper.renewing().await;
    let slot = tools.keeper.slot(&identity);
    let lock = if tools.keeper.outlives() {
        tools.keeper.lock(tools, &slot).await
    } else {
        None
    };
    let how = match tools.keeper.read(tools, &slot).await {
        Some(kept) => {
            let draft = tools.draft(Kind::SessionSignedOut);
            drop(tools.desk.append(draft, None).await);
            tools.keeper.forget(tools, &slot).await;
            GivenBack::of(&revoke(&identity, &kept).await)
        }
        None => GivenBack::Nothing,
    };
    drop(lock);
    let audience = audience.clone();
    tools.tell(What::GivenBack { audience, how }).await;
}

/// Has the issuer take back what renews a kept sign-in.
async fn revoke(identity: &Identity, kept: &Kept) -> Result<bool, AuthError> {
    let Some(refresh) = &kept.refresh else {
        return Ok(false);
    };
    let live = kept.live.as_ref();
    let known = live.and_then(|live| Issuer::known(identity, live, DEADLINE));
    let issuer = match known {
        Some(known) => known,
        None => oidc::discover(identity, DEADLINE).await?,
    };
    issuer.revoke_refresh(refresh).await
}

//! Signing in at an OpenID Connect issuer, always with PKCE and a nonce: `device` (RFC 8628), `code` (a browser that
//! comes back with a code, which is pasted or, in `loopback`, listened for).
//!
//! The issuer is trusted by the authority its identity names, and by nothing else; a redirect is
//! not followed, no proxy of the environment is asked, an answer is at most 1 MiB, and every call
//! ends by its deadline. Nothing here starts a task or knows the time.

mod anew;
mod answer;
mod code;
mod device;
mod form;
pub(super) mod http;
mod id_token;
mod kept;
mod line;
pub mod loopback;
pub mod openshift;
mod step_up;
pub mod sts;
mod wire;

pub use anew::Anew;
pub use code::CodeGrant;
pub use code::PASTE_REDIRECT;
pub use code::Return;
pub use device::DeviceGrant;
pub use device::Poll;
pub use step_up::Answer;

use super::error::AuthError;
use super::person::Person;
use super::session::Session;
use super::sign_in::Simulated;
use super::tokens::TokenState;
use super::tokens::Tokens;
use crate::config::Identity;
use crate::config::Secret;
use crate::text::SafeText;
use http::Http;
use id_token::Expected;
use id_token::Keys;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::time::Duration;
use wire::Discovery;
use wire::TokenAnswer;

/// How long any one call may take.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// What is asked for, where the issuer knows it. `offline_access` is not: such tokens outlive a sign-out.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "groups"];

/// An issuer that has proved who it is and said where its endpoints are.
pub struct Issuer {
    http: Http,
    identity: Identity,
    discovery: Discovery,
    keys: Keys,
    /// What renews the sign-in from now on, of a renewal that was not accepted.
    rotated: Option<Secret>,
}

/// Asks an identity's issuer for its endpoints and keys, with a deadline for each of the calls.
///
/// # Errors
/// When the identity has no authority, the issuer does not answer or cannot prove who it is, or
/// the document names another issuer: then nothing more is asked.
pub async fn discover(identity: &Identity, deadline: Duration) -> Result<Issuer, AuthError> {
    let http = Http::new(identity, deadline)?;
    let base = identity.issuer.trim_end_matches('/');
    let answer = http
        .get(&format!("{base}/.well-known/openid-configuration"))
        .await?;
    let discovery: Discovery = answer.json(&http, "a discovery document")?;
    if discovery.issuer != identity.issuer {
        return Err(wrong_issuer(identity, &discovery.issuer));
    }
    let keys = Keys::fetch(&http, &discovery.jwks_uri).await?;
    Ok(Issuer {
        http,
        identity: identity.clone(),
        discovery,
        keys,
        rotated: None,
    })
}

impl Issuer {
    /// The issuer's host, as screens name it.
    pub fn host(&self) -> &str {
        self.http.host()
    }

    /// The scopes to ask for. A Keycloak whose groups come by a mapper knows no scope `groups`, and refuses a browser
    /// that asks for it.
    fn scope(&self) -> String {
        let known = self.discovery.scopes_supported.as_ref();
        let asked = SCOPES.into_iter().filter(|scope| {
            *scope == "openid" || known.is_none_or(|all| all.iter().any(|one| one == scope))
        });
        asked.collect::<Vec<_>>().join(" ")
    }

    /// Renews the tokens of a person. After [`AuthError::Unreachable`] the refresh token may be
    /// spent: the next renewal may be refused, and only a new sign-in helps then.
    ///
    /// # Errors
    /// A verdict ([`AuthError::is_verdict`]) when the sign-in is over; else as [`Issuer::poll_once`].
    pub async fn refresh(
        &mut self,
        tokens: &Tokens,
        person: &Person,
        now: Timestamp,
    ) -> Result<(Session, Tokens), AuthError> {
        let Some(refresh) = &tokens.refresh else {
            return Err(AuthError::Refused {
                host: self.host().to_owned(),
                reason: SafeText::new("it gave nothing to renew with"),
            });
        };
        self.renew(refresh, Some(&person.subject), now).await
    }

    /// Renews by a refresh token, which must be that subject's where it is known whose it is: one that is kept from an
    /// earlier start may not say.
    ///
    /// # Errors
    /// As [`Issuer::refresh`].
    pub async fn renew(
        &mut self,
        refresh: &Secret,
        subject: Option<&str>,
        now: Timestamp,
    ) -> Result<(Session, Tokens), AuthError> {
        self.rotated = None;
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", self.identity.client_id.as_str()),
            ("refresh_token", refresh.expose()),
        ];
        let endpoint = &self.discovery.token_endpoint;
        let answer = self.http.post(endpoint, &form).await?;
        answer.renewal_refusal(&self.http)?;
        let answer: TokenAnswer = answer.json(&self.http, "tokens")?;
        // A renewed ID token has no nonce, and must be about the same person.
        let expected = Expected {
            nonce: None,
            subject,
            fresh: true,
        };
        let accepted = self.accept(&answer, &expected, Some(refresh), now).await;
        if let (Err(error), Some(next)) = (&accepted, &answer.refresh_token)
            && !error.is_verdict()
        {
            self.rotated = Some(Secret::new(next));
        }
        accepted
    }

    /// What renews the sign-in from now on, where the last renewal came with an ID token that was not accepted and the
    /// refresh token before may be spent.
    pub fn rotated(&self) -> Option<&Secret> {
        self.rotated.as_ref()
    }

    /// Gives tokens back; `false` when the issuer has no endpoint for it, and forgetting them is
    /// all that can be done. An issuer that no longer knows them counts as done (RFC 7009).
    ///
    /// # Errors
    /// When the issuer refuses or does not answer.
    pub async fn revoke(&self, tokens: &Tokens) -> Result<bool, AuthError> {
        match &tokens.refresh {
            Some(refresh) => self.revoke_refresh(refresh).await,
            None => self.revoke_one(&tokens.access, "access_token").await,
        }
    }

    /// Gives what renews a sign-in back, and the sign-in with it; as [`Issuer::revoke`].
    ///
    /// # Errors
    /// As [`Issuer::revoke`].
    pub async fn revoke_refresh(&self, refresh: &Secret) -> Result<bool, AuthError> {
        self.revoke_one(refresh, "refresh_token").await
    }

    async fn revoke_one(&self, token: &Secret, hint: &str) -> Result<bool, AuthError> {
        let Some(endpoint) = &self.discovery.revocation_endpoint else {
            return Ok(false);
        };
        let form = [
            ("client_id", self.identity.client_id.as_str()),
            ("token", token.expose()),
            ("token_type_hint", hint),
        ];
        let answer = self.http.post(endpoint, &form).await?;
        if answer.status != 200 {
            answer.refusal(&self.http)?;
        }
        Ok(true)
    }

    /// What the issuer says about being simulated; believed only on a loopback address, and only
    /// for an endpoint of its own.
    fn simulated(&self) -> Option<Simulated> {
        let said = self.discovery.simulated.as_ref()?;
        let own = format!("{}/", self.identity.issuer.trim_end_matches('/'));
        if !self.http.is_loopback() || !said.answer_endpoint.starts_with(&own) {
            return None;
        }
        Some(Simulated {
            people: said.people.iter().map(|name| SafeText::new(name)).collect(),
            answer_endpoint: said.answer_endpoint.clone(),
        })
    }

    /// Looks for the key of a token once more when it is unknown, because issuers change theirs.
    async fn know_key_of(&mut self, raw: &str, now: Timestamp) -> Result<(), AuthError> {
        if id_token::has_unknown_key(raw, &self.identity, &self.keys) && self.keys.may_refetch(now)
        {
            self.keys
                .refetch(&self.http, &self.discovery.jwks_uri, now)
                .await?;
        }
        Ok(())
    }

    /// Checks what the token endpoint gave and makes a session of it.
    async fn accept(
        &mut self,
        answer: &TokenAnswer,
        expected: &Expected<'_>,
        old_refresh: Option<&Secret>,
        now: Timestamp,
    ) -> Result<(Session, Tokens), AuthError> {
        let Some(raw) = answer.id_token.as_deref() else {
            return Err(self.http.malformed("an ID token"));
        };
        self.know_key_of(raw, now).await?;
        let host = self.http.host();
        let verified = id_token::verify(raw, &self.identity, host, &self.keys, expected, now)?;
        let refresh = match (&answer.refresh_token, old_refresh) {
            (Some(new), _) => Some(Secret::new(new)),
            (None, old) => old.cloned(),
        };
        let good_until = verified.good_until;
        let ends = answer.refresh_expires_in.filter(|seconds| *seconds > 0);
        let ends =
            ends.and_then(|seconds| now.checked_add(SignedDuration::from_secs(seconds)).ok());
        let session = Session {
            person: verified.person,
            expires_at: ends.map_or(good_until, |ends| ends.max(good_until)),
            acr: verified.acr,
            auth_time: verified.auth_time,
        };
        let tokens = Tokens {
            access: Secret::new(&answer.access_token),
            id: Secret::new(raw),
            state: TokenState::new(now, good_until, refresh.is_some()),
            refresh,
        };
        Ok((session, tokens))
    }
}

/// The error of a document or token that names another issuer.
fn wrong_issuer(identity: &Identity, found: &str) -> AuthError {
    AuthError::WrongIssuer {
        place: identity.place.clone(),
        found: SafeText::new(found),
    }
}

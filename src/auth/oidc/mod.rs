//! Signing in at an OpenID Connect issuer by device grant (RFC 8628), with PKCE and a nonce.
//!
//! The issuer is trusted by the authority its identity names, and by nothing else; a redirect is
//! not followed, no proxy of the environment is asked, an answer is at most 1 MiB, and every call
//! ends by its deadline. Nothing here starts a task or knows the time.

mod http;
mod id_token;
mod wire;

use super::error::AuthError;
use super::person::Person;
use super::session::Session;
use super::sign_in::DevicePrompt;
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
use openidconnect::Nonce;
use openidconnect::PkceCodeChallenge;
use std::time::Duration;
use wire::DeviceAnswer;
use wire::Discovery;
use wire::TokenAnswer;

/// How long any one call may take.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// The grant type of RFC 8628.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How long a code may be good, in seconds, whatever the issuer says.
const LONGEST_CODE_S: i64 = 3_600;
/// What is asked for. `offline_access` is not: such tokens outlive a sign-out.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "groups"];

/// An issuer that has proved who it is and said where its endpoints are.
pub struct Issuer {
    http: Http,
    identity: Identity,
    discovery: Discovery,
    keys: Keys,
}

/// A device grant that waits for its answer.
#[derive(Clone, Debug)]
pub struct DeviceGrant {
    /// What to show.
    pub prompt: DevicePrompt,
    device_code: Secret,
    verifier: Secret,
    nonce: Secret,
}

/// What the issuer says about a grant.
#[derive(Debug)]
pub enum Poll {
    /// Not answered yet.
    Pending,
    /// The same, and the pause must be 5 s longer from now on.
    SlowDown,
    /// Denied on the page.
    Denied,
    /// The code is over.
    Expired,
    /// Allowed: who it is, and the tokens, checked.
    Done(Box<(Session, Tokens)>),
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
    })
}

impl Issuer {
    /// The issuer's host, as screens name it.
    pub fn host(&self) -> &str {
        self.http.host()
    }

    /// Begins a device grant. `now` is when the answer is shown.
    ///
    /// # Errors
    /// When the issuer has no device grant, refuses, or does not answer.
    pub async fn start_device(&self, now: Timestamp) -> Result<DeviceGrant, AuthError> {
        let Some(endpoint) = &self.discovery.device_authorization_endpoint else {
            return Err(AuthError::NoDevice {
                host: self.host().to_owned(),
            });
        };
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = Nonce::new_random();
        let scope = SCOPES.join(" ");
        let form = [
            ("client_id", self.identity.client_id.as_str()),
            ("scope", &scope),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("nonce", nonce.secret()),
        ];
        let answer = self.http.post(endpoint, &form).await?;
        answer.refusal(&self.http)?;
        let answer: DeviceAnswer = answer.json(&self.http, "a device code")?;
        Ok(DeviceGrant {
            prompt: self.prompt(&answer, now)?,
            device_code: Secret::new(&answer.device_code),
            verifier: Secret::new(verifier.secret()),
            nonce: Secret::new(nonce.secret()),
        })
    }

    /// Asks once whether a grant was answered. The caller keeps the pause between two questions.
    ///
    /// # Errors
    /// When the issuer does not answer or answers with something else, or its ID token does not
    /// stand up to its checks: then nothing is kept.
    pub async fn poll_once(
        &mut self,
        grant: &DeviceGrant,
        now: Timestamp,
    ) -> Result<Poll, AuthError> {
        let form = [
            ("grant_type", DEVICE_GRANT),
            ("client_id", self.identity.client_id.as_str()),
            ("device_code", grant.device_code.expose()),
            ("code_verifier", grant.verifier.expose()),
        ];
        let endpoint = &self.discovery.token_endpoint;
        let answer = self.http.post(endpoint, &form).await?;
        let over = grant.prompt.expires_at <= now;
        match answer.error_code().as_deref() {
            Some("authorization_pending") => return Ok(Poll::Pending),
            Some("slow_down") => return Ok(Poll::SlowDown),
            Some("access_denied") => return Ok(Poll::Denied),
            Some("expired_token") => return Ok(Poll::Expired),
            // An issuer forgets a code some time after its end and then knows it no more: Keycloak says the first, Dex
            // the second.
            Some("invalid_grant" | "invalid_request") if over => return Ok(Poll::Expired),
            _ => answer.refusal(&self.http)?,
        }
        let tokens: TokenAnswer = answer.json(&self.http, "tokens")?;
        let expected = Expected {
            nonce: Some(&grant.nonce),
            subject: None,
        };
        let done = self.accept(&tokens, &expected, None, now).await?;
        Ok(Poll::Done(Box::new(done)))
    }

    /// Renews the tokens of a person. After [`AuthError::Unreachable`] the refresh token may be
    /// spent: the next renewal may be refused, and only a new sign-in helps then.
    ///
    /// # Errors
    /// [`AuthError::Refused`] when the sign-in is over; else as [`Issuer::poll_once`].
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
        self.renew(refresh, Some(person), now).await
    }

    /// Renews by a refresh token, which must be the person's where one is known already. It may be kept from an earlier
    /// start, when it is not.
    ///
    /// # Errors
    /// As [`Issuer::refresh`].
    pub async fn renew(
        &mut self,
        refresh: &Secret,
        person: Option<&Person>,
        now: Timestamp,
    ) -> Result<(Session, Tokens), AuthError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", self.identity.client_id.as_str()),
            ("refresh_token", refresh.expose()),
        ];
        let endpoint = &self.discovery.token_endpoint;
        let answer = self.http.post(endpoint, &form).await?;
        answer.refusal(&self.http)?;
        let answer: TokenAnswer = answer.json(&self.http, "tokens")?;
        // A renewed ID token has no nonce, and must be about the same person.
        let expected = Expected {
            nonce: None,
            subject: person.map(|one| one.subject.as_str()),
        };
        self.accept(&answer, &expected, Some(refresh), now).await
    }

    /// Gives tokens back; `false` when the issuer has no endpoint for it, and forgetting them is
    /// all that can be done. An issuer that no longer knows them counts as done (RFC 7009).
    ///
    /// # Errors
    /// When the issuer refuses or does not answer.
    pub async fn revoke(&self, tokens: &Tokens) -> Result<bool, AuthError> {
        let Some(endpoint) = &self.discovery.revocation_endpoint else {
            return Ok(false);
        };
        let (token, hint) = match &tokens.refresh {
            Some(refresh) => (refresh, "refresh_token"),
            None => (&tokens.access, "access_token"),
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

    /// Answers a sign-in at a simulated issuer on this machine as a person, or denies it.
    ///
    /// # Errors
    /// When the issuer is no simulated one, or refuses the answer.
    pub async fn answer_simulated(
        &self,
        user_code: &str,
        person: Option<&str>,
    ) -> Result<(), AuthError> {
        let Some(simulated) = self.simulated() else {
            return Err(AuthError::Refused {
                host: self.host().to_owned(),
                reason: SafeText::new("it is not a simulated issuer"),
            });
        };
        let allow = if person.is_some() { "true" } else { "false" };
        let form = [
            ("user_code", user_code),
            ("person", person.unwrap_or_default()),
            ("allow", allow),
        ];
        let answer = self.http.post(&simulated.answer_endpoint, &form).await?;
        answer.refusal(&self.http)
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

    fn prompt(&self, answer: &DeviceAnswer, now: Timestamp) -> Result<DevicePrompt, AuthError> {
        let complete = answer.verification_uri_complete.as_deref();
        let addresses = [Some(answer.verification_uri.as_str()), complete];
        let safe = |address: &&str| address.starts_with("https://");
        if !addresses.iter().flatten().all(safe) || answer.user_code.trim().is_empty() {
            return Err(self.http.malformed("an https:// address and a code"));
        }
        let life = SignedDuration::from_secs(answer.expires_in.clamp(1, LONGEST_CODE_S));
        Ok(DevicePrompt {
            issuer_host: SafeText::new(self.host()),
            client_id: SafeText::new(&self.identity.client_id),
            verification_uri: SafeText::new(&answer.verification_uri),
            verification_uri_complete: complete.map(SafeText::new),
            user_code: SafeText::new(&answer.user_code),
            expires_at: now.checked_add(life).unwrap_or(now),
            interval_s: answer.interval.unwrap_or(5).clamp(1, 60),
            since: now,
            simulated: self.simulated(),
        })
    }

    /// Checks what the token endpoint gave and makes a session of it. An unknown signing key is
    /// looked for once more, because issuers change theirs.
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
        let host = self.http.host();
        if id_token::has_unknown_key(raw, &self.identity, &self.keys) && self.keys.may_refetch(now)
        {
            self.keys
                .refetch(&self.http, &self.discovery.jwks_uri, now)
                .await?;
        }
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

//! The device grant (RFC 8628): a code that is typed on another device.

use super::Anew;
use super::Issuer;
use super::id_token::Expected;
use super::wire::DeviceAnswer;
use super::wire::TokenAnswer;
use crate::auth::error::AuthError;
use crate::auth::session::Session;
use crate::auth::sign_in::DevicePrompt;
use crate::auth::tokens::Tokens;
use crate::config::Secret;
use crate::text::SafeText;
use jiff::SignedDuration;
use jiff::Timestamp;
use openidconnect::Nonce;
use openidconnect::PkceCodeChallenge;

/// The grant type of RFC 8628.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How long a code may be good, in seconds, whatever the issuer says.
const LONGEST_CODE_S: i64 = 3_600;

/// A device grant that waits for its answer.
#[derive(Clone, Debug)]
pub struct DeviceGrant {
    /// What to show.
    pub prompt: DevicePrompt,
    device_code: Secret,
    verifier: Secret,
    nonce: Secret,
    anew: Anew,
}

impl DeviceGrant {
    /// The same, where whoever signs in has to prove it anew if that is wished for. No issuer can be told so by a device grant: its answer is
    /// checked.
    #[must_use]
    pub fn anew(mut self, anew: Option<Anew>) -> DeviceGrant {
        self.anew = anew.unwrap_or_default();
        self
    }
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

impl Issuer {
    /// Begins a device grant. `now` is when the answer is shown.
    ///
    /// # Errors
    /// When the issuer has no device grant, refuses, or does not answer.
    pub async fn start_device(&self, now: Timestamp) -> Result<DeviceGrant, AuthError> {
        let nonce = Secret::new(Nonce::new_random().secret());
        self.start_device_with(&nonce, now).await
    }

    /// The same with the caller's nonce.
    pub(super) async fn start_device_with(
        &self,
        nonce: &Secret,
        now: Timestamp,
    ) -> Result<DeviceGrant, AuthError> {
        let Some(endpoint) = &self.discovery.device_authorization_endpoint else {
            return Err(AuthError::NoDevice {
                host: self.host().to_owned(),
            });
        };
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scope = self.scope();
        let form = [
            ("client_id", self.identity.client_id.as_str()),
            ("scope", &scope),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("nonce", nonce.expose()),
        ];
        let answer = self.http.post(endpoint, &form).await?;
        answer.first_refusal(&self.http)?;
        let answer: DeviceAnswer = answer.json(&self.http, "a device code")?;
        Ok(DeviceGrant {
            prompt: self.prompt(&answer, now)?,
            device_code: Secret::new(&answer.device_code),
            verifier: Secret::new(verifier.secret()),
            nonce: nonce.clone(),
            anew: Anew::default(),
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
            _ => answer.first_refusal(&self.http)?,
        }
        let tokens: TokenAnswer = answer.json(&self.http, "tokens")?;
        let expected = Expected {
            nonce: Some(&grant.nonce),
            subject: None,
            fresh: true,
        };
        let done = self.accept(&tokens, &expected, None, now).await?;
        grant.anew.check(&done.0, self.host())?;
        Ok(Poll::Done(Box::new(done)))
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
}

//! Asking for a proof, and checking one: the device grant of a client of its own, with the caller's nonce.

use super::Issuer;
use super::device::DeviceGrant;
use super::device::Poll;
use super::id_token;
use super::id_token::Expected;
use crate::auth::error::AuthError;
use crate::auth::step_up::Proof;
use crate::auth::step_up::Said;
use crate::auth::step_up::StepUpError;
use crate::auth::step_up::Wanted;
use crate::config::Secret;
use jiff::Timestamp;

/// What the issuer says about a proof that was asked for.
#[derive(Debug)]
pub enum Answer {
    /// Nothing, so far; a slower pace may be asked for.
    Waiting {
        /// True when the pause must be 5 s longer from now on.
        slower: bool,
    },
    /// It was denied on the page.
    Denied,
    /// The code is over.
    Expired,
    /// Somebody proved who they are.
    Proved(Box<Proof>),
}

impl Issuer {
    /// Begins to ask for a proof. This issuer must have been asked for as the client that proofs are for.
    ///
    /// # Errors
    /// As [`Issuer::start_device`].
    pub async fn start_step_up(
        &self,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<DeviceGrant, AuthError> {
        self.start_device_with(&wanted.nonce, now).await
    }

    /// Asks once whether the proof was given. What the token endpoint gives beside the ID token is dropped: nothing of a
    /// proof is renewed.
    ///
    /// # Errors
    /// When the issuer does not answer, or what it gave is no proof of what was wanted: then nothing is kept.
    pub async fn poll_step_up(
        &mut self,
        grant: &DeviceGrant,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<Answer, StepUpError> {
        match self.poll_once(grant, now).await? {
            Poll::Pending => Ok(Answer::Waiting { slower: false }),
            Poll::SlowDown => Ok(Answer::Waiting { slower: true }),
            Poll::Denied => Ok(Answer::Denied),
            Poll::Expired => Ok(Answer::Expired),
            Poll::Done(done) => {
                let proof = self.prove(&done.1.id, wanted, now).await?;
                Ok(Answer::Proved(Box::new(proof)))
            }
        }
    }

    /// Checks a token as a proof of what is wanted, wherever it came from: signature, issuer, this client and no other as
    /// audience and as authorised party, the nonce, when and how its person proved who they are.
    ///
    /// # Errors
    /// Why it is none, each with a sentence of its own.
    pub async fn prove(
        &mut self,
        token: &Secret,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<Proof, StepUpError> {
        let raw = token.expose();
        self.know_key_of(raw, now).await?;
        let expected = Expected {
            nonce: Some(&wanted.nonce),
            subject: None,
            fresh: true,
        };
        let host = self.http.host();
        let verified = id_token::verify(raw, &self.identity, host, &self.keys, &expected, now)?;
        let said = Said {
            auth_time: verified.auth_time,
            acr: verified.acr,
            issued_at: verified.issued_at,
        };
        Proof::of(verified.person, said, token, wanted)
    }
}

//! A token that is kept, taken up again without a request: by the issuer's key that it stood up to when it was given.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Issuer;
use super::http::Http;
use super::id_token;
use super::id_token::Expected;
use super::id_token::Keys;
use super::wire::Discovery;
use crate::auth::session::Session;
use crate::auth::store::Endpoints;
use crate::auth::store::Kept;
use crate::auth::store::Live;
use crate::auth::tokens::Next;
use crate::auth::tokens::TokenState;
use crate::auth::tokens::Tokens;
use crate::config::Identity;
use crate::config::Secret;

/// A token with less life than this is renewed instead: clocks differ by as much.
const ENOUGH: SignedDuration = SignedDuration::from_secs(60);

impl Issuer {
    /// What a next start needs to take these tokens up without asking anybody. `None` where no key of the issuer is known
    /// to fit, and where the issuer takes tokens back but gave nothing that could be given back later.
    pub fn live(&self, tokens: &Tokens) -> Option<Live> {
        let revocation = self.discovery.revocation_endpoint.clone();
        if tokens.refresh.is_none() && revocation.is_some() {
            return None;
        }
        let key = self.keys.of(tokens.id.expose(), &self.identity)?;
        Some(Live {
            id: tokens.id.clone(),
            key: serde_json::to_string(key).ok()?,
            endpoints: Endpoints {
                token: self.discovery.token_endpoint.clone(),
                revocation,
                keys: self.discovery.jwks_uri.clone(),
            },
        })
    }

    /// Takes up a token that is kept: every check of a new one is made again, by the key that is kept beside it, and
    /// nobody is asked. `None` where it does not stand up to them, is about another person than its entry says, or is so
    /// old that it is time to renew it; then the issuer must be asked. Each later call to it may take `deadline`.
    pub fn taken_up(
        identity: &Identity,
        kept: &Kept,
        deadline: Duration,
        now: Timestamp,
    ) -> Option<(Issuer, Session, Tokens)> {
        let issuer = Issuer::known(identity, kept.live.as_ref()?, deadline)?;
        let (session, tokens) = issuer.still_good(kept, now)?;
        Some((issuer, session, tokens))
    }

    /// An issuer as it was known when a token was kept: nobody is asked. Each later call to it may take `deadline`.
    pub fn known(identity: &Identity, live: &Live, deadline: Duration) -> Option<Issuer> {
        Some(Issuer {
            http: Http::new(identity, deadline).ok()?,
            identity: identity.clone(),
            discovery: Discovery::of(identity, &live.endpoints),
            keys: Keys::known(serde_json::from_str(&live.key).ok()?),
            rotated: None,
        })
    }

    /// The tokens of an entry, where they stand up to the keys of this issuer and need no renewal yet.
    pub fn still_good(&self, kept: &Kept, now: Timestamp) -> Option<(Session, Tokens)> {
        let live = kept.live.as_ref()?;
        let expected = Expected {
            nonce: None,
            subject: Some(kept.subject.as_deref()?),
            fresh: false,
        };
        let (raw, host) = (live.id.expose(), self.http.host());
        let verified =
            id_token::verify(raw, &self.identity, host, &self.keys, &expected, now).ok()?;
        let until = verified.good_until;
        let state = TokenState::new(verified.issued_at, until, kept.refresh.is_some());
        let early = matches!(state.what_next(now), Next::Wait { .. });
        if !early || until.duration_since(now) <= ENOUGH {
            return None;
        }
        let session = Session {
            person: verified.person,
            expires_at: kept.until,
            acr: verified.acr,
            auth_time: verified.auth_time,
        };
        let tokens = Tokens {
            // Only the issuer itself takes one, to have it given back; what renews is given back instead.
            access: Secret::new(""),
            id: live.id.clone(),
            refresh: kept.refresh.clone(),
            state,
        };
        Some((session, tokens))
    }
}

impl Discovery {
    /// As far as a sign-in needs it once it is there: a new one asks for the document itself.
    fn of(identity: &Identity, endpoints: &Endpoints) -> Discovery {
        Discovery {
            issuer: identity.issuer.clone(),
            token_endpoint: endpoints.token.clone(),
            authorization_endpoint: None,
            code_challenge_methods_supported: None,
            scopes_supported: None,
            authorization_response_iss_parameter_supported: false,
            jwks_uri: endpoints.keys.clone(),
            device_authorization_endpoint: None,
            revocation_endpoint: endpoints.revocation.clone(),
            simulated: None,
        }
    }
}

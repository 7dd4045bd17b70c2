//! The simulated issuer: device grant, rotation, revocation and a key set, as Keycloak answers.
//!
//! `grant.rs` and `session.rs` are pure and take the time as an argument; `token.rs` signs and
//! checks; `http.rs` is the only file that knows requests; `served.rs` says how it is reached. There is no password: the page asks who
//! you are, and the discovery document says so in a member of its own.

mod grant;
mod http;
pub(in crate::sim) mod served;
mod session;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::clock::Clock;
use crate::sim::people::{People, Person};

use grant::Grants;
use session::{Session, Sessions};
use token::Signer;

pub use http::router;

/// The only client that may sign in, and the audience of its ID tokens.
const CLIENT: &str = "crashcart";
/// Seconds that an ID token and an access token are good for.
const TOKEN_SECONDS: i64 = 300;

/// Why the issuer could not be made, or could not sign.
#[derive(Debug, thiserror::Error)]
pub(in crate::sim) enum IssuerError {
    /// The signing key could not be made or used.
    #[error("the simulated issuer's key cannot be used")]
    Key(#[source] rcgen::Error),
    /// The signature had a form that a token cannot carry.
    #[error("the simulated issuer made a signature of an unknown form")]
    Signature,
}

/// Who a verified ID token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The login, such as `alice@meridian.test`.
    pub user: String,
    /// The groups, as the token lists them.
    pub groups: Vec<String>,
}

/// The issuer of the simulated estate; clones share one state.
#[derive(Clone)]
pub struct Issuer {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    people: Arc<People>,
    clock: Clock,
    signer: Signer,
    state: Mutex<State>,
}

/// What changes while the issuer runs.
#[derive(Default)]
struct State {
    grants: Grants,
    sessions: Sessions,
}

impl Issuer {
    /// Makes an issuer that answers at `url`, such as `https://127.0.0.1:8443`.
    ///
    /// The key and every code are random; the seed plays no part in a secret.
    ///
    /// # Errors
    /// A sentence, when no signing key can be made.
    #[expect(clippy::needless_pass_by_value, reason = "all parts are handed over")]
    pub fn new(url: String, people: Arc<People>, clock: Clock, _seed: u64) -> Result<Self, String> {
        let signer = Signer::generate().map_err(|error| error.to_string())?;
        let inner = Inner {
            url: url.trim_end_matches('/').to_owned(),
            people,
            clock,
            signer,
            state: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Checks signature, issuer, audience and end of an ID token, as an API server does.
    ///
    /// # Errors
    /// A sentence that says which check failed; an API server keeps it in its own log.
    pub fn verify(&self, token: &str) -> Result<Claims, String> {
        let claims = self.inner.signer.verify(token);
        let claims = claims.ok_or("oidc: the signature of the token is not this issuer's")?;
        if claims["iss"] != self.inner.url.as_str() {
            return Err(format!("oidc: token issued by {}", claims["iss"]));
        }
        if claims["aud"] != CLIENT {
            return Err(format!(
                "oidc: expected audience \"{CLIENT}\" got {}",
                claims["aud"]
            ));
        }
        if claims["exp"].as_i64().unwrap_or(0) <= self.now().as_second() {
            return Err(format!("oidc: token is expired at {}", claims["exp"]));
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let groups = claims["groups"].as_array().cloned().unwrap_or_default();
        Ok(Claims {
            user: text(&claims["preferred_username"]).ok_or("oidc: no preferred_username")?,
            groups: groups.iter().filter_map(text).collect(),
        })
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let lock = self.inner.state.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// The discovery document, with a member that says the issuer is simulated.
    fn discovery(&self) -> Value {
        let url = &self.inner.url;
        let people: Vec<_> = self.inner.people.all().iter().map(|p| &p.name).collect();
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/auth"),
            "token_endpoint": format!("{url}/token"),
            "device_authorization_endpoint": format!("{url}/auth/device"),
            "revocation_endpoint": format!("{url}/revoke"),
            "jwks_uri": format!("{url}/certs"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "grant_types_supported":
                ["refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email", "groups", "offline_access"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr",
                "azp", "email", "preferred_username", "groups"],
            "acr_values_supported": ["1"],
            "crashcart_simulated": {
                "people": people,
                "answer_endpoint": format!("{url}/device/answer"),
            },
        })
    }

    /// The answer of the token endpoint for a session: three tokens and their ages in seconds.
    fn tokens(
        &self,
        session: &Session,
        refresh: &str,
        nonce: Option<&str>,
    ) -> Result<Value, IssuerError> {
        let person = &session.person;
        let at = self.now().as_second();
        let mut claims = claims(&self.inner.url, session, at);
        let mut access = claims.clone();
        access["aud"] = json!("account");
        access["typ"] = json!("Bearer");
        claims["typ"] = json!("ID");
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        if !person.groups.is_empty() {
            claims["groups"] = json!(person.groups);
        }
        let mut answer = json!({
            "access_token": self.inner.signer.sign(&access)?,
            "expires_in": TOKEN_SECONDS,
            "refresh_token": refresh,
            "refresh_expires_in": session::IDLE_SECONDS,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": session.id,
            "scope": session.scope,
        });
        if session.scope.split(' ').any(|scope| scope == "openid") {
            answer["id_token"] = json!(self.inner.signer.sign(&claims)?);
        }
        Ok(answer)
    }
}

/// The claims that the ID token and the access token of a session share.
fn claims(url: &str, session: &Session, at: i64) -> Value {
    let person: &Person = &session.person;
    json!({
        "exp": at + TOKEN_SECONDS,
        "iat": at,
        "auth_time": session.since.as_second(),
        "jti": uuid::Uuid::new_v4().to_string(),
        "iss": url,
        "aud": CLIENT,
        "sub": person.subject,
        "azp": CLIENT,
        "sid": session.id,
        "acr": "1",
        "email_verified": true,
        "preferred_username": person.user,
        "email": person.user,
    })
}

#[cfg(test)]
mod tests;

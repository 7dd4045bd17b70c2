//! The simulated issuer: device grant, code with PKCE, rotation, revocation and a key set, as Keycloak or Dex answers.
//!
//! `grant`, `code` and `session` are pure and take the time as an argument; `keys` and `token` sign and check; `http`
//! alone knows requests; `desk` is what a test or a story turns while the issuer runs. There is no password: the page
//! asks who you are, and the discovery document says so in a member of its own. What follows from the seed are
//! subjects, user codes and ids; keys, codes and tokens are random, since whoever knew them could act.

mod alone;
mod claims;
mod client;
mod code;
mod desk;
mod eks;
mod entrance;
mod grant;
mod http;
mod keys;
mod openshift;
mod refusal;
pub(in crate::sim) mod served;
mod session;
mod settings;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::clock::Clock;
use crate::sim::people::{People, Person};
use crate::sim::store::Dice;

use claims::claims;
use client::CLIENT;
use code::Codes;
use grant::Grants;
use keys::Keys;
use session::Opened;
use session::Sessions;

pub use alone::Alone;
pub use desk::Heard;
pub use eks::Authenticator;
pub(in crate::sim) use eks::keys as aws_keys;
pub use entrance::Entrance;
pub use http::router;
pub use openshift::OAuth;
pub use settings::Manners;
pub use settings::Settings;

/// Why the issuer could not be made, or could not sign.
#[derive(Debug, thiserror::Error)]
pub(in crate::sim) enum IssuerError {
    /// The signing key could not be made or used.
    #[error("the simulated issuer's key cannot be used")]
    Key(#[source] rcgen::Error),
    /// The person of a session is not known any more.
    #[error("the simulated issuer does not know the person of this session")]
    NoPerson,
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
    state: Mutex<State>,
}

/// What changes while the issuer runs.
struct State {
    settings: Settings,
    dice: Dice,
    keys: Keys,
    grants: Grants,
    codes: Codes,
    sessions: Sessions,
    /// Accounts that were changed, by short name.
    accounts: BTreeMap<String, Account>,
    /// Access tokens that were revoked, by their `jti`.
    revoked: BTreeSet<String>,
    /// Tokens issued up to this second are refused.
    not_before: Option<i64>,
    /// What the token endpoint was asked: the grant, and the refusal or `ok`.
    asked: Vec<(String, String)>,
    heard: Heard,
}

/// What was changed of an account.
#[derive(Default)]
struct Account {
    groups: Option<Vec<String>>,
    disabled: bool,
}

impl Issuer {
    /// Makes an issuer that answers at `url`, such as `https://127.0.0.1:8443`.
    ///
    /// Keys and tokens are random; the seed plays no part in a secret.
    ///
    /// # Errors
    /// A sentence, when no signing key can be made.
    #[expect(clippy::needless_pass_by_value, reason = "all parts are handed over")]
    pub fn new(
        url: String,
        people: Arc<People>,
        clock: Clock,
        seed: u64,
        settings: Settings,
    ) -> Result<Self, String> {
        let state = State {
            settings,
            dice: Dice::new(seed),
            keys: Keys::generate().map_err(|error| error.to_string())?,
            grants: Grants::default(),
            codes: Codes::default(),
            sessions: Sessions::default(),
            accounts: BTreeMap::new(),
            revoked: BTreeSet::new(),
            not_before: None,
            asked: Vec::new(),
            heard: Heard::default(),
        };
        let inner = Inner {
            url: url.trim_end_matches('/').to_owned(),
            people,
            clock,
            state: Mutex::new(state),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Checks signature, issuer, audience and end of an ID token, as an API server does: by its own clock, and with
    /// every key it has ever read.
    ///
    /// # Errors
    /// A sentence that says which check failed; an API server keeps it in its own log.
    pub fn verify(&self, token: &str) -> Result<Claims, String> {
        let claims = self.state().keys.ever(token);
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
        if claims["exp"].as_i64().unwrap_or(0) <= self.inner.clock.now().as_second() {
            return Err(format!("oidc: token is expired at {}", claims["exp"]));
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let groups = claims["groups"].as_array().cloned().unwrap_or_default();
        Ok(Claims {
            user: text(&claims["preferred_username"]).ok_or("oidc: no preferred_username")?,
            groups: groups.iter().filter_map(text).collect(),
        })
    }

    /// The time by the issuer's own clock.
    fn now(&self) -> Timestamp {
        let skew = SignedDuration::from_secs(self.settings().skew_seconds);
        let now = self.inner.clock.now();
        now.checked_add(skew).unwrap_or(now)
    }

    /// How it behaves now.
    pub fn settings(&self) -> Settings {
        self.state().settings
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let lock = self.inner.state.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// The person of that short name with the groups they have now.
    fn person(&self, state: &State, name: &str) -> Option<Person> {
        let mut person = self.inner.people.find(name)?.clone();
        let account = state.accounts.get(name);
        if let Some(groups) = account.and_then(|account| account.groups.clone()) {
            person.groups = groups;
        }
        Some(person)
    }

    /// The answer of the token endpoint for a sign-in or a renewal.
    fn tokens(&self, opened: &Opened) -> Result<Value, IssuerError> {
        let at = self.now().as_second();
        let mut state = self.state();
        let settings = state.settings;
        let person = self.person(&state, &opened.person);
        let person = person.ok_or(IssuerError::NoPerson)?;
        let ids = [state.dice.uuid(), state.dice.uuid()];
        let pair = claims(&self.inner.url, opened, &person, &settings, ids, at);
        let mut answer = json!({
            "access_token": state.keys.sign(&pair.access)?,
            "expires_in": settings.token_seconds,
            "token_type": "Bearer",
        });
        if opened.has("openid") || settings.manners == Manners::Dex {
            answer["id_token"] = json!(state.keys.sign(&pair.id)?);
        }
        let offline = opened.has("offline_access");
        if settings.manners == Manners::Dex {
            // Dex gives something to renew with to those alone who ask for it by this scope.
            if offline {
                answer["refresh_token"] = json!(opened.refresh);
            }
            return Ok(answer);
        }
        answer["refresh_token"] = json!(opened.refresh);
        // 0 stands for no end.
        answer["refresh_expires_in"] = json!(if offline { 0 } else { settings.idle_seconds });
        answer["not-before-policy"] = json!(state.not_before.unwrap_or(0));
        answer["session_state"] = json!(opened.session);
        answer["scope"] = json!(opened.scope);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;

//! The OAuth server of one OpenShift cluster as a state machine that is told the time: who is logged in in a browser,
//! codes with PKCE, and opaque tokens that are objects of the cluster.
//!
//! What it refuses, and by which code, is read from the source of the real one; `http::openshift` knows requests and
//! `api::openshift` the objects. There is nothing to renew with and no device grant.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::sim::clock::Clock;
use crate::sim::clock::seconds;
use crate::sim::people::{People, Person, secret};

use super::Claims;
use super::refusal::Refusal;
use super::token::challenge;

/// The one client it has here: that of command lines which send a browser. Anybody may be it.
pub(in crate::sim) const CLIENT: &str = "openshift-cli-client";
/// What codes, tokens and the names of their objects begin with.
const PREFIX: &str = "sha256~";
/// Seconds a code is good for.
const CODE: i64 = 300;
/// Seconds a token is good for, unless the cluster's configuration says otherwise.
const TOKEN: i64 = 86_400;
/// The scopes of its document; each may be asked for.
const SCOPES: [&str; 5] = [
    "user:check-access",
    "user:full",
    "user:info",
    "user:list-projects",
    "user:list-scoped-projects",
];

/// The OAuth server of one cluster; clones share one state.
#[derive(Clone)]
pub struct OAuth {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    people: Arc<People>,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Who is logged in in which browser, by cookie.
    browsers: BTreeMap<String, String>,
    codes: BTreeMap<String, Code>,
    /// By the name of the token's object.
    tokens: BTreeMap<String, Token>,
}

/// What a browser was sent for.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) redirect: String,
    pub(super) state: Option<String>,
    scope: String,
    /// The challenge, and whether it is by S256.
    challenge: Option<(String, bool)>,
}

/// Why a browser gets no code.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is told, since the address to go back to is not to be trusted.
    Here(Refusal),
    /// It goes back with the error.
    Back(String, Option<String>, &'static str),
}

struct Code {
    wish: Wish,
    person: String,
    until: Timestamp,
}

struct Token {
    person: String,
    scope: String,
    redirect: String,
    since: Timestamp,
    until: Timestamp,
}

impl OAuth {
    /// A server that answers at `url`, such as `https://127.0.0.1:8443`.
    pub fn new(url: String, people: Arc<People>, clock: Clock) -> OAuth {
        OAuth {
            inner: Arc::new(Inner {
                url,
                people,
                clock,
                state: Mutex::default(),
            }),
        }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    pub(super) fn people(&self) -> &People {
        &self.inner.people
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let lock = self.inner.state.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// What the API server says about it (RFC 8414).
    pub(in crate::sim) fn document(&self) -> Value {
        let url = self.url();
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/oauth/authorize"),
            "token_endpoint": format!("{url}/oauth/token"),
            "scopes_supported": SCOPES,
            "response_types_supported": ["code", "token"],
            "grant_types_supported": ["authorization_code", "implicit"],
            "code_challenge_methods_supported": ["plain", "S256"],
        })
    }

    /// Reads what a browser was sent for.
    pub(super) fn wish(field: impl Fn(&str) -> Option<String>) -> Result<Wish, Trouble> {
        let here = |error: &'static str| Err(Trouble::Here(Refusal::bad(error, "")));
        if field("client_id").as_deref() != Some(CLIENT) {
            return here("unauthorized_client");
        }
        let redirect = field("redirect_uri").unwrap_or_default();
        if !is_registered(&redirect) {
            return here("invalid_request");
        }
        let state = field("state").filter(|state| !state.is_empty());
        let back = |error| Err(Trouble::Back(redirect.clone(), state.clone(), error));
        // The implicit way is not simulated: its token would stand in an address.
        if field("response_type").as_deref() != Some("code") {
            return back("unsupported_response_type");
        }
        let method = field("code_challenge_method").unwrap_or_default();
        let challenge = field("code_challenge").filter(|text| !text.is_empty());
        let known = matches!(method.as_str(), "" | "plain" | "S256");
        if challenge
            .as_ref()
            .is_some_and(|text| !known || !is_proof(text))
        {
            return back("invalid_request");
        }
        let scope = field("scope").unwrap_or_default();
        let mut scopes = scope.split(' ').filter(|one| !one.is_empty());
        if scopes.any(|one| !SCOPES.contains(&one)) {
            return back("invalid_scope");
        }
        Ok(Wish {
            scope: if scope.is_empty() {
                "user:full".to_owned()
            } else {
                scope
            },
            challenge: challenge.map(|text| (text, method == "S256")),
            redirect,
            state,
        })
    }

    /// Logs a person in in a browser and gives its cookie; `None` when there is no such person, or no password came.
    pub(super) fn log_in(&self, name: &str, password: &str) -> Option<String> {
        let person = self.people().find(name).filter(|_| !password.is_empty())?;
        let cookie = secret();
        let person = person.name.clone();
        self.state().browsers.insert(cookie.clone(), person);
        Some(cookie)
    }

    /// A code for the person of that browser, who is logged out by it; `None` when nobody is logged in there.
    pub(super) fn give(&self, cookie: &str, wish: &Wish) -> Option<String> {
        let mut state = self.state();
        let person = state.browsers.remove(cookie)?;
        let code = format!("{PREFIX}{}", B64.encode(Sha256::digest(secret())));
        let given = Code {
            wish: wish.clone(),
            person,
            until: later(self.inner.clock.now(), CODE),
        };
        state.codes.insert(code.clone(), given);
        Some(code)
    }

    /// The answer of the token endpoint. A code that was redeemed is not known any more, so a second try is that of an
    /// unknown one.
    pub(super) fn redeem(&self, field: impl Fn(&str) -> Option<String>) -> Result<Value, Refusal> {
        let no = |error: &'static str| Err(Refusal::bad(error, ""));
        let now = self.inner.clock.now();
        let text = field("code").unwrap_or_default();
        if text.is_empty() {
            return no("invalid_grant");
        }
        let mut state = self.state();
        let Some(code) = state.codes.get(&text) else {
            return no("unauthorized_client");
        };
        if code.until < now {
            return no("invalid_grant");
        }
        if field("redirect_uri").is_some_and(|other| other != code.wish.redirect) {
            return no("invalid_request");
        }
        if let Some((wanted, hashed)) = &code.wish.challenge {
            let verifier = field("code_verifier").unwrap_or_default();
            if !is_proof(&verifier) {
                return no("invalid_request");
            }
            let shown = if *hashed {
                challenge(&verifier)
            } else {
                verifier
            };
            if shown != *wanted {
                return no("invalid_grant");
            }
        }
        let Some(code) = state.codes.remove(&text) else {
            return no("unauthorized_client");
        };
        let bare = B64.encode(Sha256::digest(secret()));
        let answer = json!({
            "access_token": format!("{PREFIX}{bare}"),
            "expires_in": TOKEN,
            "scope": code.wish.scope,
            "token_type": "Bearer",
        });
        let token = Token {
            person: code.person,
            scope: code.wish.scope,
            redirect: code.wish.redirect,
            since: now,
            until: later(now, TOKEN),
        };
        state.tokens.insert(object_name(&bare), token);
        Ok(answer)
    }

    /// Who a token speaks for, as the API server sees it.
    ///
    /// # Errors
    /// A sentence, when nobody knows the token or it has ended.
    pub(in crate::sim) fn verify(&self, token: &str) -> Result<Claims, String> {
        let person = self.owner(token).ok_or("oauth: the token is not known")?;
        let mut groups = person.groups;
        groups.push("system:authenticated:oauth".to_owned());
        Ok(Claims {
            user: person.user,
            groups,
        })
    }

    fn owner(&self, token: &str) -> Option<Person> {
        let bare = token.strip_prefix(PREFIX)?;
        let state = self.state();
        let token = state.tokens.get(&object_name(bare))?;
        let good = self.inner.clock.now() < token.until;
        self.people().find(&token.person).filter(|_| good).cloned()
    }

    /// The person of that login, as the `User` object that `~` stands for.
    pub(in crate::sim) fn user(&self, login: &str) -> Option<Value> {
        let person = self.people().find(login)?;
        Some(json!({
            "kind": "User",
            "apiVersion": "user.openshift.io/v1",
            "metadata": {"name": person.user, "uid": person.subject},
            "identities": [format!("sim:{}", person.name)],
            "groups": person.groups,
        }))
    }

    /// The tokens of a login that are good, as objects; of everybody with `None`.
    pub(in crate::sim) fn tokens(&self, login: Option<&str>) -> Vec<(String, Value)> {
        let own = login.map(|login| self.people().find(login).map(|one| one.name.clone()));
        let now = self.inner.clock.now();
        let state = self.state();
        let good = state.tokens.iter().filter(|(_, token)| now < token.until);
        let theirs = good.filter(|(_, token)| {
            own.as_ref()
                .is_none_or(|own| own.as_ref() == Some(&token.person))
        });
        theirs
            .map(|(name, token)| {
                let person = self.people().find(&token.person);
                let object = json!({
                    "metadata": {"name": name, "creationTimestamp": seconds(token.since)},
                    "clientName": CLIENT,
                    "expiresIn": TOKEN,
                    "redirectURI": token.redirect,
                    "scopes": token.scope.split(' ').collect::<Vec<_>>(),
                    "userName": person.map(|one| &one.user),
                    "userUID": person.map(|one| &one.subject),
                });
                (name.clone(), object)
            })
            .collect()
    }

    /// Deletes a token's object; false when there is none.
    pub(in crate::sim) fn delete(&self, name: &str) -> bool {
        self.state().tokens.remove(name).is_some()
    }
}

/// The name of the object of a token, from what follows the prefix.
fn object_name(bare: &str) -> String {
    format!("{PREFIX}{}", B64.encode(Sha256::digest(bare)))
}

/// Whether the client is registered with an address: this machine by number, any port, that path or below.
fn is_registered(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else {
        return false;
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => host,
    };
    let path = path.split('?').next().unwrap_or_default();
    let known = path == "callback" || path.starts_with("callback/");
    known && matches!(bare, "127.0.0.1" | "[::1]") && !address.contains('#')
}

/// Whether a text has the form of a verifier or of a challenge (RFC 7636 section 4.1).
fn is_proof(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(letter)
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const BACK: &str = "http://127.0.0.1:18250/callback";

    fn opened() -> (OAuth, Clock) {
        let clock = Clock::manual("2026-08-15T04:31:00Z".parse().unwrap());
        let people = Arc::new(People::new(7));
        (
            OAuth::new("https://oauth.test".to_owned(), people, clock.clone()),
            clock,
        )
    }

    fn field<'f>(pairs: &'f [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'f {
        |name| {
            let found = pairs.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    fn wished(more: &[(&str, &str)]) -> Result<Wish, Trouble> {
        let challenge = challenge(VERIFIER);
        let mut pairs = more.to_vec();
        pairs.extend([
            ("client_id", CLIENT),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("state", "s"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ]);
        OAuth::wish(field(&pairs))
    }

    fn code(oauth: &OAuth) -> String {
        let browser = oauth.log_in("alice", "x").unwrap();
        let code = oauth.give(&browser, &wished(&[]).unwrap()).unwrap();
        assert_eq!(
            oauth.give(&browser, &wished(&[]).unwrap()),
            None,
            "logged out by it"
        );
        code
    }

    fn redeemed(oauth: &OAuth, code: &str, verifier: &str) -> Result<Value, &'static str> {
        let form = [
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", verifier),
        ];
        oauth.redeem(field(&form)).map_err(|refusal| refusal.error)
    }

    #[test]
    fn a_code_is_good_once_for_five_minutes_and_for_its_verifier() {
        let (oauth, clock) = opened();
        let first = code(&oauth);
        assert_eq!(redeemed(&oauth, &first, "short"), Err("invalid_request"));
        assert_eq!(
            redeemed(&oauth, &first, &"x".repeat(43)),
            Err("invalid_grant")
        );
        let other = [
            ("code", first.as_str()),
            ("redirect_uri", "http://127.0.0.1:1/callback"),
        ];
        assert_eq!(
            oauth.redeem(field(&other)).unwrap_err().error,
            "invalid_request"
        );
        let answer = redeemed(&oauth, &first, VERIFIER).unwrap();
        assert_eq!(answer["expires_in"], 86_400);
        assert_eq!(answer["refresh_token"], Value::Null);
        assert_eq!(
            redeemed(&oauth, &first, VERIFIER),
            Err("unauthorized_client")
        );
        let late = code(&oauth);
        clock.advance(Duration::from_secs(301));
        assert_eq!(redeemed(&oauth, &late, VERIFIER), Err("invalid_grant"));
        assert!(oauth.log_in("alice", "").is_none());
        assert!(oauth.log_in("mallory", "x").is_none());
    }

    #[test]
    fn a_token_ends_after_a_day_or_when_its_object_is_deleted() {
        let (oauth, clock) = opened();
        let given = |oauth: &OAuth| {
            let answer = redeemed(oauth, &code(oauth), VERIFIER).unwrap();
            answer["access_token"].as_str().unwrap().to_owned()
        };
        let (one, two) = (given(&oauth), given(&oauth));
        let claims = oauth.verify(&one).unwrap();
        assert_eq!(claims.user, "alice@meridian.test");
        assert!(
            claims
                .groups
                .contains(&"system:authenticated:oauth".to_owned())
        );
        let name = object_name(one.strip_prefix(PREFIX).unwrap());
        assert!(oauth.verify(&name).is_err(), "the name opens nothing");
        assert_eq!(oauth.tokens(Some("alice@meridian.test")).len(), 2);
        assert!(oauth.tokens(Some("bob@meridian.test")).is_empty());
        assert!(oauth.delete(&name) && !oauth.delete(&name));
        assert!(oauth.verify(&one).is_err());
        clock.advance(Duration::from_secs(86_399));
        assert!(oauth.verify(&two).is_ok());
        clock.advance(Duration::from_secs(1));
        assert!(oauth.verify(&two).is_err());
        assert!(oauth.tokens(None).is_empty());
    }

    #[test]
    fn what_a_browser_may_not_be_sent_for_is_refused_here_or_there() {
        let here = |more: &[(&str, &str)]| match wished(more) {
            Err(Trouble::Here(refusal)) => refusal.error,
            other => panic!("{other:?}"),
        };
        assert_eq!(here(&[("client_id", "crashcart")]), "unauthorized_client");
        assert_eq!(
            here(&[("redirect_uri", "http://evil.test/callback")]),
            "invalid_request"
        );
        for (name, value, error) in [
            ("response_type", "token", "unsupported_response_type"),
            ("scope", "user:full offline_access", "invalid_scope"),
            ("code_challenge", "short", "invalid_request"),
            ("code_challenge_method", "S512", "invalid_request"),
        ] {
            let Err(Trouble::Back(to, state, said)) = wished(&[(name, value)]) else {
                panic!("{name}");
            };
            assert_eq!(
                (to.as_str(), state.as_deref(), said),
                (BACK, Some("s"), error)
            );
        }
    }

    #[test]
    fn only_this_machine_by_number_is_gone_back_to() {
        for (address, good) in [
            ("http://127.0.0.1:18250/callback", true),
            ("http://127.0.0.1/callback", true),
            ("http://[::1]:1/callback/x?a=b", true),
            ("http://localhost:18250/callback", false),
            ("https://127.0.0.1:18250/callback", false),
            ("http://127.0.0.1:18250/callbacks", false),
            ("http://127.0.0.1:18250/", false),
            ("http://127.0.0.1.evil.test/callback", false),
            ("http://127.0.0.1:1@evil.test/callback", false),
            ("http://127.0.0.1:1/callback#x", false),
        ] {
            assert_eq!(is_registered(address), good, "{address}");
        }
    }
}

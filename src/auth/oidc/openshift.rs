//! Signing in at the OAuth server of an OpenShift cluster: a code with PKCE, and an opaque token for that cluster alone.
//!
//! It is no `OpenID` Connect: there is no ID token, no nonce and nothing to renew with. Who it is says the cluster itself,
//! asked with the token. Signing out deletes the token's own object.

use super::code::Asked;
use super::code::CodeGrant;
use super::code::Return;
use super::http::Http;
use crate::auth::error::AuthError;
use crate::auth::person::Person;
use crate::auth::session::Session;
use crate::auth::tokens::TokenState;
use crate::auth::tokens::Tokens;
use crate::config::Identity;
use crate::config::Pem;
use crate::config::Secret;
use crate::text::SafeText;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;
use std::time::Duration;

/// The client that every such cluster has for command lines; it takes any port of 127.0.0.1.
pub const CLIENT: &str = "openshift-cli-client";
/// What a token begins with, and the name of its object.
const PREFIX: &str = "sha256~";
/// How long a token is good where the server does not say, in seconds: the default of OpenShift.
const LIFE_S: i64 = 86_400;
const REVIEW: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const TOKENS: &str = "/apis/oauth.openshift.io/v1/oauthaccesstokens";

/// A cluster whose OAuth server has said where its endpoints are.
pub struct OpenShift {
    api: Http,
    oauth: Http,
    server: String,
    document: Document,
}

/// What the API server says about its OAuth server (RFC 8414).
#[derive(Deserialize)]
struct Document {
    authorization_endpoint: String,
    token_endpoint: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Option<i64>,
}

impl OpenShift {
    /// Asks an API server for its OAuth server; `identity` names the API server as issuer and its authority, `oauth_ca`
    /// that of the OAuth server where it is another.
    ///
    /// # Errors
    /// When it does not answer, cannot prove who it is, or has no OAuth server (any more).
    pub async fn discover(
        identity: &Identity,
        oauth_ca: Option<&Pem>,
        deadline: Duration,
    ) -> Result<OpenShift, AuthError> {
        let api = Http::new(identity, deadline)?;
        let server = identity.issuer.trim_end_matches('/').to_owned();
        let path = format!("{server}/.well-known/oauth-authorization-server");
        let answer = api.get(&path).await?;
        if matches!(answer.status, 401 | 403 | 404) {
            return Err(AuthError::NoOAuth {
                host: api.host().to_owned(),
            });
        }
        let document: Document = answer.json(&api, "a document about its OAuth server")?;
        let ends = [&document.authorization_endpoint, &document.token_endpoint];
        if !ends.iter().all(|end| end.starts_with("https://")) {
            return Err(api.malformed("https:// addresses of its OAuth server"));
        }
        let at_oauth = Identity {
            issuer: document.token_endpoint.clone(),
            ca: oauth_ca.or(identity.ca.as_ref()).cloned(),
            ..identity.clone()
        };
        Ok(OpenShift {
            oauth: Http::new(&at_oauth, deadline)?,
            api,
            server,
            document,
        })
    }

    /// Begins a sign-in in a browser whose last address is pasted. Nothing is sent.
    pub fn start_code(&self, redirect: &str, listens: bool, now: Timestamp) -> CodeGrant {
        let asked = Asked {
            page: &self.document.authorization_endpoint,
            host: self.oauth.host(),
            client: CLIENT,
            scope: "user:full",
            redirect,
            listens,
            nonce: false,
            issuer: None,
            iss_needed: false,
        };
        CodeGrant::new(&asked, now)
    }

    /// Takes the address that the browser ended on, asks for the token of its code, and asks the cluster who that is.
    ///
    /// # Errors
    /// When the server refused on its page or refuses the code, or one of the two does not answer.
    pub async fn redeem(
        &self,
        grant: &CodeGrant,
        address: &str,
        now: Timestamp,
    ) -> Result<Return, AuthError> {
        let code = match grant.code(address, &self.oauth)? {
            Ok(code) => code,
            Err(other) => return Ok(other),
        };
        let form = grant.form(CLIENT, &code);
        let answer = self
            .oauth
            .post(&self.document.token_endpoint, &form)
            .await?;
        answer.first_refusal(&self.oauth)?;
        let answer: TokenAnswer = answer.json(&self.oauth, "a token")?;
        let token = Secret::new(&answer.access_token);
        let person = self.who(&token).await?;
        let life = SignedDuration::from_secs(answer.expires_in.unwrap_or(LIFE_S).max(1));
        let good_until = now.checked_add(life).unwrap_or(now);
        let session = Session {
            person,
            expires_at: good_until,
            acr: None,
            auth_time: None,
        };
        let tokens = Tokens {
            access: token.clone(),
            id: token,
            refresh: None,
            state: TokenState::new(now, good_until, false),
        };
        Ok(Return::Done(Box::new((session, tokens))))
    }

    /// Whom the cluster takes a token for.
    async fn who(&self, token: &Secret) -> Result<Person, AuthError> {
        let review = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "SelfSubjectReview",
        });
        let url = format!("{}{REVIEW}", self.server);
        let answer = self.api.review(&url, token, &review).await?;
        if !matches!(answer.status, 200 | 201) {
            return Err(self.api.malformed("who the token is for"));
        }
        let said: Value = answer.body(&self.api, "who the token is for")?;
        let info = &said["status"]["userInfo"];
        let text = |name: &str| info[name].as_str().filter(|text| !text.is_empty());
        let login = text("username").ok_or_else(|| self.api.malformed("a user name"))?;
        let groups = info["groups"].as_array().into_iter().flatten();
        let groups = groups.filter_map(Value::as_str);
        let own = groups.filter(|group| !group.starts_with("system:"));
        Ok(Person {
            issuer: self.server.clone(),
            subject: text("uid").unwrap_or(login).to_owned(),
            login: SafeText::new(login),
            groups: own.map(SafeText::new).collect(),
        })
    }

    /// Deletes the token's own object; a token that is not known any more counts as deleted.
    ///
    /// # Errors
    /// When the cluster refuses or does not answer.
    pub async fn log_out(&self, tokens: &Tokens) -> Result<(), AuthError> {
        let url = format!(
            "{}{TOKENS}/{}",
            self.server,
            object_name(tokens.access.expose())
        );
        let answer = self.api.delete(&url, &tokens.access).await?;
        match answer.status {
            200 | 202 | 401 | 404 => Ok(()),
            _ => answer.refusal(&self.api),
        }
    }
}

/// The name of a token's object: the hash of what follows the prefix, so that the name does not open anything.
fn object_name(token: &str) -> String {
    let bare = token.strip_prefix(PREFIX).unwrap_or(token);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(Sha256::digest(bare)))
}

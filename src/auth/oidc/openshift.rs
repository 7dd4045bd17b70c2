//! Signing in at the OAuth server of an OpenShift cluster: a code with PKCE, and an opaque token for that cluster alone.
//!
//! It is no `OpenID` Connect: there is no ID token, no nonce and nothing to renew with. Who it is says the cluster itself,
//! asked with the token. Signing out deletes the token's own object. Both servers are asked by the cluster's own rules:
//! pinned key, proxy, name in the certificate.

use super::answer::Answer;
use super::code::Asked;
use super::code::CodeGrant;
use super::code::Return;
use super::http::End;
use super::http::Http;
use crate::auth::error::AuthError;
use crate::auth::person::Person;
use crate::auth::session::Session;
use crate::auth::tokens::TokenState;
use crate::auth::tokens::Tokens;
use crate::config::Cluster;
use crate::config::ClusterAuth;
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
    /// Asks an API server for its OAuth server, trusted by `oauth_ca` of the cluster, else as the API server is. The
    /// proxy is for both; the name in the certificate is the API server's alone.
    ///
    /// # Errors
    /// When its `ca` has no certificate of the pinned key, or it does not answer, cannot prove who it is, or has no OAuth
    /// server (any more).
    pub async fn discover(cluster: &Cluster, deadline: Duration) -> Result<OpenShift, AuthError> {
        let name = cluster.name.as_str();
        let ca = cluster.authority().ok_or_else(|| AuthError::OtherKey {
            cluster: name.to_owned(),
        })?;
        let own = End {
            address: &cluster.server,
            ca: &ca,
            trust: &format!("ca and fingerprint of cluster {name}"),
            proxy: cluster.route.proxy.as_ref(),
            tls_name: cluster.route.tls_name.as_deref(),
            client_id: CLIENT,
            place: &format!("cluster {name}"),
        };
        let api = Http::to(&own, deadline)?;
        let server = cluster.server.trim_end_matches('/').to_owned();
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
        let named = match &cluster.auth {
            ClusterAuth::OpenShift { oauth_ca } => oauth_ca.as_ref(),
            _ => None,
        };
        let at_oauth = End {
            address: &document.token_endpoint,
            ca: named.unwrap_or(&ca),
            trust: &format!("oauth_ca of cluster {name}"),
            tls_name: None,
            ..own
        };
        Ok(OpenShift {
            oauth: Http::to(&at_oauth, deadline)?,
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
        let mut form = grant.form(CLIENT, &code).to_vec();
        // Its server takes no public client that does not send a secret, be it empty.
        form.push(("client_secret", ""));
        let answer = self
            .oauth
            .post(&self.document.token_endpoint, &form)
            .await?;
        self.refusal(&answer)?;
        let answer: TokenAnswer = answer.json(&self.oauth, "a token")?;
        let token = Secret::new(&answer.access_token);
        let life = SignedDuration::from_secs(answer.expires_in.unwrap_or(LIFE_S).max(1));
        let good_until = now.checked_add(life).unwrap_or(now);
        let tokens = Tokens {
            access: token.clone(),
            id: token,
            refresh: None,
            state: TokenState::new(now, good_until, false),
        };
        let person = match self.who(&tokens.access).await {
            Ok(person) => person,
            Err(error) => {
                // It would be good for a day, and nobody would hold it. What cannot be deleted ends by itself.
                drop(self.log_out(&tokens).await);
                return Err(error);
            }
        };
        let session = Session {
            person,
            expires_at: good_until,
            acr: None,
            auth_time: None,
        };
        Ok(Return::Done(Box::new((session, tokens))))
    }

    /// Fails when the token endpoint refused. A code that is spent or unknown is `unauthorized_client` there, and one
    /// that is late `invalid_grant`: its words tell neither.
    fn refusal(&self, answer: &Answer) -> Result<(), AuthError> {
        match answer.error_code().as_deref() {
            Some("unauthorized_client" | "invalid_grant") => {
                Err(self.oauth.refused("invalid_grant", answer.words().1))
            }
            _ => answer.first_refusal(&self.oauth),
        }
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

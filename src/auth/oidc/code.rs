//! The code flow (RFC 6749 section 4.1, with PKCE, a nonce and a state): a browser goes to the issuer's page and ends
//! on an address of its own machine, which is pasted here or listened for.

use super::Anew;
use super::Issuer;
use super::anew;
use super::answer::short;
use super::form::encode;
use super::http::Http;
use super::id_token::Expected;
use super::wire::TokenAnswer;
use crate::auth::error::AuthError;
use crate::auth::redirect;
use crate::auth::redirect::Came;
use crate::auth::session::Session;
use crate::auth::sign_in::PagePrompt;
use crate::auth::tokens::Tokens;
use crate::config::Secret;
use crate::text::SafeText;
use jiff::SignedDuration;
use jiff::Timestamp;
use openidconnect::CsrfToken;
use openidconnect::Nonce;
use openidconnect::PkceCodeChallenge;

/// Where a browser is sent whose last address is pasted: nothing of ours listens there.
pub const PASTE_REDIRECT: &str = "http://127.0.0.1:18250/callback";
/// How long somebody has for the page, in seconds.
const PAGE_S: i64 = 900;

/// A sign-in in a browser that waits for its answer.
#[derive(Clone, Debug)]
pub struct CodeGrant {
    /// What to show.
    pub prompt: PagePrompt,
    expected: redirect::Expected,
    verifier: Secret,
    nonce: Secret,
    anew: Anew,
}

/// What came of an address.
#[derive(Debug)]
pub enum Return {
    /// It does not belong to this sign-in, which goes on; the sentence says why.
    Odd(SafeText),
    /// Denied on the page.
    Denied,
    /// Allowed: who it is, and the tokens, checked.
    Done(Box<(Session, Tokens)>),
}

/// What a sign-in in a browser is begun with.
pub(super) struct Asked<'a> {
    /// The page, `https://`.
    pub(super) page: &'a str,
    /// Its host.
    pub(super) host: &'a str,
    /// The client's id.
    pub(super) client: &'a str,
    /// What is asked for.
    pub(super) scope: &'a str,
    /// Where the browser comes back to.
    pub(super) redirect: &'a str,
    /// Whether somebody listens there.
    pub(super) listens: bool,
    /// Whether there will be an ID token that a nonce can tie to this sign-in.
    pub(super) nonce: bool,
    /// The issuer that `iss` must repeat, and whether it always comes.
    pub(super) issuer: Option<String>,
    /// Whether `iss` always comes.
    pub(super) iss_needed: bool,
}

impl CodeGrant {
    /// A sign-in that waits for its answer from now on.
    pub(super) fn new(asked: &Asked<'_>, now: Timestamp) -> CodeGrant {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (nonce, state) = (Nonce::new_random(), CsrfToken::new_random());
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", asked.client),
            ("redirect_uri", asked.redirect),
            ("scope", asked.scope),
            ("state", state.secret()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        if asked.nonce {
            query.push(("nonce", nonce.secret()));
        }
        let (page, query) = (asked.page, encode(&query));
        let sign = if page.contains('?') { '&' } else { '?' };
        let ends = now.checked_add(SignedDuration::from_secs(PAGE_S));
        CodeGrant {
            prompt: PagePrompt {
                issuer_host: SafeText::new(asked.host),
                client_id: SafeText::new(asked.client),
                address: SafeText::new(&format!("{page}{sign}{query}")),
                redirect: SafeText::new(asked.redirect),
                listens: asked.listens,
                expires_at: ends.unwrap_or(now),
                since: now,
            },
            expected: redirect::Expected {
                redirect: asked.redirect.to_owned(),
                state: Secret::new(state.secret()),
                issuer: asked.issuer.clone(),
                iss_needed: asked.iss_needed,
            },
            verifier: Secret::new(verifier.secret()),
            nonce: Secret::new(nonce.secret()),
            anew: Anew::default(),
        }
    }

    /// The same, where whoever signs in has to prove it anew if that is wished for: its page is told to ask them.
    #[must_use]
    pub fn anew(mut self, anew: Option<Anew>) -> CodeGrant {
        let Some(anew) = anew else {
            return self;
        };
        let address = format!("{}&{}", self.prompt.address, anew::QUERY);
        self.prompt.address = SafeText::new(&address);
        self.anew = anew;
        self
    }

    /// The code of an address, or what came of it instead.
    pub(super) fn code(
        &self,
        address: &str,
        http: &Http,
    ) -> Result<Result<Secret, Return>, AuthError> {
        Ok(match redirect::read(address, &self.expected) {
            Err(odd) => Err(Return::Odd(SafeText::new(&odd.to_string()))),
            Ok(Came::Refused { code, .. }) if code == "access_denied" => Err(Return::Denied),
            Ok(Came::Refused { code, words }) => return Err(http.refused(&code, short(&words))),
            Ok(Came::Code(code)) => Ok(code),
        })
    }

    /// The form that a code is redeemed by.
    pub(super) fn form<'f>(&'f self, client: &'f str, code: &'f Secret) -> [(&'f str, &'f str); 5] {
        [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code.expose()),
            ("redirect_uri", &self.expected.redirect),
            ("code_verifier", self.verifier.expose()),
        ]
    }
}

impl Issuer {
    /// Begins a sign-in in a browser that comes back to `redirect`. `now` is when the address is shown; `listens` says
    /// that somebody waits there. Nothing is sent.
    ///
    /// # Errors
    /// When the issuer has no page for it, or takes no PKCE by S256.
    pub fn start_code(
        &self,
        redirect: &str,
        listens: bool,
        now: Timestamp,
    ) -> Result<CodeGrant, AuthError> {
        let page = self.discovery.authorization_endpoint.as_deref();
        let page = page.filter(|page| page.starts_with("https://"));
        let page = page.ok_or_else(|| AuthError::NoPage {
            host: self.host().to_owned(),
        })?;
        let methods = &self.discovery.code_challenge_methods_supported;
        if methods
            .as_ref()
            .is_some_and(|all| !all.iter().any(|one| one == "S256"))
        {
            return Err(self.http.malformed("a page that takes PKCE by S256"));
        }
        let asked = Asked {
            page,
            host: self.host(),
            client: &self.identity.client_id,
            scope: &self.scope(),
            redirect,
            listens,
            nonce: true,
            issuer: Some(self.identity.issuer.clone()),
            iss_needed: self
                .discovery
                .authorization_response_iss_parameter_supported,
        };
        Ok(CodeGrant::new(&asked, now))
    }

    /// Takes the address that the browser ended on, and asks the issuer for the tokens of its code.
    ///
    /// # Errors
    /// When the issuer refused on its page or refuses the code, does not answer, or its ID token does not stand up to
    /// its checks: then nothing is kept.
    pub async fn redeem(
        &mut self,
        grant: &CodeGrant,
        address: &str,
        now: Timestamp,
    ) -> Result<Return, AuthError> {
        let code = match grant.code(address, &self.http)? {
            Ok(code) => code,
            Err(other) => return Ok(other),
        };
        let form = grant.form(&self.identity.client_id, &code);
        let endpoint = &self.discovery.token_endpoint;
        let answer = self.http.post(endpoint, &form).await?;
        if answer.error_code().as_deref() == Some("invalid_request") {
            // Dex says so of a code that it does not know any more.
            let (_, reason) = answer.words();
            return Err(self.http.refused("invalid_grant", reason));
        }
        answer.first_refusal(&self.http)?;
        let tokens: TokenAnswer = answer.json(&self.http, "tokens")?;
        let expected = Expected {
            nonce: Some(&grant.nonce),
            subject: None,
            fresh: true,
        };
        let done = self.accept(&tokens, &expected, None, now).await?;
        grant.anew.check(&done.0, self.host())?;
        Ok(Return::Done(Box::new(done)))
    }
}

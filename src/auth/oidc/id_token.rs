//! Checks an ID token: signature by the issuer's keys, issuer, audience, authorised party, nonce,
//! end and time of issue. The claims never leave this file but as a person and some times.

use super::http::Http;
use super::wrong_issuer;
use crate::auth::error::AuthError;
use crate::auth::person::Person;
use crate::auth::sign_in::SKEW_S;
use crate::config::Identity;
use crate::config::Secret;
use crate::text::SafeText;
use jiff::SignedDuration;
use jiff::Timestamp;
use openidconnect::AdditionalClaims;
use openidconnect::ClaimsVerificationError;
use openidconnect::ClientId;
use openidconnect::IdToken;
use openidconnect::IdTokenClaims;
use openidconnect::IssuerUrl;
use openidconnect::Nonce;
use openidconnect::SignatureVerificationError;
use openidconnect::core::CoreGenderClaim;
use openidconnect::core::CoreIdTokenVerifier;
use openidconnect::core::CoreJsonWebKey;
use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::core::CoreJweContentEncryptionAlgorithm;
use openidconnect::core::CoreJwsSigningAlgorithm;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use std::time::SystemTime;

/// The signing algorithms that are accepted: what Keycloak and Dex use. Never `none`, and none
/// with a shared secret.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 2] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
];
/// The least time between two looks for an unknown key.
const REFETCH: SignedDuration = SignedDuration::from_secs(60);
/// How the check of a nonce says that there is none.
const NO_NONCE: &str = "none";
/// The most groups that are kept of one person.
const GROUPS: usize = 1_000;

/// All claims that the protocol does not name.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Rest {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl AdditionalClaims for Rest {}

type Claims = IdTokenClaims<Rest, CoreGenderClaim>;
type Token =
    IdToken<Rest, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// The issuer's public keys.
pub(super) struct Keys {
    set: CoreJsonWebKeySet,
    refetched: Option<Timestamp>,
}

/// What a token must say beyond the identity.
pub(super) struct Expected<'e> {
    /// The nonce that was sent; `None` for a renewed token, which has none.
    pub(super) nonce: Option<&'e Secret>,
    /// The subject it must be about, when somebody is signed in already.
    pub(super) subject: Option<&'e str>,
    /// Whether the issuer made it just now, so that its time of issue tells how far the clocks are apart.
    pub(super) fresh: bool,
}

/// What is kept of a token that stood up to its checks.
pub(super) struct Verified {
    pub(super) person: Person,
    pub(super) good_until: Timestamp,
    pub(super) issued_at: Timestamp,
    pub(super) acr: Option<String>,
    pub(super) auth_time: Option<Timestamp>,
}

impl Keys {
    /// Reads the issuer's keys.
    pub(super) async fn fetch(http: &Http, url: &str) -> Result<Self, AuthError> {
        let set = http.get(url).await?.json(http, "a set of keys")?;
        Ok(Self {
            set,
            refetched: None,
        })
    }

    /// The issuer's keys as they were known before: one of them.
    pub(super) fn known(key: CoreJsonWebKey) -> Self {
        Self {
            set: CoreJsonWebKeySet::new(vec![key]),
            refetched: None,
        }
    }

    /// The one key that a token of this identity stands up to.
    pub(super) fn of(&self, raw: &str, identity: &Identity) -> Option<&CoreJsonWebKey> {
        let token: Token = raw.parse().ok()?;
        let stands = |key: &&CoreJsonWebKey| {
            let alone = Self::known((*key).clone());
            let verifier = verifier(identity, &alone);
            verifier.is_some_and(|one| token.claims(&one, |_: Option<&Nonce>| Ok(())).is_ok())
        };
        self.set.keys().iter().find(stands)
    }

    /// Whether an unknown key may be looked for now: forged tokens must not make us flood the
    /// issuer.
    pub(super) fn may_refetch(&self, now: Timestamp) -> bool {
        self.refetched
            .is_none_or(|last| now.duration_since(last) >= REFETCH)
    }

    /// Reads the keys again.
    pub(super) async fn refetch(
        &mut self,
        http: &Http,
        url: &str,
        now: Timestamp,
    ) -> Result<(), AuthError> {
        self.refetched = Some(now);
        self.set = http.get(url).await?.json(http, "a set of keys")?;
        Ok(())
    }
}

/// Whether a token names a signing key that is not among those known.
pub(super) fn has_unknown_key(raw: &str, identity: &Identity, keys: &Keys) -> bool {
    let verdict = raw
        .parse::<Token>()
        .ok()
        .zip(verifier(identity, keys))
        .map(|(token, verifier)| token.into_claims(&verifier, |_: Option<&Nonce>| Ok(())));
    matches!(
        verdict,
        Some(Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey
        )))
    )
}

/// Checks a token, and gives what is kept of it.
pub(super) fn verify(
    raw: &str,
    identity: &Identity,
    host: &str,
    keys: &Keys,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Verified, AuthError> {
    let refuse = |reason: &str| AuthError::Token {
        host: host.to_owned(),
        reason: reason.to_owned(),
    };
    let token: Token = raw.parse().map_err(|_| refuse("it is no ID token"))?;
    let verifier = verifier(identity, keys).ok_or_else(|| refuse("the issuer is no address"))?;
    let nonce = |found: Option<&Nonce>| match (expected.nonce, found) {
        (None, _) => Ok(()),
        (Some(sent), Some(found)) if sent.expose() == found.secret() => Ok(()),
        (Some(_), None) => Err(NO_NONCE.to_owned()),
        (Some(_), Some(_)) => Err(String::new()),
    };
    let claims = token
        .into_claims(&verifier, nonce)
        .map_err(|error| match error {
            ClaimsVerificationError::InvalidIssuer(text) => {
                // The library says: expected `A` (found `B`).
                wrong_issuer(identity, text.rsplit('`').nth(1).unwrap_or("none"))
            }
            ClaimsVerificationError::InvalidAudience(_) => wrong_audience(identity, host),
            ClaimsVerificationError::InvalidNonce(said) if said == NO_NONCE => AuthError::NoNonce {
                host: host.to_owned(),
            },
            other => refuse(words(&other)),
        })?;
    check_party(&claims, identity, host)?;
    let good_until = check_times(&claims, host, expected.fresh, now)?;
    let issued_at = Timestamp::from_second(claims.issue_time().timestamp());
    let issued_at = issued_at.map_err(|_| refuse("its time of issue is no time"))?;
    let subject = claims.subject().as_str();
    if expected.subject.is_some_and(|one| one != subject) {
        let host = host.to_owned();
        return Err(AuthError::OtherPerson { host });
    }
    let person = person(&claims, identity).ok_or_else(|| {
        let claim = identity.person_claim.as_deref().unwrap_or_default();
        refuse(&format!(
            "it has no {claim}, the claim by which policy names people"
        ))
    })?;
    Ok(Verified {
        person,
        good_until,
        issued_at,
        acr: claims
            .auth_context_ref()
            .map(|acr| SafeText::new(acr.as_str()).as_str().to_owned()),
        auth_time: claims
            .auth_time()
            .and_then(|at| Timestamp::from_second(at.timestamp()).ok()),
    })
}

/// The checks of the library. Its clock is stopped: times are checked here, with the caller's.
fn verifier<'k>(identity: &Identity, keys: &Keys) -> Option<CoreIdTokenVerifier<'k>> {
    let client = ClientId::new(identity.client_id.clone());
    let issuer = IssuerUrl::new(identity.issuer.clone()).ok()?;
    Some(
        CoreIdTokenVerifier::new_public_client(client, issuer, keys.set.clone())
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(|| SystemTime::UNIX_EPOCH.into()),
    )
}

/// The authorised party must be this client, where one is named (Core section 3.1.3.7, 4 and 5).
fn check_party(claims: &Claims, identity: &Identity, host: &str) -> Result<(), AuthError> {
    let party = claims.authorized_party().map(|party| party.as_str());
    match party {
        Some(party) if party != identity.client_id => Err(wrong_audience(identity, host)),
        None if claims.audiences().len() > 1 => Err(AuthError::Token {
            host: host.to_owned(),
            reason: "it is for several, and names none as its own".to_owned(),
        }),
        _ => Ok(()),
    }
}

fn wrong_audience(identity: &Identity, host: &str) -> AuthError {
    AuthError::WrongAudience {
        host: host.to_owned(),
        client: identity.client_id.clone(),
        place: identity.place.clone(),
    }
}

/// The times of a token, within 60 s of skew; its end, when it is good.
fn check_times(
    claims: &Claims,
    host: &str,
    fresh: bool,
    now: Timestamp,
) -> Result<Timestamp, AuthError> {
    let behind_s = claims.issue_time().timestamp() - now.as_second();
    if behind_s > SKEW_S || (fresh && behind_s < -SKEW_S) {
        // Both tokens are made the moment they are asked for, so this is the clocks' distance.
        return Err(AuthError::Skew {
            host: host.to_owned(),
            behind_s,
        });
    }
    let refuse = |reason: &str| AuthError::Token {
        host: host.to_owned(),
        reason: reason.to_owned(),
    };
    let rest = &claims.additional_claims().claims;
    let not_before = rest.get("nbf").and_then(Value::as_i64);
    if not_before.is_some_and(|from| from - now.as_second() > SKEW_S) {
        return Err(refuse("it is not good yet"));
    }
    let end = Timestamp::from_second(claims.expiration().timestamp());
    let end = end.map_err(|_| refuse("its end is no time"))?;
    if now.as_second() - end.as_second() >= SKEW_S {
        return Err(refuse("it has ended"));
    }
    Ok(end)
}

/// The name that policy asks for, where it names a claim; `None` where the token does not hold it.
fn named(claims: &Claims, claim: &str) -> Option<String> {
    let all = serde_json::to_value(claims).ok()?;
    match all.get(claim)? {
        Value::String(name) if !name.trim().is_empty() => Some(name.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// The person that a token is about; `None` where it does not hold the claim by which policy names people.
fn person(claims: &Claims, identity: &Identity) -> Option<Person> {
    let subject = claims.subject().as_str();
    let login = match &identity.person_claim {
        Some(claim) => named(claims, claim)?,
        None => claims
            .preferred_username()
            .map(|name| name.as_str())
            .or_else(|| claims.email().map(|email| email.as_str()))
            .unwrap_or(subject)
            .to_owned(),
    };
    let groups = match claims
        .additional_claims()
        .claims
        .get(&identity.groups_claim)
    {
        Some(Value::Array(groups)) => groups
            .iter()
            .filter_map(Value::as_str)
            .take(GROUPS)
            .map(SafeText::new)
            .collect(),
        Some(Value::String(group)) => vec![SafeText::new(group)],
        _ => Vec::new(),
    };
    Some(Person {
        issuer: identity.issuer.clone(),
        subject: subject.to_owned(),
        login: SafeText::new(&login),
        groups,
    })
}

/// Which check failed, in plain words and without a claim.
fn words(error: &ClaimsVerificationError) -> &'static str {
    match error {
        ClaimsVerificationError::InvalidNonce(_) => "it does not belong to this sign-in (nonce)",
        ClaimsVerificationError::Expired(_) => "it has ended",
        ClaimsVerificationError::SignatureVerification(error) => match error {
            SignatureVerificationError::NoMatchingKey => "the issuer has no such signing key",
            SignatureVerificationError::DisallowedAlg(_)
            | SignatureVerificationError::UnsupportedAlg(_)
            | SignatureVerificationError::NoSignature => "it is not signed with RS256 or ES256",
            _ => "its signature is not the issuer's",
        },
        _ => "it does not say what an ID token must",
    }
}

#[cfg(test)]
mod tests {
    use super::Expected;
    use super::Keys;
    use super::verify;
    use crate::auth::error::AuthError;
    use crate::config::Flow;
    use crate::config::Identity;
    use crate::config::Secret;
    use jiff::Timestamp;
    use serde_json::Value;

    /// A token in Keycloak's form, signed once with RS256, and the public half of its key beside
    /// one for encryption.
    const KEYCLOAK: &str = include_str!("fixtures/keycloak-rs256.json");

    fn identity() -> Identity {
        Identity {
            name: "keycloak".to_owned(),
            issuer: "https://id.meridian.test/realms/meridian".to_owned(),
            place: "crashcart.toml line 6".to_owned(),
            ca: None,
            client_id: "crashcart".to_owned(),
            flow: Flow::Device,
            loopback_on_shared_host: false,
            groups_claim: "groups".to_owned(),
            person_claim: None,
        }
    }

    fn fixture() -> (String, Keys) {
        let fixture: Value = serde_json::from_str(KEYCLOAK).unwrap();
        let keys = Keys {
            set: serde_json::from_value(fixture["jwks"].clone()).unwrap(),
            refetched: None,
        };
        (fixture["token"].as_str().unwrap().to_owned(), keys)
    }

    fn judge(token: &str, keys: &Keys) -> Result<super::Verified, AuthError> {
        judge_by(None, token, keys)
    }

    fn judge_by(
        claim: Option<&str>,
        token: &str,
        keys: &Keys,
    ) -> Result<super::Verified, AuthError> {
        let identity = Identity {
            person_claim: claim.map(str::to_owned),
            ..identity()
        };
        let nonce = Secret::new("n-1");
        let expected = Expected {
            nonce: Some(&nonce),
            subject: None,
            fresh: true,
        };
        let now = Timestamp::from_second(1_786_767_100).unwrap();
        verify(token, &identity, "id.meridian.test", keys, &expected, now)
    }

    #[test]
    fn policy_says_which_claim_names_a_person_and_a_token_without_it_is_refused() {
        let (token, keys) = fixture();
        let by = |claim| judge_by(Some(claim), &token, &keys);
        assert_eq!(by("preferred_username").unwrap().person.login, "alice");
        let verified = by("sub").unwrap();
        assert_eq!(verified.person.login, verified.person.subject.as_str());
        let acr = verified.acr.unwrap();
        assert_eq!(by("acr").unwrap().person.login, acr.as_str(), "any claim");
        for claim in ["employee", "groups"] {
            let why = by(claim).map(|_| ()).unwrap_err().to_string();
            assert!(
                why.contains(&format!("it has no {claim}, the claim")),
                "{why}"
            );
        }
    }

    #[test]
    fn a_keycloak_token_is_accepted() {
        let (token, keys) = fixture();
        let verified = judge(&token, &keys).unwrap();
        assert_eq!(verified.person.login, "alice");
        assert_eq!(verified.person.groups, ["crashcart-operator"]);
        assert_eq!(verified.good_until.as_second(), 1_786_767_160);
    }

    #[test]
    fn any_changed_letter_is_refused() {
        let (token, keys) = fixture();
        let payload = token.find('.').unwrap() + 1;
        let signature = token.rfind('.').unwrap() + 1;
        for at in (payload..token.len() - 1).step_by(7).chain([signature]) {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(judge(&changed, &keys).is_err(), "letter {at}");
        }
    }
}

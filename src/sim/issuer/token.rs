//! Signed tokens: ES256 as openid clients verify it, and the same check for the API servers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::IssuerError;

/// Bytes of one P-256 coordinate or signature half.
const HALF: usize = 32;

/// The issuer's signing key, made at start and never written down.
pub(super) struct Signer {
    pair: KeyPair,
    kid: String,
}

impl Signer {
    /// Makes a fresh P-256 key.
    pub(super) fn generate() -> Result<Self, IssuerError> {
        let pair = KeyPair::generate().map_err(IssuerError::Key)?;
        let kid = B64.encode(Sha256::digest(pair.der_bytes()));
        Ok(Self { pair, kid })
    }

    /// The public key as a JSON Web Key.
    pub(super) fn jwk(&self) -> Value {
        let point = self.pair.der_bytes();
        let x = point.get(1..=HALF).unwrap_or_default();
        let y = point.get(HALF + 1..).unwrap_or_default();
        json!({
            "kid": self.kid, "kty": "EC", "alg": "ES256", "use": "sig", "crv": "P-256",
            "x": B64.encode(x), "y": B64.encode(y),
        })
    }

    /// Signs the claims and returns a compact token.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, IssuerError> {
        // With spaces, as Keycloak writes it: a client must not look for text in it.
        let header = format!(r#"{{"alg":"ES256","typ" : "JWT","kid" : "{}"}}"#, self.kid);
        let head = B64.encode(header);
        let body = B64.encode(claims.to_string());
        let text = format!("{head}.{body}");
        let der = SigningKey::sign(&self.pair, text.as_bytes()).map_err(IssuerError::Key)?;
        let raw = from_der(&der).ok_or(IssuerError::Signature)?;
        Ok(format!("{text}.{}", B64.encode(raw)))
    }

    /// The claims of a token that carries this key's signature; nothing else is checked.
    pub(super) fn verify(&self, token: &str) -> Option<Value> {
        let (text, signature) = token.rsplit_once('.')?;
        let (head, body) = text.split_once('.')?;
        let header: Value = serde_json::from_slice(&B64.decode(head).ok()?).ok()?;
        if header["alg"] != "ES256" || header["kid"] != self.kid.as_str() {
            return None;
        }
        let der = to_der(&B64.decode(signature).ok()?)?;
        let provider = rustls::crypto::ring::default_provider();
        let supported = provider.signature_verification_algorithms;
        let key = self.pair.der_bytes();
        let good = supported.all.iter().any(|algorithm| {
            algorithm
                .verify_signature(key, text.as_bytes(), &der)
                .is_ok()
        });
        if !good {
            return None;
        }
        serde_json::from_slice(&B64.decode(body).ok()?).ok()
    }
}

/// Turns the ASN.1 form of a signature (a sequence of two integers) into 64 bytes.
fn from_der(der: &[u8]) -> Option<[u8; 2 * HALF]> {
    let [0x30, length, rest @ ..] = der else {
        return None;
    };
    if usize::from(*length) != rest.len() {
        return None;
    }
    let (r, rest) = integer(rest)?;
    let (s, _) = integer(rest)?;
    let mut raw = [0; 2 * HALF];
    for (half, number) in raw.chunks_mut(HALF).zip([r, s]) {
        let start = HALF.checked_sub(number.len())?;
        half[start..].copy_from_slice(number);
    }
    Some(raw)
}

/// Takes one ASN.1 integer off the front, without its leading zeros.
fn integer(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x02, length, rest @ ..] = bytes else {
        return None;
    };
    let (number, rest) = rest.split_at_checked(usize::from(*length))?;
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    Some((&number[zeros..], rest))
}

/// Turns a signature of 64 bytes into its ASN.1 form.
fn to_der(raw: &[u8]) -> Option<Vec<u8>> {
    if raw.len() != 2 * HALF {
        return None;
    }
    let mut body = Vec::new();
    for half in raw.chunks(HALF) {
        let zeros = half.iter().take_while(|byte| **byte == 0).count();
        let number = &half[zeros.min(HALF - 1)..];
        let pad = number.first().is_some_and(|byte| *byte >= 0x80);
        let length = u8::try_from(number.len() + usize::from(pad)).ok()?;
        body.extend([0x02, length]);
        if pad {
            body.push(0);
        }
        body.extend(number);
    }
    let mut der = vec![0x30, u8::try_from(body.len()).ok()?];
    der.extend(body);
    Some(der)
}

/// The PKCE challenge (S256) that belongs to a verifier.
pub(super) fn challenge(verifier: &str) -> String {
    B64.encode(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_and_a_changed_one_does_not() {
        let signer = Signer::generate().unwrap();
        for round in 0..40 {
            let claims = json!({"sub": "alice", "round": round});
            let token = signer.sign(&claims).unwrap();
            assert_eq!(signer.verify(&token), Some(claims));
            let forged = token.replacen('.', ".e30", 1);
            assert_eq!(signer.verify(&forged), None);
            assert_eq!(Signer::generate().unwrap().verify(&token), None);
        }
    }

    #[test]
    fn short_halves_of_a_signature_survive_both_ways() {
        let mut raw = [0_u8; 64];
        raw[31] = 1;
        raw[40] = 0x80;
        let der = to_der(&raw).unwrap();
        assert_eq!(from_der(&der), Some(raw));
        assert_eq!(to_der(&raw[1..]), None);
    }

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let wanted = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge(verifier), wanted);
    }
}

//! The issuer's keys: one signs, older ones may still be listed, and one is for encryption only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::IssuerError;
use super::token::Signer;

/// Every key the issuer has had.
pub(super) struct Keys {
    current: Signer,
    /// The older ones, newest first, and whether the key set still lists them.
    old: Vec<(Signer, bool)>,
}

impl Keys {
    /// One fresh key.
    pub(super) fn generate() -> Result<Self, IssuerError> {
        Ok(Self {
            current: Signer::generate()?,
            old: Vec::new(),
        })
    }

    /// Signs with a fresh key from now on; the one before stays listed.
    pub(super) fn rotate(&mut self) -> Result<(), IssuerError> {
        let before = std::mem::replace(&mut self.current, Signer::generate()?);
        self.old.insert(0, (before, true));
        Ok(())
    }

    /// Takes all older keys off the list.
    pub(super) fn drop_old(&mut self) {
        for (_, listed) in &mut self.old {
            *listed = false;
        }
    }

    /// The key set as a client reads it. A key for encryption stands in it too, as Keycloak's does; nobody has its
    /// private half.
    pub(super) fn jwks(&self) -> Value {
        let listed = self.old.iter().filter(|(_, listed)| *listed);
        let signers = std::iter::once(&self.current).chain(listed.map(|(signer, _)| signer));
        let mut keys: Vec<Value> = signers.map(Signer::jwk).collect();
        let modulus: Vec<u8> = (0_u8..8)
            .flat_map(|part| Sha256::digest([0xc5, part]))
            .map(|byte| byte | 1)
            .collect();
        keys.push(json!({
            "kid": "for-encryption", "kty": "RSA", "alg": "RSA-OAEP", "use": "enc",
            "n": B64.encode(modulus), "e": "AQAB",
        }));
        json!({ "keys": keys })
    }

    /// Signs the claims with the current key.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, IssuerError> {
        self.current.sign(claims)
    }

    /// The claims of a token signed by a key that the set lists: what the issuer itself believes.
    pub(super) fn listed(&self, token: &str) -> Option<Value> {
        let listed = self.old.iter().filter(|(_, listed)| *listed);
        let mut listed = listed.map(|(signer, _)| signer);
        let current = self.current.verify(token);
        current.or_else(|| listed.find_map(|signer| signer.verify(token)))
    }

    /// The claims of a token signed by any key there was: what an API server that keeps the keys it once read believes.
    pub(super) fn ever(&self, token: &str) -> Option<Value> {
        let current = self.current.verify(token);
        let old = || self.old.iter().find_map(|(signer, _)| signer.verify(token));
        current.or_else(old)
    }
}

//! One request as bytes, and the digest that a permit is bound to.

use sha2::Digest;
use sha2::Sha256;

/// One request, byte for byte as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `POST`, `PATCH`, `DELETE`.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// Content type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// SHA-256 over method, path, content type and body, each ended by a newline but the last.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [self.method, &self.path, self.content_type] {
            hash.update(part.as_bytes());
            hash.update(b"\n");
        }
        hash.update(&self.body);
        hash.finalize().into()
    }
}

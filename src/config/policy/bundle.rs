//! A policy that may be carried by anybody: it counts by its signature and not by its place.
//!
//! `FILE` is the policy, `FILE.sig` the Ed25519 signature (RFC 8032) of its bytes: 64 raw bytes, as
//! `openssl pkeyutl -sign -rawin` writes them. The public key is pinned in a file of root's, as `openssl pkey -pubout`
//! writes it.

use super::Policy;
use super::load::in_folders_of_root;
use super::load::of_root;
use super::parse::parse;
use crate::config::ConfigError;
use crate::config::file;
use crate::text::hex;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::alg_id;
use rustls::pki_types::pem::PemObject as _;
use sha2::Digest as _;
use sha2::Sha256;
use std::path::Path;
use std::path::PathBuf;

/// What stands before the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410, section 4).
const ED25519: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Reads a bundle; nothing of it is looked at before its signature is found good.
pub(super) fn read(path: &Path, pinned: &Path) -> Result<Policy, ConfigError> {
    let advice = "ask whoever signs the policy";
    let (pem, about) = file::read(pinned, advice)?;
    of_root(pinned, "a pinned key", &about)?;
    in_folders_of_root(pinned)?;
    let key = key(&pem).ok_or_else(|| {
        let sentence = "this is no Ed25519 public key in PEM; as root: openssl pkey -in KEY -pubout -out policy.pub";
        ConfigError::file(pinned, sentence)
    })?;
    let (bytes, _) = file::read(path, advice)?;
    let beside = signature_path(path);
    let (signature, _) = file::read(&beside, advice)?;
    if !signed(&key, &bytes, &signature) {
        let sentence = format!(
            "its signature {} is not one of these bytes by the key in {}; nothing of it counts, ask for the bundle again",
            beside.display(),
            pinned.display()
        );
        return Err(ConfigError::file(path, sentence));
    }
    let policy = Policy {
        key: Some(hex(&Sha256::digest(&key))),
        ..parse(path, bytes)?
    };
    let lacks = match (policy.serial, policy.not_after) {
        (None, _) => "serial = 1, one more with each new one",
        (_, None) => "not_after = \"2027-01-31T00:00:00Z\"",
        _ => return Ok(policy),
    };
    let sentence = format!(
        "a signed policy says which it is and how long it is good; add {lacks}, and sign it again"
    );
    Err(ConfigError::file(path, sentence))
}

/// Where the signature of a bundle is.
fn signature_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// The 32 bytes of an Ed25519 public key in PEM.
fn key(pem: &[u8]) -> Option<Vec<u8>> {
    let info = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok()?;
    let key = info.as_ref().strip_prefix(&ED25519)?;
    (key.len() == 32).then(|| key.to_vec())
}

/// Whether a signature is one of these bytes by this key.
fn signed(key: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
    let known = default_provider().signature_verification_algorithms.all;
    let ed25519 = known
        .iter()
        .find(|one| one.signature_alg_id() == alg_id::ED25519);
    ed25519.is_some_and(|one| one.verify_signature(key, bytes, signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::key;
    use super::signed;

    /// Made once with OpenSSL 3.0: `genpkey -algorithm ed25519`, `pkey -pubout`, `pkeyutl -sign -rawin`.
    const PUBLIC: &[u8] = b"-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAqWaSay8ReTTBnbxy0B47zBAu687rZGW/IYTlveugQdk=\n\
        -----END PUBLIC KEY-----\n";
    const POLICY: &[u8] = b"serial = 1\nnot_after = \"2027-01-31T00:00:00Z\"\n";
    const SIGNATURE: &str = "4e3fcd9e93899d62fb57c601095d35804244f0cea9e4ed4da0bc9b9906c32804\
                             387a80d0fe29984eaa0acdae7918ba26f061f0655f8263890deb695f91e2570f";

    fn signature() -> Vec<u8> {
        let byte = |at: usize| u8::from_str_radix(&SIGNATURE[at..at + 2], 16).unwrap();
        (0..SIGNATURE.len()).step_by(2).map(byte).collect()
    }

    #[test]
    fn a_signature_of_openssl_counts_and_no_byte_may_differ() {
        let key = key(PUBLIC).unwrap();
        assert!(signed(&key, POLICY, &signature()));
        for at in 0..64 {
            let mut other = signature();
            other[at] ^= 1;
            assert!(!signed(&key, POLICY, &other), "byte {at} of the signature");
        }
        for at in 0..POLICY.len() {
            let mut other = POLICY.to_vec();
            other[at] ^= 1;
            assert!(
                !signed(&key, &other, &signature()),
                "byte {at} of the policy"
            );
        }
        for at in 0..32 {
            let mut other = key.clone();
            other[at] ^= 1;
            assert!(
                !signed(&other, POLICY, &signature()),
                "byte {at} of the key"
            );
        }
        assert!(!signed(&key, POLICY, &signature()[..63]), "too short");
        assert!(!signed(&key, POLICY, b""), "none");
    }

    #[test]
    fn only_an_ed25519_public_key_is_one() {
        assert_eq!(key(b""), None);
        assert_eq!(
            key(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
            None
        );
    }
}

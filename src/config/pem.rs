//! A PEM file of certificates, and the hashes of their public keys.

use super::ConfigError;
use super::certificate;
use super::der;
use crate::text::hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::Digest as _;
use sha2::Sha256;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// Certificates from a PEM file (or from a kubeconfig's data field); at least one, each readable.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    /// Where the bytes came from.
    pub path: PathBuf,
    /// The file's bytes.
    pub bytes: Arc<[u8]>,
}

impl Pem {
    /// Takes bytes that came from a place.
    ///
    /// # Errors
    /// When they hold no certificate, or one whose key cannot be read.
    pub fn new(path: &Path, bytes: &[u8]) -> Result<Self, ConfigError> {
        let pem = Self {
            path: path.to_path_buf(),
            bytes: Arc::from(bytes),
        };
        let certificates = pem.certificates();
        if certificates.is_empty() {
            return Err(ConfigError::file(
                path,
                "it holds no certificate; give a PEM file with BEGIN CERTIFICATE",
            ));
        }
        if pem.spki_hashes().len() != certificates.len() {
            return Err(ConfigError::file(
                path,
                "one of its certificates cannot be read; export the authority's certificate again",
            ));
        }
        Ok(pem)
    }

    /// The certificates in DER, in the order of the file; those that are no PEM are left out.
    pub fn certificates(&self) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(&self.bytes)
            .filter_map(Result::ok)
            .collect()
    }

    /// The same without the certificates of other keys than this one (64 hex digits, lower case); `None` when none has it.
    pub fn only(&self, key: &str) -> Option<Self> {
        let certificates = self.certificates().into_iter();
        let own = certificates.filter(|one| spki_hash(one).as_deref() == Some(key));
        let text = own.fold(String::new(), |text, one| {
            let coded = STANDARD.encode(&one);
            format!("{text}-----BEGIN CERTIFICATE-----\n{coded}\n-----END CERTIFICATE-----\n")
        });
        (!text.is_empty()).then(|| Self {
            path: self.path.clone(),
            bytes: Arc::from(text.into_bytes()),
        })
    }

    /// When the first of the certificates ends; `None` where none says it.
    pub fn ends(&self) -> Option<Timestamp> {
        let certificates = self.certificates();
        let ends = certificates.iter().filter_map(|one| certificate::ends(one));
        ends.min()
    }

    /// SHA-256 of each certificate's `SubjectPublicKeyInfo` in DER: 64 hex digits, lower case, in
    /// the order of the file. The same figure as
    /// `openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum`.
    pub fn spki_hashes(&self) -> Vec<String> {
        self.certificates()
            .into_iter()
            .filter_map(|certificate| spki_hash(&certificate))
            .collect()
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pem({})", self.path.display())
    }
}

/// SHA-256 of one certificate's `SubjectPublicKeyInfo` in DER, as 64 lower-case hex digits; `None`
/// when the bytes are no certificate. For a chain presented in TLS as well as for a file.
pub fn spki_hash(certificate: &CertificateDer<'_>) -> Option<String> {
    let mut store = RootCertStore::empty();
    store.add(certificate.clone().into_owned()).ok()?;
    let anchor = store.roots.first()?;
    // A trust anchor keeps the content only; the header goes back on before hashing.
    let info = der::sequence(&anchor.subject_public_key_info);
    Some(hex(&Sha256::digest(info)))
}

#[cfg(test)]
mod tests {
    use super::Pem;
    use std::path::Path;

    /// A certificate made once with openssl, and what openssl says its key's hash is.
    const CA: &[u8] = include_bytes!("../../tests/config/good/ca.crt");
    const CA_KEY: &str = include_str!("../../tests/config/good/ca.spki-sha256");

    #[test]
    fn the_key_hash_is_the_one_openssl_prints() {
        let pem = Pem::new(Path::new("ca.crt"), CA).unwrap();
        assert_eq!(pem.spki_hashes(), [CA_KEY.trim()]);
        let twice = [CA, CA].concat();
        assert_eq!(
            Pem::new(Path::new("ca.crt"), &twice)
                .unwrap()
                .spki_hashes()
                .len(),
            2
        );
    }

    #[test]
    fn the_certificates_of_one_key_are_kept_and_no_others() {
        let other = rcgen::generate_simple_self_signed(vec!["other".to_owned()]).unwrap();
        let both = [CA, other.cert.pem().as_bytes()].concat();
        let pem = Pem::new(Path::new("ca.crt"), &both).unwrap();
        let own = pem.only(CA_KEY.trim()).unwrap();
        assert_eq!(own.certificates(), pem.certificates()[..1]);
        assert_eq!(own.path, pem.path);
        assert!(pem.only(&"0".repeat(64)).is_none());
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let refused = |bytes: &[u8]| Pem::new(Path::new("x.crt"), bytes).unwrap_err().to_string();
        assert!(refused(b"").starts_with("x.crt: it holds no certificate"));
        let cut = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        assert!(refused(cut.as_bytes()).contains("cannot be read"));
    }
}

//! Whom a client certificate names, as an API server reads it.

use super::clusters::KubeconfigUser;
use super::der::element;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The object identifier 2.5.4.3, `CN`, in DER.
const COMMON_NAME: [u8; 3] = [0x55, 4, 3];
/// The object identifier 2.5.4.10, `O`, in DER.
const ORGANIZATION: [u8; 3] = [0x55, 4, 10];

/// Whom a client certificate names: Kubernetes takes the common name as the user and the
/// organisations as the groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The common name; the last one where there are several.
    pub common_name: String,
    /// The organisations, in the order of the certificate.
    pub organizations: Vec<String>,
}

impl KubeconfigUser {
    /// Whom the credential names; `None` for a token, which only the API server can read, and for
    /// a certificate without a common name.
    pub fn subject(&self) -> Option<Subject> {
        let Self::ClientCert { cert_pem, .. } = self else {
            return None;
        };
        let certificate = CertificateDer::from_pem_slice(cert_pem.as_bytes()).ok()?;
        subject(&certificate)
    }

    /// When the credential ends, where it says so itself: a client certificate does.
    pub fn ends(&self) -> Option<Timestamp> {
        let Self::ClientCert { cert_pem, .. } = self else {
            return None;
        };
        let certificate = CertificateDer::from_pem_slice(cert_pem.as_bytes()).ok()?;
        ends(&certificate)
    }
}

/// One field of what was signed, counted from 0: version, serial number, signature algorithm, issuer, validity,
/// subject (RFC 5280 section 4.1).
fn field(certificate: &[u8], number: usize) -> Option<&[u8]> {
    let (_, signed, _) = element(certificate)?;
    let (_, mut rest, _) = element(signed)?;
    for _ in 0..number {
        rest = element(rest)?.2;
    }
    element(rest).map(|(_, content, _)| content)
}

/// When a certificate ends.
pub(super) fn ends(certificate: &[u8]) -> Option<Timestamp> {
    let validity = field(certificate, 4)?;
    let (_, _, after) = element(validity)?;
    let (tag, text, _) = element(after)?;
    let text = std::str::from_utf8(text).ok()?;
    // UTCTime has two digits of a year between 1950 and 2049, GeneralizedTime has four.
    let text = match tag {
        0x17 if text.get(..2)? >= "50" => format!("19{text}"),
        0x17 => format!("20{text}"),
        _ => text.to_owned(),
    };
    let part = |from: usize| text.get(from..from + 2);
    let (year, month, day) = (text.get(..4)?, part(4)?, part(6)?);
    let (hour, minute, second) = (part(8)?, part(10)?, part(12)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")
        .parse()
        .ok()
}

/// The subject of a certificate.
fn subject(certificate: &[u8]) -> Option<Subject> {
    let mut names = field(certificate, 5)?;
    let mut common_name = None;
    let mut organizations = Vec::new();
    while let Some((_, mut set, after)) = element(names) {
        while let Some((_, pair, more)) = element(set) {
            let (_, kind, value) = element(pair)?;
            let (_, text, _) = element(value)?;
            let text = std::str::from_utf8(text).ok()?.to_owned();
            if kind == COMMON_NAME {
                common_name = Some(text);
            } else if kind == ORGANIZATION {
                organizations.push(text);
            }
            set = more;
        }
        names = after;
    }
    Some(Subject {
        common_name: common_name?,
        organizations,
    })
}

#[cfg(test)]
mod tests {
    use crate::config::KubeconfigUser;
    use crate::config::Secret;
    use rcgen::CertificateParams;
    use rcgen::DistinguishedName;
    use rcgen::DnType;
    use rcgen::KeyPair;

    fn user(names: &[(DnType, &str)]) -> KubeconfigUser {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        for (kind, text) in names {
            params.distinguished_name.push(kind.clone(), *text);
        }
        let key = KeyPair::generate().unwrap();
        KubeconfigUser::ClientCert {
            cert_pem: params.self_signed(&key).unwrap().pem(),
            key_pem: Secret::new(&key.serialize_pem()),
        }
    }

    #[test]
    fn a_certificate_names_its_user_and_groups() {
        let alice = user(&[
            (DnType::OrganizationName, "crashcart-operator"),
            (DnType::CommonName, "alice"),
            (DnType::CountryName, "SE"),
        ]);
        let subject = alice.subject().unwrap();
        assert_eq!(subject.common_name, "alice");
        assert_eq!(subject.organizations, ["crashcart-operator"]);
    }

    #[test]
    fn a_token_or_a_nameless_certificate_names_nobody() {
        assert_eq!(KubeconfigUser::Token(Secret::new("t")).subject(), None);
        assert_eq!(user(&[(DnType::OrganizationName, "o")]).subject(), None);
    }
}

//! What a context's user says: a certificate and its key, a token, a file of one, or a program that policy lists.

use super::Entry;
use super::Issuer;
use super::program;
use super::quoted;
use super::raw::RawProvider;
use super::raw::RawUser;
use super::raw::Text;
use super::raw::said;
use super::server::Bytes;
use super::server::bytes;
use crate::config::ConfigError;
use crate::config::clusters::KubeconfigUser;
use crate::config::der;
use crate::config::policy::Program;
use crate::config::secret::Secret;
use crate::config::token::TokenFile;
use crate::config::token::token;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::CertifiedKey;
use serde_saphyr::Spanned;

/// A credential, and where it came from when the file says so.
pub(super) struct Found {
    /// The credential.
    pub(super) user: KubeconfigUser,
    /// The issuer of its token.
    pub(super) issuer: Option<Issuer>,
}

impl From<KubeconfigUser> for Found {
    fn from(user: KubeconfigUser) -> Self {
        Self { user, issuer: None }
    }
}

type User<'a> = Entry<'a, RawUser>;

/// The credential of a user, or the one thing that is refused.
pub(super) fn read(
    user: &User<'_>,
    programs: &[Program],
    warnings: &mut Vec<ConfigError>,
) -> Result<Found, ConfigError> {
    refuse(user)?;
    let it = user.value;
    let cert = bytes(
        user,
        "client-certificate",
        it.cert_data.as_ref(),
        it.cert.as_ref(),
        warnings,
    )?;
    let key = bytes(
        user,
        "client-key",
        it.key_data.as_ref(),
        it.key.as_ref(),
        warnings,
    )?;
    let tokens = [&it.token, &it.token_file];
    let token = tokens.into_iter().find_map(|one| said(one.as_ref()));
    match (cert, key) {
        (Some(cert), Some(key)) => {
            if let Some(token) = token {
                let why = "has a token beside its client-certificate; the certificate counts";
                warnings.push(user.error(token, why));
            }
            return pair(user, &cert, &key, warnings).map(Found::from);
        }
        (Some(one), None) | (None, Some(one)) => {
            let why = "has only one of client-certificate and client-key; it needs both";
            return Err(user.error(one.field, why));
        }
        (None, None) => {}
    }
    if token.is_some() {
        return tokened(user, warnings).map(Found::from);
    }
    if let Some(exec) = &it.exec {
        let program = program::read(user, exec, programs)?;
        return Ok(Found::from(KubeconfigUser::Program(program)));
    }
    if let Some(provider) = &it.auth_provider {
        return provided(user, provider);
    }
    Err(user.lacks(
        "has neither a client certificate nor a token; sign in with the tool that wrote the file, or use auth = \"oidc:...\"",
    ))
}

/// Refuses what would act in another's name, and what no server takes any more.
fn refuse(user: &User<'_>) -> Result<(), ConfigError> {
    let it = user.value;
    let acting = [
        ("as", &it.acts_as),
        ("as-uid", &it.acts_as_uid),
        ("as-groups", &it.acts_as_groups),
        ("as-user-extra", &it.acts_as_extra),
    ];
    for (field, found) in acting {
        if let Some(found) = found {
            let why = format!(
                "has {field}: a record must name who acted; use that person's own credential"
            );
            return Err(user.error(found, why));
        }
    }
    for (field, found) in [("username", &it.username), ("password", &it.password)] {
        if let Some(found) = said(found.as_ref()) {
            let why = format!(
                "has a {field}: API servers no longer take it; use a client certificate or a token"
            );
            return Err(user.error(found, why));
        }
    }
    let (Some(exec), Some(_)) = (&it.exec, &it.auth_provider) else {
        return Ok(());
    };
    Err(user.error(exec, "has both exec and auth-provider; keep one"))
}

/// A token, or a file of one. Where both stand, what was last read of the file counts and the token is for the time
/// when it cannot be read: so kubectl 1.36 does it.
fn tokened(
    user: &User<'_>,
    warnings: &mut Vec<ConfigError>,
) -> Result<KubeconfigUser, ConfigError> {
    let it = user.value;
    let inline = said(it.token.as_ref());
    let own = match inline {
        Some(field) => Some(
            token(&field.value)
                .ok_or_else(|| user.error(field, "has a token that is none; write it again"))?,
        ),
        None => None,
    };
    if let Some(field) = inline.filter(|_| user.source.open) {
        let why = "has a token that others may read; run chmod go-rwx on the file";
        warnings.push(user.error(field, why));
    }
    let Some(field) = said(it.token_file.as_ref()) else {
        let why = "has no token; write one";
        return own
            .map(KubeconfigUser::Token)
            .ok_or_else(|| user.lacks(why));
    };
    let file = TokenFile::new(&user.source.folder().join(&field.value));
    let read = file
        .read()
        .map_err(|error| user.error(field, format!("has a tokenFile that fails: {error}")));
    match (read, own) {
        (Ok(_), _) => Ok(KubeconfigUser::TokenFile(file)),
        (Err(error), Some(own)) => {
            warnings.push(error);
            Ok(KubeconfigUser::Token(own))
        }
        (Err(error), None) => Err(error),
    }
}

/// The token of an `oidc` auth-provider, as data; no other provider's fields are a credential.
fn provided(user: &User<'_>, provider: &Spanned<RawProvider>) -> Result<Found, ConfigError> {
    let it = &provider.value;
    let name = it.name.as_ref().map_or("", |name| name.value.as_str());
    if name != "oidc" {
        let why = format!(
            "has auth-provider {}: it runs a program, and crashcart starts none for it; use a client certificate, a token, or auth = \"oidc:...\"",
            quoted(name)
        );
        return Err(user.error(provider, why));
    }
    let field = |name: &str| -> Option<&Text> {
        let config = it.config.as_ref()?;
        said(config.get(name))
    };
    let Some(found) = field("id-token") else {
        let why = "has auth-provider \"oidc\" without an id-token, and crashcart asks no issuer for it; use auth = \"oidc:...\"";
        return Err(user.error(provider, why));
    };
    let id_token = token(&found.value)
        .ok_or_else(|| user.error(found, "has an id-token that is none; sign in again"))?;
    let text = |name: &str| field(name).map(|text| text.value.clone());
    let issuer = match (text("idp-issuer-url"), text("client-id")) {
        (Some(url), Some(client_id)) => Some(Issuer { url, client_id }),
        _ => None,
    };
    let user = KubeconfigUser::Token(id_token);
    Ok(Found { user, issuer })
}

/// A certificate and its key, or what is wrong with them.
fn pair(
    user: &User<'_>,
    cert: &Bytes<'_>,
    key: &Bytes<'_>,
    warnings: &mut Vec<ConfigError>,
) -> Result<KubeconfigUser, ConfigError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&cert.content).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let text = String::from_utf8(cert.content.clone());
    let (Some(chain), Ok(cert_pem)) = (chain, text) else {
        let why = "has a client-certificate that is no certificate in PEM; set it again";
        return Err(user.error(cert.field, why));
    };
    match chain.first().and_then(|first| der::is_version_one(first)) {
        Some(false) => {}
        Some(true) => {
            return Err(user.error(
                cert.field,
                "has an X.509 v1 client certificate, which cannot be used in TLS here; issue it again as v3, with an extension such as extendedKeyUsage = clientAuth (openssl x509 -req -extfile)",
            ));
        }
        None => {
            let why = "has a client-certificate that cannot be read; set it again";
            return Err(user.error(cert.field, why));
        }
    }
    let (key_pem, der) = private_key(user, key)?;
    let Ok(signing) = any_supported_type(&der) else {
        let why = "has a client-key of a kind that TLS cannot use here; use RSA, EC P-256 or P-384, or Ed25519";
        return Err(user.error(key.field, why));
    };
    if CertifiedKey::new(chain, signing).keys_match().is_err() {
        let why = "has a client-key that is not the key of its client-certificate; set both again";
        return Err(user.error(key.field, why));
    }
    if key.open {
        let why = format!(
            "has a client-key that others may read, in {}; run chmod go-rwx on it",
            key.path.display()
        );
        warnings.push(user.error(key.field, why));
    }
    Ok(KubeconfigUser::ClientCert {
        cert_pem,
        key_pem: Secret::new(&key_pem),
    })
}

/// The text of a private key that needs no password, and the key.
fn private_key(
    user: &User<'_>,
    key: &Bytes<'_>,
) -> Result<(String, PrivateKeyDer<'static>), ConfigError> {
    let text = std::str::from_utf8(&key.content).unwrap_or_default();
    let locked = text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains(",ENCRYPTED");
    if locked {
        let why = "has a client-key that is locked with a password; give it without one (openssl pkey -in)";
        return Err(user.error(key.field, why));
    }
    let Ok(der) = PrivateKeyDer::from_pem_slice(text.as_bytes()) else {
        let why = "has a client-key that is no private key in PEM; set it again";
        return Err(user.error(key.field, why));
    };
    Ok((text.to_owned(), der))
}

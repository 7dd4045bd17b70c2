//! Kubeconfig files, read by ourselves: server, authority and a certificate or token, nothing
//! that runs a program, asks a proxy or skips a check.

mod raw;

use super::ConfigError;
use super::clusters::KubeconfigUser;
use super::der;
use super::file;
use super::pem::Pem;
use super::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use raw::Named;
use raw::NamedContext;
use raw::Raw;
use raw::RawCluster;
use raw::RawUser;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use std::path::Path;
use std::path::PathBuf;

/// A kubeconfig file; nothing of it is trusted until a context is asked for.
pub struct Kubeconfig {
    path: PathBuf,
    raw: Raw,
}

/// What one context of a kubeconfig file leads to.
#[derive(Clone, Debug)]
pub struct Access {
    /// The context's name.
    pub context: String,
    /// The server's address, `https://`.
    pub server: String,
    /// The server's authority.
    pub ca: Pem,
    /// The credential.
    pub user: KubeconfigUser,
}

/// Reads a kubeconfig file that nobody else may write.
///
/// # Errors
/// When it cannot be read or is no kubeconfig.
pub fn read(path: &Path) -> Result<Kubeconfig, ConfigError> {
    let text = file::read_own(path, "name a kubeconfig file")?;
    let raw = serde_saphyr::from_str(&text).map_err(|error| {
        // The parser's own words may quote the file, and the file holds secrets.
        let sentence = "this is not a kubeconfig file in YAML; kubectl config view shows one";
        match error.location() {
            Some(place) => ConfigError::Line {
                file: path.to_path_buf(),
                line: usize::try_from(place.line()).unwrap_or_default(),
                sentence: sentence.to_owned(),
            },
            None => ConfigError::file(path, sentence),
        }
    })?;
    Ok(Kubeconfig {
        path: path.to_path_buf(),
        raw,
    })
}

impl Kubeconfig {
    /// The file it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of its contexts, in the order of the file.
    pub fn contexts(&self) -> impl Iterator<Item = &str> {
        self.raw
            .contexts
            .iter()
            .flatten()
            .map(|one| one.name.as_str())
    }

    /// The name of its current context, if it has one.
    pub fn current(&self) -> Option<&str> {
        let current = self.raw.current_context.as_deref();
        current.filter(|name| !name.is_empty())
    }

    /// The credential of a context; of the current one where none is named.
    ///
    /// # Errors
    /// When the context does not exist, or its cluster or user has something that is refused.
    pub fn user(&self, context: Option<&str>) -> Result<KubeconfigUser, ConfigError> {
        self.access(context).map(|access| access.user)
    }

    /// What a context leads to; the current one where none is named.
    ///
    /// # Errors
    /// When the context does not exist, or its cluster or user has something that is refused.
    pub fn access(&self, context: Option<&str>) -> Result<Access, ConfigError> {
        let context = self.context(context)?;
        let name = &context.name;
        let cluster = raw::find(self.raw.clusters.as_deref(), &context.context.cluster)
            .ok_or_else(|| self.absent(name, "cluster", &context.context.cluster))?;
        let user = raw::find(self.raw.users.as_deref(), &context.context.user)
            .ok_or_else(|| self.absent(name, "user", &context.context.user))?;
        self.refuse_cluster(name, cluster)?;
        self.refuse_user(name, user)?;
        Ok(Access {
            context: name.clone(),
            server: self.server(name, cluster)?,
            ca: self.authority(name, cluster)?,
            user: self.credential(name, user)?,
        })
    }

    fn context(&self, name: Option<&str>) -> Result<&NamedContext, ConfigError> {
        let Some(name) = name.or(self.current()) else {
            let sentence = format!("it has no current context; name one: {}", self.list());
            return Err(ConfigError::file(&self.path, sentence));
        };
        let mut contexts = self.raw.contexts.iter().flatten();
        contexts.find(|one| one.name == name).ok_or_else(|| {
            let sentence = format!("it has no context {name:?}; it has {}", self.list());
            ConfigError::file(&self.path, sentence)
        })
    }

    fn list(&self) -> String {
        let names: Vec<String> = self.contexts().map(|name| format!("{name:?}")).collect();
        if names.is_empty() {
            return "no context at all".to_owned();
        }
        names.join(", ")
    }

    fn absent(&self, context: &str, what: &str, name: &str) -> ConfigError {
        let advice = "correct the context or choose another";
        self.error(
            context,
            format!("its {what} {name:?} is not in the file; {advice}"),
        )
    }

    fn error(&self, context: &str, sentence: impl std::fmt::Display) -> ConfigError {
        ConfigError::file(&self.path, format!("context {context:?}: {sentence}"))
    }

    fn refuse_cluster(
        &self,
        context: &str,
        cluster: &Named<RawCluster>,
    ) -> Result<(), ConfigError> {
        let name = &cluster.name;
        let it = &cluster.value;
        let refused = if it.skip_verify == Some(true) {
            Some((
                "insecure-skip-tls-verify",
                "anyone could answer for that server; give its certificate-authority instead",
            ))
        } else if it.proxy_url.as_deref().is_some_and(|url| !url.is_empty()) {
            Some((
                "proxy-url",
                "crashcart sends nothing through a proxy; give an address it can reach",
            ))
        } else {
            None
        };
        match refused {
            None => Ok(()),
            Some((field, why)) => {
                Err(self.error(context, format!("cluster {name:?} has {field}: {why}")))
            }
        }
    }

    fn refuse_user(&self, context: &str, user: &Named<RawUser>) -> Result<(), ConfigError> {
        let it = &user.value;
        let program = "it runs a program, and crashcart starts none; use a client certificate, \
                       a token, or auth = \"oidc:...\"";
        let refused = if it.exec.is_some() {
            Some(("exec", program))
        } else if it.auth_provider.is_some() {
            Some(("auth-provider", program))
        } else if it.username.is_some() || it.password.is_some() {
            Some((
                "username or password",
                "API servers no longer take them; use a client certificate or a token",
            ))
        } else if it.impersonate.is_some() || it.impersonate_groups.is_some() {
            Some((
                "as or as-groups",
                "a record must name who acted; use that person's own credential",
            ))
        } else {
            None
        };
        match refused {
            None => Ok(()),
            Some((field, why)) => {
                let name = &user.name;
                Err(self.error(context, format!("user {name:?} has {field}: {why}")))
            }
        }
    }

    fn server(&self, context: &str, cluster: &Named<RawCluster>) -> Result<String, ConfigError> {
        let server = cluster.value.server.as_deref().unwrap_or_default();
        if server.starts_with("https://") {
            return Ok(server.to_owned());
        }
        let name = &cluster.name;
        let sentence = format!("cluster {name:?} has server {server:?}; it must be https://");
        Err(self.error(context, sentence))
    }

    fn authority(&self, context: &str, cluster: &Named<RawCluster>) -> Result<Pem, ConfigError> {
        let name = &cluster.name;
        let it = &cluster.value;
        let field = "certificate-authority";
        let found = self.bytes(context, field, it.ca_data.as_deref(), it.ca.as_deref())?;
        let Some((path, bytes)) = found else {
            let sentence = format!(
                "cluster {name:?} has no {field} and none from the system is trusted; add it"
            );
            return Err(self.error(context, sentence));
        };
        Pem::new(&path, &bytes).map_err(|error| {
            let sentence = error.sentence();
            self.error(context, format!("cluster {name:?}, {field}: {sentence}"))
        })
    }

    fn credential(
        &self,
        context: &str,
        user: &Named<RawUser>,
    ) -> Result<KubeconfigUser, ConfigError> {
        let it = &user.value;
        let of_user = |what: &str| self.error(context, format!("user {:?} {what}", user.name));
        let data = it.cert_data.as_deref();
        let cert = self.bytes(context, "client-certificate", data, it.cert.as_deref())?;
        let data = it.key_data.as_deref();
        let key = self.bytes(context, "client-key", data, it.key.as_deref())?;
        match (cert, key) {
            (Some((_, cert)), Some((_, key))) => {
                return pair(&cert, &key).map_err(of_user);
            }
            (None, None) => {}
            _ => {
                let what = "has only one of client-certificate and client-key; it needs both";
                return Err(of_user(what));
            }
        }
        let token = match (&it.token, &it.token_file) {
            (Some(token), _) if !token.trim().is_empty() => token.clone(),
            (_, Some(place)) if !place.is_empty() => {
                let path = self.folder().join(place);
                file::read_own(&path, "write the token there again")
                    .map_err(|error| of_user(&format!("has a tokenFile: {error}")))?
            }
            _ => {
                let what = "has neither a client certificate nor a token; sign in with the tool \
                            that wrote the file, or use auth = \"oidc:...\"";
                return Err(of_user(what));
            }
        };
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(of_user(
                "has a token that is empty or no token; write it again",
            ));
        }
        Ok(KubeconfigUser::Token(Secret::new(token)))
    }

    /// The bytes of a field given as base64 (which wins, as in kubectl) or as a file.
    fn bytes(
        &self,
        context: &str,
        field: &str,
        data: Option<&str>,
        place: Option<&str>,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, ConfigError> {
        if let Some(data) = data.filter(|data| !data.is_empty()) {
            let data: String = data.split_whitespace().collect();
            let advice = "set it again with kubectl config";
            let sentence = format!("{field}-data is not base64; {advice}");
            let bytes = STANDARD.decode(data);
            let bytes = bytes.map_err(|_| self.error(context, sentence))?;
            return Ok(Some((self.path.clone(), bytes)));
        }
        let Some(place) = place.filter(|place| !place.is_empty()) else {
            return Ok(None);
        };
        let path = self.folder().join(place);
        let read = file::read(&path, "correct the path");
        let (bytes, _) = read.map_err(|error| self.error(context, format!("{field} {error}")))?;
        Ok(Some((path, bytes)))
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// A certificate and its key, or what is wrong with them.
fn pair(cert: &[u8], key: &[u8]) -> Result<KubeconfigUser, &'static str> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(cert)
        .filter_map(Result::ok)
        .collect();
    let old = chain.first().and_then(|first| der::is_version_one(first));
    let cert = String::from_utf8(cert.to_vec());
    let text = std::str::from_utf8(key);
    let good_key = PrivateKeyDer::from_pem_slice(key).is_ok();
    match (old, cert, text) {
        (Some(false), Ok(cert_pem), Ok(key)) if good_key => Ok(KubeconfigUser::ClientCert {
            cert_pem,
            key_pem: Secret::new(key),
        }),
        (Some(true), ..) => Err(
            "has an X.509 v1 client certificate, which cannot be used in TLS here; issue it again \
             as v3, with an extension such as extendedKeyUsage = clientAuth (openssl x509 -req \
             -extfile)",
        ),
        (None, ..) | (_, Err(_), _) => {
            Err("has a client-certificate that is no certificate in PEM; set it again")
        }
        _ => {
            Err("has a client-key that is no plain private key in PEM; give it without a password")
        }
    }
}

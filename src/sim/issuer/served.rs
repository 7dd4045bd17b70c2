//! An issuer that is served, and how a configuration names it.

use super::Issuer;

/// The identity that the clusters share.
pub(in crate::sim) const IDENTITY: &str = "sim";
/// The identity of the clusters that are apart.
pub(in crate::sim) const APART: &str = "apart";

/// One served issuer.
pub(in crate::sim) struct ServedIssuer {
    /// The name of its identity in the configuration.
    pub(in crate::sim) name: &'static str,
    /// `https://127.0.0.1:PORT`.
    pub(in crate::sim) url: String,
    /// The certificate of its authority, PEM.
    pub(in crate::sim) ca: String,
    /// The issuer itself.
    pub(in crate::sim) issuer: Issuer,
}

impl ServedIssuer {
    /// The file of its authority's certificate.
    pub(in crate::sim) fn file(&self) -> String {
        match self.name {
            IDENTITY => "issuer.crt".to_owned(),
            other => format!("{other}-issuer.crt"),
        }
    }

    /// Its part of `crashcart.toml`.
    pub(in crate::sim) fn configuration(&self) -> String {
        format!(
            "\n[[identity]]\nname = \"{}\"\nissuer = \"{}\"\nca = \"{}\"\nclient_id = \"crashcart\"\nflow = \"device\"\ngroups_claim = \"groups\"\n",
            self.name,
            self.url,
            self.file()
        )
    }
}

//! A kubeconfig file as it is written, before anything of it is judged.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The file as it is written; lists may be `null`.
#[derive(Deserialize)]
pub(super) struct Raw {
    #[serde(rename = "current-context")]
    pub(super) current_context: Option<String>,
    pub(super) clusters: Option<Vec<Named<RawCluster>>>,
    pub(super) users: Option<Vec<Named<RawUser>>>,
    pub(super) contexts: Option<Vec<NamedContext>>,
}

/// A named cluster or user.
#[derive(Deserialize)]
pub(super) struct Named<T> {
    pub(super) name: String,
    #[serde(alias = "cluster", alias = "user")]
    pub(super) value: T,
}

#[derive(Deserialize)]
pub(super) struct NamedContext {
    pub(super) name: String,
    pub(super) context: RawContext,
}

#[derive(Deserialize)]
pub(super) struct RawContext {
    #[serde(default)]
    pub(super) cluster: String,
    #[serde(default)]
    pub(super) user: String,
}

#[derive(Deserialize)]
pub(super) struct RawCluster {
    pub(super) server: Option<String>,
    #[serde(rename = "certificate-authority")]
    pub(super) ca: Option<String>,
    #[serde(rename = "certificate-authority-data")]
    pub(super) ca_data: Option<String>,
    #[serde(rename = "insecure-skip-tls-verify")]
    pub(super) skip_verify: Option<bool>,
    #[serde(rename = "proxy-url")]
    pub(super) proxy_url: Option<String>,
}

/// A user; its secrets leave this file as [`crate::config::Secret`] only.
#[derive(Deserialize)]
pub(super) struct RawUser {
    #[serde(rename = "client-certificate")]
    pub(super) cert: Option<String>,
    #[serde(rename = "client-certificate-data")]
    pub(super) cert_data: Option<String>,
    #[serde(rename = "client-key")]
    pub(super) key: Option<String>,
    #[serde(rename = "client-key-data")]
    pub(super) key_data: Option<String>,
    pub(super) token: Option<String>,
    #[serde(rename = "tokenFile")]
    pub(super) token_file: Option<String>,
    pub(super) exec: Option<IgnoredAny>,
    #[serde(rename = "auth-provider")]
    pub(super) auth_provider: Option<IgnoredAny>,
    pub(super) username: Option<IgnoredAny>,
    pub(super) password: Option<IgnoredAny>,
    #[serde(rename = "as")]
    pub(super) impersonate: Option<IgnoredAny>,
    #[serde(rename = "as-groups")]
    pub(super) impersonate_groups: Option<IgnoredAny>,
}

/// The entry of that name, if the list has it.
pub(super) fn find<'r, T>(list: Option<&'r [Named<T>]>, name: &str) -> Option<&'r Named<T>> {
    list.unwrap_or_default().iter().find(|one| one.name == name)
}

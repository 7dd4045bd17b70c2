//! A kubeconfig file as it is written, before anything of it is judged; every field knows its line.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

/// A text and where it stands.
pub(super) type Text = Spanned<String>;

/// The file as it is written; lists may be `null`.
#[derive(Default, Deserialize)]
pub(super) struct Raw {
    pub(super) kind: Option<Text>,
    #[serde(rename = "current-context")]
    pub(super) current_context: Option<Text>,
    pub(super) clusters: Option<Vec<Named<RawCluster>>>,
    pub(super) users: Option<Vec<Named<RawUser>>>,
    pub(super) contexts: Option<Vec<Named<RawContext>>>,
}

/// A named cluster, user or context; what it names may be `null`, as it may be empty.
#[derive(Deserialize)]
pub(super) struct Named<T> {
    pub(super) name: Text,
    #[serde(alias = "cluster", alias = "user", alias = "context")]
    pub(super) value: Option<T>,
}

#[derive(Default, Deserialize)]
pub(super) struct RawContext {
    pub(super) cluster: Option<Text>,
    pub(super) user: Option<Text>,
    pub(super) namespace: Option<Text>,
}

#[derive(Default, Deserialize)]
pub(super) struct RawCluster {
    pub(super) server: Option<Text>,
    #[serde(rename = "certificate-authority")]
    pub(super) ca: Option<Text>,
    #[serde(rename = "certificate-authority-data")]
    pub(super) ca_data: Option<Text>,
    #[serde(rename = "insecure-skip-tls-verify")]
    pub(super) skip_verify: Option<Spanned<bool>>,
    #[serde(rename = "proxy-url")]
    pub(super) proxy_url: Option<Text>,
    #[serde(rename = "tls-server-name")]
    pub(super) tls_name: Option<Text>,
}

/// A user; its secrets leave this file as [`crate::config::Secret`] only.
#[derive(Default, Deserialize)]
pub(super) struct RawUser {
    #[serde(rename = "client-certificate")]
    pub(super) cert: Option<Text>,
    #[serde(rename = "client-certificate-data")]
    pub(super) cert_data: Option<Text>,
    #[serde(rename = "client-key")]
    pub(super) key: Option<Text>,
    #[serde(rename = "client-key-data")]
    pub(super) key_data: Option<Text>,
    pub(super) token: Option<Text>,
    #[serde(rename = "tokenFile")]
    pub(super) token_file: Option<Text>,
    pub(super) exec: Option<Spanned<RawExec>>,
    #[serde(rename = "auth-provider")]
    pub(super) auth_provider: Option<Spanned<RawProvider>>,
    pub(super) username: Option<Text>,
    pub(super) password: Option<Text>,
    #[serde(rename = "as")]
    pub(super) acts_as: Option<Spanned<IgnoredAny>>,
    #[serde(rename = "as-uid")]
    pub(super) acts_as_uid: Option<Spanned<IgnoredAny>>,
    #[serde(rename = "as-groups")]
    pub(super) acts_as_groups: Option<Spanned<IgnoredAny>>,
    #[serde(rename = "as-user-extra")]
    pub(super) acts_as_extra: Option<Spanned<IgnoredAny>>,
}

/// A program that answers with a credential.
#[derive(Default, Deserialize)]
pub(super) struct RawExec {
    #[serde(rename = "apiVersion")]
    pub(super) api_version: Option<Text>,
    pub(super) command: Option<Text>,
    pub(super) args: Option<Vec<String>>,
    pub(super) env: Option<Vec<RawVariable>>,
    #[serde(rename = "interactiveMode")]
    pub(super) interactive: Option<Text>,
}

/// A variable of a program's environment.
#[derive(Deserialize)]
pub(super) struct RawVariable {
    pub(super) name: Text,
    #[serde(default)]
    pub(super) value: String,
}

/// Fields for code that kubectl once had for some providers; values that are no text are refused.
#[derive(Default, Deserialize)]
pub(super) struct RawProvider {
    pub(super) name: Option<Text>,
    pub(super) config: Option<BTreeMap<String, Text>>,
}

/// The line of a field, counted from 1.
pub(super) fn line<T>(field: &Spanned<T>) -> usize {
    usize::try_from(field.referenced.line()).unwrap_or_default()
}

/// A text that says something: kubectl takes an empty one for none.
pub(super) fn said(field: Option<&Text>) -> Option<&Text> {
    field.filter(|text| !text.value.is_empty())
}

//! The parts of a `[[cluster]]` that say how it is entered: EKS, and what it is read with while its issuer is down.

use super::clusters::address;
use super::clusters::authority;
use crate::config::ConfigError;
use crate::config::clusters::ClusterAuth;
use crate::config::clusters::Eks;
use crate::config::clusters::KubeconfigUser;
use crate::config::file;
use crate::config::keys;
use crate::config::kubeconfig;
use crate::config::secret::Secret;
use crate::config::table::Table;
use std::path::Path;

/// Refuses a key that only another way in has.
pub(super) fn belongs(table: &Table<'_>, auth: &str) -> Result<(), ConfigError> {
    let signs_in = auth.starts_with("oidc:") || auth == "openshift-oauth";
    let there = [
        (
            "oauth_ca",
            table.text("oauth_ca").ok().flatten().map(|it| it.at),
            auth == "openshift-oauth",
        ),
        (
            "eks",
            table.table("eks", &keys::EKS)?.map(|it| it.at()),
            auth == "eks",
        ),
        (
            "fallback",
            table.table("fallback", &keys::FALLBACK)?.map(|it| it.at()),
            signs_in,
        ),
    ];
    for (key, at, fits) in there {
        if let Some(at) = at.filter(|_| !fits) {
            let sentence = match key {
                "oauth_ca" => "oauth_ca is for auth = \"openshift-oauth\" alone; take it away",
                "eks" => "eks is for auth = \"eks\" alone; take it away",
                _ => "fallback is for a cluster that one signs in to; take it away",
            };
            return Err(table.error(at, sentence));
        }
    }
    Ok(())
}

/// How a cluster is entered that has a way of its own: OpenShift, EKS.
pub(super) fn by_provider(
    table: &Table<'_>,
    folder: &Path,
    at: usize,
    text: &str,
) -> Result<ClusterAuth, ConfigError> {
    match text {
        "eks" => eks(table, folder).map(ClusterAuth::Eks),
        "openshift-oauth" => {
            let found = table.text("oauth_ca")?;
            let oauth_ca = found.map(|found| authority(table, folder, found));
            Ok(ClusterAuth::OpenShift {
                oauth_ca: oauth_ca.transpose()?,
            })
        }
        _ => {
            let known = "\"oidc:IDENTITY\", \"openshift-oauth\" or \"eks\"";
            Err(table.error(at, format!("auth = {text:?} must be {known}")))
        }
    }
}

/// How an EKS cluster is entered.
fn eks(table: &Table<'_>, folder: &Path) -> Result<Eks, ConfigError> {
    let example = "{ cluster = \"NAME\", region = \"eu-north-1\" }";
    let eks = table
        .table("eks", &keys::EKS)?
        .ok_or_else(|| table.missing("eks", example))?;
    let plain = |key: &str, example: &str| {
        let found = eks.need(key, example)?;
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if found.value.is_empty() || !found.value.chars().all(good) {
            let sentence = format!("{key} = {:?} must be letters, digits and -", found.value);
            return Err(eks.error(found.at, sentence));
        }
        Ok(found.value.to_owned())
    };
    Ok(Eks {
        cluster: plain("cluster", "the cluster's name at EKS")?,
        region: plain("region", "\"eu-north-1\"")?,
        profile: eks.text("profile")?.map(|found| found.value.to_owned()),
        ca: match eks.text("ca")? {
            Some(found) => Some(authority(&eks, folder, found)?),
            None => None,
        },
        sts: match eks.text("sts")? {
            Some(_) => Some(address(&eks, "sts", "\"https://HOST\"")?),
            None => None,
        },
    })
}

/// What a cluster is read with while its issuer is down; `None` where it names nothing.
pub(super) fn fallback(
    table: &Table<'_>,
    folder: &Path,
) -> Result<Option<KubeconfigUser>, ConfigError> {
    let Some(named) = table.table("fallback", &keys::FALLBACK)? else {
        return Ok(None);
    };
    let context = named.text("context")?;
    match (named.text("kubeconfig")?, named.text("token_file")?) {
        (Some(found), None) => {
            let path = folder.join(found.value);
            let context = context.map(|found| found.value);
            let user = kubeconfig::read(&path).and_then(|file| file.access(context, &[]));
            let user = user.map_err(|error| named.error(found.at, error.to_string()))?;
            Ok(Some(user.user))
        }
        (None, Some(found)) if context.is_none() => {
            let path = folder.join(found.value);
            let text = file::read_own(&path, "write the token there again");
            let text = text.map_err(|error| named.error(found.at, error.to_string()))?;
            let token = text.trim();
            if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                let sentence = format!("{}: holds no token; write it again", path.display());
                return Err(named.error(found.at, sentence));
            }
            Ok(Some(KubeconfigUser::Token(Secret::new(token))))
        }
        _ => {
            let sentence = "fallback is either { kubeconfig = \"...\", context = \"...\" } or \
                            { token_file = \"...\" }";
            Err(named.error(named.at(), sentence))
        }
    }
}

//! The parts of a `[[cluster]]` that say how it is entered: EKS, and what it is read with while its issuer is down.

use super::clusters::address;
use super::clusters::authority;
use crate::config::ConfigError;
use crate::config::clusters::ClusterAuth;
use crate::config::clusters::Eks;
use crate::config::clusters::Fingerprint;
use crate::config::clusters::KubeconfigUser;
use crate::config::keys;
use crate::config::kubeconfig;
use crate::config::kubeconfig::Access;
use crate::config::pem::Pem;
use crate::config::table::Table;
use crate::config::token::TokenFile;
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

/// The server that a fallback credential would be shown to: what the cluster's section says of it.
pub(super) struct Server<'a> {
    /// Its address.
    pub(super) address: &'a str,
    /// The only authorities trusted for it.
    pub(super) ca: &'a Pem,
    /// What it must prove to be.
    pub(super) pinned: Option<&'a Fingerprint>,
    /// The name that its certificate must be for, where that is not its host.
    pub(super) tls_name: Option<&'a str>,
}

/// What a cluster is read with while its issuer is down; `None` where it names nothing.
///
/// A kubeconfig's credential was given to one server, and is never shown to another: the file has to name the very
/// server of the cluster. A token file is read here only to see that it can be; each connection reads it anew.
pub(super) fn fallback(
    table: &Table<'_>,
    folder: &Path,
    server: &Server<'_>,
    warnings: &mut Vec<ConfigError>,
) -> Result<Option<KubeconfigUser>, ConfigError> {
    let Some(named) = table.table("fallback", &keys::FALLBACK)? else {
        return Ok(None);
    };
    let context = named.text("context")?;
    match (named.text("kubeconfig")?, named.text("token_file")?) {
        (Some(found), None) => {
            let path = folder.join(found.value);
            let context = context.map(|found| found.value);
            let access = kubeconfig::read(&path).and_then(|file| file.access(context, &[]));
            let access = access.map_err(|error| named.error(found.at, error.to_string()))?;
            if let Some(why) = elsewhere(&access, server) {
                let sentence = format!("{}: context {:?} {why}", path.display(), access.context);
                return Err(named.error(found.at, sentence));
            }
            warnings.extend(access.warnings);
            Ok(Some(access.user))
        }
        (None, Some(found)) if context.is_none() => {
            let file = TokenFile::new(&folder.join(found.value));
            file.read()
                .map_err(|error| named.error(found.at, error.to_string()))?;
            Ok(Some(KubeconfigUser::TokenFile(file)))
        }
        _ => {
            let sentence = "fallback is either { kubeconfig = \"...\", context = \"...\" } or \
                            { token_file = \"...\" }";
            Err(named.error(named.at(), sentence))
        }
    }
}

/// How the server of a kubeconfig's context differs from the cluster's, so that its credential is not for it.
fn elsewhere(access: &Access, server: &Server<'_>) -> Option<String> {
    let advice = "its credential is for that one and goes nowhere else; name a context of this cluster's server";
    let theirs = place(&access.server);
    if theirs != place(server.address) {
        return Some(format!(
            "is for {}, and this cluster is at {}; {advice}",
            access.server, server.address
        ));
    }
    let name = access.route.tls_name.as_deref();
    let host = |name: Option<&str>, address: &str| {
        name.map_or_else(|| place(address).0, str::to_ascii_lowercase)
    };
    if host(name, &access.server) != host(server.tls_name, server.address) {
        return Some(format!(
            "asks for a certificate of another name than this cluster's; {advice}"
        ));
    }
    let known = access.ca.spki_hashes();
    let trusted = match server.pinned {
        Some(print) => vec![print.ca_key.clone()],
        None => server.ca.spki_hashes(),
    };
    let same = trusted.iter().all(|key| known.contains(key));
    (!same).then(|| format!("trusts another authority than this cluster's ca; {advice}"))
}

/// Host, port and path of an address, so that two spellings of one place compare equal.
fn place(address: &str) -> (String, u16, String) {
    let rest = address.strip_prefix("https://").unwrap_or(address);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(443)),
        _ => (authority, 443),
    };
    let path = path.trim_end_matches('/').to_owned();
    (host.trim_end_matches('.').to_ascii_lowercase(), port, path)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn one_place_may_be_spelled_in_several_ways() {
        let same = [
            "https://API.test",
            "https://api.test:443",
            "https://api.test/",
        ];
        for one in same {
            assert_eq!(place(one), ("api.test".to_owned(), 443, String::new()));
        }
        assert_eq!(place("https://[::1]").0, "[::1]");
        assert_eq!(place("https://[::1]:6443").1, 6443);
        assert_ne!(place("https://api.test/one"), place("https://api.test/two"));
        assert_ne!(place("https://api.test:6443"), place("https://api.test"));
    }
}

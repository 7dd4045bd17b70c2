//! The `[[identity]]` and `[[cluster]]` sections.

use super::Names;
use super::access;
use super::unknown;
use crate::config::ConfigError;
use crate::config::clusters::Cluster;
use crate::config::clusters::ClusterAuth;
use crate::config::clusters::ClusterName;
use crate::config::clusters::Fingerprint;
use crate::config::clusters::Site;
use crate::config::file;
use crate::config::identity::Flow;
use crate::config::identity::Identity;
use crate::config::keys;
use crate::config::kubeconfig;
use crate::config::kubeconfig::Kubeconfig;
use crate::config::pem::Pem;
use crate::config::policy::Program;
use crate::config::route::Proxy;
use crate::config::route::Route;
use crate::config::table::Found;
use crate::config::table::Table;
use rustls::pki_types::ServerName;
use std::path::Path;

/// All identities; the files they name are taken from a folder.
pub(super) fn identities(top: &Table<'_>, folder: &Path) -> Result<Vec<Identity>, ConfigError> {
    let mut names = Names::default();
    let mut identities = Vec::new();
    for table in top.tables("identity", &keys::IDENTITY)? {
        let name = table.name()?;
        names.take("identity", &table, name)?;
        let ca = match table.text("ca")? {
            Some(found) => Some(authority(&table, folder, found)?),
            None => None,
        };
        identities.push(Identity {
            name: name.value.to_owned(),
            place: table.place(table.need("issuer", "\"https://...\"")?.at),
            issuer: address(&table, "issuer", "\"https://id.example.org/realms/one\"")?,
            ca,
            client_id: table.need("client_id", "\"crashcart\"")?.value.to_owned(),
            flow: table
                .word("flow", Flow::from_word, "device, paste, loopback")?
                .unwrap_or(Flow::Device),
            loopback_on_shared_host: table.flag("loopback_on_shared_host")?,
            groups_claim: table
                .text("groups_claim")?
                .map_or("groups", |found| found.value)
                .to_owned(),
            person_claim: None,
        });
    }
    Ok(identities)
}

/// What a cluster's section refers to.
pub(super) struct Told<'a> {
    /// The folder that paths are taken from.
    pub(super) folder: &'a Path,
    /// The identities of the file.
    pub(super) identities: &'a [Identity],
    /// The programs that policy lists.
    pub(super) programs: &'a [Program],
}

/// All clusters; at least one. What is odd and still usable is added to the warnings.
pub(super) fn clusters(
    top: &Table<'_>,
    told: &Told<'_>,
    warnings: &mut Vec<ConfigError>,
) -> Result<Vec<Cluster>, ConfigError> {
    let mut names = Names::default();
    let mut clusters = Vec::new();
    for table in top.tables("cluster", &keys::CLUSTER)? {
        let name = table.name()?;
        names.take("cluster", &table, name)?;
        let ca = table.need("ca", "\"FILE.crt\", the authority of its server")?;
        let (auth, theirs) = auth(&table, told, warnings)?;
        let ca = authority(&table, told.folder, ca)?;
        let server = address(&table, "server", "\"https://HOST:6443\"")?;
        let fingerprint = fingerprint(&table)?;
        let route = route(&table, theirs)?;
        let shown = access::Server {
            address: &server,
            ca: &ca,
            pinned: fingerprint.as_ref(),
            tls_name: route.tls_name.as_deref(),
        };
        let fallback = access::fallback(&table, told.folder, &shown, warnings)?;
        clusters.push(Cluster {
            name: ClusterName::from(name.value),
            site: table
                .word("site", Site::from_word, "on-prem, cloud")?
                .ok_or_else(|| table.missing("site", "\"on-prem\" or \"cloud\""))?,
            server,
            ca,
            fingerprint,
            auth,
            fallback,
            audience: table.text("audience")?.map(|found| found.value.to_owned()),
            route,
            copy_of: table.text("copy_of")?.map(|found| found.value.into()),
        });
    }
    known_copies(top, &clusters)?;
    if clusters.is_empty() {
        let sentence = "there is no [[cluster]]; add one, or run crashcart init";
        return Err(top.error(top.at(), sentence));
    }
    Ok(clusters)
}

/// An `https://` address with a host and nothing that would hide where it leads.
pub(super) fn address(table: &Table<'_>, key: &str, example: &str) -> Result<String, ConfigError> {
    let found = table.need(key, example)?;
    let text = found.value;
    let refuse = |sentence: String| Err(table.error(found.at, sentence));
    let Some(rest) = text.strip_prefix("https://") else {
        return refuse(if text.starts_with("http://") {
            format!("{key} = {text:?} is not encrypted; a token must not go there: use https://")
        } else {
            format!("{key} = {text:?} must begin with https://")
        });
    };
    let host = rest.split('/').next().unwrap_or_default();
    let odd = |c: char| c.is_whitespace() || matches!(c, '?' | '#' | '@' | '\\');
    if host.is_empty() || host.starts_with(':') || text.contains(odd) {
        return refuse(format!(
            "{key} = {text:?} is not an address; write it like {example}"
        ));
    }
    Ok(text.to_owned())
}

/// A file of certificates.
pub(super) fn authority(
    table: &Table<'_>,
    folder: &Path,
    found: Found<&str>,
) -> Result<Pem, ConfigError> {
    let path = folder.join(found.value);
    let advice = "give the PEM file of the authority that signed the server";
    file::read(&path, advice)
        .and_then(|(bytes, _)| Pem::new(&path, &bytes))
        .map_err(|error| {
            let sentence = format!("ca {}: {}", path.display(), error.sentence());
            table.error(found.at, sentence)
        })
}

/// How the server is reached: as this file says, else as the kubeconfig does.
fn route(table: &Table<'_>, theirs: Route) -> Result<Route, ConfigError> {
    let proxy = match table.text("proxy")? {
        Some(found) => Some(Proxy::parse(found.value).ok_or_else(|| {
            let sentence = format!("this proxy is none; {}", Proxy::FORM);
            table.error(found.at, sentence)
        })?),
        None => theirs.proxy,
    };
    let tls_name = match table.text("tls_server_name")? {
        Some(found) if ServerName::try_from(found.value).is_err() => {
            let sentence = format!(
                "tls_server_name = {:?} is no name that a certificate can be for",
                found.value
            );
            return Err(table.error(found.at, sentence));
        }
        Some(found) => Some(found.value.to_owned()),
        None => theirs.tls_name,
    };
    Ok(Route { proxy, tls_name })
}

/// Each `copy_of` names another cluster of the file, and both have pinned CA keys that differ: that is what tells them
/// apart before anything is sent.
fn known_copies(top: &Table<'_>, clusters: &[Cluster]) -> Result<(), ConfigError> {
    for table in top.tables("cluster", &keys::CLUSTER)? {
        let Some(found) = table.text("copy_of")? else {
            continue;
        };
        let own = table.name()?.value;
        let key = |name: &str| {
            let cluster = clusters.iter().find(|one| one.name.as_str() == name)?;
            Some(cluster.fingerprint.as_ref().map(|print| &print.ca_key))
        };
        let sentence = match (key(own).flatten(), key(found.value)) {
            _ if own == found.value => format!("copy_of = {own:?} is this cluster itself"),
            (_, None) => {
                let names: Vec<&str> = clusters.iter().map(|one| one.name.as_str()).collect();
                unknown("cluster", found.value, &names)
            }
            (Some(one), Some(Some(other))) if one != other => continue,
            _ => format!(
                "copy_of = {:?} tells two clusters apart by their CA keys: both need a fingerprint, and the keys in them must differ; give the copy an authority of its own",
                found.value
            ),
        };
        return Err(table.error(found.at, sentence));
    }
    Ok(())
}

fn fingerprint(table: &Table<'_>) -> Result<Option<Fingerprint>, ConfigError> {
    let Some(found) = table.text("fingerprint")? else {
        return Ok(None);
    };
    let sentence = "this fingerprint is neither \"sha256:\" with 64 hex digits nor that with \
                    \"/\" and the uid of kube-system; crashcart doctor prints the right one";
    Fingerprint::parse(found.value)
        .map(Some)
        .ok_or_else(|| table.error(found.at, sentence))
}

/// A kubeconfig file; or, as in `KUBECONFIG`, several with colons between them.
fn files(folder: &Path, path: &str) -> Result<Kubeconfig, ConfigError> {
    let one = folder.join(path);
    if !path.contains(':') || one.exists() {
        return kubeconfig::read(&one);
    }
    let parts = path.split(':').filter(|part| !part.is_empty());
    kubeconfig::read_all(parts.map(|part| folder.join(part)))
}

/// How a person is known to the cluster, `auth` or `kubeconfig`, one of them; and how a kubeconfig says it is reached.
fn auth(
    table: &Table<'_>,
    told: &Told<'_>,
    warnings: &mut Vec<ConfigError>,
) -> Result<(ClusterAuth, Route), ConfigError> {
    let kubeconfig = table.table("kubeconfig", &keys::KUBECONFIG)?;
    let (found, kubeconfig) = match (table.text("auth")?, kubeconfig) {
        (Some(found), Some(_)) => {
            let sentence = "this cluster has both auth and kubeconfig; keep one";
            return Err(table.error(found.at, sentence));
        }
        (None, None) => {
            let example =
                "\"oidc:IDENTITY\", or kubeconfig = { path = \"...\", context = \"...\" }";
            return Err(table.missing("auth", example));
        }
        (found, kubeconfig) => (found, kubeconfig),
    };
    if let Some(place) = kubeconfig {
        access::belongs(table, "kubeconfig")?;
        let path = place.need("path", "\"...\"")?.value;
        let context = place.text("context")?.map(|found| found.value);
        let read = files(told.folder, path);
        let access = read.and_then(|file| file.access(context, told.programs));
        let access = access.map_err(|error| table.error(place.at(), error.to_string()))?;
        warnings.extend(access.warnings);
        return Ok((ClusterAuth::Kubeconfig(access.user), access.route));
    }
    let (at, text) = found.map_or((0, ""), |found| (found.at, found.value));
    access::belongs(table, text)?;
    let Some(identity) = text.strip_prefix("oidc:") else {
        let auth = access::by_provider(table, told.folder, at, text)?;
        return Ok((auth, Route::default()));
    };
    let names: Vec<&str> = told
        .identities
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    if !names.contains(&identity) {
        return Err(table.error(at, unknown("identity", identity, &names)));
    }
    let identity = identity.to_owned();
    Ok((ClusterAuth::Oidc { identity }, Route::default()))
}

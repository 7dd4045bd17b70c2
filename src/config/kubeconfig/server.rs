//! What a context's cluster says: where its server is, how it is reached, and who vouches for it.

use super::Entry;
use super::quoted;
use super::raw::RawCluster;
use super::raw::Text;
use super::raw::said;
use crate::config::ConfigError;
use crate::config::file;
use crate::config::pem::Pem;
use crate::config::route::Proxy;
use crate::config::route::Route;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use std::path::PathBuf;

/// Refuses what would send a token past the check of who receives it.
pub(super) fn refuse(cluster: &Entry<'_, RawCluster>) -> Result<(), ConfigError> {
    match &cluster.value.skip_verify {
        Some(skip) if skip.value => Err(cluster.error(
            skip,
            "has insecure-skip-tls-verify: anyone could answer for that server; give its certificate-authority instead",
        )),
        _ => Ok(()),
    }
}

/// The server's address: `https://`, a host, a port that exists, perhaps a path.
pub(super) fn address(cluster: &Entry<'_, RawCluster>) -> Result<String, ConfigError> {
    let Some(server) = said(cluster.value.server.as_ref()) else {
        return Err(cluster.lacks("has no server; add server: https://HOST:6443"));
    };
    let refuse = |why: &str| {
        // What stands before an @ may be a password.
        let whole = server.value.as_str();
        let shown = quoted(whole.rsplit_once('@').map_or(whole, |(_, host)| host));
        Err(cluster.error(server, format!("has server {shown}: {why}")))
    };
    let Some(rest) = server.value.strip_prefix("https://") else {
        return refuse(match server.value.split_once("://") {
            Some(("http", _)) => "it is not encrypted, and a token must not go there; use https://",
            _ => "it must begin with https://",
        });
    };
    let rest = rest.trim_end_matches('/');
    let host = rest.split('/').next().unwrap_or_default();
    if rest.contains(['?', '#', '@', '\\', '%']) || rest.contains(char::is_whitespace) {
        return refuse("only a host, a port and a path may stand there; remove the rest");
    }
    if !rest.is_ascii() {
        return refuse("it has letters that are not ASCII; write the host in its xn-- form");
    }
    match host_and_port(host) {
        Ok(()) => Ok(format!("https://{rest}")),
        Err(why) => refuse(why),
    }
}

/// Why a host with an optional port could not be one, if so.
fn host_and_port(text: &str) -> Result<(), &'static str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((host, rest)) = rest.split_once(']') else {
                return Err(
                    "its IPv6 address has no closing bracket; write https://[ADDRESS]:6443",
                );
            };
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err("what stands in brackets is no IPv6 address; correct it");
            }
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return Err("only a port may follow its IPv6 address; correct it"),
            }
        }
        None if text.matches(':').count() > 1 => {
            return Err("an IPv6 address needs brackets; write https://[ADDRESS]:6443");
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if host.is_empty() {
        return Err("it has no host; write https://HOST:6443");
    }
    if ServerName::try_from(host).is_err() {
        return Err("its host cannot be one; correct it");
    }
    let digits = |port: &&str| port.bytes().all(|byte| byte.is_ascii_digit());
    match port {
        Some(port) if digits(&port) && port.parse::<u16>().is_ok_and(|port| port > 0) => Ok(()),
        Some(_) => Err("its port is not a number from 1 to 65535; correct it"),
        None => Ok(()),
    }
}

/// The proxy to go through and the name that the server's certificate must have, where they are given.
pub(super) fn route(cluster: &Entry<'_, RawCluster>) -> Result<Route, ConfigError> {
    let name = said(cluster.value.tls_name.as_ref());
    if let Some(name) = name.filter(|name| ServerName::try_from(name.value.as_str()).is_err()) {
        let shown = quoted(&name.value);
        let why =
            format!("has tls-server-name {shown}, which no certificate can be for; correct it");
        return Err(cluster.error(name, why));
    }
    let proxy = said(cluster.value.proxy_url.as_ref());
    let proxy = proxy.map(|url| {
        // The address may hold a password: it is not quoted.
        Proxy::parse(&url.value).ok_or_else(|| {
            cluster.error(
                url,
                format!("has a proxy-url that is none; {}", Proxy::FORM),
            )
        })
    });
    Ok(Route {
        proxy: proxy.transpose()?,
        tls_name: name.map(|name| name.value.clone()),
    })
}

/// The authority that vouches for the server; none from the system is trusted.
pub(super) fn authority(
    cluster: &Entry<'_, RawCluster>,
    warnings: &mut Vec<ConfigError>,
) -> Result<Pem, ConfigError> {
    let it = cluster.value;
    let field = "certificate-authority";
    let Some(found) = bytes(
        cluster,
        field,
        it.ca_data.as_ref(),
        it.ca.as_ref(),
        warnings,
    )?
    else {
        let why = format!("has no {field} and none from the system is trusted; add it");
        return Err(cluster.lacks(why));
    };
    let wrong = |error: ConfigError| {
        let why = format!("has a {field} that cannot be used: {}", error.sentence());
        cluster.error(found.field, why)
    };
    Pem::new(&found.path, &found.content).map_err(wrong)
}

/// What a field holds, and where it came from.
pub(super) struct Bytes<'a> {
    /// The field.
    pub(super) field: &'a Text,
    /// The file that the bytes came from: the one it names, or the kubeconfig itself.
    pub(super) path: PathBuf,
    /// What it holds.
    pub(super) content: Vec<u8>,
    /// Whether users other than its owner and root may read that file.
    pub(super) open: bool,
}

/// The bytes of a field given as base64 (which wins, as in kubectl) or as a file beside the kubeconfig.
pub(super) fn bytes<'a, T>(
    entry: &Entry<'a, T>,
    name: &str,
    data: Option<&'a Text>,
    place: Option<&'a Text>,
    warnings: &mut Vec<ConfigError>,
) -> Result<Option<Bytes<'a>>, ConfigError> {
    let place = said(place);
    if let Some(field) = said(data) {
        if let Some(place) = place {
            let why = format!("has {name} beside {name}-data; the data counts, remove the other");
            warnings.push(entry.error(place, why));
        }
        let text: String = field.value.split_whitespace().collect();
        let why = format!("has a {name}-data that is not base64; set it again with kubectl config");
        let bytes = STANDARD.decode(text).map_err(|_| entry.error(field, why))?;
        return Ok(Some(Bytes {
            field,
            path: entry.source.path.clone(),
            content: bytes,
            open: entry.source.open,
        }));
    }
    let Some(field) = place else {
        return Ok(None);
    };
    let path = entry.source.folder().join(&field.value);
    let read = file::read(&path, "correct the path");
    let (bytes, about) =
        read.map_err(|error| entry.error(field, format!("has a {name} that fails: {error}")))?;
    Ok(Some(Bytes {
        field,
        path,
        content: bytes,
        open: file::open_to_others(&about),
    }))
}

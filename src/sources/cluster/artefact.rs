//! Fetches what Velero signed an address for. The address is a key: it is never logged, shown or kept.

use std::io::Read;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use http::Request;
use http::Uri;
use http_body_util::BodyExt;
use http_body_util::Limited;
use kube::Client;
use kube::client::Body;

use super::fault::Fault;
use crate::text::SafeText;

/// The most that is read, before and after unpacking, in bytes.
const LARGEST: usize = 64 << 20;
/// How long it may take in all.
const DEADLINE: Duration = Duration::from_secs(120);

/// Fetches an artefact, unpacked. `authorities` are DER certificates tried where the operating system's are not enough.
///
/// # Errors
/// Why it could not be fetched, in words that do not hold the address.
pub async fn fetch_artefact(url: &str, authorities: &[Vec<u8>]) -> Result<Vec<u8>, Fault> {
    let broken = || {
        Fault::Failed(SafeText::new(
            "Velero's address for the artefact is not an http or https address",
        ))
    };
    let uri: Uri = url.parse().map_err(|_| broken())?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(broken());
    }
    let whole = async {
        match fetch(&uri, None).await {
            Err(Fault::OtherIssuer) if !authorities.is_empty() => {
                fetch(&uri, Some(authorities.to_vec())).await
            }
            other => other,
        }
    };
    let late = |_| {
        Fault::Failed(SafeText::new(
            "the store did not deliver the artefact within 2m",
        ))
    };
    let bytes = tokio::time::timeout(DEADLINE, whole)
        .await
        .map_err(late)??;
    unpacked(bytes)
}

async fn fetch(uri: &Uri, authorities: Option<Vec<Vec<u8>>>) -> Result<Vec<u8>, Fault> {
    let (scheme, host) = (
        uri.scheme_str().unwrap_or("https"),
        uri.authority().map_or("", |host| host.as_str()),
    );
    let base: Uri = format!("{scheme}://{host}")
        .parse()
        .map_err(|_| Fault::NotFound)?;
    let mut config = kube::Config::new(base);
    config.root_cert = authorities;
    config.connect_timeout = Some(Duration::from_secs(5));
    config.read_timeout = Some(Duration::from_secs(30));
    let client = Client::try_from(config).map_err(|error| Fault::of(&error))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .body(Body::empty())
        .map_err(|error| Fault::transport(&error))?;
    let response = client
        .send(request)
        .await
        .map_err(|error| Fault::of(&error))?;
    let status = response.status();
    if !status.is_success() {
        return Err(Fault::Failed(SafeText::from(format!(
            "the store answered {} for the artefact",
            status.as_u16()
        ))));
    }
    let body = Limited::new(response.into_body(), LARGEST).collect().await;
    let cut = |_| {
        Fault::Failed(SafeText::new(
            "the artefact broke off, or is larger than 64Mi",
        ))
    };
    Ok(body.map_err(cut)?.to_bytes().to_vec())
}

/// Unpacks gzip, by its first two bytes; what is not packed stays as it is.
fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut out = Vec::new();
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX);
    let read = MultiGzDecoder::new(bytes.as_slice())
        .take(limit + 1)
        .read_to_end(&mut out);
    match read {
        Ok(_) if out.len() <= LARGEST => Ok(out),
        Ok(_) => Err(Fault::Failed(SafeText::new(
            "the artefact is larger than 64Mi unpacked",
        ))),
        Err(_) => Err(Fault::Failed(SafeText::new(
            "the artefact is not readable gzip",
        ))),
    }
}

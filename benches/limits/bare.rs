//! The bare client: fetches the same pages of the same kinds as the console, one after the other on one connection, and
//! unpacks of each only as much as names the next one. Nobody can have all rows from this server in much less time.
//! On the same kind of connection, as the testbed's administrator, it can keep pods changing.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use http::Request;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::bed::Bed;
use crate::bed::PODS;

/// What the console lists, the large kind where the console has it.
const COLLECTIONS: [&str; 10] = [
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/apis/apps/v1/deployments",
    "/api/v1/pods",
    "/apis/velero.io/v1/backupstoragelocations",
    "/apis/velero.io/v1/schedules",
    "/apis/velero.io/v1/backups",
    "/apis/velero.io/v1/deletebackuprequests",
    "/apis/velero.io/v1/restores",
    "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
];
/// Objects on one page, as the console asks for.
const PAGE: usize = 500;
/// Bytes of a page, unpacked, that hold the list's own metadata.
const HEAD: u64 = 4096;

/// What one fetch came to.
pub(crate) struct Fetched {
    /// Seconds from the first packet to the last byte.
    pub(crate) seconds: f64,
    /// Bytes of all bodies as they came, packed.
    pub(crate) bytes: usize,
    /// Pages.
    pub(crate) pages: usize,
}

/// Fetches everything once, on a new connection.
pub(crate) async fn fetch(bed: &Bed) -> anyhow::Result<Fetched> {
    let begun = Instant::now();
    let mut sender = connect(bed, "alice").await?;
    let (mut bytes, mut pages) = (0, 0);
    for path in COLLECTIONS {
        let mut next = String::new();
        loop {
            let page = get(&mut sender, &format!("{path}?limit={PAGE}{next}")).await?;
            bytes += page.len();
            pages += 1;
            match follow(&page) {
                Some(token) => next = format!("&continue={token}"),
                None => break,
            }
        }
    }
    Ok(Fetched {
        seconds: begun.elapsed().as_secs_f64(),
        bytes,
        pages,
    })
}

async fn connect(bed: &Bed, user: &str) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(bed.file("ca.crt"))? {
        roots.add(certificate?)?;
    }
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(bed.file(&format!("{user}.crt")))?.collect();
    let key = PrivateKeyDer::from_pem_file(bed.file(&format!("{user}.key")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain?, key)?;
    let host = bed.fact("server").trim_start_matches("https://");
    let socket = TcpStream::connect(host).await?;
    socket.set_nodelay(true)?;
    let name = ServerName::try_from("127.0.0.1")?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn get(sender: &mut SendRequest<Full<Bytes>>, path: &str) -> anyhow::Result<Bytes> {
    let request = Request::get(path)
        .header("host", "127.0.0.1")
        .header("accept", "application/json")
        .header("accept-encoding", "gzip")
        .body(Full::default())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    // A kind that is not installed is asked for by the console too.
    anyhow::ensure!(status.is_success() || status == 404, "{path}: {status}");
    Ok(body)
}

/// Changes an annotation of so many pods a second, one after the other, for so long; gives how many it were.
pub(crate) async fn churn(bed: &Bed, rate: u32, time: Duration) -> anyhow::Result<usize> {
    let mut sender = connect(bed, "admin").await?;
    // A value of its own for each measurement: what changes nothing is no change to the server.
    let who = std::process::id();
    let begun = Instant::now();
    let mut beat = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut changes = 0;
    while begun.elapsed() < time {
        beat.tick().await;
        // As testbed/populate names them: number, and the number's namespace of thirty.
        let pod = changes * 7 % PODS;
        let path = format!("/api/v1/namespaces/app-{:03}/pods/api-{pod:06}", pod % 30);
        let body = format!("{{\"metadata\":{{\"annotations\":{{\"turn\":\"{who}/{changes}\"}}}}}}");
        let request = Request::patch(&path)
            .header("host", "127.0.0.1")
            .header("content-type", "application/merge-patch+json")
            .body(Full::from(body))?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        anyhow::ensure!(status.is_success(), "{path}: {status}");
        changes += 1;
    }
    Ok(changes)
}

/// The token of the next page, which stands in the list's metadata before its items.
fn follow(page: &[u8]) -> Option<String> {
    let mut head = Vec::new();
    let read = if page.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(page)
            .take(HEAD)
            .read_to_end(&mut head)
    } else {
        page.take(HEAD).read_to_end(&mut head)
    };
    read.context("a page").ok()?;
    let head = String::from_utf8_lossy(&head);
    let (metadata, _) = head.split_once("\"items\"")?;
    let (_, rest) = metadata.split_once("\"continue\":\"")?;
    let (token, _) = rest.split_once('"')?;
    Some(token.to_owned()).filter(|token| !token.is_empty())
}

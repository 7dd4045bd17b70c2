//! The connection to a server that one signs in at: straight, or through the proxy that its cluster is reached by.
//!
//! A proxy sees TLS only; the certificate that counts is the server's, at the far end.

use super::form::decoded;
use crate::config::Proxy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use tokio::net::TcpStream;
use tower::BoxError;
use tower::Service;

/// Makes TCP connections.
#[derive(Clone)]
pub(super) enum Line {
    /// To the server itself.
    Straight(HttpConnector),
    /// By CONNECT.
    Tunnel(Tunnel<HttpConnector>),
    /// By SOCKS 5; names are looked up by the proxy.
    Socks(SocksV5<HttpConnector>),
}

impl Line {
    /// The way that leads through a proxy, or straight there; `None` where the proxy's address is none.
    pub(super) fn through(proxy: Option<&Proxy>) -> Option<Line> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let Some(proxy) = proxy else {
            return Some(Line::Straight(tcp));
        };
        let uri: Uri = proxy.url().expose().parse().ok()?;
        let known = uri.authority()?.as_str().rsplit_once('@');
        let known = known.map(|(known, _)| known.to_owned());
        if uri.scheme_str() == Some("socks5") {
            let socks = SocksV5::new(uri, tcp);
            return Some(Line::Socks(match known {
                Some(known) => {
                    let (user, password) = known.split_once(':').unwrap_or((&known, ""));
                    socks.with_auth(decoded(user), decoded(password))
                }
                None => socks,
            }));
        }
        let tunnel = Tunnel::new(uri, tcp);
        Some(Line::Tunnel(match known {
            Some(known) => {
                let basic = format!("Basic {}", STANDARD.encode(decoded(&known)));
                tunnel.with_auth(HeaderValue::from_str(&basic).ok()?)
            }
            None => tunnel,
        }))
    }
}

impl Service<Uri> for Line {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Line::Straight(tcp) => tcp.poll_ready(cx).map_err(Into::into),
            Line::Tunnel(tunnel) => tunnel.poll_ready(cx).map_err(Into::into),
            Line::Socks(socks) => socks.poll_ready(cx).map_err(Into::into),
        }
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        match self {
            Line::Straight(tcp) => {
                let made = tcp.call(to);
                Box::pin(async move { made.await.map_err(Into::into) })
            }
            Line::Tunnel(tunnel) => {
                let made = tunnel.call(to);
                Box::pin(async move { made.await.map_err(Into::into) })
            }
            Line::Socks(socks) => {
                let made = socks.call(to);
                Box::pin(async move { made.await.map_err(Into::into) })
            }
        }
    }
}

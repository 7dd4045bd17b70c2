//! What goes over the wire, counted at the connection: below HTTP and TLS, both directions, whoever sent it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::Uri;
use http_body_util::BodyExt as _;
use hyper::rt::Read;
use hyper::rt::Write;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::Connected;
use hyper_util::client::legacy::connect::Connection;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use kube::client::ClientBuilder;
use kube::client::ConfigExt as _;
use kube::client::DynBody;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tower::BoxError;
use tower::Service;
use tower::ServiceExt as _;
use tower::util::BoxService;
use tower_http::decompression::DecompressionLayer;

/// What kube builds by itself: the same type, so that both ways end in one client.
type Plain = BoxService<http::Request<Body>, http::Response<Box<DynBody>>, BoxError>;

/// Counts what the connections of one cluster carry.
#[derive(Clone, Debug, Default)]
pub struct Wire(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    bytes: AtomicU64,
    open: AtomicU64,
}

impl Wire {
    /// Bytes in both directions since the first connection, as TLS made them.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// TCP connections that are open.
    pub fn open(&self) -> u64 {
        self.0.open.load(Ordering::Relaxed)
    }

    /// The client's plain parts over counted connections, through the proxy of the configuration where there is one.
    ///
    /// # Errors
    /// When the certificates of the configuration cannot be used, or its proxy is of another sort.
    pub(super) fn builder(&self, config: &kube::Config) -> kube::Result<ClientBuilder<Plain>> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let counted = Counted {
            inner: tcp,
            wire: self.clone(),
        };
        let Some(proxy) = config.proxy_url.clone() else {
            return over(counted, config);
        };
        match proxy.scheme_str() {
            Some("http") => {
                let auth = basic(&proxy);
                let tunnel = Tunnel::new(proxy, counted);
                over(auth.into_iter().fold(tunnel, Tunnel::with_auth), config)
            }
            Some("socks5") => over(SocksV5::new(proxy, counted), config),
            _ => Err(kube::Error::ProxyProtocolUnsupported {
                proxy_url: Box::new(proxy),
            }),
        }
    }
}

/// TLS, timeouts, addresses and unpacking over what makes connections.
fn over<C>(connector: C, config: &kube::Config) -> kube::Result<ClientBuilder<Plain>>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: std::error::Error + Send + Sync + 'static,
{
    let tls = config.rustls_https_connector_with_connector(connector)?;
    let mut patient = TimeoutConnector::new(tls);
    patient.set_connect_timeout(config.connect_timeout);
    patient.set_read_timeout(config.read_timeout);
    patient.set_write_timeout(config.write_timeout);
    patient.set_reset_reader_on_write(config.reset_reader_on_write);
    let client: hyper_util::client::legacy::Client<_, Body> =
        hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(patient);
    let unpack = DecompressionLayer::new().no_br().no_deflate().no_zstd();
    let service = tower::ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(unpack)
        .service(client)
        .map_response(|response| {
            response.map(|body| Box::new(body.map_err(BoxError::from)) as Box<DynBody>)
        })
        .map_err(BoxError::from)
        .boxed();
    Ok(ClientBuilder::new(
        service,
        config.default_namespace.clone(),
    ))
}

/// What a proxy is shown where its address holds a name and a password, each decoded.
fn basic(proxy: &Uri) -> Option<HeaderValue> {
    let (user, _) = proxy.authority()?.as_str().rsplit_once('@')?;
    let words = format!("Basic {}", STANDARD.encode(decoded(user)));
    let mut value = HeaderValue::from_str(&words).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The bytes of a text in which some stand as `%40`; a `%` that begins no byte stays.
fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits
            .filter(|two| *first == b'%' && two.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = byte.map_or(after, |_| &after[2..]);
    }
    out
}

/// Makes connections that count.
#[derive(Clone)]
struct Counted<C> {
    inner: C,
    wire: Wire,
}

impl<C> Service<Uri> for Counted<C>
where
    C: Service<Uri>,
    C::Response: Read + Write + Unpin,
    C::Future: Send + 'static,
{
    type Response = TokioIo<Line<TokioIo<C::Response>>>;
    type Error = C::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, C::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (made, wire) = (self.inner.call(to), self.wire.clone());
        Box::pin(async move {
            let inner = TokioIo::new(made.await?);
            wire.0.open.fetch_add(1, Ordering::Relaxed);
            Ok(TokioIo::new(Line { inner, wire }))
        })
    }
}

/// One connection; it counts as open until it is dropped.
struct Line<T> {
    inner: T,
    wire: Wire,
}

impl<T> Line<T> {
    fn count(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(0);
        self.wire.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl<T> Drop for Line<T> {
    fn drop(&mut self) {
        self.wire.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T: Connection> Connection for Line<T> {
    fn connected(&self) -> Connected {
        self.inner.connected()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Line<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.count(buffer.filled().len().saturating_sub(before));
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Line<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &wrote {
            self.count(*count);
        }
        wrote
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write_vectored(cx, pieces);
        if let Poll::Ready(Ok(count)) = &wrote {
            self.count(*count);
        }
        wrote
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;
    use tokio::io::AsyncWriteExt as _;

    #[test]
    fn a_proxy_is_shown_the_password_that_its_address_stands_for() {
        let of = |url: &str| basic(&url.parse().unwrap());
        let header = of("http://user:pa%40ss%3A+%zz@jump.test:3128").unwrap();
        let expected = format!("Basic {}", STANDARD.encode("user:pa@ss:+%zz"));
        assert_eq!(header.to_str().unwrap(), expected);
        assert!(header.is_sensitive());
        assert!(of("http://jump.test:3128").is_none());
    }

    #[tokio::test]
    async fn a_line_counts_both_ways_and_is_open_until_it_is_dropped() {
        let wire = Wire::default();
        wire.0.open.fetch_add(1, Ordering::Relaxed);
        let (inner, mut far) = tokio::io::duplex(64);
        let mut line = Line {
            inner,
            wire: wire.clone(),
        };
        line.write_all(b"four").await.unwrap();
        far.write_all(b"sixsix").await.unwrap();
        let mut six = [0; 6];
        line.read_exact(&mut six).await.unwrap();
        assert_eq!((wire.bytes(), wire.open()), (10, 1));
        drop(line);
        assert_eq!(wire.open(), 0);
    }
}

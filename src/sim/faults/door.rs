//! Connections that are made: the certificate they are shown, and those that come no further.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::sim::SimError;
use crate::sim::faults::Line;
use crate::sim::faults::Talk;
use crate::sim::faults::Wire;
use crate::sim::faults::fault::Asked;
use crate::sim::faults::fault::Layer;
use crate::sim::faults::fault::What;
use crate::sim::tls::Authority;

/// What a server can show of itself; the false certificates are made when they are first wanted.
pub(in crate::sim) struct Certificates {
    good: Arc<ServerConfig>,
    false_ones: Option<(Authority, String)>,
    wrong: OnceLock<Option<Arc<ServerConfig>>>,
    expired: OnceLock<Option<Arc<ServerConfig>>>,
}

impl Certificates {
    /// One certificate, whatever the plan says.
    pub(in crate::sim) fn only(good: Arc<ServerConfig>) -> Certificates {
        Certificates {
            good,
            false_ones: None,
            wrong: OnceLock::new(),
            expired: OnceLock::new(),
        }
    }

    /// A fresh certificate of an authority, whose common name is `name`.
    pub(in crate::sim) fn of(authority: Authority, name: &str) -> Result<Certificates, SimError> {
        let good = authority.server()?;
        Ok(Certificates {
            false_ones: Some((authority, name.to_owned())),
            ..Certificates::only(good)
        })
    }

    fn shown(&self, what: Option<What>) -> Arc<ServerConfig> {
        let made = match (what, &self.false_ones) {
            (Some(What::WrongCertificate), Some((authority, name))) => {
                self.wrong.get_or_init(|| authority.stranger(name).ok())
            }
            (Some(What::ExpiredCertificate), Some((authority, _))) => {
                self.expired.get_or_init(|| authority.expired().ok())
            }
            _ => &None,
        };
        Arc::clone(made.as_ref().unwrap_or(&self.good))
    }
}

/// Takes a connection in; `None` when it comes no further.
pub(in crate::sim) async fn enter(
    stream: TcpStream,
    certificates: &Certificates,
    line: Line,
) -> Option<(Wire, Talk)> {
    let open = line.open();
    // Small watch events must not wait for more.
    let _ = stream.set_nodelay(true);
    let hits = line.hits(Layer::Door, &Asked::default(), &mut BTreeMap::new());
    let mut certificate = None;
    for hit in hits {
        match hit.fault.what {
            What::Reset if hit.fault.bytes == 0 => {
                // The reset is sent when the stream is dropped.
                drop(stream.set_zero_linger());
                return None;
            }
            What::Dead => {
                unheard(&stream).await;
                return None;
            }
            what @ (What::WrongCertificate | What::ExpiredCertificate) => certificate = Some(what),
            _ => {}
        }
    }
    let acceptor = TlsAcceptor::from(certificates.shown(certificate));
    // A client that breaks off is no error of the server.
    let stream = acceptor.accept(stream).await.ok()?;
    let talk = Talk::default();
    Some((Wire::new(stream, line, talk.clone(), open), talk))
}

/// Throws away what a client sends, until it hangs up.
async fn unheard(stream: &TcpStream) {
    let mut thrown = [0; 1024];
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut thrown) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ => return,
        }
    }
}

//! The bytes of one connection, below HTTP and above TLS: they come late, stop, break off or never come.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

use crate::sim::faults::Hit;
use crate::sim::faults::Line;
use crate::sim::faults::Open;
use crate::sim::faults::fault::Asked;
use crate::sim::faults::fault::Layer;
use crate::sim::faults::fault::What;

/// What a connection is being asked: the server tells, the wire looks.
#[derive(Clone, Debug, Default)]
pub(in crate::sim) struct Talk(Arc<Mutex<Now>>);

#[derive(Clone, Debug, Default)]
struct Now {
    /// Counts the requests of the connection.
    request: u64,
    asked: Asked,
}

impl Talk {
    /// Another request begins.
    pub(in crate::sim) fn next(&self) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.request += 1;
        now.asked = Asked::default();
    }

    /// This is what the request asks for.
    pub(in crate::sim) fn asks(&self, asked: Asked) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).asked = asked;
    }

    fn now(&self) -> Now {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Where an answer stops.
#[derive(Debug)]
struct Stop {
    id: u64,
    what: What,
    left: usize,
}

/// One connection with the faults of its server.
pub(in crate::sim) struct Wire {
    stream: TlsStream<TcpStream>,
    line: Line,
    talk: Talk,
    request: u64,
    drawn: BTreeMap<u64, bool>,
    stop: Option<Stop>,
    over: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    late: Option<Pin<Box<Sleep>>>,
    dead: bool,
    broken: bool,
    _open: Open,
}

impl Wire {
    pub(in crate::sim) fn new(
        stream: TlsStream<TcpStream>,
        line: Line,
        talk: Talk,
        open: Open,
    ) -> Wire {
        Wire {
            stream,
            line,
            talk,
            request: 0,
            drawn: BTreeMap::new(),
            stop: None,
            over: None,
            late: None,
            dead: false,
            broken: false,
            _open: open,
        }
    }

    /// Looks at the plan: what hits the request that is under way now?
    fn look(&mut self) -> Vec<Hit> {
        let now = self.talk.now();
        if now.request != self.request {
            self.request = now.request;
            self.drawn.clear();
            self.stop = None;
            self.over = None;
        }
        let hits = self.line.hits(Layer::Wire, &now.asked, &mut self.drawn);
        self.dead |= hits.iter().any(|hit| hit.fault.what == What::Dead);
        let ends = |what| matches!(what, What::Stall | What::Cut | What::Reset);
        match hits.iter().find(|hit| ends(hit.fault.what)) {
            Some(hit) if self.stop.as_ref().is_none_or(|stop| stop.id != hit.id) => {
                self.stop = Some(Stop {
                    id: hit.id,
                    what: hit.fault.what,
                    left: usize::try_from(hit.fault.bytes).unwrap_or(usize::MAX),
                });
                self.over = None;
            }
            Some(_) => {}
            None => self.stop = None,
        }
        hits
    }

    /// How much later the next piece is to come.
    fn lateness(&self, hits: &[Hit]) -> Duration {
        let one = |hit: &Hit| match hit.fault.what {
            What::Latency => hit.fault.by(),
            What::Jitter => {
                let most = u64::try_from(hit.fault.by_ms).unwrap_or(0);
                Duration::from_millis(self.line.below(most + 1))
            }
            _ => Duration::ZERO,
        };
        hits.iter().map(one).sum()
    }

    /// Ready once the piece that is about to leave may leave.
    fn poll_late(&mut self, hits: &[Hit], cx: &mut Context<'_>) -> Poll<()> {
        if self.late.is_none() {
            let by = self.lateness(hits);
            if by.is_zero() {
                return Poll::Ready(());
            }
            self.late = Some(Box::pin(sleep(by)));
        }
        if let Some(late) = &mut self.late {
            std::task::ready!(late.as_mut().poll(cx));
        }
        Poll::Ready(())
    }

    /// The answer has come to where it stops. Ready with an error when the connection is to break, and with nothing
    /// when a stall is over.
    fn poll_stopped(&mut self, id: u64, what: What, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What was written before must have left: half a line is what the client is to see.
        std::task::ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if what != What::Stall {
            self.broken = true;
            if what == What::Reset {
                // A peer that is gone already cannot be reset; nothing is lost by that.
                drop(self.stream.get_ref().0.set_zero_linger());
            }
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let line = &self.line;
        let over = self
            .over
            .get_or_insert_with(|| Box::pin(line.clone().over(id)));
        std::task::ready!(over.as_mut().poll(cx));
        self.over = None;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let hits = self.look();
            if self.dead {
                return Poll::Ready(Ok(bytes.len()));
            }
            std::task::ready!(self.poll_late(&hits, cx));
            let most = match &self.stop {
                Some(Stop { id, what, left: 0 }) => {
                    let (id, what) = (*id, *what);
                    std::task::ready!(self.poll_stopped(id, what, cx))?;
                    continue;
                }
                Some(stop) => stop.left.min(bytes.len()),
                None => bytes.len(),
            };
            let wrote =
                std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, &bytes[..most]))?;
            self.late = None;
            if let Some(stop) = &mut self.stop {
                stop.left = stop.left.saturating_sub(wrote);
            }
            return Poll::Ready(Ok(wrote));
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.dead {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A connection that breaks says no goodbye.
        if self.dead || self.broken {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        loop {
            let read = std::task::ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
            self.look();
            // A dead server hears nothing, except that its client has hung up.
            if !self.dead || read.is_err() || buffer.filled().len() == before {
                return Poll::Ready(read);
            }
            buffer.set_filled(before);
        }
    }
}

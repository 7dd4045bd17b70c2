//! A door on 127.0.0.1 for one browser that comes back from the issuer's page (RFC 8252 section 7.3).
//!
//! It takes one kind of request only, GET of its own path with its own `Host`, and hands on what was asked. Whoever
//! holds the door closes it with the first answer that belongs to the sign-in: what comes later finds nobody.

use crate::auth::error::AuthError;
use crate::auth::redirect;
use std::fmt;
use std::io;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

/// The path that the browser is sent to.
const PATH: &str = "/callback";
/// The most that is read of a request, in bytes.
const LARGEST: usize = 2 * redirect::LONGEST;
/// How long a door that cannot open rests before it is tried again.
const BREATH: Duration = Duration::from_millis(100);
/// How long a request may take to come: the next visitor waits behind it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A listener for one answer.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    port: u16,
}

/// A request of the right form; whether it belongs to the sign-in is for [`redirect::read`] to say.
pub struct Visit {
    /// The whole address that was asked for.
    pub address: String,
    stream: TcpStream,
}

/// There is a code in the address: it is not shown.
impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").finish_non_exhaustive()
    }
}

impl Door {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is none.
    pub async fn open() -> Result<Door, AuthError> {
        let failed = |_| AuthError::NoDoor;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Door { listener, port })
    }

    /// Where the browser is to be sent.
    pub fn redirect(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// The next request of the right form; every other is answered with its refusal and forgotten.
    pub async fn next(&self) -> Visit {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Out of descriptors, say: others give theirs back meanwhile.
                tokio::time::sleep(BREATH).await;
                continue;
            };
            let head = tokio::time::timeout(PATIENCE, head(&stream)).await;
            let Ok(Some(head)) = head else {
                continue;
            };
            match self.asked(&head) {
                Ok(address) => return Visit { address, stream },
                Err(status) => say(&stream, status, "Nothing is here.").await,
            }
        }
    }

    /// The address that a request asks for, or the status it is refused with.
    fn asked(&self, head: &str) -> Result<String, &'static str> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (verb, path) = (first.next(), first.next().unwrap_or_default());
        if verb != Some("GET") {
            return Err("405 Method Not Allowed");
        }
        let here = format!("127.0.0.1:{}", self.port);
        let host = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("host"));
        if host.map(|(_, value)| value.trim()) != Some(here.as_str()) {
            return Err("421 Misdirected Request");
        }
        match path.split_once('?') {
            Some((PATH, _)) => Ok(format!("http://{here}{path}")),
            _ => Err("404 Not Found"),
        }
    }
}

impl Visit {
    /// Tells the browser's person how it went, in one sentence.
    pub async fn answer(self, good: bool, sentence: &str) {
        let status = if good { "200 OK" } else { "400 Bad Request" };
        say(&self.stream, status, sentence).await;
    }
}

/// The head of a request; `None` when it does not come whole.
async fn head(stream: &TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut part = [0; 1024];
    loop {
        stream.readable().await.ok()?;
        let count = match stream.try_read(&mut part) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => return None,
        };
        bytes.extend_from_slice(&part[..count]);
        if bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            return String::from_utf8(bytes).ok();
        }
        if count == 0 || bytes.len() > LARGEST {
            return None;
        }
    }
}

async fn say(stream: &TcpStream, status: &str, sentence: &str) {
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{sentence}",
        sentence.len()
    );
    // A browser that went away needs no answer.
    drop(tokio::time::timeout(PATIENCE, write(stream, answer.as_bytes())).await);
}

async fn write(stream: &TcpStream, mut rest: &[u8]) -> io::Result<()> {
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

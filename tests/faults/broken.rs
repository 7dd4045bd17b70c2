//! A change whose connection breaks: when it is certain that nothing was sent, and when it is not.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;

use crashcart::sources::apply;
use crashcart::sources::apply::Applied;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;

use super::Saw;
use super::Server;
use super::now;
use super::permit;
use super::suspend;

type Stream = StreamOwned<ServerConnection, TcpStream>;

/// How a connection ends once the change was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The stream is cut without a word of TLS.
    Cut,
    /// TLS says goodbye in order.
    Goodbye,
    /// Bytes that are no TLS.
    Garbage,
    /// Bytes that are no HTTP.
    Nonsense,
}

/// Greets as a cluster does, reads a change whole and then ends the connection. After `connections` nobody listens.
async fn start(end: End, connections: usize) -> Server {
    let (listener, tls, authority) = Server::listen().await;
    let address = format!("https://{}", listener.local_addr().unwrap());
    let saw = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&saw);
    let listener = listener.into_std().unwrap();
    listener.set_nonblocking(false).unwrap();
    std::thread::spawn(move || {
        for _ in 0..connections {
            let (stream, _) = listener.accept().unwrap();
            let (tls, seen) = (Arc::clone(tls.config()), Arc::clone(&seen));
            std::thread::spawn(move || serve(stream, &tls, &seen, end));
        }
    });
    Server {
        saw,
        address,
        authority,
    }
}

fn serve(stream: TcpStream, tls: &Arc<ServerConfig>, seen: &Mutex<Vec<Saw>>, end: End) {
    let tls = ServerConnection::new(Arc::clone(tls)).unwrap();
    let mut stream = StreamOwned::new(tls, stream);
    while let Some((line, body)) = request(&mut stream) {
        let (status, answer) = super::good(&line);
        let change = line.starts_with("PATCH");
        seen.lock().unwrap().push(Saw {
            line,
            token: String::new(),
            audit_id: String::new(),
            accept: String::new(),
            body,
        });
        if change {
            ended(stream, end);
            return;
        }
        let length = answer.len();
        let head = "content-type: application/json\r\ncontent-length:";
        write!(
            stream,
            "HTTP/1.1 {status} X\r\n{head} {length}\r\n\r\n{answer}"
        )
        .unwrap();
        stream.flush().unwrap();
    }
}

/// The client may be gone by then; what it makes of it is what counts.
fn ended(mut stream: Stream, end: End) {
    match end {
        End::Cut => {}
        End::Goodbye => {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        End::Garbage => {
            let _ = stream.sock.write_all(b"this is not TLS at all");
        }
        End::Nonsense => {
            let _ = stream.write_all(b"this is not HTTP\r\n\r\n");
            let _ = stream.flush();
        }
    }
}

/// The first line without its version, and the body; `None` when the client hung up.
fn request(stream: &mut Stream) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    let (line, _) = head.split_once(" HTTP/1.1").unwrap();
    Some((line.to_owned(), body))
}

async fn changed(server: &Server) -> Applied {
    let (link, folder) = (server.link(), tempfile::tempdir().unwrap());
    link.greet(now()).await.unwrap();
    let permit = permit(&folder, &suspend().op, 7);
    apply::apply(&link, &suspend(), permit, 2_000_000_000).await
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_change_was_read_leaves_it_in_doubt() {
    for end in [End::Cut, End::Goodbye, End::Garbage, End::Nonsense] {
        let server = start(end, 2).await;
        let applied = changed(&server).await;
        assert!(
            matches!(applied.class, apply::Class::Unknown(_)),
            "{end:?}: {applied:?}"
        );
        let sent = server.saw();
        let sent = sent.iter().filter(|saw| saw.line.starts_with("PATCH"));
        assert_eq!(sent.count(), 1, "{end:?}");
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_sent_nothing() {
    let server = start(End::Cut, 1).await;
    let applied = changed(&server).await;
    assert!(
        matches!(applied.class, apply::Class::NotSent(_)),
        "{applied:?}"
    );
}

//! What stands between us and a cluster: proxies that nobody named, one that was, and somebody else's authority.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;

use crate::bench;
use crate::bench::Bench;

/// A proxy that speaks CONNECT and SOCKS5, and what it was asked for.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let notes = Arc::clone(&notes);
                std::thread::spawn(move || {
                    if let Some((server, what)) = introduce(&client) {
                        notes.lock().expect("notes").push(what);
                        pump(&client, &server);
                    } else {
                        notes.lock().expect("notes").push("?".to_owned());
                    }
                });
            }
        });
        Proxy { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("notes").clone()
    }
}

fn exactly<const N: usize>(mut from: &TcpStream) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// Hears where the client wants to go, and goes there.
fn introduce(mut client: &TcpStream) -> Option<(TcpStream, String)> {
    let [first] = exactly::<1>(client)?;
    if first == 5 {
        let [methods] = exactly::<1>(client)?;
        for _ in 0..methods {
            exactly::<1>(client)?;
        }
        client.write_all(&[5, 0]).ok()?;
        let [_, _, _, kind] = exactly::<4>(client)?;
        let host = if kind == 1 {
            std::net::Ipv4Addr::from(exactly::<4>(client)?).to_string()
        } else {
            let [length] = exactly::<1>(client)?;
            let mut name = vec![0; usize::from(length)];
            client.read_exact(&mut name).ok()?;
            String::from_utf8(name).ok()?
        };
        let to = format!("{host}:{}", u16::from_be_bytes(exactly::<2>(client)?));
        let server = TcpStream::connect(&to).ok()?;
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
        return Some((server, format!("SOCKS5 {to}")));
    }
    let mut head = vec![first];
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(exactly::<1>(client)?);
    }
    let head = String::from_utf8(head).ok()?;
    let to = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let server = TcpStream::connect(&to).ok()?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    Some((server, format!("CONNECT {to}")))
}

fn pump(client: &TcpStream, server: &TcpStream) {
    let (mut from, mut to) = (
        client.try_clone().expect("a clone"),
        server.try_clone().expect("a clone"),
    );
    std::thread::spawn(move || {
        drop(std::io::copy(&mut from, &mut to));
        drop(to.shutdown(std::net::Shutdown::Write));
    });
    let (mut from, mut to) = (server, client);
    drop(std::io::copy(&mut from, &mut to));
    drop(to.shutdown(std::net::Shutdown::Write));
}

/// Adds a line to a cluster's section.
fn with(bench: &Bench, cluster: &str, line: &str) {
    let name = format!("name = \"{cluster}\"\nsite");
    bench.edit(|text| text.replace(&name, &format!("name = \"{cluster}\"\n{line}\nsite")));
}

#[test]
fn at_id_15_proxies_of_the_environment_are_ignored() {
    let bench = Bench::start();
    let proxy = Proxy::start();
    for verb in ["status", "doctor"] {
        let mut command = bench.command(&[verb]);
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
            let url = format!("http://{}", proxy.address);
            command.env(name, &url).env(name.to_lowercase(), &url);
        }
        let said = bench::said(&mut command);
        assert!(said.out.contains("live"), "{said:?}");
    }
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[test]
fn a_proxy_that_the_configuration_names_is_used_for_that_cluster_alone() {
    for scheme in ["http", "socks5"] {
        let bench = Bench::start();
        let proxy = Proxy::start();
        with(
            &bench,
            "lab-1",
            &format!("proxy = \"{scheme}://{}\"", proxy.address),
        );
        let said = bench.ask(&["status"]);
        assert!(said.out.contains("3 live"), "{said:?}");
        let asked = proxy.asked();
        assert!(!asked.is_empty(), "{scheme}");
        let text = std::fs::read_to_string(bench.config()).expect("a configuration");
        let (_, rest) = text.split_once("name = \"lab-1\"").expect("the cluster");
        for one in asked {
            let (_, to) = one.split_once(' ').expect("where to");
            assert!(rest.contains(&format!("https://{to}\"")), "{one}");
        }
    }
}

#[test]
fn at_id_15_an_authority_of_the_system_vouches_for_nobody() {
    let bench = Bench::start();
    let other = Bench::start();
    let theirs = std::fs::read_to_string(other.config()).expect("a configuration");
    let (_, rest) = theirs
        .split_once("name = \"lab-1\"\nsite")
        .expect("the cluster");
    let (_, rest) = rest.split_once("server = \"").expect("its address");
    let (server, _) = rest.split_once('"').expect("its end");
    bench.edit(|text| {
        let (before, rest) = text
            .split_once("name = \"lab-1\"\nsite")
            .expect("the cluster");
        let (line, rest) = rest.split_once("server = \"").expect("its address");
        let (_, rest) = rest.split_once('"').expect("its end");
        format!("{before}name = \"lab-1\"\nsite{line}server = \"{server}\"{rest}")
    });
    let ca = other.home().join("estate/lab-1.crt");
    let mut command = bench.command(&["status", "--wait", "5s"]);
    let said = bench::said(
        command
            .env("SSL_CERT_FILE", &ca)
            .env("SSL_CERT_DIR", other.home()),
    );
    assert!(
        said.out
            .contains("lab-1 shows another CA key; nothing is sent"),
        "{said:?}"
    );
    assert!(said.out.contains("expected "), "{said:?}");
    assert_eq!(other.requests("lab-1"), Vec::<serde_json::Value>::new());
}

#[test]
fn a_certificate_for_another_name_is_accepted_only_under_the_name_that_the_file_gives() {
    let bench = Bench::start();
    with(&bench, "lab-1", "tls_server_name = \"not-the-name.test\"");
    let said = bench.ask(&["status", "--wait", "5s"]);
    assert!(
        said.out.contains("its certificate is for another name"),
        "{said:?}"
    );
    bench.nothing_sent();
}

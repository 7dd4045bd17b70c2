//! What an API server can say in one answer: its headers, its refusals, and every text of what it gives, through every
//! question and the one way that changes something.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use crashcart::audit::Bound;
use crashcart::audit::Draft;
use crashcart::audit::Kind;
use crashcart::audit::Log;
use crashcart::audit::Permit;
use crashcart::audit::Stamp;
use crashcart::config::Cluster;
use crashcart::config::ClusterAuth;
use crashcart::config::ClusterName;
use crashcart::config::Fingerprint;
use crashcart::config::Pem;
use crashcart::config::Secret;
use crashcart::config::Site;
use crashcart::sources::apply::apply;
use crashcart::sources::cluster::Link;
use crashcart::sources::cluster::TokenSlot;
use crashcart::sources::op::Gvr;
use crashcart::sources::op::Op;
use crashcart::sources::op::Targeted;
use crashcart::sources::secret::SecretRef;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::corpus::Corpus;
use crate::kinds::parsed_safely;

const UID: &str = "5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11";
/// The headers of an answer that a client may look at, or pass on.
const HEADERS: [&str; 9] = [
    "Warning",
    "Audit-ID",
    "Retry-After",
    "Location",
    "WWW-Authenticate",
    "Server",
    "Date",
    "X-Kubernetes-PF-FlowSchema-UID",
    "ETag",
];

/// What is answered to everything, byte for byte, but for the length of the body.
#[derive(Clone, Default)]
struct Say {
    head: Vec<u8>,
    body: Vec<u8>,
}

struct Server {
    address: String,
    authority: String,
    say: Arc<Mutex<Say>>,
}

impl Server {
    async fn start() -> Server {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = rcgen::Issuer::new(params, key);
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let say = Arc::new(Mutex::new(Say::default()));
        let said = Arc::clone(&say);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, said) = (tls.clone(), Arc::clone(&said));
                tokio::spawn(async move {
                    if let Ok(stream) = tls.accept(stream).await {
                        answer_all(stream, &said).await;
                    }
                });
            }
        });
        Server {
            address,
            authority,
            say,
        }
    }

    fn say(&self, status: u16, headers: &[u8], body: &[u8]) {
        let mut head =
            format!("HTTP/1.1 {status} Odd\r\nContent-Type: application/json\r\n").into_bytes();
        head.extend_from_slice(headers);
        let body = body.to_vec();
        *self.say.lock().unwrap() = Say { head, body };
    }

    /// A connection that has greeted a server that is well.
    async fn link(&self) -> Link {
        let pem = Pem::new(Path::new("ca.crt"), self.authority.as_bytes()).unwrap();
        let cluster = Cluster {
            server: self.address.clone(),
            fingerprint: Some(Fingerprint {
                ca_key: pem.spki_hashes()[0].clone(),
                uid: None,
            }),
            ca: pem,
            site: Site::OnPrem,
            name: ClusterName::from("one"),
            auth: ClusterAuth::Oidc {
                identity: "keycloak".to_owned(),
            },
            fallback: None,
            audience: None,
            route: crashcart::config::Route::default(),
            copy_of: None,
        };
        let well = json!({"gitVersion": "v1.36.3", "metadata": {"uid": UID}});
        self.say(200, b"", well.to_string().as_bytes());
        let link = Link::open(&cluster, 7, TokenSlot::new(Secret::new("canary"))).unwrap();
        link.greet(now()).await.unwrap();
        link
    }
}

async fn answer_all(
    mut stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    say: &Mutex<Say>,
) {
    let mut heard = Vec::new();
    loop {
        let end = heard.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else {
            match stream.read_buf(&mut heard).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        };
        let head = String::from_utf8_lossy(&heard[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let whole = end + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap());
        while heard.len() < whole {
            if stream.read_buf(&mut heard).await.unwrap_or(0) == 0 {
                return;
            }
        }
        heard.drain(..whole);
        let said = say.lock().unwrap().clone();
        let length = format!("Content-Length: {}\r\n\r\n", said.body.len());
        let answer = [&said.head[..], length.as_bytes(), &said.body[..]].concat();
        if stream.write_all(&answer).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

fn now() -> Timestamp {
    "2026-08-15T04:54:00Z".parse().unwrap()
}

fn suspend() -> Op {
    Op::Suspend {
        namespace: "flux-system".to_owned(),
        name: "emr".to_owned(),
        suspend: true,
    }
}

fn permit(log: &mut Log, op: &Op, stamp: &Stamp) -> Permit {
    let request = op.request();
    let bound = Bound {
        cluster: "one".to_owned(),
        cluster_uid: UID.to_owned(),
        generation: 7,
        digest: request.digest(),
        class: op.class(),
        run: Some("7f3a".to_owned()),
    };
    log.begin(
        Draft::new(Kind::ApiIntent),
        Some(&request.body),
        bound,
        stamp,
    )
    .unwrap()
}

/// Asks everything that can be asked, and looks at each answer as it is kept.
async fn ask(link: &Link, permit: Permit, what: &str) {
    fn safe<T: Debug>(answer: &T, what: &str, question: &str) {
        parsed_safely(answer, &format!("{question}: {what}"));
    }
    let gvr = Gvr::new("", "v1", "configmaps");
    let review = Op::Review {
        verb: "list".to_owned(),
        gvr: gvr.clone(),
        namespace: None,
    };
    let reader = link.reader();
    safe(&link.greet(now()).await, what, "greet");
    safe(&link.still_itself().await, what, "still itself");
    safe(&link.quorum().await, what, "quorum");
    safe(&link.vouched().await, what, "vouched");
    safe(&link.review(&review).await, what, "review");
    safe(
        &link
            .rights(std::slice::from_ref(&review), "ehr", &["ehr".to_owned()])
            .await,
        what,
        "rights",
    );
    safe(&link.object(&gvr, Some("ehr"), "a").await, what, "object");
    safe(&reader.whoami().await, what, "whoami");
    safe(&reader.names(&gvr, Some("ehr")).await, what, "names");
    safe(&reader.named(&gvr, "ehr", "a").await, what, "named");
    safe(&reader.resources("", "v1").await, what, "resources");
    let secret = SecretRef::parse("ehr/db", Some(link.cluster())).unwrap();
    safe(&link.secret_keys(&secret).await, what, "a secret's keys");
    let op = Targeted {
        cluster: link.cluster().clone(),
        op: suspend(),
    };
    safe(
        &apply(link, &op, permit, 1_000_000_000).await,
        what,
        "a change",
    );
}

/// Every header with that value; what HTTP cannot carry in a header goes only where a client must refuse it.
fn headers(value: &[u8]) -> Vec<u8> {
    let lines = HEADERS.map(|name| [name.as_bytes(), b": ", value, b"\r\n"].concat());
    lines.concat()
}

/// An answer in which every text that is read of any answer is that one.
fn everything(text: &str) -> Value {
    let metadata = json!({"uid": text, "name": text, "namespace": text, "resourceVersion": text, "continue": "",
        "creationTimestamp": text, "labels": {text: text, "velero.io/restore-name": text}, "annotations": {text: text},
        "managedFields": [{"manager": text, "operation": text, "time": text, "subresource": "x", "fieldsV1": {text: {}}}]});
    json!({"apiVersion": text, "kind": text, "gitVersion": text, "metadata": metadata, "type": text, "data": {text: "YQ=="},
        "spec": {text: [text, {text: text}]},
        "status": {"allowed": true, "reason": text, "evaluationError": text, "incomplete": true, text: text,
            "userInfo": {"username": text, "groups": [text], "extra": {text: [text]}},
            "resourceRules": [{"verbs": [text], "apiGroups": [text], "resources": [text], "resourceNames": [text]}]},
        "resources": [{"name": text, "kind": text, "namespaced": true}], "items": [{"metadata": metadata}]})
}

#[tokio::test]
async fn at_id_01_whatever_an_api_server_answers_is_kept_as_letters() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let stamp = Stamp {
        ts: now(),
        mono_ns: 1_000_000_000,
        boot: "b".to_owned(),
    };
    let mut log = Log::open(&folder.path().join("log"), "t", &stamp).unwrap();
    // 429, 503 and 504 are asked again after a pause, and are the same words then.
    let statuses = [400, 401, 403, 404, 409, 410, 422, 500, 502, 302, 201];
    for (number, one) in Corpus::read().text.iter().enumerate() {
        let (text, name) = (one.fit(), &one.name);
        let line: String = text
            .chars()
            .filter(|c| !matches!(c, '\r' | '\n' | '\0'))
            .take(900)
            .collect();
        let status = statuses[number % statuses.len()];
        let refusal = json!({"kind": "Status", "status": "Failure", "code": status, "message": text, "reason": text,
            "details": {"name": text, "kind": text, "causes": [{"reason": text, "message": text, "field": text}]}});
        let forbidden = format!(
            "pods is forbidden: User \"a\" cannot list resource \"{text}\" in the namespace \"{text}\""
        );
        let forbidden = json!({"kind": "Status", "code": 403, "message": forbidden});
        for (shape, status, headers, body) in [
            (
                "a refusal",
                status,
                headers(line.as_bytes()),
                refusal.to_string().into_bytes(),
            ),
            (
                "forbidden",
                403,
                Vec::new(),
                forbidden.to_string().into_bytes(),
            ),
            ("no JSON", status, Vec::new(), text.clone().into_bytes()),
            (
                "given",
                200,
                Vec::new(),
                everything(&text).to_string().into_bytes(),
            ),
        ] {
            let link = server.link().await;
            server.say(status, &headers, &body);
            let permit = permit(&mut log, &suspend(), &stamp);
            ask(&link, permit, &format!("{shape} {status}: {name}")).await;
        }
    }
    for one in &Corpus::read().bytes {
        let bytes = one.whole();
        let link = server.link().await;
        server.say(500, &headers(&bytes), &bytes);
        ask(&link, permit(&mut log, &suspend(), &stamp), &one.name).await;
    }
}
